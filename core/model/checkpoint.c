#include "tuff/checkpoint.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "floats.h"
#include "model/model.h"
#include "printable.h"
#include "safetensors.h"

// In a file's header, the digest of the layers that its parameters were trained in: two models may have
// parameters of the same names and shapes and compute something else with them.
#define FORWARD_KEY "model.forward"

struct forward_text {
    char text[17];
};

static struct forward_text show_forward(const struct tuff_model *model)
{
    struct forward_text forward;
    snprintf(forward.text, sizeof forward.text, "%016" PRIx64, tuff_model_forward_digest(model));
    return forward;
}

static uint64_t parameter_elements(const struct tuff_parameter_info *info)
{
    uint64_t elements = 1;
    for (uint32_t i = 0; i < info->rank; i++)
        elements *= info->dims[i];
    return elements;
}

// Parameters and buffers in one row: the file knows no difference.

static size_t tensor_count(const struct tuff_model *model)
{
    return tuff_model_parameter_count(model) + tuff_model_buffer_count(model);
}

static size_t tensor_elements(const struct tuff_model *model)
{
    return (size_t)(tuff_model_parameter_elements(model) + tuff_model_buffer_elements(model));
}

static bool is_buffer(const struct tuff_model *model, size_t index)
{
    return index >= tuff_model_parameter_count(model);
}

static void get_tensor(const struct tuff_model *model, size_t index, struct tuff_parameter_info *info)
{
    if (is_buffer(model, index))
        tuff_model_buffer(model, index - tuff_model_parameter_count(model), info);
    else
        tuff_model_parameter(model, index, info);
}

// -- Saving

static enum tuff_status read_tensor(struct tuff_trainer *trainer, const struct tuff_model *model,
                                    size_t index, float *values)
{
    if (is_buffer(model, index))
        return tuff_trainer_read_buffer(trainer, index - tuff_model_parameter_count(model), values);
    return tuff_trainer_read_average(trainer, index, values);
}

// Reads every tensor. values: room for all elements; bytes: the same in the file's order.
static enum tuff_status collect(struct tuff_trainer *trainer, const struct tuff_model *model, float *values,
                                uint8_t *bytes, struct tuff_safetensor *tensors)
{
    for (size_t i = 0; i < tensor_count(model); i++) {
        struct tuff_parameter_info info;
        get_tensor(model, i, &info);
        uint64_t elements = parameter_elements(&info);
        enum tuff_status status = read_tensor(trainer, model, i, values);
        if (status != TUFF_OK)
            return status;
        tuff_floats_encode(bytes, values, elements);
        tensors[i] = (struct tuff_safetensor){
            .name = info.name, .dtype = "F32", .rank = info.rank, .bytes = 4 * elements, .data = bytes};
        for (uint32_t d = 0; d < info.rank; d++)
            tensors[i].dims[d] = info.dims[d];
        bytes += 4 * elements;
        values += elements;
    }
    return TUFF_OK;
}

enum tuff_status tuff_checkpoint_save(const struct tuff_log *log, const char *path,
                                      struct tuff_trainer *trainer, const struct tuff_metadata *metadata,
                                      size_t metadata_count)
{
    const struct tuff_model *model = tuff_trainer_model(trainer);
    size_t count = tensor_count(model), elements = tensor_elements(model);
    float *values = malloc((elements + 1) * sizeof *values);
    uint8_t *bytes = malloc((elements + 1) * sizeof *values);
    struct tuff_safetensor *tensors = calloc(count + 1, sizeof *tensors);
    const struct forward_text forward = show_forward(model);
    struct tuff_metadata *texts = calloc(metadata_count + 1, sizeof *texts);
    enum tuff_status status;
    if (values == NULL || bytes == NULL || tensors == NULL || texts == NULL)
        status = tuff_fail(log, TUFF_ERROR_MEMORY, "%s: no memory for %zu parameters", path, elements);
    else
        status = collect(trainer, model, values, bytes, tensors);
    for (size_t i = 0; i < metadata_count && status == TUFF_OK; i++)
        texts[i] = metadata[i];
    if (status == TUFF_OK) {
        texts[metadata_count] = (struct tuff_metadata){FORWARD_KEY, forward.text};
        status = tuff_safetensors_write(log, path, tensors, count, texts, metadata_count + 1);
    }
    free(texts);
    free(tensors);
    free(bytes);
    free(values);
    return status;
}

