// loss_scale_update, gradient_unscale
#include "basic_push.h"
#include "ops.h"

enum tuff_status vk_loss_scale_update(struct tuff_stream *stream,
                                      const struct tuff_loss_scale_update_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_loss_scale_update,
        .storage_count = 2,
        .written = 3,
        .push_bytes = sizeof(struct vk_loss_scale_push),
        .constant_count = 1,
    };
    struct vk_loss_scale_push push = {
        .interval = args->params->interval,
        .least = TUFF_LOSS_SCALE_LEAST,
        .most = TUFF_LOSS_SCALE_MOST,
    };
    return vk_dispatch(stream, &(struct vk_dispatch){
                                   .kernel = &kernel,
                                   .constants = {1},
                                   .storage = {vk_range_of(args->state), vk_range_of(args->norm)},
                                   .push = &push,
                                   .groups = 1,
                               });
}

enum tuff_status vk_gradient_unscale(struct tuff_stream *stream,
                                     const struct tuff_gradient_unscale_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_gradient_unscale,
        .storage_count = 1,
        .written = 1,
        .uniform = true,
        .push_bytes = sizeof(struct vk_element_push),
        .constant_count = 1,
    };
    struct vk_element_push push = {.count = (uint32_t)tuff_tensor_elements(args->gradients)};
    return vk_dispatch(stream, &(struct vk_dispatch){
                                   .kernel = &kernel,
                                   .constants = {VK_LOCAL_SIZE},
                                   .storage = {vk_range_of(args->gradients)},
                                   .uniform = vk_uniform_of(args->state),
                                   .push = &push,
                                   .groups = vk_element_groups(push.count),
                               });
}
