#include "normalization.h"

#include <stdio.h>

#include "tuff/statistics.h"

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
