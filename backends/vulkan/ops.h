// The kernels, one per line of op_list.h, and what they share.
#ifndef TUFF_VULKAN_OPS_H
#define TUFF_VULKAN_OPS_H

#include "arithmetic.h"
#include "optimizer_push.h"
#include "softmax_push.h"
#include "stream.h"

#define TUFF_OP(NAME, name)                                                                                  \
    enum tuff_status vk_##name(struct tuff_stream *stream, const struct tuff_##name##_args *args);
#include "tuff/op_list.h"
#undef TUFF_OP

// Bytes of workspace; args as the core asks with them, buffers NULL. taken: of it, for something else.
uint64_t vk_conv2d_forward_workspace(const struct tuff_device *device,
                                     const struct tuff_conv2d_params *params, const struct tuff_tensor *y,
                                     const struct tuff_tensor *x, const struct tuff_tensor *weight,
                                     uint64_t taken);
uint64_t vk_conv2d_backward_input_workspace(const struct tuff_device *device,
                                            const struct tuff_conv2d_backward_input_args *args,
                                            uint64_t taken);
uint64_t vk_conv2d_backward_weight_workspace(const struct tuff_device *device,
                                             const struct tuff_conv2d_backward_weight_args *args,
                                             uint64_t taken);
uint64_t vk_linear_backward_weight_workspace(const struct tuff_device *device,
                                             const struct tuff_linear_backward_weight_args *args);
uint64_t vk_gradient_norm_workspace(const struct tuff_gradient_norm_args *args);
// The terms that one workgroup sums in a product; 0 if the op is done otherwise.
uint32_t vk_conv2d_backward_weight_chunk(const struct tuff_device *device,
                                         const struct tuff_conv2d_backward_weight_args *args);
uint32_t vk_linear_backward_weight_chunk(const struct tuff_device *device,
                                         const struct tuff_linear_backward_weight_args *args);
// Of any of the batch normalization's ops on this x.
uint64_t vk_batch_norm2d_workspace(const struct tuff_tensor *x);
// Whether x has few enough channels for batch_norm2d_relu_backward.
bool vk_batch_norm2d_relu_backward_fits(const struct tuff_tensor *x);

// Whether window positions of these parameters fit the kernels' 32-bit arithmetic.
bool vk_max_pool2d_fits(const struct tuff_max_pool2d_params *params);
bool vk_avg_pool2d_fits(const struct tuff_avg_pool2d_params *params);
bool vk_adaptive_avg_pool2d_fits(const struct tuff_tensor *x, const struct tuff_tensor *y);

// Whether no shader that computes the op makes more rounds of loops than the driver allows (rounds.c); else a
// warning says so. args: as the core asks with them, of sizes that fit otherwise.
bool vk_rounds_fit(const struct tuff_device *device, uint32_t op, const struct tuff_op_args *args);

// Invocations of a workgroup where nothing asks for another number: every device takes them.
enum { VK_LOCAL_SIZE = 128 };

// Workgroups of VK_LOCAL_SIZE for so many elements.
static inline uint64_t vk_element_groups(uint64_t elements)
{
    return vk_divide_up(elements, VK_LOCAL_SIZE);
}

// The softmax kernels (shaders/include/softmax_share.glsl): from so many classes on a workgroup shares a
// sample.
enum { VK_SOFTMAX_LOCAL_SIZE = 64, VK_SOFTMAX_SHARED_CLASSES = 128 };

static inline uint32_t vk_softmax_share(uint32_t classes)
{
    return classes < VK_SOFTMAX_SHARED_CLASSES ? 1 : VK_SOFTMAX_LOCAL_SIZE;
}

static inline uint64_t vk_softmax_groups(uint32_t samples, uint32_t classes)
{
    return vk_divide_up((uint64_t)samples * vk_softmax_share(classes), VK_SOFTMAX_LOCAL_SIZE);
}

// Average pooling: from so many elements on, several invocations share a window.
enum { VK_AVG_POOL_SHARED_WINDOW = 64, VK_AVG_POOL_SHARE = 32 };

static inline uint32_t vk_avg_pool_share(uint64_t window)
{
    return window < VK_AVG_POOL_SHARED_WINDOW ? 1 : VK_AVG_POOL_SHARE;
}

// The kernels' push constants.
struct vk_softmax_push vk_softmax_push_of(const struct tuff_softmax_cross_entropy_params *params,
                                          const struct tuff_tensor *logits);
struct vk_adam_push vk_adam_push_of(const struct tuff_adam_args *args);

// A long sum cut into chunks: `length` terms of `outputs` sums, `tiles` workgroups at work on each chunk. The
// numbers follow from the shape and the driver's limits, and with them the order of the sums.
enum { VK_SPLIT_MAX_BYTES = 64 << 20 }; // of partial sums, if the driver's limits allow it
struct vk_split {
    uint32_t chunk; // terms of one chunk, a multiple of 16
    uint32_t count; // chunks
    uint64_t bytes; // of the partial sums; 0 if there is one chunk
};
struct vk_split vk_split_sum(const struct tuff_device *device, uint64_t length, uint64_t outputs,
                             uint64_t tiles);

// Adds up the partial sums that a split product left in `partial`: rows x columns, the last column dbias if
// there is one. dbias: optional.
TUFF_MUST_CHECK enum tuff_status vk_sum_partials(struct tuff_stream *stream,
                                                 const struct tuff_tensor *dweight,
                                                 const struct tuff_tensor *dbias,
                                                 const struct tuff_tensor *partial, uint32_t rows,
                                                 uint32_t columns, const struct vk_split *split);

#endif
