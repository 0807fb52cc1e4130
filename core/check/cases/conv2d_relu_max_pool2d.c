// Convolution, ReLU and max pooling in one, forward and both gradients.
//
// Forward's inputs are small whole numbers: every sum is exact, in any order, so that y and the winners have
// to be the oracle's exactly, and equal elements in a window are common.
#include <math.h>
#include <string.h>

#include "case.h"
#include "case_window.h"
#include "tolerance.h"

enum { ZEROS, REFLECT, REPLICATE, CIRCULAR }; // of enum tuff_padding_mode
enum { VALUES_WHOLE, VALUES_SPECIAL };        // whole numbers; and NaN and infinities among them

static const char *const padding_names[] = {"zeros", "reflect", "replicate", "circular", NULL};
static const char *const value_names[] = {"whole", "special", NULL};

struct shape {
    uint32_t n, c, h, w, k, kh, kw;
    uint32_t stride[2], dilation[2]; // rows, columns
    uint32_t pad[4];                 // top, bottom, left, right
    uint32_t groups;
    uint32_t pool[2], pool_stride[2];
    uint32_t bias; // also whether the weight gradient comes with the bias's
    uint32_t padding, values;
};

static const struct case_field fields[] = {
    CASE_FIELD_U32(struct shape, n),
    CASE_FIELD_U32(struct shape, c),
    CASE_FIELD_U32(struct shape, h),
    CASE_FIELD_U32(struct shape, w),
    CASE_FIELD_U32(struct shape, k),
    CASE_FIELD_U32(struct shape, kh),
    CASE_FIELD_U32(struct shape, kw),
    CASE_FIELD_LIST(struct shape, stride, 2, 'x'),
    CASE_FIELD_LIST(struct shape, dilation, 2, 'x'),
    CASE_FIELD_LIST(struct shape, pad, 4, ','),
    CASE_FIELD_NAME(struct shape, padding, padding_names),
    CASE_FIELD_U32(struct shape, groups),
    CASE_FIELD_LIST(struct shape, pool, 2, 'x'),
    CASE_FIELD_LIST(struct shape, pool_stride, 2, 'x'),
    CASE_FIELD_U32(struct shape, bias),
    CASE_FIELD_NAME(struct shape, values, value_names),
};
enum {
    FORWARD_FIELDS = CASE_COUNT(fields),
    WEIGHT_FIELDS = FORWARD_FIELDS - 1, // without values
    INPUT_FIELDS = FORWARD_FIELDS - 2,  // and without bias
};

#define PLAIN {1, 1}, {1, 1}, {0, 0, 0, 0}, 1

