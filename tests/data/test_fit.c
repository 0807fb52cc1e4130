// Scaling and cropping, compared with the same written down plainly in double.
#include "data/fit.h"

#include <math.h>

#include "image_files.h"

// The value at a point between the centres of the four nearest pixels.
static double interpolate(const struct tuff_image *image, double x, double y, uint32_t c)
{
    double at[2] = {x - 0.5, y - 0.5};
    uint32_t low[2], high[2], sides[2] = {image->width, image->height};
    double part[2];
    for (int i = 0; i < 2; i++) {
        double clamped = fmin(fmax(at[i], 0), sides[i] - 1);
        low[i] = (uint32_t)floor(clamped);
        high[i] = low[i] + 1 < sides[i] ? low[i] + 1 : low[i];
        part[i] = clamped - low[i];
    }
#define PIXEL(px, py) ((double)image->pixels[((size_t)(py)*image->width + (px)) * image->channels + c])
    double top = (1 - part[0]) * PIXEL(low[0], low[1]) + part[0] * PIXEL(high[0], low[1]);
    double bottom = (1 - part[0]) * PIXEL(low[0], high[1]) + part[0] * PIXEL(high[0], high[1]);
    return (1 - part[1]) * top + part[1] * bottom;
}

// The mean over a rectangle.
static double average(const struct tuff_image *image, double x0, double y0, double size, uint32_t c)
{
    double sum = 0;
    for (uint32_t py = 0; py < image->height; py++)
        for (uint32_t px = 0; px < image->width; px++) {
            double width = fmin(px + 1, x0 + size) - fmax(px, x0),
                   height = fmin(py + 1, y0 + size) - fmax(py, y0);
            if (width > 0 && height > 0)
                sum += width * height * PIXEL(px, py);
        }
    return sum / (size * size);
}

// Pixel (x, y) of the result, before it is rounded.
static double expected(const struct tuff_image *image, uint32_t height, uint32_t width, uint32_t x,
                       uint32_t y, uint32_t c)
{
    double scale =
        fmin((double)image->width / width, (double)image->height / height); // source pixels per pixel
    double cut_x = floor((image->width / scale - width) / 2 + 1e-9);
    double cut_y = floor((image->height / scale - height) / 2 + 1e-9);
    if (scale >= 1)
        return average(image, (cut_x + x) * scale, (cut_y + y) * scale, scale, c);
    return interpolate(image, (cut_x + x + 0.5) * scale, (cut_y + y + 0.5) * scale, c);
}

static struct tuff_image make_image(uint32_t width, uint32_t height, uint32_t channels, unsigned seed)
{
    return (struct tuff_image){.width = width,
                               .height = height,
                               .channels = channels,
                               .pixels = make_pixels((size_t)width * height * channels, seed)};
}

static void compare(struct tuff_fit *fit, uint32_t source_width, uint32_t source_height, uint32_t width,
                    uint32_t height, uint32_t channels)
{
    struct tuff_image image = make_image(source_width, source_height, channels, source_width * 977 + width);
    unsigned char *out = malloc((size_t)channels * height * width);
    cr_assert(tuff_fit_image(fit, &image, channels, height, width, out));
    for (uint32_t c = 0; c < channels; c++)
        for (uint32_t y = 0; y < height; y++)
            for (uint32_t x = 0; x < width; x++) {
                double value = expected(&image, height, width, x, y, c);
                double found = out[((size_t)c * height + y) * width + x];
                // Half a step of rounding, and what double itself is off by.
                cr_assert(fabs(found - value) <= 0.5 + 1e-6,
                          "%u x %u to %u x %u, channel %u, (%u, %u): expected %.6f, found %.0f", source_width,
                          source_height, width, height, c, x, y, value, found);
            }
    free(out);
    tuff_image_free(&image);
}

Test(fit, is_what_double_gives)
{
    static const uint32_t sizes[][2] = {{1, 1},    {1, 7},    {7, 1},   {2, 3},   {5, 5},
                                        {28, 28},  {31, 33},  {32, 32}, {33, 32}, {64, 48},
                                        {100, 37}, {97, 101}, {200, 3}};
    struct tuff_fit fit = {NULL, 0};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t j = 0; j < sizeof sizes / sizeof *sizes; j++)
            compare(&fit, sizes[i][0], sizes[i][1], sizes[j][0], sizes[j][1], (i + j) % 2 == 0 ? 1 : 3);
    tuff_fit_free(&fit);
}

