// Saving a whole training, and going on with it.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device_memory.h"
#include "model/floats.h"
#include "model/printable.h"
#include "model/safetensors.h"
#include "training_facts.h"
#include "tuff/checkpoint.h"

#define FORMAT_KEY "training.format"
#define FORMAT     "1"

enum { OWN_TEXTS = 16, NUMBER_BYTES = 24 };

// A tensor of the file and where it lies on the device.
struct entry {
    char name[160];
    struct tuff_parameter_info info;
    struct tuff_buffer *buffer;
    uint64_t offset, bytes;
};

struct entries {
    size_t count;
    uint64_t bytes, largest;
    struct entry *list;
};

static void add_entry(struct entries *entries, const char *kind, const struct tuff_parameter_info *info,
                      struct tuff_buffer *buffer, uint64_t offset, uint64_t bytes)
{
    struct entry *entry = &entries->list[entries->count++];
    *entry = (struct entry){.info = *info, .buffer = buffer, .offset = offset, .bytes = bytes};
    snprintf(entry->name, sizeof entry->name, "%s.%s", kind, info->name);
    entries->bytes += bytes;
    if (bytes > entries->largest)
        entries->largest = bytes;
}

static enum tuff_status list_entries(const struct tuff_log *log, const struct tuff_trainer *trainer,
                                     struct entries *entries)
{
    static const char *const moments[3][2] = {{NULL}, {"velocity"}, {"moment1", "moment2"}};
    const struct tuff_parameters *p = trainer->parameters;
    *entries = (struct entries){
        .list = calloc(p->count * (2 + p->moment_count) + p->buffer_count + 1, sizeof(struct entry))};
    if (entries->list == NULL)
        return tuff_fail(log, TUFF_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < p->count; i++) {
        struct tuff_parameter_info info;
        tuff_model_parameter(trainer->model, i, &info);
        add_entry(entries, "parameter", &info, p->values, p->offsets[i], p->bytes[i]);
        if (p->averages != NULL)
            add_entry(entries, "average", &info, p->averages, p->offsets[i], p->bytes[i]);
        for (uint32_t m = 0; p->offsets[i] < p->trained_bytes && m < p->moment_count; m++)
            add_entry(entries, moments[p->moment_count][m], &info, p->moments,
                      tuff_parameters_moment_offset(p, i, m), p->bytes[i]);
    }
    for (size_t i = 0; i < p->buffer_count; i++) {
        struct tuff_parameter_info info;
        tuff_model_buffer(trainer->model, i, &info);
        add_entry(entries, "buffer", &info, p->buffers, p->buffer_offsets[i], p->buffer_bytes[i]);
    }
    return TUFF_OK;
}

// -- Numbers in the header

// A double's bits: exact, whatever the locale.
static void print_bits(char text[NUMBER_BYTES], double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    snprintf(text, NUMBER_BYTES, "%016" PRIx64, bits);
}

struct own_texts {
    size_t count;
    struct tuff_metadata metadata[OWN_TEXTS];
    char numbers[OWN_TEXTS][NUMBER_BYTES];
};

static char *own_text(struct own_texts *own, const char *key)
{
    char *number = own->numbers[own->count];
    own->metadata[own->count++] = (struct tuff_metadata){key, number};
    return number;
}

static void position_texts(const struct tuff_trainer *trainer, struct own_texts *own)
{
    const struct tuff_metrics *sums = &trainer->epoch_sums;
    own->metadata[own->count++] = (struct tuff_metadata){FORMAT_KEY, FORMAT};
    own->metadata[own->count++] = (struct tuff_metadata){"training.backend", trainer->target->backend_name};
    own->metadata[own->count++] = (struct tuff_metadata){"training.device", trainer->target->info.name};
    snprintf(own_text(own, "position.epoch"), NUMBER_BYTES, "%" PRIu32, trainer->epoch);
    snprintf(own_text(own, "position.step"), NUMBER_BYTES, "%" PRIu32, trainer->epoch_steps);
    snprintf(own_text(own, "position.steps_done"), NUMBER_BYTES, "%" PRIu32, trainer->steps_done);
    snprintf(own_text(own, "position.samples"), NUMBER_BYTES, "%" PRIu64, sums->samples);
    snprintf(own_text(own, "position.correct"), NUMBER_BYTES, "%" PRIu64, sums->correct);
    print_bits(own_text(own, "position.loss_sum"), sums->loss);
    print_bits(own_text(own, "position.seconds"), sums->seconds);
    snprintf(own_text(own, "position.not_finite"), NUMBER_BYTES, "%" PRIu64, trainer->loss_check.not_finite);
    snprintf(own_text(own, "position.not_finite_in_row"), NUMBER_BYTES, "%" PRIu64,
             trainer->loss_check.in_row);
    snprintf(own_text(own, "position.not_finite_first"), NUMBER_BYTES, "%" PRIu64, trainer->loss_check.first);
    const struct tuff_loss_scale *scale = &trainer->loss_scale;
    if (trainer->options.precision != TUFF_PRECISION_MIXED)
        return;
    print_bits(own_text(own, "loss_scale.scale"), (double)scale->scale);
    snprintf(own_text(own, "loss_scale.good_steps"), NUMBER_BYTES, "%" PRIu32, scale->good_steps);
    snprintf(own_text(own, "loss_scale.skipped"), NUMBER_BYTES, "%" PRIu64, scale->skipped);
}

