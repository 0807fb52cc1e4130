// Push constants of fill, copy, add, relu and the other kernels with one invocation per element.
#include "push_types.h"

// Elementwise kernels.
struct vk_element_push {
    PUSH_U32 count; // elements
};
PUSH_CHECK(vk_element_push)

struct vk_fill_push {
    PUSH_U32 words;     // words written, the last one perhaps in part
    PUSH_U32 bits;      // the value of a word
    PUSH_U32 last_mask; // bits of the last word that are the tensor's
};
PUSH_CHECK(vk_fill_push)
