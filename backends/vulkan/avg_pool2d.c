// avg_pool2d_forward, avg_pool2d_backward, and the same for adaptive_avg_pool2d
#include "avg_pool2d_push.h"
#include "ops.h"

enum {
    BACKWARD_CONSTANTS = 6,
    FORWARD_CONSTANTS = 7,
};

bool vk_avg_pool2d_fits(const struct tuff_avg_pool2d_params *params)
{
    const uint32_t most = UINT32_C(1) << 30;
    return params->kernel_h < most && params->kernel_w < most && params->stride_h < most &&
           params->stride_w < most && params->pad_top < most && params->pad_left < most;
}

// The bounds of the regions are quotients of such products.
static bool axis_fits(uint32_t in, uint32_t out)
{
    return (uint64_t)in * out + (in > out ? in : out) <= UINT32_MAX;
}

bool vk_adaptive_avg_pool2d_fits(const struct tuff_tensor *x, const struct tuff_tensor *y)
{
    return axis_fits(x->dims[2], y->dims[2]) && axis_fits(x->dims[3], y->dims[3]);
}

// params: NULL for adaptive pooling, where a kernel of 0 stands in the constants.
static struct vk_avg_pool2d_push push_of(const struct tuff_avg_pool2d_params *params,
                                         const struct tuff_tensor *x, const struct tuff_tensor *y,
                                         const struct tuff_tensor *written)
{
    struct vk_avg_pool2d_push push = {
        .count = (uint32_t)tuff_tensor_elements(written),
        .in_h = x->dims[2],
        .in_w = x->dims[3],
        .out_h = y->dims[2],
        .out_w = y->dims[3],
    };
    if (params) {
        push.pad_top = params->pad_top;
        push.pad_bottom = params->pad_bottom;
        push.pad_left = params->pad_left;
        push.pad_right = params->pad_right;
    }
    return push;
}

static struct vk_dispatch dispatch_of(const struct vk_kernel *kernel,
                                      const struct tuff_avg_pool2d_params *params,
                                      const struct vk_avg_pool2d_push *push)
{
    struct vk_dispatch dispatch = {
        .kernel = kernel,
        .constants = {VK_LOCAL_SIZE, 0, 0, 1, 1, 0},
        .push = push,
        .groups = vk_element_groups(push->count),
    };
    if (params) {
        dispatch.constants[1] = params->kernel_h;
        dispatch.constants[2] = params->kernel_w;
        dispatch.constants[3] = params->stride_h;
        dispatch.constants[4] = params->stride_w;
        dispatch.constants[5] = params->count_include_pad;
    }
    return dispatch;
}

static enum tuff_status forward(struct tuff_stream *stream, const struct tuff_avg_pool2d_params *params,
                                const struct tuff_tensor *y, const struct tuff_tensor *x)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_avg_pool2d_forward,
        .storage_count = 2,
        .written = 1,
        .push_bytes = sizeof(struct vk_avg_pool2d_push),
        .constant_count = FORWARD_CONSTANTS,
    };
    struct vk_avg_pool2d_push push = push_of(params, x, y, y);
    struct vk_dispatch dispatch = dispatch_of(&kernel, params, &push);
    uint64_t window = params ? (uint64_t)params->kernel_h * params->kernel_w
                             : (uint64_t)(push.in_h / push.out_h) * (push.in_w / push.out_w);
    uint32_t share = vk_avg_pool_share(window);
    dispatch.constants[6] = share;
    dispatch.groups = vk_divide_up(push.count, VK_LOCAL_SIZE / share);
    dispatch.storage[0] = vk_range_of(y);
    dispatch.storage[1] = vk_range_of(x);
    return vk_dispatch(stream, &dispatch);
}

static enum tuff_status backward(struct tuff_stream *stream, const struct tuff_avg_pool2d_params *params,
                                 const struct tuff_tensor *dx, const struct tuff_tensor *dy)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_avg_pool2d_backward,
        .storage_count = 2,
        .written = 1,
        .push_bytes = sizeof(struct vk_avg_pool2d_push),
        .constant_count = BACKWARD_CONSTANTS,
    };
    struct vk_avg_pool2d_push push = push_of(params, dx, dy, dx);
    struct vk_dispatch dispatch = dispatch_of(&kernel, params, &push);
    dispatch.storage[0] = vk_range_of(dx);
    dispatch.storage[1] = vk_range_of(dy);
    return vk_dispatch(stream, &dispatch);
}

enum tuff_status vk_avg_pool2d_forward(struct tuff_stream *stream,
                                       const struct tuff_avg_pool2d_forward_args *args)
{
    return forward(stream, args->params, args->y, args->x);
}

enum tuff_status vk_avg_pool2d_backward(struct tuff_stream *stream,
                                        const struct tuff_avg_pool2d_backward_args *args)
{
    return backward(stream, args->params, args->dx, args->dy);
}

enum tuff_status vk_adaptive_avg_pool2d_forward(struct tuff_stream *stream,
                                                const struct tuff_adaptive_avg_pool2d_forward_args *args)
{
    return forward(stream, NULL, args->y, args->x);
}

enum tuff_status vk_adaptive_avg_pool2d_backward(struct tuff_stream *stream,
                                                 const struct tuff_adaptive_avg_pool2d_backward_args *args)
{
    return backward(stream, NULL, args->dx, args->dy);
}
