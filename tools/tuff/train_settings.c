// The settings of tuff train as the trainer wants them.
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "train.h"

const char *const train_optimizers[TRAIN_OPTIMIZER_COUNT] = {"adam", "adamw", "sgd"};
const char *const train_precisions[TRAIN_PRECISION_COUNT] = {"float32", "mixed"};
const char *const train_on_nan[TRAIN_NAN_COUNT] = {"stop", "continue"};
const char *const train_schedules[TRAIN_SCHEDULE_COUNT] = {"constant", "step", "cosine", "one-cycle"};

void train_settings_default(struct train_settings *settings)
{
    *settings = (struct train_settings){
        .data.name = "digits",
        .target.backend = "auto",
        .optimizer = {train_optimizers, TRAIN_OPTIMIZER_COUNT, TUFF_OPTIMIZER_ADAM},
        .schedule = {train_schedules, TRAIN_SCHEDULE_COUNT, TUFF_SCHEDULE_CONSTANT},
        .precision = {train_precisions, TRAIN_PRECISION_COUNT, TUFF_PRECISION_FLOAT32},
        .on_nan = {train_on_nan, TRAIN_NAN_COUNT, TRAIN_NAN_STOP},
        .weight_decay = NAN,
        .eval_every = 1,
        .save_every = 1,
    };
    tuff_trainer_options_default(&settings->trainer);
}

void train_settings_clear(struct train_settings *settings)
{
    for (size_t i = 0; settings->frozen != NULL && i < settings->trainer.frozen_count; i++)
        free(settings->frozen[i]);
    free(settings->frozen);
    free(settings->model_source);
    free(settings->data_source);
    train_part_destroy(&settings->part);
    train_recipe_clear(&settings->recipe);
    json_decref(settings->saved);
    settings->frozen = NULL;
    settings->model_source = NULL;
    settings->data_source = NULL;
    settings->saved = NULL;
}

// "conv1,fc*" and the next --freeze after it, as one list.
static bool split_frozen(struct train_settings *settings)
{
    size_t room = 1;
    for (size_t i = 0; i < settings->freeze.count; i++)
        for (const char *c = settings->freeze.items[i]; *c != '\0'; c++)
            room += c == settings->freeze.items[i] || *c == ',';
    settings->frozen = calloc(room, sizeof *settings->frozen);
    settings->trainer.frozen = (const char *const *)settings->frozen;
    for (size_t i = 0; settings->frozen != NULL && i < settings->freeze.count; i++) {
        const char *rest = settings->freeze.items[i];
        while (*rest != '\0') {
            size_t length = strcspn(rest, ",");
            char *pattern = length == 0 ? NULL : strndup(rest, length);
            if (length != 0 && pattern == NULL) {
                console_error("out of memory");
                return false;
            }
            if (pattern != NULL)
                settings->frozen[settings->trainer.frozen_count++] = pattern;
            rest += length + (rest[length] == ',');
        }
    }
    if (settings->frozen == NULL)
        console_error("out of memory");
    return settings->frozen != NULL;
}

static bool excluded(bool given, const char *option, const char *other)
{
    if (given)
        console_error("train: %s and %s exclude each other", option, other);
    return given;
}

// Whether a recipe, which may choose other settings, has yet to be read.
static bool recipe_is_to_come(const struct train_settings *s)
{
    return s->use_recipe && s->recipe.argument_count == 0;
}

// Whether an option was given that the chosen optimizer or schedule would ignore.
static bool given_in_vain(const struct train_settings *s)
{
    if (recipe_is_to_come(s))
        return false;
    if (s->given.of_epochs != NULL && s->steps != 0)
        console_error("train: --%s goes with whole epochs only: --steps evaluates nothing",
                      s->given.of_epochs);
    else if (s->given.of_adam != NULL && s->optimizer.chosen == TUFF_OPTIMIZER_SGD)
        console_error("train: --%s goes with --optimizer adam or adamw only, and this is sgd",
                      s->given.of_adam);
    else if (s->given.of_step != NULL && s->schedule.chosen != TUFF_SCHEDULE_STEP)
        console_error("train: --%s goes with --schedule step only, and this is %s", s->given.of_step,
                      train_schedules[s->schedule.chosen]);
    else
        return false;
    return true;
}

int train_settings_finish(struct train_settings *settings)
{
    struct train_settings *s = settings;
    bool resumed = s->resume != NULL;
    // A recipe's epochs are what its schedule is stretched over, also where only some steps are taken.
    const bool whole_epochs =
        s->given.epochs != NULL || (resumed && !json_is_integer(json_object_get(s->saved, "steps")));
    if (resumed && s->steps != 0 && whole_epochs) {
        if (s->given.epochs != NULL)
            console_error("train: '%s' was trained for so many steps (--steps %" PRIu32
                          "), and takes no --epochs",
                          s->resume, s->steps);
        else
            console_error("train: '%s' was trained for whole epochs, and takes no --steps", s->resume);
        return EXIT_USAGE;
    }
    if (excluded(s->steps != 0 && whole_epochs, "--steps", "--epochs") ||
        excluded(resumed && s->use_recipe, "--resume", "--recipe") ||
        excluded(resumed && s->out != NULL, "--resume", "--out") ||
        excluded(resumed && s->force, "--resume", "--force") || given_in_vain(s))
        return EXIT_USAGE;
    if (resumed && !train_plugins_given(s))
        return EXIT_FAILED;
    s->trainer.optimizer = (uint32_t)s->optimizer.chosen;
    s->trainer.schedule = (uint32_t)s->schedule.chosen;
    s->trainer.precision = (uint32_t)s->precision.chosen;
    if (s->epochs == 0)
        s->epochs = s->steps != 0 ? 1 : 10;
    if (isnan(s->weight_decay))
        s->weight_decay = s->trainer.optimizer == TUFF_OPTIMIZER_ADAMW ? TRAIN_ADAMW_DECAY : 0;
    s->trainer.weight_decay = s->weight_decay;
    s->trainer.nesterov = s->nesterov;
    s->trainer.new_learning_rate = s->resume != NULL; // it was asked for, or is that of the run
    s->trainer.data_budget_bytes = (uint64_t)s->data_memory << 20;
    s->trainer.epochs = s->epochs;
    s->trainer.shuffle = !s->no_shuffle;
    s->trainer.no_fusion = s->no_fusion;
    s->trainer.flip_average = s->eval_flip;
    s->trainer.recompute_activations = s->checkpoint_activations;
    if (!split_frozen(s))
        return EXIT_FAILED;
    struct tuff_log log = console_log();
    tuff_augmentation_default(&s->augmentation);
    s->trainer.augmentation = &s->augmentation;
    const int wrong = resumed ? EXIT_FAILED : EXIT_USAGE; // of a run's config.json it may be
    if (s->augment != NULL && tuff_augmentation_parse(&log, s->augment, &s->augmentation) != TUFF_OK)
        return wrong;
    const bool settled = !recipe_is_to_come(s);
    return settled && tuff_trainer_options_check(&log, &s->trainer) != TUFF_OK ? wrong : EXIT_DONE;
}
