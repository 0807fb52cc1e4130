// linear_forward, linear_relu_forward, linear_backward_input, linear_backward_weight
#include "gemm_push.h"
#include "ops.h"
#include "tune.h"

enum { FLOAT_Y_CONSTANT = VK_TILE_CONSTANTS }; // of linear_forward: y is float32, x is not

static struct vk_linear_push push_of(uint32_t m, uint32_t n, uint32_t k, struct vk_tile tile)
{
    return (struct vk_linear_push){
        .m = m,
        .n = n,
        .k = k,
        .tiles_m = (uint32_t)vk_divide_up(m, tile.m),
        .tiles_n = (uint32_t)vk_divide_up(n, tile.n),
        .chunk = k,
    };
}

// chunks: of the sum. wide: vk_wide_operands.
static struct vk_dispatch dispatch_of(const struct tuff_device *device, const struct vk_kernel *kernels,
                                      struct vk_tile tile, const struct vk_linear_push *push, uint32_t chunks,
                                      uint32_t wide)
{
    struct vk_dispatch dispatch = {
        .kernel = &kernels[vk_tile_on_matrix_units(&tile)],
        .push = push,
        .groups = (uint64_t)push->tiles_m * push->tiles_n * chunks,
    };
    vk_set_tile_constants(device, &tile, wide, dispatch.constants);
    return dispatch;
}

// Puts the dispatch, made for that tile, into a better one if there is one.
static enum tuff_status tune(struct tuff_stream *stream, struct vk_dispatch *dispatch,
                             struct vk_linear_push *push, const struct vk_tile *tile)
{
    return vk_tune_product(stream, dispatch,
                           &(struct vk_product){*tile, push->m, push->n, &push->tiles_m, &push->tiles_n});
}

// Dispatches the kernel, several times where one may not sum so many terms: each adds to what the one before
// left. relu: what the last one stores goes through one.
static enum tuff_status dispatch_passes(struct tuff_stream *stream, struct vk_dispatch *dispatch,
                                        struct vk_linear_push *push, const struct vk_tile *tile, bool relu)
{
    push->chunk = vk_product_terms(stream->device);
    dispatch->push = push;
    enum tuff_status status = tune(stream, dispatch, push, tile);
    for (uint64_t first = 0; first < push->k && status == TUFF_OK; first += push->chunk) {
        push->first = (uint32_t)first;
        dispatch->constants[VK_RELU_CONSTANT] = relu && first + push->chunk >= push->k;
        status = vk_dispatch(stream, dispatch);
    }
    return status;
}

// relu: what is stored goes through one.
static enum tuff_status forward(struct tuff_stream *stream, const struct tuff_linear_forward_args *args,
                                bool relu)
{
    static const struct vk_kernel kernels[] =
        VK_PRODUCT_KERNELS(.shader = VK_SHADER_linear_forward, .storage_count = 4, .written = 1,
                           .push_bytes = sizeof(struct vk_linear_push), .constant_count = VK_MAX_CONSTANTS);
    uint32_t samples = args->x->dims[0], inputs = args->x->dims[1], outputs = args->y->dims[1];
    struct vk_tile tile = vk_choose_tile(stream->device, args->x->dtype, samples, outputs, 1, true);
    struct vk_linear_push push = push_of(samples, outputs, inputs, tile);
    push.bias = args->bias != NULL;
    struct vk_dispatch dispatch =
        dispatch_of(stream->device, kernels, tile, &push, 1, vk_wide_operands(inputs, inputs));
    dispatch.constants[FLOAT_Y_CONSTANT] = args->y->dtype != args->x->dtype;
    dispatch.storage[0] = vk_range_of(args->y);
    dispatch.storage[1] = vk_range_of(args->x);
    dispatch.storage[2] = vk_range_of(args->weight);
    dispatch.storage[3] = vk_range_of(args->bias ? args->bias : args->weight);
    return dispatch_passes(stream, &dispatch, &push, &tile, relu);
}

enum tuff_status vk_linear_forward(struct tuff_stream *stream, const struct tuff_linear_forward_args *args)
{
    return forward(stream, args, false);
}

enum tuff_status vk_linear_relu_forward(struct tuff_stream *stream,
                                        const struct tuff_linear_relu_forward_args *args)
{
    const struct tuff_linear_forward_args linear = {
        .size = sizeof linear, .y = args->y, .x = args->x, .weight = args->weight, .bias = args->bias};
    return forward(stream, &linear, true);
}

