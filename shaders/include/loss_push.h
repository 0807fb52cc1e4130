// Push constants of log_softmax and mean_squared_error.
#include "push_types.h"

struct vk_loss_push {
    PUSH_U32 batch, features; // N, elements of one sample
};
PUSH_CHECK(vk_loss_push)
