// Convolution, forward and both gradients.
#include <math.h>

#include "case.h"
#include "case_window.h"
#include "tolerance.h"

// Of enum tuff_padding_mode.
enum { ZEROS, REFLECT, REPLICATE, CIRCULAR };

static const char *const padding_names[] = {"zeros", "reflect", "replicate", "circular", NULL};

struct conv2d_shape {
    uint32_t n, c, h, w, k, kh, kw;
    uint32_t stride[2], dilation[2]; // rows, columns
    uint32_t pad[4];                 // top, bottom, left, right
    uint32_t groups;
    uint32_t bias;    // also whether the weight gradient comes with the bias's; 2: forward has a NaN in it
    uint32_t padding; // what the pads are filled with
};

// Those without a bias come last in the list, so that the input gradient, which has none, can leave it out.
static const struct case_field fields[] = {
    CASE_FIELD_U32(struct conv2d_shape, n),
    CASE_FIELD_U32(struct conv2d_shape, c),
    CASE_FIELD_U32(struct conv2d_shape, h),
    CASE_FIELD_U32(struct conv2d_shape, w),
    CASE_FIELD_U32(struct conv2d_shape, k),
    CASE_FIELD_U32(struct conv2d_shape, kh),
    CASE_FIELD_U32(struct conv2d_shape, kw),
    CASE_FIELD_LIST(struct conv2d_shape, stride, 2, 'x'),
    CASE_FIELD_LIST(struct conv2d_shape, dilation, 2, 'x'),
    CASE_FIELD_LIST(struct conv2d_shape, pad, 4, ','),
    CASE_FIELD_NAME(struct conv2d_shape, padding, padding_names),
    CASE_FIELD_U32(struct conv2d_shape, groups),
    CASE_FIELD_U32(struct conv2d_shape, bias),
};

