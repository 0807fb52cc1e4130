// conv2d for few channels: what shaders/conv2d_*_direct.comp need.
#include "conv2d.h"

// As in shaders/include/conv2d_direct.glsl.
enum { STRIP = 4 };

enum {
    DIRECT_LOCAL_SIZE = 64, // there are few invocations, each with much to do
    DIRECT_CONSTANTS = 12,  // without a ReLU
    DIRECT_MAX_BLOCK = 8,   // channels of a result at once: 32 sums
    DIRECT_MAX_SUMS = 112,  // of backward_weight: half of what a GPU holds in registers
    DIRECT_MAX_WINDOW = 49, // what is unrolled
    DIRECT_MAX_COLUMNS = 32,
    DIRECT_MAX_CHANNELS = 16,    // more fill the tiles of a matrix product
    DIRECT_WORKERS = 1024,       // invocations that backward_weight aims at
    DIRECT_MAX_STRIPS = 1 << 15, // of each, lest a driver ends its loop (rounds.c)
    // With GPU-assisted validation, which makes a branch of every access: CPU drivers then take minutes to
    // compile what is unrolled as above.
    VALIDATED_MAX_BLOCK = 2,
    VALIDATED_MAX_WINDOW = 16,
};

static bool few_channels(const struct tuff_device *device, const struct vk_conv2d *conv)
{
    const uint64_t most_window = device->backend->gpu_assisted ? VALIDATED_MAX_WINDOW : DIRECT_MAX_WINDOW;
    const struct tuff_conv2d_params *params = conv->params;
    uint64_t group_channels = conv->weight->dims[1];
    uint64_t group_filters = conv->weight->dims[0] / params->groups;
    uint64_t window = (uint64_t)conv->weight->dims[2] * conv->weight->dims[3];
    uint64_t columns = (STRIP - 1) * (uint64_t)vk_conv2d_stride_w(conv) +
                       (conv->weight->dims[3] - UINT64_C(1)) * params->dilation_w + 1;
    return group_channels <= DIRECT_MAX_CHANNELS && group_filters <= DIRECT_MAX_CHANNELS &&
           window <= most_window && columns <= DIRECT_MAX_COLUMNS;
}

bool vk_conv2d_direct_forward_fits(const struct tuff_device *device, const struct vk_conv2d *conv)
{
    return few_channels(device, conv) && tuff_tensor_bytes(conv->weight) <= VK_MAX_UNIFORM;
}

bool vk_conv2d_direct_backward_input_fits(const struct tuff_device *device, const struct vk_conv2d *conv)
{
    // With a stride the outputs under a strip differ from pixel to pixel.
    return few_channels(device, conv) && tuff_tensor_bytes(conv->weight) <= VK_MAX_UNIFORM &&
           vk_conv2d_stride_h(conv) == 1 && vk_conv2d_stride_w(conv) == 1;
}

bool vk_conv2d_direct_backward_weight_fits(const struct tuff_device *device, const struct vk_conv2d *conv)
{
    return few_channels(device, conv);
}

// Channels cut into blocks as equal as can be.
struct blocks {
    uint32_t size, count;
};

static struct blocks cut_channels(uint32_t channels, uint32_t most)
{
    uint32_t count = (uint32_t)vk_divide_up(channels, most);
    return (struct blocks){(uint32_t)vk_divide_up(channels, count), count};
}

// Channels of a result that an invocation computes at once, at most.
static uint32_t most_block(const struct tuff_device *device)
{
    return device->backend->gpu_assisted ? VALIDATED_MAX_BLOCK : DIRECT_MAX_BLOCK;
}

// rows, columns: of the tensor that strips are cut from.
static struct vk_conv2d_direct_push push_of(const struct vk_conv2d *conv, uint32_t rows, uint32_t columns)
{
    uint32_t strips_in_row = (uint32_t)vk_divide_up(columns, STRIP);
    return (struct vk_conv2d_direct_push){
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
        .strips_in_row = strips_in_row,
        .strips = conv->x->dims[0] * rows * strips_in_row,
    };
}

// inner: channels of a group that are summed over.
static struct vk_dispatch dispatch_of(const struct vk_kernel *kernel, const struct vk_conv2d *conv,
                                      struct blocks blocks, uint32_t inner)
{
    const struct tuff_conv2d_params *params = conv->params;
    return (struct vk_dispatch){
        .kernel = kernel,
        .constants = {DIRECT_LOCAL_SIZE, blocks.size, blocks.count, params->groups, inner,
                      conv->weight->dims[2], conv->weight->dims[3], vk_conv2d_stride_h(conv),
                      vk_conv2d_stride_w(conv), params->dilation_h, params->dilation_w,
                      conv->y->dims[3] % STRIP != 0},
    };
}

enum tuff_status vk_conv2d_convolve_direct(struct tuff_stream *stream,
                                           const struct tuff_conv2d_forward_args *args, bool relu)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_conv2d_forward_direct,
        .storage_count = 3,
        .written = 1,
        .uniform = true,
        .push_bytes = sizeof(struct vk_conv2d_direct_push),
        .constant_count = VK_MAX_CONSTANTS,
    };
    struct vk_conv2d conv = {args->params, args->x, args->y, args->weight};
    struct vk_conv2d_direct_push push = push_of(&conv, args->y->dims[2], args->y->dims[3]);
    push.workers = (uint32_t)vk_divide_up(push.strips, DIRECT_LOCAL_SIZE);
    push.bias = args->bias != NULL;
    struct blocks blocks = cut_channels(push.group_filters, most_block(stream->device));
    struct vk_dispatch dispatch = dispatch_of(&kernel, &conv, blocks, push.group_channels);
    dispatch.constants[VK_RELU_CONSTANT] = relu;
    dispatch.storage[0] = vk_range_of(args->y);
    dispatch.storage[1] = vk_range_of(args->x);
    dispatch.storage[2] = vk_range_of(args->bias ? args->bias : args->weight);
    dispatch.uniform = vk_uniform_of(args->weight);
    dispatch.push = &push;
    dispatch.groups = (uint64_t)push.workers * blocks.count * args->params->groups;
    return vk_dispatch(stream, &dispatch);
}

