// The weights' gradients of linear layers and the metrics in one dispatch.
#include "dense_push.h"
#include "gemm.h"
#include "ops.h"

enum {
    QUAD = 4,
    LOCAL_SIZE = 64,
    CPU_LOCAL_SIZE = 16,
};

static const struct vk_kernel kernel = {
    .shader = VK_SHADER_dense_gradients,
    .storage_count = 3,
    .written = 2 | 4,
    .uniform = true,
    .push_bytes = sizeof(struct vk_dense_gradients_push),
    .constant_count = 3,
};

// What the dispatch binds.
struct spans {
    struct vk_span activations, gradients;
};

// first: one whose type and batch size it has to have.
static bool layer_fits(const struct tuff_device *device, const struct tuff_linear_backward_weight_args *args,
                       const struct tuff_linear_backward_weight_args *first, struct spans *spans)
{
    const uint32_t type = first->x->dtype;
    return args->x->dtype == type && args->dy->dtype == type && args->x->dims[0] == first->x->dims[0] &&
           vk_dense_width_fits(device, args->x, args->dy) && args->x->dims[0] <= VK_DENSE_MAX_BATCH &&
           vk_span_add(&spans->activations, args->x) && vk_span_add(&spans->activations, args->dy) &&
           vk_span_add(&spans->gradients, args->dweight) &&
           (!args->dbias || vk_span_add(&spans->gradients, args->dbias));
}

void vk_merge_dense_gradients(const struct tuff_device *device, struct vk_program *program)
{
    // Each number loaded is used for as many products as there are registers on a CPU; on a GPU it is many
    // invocations that count.
    const bool cpu = vk_on_cpu(device) && !device->backend->gpu_assisted;
    const uint32_t local_size = cpu ? CPU_LOCAL_SIZE : LOCAL_SIZE;
    const uint32_t outputs = cpu ? 8 : 4, quads = cpu ? 8 : 1;
    const struct tuff_linear_backward_weight_args *layers[VK_DENSE_LAYERS];
    struct spans spans = {.gradients = {0}};
    struct vk_merger merger = {.count = 0};
    uint32_t call = vk_program_find(program, TUFF_OP_LINEAR_BACKWARD_WEIGHT, 0);
    for (; call < program->count && merger.count < VK_DENSE_LAYERS;
         call = vk_program_find(program, TUFF_OP_LINEAR_BACKWARD_WEIGHT, call + 1)) {
        layers[merger.count] = (const void *)&program->calls[call]->args;
        if (!layer_fits(device, layers[merger.count], layers[0], &spans))
            return;
        merger.at = call;
        vk_merger_add(&merger, call);
    }
    const uint32_t count = merger.count, recorded = vk_program_find(program, TUFF_OP_METRICS_RECORD, 0);
    if (count == 0 || recorded == program->count || recorded > merger.at)
        return;
    const struct tuff_metrics_record_args *metrics = (const void *)&program->calls[recorded]->args;
    if (metrics->loss->dims[0] != layers[0]->x->dims[0] || !vk_span_add(&spans.activations, metrics->loss) ||
        !vk_span_add(&spans.activations, metrics->correct) || !vk_span_fits(&spans.activations, device) ||
        !vk_span_fits(&spans.gradients, device))
        return;
    vk_merger_add(&merger, recorded);
    struct vk_dense_gradients_push push = {.batch = layers[0]->x->dims[0]};
    for (uint32_t i = 0; i < count; i++) {
        const struct tuff_linear_backward_weight_args *args = layers[i];
        push.layers[i] = (struct vk_dense_gradients_layer){
            .inputs = args->x->dims[1],
            .outputs = args->dy->dims[1],
            .x = vk_span_word(&spans.activations, args->x),
            .dy = vk_span_word(&spans.activations, args->dy),
            .dweight = vk_span_word(&spans.gradients, args->dweight),
            .dbias = args->dbias ? vk_span_word(&spans.gradients, args->dbias) : VK_NO_PLACE,
            .first_group = push.metrics_group,
        };
        const uint64_t blocks =
            vk_divide_up(args->x->dims[1] / QUAD, quads) * vk_divide_up(args->dy->dims[1], outputs);
        push.metrics_group += (uint32_t)vk_divide_up(blocks, local_size);
    }
    for (uint32_t i = count; i < VK_DENSE_LAYERS; i++)
        push.layers[i].first_group = push.metrics_group;
    push.loss = vk_span_word(&spans.activations, metrics->loss);
    push.correct = vk_span_word(&spans.activations, metrics->correct);
    merger.dispatch = (struct vk_dispatch){
        .kernel = &kernel,
        .constants = {local_size, outputs, quads},
        .storage = {vk_span_range(&spans.activations, layers[0]->x->dtype == TUFF_F16),
                    vk_span_range(&spans.gradients, false), vk_range_of(metrics->metrics)},
        .uniform = vk_uniform_of(metrics->state),
        .push = &push,
        .groups = push.metrics_group + UINT64_C(1),
    };
    vk_program_merge(program, &merger);
}