// -- Saving

// Reads what the entries name. values: room for the largest of them; bytes: for all.
static enum tuff_status read_entries(const struct tuff_trainer *trainer, const struct entries *entries,
                                     float *values, uint8_t *bytes, struct tuff_safetensor *tensors)
{
    for (size_t i = 0; i < entries->count; i++) {
        const struct entry *entry = &entries->list[i];
        enum tuff_status status =
            tuff_device_read(trainer->target, entry->buffer, entry->offset, values, entry->bytes);
        if (status != TUFF_OK)
            return status;
        tuff_floats_encode(bytes, values, entry->bytes / sizeof(float));
        tensors[i] = (struct tuff_safetensor){.name = entry->name,
                                              .dtype = "F32",
                                              .rank = entry->info.rank,
                                              .bytes = entry->bytes,
                                              .data = bytes};
        for (uint32_t d = 0; d < entry->info.rank; d++)
            tensors[i].dims[d] = entry->info.dims[d];
        bytes += entry->bytes;
    }
    return TUFF_OK;
}

static enum tuff_status write_state(const struct tuff_log *log, const char *path,
                                    const struct tuff_trainer *trainer, const struct entries *entries,
                                    const struct tuff_metadata *metadata, size_t metadata_count)
{
    float *values = malloc(entries->largest + 1);
    uint8_t *bytes = malloc(entries->bytes + 1);
    struct tuff_safetensor *tensors = calloc(entries->count + 1, sizeof *tensors);
    enum tuff_status status;
    if (values == NULL || bytes == NULL || tensors == NULL)
        status =
            tuff_fail(log, TUFF_ERROR_MEMORY, "%s: no memory for %" PRIu64 " bytes", path, entries->bytes);
    else
        status = read_entries(trainer, entries, values, bytes, tensors);
    if (status == TUFF_OK)
        status = tuff_safetensors_write(log, path, tensors, entries->count, metadata, metadata_count);
    free(values);
    free(bytes);
    free(tensors);
    return status;
}

static enum tuff_status require_training(const struct tuff_log *log, const struct tuff_trainer *trainer)
{
    if (trainer->train != NULL)
        return TUFF_OK;
    return tuff_fail(log, TUFF_ERROR_INVALID,
                     "this trainer has no training data, and so no training to save or to resume");
}

enum tuff_status tuff_training_save(const struct tuff_log *log, const char *path,
                                    struct tuff_trainer *trainer, const struct tuff_metadata *metadata,
                                    size_t metadata_count)
{
    struct entries entries = {.list = NULL};
    struct tuff_training_facts facts = {.count = 0};
    struct own_texts own = {.count = 0};
    struct tuff_metadata *all = NULL;
    enum tuff_status status = require_training(log, trainer);
    if (status == TUFF_OK)
        status = list_entries(log, trainer, &entries);
    if (status == TUFF_OK)
        status = tuff_training_facts_collect(trainer, &facts);
    if (status == TUFF_OK) {
        position_texts(trainer, &own);
        all = calloc(own.count + facts.count + metadata_count, sizeof *all);
        if (all == NULL)
            status = tuff_fail(log, TUFF_ERROR_MEMORY, "out of memory");
    }
    if (status == TUFF_OK) {
        size_t count = 0;
        for (size_t i = 0; i < metadata_count; i++)
            all[count++] = metadata[i];
        for (size_t i = 0; i < own.count; i++)
            all[count++] = own.metadata[i];
        for (size_t i = 0; i < facts.count; i++)
            all[count++] = (struct tuff_metadata){facts.facts[i].key, facts.facts[i].text};
        status = write_state(log, path, trainer, &entries, all, count);
    }
    free(all);
    tuff_training_facts_clear(&facts);
    free(entries.list);
    return status;
}

// -- Loading

