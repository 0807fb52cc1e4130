// Push constants of conv2d.
#include "push_types.h"

struct vk_conv2d_push {
    PUSH_U32 batch;                      // N
    PUSH_U32 channels, filters;          // C, K
    PUSH_U32 group_channels, group_filters; // C/groups, K/groups
    PUSH_U32 in_h, in_w, out_h, out_w;
    PUSH_U32 pad_top, pad_left;
    PUSH_U32 m, n, k;                    // of the matrix product of one group
    PUSH_U32 tiles_m, tiles_n, groups;
    PUSH_U32 chunk;                      // of k, summed by one workgroup; where that is not all of k, a multiple of 16
    PUSH_U32 bias;                       // forward: add it; backward_weight: column n - 1 is dbias
    PUSH_U32 split;                      // 1: there are several chunks, so partial sums go to binding 0
    // What follows is of the NHWC forms alone (shaders/matrix/): from a pixel, a row, an image to the next one, in
    // octets of channels, and the rows and columns of zeros before each image.
    PUSH_U32 pixel_octets, row_octets, image_octets;
    PUSH_U32 above, left;
};
PUSH_CHECK(vk_conv2d_push)

// The direct kernels, which work on strips of neighbouring pixels in a row.
struct vk_conv2d_direct_push {
    PUSH_U32 channels, filters;             // C, K
    PUSH_U32 group_channels, group_filters; // C/groups, K/groups
    PUSH_U32 in_h, in_w, out_h, out_w;
    PUSH_U32 pad_top, pad_left;
    PUSH_U32 strips_in_row;                 // of the tensor that strips are cut from
    PUSH_U32 strips;                        // of the whole batch
    PUSH_U32 workers;                       // workgroups along the strips; backward_weight: invocations
    PUSH_U32 bias;                          // forward: add it; backward_weight: sum dy as well
};
PUSH_CHECK(vk_conv2d_direct_push)
