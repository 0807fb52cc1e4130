// Push constants of softmax_cross_entropy and metrics_record.
#include "push_types.h"

struct vk_softmax_push {
    PUSH_U32 batch, classes; // N, K
    PUSH_F32 rest, share;    // with label smoothing s: 1 - s and s/K
};
PUSH_CHECK(vk_softmax_push)
