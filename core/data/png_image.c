// PNG, by libpng.
#include <png.h>
#include <stdio.h>
#include <string.h>

#include "image.h"

enum {
    CHUNK_BYTES = 8 << 20, // the most that a chunk other than the pixels' may unpack to
    DEFLATE_MOST = 1032,   // bytes that one of deflate unpacks to at most
};

struct reader {
    png_structp png;
    png_infop info;
    const uint8_t *next;
    size_t count, left;
    struct tuff_image *image;
    char *why;
    enum tuff_status status;
};

static void on_error(png_structp png, png_const_charp message)
{
    struct reader *reader = png_get_error_ptr(png);
    if (reader->status == TUFF_OK) {
        reader->status = TUFF_ERROR_FORMAT;
        snprintf(reader->why, TUFF_IMAGE_WHY_BYTES, "damaged PNG: %s", message);
    }
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    (void)png, (void)message; // what is only odd is no fault
}

static void on_read(png_structp png, png_bytep to, size_t bytes)
{
    struct reader *reader = png_get_io_ptr(png);
    if (bytes > reader->left) {
        reader->status = TUFF_ERROR_FORMAT;
        snprintf(reader->why, TUFF_IMAGE_WHY_BYTES, "truncated PNG");
        png_error(png, "truncated");
    }
    memcpy(to, reader->next, bytes);
    reader->next += bytes;
    reader->left -= bytes;
}

// All to 8 bits of gray, gray and alpha, RGB, or RGB and alpha.
static void set_transforms(struct reader *reader)
{
    png_structp png = reader->png;
    png_byte colour = png_get_color_type(png, reader->info), depth = png_get_bit_depth(png, reader->info);
    if (colour == PNG_COLOR_TYPE_PALETTE)
        png_set_palette_to_rgb(png);
    if (colour == PNG_COLOR_TYPE_GRAY && depth < 8)
        png_set_expand_gray_1_2_4_to_8(png);
    if (png_get_valid(png, reader->info, PNG_INFO_tRNS) != 0)
        png_set_tRNS_to_alpha(png);
    if (depth == 16)
        png_set_scale_16(png); // rounds to the nearest
}

// Puts what has an alpha channel on black, in place: `channels` become one less.
static void compose(struct tuff_image *image, uint32_t channels)
{
    const uint8_t *from = image->pixels;
    uint8_t *to = image->pixels;
    size_t pixels = (size_t)image->width * image->height;
    for (size_t i = 0; i < pixels; i++, from += channels)
        for (uint32_t c = 0; c + 1 < channels; c++)
            *to++ = (uint8_t)((from[c] * from[channels - 1] + 127) / 255);
}

// Any failure below jumps to the setjmp of try_read.
static void read_image(struct reader *reader)
{
    png_structp png = reader->png;
    struct tuff_image *image = reader->image;
    png_set_read_fn(png, reader, on_read);
    png_set_user_limits(png, TUFF_IMAGE_MAX_SIDE, TUFF_IMAGE_MAX_SIDE);
    png_set_chunk_malloc_max(png, CHUNK_BYTES);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1); // but for those that pixels need
    png_read_info(png, reader->info);
    image->width = png_get_image_width(png, reader->info);
    image->height = png_get_image_height(png, reader->info);
    reader->status = tuff_image_check_size(image->width, image->height, reader->why);
    if (reader->status == TUFF_OK)
        reader->status = tuff_image_check_backing(
            "PNG", image->width, image->height, (uint64_t)png_get_rowbytes(png, reader->info) * image->height,
            DEFLATE_MOST, reader->count, reader->why);
    if (reader->status != TUFF_OK)
        png_error(png, "size");
    set_transforms(reader);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, reader->info);
    uint32_t channels = png_get_channels(png, reader->info);
    size_t row = png_get_rowbytes(png, reader->info);
    if (row != (size_t)image->width * channels || channels > 4)
        png_error(png, "unexpected layout of rows");
    if (!tuff_image_reserve(image, row * image->height)) {
        reader->status = TUFF_ERROR_MEMORY;
        snprintf(reader->why, TUFF_IMAGE_WHY_BYTES, "out of memory");
        png_error(png, "memory");
    }
    for (int pass = 0; pass < passes; pass++)
        for (uint32_t y = 0; y < image->height; y++)
            png_read_row(png, image->pixels + y * row, NULL);
    png_read_end(png, NULL);
    image->channels = channels <= 2 ? 1 : 3;
    if (channels != image->channels)
        compose(image, channels);
}

// What a jump must leave as it is belongs to the caller.
static void try_read(struct reader *reader)
{
    if (setjmp(png_jmpbuf(reader->png)) == 0)
        read_image(reader);
}

enum tuff_status tuff_png_decode(const uint8_t *bytes, size_t count, struct tuff_image *image,
                                 char why[TUFF_IMAGE_WHY_BYTES])
{
    struct reader reader = {
        .next = bytes, .count = count, .left = count, .image = image, .why = why, .status = TUFF_OK};
    reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, on_error, on_warning);
    if (reader.png != NULL)
        reader.info = png_create_info_struct(reader.png);
    if (reader.info == NULL) {
        reader.status = TUFF_ERROR_MEMORY;
        snprintf(why, TUFF_IMAGE_WHY_BYTES, "out of memory");
    } else {
        try_read(&reader);
    }
    png_destroy_read_struct(&reader.png, &reader.info, NULL);
    return reader.status;
}
