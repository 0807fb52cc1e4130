// Push constants of the convolutions' gradients and of what adds them up. Places are in words from where the binding
// begins; VK_NO_PLACE: there is no such tensor.
#include "push_types.h"

#define VK_POOLED_CONVOLUTIONS 2 // at most
#ifndef VK_NO_PLACE
#define VK_NO_PLACE 0xffffffffu
#endif

struct vk_pooled_gradient {
    PUSH_U32 x, dy, winner, partial;
    PUSH_U32 channels, filters, in_h, in_w, out_h, out_w;
    PUSH_U32 pad_top, pad_left;
    PUSH_U32 bias;        // 1: sum dy as well
    PUSH_U32 workers;     // invocations that share the windows
    PUSH_U32 first_group; // workgroup
};

struct vk_pooled_gradients_push {
    PUSH_STRUCT vk_pooled_gradient convolutions[VK_POOLED_CONVOLUTIONS];
    PUSH_U32 batch;
};
PUSH_CHECK(vk_pooled_gradients_push)

// Partial sums of a convolution's gradients: [workers][filters][columns], the last column dbias's if there is one.
struct vk_partial_sums {
    PUSH_U32 weight, bias; // of the gradients, and so of the parameters
    PUSH_U32 partial;
    PUSH_U32 filters, columns, workers;
    PUSH_U32 first_group; // workgroup
};

struct vk_gradient_sums_push {
    PUSH_STRUCT vk_partial_sums sums[VK_POOLED_CONVOLUTIONS]; // those that are absent have no filters
};
PUSH_CHECK(vk_gradient_sums_push)

struct vk_adam_sums_push {
    PUSH_STRUCT vk_partial_sums sums[VK_POOLED_CONVOLUTIONS]; // those that are absent have no filters
    PUSH_U32 quads; // of the parameters
    PUSH_F32 beta1, one_minus_beta1;
    PUSH_F32 beta2, one_minus_beta2;
    PUSH_F32 epsilon, weight_decay;
    PUSH_U32 decoupled;
    PUSH_F32 rate_factor; // of the learning rate
};
PUSH_CHECK(vk_adam_sums_push)
