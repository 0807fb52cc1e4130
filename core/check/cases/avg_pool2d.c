// Average pooling, plain and adaptive, forward and backward.
#include "case.h"
#include "tolerance.h"

#include <math.h>
#include <string.h>

enum values {
    VALUES_NORMAL,
    VALUES_SPECIAL, // infinities and NaN among them
};

static const char *const values_names[] = {"normal", "special", NULL};

// Tensor 0 is the output and tensor 1 the input, forward and backward.
static enum tuff_status fill_input(struct case_setup *setup, uint32_t values)
{
    static const float specials[] = {INFINITY, 0.0f, NAN, -INFINITY, -0.0f, INFINITY};
    case_fill_signed(setup, 1);
    float *x = case_floats(setup, 1);
    uint64_t elements = tuff_tensor_elements(&setup->tensors[1].shape);
    for (uint64_t i = 0, k = 0; values == VALUES_SPECIAL && i < elements; i += 5, k++)
        x[i] = specials[k % CASE_COUNT(specials)];
    return TUFF_OK;
}

static void describe_tensors(struct case_setup *setup, bool backward, const uint32_t x[4],
                             const uint32_t y[4])
{
    enum case_padding padding = backward ? CASE_PADDING_ZERO : CASE_PADDING_FINITE;
    case_setup_tensor(setup, 0, TUFF_F32, 4, backward ? x : y, padding);
    case_setup_tensor(setup, 1, TUFF_F32, 4, backward ? y : x, padding);
}

// A division may be off by 2.5 units in the last place (Vulkan's precision requirements): as four terms more.
static void tolerance_of_shares(double length, const struct case_view *view, uint32_t output,
                                double *tolerance)
{
    tolerance_of_sums(length + 4, view->magnitude[output], case_stored(view->setup, output), tolerance);
}

// -- over windows

struct pool_shape {
    uint32_t n, c, h, w;
    uint32_t kernel[2], stride[2]; // rows, columns
    uint32_t pad[4];               // top, bottom, left, right
    uint32_t overhang[2];
    uint32_t include; // count_include_pad
    uint32_t values;
};

static const struct case_field fields[] = {
    CASE_FIELD_U32(struct pool_shape, n),
    CASE_FIELD_U32(struct pool_shape, c),
    CASE_FIELD_U32(struct pool_shape, h),
    CASE_FIELD_U32(struct pool_shape, w),
    CASE_FIELD_LIST(struct pool_shape, kernel, 2, 'x'),
    CASE_FIELD_LIST(struct pool_shape, stride, 2, 'x'),
    CASE_FIELD_LIST(struct pool_shape, pad, 4, ','),
    CASE_FIELD_LIST(struct pool_shape, overhang, 2, ','),
    CASE_FIELD_U32(struct pool_shape, include),
    CASE_FIELD_NAME(struct pool_shape, values, values_names),
};

