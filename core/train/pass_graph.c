// The graph of a pass's step.
#include <stdlib.h>

#include "graph/autodiff.h"
#include "graph/fusion.h"
#include "graph/recompute.h"
#include "model/model.h"
#include "pass_state.h"

static enum tuff_status add_externals(const struct tuff_pass *pass, struct tuff_graph *graph, bool training,
                                      tuff_value_id ids[EXTERNAL_COUNT])
{
    const struct tuff_dataset *data = pass->data;
    uint32_t images = pass->chunks.samples != 0 ? pass->chunks.samples : data->count;
    uint32_t trained = (uint32_t)(pass->parameters->trained_bytes / sizeof(float));
    uint32_t all = (uint32_t)(pass->parameters->arena_bytes / sizeof(float));
    const struct {
        const char *name;
        enum tuff_dtype dtype;
        uint32_t rank, dims[4];
    } externals[EXTERNAL_COUNT] = {
        [EXTERNAL_STATE] = {"state", TUFF_U32, 1, {TUFF_STEP_STATE_WORDS}},
        [EXTERNAL_ROWS] = {"rows", TUFF_U32, 2, {pass->part_count, TUFF_STEP_ROW_WORDS}},
        [EXTERNAL_INDEX] = {"index", TUFF_U32, 1, {data->count}},
        [EXTERNAL_SLOTS] = {"slots", TUFF_U32, 1, {data->count}},
        [EXTERNAL_IMAGES] = {"images", TUFF_U8, 4, {images, data->channels, data->height, data->width}},
        [EXTERNAL_LABELS] = {"set labels", TUFF_U32, 1, {data->count}},
        [EXTERNAL_METRICS] = {"metrics", TUFF_U32, 2, {pass->part_count, TUFF_PASS_METRICS_WORDS}},
        [EXTERNAL_OUTPUTS] = {"outputs", TUFF_F32, 2, {pass->part_size, pass->classes}},
        [EXTERNAL_ARENA] = {"all parameters", TUFF_F32, 1, {all}},
        [EXTERNAL_ROUNDED] = {"rounded parameters", TUFF_F16, 1, {all}},
        [EXTERNAL_PARAMETERS] = {"parameters", TUFF_F32, 1, {trained}},
        [EXTERNAL_GRADIENTS] = {"gradients", TUFF_F32, 1, {trained}},
        [EXTERNAL_SUMS] = {"sums of gradients", TUFF_F32, 1, {trained}},
        [EXTERNAL_AVERAGES] = {"averages", TUFF_F32, 1, {trained}},
        // (2,P) of Adam, (P) of SGD's velocity
        [EXTERNAL_MOMENTS] = {"moments",
                              TUFF_F32,
                              pass->parameters->moment_count == 2 ? 2 : 1,
                              {pass->parameters->moment_count == 2 ? 2 : trained, trained}},
    };
    enum tuff_status status = TUFF_OK;
    uint32_t count = training ? EXTERNAL_COUNT : EXTERNAL_PARAMETERS;
    for (uint32_t e = 0; status == TUFF_OK && e < count; e++)
        status = tuff_graph_add_value(graph, TUFF_VALUE_EXTERNAL, e, externals[e].name, externals[e].dtype,
                                      externals[e].rank, externals[e].dims, false, &ids[e]);
    return status;
}

// As the pass normalizes images, and mirrored, all of them.
static struct tuff_augmentation mirroring(const struct tuff_augmentation *normalization)
{
    struct tuff_augmentation mirrored = *normalization;
    mirrored.flip_probability = 1;
    mirrored.crop_y = mirrored.crop_x = mirrored.translate_y = mirrored.translate_x = mirrored.cutout = 0;
    return mirrored;
}

