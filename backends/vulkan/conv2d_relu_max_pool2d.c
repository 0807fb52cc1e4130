// conv2d_relu_max_pool2d_forward, _backward_input, _backward_weight
#include "conv2d_relu_max_pool2d.h"
#include "gemm.h"

enum {
    POOLED_CONSTANTS = 12,    // without a ReLU
    POOLED_MAX_CHANNELS = 16, // more fill the tiles of a matrix product
    POOLED_MAX_KERNEL = 49,   // what is unrolled
    POOLED_MAX_POOL = 9,
    POOLED_MAX_SUMS = 64,         // of an invocation
    POOLED_MAX_WEIGHT_SUMS = 112, // of backward_weight: half of what a GPU holds in registers
    POOLED_CPU_WEIGHT_SUMS = 200, // of the same on a driver that computes on the CPU
    POOLED_MAX_BLOCK = 8,
    POOLED_MAX_LOCAL_SIZE = 128,
    POOLED_CPU_LOCAL_SIZE = 16, // more make such a driver keep more invocations at the barrier
    POOLED_MAX_STAGED = 4096,   // winners of a workgroup in shared memory, a word each
    POOLED_WORKERS = 1024,      // invocations that backward_weight aims at
    POOLED_CPU_WORKERS = 256, // on a driver that computes on the CPU, whose few threads have much to do each
    POOLED_CPU_UNITS = 4,     // workgroups of forward that keep such a driver's threads busy
    POOLED_CPU_WINDOWS = 128, // of such a workgroup at least, if the others have as many
    POOLED_WINDOWS = 16,      // of each of them at least, or partial sums outweigh the sums
    POOLED_MAX_WINDOWS = 1 << 14, // at most, lest a driver ends its loops, of rows and of windows (rounds.c)
    // With GPU-assisted validation, which makes a branch of every access: CPU drivers then take minutes to
    // compile what is unrolled as above.
    VALIDATED_MAX_BLOCK = 2,
    VALIDATED_MAX_KERNEL = 9,
    VALIDATED_MAX_POOL = 4,
};

static uint64_t positions_of(const struct vk_pooled_conv *conv)
{
    return (uint64_t)conv->y->dims[2] * conv->y->dims[3];
}

// Blocks as equal as can be.
static struct vk_blocks cut_channels(const struct tuff_device *device, uint32_t channels, uint32_t most)
{
    if (device->backend->gpu_assisted)
        most = (uint32_t)vk_least(most, VALIDATED_MAX_BLOCK);
    uint32_t count = (uint32_t)vk_divide_up(channels, most);
    return (struct vk_blocks){(uint32_t)vk_divide_up(channels, count), count};
}

// What forward's workgroups make: so many images of one block of filters, whose winners fill whole words.
struct units {
    struct vk_blocks blocks;
    uint32_t images;
    uint64_t staged; // winners of a unit
};

static struct units plan_forward(const struct tuff_device *device, const struct vk_pooled_conv *conv)
{
    uint32_t filters = conv->weight->dims[0], pool = conv->params->pool_h * conv->params->pool_w;
    const bool cpu = vk_on_cpu(device) && !device->backend->gpu_assisted;
    uint32_t most = (uint32_t)vk_least(POOLED_MAX_SUMS / pool, cpu ? POOLED_MAX_CHANNELS : POOLED_MAX_BLOCK);
    if (device->backend->gpu_assisted)
        most = (uint32_t)vk_least(most, VALIDATED_MAX_BLOCK);
    uint64_t positions = positions_of(conv);
    struct units units = {{filters, 1}, 1, 0};
    if (filters > most && filters * positions % 4 == 0) {
        // Blocks that begin with a word: of four filters, or of fewer with places enough.
        uint32_t step = positions % 4 == 0 ? 1 : positions % 2 == 0 ? 2 : 4;
        uint32_t count = (uint32_t)vk_divide_up(filters, most);
        units.blocks.size = (uint32_t)(vk_divide_up(vk_divide_up(filters, count), step) * step);
        units.blocks.count = (uint32_t)vk_divide_up(filters, units.blocks.size);
    }
    while (units.images * filters * positions % 4 != 0)
        units.images *= 2;
    units.staged = units.images * units.blocks.size * positions;
    // Where windows are few, a CPU has more to do with the workgroups than in them.
    while (cpu && units.blocks.count == 1 && units.images * positions < POOLED_CPU_WINDOWS &&
           2 * units.staged <= POOLED_MAX_STAGED && 2 * units.images * POOLED_CPU_UNITS <= conv->x->dims[0]) {
        units.images *= 2;
        units.staged *= 2;
    }
    return units;
}

