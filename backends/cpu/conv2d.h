// What the convolution's sources share: its sizes, and one implementation per layout.
#ifndef TUFF_CPU_CONV2D_H
#define TUFF_CPU_CONV2D_H

#include "tuff/op.h"

#include "device.h"

struct cpu_conv2d {
    ptrdiff_t batch, blocks; // blocks: of 16 samples
    ptrdiff_t channels, height, width;
    ptrdiff_t outputs, out_h, out_w;
    ptrdiff_t kernel_h, kernel_w;
    ptrdiff_t groups, group_channels, group_outputs;
    ptrdiff_t taps; // group_channels * kernel_h * kernel_w: what one output element sums
    ptrdiff_t stride_h, stride_w, dilation_h, dilation_w;
    ptrdiff_t pad_top, pad_bottom, pad_left, pad_right;
};

// x: (N,C,H,W), y: (N,K,OH,OW), weight: (K,C/groups,KH,KW); or the gradients in their places.
struct cpu_conv2d cpu_conv2d_sizes(const struct tuff_conv2d_params *params, const struct tuff_tensor *x,
                                   const struct tuff_tensor *y, const struct tuff_tensor *weight);

// Multiply-adds of the whole batch in vector operations of 16 lanes.
uint64_t cpu_conv2d_work(const struct cpu_conv2d *conv);

// The kernels know padding with zeros alone. In the other modes they work without padding on an image in the
// workspace that has it around it.
struct cpu_padded_image {
    struct tuff_conv2d_params params; // the same convolution of that image
    struct tuff_tensor image;         // (N,C,H+pads,W+pads)
    struct tuff_tensor workspace;     // what is left of it for the kernel
    uint64_t bytes;                   // of the workspace that the image takes
    ptrdiff_t height, width, planes;  // of x; planes: its images, each of `lanes` samples
    ptrdiff_t padded_height, padded_width;
    ptrdiff_t lanes;
    ptrdiff_t top, left;
    uint32_t mode;
};

// Whether such an image is needed.
int cpu_conv2d_needs_padded_image(const struct tuff_conv2d_params *params);
// x: (N,C,H,W), or its gradient. workspace: NULL while only sizes are asked about.
struct cpu_padded_image cpu_conv2d_padded_image(const struct tuff_conv2d_params *params,
                                                const struct tuff_tensor *x,
                                                const struct tuff_tensor *workspace);
// image = x and what is seen around it.
void cpu_conv2d_pad(struct tuff_device *device, const struct cpu_padded_image *padded,
                    const struct tuff_tensor *x);
// The gradient of that: dx = the sums of what image has where an element of x was seen, in row-major order.
void cpu_conv2d_fold(struct tuff_device *device, const struct cpu_padded_image *padded,
                     const struct tuff_tensor *dx);

// The forward correlation of block 0 and group 0; y and its strides are the caller's to set.
struct lanes_correlation cpu_conv2d_correlation(const struct cpu_conv2d *conv, const float *x, const float *w,
                                                const float *bias);

// A forward convolution or, with dy as x and dx as y, the gradient of its input, in TUFF_LAYOUT_BATCH16.
struct cpu_conv2d_batch16_tensors {
    const float *x, *w, *bias; // bias: NULL: zero
    float *y;
    ptrdiff_t x_block, x_channel, x_row; // strides
    ptrdiff_t y_block, y_channel, y_row;
    int relu; // of y
};

// Whether there are channels and positions enough for packed weights and cached windows to pay.
int cpu_conv2d_is_packed(const struct cpu_conv2d *conv, int is_backward);
void cpu_conv2d_packed(struct tuff_device *device, const struct cpu_conv2d *conv, int is_backward,
                       const struct cpu_conv2d_batch16_tensors *tensors, float *workspace);
uint64_t cpu_conv2d_packed_workspace(const struct tuff_device *device, const struct cpu_conv2d *conv,
                                     int is_backward); // bytes

// The same for the gradient of the weight.
int cpu_conv2d_has_weight_windows(const struct cpu_conv2d *conv);
void cpu_conv2d_weight_windows(struct tuff_device *device, const struct cpu_conv2d *conv,
                               const struct tuff_conv2d_backward_weight_args *args);
uint64_t cpu_conv2d_weight_windows_workspace(const struct tuff_device *device,
                                             const struct cpu_conv2d *conv); // bytes

// The op in TUFF_LAYOUT_BATCH16, and the bytes of workspace that it needs. relu: y is the ReLU of it.
void cpu_conv2d_forward_batch16(struct tuff_device *device, const struct tuff_conv2d_forward_args *args,
                                int relu);
uint64_t cpu_conv2d_forward_workspace_batch16(const struct tuff_device *device,
                                              const struct tuff_conv2d_forward_args *args);
void cpu_conv2d_backward_input_batch16(struct tuff_device *device,
                                       const struct tuff_conv2d_backward_input_args *args);
uint64_t cpu_conv2d_backward_input_workspace_batch16(const struct tuff_device *device,
                                                     const struct tuff_conv2d_backward_input_args *args);
void cpu_conv2d_backward_weight_batch16(struct tuff_device *device,
                                        const struct tuff_conv2d_backward_weight_args *args);
uint64_t cpu_conv2d_backward_weight_workspace_batch16(struct tuff_device *device,
                                                      const struct tuff_conv2d_backward_weight_args *args);

// The op in TUFF_LAYOUT_ROW_MAJOR.
void cpu_conv2d_forward_row_major(struct tuff_device *device, const struct tuff_conv2d_forward_args *args,
                                  int relu);
uint64_t cpu_conv2d_forward_workspace_row_major(struct tuff_device *device,
                                                const struct tuff_conv2d_forward_args *args);
void cpu_conv2d_backward_input_row_major(struct tuff_device *device,
                                         const struct tuff_conv2d_backward_input_args *args);
uint64_t cpu_conv2d_backward_input_workspace_row_major(struct tuff_device *device,
                                                       const struct tuff_conv2d_backward_input_args *args);
void cpu_conv2d_backward_weight_row_major(struct tuff_device *device,
                                          const struct tuff_conv2d_backward_weight_args *args);
uint64_t cpu_conv2d_backward_weight_workspace_row_major(struct tuff_device *device,
                                                        const struct tuff_conv2d_backward_weight_args *args);

#endif
