// conv2d on matrix units, of operands turned to NHWC in the workspace before: eight channels of a pixel lie
// in 16 bytes then, which is what shaders/matrix/ reads at a time, where eight pixels of a row of NCHW begin
// anywhere. Zeros around the image stand for its padding, so that the product does not have to ask about
// edges.
#include "conv2d.h"
#include "conv2d_nhwc_push.h"

enum {
    OCTET = 8,
    // Multiplications for each element that is turned, fewer of which do not pay for it: those of a few
    // pixels with many weights, or of windows that skip most of the image.
    LEAST_USES = 16,
    HALF_BYTES = 2,
    // Sections of the workspace begin at multiples of this, the greatest alignment that a device may ask for.
    SECTION = 256,
    // As in shaders/conv2d_image_to_nhwc.comp.
    TURNED_PIXELS = 64,
    TURNED_CHANNELS = 32,
};

// An image, turned: rows and columns with the zeros, and how many of them are zeros before the image. What a
// product does not read of the image is left out.
struct turned {
    uint64_t batch, channels, h, w;
    uint32_t above, left;
};

static uint64_t bytes_of(const struct turned *image)
{
    return image->batch * image->channels * image->h * image->w * HALF_BYTES;
}

uint64_t vk_conv2d_nhwc_section(uint64_t bytes)
{
    return vk_divide_up(bytes, SECTION) * SECTION;
}

static uint64_t weight_bytes(const struct vk_conv2d *conv)
{
    return tuff_tensor_elements(conv->weight) * HALF_BYTES;
}

// x with its padding, as far as windows see it. Sizes are below 2^32 and their products fit 64 bits: the
// caller asks vk_conv2d_fits, and how many pixels there are.
static struct turned turned_x(const struct vk_conv2d *conv)
{
    const struct tuff_conv2d_params *params = conv->params;
    const uint32_t *window = conv->weight->dims + 2, *outputs = conv->y->dims + 2;
    return (struct turned){
        .batch = conv->x->dims[0],
        .channels = conv->x->dims[1],
        .h = (uint64_t)(outputs[0] - 1) * vk_conv2d_stride_h(conv) +
             (uint64_t)(window[0] - 1) * params->dilation_h + 1,
        .w = (uint64_t)(outputs[1] - 1) * vk_conv2d_stride_w(conv) +
             (uint64_t)(window[1] - 1) * params->dilation_w + 1,
        .above = params->pad_top,
        .left = params->pad_left,
    };
}

// dy as it is.
static struct turned turned_dy(const struct vk_conv2d *conv)
{
    const uint32_t *dims = conv->y->dims;
    return (struct turned){.batch = dims[0], .channels = dims[1], .h = dims[2], .w = dims[3]};
}

// How far an axis of dy reaches that the input's gradient reads: the outputs whose windows begin up to
// *before places above the first one, and *all of them together.
static void reach(uint32_t inputs, uint32_t pad, uint32_t window, uint32_t dilation, uint32_t stride,
                  uint32_t *before, uint64_t *all)
{
    const uint64_t span = (uint64_t)(window - 1) * dilation;
    *before = span > pad ? (uint32_t)vk_divide_up(span - pad, stride) : 0;
    // The phases have the same number of pixels, of which the last one may lie outside.
    const uint64_t last = vk_divide_up(inputs, stride) * stride - 1;
    *all = *before + (last + pad) / stride + 1;
}

// dy with zeros for the outputs that are none, of which an input has windows in its reach as well.
static struct turned turned_dy_around(const struct vk_conv2d *conv)
{
    const struct tuff_conv2d_params *params = conv->params;
    struct turned image = turned_dy(conv);
    reach(conv->x->dims[2], params->pad_top, conv->weight->dims[2], params->dilation_h,
          vk_conv2d_stride_h(conv), &image.above, &image.h);
    reach(conv->x->dims[3], params->pad_left, conv->weight->dims[3], params->dilation_w,
          vk_conv2d_stride_w(conv), &image.left, &image.w);
    return image;
}

// Whether the kernels reach all of it, by one binding and by 32-bit numbers.
static bool reachable(const struct tuff_device *device, const struct turned *image)
{
    const uint64_t most = vk_least(device->physical->limits.range_bytes, (uint64_t)UINT32_MAX);
    const uint64_t row = image->w * image->channels * HALF_BYTES;
    return image->w <= most && row <= most && image->h <= most / row &&
           image->batch <= most / (row * image->h);
}

static bool in_octets(uint32_t channels, const struct vk_conv2d *conv)
{
    return channels / conv->params->groups % OCTET == 0;
}

