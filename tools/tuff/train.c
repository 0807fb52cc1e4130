// tuff train: trains a model, and leaves a run's folder.
#include "train.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "console.h"
#include "data/normalization.h"
#include "format.h"
#include "interrupt.h"
#include "normalization.h"
#include "train_loop.h"
#include "tuff/checkpoint.h"

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

// Whether the run's folder can be written, or gone on with.
static enum tuff_status check_folder(const struct train_settings *settings)
{
    char state[PATH_MAX];
    if (settings->resume == NULL)
        return run_check(settings->out, settings->force);
    int length = snprintf(state, sizeof state, "%s/" RUN_STATE, settings->resume);
    if (length < PATH_MAX && access(state, R_OK) == 0) {
        if (access(settings->resume, W_OK | X_OK) == 0)
            return TUFF_OK;
        console_error("cannot write into '%s': %s", settings->resume, strerror(errno));
        return TUFF_ERROR_IO;
    }
    console_error("'%s' cannot be resumed: cannot read " RUN_STATE
                  " in it, which is written at the end of an epoch: %s",
                  settings->resume, strerror(errno));
    return TUFF_ERROR_NOT_FOUND;
}

static bool normalizes_as_measured(const struct train_settings *settings)
{
    return settings->normalize != NULL && strcmp(settings->normalize, "auto") == 0;
}

static enum tuff_status read_normalization(struct train_settings *settings)
{
    struct tuff_log log = console_log();
    if (settings->normalize == NULL || normalizes_as_measured(settings))
        return TUFF_OK;
    return tuff_normalization_read(&log, "--normalize", settings->normalize, settings->data.input[0],
                                   &settings->augmentation);
}

// Figures of a set of another size would stand beside the run's as if they were of the same images.
static enum tuff_status compare_test_sets(const struct train_settings *settings, const struct setup *setup)
{
    const json_t *saved = json_object_get(json_object_get(settings->saved, "data"), "test_samples");
    if (setup->test == NULL || !json_is_integer(saved) || json_integer_value(saved) == setup->test->count)
        return TUFF_OK;
    console_error("'%s' was evaluated on %s test images, and this set has %s", settings->resume,
                  format_count((uint64_t)json_integer_value(saved)).s, format_count(setup->test->count).s);
    return TUFF_ERROR_INVALID;
}

static enum tuff_status load_data(struct train_settings *settings, struct setup *setup)
{
    enum tuff_status status = setup_find_data(&settings->data, TUFF_SPLIT_TRAIN);
    if (status == TUFF_OK && settings->steps == 0)
        status = setup_find_data(&settings->data, TUFF_SPLIT_TEST);
    if (status == TUFF_OK)
        status = setup_load_data(&settings->data, TUFF_SPLIT_TRAIN, &setup->train);
    if (status == TUFF_OK)
        status = train_limit(settings->limit, setup->train, &settings->part);
    // Some steps for comparing backends are about the training alone.
    if (status == TUFF_OK && settings->steps == 0)
        status = setup_load_data(&settings->data, TUFF_SPLIT_TEST, &setup->test);
    if (status == TUFF_OK)
        status = compare_test_sets(settings, setup);
    if (status == TUFF_OK)
        status = find_data_source(settings);
    if (status == TUFF_OK && normalizes_as_measured(settings))
        normalization_measure(train_set(settings, setup), &settings->augmentation);
    return status;
}

