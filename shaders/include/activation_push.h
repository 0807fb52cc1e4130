// Push constants of activation_forward and activation_backward.
#include "push_types.h"

struct vk_activation_push {
    PUSH_U32 count; // elements
    PUSH_F32 slope; // of leaky ReLU
};
PUSH_CHECK(vk_activation_push)