// Whether such operands are for the product at all. Of a window of one place nothing is unfolded, and turning
// would cost as much as it saves.
static bool suits(const struct vk_conv2d *conv, const struct vk_tile *tile)
{
    return vk_tile_on_matrix_units(tile) && conv->weight->dims[2] * conv->weight->dims[3] > 1;
}

// Bytes of workspace for two turned operands, of so many bytes each; 0 if the product has not work enough to
// pay for turning them.
static uint64_t bytes_of_both(const struct vk_conv2d *conv, uint64_t first, uint64_t second)
{
    const double outputs = (double)tuff_tensor_elements(conv->y);
    const double terms = (double)tuff_tensor_elements(conv->weight) / conv->weight->dims[0];
    const double turned = (double)((first + second) / HALF_BYTES);
    return outputs * terms >= LEAST_USES * turned ? vk_conv2d_nhwc_section(first) + second : 0;
}

uint64_t vk_conv2d_nhwc_forward_bytes(const struct tuff_device *device, const struct vk_conv2d *conv,
                                      const struct vk_tile *tile)
{
    const struct turned x = turned_x(conv);
    if (!suits(conv, tile) || !in_octets(conv->x->dims[1], conv) || !reachable(device, &x))
        return 0;
    return bytes_of_both(conv, bytes_of(&x), weight_bytes(conv));
}

uint64_t vk_conv2d_nhwc_backward_input_bytes(const struct tuff_device *device, const struct vk_conv2d *conv,
                                             const struct vk_tile *tile)
{
    const struct turned dy = turned_dy_around(conv);
    if (!suits(conv, tile) || !in_octets(conv->y->dims[1], conv) || !reachable(device, &dy))
        return 0;
    return bytes_of_both(conv, bytes_of(&dy), weight_bytes(conv));
}

uint64_t vk_conv2d_nhwc_backward_weight_bytes(const struct tuff_device *device, const struct vk_conv2d *conv,
                                              const struct vk_tile *tile)
{
    const struct turned x = turned_x(conv), dy = turned_dy(conv);
    if (!suits(conv, tile) || !in_octets(conv->x->dims[1], conv) || !in_octets(conv->y->dims[1], conv) ||
        !reachable(device, &x) || !reachable(device, &dy))
        return 0;
    return bytes_of_both(conv, bytes_of(&x), bytes_of(&dy));
}

static struct vk_range half_range(const struct tuff_tensor *workspace, uint64_t offset, uint64_t bytes)
{
    struct vk_range range = vk_range_within(workspace, offset, bytes);
    range.half = true;
    return range;
}

// to = the tensor, (N,C,H,W), as `image`.
static enum tuff_status turn_image(struct tuff_stream *stream, const struct vk_range *to,
                                   const struct turned *image, const struct tuff_tensor *tensor)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_conv2d_image_to_nhwc,
        .storage_count = 2,
        .written = 1,
        .push_bytes = sizeof(struct vk_conv2d_image_push),
        .constant_count = 1,
    };
    const struct vk_conv2d_image_push push = {
        .channels = (uint32_t)image->channels,
        .in_h = tensor->dims[2],
        .in_w = tensor->dims[3],
        .turned_h = (uint32_t)image->h,
        .turned_w = (uint32_t)image->w,
        .above = image->above,
        .left = image->left,
        .pixels = (uint32_t)(image->batch * image->h * image->w),
    };
    return vk_dispatch(stream, &(struct vk_dispatch){
                                   .kernel = &kernel,
                                   .constants = {VK_LOCAL_SIZE},
                                   .storage = {*to, vk_range_of(tensor)},
                                   .push = &push,
                                   .groups = vk_divide_up(push.pixels, TURNED_PIXELS) *
                                             vk_divide_up(image->channels, TURNED_CHANNELS),
                               });
}

// to = the weights, (K,C/groups,KH,KW), as (K,KH,KW,C/groups) or, by_channel, as (C,KH,KW,K/groups).
static enum tuff_status turn_weight(struct tuff_stream *stream, const struct vk_range *to,
                                    const struct vk_conv2d *conv, bool by_channel)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_conv2d_weight_to_nhwc,
        .storage_count = 2,
        .written = 1,
        .push_bytes = sizeof(struct vk_conv2d_weight_push),
        .constant_count = 1,
    };
    const uint32_t *dims = conv->weight->dims;
    const uint32_t window = dims[2] * dims[3], filters = dims[0] / conv->params->groups;
    const struct vk_conv2d_weight_push push = {
        .quads = (uint32_t)(tuff_tensor_elements(conv->weight) / 4),
        .inner = by_channel ? filters : dims[1],
        .window = window,
        .lines = by_channel ? dims[1] : filters,
        .group_step = filters * dims[1] * window,
        .line_step = by_channel ? window : dims[1] * window,
        .inner_step = by_channel ? dims[1] * window : window,
    };
    return vk_dispatch(stream, &(struct vk_dispatch){
                                   .kernel = &kernel,
                                   .constants = {VK_LOCAL_SIZE},
                                   .storage = {*to, vk_range_of(conv->weight)},
                                   .push = &push,
                                   .groups = vk_element_groups(push.quads),
                               });
}

