// conv2d_forward, conv2d_relu_forward, conv2d_backward_input, conv2d_backward_weight
#include "conv2d.h"
#include "tune.h"

enum { CONV2D_CONSTANTS = VK_TILE_CONSTANTS + 6 };

bool vk_conv2d_fits(const struct vk_conv2d *conv)
{
    const struct tuff_conv2d_params *params = conv->params;
    const uint64_t most = UINT64_C(1) << 28; // sums of a few of these are 32-bit integers
    const uint64_t most_phases = UINT64_C(1) << 20;
    return (uint64_t)conv->weight->dims[2] * params->dilation_h < most &&
           (uint64_t)conv->weight->dims[3] * params->dilation_w < most && params->pad_top < most &&
           params->pad_bottom < most && params->pad_left < most && params->pad_right < most &&
           (uint64_t)vk_conv2d_stride_h(conv) * vk_conv2d_stride_w(conv) <= most_phases;
}

// The convolution's shapes; m, n and k are left open.
static struct vk_conv2d_push push_of(const struct vk_conv2d *conv)
{
    return (struct vk_conv2d_push){
        .batch = conv->x->dims[0],
        .channels = conv->x->dims[1],
        .filters = conv->y->dims[1],
        .group_channels = conv->x->dims[1] / conv->params->groups,
        .group_filters = conv->y->dims[1] / conv->params->groups,
        .in_h = conv->x->dims[2],
        .in_w = conv->x->dims[3],
        .out_h = conv->y->dims[2],
        .out_w = conv->y->dims[3],
        .pad_top = conv->params->pad_top,
        .pad_left = conv->params->pad_left,
        .groups = conv->params->groups,
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

// parts: chunks of the sum, or phases of a stride. wide: vk_wide_operands.
static struct vk_dispatch dispatch_of(const struct tuff_device *device, const struct vk_kernel *kernels,
                                      const struct vk_conv2d *conv, struct vk_tile tile,
                                      const struct vk_conv2d_push *push, uint32_t parts, uint32_t wide)
{
    struct vk_dispatch dispatch = {
        .kernel = &kernels[vk_tile_on_matrix_units(&tile)],
        .constants = {[VK_TILE_CONSTANTS] = conv->weight->dims[2],
                      conv->weight->dims[3],
                      vk_conv2d_stride_h(conv),
                      vk_conv2d_stride_w(conv),
                      conv->params->dilation_h,
                      conv->params->dilation_w},
        .push = push,
        .groups = (uint64_t)push->tiles_m * push->tiles_n * push->groups * parts,
    };
    vk_set_tile_constants(device, &tile, wide, dispatch.constants);
    return dispatch;
}

// Dispatches the product in that tile or a better one.
static enum tuff_status dispatch_product(struct tuff_stream *stream, struct vk_dispatch *dispatch,
                                         struct vk_conv2d_push *push, const struct vk_tile *tile)
{
    const struct vk_product product = {*tile, push->m, push->n, &push->tiles_m, &push->tiles_n};
    enum tuff_status status = vk_tune_product(stream, dispatch, &product);
    return status == TUFF_OK ? vk_dispatch(stream, dispatch) : status;
}

// Bytes of a workspace for a product that takes `bytes` of it, with its operands in NHWC behind that if there
// are any and if all of it, `taken` bytes that others need included, is no more than a tensor may have. Else
// the product takes its operands as they are, as every shape did that fits without.
static uint64_t with_nhwc(const struct tuff_device *device, uint64_t taken, uint64_t bytes, uint64_t nhwc)
{
    const struct vk_limits *limits = &device->physical->limits;
    const uint64_t most =
        vk_least(vk_least(limits->range_bytes, limits->allocation_bytes), (uint64_t)UINT32_MAX);
    const uint64_t all = vk_conv2d_nhwc_section(bytes) + nhwc;
    return nhwc > 0 && taken + all <= most ? all : bytes;
}

// Whether that workspace has room for them, which is what the above has decided.
static bool has_room(const struct tuff_tensor *workspace, uint64_t bytes, uint64_t nhwc)
{
    return nhwc > 0 && workspace && tuff_tensor_bytes(workspace) >= vk_conv2d_nhwc_section(bytes) + nhwc;
}

// How a product is laid out whose sum is not split.
struct plan {
    struct vk_tile tile;
    struct vk_conv2d_push push;
};

static struct plan plan_forward(const struct tuff_device *device, const struct vk_conv2d *conv, bool bias)
{
    struct plan plan = {.push = push_of(conv)};
    const uint32_t window = conv->weight->dims[2] * conv->weight->dims[3];
    const uint32_t pixels = plan.push.batch * plan.push.out_h * plan.push.out_w;
    plan.tile =
        vk_choose_tile(device, conv->x->dtype, plan.push.group_filters, pixels, plan.push.groups, true);
    set_product(&plan.push, plan.tile, plan.push.group_filters, pixels, plan.push.group_channels * window);
    plan.push.bias = bias;
    return plan;
}

uint64_t vk_conv2d_forward_workspace(const struct tuff_device *device,
                                     const struct tuff_conv2d_params *params, const struct tuff_tensor *y,
                                     const struct tuff_tensor *x, const struct tuff_tensor *weight,
                                     uint64_t taken)
{
    if (vk_conv2d_needs_padded_image(params))
        return vk_conv2d_forward_padded_workspace(device, params, y, x, weight);
    const struct vk_conv2d conv = {params, x, y, weight};
    if (vk_conv2d_direct_forward_fits(device, &conv))
        return 0;
    const struct plan plan = plan_forward(device, &conv, false);
    return with_nhwc(device, taken, 0, vk_conv2d_nhwc_forward_bytes(device, &conv, &plan.tile));
}

enum tuff_status vk_conv2d_convolve(struct tuff_stream *stream, const struct tuff_conv2d_forward_args *args,
                                    bool relu)
{
    static const struct vk_kernel kernels[] =
        VK_PRODUCT_KERNELS(.shader = VK_SHADER_conv2d_forward, .storage_count = 4, .written = 1,
                           .push_bytes = sizeof(struct vk_conv2d_push), .constant_count = VK_MAX_CONSTANTS);
    if (vk_conv2d_needs_padded_image(args->params))
        return vk_conv2d_convolve_padded(stream, args, relu);
    struct vk_conv2d conv = {args->params, args->x, args->y, args->weight};
    if (vk_conv2d_direct_forward_fits(stream->device, &conv))
        return vk_conv2d_convolve_direct(stream, args, relu);
    struct plan plan = plan_forward(stream->device, &conv, args->bias != NULL);
    struct vk_dispatch dispatch = dispatch_of(stream->device, kernels, &conv, plan.tile, &plan.push, 1,
                                              vk_wide_operands(plan.push.k, plan.push.out_w));
    dispatch.constants[VK_RELU_CONSTANT] = relu;
    dispatch.storage[0] = vk_range_of(args->y);
    dispatch.storage[1] = vk_range_of(args->x);
    dispatch.storage[2] = vk_range_of(args->weight);
    dispatch.storage[3] = vk_range_of(args->bias ? args->bias : args->weight);
    enum tuff_status status = TUFF_OK;
    if (has_room(args->workspace, 0, vk_conv2d_nhwc_forward_bytes(stream->device, &conv, &plan.tile)))
        status = vk_conv2d_nhwc_forward(stream, &conv, args->workspace, &dispatch, &plan.push);
    return status == TUFF_OK ? dispatch_product(stream, &dispatch, &plan.push, &plan.tile) : status;
}

enum tuff_status vk_conv2d_forward(struct tuff_stream *stream, const struct tuff_conv2d_forward_args *args)
{
    return vk_conv2d_convolve(stream, args, false);
}

enum tuff_status vk_conv2d_relu_forward(struct tuff_stream *stream,
                                        const struct tuff_conv2d_relu_forward_args *args)
{
    const struct tuff_conv2d_forward_args conv = {.size = sizeof conv,
                                                  .params = args->params,
                                                  .workspace = args->workspace,
                                                  .y = args->y,
                                                  .x = args->x,
                                                  .weight = args->weight,
                                                  .bias = args->bias};
    return vk_conv2d_convolve(stream, &conv, true);
}

static uint32_t greatest_common_divisor(uint32_t a, uint32_t b)
{
    while (b != 0) {
        uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

// A product per phase of the stride. The shader finds each one's length; here stands what they have at most.
static struct plan plan_input(const struct tuff_device *device, const struct vk_conv2d *conv)
{
    struct plan plan = {.push = push_of(conv)};
    const uint32_t stride_h = vk_conv2d_stride_h(conv), stride_w = vk_conv2d_stride_w(conv);
    const uint32_t pixels = (uint32_t)(plan.push.batch * vk_divide_up(plan.push.in_h, stride_h) *
                                       vk_divide_up(plan.push.in_w, stride_w));
    plan.tile = vk_choose_tile(device, conv->y->dtype, plan.push.group_channels, pixels,
                               (uint64_t)plan.push.groups * stride_h * stride_w, true);
    set_product(&plan.push, plan.tile, plan.push.group_channels, pixels,
                plan.push.group_filters * conv->weight->dims[2] * conv->weight->dims[3]);
    return plan;
}

uint64_t vk_conv2d_backward_input_workspace(const struct tuff_device *device,
                                            const struct tuff_conv2d_backward_input_args *args,
                                            uint64_t taken)
{
    if (vk_conv2d_needs_padded_image(args->params))
        return vk_conv2d_backward_input_padded_workspace(device, args);
    const struct vk_conv2d conv = {args->params, args->dx, args->dy, args->weight};
    if (vk_conv2d_direct_backward_input_fits(device, &conv))
        return 0;
    const struct plan plan = plan_input(device, &conv);
    return with_nhwc(device, taken, 0, vk_conv2d_nhwc_backward_input_bytes(device, &conv, &plan.tile));
}

enum tuff_status vk_conv2d_backward_input(struct tuff_stream *stream,
                                          const struct tuff_conv2d_backward_input_args *args)
{
    static const struct vk_kernel kernels[] =
        VK_PRODUCT_KERNELS(.shader = VK_SHADER_conv2d_backward_input, .storage_count = 4, .written = 1,
                           .push_bytes = sizeof(struct vk_conv2d_push), .constant_count = VK_MAX_CONSTANTS,
                           .relu_backward = true);
    if (vk_conv2d_needs_padded_image(args->params))
        return vk_conv2d_backward_input_padded(stream, args);
    struct vk_conv2d conv = {args->params, args->dx, args->dy, args->weight};
    if (vk_conv2d_direct_backward_input_fits(stream->device, &conv))
        return vk_conv2d_direct_backward_input(stream, args);
    struct plan plan = plan_input(stream->device, &conv);
    const uint32_t stride_h = vk_conv2d_stride_h(&conv), stride_w = vk_conv2d_stride_w(&conv);
    struct vk_dispatch dispatch =
        dispatch_of(stream->device, kernels, &conv, plan.tile, &plan.push, stride_h * stride_w,
                    vk_wide_operands(1, (uint32_t)vk_divide_up(plan.push.in_w, stride_w)));
    dispatch.constants[CONV2D_CONSTANTS] =
        stride_h / greatest_common_divisor(stride_h, args->params->dilation_h);
    dispatch.constants[CONV2D_CONSTANTS + 1] =
        stride_w / greatest_common_divisor(stride_w, args->params->dilation_w);
    dispatch.constants[VK_FLOAT_DX_CONSTANT] = args->dx->dtype != args->dy->dtype;
    dispatch.storage[0] = vk_range_of(args->dx);
    dispatch.storage[1] = vk_range_of(args->dy);
    dispatch.storage[2] = vk_range_of(args->weight);
    dispatch.storage[VK_RELU_STORAGE] = dispatch.storage[1];
    enum tuff_status status = TUFF_OK;
    if (has_room(args->workspace, 0, vk_conv2d_nhwc_backward_input_bytes(stream->device, &conv, &plan.tile)))
        status = vk_conv2d_nhwc_backward_input(stream, &conv, args->workspace, &dispatch, &plan.push);
    return status == TUFF_OK ? dispatch_product(stream, &dispatch, &plan.push, &plan.tile) : status;
}

// How the product of backward_weight is laid out.
struct weight_plan {
    struct vk_tile tile;
    struct vk_conv2d_push push;
    struct vk_split split;
};

static struct weight_plan plan_weight(const struct tuff_device *device, const struct vk_conv2d *conv,
                                      bool bias)
{
    struct weight_plan plan = {.push = push_of(conv)};
    uint32_t columns = conv->weight->dims[1] * conv->weight->dims[2] * conv->weight->dims[3] + bias;
    plan.tile =
        vk_choose_tile(device, conv->x->dtype, plan.push.group_filters, columns, plan.push.groups, false);
    set_product(&plan.push, plan.tile, plan.push.group_filters, columns,
                plan.push.batch * plan.push.out_h * plan.push.out_w);
    plan.split = vk_split_sum(device, plan.push.k, (uint64_t)plan.push.filters * columns,
                              (uint64_t)plan.push.tiles_m * plan.push.tiles_n * plan.push.groups);
    // The chunks, and with them the order of the sums, are those of the table's tile; a driver that computes
    // on the CPU does them sooner in tiles of its own.
    if (vk_on_cpu(device)) {
        plan.tile = vk_choose_tile(device, conv->x->dtype, plan.push.group_filters, columns,
                                   (uint64_t)plan.push.groups * plan.split.count, true);
        set_product(&plan.push, plan.tile, plan.push.group_filters, columns, plan.push.k);
    }
    plan.push.bias = bias;
    plan.push.chunk = plan.split.chunk;
    plan.push.split = plan.split.count > 1;
    return plan;
}

uint32_t vk_conv2d_backward_weight_chunk(const struct tuff_device *device,
                                         const struct tuff_conv2d_backward_weight_args *args)
{
    // Padding of another kind than zeros changes neither what is summed nor how many terms there are.
    struct vk_conv2d conv = {args->params, args->x, args->dy, args->dweight};
    if (vk_conv2d_direct_backward_weight_fits(device, &conv))
        return 0;
    return plan_weight(device, &conv, args->dbias != NULL).split.chunk;
}

uint64_t vk_conv2d_backward_weight_workspace(const struct tuff_device *device,
                                             const struct tuff_conv2d_backward_weight_args *args,
                                             uint64_t taken)
{
    if (vk_conv2d_needs_padded_image(args->params))
        return vk_conv2d_backward_weight_padded_workspace(device, args);
    struct vk_conv2d conv = {args->params, args->x, args->dy, args->dweight};
    if (vk_conv2d_direct_backward_weight_fits(device, &conv))
        return vk_conv2d_direct_workspace(device, args);
    const struct weight_plan plan = plan_weight(device, &conv, args->dbias != NULL);
    return with_nhwc(device, taken, plan.split.bytes,
                     vk_conv2d_nhwc_backward_weight_bytes(device, &conv, &plan.tile));
}

enum tuff_status vk_conv2d_backward_weight(struct tuff_stream *stream,
                                           const struct tuff_conv2d_backward_weight_args *args)
{
    static const struct vk_kernel kernels[] =
        VK_PRODUCT_KERNELS(.shader = VK_SHADER_conv2d_backward_weight, .storage_count = 4, .written = 3,
                           .push_bytes = sizeof(struct vk_conv2d_push), .constant_count = VK_MAX_CONSTANTS);
    if (vk_conv2d_needs_padded_image(args->params))
        return vk_conv2d_backward_weight_padded(stream, args);
    struct vk_conv2d conv = {args->params, args->x, args->dy, args->dweight};
    if (vk_conv2d_direct_backward_weight_fits(stream->device, &conv))
        return vk_conv2d_direct_backward_weight(stream, args);
    struct weight_plan plan = plan_weight(stream->device, &conv, args->dbias != NULL);
    bool split = plan.split.count > 1;
    struct vk_range out = vk_range_of(args->dweight);
    if (split)
        out = vk_range_within(args->workspace, 0, plan.split.bytes);
    struct vk_dispatch dispatch =
        dispatch_of(stream->device, kernels, &conv, plan.tile, &plan.push, plan.split.count,
                    vk_wide_operands(plan.push.out_h * plan.push.out_w, plan.push.out_w));
    dispatch.storage[0] = out;
    // Where the bias goes nowhere, its binding shows what the first one does.
    dispatch.storage[1] = args->dbias && !split ? vk_range_of(args->dbias) : out;
    dispatch.storage[2] = vk_range_of(args->dy);
    dispatch.storage[3] = vk_range_of(args->x);
    enum tuff_status status = TUFF_OK;
    if (has_room(args->workspace, plan.split.bytes,
                 vk_conv2d_nhwc_backward_weight_bytes(stream->device, &conv, &plan.tile)))
        status = vk_conv2d_nhwc_backward_weight(stream, &conv, args->workspace, plan.split.bytes, &dispatch,
                                                &plan.push);
    if (status == TUFF_OK)
        status = dispatch_product(stream, &dispatch, &plan.push, &plan.tile);
    if (status != TUFF_OK || !split)
        return status;
    return vk_sum_partials(stream, args->dweight, args->dbias, args->workspace, plan.push.filters,
                           plan.push.n, &plan.split);
}
