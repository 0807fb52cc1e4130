#include "evaluation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "console.h"
#include "metadata.h"
#include "progress.h"
#include "run.h"

// The checkpoint in a run's folder that stands for the run.
static const char run_checkpoint[] = RUN_CHECKPOINT;

enum tuff_status evaluation_find_checkpoint(const char *operand, char path[PATH_MAX])
{
    struct stat info;
    if (stat(operand, &info) != 0) {
        console_error("cannot read '%s': %s", operand, strerror(errno));
        return TUFF_ERROR_NOT_FOUND;
    }
    bool folder = S_ISDIR(info.st_mode);
    int length = snprintf(path, PATH_MAX, "%s%s%s", operand, folder ? "/" : "", folder ? run_checkpoint : "");
    if (length < 0 || length >= PATH_MAX) {
        console_error("'%s': the path is too long", operand);
        return TUFF_ERROR_INVALID;
    }
    if (folder && stat(path, &info) != 0) {
        console_error("'%s' holds no %s; one is written at the end of each epoch", operand, run_checkpoint);
        return TUFF_ERROR_NOT_FOUND;
    }
    return TUFF_OK;
}

bool evaluation_split(const char *command, const char *split_name, enum tuff_split *split)
{
    *split = strcmp(split_name, "train") == 0 ? TUFF_SPLIT_TRAIN : TUFF_SPLIT_TEST;
    if (*split == TUFF_SPLIT_TRAIN || strcmp(split_name, "test") == 0)
        return true;
    console_error("%s: --split: expected 'test' or 'train', found '%s'", command, split_name);
    return false;
}

static uint32_t metadata_count(const struct tuff_metadata_list *metadata, const char *key)
{
    const char *text = tuff_metadata_find(metadata, key);
    unsigned long value = text == NULL ? 0 : strtoul(text, NULL, 10);
    return value <= UINT32_MAX ? (uint32_t)value : 0;
}

// What was not given on the command line is what the checkpoint says.
static enum tuff_status settle(struct evaluation_settings *settings,
                               const struct tuff_metadata_list *metadata)
{
    if (settings->model == NULL)
        settings->model = tuff_metadata_find(metadata, METADATA_MODEL);
    if (settings->data.name == NULL)
        settings->data.name = tuff_metadata_find(metadata, METADATA_DATA);
    if (settings->data.digits_train == 0)
        settings->data.digits_train = metadata_count(metadata, METADATA_DIGITS_TRAIN);
    if (settings->data.digits_test == 0)
        settings->data.digits_test = metadata_count(metadata, METADATA_DIGITS_TEST);
    if (settings->model == NULL || settings->data.name == NULL) {
        const char *option = settings->model == NULL ? "model" : "data";
        console_error("%s: does not say which %s it belongs to; name it with --%s", settings->checkpoint,
                      settings->model == NULL ? "model" : "data set", option);
        return TUFF_ERROR_INVALID;
    }
    return TUFF_OK;
}

enum tuff_status evaluation_open(struct evaluation_settings *settings, const char *operand,
                                 struct evaluation *evaluation)
{
    struct tuff_log log = console_log();
    struct setup *setup = &evaluation->setup;
    enum tuff_split split;
    *evaluation = (struct evaluation){.classes = 0};
    if (!evaluation_split(settings->command, settings->split_name, &split))
        return TUFF_ERROR_INVALID;
    enum tuff_status status = evaluation_find_checkpoint(operand, settings->checkpoint);
    if (status == TUFF_OK)
        status = tuff_metadata_read(&log, settings->checkpoint, &evaluation->metadata);
    if (status == TUFF_OK)
        status = settle(settings, evaluation->metadata);
    if (status == TUFF_OK)
        status = tuff_model_load(&log, settings->model, &setup->model);
    if (status == TUFF_OK)
        status = setup_open_context(setup, &settings->target.plugins);
    if (status == TUFF_OK)
        status = setup_open_target(setup, &settings->target);
    if (status == TUFF_OK)
        status = setup_load_data(&settings->data, split, &setup->test);
    return status;
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
    struct progress progress;
    struct tuff_observer observer = {.progress = show_progress, .user = &progress};
    tuff_trainer_options_default(&options);
    options.batch_size = settings->batch;
    options.keep_outputs = 1;
    enum tuff_status status =
        tuff_trainer_create(setup->target, setup->model, NULL, set, &options, &setup->trainer);
    if (status == TUFF_OK)
        status = tuff_checkpoint_load(&log, settings->checkpoint, setup->trainer);
    if (status != TUFF_OK)
        return status;
    evaluation->classes = set->classes;
    evaluation->logits = calloc((size_t)set->count * set->classes, sizeof *evaluation->logits);
    if (evaluation->logits == NULL) {
        console_error("out of memory");
        return TUFF_ERROR_MEMORY;
    }
    announce(settings, evaluation);
    progress_begin(&progress, settings->split_name);
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
