// conv2d_forward, conv2d_backward_input, conv2d_backward_weight
#include "conv2d.h"
#include "gemm.h"

enum { CONV2D_CONSTANTS = VK_TILE_CONSTANTS + 6 };

bool vk_conv2d_fits(const struct tuff_conv2d_params *params, const struct tuff_tensor *weight)
{
    const uint64_t most = UINT64_C(1) << 30;
    return (uint64_t)weight->dims[2] * params->dilation_h < most &&
           (uint64_t)weight->dims[3] * params->dilation_w < most && params->stride_h < most &&
           params->stride_w < most && params->pad_top < most && params->pad_left < most;
}

// The shapes of one convolution: x (N,C,H,W), y (N,K,OH,OW), weight (K,C/groups,KH,KW); m, n and k are left
// open.
static struct vk_conv2d_push push_of(const struct tuff_conv2d_params *params, const struct tuff_tensor *x,
                                     const struct tuff_tensor *y)
{
    return (struct vk_conv2d_push){
        .batch = x->dims[0],
        .channels = x->dims[1],
        .filters = y->dims[1],
        .group_channels = x->dims[1] / params->groups,
        .group_filters = y->dims[1] / params->groups,
        .in_h = x->dims[2],
        .in_w = x->dims[3],
        .out_h = y->dims[2],
        .out_w = y->dims[3],
        .pad_top = params->pad_top,
        .pad_left = params->pad_left,
        .groups = params->groups,
    };
}

// Sets the product's sizes for a tile.
static void set_product(struct vk_conv2d_push *push, struct vk_tile tile, uint32_t m, uint32_t n, uint32_t k)
{
    push->m = m;
    push->n = n;
    push->k = k;
    push->tiles_m = (uint32_t)vk_divide_up(m, tile.m);
    push->tiles_n = (uint32_t)vk_divide_up(n, tile.n);
    push->chunk = k;
}

static struct vk_dispatch dispatch_of(const struct vk_kernel *kernel, const struct tuff_conv2d_params *params,
                                      const struct tuff_tensor *weight, struct vk_tile tile,
                                      const struct vk_conv2d_push *push, uint32_t chunks)
{
    return (struct vk_dispatch){
        .kernel = kernel,
        .constants = {tile.threads, tile.m, tile.n, tile.row_quads, tile.column_quads, weight->dims[2],
                      weight->dims[3], params->stride_h, params->stride_w, params->dilation_h,
                      params->dilation_w},
        .push = push,
        .groups = (uint64_t)push->tiles_m * push->tiles_n * push->groups * chunks,
    };
}

enum tuff_status vk_conv2d_forward(struct tuff_stream *stream, const struct tuff_conv2d_forward_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_conv2d_forward,
        .storage_count = 4,
        .written = 1,
        .push_bytes = sizeof(struct vk_conv2d_push),
        .constant_count = CONV2D_CONSTANTS,
    };
    if (vk_conv2d_needs_padded_image(args->params))
        return vk_conv2d_forward_padded(stream, args);
    if (vk_conv2d_direct_forward_fits(&(struct vk_conv2d){args->params, args->x, args->y, args->weight}))
        return vk_conv2d_direct_forward(stream, args);
    struct vk_conv2d_push push = push_of(args->params, args->x, args->y);
    uint32_t window = args->weight->dims[2] * args->weight->dims[3];
    uint32_t pixels = push.batch * push.out_h * push.out_w;
    struct vk_tile tile = vk_choose_tile(stream->device, push.group_filters, pixels, push.groups, true);
    set_product(&push, tile, push.group_filters, pixels, push.group_channels * window);
    push.bias = args->bias != NULL;
    struct vk_dispatch dispatch = dispatch_of(&kernel, args->params, args->weight, tile, &push, 1);
    dispatch.storage[0] = vk_range_of(args->y);
    dispatch.storage[1] = vk_range_of(args->x);
    dispatch.storage[2] = vk_range_of(args->weight);
    dispatch.storage[3] = vk_range_of(args->bias ? args->bias : args->weight);
    return vk_dispatch(stream, &dispatch);
}

