// PNG and JPEG: every kind that is read, and what is not.
#include "data/image.h"

#include <setjmp.h>
#include <zlib.h>

#include "image_files.h"

static enum tuff_status last_status;
static char why[TUFF_IMAGE_WHY_BYTES];

// Decodes, frees the file, and expects success.
static void decode(struct file_bytes file, struct tuff_image *image, uint32_t width, uint32_t height,
                   uint32_t channels)
{
    why[0] = '\0';
    last_status = tuff_image_decode(file.bytes, file.count, image, why);
    cr_assert_eq(last_status, TUFF_OK, "%s", why);
    cr_assert_eq(image->width, width);
    cr_assert_eq(image->height, height);
    cr_assert_eq(image->channels, channels);
    free(file.bytes);
}

static void expect_failure(const unsigned char *bytes, size_t count, enum tuff_status expected,
                           const char *words)
{
    struct tuff_image image = {.pixels = NULL};
    why[0] = '\0';
    last_status = tuff_image_decode(bytes, count, &image, why);
    cr_assert_eq(last_status, expected, "expected '%s' (%s), found '%s': %s", tuff_status_name(expected),
                 words, tuff_status_name(last_status), why);
    cr_assert_not_null(strstr(why, words), "expected '%s' in: %s", words, why);
    tuff_image_free(&image);
}

static void expect_pixels(const struct tuff_image *image, const unsigned char *expected, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(image->pixels[i], expected[i], "byte %zu: expected %d, found %d", i, expected[i],
                     image->pixels[i]);
}

// -- PNG

Test(image, reads_png_of_8_bits)
{
    struct tuff_image image = {.pixels = NULL};
    for (uint32_t channels = 1; channels <= 3; channels += 2)
        for (int interlaced = 0; interlaced < 2; interlaced++) {
            unsigned char *pixels = make_pixels(13 * 9 * channels, 7);
            const struct png_settings settings = {.width = 13,
                                                  .height = 9,
                                                  .colour = channels == 1 ? PNG_COLOR_TYPE_GRAY
                                                                          : PNG_COLOR_TYPE_RGB,
                                                  .depth = 8,
                                                  .interlaced = interlaced != 0,
                                                  .rows = pixels,
                                                  .row_bytes = 13 * channels};
            decode(make_png(&settings), &image, 13, 9, channels);
            expect_pixels(&image, pixels, 13 * 9 * channels);
            free(pixels);
        }
    tuff_image_free(&image);
}

Test(image, reads_png_of_16_bits_to_the_nearest_of_8)
{
    struct tuff_image image = {.pixels = NULL};
    // 0, 128 (of 257: 0.498), 129, 257, 0xff7f (254.5 and less), 0xff80, 0xffff
    const unsigned char rows[] = {0, 0, 0, 128, 0, 129, 1, 1, 0xfe, 0x7d, 0xfe, 0x7f, 0xff, 0xff};
    const struct png_settings settings = {
        .width = 7, .height = 1, .colour = PNG_COLOR_TYPE_GRAY, .depth = 16, .rows = rows, .row_bytes = 14};
    decode(make_png(&settings), &image, 7, 1, 1);
    for (int i = 0; i < 7; i++) {
        unsigned value = rows[2 * i] * 256u + rows[2 * i + 1];
        cr_assert_eq(image.pixels[i], (value + 128) / 257, "0x%04x: found %d", value, image.pixels[i]);
    }
    tuff_image_free(&image);
}

Test(image, reads_png_of_few_bits)
{
    struct tuff_image image = {.pixels = NULL};
    const unsigned char bits[] = {0xa5}, pairs[] = {0x1b}, fours[] = {0x0f, 0x80};
    struct png_settings settings = {
        .width = 8, .height = 1, .colour = PNG_COLOR_TYPE_GRAY, .depth = 1, .rows = bits, .row_bytes = 1};
    decode(make_png(&settings), &image, 8, 1, 1);
    expect_pixels(&image, (const unsigned char[]){255, 0, 255, 0, 0, 255, 0, 255}, 8);
    settings.width = 4, settings.depth = 2, settings.rows = pairs;
    decode(make_png(&settings), &image, 4, 1, 1);
    expect_pixels(&image, (const unsigned char[]){0, 85, 170, 255}, 4);
    settings.width = 3, settings.depth = 4, settings.rows = fours;
    decode(make_png(&settings), &image, 3, 1, 1);
    expect_pixels(&image, (const unsigned char[]){0, 255, 136}, 3);
    tuff_image_free(&image);
}

