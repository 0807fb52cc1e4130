// PNG and JPEG files that tests make, in memory.
#ifndef TUFF_TESTS_IMAGE_FILES_H
#define TUFF_TESTS_IMAGE_FILES_H

#include <png.h>
#include <setjmp.h>
#include <stdbool.h>

#include "scratch.h"

// Its header needs FILE and size_t.
#include <jpeglib.h>

struct file_bytes {
    unsigned char *bytes; // of malloc
    size_t count;
};

static inline void png_append(png_structp png, png_bytep bytes, size_t count)
{
    struct file_bytes *file = png_get_io_ptr(png);
    file->bytes = realloc(file->bytes, file->count + count);
    cr_assert_not_null(file->bytes);
    memcpy(file->bytes + file->count, bytes, count);
    file->count += count;
}

static inline void png_nothing(png_structp png)
{
    (void)png;
}

struct png_settings {
    uint32_t width, height;
    int colour, depth; // PNG_COLOR_TYPE_…, bits
    bool interlaced;
    const unsigned char *rows; // (height,row bytes) as the file has them
    size_t row_bytes;
    const png_color *palette;   // of 4 colours, NULL but for palettes
    const png_byte *alphas;     // of 4 colours, or NULL
    const png_color_16 *hidden; // the colour that is transparent, or NULL
};

static inline struct file_bytes make_png(const struct png_settings *s)
{
    struct file_bytes file = {NULL, 0};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    cr_assert_not_null(info);
    cr_assert_eq(setjmp(png_jmpbuf(png)), 0, "libpng cannot write it");
    png_set_write_fn(png, &file, png_append, png_nothing);
    png_set_IHDR(png, info, s->width, s->height, s->depth, s->colour,
                 s->interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    if (s->palette != NULL)
        png_set_PLTE(png, info, s->palette, 4);
    if (s->alphas != NULL || s->hidden != NULL)
        png_set_tRNS(png, info, s->alphas, s->alphas == NULL ? 0 : 4, s->hidden);
    png_write_info(png, info);
    int passes = png_set_interlace_handling(png);
    for (int pass = 0; pass < passes; pass++)
        for (uint32_t y = 0; y < s->height; y++)
            png_write_row(png, (png_bytep)(uintptr_t)(s->rows + y * s->row_bytes));
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    return file;
}

// 8 bits, gray or RGB.
static inline struct file_bytes make_simple_png(uint32_t width, uint32_t height, uint32_t channels,
                                                const unsigned char *pixels)
{
    const struct png_settings settings = {.width = width,
                                          .height = height,
                                          .colour = channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB,
                                          .depth = 8,
                                          .rows = pixels,
                                          .row_bytes = (size_t)width * channels};
    return make_png(&settings);
}

struct jpeg_settings {
    uint32_t width, height;
    int components; // 1, 3, 4
    J_COLOR_SPACE given, stored;
    int quality;
    bool progressive, no_adobe;
    const unsigned char *rows;   // (height,width,components)
    const jpeg_scan_info *scans; // of a progressive one; NULL: the usual ones
    int scan_count;
};

static inline struct file_bytes make_jpeg(const struct jpeg_settings *s)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    unsigned char *bytes = NULL;
    unsigned long count = 0;
    jpeg.err = jpeg_std_error(&errors); // which ends the process if it fails
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &bytes, &count);
    jpeg.image_width = s->width;
    jpeg.image_height = s->height;
    jpeg.input_components = s->components;
    jpeg.in_color_space = s->given;
    jpeg_set_defaults(&jpeg);
    jpeg_set_colorspace(&jpeg, s->stored);
    jpeg_set_quality(&jpeg, s->quality, TRUE);
    if (s->no_adobe)
        jpeg.write_Adobe_marker = FALSE;
    for (int i = 0; i < jpeg.num_components; i++)
        jpeg.comp_info[i].h_samp_factor = jpeg.comp_info[i].v_samp_factor = 1;
    if (s->progressive)
        jpeg_simple_progression(&jpeg);
    if (s->scans != NULL) {
        jpeg.scan_info = s->scans;
        jpeg.num_scans = s->scan_count;
    }
    jpeg_start_compress(&jpeg, TRUE);
    for (uint32_t y = 0; y < s->height; y++) {
        JSAMPROW row = (JSAMPROW)(uintptr_t)(s->rows + (size_t)y * s->width * (size_t)s->components);
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    return (struct file_bytes){bytes, count};
}

static inline struct file_bytes make_simple_jpeg(uint32_t width, uint32_t height, int components,
                                                 J_COLOR_SPACE given, J_COLOR_SPACE stored, int quality,
                                                 bool progressive, bool no_adobe, const unsigned char *rows)
{
    const struct jpeg_settings settings = {.width = width,
                                           .height = height,
                                           .components = components,
                                           .given = given,
                                           .stored = stored,
                                           .quality = quality,
                                           .progressive = progressive,
                                           .no_adobe = no_adobe,
                                           .rows = rows};
    return make_jpeg(&settings);
}

// Pixels that differ from each other, of malloc.
static inline unsigned char *make_pixels(size_t count, unsigned seed)
{
    unsigned char *pixels = malloc(count);
    cr_assert_not_null(pixels);
    for (size_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        pixels[i] = (unsigned char)(seed >> 24);
    }
    return pixels;
}

#endif