enum tuff_status vk_conv2d_direct_backward_input(struct tuff_stream *stream,
                                                 const struct tuff_conv2d_backward_input_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_conv2d_backward_input_direct,
        .storage_count = 4,
        .written = 1,
        .uniform = true,
        .push_bytes = sizeof(struct vk_conv2d_direct_push),
        .constant_count = VK_MAX_CONSTANTS,
        .relu_backward = true,
    };
    struct vk_conv2d conv = {args->params, args->dx, args->dy, args->weight};
    struct vk_conv2d_direct_push push = push_of(&conv, args->dx->dims[2], args->dx->dims[3]);
    push.workers = (uint32_t)vk_divide_up(push.strips, DIRECT_LOCAL_SIZE);
    struct blocks blocks = cut_channels(push.group_channels, most_block(stream->device));
    struct vk_dispatch dispatch = dispatch_of(&kernel, &conv, blocks, push.group_filters);
    dispatch.constants[VK_FLOAT_DX_CONSTANT] = args->dx->dtype != args->dy->dtype;
    dispatch.storage[0] = vk_range_of(args->dx);
    dispatch.storage[1] = vk_range_of(args->dy);
    dispatch.storage[2] = dispatch.storage[1]; // not used by the shader
    dispatch.storage[VK_RELU_STORAGE] = dispatch.storage[1];
    dispatch.uniform = vk_uniform_of(args->weight);
    dispatch.push = &push;
    dispatch.groups = (uint64_t)push.workers * blocks.count * args->params->groups;
    return vk_dispatch(stream, &dispatch);
}

// How backward_weight shares its work. The numbers follow from the shape (and from GPU-assisted validation),
// and with them the order of sums.
struct weight_plan {
    struct vk_conv2d_direct_push push;
    struct blocks blocks;
    uint32_t columns; // of a filter in the partial sums
    struct vk_split split;
};

static struct weight_plan plan_weight(const struct tuff_device *device,
                                      const struct tuff_conv2d_backward_weight_args *args)
{
    struct vk_conv2d conv = {args->params, args->x, args->dy, args->dweight};
    struct weight_plan plan = {.push = push_of(&conv, args->dy->dims[2], args->dy->dims[3])};
    uint32_t window = args->dweight->dims[2] * args->dweight->dims[3];
    uint32_t most = DIRECT_MAX_SUMS / window;
    plan.blocks =
        cut_channels(plan.push.group_filters, most < most_block(device) ? most : most_block(device));
    plan.push.bias = args->dbias != NULL;
    plan.columns = args->dweight->dims[1] * window + plan.push.bias;
    // Some workers a task, even if there are many tasks, and some strips a worker.
    uint64_t tasks = (uint64_t)plan.push.group_channels * plan.blocks.count * args->params->groups;
    uint64_t workers = vk_divide_up(DIRECT_WORKERS, tasks);
    if (workers < 32)
        workers = 32;
    if (workers > vk_divide_up(plan.push.strips, 4))
        workers = vk_divide_up(plan.push.strips, 4);
    const uint64_t fitting =
        VK_SPLIT_MAX_BYTES / ((uint64_t)plan.push.filters * plan.columns * sizeof(float));
    if (workers > fitting)
        workers = fitting;
    if (workers < vk_divide_up(plan.push.strips, DIRECT_MAX_STRIPS))
        workers = vk_divide_up(plan.push.strips, DIRECT_MAX_STRIPS);
    plan.push.workers = (uint32_t)workers;
    plan.split = (struct vk_split){
        .count = plan.push.workers,
        .bytes = workers * plan.push.filters * plan.columns * sizeof(float),
    };
    return plan;
}

uint64_t vk_conv2d_direct_workspace(const struct tuff_device *device,
                                    const struct tuff_conv2d_backward_weight_args *args)
{
    return plan_weight(device, args).split.bytes;
}

enum tuff_status vk_conv2d_direct_backward_weight(struct tuff_stream *stream,
                                                  const struct tuff_conv2d_backward_weight_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_conv2d_backward_weight_direct,
        .storage_count = 3,
        .written = 1,
        .push_bytes = sizeof(struct vk_conv2d_direct_push),
        .constant_count = DIRECT_CONSTANTS,
    };
    struct weight_plan plan = plan_weight(stream->device, args);
    struct vk_conv2d conv = {args->params, args->x, args->dy, args->dweight};
    struct vk_dispatch dispatch = dispatch_of(&kernel, &conv, plan.blocks, plan.push.group_channels);
    dispatch.storage[0] = vk_range_within(args->workspace, 0, plan.split.bytes);
    dispatch.storage[1] = vk_range_of(args->dy);
    dispatch.storage[2] = vk_range_of(args->x);
    dispatch.push = &plan.push;
    dispatch.groups = vk_divide_up((uint64_t)plan.push.workers * plan.push.group_channels *
                                       plan.blocks.count * args->params->groups,
                                   DIRECT_LOCAL_SIZE);
    enum tuff_status status = vk_dispatch(stream, &dispatch);
    if (status != TUFF_OK)
        return status;
    return vk_sum_partials(stream, args->dweight, args->dbias, args->workspace, plan.push.filters,
                           plan.columns, &plan.split);
}
