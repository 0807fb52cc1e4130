// max_pool2d_forward, max_pool2d_backward
#include "max_pool2d_push.h"
#include "ops.h"

enum { POOL_CONSTANTS = 7 };

bool vk_max_pool2d_fits(const struct tuff_max_pool2d_params *params)
{
    const uint64_t most = UINT64_C(1) << 30;
    return (uint64_t)params->kernel_h * params->dilation_h < most &&
           (uint64_t)params->kernel_w * params->dilation_w < most && params->stride_h < most &&
           params->stride_w < most && params->pad_top < most && params->pad_left < most;
}

// x: the unpooled tensor, y: the pooled one, written: the one that the kernel writes.
static struct vk_max_pool2d_push push_of(const struct tuff_max_pool2d_params *params,
                                         const struct tuff_tensor *x, const struct tuff_tensor *y,
                                         const struct tuff_tensor *written)
{
    return (struct vk_max_pool2d_push){
        .count = (uint32_t)tuff_tensor_elements(written),
        .in_h = x->dims[2],
        .in_w = x->dims[3],
        .out_h = y->dims[2],
        .out_w = y->dims[3],
        .pad_top = params->pad_top,
        .pad_left = params->pad_left,
    };
}

static struct vk_dispatch dispatch_of(const struct vk_kernel *kernel,
                                      const struct tuff_max_pool2d_params *params,
                                      const struct vk_max_pool2d_push *push)
{
    return (struct vk_dispatch){
        .kernel = kernel,
        .constants = {VK_LOCAL_SIZE, params->kernel_h, params->kernel_w, params->stride_h, params->stride_w,
                      params->dilation_h, params->dilation_w},
        .push = push,
        .groups = vk_element_groups(push->count),
    };
}

enum tuff_status vk_max_pool2d_forward(struct tuff_stream *stream,
                                       const struct tuff_max_pool2d_forward_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_max_pool2d_forward,
        .storage_count = 3,
        .written = 3,
        .push_bytes = sizeof(struct vk_max_pool2d_push),
        .constant_count = POOL_CONSTANTS,
    };
    struct vk_max_pool2d_push push = push_of(args->params, args->x, args->y, args->y);
    struct vk_dispatch dispatch = dispatch_of(&kernel, args->params, &push);
    dispatch.storage[0] = vk_range_of(args->y);
    dispatch.storage[1] = vk_range_of(args->index);
    dispatch.storage[2] = vk_range_of(args->x);
    return vk_dispatch(stream, &dispatch);
}

enum tuff_status vk_max_pool2d_backward(struct tuff_stream *stream,
                                        const struct tuff_max_pool2d_backward_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_max_pool2d_backward,
        .storage_count = 4,
        .written = 1,
        .push_bytes = sizeof(struct vk_max_pool2d_push),
        .constant_count = VK_MAX_CONSTANTS,
        .relu_backward = true,
    };
    struct vk_max_pool2d_push push = push_of(args->params, args->dx, args->dy, args->dx);
    struct vk_dispatch dispatch = dispatch_of(&kernel, args->params, &push);
    dispatch.storage[0] = vk_range_of(args->dx);
    dispatch.storage[1] = vk_range_of(args->dy);
    dispatch.storage[2] = vk_range_of(args->index);
    dispatch.storage[VK_RELU_STORAGE] = dispatch.storage[1];
    return vk_dispatch(stream, &dispatch);
}
