// What tuff train was asked to do, and how it writes that down and reads it again.
#ifndef TUFF_TOOL_TRAIN_H
#define TUFF_TOOL_TRAIN_H

#include <jansson.h>

#include "run.h"
#include "setup.h"

enum train_nan { TRAIN_NAN_STOP, TRAIN_NAN_CONTINUE, TRAIN_NAN_COUNT };
enum { TRAIN_OPTIMIZER_COUNT = 3, TRAIN_SCHEDULE_COUNT = 4, TRAIN_PRECISION_COUNT = 2 };

// What --recipe adds to the command line.
struct train_recipe {
    char **options; // "--weight-decay=5e-4"
    size_t count;
    char **arguments; // the program's name, the options, and the command line's arguments after them
    int argument_count;
};

// What the command line itself gives, without a recipe or a run that goes on, in words; NULL: nothing.
struct train_given {
    const char *epochs, *optimizer, *schedule;
    // The name of an option that only Adam, only the schedule step, only whole epochs have use for.
    const char *of_adam, *of_step, *of_epochs;
};

struct train_settings {
    const char *model;  // as given
    char *model_source; // as given, or the absolute path of a model file
    struct data_settings data;
    char *data_source; // the absolute path of a folder; NULL: a set that has a name
    struct target_settings target;
    struct tuff_trainer_options trainer;
    struct option_choice optimizer, schedule, precision; // of the names below
    struct option_choice on_nan;                         // enum train_nan
    const char *augment;                                 // as tuff_augmentation_parse has it; NULL: none
    const char *normalize;                 // as normalization.h has it; NULL: pixels from 0 to 1
    struct tuff_augmentation augmentation; // both, for trainer.augmentation
    double weight_decay;                   // NAN: the optimizer's own
    struct option_list freeze;             // each with commas
    char **frozen;                         // the same, taken apart; trainer.frozen points here
    uint32_t epochs;                       // 0: not given
    uint32_t steps;                        // 0: whole epochs
    uint32_t data_memory;                  // MiB on the device; 0: as much as there is
    uint32_t limit;                        // training samples; 0: all
    uint32_t log_every;                    // steps; 0: never
    double eval_every, save_every;         // epochs
    uint32_t early_stop;                   // evaluations; 0: never
    const char *out;                       // NULL: a new folder below runs/
    const char *resume;                    // a run's folder; NULL: a new run
    bool nesterov, no_shuffle, no_fusion, checkpoint_activations, eval_flip, force, dry_run, tensorboard,
        use_recipe;
    struct train_given given;
    struct train_recipe recipe; // empty until it has been read
    struct tuff_dataset *part;  // of --limit
    char **arguments;           // the command line, ended by NULL
    json_t *saved;              // config.json of the run that is resumed; texts above may lie in it
};

// torch.optim.AdamW's
#define TRAIN_ADAMW_DECAY 0.01

extern const char *const train_optimizers[TRAIN_OPTIMIZER_COUNT]; // by enum tuff_optimizer
extern const char *const train_schedules[TRAIN_SCHEDULE_COUNT];   // by enum tuff_schedule
extern const char *const train_precisions[TRAIN_PRECISION_COUNT]; // by enum tuff_precision
extern const char *const train_on_nan[TRAIN_NAN_COUNT];           // by enum train_nan

// What is so where nobody says anything. Nothing is freed.
void train_settings_default(struct train_settings *settings);
// Frees what the functions below have made.
void train_settings_clear(struct train_settings *settings);

// -- train_settings.c

// Names and lists as the trainer wants them, and what does not go together. Shows an error; returns the exit
// status.
int train_settings_finish(struct train_settings *settings);

// -- train_recipe.c

// Reads the recipe of the settings' model: what nothing displaces that they were given. Shows an error.
TUFF_MUST_CHECK enum tuff_status
train_recipe_read(struct train_recipe *recipe, const struct train_settings *settings, int argc, char **argv);
void train_recipe_print(const struct train_recipe *recipe); // nothing if it is empty
void train_recipe_clear(struct train_recipe *recipe);

// -- train_config.c

// Whether it can name the settings' paths, which a run that goes on reads from it. Shows an error if not.
TUFF_MUST_CHECK enum tuff_status train_config_check(const struct train_settings *settings);
// The content of config.json; NULL if memory is exhausted.
json_t *train_config(const struct train_settings *settings, const struct setup *setup);
// Where and when a run went on, added to the config of its beginning, in which what may be another becomes
// what it is now. step: where it went on.
json_t *train_config_resumed(const struct train_settings *settings, const struct setup *setup, uint64_t step);

// -- train_resume.c

// Sets all from the config.json of settings->resume, for the command line to be read over it.
TUFF_MUST_CHECK enum tuff_status train_settings_read(struct train_settings *settings);
// Whether the command line names all plugins that the saved run was trained with: a plugin is code, and a
// run's folder is not to be trusted with naming it. Shows an error if not.
bool train_plugins_given(const struct train_settings *settings);

// -- train_limit.c

// `count` samples of a set; NULL if that is 0 or all of them. The set outlives its part.
TUFF_MUST_CHECK enum tuff_status train_limit(uint32_t count, const struct tuff_dataset *whole,
                                             struct tuff_dataset **part);
void train_part_destroy(struct tuff_dataset **part); // NULL-safe, nulls
// What is trained on: the part, or the whole set.
const struct tuff_dataset *train_set(const struct train_settings *settings, const struct setup *setup);

#endif
