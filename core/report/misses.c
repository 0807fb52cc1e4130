#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "outputs.h"

// The most confident first; NaN, where there was no guess, at the end.
static int compare_misses(const void *first, const void *second)
{
    const struct tuff_miss *a = first, *b = second;
    if (isnan(a->confidence) != isnan(b->confidence))
        return isnan(a->confidence) ? 1 : -1;
    if (a->confidence != b->confidence && !isnan(a->confidence))
        return a->confidence > b->confidence ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

enum tuff_status tuff_misses_create(const struct tuff_log *log, const float *logits, const uint32_t *labels,
                                    uint32_t count, uint32_t classes, struct tuff_misses **misses)
{
    *misses = NULL;
    enum tuff_status status = tuff_outputs_check(log, labels, count, classes);
    if (status != TUFF_OK)
        return status;
    uint32_t missed = 0;
    for (uint32_t n = 0; n < count; n++)
        missed += tuff_guess(logits + (size_t)n * classes, classes) != labels[n];
    struct tuff_misses *made = calloc(1, sizeof *made);
    if (made != NULL)
        made->items = calloc(missed == 0 ? 1 : missed, sizeof *made->items);
    if (made == NULL || made->items == NULL) {
        tuff_misses_destroy(&made);
        return tuff_fail(log, TUFF_ERROR_MEMORY, "%" PRIu32 " misses: out of memory", missed);
    }
    made->size = sizeof *made;
    for (uint32_t n = 0; n < count; n++) {
        const float *row = logits + (size_t)n * classes;
        uint32_t guess = tuff_guess(row, classes);
        if (guess == labels[n])
            continue;
        made->items[made->count++] = (struct tuff_miss){
            .index = n,
            .label = labels[n],
            .guess = guess,
            .confidence = guess == TUFF_NO_GUESS ? NAN : tuff_probability(row, classes, guess),
            .label_probability = tuff_probability(row, classes, labels[n]),
        };
    }
    qsort(made->items, made->count, sizeof *made->items, compare_misses);
    *misses = made;
    return TUFF_OK;
}

void tuff_misses_destroy(struct tuff_misses **misses)
{
    if (misses == NULL || *misses == NULL)
        return;
    free((*misses)->items);
    free(*misses);
    *misses = NULL;
}
