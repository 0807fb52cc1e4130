#include "tuff/digits.h"

#include <criterion/criterion.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "tuff/dataset.h"

enum { IMAGE_BYTES = TUFF_DIGITS_SIZE * TUFF_DIGITS_SIZE, CLASSES = TUFF_DIGITS_CLASSES };

// What seed 1 means: changing a digit's looks changes these, and with them every recorded accuracy.
Test(digits, are_the_same_bytes_on_every_machine)
{
    uLong images = crc32(0, NULL, 0), labels = crc32(0, NULL, 0);
    for (uint64_t i = 0; i < 100; i++) {
        uint8_t image[IMAGE_BYTES];
        uint32_t label;
        tuff_digits_draw(1, i, image, &label);
        const uint8_t byte = (uint8_t)label;
        images = crc32(images, image, sizeof image);
        labels = crc32(labels, &byte, 1);
    }
    cr_assert_eq(images, 0xf85f2caa, "images: 0x%08lx", images);
    cr_assert_eq(labels, 0xf051cf8e, "labels: 0x%08lx", labels);
}

Test(digits, depend_on_seed_and_index_only)
{
    uint8_t image[IMAGE_BYTES], again[IMAGE_BYTES], other[IMAGE_BYTES];
    uint32_t label, label_again;
    const uint64_t far = UINT64_C(1) << 40;
    tuff_digits_draw(7, far, image, &label);
    memset(again, 0xa5, sizeof again);
    tuff_digits_draw(8, far, other, &label_again);
    cr_assert_arr_neq(image, other, IMAGE_BYTES);
    tuff_digits_draw(7, far + 1, other, &label_again);
    cr_assert_arr_neq(image, other, IMAGE_BYTES);
    tuff_digits_draw(7, far, again, &label_again);
    cr_assert_arr_eq(image, again, IMAGE_BYTES);
    cr_assert_eq(label, label_again);
}

static int compare_images(const void *a, const void *b)
{
    return memcmp(a, b, IMAGE_BYTES);
}

static struct tuff_dataset *load(enum tuff_split split, uint32_t train, uint32_t test)
{
    const struct tuff_dataset_options options = {
        .size = sizeof options, .digits_train = train, .digits_test = test};
    struct tuff_dataset *set;
    cr_assert_eq(tuff_dataset_load(NULL, "digits", split, &options, &set), TUFF_OK);
    return set;
}

Test(digits, come_about_equally_often)
{
    enum { COUNT = 20000 };
    struct tuff_dataset *set = load(TUFF_SPLIT_TRAIN, COUNT, 0);
    uint32_t counts[CLASSES] = {0}, repeats = 0;
    for (uint32_t i = 0; i < COUNT; i++) {
        cr_assert_lt(set->labels[i], CLASSES);
        counts[set->labels[i]]++;
        repeats += i > 0 && set->labels[i] == set->labels[i - 1];
    }
    // Standard deviations: 42 for each class, 42 for pairs of neighbours that are alike; five of them.
    for (int digit = 0; digit < CLASSES; digit++)
        cr_assert(abs((int)counts[digit] - COUNT / CLASSES) < 212, "%u of digit %d", counts[digit], digit);
    cr_assert(abs((int)repeats - COUNT / CLASSES) < 212, "%u neighbours are alike", repeats);
    tuff_dataset_destroy(&set);
}

Test(digits, all_differ)
{
    enum { COUNT = 5000 };
    struct tuff_dataset *train = load(TUFF_SPLIT_TRAIN, COUNT, 0), *test = load(TUFF_SPLIT_TEST, 0, COUNT);
    uint8_t *images = malloc(2 * (size_t)COUNT * IMAGE_BYTES);
    cr_assert_not_null(images);
    memcpy(images, train->images, (size_t)COUNT * IMAGE_BYTES);
    memcpy(images + (size_t)COUNT * IMAGE_BYTES, test->images, (size_t)COUNT * IMAGE_BYTES);
    qsort(images, 2 * COUNT, IMAGE_BYTES, compare_images);
    for (size_t i = 1; i < 2 * COUNT; i++)
        cr_assert_neq(compare_images(images + (i - 1) * IMAGE_BYTES, images + i * IMAGE_BYTES), 0);
    free(images);
    tuff_dataset_destroy(&train);
    tuff_dataset_destroy(&test);
}