Test(image, reads_png_with_a_palette)
{
    struct tuff_image image = {.pixels = NULL};
    static const png_color palette[4] = {{1, 2, 3}, {10, 20, 30}, {100, 0, 200}, {255, 255, 255}};
    static const png_byte alphas[4] = {255, 128, 0, 255};
    const unsigned char pairs[] = {0x1b};
    struct png_settings settings = {.width = 4,
                                    .height = 1,
                                    .colour = PNG_COLOR_TYPE_PALETTE,
                                    .depth = 2,
                                    .rows = pairs,
                                    .row_bytes = 1,
                                    .palette = palette};
    decode(make_png(&settings), &image, 4, 1, 3);
    expect_pixels(&image, (const unsigned char[]){1, 2, 3, 10, 20, 30, 100, 0, 200, 255, 255, 255}, 12);
    settings.alphas = alphas;
    decode(make_png(&settings), &image, 4, 1, 3);
    expect_pixels(&image, (const unsigned char[]){1, 2, 3, 5, 10, 15, 0, 0, 0, 255, 255, 255}, 12);
    tuff_image_free(&image);
}

// On black: the colour times the alpha, rounded to the nearest.
Test(image, puts_what_is_transparent_on_black)
{
    struct tuff_image image = {.pixels = NULL};
    const unsigned char grays[] = {200, 255, 200, 128, 200, 0, 255, 1},
                        rgba[] = {10, 100, 255, 128, 1, 2, 3, 0};
    struct png_settings settings = {.width = 4,
                                    .height = 1,
                                    .colour = PNG_COLOR_TYPE_GRAY_ALPHA,
                                    .depth = 8,
                                    .rows = grays,
                                    .row_bytes = 8};
    decode(make_png(&settings), &image, 4, 1, 1);
    expect_pixels(&image, (const unsigned char[]){200, 100, 0, 1}, 4);
    settings.width = 2, settings.colour = PNG_COLOR_TYPE_RGB_ALPHA, settings.rows = rgba;
    decode(make_png(&settings), &image, 2, 1, 3);
    expect_pixels(&image, (const unsigned char[]){5, 50, 128, 0, 0, 0}, 6);
    static const png_color_16 hidden = {.gray = 200};
    settings.width = 4, settings.colour = PNG_COLOR_TYPE_GRAY, settings.hidden = &hidden;
    settings.rows = (const unsigned char[]){199, 200, 201, 0}, settings.row_bytes = 4;
    decode(make_png(&settings), &image, 4, 1, 1);
    expect_pixels(&image, (const unsigned char[]){199, 0, 201, 0}, 4);
    tuff_image_free(&image);
}

// Every beginning of the file is refused, and every file with a byte that is another, or decodes to an image
// of the same size: nothing else happens, as the sanitizers would tell.
static void damage(struct file_bytes file, uint32_t width, uint32_t height, bool checked)
{
    struct tuff_image image = {.pixels = NULL};
    for (size_t count = 0; count < file.count - 4; count++) {
        unsigned char *cut = malloc(count + 1); // of its own, so that a read beyond its end is noticed
        memcpy(cut, file.bytes, count);
        cr_assert_neq(tuff_image_decode(cut, count, &image, why), TUFF_OK, "cut to %zu of %zu bytes", count,
                      file.count);
        free(cut);
    }
    size_t unseen = 0;
    for (size_t i = 0; i < file.count; i++)
        for (int bit = 0; bit < 8; bit++) {
            file.bytes[i] = (unsigned char)(file.bytes[i] ^ 1 << bit);
            enum tuff_status status = tuff_image_decode(file.bytes, file.count, &image, why);
            cr_assert(status == TUFF_OK || status == TUFF_ERROR_FORMAT || status == TUFF_ERROR_UNSUPPORTED);
            if (status == TUFF_OK && checked)
                cr_assert(image.width == width && image.height == height);
            unseen += status == TUFF_OK;
            file.bytes[i] = (unsigned char)(file.bytes[i] ^ 1 << bit);
        }
    cr_assert(unseen < 8 * file.count);
    tuff_image_free(&image);
    free(file.bytes);
}

