// Fixed-point arithmetic throughout, so that every compiler, optimization level and processor draws the same
// bytes. Two scales are used: lengths relative to the digit's box in units of 2^-16, and pixels in units of
// 2^-8. Shifting a negative number right is taken to round down, as gcc and clang define it.
#include "tuff/digits.h"

#include "digit_strokes.h"
#include "tuff/random.h"

enum {
    ONE = 1 << 16, // the box's side
    PIXEL = 1 << 8,
    SIZE = TUFF_DIGITS_SIZE,
    CELLS = 3,         // of the elastic grid, along each side
    NODES = CELLS + 3, // a cubic B-spline reaches one node beyond its cell, and two after
    MAX_STEPS = 64,    // per piece of a stroke
    MAX_POINTS = TUFF_STYLE_MAX_POINTS * MAX_STEPS,
    MARGIN = 3 * PIXEL / 2, // from a stroke's middle to the image's edge
};

// Random words in order, all of one sample.
struct dice {
    uint64_t seed, index;
    uint32_t block, used;
    uint32_t words[4];
};

static uint32_t roll(struct dice *dice)
{
    if (dice->used == 4) {
        tuff_random_block(dice->seed, TUFF_RANDOM_DIGITS, dice->block++, dice->index, dice->words);
        dice->used = 0;
    }
    return dice->words[dice->used++];
}

// Uniform in low … high.
static int32_t between(struct dice *dice, int32_t low, int32_t high)
{
    uint64_t span = (uint64_t)(high - low) + 1;
    return low + (int32_t)((roll(dice) * span) >> 32);
}

// In -reach … reach, near 0 more often than not: the mean of three uniform numbers.
static int32_t around_zero(struct dice *dice, int32_t reach)
{
    int32_t sum = 0;
    for (int i = 0; i < 3; i++)
        sum += between(dice, -reach, reach);
    return sum / 3;
}

static int32_t multiply(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b) >> 16);
}

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static int32_t clamp(int32_t value, int32_t low, int32_t high)
{
    return larger(low, smaller(value, high));
}

// How one sample is written.
struct hand {
    int32_t jitter;                   // of the skeleton's points
    int32_t elastic[NODES][NODES][2]; // displacements on a grid over the box
    int32_t xx, xy, yx, yy;           // x' = xx*x + xy*y, y' = yx*x + yy*y
    int32_t height;                   // in pixels
    int32_t radius, radius_change;    // of the pen in pixels, and how far pressure changes it
    int32_t softness;                 // pixels over which the ink fades
    int32_t ink;                      // darkest level, up to 255
    int32_t noise;                    // levels, up or down
};

static void pick_hand(struct dice *dice, struct hand *hand)
{
    hand->jitter = between(dice, ONE / 40, ONE / 14);
    int32_t stretch = between(dice, ONE / 10, ONE / 3);
    for (int row = 0; row < NODES; row++)
        for (int column = 0; column < NODES; column++)
            for (int axis = 0; axis < 2; axis++)
                hand->elastic[row][column][axis] = between(dice, -stretch, stretch);

    // Rotation by the tangent t of half the angle: cos = (1-t^2)/(1+t^2), sin = 2t/(1+t^2).
    int32_t t = around_zero(dice, ONE / 6);
    int32_t square = multiply(t, t);
    int32_t cosine = (int32_t)(((int64_t)(ONE - square) * ONE) / (ONE + square));
    int32_t sine = (int32_t)(((int64_t)(2 * t) * ONE) / (ONE + square));
    int32_t width = between(dice, ONE / 2, ONE * 9 / 8);
    int32_t slant = ONE / 12 + around_zero(dice, ONE * 4 / 9); // most hands lean to the right
    hand->xx = multiply(cosine, width);
    hand->xy = -multiply(cosine, slant) - sine;
    hand->yx = multiply(sine, width);
    hand->yy = -multiply(sine, slant) + cosine;

    hand->height = between(dice, 15 * PIXEL, 20 * PIXEL);
    hand->radius = between(dice, PIXEL * 7 / 10, PIXEL * 17 / 10);
    hand->radius_change = hand->radius / 4;
    hand->softness = between(dice, PIXEL * 5 / 10, PIXEL * 8 / 10);
    hand->ink = between(dice, 192, 255);
    hand->noise = larger(0, between(dice, -24, 24)); // half of the samples are clean
}

struct position {
    int32_t x, y;
};

struct trail { // where the pen went
    uint32_t count;
    struct {
        int32_t x, y, radius;
    } points[MAX_POINTS];
};

