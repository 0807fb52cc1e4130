// Push constants of adam.
#include "push_types.h"

struct vk_adam_push {
    PUSH_U32 count;
    PUSH_F32 beta1, one_minus_beta1;
    PUSH_F32 beta2, one_minus_beta2;
    PUSH_F32 epsilon, weight_decay;
};
PUSH_CHECK(vk_adam_push)