// Opens and checks all that the training needs; nothing is written.
static enum tuff_status prepare(struct train_settings *settings, struct setup *setup)
{
    struct tuff_log log = console_log();
    enum tuff_status status = check_folder(settings);
    if (status == TUFF_OK)
        status = tuff_model_load(&log, settings->model, &setup->model);
    if (status == TUFF_OK)
        tuff_model_input(setup->model, settings->data.input);
    if (status == TUFF_OK)
        status = read_normalization(settings);
    if (status == TUFF_OK)
        status = find_model_source(settings);
    if (status == TUFF_OK)
        status = train_config_check(settings);
    if (status == TUFF_OK)
        status = setup_open_context(setup, &settings->target.plugins);
    if (status == TUFF_OK)
        status = setup_open_target(setup, &settings->target);
    if (status == TUFF_OK)
        status = load_data(settings, setup);
    if (status == TUFF_OK)
        status = tuff_trainer_create(setup->target, setup->model, train_set(settings, setup), setup->test,
                                     &settings->trainer, &setup->trainer);
    if (status != TUFF_OK)
        return status;
    uint32_t steps = tuff_trainer_steps_per_epoch(setup->trainer);
    if (settings->steps > steps) {
        console_error("--steps: expected at most the %" PRIu32 " steps of an epoch, found %" PRIu32, steps,
                      settings->steps);
        return TUFF_ERROR_INVALID;
    }
    if (settings->steps == 0 && (uint64_t)settings->epochs * steps > UINT32_MAX) {
        console_error("--epochs: %" PRIu32 " epochs of %" PRIu32 " steps are more than 4,294,967,295 steps",
                      settings->epochs, steps);
        return TUFF_ERROR_INVALID;
    }
    return TUFF_OK;
}

static void print_header(const struct train_settings *settings, const struct setup *setup)
{
    const struct tuff_dataset *train = train_set(settings, setup);
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
    train_recipe_print(&settings->recipe);
    console_print("device  %s: %s\n", tuff_target_backend(setup->target), device->name);
    tuff_trainer_memory(setup->trainer, &memory);
    uint64_t sum = memory.parameters + memory.gradients + memory.optimizer + memory.activations + memory.data;
    bool streamed = tuff_trainer_streams(setup->trainer, TUFF_SPLIT_TRAIN) != 0;
    console_print("memory  %s on the device, %s of it data%s\n", format_bytes(sum).s,
                  format_bytes(memory.data).s, streamed ? ", which is streamed" : "");
}

// A word as a shell reads it back.
static void print_word(const char *before, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=+,:@%";
    if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
        console_print("%s%s", before, word);
        return;
    }
    console_print("%s'", before);
    for (const char *c = word; *c != '\0'; c++)
        console_print(*c == '\'' ? "'\\''" : "%c", *c);
    console_print("'");
}

// As the program was called, so that the line can be copied.
static void print_command(const char *label, const char *command, const char *folder)
{
    print_word(label, program_invocation_name);
    console_print(" %s", command);
    print_word(" ", folder);
}

static void print_plugins(const struct train_settings *settings)
{
    for (size_t i = 0; i < settings->target.plugins.count; i++)
        print_word(" --plugin ", settings->target.plugins.items[i]);
}

// Of a mixed training some steps of which had to be skipped.
static void print_skipped(const struct tuff_trainer *trainer)
{
    struct tuff_loss_scale scale = {.size = sizeof scale};
    tuff_trainer_loss_scale(trainer, &scale);
    if (scale.skipped != 0)
        console_print("skipped %" PRIu64 " step%s whose gradients overflowed; the loss is scaled by %g now\n",
                      scale.skipped, scale.skipped == 1 ? "" : "s", (double)scale.scale);
}

static void print_end(const struct train_settings *settings, const struct setup *setup, const struct run *run,
                      const struct train_result *result, double seconds)
{
    const struct train_best *best = &result->best;
    if (result->stopped_early && best->step == 0)
        console_note("stopped early: no evaluation had a finite loss");
    else if (result->stopped_early)
        console_note("stopped early: no better evaluation in %" PRIu32 " since epoch %" PRIu32,
                     settings->early_stop, best->epoch + 1);
    if (result->evaluated)
        console_print("test accuracy %.2f%% after %" PRIu32 " epoch%s in %s\n",
                      100.0 * (double)result->test.correct / (double)result->test.samples, result->epochs,
                      result->epochs == 1 ? "" : "s", format_seconds(seconds).s);
    if (console_quiet())
        return;
    if (best->step != 0 && best->step != result->steps)
        console_print("best    %.2f%% in epoch %" PRIu32 ", after step %" PRIu64 "\n",
                      100.0 * (double)best->metrics.correct / (double)best->metrics.samples, best->epoch + 1,
                      best->step);
    print_skipped(setup->trainer);
    console_print("run     %s\n", run->folder);
    print_command("next    ", "eval", run->folder);
    if (settings->eval_flip)
        console_print(" --flip");
    if (strcmp(settings->target.backend, "auto") != 0)
        console_print(" --backend %s", settings->target.backend);
    print_plugins(settings);
    if (settings->data.folder != NULL)
        print_word(" --data-dir ", settings->data.folder);
    console_print("\n");
}