// Weights of a uniform cubic B-spline at t in 0 … ONE of a cell; they sum to about ONE.
static void spline_weights(int32_t t, int32_t weights[4])
{
    int32_t rest = ONE - t, square = multiply(t, t), cube = multiply(square, t);
    weights[0] = multiply(multiply(rest, rest), rest) / 6;
    weights[1] = (3 * cube - 6 * square + 4 * ONE) / 6;
    weights[2] = (-3 * cube + 3 * square + 3 * t + ONE) / 6;
    weights[3] = cube / 6;
}

// The elastic displacement of a point, then the affine map.
static struct position distort(const struct hand *hand, struct position p)
{
    // The grid covers -5/8 … 5/8 of the box's side around its middle; what lies beyond moves with its edge.
    int32_t x = clamp((p.x + ONE * 5 / 8) * 4 / 5, 0, ONE - 1) * CELLS;
    int32_t y = clamp((p.y + ONE * 5 / 8) * 4 / 5, 0, ONE - 1) * CELLS;
    int32_t column = x >> 16, row = y >> 16;
    int32_t across[4], down[4];
    spline_weights(x & (ONE - 1), across);
    spline_weights(y & (ONE - 1), down);
    int64_t dx = 0, dy = 0;
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) {
            int64_t weight = (int64_t)down[i] * across[j];
            dx += weight * hand->elastic[row + i][column + j][0] >> 16;
            dy += weight * hand->elastic[row + i][column + j][1] >> 16;
        }
    p.x += (int32_t)(dx >> 16);
    p.y += (int32_t)(dy >> 16);
    return (struct position){multiply(hand->xx, p.x) + multiply(hand->xy, p.y),
                             multiply(hand->yx, p.x) + multiply(hand->yy, p.y)};
}

// Catmull-Rom between b and c at t in 0 … ONE; a and d are the neighbours.
static int32_t curve(int32_t a, int32_t b, int32_t c, int32_t d, int32_t t)
{
    int32_t value = -a + 3 * b - 3 * c + d;
    value = multiply(value, t) + 2 * a - 5 * b + 4 * c - d;
    value = multiply(value, t) - a + c;
    return b + multiply(value, t) / 2;
}

// The neighbour that a piece from `end` to `other` has where nothing goes on smoothly: the piece leaves
// straight.
static struct position mirrored(struct position end, struct position other)
{
    return (struct position){2 * end.x - other.x, 2 * end.y - other.y};
}

// Walks the skeleton's strokes, curved, jittered and distorted.
static void write_strokes(struct dice *dice, const struct hand *hand, const struct tuff_digit_style *style,
                          struct trail *trail)
{
    struct position at[TUFF_STYLE_MAX_POINTS];
    int32_t radius[TUFF_STYLE_MAX_POINTS];
    for (uint32_t i = 0; i < style->count; i++) {
        at[i].x = (style->points[i].x - 50) * ONE / 100 + around_zero(dice, hand->jitter);
        at[i].y = (style->points[i].y - 50) * ONE / 100 + around_zero(dice, hand->jitter);
        radius[i] = hand->radius + between(dice, -hand->radius_change, hand->radius_change);
    }
    trail->count = 0;
    for (uint32_t i = 0; i + 1 < style->count; i++) {
        if (style->points[i].pen == TUFF_PEN_LIFT)
            continue;
        int begins =
            i == 0 || style->points[i].pen == TUFF_PEN_CORNER || style->points[i - 1].pen == TUFF_PEN_LIFT;
        int ends = style->points[i + 1].pen != TUFF_PEN_CURVE;
        struct position before = begins ? mirrored(at[i], at[i + 1]) : at[i - 1];
        struct position after = ends ? mirrored(at[i + 1], at[i]) : at[i + 2];
        int32_t dx = at[i + 1].x - at[i].x, dy = at[i + 1].y - at[i].y;
        int32_t longest = larger(larger(dx, -dx), larger(dy, -dy));
        int32_t steps = smaller(3 + longest / (ONE / 60), MAX_STEPS); // about a third of a pixel each
        for (int32_t step = 0; step < steps; step++) {
            int32_t t = step * ONE / (steps - 1);
            struct position p = {curve(before.x, at[i].x, at[i + 1].x, after.x, t),
                                 curve(before.y, at[i].y, at[i + 1].y, after.y, t)};
            p = distort(hand, p);
            trail->points[trail->count].x = p.x;
            trail->points[trail->count].y = p.y;
            trail->points[trail->count].radius = radius[i] + multiply(radius[i + 1] - radius[i], t);
            trail->count++;
        }
    }
}

