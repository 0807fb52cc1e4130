// tuff train: trains a model, and leaves a run's folder.
#include "train.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "console.h"
#include "format.h"
#include "interrupt.h"
#include "progress.h"
#include "train_loop.h"

enum { EPOCHS = 10 };

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

// A model file goes by its absolute path, so that the checkpoint can be evaluated from any folder.
static enum tuff_status find_model_source(struct train_settings *settings)
{
    const char *name = settings->model;
    bool file = strchr(name, '/') != NULL || ends_with(name, ".yaml") || ends_with(name, ".yml");
    settings->model_source = file ? realpath(name, NULL) : strdup(name);
    if (settings->model_source != NULL)
        return TUFF_OK;
    console_error("cannot read '%s': %s", name, strerror(errno));
    return TUFF_ERROR_IO;
}

// So does a folder of data.
static enum tuff_status find_data_source(struct train_settings *settings)
{
    if (!setup_data_is_folder(settings->data.name))
        return TUFF_OK;
    settings->data_source = realpath(settings->data.name, NULL);
    if (settings->data_source == NULL) {
        console_error("cannot read '%s': %s", settings->data.name, strerror(errno));
        return TUFF_ERROR_IO;
    }
    settings->data.name = settings->data_source;
    return TUFF_OK;
}

// Opens and checks all that the training needs; nothing is written.
static enum tuff_status prepare(struct train_settings *settings, struct setup *setup)
{
    struct tuff_log log = console_log();
    enum tuff_status status = run_check(settings->out, settings->force);
    if (status == TUFF_OK)
        status = tuff_model_load(&log, settings->model, &setup->model);
    if (status == TUFF_OK)
        status = find_model_source(settings);
    if (status == TUFF_OK)
        status = setup_open_context(setup, &settings->target.plugins);
    if (status == TUFF_OK)
        status = setup_open_target(setup, &settings->target);
    if (status == TUFF_OK)
        tuff_model_input(setup->model, settings->data.input);
    if (status == TUFF_OK)
        status = setup_find_data(&settings->data, TUFF_SPLIT_TRAIN);
    if (status == TUFF_OK && settings->steps == 0)
        status = setup_find_data(&settings->data, TUFF_SPLIT_TEST);
    if (status == TUFF_OK)
        status = setup_load_data(&settings->data, TUFF_SPLIT_TRAIN, &setup->train);
    // Some steps for comparing backends are about the training alone.
    if (status == TUFF_OK && settings->steps == 0)
        status = setup_load_data(&settings->data, TUFF_SPLIT_TEST, &setup->test);
    if (status == TUFF_OK)
        status = find_data_source(settings);
    if (status == TUFF_OK)
        status = tuff_trainer_create(setup->target, setup->model, setup->train, setup->test,
                                     &settings->trainer, &setup->trainer);
    if (status != TUFF_OK)
        return status;
    uint32_t steps = tuff_trainer_steps_per_epoch(setup->trainer);
    if (settings->steps > steps) {
        console_error("--steps: expected at most the %" PRIu32 " steps of an epoch, found %" PRIu32, steps,
                      settings->steps);
        return TUFF_ERROR_INVALID;
    }
    return TUFF_OK;
}

static void print_header(const struct setup *setup)
{
    const struct tuff_dataset *train = setup->train;
    const struct tuff_device_info *device = tuff_target_info(setup->target);
    const uint32_t shape[3] = {train->channels, train->height, train->width};
    struct tuff_memory_plan memory;
    if (console_quiet())
        return;
    console_print("model   %s, %s parameters\n", tuff_model_name(setup->model),
                  format_count(tuff_model_parameter_elements(setup->model)).s);
    console_print("data    %s, %s training", train->name, format_count(train->count).s);
    if (setup->test != NULL)
        console_print(" and %s test", format_count(setup->test->count).s);
    console_print(" images %s\n", format_shape(3, shape).s);
    console_print("device  %s: %s\n", tuff_target_backend(setup->target), device->name);
    tuff_trainer_memory(setup->trainer, &memory);
    uint64_t sum = memory.parameters + memory.gradients + memory.optimizer + memory.activations + memory.data;
    console_print("memory  %s on the device, %s of it data\n", format_bytes(sum).s,
                  format_bytes(memory.data).s);
}

static void print_end(const struct train_settings *settings, const struct run *run,
                      const struct train_result *result, double seconds)
{
    if (result->evaluated)
        console_print("test accuracy %.2f%% after %" PRIu32 " epoch%s in %s\n",
                      100.0 * (double)result->test.correct / (double)result->test.samples, result->epochs,
                      result->epochs == 1 ? "" : "s", format_seconds(seconds).s);
    if (console_quiet())
        return;
    console_print("run     %s\n", run->folder);
    // As the program was called, so that the line can be copied.
    console_print("next    %s eval %s", program_invocation_name, run->folder);
    if (strcmp(settings->target.backend, "auto") != 0)
        console_print(" --backend %s", settings->target.backend);
    if (settings->data.folder != NULL)
        console_print(" --data-dir %s", settings->data.folder);
    console_print("\n");
}

static int print_interrupted(const struct run *run, const struct train_result *result)
{
    if (result->saved)
        console_note("interrupted at step %" PRIu64 "; saved: %s", result->steps, run->checkpoint);
    else
        console_note("interrupted before the first step; no checkpoint");
    return EXIT_SIGNAL + interrupt_signal();
}

