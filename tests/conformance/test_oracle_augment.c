// The reference's augmentation against pictures that are made here step by step, each whole, as op/augment.h
// says.
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "draw.h"
#include "oracle_fixture.h"
#include "tuff/random.h"

TestSuite(oracle_augment, .init = oracle_open, .fini = oracle_close);

enum { CHANNELS = 2, HEIGHT = 7, WIDTH = 5, SET = 9, BEGIN = 3, STEP = 21, MOST_PAD = 6 };
enum { PLANE = HEIGHT * WIDTH, SAMPLE = CHANNELS * PLANE };

static const uint64_t seed = UINT64_C(0x0123456789abcdef);
static const float scale[4] = {2, -1}, shift[4] = {-7, 1000};

// One channel, with room for padding on all sides.
struct picture {
    int height, width;
    uint8_t pixels[HEIGHT + 2 * MOST_PAD][WIDTH + 2 * MOST_PAD];
};

static struct picture flipped(const struct picture *from)
{
    struct picture to = *from;
    for (int y = 0; y < from->height; y++)
        for (int x = 0; x < from->width; x++)
            to.pixels[y][x] = from->pixels[y][from->width - 1 - x];
    return to;
}

// The picture with `rows` above and below and `columns` at its sides, filled from what lies inside: mirrored
// padding grows outwards, one ring after the other.
static struct picture padded(const struct picture *from, int rows, int columns, uint32_t mode)
{
    struct picture to = {.height = from->height + 2 * rows, .width = from->width + 2 * columns};
    for (int y = 0; y < from->height; y++)
        memcpy(&to.pixels[y + rows][columns], from->pixels[y], (size_t)from->width);
    const int right = columns + from->width - 1, bottom = rows + from->height - 1;
    for (int y = rows; y <= bottom && mode != TUFF_PADDING_ZEROS; y++)
        for (int i = 1; i <= columns; i++) {
            to.pixels[y][columns - i] = to.pixels[y][mode == TUFF_PADDING_REFLECT ? columns + i : columns];
            to.pixels[y][right + i] = to.pixels[y][mode == TUFF_PADDING_REFLECT ? right - i : right];
        }
    for (int i = 1; i <= rows && mode != TUFF_PADDING_ZEROS; i++) {
        memcpy(to.pixels[rows - i], to.pixels[mode == TUFF_PADDING_REFLECT ? rows + i : rows],
               (size_t)to.width);
        memcpy(to.pixels[bottom + i], to.pixels[mode == TUFF_PADDING_REFLECT ? bottom - i : bottom],
               (size_t)to.width);
    }
    return to;
}

static struct picture cropped(const struct picture *from, int top, int left)
{
    struct picture to = {.height = HEIGHT, .width = WIDTH};
    for (int y = 0; y < HEIGHT; y++)
        memcpy(to.pixels[y], &from->pixels[top + y][left], WIDTH);
    return to;
}

// Drawn on black, `down` and `right` of where it was.
static struct picture moved(const struct picture *from, int down, int right)
{
    struct picture to = {.height = HEIGHT, .width = WIDTH};
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            if (y + down >= 0 && y + down < HEIGHT && x + right >= 0 && x + right < WIDTH)
                to.pixels[y + down][x + right] = from->pixels[y][x];
    return to;
}

static int below(uint32_t word, uint32_t m)
{
    return (int)((uint64_t)word * m >> 32);
}

// What sample `position` of the index becomes. image: (CHANNELS, HEIGHT, WIDTH).
static void expect_sample(const struct tuff_gather_augmented_images_params *p, uint32_t position,
                          const uint8_t *image, float expected[SAMPLE])
{
    uint32_t words[8];
    tuff_random_block(seed, TUFF_RANDOM_AUGMENT, STEP, position, words);
    tuff_random_block(seed, TUFF_RANDOM_AUGMENT, STEP, position | UINT64_C(1) << 32, words + 4);
    for (int c = 0; c < CHANNELS; c++) {
        struct picture picture = {.height = HEIGHT, .width = WIDTH};
        for (int y = 0; y < HEIGHT; y++)
            memcpy(picture.pixels[y], image + c * PLANE + y * WIDTH, WIDTH);
        if ((words[0] >> 8) < p->flip)
            picture = flipped(&picture);
        picture = padded(&picture, (int)p->crop_y, (int)p->crop_x, p->crop_mode);
        picture = cropped(&picture, below(words[1], 2 * p->crop_y + 1), below(words[2], 2 * p->crop_x + 1));
        picture = moved(&picture, below(words[4], 2 * p->translate_y + 1) - (int)p->translate_y,
                        below(words[5], 2 * p->translate_x + 1) - (int)p->translate_x);
        for (int i = 0; i < PLANE; i++)
            expected[c * PLANE + i] = (float)picture.pixels[i / WIDTH][i % WIDTH] * scale[c] + shift[c];
        const int top = below(words[6], HEIGHT) - (int)p->cutout / 2;
        const int left = below(words[7], WIDTH) - (int)p->cutout / 2;
        for (int y = top; y < top + (int)p->cutout; y++)
            for (int x = left; x < left + (int)p->cutout; x++)
                if (y >= 0 && y < HEIGHT && x >= 0 && x < WIDTH)
                    expected[c * PLANE + y * WIDTH + x] = 0;
    }
}