// The batch's images as floats, by the index, or from where the chunk has them. *x: (N,C,H,W). mirrored: of
// evaluation.
static enum tuff_status add_images(const struct tuff_pass *pass, struct tuff_graph *graph,
                                   const tuff_value_id ids[EXTERNAL_COUNT], bool mirrored, tuff_value_id *x)
{
    const struct tuff_dataset *data = pass->data;
    const uint32_t dims[4] = {pass->part_size, data->channels, data->height, data->width};
    tuff_value_id index = ids[pass->chunks.samples != 0 ? EXTERNAL_SLOTS : EXTERNAL_INDEX];
    const struct tuff_trainer_options *training = pass->options.training;
    const struct tuff_augmentation mirror = mirroring(pass->options.augmentation),
                                   *wanted = mirrored ? &mirror : pass->options.augmentation;
    const struct tuff_log *log = pass->target->log;
    struct tuff_gather_augmented_images_params changed;
    struct tuff_gather_images_params plain;
    bool change = mirrored || (training != NULL && tuff_augmentation_is_on(wanted));
    enum tuff_status status = change ? tuff_augmentation_params(log, wanted, mirrored ? 0 : training->seed,
                                                                data->height, data->width, &changed)
                                     : tuff_augmentation_plain_params(log, wanted, &plain);
    if (status == TUFF_OK)
        status = tuff_graph_add_value(graph, TUFF_VALUE_ACTIVATION, 0, "x",
                                      pass->options.mixed ? TUFF_F16 : TUFF_F32, 4, dims, true, x);
    if (status != TUFF_OK)
        return status;
    tuff_value_id values[] = {*x, ids[EXTERNAL_IMAGES], index, ids[EXTERNAL_STATE]};
    return change ? tuff_graph_add_node(graph, TUFF_OP_GATHER_AUGMENTED_IMAGES, &changed, NULL, values)
                  : tuff_graph_add_node(graph, TUFF_OP_GATHER_IMAGES, &plain, NULL, values);
}

// step_advance and the gathers: *x and *labels are the batch.
static enum tuff_status add_batch(const struct tuff_pass *pass, struct tuff_graph *graph,
                                  const tuff_value_id ids[EXTERNAL_COUNT], tuff_value_id *x,
                                  tuff_value_id *labels)
{
    enum tuff_status status = tuff_graph_add_node(graph, TUFF_OP_STEP_ADVANCE, NULL, NULL,
                                                  (tuff_value_id[]){ids[EXTERNAL_STATE], ids[EXTERNAL_ROWS]});
    if (status == TUFF_OK)
        status = add_images(pass, graph, ids, false, x);
    if (status == TUFF_OK)
        status = tuff_graph_add_value(graph, TUFF_VALUE_ACTIVATION, 0, "labels", TUFF_U32, 1,
                                      &pass->part_size, false, labels);
    if (status == TUFF_OK)
        status = tuff_graph_add_node(
            graph, TUFF_OP_GATHER_LABELS, NULL, NULL,
            (tuff_value_id[]){*labels, ids[EXTERNAL_LABELS], ids[EXTERNAL_INDEX], ids[EXTERNAL_STATE]});
    return status;
}

// Whether a parameter is taken as float16: a factor of products, and not what is added or scaled by.
static bool is_rounded(const struct tuff_pass *pass, const struct tuff_parameter_info *info)
{
    return pass->options.mixed && info->rank > 1;
}

// values: room for one per parameter, then one per buffer.
static enum tuff_status add_tensors(const struct tuff_pass *pass, struct tuff_graph *graph,
                                    tuff_value_id *values)
{
    size_t count = pass->parameters->count;
    enum tuff_status status = TUFF_OK;
    for (size_t i = 0; status == TUFF_OK && i < count; i++) {
        struct tuff_parameter_info info;
        tuff_model_parameter(pass->model, i, &info);
        bool rounded = is_rounded(pass, &info);
        status = tuff_graph_add_value(graph, rounded ? TUFF_VALUE_ROUNDED : TUFF_VALUE_PARAMETER, (uint32_t)i,
                                      info.name, rounded ? TUFF_F16 : TUFF_F32, info.rank, info.dims, false,
                                      &values[i]);
        if (status == TUFF_OK)
            graph->values[values[i]].needs_gradient = pass->parameters->wanted[i];
    }
    for (size_t i = 0; status == TUFF_OK && i < pass->parameters->buffer_count; i++) {
        struct tuff_parameter_info info;
        tuff_model_buffer(pass->model, i, &info);
        status = tuff_graph_add_value(graph, TUFF_VALUE_EXTERNAL, EXTERNAL_BUFFERS + (uint32_t)i, info.name,
                                      TUFF_F32, info.rank, info.dims, false, &values[count + i]);
    }
    return status;
}

