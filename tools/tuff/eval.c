// tuff eval: how good a checkpoint is.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "console.h"
#include "format.h"
#include "metadata.h"
#include "progress.h"
#include "run.h"
#include "setup.h"
#include "tuff/checkpoint.h"

struct eval_settings {
    const char *checkpoint; // file
    const char *which;      // of a run's checkpoints
    const char *model;
    const char *split_name;
    enum tuff_split split;
    uint32_t batch;
    struct data_settings data;
    struct target_settings target;
};

static uint32_t metadata_count(const struct tuff_metadata_list *metadata, const char *key)
{
    const char *text = tuff_metadata_find(metadata, key);
    unsigned long value = text == NULL ? 0 : strtoul(text, NULL, 10);
    return value <= UINT32_MAX ? (uint32_t)value : 0;
}

// What was not given on the command line is what the checkpoint says.
static enum tuff_status settle(struct eval_settings *settings, const struct tuff_metadata_list *metadata)
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

static int show_progress(void *user, const struct tuff_progress *now)
{
    progress_update(user, now);
    return 0;
}

static enum tuff_status evaluate(const struct eval_settings *settings, struct setup *setup)
{
    struct tuff_log log = console_log();
    struct tuff_trainer_options options;
    struct tuff_metrics metrics;
    struct progress progress;
    struct tuff_observer observer = {.progress = show_progress, .user = &progress};
    tuff_trainer_options_default(&options);
    options.batch_size = settings->batch;
    enum tuff_status status = tuff_model_load(&log, settings->model, &setup->model);
    if (status == TUFF_OK)
        status = setup_open_context(setup, &settings->target.plugins);
    if (status == TUFF_OK)
        status = setup_open_target(setup, &settings->target);
    if (status == TUFF_OK)
        status = setup_load_data(&settings->data, settings->split, &setup->test);
    if (status == TUFF_OK)
        status =
            tuff_trainer_create(setup->target, setup->model, NULL, setup->test, &options, &setup->trainer);
    if (status == TUFF_OK)
        status = tuff_checkpoint_load(&log, settings->checkpoint, setup->trainer);
    if (status != TUFF_OK)
        return status;
    if (!console_quiet()) {
        console_print("model   %s, from %s\n", tuff_model_name(setup->model), settings->checkpoint);
        console_print("device  %s: %s\n", tuff_target_backend(setup->target),
                      tuff_target_info(setup->target)->name);
    }
    progress_begin(&progress, settings->split_name);
    status = tuff_trainer_evaluate(setup->trainer, &observer, &metrics);
    progress_end(&progress);
    if (status == TUFF_OK)
        console_print("%s %s: loss %.4f, accuracy %.2f%% (%s of %s images), %s\n", settings->data.name,
                      settings->split_name, metrics.loss,
                      100.0 * (double)metrics.correct / (double)metrics.samples,
                      format_count(metrics.correct).s, format_count(metrics.samples).s,
                      format_seconds(metrics.seconds).s);
    return status;
}

static enum tuff_status run_eval(struct eval_settings *settings, const char *operand)
{
    char path[PATH_MAX];
    struct tuff_metadata_list *metadata;
    const struct tuff_log log = console_log();
    struct setup setup = {.context = NULL};
    enum tuff_status status = run_find_checkpoint(operand, settings->which, path);
    if (status != TUFF_OK)
        return status;
    settings->checkpoint = path;
    status = tuff_metadata_read(&log, path, &metadata);
    if (status == TUFF_OK)
        status = settle(settings, metadata);
    if (status == TUFF_OK)
        status = evaluate(settings, &setup);
    setup_close(&setup);
    tuff_metadata_destroy(&metadata);
    return status;
}

int command_eval(int argc, char **argv)
{
    struct eval_settings settings = {
        .which = "last", .split_name = "test", .batch = 16, .target.backend = "auto", .data.name = NULL};
    struct verbosity verbosity = {.quiet = false};
    const struct option options[] = {
        {"checkpoint", 'c', OPTION_TEXT, &settings.which, "NAME", "of a run's folder: last or best"},
        {"model", 'm', OPTION_TEXT, &settings.model, "MODEL", "model, if the checkpoint does not say which"},
        {"data", 'D', OPTION_TEXT, &settings.data.name, "NAME", "mnist or digits; the one trained on"},
        {"data-dir", '\0', OPTION_TEXT, &settings.data.folder, "DIR", "folder of the data set's files"},
        {"split", 's', OPTION_TEXT, &settings.split_name, "NAME", "test or train"},
        {"batch", 'n', OPTION_COUNT, &settings.batch, "N", "samples per step"},
        {"digits-train", '\0', OPTION_COUNT, &settings.data.digits_train, "N", "training images to draw"},
        {"digits-test", '\0', OPTION_COUNT, &settings.data.digits_test, "N", "test images to draw"},
        TARGET_OPTIONS(settings.target),
        VERBOSITY_OPTIONS(verbosity),
    };
    const struct usage usage = {
        .command = "eval",
        .operand = "CHECKPOINT",
        .purpose = "Evaluates a checkpoint: mean loss and accuracy over a data set. CHECKPOINT is\n"
                   "a safetensors file or the folder of a run. Model and data set are those it\n"
                   "was trained with, unless named.\n",
        .examples = "  tuff eval runs/lenet-mnist-digits-2025-01-31-1\n"
                    "  tuff eval lenet.safetensors --model lenet-mnist --data mnist --split train\n",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    const char *operand;
    enum options_result parsed = options_parse(&usage, argc, argv, &operand);
    if (parsed != OPTIONS_READY)
        return parsed == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    if (strcmp(settings.split_name, "train") == 0) {
        settings.split = TUFF_SPLIT_TRAIN;
    } else if (strcmp(settings.split_name, "test") == 0) {
        settings.split = TUFF_SPLIT_TEST;
    } else {
        console_error("eval: --split: expected 'test' or 'train', found '%s'", settings.split_name);
        return EXIT_USAGE;
    }
    console_setup(verbosity.verbose, verbosity.quiet);
    return console_exit_status(run_eval(&settings, operand));
}
