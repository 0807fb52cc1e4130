// log_softmax_forward, log_softmax_backward, mean_squared_error_forward, mean_squared_error_backward
#include "loss_push.h"
#include "ops.h"

// Of a workgroup of mean_squared_error_forward; as in the shader, which has one for each sample.
enum { LOSS_LOCAL_SIZE = 64 };

static struct vk_loss_push push_of(const struct tuff_tensor *y)
{
    return (struct vk_loss_push){
        .batch = y->dims[0],
        .features = (uint32_t)(tuff_tensor_elements(y) / y->dims[0]),
    };
}

enum tuff_status vk_log_softmax_forward(struct tuff_stream *stream,
                                        const struct tuff_log_softmax_forward_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_log_softmax_forward,
        .storage_count = 2,
        .written = 1,
        .push_bytes = sizeof(struct vk_loss_push),
        .constant_count = 2,
    };
    struct vk_loss_push push = push_of(args->x);
    return vk_dispatch(stream, &(struct vk_dispatch){
                                   .kernel = &kernel,
                                   .constants = {VK_SOFTMAX_LOCAL_SIZE, vk_softmax_share(push.features)},
                                   .storage = {vk_range_of(args->y), vk_range_of(args->x)},
                                   .push = &push,
                                   .groups = vk_softmax_groups(push.batch, push.features),
                               });
}

enum tuff_status vk_log_softmax_backward(struct tuff_stream *stream,
                                         const struct tuff_log_softmax_backward_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_log_softmax_backward,
        .storage_count = 3,
        .written = 1,
        .push_bytes = sizeof(struct vk_loss_push),
        .constant_count = 2,
    };
    struct vk_loss_push push = push_of(args->y);
    return vk_dispatch(stream,
                       &(struct vk_dispatch){
                           .kernel = &kernel,
                           .constants = {VK_SOFTMAX_LOCAL_SIZE, vk_softmax_share(push.features)},
                           .storage = {vk_range_of(args->dx), vk_range_of(args->dy), vk_range_of(args->y)},
                           .push = &push,
                           .groups = vk_softmax_groups(push.batch, push.features),
                       });
}

enum tuff_status vk_mean_squared_error_forward(struct tuff_stream *stream,
                                               const struct tuff_mean_squared_error_forward_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_mean_squared_error_forward,
        .storage_count = 3,
        .written = 1,
        .uniform = true,
        .push_bytes = sizeof(struct vk_loss_push),
        .constant_count = 1,
    };
    struct vk_loss_push push = push_of(args->y);
    return vk_dispatch(
        stream, &(struct vk_dispatch){
                    .kernel = &kernel,
                    .constants = {LOSS_LOCAL_SIZE},
                    .storage = {vk_range_of(args->loss), vk_range_of(args->y), vk_range_of(args->target)},
                    .uniform = vk_uniform_of(args->state),
                    .push = &push,
                    .groups = push.batch,
                });
}

enum tuff_status vk_mean_squared_error_backward(struct tuff_stream *stream,
                                                const struct tuff_mean_squared_error_backward_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_mean_squared_error_backward,
        .storage_count = 3,
        .written = 1,
        .uniform = true,
        .push_bytes = sizeof(struct vk_loss_push),
        .constant_count = 1,
    };
    struct vk_loss_push push = push_of(args->y);
    return vk_dispatch(
        stream, &(struct vk_dispatch){
                    .kernel = &kernel,
                    .constants = {VK_LOCAL_SIZE},
                    .storage = {vk_range_of(args->dy), vk_range_of(args->y), vk_range_of(args->target)},
                    .uniform = vk_uniform_of(args->state),
                    .push = &push,
                    .groups = vk_element_groups(tuff_tensor_elements(args->y)),
                });
}
