// Picking a batch with random changes to its pictures. A byte from a wrong place shows: all bytes are random,
// and every backend has to give the same bits.
#include "case.h"
#include "state.h"

static const char *const mode_names[] = {"zeros", "reflect", "replicate", NULL}; // enum tuff_padding_mode

// `set` samples in the data set, `positions` in the index; the batch is at `begin`. crop, translate: y, x.
struct augment_shape {
    uint32_t n, c, h, w, set, positions, begin, valid, step;
    uint32_t seed_low, seed_high;
    uint32_t flip, mode, crop[2], translate[2], cutout;
};

static const struct case_field fields[] = {
    CASE_FIELD_U32(struct augment_shape, n),
    CASE_FIELD_U32(struct augment_shape, c),
    CASE_FIELD_U32(struct augment_shape, h),
    CASE_FIELD_U32(struct augment_shape, w),
    CASE_FIELD_U32(struct augment_shape, set),
    CASE_FIELD_U32(struct augment_shape, positions),
    CASE_FIELD_U32(struct augment_shape, begin),
    CASE_FIELD_U32(struct augment_shape, valid),
    CASE_FIELD_U32(struct augment_shape, step),
    CASE_FIELD_HEX(struct augment_shape, seed_low),
    CASE_FIELD_HEX(struct augment_shape, seed_high),
    CASE_FIELD_HEX(struct augment_shape, flip),
    CASE_FIELD_NAME(struct augment_shape, mode, mode_names),
    CASE_FIELD_LIST(struct augment_shape, crop, 2, ','),
    CASE_FIELD_LIST(struct augment_shape, translate, 2, ','),
    CASE_FIELD_U32(struct augment_shape, cutout),
};

enum {
    NONE = TUFF_PADDING_ZEROS,
    ZEROS = TUFF_PADDING_ZEROS,
    REFLECT = TUFF_PADDING_REFLECT,
    REPLICATE = TUFF_PADDING_REPLICATE,
    NEVER = 0,
    HALF = TUFF_FLIP_ALWAYS / 2,
    ALWAYS = TUFF_FLIP_ALWAYS,
};

