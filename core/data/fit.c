// All weights are whole numbers: areas in units of 1/D of a pixel for a scale of N/D, and distances in units
// of 1/2D. So sums are exact, and the result is the same on every machine.
#include "fit.h"

#include <stdlib.h>
#include <string.h>

// One direction of the scaling. Pixel i of the result is the sum over k < counts[i] of weights[starts[i] + k]
// times pixel firsts[i] + k, divided by the sum of the weights, which is the same for all i.
struct axis {
    uint32_t length;
    uint32_t *firsts, *counts, *starts, *weights;
};

struct scale {
    uint64_t n, d; // source pixels per pixel of the result: n/d
    uint64_t sum;  // of the weights of one pixel in one direction
};

void tuff_fit_free(struct tuff_fit *fit)
{
    free(fit->memory);
    memset(fit, 0, sizeof *fit);
}

// The most entries that an axis takes.
static size_t axis_words(uint32_t source, uint32_t target)
{
    return 3 * (size_t)target + (size_t)source + 2 * (size_t)target + 2;
}

static uint64_t greatest_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t greatest(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

// The areas that pixel `at` of the result shares with the source's pixels. In units of 1/d it covers at * n
// to (at + 1) * n, and source pixel p covers p * d to (p + 1) * d.
static uint32_t cover(const struct scale *scale, uint64_t at, uint32_t *first, uint32_t *weights)
{
    uint64_t begin = at * scale->n, end = begin + scale->n;
    uint32_t count = 0;
    *first = (uint32_t)(begin / scale->d);
    for (uint64_t p = *first; p * scale->d < end; p++)
        weights[count++] = (uint32_t)(least((p + 1) * scale->d, end) - greatest(p * scale->d, begin));
    return count;
}

// The two pixels between whose centres that of pixel `at` lies. In units of 1/2d its centre is at (2 at + 1)
// n, and the centre of source pixel p at (2 p + 1) d.
static uint32_t interpolate(const struct scale *scale, uint64_t at, uint32_t source, uint32_t *first,
                            uint32_t *weights)
{
    uint64_t centre = (2 * at + 1) * scale->n, step = 2 * scale->d;
    if (centre < scale->d) { // before the first centre
        *first = 0;
        weights[0] = (uint32_t)step;
        return 1;
    }
    uint64_t p = (centre - scale->d) / step, beyond = (centre - scale->d) % step;
    *first = (uint32_t)p;
    if (p + 1 >= source || beyond == 0) {
        weights[0] = (uint32_t)step;
        return 1;
    }
    weights[0] = (uint32_t)(step - beyond);
    weights[1] = (uint32_t)beyond;
    return 2;
}

static uint32_t *make_axis(struct axis *axis, const struct scale *scale, uint32_t source, uint32_t target,
                           uint32_t *memory)
{
    // Whole pixels of the result that are cut off before the first: half of what is too much.
    uint64_t cut = ((uint64_t)source * scale->d - target * scale->n) / (2 * scale->n);
    *axis = (struct axis){target, memory, memory + target, memory + 2 * (size_t)target,
                          memory + 3 * (size_t)target};
    uint32_t used = 0;
    for (uint32_t i = 0; i < target; i++) {
        axis->starts[i] = used;
        axis->counts[i] = scale->n >= scale->d
                              ? cover(scale, cut + i, &axis->firsts[i], axis->weights + used)
                              : interpolate(scale, cut + i, source, &axis->firsts[i], axis->weights + used);
        used += axis->counts[i];
    }
    return axis->weights + used;
}

// sums: (target width,channels) of one row of the source. At most 2^17 * 255.
static void sum_row(const struct axis *x, const uint8_t *row, uint32_t channels, uint32_t *sums)
{
    for (uint32_t i = 0; i < x->length; i++) {
        const uint8_t *pixel = row + (size_t)x->firsts[i] * channels;
        const uint32_t *weights = x->weights + x->starts[i];
        uint32_t red = 0, green = 0, blue = 0;
        if (channels == 1) {
            for (uint32_t k = 0; k < x->counts[i]; k++)
                red += weights[k] * pixel[k];
            sums[i] = red;
            continue;
        }
        for (uint32_t k = 0; k < x->counts[i]; k++, pixel += 3) {
            red += weights[k] * pixel[0];
            green += weights[k] * pixel[1];
            blue += weights[k] * pixel[2];
        }
        sums[3 * (size_t)i] = red;
        sums[3 * (size_t)i + 1] = green;
        sums[3 * (size_t)i + 2] = blue;
    }
}

// Turns a row of `from` channels, interleaved, into rows of `to` planes of `plane` pixels each.
static void store_row(const uint8_t *row, uint32_t width, uint32_t from, uint32_t to, size_t plane,
                      uint8_t *out)
{
    for (uint32_t x = 0; x < width; x++, row += from) {
        if (to == 1)
            out[x] =
                from == 1 ? row[0] : (uint8_t)((299 * row[0] + 587 * row[1] + 114 * row[2] + 500) / 1000);
        else
            for (uint32_t c = 0; c < 3; c++)
                out[c * plane + x] = row[from == 1 ? 0 : c];
    }
}

static void scale_rows(const struct tuff_image *image, const struct axis *x, const struct axis *y,
                       const struct scale *scale, uint32_t *memory, uint32_t channels, uint8_t *out)
{
    const size_t words = (size_t)x->length * image->channels, plane = (size_t)x->length * y->length;
    // Two rows of sums, of an even and of an odd row of the source: neighbours share one at most.
    uint32_t *sums[2] = {memory, memory + words};
    uint64_t held[2] = {UINT64_MAX, UINT64_MAX};
    uint64_t *totals = (uint64_t *)(memory + 2 * words);
    uint8_t *row = (uint8_t *)(totals + words);
    const uint64_t divisor = scale->sum * scale->sum;
    for (uint32_t i = 0; i < y->length; i++) {
        memset(totals, 0, words * sizeof *totals);
        for (uint32_t k = 0; k < y->counts[i]; k++) {
            uint64_t p = (uint64_t)y->firsts[i] + k, weight = y->weights[y->starts[i] + k];
            uint32_t *sum = sums[p % 2];
            if (held[p % 2] != p)
                sum_row(x, image->pixels + p * image->width * image->channels, image->channels, sum);
            held[p % 2] = p;
            for (size_t j = 0; j < words; j++)
                totals[j] += weight * sum[j];
        }
        for (size_t j = 0; j < words; j++)
            row[j] = (uint8_t)((totals[j] + divisor / 2) / divisor);
        store_row(row, x->length, image->channels, channels, plane, out + (size_t)i * x->length);
    }
}

bool tuff_fit_image(struct tuff_fit *fit, const struct tuff_image *image, uint32_t channels, uint32_t height,
                    uint32_t width, uint8_t *out)
{
    if ((height == 0 && width == 0) || (height == image->height && width == image->width)) {
        const size_t plane = (size_t)image->height * image->width,
                     row = (size_t)image->width * image->channels;
        for (uint32_t i = 0; i < image->height; i++)
            store_row(image->pixels + i * row, image->width, image->channels, channels, plane,
                      out + (size_t)i * image->width);
        return true;
    }
    // The direction in which less is left over is the one that fits exactly.
    bool by_height = (uint64_t)image->width * height >= (uint64_t)image->height * width;
    struct scale scale = {.n = by_height ? image->height : image->width, .d = by_height ? height : width};
    uint64_t divisor = greatest_divisor(scale.n, scale.d);
    scale.n /= divisor;
    scale.d /= divisor;
    scale.sum = scale.n >= scale.d ? scale.n : 2 * scale.d;

    size_t axes = axis_words(image->width, width) + axis_words(image->height, height),
           words = (size_t)width * 3;
    axes += axes % 2; // what follows are 64 bits wide
    size_t bytes = (axes + 2 * words) * sizeof(uint32_t) + words * sizeof(uint64_t) + words;
    if (bytes > fit->capacity) {
        free(fit->memory);
        fit->memory = malloc(bytes);
        fit->capacity = fit->memory == NULL ? 0 : bytes;
        if (fit->memory == NULL)
            return false;
    }
    struct axis x, y;
    uint32_t *next = make_axis(&x, &scale, image->width, width, fit->memory);
    make_axis(&y, &scale, image->height, height, next);
    scale_rows(image, &x, &y, &scale, fit->memory + axes, channels, out);
    return true;
}
