// softmax_cross_entropy_forward, softmax_cross_entropy_backward
#include "ops.h"

struct vk_softmax_push vk_softmax_push_of(const struct tuff_softmax_cross_entropy_params *params,
                                          const struct tuff_tensor *logits)
{
    const double smoothing = (double)params->label_smoothing;
    return (struct vk_softmax_push){
        .batch = logits->dims[0],
        .classes = logits->dims[1],
        .rest = (float)(1 - smoothing),
        .share = (float)(smoothing / logits->dims[1]),
    };
}

enum tuff_status vk_softmax_cross_entropy_forward(struct tuff_stream *stream,
                                                  const struct tuff_softmax_cross_entropy_forward_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_softmax_cross_entropy_forward,
        .storage_count = 4,
        .written = 3,
        .uniform = true,
        .push_bytes = sizeof(struct vk_softmax_push),
        .constant_count = 2,
    };
    const struct vk_softmax_push push = vk_softmax_push_of(args->params, args->logits);
    return vk_dispatch(stream, &(struct vk_dispatch){
                                   .kernel = &kernel,
                                   .constants = {VK_SOFTMAX_LOCAL_SIZE, vk_softmax_share(push.classes)},
                                   .storage = {vk_range_of(args->loss), vk_range_of(args->correct),
                                               vk_range_of(args->logits), vk_range_of(args->labels)},
                                   .uniform = vk_uniform_of(args->state),
                                   .push = &push,
                                   .groups = vk_softmax_groups(push.batch, push.classes),
                               });
}

enum tuff_status
vk_softmax_cross_entropy_backward(struct tuff_stream *stream,
                                  const struct tuff_softmax_cross_entropy_backward_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_softmax_cross_entropy_backward,
        .storage_count = 3,
        .written = 1,
        .uniform = true,
        .push_bytes = sizeof(struct vk_softmax_push),
        .constant_count = 2,
    };
    const struct vk_softmax_push push = vk_softmax_push_of(args->params, args->logits);
    return vk_dispatch(stream, &(struct vk_dispatch){
                                   .kernel = &kernel,
                                   .constants = {VK_SOFTMAX_LOCAL_SIZE, vk_softmax_share(push.classes)},
                                   .storage = {vk_range_of(args->dlogits), vk_range_of(args->logits),
                                               vk_range_of(args->labels)},
                                   .uniform = vk_uniform_of(args->state),
                                   .push = &push,
                                   .groups = vk_softmax_groups(push.batch, push.classes),
                               });
}
