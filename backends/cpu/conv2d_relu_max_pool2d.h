// What the fused convolution, ReLU and max pooling's sources share.
#ifndef TUFF_CPU_CONV2D_RELU_MAX_POOL2D_H
#define TUFF_CPU_CONV2D_RELU_MAX_POOL2D_H

#include "conv2d.h"

// The op as its parts see it.
struct cpu_pooled_conv {
    struct tuff_conv2d_params params; // of the convolution
    struct tuff_tensor z;             // its output (N,K,OH,OW), or dz, at the workspace's begin
    struct tuff_tensor workspace;     // what is left of it behind z
    uint64_t z_bytes;                 // of the workspace that z takes
    struct cpu_conv2d conv;
    struct lanes_window_pool pool;
    ptrdiff_t pooled; // windows of one image
};

// x: (N,C,H,W), or dx. pooled: (N,K,PH,PW), y or dy. weight: (K,C/groups,KH,KW), or dweight. workspace: NULL
// while only sizes are asked about.
struct cpu_pooled_conv cpu_pooled_conv_of(const struct tuff_conv2d_relu_max_pool2d_params *params,
                                          const struct tuff_tensor *x, const struct tuff_tensor *weight,
                                          const struct tuff_tensor *pooled,
                                          const struct tuff_tensor *workspace);

// The gradients from winners alone, without dz: for few channels, in BATCH16 and with windows of 2 x 2 side
// by side, where at most one element in four has a gradient. `takes` says whether they do. workspace: bytes.
int cpu_winners_take_input(const struct tuff_device *device, const struct cpu_pooled_conv *op);
int cpu_winners_take_weight(const struct tuff_device *device, const struct cpu_pooled_conv *op);
uint64_t cpu_winners_input_workspace(struct tuff_device *device, const struct cpu_pooled_conv *op);
uint64_t cpu_winners_weight_workspace(struct tuff_device *device, const struct cpu_pooled_conv *op);
void cpu_winners_backward_input(struct tuff_device *device, const struct cpu_pooled_conv *op,
                                const struct tuff_conv2d_relu_max_pool2d_backward_input_args *args);
void cpu_winners_backward_weight(struct tuff_device *device, const struct cpu_pooled_conv *op,
                                 const struct tuff_conv2d_relu_max_pool2d_backward_weight_args *args);

#endif