// n, c, h, w, k, kh, kw, stride, dilation, pad, groups, pool, pool_stride, bias, padding, values
static const struct shape corners[] = {
    {1, 1, 1, 1, 1, 1, 1, PLAIN, {1, 1}, {1, 1}, 1, ZEROS, VALUES_WHOLE},     // the smallest
    {16, 1, 28, 28, 6, 3, 3, PLAIN, {2, 2}, {2, 2}, 1, ZEROS, VALUES_WHOLE},  // LeNet's first
    {16, 6, 13, 13, 16, 3, 3, PLAIN, {2, 2}, {2, 2}, 1, ZEROS, VALUES_WHOLE}, // and second: a row and column
                                                                              // left
    {10, 3, 32, 32, 6, 5, 5, PLAIN, {2, 2}, {2, 2}, 1, ZEROS, VALUES_WHOLE},  // for colour images
    {10, 6, 14, 14, 16, 5, 5, PLAIN, {2, 2}, {2, 2}, 1, ZEROS, VALUES_WHOLE}, // and its second
    {35, 1, 9, 12, 3, 3, 3, PLAIN, {2, 2}, {2, 2}, 1, ZEROS, VALUES_WHOLE},   // one channel, three blocks
    {33, 3, 15, 15, 6, 3, 3, PLAIN, {2, 2}, {2, 2}, 1, ZEROS, VALUES_WHOLE},  // three blocks
    {70, 2, 7, 6, 3, 3, 3, PLAIN, {2, 2}, {2, 2}, 0, ZEROS, VALUES_WHOLE},    // many small samples
    {5, 7, 9, 11, 19, 3, 3, PLAIN, {2, 2}, {2, 2}, 1, ZEROS, VALUES_WHOLE},   // more filters than lanes
    {3, 19, 8, 9, 5, 3, 3, PLAIN, {2, 2}, {2, 2}, 1, ZEROS, VALUES_WHOLE},    // many channels
    {2, 40, 8, 7, 9, 5, 3, PLAIN, {2, 2}, {2, 2}, 1, ZEROS, VALUES_WHOLE},    // and a tall kernel
    {4, 2, 9, 37, 5, 1, 7, PLAIN, {2, 2}, {2, 2}, 1, ZEROS, VALUES_WHOLE},    // a wide one of one row
    {4, 3, 12, 5, 4, 7, 1, PLAIN, {2, 2}, {2, 2}, 0, ZEROS, VALUES_WHOLE},    // and of one column
    {17, 4, 6, 8, 7, 1, 1, PLAIN, {2, 2}, {2, 2}, 1, ZEROS, VALUES_WHOLE},    // 1x1
    {2,
     64,
     10,
     12,
     24,
     3,
     3,
     {1, 1},
     {1, 1},
     {1, 1, 1, 1},
     1,
     {2, 2},
     {2, 2},
     1,
     ZEROS,
     VALUES_WHOLE}, // wide
    {1,
     24,
     20,
     18,
     70,
     3,
     3,
     {1, 1},
     {1, 1},
     {1, 1, 1, 1},
     1,
     {2, 2},
     {2, 2},
     1,
     ZEROS,
     VALUES_WHOLE}, // wider
    {3, 5, 9, 7, 4, 3, 2, {1, 1}, {1, 1}, {1, 0, 2, 1}, 1, {2, 2}, {2, 2}, 1, ZEROS, VALUES_WHOLE},
    {2, 3, 8, 9, 4, 3, 3, {1, 1}, {1, 1}, {2, 2, 2, 2}, 1, {2, 2}, {2, 2}, 1, ZEROS, VALUES_WHOLE}, // all
                                                                                                    // padding
    {3,
     4,
     13,
     17,
     6,
     3,
     2,
     {2, 1},
     {1, 1},
     {1, 2, 0, 1},
     1,
     {2, 2},
     {2, 2},
     1,
     ZEROS,
     VALUES_WHOLE}, // strides
    {2,
     3,
     13,
     14,
     4,
     3,
     3,
     {1, 1},
     {2, 3},
     {2, 1, 3, 0},
     1,
     {2, 2},
     {2, 2},
     1,
     ZEROS,
     VALUES_WHOLE}, // dilation
    {2, 6, 9, 10, 4, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}, 2, {2, 2}, {2, 2}, 1, ZEROS, VALUES_WHOLE}, // groups
    {3,
     6,
     8,
     7,
     6,
     3,
     3,
     {1, 1},
     {1, 1},
     {1, 1, 1, 1},
     6,
     {2, 2},
     {2, 2},
     0,
     ZEROS,
     VALUES_WHOLE},                                                           // depthwise
    {2, 3, 11, 13, 5, 3, 3, PLAIN, {3, 3}, {2, 2}, 1, ZEROS, VALUES_WHOLE},   // windows that overlap
    {17, 2, 9, 12, 3, 2, 2, PLAIN, {3, 2}, {3, 4}, 1, ZEROS, VALUES_WHOLE},   // and with gaps between them
    {2, 3, 7, 8, 4, 3, 3, PLAIN, {5, 6}, {1, 1}, 1, ZEROS, VALUES_WHOLE},     // one window for all
    {2, 2, 20, 19, 3, 2, 2, PLAIN, {15, 17}, {2, 1}, 1, ZEROS, VALUES_WHOLE}, // of as many elements as there
                                                                              // may be
    {3, 4, 9, 6, 5, 3, 3, PLAIN, {1, 1}, {1, 1}, 1, ZEROS, VALUES_WHOLE},     // no pooling
    {2, 3, 6, 7, 4, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}, 1, {2, 2}, {2, 2}, 1, REFLECT, VALUES_WHOLE},
    {3, 2, 5, 7, 3, 3, 3, {1, 1}, {1, 1}, {2, 1, 1, 2}, 1, {2, 2}, {2, 2}, 0, REPLICATE, VALUES_WHOLE},
    {16, 2, 6, 5, 4, 3, 3, {1, 1}, {1, 1}, {2, 3, 1, 2}, 2, {2, 2}, {2, 2}, 1, CIRCULAR, VALUES_WHOLE},
    {16, 6, 13, 13, 16, 3, 3, PLAIN, {2, 2}, {2, 2}, 1, ZEROS, VALUES_SPECIAL},
    {3, 2, 9, 8, 5, 2, 3, PLAIN, {3, 2}, {2, 2}, 1, ZEROS, VALUES_SPECIAL},
};