// n, c, h, w, set, positions, begin, valid, step, seed; flip, mode, crop, translate, cutout.
static const struct augment_shape corners[] = {
    // Nothing is changed.
    {17, 3, 9, 7, 23, 60, 30, 17, 3, 1, 2, NEVER, NONE, {0, 0}, {0, 0}, 0},
    {16, 1, 28, 28, 50, 50, 20, 13, 1, 42, 0, NEVER, REFLECT, {0, 0}, {0, 0}, 0},
    // One change each; pictures as wide as a vector, narrower and wider.
    {5, 2, 6, 11, 9, 20, 10, 5, 3, 1, 2, ALWAYS, NONE, {0, 0}, {0, 0}, 0},
    {33, 1, 5, 16, 40, 40, 3, 33, 3, 1, 2, HALF, NONE, {0, 0}, {0, 0}, 0},
    {19, 3, 4, 35, 25, 25, 6, 15, 3, 1, 2, HALF, NONE, {0, 0}, {0, 0}, 0},
    {18, 3, 11, 19, 25, 25, 0, 18, 9, 7, 0, NEVER, ZEROS, {3, 5}, {0, 0}, 0},
    {18, 3, 11, 19, 25, 25, 0, 18, 9, 7, 0, NEVER, REFLECT, {3, 5}, {0, 0}, 0},
    {18, 3, 19, 11, 25, 25, 0, 18, 9, 7, 0, NEVER, REFLECT, {3, 5}, {0, 0}, 0},
    {18, 3, 11, 19, 25, 25, 0, 18, 9, 7, 0, NEVER, REPLICATE, {3, 5}, {0, 0}, 0},
    {34, 1, 7, 13, 40, 40, 1, 34, 2, 5, 6, NEVER, NONE, {0, 0}, {2, 4}, 0},
    {34, 1, 7, 33, 40, 40, 1, 34, 2, 5, 6, NEVER, NONE, {0, 0}, {0, 32}, 0},
    {34, 1, 33, 7, 40, 40, 1, 34, 2, 5, 6, NEVER, NONE, {0, 0}, {32, 0}, 0},
    {40, 2, 15, 18, 50, 50, 5, 37, 2, 5, 6, NEVER, NONE, {0, 0}, {0, 0}, 1},
    {40, 2, 15, 18, 50, 50, 5, 37, 2, 5, 6, NEVER, NONE, {0, 0}, {0, 0}, 6},
    {40, 2, 15, 18, 50, 50, 5, 37, 2, 5, 6, NEVER, NONE, {0, 0}, {0, 0}, 7},
    {40, 2, 15, 31, 50, 50, 5, 37, 2, 5, 6, NEVER, NONE, {0, 0}, {0, 0}, 31},
    // As far as each may reach.
    {48, 1, 5, 9, 50, 60, 5, 48, 2, 8, 9, HALF, ZEROS, {4, 8}, {4, 8}, 9},
    {48, 1, 9, 20, 50, 60, 5, 48, 2, 8, 9, HALF, REFLECT, {8, 19}, {8, 19}, 5},
    {48, 1, 20, 17, 50, 60, 5, 48, 2, 8, 9, HALF, REPLICATE, {19, 16}, {19, 16}, 5},
    {20, 4, 1, 1, 50, 60, 5, 20, 2, 8, 9, HALF, REFLECT, {0, 0}, {0, 0}, 1},
    {20, 4, 1, 40, 50, 60, 5, 20, 2, 8, 9, HALF, REFLECT, {0, 39}, {0, 3}, 4},
    {20, 4, 40, 1, 50, 60, 5, 20, 2, 8, 9, HALF, REFLECT, {39, 0}, {3, 0}, 4},
    {20, 1, 2, 2, 50, 60, 5, 20, 2, 8, 9, HALF, REFLECT, {1, 1}, {1, 1}, 1},
    // All of it, as it is used.
    {16, 1, 28, 28, 100, 100, 84, 16, 7, 42, 0, HALF, ZEROS, {2, 2}, {2, 2}, 7},
    {33, 3, 32, 32, 60, 60, 20, 33, 1000, 42, 0, HALF, REFLECT, {4, 4}, {2, 2}, 8},
    {16, 3, 33, 31, 60, 60, 48, 9, 5, 0xffffffff, 0xffffffff, HALF, REPLICATE, {5, 3}, {2, 6}, 11},
    {9, 3, 70, 131, 12, 12, 3, 9, 0xffffffff, 0x89abcdef, 0x01234567, 0x400000, REFLECT, {9, 17}, {4, 1}, 40},
    {130, 1, 13, 11, 150, 150, 20, 129, 80, 1, 0, 0xc00001, ZEROS, {1, 2}, {1, 0}, 3},
};

// More than the 128 MiB that a storage buffer binding is sure to have.
static const struct augment_shape large[] = {
    {64, 3, 32, 32, 50000, 50000, 49930, 64, 3, 42, 0, HALF, REFLECT, {4, 4}, {1, 2}, 8},
    {9, 1, 5, 7, 4000037, 3000, 17, 8, 3, 42, 0, HALF, ZEROS, {2, 2}, {0, 0}, 3},
};

static void draw_shape(struct draw *draw, void *shape)
{
    struct augment_shape *s = shape;
    s->n = draw_batch(draw);
    s->c = draw_between(draw, 1, TUFF_MAX_IMAGE_CHANNELS);
    s->h = draw_between(draw, 1, 21);
    s->w = draw_between(draw, 1, 37);
    s->set = draw_between(draw, 1, 90);
    s->valid = draw_between(draw, 0, 1) == 0 ? s->n : draw_between(draw, 1, s->n);
    s->begin = draw_between(draw, 0, 50);
    s->positions = s->begin + s->valid + draw_between(draw, 0, 5);
    s->step = draw_between(draw, 1, 100000);
    s->seed_low = draw_between(draw, 0, UINT32_MAX - 1);
    s->seed_high = draw_between(draw, 0, UINT32_MAX - 1);
    // Each change is left out in one of three.
    s->flip = draw_between(draw, 0, 2) == 0 ? NEVER : draw_between(draw, 1, ALWAYS);
    s->mode = draw_between(draw, ZEROS, REPLICATE);
    for (int axis = 0; axis < 2; axis++) {
        const uint32_t reach = (axis == 0 ? s->h : s->w) - 1;
        s->crop[axis] = draw_between(draw, 0, 2) == 0 ? 0 : draw_between(draw, 0, reach);
        s->translate[axis] = draw_between(draw, 0, 2) == 0 ? 0 : draw_between(draw, 0, reach);
    }
    s->cutout = draw_between(draw, 0, 2) == 0 ? 0 : draw_between(draw, 0, s->h > s->w ? s->h : s->w);
}