// n, c, h, w, k, kh, kw, stride, dilation, pad, groups, bias, padding
static const struct conv2d_shape corners[] = {
    {1, 1, 1, 1, 1, 1, 1, {1, 1}, {1, 1}, {0, 0, 0, 0}, 1, 1, ZEROS},    // the smallest
    {2, 3, 5, 7, 4, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}, 1, 1, ZEROS},    // "same"
    {3, 5, 9, 7, 4, 3, 2, {2, 1}, {1, 1}, {1, 0, 2, 1}, 1, 1, ZEROS},    // nothing is like another
    {2, 4, 5, 6, 7, 5, 6, {1, 1}, {1, 1}, {0, 0, 0, 0}, 1, 1, ZEROS},    // the kernel covers the input
    {15, 7, 4, 5, 9, 1, 1, {1, 1}, {1, 1}, {0, 0, 0, 0}, 1, 1, ZEROS},   // 1x1
    {3, 6, 7, 8, 5, 1, 1, {2, 3}, {1, 1}, {0, 0, 0, 0}, 1, 0, ZEROS},    // 1x1, strided
    {16, 8, 6, 6, 16, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}, 1, 1, ZEROS},  // all round numbers
    {17, 3, 6, 5, 5, 2, 3, {1, 2}, {1, 1}, {0, 1, 1, 0}, 1, 0, ZEROS},   // one sample more than a block
    {33, 2, 7, 4, 3, 3, 3, {2, 2}, {1, 1}, {1, 1, 1, 1}, 1, 1, ZEROS},   // three blocks
    {70, 2, 3, 3, 3, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}, 1, 1, ZEROS},   // many small samples
    {2, 3, 13, 11, 4, 3, 3, {1, 1}, {2, 3}, {2, 1, 3, 0}, 1, 1, ZEROS},  // dilation
    {1, 4, 17, 15, 6, 3, 2, {3, 2}, {3, 2}, {1, 2, 0, 1}, 2, 0, ZEROS},  // dilation, stride and groups
    {2, 6, 7, 9, 4, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}, 2, 1, ZEROS},    // groups
    {3, 6, 8, 5, 6, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}, 6, 1, ZEROS},    // depthwise
    {2, 5, 6, 7, 15, 3, 2, {2, 1}, {1, 1}, {0, 1, 1, 1}, 5, 0, ZEROS},   // depthwise, three filters a channel
    {2, 2, 11, 13, 3, 2, 2, {3, 4}, {1, 1}, {0, 0, 0, 0}, 1, 1, ZEROS},  // strides beyond the kernel
    {17, 6, 3, 4, 18, 2, 3, {5, 7}, {1, 1}, {5, 4, 6, 3}, 1, 1, ZEROS},  // and beyond the image
    {2, 3, 4, 3, 2, 2, 2, {1, 1}, {1, 1}, {3, 2, 4, 3}, 1, 1, ZEROS},    // windows that see padding only
    {4, 3, 1, 37, 5, 1, 5, {1, 1}, {1, 1}, {0, 0, 2, 2}, 1, 1, ZEROS},   // one row
    {3, 2, 41, 1, 4, 5, 1, {2, 1}, {1, 1}, {2, 2, 0, 0}, 1, 1, ZEROS},   // one column
    {2, 64, 9, 11, 96, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}, 1, 1, ZEROS}, // a long reduction
    {1, 130, 5, 3, 70, 1, 1, {1, 1}, {1, 1}, {0, 0, 0, 0}, 1, 1, ZEROS}, // more channels than a tile
    {2, 24, 7, 11, 20, 3, 3, {2, 3}, {1, 1}, {1, 0, 2, 1}, 1, 1, ZEROS}, // many channels, strides, padding
    {16, 3, 5, 7, 4, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}, 1, 2, ZEROS},   // NaN in the bias, no absent sample
    {32, 8, 6, 6, 16, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}, 2, 2, ZEROS},  // the same, in groups
    {16, 64, 3, 5, 96, 1, 1, {1, 1}, {1, 1}, {0, 0, 0, 0}, 1, 2, ZEROS}, // the same, as a matrix product
    {3, 40, 9, 8, 36, 3, 2, {3, 1}, {1, 3}, {2, 1, 1, 2}, 2, 0, ZEROS},  // and in groups, dilated
    {5, 3, 70, 67, 5, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}, 1, 1, ZEROS},  // many workgroups of pixels
    {1, 3, 35, 37, 8, 11, 11, {4, 4}, {1, 1}, {2, 2, 2, 2}, 1, 1, ZEROS},  // a wide kernel
    {16, 1, 28, 28, 6, 5, 5, {1, 1}, {1, 1}, {2, 2, 2, 2}, 1, 1, ZEROS},   // LeNet's first
    {16, 6, 14, 14, 16, 5, 5, {1, 1}, {1, 1}, {0, 0, 0, 0}, 1, 1, ZEROS},  // and second
    {16, 3, 32, 32, 6, 5, 5, {1, 1}, {1, 1}, {0, 0, 0, 0}, 1, 1, ZEROS},   // the same for colour images
    {64, 6, 12, 12, 16, 5, 5, {1, 1}, {1, 1}, {0, 0, 0, 0}, 1, 1, ZEROS},  // four blocks of the second
    {20, 16, 5, 5, 120, 5, 5, {1, 1}, {1, 1}, {0, 0, 0, 0}, 1, 1, ZEROS},  // a matrix product, in effect
    {3, 70, 4, 41, 13, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}, 1, 1, ZEROS},   // no block of channels divides
    {18, 13, 3, 43, 58, 3, 3, {1, 1}, {1, 1}, {1, 0, 0, 2}, 1, 0, ZEROS},  // nor here, for the input's
                                                                           // gradient
    {2, 9, 3, 131, 10, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}, 1, 1, ZEROS},   // wide rows
    {2, 20, 6, 11, 22, 3, 3, {2, 1}, {1, 1}, {1, 0, 2, 1}, 2, 1, ZEROS},   // groups that leave part of a tile
    {3, 17, 13, 16, 19, 1, 1, {2, 3}, {1, 1}, {1, 0, 0, 2}, 1, 0, ZEROS},  // 1x1 that skips pixels, with
                                                                           // padding
    {2, 12, 19, 17, 9, 3, 3, {2, 3}, {3, 2}, {2, 1, 0, 3}, 1, 1, ZEROS},   // strides and dilations, coprime
    {2, 8, 5, 6, 9, 2, 2, {1, 1}, {1, 1}, {3, 2, 4, 3}, 1, 1, ZEROS},      // channels and windows of padding
    {2, 48, 9, 11, 32, 3, 2, {2, 3}, {3, 2}, {2, 1, 0, 3}, 2, 1, ZEROS},   // octets of channels, in groups
    {9, 24, 3, 4, 40, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}, 1, 1, ZEROS},    // the same, of small images
    {3, 32, 7, 37, 24, 2, 5, {1, 2}, {1, 1}, {0, 3, 4, 6}, 1, 0, ZEROS},   // with windows of padding
    {16, 24, 5, 6, 72, 3, 3, {4, 3}, {1, 1}, {0, 1, 2, 0}, 1, 1, ZEROS},   // with strides beyond the kernel
    {2, 3, 5, 7, 4, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}, 1, 1, REFLECT},    // "same"
    {3, 5, 9, 7, 4, 3, 2, {2, 1}, {1, 1}, {1, 0, 2, 1}, 1, 1, REFLECT},    // nothing is like another
    {17, 2, 4, 5, 3, 7, 8, {1, 1}, {1, 1}, {3, 3, 4, 4}, 1, 0, REFLECT},   // the most that can be mirrored
    {2, 3, 5, 6, 4, 3, 3, {1, 1}, {1, 1}, {0, 0, 0, 0}, 1, 1, REFLECT},    // a mode and no padding
    {2, 24, 9, 11, 20, 3, 3, {1, 1}, {1, 1}, {1, 2, 2, 1}, 1, 1, REFLECT}, // more than a few channels
    {1, 1, 1, 1, 1, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}, 1, 1, REPLICATE},  // one element, seen nine times
    {2, 3, 2, 1, 4, 5, 6, {1, 1}, {1, 1}, {4, 7, 9, 3}, 1, 0, REPLICATE},  // far beyond the image
    {3, 6, 7, 8, 5, 1, 1, {2, 3}, {1, 1}, {1, 2, 3, 0}, 1, 0, REPLICATE},  // 1x1
    {16, 20, 7, 6, 33, 3, 3, {2, 2}, {1, 1}, {2, 1, 1, 2}, 1, 1, REPLICATE}, // strided, many channels
    {15, 2, 3, 4, 4, 5, 6, {1, 2}, {1, 1}, {3, 3, 4, 4}, 2, 1, CIRCULAR},    // the image three times
    {33, 4, 9, 8, 6, 3, 2, {2, 1}, {2, 3}, {4, 1, 0, 3}, 2, 1, CIRCULAR},    // dilation, stride and groups
    {16, 8, 6, 6, 16, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}, 1, 1, CIRCULAR},   // all round numbers
    {2, 24, 7, 9, 32, 3, 3, {2, 1}, {1, 1}, {1, 1, 1, 2}, 1, 1, CIRCULAR},   // octets
    {5, 3, 70, 67, 5, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}, 1, 1, CIRCULAR},   // many workgroups of pixels
    {3, 6, 8, 5, 6, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}, 6, 1, CIRCULAR},     // depthwise
};

