// What is done with an image, whatever its format.
#ifndef TUFF_TESTS_FUZZ_IMAGE_H
#define TUFF_TESTS_FUZZ_IMAGE_H

#include <string.h>

#include "data/fit.h"
#include "fuzz.h"

enum { FUZZ_MOST_SIDE = 300 };

// Decodes it and scales it to height x width, each at most FUZZ_MOST_SIDE, and that many channels.
static inline void fuzz_image(const uint8_t *bytes, size_t count, uint32_t channels, uint32_t height,
                              uint32_t width)
{
    static uint8_t out[3 * FUZZ_MOST_SIDE * FUZZ_MOST_SIDE];
    struct tuff_image image = {.pixels = NULL};
    struct tuff_fit fit = {.memory = NULL};
    char why[TUFF_IMAGE_WHY_BYTES] = "";
    enum tuff_status status = tuff_image_decode(bytes, count, &image, why);
    if (status == TUFF_OK) {
        fuzz_demand(image.channels == 1 || image.channels == 3, "an image has 1 or 3 channels");
        fuzz_read(image.pixels, (size_t)image.width * image.height * image.channels);
        fuzz_demand(tuff_fit_image(&fit, &image, channels, height, width, out), "there is memory to scale");
        fuzz_read(out, (size_t)channels * height * width);
    } else {
        fuzz_demand(why[0] != '\0' && memchr(why, 0, sizeof why) != NULL, "a failure has a reason");
    }
    tuff_fit_free(&fit);
    tuff_image_free(&image);
}

#endif
