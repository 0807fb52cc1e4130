// dropout_forward, dropout_backward
#include <math.h>

#include "dropout_push.h"
#include "ops.h"

static enum tuff_status drop(struct tuff_stream *stream, const struct tuff_dropout_params *params,
                             const struct tuff_tensor *out, const struct tuff_tensor *in,
                             const struct tuff_tensor *state)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_dropout,
        .storage_count = 2,
        .written = 1,
        .uniform = true,
        .push_bytes = sizeof(struct vk_dropout_push),
        .constant_count = 1,
    };
    struct vk_dropout_push push = {
        .count = (uint32_t)tuff_tensor_elements(out),
        .seed_low = params->seed_low,
        .seed_high = params->seed_high,
        .layer = params->layer,
        // k * 2^-24 >= probability as a comparison of integers, which no device can round.
        .threshold = (uint32_t)ceil((double)params->probability * 0x1p24),
        .scale = (float)(1 / (1 - (double)params->probability)),
    };
    return vk_dispatch(stream, &(struct vk_dispatch){
                                   .kernel = &kernel,
                                   .constants = {VK_LOCAL_SIZE},
                                   .storage = {vk_range_of(out), vk_range_of(in)},
                                   .uniform = vk_uniform_of(state),
                                   .push = &push,
                                   .groups = vk_element_groups(push.count),
                               });
}

enum tuff_status vk_dropout_forward(struct tuff_stream *stream, const struct tuff_dropout_forward_args *args)
{
    return drop(stream, args->params, args->y, args->x, args->state);
}

enum tuff_status vk_dropout_backward(struct tuff_stream *stream,
                                     const struct tuff_dropout_backward_args *args)
{
    return drop(stream, args->params, args->dx, args->dy, args->state);
}
