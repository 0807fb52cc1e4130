// relu_forward, relu_backward
#include "basic_push.h"
#include "ops.h"

enum tuff_status vk_relu_forward(struct tuff_stream *stream, const struct tuff_relu_forward_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_relu_forward,
        .storage_count = 2,
        .written = 1,
        .push_bytes = sizeof(struct vk_element_push),
        .constant_count = 1,
    };
    struct vk_element_push push = {.count = (uint32_t)tuff_tensor_elements(args->y)};
    return vk_dispatch(stream, &(struct vk_dispatch){
                                   .kernel = &kernel,
                                   .constants = {VK_LOCAL_SIZE},
                                   .storage = {vk_range_of(args->y), vk_range_of(args->x)},
                                   .push = &push,
                                   .groups = vk_element_groups(push.count),
                               });
}

enum tuff_status vk_relu_backward(struct tuff_stream *stream, const struct tuff_relu_backward_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_relu_backward,
        .storage_count = 3,
        .written = 1,
        .push_bytes = sizeof(struct vk_element_push),
        .constant_count = 1,
    };
    struct vk_range dx = vk_range_of(args->dx), dy = vk_range_of(args->dy), y = vk_range_of(args->y);
    if (dx.buffer == dy.buffer && dx.offset == dy.offset &&
        vk_deferred_relu_backward(&stream->deferred, dx, y, stream->served.calls[0]))
        return TUFF_OK;
    struct vk_element_push push = {.count = (uint32_t)tuff_tensor_elements(args->dx)};
    return vk_dispatch(stream, &(struct vk_dispatch){
                                   .kernel = &kernel,
                                   .constants = {VK_LOCAL_SIZE},
                                   .storage = {dx, dy, y},
                                   .push = &push,
                                   .groups = vk_element_groups(push.count),
                               });
}
