// gather_augmented_images
#include "augment_push.h"
#include "ops.h"

enum tuff_status vk_gather_augmented_images(struct tuff_stream *stream,
                                            const struct tuff_gather_augmented_images_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_gather_augmented_images,
        .storage_count = 3,
        .written = 1,
        .uniform = true,
        .push_bytes = sizeof(struct vk_gather_augmented_images_push),
        .constant_count = 1,
    };
    const struct tuff_gather_augmented_images_params *params = args->params;
    const struct tuff_tensor *x = args->x;
    const uint64_t sample = tuff_tensor_elements(x) / x->dims[0];
    struct vk_gather_augmented_images_push push = {
        .batch = x->dims[0],
        .channels = x->dims[1],
        .height = x->dims[2],
        .width = x->dims[3],
        .sample_groups = (uint32_t)vk_divide_up(sample, VK_LOCAL_SIZE * AUGMENT_ELEMENTS),
        .scale0 = params->scale[0],
        .scale1 = params->scale[1],
        .scale2 = params->scale[2],
        .scale3 = params->scale[3],
        .shift0 = params->shift[0],
        .shift1 = params->shift[1],
        .shift2 = params->shift[2],
        .shift3 = params->shift[3],
        .seed_low = params->seed_low,
        .seed_high = params->seed_high,
        .flip = params->flip,
        .crop_mode = params->crop_mode,
        .crop_y = params->crop_y,
        .crop_x = params->crop_x,
        .translate_y = params->translate_y,
        .translate_x = params->translate_x,
        .cutout = params->cutout,
    };
    // The set may be larger than what one descriptor reaches: one dispatch per window of it. range_bytes is a
    // multiple of the alignment, so each window begins where a descriptor may.
    const struct vk_range set = vk_range_of(args->images);
    const uint64_t window = stream->device->physical->limits.range_bytes;
    for (uint64_t begin = 0; begin < set.bytes; begin += window) {
        const uint64_t bytes = set.bytes - begin < window ? set.bytes - begin : window;
        push.window_low = (uint32_t)begin;
        push.window_high = (uint32_t)(begin >> 32);
        push.window_bytes = (uint32_t)bytes;
        push.first_window = begin == 0;
        enum tuff_status status = vk_dispatch(stream, &(struct vk_dispatch){
                                                          .kernel = &kernel,
                                                          .constants = {VK_LOCAL_SIZE},
                                                          .storage = {vk_range_of(x),
                                                                      {set.buffer, set.offset + begin, bytes},
                                                                      vk_range_of(args->index)},
                                                          .uniform = vk_uniform_of(args->state),
                                                          .push = &push,
                                                          .groups = (uint64_t)x->dims[0] * push.sample_groups,
                                                      });
        if (status != TUFF_OK)
            return status;
    }
    return TUFF_OK;
}
