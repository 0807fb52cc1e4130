// activation_forward, activation_backward
#include "activation_push.h"
#include "ops.h"

enum tuff_status vk_activation_forward(struct tuff_stream *stream,
                                       const struct tuff_activation_forward_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_activation_forward,
        .storage_count = 2,
        .written = 1,
        .push_bytes = sizeof(struct vk_activation_push),
        .constant_count = 2,
    };
    struct vk_activation_push push = {
        .count = (uint32_t)tuff_tensor_elements(args->y),
        .slope = args->params->slope,
    };
    return vk_dispatch(stream, &(struct vk_dispatch){
                                   .kernel = &kernel,
                                   .constants = {VK_LOCAL_SIZE, args->params->kind},
                                   .storage = {vk_range_of(args->y), vk_range_of(args->x)},
                                   .push = &push,
                                   .groups = vk_element_groups(push.count),
                               });
}

enum tuff_status vk_activation_backward(struct tuff_stream *stream,
                                        const struct tuff_activation_backward_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_activation_backward,
        .storage_count = 3,
        .written = 1,
        .push_bytes = sizeof(struct vk_activation_push),
        .constant_count = 2,
    };
    struct vk_activation_push push = {
        .count = (uint32_t)tuff_tensor_elements(args->dx),
        .slope = args->params->slope,
    };
    return vk_dispatch(stream,
                       &(struct vk_dispatch){
                           .kernel = &kernel,
                           .constants = {VK_LOCAL_SIZE, args->params->kind},
                           .storage = {vk_range_of(args->dx), vk_range_of(args->dy), vk_range_of(args->x)},
                           .push = &push,
                           .groups = vk_element_groups(push.count),
                       });
}
