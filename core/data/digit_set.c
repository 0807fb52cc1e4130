// The data set "digits". Its splits are beginnings of two endless sets, so a larger one begins with a smaller
// one's samples, and no sample is in both.
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>

#include "dataset_source.h"
#include "tuff/digits.h"

static const uint64_t TRAIN_SEED = 1, TEST_SEED = 2;
static const uint32_t TRAIN_COUNT = 60000, TEST_COUNT = 10000;

enum {
    IMAGE_BYTES = TUFF_DIGITS_SIZE * TUFF_DIGITS_SIZE,
    MOST_THREADS = 16,
    FEWEST_PER_THREAD = 512, // a thread costs about as much as a few samples; this keeps small sets simple
};

struct part {
    uint64_t seed;
    uint32_t begin, end;
    uint8_t *images;
    uint32_t *labels;
};

static void *draw_part(void *argument)
{
    const struct part *part = argument;
    for (uint32_t i = part->begin; i < part->end; i++)
        tuff_digits_draw(part->seed, i, part->images + (size_t)i * IMAGE_BYTES, &part->labels[i]);
    return NULL;
}

static uint32_t thread_count(uint32_t samples)
{
    cpu_set_t cpus;
    uint32_t available = 1;
    if (sched_getaffinity(0, sizeof cpus, &cpus) == 0)
        available = (uint32_t)CPU_COUNT(&cpus);
    uint32_t useful = 1 + samples / FEWEST_PER_THREAD;
    uint32_t most = available < MOST_THREADS ? available : MOST_THREADS;
    return useful < most ? useful : most;
}

// Each thread draws a range of its own; a range whose thread cannot be had is drawn here.
static void draw_all(uint64_t seed, uint32_t count, uint8_t *images, uint32_t *labels)
{
    struct part parts[MOST_THREADS];
    pthread_t threads[MOST_THREADS];
    bool started[MOST_THREADS] = {false};
    uint32_t total = thread_count(count);
    for (uint32_t i = 0; i < total; i++) {
        parts[i] = (struct part){.seed = seed,
                                 .begin = (uint32_t)((uint64_t)count * i / total),
                                 .end = (uint32_t)((uint64_t)count * (i + 1) / total),
                                 .images = images,
                                 .labels = labels};
        if (i + 1 < total)
            started[i] = pthread_create(&threads[i], NULL, draw_part, &parts[i]) == 0;
    }
    for (uint32_t i = total; i-- > 0;)
        if (!started[i])
            draw_part(&parts[i]);
    for (uint32_t i = 0; i < total; i++)
        if (started[i])
            pthread_join(threads[i], NULL);
}

enum tuff_status tuff_digit_set_load(const struct tuff_log *log, const struct tuff_dataset_source *source,
                                     enum tuff_split split, const struct tuff_dataset_options *options,
                                     struct tuff_dataset *dataset)
{
    bool train = split == TUFF_SPLIT_TRAIN;
    uint32_t count = train ? options->digits_train : options->digits_test;
    if (count == 0)
        count = train ? TRAIN_COUNT : TEST_COUNT;
    const uint32_t most = (uint32_t)(TUFF_DATASET_MAX_BYTES / IMAGE_BYTES);
    if (count > most)
        return tuff_fail(log, TUFF_ERROR_INVALID, "%s: expected at most %" PRIu32 " samples, found %" PRIu32,
                         source->name, most, count);
    uint8_t *images = malloc((size_t)count * IMAGE_BYTES);
    uint32_t *labels = malloc((size_t)count * sizeof *labels);
    dataset->images = images;
    dataset->labels = labels;
    if (images == NULL || labels == NULL)
        return tuff_fail(log, TUFF_ERROR_MEMORY, "%s: no memory for %" PRIu32 " samples", source->name,
                         count);
    draw_all(train ? TRAIN_SEED : TEST_SEED, count, images, labels);
    dataset->count = count;
    dataset->channels = 1;
    dataset->height = TUFF_DIGITS_SIZE;
    dataset->width = TUFF_DIGITS_SIZE;
    return TUFF_OK;
}