static const struct conv2d_shape large[] = {
    {512, 1, 28, 28, 6, 5, 5, {1, 1}, {1, 1}, {2, 2, 2, 2}, 1, 1, ZEROS},
    {512, 6, 14, 14, 16, 5, 5, {1, 1}, {1, 1}, {0, 0, 0, 0}, 1, 1, ZEROS},
    {16, 64, 32, 32, 64, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}, 1, 1, ZEROS},
};

// As tuff check --perf times them.
static const struct conv2d_shape perf[] = {
    {16, 1, 28, 28, 6, 3, 3, {1, 1}, {1, 1}, {0, 0, 0, 0}, 1, 1, ZEROS}, // LeNet's first
    {512, 1, 28, 28, 6, 3, 3, {1, 1}, {1, 1}, {0, 0, 0, 0}, 1, 1, ZEROS},
    {16, 6, 13, 13, 16, 3, 3, {1, 1}, {1, 1}, {0, 0, 0, 0}, 1, 1, ZEROS}, // and second
    {512, 6, 13, 13, 16, 3, 3, {1, 1}, {1, 1}, {0, 0, 0, 0}, 1, 1, ZEROS},
    {32, 3, 32, 32, 64, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}, 1, 0, ZEROS}, // a residual network's first
    {32, 64, 32, 32, 64, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}, 1, 0, ZEROS},
    {32, 128, 16, 16, 128, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}, 1, 0, ZEROS},
    {32, 256, 8, 8, 256, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}, 1, 0, ZEROS},
    {32, 64, 32, 32, 128, 3, 3, {2, 2}, {1, 1}, {1, 1, 1, 1}, 1, 0, ZEROS},    // between its stages
    {32, 64, 32, 32, 128, 1, 1, {2, 2}, {1, 1}, {0, 0, 0, 0}, 1, 0, ZEROS},    // beside that
    {32, 256, 16, 16, 64, 1, 1, {1, 1}, {1, 1}, {0, 0, 0, 0}, 1, 0, ZEROS},    // a bottleneck
    {32, 128, 16, 16, 128, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}, 128, 0, ZEROS}, // depthwise
};