static const struct shape perf[] = {
    {16, 1, 28, 28, 6, 3, 3, PLAIN, {2, 2}, {2, 2}, 1, ZEROS, VALUES_WHOLE}, // LeNet's first
    {512, 1, 28, 28, 6, 3, 3, PLAIN, {2, 2}, {2, 2}, 1, ZEROS, VALUES_WHOLE},
    {16, 6, 13, 13, 16, 3, 3, PLAIN, {2, 2}, {2, 2}, 1, ZEROS, VALUES_WHOLE}, // and second
    {512, 6, 13, 13, 16, 3, 3, PLAIN, {2, 2}, {2, 2}, 1, ZEROS, VALUES_WHOLE},
    {10, 3, 32, 32, 6, 3, 3, PLAIN, {2, 2}, {2, 2}, 1, ZEROS, VALUES_WHOLE}, // for colour images
    {32,
     3,
     32,
     32,
     32,
     3,
     3,
     {1, 1},
     {1, 1},
     {1, 1, 1, 1},
     1,
     {2, 2},
     {2, 2},
     1,
     ZEROS,
     VALUES_WHOLE}, // VGG-like
    {32, 32, 16, 16, 64, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}, 1, {2, 2}, {2, 2}, 1, ZEROS, VALUES_WHOLE},
    {32, 64, 32, 32, 64, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}, 1, {2, 2}, {2, 2}, 1, ZEROS, VALUES_WHOLE},
};

// Everything but the tensors, which differ in order.
struct parts {
    uint32_t x[4], z[4], y[4], weight[4], bias[1];
};

static void measure(const struct shape *s, struct parts *parts)
{
    uint32_t oh = case_windows(s->h, s->pad[0], s->pad[1], s->dilation[0], s->kh, s->stride[0]);
    uint32_t ow = case_windows(s->w, s->pad[2], s->pad[3], s->dilation[1], s->kw, s->stride[1]);
    *parts = (struct parts){
        .x = {s->n, s->c, s->h, s->w},
        .z = {s->n, s->k, oh, ow},
        .y = {s->n, s->k, case_windows(oh, 0, 0, 1, s->pool[0], s->pool_stride[0]),
              case_windows(ow, 0, 0, 1, s->pool[1], s->pool_stride[1])},
        .weight = {s->k, s->groups == 0 ? 0 : s->c / s->groups, s->kh, s->kw},
        .bias = {s->k},
    };
}

static double taps(const struct shape *s)
{
    return (double)(s->c / s->groups) * s->kh * s->kw;
}

static bool draws_well(const struct shape *s)
{
    struct parts parts;
    measure(s, &parts);
    const uint32_t less = s->padding == REFLECT;
    const bool fits = s->padding == ZEROS || s->padding == REPLICATE ||
                      (s->pad[0] + less <= s->h && s->pad[1] + less <= s->h && s->pad[2] + less <= s->w &&
                       s->pad[3] + less <= s->w);
    return fits && parts.y[2] != 0 && parts.y[3] != 0 &&
           taps(s) * parts.z[0] * parts.z[1] * parts.z[2] * parts.z[3] < 1500000;
}

static void draw_shape(struct draw *draw, void *shape)
{
    static const uint32_t group_choices[] = {1, 1, 1, 1, 1, 2, 3};
    static const uint32_t paddings[] = {ZEROS, ZEROS, ZEROS, ZEROS, REFLECT, CIRCULAR};
    struct shape *s = shape;
    do {
        s->n = draw_batch(draw);
        s->groups = draw_one_of(draw, group_choices, CASE_COUNT(group_choices));
        s->c = s->groups * draw_between(draw, 1, 20);
        s->k = s->groups * draw_between(draw, 1, 24);
        s->kh = draw_between(draw, 1, 5);
        s->kw = draw_between(draw, 1, 5);
        // Half of them like LeNet's, the others like none.
        bool plain = draw_between(draw, 0, 1) == 0;
        for (uint32_t i = 0; i < 2; i++) {
            s->stride[i] = plain ? 1 : draw_between(draw, 1, 2);
            s->dilation[i] = plain ? 1 : draw_between(draw, 1, 2);
            s->pool[i] = plain ? 2 : draw_between(draw, 1, 3);
            s->pool_stride[i] = plain ? 2 : draw_between(draw, 1, 3);
        }
        for (uint32_t i = 0; i < 4; i++)
            s->pad[i] = draw_between(draw, 0, 2);
        s->h = draw_between(draw, 1, 20);
        s->w = draw_between(draw, 1, 20);
        s->bias = draw_between(draw, 0, 3) != 0;
        s->padding = draw_one_of(draw, paddings, CASE_COUNT(paddings));
        s->values = draw_between(draw, 0, 5) == 0 ? VALUES_SPECIAL : VALUES_WHOLE;
    } while (!draws_well(s));
}

