// Push constants of batch_norm2d.
#include "push_types.h"

#define VK_BATCH_NORM2D_UNIFORM 1024 // coefficients of channels that a uniform buffer of 16 KiB holds

struct vk_batch_norm2d_push {
    PUSH_U32 count;   // elements of x
    PUSH_U32 samples; // N
    PUSH_U32 chunk;   // elements of a channel, absent samples included, that one workgroup sums
    PUSH_U32 chunks;
    PUSH_U32 affine;  // 1: there are weight and bias
    PUSH_U32 partial; // where in the workspace partial sums begin, in floats
    PUSH_F32 epsilon, momentum;
};
PUSH_CHECK(vk_batch_norm2d_push)
