// Push constants of dropout.
#include "push_types.h"

struct vk_dropout_push {
    PUSH_U32 count; // elements
    PUSH_U32 seed_low, seed_high, layer;
    PUSH_U32 threshold; // random numbers of 24 bits below it drop their element
    PUSH_F32 scale;     // of what is kept
};
PUSH_CHECK(vk_dropout_push)