// n, c, h, w, kernel, stride, pad, overhang, include, values
static const struct pool_shape corners[] = {
    {1, 1, 1, 1, {1, 1}, {1, 1}, {0, 0, 0, 0}, {0, 0}, 1, VALUES_NORMAL},   // the smallest
    {2, 3, 6, 8, {2, 2}, {2, 2}, {0, 0, 0, 0}, {0, 0}, 1, VALUES_NORMAL},   // the usual one
    {3, 2, 7, 9, {2, 2}, {2, 2}, {0, 0, 0, 0}, {0, 0}, 0, VALUES_NORMAL},   // a row and a column left over
    {3, 2, 7, 9, {2, 2}, {2, 2}, {0, 0, 0, 0}, {1, 1}, 1, VALUES_NORMAL},   // and covered by overhang
    {15, 3, 9, 7, {3, 2}, {2, 1}, {1, 0, 1, 1}, {1, 0}, 0, VALUES_NORMAL},  // nothing is like another
    {16, 4, 8, 5, {3, 3}, {1, 1}, {1, 1, 1, 1}, {0, 0}, 1, VALUES_NORMAL},  // overlapping windows
    {16, 4, 8, 5, {3, 3}, {1, 1}, {1, 1, 1, 1}, {0, 0}, 0, VALUES_NORMAL},  // counted otherwise
    {17, 2, 5, 6, {3, 3}, {2, 2}, {1, 1, 1, 1}, {0, 1}, 1, VALUES_SPECIAL}, // padding, then overhang
    {33, 1, 4, 7, {2, 3}, {1, 2}, {0, 1, 1, 0}, {0, 0}, 1, VALUES_SPECIAL}, //
    {2, 5, 5, 6, {5, 6}, {1, 1}, {0, 0, 0, 0}, {0, 0}, 1, VALUES_NORMAL},   // the window is the image
    {2, 3, 2, 3, {6, 7}, {4, 4}, {3, 2, 3, 3}, {3, 3}, 1, VALUES_NORMAL},   // and more than that
    {2, 2, 11, 13, {2, 2}, {3, 4}, {0, 0, 0, 0}, {2, 3}, 1, VALUES_NORMAL}, // gaps between windows
    {3, 2, 1, 23, {1, 4}, {1, 3}, {0, 0, 2, 1}, {0, 2}, 0, VALUES_SPECIAL}, // one row
    {2, 2, 23, 1, {5, 1}, {2, 1}, {2, 1, 0, 0}, {1, 0}, 1, VALUES_NORMAL},  // one column
    {3, 70, 3, 4, {2, 2}, {1, 1}, {0, 0, 0, 0}, {0, 0}, 1, VALUES_NORMAL},  // many channels
    {2, 3, 75, 71, {3, 3}, {2, 2}, {1, 1, 1, 1}, {0, 0}, 0, VALUES_NORMAL}, // many windows
    {2, 3, 29, 45, {9, 8}, {5, 7}, {4, 2, 1, 3}, {3, 2}, 1, VALUES_NORMAL}, // large ones
    {17, 2, 40, 67, {37, 35}, {2, 9}, {0, 1, 0, 4}, {1, 8}, 0, VALUES_NORMAL},
    {16, 6, 28, 28, {2, 2}, {2, 2}, {0, 0, 0, 0}, {0, 0}, 1, VALUES_NORMAL}, // LeNet's as it was in 1998
};

static const struct pool_shape perf[] = {
    {512, 6, 28, 28, {2, 2}, {2, 2}, {0, 0, 0, 0}, {0, 0}, 1, VALUES_NORMAL},
    {32, 64, 32, 32, {2, 2}, {2, 2}, {0, 0, 0, 0}, {0, 0}, 1, VALUES_NORMAL},  // a dense network's
    {32, 192, 16, 16, {3, 3}, {1, 1}, {1, 1, 1, 1}, {0, 0}, 1, VALUES_NORMAL}, // an inception's
};

// As the core: 0 where no window fits, or where the last one holds nothing.
static uint32_t output_size(uint32_t in, uint32_t before, uint32_t after, uint32_t overhang, uint32_t kernel,
                            uint32_t stride)
{
    uint64_t padded = (uint64_t)in + before + after + overhang;
    if (kernel == 0 || stride == 0 || padded < kernel)
        return 0;
    uint64_t out = (padded - kernel) / stride + 1;
    return (out - 1) * stride >= (uint64_t)in + before ? 0 : (uint32_t)out;
}

static void draw_shape(struct draw *draw, void *shape)
{
    struct pool_shape *s = shape;
    uint32_t out[2];
    do {
        s->n = draw_batch(draw);
        s->c = draw_between(draw, 1, 12);
        for (uint32_t i = 0; i < 2; i++) {
            s->kernel[i] =
                draw_between(draw, 0, 7) == 0 ? draw_between(draw, 5, 11) : draw_between(draw, 1, 4);
            s->stride[i] = draw_between(draw, 1, 4);
            s->pad[2 * i] = draw_between(draw, 0, s->kernel[i] / 2);
            s->pad[2 * i + 1] = draw_between(draw, 0, s->kernel[i] / 2);
            s->overhang[i] = draw_between(draw, 0, s->stride[i] - 1);
        }
        s->h = draw_between(draw, 1, 17);
        s->w = draw_between(draw, 1, 17);
        for (uint32_t i = 0; i < 2; i++)
            out[i] = output_size(i == 0 ? s->h : s->w, s->pad[2 * i], s->pad[2 * i + 1], s->overhang[i],
                                 s->kernel[i], s->stride[i]);
    } while (out[0] == 0 || out[1] == 0);
    s->include = draw_between(draw, 0, 1);
    s->values = draw_between(draw, 0, 3) == 0 ? VALUES_SPECIAL : VALUES_NORMAL;
}

