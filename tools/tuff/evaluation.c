#include "evaluation.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "data/normalization.h"
#include "metadata.h"
#include "names.h"
#include "progress.h"

enum { NAME_COLUMNS = 40 }; // of a class, in a message

const char *const evaluation_splits[2] = {[TUFF_SPLIT_TRAIN] = "train", [TUFF_SPLIT_TEST] = "test"};

static uint32_t metadata_count(const struct tuff_metadata_list *metadata, const char *key)
{
    const char *text = tuff_metadata_find(metadata, key);
    unsigned long value = text == NULL ? 0 : strtoul(text, NULL, 10);
    return value <= UINT32_MAX ? (uint32_t)value : 0;
}

static double metadata_fraction(const struct tuff_metadata_list *metadata)
{
    const char *text = tuff_metadata_find(metadata, METADATA_FRACTION);
    double value = text == NULL ? 0 : strtod(text, NULL);
    return value > 0 && value < 1 ? value : 0;
}

// What was not given on the command line is what the checkpoint says.
static enum tuff_status settle(struct evaluation_settings *settings,
                               const struct tuff_metadata_list *metadata)
{
    if (settings->model == NULL)
        settings->model = tuff_metadata_find(metadata, METADATA_MODEL);
    if (settings->data.name == NULL) {
        settings->data.name = tuff_metadata_find(metadata, METADATA_DATA);
        if (metadata_count(metadata, METADATA_SKIP_BROKEN) == 1)
            settings->data.skip_broken = true;
    }
    if (settings->data.digits_train == 0)
        settings->data.digits_train = metadata_count(metadata, METADATA_DIGITS_TRAIN);
    if (settings->data.digits_test == 0)
        settings->data.digits_test = metadata_count(metadata, METADATA_DIGITS_TEST);
    // The same division, or what was trained on would be taken for test images; but another set may have a
    // split of its own.
    if (isnan(settings->data.test_fraction)) {
        const double trained = metadata_fraction(metadata);
        settings->data.test_fraction = 0;
        if (!setup_has_data(&settings->data, TUFF_SPLIT_TEST))
            settings->data.test_fraction = trained;
    }
    if (settings->model != NULL)
        return TUFF_OK;
    console_error("%s: does not say which model it belongs to; name it with --model", settings->checkpoint);
    return TUFF_ERROR_INVALID;
}

enum tuff_status evaluation_open_model(struct evaluation_settings *settings, const char *operand,
                                       struct evaluation *evaluation)
{
    struct tuff_log log = console_log();
    struct setup *setup = &evaluation->setup;
    *evaluation = (struct evaluation){.classes = 0};
    enum tuff_status status =
        run_find_checkpoint(operand, (enum run_which)settings->which.chosen, settings->checkpoint);
    if (status == TUFF_OK)
        status = tuff_metadata_read(&log, settings->checkpoint, &evaluation->metadata);
    if (status == TUFF_OK)
        status = settle(settings, evaluation->metadata);
    if (status == TUFF_OK)
        status = tuff_model_load(&log, settings->model, &setup->model);
    if (status == TUFF_OK)
        tuff_model_input(setup->model, settings->data.input);
    if (status == TUFF_OK)
        status = setup_open_context(setup, &settings->target.plugins);
    if (status == TUFF_OK)
        status = setup_open_target(setup, &settings->target);
    return status;
}

enum tuff_status evaluation_load_data(const struct evaluation_settings *settings,
                                      struct evaluation *evaluation)
{
    if (settings->data.name != NULL)
        return setup_load_data(&settings->data, (enum tuff_split)settings->split.chosen,
                               &evaluation->setup.test);
    console_error("%s: does not say which data set it belongs to; name it with --data", settings->checkpoint);
    return TUFF_ERROR_INVALID;
}

enum tuff_status evaluation_open(struct evaluation_settings *settings, const char *operand,
                                 struct evaluation *evaluation)
{
    enum tuff_status status = evaluation_open_model(settings, operand, evaluation);
    return status == TUFF_OK ? evaluation_load_data(settings, evaluation) : status;
}