static const char *find_text(const struct tuff_safetensors *file, const char *key)
{
    for (size_t i = 0; i < file->metadata_count; i++)
        if (strcmp(file->metadata[i].key, key) == 0)
            return file->metadata[i].value;
    return NULL;
}

struct saved_position {
    uint64_t epoch, step, steps_done, not_finite, not_finite_in_row, not_finite_first;
    struct tuff_metrics sums;
    struct tuff_loss_scale loss_scale;
};

static bool find_number(const struct tuff_safetensors *file, const char *key, int base, uint64_t *number)
{
    const char *text = find_text(file, key);
    char *end;
    if (text == NULL || text[0] == '\0' || text[strspn(text, "0123456789abcdef")] != '\0')
        return false;
    *number = strtoull(text, &end, base);
    return *end == '\0';
}

static bool find_bits(const struct tuff_safetensors *file, const char *key, double *value)
{
    uint64_t bits;
    if (!find_number(file, key, 16, &bits))
        return false;
    memcpy(value, &bits, sizeof bits);
    return true;
}

static enum tuff_status check_loss_scale(const struct tuff_log *log, const char *path,
                                         const struct tuff_safetensors *file, struct tuff_loss_scale *scale)
{
    double factor;
    uint64_t good_steps;
    *scale = (struct tuff_loss_scale){.size = sizeof *scale};
    if (!find_bits(file, "loss_scale.scale", &factor) ||
        !find_number(file, "loss_scale.good_steps", 10, &good_steps) ||
        !find_number(file, "loss_scale.skipped", 10, &scale->skipped) ||
        !(factor >= (double)TUFF_LOSS_SCALE_LEAST && factor <= (double)TUFF_LOSS_SCALE_MOST) ||
        good_steps >= TUFF_LOSS_SCALE_INTERVAL)
        return tuff_fail(log, TUFF_ERROR_FORMAT, "%s: does not say what the loss is scaled by", path);
    scale->scale = (float)factor;
    scale->good_steps = (uint32_t)good_steps;
    return TUFF_OK;
}

static enum tuff_status check_position(const struct tuff_log *log, const char *path,
                                       const struct tuff_trainer *trainer,
                                       const struct tuff_safetensors *file, struct saved_position *position)
{
    uint32_t steps = tuff_pass_steps(trainer->train);
    bool whole = find_number(file, "position.epoch", 10, &position->epoch) &&
                 find_number(file, "position.step", 10, &position->step) &&
                 find_number(file, "position.steps_done", 10, &position->steps_done) &&
                 find_number(file, "position.samples", 10, &position->sums.samples) &&
                 find_number(file, "position.correct", 10, &position->sums.correct) &&
                 find_bits(file, "position.loss_sum", &position->sums.loss) &&
                 find_bits(file, "position.seconds", &position->sums.seconds);
    // Absent from files of former versions.
    if (!find_number(file, "position.not_finite", 10, &position->not_finite))
        position->not_finite = 0;
    if (!find_number(file, "position.not_finite_in_row", 10, &position->not_finite_in_row) ||
        !find_number(file, "position.not_finite_first", 10, &position->not_finite_first))
        position->not_finite_in_row = position->not_finite_first = 0;
    if (!whole || position->epoch > UINT32_MAX || position->step > steps || position->steps_done > UINT32_MAX)
        return tuff_fail(log, TUFF_ERROR_FORMAT, "%s: does not say where the training stands", path);
    return trainer->options.precision == TUFF_PRECISION_MIXED
               ? check_loss_scale(log, path, file, &position->loss_scale)
               : TUFF_OK;
}

static enum tuff_status check_facts(const struct tuff_log *log, const char *path,
                                    struct tuff_trainer *trainer, const struct tuff_safetensors *file)
{
    struct tuff_training_facts facts;
    enum tuff_status status = tuff_training_facts_collect(trainer, &facts);
    for (size_t i = 0; status == TUFF_OK && i < facts.count; i++) {
        const struct tuff_training_fact *fact = &facts.facts[i];
        const char *saved = find_text(file, fact->key);
        if (trainer->options.new_learning_rate != 0 && strcmp(fact->key, TUFF_FACT_LEARNING_RATE) == 0)
            continue;
        if (saved == NULL)
            status = tuff_fail(log, TUFF_ERROR_FORMAT, "%s: does not say its %s", path, fact->name);
        else if (strcmp(saved, fact->text) != 0)
            status = tuff_fail(log, TUFF_ERROR_INVALID,
                               "%s: the saved training has another %s: expected %s, found %s", path,
                               fact->name, tuff_printable(saved).text, fact->text);
    }
    tuff_training_facts_clear(&facts);
    return status;
}