// -- Loading

struct shape_text {
    char text[96];
};

static struct shape_text show_shape(uint32_t rank, const uint64_t *dims)
{
    struct shape_text shape = {"("};
    size_t used = 1;
    for (uint32_t i = 0; i < rank && used < sizeof shape.text; i++)
        used += (size_t)snprintf(shape.text + used, sizeof shape.text - used, "%s%" PRIu64, i == 0 ? "" : ",",
                                 dims[i]);
    if (used < sizeof shape.text)
        snprintf(shape.text + used, sizeof shape.text - used, ")");
    return shape;
}

static bool model_has(const struct tuff_model *model, const char *name)
{
    struct tuff_parameter_info info;
    for (size_t i = 0; i < tensor_count(model); i++) {
        get_tensor(model, i, &info);
        if (strcmp(info.name, name) == 0)
            return true;
    }
    return false;
}

// PyTorch's batch normalization counts its batches; nothing follows from it where there is a momentum.
static bool is_batch_count(const struct tuff_model *model, const char *name)
{
    static const char ending[] = ".num_batches_tracked", beside[] = ".running_mean";
    size_t length = strlen(name), layer = length - (sizeof ending - 1);
    if (length < sizeof ending || strcmp(name + layer, ending) != 0)
        return false;
    for (size_t i = 0; i < tuff_model_buffer_count(model); i++) {
        struct tuff_parameter_info info;
        tuff_model_buffer(model, i, &info);
        if (strncmp(info.name, name, layer) == 0 && strcmp(info.name + layer, beside) == 0)
            return true;
    }
    return false;
}

static const char *word_for(const struct tuff_model *model, size_t index)
{
    return is_buffer(model, index) ? "buffer" : "parameter";
}

// A tensor that the file lacks; perhaps a surplus name of the file is near.
static enum tuff_status missing(const struct tuff_log *log, const char *path, const struct tuff_model *model,
                                const struct tuff_safetensors *file, const char *word, const char *name)
{
    const char **surplus = calloc(file->count + 1, sizeof *surplus);
    size_t count = 0;
    for (size_t i = 0; i < file->count && surplus != NULL; i++)
        if (!model_has(model, file->tensors[i].name))
            surplus[count++] = file->tensors[i].name;
    const char *nearest = surplus == NULL ? NULL : tuff_suggest(name, surplus, count);
    free(surplus);
    if (nearest != NULL)
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "%s: the model's %s '%s' is missing; is it '%s' in the file?", path, word, name,
                         tuff_printable(nearest).text);
    return tuff_fail(log, TUFF_ERROR_INVALID, "%s: the model's %s '%s' is missing", path, word, name);
}

// A name of the file that the model lacks. All of the model's are in the file when this is asked.
static enum tuff_status surplus(const struct tuff_log *log, const char *path, const struct tuff_model *model,
                                const char *name)
{
    size_t count = tensor_count(model);
    const char **names = calloc(count + 1, sizeof *names);
    for (size_t i = 0; i < count && names != NULL; i++) {
        struct tuff_parameter_info info;
        get_tensor(model, i, &info);
        names[i] = info.name;
    }
    const char *nearest = names == NULL ? NULL : tuff_suggest(name, names, count);
    free(names);
    if (nearest != NULL)
        return tuff_fail(
            log, TUFF_ERROR_INVALID,
            "%s: tensor '%s' is not a parameter of the model '%s'; did you mean '%s', which is there too?",
            path, tuff_printable(name).text, tuff_model_name(model), nearest);
    return tuff_fail(log, TUFF_ERROR_INVALID, "%s: tensor '%s' is not a parameter of the model '%s'", path,
                     tuff_printable(name).text, tuff_model_name(model));
}

