// Push constants of the optimizers and of what they do with gradients.
#include "push_types.h"

struct vk_adam_push {
    PUSH_U32 count;
    PUSH_F32 beta1, one_minus_beta1;
    PUSH_F32 beta2, one_minus_beta2;
    PUSH_F32 epsilon, weight_decay;
    PUSH_U32 decoupled;
    PUSH_F32 rate_factor; // of the learning rate
};
PUSH_CHECK(vk_adam_push)

struct vk_sgd_push {
    PUSH_U32 count;
    PUSH_F32 momentum, weight_decay, rate_factor;
    PUSH_U32 has_velocity; // 0: binding 1 shows the parameters
    PUSH_U32 nesterov;
};
PUSH_CHECK(vk_sgd_push)

struct vk_gradient_norm_push {
    PUSH_U32 count;  // gradients
    PUSH_U32 chunks; // sums of the first dispatch, terms of the second
};
PUSH_CHECK(vk_gradient_norm_push)

struct vk_gradient_clip_push {
    PUSH_U32 count;
    PUSH_F32 max_norm;
};
PUSH_CHECK(vk_gradient_clip_push)

struct vk_moving_average_push {
    PUSH_U32 count;
};
PUSH_CHECK(vk_moving_average_push)

struct vk_gradient_accumulate_push {
    PUSH_U32 count;
    PUSH_U32 batch, samples;
};
PUSH_CHECK(vk_gradient_accumulate_push)

struct vk_loss_scale_push {
    PUSH_U32 interval; // steps without an overflow that double the scale
    PUSH_F32 least, most;
};
PUSH_CHECK(vk_loss_scale_push)
