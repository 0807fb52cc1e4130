// --limit: a part of the training set.
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "train.h"
#include "tuff/random.h"

static int ascending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

const struct tuff_dataset *train_set(const struct train_settings *settings, const struct setup *setup)
{
    return settings->part != NULL ? settings->part : setup->train;
}

void train_part_destroy(struct tuff_dataset **part)
{
    if (*part == NULL)
        return;
    free((void *)(*part)->images);
    free((void *)(*part)->labels);
    free(*part);
    *part = NULL;
}

enum tuff_status train_limit(uint32_t count, const struct tuff_dataset *whole, struct tuff_dataset **part)
{
    size_t bytes = (size_t)whole->channels * whole->height * whole->width;
    *part = NULL;
    if (count == 0 || count >= whole->count)
        return TUFF_OK;
    struct tuff_dataset *made = malloc(sizeof *made);
    uint32_t *order = malloc(whole->count * sizeof *order), *labels = malloc(count * sizeof *labels);
    uint8_t *images = malloc(count * bytes);
    if (made == NULL || order == NULL || labels == NULL || images == NULL) {
        free(made);
        free(order);
        free(labels);
        free(images);
        console_error("out of memory");
        return TUFF_ERROR_MEMORY;
    }
    // Chosen at random, since some sets come class after class; the same ones for every seed; in the set's
    // order.
    tuff_random_permutation(0, UINT32_MAX, whole->count, order);
    qsort(order, count, sizeof *order, ascending);
    for (uint32_t i = 0; i < count; i++) {
        memcpy(images + i * bytes, whole->images + order[i] * bytes, bytes);
        labels[i] = whole->labels[order[i]];
    }
    free(order);
    *made = *whole;
    made->count = count;
    made->images = images;
    made->labels = labels;
    *part = made;
    return TUFF_OK;
}
