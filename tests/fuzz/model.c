// Model files, and what is made of a model: shapes, names, a graph, an ONNX file.
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "model/model.h"
#include "tuff/onnx.h"

enum { BATCH = 2, MOST_ELEMENTS = 1 << 12 };

static void read_tensor(const struct tuff_parameter_info *info)
{
    uint64_t elements = 1;
    fuzz_demand(info->name[0] != '\0' && info->rank <= 4, "tensors have names and at most four dimensions");
    for (uint32_t i = 0; i < info->rank; i++)
        elements *= info->dims[i];
    fuzz_demand(elements > 0 && elements <= INT32_MAX, "a tensor has 1 to 2^31 - 1 elements");
}

static void read_model(const struct tuff_model *model)
{
    for (size_t i = 0; i < tuff_model_layer_count(model); i++) {
        struct tuff_layer_info layer;
        uint64_t elements = 1;
        tuff_model_layer(model, i, &layer);
        for (uint32_t d = 0; d < layer.output_rank; d++)
            elements *= layer.output_dims[d];
        fuzz_demand(elements > 0 && elements <= INT32_MAX, "an output has 1 to 2^31 - 1 elements");
    }
    for (size_t i = 0; i < tuff_model_block_count(model); i++) {
        struct tuff_block_info block;
        tuff_model_block(model, i, &block);
        fuzz_demand(block.first + block.count <= tuff_model_layer_count(model),
                    "blocks are ranges of layers");
    }
    struct tuff_parameter_info info;
    for (size_t i = 0; i < tuff_model_parameter_count(model); i++) {
        tuff_model_parameter(model, i, &info);
        read_tensor(&info);
    }
    for (size_t i = 0; i < tuff_model_buffer_count(model); i++) {
        tuff_model_buffer(model, i, &info);
        read_tensor(&info);
    }
}

static tuff_value_id *add_values(struct tuff_graph *graph, enum tuff_value_kind kind,
                                 const struct tuff_model *model, size_t count,
                                 void (*get)(const struct tuff_model *, size_t, struct tuff_parameter_info *))
{
    tuff_value_id *ids = malloc((count + 1) * sizeof *ids);
    for (size_t i = 0; i < count && ids != NULL; i++) {
        struct tuff_parameter_info info;
        get(model, i, &info);
        if (tuff_graph_add_value(graph, kind, (uint32_t)i, info.name, TUFF_F32, info.rank, info.dims, false,
                                 &ids[i]) != TUFF_OK) {
            free(ids);
            ids = NULL;
        }
    }
    return ids;
}

// The model's forward ops. It may fail, as where a batch has too many elements, but then it says so.
static void lower(const struct tuff_model *model)
{
    struct tuff_graph *graph;
    uint32_t input[4] = {BATCH};
    tuff_value_id images, logits, *parameters = NULL, *buffers = NULL;
    tuff_model_input(model, input + 1);
    enum tuff_status status = tuff_graph_create(&fuzz_log, TUFF_LAYOUT_ROW_MAJOR, &graph);
    if (status == TUFF_OK)
        status =
            tuff_graph_add_value(graph, TUFF_VALUE_EXTERNAL, 0, "images", TUFF_F32, 4, input, true, &images);
    if (status == TUFF_OK) {
        parameters = add_values(graph, TUFF_VALUE_PARAMETER, model, tuff_model_parameter_count(model),
                                tuff_model_parameter);
        buffers =
            add_values(graph, TUFF_VALUE_EXTERNAL, model, tuff_model_buffer_count(model), tuff_model_buffer);
    }
    if (status == TUFF_OK && parameters != NULL && buffers != NULL)
        status = tuff_model_lower(model, graph, images,
                                  &(struct tuff_model_values){.parameters = parameters, .buffers = buffers},
                                  &logits);
    else
        status = TUFF_ERROR_INVALID;
    fuzz_succeeded(status);
    free(parameters);
    free(buffers);
    tuff_graph_destroy(&graph);
}

static void export(const struct tuff_model *model)
{
    static float values[MOST_ELEMENTS];
    if (tuff_model_parameter_elements(model) + tuff_model_buffer_elements(model) <= MOST_ELEMENTS)
        fuzz_succeeded(tuff_onnx_save(&fuzz_log, fuzz_path("model.onnx"), model, values, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tuff_model *model;
    // The text is no string: what ends it is its length alone.
    char *text = malloc(size == 0 ? 1 : size);
    if (text == NULL)
        return -1;
    memcpy(text, data, size);
    if (fuzz_succeeded(tuff_model_parse(&fuzz_log, "model.yaml", text, size, &model))) {
        read_model(model);
        lower(model);
        export(model);
    }
    tuff_model_destroy(&model);
    free(text);
    return 0;
}
