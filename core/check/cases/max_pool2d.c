// Max pooling, forward and backward.
#include "case.h"
#include "case_window.h"
#include "rig.h"
#include "tolerance.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum values {
    VALUES_NORMAL,
    VALUES_TIES,    // few different values, zeros of both signs among them
    VALUES_SPECIAL, // also NaN, and windows of nothing but -infinity
};

static const char *const values_names[] = {"normal", "ties", "special", NULL};

struct pool_shape {
    uint32_t n, c, h, w;
    uint32_t kernel[2], stride[2], dilation[2]; // rows, columns
    uint32_t pad[4];                            // top, bottom, left, right
    uint32_t values;
};

static const struct case_field fields[] = {
    CASE_FIELD_U32(struct pool_shape, n),
    CASE_FIELD_U32(struct pool_shape, c),
    CASE_FIELD_U32(struct pool_shape, h),
    CASE_FIELD_U32(struct pool_shape, w),
    CASE_FIELD_LIST(struct pool_shape, kernel, 2, 'x'),
    CASE_FIELD_LIST(struct pool_shape, stride, 2, 'x'),
    CASE_FIELD_LIST(struct pool_shape, dilation, 2, 'x'),
    CASE_FIELD_LIST(struct pool_shape, pad, 4, ','),
    CASE_FIELD_NAME(struct pool_shape, values, values_names),
};

// n, c, h, w, kernel, stride, dilation, pad, values
static const struct pool_shape corners[] = {
    {1, 1, 1, 1, {1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}, VALUES_NORMAL},    // the smallest
    {2, 3, 6, 8, {2, 2}, {2, 2}, {1, 1}, {0, 0, 0, 0}, VALUES_NORMAL},    // the usual one
    {3, 2, 7, 9, {2, 2}, {2, 2}, {1, 1}, {0, 0, 0, 0}, VALUES_TIES},      // a row and a column left over
    {15, 3, 9, 7, {3, 2}, {2, 1}, {1, 1}, {1, 0, 1, 1}, VALUES_NORMAL},   // nothing is like another
    {16, 4, 8, 5, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}, VALUES_TIES},     // overlapping windows
    {17, 2, 5, 6, {3, 3}, {2, 2}, {1, 1}, {1, 1, 1, 1}, VALUES_SPECIAL},  //
    {33, 1, 4, 7, {2, 3}, {1, 2}, {1, 1}, {0, 1, 1, 0}, VALUES_SPECIAL},  //
    {2, 5, 5, 6, {5, 6}, {1, 1}, {1, 1}, {0, 0, 0, 0}, VALUES_TIES},      // the window is the image
    {2, 2, 11, 13, {2, 2}, {3, 4}, {1, 1}, {0, 0, 0, 0}, VALUES_NORMAL},  // gaps between windows
    {2, 3, 12, 11, {3, 2}, {2, 1}, {2, 3}, {1, 0, 1, 1}, VALUES_TIES},    // dilation
    {3, 2, 1, 23, {1, 4}, {1, 3}, {1, 1}, {0, 0, 2, 1}, VALUES_SPECIAL},  // one row
    {2, 2, 23, 1, {5, 1}, {2, 1}, {1, 1}, {2, 1, 0, 0}, VALUES_NORMAL},   // one column
    {3, 70, 3, 4, {2, 2}, {1, 1}, {1, 1}, {0, 0, 0, 0}, VALUES_NORMAL},   // many channels
    {2, 3, 75, 71, {3, 3}, {2, 2}, {1, 1}, {1, 1, 1, 1}, VALUES_NORMAL},  // many windows
    {16, 6, 28, 28, {2, 2}, {2, 2}, {1, 1}, {0, 0, 0, 0}, VALUES_NORMAL}, // LeNet's first
    {16, 16, 10, 10, {2, 2}, {2, 2}, {1, 1}, {0, 0, 0, 0}, VALUES_TIES},  // and second
};

static const struct pool_shape perf[] = {
    {16, 6, 26, 26, {2, 2}, {2, 2}, {1, 1}, {0, 0, 0, 0}, VALUES_NORMAL}, // LeNet's first
    {512, 6, 26, 26, {2, 2}, {2, 2}, {1, 1}, {0, 0, 0, 0}, VALUES_NORMAL},
    {512, 16, 11, 11, {2, 2}, {2, 2}, {1, 1}, {0, 0, 0, 0}, VALUES_NORMAL}, // and second
    {32, 64, 64, 64, {3, 3}, {2, 2}, {1, 1}, {1, 1, 1, 1}, VALUES_NORMAL},  // a residual network's
};