// A call of `op`, gather_images or this one, for a batch of n of which `valid` are there.
static void begin(struct case_setup *call, enum tuff_op op, const void *params, uint32_t n, uint32_t valid)
{
    const struct tuff_step_state state = {.cursor = 1, .row = {.step = STEP, .begin = BEGIN, .valid = valid}};
    oracle_begin(call, op, params);
    oracle_shape(call, 0, (const uint32_t[4]){n, CHANNELS, HEIGHT, WIDTH});
    oracle_shape(call, 1, (const uint32_t[4]){SET, CHANNELS, HEIGHT, WIDTH});
    oracle_shape(call, 2, (const uint32_t[4]){BEGIN + n});
    oracle_shape(call, 3, (const uint32_t[4]){TUFF_STEP_STATE_WORDS});
    oracle_allocate(call);
    draw_bytes(5, DRAW_DATA, call->tensors[1].values, SET * SAMPLE);
    draw_below(5, DRAW_DATA + 1, SET, case_words(call, 2), BEGIN + n);
    oracle_set(call, 3, &state);
}

static struct tuff_gather_augmented_images_params plain(void)
{
    struct tuff_gather_augmented_images_params p = {
        .size = sizeof p, .seed_low = (uint32_t)seed, .seed_high = (uint32_t)(seed >> 32)};
    memcpy(p.scale, scale, sizeof scale);
    memcpy(p.shift, shift, sizeof shift);
    return p;
}

static void expect_pictures(const struct tuff_gather_augmented_images_params *params)
{
    enum { N = 40, VALID = 37 };
    struct case_setup call;
    void *outputs[TUFF_OP_MAX_TENSORS];
    begin(&call, TUFF_OP_GATHER_AUGMENTED_IMAGES, params, N, VALID);
    oracle_run(&call, outputs);
    const float *x = outputs[0];
    const uint8_t *images = call.tensors[1].values;
    for (uint32_t n = 0; n < N; n++) {
        float expected[SAMPLE] = {0};
        if (n < VALID)
            expect_sample(params, BEGIN + n, images + case_words(&call, 2)[BEGIN + n] * SAMPLE, expected);
        for (uint32_t i = 0; i < SAMPLE; i++)
            cr_assert(x[n * SAMPLE + i] == expected[i], "x[%u,%u,%u,%u] is %g, expected %g", n, i / PLANE,
                      i / WIDTH % HEIGHT, i % WIDTH, (double)x[n * SAMPLE + i], (double)expected[i]);
    }
    oracle_free(outputs);
    case_setup_clear(&call);
}

Test(oracle_augment, flip)
{
    struct tuff_gather_augmented_images_params p = plain();
    p.flip = TUFF_FLIP_ALWAYS / 2;
    expect_pictures(&p);
    p.flip = TUFF_FLIP_ALWAYS;
    expect_pictures(&p);
}

Test(oracle_augment, crop)
{
    struct tuff_gather_augmented_images_params p = plain();
    for (p.crop_mode = TUFF_PADDING_ZEROS; p.crop_mode <= TUFF_PADDING_REPLICATE; p.crop_mode++) {
        p.crop_y = 3, p.crop_x = 2;
        expect_pictures(&p);
        p.crop_y = HEIGHT - 1, p.crop_x = WIDTH - 1;
        expect_pictures(&p);
        p.crop_y = 0, p.crop_x = 1;
        expect_pictures(&p);
    }
}

Test(oracle_augment, translation)
{
    struct tuff_gather_augmented_images_params p = plain();
    p.translate_y = 2, p.translate_x = 4;
    expect_pictures(&p);
    p.translate_y = HEIGHT - 1, p.translate_x = 0;
    expect_pictures(&p);
}

Test(oracle_augment, cutout)
{
    struct tuff_gather_augmented_images_params p = plain();
    for (p.cutout = 1; p.cutout <= HEIGHT; p.cutout++)
        expect_pictures(&p);
}

