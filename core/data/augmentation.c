#include "tuff/augmentation.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"

enum item { ITEM_FLIP, ITEM_CROP, ITEM_TRANSLATE, ITEM_CUTOUT, ITEM_NONE, ITEM_COUNT };

static const char *const item_names[ITEM_COUNT] = {"flip", "crop", "translate", "cutout", "none"};
static const char item_list[] = "there are: flip, crop, translate, cutout, none";

enum { MODE_COUNT = 3 };

static const char *const mode_names[MODE_COUNT] = {"zero", "reflect", "edge"};
static const enum tuff_padding_mode modes[MODE_COUNT] = {TUFF_PADDING_ZEROS, TUFF_PADDING_REFLECT,
                                                         TUFF_PADDING_REPLICATE};

enum { WORD_BYTES = 64, MOST_DIGITS = 9 };

void tuff_augmentation_default(struct tuff_augmentation *augmentation)
{
    *augmentation = (struct tuff_augmentation){.size = sizeof *augmentation, .crop_mode = TUFF_PADDING_ZEROS};
    for (int c = 0; c < TUFF_MAX_IMAGE_CHANNELS; c++)
        augmentation->deviation[c] = 1;
}

// -- Text. Each read_* function takes what it understands from *text on.

// Digits, and a fraction if `fraction`: not strtod, whose decimal point is the locale's.
static bool read_number(const char **text, bool fraction, double *value)
{
    const char *at = *text;
    int digits = 0;
    double scale = 1;
    *value = 0;
    for (bool after_point = false; (*at >= '0' && *at <= '9') || (fraction && !after_point && *at == '.');
         at++) {
        if (*at == '.') {
            after_point = true;
            continue;
        }
        if (++digits > MOST_DIGITS)
            return false;
        *value = *value * 10 + (*at - '0');
        scale *= after_point ? 10 : 1;
    }
    *value /= scale;
    *text = at;
    return digits > 0;
}

static bool read_pixels(const char **text, uint32_t *pixels)
{
    double value;
    if (!read_number(text, false, &value) || value >= TUFF_MAX_AUGMENTED_SIDE)
        return false;
    *pixels = (uint32_t)value;
    return true;
}

// "4" for both, or "4x2".
static bool read_reach(const char **text, uint32_t *y, uint32_t *x)
{
    if (!read_pixels(text, y))
        return false;
    *x = *y;
    if (**text != 'x')
        return true;
    ++*text;
    return read_pixels(text, x);
}

static size_t find_word(const char *word, const char *const *words, size_t count)
{
    size_t i = 0;
    while (i < count && strcmp(word, words[i]) != 0)
        i++;
    return i;
}

static enum tuff_status unknown(const struct tuff_log *log, const char *text, const char *what,
                                const char *word, const char *const *words, size_t count, const char *list)
{
    const char *nearest = tuff_suggest(word, words, count);
    if (nearest != NULL)
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "augmentation '%s': unknown %s'%s'; did you mean '%s'? (%s)", text, what, word,
                         nearest, list);
    return tuff_fail(log, TUFF_ERROR_INVALID, "augmentation '%s': unknown %s'%s' (%s)", text, what, word,
                     list);
}

static enum tuff_status bad_value(const struct tuff_log *log, const char *text, const char *word,
                                  const char *expected)
{
    return tuff_fail(log, TUFF_ERROR_INVALID, "augmentation '%s': expected %s, found '%s'", text, expected,
                     word);
}

static enum tuff_status read_crop(const struct tuff_log *log, const char *text, const char *word,
                                  const char *value, struct tuff_augmentation *a)
{
    if (value == NULL || !read_reach(&value, &a->crop_y, &a->crop_x) || (*value != ':' && *value != '\0'))
        return bad_value(log, text, word, "crop=PIXELS or crop=PIXELS:MODE");
    if (*value == '\0')
        return TUFF_OK;
    const size_t mode = find_word(value + 1, mode_names, MODE_COUNT);
    if (mode == MODE_COUNT)
        return unknown(log, text, "mode of a crop ", value + 1, mode_names, MODE_COUNT,
                       "there are: zero, reflect, edge");
    a->crop_mode = modes[mode];
    return TUFF_OK;
}

// word: the whole item, for messages. value: what follows its name and '='; NULL: nothing does.
static enum tuff_status read_item(const struct tuff_log *log, const char *text, enum item item,
                                  const char *word, const char *value, struct tuff_augmentation *a)
{
    switch (item) {
    case ITEM_FLIP:
        a->flip_probability = 0.5;
        if (value != NULL &&
            (!read_number(&value, true, &a->flip_probability) || *value != '\0' || a->flip_probability > 1))
            return bad_value(log, text, word, "flip, or flip=PROBABILITY from 0 to 1");
        return TUFF_OK;
    case ITEM_CROP:
        return read_crop(log, text, word, value, a);
    case ITEM_TRANSLATE:
        if (value == NULL || !read_reach(&value, &a->translate_y, &a->translate_x) || *value != '\0')
            return bad_value(log, text, word, "translate=PIXELS");
        return TUFF_OK;
    case ITEM_CUTOUT:
        if (value == NULL || !read_pixels(&value, &a->cutout) || *value != '\0')
            return bad_value(log, text, word, "cutout=PIXELS");
        return TUFF_OK;
    default:
        return value == NULL ? TUFF_OK : bad_value(log, text, word, "none without a value");
    }
}

