// An image in memory, out of the bytes of a PNG or JPEG file.
#ifndef TUFF_CORE_IMAGE_H
#define TUFF_CORE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tuff/status.h"

enum {
    TUFF_IMAGE_MAX_SIDE = 65500,
    TUFF_IMAGE_MAX_PIXELS = 1 << 26,
    TUFF_IMAGE_MAX_FILE = 1 << 28,
    TUFF_IMAGE_WHY_BYTES = 200, // room for the reason of a failure
};

// What one image needs can be used for the next: all zero before the first.
struct tuff_image {
    uint32_t width, height;
    uint32_t channels; // 1: gray; 3: red, green, blue
    uint8_t *pixels;   // (height,width,channels), of malloc
    size_t capacity;
};

void tuff_image_free(struct tuff_image *image);

// Room for the pixels of width x height of that many bytes each, and more. False if there is no memory.
bool tuff_image_reserve(struct tuff_image *image, size_t bytes);

// Which format it is is found out by its first bytes. No memory is taken for more than TUFF_IMAGE_MAX_PIXELS.
// Logs nothing. Failure, with the reason in `why`: TUFF_ERROR_FORMAT; TUFF_ERROR_UNSUPPORTED for what is
// whole but too large, or of a kind that is not read; TUFF_ERROR_MEMORY.
TUFF_MUST_CHECK enum tuff_status tuff_image_decode(const uint8_t *bytes, size_t count,
                                                   struct tuff_image *image, char why[TUFF_IMAGE_WHY_BYTES]);

// One format each (png_image.c, jpeg_image.c).
TUFF_MUST_CHECK enum tuff_status tuff_png_decode(const uint8_t *bytes, size_t count, struct tuff_image *image,
                                                 char why[TUFF_IMAGE_WHY_BYTES]);
TUFF_MUST_CHECK enum tuff_status tuff_jpeg_decode(const uint8_t *bytes, size_t count,
                                                  struct tuff_image *image, char why[TUFF_IMAGE_WHY_BYTES]);

// Checks a size that a file declares, before memory is taken for it.
TUFF_MUST_CHECK enum tuff_status tuff_image_check_size(uint32_t width, uint32_t height,
                                                       char why[TUFF_IMAGE_WHY_BYTES]);
// The same where the file itself is small: what the format (its name) makes of one byte are `per_byte` units
// at most, of which the pixels take that many.
TUFF_MUST_CHECK enum tuff_status tuff_image_check_backing(const char *format, uint32_t width, uint32_t height,
                                                          uint64_t units, uint64_t per_byte,
                                                          size_t file_bytes, char why[TUFF_IMAGE_WHY_BYTES]);

#endif
