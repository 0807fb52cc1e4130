// Push constants of concat_forward and concat_backward.
#include "push_types.h"

struct vk_concat_push {
    PUSH_U32 count;        // elements of the whole
    PUSH_U32 a_row, b_row; // of one sample: A*H*W, B*H*W
};
PUSH_CHECK(vk_concat_push)
