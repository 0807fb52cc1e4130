// Push constants of what turns a convolution's operands to NHWC and the like.
#include "push_types.h"

struct vk_conv2d_image_push {
    PUSH_U32 channels;           // a multiple of 4
    PUSH_U32 in_h, in_w;
    PUSH_U32 turned_h, turned_w; // with the zeros, some of them; what lies behind is left out
    PUSH_U32 above, left;        // rows and columns of zeros before the image
    PUSH_U32 pixels;             // of the result, of all images
};
PUSH_CHECK(vk_conv2d_image_push)

struct vk_conv2d_weight_push {
    PUSH_U32 quads;                             // of the result
    PUSH_U32 inner;                             // elements of the result's innermost dimension, a multiple of 4
    PUSH_U32 window;                            // places of it
    PUSH_U32 lines;                             // of a group
    PUSH_U32 group_step, line_step, inner_step; // in the weights
};
PUSH_CHECK(vk_conv2d_weight_push)
