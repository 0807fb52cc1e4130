// Augmentation as a text, and the op's parameters from it.
#include "tuff/augmentation.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static char last_error[1024];
static int errors;

static void note(void *user, enum tuff_log_level level, const char *message)
{
    (void)user, (void)level;
    errors++;
    snprintf(last_error, sizeof last_error, "%s", message);
}

static const struct tuff_log test_log = {note, NULL, TUFF_LOG_ERROR};

static struct tuff_augmentation parsed(const char *text)
{
    struct tuff_augmentation a;
    tuff_augmentation_default(&a);
    cr_assert_eq(tuff_augmentation_parse(&test_log, text, &a), TUFF_OK, "%s", last_error);
    return a;
}

Test(augmentation, is_off_by_default)
{
    struct tuff_augmentation a;
    struct tuff_gather_augmented_images_params params;
    struct tuff_gather_images_params plain;
    tuff_augmentation_default(&a);
    cr_assert_not(tuff_augmentation_is_on(&a));
    cr_assert_eq(tuff_augmentation_params(&test_log, &a, 0, 1, 1, &params), TUFF_OK, "%s", last_error);
    cr_assert_eq(tuff_augmentation_plain_params(&test_log, &a, &plain), TUFF_OK, "%s", last_error);
    const uint32_t zero = 0;
    for (int c = 0; c < TUFF_MAX_IMAGE_CHANNELS; c++) {
        cr_assert_eq(params.scale[c], 1.0f / 255.0f);
        cr_assert_eq(memcmp(&params.shift[c], &zero, sizeof zero), 0, "not -0");
    }
    cr_assert_arr_eq(params.scale, plain.scale, sizeof plain.scale);
    cr_assert_arr_eq(params.shift, plain.shift, sizeof plain.shift);
}

Test(augmentation, reads_every_change)
{
    struct tuff_augmentation a = parsed("flip,crop=4:reflect,cutout=8,translate=2");
    cr_assert_eq(a.flip_probability, 0.5);
    cr_assert(a.crop_y == 4 && a.crop_x == 4 && a.crop_mode == TUFF_PADDING_REFLECT);
    cr_assert(a.translate_y == 2 && a.translate_x == 2);
    cr_assert_eq(a.cutout, 8);
    cr_assert(tuff_augmentation_is_on(&a));
    a = parsed("crop=3x5:edge,flip=0.3");
    cr_assert_eq(a.flip_probability, 0.3);
    cr_assert(a.crop_y == 3 && a.crop_x == 5 && a.crop_mode == TUFF_PADDING_REPLICATE);
    cr_assert(a.translate_y == 0 && a.translate_x == 0 && a.cutout == 0);
    a = parsed("translate=0x6");
    cr_assert(a.translate_y == 0 && a.translate_x == 6);
    cr_assert(tuff_augmentation_is_on(&a));
    a = parsed("crop=4:zero");
    cr_assert(a.crop_y == 4 && a.crop_mode == TUFF_PADDING_ZEROS);
    cr_assert_eq(parsed("flip=1").flip_probability, 1);
    cr_assert_eq(parsed("flip=.25").flip_probability, 0.25);
    a = parsed("none");
    cr_assert_not(tuff_augmentation_is_on(&a));
}

Test(augmentation, keeps_mean_and_deviation_and_forgets_the_rest)
{
    struct tuff_augmentation a = parsed("flip,cutout=4");
    a.mean[1] = 0.25;
    a.deviation[2] = 0.5;
    cr_assert_eq(tuff_augmentation_parse(&test_log, "crop=2", &a), TUFF_OK);
    cr_assert(a.flip_probability == 0 && a.cutout == 0 && a.crop_y == 2);
    cr_assert(a.mean[1] == 0.25 && a.deviation[2] == 0.5);
}