// At least the dilation, so that every window holds an element although windows have holes.
static uint32_t draw_size(struct draw *draw, uint32_t dilation, uint32_t kernel)
{
    uint32_t span = dilation * (kernel - 1) + 1;
    return (span > dilation ? span : dilation) + draw_between(draw, 0, 13);
}

static void draw_shape(struct draw *draw, void *shape)
{
    struct pool_shape *s = shape;
    s->n = draw_batch(draw);
    s->c = draw_between(draw, 1, 12);
    for (uint32_t i = 0; i < 2; i++) {
        s->kernel[i] = draw_between(draw, 1, 4);
        s->stride[i] = draw_between(draw, 1, 3);
        s->dilation[i] = draw_between(draw, 0, 2) != 0 ? 1 : draw_between(draw, 1, 3);
        s->pad[2 * i] = draw_between(draw, 0, s->kernel[i] / 2);
        s->pad[2 * i + 1] = draw_between(draw, 0, s->kernel[i] / 2);
    }
    s->h = draw_size(draw, s->dilation[0], s->kernel[0]);
    s->w = draw_size(draw, s->dilation[1], s->kernel[1]);
    s->values = draw_between(draw, VALUES_NORMAL, VALUES_SPECIAL);
}

static enum tuff_status describe_parts(const struct pool_shape *s, struct case_setup *setup, uint32_t x[4],
                                       uint32_t y[4])
{
    const struct tuff_max_pool2d_params params = {
        .size = sizeof params,
        .kernel_h = s->kernel[0],
        .kernel_w = s->kernel[1],
        .stride_h = s->stride[0],
        .stride_w = s->stride[1],
        .dilation_h = s->dilation[0],
        .dilation_w = s->dilation[1],
        .pad_top = s->pad[0],
        .pad_bottom = s->pad[1],
        .pad_left = s->pad[2],
        .pad_right = s->pad[3],
    };
    const uint32_t in[4] = {s->n, s->c, s->h, s->w};
    const uint32_t out[4] = {
        s->n, s->c, case_windows(s->h, s->pad[0], s->pad[1], s->dilation[0], s->kernel[0], s->stride[0]),
        case_windows(s->w, s->pad[2], s->pad[3], s->dilation[1], s->kernel[1], s->stride[1])};
    memcpy(x, in, sizeof in);
    memcpy(y, out, sizeof out);
    return case_setup_params(setup, &params, sizeof params);
}

// -- forward

static enum tuff_status forward_describe(const void *shape, struct case_setup *setup)
{
    uint32_t x[4], y[4];
    enum tuff_status status = describe_parts(shape, setup, x, y);
    if (status != TUFF_OK)
        return status;
    case_setup_tensor(setup, 0, TUFF_F32, 4, y, CASE_PADDING_FINITE);
    // Backward reads the padding lanes' indices as it reads others, so they have to lie within their windows.
    case_setup_tensor(setup, 1, TUFF_U32, 4, y, CASE_PADDING_COMPUTED);
    case_setup_tensor(setup, 2, TUFF_F32, 4, x, CASE_PADDING_FINITE);
    return TUFF_OK;
}

// The logical batch; padding lanes stay ordinary numbers.
static void add_ties(struct case_setup *setup, uint32_t index, bool special)
{
    static const float few[] = {-1.0f, -0.0f, 0.0f, 1.0f};
    static const float odd[] = {-INFINITY, -INFINITY, -INFINITY, -INFINITY, -1.0f, 0.0f, 1.0f, NAN};
    float *x = case_floats(setup, index);
    uint64_t elements = tuff_tensor_elements(&setup->tensors[index].shape);
    for (uint64_t i = 0; i < elements; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        bits >>= 9; // of the mantissa: the upper ones are as random as the draw
        x[i] = special ? odd[bits % CASE_COUNT(odd)] : few[bits % CASE_COUNT(few)];
    }
}

static void fill_x(const struct pool_shape *s, struct case_setup *setup, uint32_t index)
{
    case_fill_signed(setup, index);
    if (s->values != VALUES_NORMAL)
        add_ties(setup, index, s->values == VALUES_SPECIAL);
}

static enum tuff_status forward_fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    (void)oracle;
    fill_x(shape, setup, 2);
    return TUFF_OK;
}