static uint64_t multiplications(const struct conv2d_shape *s)
{
    uint64_t oh = case_windows(s->h, s->pad[0], s->pad[1], s->dilation[0], s->kh, s->stride[0]);
    uint64_t ow = case_windows(s->w, s->pad[2], s->pad[3], s->dilation[1], s->kw, s->stride[1]);
    return oh * ow * s->n * s->k * (s->c / s->groups) * s->kh * s->kw;
}

// An input size that has at least one window.
static uint32_t draw_size(struct draw *draw, uint32_t dilation, uint32_t kernel, uint32_t padding)
{
    uint32_t span = dilation * (kernel - 1) + 1;
    return (span > padding ? span - padding : 1) + draw_between(draw, 0, 13);
}

static bool padding_fits(const struct conv2d_shape *s)
{
    const uint32_t less = s->padding == REFLECT;
    if (s->padding == ZEROS || s->padding == REPLICATE)
        return true;
    return s->pad[0] + less <= s->h && s->pad[1] + less <= s->h && s->pad[2] + less <= s->w &&
           s->pad[3] + less <= s->w;
}

static void draw_shape(struct draw *draw, void *shape)
{
    static const uint32_t group_choices[] = {1, 1, 1, 1, 2, 3, 5};
    static const uint32_t paddings[] = {ZEROS, ZEROS, ZEROS, REFLECT, REPLICATE, CIRCULAR};
    struct conv2d_shape *s = shape;
    do {
        s->n = draw_batch(draw);
        s->groups = draw_one_of(draw, group_choices, CASE_COUNT(group_choices));
        bool depthwise = draw_between(draw, 0, 7) == 0;
        s->c = s->groups * draw_between(draw, 1, depthwise ? 1 : 20);
        s->k = s->groups * draw_between(draw, 1, depthwise ? 3 : 24);
        s->kh = draw_between(draw, 1, 5);
        s->kw = draw_between(draw, 1, 5);
        for (uint32_t i = 0; i < 2; i++) {
            s->stride[i] = draw_between(draw, 0, 1) == 0 ? 1 : draw_between(draw, 1, 3);
            s->dilation[i] = draw_between(draw, 0, 2) != 0 ? 1 : draw_between(draw, 1, 3);
        }
        for (uint32_t i = 0; i < 4; i++)
            s->pad[i] = draw_between(draw, 0, 3);
        s->h = draw_size(draw, s->dilation[0], s->kh, s->pad[0] + s->pad[1]);
        s->w = draw_size(draw, s->dilation[1], s->kw, s->pad[2] + s->pad[3]);
        s->bias = draw_between(draw, 0, 3) != 0;
        s->padding = draw_one_of(draw, paddings, CASE_COUNT(paddings));
    } while (multiplications(s) > 3000000 || !padding_fits(s));
}

// Everything but the tensors, which differ in order.
struct parts {
    uint32_t x[4], y[4], weight[4], bias[1];
};

