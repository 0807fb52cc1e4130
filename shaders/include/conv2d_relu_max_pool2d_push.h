// Push constants of conv2d_relu_max_pool2d_*.
#include "push_types.h"

struct vk_conv2d_pool_push {
    PUSH_U32 batch, channels, filters; // N, C, K
    PUSH_U32 in_h, in_w;               // of x
    PUSH_U32 out_h, out_w;             // of y
    PUSH_U32 pad_top, pad_left;
    PUSH_U32 bias;                     // forward: add it; backward_weight: sum dy as well
    PUSH_U32 images;                   // forward: of a workgroup
    PUSH_U32 windows;                  // backward_weight: N * out_h * out_w
    PUSH_U32 workers;                  // backward_weight: invocations that share the windows, or their rows
    PUSH_U32 tiles_h, tiles_w;         // backward_input: of dx
    PUSH_U32 groups_of_tiles;          // backward_input: workgroups that cover the tiles
};
PUSH_CHECK(vk_conv2d_pool_push)