enum tuff_status vk_conv2d_backward_input(struct tuff_stream *stream,
                                          const struct tuff_conv2d_backward_input_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_conv2d_backward_input,
        .storage_count = 3,
        .written = 1,
        .push_bytes = sizeof(struct vk_conv2d_push),
        .constant_count = CONV2D_CONSTANTS,
    };
    if (vk_conv2d_needs_padded_image(args->params))
        return vk_conv2d_backward_input_padded(stream, args);
    if (vk_conv2d_direct_backward_input_fits(
            &(struct vk_conv2d){args->params, args->dx, args->dy, args->weight}))
        return vk_conv2d_direct_backward_input(stream, args);
    struct vk_conv2d_push push = push_of(args->params, args->dx, args->dy);
    uint32_t window = args->weight->dims[2] * args->weight->dims[3];
    uint32_t pixels = push.batch * push.in_h * push.in_w;
    struct vk_tile tile = vk_choose_tile(stream->device, push.group_channels, pixels, push.groups, true);
    set_product(&push, tile, push.group_channels, pixels, push.group_filters * window);
    struct vk_dispatch dispatch = dispatch_of(&kernel, args->params, args->weight, tile, &push, 1);
    dispatch.storage[0] = vk_range_of(args->dx);
    dispatch.storage[1] = vk_range_of(args->dy);
    dispatch.storage[2] = vk_range_of(args->weight);
    return vk_dispatch(stream, &dispatch);
}

// How the product of backward_weight is laid out.
struct weight_plan {
    struct vk_tile tile;
    struct vk_conv2d_push push;
    struct vk_split split;
};

static struct weight_plan plan_weight(const struct tuff_device *device,
                                      const struct tuff_conv2d_backward_weight_args *args)
{
    struct weight_plan plan;
    plan.push = push_of(args->params, args->x, args->dy);
    uint32_t bias = args->dbias != NULL;
    uint32_t columns = args->dweight->dims[1] * args->dweight->dims[2] * args->dweight->dims[3] + bias;
    plan.tile = vk_choose_tile(device, plan.push.group_filters, columns, plan.push.groups, false);
    set_product(&plan.push, plan.tile, plan.push.group_filters, columns,
                plan.push.batch * plan.push.out_h * plan.push.out_w);
    plan.split = vk_split_sum(plan.push.k, (uint64_t)plan.push.filters * columns,
                              (uint64_t)plan.push.tiles_m * plan.push.tiles_n * plan.push.groups);
    plan.push.bias = bias;
    plan.push.chunk = plan.split.chunk;
    plan.push.split = plan.split.count > 1;
    return plan;
}

static bool weight_direct(const struct tuff_conv2d_backward_weight_args *args)
{
    return vk_conv2d_direct_backward_weight_fits(
        &(struct vk_conv2d){args->params, args->x, args->dy, args->dweight});
}

uint64_t vk_conv2d_backward_weight_workspace(const struct tuff_device *device,
                                             const struct tuff_conv2d_backward_weight_args *args)
{
    if (vk_conv2d_needs_padded_image(args->params))
        return vk_conv2d_backward_weight_padded_workspace(device, args);
    if (weight_direct(args))
        return vk_conv2d_direct_workspace(args);
    return plan_weight(device, args).split.bytes;
}

enum tuff_status vk_conv2d_backward_weight(struct tuff_stream *stream,
                                           const struct tuff_conv2d_backward_weight_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_conv2d_backward_weight,
        .storage_count = 4,
        .written = 3,
        .push_bytes = sizeof(struct vk_conv2d_push),
        .constant_count = CONV2D_CONSTANTS,
    };
    if (vk_conv2d_needs_padded_image(args->params))
        return vk_conv2d_backward_weight_padded(stream, args);
    if (weight_direct(args))
        return vk_conv2d_direct_backward_weight(stream, args);
    struct weight_plan plan = plan_weight(stream->device, args);
    bool split = plan.split.count > 1;
    struct vk_range out = vk_range_of(args->dweight);
    if (split)
        out = (struct vk_range){args->workspace->buffer, args->workspace->offset, plan.split.bytes};
    struct vk_dispatch dispatch =
        dispatch_of(&kernel, args->params, args->dweight, plan.tile, &plan.push, plan.split.count);
    dispatch.storage[0] = out;
    // Where the bias goes nowhere, its binding shows what the first one does.
    dispatch.storage[1] = args->dbias && !split ? vk_range_of(args->dbias) : out;
    dispatch.storage[2] = vk_range_of(args->dy);
    dispatch.storage[3] = vk_range_of(args->x);
    enum tuff_status status = vk_dispatch(stream, &dispatch);
    if (status != TUFF_OK || !split)
        return status;
    return vk_sum_partials(stream, args->dweight, args->dbias, args->workspace, plan.push.filters,
                           plan.push.n, &plan.split);
}