static enum tuff_status describe_parts(const struct conv2d_shape *s, struct case_setup *setup,
                                       struct parts *parts)
{
    if (s->groups == 0)
        return tuff_fail(setup->log, TUFF_ERROR_INVALID, "groups is 0, expected at least 1");
    const struct tuff_conv2d_params params = {
        .size = sizeof params,
        .stride_h = s->stride[0],
        .stride_w = s->stride[1],
        .dilation_h = s->dilation[0],
        .dilation_w = s->dilation[1],
        .pad_top = s->pad[0],
        .pad_bottom = s->pad[1],
        .pad_left = s->pad[2],
        .pad_right = s->pad[3],
        .groups = s->groups,
        .padding_mode = s->padding,
    };
    uint32_t oh = case_windows(s->h, s->pad[0], s->pad[1], s->dilation[0], s->kh, s->stride[0]);
    uint32_t ow = case_windows(s->w, s->pad[2], s->pad[3], s->dilation[1], s->kw, s->stride[1]);
    *parts = (struct parts){.x = {s->n, s->c, s->h, s->w},
                            .y = {s->n, s->k, oh, ow},
                            .weight = {s->k, s->c / s->groups, s->kh, s->kw},
                            .bias = {s->k}};
    return case_setup_params(setup, &params, sizeof params);
}

// -- forward

enum { BIAS_WITH_NAN = 2 };

static enum tuff_status forward_describe(const void *shape, struct case_setup *setup)
{
    const struct conv2d_shape *s = shape;
    struct parts parts;
    enum tuff_status status = describe_parts(s, setup, &parts);
    if (status != TUFF_OK)
        return status;
    case_setup_tensor(setup, 0, TUFF_F32, 4, parts.y, CASE_PADDING_FINITE);
    case_setup_tensor(setup, 1, TUFF_F32, 4, parts.x, CASE_PADDING_FINITE);
    case_setup_tensor(setup, 2, TUFF_F32, 4, parts.weight, CASE_PADDING_FINITE);
    if (s->bias != 0)
        case_setup_tensor(setup, 3, TUFF_F32, 1, parts.bias, CASE_PADDING_FINITE);
    return TUFF_OK;
}

static enum tuff_status fill_inputs(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    (void)shape;
    (void)oracle;
    for (uint32_t i = 0; i < setup->info->tensor_count; i++)
        if (case_is_present(setup, i) && !case_is_output(setup, i))
            case_fill_signed(setup, i);
    return TUFF_OK;
}

static enum tuff_status forward_fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    const struct conv2d_shape *s = shape;
    enum tuff_status status = fill_inputs(shape, setup, oracle);
    if (status == TUFF_OK && s->bias == BIAS_WITH_NAN)
        case_floats(setup, 3)[s->k / 2] = NAN; // which a ReLU passes on
    return status;
}

static void forward_tolerance(const void *shape, const struct case_view *view, uint32_t output,
                              double *tolerance)
{
    const struct conv2d_shape *s = shape;
    double length = (double)(s->c / s->groups) * s->kh * s->kw;
    tolerance_of_sums(length, view->magnitude[output], case_stored(view->setup, output), tolerance);
}

const struct conformance_op conformance_op_conv2d_forward = {
    .op = TUFF_OP_CONV2D_FORWARD,
    .batched = true,
    .costly = true,
    .fields = fields,
    .field_count = CASE_COUNT(fields),
    .shape_size = sizeof(struct conv2d_shape),
    .corners = corners,
    .corner_count = CASE_COUNT(corners),
    .large = large,
    .large_count = CASE_COUNT(large),
    .draw = draw_shape,
    .describe = forward_describe,
    .fill = forward_fill,
    .needs_magnitude = true,
    .tolerance = forward_tolerance,
    .perf = perf,
    .perf_count = CASE_COUNT(perf),
};

// -- forward with a ReLU, whose slope is 1 at most: the same tolerance

const struct conformance_op conformance_op_conv2d_relu_forward = {
    .op = TUFF_OP_CONV2D_RELU_FORWARD,
    .batched = true,
    .costly = true,
    .fields = fields,
    .field_count = CASE_COUNT(fields),
    .shape_size = sizeof(struct conv2d_shape),
    .corners = corners,
    .corner_count = CASE_COUNT(corners),
    .large = large,
    .large_count = CASE_COUNT(large),
    .draw = draw_shape,
    .describe = forward_describe,
    .fill = forward_fill,
    .needs_magnitude = true,
    .tolerance = forward_tolerance,
    .perf = perf,
    .perf_count = CASE_COUNT(perf),
};

