// Push constants of gather_images.
#include "push_types.h"

struct vk_gather_images_push {
    PUSH_U32 batch, channels, plane; // N, C, H*W
    PUSH_U32 window_low, window_high; // first byte of the bound window of the set, 64 bits
    PUSH_U32 window_bytes;
    PUSH_U32 first_window; // 1: this dispatch also writes the zeros of absent samples
    PUSH_F32 scale0, scale1, scale2, scale3;
    PUSH_F32 shift0, shift1, shift2, shift3;
};
PUSH_CHECK(vk_gather_images_push)

struct vk_gather_labels_push {
    PUSH_U32 batch;
};
PUSH_CHECK(vk_gather_labels_push)
