#include "normalization.h"

#include <stdbool.h>
#include <string.h>

#include "base/decimal.h"

// One list of `channels` numbers that ends in `end`; what follows it, or NULL.
static const char *read_list(const char *text, uint32_t channels, char end, double *values)
{
    for (uint32_t c = 0; c < channels; c++) {
        const size_t length = strcspn(text, ",/");
        if (!tuff_decimal_read(text, length, &values[c]) || text[length] != (c + 1 == channels ? end : ','))
            return NULL;
        text += length + (text[length] != '\0');
    }
    return text;
}

enum tuff_status tuff_normalization_read(const struct tuff_log *log, const char *where, const char *text,
                                         uint32_t channels, struct tuff_augmentation *augmentation)
{
    double mean[TUFF_MAX_IMAGE_CHANNELS], deviation[TUFF_MAX_IMAGE_CHANNELS];
    const char *rest = channels > TUFF_MAX_IMAGE_CHANNELS ? NULL : read_list(text, channels, '/', mean);
    if (rest != NULL)
        rest = read_list(rest, channels, '\0', deviation);
    for (uint32_t c = 0; rest != NULL && c < channels; c++)
        if (!(deviation[c] > 0))
            rest = NULL;
    if (rest == NULL)
        return tuff_fail(
            log, TUFF_ERROR_INVALID,
            "%s: expected auto, or MEAN/DEVIATION with %u number%s each, separated by commas, the "
            "deviations above 0; found '%s'",
            where, channels, channels == 1 ? "" : "s", text);
    memcpy(augmentation->mean, mean, channels * sizeof *mean);
    memcpy(augmentation->deviation, deviation, channels * sizeof *deviation);
    return TUFF_OK;
}