bool vk_pooled_conv_fits(const struct tuff_device *device, const struct vk_pooled_conv *conv)
{
    const struct tuff_conv2d_relu_max_pool2d_params *p = conv->params;
    const bool assisted = device->backend->gpu_assisted;
    const uint64_t kernel = (uint64_t)conv->weight->dims[2] * conv->weight->dims[3];
    const uint64_t pool = (uint64_t)p->pool_h * p->pool_w;
    const bool padded = (p->pad_top | p->pad_bottom | p->pad_left | p->pad_right) != 0;
    if (p->stride_h != 1 || p->stride_w != 1 || p->dilation_h != 1 || p->dilation_w != 1 || p->groups != 1 ||
        (padded && p->padding_mode != TUFF_PADDING_ZEROS) || p->pool_stride_h < p->pool_h ||
        p->pool_stride_w < p->pool_w)
        return false;
    if (conv->weight->dims[0] > POOLED_MAX_CHANNELS || conv->weight->dims[1] > POOLED_MAX_CHANNELS ||
        kernel > (assisted ? VALIDATED_MAX_KERNEL : POOLED_MAX_KERNEL) ||
        pool > (assisted ? VALIDATED_MAX_POOL : POOLED_MAX_POOL) ||
        (uint64_t)p->pool_stride_h * p->pool_stride_w > POOLED_MAX_POOL || p->pad_top >= UINT32_C(1) << 28 ||
        p->pad_left >= UINT32_C(1) << 28 || tuff_tensor_bytes(conv->weight) > VK_MAX_UNIFORM)
        return false;
    const struct units units = plan_forward(device, conv);
    return units.blocks.size * pool <= POOLED_MAX_SUMS && units.staged <= POOLED_MAX_STAGED;
}

static uint32_t forward_local_size(const struct tuff_device *device, uint64_t windows)
{
    if (vk_on_cpu(device))
        return POOLED_CPU_LOCAL_SIZE;
    return windows <= 32 ? 32 : windows <= 64 ? 64 : POOLED_MAX_LOCAL_SIZE;
}

static struct vk_conv2d_pool_push push_of(const struct vk_pooled_conv *conv)
{
    return (struct vk_conv2d_pool_push){
        .batch = conv->x->dims[0],
        .channels = conv->x->dims[1],
        .filters = conv->y->dims[1],
        .in_h = conv->x->dims[2],
        .in_w = conv->x->dims[3],
        .out_h = conv->y->dims[2],
        .out_w = conv->y->dims[3],
        .pad_top = conv->params->pad_top,
        .pad_left = conv->params->pad_left,
    };
}

// inner: channels that are summed over.
static struct vk_dispatch dispatch_of(const struct vk_kernel *kernel, const struct vk_pooled_conv *conv,
                                      struct vk_blocks blocks, uint32_t inner,
                                      const struct vk_conv2d_pool_push *push)
{
    const struct tuff_conv2d_relu_max_pool2d_params *p = conv->params;
    return (struct vk_dispatch){
        .kernel = kernel,
        .constants = {VK_POOLED_LOCAL_SIZE, blocks.size, blocks.count, inner, conv->weight->dims[2],
                      conv->weight->dims[3], p->pool_h, p->pool_w, p->pool_stride_h, p->pool_stride_w,
                      (p->pad_top | p->pad_bottom | p->pad_left | p->pad_right) != 0},
        .push = push,
    };
}