static enum tuff_status describe_parts(const struct shape *s, struct case_setup *setup, struct parts *parts)
{
    const struct tuff_conv2d_relu_max_pool2d_params params = {
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
        .pool_h = s->pool[0],
        .pool_w = s->pool[1],
        .pool_stride_h = s->pool_stride[0],
        .pool_stride_w = s->pool_stride[1],
    };
    if (s->groups == 0)
        return tuff_fail(setup->log, TUFF_ERROR_INVALID, "groups is 0, expected at least 1");
    measure(s, parts);
    return case_setup_params(setup, &params, sizeof params);
}

// -- forward

static enum tuff_status forward_describe(const void *shape, struct case_setup *setup)
{
    const struct shape *s = shape;
    struct parts parts;
    enum tuff_status status = describe_parts(s, setup, &parts);
    if (status != TUFF_OK)
        return status;
    case_setup_tensor(setup, 0, TUFF_F32, 4, parts.y, CASE_PADDING_FINITE);
    // Backward reads the padding lanes' winners as it reads others, so they have to lie within their windows.
    case_setup_tensor(setup, 1, TUFF_U8, 4, parts.y, CASE_PADDING_COMPUTED);
    case_setup_tensor(setup, 2, TUFF_F32, 4, parts.x, CASE_PADDING_FINITE);
    case_setup_tensor(setup, 3, TUFF_F32, 4, parts.weight, CASE_PADDING_FINITE);
    if (s->bias != 0)
        case_setup_tensor(setup, 4, TUFF_F32, 1, parts.bias, CASE_PADDING_FINITE);
    return TUFF_OK;
}

// Whole numbers from -most to most.
static void fill_whole(struct case_setup *setup, uint32_t index, float most)
{
    float *values = case_floats(setup, index);
    uint64_t count = case_stored(setup, index);
    draw_uniform(setup->seed, case_stream(index), -most - 0.5f, most + 0.5f, values, count);
    for (uint64_t i = 0; i < count; i++)
        values[i] = fminf(fmaxf(rintf(values[i]), -most), most);
}

static enum tuff_status forward_fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    const struct shape *s = shape;
    (void)oracle;
    fill_whole(setup, 2, 3);
    fill_whole(setup, 3, 2);
    if (s->bias != 0)
        fill_whole(setup, 4, 4);
    if (s->values != VALUES_SPECIAL)
        return TUFF_OK;
    // The logical batch; padding lanes stay ordinary numbers.
    static const float odd[] = {NAN, INFINITY, -INFINITY};
    float *x = case_floats(setup, 2);
    uint64_t elements = tuff_tensor_elements(&setup->tensors[2].shape);
    for (uint64_t i = 5; i < elements; i += 41)
        x[i] = odd[i / 41 % CASE_COUNT(odd)];
    return TUFF_OK;
}

const struct conformance_op conformance_op_conv2d_relu_max_pool2d_forward = {
    .op = TUFF_OP_CONV2D_RELU_MAX_POOL2D_FORWARD,
    .batched = true,
    .costly = true,
    .fields = fields,
    .field_count = FORWARD_FIELDS,
    .shape_size = sizeof(struct shape),
    .corners = corners,
    .corner_count = CASE_COUNT(corners),
    .draw = draw_shape,
    .describe = forward_describe,
    .fill = forward_fill,
    .perf = perf,
    .perf_count = CASE_COUNT(perf),
};

// -- gradient of x

// About a third of the windows let no gradient pass.
static void fill_winner(const struct shape *s, struct case_setup *setup, uint32_t index)
{
    uint8_t *winner = setup->tensors[index].values;
    const uint32_t places = s->pool[0] * s->pool[1], choices = places + places / 2 + 1;
    uint64_t count = case_stored(setup, index);
    draw_bytes(setup->seed, case_stream(index), winner, count);
    for (uint64_t i = 0; i < count; i++) {
        const uint32_t drawn = (uint32_t)winner[i] * choices / 256;
        winner[i] = (uint8_t)(drawn < places ? drawn : TUFF_NO_WINNER);
    }
}