bool evaluation_normalization(const struct tuff_metadata_list *metadata, const char *checkpoint,
                              uint32_t channels, struct tuff_augmentation *augmentation)
{
    const char *text = tuff_metadata_find(metadata, METADATA_NORMALIZE);
    struct tuff_log log = console_log();
    tuff_augmentation_default(augmentation);
    return text == NULL || tuff_normalization_read(&log, checkpoint, text, channels, augmentation) == TUFF_OK;
}

static bool is_named(const char *name, size_t length, const char *other)
{
    return strlen(other) == length && memcmp(name, other, length) == 0;
}

// Whoever judges by other names, or by the same in another order, judges something else. Folders of IDX files
// have numbers for names.
static void compare_classes(const struct evaluation_settings *settings, const struct evaluation *evaluation,
                            const struct tuff_dataset *set)
{
    const char *trained = tuff_metadata_find(evaluation->metadata, METADATA_CLASSES);
    const char *trained_on = tuff_metadata_find(evaluation->metadata, METADATA_DATA);
    const bool was_folder = trained_on != NULL && setup_data_is_folder(trained_on);
    const bool is_folder = settings->data.name != NULL && setup_data_is_folder(settings->data.name);
    for (uint32_t c = 0; c < set->classes && trained != NULL && *trained != '\0'; c++) {
        const size_t length = strcspn(trained, "\n");
        char number[16];
        snprintf(number, sizeof number, "%" PRIu32, c);
        if (!is_named(trained, length, set->class_names[c]) &&
            !(was_folder && is_named(trained, length, number)) &&
            !(is_folder && strcmp(set->class_names[c], number) == 0)) {
            char text[256];
            const char *const was = text;
            snprintf(text, sizeof text, "%.*s", (int)(length < sizeof text ? length : sizeof text - 1),
                     trained);
            console_warning("%s was trained with other classes: class %" PRIu32 " was '%s', and is '%s' here",
                            settings->checkpoint, c, name_shown(&was, 0, NAME_COLUMNS).s,
                            name_shown(set->class_names, c, NAME_COLUMNS).s);
            return;
        }
        trained += length + (trained[length] == '\n');
    }
}

// Model and device.
static void announce(const struct evaluation_settings *settings, const struct evaluation *evaluation)
{
    if (settings->silent || console_quiet())
        return;
    console_print("model   %s, from %s\n", tuff_model_name(evaluation->setup.model), settings->checkpoint);
    console_print("device  %s: %s\n", tuff_target_backend(evaluation->setup.target),
                  tuff_target_info(evaluation->setup.target)->name);
}

static int show_progress(void *user, const struct tuff_progress *now)
{
    progress_update(user, now);
    return 0;
}

enum tuff_status evaluation_run(const struct evaluation_settings *settings, struct evaluation *evaluation,
                                const struct tuff_dataset *set)
{
    struct tuff_log log = console_log();
    struct setup *setup = &evaluation->setup;
    struct tuff_trainer_options options;
    struct tuff_augmentation augmentation;
    struct progress progress;
    struct tuff_observer observer = {.progress = show_progress, .user = &progress};
    tuff_trainer_options_default(&options);
    options.batch_size = settings->batch;
    options.keep_outputs = 1;
    options.flip_average = settings->flip;
    if (!evaluation_normalization(evaluation->metadata, settings->checkpoint, set->channels, &augmentation))
        return TUFF_ERROR_FORMAT;
    options.augmentation = &augmentation;
    enum tuff_status status =
        tuff_trainer_create(setup->target, setup->model, NULL, set, &options, &setup->trainer);
    if (status == TUFF_OK)
        status = tuff_checkpoint_load(&log, settings->checkpoint, setup->trainer);
    if (status != TUFF_OK)
        return status;
    compare_classes(settings, evaluation, set);
    evaluation->classes = set->classes;
    evaluation->logits = calloc((size_t)set->count * set->classes, sizeof *evaluation->logits);
    if (evaluation->logits == NULL) {
        console_error("out of memory");
        return TUFF_ERROR_MEMORY;
    }
    announce(settings, evaluation);
    progress_begin(&progress, evaluation_split_name(settings));
    status = tuff_trainer_outputs(setup->trainer, &observer, &evaluation->metrics, evaluation->logits);
    progress_end(&progress);
    return status;
}

void evaluation_close(struct evaluation *evaluation)
{
    free(evaluation->logits);
    setup_close(&evaluation->setup);
    tuff_metadata_destroy(&evaluation->metadata);
}