// Products and sums are exact, and no pixel is 0, which is what is cut out; rounding is gather_images'
// matter.
static const float image_scale[TUFF_MAX_IMAGE_CHANNELS] = {1, 0.5f, -2, 0.25f};
static const float image_shift[TUFF_MAX_IMAGE_CHANNELS] = {1, -300, 1000, 0.125f};

static enum tuff_status describe(const void *shape, struct case_setup *setup)
{
    const struct augment_shape *s = shape;
    struct tuff_gather_augmented_images_params params = {
        .size = sizeof params,
        .seed_low = s->seed_low,
        .seed_high = s->seed_high,
        .flip = s->flip,
        .crop_mode = s->mode,
        .crop_y = s->crop[0],
        .crop_x = s->crop[1],
        .translate_y = s->translate[0],
        .translate_x = s->translate[1],
        .cutout = s->cutout,
    };
    memcpy(params.scale, image_scale, sizeof image_scale);
    memcpy(params.shift, image_shift, sizeof image_shift);
    case_setup_tensor(setup, 0, TUFF_F32, 4, (uint32_t[]){s->n, s->c, s->h, s->w}, CASE_PADDING_ZERO);
    case_setup_tensor(setup, 1, TUFF_U8, 4, (uint32_t[]){s->set, s->c, s->h, s->w}, CASE_PADDING_FINITE);
    case_setup_tensor(setup, 2, TUFF_U32, 1, (uint32_t[]){s->positions}, CASE_PADDING_FINITE);
    case_setup_state(setup, 3);
    if (s->set == 0 || s->valid == 0 || s->valid > s->n || s->begin > s->positions ||
        s->valid > s->positions - s->begin)
        return tuff_fail(setup->log, TUFF_ERROR_INVALID,
                         "%u valid of n = %u from %u of %u positions in a set of %u make no batch", s->valid,
                         s->n, s->begin, s->positions, s->set);
    return case_setup_params(setup, &params, sizeof params);
}

static enum tuff_status fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    const struct augment_shape *s = shape;
    const struct tuff_step_row row = case_row(s->step, s->begin, s->valid);
    uint32_t *index = case_words(setup, 2);
    (void)oracle;
    draw_bytes(setup->seed, case_stream(1), setup->tensors[1].values, case_stored(setup, 1));
    draw_below(setup->seed, case_stream(2), s->set, index, s->positions);
    index[s->begin + s->valid - 1] = s->set - 1; // the sample whose end is the buffer's
    // In a set beyond the smallest limit of a binding: the sample at that limit and its neighbours.
    const uint64_t at_limit = (UINT64_C(1) << 27) / ((uint64_t)s->c * s->h * s->w);
    for (uint32_t i = 0; i < 3 && i + 1 < s->valid && at_limit + 1 < s->set; i++)
        index[s->begin + i] = (uint32_t)at_limit + i - 1;
    case_fill_state(setup, 3, 2, &row);
    return TUFF_OK;
}

static const struct augment_shape perf[] = {
    {16, 1, 28, 28, 60000, 60000, 0, 16, 1, 42, 0, NEVER, ZEROS, {2, 2}, {0, 0}, 0},    // MNIST
    {128, 3, 32, 32, 10000, 10000, 0, 128, 1, 42, 0, HALF, REFLECT, {4, 4}, {0, 0}, 8}, // CIFAR-10
    {512, 3, 32, 32, 10000, 10000, 0, 512, 1, 42, 0, HALF, REFLECT, {4, 4}, {2, 2}, 8},
};

// What a call touches of the set and the index.
const struct conformance_op conformance_op_gather_augmented_images = {
    .op = TUFF_OP_GATHER_AUGMENTED_IMAGES,
    .batched = true,
    .costly = true,
    .fields = fields,
    .field_count = CASE_COUNT(fields),
    .shape_size = sizeof(struct augment_shape),
    .corners = corners,
    .corner_count = CASE_COUNT(corners),
    .large = large,
    .large_count = CASE_COUNT(large),
    .draw = draw_shape,
    .describe = describe,
    .fill = fill,
    .perf = perf,
    .perf_count = CASE_COUNT(perf),
};