static void print_resume(const struct train_settings *settings, const struct run *run)
{
    if (console_quiet())
        return;
    print_command("resume  ", "train --resume", run->folder);
    print_plugins(settings);
    console_print("\n");
}

static int print_interrupted(const struct train_settings *settings, const struct run *run,
                             const struct train_result *result)
{
    if (result->saved_steps != 0) {
        console_note("interrupted at step %" PRIu64 "; saved in %s", result->saved_steps, run->folder);
        print_resume(settings, run);
    } else {
        console_note("interrupted before the first step; nothing was saved");
    }
    return EXIT_SIGNAL + interrupt_signal();
}

static enum tuff_status open_run(const struct train_settings *settings, const struct setup *setup,
                                 struct run *run)
{
    if (settings->resume != NULL)
        return run_open(run, settings->resume);
    enum tuff_status status =
        run_create(run, settings->out, settings->force, tuff_model_name(setup->model), setup->train->name);
    return status == TUFF_OK ? run_write_config(run, train_config(settings, setup)) : status;
}

static void note_learning_rate(const struct train_settings *settings)
{
    double before = json_number_value(json_object_get(json_object_get(settings->saved, "optimizer"), "lr"));
    if (before != settings->trainer.learning_rate)
        console_note("the learning rate becomes %g; it was %g", settings->trainer.learning_rate, before);
}

// Returns what became of it; the run is closed again.
static enum tuff_status train(struct train_settings *settings, const struct setup *setup, struct run *run,
                              struct train_result *result)
{
    struct train_loop loop = {.settings = settings, .setup = setup, .run = run, .result = result};
    enum tuff_status status = open_run(settings, setup, run);
    if (status == TUFF_OK)
        status = train_loop_begin(&loop);
    if (status == TUFF_OK)
        print_header(settings, setup);
    if (status == TUFF_OK && settings->resume != NULL) {
        console_note("%s goes on after step %" PRIu64 " of %" PRIu64, run->folder, result->steps, loop.total);
        note_learning_rate(settings);
        status = run_write_config(run, train_config_resumed(settings, setup, result->steps));
    }
    if (status == TUFF_OK)
        status = train_loop_run(&loop);
    enum tuff_status ended = train_loop_end(&loop), closed = run_close(run);
    if (status == TUFF_OK)
        status = ended == TUFF_OK ? closed : ended;
    return status;
}

// Whether what is saved fits the settings, and can be gone on with.
static enum tuff_status try_resume(const struct train_settings *settings, const struct setup *setup)
{
    struct run run;
    struct train_result result;
    struct train_loop loop = {.settings = settings, .setup = setup, .run = &run, .result = &result};
    enum tuff_status status = run_open(&run, settings->resume);
    if (status == TUFF_OK)
        status = train_loop_try(&loop);
    enum tuff_status closed = run_close(&run);
    return status == TUFF_OK ? closed : status;
}

// Returns the exit status.
static int run_train(struct train_settings *settings)
{
    struct setup setup = {.context = NULL};
    struct run run = RUN_CLOSED;
    struct train_result result = {.steps = 0};
    double start = progress_clock();
    int exit_status = EXIT_DONE;
    enum tuff_status status = prepare(settings, &setup);
    if (status == TUFF_OK && settings->dry_run && settings->resume != NULL)
        status = try_resume(settings, &setup);
    if (status == TUFF_OK && settings->dry_run) {
        print_header(settings, &setup);
        console_note("all is well; nothing was trained, and no run was written (--dry-run)");
    } else if (status == TUFF_OK) {
        interrupt_catch();
        status = train(settings, &setup, &run, &result);
        if (status == TUFF_OK) {
            print_end(settings, &setup, &run, &result, progress_clock() - start);
        } else if (status == TUFF_ERROR_INTERRUPTED && interrupt_signal() != 0) {
            exit_status = print_interrupted(settings, &run, &result);
        } else if (result.saved_steps != 0 && result.steps > result.saved_steps) {
            console_note("the training up to step %" PRIu64 " is saved", result.saved_steps);
            print_resume(settings, &run);
        }
    }
    setup_close(&setup);
    return exit_status != EXIT_DONE ? exit_status : console_exit_status(status);
}