Test(fit, leaves_what_fits_as_it_is)
{
    struct tuff_fit fit = {NULL, 0};
    struct tuff_image image = make_image(5, 4, 3, 1);
    unsigned char out[60], same[60];
    cr_assert(tuff_fit_image(&fit, &image, 3, 0, 0, out));
    cr_assert(tuff_fit_image(&fit, &image, 3, 4, 5, same));
    for (size_t c = 0; c < 3; c++)
        for (size_t i = 0; i < 20; i++)
            cr_assert_eq(out[c * 20 + i], image.pixels[3 * i + c]);
    cr_assert_arr_eq(same, out, sizeof out);
    tuff_image_free(&image);
    tuff_fit_free(&fit);
}

// What is too wide by an odd number of pixels is not blurred by half a pixel: one more goes from the right.
Test(fit, crops_by_whole_pixels)
{
    struct tuff_fit fit = {NULL, 0};
    unsigned char pixels[] = {10, 20, 30, 40, 50, 60, 70, 80}, out[6];
    struct tuff_image wide = {.width = 4, .height = 2, .channels = 1, .pixels = pixels};
    cr_assert(tuff_fit_image(&fit, &wide, 1, 2, 3, out));
    cr_assert_arr_eq(out, ((const unsigned char[]){10, 20, 30, 50, 60, 70}), 6);
    cr_assert(tuff_fit_image(&fit, &wide, 1, 2, 2, out));
    cr_assert_arr_eq(out, ((const unsigned char[]){20, 30, 60, 70}), 4);
    tuff_fit_free(&fit);
}

Test(fit, turns_colours_to_gray_and_back)
{
    struct tuff_fit fit = {NULL, 0};
    unsigned char pixels[] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 10, 20, 30, 0, 0, 0}, out[12];
    struct tuff_image image = {.width = 6, .height = 1, .channels = 3, .pixels = pixels};
    cr_assert(tuff_fit_image(&fit, &image, 1, 1, 6, out));
    cr_assert_arr_eq(out, ((const unsigned char[]){76, 150, 29, 255, 18, 0}),
                     6); // 76.2, 149.7, 29.1, 255, 18.1
    struct tuff_image gray = {.width = 4, .height = 1, .channels = 1, .pixels = pixels + 11};
    cr_assert(tuff_fit_image(&fit, &gray, 3, 1, 4, out));
    cr_assert_arr_eq(out, ((const unsigned char[]){255, 10, 20, 30, 255, 10, 20, 30, 255, 10, 20, 30}), 12);
    tuff_fit_free(&fit);
}

// The greatest sizes: sums stay within their integers. All white stays white.
Test(fit, takes_the_greatest_sizes)
{
    struct tuff_fit fit = {NULL, 0};
    const uint32_t long_side = TUFF_IMAGE_MAX_SIDE, short_side = TUFF_IMAGE_MAX_PIXELS / TUFF_IMAGE_MAX_SIDE;
    struct tuff_image image = {.width = long_side, .height = short_side, .channels = 1};
    cr_assert(tuff_image_reserve(&image, (size_t)long_side * short_side));
    memset(image.pixels, 255, (size_t)long_side * short_side);
    unsigned char out[4], *wide = malloc((size_t)long_side * 2);
    cr_assert(tuff_fit_image(&fit, &image, 1, 1, 1, out));
    cr_assert_eq(out[0], 255);
    cr_assert(tuff_fit_image(&fit, &image, 1, 2, long_side, wide));
    for (size_t i = 0; i < (size_t)long_side * 2; i++)
        cr_assert_eq(wide[i], 255);
    image.width = 2, image.height = 2;
    cr_assert(tuff_fit_image(&fit, &image, 1, 1, long_side, wide)); // grows by more than 32,000
    for (size_t i = 0; i < long_side; i++)
        cr_assert_eq(wide[i], 255);
    free(wide);
    tuff_image_free(&image);
    tuff_fit_free(&fit);
}