Test(digits, have_ink_within_bounds)
{
    enum { COUNT = 5000 };
    struct tuff_dataset *set = load(TUFF_SPLIT_TRAIN, COUNT, 0);
    double total = 0;
    for (size_t i = 0; i < COUNT; i++) {
        const uint8_t *image = set->images + i * IMAGE_BYTES;
        uint32_t sum = 0, dark = 0, on_edge = 0;
        for (uint32_t p = 0; p < IMAGE_BYTES; p++) {
            uint32_t y = p / TUFF_DIGITS_SIZE, x = p % TUFF_DIGITS_SIZE, last = TUFF_DIGITS_SIZE - 1;
            sum += image[p];
            dark += image[p] > 100;
            on_edge += image[p] > 100 && (x == 0 || y == 0 || x == last || y == last);
        }
        cr_assert(dark >= 12 && dark <= IMAGE_BYTES / 2, "sample %zu has %u dark pixels", i, dark);
        cr_assert(on_edge <= 12, "sample %zu leaves the image", i);
        total += sum;
    }
    double mean = total / COUNT / IMAGE_BYTES;
    cr_assert(mean > 20 && mean < 40, "mean level %f", mean); // MNIST's is 33
    tuff_dataset_destroy(&set);
}

// The label says what the image shows, and yet the image alone does not give it away: an image's nearest
// class mean is its own far more often than by chance, and far from always.
Test(digits, are_learnable_but_not_trivial)
{
    enum { TRAIN = 3000, TEST = 1000 };
    struct tuff_dataset *train = load(TUFF_SPLIT_TRAIN, TRAIN, 0), *test = load(TUFF_SPLIT_TEST, 0, TEST);
    static double means[CLASSES][IMAGE_BYTES];
    uint32_t counts[CLASSES] = {0}, right = 0;
    for (size_t i = 0; i < TRAIN; i++)
        counts[train->labels[i]]++;
    for (size_t i = 0; i < TRAIN; i++)
        for (size_t p = 0; p < IMAGE_BYTES; p++)
            means[train->labels[i]][p] +=
                (double)train->images[i * IMAGE_BYTES + p] / counts[train->labels[i]];
    for (size_t i = 0; i < TEST; i++) {
        double nearest = 1e30;
        uint32_t guess = 0;
        for (uint32_t digit = 0; digit < CLASSES; digit++) {
            double distance = 0;
            for (size_t p = 0; p < IMAGE_BYTES; p++) {
                double difference = test->images[i * IMAGE_BYTES + p] - means[digit][p];
                distance += difference * difference;
            }
            if (distance < nearest) {
                nearest = distance;
                guess = digit;
            }
        }
        right += guess == test->labels[i];
    }
    cr_assert(right > TEST * 55 / 100 && right < TEST * 85 / 100, "%u of %d", right, TEST);
    tuff_dataset_destroy(&train);
    tuff_dataset_destroy(&test);
}

Test(digits, make_a_data_set)
{
    struct tuff_dataset *set;
    cr_assert_eq(tuff_dataset_load(NULL, "digits", TUFF_SPLIT_TEST, NULL, &set), TUFF_OK);
    cr_assert_eq(set->size, sizeof *set);
    cr_assert_str_eq(set->name, "digits");
    cr_assert_eq(set->count, 10000);
    cr_assert_eq(set->channels, 1);
    cr_assert_eq(set->height, 28);
    cr_assert_eq(set->width, 28);
    cr_assert_eq(set->classes, 10);
    cr_assert_str_eq(set->class_names[0], "0");
    cr_assert_str_eq(set->class_names[9], "9");
    tuff_dataset_destroy(&set);
    cr_assert_null(set);
    tuff_dataset_destroy(&set);
    tuff_dataset_destroy(NULL);
}

Test(digits, data_sets_begin_alike_whatever_their_size_and_the_threads)
{
    cpu_set_t all, one;
    CPU_ZERO(&one);
    cr_assert_eq(sched_getaffinity(0, sizeof all, &all), 0);
    for (size_t cpu = 0; CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET(cpu, &all))
            CPU_SET(cpu, &one);
    struct tuff_dataset *large = load(TUFF_SPLIT_TRAIN, 3001, 0);
    cr_assert_eq(sched_setaffinity(0, sizeof one, &one), 0);
    struct tuff_dataset *same = load(TUFF_SPLIT_TRAIN, 3001, 0), *small = load(TUFF_SPLIT_TRAIN, 7, 0);
    cr_assert_eq(large->count, 3001);
    cr_assert_eq(small->count, 7);
    cr_assert_eq(memcmp(large->images, same->images, (size_t)3001 * IMAGE_BYTES), 0);
    cr_assert_eq(memcmp(large->labels, same->labels, 3001 * sizeof *large->labels), 0);
    cr_assert_eq(memcmp(large->images, small->images, (size_t)7 * IMAGE_BYTES), 0);
    cr_assert_eq(memcmp(large->labels, small->labels, 7 * sizeof *large->labels), 0);
    tuff_dataset_destroy(&large);
    tuff_dataset_destroy(&same);
    tuff_dataset_destroy(&small);
}

Test(digits, refuse_a_set_beyond_the_limit)
{
    const struct tuff_dataset_options options = {.size = sizeof options, .digits_train = UINT32_MAX};
    struct tuff_dataset *set;
    cr_assert_eq(tuff_dataset_load(NULL, "digits", TUFF_SPLIT_TRAIN, &options, &set), TUFF_ERROR_INVALID);
    cr_assert_null(set);
}
