// conv2d with paddings that are not zeros: what shaders/conv2d_pad.comp and conv2d_fold.comp need.
#include "conv2d.h"
#include "conv2d_padding_push.h"

enum { PADDING_CONSTANTS = 2 };

bool vk_conv2d_needs_padded_image(const struct tuff_conv2d_params *params)
{
    return params->padding_mode != TUFF_PADDING_ZEROS &&
           (params->pad_top | params->pad_bottom | params->pad_left | params->pad_right) != 0;
}

// The kernels know padding with zeros alone. In the other modes they work without padding on an image in the
// workspace that has it around it.
struct padded_image {
    struct tuff_conv2d_params params; // the same convolution of that image
    struct tuff_tensor image;         // (N,C,H+pads,W+pads)
    struct tuff_tensor workspace;     // what is left of it for the kernel
    uint64_t bytes;                   // of the workspace that the image takes
};

// x: (N,C,H,W), or its gradient. dtype: of the image. workspace: NULL while only sizes are asked about.
static struct padded_image padded_image(const struct tuff_device *device,
                                        const struct tuff_conv2d_params *params, const struct tuff_tensor *x,
                                        uint32_t dtype, const struct tuff_tensor *workspace)
{
    struct padded_image padded = {.params = *params, .image = *x};
    padded.image.dtype = dtype;
    padded.image.dims[2] += params->pad_top + params->pad_bottom;
    padded.image.dims[3] += params->pad_left + params->pad_right;
    padded.params.padding_mode = TUFF_PADDING_ZEROS;
    padded.params.pad_top = padded.params.pad_bottom = 0;
    padded.params.pad_left = padded.params.pad_right = 0;
    uint64_t alignment = device->physical->limits.alignment;
    padded.bytes = vk_divide_up(tuff_tensor_bytes(&padded.image), alignment) * alignment;
    if (workspace) {
        padded.image.buffer = workspace->buffer;
        padded.image.offset = workspace->offset;
        padded.workspace = *workspace;
        padded.workspace.offset += padded.bytes;
        padded.workspace.dims[0] -= (uint32_t)padded.bytes; // it is one of bytes
    }
    return padded;
}

// writes_image: whether the kernel makes image of x, or x of image.
static enum tuff_status dispatch_padding(struct tuff_stream *stream, const struct vk_kernel *kernel,
                                         const struct tuff_conv2d_params *params, const struct tuff_tensor *x,
                                         const struct tuff_tensor *image, bool writes_image)
{
    const struct tuff_tensor *written = writes_image ? image : x, *read = writes_image ? x : image;
    struct vk_conv2d_padding_push push = {
        .count = (uint32_t)tuff_tensor_elements(written),
        .in_h = x->dims[2],
        .in_w = x->dims[3],
        .padded_h = image->dims[2],
        .padded_w = image->dims[3],
        .pad_top = params->pad_top,
        .pad_left = params->pad_left,
    };
    return vk_dispatch(stream, &(struct vk_dispatch){
                                   .kernel = kernel,
                                   .constants = {VK_LOCAL_SIZE, params->padding_mode},
                                   .storage = {vk_range_of(written), vk_range_of(read)},
                                   .push = &push,
                                   .groups = vk_element_groups(push.count),
                               });
}

// image = x and what is seen around it.
static enum tuff_status pad(struct tuff_stream *stream, const struct tuff_conv2d_params *params,
                            const struct tuff_tensor *image, const struct tuff_tensor *x)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_conv2d_pad,
        .storage_count = 2,
        .written = 1,
        .push_bytes = sizeof(struct vk_conv2d_padding_push),
        .constant_count = PADDING_CONSTANTS,
    };
    return dispatch_padding(stream, &kernel, params, x, image, true);
}

// The gradient of that.
static enum tuff_status fold(struct tuff_stream *stream, const struct tuff_conv2d_params *params,
                             const struct tuff_tensor *dx, const struct tuff_tensor *image)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_conv2d_fold,
        .storage_count = 2,
        .written = 1,
        .push_bytes = sizeof(struct vk_conv2d_padding_push),
        .constant_count = PADDING_CONSTANTS,
    };
    return dispatch_padding(stream, &kernel, params, dx, image, false);
}

// -- The ops, on such an image.

enum tuff_status vk_conv2d_convolve_padded(struct tuff_stream *stream,
                                           const struct tuff_conv2d_forward_args *args, bool relu)
{
    struct padded_image padded =
        padded_image(stream->device, args->params, args->x, args->x->dtype, args->workspace);
    struct tuff_conv2d_forward_args inner = *args;
    inner.params = &padded.params;
    inner.workspace = &padded.workspace;
    inner.x = &padded.image;
    enum tuff_status status = pad(stream, args->params, &padded.image, args->x);
    return status == TUFF_OK ? vk_conv2d_convolve(stream, &inner, relu) : status;
}

enum tuff_status vk_conv2d_backward_input_padded(struct tuff_stream *stream,
                                                 const struct tuff_conv2d_backward_input_args *args)
{
    struct padded_image padded =
        padded_image(stream->device, args->params, args->dx, TUFF_F32, args->workspace);
    struct tuff_conv2d_backward_input_args inner = *args;
    inner.params = &padded.params;
    inner.workspace = &padded.workspace;
    inner.dx = &padded.image;
    enum tuff_status status = vk_conv2d_backward_input(stream, &inner);
    return status == TUFF_OK ? fold(stream, args->params, args->dx, &padded.image) : status;
}

enum tuff_status vk_conv2d_backward_weight_padded(struct tuff_stream *stream,
                                                  const struct tuff_conv2d_backward_weight_args *args)
{
    struct padded_image padded =
        padded_image(stream->device, args->params, args->x, args->x->dtype, args->workspace);
    struct tuff_conv2d_backward_weight_args inner = *args;
    inner.params = &padded.params;
    inner.workspace = &padded.workspace;
    inner.x = &padded.image;
    enum tuff_status status = pad(stream, args->params, &padded.image, args->x);
    return status == TUFF_OK ? vk_conv2d_backward_weight(stream, &inner) : status;
}

uint64_t vk_conv2d_forward_padded_workspace(const struct tuff_device *device,
                                            const struct tuff_conv2d_params *params,
                                            const struct tuff_tensor *y, const struct tuff_tensor *x,
                                            const struct tuff_tensor *weight)
{
    struct padded_image padded = padded_image(device, params, x, x->dtype, NULL);
    return padded.bytes +
           vk_conv2d_forward_workspace(device, &padded.params, y, &padded.image, weight, padded.bytes);
}

uint64_t vk_conv2d_backward_input_padded_workspace(const struct tuff_device *device,
                                                   const struct tuff_conv2d_backward_input_args *args)
{
    struct padded_image padded = padded_image(device, args->params, args->dx, TUFF_F32, NULL);
    struct tuff_conv2d_backward_input_args inner = *args;
    inner.params = &padded.params;
    inner.dx = &padded.image;
    return padded.bytes + vk_conv2d_backward_input_workspace(device, &inner, padded.bytes);
}

uint64_t vk_conv2d_backward_weight_padded_workspace(const struct tuff_device *device,
                                                    const struct tuff_conv2d_backward_weight_args *args)
{
    struct padded_image padded = padded_image(device, args->params, args->x, args->x->dtype, NULL);
    struct tuff_conv2d_backward_weight_args inner = *args;
    inner.params = &padded.params;
    inner.x = &padded.image;
    return padded.bytes + vk_conv2d_backward_weight_workspace(device, &inner, padded.bytes);
}