enum tuff_status tuff_augmentation_parse(const struct tuff_log *log, const char *text,
                                         struct tuff_augmentation *augmentation)
{
    struct tuff_augmentation read;
    bool seen[ITEM_COUNT] = {false};
    size_t count = 0;
    tuff_augmentation_default(&read);
    if (text == NULL)
        return tuff_fail(log, TUFF_ERROR_INVALID, "augmentation: expected a text, found none");
    for (const char *at = text, *end; at != NULL; at = *end == ',' ? end + 1 : NULL, count++) {
        end = at + strcspn(at, ",");
        char word[WORD_BYTES], name[WORD_BYTES];
        snprintf(word, sizeof word, "%.*s", (int)(end - at), at);
        if (end - at >= WORD_BYTES || end == at)
            return bad_value(log, text, word, "names of changes, separated by commas");
        snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
        const char *value = strchr(word, '=') != NULL ? strchr(word, '=') + 1 : NULL;
        const enum item item = (enum item)find_word(name, item_names, ITEM_COUNT);
        if (item == ITEM_COUNT)
            return unknown(log, text, "", name, item_names, ITEM_COUNT, item_list);
        if (seen[item])
            return tuff_fail(log, TUFF_ERROR_INVALID, "augmentation '%s': %s is given twice", text, name);
        seen[item] = true;
        enum tuff_status status = read_item(log, text, item, word, value, &read);
        if (status != TUFF_OK)
            return status;
    }
    if (seen[ITEM_NONE] && count > 1)
        return tuff_fail(log, TUFF_ERROR_INVALID, "augmentation '%s': none goes with nothing else", text);
    memcpy(read.mean, augmentation->mean, sizeof read.mean);
    memcpy(read.deviation, augmentation->deviation, sizeof read.deviation);
    *augmentation = read;
    return TUFF_OK;
}

// -- Parameters.

int tuff_augmentation_is_on(const struct tuff_augmentation *a)
{
    return a->flip_probability > 0 || a->crop_y > 0 || a->crop_x > 0 || a->translate_y > 0 ||
           a->translate_x > 0 || a->cutout > 0;
}

// pixel = byte * scale + shift
static enum tuff_status normalization(const struct tuff_log *log, const struct tuff_augmentation *a,
                                      float scale[TUFF_MAX_IMAGE_CHANNELS],
                                      float shift[TUFF_MAX_IMAGE_CHANNELS])
{
    for (int c = 0; c < TUFF_MAX_IMAGE_CHANNELS; c++) {
        scale[c] = (float)(1 / (255 * a->deviation[c]));
        shift[c] = (float)(0 - a->mean[c] / a->deviation[c]); // 0 for a mean of 0, not -0
        if (!(a->deviation[c] > 0) || !isnormal(scale[c]) || !isfinite(shift[c]))
            return tuff_fail(
                log, TUFF_ERROR_INVALID,
                "augmentation: channel %d has mean %g and deviation %g, expected finite numbers and a "
                "deviation above 0",
                c, a->mean[c], a->deviation[c]);
    }
    return TUFF_OK;
}

static enum tuff_status check_reach(const struct tuff_log *log, const char *what, uint32_t y, uint32_t x,
                                    uint32_t height, uint32_t width)
{
    if (y < height && x < width)
        return TUFF_OK;
    return tuff_fail(log, TUFF_ERROR_INVALID,
                     "augmentation: %s=%ux%u reaches beyond images of %ux%u, expected at most %ux%u", what, y,
                     x, height, width, height - 1, width - 1);
}

static enum tuff_status check(const struct tuff_log *log, const struct tuff_augmentation *a, uint32_t height,
                              uint32_t width)
{
    if (!(a->flip_probability >= 0 && a->flip_probability <= 1))
        return tuff_fail(log, TUFF_ERROR_INVALID, "augmentation: flip=%g, expected a probability from 0 to 1",
                         a->flip_probability);
    if (a->crop_mode != TUFF_PADDING_ZEROS && a->crop_mode != TUFF_PADDING_REFLECT &&
        a->crop_mode != TUFF_PADDING_REPLICATE)
        return tuff_fail(log, TUFF_ERROR_INVALID, "augmentation: a crop has no padding mode %d",
                         (int)a->crop_mode);
    enum tuff_status status = check_reach(log, "crop", a->crop_y, a->crop_x, height, width);
    if (status == TUFF_OK)
        status = check_reach(log, "translate", a->translate_y, a->translate_x, height, width);
    const uint32_t longer = height > width ? height : width;
    if (status == TUFF_OK && a->cutout > longer)
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "augmentation: cutout=%u is larger than images of %ux%u, expected at most %u",
                         a->cutout, height, width, longer);
    return status;
}

enum tuff_status tuff_augmentation_params(const struct tuff_log *log, const struct tuff_augmentation *a,
                                          uint64_t seed, uint32_t height, uint32_t width,
                                          struct tuff_gather_augmented_images_params *params)
{
    enum tuff_status status = check(log, a, height, width);
    if (status != TUFF_OK)
        return status;
    *params = (struct tuff_gather_augmented_images_params){
        .size = sizeof *params,
        .seed_low = (uint32_t)seed,
        .seed_high = (uint32_t)(seed >> 32),
        // The numbers of 24 bits that are below the probability, as tuff_random_uniform has them.
        .flip = (uint32_t)ceil(a->flip_probability * TUFF_FLIP_ALWAYS),
        .crop_mode = (uint32_t)a->crop_mode,
        .crop_y = a->crop_y,
        .crop_x = a->crop_x,
        .translate_y = a->translate_y,
        .translate_x = a->translate_x,
        .cutout = a->cutout,
    };
    return normalization(log, a, params->scale, params->shift);
}

enum tuff_status tuff_augmentation_plain_params(const struct tuff_log *log, const struct tuff_augmentation *a,
                                                struct tuff_gather_images_params *params)
{
    *params = (struct tuff_gather_images_params){.size = sizeof *params};
    return normalization(log, a, params->scale, params->shift);
}