Test(image, stands_damaged_png)
{
    unsigned char *pixels = make_pixels(8 * 7 * 3, 3);
    damage(make_simple_png(8, 7, 3, pixels), 8, 7, true);
    const struct png_settings settings = {.width = 8,
                                          .height = 7,
                                          .colour = PNG_COLOR_TYPE_RGB,
                                          .depth = 8,
                                          .interlaced = true,
                                          .rows = pixels,
                                          .row_bytes = 24};
    damage(make_png(&settings), 8, 7, true);
    free(pixels);
}

// A header of the size, with its checksum right, and a few bytes of compressed zeros behind.
static struct file_bytes make_bomb(uint32_t width, uint32_t height)
{
    unsigned char pixels[3] = {0};
    struct file_bytes file = make_simple_png(1, 1, 3, pixels);
    for (int i = 0; i < 4; i++) {
        file.bytes[16 + i] = (unsigned char)(width >> (24 - 8 * i));
        file.bytes[20 + i] = (unsigned char)(height >> (24 - 8 * i));
    }
    uLong sum = crc32(0, file.bytes + 12, 17);
    for (int i = 0; i < 4; i++)
        file.bytes[29 + i] = (unsigned char)(sum >> (24 - 8 * i));
    return file;
}

Test(image, refuses_sizes_beyond_its_limits)
{
    struct file_bytes file = make_bomb(TUFF_IMAGE_MAX_SIDE, TUFF_IMAGE_MAX_SIDE);
    expect_failure(file.bytes, file.count, TUFF_ERROR_UNSUPPORTED,
                   "65500 x 65500 pixels are more than are read");
    free(file.bytes);
    file = make_bomb(TUFF_IMAGE_MAX_SIDE + 1, 1);
    expect_failure(file.bytes, file.count, TUFF_ERROR_FORMAT, "PNG");
    free(file.bytes);
    file = make_bomb(0x7fffffff, 0x7fffffff);
    expect_failure(file.bytes, file.count, TUFF_ERROR_FORMAT, "PNG");
    free(file.bytes);
    file = make_bomb(0, 5);
    expect_failure(file.bytes, file.count, TUFF_ERROR_FORMAT, "PNG");
    free(file.bytes);
    file = make_bomb(3000, 2000); // allowed, but there is not that much in it
    expect_failure(file.bytes, file.count, TUFF_ERROR_FORMAT,
                   "truncated PNG: 3000 x 2000 pixels are more than its");
    free(file.bytes);
}

Test(image, refuses_what_is_neither)
{
    expect_failure((const unsigned char *)"", 0, TUFF_ERROR_FORMAT, "an empty file");
    expect_failure((const unsigned char *)"GIF89a", 6, TUFF_ERROR_FORMAT, "neither PNG nor JPEG");
    expect_failure((const unsigned char *)"\x89PNG", 4, TUFF_ERROR_FORMAT, "neither PNG nor JPEG");
}

// -- JPEG

// A slope, which JPEG keeps well.
static void fill_slope(unsigned char *pixels, uint32_t width, uint32_t height, int components)
{
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++)
            for (int c = 0; c < components; c++)
                *pixels++ = (unsigned char)(20 + 8 * x + 5 * y + 10 * (unsigned)c);
}

static void expect_near(const struct tuff_image *image, const unsigned char *expected, size_t count,
                        int tolerance)
{
    for (size_t i = 0; i < count; i++)
        cr_assert(abs(image->pixels[i] - expected[i]) <= tolerance, "byte %zu: expected %d, found %d", i,
                  expected[i], image->pixels[i]);
}

