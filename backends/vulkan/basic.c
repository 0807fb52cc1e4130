// fill, copy, cast, add
#include "basic_push.h"
#include "ops.h"

enum tuff_status vk_fill(struct tuff_stream *stream, const struct tuff_fill_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_fill,
        .storage_count = 1,
        .written = 1,
        .push_bytes = sizeof(struct vk_fill_push),
        .constant_count = 1,
    };
    uint64_t bytes = tuff_tensor_bytes(args->y);
    uint32_t bits = args->params->bits;
    if (args->y->dtype == TUFF_U8)
        bits = (bits & 0xffu) * UINT32_C(0x01010101);
    uint32_t rest = (uint32_t)(bytes % 4);
    struct vk_fill_push push = {
        .words = (uint32_t)vk_divide_up(bytes, 4),
        .bits = bits,
        .last_mask = rest ? (UINT32_C(1) << (8 * rest)) - 1 : UINT32_MAX,
    };
    return vk_dispatch(stream, &(struct vk_dispatch){
                                   .kernel = &kernel,
                                   .constants = {VK_LOCAL_SIZE},
                                   .storage = {vk_range_of(args->y)},
                                   .push = &push,
                                   .groups = vk_element_groups(push.words),
                               });
}

// y[i] of x[i], an invocation per element.
static enum tuff_status dispatch_elements(struct tuff_stream *stream, const struct vk_kernel *kernel,
                                          const struct tuff_tensor *y, const struct tuff_tensor *x)
{
    struct vk_element_push push = {.count = (uint32_t)tuff_tensor_elements(y)};
    return vk_dispatch(stream, &(struct vk_dispatch){
                                   .kernel = kernel,
                                   .constants = {VK_LOCAL_SIZE},
                                   .storage = {vk_range_of(y), vk_range_of(x)},
                                   .push = &push,
                                   .groups = vk_element_groups(push.count),
                               });
}

enum tuff_status vk_copy(struct tuff_stream *stream, const struct tuff_copy_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_copy,
        .storage_count = 2,
        .written = 1,
        .push_bytes = sizeof(struct vk_element_push),
        .constant_count = 1,
    };
    return dispatch_elements(stream, &kernel, args->y, args->x);
}

enum tuff_status vk_cast(struct tuff_stream *stream, const struct tuff_cast_args *args)
{
    static const struct vk_kernel to_f16 = {
        .shader = VK_SHADER_cast_to_f16,
        .storage_count = 2,
        .written = 1,
        .push_bytes = sizeof(struct vk_element_push),
        .constant_count = 1,
    };
    static const struct vk_kernel to_f32 = {
        .shader = VK_SHADER_cast_to_f32,
        .storage_count = 2,
        .written = 1,
        .push_bytes = sizeof(struct vk_element_push),
        .constant_count = 1,
    };
    return dispatch_elements(stream, args->y->dtype == TUFF_F16 ? &to_f16 : &to_f32, args->y, args->x);
}

enum tuff_status vk_add(struct tuff_stream *stream, const struct tuff_add_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_add,
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
