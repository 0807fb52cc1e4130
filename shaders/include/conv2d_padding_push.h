// Push constants of conv2d_pad and conv2d_fold.
#include "push_types.h"

struct vk_conv2d_padding_push {
    PUSH_U32 count; // elements that are written
    PUSH_U32 in_h, in_w;
    PUSH_U32 padded_h, padded_w;
    PUSH_U32 pad_top, pad_left;
};
PUSH_CHECK(vk_conv2d_padding_push)