Test(image, reads_jpeg)
{
    struct tuff_image image = {.pixels = NULL};
    unsigned char pixels[17 * 13 * 3];
    for (int progressive = 0; progressive < 2; progressive++) {
        fill_slope(pixels, 17, 13, 1);
        decode(
            make_simple_jpeg(17, 13, 1, JCS_GRAYSCALE, JCS_GRAYSCALE, 100, progressive != 0, false, pixels),
            &image, 17, 13, 1);
        expect_near(&image, pixels, 17 * 13, 1);
        fill_slope(pixels, 17, 13, 3);
        decode(make_simple_jpeg(17, 13, 3, JCS_RGB, JCS_YCbCr, 100, progressive != 0, false, pixels), &image,
               17, 13, 3);
        expect_near(&image, pixels, 17 * 13 * 3, 3);
        decode(make_simple_jpeg(17, 13, 3, JCS_RGB, JCS_RGB, 100, progressive != 0, false, pixels), &image,
               17, 13, 3);
        expect_near(&image, pixels, 17 * 13 * 3, 1);
    }
    tuff_image_free(&image);
}

// Inks, as Adobe's programs store them, upside down, and as others do.
Test(image, turns_inks_into_light)
{
    struct tuff_image image = {.pixels = NULL};
    unsigned char inks[8 * 8 * 4], light[8 * 8 * 3];
    for (int adobe = 0; adobe < 2; adobe++) {
        for (int i = 0; i < 64; i++) {
            const unsigned char cmyk[4] = {40, 90, 200, 50}; // none of it: 0
            for (int c = 0; c < 4; c++)
                inks[4 * i + c] = (unsigned char)(adobe != 0 ? 255 - cmyk[c] : cmyk[c]);
            for (int c = 0; c < 3; c++)
                light[3 * i + c] = (unsigned char)((255 - cmyk[c]) * (255 - cmyk[3]) / 255);
        }
        J_COLOR_SPACE stored = JCS_CMYK;
        decode(make_simple_jpeg(8, 8, 4, JCS_CMYK, stored, 100, false, adobe == 0, inks), &image, 8, 8, 3);
        expect_near(&image, light, sizeof light, 2);
        if (adobe == 0)
            continue;
        stored = JCS_YCCK;
        decode(make_simple_jpeg(8, 8, 4, JCS_CMYK, stored, 100, false, false, inks), &image, 8, 8, 3);
        expect_near(&image, light, sizeof light, 4);
    }
    tuff_image_free(&image);
}

Test(image, stands_damaged_jpeg)
{
    unsigned char pixels[16 * 16 * 3];
    fill_slope(pixels, 16, 16, 3);
    damage(make_simple_jpeg(16, 16, 3, JCS_RGB, JCS_YCbCr, 60, false, false, pixels), 16, 16, false);
    damage(make_simple_jpeg(16, 16, 3, JCS_RGB, JCS_YCbCr, 60, true, false, pixels), 16, 16, false);
}

Test(image, refuses_a_jpeg_that_declares_too_much)
{
    unsigned char pixels[64] = {0};
    struct file_bytes file = make_simple_jpeg(8, 8, 1, JCS_GRAYSCALE, JCS_GRAYSCALE, 90, true, false, pixels);
    for (size_t i = 0; i + 9 < file.count; i++)
        if (file.bytes[i] == 0xff && (file.bytes[i + 1] == 0xc0 || file.bytes[i + 1] == 0xc2)) {
            memset(file.bytes + i + 5, 0xff, 4); // 65,535 x 65,535
            file.bytes[i + 6] = file.bytes[i + 8] = 0x00;
        }
    expect_failure(file.bytes, file.count, TUFF_ERROR_UNSUPPORTED,
                   "65280 x 65280 pixels are more than are read");
    for (size_t i = 0; i + 9 < file.count; i++)
        if (file.bytes[i] == 0xff && (file.bytes[i + 1] == 0xc0 || file.bytes[i + 1] == 0xc2))
            memcpy(file.bytes + i + 5, (const unsigned char[]){0x20, 0, 0x20, 0},
                   4); // allowed, but not in it
    expect_failure(file.bytes, file.count, TUFF_ERROR_FORMAT,
                   "truncated JPEG: 8192 x 8192 pixels are more than its");
    free(file.bytes);
}