const struct conformance_op conformance_op_max_pool2d_forward = {
    .op = TUFF_OP_MAX_POOL2D_FORWARD,
    .batched = true,
    .costly = true,
    .fields = fields,
    .field_count = CASE_COUNT(fields),
    .shape_size = sizeof(struct pool_shape),
    .corners = corners,
    .corner_count = CASE_COUNT(corners),
    .draw = draw_shape,
    .describe = forward_describe,
    .fill = forward_fill,
    .perf = perf,
    .perf_count = CASE_COUNT(perf),
};

// -- backward

static enum tuff_status backward_describe(const void *shape, struct case_setup *setup)
{
    uint32_t x[4], y[4];
    enum tuff_status status = describe_parts(shape, setup, x, y);
    if (status != TUFF_OK)
        return status;
    case_setup_tensor(setup, 0, TUFF_F32, 4, x, CASE_PADDING_ZERO);
    case_setup_tensor(setup, 1, TUFF_F32, 4, y, CASE_PADDING_ZERO);
    case_setup_tensor(setup, 2, TUFF_U32, 4, y, CASE_PADDING_FINITE);
    return TUFF_OK;
}

// For timing, without an oracle: some element of each window, the first one that lies on x from a drawn one
// on.
static void draw_index(const struct pool_shape *s, struct case_setup *setup)
{
    const struct tuff_tensor *y = &setup->tensors[2].shape;
    const uint32_t kernel = s->kernel[0] * s->kernel[1];
    uint32_t *index = case_words(setup, 2);
    draw_below(setup->seed, case_stream(2), kernel, index, case_stored(setup, 2));
    for (uint64_t i = 0; i < case_stored(setup, 2); i++)
        for (uint32_t k = index[i], tried = 0; tried < kernel; k = (k + 1) % kernel, tried++) {
            // Above and to the left of x these wrap around, to far beyond it.
            const uint64_t h = i / y->dims[3] % y->dims[2] * s->stride[0] +
                               k / s->kernel[1] * (uint64_t)s->dilation[0] - s->pad[0];
            const uint64_t w =
                i % y->dims[3] * s->stride[1] + k % s->kernel[1] * (uint64_t)s->dilation[1] - s->pad[2];
            index[i] = (uint32_t)(h * s->w + w);
            if (h < s->h && w < s->w)
                break;
        }
}

// index is what the oracle's forward makes of an x, unless nobody looks at the result.
static enum tuff_status backward_fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    const struct pool_shape *s = shape;
    struct case_setup forward;
    void *outputs[TUFF_OP_MAX_TENSORS] = {NULL};
    case_fill_signed(setup, 1);
    if (setup->timed) {
        draw_index(s, setup);
        return TUFF_OK;
    }
    case_setup_init(&forward, setup->log, TUFF_OP_MAX_POOL2D_FORWARD, setup->layout, setup->seed);
    enum tuff_status status = forward_describe(shape, &forward);
    if (status == TUFF_OK)
        status = case_setup_allocate(&forward);
    if (status == TUFF_OK) {
        fill_x(s, &forward, 2);
        status = rig_oracle(oracle, &forward, true, false, outputs);
    }
    if (status == TUFF_OK)
        memcpy(setup->tensors[2].values, outputs[1], tuff_tensor_bytes(&setup->tensors[2].shape));
    for (uint32_t i = 0; i < TUFF_OP_MAX_TENSORS; i++)
        free(outputs[i]);
    case_setup_clear(&forward);
    return status;
}

// A pixel is in at most as many windows as there are steps in a kernel.
static void backward_tolerance(const void *shape, const struct case_view *view, uint32_t output,
                               double *tolerance)
{
    const struct pool_shape *s = shape;
    tolerance_of_sums((double)s->kernel[0] * s->kernel[1], view->magnitude[output],
                      case_stored(view->setup, output), tolerance);
}

const struct conformance_op conformance_op_max_pool2d_backward = {
    .op = TUFF_OP_MAX_POOL2D_BACKWARD,
    .batched = true,
    .costly = true,
    .fields = fields,
    .field_count = CASE_COUNT(fields),
    .shape_size = sizeof(struct pool_shape),
    .corners = corners,
    .corner_count = CASE_COUNT(corners),
    .draw = draw_shape,
    .describe = backward_describe,
    .fill = backward_fill,
    .needs_magnitude = true,
    .tolerance = backward_tolerance,
    .perf = perf,
    .perf_count = CASE_COUNT(perf),
};