static enum tuff_status backward_input_describe(const void *shape, struct case_setup *setup)
{
    struct parts parts;
    enum tuff_status status = describe_parts(shape, setup, &parts);
    if (status != TUFF_OK)
        return status;
    case_setup_tensor(setup, 0, TUFF_F32, 4, parts.x, CASE_PADDING_ZERO);
    case_setup_tensor(setup, 1, TUFF_F32, 4, parts.y, CASE_PADDING_ZERO);
    case_setup_tensor(setup, 2, TUFF_U8, 4, parts.y, CASE_PADDING_FINITE);
    case_setup_tensor(setup, 3, TUFF_F32, 4, parts.weight, CASE_PADDING_FINITE);
    return TUFF_OK;
}

static enum tuff_status backward_input_fill(const void *shape, struct case_setup *setup,
                                            struct tuff_target *oracle)
{
    (void)oracle;
    case_fill_signed(setup, 1);
    fill_winner(shape, setup, 2);
    case_fill_signed(setup, 3);
    return TUFF_OK;
}

static void backward_input_tolerance(const void *shape, const struct case_view *view, uint32_t output,
                                     double *tolerance)
{
    const struct shape *s = shape;
    // Every place where an element is seen, and every window that an element can win.
    double seen = s->padding == ZEROS ? 1
                  : s->padding == REPLICATE
                      ? (double)(1 + s->pad[0] + s->pad[1]) * (1 + s->pad[2] + s->pad[3])
                      : 9;
    double length = (double)(s->k / s->groups) * s->kh * s->kw * seen * s->pool[0] * s->pool[1];
    tolerance_of_sums(length, view->magnitude[output], case_stored(view->setup, output), tolerance);
}

const struct conformance_op conformance_op_conv2d_relu_max_pool2d_backward_input = {
    .op = TUFF_OP_CONV2D_RELU_MAX_POOL2D_BACKWARD_INPUT,
    .batched = true,
    .costly = true,
    .fields = fields,
    .field_count = INPUT_FIELDS,
    .shape_size = sizeof(struct shape),
    .corners = corners,
    .corner_count = CASE_COUNT(corners),
    .draw = draw_shape,
    .describe = backward_input_describe,
    .fill = backward_input_fill,
    .needs_magnitude = true,
    .tolerance = backward_input_tolerance,
    .perf = perf,
    .perf_count = CASE_COUNT(perf),
};

// -- gradients of weight and bias

static enum tuff_status backward_weight_describe(const void *shape, struct case_setup *setup)
{
    const struct shape *s = shape;
    struct parts parts;
    enum tuff_status status = describe_parts(s, setup, &parts);
    if (status != TUFF_OK)
        return status;
    case_setup_tensor(setup, 0, TUFF_F32, 4, parts.weight, CASE_PADDING_FINITE);
    if (s->bias != 0)
        case_setup_tensor(setup, 1, TUFF_F32, 1, parts.bias, CASE_PADDING_FINITE);
    case_setup_tensor(setup, 2, TUFF_F32, 4, parts.y, CASE_PADDING_ZERO);
    case_setup_tensor(setup, 3, TUFF_U8, 4, parts.y, CASE_PADDING_FINITE);
    case_setup_tensor(setup, 4, TUFF_F32, 4, parts.x, CASE_PADDING_FINITE);
    return TUFF_OK;
}

static enum tuff_status backward_weight_fill(const void *shape, struct case_setup *setup,
                                             struct tuff_target *oracle)
{
    (void)oracle;
    case_fill_signed(setup, 2);
    fill_winner(shape, setup, 3);
    case_fill_signed(setup, 4);
    return TUFF_OK;
}

static void backward_weight_tolerance(const void *shape, const struct case_view *view, uint32_t output,
                                      double *tolerance)
{
    struct parts parts;
    measure(shape, &parts);
    double length = (double)parts.y[0] * parts.y[2] * parts.y[3];
    tolerance_of_sums(length, view->magnitude[output], case_stored(view->setup, output), tolerance);
}

const struct conformance_op conformance_op_conv2d_relu_max_pool2d_backward_weight = {
    .op = TUFF_OP_CONV2D_RELU_MAX_POOL2D_BACKWARD_WEIGHT,
    .batched = true,
    .costly = true,
    .fields = fields,
    .field_count = WEIGHT_FIELDS,
    .shape_size = sizeof(struct shape),
    .corners = corners,
    .corner_count = CASE_COUNT(corners),
    .draw = draw_shape,
    .describe = backward_weight_describe,
    .fill = backward_weight_fill,
    .needs_magnitude = true,
    .tolerance = backward_weight_tolerance,
    .perf = perf,
    .perf_count = CASE_COUNT(perf),
};