static enum tuff_status describe(const struct pool_shape *s, struct case_setup *setup, bool backward)
{
    const struct tuff_avg_pool2d_params params = {
        .size = sizeof params,
        .kernel_h = s->kernel[0],
        .kernel_w = s->kernel[1],
        .stride_h = s->stride[0],
        .stride_w = s->stride[1],
        .pad_top = s->pad[0],
        .pad_bottom = s->pad[1],
        .pad_left = s->pad[2],
        .pad_right = s->pad[3],
        .overhang_h = s->overhang[0],
        .overhang_w = s->overhang[1],
        .count_include_pad = s->include,
    };
    const uint32_t x[4] = {s->n, s->c, s->h, s->w};
    const uint32_t y[4] = {
        s->n, s->c, output_size(s->h, s->pad[0], s->pad[1], s->overhang[0], s->kernel[0], s->stride[0]),
        output_size(s->w, s->pad[2], s->pad[3], s->overhang[1], s->kernel[1], s->stride[1])};
    describe_tensors(setup, backward, x, y);
    return case_setup_params(setup, &params, sizeof params);
}

// A window's elements, forward and backward.
static enum tuff_status fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    const struct pool_shape *s = shape;
    (void)oracle;
    return fill_input(setup, s->values);
}

// An element is in at most as many windows as there are steps in a kernel.
static void tolerance(const void *shape, const struct case_view *view, uint32_t output, double *result)
{
    const struct pool_shape *s = shape;
    tolerance_of_shares((double)s->kernel[0] * s->kernel[1], view, output, result);
}

static enum tuff_status forward_describe(const void *shape, struct case_setup *setup)
{
    return describe(shape, setup, false);
}

const struct conformance_op conformance_op_avg_pool2d_forward = {
    .op = TUFF_OP_AVG_POOL2D_FORWARD,
    .batched = true,
    .costly = true,
    .fields = fields,
    .field_count = CASE_COUNT(fields),
    .shape_size = sizeof(struct pool_shape),
    .corners = corners,
    .corner_count = CASE_COUNT(corners),
    .draw = draw_shape,
    .describe = forward_describe,
    .fill = fill,
    .needs_magnitude = true,
    .tolerance = tolerance,
    .perf = perf,
    .perf_count = CASE_COUNT(perf),
};

static enum tuff_status backward_describe(const void *shape, struct case_setup *setup)
{
    return describe(shape, setup, true);
}

const struct conformance_op conformance_op_avg_pool2d_backward = {
    .op = TUFF_OP_AVG_POOL2D_BACKWARD,
    .batched = true,
    .costly = true,
    .fields = fields,
    .field_count = CASE_COUNT(fields),
    .shape_size = sizeof(struct pool_shape),
    .corners = corners,
    .corner_count = CASE_COUNT(corners),
    .draw = draw_shape,
    .describe = backward_describe,
    .fill = fill,
    .needs_magnitude = true,
    .tolerance = tolerance,
    .perf = perf,
    .perf_count = CASE_COUNT(perf),
};

// -- adaptive

struct adaptive_shape {
    uint32_t n, c, h, w, oh, ow;
    uint32_t values;
};

static const struct case_field adaptive_fields[] = {
    CASE_FIELD_U32(struct adaptive_shape, n),
    CASE_FIELD_U32(struct adaptive_shape, c),
    CASE_FIELD_U32(struct adaptive_shape, h),
    CASE_FIELD_U32(struct adaptive_shape, w),
    CASE_FIELD_U32(struct adaptive_shape, oh),
    CASE_FIELD_U32(struct adaptive_shape, ow),
    CASE_FIELD_NAME(struct adaptive_shape, values, values_names),
};

// n, c, h, w, oh, ow, values
static const struct adaptive_shape adaptive_corners[] = {
    {1, 1, 1, 1, 1, 1, VALUES_NORMAL},     // the smallest
    {2, 3, 5, 7, 1, 1, VALUES_NORMAL},     // global
    {17, 20, 7, 7, 1, 1, VALUES_NORMAL},   // as at the end of a residual network
    {2, 5, 33, 47, 1, 1, VALUES_NORMAL},   // one large region
    {2, 2, 31, 70, 3, 2, VALUES_NORMAL},   // a few of them
    {15, 2, 6, 8, 3, 4, VALUES_NORMAL},    // regions of one size
    {16, 3, 7, 11, 3, 5, VALUES_NORMAL},   // regions that overlap
    {33, 2, 5, 4, 5, 4, VALUES_SPECIAL},   // each element a region
    {3, 2, 4, 3, 9, 7, VALUES_NORMAL},     // more regions than elements
    {2, 3, 1, 1, 6, 7, VALUES_SPECIAL},    // all of them the same
    {2, 3, 9, 2, 4, 5, VALUES_SPECIAL},    // fewer rows, more columns
    {2, 3, 41, 1, 6, 1, VALUES_NORMAL},    // one column
    {1, 256, 13, 13, 6, 6, VALUES_NORMAL}, // AlexNet's
};

