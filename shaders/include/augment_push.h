// Push constants of gather_augmented_images.
#include "push_types.h"

struct vk_gather_augmented_images_push {
    PUSH_U32 batch, channels, height, width;
    PUSH_U32 sample_groups;           // workgroups at work on one sample
    PUSH_U32 window_low, window_high; // first byte of the bound window of the set, 64 bits
    PUSH_U32 window_bytes;
    PUSH_U32 first_window; // 1: this dispatch also writes the elements that take no byte of the set
    PUSH_F32 scale0, scale1, scale2, scale3;
    PUSH_F32 shift0, shift1, shift2, shift3;
    PUSH_U32 seed_low, seed_high;
    PUSH_U32 flip; // random numbers of 24 bits below it flip their picture
    PUSH_U32 crop_mode, crop_y, crop_x;
    PUSH_U32 translate_y, translate_x;
    PUSH_U32 cutout;
};
PUSH_CHECK(vk_gather_augmented_images_push)

// Elements of one sample that an invocation writes: what is random is worked out once for all of them.
#define AUGMENT_ELEMENTS 8u