enum tuff_status
vk_conv2d_relu_max_pool2d_forward(struct tuff_stream *stream,
                                  const struct tuff_conv2d_relu_max_pool2d_forward_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_conv2d_relu_max_pool2d_forward,
        .storage_count = 4,
        .written = 3,
        .uniform = true,
        .push_bytes = sizeof(struct vk_conv2d_pool_push),
        .constant_count = POOLED_CONSTANTS,
    };
    struct vk_pooled_conv conv = {args->params, args->x, args->y, args->weight};
    struct units units = plan_forward(stream->device, &conv);
    struct vk_conv2d_pool_push push = push_of(&conv);
    push.bias = args->bias != NULL;
    push.images = units.images;
    struct vk_dispatch dispatch = dispatch_of(&kernel, &conv, units.blocks, push.channels, &push);
    dispatch.constants[0] = forward_local_size(stream->device, units.images * positions_of(&conv));
    // A single winner would be staged as two: 1 stands for none.
    dispatch.constants[POOLED_CONSTANTS - 1] = !args->winner      ? 1
                                               : units.staged > 1 ? (uint32_t)units.staged
                                                                  : 2;
    dispatch.storage[0] = vk_range_of(args->y);
    dispatch.storage[1] = args->winner ? vk_range_of(args->winner) : dispatch.storage[0];
    dispatch.storage[2] = vk_range_of(args->x);
    dispatch.storage[3] = vk_range_of(args->bias ? args->bias : args->weight);
    dispatch.uniform = vk_uniform_of(args->weight);
    dispatch.groups = vk_divide_up(push.batch, units.images) * units.blocks.count;
    return vk_dispatch(stream, &dispatch);
}

enum tuff_status
vk_conv2d_relu_max_pool2d_backward_input(struct tuff_stream *stream,
                                         const struct tuff_conv2d_relu_max_pool2d_backward_input_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_conv2d_relu_max_pool2d_backward_input,
        .storage_count = 4,
        .written = 1,
        .uniform = true,
        .push_bytes = sizeof(struct vk_conv2d_pool_push),
        .constant_count = VK_MAX_CONSTANTS,
        .relu_backward = true,
    };
    struct vk_pooled_conv conv = {args->params, args->dx, args->dy, args->weight};
    const uint32_t stride_h = args->params->pool_stride_h, stride_w = args->params->pool_stride_w;
    struct vk_conv2d_pool_push push = push_of(&conv);
    push.tiles_h = (push.pad_top + push.in_h - 1) / stride_h - push.pad_top / stride_h + 1;
    push.tiles_w = (push.pad_left + push.in_w - 1) / stride_w - push.pad_left / stride_w + 1;
    push.groups_of_tiles =
        (uint32_t)vk_divide_up((uint64_t)push.batch * push.tiles_h * push.tiles_w, VK_POOLED_LOCAL_SIZE);
    struct vk_blocks blocks =
        cut_channels(stream->device, push.channels,
                     (uint32_t)vk_least(POOLED_MAX_SUMS / (stride_h * stride_w), POOLED_MAX_BLOCK));
    struct vk_dispatch dispatch = dispatch_of(&kernel, &conv, blocks, push.filters, &push);
    dispatch.storage[0] = vk_range_of(args->dx);
    dispatch.storage[1] = vk_range_of(args->dy);
    dispatch.storage[2] = vk_range_of(args->winner);
    dispatch.storage[VK_RELU_STORAGE] = dispatch.storage[1];
    dispatch.uniform = vk_uniform_of(args->weight);
    dispatch.groups = (uint64_t)push.groups_of_tiles * blocks.count;
    return vk_dispatch(stream, &dispatch);
}

