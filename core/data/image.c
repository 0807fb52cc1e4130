#include "image.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void tuff_image_free(struct tuff_image *image)
{
    free(image->pixels);
    memset(image, 0, sizeof *image);
}

bool tuff_image_reserve(struct tuff_image *image, size_t bytes)
{
    if (bytes <= image->capacity)
        return true;
    free(image->pixels); // nobody needs what was in it
    image->pixels = malloc(bytes);
    image->capacity = image->pixels == NULL ? 0 : bytes;
    return image->pixels != NULL;
}

enum tuff_status tuff_image_check_size(uint32_t width, uint32_t height, char why[TUFF_IMAGE_WHY_BYTES])
{
    if (width == 0 || height == 0) {
        snprintf(why, TUFF_IMAGE_WHY_BYTES, "an image without pixels, %" PRIu32 " x %" PRIu32, width, height);
        return TUFF_ERROR_FORMAT;
    }
    if (width > TUFF_IMAGE_MAX_SIDE || height > TUFF_IMAGE_MAX_SIDE ||
        (uint64_t)width * height > TUFF_IMAGE_MAX_PIXELS) {
        snprintf(why, TUFF_IMAGE_WHY_BYTES,
                 "%" PRIu32 " x %" PRIu32 " pixels are more than are read: at most %d in all and %d a side",
                 width, height, TUFF_IMAGE_MAX_PIXELS, TUFF_IMAGE_MAX_SIDE);
        return TUFF_ERROR_UNSUPPORTED;
    }
    return TUFF_OK;
}

enum tuff_status tuff_image_check_backing(const char *format, uint32_t width, uint32_t height, uint64_t units,
                                          uint64_t per_byte, size_t file_bytes,
                                          char why[TUFF_IMAGE_WHY_BYTES])
{
    if (units / per_byte <= file_bytes)
        return TUFF_OK;
    snprintf(why, TUFF_IMAGE_WHY_BYTES,
             "truncated %s: %" PRIu32 " x %" PRIu32 " pixels are more than its %zu bytes can hold", format,
             width, height, file_bytes);
    return TUFF_ERROR_FORMAT;
}

enum tuff_status tuff_image_decode(const uint8_t *bytes, size_t count, struct tuff_image *image,
                                   char why[TUFF_IMAGE_WHY_BYTES])
{
    static const uint8_t png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'}, jpeg[] = {0xff, 0xd8, 0xff};
    if (count >= sizeof png && memcmp(bytes, png, sizeof png) == 0)
        return tuff_png_decode(bytes, count, image, why);
    if (count >= sizeof jpeg && memcmp(bytes, jpeg, sizeof jpeg) == 0)
        return tuff_jpeg_decode(bytes, count, image, why);
    snprintf(why, TUFF_IMAGE_WHY_BYTES, count == 0 ? "an empty file" : "neither PNG nor JPEG");
    return TUFF_ERROR_FORMAT;
}