// -- gradient of x

static enum tuff_status backward_input_describe(const void *shape, struct case_setup *setup)
{
    struct parts parts;
    enum tuff_status status = describe_parts(shape, setup, &parts);
    if (status != TUFF_OK)
        return status;
    case_setup_tensor(setup, 0, TUFF_F32, 4, parts.x, CASE_PADDING_ZERO);
    case_setup_tensor(setup, 1, TUFF_F32, 4, parts.y, CASE_PADDING_ZERO);
    case_setup_tensor(setup, 2, TUFF_F32, 4, parts.weight, CASE_PADDING_FINITE);
    return TUFF_OK;
}

static void backward_input_tolerance(const void *shape, const struct case_view *view, uint32_t output,
                                     double *tolerance)
{
    const struct conv2d_shape *s = shape;
    // Of every place where an element is seen: three an axis, or all of a side.
    double rows = s->padding == ZEROS ? 1 : s->padding == REPLICATE ? 1.0 + s->pad[0] + s->pad[1] : 3;
    double columns = s->padding == ZEROS ? 1 : s->padding == REPLICATE ? 1.0 + s->pad[2] + s->pad[3] : 3;
    double length = (double)(s->k / s->groups) * s->kh * s->kw * rows * columns;
    tolerance_of_sums(length, view->magnitude[output], case_stored(view->setup, output), tolerance);
}

const struct conformance_op conformance_op_conv2d_backward_input = {
    .op = TUFF_OP_CONV2D_BACKWARD_INPUT,
    .batched = true,
    .costly = true,
    .fields = fields,
    .field_count = CASE_COUNT(fields) - 1,
    .shape_size = sizeof(struct conv2d_shape),
    .corners = corners,
    .corner_count = CASE_COUNT(corners),
    .large = large,
    .large_count = CASE_COUNT(large),
    .draw = draw_shape,
    .describe = backward_input_describe,
    .fill = fill_inputs,
    .needs_magnitude = true,
    .tolerance = backward_input_tolerance,
    .perf = perf,
    .perf_count = CASE_COUNT(perf),
};

// -- gradients of weight and bias

static enum tuff_status backward_weight_describe(const void *shape, struct case_setup *setup)
{
    const struct conv2d_shape *s = shape;
    struct parts parts;
    enum tuff_status status = describe_parts(s, setup, &parts);
    if (status != TUFF_OK)
        return status;
    case_setup_tensor(setup, 0, TUFF_F32, 4, parts.weight, CASE_PADDING_FINITE);
    if (s->bias != 0)
        case_setup_tensor(setup, 1, TUFF_F32, 1, parts.bias, CASE_PADDING_FINITE);
    case_setup_tensor(setup, 2, TUFF_F32, 4, parts.y, CASE_PADDING_ZERO);
    case_setup_tensor(setup, 3, TUFF_F32, 4, parts.x, CASE_PADDING_FINITE);
    return TUFF_OK;
}

static void backward_weight_tolerance(const void *shape, const struct case_view *view, uint32_t output,
                                      double *tolerance)
{
    const struct tuff_tensor *dy = &view->setup->tensors[2].shape;
    (void)shape;
    double length = (double)dy->dims[0] * dy->dims[2] * dy->dims[3];
    tolerance_of_sums(length, view->magnitude[output], case_stored(view->setup, output), tolerance);
}

const struct conformance_op conformance_op_conv2d_backward_weight = {
    .op = TUFF_OP_CONV2D_BACKWARD_WEIGHT,
    .batched = true,
    .costly = true,
    .fields = fields,
    .field_count = CASE_COUNT(fields),
    .shape_size = sizeof(struct conv2d_shape),
    .corners = corners,
    .corner_count = CASE_COUNT(corners),
    .large = large,
    .large_count = CASE_COUNT(large),
    .draw = draw_shape,
    .describe = backward_weight_describe,
    .fill = fill_inputs,
    .needs_magnitude = true,
    .tolerance = backward_weight_tolerance,
    .perf = perf,
    .perf_count = CASE_COUNT(perf),
};