static enum tuff_status add_model(const struct tuff_pass *pass, struct tuff_graph *graph, tuff_value_id x,
                                  tuff_value_id state, tuff_value_id *logits)
{
    const struct tuff_trainer_options *training = pass->options.training;
    size_t count = pass->parameters->count;
    tuff_value_id *values = calloc(count + pass->parameters->buffer_count + 1, sizeof *values);
    if (values == NULL)
        return tuff_fail(pass->target->log, TUFF_ERROR_MEMORY, "out of memory");
    const struct tuff_model_values with = {
        .parameters = values,
        .buffers = values + count,
        .training = training != NULL,
        .state = state,
        .seed = training == NULL ? 0 : training->seed,
    };
    enum tuff_status status = add_tensors(pass, graph, values);
    if (status == TUFF_OK)
        status = tuff_model_lower(pass->model, graph, x, &with, logits);
    free(values);
    return status;
}

// The logits as float32. A last linear layer makes them so, anything else's output is cast.
static enum tuff_status widen_logits(struct tuff_graph *graph, tuff_value_id *logits)
{
    const struct tuff_value *value = &graph->values[*logits];
    const struct tuff_node *last = &graph->nodes[graph->node_count - 1];
    if (value->shape.dtype != TUFF_F16)
        return TUFF_OK;
    if (last->op == TUFF_OP_LINEAR_FORWARD && last->values[0] == *logits) {
        graph->values[*logits].shape.dtype = TUFF_F32;
        return TUFF_OK;
    }
    const struct tuff_tensor shape = value->shape;
    const bool needs_gradient = value->needs_gradient;
    tuff_value_id values[2] = {TUFF_NO_VALUE, *logits};
    enum tuff_status status = tuff_graph_add_value(graph, TUFF_VALUE_ACTIVATION, 0, "logits", TUFF_F32,
                                                   shape.rank, shape.dims, true, &values[0]);
    if (status != TUFF_OK)
        return status;
    graph->values[values[0]].needs_gradient = needs_gradient;
    *logits = values[0];
    return tuff_graph_add_node(graph, TUFF_OP_CAST, NULL, NULL, values);
}

// (N,C) under another shape of as many elements for each sample.
static enum tuff_status view_classes(struct tuff_graph *graph, uint32_t channels, uint32_t height,
                                     uint32_t classes, tuff_value_id *value)
{
    const uint32_t samples = graph->values[*value].shape.dims[0];
    return tuff_graph_add_view(graph, *value, "logits", 4, (uint32_t[]){samples, channels, height, classes},
                               value);
}

// *mean: of two tensors (N,C), a pool over both where they stand one above the other.
static enum tuff_status add_mean(struct tuff_graph *graph, tuff_value_id a, tuff_value_id b,
                                 tuff_value_id *mean)
{
    const struct tuff_tensor shape = graph->values[a].shape;
    const struct tuff_avg_pool2d_params pool = {
        .size = sizeof pool, .kernel_h = 2, .kernel_w = 1, .stride_h = 2, .stride_w = 1};
    enum tuff_status status = view_classes(graph, 1, 1, shape.dims[1], &a);
    if (status == TUFF_OK)
        status = view_classes(graph, 1, 1, shape.dims[1], &b);
    tuff_value_id both[3] = {TUFF_NO_VALUE, a, b}, pooled[2] = {TUFF_NO_VALUE, TUFF_NO_VALUE};
    if (status == TUFF_OK)
        status = tuff_graph_add_node(graph, TUFF_OP_CONCAT_FORWARD, NULL, "logits", both);
    pooled[1] = both[0];
    if (status == TUFF_OK)
        status = view_classes(graph, 1, 2, shape.dims[1], &pooled[1]);
    if (status == TUFF_OK)
        status = tuff_graph_add_node(graph, TUFF_OP_AVG_POOL2D_FORWARD, &pool, "logits", pooled);
    return status == TUFF_OK ? tuff_graph_add_view(graph, pooled[0], "logits", 2, shape.dims, mean) : status;
}