// Names of the models that ship, for the help: behind "MODEL: ", in lines of a screen's width.
static void list_models(char *text, size_t size)
{
    const size_t columns = 78;
    size_t used = 0, column = strlen("MODEL: ");
    text[0] = '\0';
    for (size_t i = 0; tuff_model_shipped(i) != NULL && used < size; i++) {
        const char *name = tuff_model_shipped(i);
        bool wraps = column + strlen(name) + 2 > columns;
        column = (wraps ? 0 : column) + strlen(name) + 2;
        used += (size_t)snprintf(text + used, size - used, "%s%s", i == 0 ? "" : wraps ? ",\n" : ", ", name);
    }
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0 ||
            strcmp(argv[i], "--help-all") == 0)
            return true;
    return false;
}

// What is in the settings before the command line is read over them: a run's that goes on.
static enum tuff_status read_beneath(const struct usage *usage, int argc, char **argv,
                                     struct train_settings *s)
{
    static const char *const of_adam[] = {"beta1", "beta2", "epsilon", NULL};
    static const char *const of_step[] = {"decay-epochs", "gamma", NULL};
    static const char *const of_epochs[] = {"early-stop", "eval-every", "eval-flip", NULL};
    if (asks_for_help(argc, argv))
        return TUFF_OK;
    s->resume = options_find(usage, argc, argv, "resume");
    // With a recipe the arguments are no longer the command line alone.
    if (s->recipe.count == 0)
        s->given = (struct train_given){
            .epochs = options_find(usage, argc, argv, "epochs"),
            .optimizer = options_find(usage, argc, argv, "optimizer"),
            .schedule = options_find(usage, argc, argv, "schedule"),
            .of_adam = options_first_given(usage, argc, argv, of_adam),
            .of_step = options_first_given(usage, argc, argv, of_step),
            .of_epochs = options_first_given(usage, argc, argv, of_epochs),
        };
    if (s->resume == NULL)
        return TUFF_OK;
    enum tuff_status status = train_settings_read(s);
    // The saved run's device is one of its backend, and means nothing to another; nor do its threads.
    const char *backend = options_find(usage, argc, argv, "backend");
    if (backend != NULL && strcmp(backend, s->target.backend) != 0) {
        s->target.device = NULL;
        s->target.threads = 0;
    }
    // Nor does the folder of a set's files to another set.
    const char *data = options_find(usage, argc, argv, "data");
    if (data != NULL && (s->data.name == NULL || strcmp(data, s->data.name) != 0))
        s->data.folder = NULL;
    return status;
}

