// Images of one size out of images of any.
#ifndef TUFF_CORE_FIT_H
#define TUFF_CORE_FIT_H

#include "image.h"

// What one image needs can be used for the next: all zero before the first.
struct tuff_fit {
    uint32_t *memory;
    size_t capacity; // bytes
};

void tuff_fit_free(struct tuff_fit *fit);

// Scales an image, both directions alike, so that it just covers height x width, and takes its middle (to a
// whole pixel of the result, the upper left one of two). Each pixel of the result is the mean of the area
// that it covers where the image shrinks, and is interpolated linearly between the centres of the four
// nearest pixels where it grows. Rounded once, to the nearest. Then, for 1 channel of 3: 0.299 red + 0.587
// green + 0.114 blue, rounded; for 3 of 1: the same three times. height, width: 1 to TUFF_IMAGE_MAX_SIDE;
// both 0: the image's. channels: 1 or 3. out: (channels,height,width). False if there is no memory.
bool tuff_fit_image(struct tuff_fit *fit, const struct tuff_image *image, uint32_t channels, uint32_t height,
                    uint32_t width, uint8_t *out);

#endif
