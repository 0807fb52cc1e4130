// Picking a batch: images and labels.
#include "case.h"
#include "state.h"
#include "tolerance.h"

#include <math.h>

// `set` samples in the data set, `positions` in the index; the batch is at `begin`.
struct images_shape {
    uint32_t n, c, h, w, set, positions, begin, valid;
};

static const struct case_field images_fields[] = {
    CASE_FIELD_U32(struct images_shape, n),     CASE_FIELD_U32(struct images_shape, c),
    CASE_FIELD_U32(struct images_shape, h),     CASE_FIELD_U32(struct images_shape, w),
    CASE_FIELD_U32(struct images_shape, set),   CASE_FIELD_U32(struct images_shape, positions),
    CASE_FIELD_U32(struct images_shape, begin), CASE_FIELD_U32(struct images_shape, valid),
};

// n, c, h, w, set, positions, begin, valid. A sample of an odd number of bytes begins at any byte of a word.
static const struct images_shape images_corners[] = {
    {1, 1, 1, 1, 1, 1, 0, 1},          {3, 1, 3, 3, 7, 5, 2, 3},         {2, 1, 5, 7, 11, 9, 7, 1},
    {5, 2, 3, 7, 13, 40, 33, 4},       {15, 3, 5, 5, 31, 15, 0, 15},     {16, 3, 8, 4, 20, 50, 34, 16},
    {17, 4, 5, 3, 9, 64, 40, 13},      {33, 1, 9, 7, 101, 200, 150, 33}, {7, 3, 33, 31, 29, 29, 20, 6},
    {16, 1, 28, 28, 100, 100, 84, 16}, {16, 3, 32, 32, 60, 60, 48, 9},   {70, 1, 13, 11, 150, 150, 80, 70},
    {2, 1, 70, 131, 3, 4, 1, 2},
};

// More than the 128 MiB that a storage buffer binding is sure to have.
static const struct images_shape images_large[] = {
    {64, 3, 32, 32, 50000, 50000, 49930, 64},
    {9, 1, 5, 7, 4000037, 3000, 17, 8},
};

static const struct images_shape images_perf[] = {
    {16, 1, 28, 28, 60000, 60000, 0, 16}, // MNIST
    {512, 1, 28, 28, 60000, 60000, 0, 512},
    {128, 3, 32, 32, 10000, 10000, 0, 128}, // CIFAR-10's test images
};

// What a call touches of the set and the index.
static void images_draw(struct draw *draw, void *shape)
{
    struct images_shape *s = shape;
    s->n = draw_batch(draw);
    s->c = draw_between(draw, 1, TUFF_MAX_IMAGE_CHANNELS);
    s->h = draw_between(draw, 1, 17);
    s->w = draw_between(draw, 1, 17);
    s->set = draw_between(draw, 1, 90);
    s->valid = draw_between(draw, 0, 1) == 0 ? s->n : draw_between(draw, 1, s->n);
    s->begin = draw_between(draw, 0, 50);
    s->positions = s->begin + s->valid + draw_between(draw, 0, 5);
}

static enum tuff_status check_window(const struct case_setup *setup, uint32_t n, uint32_t set,
                                     uint32_t positions, uint32_t begin, uint32_t valid)
{
    if (set == 0 || valid == 0 || valid > n || begin > positions || valid > positions - begin)
        return tuff_fail(setup->log, TUFF_ERROR_INVALID,
                         "%u valid of n = %u from %u of %u positions in a set of %u make no batch", valid, n,
                         begin, positions, set);
    return TUFF_OK;
}

static const float image_scale[TUFF_MAX_IMAGE_CHANNELS] = {1.0f / 255, 0.013f, -0.0171f, 0.5f};
static const float image_shift[TUFF_MAX_IMAGE_CHANNELS] = {-0.4242f, 1.5f, 0.0f, -64.0f};

static enum tuff_status images_describe(const void *shape, struct case_setup *setup)
{
    const struct images_shape *s = shape;
    struct tuff_gather_images_params params = {.size = sizeof params};
    memcpy(params.scale, image_scale, sizeof image_scale);
    memcpy(params.shift, image_shift, sizeof image_shift);
    case_setup_tensor(setup, 0, TUFF_F32, 4, (uint32_t[]){s->n, s->c, s->h, s->w}, CASE_PADDING_ZERO);
    case_setup_tensor(setup, 1, TUFF_U8, 4, (uint32_t[]){s->set, s->c, s->h, s->w}, CASE_PADDING_FINITE);
    case_setup_tensor(setup, 2, TUFF_U32, 1, (uint32_t[]){s->positions}, CASE_PADDING_FINITE);
    case_setup_state(setup, 3);
    enum tuff_status status = check_window(setup, s->n, s->set, s->positions, s->begin, s->valid);
    return status == TUFF_OK ? case_setup_params(setup, &params, sizeof params) : status;
}

// The set's last sample is in the batch: the one whose end is the buffer's.
static void fill_index(struct case_setup *setup, uint32_t index, uint32_t set, uint32_t positions,
                       uint32_t begin, uint32_t valid)
{
    uint32_t *values = case_words(setup, index);
    draw_below(setup->seed, case_stream(index), set, values, positions);
    values[begin + valid - 1] = set - 1;
}

