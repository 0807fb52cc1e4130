// Push constants of avg_pool2d and adaptive_avg_pool2d.
#include "push_types.h"

struct vk_avg_pool2d_push {
    PUSH_U32 count; // elements that are written
    PUSH_U32 in_h, in_w, out_h, out_w;
    PUSH_U32 pad_top, pad_bottom, pad_left, pad_right;
};
PUSH_CHECK(vk_avg_pool2d_push)