enum tuff_status vk_linear_backward_input(struct tuff_stream *stream,
                                          const struct tuff_linear_backward_input_args *args)
{
    static const struct vk_kernel kernels[] =
        VK_PRODUCT_KERNELS(.shader = VK_SHADER_linear_backward_input, .storage_count = 4, .written = 1,
                           .push_bytes = sizeof(struct vk_linear_push), .constant_count = VK_MAX_CONSTANTS,
                           .relu_backward = true);
    uint32_t samples = args->dx->dims[0], inputs = args->dx->dims[1], outputs = args->dy->dims[1];
    struct vk_tile tile = vk_choose_tile(stream->device, args->dy->dtype, samples, inputs, 1, true);
    struct vk_linear_push push = push_of(samples, inputs, outputs, tile);
    struct vk_dispatch dispatch =
        dispatch_of(stream->device, kernels, tile, &push, 1, vk_wide_operands(outputs, inputs));
    dispatch.storage[0] = vk_range_of(args->dx);
    dispatch.storage[1] = vk_range_of(args->dy);
    dispatch.storage[2] = vk_range_of(args->weight);
    dispatch.storage[VK_RELU_STORAGE] = dispatch.storage[1];
    return dispatch_passes(stream, &dispatch, &push, &tile, false);
}

// From so many samples on the sum over them is split, which makes workgroups enough.
enum { SPLIT_SAMPLES = 512 };

// How the product of backward_weight is laid out.
struct weight_plan {
    struct vk_tile tile;
    struct vk_linear_push push;
    struct vk_split split;
};

static struct weight_plan plan_weight(const struct tuff_device *device,
                                      const struct tuff_linear_backward_weight_args *args)
{
    struct weight_plan plan;
    uint32_t samples = args->x->dims[0], inputs = args->x->dims[1], outputs = args->dy->dims[1];
    uint32_t bias = args->dbias != NULL;
    plan.tile = vk_choose_tile(device, args->x->dtype, outputs, inputs + bias, 1, samples < SPLIT_SAMPLES);
    plan.push = push_of(outputs, inputs + bias, samples, plan.tile);
    plan.split = vk_split_sum(device, samples, (uint64_t)outputs * (inputs + bias),
                              (uint64_t)plan.push.tiles_m * plan.push.tiles_n);
    plan.push.bias = bias;
    plan.push.chunk = plan.split.chunk;
    plan.push.split = plan.split.count > 1;
    return plan;
}

uint32_t vk_linear_backward_weight_chunk(const struct tuff_device *device,
                                         const struct tuff_linear_backward_weight_args *args)
{
    return plan_weight(device, args).split.chunk;
}

uint64_t vk_linear_backward_weight_workspace(const struct tuff_device *device,
                                             const struct tuff_linear_backward_weight_args *args)
{
    return plan_weight(device, args).split.bytes;
}

enum tuff_status vk_linear_backward_weight(struct tuff_stream *stream,
                                           const struct tuff_linear_backward_weight_args *args)
{
    static const struct vk_kernel kernels[] =
        VK_PRODUCT_KERNELS(.shader = VK_SHADER_linear_backward_weight, .storage_count = 4, .written = 3,
                           .push_bytes = sizeof(struct vk_linear_push), .constant_count = VK_MAX_CONSTANTS);
    struct weight_plan plan = plan_weight(stream->device, args);
    bool split = plan.split.count > 1;
    struct vk_range out = vk_range_of(args->dweight);
    if (split)
        out = vk_range_within(args->workspace, 0, plan.split.bytes);
    struct vk_dispatch dispatch =
        dispatch_of(stream->device, kernels, plan.tile, &plan.push, plan.split.count,
                    vk_wide_operands(plan.push.m, args->x->dims[1]));
    dispatch.storage[0] = out;
    // Where the bias goes nowhere, its binding shows what the first one does.
    dispatch.storage[1] = args->dbias && !split ? vk_range_of(args->dbias) : out;
    dispatch.storage[2] = vk_range_of(args->dy);
    dispatch.storage[3] = vk_range_of(args->x);
    enum tuff_status status = tune(stream, &dispatch, &plan.push, &plan.tile);
    if (status == TUFF_OK)
        status = vk_dispatch(stream, &dispatch);
    if (status != TUFF_OK || !split)
        return status;
    return vk_sum_partials(stream, args->dweight, args->dbias, args->workspace, plan.push.m, plan.push.n,
                           &plan.split);
}