static enum tuff_status check(const struct tuff_log *log, const char *path, const struct tuff_model *model,
                              const struct tuff_safetensors *file)
{
    for (size_t i = 0; i < tensor_count(model); i++) {
        struct tuff_parameter_info info;
        get_tensor(model, i, &info);
        const struct tuff_safetensor *tensor = tuff_safetensors_find(file, info.name);
        if (tensor == NULL)
            return missing(log, path, model, file, word_for(model, i), info.name);
        uint64_t dims[4] = {0};
        bool same = tensor->rank == info.rank;
        for (uint32_t d = 0; d < info.rank; d++) {
            dims[d] = info.dims[d];
            same = same && tensor->dims[d] == dims[d];
        }
        if (!same)
            return tuff_fail(log, TUFF_ERROR_INVALID, "%s: %s '%s': expected the shape %s, found %s", path,
                             word_for(model, i), info.name, show_shape(info.rank, dims).text,
                             show_shape(tensor->rank, tensor->dims).text);
        if (strcmp(tensor->dtype, "F32") != 0)
            return tuff_fail(log, TUFF_ERROR_INVALID, "%s: %s '%s': expected the type F32, found %s", path,
                             word_for(model, i), info.name, tensor->dtype);
    }
    for (size_t i = 0; i < file->count; i++)
        if (!model_has(model, file->tensors[i].name) && !is_batch_count(model, file->tensors[i].name))
            return surplus(log, path, model, file->tensors[i].name);
    return TUFF_OK;
}

// A file that does not say what its layers were is taken as it is.
static void warn_of_other_layers(const struct tuff_log *log, const char *path, const struct tuff_model *model,
                                 const struct tuff_safetensors *file)
{
    for (size_t i = 0; i < file->metadata_count; i++)
        if (strcmp(file->metadata[i].key, FORWARD_KEY) == 0 &&
            strcmp(file->metadata[i].value, show_forward(model).text) != 0)
            tuff_log_message(log, TUFF_LOG_WARNING,
                             "%s: was trained with other layers than the model '%s' has now: a kind or a "
                             "setting differs",
                             path, tuff_model_name(model));
}

static void decode(const struct tuff_model *model, const struct tuff_safetensors *file, float *values)
{
    for (size_t i = 0; i < tensor_count(model); i++) {
        struct tuff_parameter_info info;
        get_tensor(model, i, &info);
        const struct tuff_safetensor *tensor = tuff_safetensors_find(file, info.name);
        tuff_floats_decode(values, tensor->data, tensor->bytes / 4);
        values += tensor->bytes / 4;
    }
}

enum tuff_status tuff_checkpoint_read(const struct tuff_log *log, const char *path,
                                      const struct tuff_model *model, float *values)
{
    struct tuff_safetensors *file;
    enum tuff_status status = tuff_safetensors_read(log, path, &file);
    if (status != TUFF_OK)
        return status;
    status = check(log, path, model, file);
    if (status == TUFF_OK) {
        warn_of_other_layers(log, path, model, file);
        decode(model, file, values);
    }
    tuff_safetensors_destroy(&file);
    return status;
}

enum tuff_status tuff_checkpoint_load(const struct tuff_log *log, const char *path,
                                      struct tuff_trainer *trainer)
{
    const struct tuff_model *model = tuff_trainer_model(trainer);
    float *values = malloc((tensor_elements(model) + 1) * sizeof *values);
    if (values == NULL)
        return tuff_fail(log, TUFF_ERROR_MEMORY, "%s: no memory for the parameters", path);
    enum tuff_status status = tuff_checkpoint_read(log, path, model, values);
    const float *next = values;
    for (size_t i = 0; i < tensor_count(model) && status == TUFF_OK; i++) {
        struct tuff_parameter_info info;
        get_tensor(model, i, &info);
        status = is_buffer(model, i)
                     ? tuff_trainer_write_buffer(trainer, i - tuff_model_parameter_count(model), next)
                     : tuff_trainer_write_parameter(trainer, i, next);
        next += parameter_elements(&info);
    }
    free(values);
    return status;
}