Test(augmentation, refuses_what_it_does_not_know)
{
    static const struct {
        const char *text, *words;
    } wrong[] = {
        {"crp=4",
         "augmentation 'crp=4': unknown 'crp'; did you mean 'crop'? (there are: flip, crop, translate, "
         "cutout, none)"},
        {"flip,mixup=0.2", "unknown 'mixup' (there are: flip, crop, translate, cutout, none)"},
        {"crop=4:relfect",
         "unknown mode of a crop 'relfect'; did you mean 'reflect'? (there are: zero, reflect, edge)"},
        {"crop=4:", "unknown mode of a crop '' (there are"},
        {"crop", "expected crop=PIXELS or crop=PIXELS:MODE, found 'crop'"},
        {"crop=-1", "expected crop=PIXELS or crop=PIXELS:MODE, found 'crop=-1'"},
        {"crop=4x", "found 'crop=4x'"},
        {"crop=4.5", "found 'crop=4.5'"},
        {"crop=1048576", "found 'crop=1048576'"},
        {"crop=99999999999", "found 'crop=99999999999'"},
        {"flip=1.5", "expected flip, or flip=PROBABILITY from 0 to 1, found 'flip=1.5'"},
        {"flip=", "found 'flip='"},
        {"flip=.", "found 'flip=.'"},
        {"flip=0.1.2", "found 'flip=0.1.2'"},
        {"flip=nan", "found 'flip=nan'"},
        {"translate", "expected translate=PIXELS, found 'translate'"},
        {"translate=2:edge", "found 'translate=2:edge'"},
        {"cutout=8x8", "expected cutout=PIXELS, found 'cutout=8x8'"},
        {"none=1", "expected none without a value, found 'none=1'"},
        {"none,flip", "none goes with nothing else"},
        {"flip,crop=1,flip=0.2", "flip is given twice"},
        {"", "expected names of changes, separated by commas, found ''"},
        {"flip,", "expected names of changes, separated by commas, found ''"},
        {"flip,,crop=1", "expected names of changes, separated by commas, found ''"},
        {NULL, "augmentation: expected a text, found none"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct tuff_augmentation a = parsed("flip=0.25,cutout=3"), before = a;
        errors = 0;
        cr_assert_eq(tuff_augmentation_parse(&test_log, wrong[i].text, &a), TUFF_ERROR_INVALID, "%s",
                     wrong[i].text);
        cr_assert_not_null(strstr(last_error, wrong[i].words), "expected '%s' in: %s", wrong[i].words,
                           last_error);
        cr_assert_eq(errors, 1);
        cr_assert_eq(memcmp(&a, &before, sizeof a), 0, "%s has changed something", wrong[i].text);
    }
    char longest[200] = "flip,";
    memset(longest + 5, 'y', sizeof longest - 6);
    struct tuff_augmentation a = parsed("flip");
    cr_assert_eq(tuff_augmentation_parse(&test_log, longest, &a), TUFF_ERROR_INVALID);
}

Test(augmentation, makes_the_op_s_parameters)
{
    struct tuff_augmentation a = parsed("flip=0.3,crop=4x2:edge,translate=1x3,cutout=8");
    struct tuff_gather_augmented_images_params p;
    a.mean[0] = 0.1307, a.deviation[0] = 0.3081;
    cr_assert_eq(tuff_augmentation_params(&test_log, &a, UINT64_C(0x0123456789abcdef), 28, 20, &p), TUFF_OK,
                 "%s", last_error);
    cr_assert_eq(p.size, sizeof p);
    cr_assert(p.seed_low == 0x89abcdef && p.seed_high == 0x01234567);
    cr_assert_eq(p.flip, 5033165, "%u", p.flip); // 0.3 * 2^24 = 5033164.8
    cr_assert(p.crop_y == 4 && p.crop_x == 2 && p.crop_mode == TUFF_PADDING_REPLICATE);
    cr_assert(p.translate_y == 1 && p.translate_x == 3 && p.cutout == 8);
    for (int byte = 0; byte < 256; byte += 51)
        cr_assert_float_eq((float)byte * p.scale[0] + p.shift[0], (byte / 255.0 - 0.1307) / 0.3081, 1e-6);
    cr_assert(p.scale[1] == 1.0f / 255.0f && p.shift[1] == 0);
    a.flip_probability = 1;
    cr_assert_eq(tuff_augmentation_params(&test_log, &a, 1, 28, 20, &p), TUFF_OK);
    cr_assert_eq(p.flip, TUFF_FLIP_ALWAYS);
}

static void refuse(const struct tuff_augmentation *a, const char *words)
{
    struct tuff_gather_augmented_images_params p;
    errors = 0;
    cr_assert_eq(tuff_augmentation_params(&test_log, a, 1, 20, 28, &p), TUFF_ERROR_INVALID, "%s", words);
    cr_assert_not_null(strstr(last_error, words), "expected '%s' in: %s", words, last_error);
    cr_assert_eq(errors, 1);
}

Test(augmentation, refuses_parameters_that_do_not_fit_the_images)
{
    struct tuff_augmentation a = parsed("crop=20");
    refuse(&a, "augmentation: crop=20x20 reaches beyond images of 20x28, expected at most 19x27");
    a = parsed("translate=0x28");
    refuse(&a, "translate=0x28 reaches beyond images of 20x28");
    a = parsed("cutout=29");
    refuse(&a, "cutout=29 is larger than images of 20x28, expected at most 28");
    a = parsed("none"), a.flip_probability = 1.25;
    refuse(&a, "flip=1.25, expected a probability");
    a.flip_probability = NAN;
    refuse(&a, "expected a probability");
    a = parsed("none"), a.crop_mode = TUFF_PADDING_CIRCULAR;
    refuse(&a, "a crop has no padding mode 3");
    a = parsed("none"), a.deviation[3] = 0;
    refuse(&a, "channel 3 has mean 0 and deviation 0");
    a = parsed("none"), a.deviation[0] = -1;
    refuse(&a, "channel 0");
    a = parsed("none"), a.deviation[0] = NAN;
    refuse(&a, "channel 0");
    a = parsed("none"), a.deviation[0] = 1e-300;
    refuse(&a, "channel 0");
    a = parsed("none"), a.mean[1] = INFINITY;
    refuse(&a, "channel 1");
    // What fits is refused neither here nor by the op's own check.
    a = parsed("crop=19x27:reflect,translate=19x27,cutout=28");
    struct tuff_gather_augmented_images_params p;
    cr_assert_eq(tuff_augmentation_params(&test_log, &a, 1, 20, 28, &p), TUFF_OK, "%s", last_error);
}
