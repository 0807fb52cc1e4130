// Means and deviations of a data set's channels.
#include "tuff/statistics.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tuff/random.h"

Test(statistics, by_hand)
{
    // Two images of two channels: channel 0 has 0, 255, 255, 0 and channel 1 has 51, 51, 51, 51.
    static const uint8_t images[8] = {0, 255, 51, 51, 255, 0, 51, 51}; // (2,2,1,2)
    const struct tuff_dataset set = {
        .size = sizeof set, .count = 2, .channels = 2, .height = 1, .width = 2, .images = images};
    double mean[2], deviation[2];
    tuff_dataset_statistics(&set, mean, deviation);
    cr_assert_eq(mean[0], 0.5);
    cr_assert_eq(deviation[0], 0.5);
    cr_assert_eq(mean[1], 0.2);
    cr_assert_eq(deviation[1], 0);
}

// Against two passes in long double; planes of more than one chunk of the exact sums, bright pixels that vary
// little.
Test(statistics, of_many_pixels)
{
    enum { COUNT = 3, CHANNELS = 3, HEIGHT = 301, WIDTH = 467, PLANE = HEIGHT * WIDTH };
    uint8_t *images = malloc(COUNT * CHANNELS * PLANE);
    cr_assert_not_null(images);
    for (uint32_t i = 0; i < COUNT * CHANNELS * PLANE; i++) {
        const uint32_t word = tuff_random_u32(1, TUFF_RANDOM_TEST, 0, i);
        const uint32_t c = i / PLANE % CHANNELS;
        images[i] = c == 0 ? (uint8_t)word : c == 1 ? (uint8_t)(254 + word % 2) : (uint8_t)(word % 7 == 0);
    }
    const struct tuff_dataset set = {.size = sizeof set,
                                     .count = COUNT,
                                     .channels = CHANNELS,
                                     .height = HEIGHT,
                                     .width = WIDTH,
                                     .images = images};
    double mean[CHANNELS], deviation[CHANNELS];
    tuff_dataset_statistics(&set, mean, deviation);
    for (int c = 0; c < CHANNELS; c++) {
        long double sum = 0, squares = 0;
        for (int i = 0; i < COUNT * PLANE; i++)
            sum += images[(i / PLANE * CHANNELS + c) * PLANE + i % PLANE];
        const long double m = sum / (COUNT * PLANE);
        for (int i = 0; i < COUNT * PLANE; i++) {
            const long double d = images[(i / PLANE * CHANNELS + c) * PLANE + i % PLANE] - m;
            squares += d * d;
        }
        const double expected_mean = (double)(m / 255);
        const double expected_deviation = (double)(sqrtl(squares / (COUNT * PLANE)) / 255);
        cr_assert(fabs(mean[c] - expected_mean) <= 1e-15, "channel %d: mean %.17g, expected %.17g", c,
                  mean[c], expected_mean);
        cr_assert(fabs(deviation[c] - expected_deviation) <= 1e-14 * expected_deviation,
                  "channel %d: deviation %.17g, expected %.17g", c, deviation[c], expected_deviation);
    }
    free(images);
}

// The figures that everybody normalizes MNIST by, where TUFF_DATA has it; says so if not.
Test(statistics, of_mnist)
{
    const char *folder = getenv("TUFF_DATA");
    struct tuff_dataset *set = NULL;
    enum tuff_status status = TUFF_ERROR_NOT_FOUND;
    if (folder != NULL && folder[0] != '\0')
        status = tuff_dataset_load(NULL, "mnist", TUFF_SPLIT_TRAIN, NULL, &set);
    double mean, deviation;
    if (status == TUFF_OK) {
        fprintf(stderr, "mnist: the real one, in %s\n", folder);
        tuff_dataset_statistics(set, &mean, &deviation);
        cr_assert_float_eq(mean, 0.1307, 5e-5, "mean %.6f", mean);
        cr_assert_float_eq(deviation, 0.3081, 5e-5, "deviation %.6f", deviation);
    } else {
        fprintf(stderr, "mnist: digits that tuff draws (TUFF_DATA names no folder with the real ones)\n");
        const struct tuff_dataset_options options = {.size = sizeof options, .digits_train = 200};
        cr_assert_eq(tuff_dataset_load(NULL, "digits", TUFF_SPLIT_TRAIN, &options, &set), TUFF_OK);
        tuff_dataset_statistics(set, &mean, &deviation);
        cr_assert(mean > 0.05 && mean < 0.5, "mean %.6f", mean);
        cr_assert(deviation > 0.1 && deviation <= 0.5, "deviation %.6f", deviation);
    }
    tuff_dataset_destroy(&set);
}
