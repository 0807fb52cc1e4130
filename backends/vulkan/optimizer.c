// adam
#include "ops.h"
#include "optimizer_push.h"

enum tuff_status vk_adam(struct tuff_stream *stream, const struct tuff_adam_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_adam,
        .storage_count = 3,
        .written = 3,
        .uniform = true,
        .push_bytes = sizeof(struct vk_adam_push),
        .constant_count = 1,
    };
    const struct tuff_adam_params *params = args->params;
    struct vk_adam_push push = {
        .count = (uint32_t)tuff_tensor_elements(args->parameters),
        .beta1 = (float)params->beta1,
        .one_minus_beta1 = (float)(1.0 - params->beta1),
        .beta2 = (float)params->beta2,
        .one_minus_beta2 = (float)(1.0 - params->beta2),
        .epsilon = (float)params->epsilon,
        .weight_decay = (float)params->weight_decay,
    };
    return vk_dispatch(stream, &(struct vk_dispatch){
                                   .kernel = &kernel,
                                   .constants = {VK_LOCAL_SIZE},
                                   .storage = {vk_range_of(args->parameters), vk_range_of(args->moments),
                                               vk_range_of(args->gradients)},
                                   .uniform = vk_uniform_of(args->state),
                                   .push = &push,
                                   .groups = vk_element_groups(push.count),
                               });
}