// Reads the command line into *s. Returns whether to go on; *exit_status: if not.
static bool read_settings(int argc, char **argv, struct train_settings *s, int *exit_status)
{
    struct verbosity verbosity = {.quiet = false};
    char models[512], purpose[1024];
    const struct option options[] = {
        OPTIONS_GROUP("Data"),
        DATA_OPTIONS(s->data, "a name of tuff data list, or a folder", "60,000", "10,000",
                     "part of a folder that has no test split"),
        {"limit", '\0', OPTION_COUNT, &s->limit, "N", "train on N samples of the set, chosen at random"},
        OPTIONS_GROUP("Device"),
        TARGET_OPTIONS(s->target),
        OPTIONS_RARE,
        {"data-memory", '\0', OPTION_COUNT, &s->data_memory, "MIB",
         "for images on the device; else what it has"},
        {"precision", '\0', OPTION_CHOICE, &s->precision, "NAME", "of activations; mixed: float16"},
        {"micro-batch", '\0', OPTION_COUNT, &s->trainer.micro_batch, "N",
         "add up a batch's gradients, N samples at once"},
        {"checkpoint-activations", '\0', OPTION_FLAG, &s->checkpoint_activations, NULL,
         "less memory, more work: compute activations anew"},
        {"no-fusion", '\0', OPTION_FLAG, &s->no_fusion, NULL, "run every op of the model on its own"},
        OPTIONS_GROUP("Training"),
        {"epochs", 'e', OPTION_COUNT, &s->epochs, "N", "passes over the training set; else 10"},
        {"batch", 'n', OPTION_COUNT, &s->trainer.batch_size, "N", "samples per step"},
        {"lr", 'l', OPTION_POSITIVE, &s->trainer.learning_rate, "X", "learning rate"},
        {"optimizer", '\0', OPTION_CHOICE, &s->optimizer, "NAME", "how parameters are updated"},
        {"seed", '\0', OPTION_SEED, &s->trainer.seed, "N", "of initial weights and sample order"},
        {"recipe", '\0', OPTION_FLAG, &s->use_recipe, NULL, "take what is not given from MODEL's recipe"},
        {"resume", 'r', OPTION_TEXT, &s->resume, "RUN", "go on with RUN, with its settings"},
        OPTIONS_RARE,
        {"schedule", '\0', OPTION_CHOICE, &s->schedule, "NAME", "how the learning rate goes"},
        {"augment", '\0', OPTION_TEXT, &s->augment, "LIST", "flip,crop=4:reflect,translate=2,cutout=8"},
        {"normalize", '\0', OPTION_TEXT, &s->normalize, "X", "auto, or MEAN/DEVIATION of each channel"},
        {"warmup", '\0', OPTION_AMOUNT, &s->trainer.warmup_epochs, "N", "epochs of rising learning rate"},
        {"weight-decay", '\0', OPTION_AMOUNT, &s->weight_decay, "X", "else 0; of adamw 0.01"},
        {"beta1", '\0', OPTION_FRACTION, &s->trainer.beta1, "X", "decay of Adam's first moment"},
        {"beta2", '\0', OPTION_FRACTION, &s->trainer.beta2, "X", "decay of Adam's second moment"},
        {"epsilon", '\0', OPTION_POSITIVE, &s->trainer.epsilon, "X", "added to Adam's denominator"},
        {"momentum", '\0', OPTION_FRACTION, &s->trainer.momentum, "X", "of sgd"},
        {"nesterov", '\0', OPTION_FLAG, &s->nesterov, NULL, "Nesterov's momentum"},
        {"label-smoothing", '\0', OPTION_FRACTION, &s->trainer.label_smoothing, "X", "of the training loss"},
        {"clip-norm", '\0', OPTION_AMOUNT, &s->trainer.clip_norm, "X",
         "greatest norm of the gradient; 0: any"},
        {"ema", '\0', OPTION_FRACTION, &s->trainer.average_decay, "X",
         "keep a moving average of decay X; 0: none"},
        {"lr-min", '\0', OPTION_AMOUNT, &s->trainer.least_learning_rate, "X", "where a schedule ends"},
        {"decay-epochs", '\0', OPTION_POSITIVE, &s->trainer.decay_epochs, "N",
         "of step: epochs between decays"},
        {"gamma", '\0', OPTION_POSITIVE, &s->trainer.decay_factor, "X", "of step: factor at each decay"},
        {"freeze", '\0', OPTION_LIST, &s->freeze, "NAMES", "leave conv1,fc* as they are; may be repeated"},
        {"no-shuffle", '\0', OPTION_FLAG, &s->no_shuffle, NULL, "keep the data set's order"},
        {"steps", '\0', OPTION_COUNT, &s->steps, "N", "only N steps of epoch 1, no evaluation"},
        {"on-nan", '\0', OPTION_CHOICE, &s->on_nan, "NAME", "if the loss is not finite"},
        OPTIONS_GROUP("Evaluation and saving"),
        {"out", 'o', OPTION_TEXT, &s->out, "DIR", "the run's folder; else a new one in runs/"},
        {"force", 'f', OPTION_FLAG, &s->force, NULL, "replace the run that --out holds"},
        {"early-stop", '\0', OPTION_COUNT, &s->early_stop, "N",
         "stop after N evaluations without a better one"},
        OPTIONS_RARE,
        {"eval-every", '\0', OPTION_POSITIVE, &s->eval_every, "N",
         "epochs between evaluations, or parts of one"},
        {"eval-flip", '\0', OPTION_FLAG, &s->eval_flip, NULL, "judge by image and mirror image together"},
        {"save-every", '\0', OPTION_POSITIVE, &s->save_every, "N",
         "epochs between checkpoints, or parts of one"},
        {"tensorboard", '\0', OPTION_FLAG, &s->tensorboard, NULL, "write figures for TensorBoard as well"},
        {"log-every", '\0', OPTION_COUNT, &s->log_every, "N", "print and log every Nth step's loss"},
        {"dry-run", '\0', OPTION_FLAG, &s->dry_run, NULL, "check everything; train nothing and write no run"},
        OPTIONS_GROUP("Messages"),
        VERBOSITY_OPTIONS(verbosity),
    };
    list_models(models, sizeof models);
    snprintf(purpose, sizeof purpose,
             "Trains MODEL, evaluates it after every epoch, and keeps settings, metrics and\n"
             "checkpoints in a folder.\n"
             "MODEL: %s, or a .yaml file.\n",
             models);
    struct usage usage = {
        .command = "train",
        .purpose = purpose,
        .examples = "  tuff train lenet-mnist\n"
                    "  tuff train lenet-mnist -D mnist -b vulkan -e 5 -n 64 -o runs/first\n"
                    "  tuff train resnet9-cifar10 -D cifar10 --recipe\n"
                    "  tuff train --resume runs/first --epochs 10\n"
                    "  tuff train lenet-mnist -b cpu --steps 20 --log-every 1\n",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    const enum tuff_status status = read_beneath(&usage, argc, argv, s);
    *exit_status = console_exit_status(status);
    if (status != TUFF_OK)
        return false;
    usage.operand = s->saved == NULL ? "MODEL" : NULL;
    const char *operand;
    enum options_result parsed = options_parse(&usage, argc, argv, &operand);
    *exit_status = parsed == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    if (parsed != OPTIONS_READY)
        return false;
    if (operand != NULL)
        s->model = operand;
    console_setup(verbosity.verbose, verbosity.quiet);
    *exit_status = train_settings_finish(s);
    return *exit_status == EXIT_DONE;
}

// Reads the command line once more, after the model's recipe.
static bool read_with_recipe(int argc, char **argv, struct train_settings *settings, int *exit_status)
{
    struct train_recipe recipe = {.count = 0};
    enum tuff_status status = train_recipe_read(&recipe, settings, argc, argv);
    const struct train_given given = settings->given;
    train_settings_clear(settings);
    train_settings_default(settings);
    settings->arguments = argv;
    settings->given = given;
    settings->recipe = recipe;
    *exit_status = console_exit_status(status);
    return status == TUFF_OK && read_settings(recipe.argument_count, recipe.arguments, settings, exit_status);
}

int command_train(int argc, char **argv)
{
    struct train_settings settings;
    int exit_status = EXIT_DONE;
    // What reads the command line moves what is in it.
    char **arguments = calloc((size_t)argc + 1, sizeof *arguments);
    if (arguments == NULL) {
        console_error("out of memory");
        return EXIT_FAILED;
    }
    memcpy(arguments, argv, (size_t)argc * sizeof *arguments);
    train_settings_default(&settings);
    settings.arguments = argv;
    if (read_settings(argc, arguments, &settings, &exit_status) &&
        (!settings.use_recipe || read_with_recipe(argc, argv, &settings, &exit_status)))
        exit_status = run_train(&settings);
    train_settings_clear(&settings);
    free(arguments);
    return exit_status;
}