static enum tuff_status check_tensors(const struct tuff_log *log, const char *path,
                                      const struct entries *entries, const struct tuff_safetensors *file)
{
    for (size_t i = 0; i < entries->count; i++) {
        const struct entry *entry = &entries->list[i];
        const struct tuff_safetensor *tensor = tuff_safetensors_find(file, entry->name);
        if (tensor == NULL)
            return tuff_fail(log, TUFF_ERROR_FORMAT, "%s: tensor '%s' is missing", path, entry->name);
        bool same = strcmp(tensor->dtype, "F32") == 0 && tensor->rank == entry->info.rank;
        for (uint32_t d = 0; d < entry->info.rank && same; d++)
            same = tensor->dims[d] == entry->info.dims[d];
        if (!same)
            return tuff_fail(log, TUFF_ERROR_FORMAT, "%s: tensor '%s' has another shape or type", path,
                             entry->name);
    }
    return TUFF_OK;
}

static enum tuff_status write_entries(const struct tuff_log *log, const struct tuff_trainer *trainer,
                                      const struct entries *entries, const struct tuff_safetensors *file)
{
    float *values = malloc(entries->largest + 1);
    enum tuff_status status = TUFF_OK;
    if (values == NULL)
        return tuff_fail(log, TUFF_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; status == TUFF_OK && i < entries->count; i++) {
        const struct entry *entry = &entries->list[i];
        tuff_floats_decode(values, tuff_safetensors_find(file, entry->name)->data,
                           entry->bytes / sizeof(float));
        status = tuff_device_write(trainer->target, entry->buffer, entry->offset, values, entry->bytes);
    }
    free(values);
    return status;
}

// Bits are promised for the same device only.
static void warn_of_device(const struct tuff_log *log, const char *path, const struct tuff_trainer *trainer,
                           const struct tuff_safetensors *file)
{
    const char *backend = find_text(file, "training.backend"), *device = find_text(file, "training.device");
    const struct tuff_target *target = trainer->target;
    if (backend != NULL && device != NULL && strcmp(backend, target->backend_name) == 0 &&
        strcmp(device, target->info.name) == 0)
        return;
    tuff_log_message(log, TUFF_LOG_WARNING,
                     "%s: this training ran on %s, %s; on %s, %s its bits are not what they would have been",
                     path, tuff_printable(backend == NULL ? "?" : backend).text,
                     tuff_printable(device == NULL ? "?" : device).text, target->backend_name,
                     target->info.name);
}

static enum tuff_status take_state(const struct tuff_log *log, const char *path, struct tuff_trainer *trainer,
                                   const struct tuff_safetensors *file)
{
    struct saved_position position;
    struct entries entries = {.list = NULL};
    const char *format = find_text(file, FORMAT_KEY);
    if (format == NULL || strcmp(format, FORMAT) != 0)
        return tuff_fail(log, TUFF_ERROR_FORMAT,
                         "%s: expected a saved training of format " FORMAT ", found %s", path,
                         format == NULL ? "none" : tuff_printable(format).text);
    enum tuff_status status = check_facts(log, path, trainer, file);
    if (status == TUFF_OK)
        status = check_position(log, path, trainer, file, &position);
    if (status == TUFF_OK)
        status = list_entries(log, trainer, &entries);
    if (status == TUFF_OK)
        status = check_tensors(log, path, &entries, file);
    if (status == TUFF_OK)
        status = tuff_parameters_clear(trainer->parameters); // gaps that the file does not have
    if (status == TUFF_OK)
        status = write_entries(log, trainer, &entries, file);
    if (status == TUFF_OK) {
        trainer->epoch = (uint32_t)position.epoch;
        trainer->epoch_steps = (uint32_t)position.step;
        trainer->steps_done = (uint32_t)position.steps_done;
        trainer->epoch_sums = position.sums;
        trainer->loss_check = (struct tuff_loss_check){.not_finite = position.not_finite,
                                                       .in_row = position.not_finite_in_row,
                                                       .first = position.not_finite_first};
        if (trainer->options.precision == TUFF_PRECISION_MIXED)
            trainer->loss_scale = position.loss_scale;
        warn_of_device(log, path, trainer, file);
    }
    free(entries.list);
    return status;
}

enum tuff_status tuff_training_load(const struct tuff_log *log, const char *path,
                                    struct tuff_trainer *trainer)
{
    struct tuff_safetensors *file;
    enum tuff_status status = require_training(log, trainer);
    if (status != TUFF_OK)
        return status;
    status = tuff_safetensors_read(log, path, &file);
    if (status != TUFF_OK)
        return status;
    status = take_state(log, path, trainer, file);
    tuff_safetensors_destroy(&file);
    return status;
}