Test(oracle_augment, all_at_once)
{
    struct tuff_gather_augmented_images_params p = plain();
    p.flip = TUFF_FLIP_ALWAYS / 3, p.crop_y = 2, p.crop_x = 3, p.translate_y = 1, p.translate_x = 2,
    p.cutout = 4;
    for (p.crop_mode = TUFF_PADDING_ZEROS; p.crop_mode <= TUFF_PADDING_REPLICATE; p.crop_mode++)
        expect_pictures(&p);
}

// A picture of three pixels, by hand: what mirrored, repeated and black padding look like.
Test(oracle_augment, crop_by_hand)
{
    static const uint8_t image[3] = {10, 20, 30};
    // By how far the window lies to the left: 2, 1, 0, -1, -2.
    static const float expected[3][5][3] = {
        {{0, 0, 10}, {0, 10, 20}, {10, 20, 30}, {20, 30, 0}, {30, 0, 0}},
        {{30, 20, 10}, {20, 10, 20}, {10, 20, 30}, {20, 30, 20}, {30, 20, 10}},
        {{10, 10, 10}, {10, 10, 20}, {10, 20, 30}, {20, 30, 30}, {30, 30, 30}},
    };
    enum { N = 64 };
    struct tuff_gather_augmented_images_params p = {.size = sizeof p,
                                                    .scale = {1},
                                                    .seed_low = (uint32_t)seed,
                                                    .seed_high = (uint32_t)(seed >> 32),
                                                    .crop_x = 2};
    for (; p.crop_mode <= TUFF_PADDING_REPLICATE; p.crop_mode++) {
        const struct tuff_step_state state = {.cursor = 1, .row = {.step = STEP, .valid = N}};
        struct case_setup call;
        void *outputs[TUFF_OP_MAX_TENSORS];
        int seen[5] = {0};
        oracle_begin(&call, TUFF_OP_GATHER_AUGMENTED_IMAGES, &p);
        oracle_shape(&call, 0, (const uint32_t[4]){N, 1, 1, 3});
        oracle_shape(&call, 1, (const uint32_t[4]){1, 1, 1, 3});
        oracle_shape(&call, 2, (const uint32_t[4]){N});
        oracle_shape(&call, 3, (const uint32_t[4]){TUFF_STEP_STATE_WORDS});
        oracle_allocate(&call);
        memcpy(call.tensors[1].values, image, sizeof image);
        oracle_set(&call, 3, &state);
        oracle_run(&call, outputs);
        for (uint32_t n = 0; n < N; n++) {
            uint32_t words[4];
            tuff_random_block(seed, TUFF_RANDOM_AUGMENT, STEP, n, words);
            const int which = below(words[2], 5);
            seen[which]++;
            cr_assert_arr_eq((const float *)outputs[0] + n * 3, expected[p.crop_mode][which],
                             sizeof expected[0][0], "mode %u, window %d", p.crop_mode, which - 2);
        }
        for (int which = 0; which < 5; which++) // a fifth each; 64 draws miss one with probability 6e-7
            cr_assert(seen[which] > 0);
        oracle_free(outputs);
        case_setup_clear(&call);
    }
}

// Runs that differ in their seed or step see other pictures, and so does a sample at another position.
Test(oracle_augment, seed_step_and_position_matter)
{
    enum { N = 40 };
    struct tuff_gather_augmented_images_params p = plain();
    p.flip = TUFF_FLIP_ALWAYS / 2, p.crop_y = 3, p.crop_x = 3, p.cutout = 2;
    void *outputs[4][TUFF_OP_MAX_TENSORS];
    struct case_setup call;
    for (int i = 0; i < 4; i++) {
        p.seed_high = (uint32_t)(seed >> 32) + (i == 1);
        begin(&call, TUFF_OP_GATHER_AUGMENTED_IMAGES, &p, N, N);
        memset(call.tensors[2].values, 0, (BEGIN + N) * sizeof(uint32_t)); // the same picture again and again
        struct tuff_step_state state = {.cursor = 1, .row = {.step = STEP, .begin = BEGIN, .valid = N}};
        state.row.step += i == 2;
        state.row.begin -= i == 3;
        oracle_set(&call, 3, &state);
        oracle_run(&call, outputs[i]);
        case_setup_clear(&call);
    }
    for (int i = 1; i < 3; i++)
        cr_assert_neq(memcmp(outputs[0][0], outputs[i][0], N * SAMPLE * sizeof(float)), 0, "run %d", i);
    // What was sample n is sample n + 1 where the batch begins one earlier.
    cr_assert_arr_eq((const float *)outputs[3][0] + SAMPLE, outputs[0][0], (N - 1) * SAMPLE * sizeof(float));
    const float *x = outputs[0][0];
    cr_assert_neq(memcmp(x, x + SAMPLE, SAMPLE * sizeof(float)), 0);
    for (int i = 0; i < 4; i++)
        oracle_free(outputs[i]);
}