struct vk_pooled_weight_plan
vk_pooled_weight_plan(const struct tuff_device *device,
                      const struct tuff_conv2d_relu_max_pool2d_backward_weight_args *args)
{
    struct vk_pooled_conv conv = {args->params, args->x, args->dy, args->dweight};
    struct vk_pooled_weight_plan plan = {.push = push_of(&conv)};
    uint32_t kernel = args->dweight->dims[2] * args->dweight->dims[3];
    const bool cpu = vk_on_cpu(device);
    const uint32_t sums = cpu ? POOLED_CPU_WEIGHT_SUMS : POOLED_MAX_WEIGHT_SUMS;
    plan.blocks =
        cut_channels(device, plan.push.filters, (uint32_t)vk_least(sums / kernel, POOLED_MAX_BLOCK));
    plan.push.bias = args->dbias != NULL;
    plan.push.windows = (uint32_t)(plan.push.batch * positions_of(&conv));
    plan.columns = plan.push.channels * kernel + plan.push.bias;
    const uint64_t wanted = cpu ? POOLED_CPU_WORKERS : POOLED_WORKERS;
    uint64_t workers = wanted / ((uint64_t)plan.push.channels * plan.blocks.count);
    uint64_t most = vk_divide_up(plan.push.windows, POOLED_WINDOWS);
    uint64_t least = vk_divide_up(plan.push.windows, POOLED_MAX_WINDOWS);
    if (workers > most)
        workers = most;
    if (workers < 8)
        workers = 8;
    if (workers < least)
        workers = least;
    if (cpu) { // by rows, as many for each
        const uint64_t rows = (uint64_t)plan.push.batch * plan.push.out_h;
        workers = vk_divide_up(rows, vk_divide_up(rows, workers));
    }
    plan.push.workers = (uint32_t)workers;
    plan.split = (struct vk_split){
        .count = plan.push.workers,
        .bytes = workers * plan.push.filters * plan.columns * sizeof(float),
    };
    return plan;
}

uint64_t vk_pooled_conv_workspace(const struct tuff_device *device,
                                  const struct tuff_conv2d_relu_max_pool2d_backward_weight_args *args)
{
    return vk_pooled_weight_plan(device, args).split.bytes;
}

enum tuff_status
vk_conv2d_relu_max_pool2d_backward_weight(struct tuff_stream *stream,
                                          const struct tuff_conv2d_relu_max_pool2d_backward_weight_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_conv2d_relu_max_pool2d_backward_weight,
        .storage_count = 4,
        .written = 1,
        .push_bytes = sizeof(struct vk_conv2d_pool_push),
        .constant_count = POOLED_CONSTANTS,
    };
    struct vk_pooled_weight_plan plan = vk_pooled_weight_plan(stream->device, args);
    struct vk_pooled_conv conv = {args->params, args->x, args->dy, args->dweight};
    struct vk_dispatch dispatch = dispatch_of(&kernel, &conv, plan.blocks, plan.push.channels, &plan.push);
    dispatch.constants[POOLED_CONSTANTS - 1] = vk_on_cpu(stream->device);
    dispatch.storage[0] = vk_range_within(args->workspace, 0, plan.split.bytes);
    dispatch.storage[1] = vk_range_of(args->dy);
    dispatch.storage[2] = vk_range_of(args->winner);
    dispatch.storage[3] = vk_range_of(args->x);
    dispatch.groups = vk_divide_up((uint64_t)plan.push.workers * plan.push.channels * plan.blocks.count,
                                   VK_POOLED_LOCAL_SIZE);
    enum tuff_status status = vk_dispatch(stream, &dispatch);
    if (status != TUFF_OK)
        return status;
    return vk_sum_partials(stream, args->dweight, args->dbias, args->workspace, plan.push.filters,
                           plan.columns, &plan.split);
}
