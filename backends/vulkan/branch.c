// multiply, concat_forward, concat_backward
#include "basic_push.h"
#include "concat_push.h"
#include "ops.h"

enum tuff_status vk_multiply(struct tuff_stream *stream, const struct tuff_multiply_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_multiply,
        .storage_count = 3,
        .written = 1,
        .push_bytes = sizeof(struct vk_element_push),
        .constant_count = 1,
    };
    struct vk_element_push push = {.count = (uint32_t)tuff_tensor_elements(args->y)};
    return vk_dispatch(stream,
                       &(struct vk_dispatch){
                           .kernel = &kernel,
                           .constants = {VK_LOCAL_SIZE},
                           .storage = {vk_range_of(args->y), vk_range_of(args->a), vk_range_of(args->b)},
                           .push = &push,
                           .groups = vk_element_groups(push.count),
                       });
}

static struct vk_concat_push concat_push(const struct tuff_tensor *whole, const struct tuff_tensor *a,
                                         const struct tuff_tensor *b)
{
    return (struct vk_concat_push){
        .count = (uint32_t)tuff_tensor_elements(whole),
        .a_row = (uint32_t)(tuff_tensor_elements(a) / a->dims[0]),
        .b_row = (uint32_t)(tuff_tensor_elements(b) / b->dims[0]),
    };
}

enum tuff_status vk_concat_forward(struct tuff_stream *stream, const struct tuff_concat_forward_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_concat_forward,
        .storage_count = 3,
        .written = 1,
        .push_bytes = sizeof(struct vk_concat_push),
        .constant_count = 1,
    };
    struct vk_concat_push push = concat_push(args->y, args->a, args->b);
    return vk_dispatch(stream,
                       &(struct vk_dispatch){
                           .kernel = &kernel,
                           .constants = {VK_LOCAL_SIZE},
                           .storage = {vk_range_of(args->y), vk_range_of(args->a), vk_range_of(args->b)},
                           .push = &push,
                           .groups = vk_element_groups(push.count),
                       });
}

enum tuff_status vk_concat_backward(struct tuff_stream *stream, const struct tuff_concat_backward_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_concat_backward,
        .storage_count = 3,
        .written = 3,
        .push_bytes = sizeof(struct vk_concat_push),
        .constant_count = 1,
    };
    struct vk_concat_push push = concat_push(args->dy, args->da, args->db);
    return vk_dispatch(stream,
                       &(struct vk_dispatch){
                           .kernel = &kernel,
                           .constants = {VK_LOCAL_SIZE},
                           .storage = {vk_range_of(args->da), vk_range_of(args->db), vk_range_of(args->dy)},
                           .push = &push,
                           .groups = vk_element_groups(push.count),
                       });
}