static const struct adaptive_shape adaptive_perf[] = {
    {32, 512, 7, 7, 1, 1, VALUES_NORMAL}, // at the end of a residual network
    {128, 64, 32, 32, 1, 1, VALUES_NORMAL},
    {32, 256, 13, 13, 6, 6, VALUES_NORMAL}, // AlexNet's
};

static void draw_adaptive_shape(struct draw *draw, void *shape)
{
    struct adaptive_shape *s = shape;
    s->n = draw_batch(draw);
    s->c = draw_between(draw, 1, 12);
    s->h = draw_between(draw, 1, 19);
    s->w = draw_between(draw, 1, 19);
    s->oh = draw_between(draw, 1, draw_between(draw, 0, 1) == 0 ? s->h : 11);
    s->ow = draw_between(draw, 1, draw_between(draw, 0, 1) == 0 ? s->w : 11);
    s->values = draw_between(draw, 0, 3) == 0 ? VALUES_SPECIAL : VALUES_NORMAL;
}

static enum tuff_status adaptive_describe(const struct adaptive_shape *s, struct case_setup *setup,
                                          bool backward)
{
    const uint32_t x[4] = {s->n, s->c, s->h, s->w}, y[4] = {s->n, s->c, s->oh, s->ow};
    describe_tensors(setup, backward, x, y);
    return TUFF_OK;
}

static enum tuff_status adaptive_fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    const struct adaptive_shape *s = shape;
    (void)oracle;
    return fill_input(setup, s->values);
}

// An upper bound of the positions along an axis that meet: of a region, or of the regions at an element.
static double longest(uint32_t of, uint32_t in)
{
    return floor((double)of / in) + 2;
}

static enum tuff_status adaptive_forward_describe(const void *shape, struct case_setup *setup)
{
    return adaptive_describe(shape, setup, false);
}

static void adaptive_forward_tolerance(const void *shape, const struct case_view *view, uint32_t output,
                                       double *result)
{
    const struct adaptive_shape *s = shape;
    tolerance_of_shares(longest(s->h, s->oh) * longest(s->w, s->ow), view, output, result);
}

const struct conformance_op conformance_op_adaptive_avg_pool2d_forward = {
    .op = TUFF_OP_ADAPTIVE_AVG_POOL2D_FORWARD,
    .batched = true,
    .costly = true,
    .fields = adaptive_fields,
    .field_count = CASE_COUNT(adaptive_fields),
    .shape_size = sizeof(struct adaptive_shape),
    .corners = adaptive_corners,
    .corner_count = CASE_COUNT(adaptive_corners),
    .draw = draw_adaptive_shape,
    .describe = adaptive_forward_describe,
    .fill = adaptive_fill,
    .needs_magnitude = true,
    .tolerance = adaptive_forward_tolerance,
    .perf = adaptive_perf,
    .perf_count = CASE_COUNT(adaptive_perf),
};

static enum tuff_status adaptive_backward_describe(const void *shape, struct case_setup *setup)
{
    return adaptive_describe(shape, setup, true);
}

static void adaptive_backward_tolerance(const void *shape, const struct case_view *view, uint32_t output,
                                        double *result)
{
    const struct adaptive_shape *s = shape;
    tolerance_of_shares(longest(s->oh, s->h) * longest(s->ow, s->w), view, output, result);
}

const struct conformance_op conformance_op_adaptive_avg_pool2d_backward = {
    .op = TUFF_OP_ADAPTIVE_AVG_POOL2D_BACKWARD,
    .batched = true,
    .costly = true,
    .fields = adaptive_fields,
    .field_count = CASE_COUNT(adaptive_fields),
    .shape_size = sizeof(struct adaptive_shape),
    .corners = adaptive_corners,
    .corner_count = CASE_COUNT(adaptive_corners),
    .draw = draw_adaptive_shape,
    .describe = adaptive_backward_describe,
    .fill = adaptive_fill,
    .needs_magnitude = true,
    .tolerance = adaptive_backward_tolerance,
    .perf = adaptive_perf,
    .perf_count = CASE_COUNT(adaptive_perf),
};
