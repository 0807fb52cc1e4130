// JPEG, by libjpeg.
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

// Its header needs size_t and FILE.
#include <jerror.h>
#include <jpeglib.h>

#include "image.h"

enum {
    MOST_SCANS = 500, // a progressive file may have them without end, each one work for all pixels
    // Pixels in a byte of the file, at most. A block of 64 samples takes a bit or more, for Huffman's code of
    // its mean. The fewest blocks are those of two components of which one has a fourth of the rows and the
    // other a fourth of the columns: eight for 32 x 32 pixels. Arithmetic coding can do with less, where a
    // picture is of one colour.
    MOST_PIXELS = 1024,
};

struct reader {
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf failed;
    struct tuff_image *image;
    char *why;
    enum tuff_status status;
};

static void fail(struct reader *reader, enum tuff_status status, const char *why)
{
    reader->status = status;
    snprintf(reader->why, TUFF_IMAGE_WHY_BYTES, "%s", why);
    longjmp(reader->failed, 1);
}

static void on_error(j_common_ptr jpeg)
{
    struct reader *reader = (struct reader *)jpeg->err;
    char message[JMSG_LENGTH_MAX], text[JMSG_LENGTH_MAX + 16];
    reader->errors.format_message(jpeg, message);
    snprintf(text, sizeof text, "damaged JPEG: %s", message);
    fail(reader, jpeg->err->msg_code == JERR_OUT_OF_MEMORY ? TUFF_ERROR_MEMORY : TUFF_ERROR_FORMAT, text);
}

// Level -1: something is wrong, but decoding can go on. It does not where pixels would be made up.
static void on_message(j_common_ptr jpeg, int level)
{
    if (level >= 0)
        return;
    switch (jpeg->err->msg_code) {
    case JWRN_ADOBE_XFORM:
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_JFIF_MAJOR:
    case JWRN_TOO_MUCH_DATA:
        return;
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
        fail((struct reader *)jpeg->err, TUFF_ERROR_FORMAT, "truncated JPEG");
        return;
    default:
        on_error(jpeg);
    }
}

static void on_progress(j_common_ptr jpeg)
{
    if (jpeg->is_decompressor && ((j_decompress_ptr)jpeg)->input_scan_number > MOST_SCANS)
        fail((struct reader *)jpeg->err, TUFF_ERROR_UNSUPPORTED, "a JPEG of more than 500 scans");
}

static void choose_colours(struct reader *reader, j_decompress_ptr jpeg)
{
    switch (jpeg->jpeg_color_space) {
    case JCS_GRAYSCALE:
        jpeg->out_color_space = JCS_GRAYSCALE;
        break;
    case JCS_RGB:
    case JCS_YCbCr:
        jpeg->out_color_space = JCS_RGB;
        break;
    case JCS_CMYK:
    case JCS_YCCK:
        jpeg->out_color_space = JCS_CMYK;
        break;
    default:
        fail(reader, TUFF_ERROR_UNSUPPORTED, "a JPEG of unknown colours");
    }
    reader->image->channels = jpeg->out_color_space == JCS_GRAYSCALE ? 1 : 3;
}

// Without colour profiles. Adobe's programs, which write nearly all such files, store ink upside down.
static void ink_to_light(const uint8_t *ink, uint32_t width, bool inverted, uint8_t *light)
{
    for (uint32_t x = 0; x < width; x++, ink += 4)
        for (int c = 0; c < 3; c++) {
            int colour = inverted ? ink[c] : 255 - ink[c], black = inverted ? ink[3] : 255 - ink[3];
            *light++ = (uint8_t)((colour * black + 127) / 255);
        }
}

// Any failure below jumps to the setjmp of try_read.
static void read_image(struct reader *reader, j_decompress_ptr jpeg, const uint8_t *bytes, size_t count)
{
    struct tuff_image *image = reader->image;
    jpeg_mem_src(jpeg, bytes, count);
    jpeg_read_header(jpeg, TRUE);
    image->width = jpeg->image_width;
    image->height = jpeg->image_height;
    reader->status = tuff_image_check_size(image->width, image->height, reader->why);
    if (reader->status == TUFF_OK)
        reader->status =
            tuff_image_check_backing("JPEG", image->width, image->height,
                                     (uint64_t)image->width * image->height, MOST_PIXELS, count, reader->why);
    if (reader->status != TUFF_OK)
        longjmp(reader->failed, 1);
    choose_colours(reader, jpeg);
    jpeg->dct_method = JDCT_ISLOW; // exact, and with vector instructions the same as without
    jpeg_start_decompress(jpeg);
    size_t row = (size_t)image->width * image->channels;
    // Behind the pixels: a row of inks.
    if (!tuff_image_reserve(image, row * image->height + (size_t)4 * image->width))
        fail(reader, TUFF_ERROR_MEMORY, "out of memory");
    bool inks = jpeg->out_color_space == JCS_CMYK;
    while (jpeg->output_scanline < jpeg->output_height) {
        uint8_t *to = image->pixels + jpeg->output_scanline * row;
        JSAMPROW line = inks ? image->pixels + row * image->height : to;
        jpeg_read_scanlines(jpeg, &line, 1);
        if (inks)
            ink_to_light(line, image->width, jpeg->saw_Adobe_marker != 0, to);
    }
    jpeg_finish_decompress(jpeg);
}

// What a jump must leave as it is belongs to the caller.
static void try_read(struct reader *reader, j_decompress_ptr jpeg, const uint8_t *bytes, size_t count)
{
    if (setjmp(reader->failed) != 0)
        return;
    jpeg_create_decompress(jpeg);
    jpeg->progress = &reader->progress;
    read_image(reader, jpeg, bytes, count);
}

enum tuff_status tuff_jpeg_decode(const uint8_t *bytes, size_t count, struct tuff_image *image,
                                  char why[TUFF_IMAGE_WHY_BYTES])
{
    struct jpeg_decompress_struct jpeg;
    struct reader reader = {.image = image, .why = why, .status = TUFF_OK};
    memset(&jpeg, 0, sizeof jpeg);
    jpeg.err = jpeg_std_error(&reader.errors);
    reader.errors.error_exit = on_error;
    reader.errors.emit_message = on_message;
    reader.progress.progress_monitor = on_progress;
    try_read(&reader, &jpeg, bytes, count);
    jpeg_destroy_decompress(&jpeg);
    return reader.status;
}
