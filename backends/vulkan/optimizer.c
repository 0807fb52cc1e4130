// adam, sgd, gradient_norm, gradient_clip, moving_average, gradient_accumulate
#include "ops.h"

struct vk_adam_push vk_adam_push_of(const struct tuff_adam_args *args)
{
    const struct tuff_adam_params *params = args->params;
    return (struct vk_adam_push){
        .count = (uint32_t)tuff_tensor_elements(args->parameters),
        .beta1 = (float)params->beta1,
        .one_minus_beta1 = (float)(1.0 - params->beta1),
        .beta2 = (float)params->beta2,
        .one_minus_beta2 = (float)(1.0 - params->beta2),
        .epsilon = (float)params->epsilon,
        .weight_decay = (float)params->weight_decay,
        .decoupled = params->decoupled,
        .rate_factor = tuff_rate_factor(params->rate_factor),
    };
}

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
    const struct vk_adam_push push = vk_adam_push_of(args);
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

enum tuff_status vk_sgd(struct tuff_stream *stream, const struct tuff_sgd_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_sgd,
        .storage_count = 3,
        .written = 3,
        .uniform = true,
        .push_bytes = sizeof(struct vk_sgd_push),
        .constant_count = 1,
    };
    const struct tuff_sgd_params *params = args->params;
    struct vk_sgd_push push = {
        .count = (uint32_t)tuff_tensor_elements(args->parameters),
        .momentum = (float)params->momentum,
        .weight_decay = (float)params->weight_decay,
        .rate_factor = tuff_rate_factor(params->rate_factor),
        .has_velocity = args->velocity != NULL,
        .nesterov = params->nesterov,
    };
    return vk_dispatch(stream,
                       &(struct vk_dispatch){
                           .kernel = &kernel,
                           .constants = {VK_LOCAL_SIZE},
                           .storage = {vk_range_of(args->parameters),
                                       vk_range_of(args->velocity ? args->velocity : args->parameters),
                                       vk_range_of(args->gradients)},
                           .uniform = vk_uniform_of(args->state),
                           .push = &push,
                           .groups = vk_element_groups(push.count),
                       });
}

// As in the shaders: invocations of a workgroup, and what each of them adds up of a chunk.
enum { NORM_LOCAL_SIZE = 128, NORM_RUN = 16 };

static uint64_t norm_chunks(const struct tuff_tensor *gradients)
{
    return vk_divide_up(tuff_tensor_elements(gradients), NORM_LOCAL_SIZE * NORM_RUN);
}

uint64_t vk_gradient_norm_workspace(const struct tuff_gradient_norm_args *args)
{
    return norm_chunks(args->gradients) * sizeof(float);
}

enum tuff_status vk_gradient_norm(struct tuff_stream *stream, const struct tuff_gradient_norm_args *args)
{
    static const struct vk_kernel chunks_kernel = {
        .shader = VK_SHADER_gradient_norm_chunks,
        .storage_count = 2,
        .written = 1,
        .push_bytes = sizeof(struct vk_gradient_norm_push),
        .constant_count = 1,
    };
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_gradient_norm,
        .storage_count = 2,
        .written = 1,
        .push_bytes = sizeof(struct vk_gradient_norm_push),
        .constant_count = 1,
    };
    struct vk_gradient_norm_push push = {
        .count = (uint32_t)tuff_tensor_elements(args->gradients),
        .chunks = (uint32_t)norm_chunks(args->gradients),
    };
    const struct vk_range partial = vk_range_within(args->workspace, 0, vk_gradient_norm_workspace(args));
    enum tuff_status status = vk_dispatch(stream, &(struct vk_dispatch){
                                                      .kernel = &chunks_kernel,
                                                      .constants = {NORM_LOCAL_SIZE},
                                                      .storage = {partial, vk_range_of(args->gradients)},
                                                      .push = &push,
                                                      .groups = push.chunks,
                                                  });
    if (status != TUFF_OK)
        return status;
    return vk_dispatch(stream, &(struct vk_dispatch){
                                   .kernel = &kernel,
                                   .constants = {NORM_LOCAL_SIZE},
                                   .storage = {vk_range_of(args->norm), partial},
                                   .push = &push,
                                   .groups = 1,
                               });
}

enum tuff_status vk_gradient_clip(struct tuff_stream *stream, const struct tuff_gradient_clip_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_gradient_clip,
        .storage_count = 2,
        .written = 1,
        .push_bytes = sizeof(struct vk_gradient_clip_push),
        .constant_count = 1,
    };
    struct vk_gradient_clip_push push = {
        .count = (uint32_t)tuff_tensor_elements(args->gradients),
        .max_norm = args->params->max_norm,
    };
    return vk_dispatch(stream, &(struct vk_dispatch){
                                   .kernel = &kernel,
                                   .constants = {VK_LOCAL_SIZE},
                                   .storage = {vk_range_of(args->gradients), vk_range_of(args->norm)},
                                   .push = &push,
                                   .groups = vk_element_groups(push.count),
                               });
}

enum tuff_status vk_moving_average(struct tuff_stream *stream, const struct tuff_moving_average_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_moving_average,
        .storage_count = 2,
        .written = 1,
        .uniform = true,
        .push_bytes = sizeof(struct vk_moving_average_push),
        .constant_count = 1,
    };
    struct vk_moving_average_push push = {.count = (uint32_t)tuff_tensor_elements(args->average)};
    return vk_dispatch(stream, &(struct vk_dispatch){
                                   .kernel = &kernel,
                                   .constants = {VK_LOCAL_SIZE},
                                   .storage = {vk_range_of(args->average), vk_range_of(args->parameters)},
                                   .uniform = vk_uniform_of(args->state),
                                   .push = &push,
                                   .groups = vk_element_groups(push.count),
                               });
}

enum tuff_status vk_gradient_accumulate(struct tuff_stream *stream,
                                        const struct tuff_gradient_accumulate_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_gradient_accumulate,
        .storage_count = 2,
        .written = 1,
        .uniform = true,
        .push_bytes = sizeof(struct vk_gradient_accumulate_push),
        .constant_count = 1,
    };
    const struct vk_gradient_accumulate_push push = {
        .count = (uint32_t)tuff_tensor_elements(args->sum),
        .batch = args->params->batch,
        .samples = args->params->samples,
    };
    return vk_dispatch(stream, &(struct vk_dispatch){
                                   .kernel = &kernel,
                                   .constants = {VK_LOCAL_SIZE},
                                   .storage = {vk_range_of(args->sum), vk_range_of(args->gradients)},
                                   .uniform = vk_uniform_of(args->state),
                                   .push = &push,
                                   .groups = vk_element_groups(push.count),
                               });
}