static enum tuff_status images_fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    const struct images_shape *s = shape;
    const struct tuff_step_row row = case_row(2, s->begin, s->valid);
    (void)oracle;
    draw_bytes(setup->seed, case_stream(1), setup->tensors[1].values, case_stored(setup, 1));
    fill_index(setup, 2, s->set, s->positions, s->begin, s->valid);
    // In a set beyond the smallest limit of a binding: the sample at that limit and its neighbours.
    const uint64_t at_limit = (UINT64_C(1) << 27) / ((uint64_t)s->c * s->h * s->w);
    for (uint32_t i = 0; i < 3 && i + 1 < s->valid && at_limit + 1 < s->set; i++)
        case_words(setup, 2)[s->begin + i] = (uint32_t)at_limit + i - 1;
    case_fill_state(setup, 3, 2, &row);
    return TUFF_OK;
}

// A product and a sum, fused or not.
static void images_tolerance(const void *shape, const struct case_view *view, uint32_t output,
                             double *tolerance)
{
    const struct images_shape *s = shape;
    const uint64_t plane = (uint64_t)s->h * s->w, sample = plane * s->c;
    (void)view;
    (void)output;
    for (uint64_t i = 0; i < sample * s->n; i++) {
        uint64_t c = i / plane % s->c;
        tolerance[i] =
            i >= sample * s->valid
                ? CASE_EXACT
                : 3 * TOLERANCE_U * (255 * fabs((double)image_scale[c]) + fabs((double)image_shift[c]));
    }
}

const struct conformance_op conformance_op_gather_images = {
    .op = TUFF_OP_GATHER_IMAGES,
    .batched = true,
    .costly = true,
    .fields = images_fields,
    .field_count = CASE_COUNT(images_fields),
    .shape_size = sizeof(struct images_shape),
    .corners = images_corners,
    .corner_count = CASE_COUNT(images_corners),
    .large = images_large,
    .large_count = CASE_COUNT(images_large),
    .draw = images_draw,
    .describe = images_describe,
    .fill = images_fill,
    .tolerance = images_tolerance,
    .perf = images_perf,
    .perf_count = CASE_COUNT(images_perf),
};

// -- labels

struct labels_shape {
    uint32_t n, set, positions, begin, valid;
};

static const struct case_field labels_fields[] = {
    CASE_FIELD_U32(struct labels_shape, n),         CASE_FIELD_U32(struct labels_shape, set),
    CASE_FIELD_U32(struct labels_shape, positions), CASE_FIELD_U32(struct labels_shape, begin),
    CASE_FIELD_U32(struct labels_shape, valid),
};

static const struct labels_shape labels_corners[] = {
    {1, 1, 1, 0, 1},         {15, 31, 15, 0, 15},         {17, 5, 64, 40, 13},
    {33, 101, 200, 150, 33}, {300, 1000, 1000, 800, 200}, {512, 60000, 60000, 59488, 512},
};

static const struct labels_shape labels_perf[] = {{16, 60000, 60000, 0, 16}, {512, 60000, 60000, 0, 512}};

static void labels_draw(struct draw *draw, void *shape)
{
    struct labels_shape *s = shape;
    s->n = draw_between(draw, 1, 300);
    s->set = draw_between(draw, 1, 900);
    s->valid = draw_between(draw, 0, 1) == 0 ? s->n : draw_between(draw, 1, s->n);
    s->begin = draw_between(draw, 0, 500);
    s->positions = s->begin + s->valid + draw_between(draw, 0, 5);
}

static enum tuff_status labels_describe(const void *shape, struct case_setup *setup)
{
    const struct labels_shape *s = shape;
    case_setup_tensor(setup, 0, TUFF_U32, 1, (uint32_t[]){s->n}, CASE_PADDING_FINITE);
    case_setup_tensor(setup, 1, TUFF_U32, 1, (uint32_t[]){s->set}, CASE_PADDING_FINITE);
    case_setup_tensor(setup, 2, TUFF_U32, 1, (uint32_t[]){s->positions}, CASE_PADDING_FINITE);
    case_setup_state(setup, 3);
    return check_window(setup, s->n, s->set, s->positions, s->begin, s->valid);
}

// Labels above 0, so that a sample that is absent cannot pass for one.
static enum tuff_status labels_fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    const struct labels_shape *s = shape;
    const struct tuff_step_row row = case_row(2, s->begin, s->valid);
    uint32_t *labels = case_words(setup, 1);
    (void)oracle;
    draw_below(setup->seed, case_stream(1), 1000, labels, s->set);
    for (uint32_t i = 0; i < s->set; i++)
        labels[i]++;
    fill_index(setup, 2, s->set, s->positions, s->begin, s->valid);
    case_fill_state(setup, 3, 2, &row);
    return TUFF_OK;
}

const struct conformance_op conformance_op_gather_labels = {
    .op = TUFF_OP_GATHER_LABELS,
    .fields = labels_fields,
    .field_count = CASE_COUNT(labels_fields),
    .shape_size = sizeof(struct labels_shape),
    .corners = labels_corners,
    .corner_count = CASE_COUNT(labels_corners),
    .draw = labels_draw,
    .describe = labels_describe,
    .fill = labels_fill,
    .perf = labels_perf,
    .perf_count = CASE_COUNT(labels_perf),
};