// What compresses best is still within the bounds of what a file can hold.
Test(image, reads_large_pictures_of_one_colour)
{
    enum { SIDE = 2048 };
    struct tuff_image image = {.pixels = NULL};
    unsigned char *pixels = calloc(SIDE, (size_t)SIDE * 3);
    const struct png_settings bits = {.width = SIDE,
                                      .height = SIDE,
                                      .colour = PNG_COLOR_TYPE_GRAY,
                                      .depth = 1,
                                      .rows = pixels,
                                      .row_bytes = SIDE / 8};
    cr_assert_not_null(pixels);
    decode(make_png(&bits), &image, SIDE, SIDE, 1);
    decode(make_simple_png(SIDE, SIDE, 3, pixels), &image, SIDE, SIDE, 3);
    decode(make_simple_jpeg(SIDE, SIDE, 3, JCS_RGB, JCS_YCbCr, 50, false, false, pixels), &image, SIDE, SIDE,
           3);
    decode(make_simple_jpeg(SIDE, SIDE, 3, JCS_RGB, JCS_YCbCr, 50, true, false, pixels), &image, SIDE, SIDE,
           3);
    tuff_image_free(&image);
    free(pixels);
}

// A scan costs little to write and much to decode.
Test(image, refuses_a_jpeg_of_endless_scans)
{
    unsigned char pixels[64] = {0};
    // Both of full accuracy, so that the second may come again.
    static const jpeg_scan_info scans[2] = {{.comps_in_scan = 1, .Ss = 0, .Se = 0},
                                            {.comps_in_scan = 1, .Ss = 1, .Se = 63}};
    const struct jpeg_settings settings = {.width = 8,
                                           .height = 8,
                                           .components = 1,
                                           .given = JCS_GRAYSCALE,
                                           .stored = JCS_GRAYSCALE,
                                           .quality = 90,
                                           .rows = pixels,
                                           .scans = scans,
                                           .scan_count = 2};
    struct file_bytes file = make_jpeg(&settings);
    size_t begin = 0, length = 0; // the last scan, which may come as often as one likes
    for (size_t i = 0; i + 1 < file.count; i++)
        if (file.bytes[i] == 0xff && file.bytes[i + 1] == 0xda)
            begin = i;
    length = file.count - 2 - begin;
    cr_assert(begin > 0 && length > 0);
    struct file_bytes more = {malloc(file.count + 2000 * length), file.count - 2};
    cr_assert_not_null(more.bytes);
    memcpy(more.bytes, file.bytes, file.count - 2);
    for (int i = 0; i < 2000; i++, more.count += length)
        memcpy(more.bytes + more.count, file.bytes + begin, length);
    memcpy(more.bytes + more.count, "\xff\xd9", 2);
    more.count += 2;
    expect_failure(more.bytes, more.count, TUFF_ERROR_UNSUPPORTED, "more than 500 scans");
    more.count = file.count - 2 + 100 * length; // a hundred of them are taken
    memcpy(more.bytes + more.count, "\xff\xd9", 2);
    struct tuff_image image = {.pixels = NULL};
    cr_assert_eq(tuff_image_decode(more.bytes, more.count + 2, &image, why), TUFF_OK, "%s", why);
    tuff_image_free(&image);
    free(more.bytes);
    free(file.bytes);
}

// What is only odd is no fault: bytes before a marker, as many cameras write them.
Test(image, takes_a_jpeg_with_bytes_before_its_end)
{
    struct tuff_image image = {.pixels = NULL};
    unsigned char pixels[64] = {0};
    struct file_bytes file =
        make_simple_jpeg(8, 8, 1, JCS_GRAYSCALE, JCS_GRAYSCALE, 90, false, false, pixels);
    file.bytes = realloc(file.bytes, file.count + 8);
    memcpy(file.bytes + file.count - 2, "\0\0\0\0\xff\xd9", 6);
    file.count += 4;
    decode(file, &image, 8, 8, 1);
    tuff_image_free(&image);
}
