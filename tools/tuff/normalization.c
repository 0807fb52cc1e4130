#include "normalization.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "tuff/statistics.h"

// One list of `channels` numbers that ends in `end`; what follows it, or NULL.
static const char *read_list(const char *text, uint32_t channels, char end, double *values)
{
    for (uint32_t c = 0; c < channels; c++) {
        char *rest;
        if (text[0] == '\0' || strchr("0123456789.-+", text[0]) == NULL)
            return NULL;
        values[c] = strtod(text, &rest);
        if (rest == text || !isfinite(values[c]) || *rest != (c + 1 == channels ? end : ','))
            return NULL;
        text = *rest == '\0' ? rest : rest + 1;
    }
    return text;
}

bool normalization_read(const char *where, const char *text, uint32_t channels,
                        struct tuff_augmentation *augmentation)
{
    double mean[TUFF_MAX_IMAGE_CHANNELS], deviation[TUFF_MAX_IMAGE_CHANNELS];
    const char *rest = channels > TUFF_MAX_IMAGE_CHANNELS ? NULL : read_list(text, channels, '/', mean);
    if (rest != NULL)
        rest = read_list(rest, channels, '\0', deviation);
    for (uint32_t c = 0; rest != NULL && c < channels; c++)
        if (!(deviation[c] > 0))
            rest = NULL;
    if (rest == NULL) {
        console_error("%s: expected auto, or MEAN/DEVIATION with %u number%s each, separated by commas, the "
                      "deviations above 0; found '%s'",
                      where, channels, channels == 1 ? "" : "s", text);
        return false;
    }
    memcpy(augmentation->mean, mean, channels * sizeof *mean);
    memcpy(augmentation->deviation, deviation, channels * sizeof *deviation);
    return true;
}

void normalization_measure(const struct tuff_dataset *set, struct tuff_augmentation *augmentation)
{
    tuff_dataset_statistics(set, augmentation->mean, augmentation->deviation);
    for (uint32_t c = 0; c < set->channels; c++)
        if (!(augmentation->deviation[c] > 0))
            augmentation->deviation[c] = 1;
}

struct normalization_text normalization_write(uint32_t channels, const struct tuff_augmentation *augmentation)
{
    struct normalization_text text = {""};
    size_t used = 0;
    const double *const lists[] = {augmentation->mean, augmentation->deviation};
    for (int i = 0; i < 2; i++)
        for (uint32_t c = 0; c < channels && used < sizeof text.s; c++)
            used += (size_t)snprintf(text.s + used, sizeof text.s - used, "%s%.17g",
                                     c != 0   ? ","
                                     : i == 0 ? ""
                                              : "/",
                                     lists[i][c]);
    return text;
}
