// Made-up images, so that a model can be timed anywhere.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "console.h"

static const uint64_t WANTED_BYTES = UINT64_C(32) << 20, MOST_SAMPLES = 60000;

// SplitMix64 (Steele, Lea & Flood, 2014): quick, and good enough for what nobody looks at.
static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void fill(uint64_t seed, uint8_t *images, uint64_t bytes, uint32_t *labels, uint32_t count,
                 uint32_t classes)
{
    uint64_t state = seed, word;
    for (uint64_t i = 0; i < bytes; i += sizeof word) {
        word = next(&state);
        memcpy(images + i, &word, bytes - i < sizeof word ? bytes - i : sizeof word);
    }
    for (uint32_t i = 0; i < count; i++)
        labels[i] = (uint32_t)((next(&state) >> 32) * classes >> 32);
}

enum tuff_status bench_make_data(const struct tuff_model *model, uint64_t seed, uint64_t least,
                                 struct tuff_dataset **dataset)
{
    uint32_t chw[3];
    tuff_model_input(model, chw);
    const uint64_t sample = (uint64_t)chw[0] * chw[1] * chw[2];
    uint64_t count = WANTED_BYTES / sample;
    count = count < MOST_SAMPLES ? count : MOST_SAMPLES;
    count = count > least ? count / least * least : least; // whole batches
    *dataset = NULL;
    if (count > UINT32_MAX || count > SIZE_MAX / sample) {
        console_error("--batch: %" PRIu64 " samples are more than a data set may have", count);
        return TUFF_ERROR_INVALID;
    }
    struct tuff_dataset *made = calloc(1, sizeof *made);
    uint8_t *images = malloc(count * sample);
    uint32_t *labels = malloc(count * sizeof *labels);
    if (made == NULL || images == NULL || labels == NULL) {
        console_error("no memory for %" PRIu64 " made-up images: use a smaller batch", count);
        free(made);
        free(images);
        free(labels);
        return TUFF_ERROR_MEMORY;
    }
    fill(seed, images, count * sample, labels, (uint32_t)count, tuff_model_classes(model));
    *made = (struct tuff_dataset){
        .size = sizeof *made,
        .name = "made up",
        .count = (uint32_t)count,
        .channels = chw[0],
        .height = chw[1],
        .width = chw[2],
        .classes = tuff_model_classes(model),
        .images = images,
        .labels = labels,
    };
    *dataset = made;
    return TUFF_OK;
}

void bench_free_data(struct tuff_dataset **dataset)
{
    if (*dataset == NULL)
        return;
    free((void *)(*dataset)->images);
    free((void *)(*dataset)->labels);
    free(*dataset);
    *dataset = NULL;
}
