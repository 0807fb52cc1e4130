// Convolution, ReLU and max pooling in one, for few channels.
#ifndef TUFF_VULKAN_CONV2D_RELU_MAX_POOL2D_H
#define TUFF_VULKAN_CONV2D_RELU_MAX_POOL2D_H

#include "conv2d_relu_max_pool2d_push.h"
#include "ops.h"

// x: (N,C,H,W), y: (N,K,PH,PW), weight: (K,C,KH,KW); gradients have the shapes of what they are gradients of.
struct vk_pooled_conv {
    const struct tuff_conv2d_relu_max_pool2d_params *params;
    const struct tuff_tensor *x, *y, *weight;
};

// Whether all three ops take it; each alone would be of no use.
bool vk_pooled_conv_fits(const struct tuff_device *device, const struct vk_pooled_conv *conv);

// Bytes of workspace of backward_weight.
uint64_t vk_pooled_conv_workspace(const struct tuff_device *device,
                                  const struct tuff_conv2d_relu_max_pool2d_backward_weight_args *args);

// Channels cut into blocks.
struct vk_blocks {
    uint32_t size, count;
};

// How backward_weight shares its work. The numbers follow from the shape and the kind of the device, and with
// them the order of sums.
struct vk_pooled_weight_plan {
    struct vk_conv2d_pool_push push;
    struct vk_blocks blocks;
    uint32_t columns; // of a filter in the partial sums
    struct vk_split split;
};
struct vk_pooled_weight_plan
vk_pooled_weight_plan(const struct tuff_device *device,
                      const struct tuff_conv2d_relu_max_pool2d_backward_weight_args *args);

enum { VK_POOLED_LOCAL_SIZE = 64 }; // of backward: there are few invocations, each with much to do

#endif
