// What the ways of convolving share: as a matrix product (conv2d.c), of operands in NHWC on matrix units
// (conv2d_nhwc.c), directly for few channels (conv2d_direct.c), and on an image that has been padded before
// (conv2d_padding.c).
#ifndef TUFF_VULKAN_CONV2D_H
#define TUFF_VULKAN_CONV2D_H

#include "conv2d_push.h"
#include "gemm.h"
#include "ops.h"

// The shapes of one convolution. x: (N,C,H,W), y: (N,K,OH,OW), weight: (K,C/groups,KH,KW); gradients have the
// shapes of what they are gradients of.
struct vk_conv2d {
    const struct tuff_conv2d_params *params;
    const struct tuff_tensor *x, *y, *weight;
};

// A specialization constant of both ways of backward_input: dx is float32, dy is not.
enum { VK_FLOAT_DX_CONSTANT = 20 };

// The strides that matter: where there is but one output, none does.
static inline uint32_t vk_conv2d_stride_h(const struct vk_conv2d *conv)
{
    return conv->y->dims[2] == 1 ? 1 : conv->params->stride_h;
}

static inline uint32_t vk_conv2d_stride_w(const struct vk_conv2d *conv)
{
    return conv->y->dims[3] == 1 ? 1 : conv->params->stride_w;
}

// Whether positions and sizes fit the kernels' 32-bit arithmetic.
bool vk_conv2d_fits(const struct vk_conv2d *conv);

// Whether the direct kernels are the better ones.
bool vk_conv2d_direct_forward_fits(const struct tuff_device *device, const struct vk_conv2d *conv);
bool vk_conv2d_direct_backward_input_fits(const struct tuff_device *device, const struct vk_conv2d *conv);
bool vk_conv2d_direct_backward_weight_fits(const struct tuff_device *device, const struct vk_conv2d *conv);

// conv2d_forward; relu: what is stored goes through one.
TUFF_MUST_CHECK enum tuff_status vk_conv2d_convolve(struct tuff_stream *stream,
                                                    const struct tuff_conv2d_forward_args *args, bool relu);
TUFF_MUST_CHECK enum tuff_status
vk_conv2d_convolve_direct(struct tuff_stream *stream, const struct tuff_conv2d_forward_args *args, bool relu);
TUFF_MUST_CHECK enum tuff_status
vk_conv2d_direct_backward_input(struct tuff_stream *stream,
                                const struct tuff_conv2d_backward_input_args *args);
TUFF_MUST_CHECK enum tuff_status
vk_conv2d_direct_backward_weight(struct tuff_stream *stream,
                                 const struct tuff_conv2d_backward_weight_args *args);

// Bytes of workspace of the direct backward_weight.
uint64_t vk_conv2d_direct_workspace(const struct tuff_device *device,
                                    const struct tuff_conv2d_backward_weight_args *args);

// Whether the padding is of another kind than zeros. Then the ops are done by the functions below, which pad
// the image in the workspace and call the ops on it.
bool vk_conv2d_needs_padded_image(const struct tuff_conv2d_params *params);

TUFF_MUST_CHECK enum tuff_status
vk_conv2d_convolve_padded(struct tuff_stream *stream, const struct tuff_conv2d_forward_args *args, bool relu);
TUFF_MUST_CHECK enum tuff_status
vk_conv2d_backward_input_padded(struct tuff_stream *stream,
                                const struct tuff_conv2d_backward_input_args *args);
TUFF_MUST_CHECK enum tuff_status
vk_conv2d_backward_weight_padded(struct tuff_stream *stream,
                                 const struct tuff_conv2d_backward_weight_args *args);

// Bytes of workspace of the ops on such an image, the image's included.
uint64_t vk_conv2d_forward_padded_workspace(const struct tuff_device *device,
                                            const struct tuff_conv2d_params *params,
                                            const struct tuff_tensor *y, const struct tuff_tensor *x,
                                            const struct tuff_tensor *weight);
uint64_t vk_conv2d_backward_input_padded_workspace(const struct tuff_device *device,
                                                   const struct tuff_conv2d_backward_input_args *args);
uint64_t vk_conv2d_backward_weight_padded_workspace(const struct tuff_device *device,
                                                    const struct tuff_conv2d_backward_weight_args *args);

// Bytes of workspace for a product's operands in NHWC; 0: it takes them as they are, since it is not in a
// tile on matrix units, or for its shapes. Padding: of zeros.
uint64_t vk_conv2d_nhwc_forward_bytes(const struct tuff_device *device, const struct vk_conv2d *conv,
                                      const struct vk_tile *tile);
uint64_t vk_conv2d_nhwc_backward_input_bytes(const struct tuff_device *device, const struct vk_conv2d *conv,
                                             const struct vk_tile *tile);
uint64_t vk_conv2d_nhwc_backward_weight_bytes(const struct tuff_device *device, const struct vk_conv2d *conv,
                                              const struct vk_tile *tile);

// Where the operands begin in the workspace behind so many bytes.
uint64_t vk_conv2d_nhwc_section(uint64_t bytes);

// Turns the operands, and makes the product's dispatch and its push constants one that takes them so.
// backward_weight: in the workspace behind the first `before` bytes.
TUFF_MUST_CHECK enum tuff_status vk_conv2d_nhwc_forward(struct tuff_stream *stream,
                                                        const struct vk_conv2d *conv,
                                                        const struct tuff_tensor *workspace,
                                                        struct vk_dispatch *dispatch,
                                                        struct vk_conv2d_push *push);
TUFF_MUST_CHECK enum tuff_status vk_conv2d_nhwc_backward_input(struct tuff_stream *stream,
                                                               const struct vk_conv2d *conv,
                                                               const struct tuff_tensor *workspace,
                                                               struct vk_dispatch *dispatch,
                                                               struct vk_conv2d_push *push);
TUFF_MUST_CHECK enum tuff_status vk_conv2d_nhwc_backward_weight(struct tuff_stream *stream,
                                                                const struct vk_conv2d *conv,
                                                                const struct tuff_tensor *workspace,
                                                                uint64_t before, struct vk_dispatch *dispatch,
                                                                struct vk_conv2d_push *push);

#endif