// Returns the exit status.
static int run_train(struct train_settings *settings)
{
    struct setup setup = {.context = NULL};
    struct run run = {.metrics = NULL};
    struct train_result result = {.saved = false};
    double start = progress_clock();
    int exit_status = EXIT_DONE;
    enum tuff_status status = prepare(settings, &setup);
    if (status == TUFF_OK && settings->dry_run) {
        print_header(&setup);
        console_note("all is well; nothing was trained or written (--dry-run)");
    } else if (status == TUFF_OK) {
        interrupt_catch();
        status = run_create(&run, settings->out, tuff_model_name(setup.model), setup.train->name);
        if (status == TUFF_OK)
            status = run_write_config(&run, train_config(settings, &setup));
        if (status == TUFF_OK) {
            print_header(&setup);
            status = train_loop(settings, &setup, &run, &result);
        }
        enum tuff_status closed = run_close(&run);
        if (status == TUFF_OK)
            status = closed;
        if (status == TUFF_OK)
            print_end(settings, &run, &result, progress_clock() - start);
        else if (status == TUFF_ERROR_INTERRUPTED && interrupt_signal() != 0)
            exit_status = print_interrupted(&run, &result);
        else if (result.saved)
            console_note("the parameters after %" PRIu64 " steps are in %s", result.steps, run.checkpoint);
    }
    setup_close(&setup);
    free(settings->model_source);
    free(settings->data_source);
    return exit_status != EXIT_DONE ? exit_status : console_exit_status(status);
}

// Names of the models that ship, for the help.
static void list_models(char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; tuff_model_shipped(i) != NULL && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i == 0 ? "" : ", ", tuff_model_shipped(i));
}

static int check_settings(struct train_settings *settings)
{
    if (settings->steps != 0 && settings->epochs != 0) {
        console_error("train: --steps and --epochs exclude each other");
        return EXIT_USAGE;
    }
    if (settings->epochs == 0)
        settings->epochs = EPOCHS;
    settings->trainer.shuffle = !settings->no_shuffle;
    return EXIT_DONE;
}

int command_train(int argc, char **argv)
{
    struct train_settings s = {.data.name = "digits", .target.backend = "auto"};
    struct verbosity verbosity = {.quiet = false};
    char models[256], purpose[1024];
    tuff_trainer_options_default(&s.trainer);
    const struct option options[] = {
        OPTIONS_GROUP("Data"),
        DATA_OPTIONS(s.data, "a name of tuff data list, or a folder"),
        OPTIONS_GROUP("Device"),
        TARGET_OPTIONS(s.target),
        OPTIONS_GROUP("Training"),
        {"epochs", 'e', OPTION_COUNT, &s.epochs, "N", "passes over the training set; else 10"},
        {"batch", 'n', OPTION_COUNT, &s.trainer.batch_size, "N", "samples per step"},
        {"lr", 'l', OPTION_POSITIVE, &s.trainer.learning_rate, "X", "learning rate of Adam"},
        {"seed", '\0', OPTION_SEED, &s.trainer.seed, "N", "of initial weights and sample order"},
        OPTIONS_RARE,
        {"beta1", '\0', OPTION_FRACTION, &s.trainer.beta1, "X", "decay of Adam's first moment"},
        {"beta2", '\0', OPTION_FRACTION, &s.trainer.beta2, "X", "decay of Adam's second moment"},
        {"epsilon", '\0', OPTION_POSITIVE, &s.trainer.epsilon, "X", "added to Adam's denominator"},
        {"weight-decay", '\0', OPTION_AMOUNT, &s.trainer.weight_decay, "X", "L2 penalty"},
        {"no-shuffle", '\0', OPTION_FLAG, &s.no_shuffle, NULL, "keep the data set's order"},
        {"steps", '\0', OPTION_COUNT, &s.steps, "N", "only N steps of epoch 1, no evaluation"},
        OPTIONS_GROUP("Output"),
        {"out", 'o', OPTION_TEXT, &s.out, "DIR", "the run's folder; else a new one in runs/"},
        {"force", 'f', OPTION_FLAG, &s.force, NULL, "replace the run that --out holds"},
        {"dry-run", '\0', OPTION_FLAG, &s.dry_run, NULL, "check everything, train and write nothing"},
        {"log-every", '\0', OPTION_COUNT, &s.log_every, "N", "print and log every Nth step's loss"},
        VERBOSITY_OPTIONS(verbosity),
    };
    list_models(models, sizeof models);
    snprintf(purpose, sizeof purpose,
             "Trains MODEL with Adam, evaluates it after every epoch, and keeps settings,\n"
             "metrics and a checkpoint in a folder.\n"
             "MODEL: %s, or the path of a .yaml file.\n",
             models);
    const struct usage usage = {
        .command = "train",
        .operand = "MODEL",
        .purpose = purpose,
        .examples = "  tuff train lenet-mnist\n"
                    "  tuff train lenet-mnist -D mnist -b vulkan -e 5 -n 64 -o runs/first\n"
                    "  tuff train lenet-mnist -b cpu --steps 20 --log-every 1\n",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    enum options_result parsed = options_parse(&usage, argc, argv, &s.model);
    if (parsed != OPTIONS_READY)
        return parsed == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    if (check_settings(&s) != EXIT_DONE)
        return EXIT_USAGE;
    console_setup(verbosity.verbose, verbosity.quiet);
    return run_train(&s);
}