// Tells the product how the image lies that it unfolds.
static void describe_image(struct vk_conv2d_push *push, const struct turned *image)
{
    push->pixel_octets = (uint32_t)image->channels / OCTET;
    push->row_octets = (uint32_t)image->w * push->pixel_octets;
    push->image_octets = (uint32_t)image->h * push->row_octets;
    push->above = image->above;
    push->left = image->left;
}

enum tuff_status vk_conv2d_nhwc_forward(struct tuff_stream *stream, const struct vk_conv2d *conv,
                                        const struct tuff_tensor *workspace, struct vk_dispatch *dispatch,
                                        struct vk_conv2d_push *push)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_conv2d_forward_nhwc,
        .storage_count = 4,
        .written = 1,
        .matrix = true,
        .push_bytes = sizeof(struct vk_conv2d_push),
        .constant_count = VK_MAX_CONSTANTS,
    };
    const struct turned x = turned_x(conv);
    dispatch->kernel = &kernel;
    dispatch->constants[VK_WIDE_CONSTANT] = 0; // which it does not know
    dispatch->storage[1] = half_range(workspace, 0, bytes_of(&x));
    dispatch->storage[2] = half_range(workspace, vk_conv2d_nhwc_section(bytes_of(&x)), weight_bytes(conv));
    describe_image(push, &x);
    enum tuff_status status = turn_image(stream, &dispatch->storage[1], &x, conv->x);
    return status == TUFF_OK ? turn_weight(stream, &dispatch->storage[2], conv, false) : status;
}

enum tuff_status vk_conv2d_nhwc_backward_input(struct tuff_stream *stream, const struct vk_conv2d *conv,
                                               const struct tuff_tensor *workspace,
                                               struct vk_dispatch *dispatch, struct vk_conv2d_push *push)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_conv2d_backward_input_nhwc,
        .storage_count = 4,
        .written = 1,
        .matrix = true,
        .relu_backward = true,
        .push_bytes = sizeof(struct vk_conv2d_push),
        .constant_count = VK_MAX_CONSTANTS,
    };
    const struct turned dy = turned_dy_around(conv);
    dispatch->kernel = &kernel;
    dispatch->constants[VK_WIDE_CONSTANT] = 0; // which it does not know
    dispatch->storage[1] = half_range(workspace, 0, bytes_of(&dy));
    dispatch->storage[2] = half_range(workspace, vk_conv2d_nhwc_section(bytes_of(&dy)), weight_bytes(conv));
    dispatch->storage[VK_RELU_STORAGE] = dispatch->storage[1];
    describe_image(push, &dy);
    enum tuff_status status = turn_image(stream, &dispatch->storage[1], &dy, conv->y);
    return status == TUFF_OK ? turn_weight(stream, &dispatch->storage[2], conv, true) : status;
}

enum tuff_status vk_conv2d_nhwc_backward_weight(struct tuff_stream *stream, const struct vk_conv2d *conv,
                                                const struct tuff_tensor *workspace, uint64_t before,
                                                struct vk_dispatch *dispatch, struct vk_conv2d_push *push)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_conv2d_backward_weight_nhwc,
        .storage_count = 4,
        .written = 3,
        .matrix = true,
        .push_bytes = sizeof(struct vk_conv2d_push),
        .constant_count = VK_MAX_CONSTANTS,
    };
    const struct turned x = turned_x(conv), dy = turned_dy(conv);
    const uint64_t offset = vk_conv2d_nhwc_section(before);
    dispatch->kernel = &kernel;
    dispatch->constants[VK_WIDE_CONSTANT] = 0; // which it does not know
    dispatch->storage[3] = half_range(workspace, offset, bytes_of(&x));
    dispatch->storage[2] =
        half_range(workspace, offset + vk_conv2d_nhwc_section(bytes_of(&x)), bytes_of(&dy));
    describe_image(push, &x);
    enum tuff_status status = turn_image(stream, &dispatch->storage[3], &x, conv->x);
    return status == TUFF_OK ? turn_image(stream, &dispatch->storage[2], &dy, conv->y) : status;
}