// Scales the trail to the hand's height, or less where it is too wide, and moves it to a place in the image.
static void place(struct dice *dice, const struct hand *hand, struct trail *trail)
{
    int32_t left = INT32_MAX, right = INT32_MIN, top = INT32_MAX, bottom = INT32_MIN;
    for (uint32_t i = 0; i < trail->count; i++) {
        left = smaller(left, trail->points[i].x);
        right = larger(right, trail->points[i].x);
        top = smaller(top, trail->points[i].y);
        bottom = larger(bottom, trail->points[i].y);
    }
    int32_t width = right - left, height = bottom - top;
    int32_t longest = larger(larger(width, height), 1);
    int32_t scale = (int32_t)(((int64_t)hand->height * ONE) / longest);
    int32_t room_x = SIZE * PIXEL / 2 - MARGIN - multiply(width, scale) / 2;
    int32_t room_y = SIZE * PIXEL / 2 - MARGIN - multiply(height, scale) / 2;
    int32_t reach = 3 * PIXEL;
    int32_t x = SIZE * PIXEL / 2 + clamp(around_zero(dice, reach), -room_x, room_x);
    int32_t y = SIZE * PIXEL / 2 + clamp(around_zero(dice, reach), -room_y, room_y);
    for (uint32_t i = 0; i < trail->count; i++) {
        trail->points[i].x = x + multiply(trail->points[i].x - left - width / 2, scale);
        trail->points[i].y = y + multiply(trail->points[i].y - top - height / 2, scale);
    }
}

// depth[y][x]: the greatest r^2 - d^2 over the trail's discs, d from the pixel's middle to the disc's. Above
// 0 in a disc, 0 on its rim, and about 2r times the distance from the rim near it: no square root needed.
static void press(const struct hand *hand, const struct trail *trail, int32_t depth[SIZE][SIZE])
{
    for (int y = 0; y < SIZE; y++)
        for (int x = 0; x < SIZE; x++)
            depth[y][x] = INT32_MIN;
    for (uint32_t i = 0; i < trail->count; i++) {
        int32_t radius = trail->points[i].radius, reach = radius + 2 * hand->softness;
        int32_t px = trail->points[i].x - PIXEL / 2, py = trail->points[i].y - PIXEL / 2;
        int32_t from_x = larger(0, (px - reach) / PIXEL), to_x = smaller(SIZE - 1, (px + reach) / PIXEL + 1);
        int32_t from_y = larger(0, (py - reach) / PIXEL), to_y = smaller(SIZE - 1, (py + reach) / PIXEL + 1);
        for (int32_t y = from_y; y <= to_y; y++) {
            int32_t dy = y * PIXEL - py, rest = radius * radius - dy * dy;
            for (int32_t x = from_x; x <= to_x; x++) {
                int32_t dx = x * PIXEL - px;
                depth[y][x] = larger(depth[y][x], rest - dx * dx);
            }
        }
    }
}

static void ink(struct dice *dice, const struct hand *hand, int32_t depth[SIZE][SIZE], uint8_t *image)
{
    for (int y = 0; y < SIZE; y++)
        for (int x = 0; x < SIZE; x++) {
            int32_t level = 0;
            if (depth[y][x] != INT32_MIN) {
                int32_t inside = depth[y][x] / (2 * hand->radius); // pixels from the rim, negative outside
                level = clamp(128 + inside * 128 / hand->softness, 0, 255) * hand->ink / 255;
            }
            image[y * SIZE + x] = (uint8_t)level;
        }
    if (hand->noise == 0)
        return;
    for (int i = 0; i < SIZE * SIZE; i += 4) {
        uint32_t word = roll(dice);
        for (int j = 0; j < 4; j++) {
            int32_t byte = (int32_t)(word >> (8 * j) & 255);
            image[i + j] = (uint8_t)clamp(image[i + j] + (byte - 128) * hand->noise / 128, 0, 255);
        }
    }
}

void tuff_digits_draw(uint64_t seed, uint64_t index, uint8_t *image, uint32_t *label)
{
    struct dice dice = {.seed = seed, .index = index, .used = 4};
    uint32_t digit = (uint32_t)between(&dice, 0, TUFF_DIGITS_CLASSES - 1);
    const struct tuff_digit_styles *styles = &tuff_digit_styles[digit];
    int32_t choice = between(&dice, 0, 15);
    uint32_t style = 0;
    for (; style + 1 < styles->count; style++) {
        choice -= (int32_t)styles->styles[style].weight;
        if (choice < 0)
            break;
    }
    struct hand hand;
    struct trail trail;
    int32_t depth[SIZE][SIZE];
    pick_hand(&dice, &hand);
    write_strokes(&dice, &hand, &styles->styles[style], &trail);
    place(&dice, &hand, &trail);
    press(&hand, &trail, depth);
    ink(&dice, &hand, depth, image);
    *label = digit;
}