// Puts the mean of the logits and of the mirrored batch's in the place of the logits.
static enum tuff_status add_mirrored(const struct tuff_pass *pass, struct tuff_graph *graph,
                                     const tuff_value_id ids[EXTERNAL_COUNT], tuff_value_id *logits)
{
    tuff_value_id x, mirrored;
    enum tuff_status status = add_images(pass, graph, ids, true, &x);
    if (status == TUFF_OK)
        status = add_model(pass, graph, x, ids[EXTERNAL_STATE], &mirrored);
    if (status == TUFF_OK)
        status = widen_logits(graph, &mirrored);
    return status == TUFF_OK ? add_mean(graph, *logits, mirrored, logits) : status;
}

// The logits as the host reads them: row-major, whatever layout the activations have.
static enum tuff_status add_outputs(struct tuff_graph *graph, tuff_value_id logits, tuff_value_id outputs)
{
    return tuff_graph_add_node(graph, TUFF_OP_COPY, NULL, NULL, (tuff_value_id[]){outputs, logits});
}

enum tuff_status tuff_pass_build(struct tuff_pass *pass, enum program_kind kind, uint64_t segment_bytes,
                                 uint64_t *forward_bytes)
{
    const struct tuff_trainer_options *training = pass->options.training;
    tuff_value_id ids[EXTERNAL_COUNT], x, labels, logits;
    enum tuff_layout layout = pass->options.mixed
                                  ? TUFF_LAYOUT_ROW_MAJOR // which float16 has to have
                                  : tuff_target_activation_layout(pass->target, pass->part_size);
    struct program *program = &pass->programs[kind];
    enum tuff_status status = tuff_graph_create(pass->target->log, layout, &program->graph);
    struct tuff_graph *graph = program->graph;
    if (status == TUFF_OK)
        status = add_externals(pass, graph, training != NULL, ids);
    if (status == TUFF_OK && pass->options.mixed) {
        graph->gradient_type = TUFF_F16;
        status = tuff_graph_add_node(graph, TUFF_OP_CAST, NULL, NULL,
                                     (tuff_value_id[]){ids[EXTERNAL_ROUNDED], ids[EXTERNAL_ARENA]});
    }
    if (status == TUFF_OK)
        status = add_batch(pass, graph, ids, &x, &labels);
    const uint32_t first = graph == NULL ? 0 : graph->node_count;
    if (status == TUFF_OK)
        status = add_model(pass, graph, x, ids[EXTERNAL_STATE], &logits);
    if (status == TUFF_OK)
        status = widen_logits(graph, &logits);
    if (status == TUFF_OK && training == NULL && pass->options.flip_average)
        status = add_mirrored(pass, graph, ids, &logits);
    if (status == TUFF_OK && !pass->options.no_fusion)
        status = tuff_graph_fuse(graph, pass->target, training != NULL);
    if (status != TUFF_OK)
        return status;
    const uint32_t end = graph->node_count;
    *forward_bytes = tuff_graph_output_bytes(graph, first, end);
    const struct tuff_softmax_cross_entropy_params smoothing = {
        .size = sizeof smoothing,
        .label_smoothing = training == NULL ? 0 : (float)training->label_smoothing,
    };
    tuff_value_id loss[5] = {TUFF_NO_VALUE, TUFF_NO_VALUE, logits, labels, ids[EXTERNAL_STATE]};
    status = tuff_graph_add_node(graph, TUFF_OP_SOFTMAX_CROSS_ENTROPY_FORWARD, &smoothing, NULL, loss);
    if (status == TUFF_OK)
        status = tuff_graph_add_node(
            graph, TUFF_OP_METRICS_RECORD, NULL, NULL,
            (tuff_value_id[]){ids[EXTERNAL_METRICS], loss[0], loss[1], ids[EXTERNAL_STATE]});
    if (status == TUFF_OK && pass->options.outputs)
        status = add_outputs(graph, logits, ids[EXTERNAL_OUTPUTS]);
    if (status == TUFF_OK && training != NULL) {
        status = tuff_graph_differentiate(graph);
        if (status == TUFF_OK && segment_bytes != 0)
            status = tuff_graph_recompute(graph, first, end, segment_bytes);
        if (status == TUFF_OK && pass->parts > 1)
            status = tuff_pass_add_accumulation(pass, graph, ids);
        if (status == TUFF_OK && kind == PROGRAM_STEP)
            status = tuff_pass_add_optimizer(pass, graph, ids);
    }
    return status;
}
