// gather_images, gather_labels
#include "gather_push.h"
#include "ops.h"

enum tuff_status vk_gather_images(struct tuff_stream *stream, const struct tuff_gather_images_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_gather_images,
        .storage_count = 3,
        .written = 1,
        .uniform = true,
        .push_bytes = sizeof(struct vk_gather_images_push),
        .constant_count = 1,
    };
    const struct tuff_gather_images_params *params = args->params;
    const struct tuff_tensor *x = args->x;
    struct vk_gather_images_push push = {
        .batch = x->dims[0],
        .channels = x->dims[1],
        .plane = x->dims[2] * x->dims[3],
        .scale0 = params->scale[0],
        .scale1 = params->scale[1],
        .scale2 = params->scale[2],
        .scale3 = params->scale[3],
        .shift0 = params->shift[0],
        .shift1 = params->shift[1],
        .shift2 = params->shift[2],
        .shift3 = params->shift[3],
    };
    // The set may be larger than what one descriptor reaches: one dispatch per window of it. range_bytes is a
    // multiple of the alignment, so each window begins where a descriptor may.
    struct vk_range set = vk_range_of(args->images);
    uint64_t window = stream->device->physical->limits.range_bytes;
    for (uint64_t begin = 0; begin < set.bytes; begin += window) {
        uint64_t bytes = set.bytes - begin < window ? set.bytes - begin : window;
        push.window_low = (uint32_t)begin;
        push.window_high = (uint32_t)(begin >> 32);
        push.window_bytes = (uint32_t)bytes;
        push.first_window = begin == 0;
        enum tuff_status status =
            vk_dispatch(stream, &(struct vk_dispatch){
                                    .kernel = &kernel,
                                    .constants = {VK_LOCAL_SIZE},
                                    .storage = {vk_range_of(x),
                                                {set.buffer, set.offset + begin, bytes},
                                                vk_range_of(args->index)},
                                    .uniform = vk_uniform_of(args->state),
                                    .push = &push,
                                    .groups = vk_element_groups(tuff_tensor_elements(x)),
                                });
        if (status != TUFF_OK)
            return status;
    }
    return TUFF_OK;
}

enum tuff_status vk_gather_labels(struct tuff_stream *stream, const struct tuff_gather_labels_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_gather_labels,
        .storage_count = 3,
        .written = 1,
        .uniform = true,
        .push_bytes = sizeof(struct vk_gather_labels_push),
        .constant_count = 1,
    };
    struct vk_gather_labels_push push = {.batch = args->labels->dims[0]};
    return vk_dispatch(stream, &(struct vk_dispatch){
                                   .kernel = &kernel,
                                   .constants = {VK_LOCAL_SIZE},
                                   .storage = {vk_range_of(args->labels), vk_range_of(args->set_labels),
                                               vk_range_of(args->index)},
                                   .uniform = vk_uniform_of(args->state),
                                   .push = &push,
                                   .groups = vk_element_groups(push.batch),
                               });
}
