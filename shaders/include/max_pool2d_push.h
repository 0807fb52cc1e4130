// Push constants of max_pool2d.
#include "push_types.h"

struct vk_max_pool2d_push {
    PUSH_U32 count; // elements that are written
    PUSH_U32 in_h, in_w, out_h, out_w;
    PUSH_U32 pad_top, pad_left;
};
PUSH_CHECK(vk_max_pool2d_push)
