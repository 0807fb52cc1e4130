// What train and eval have in common: the options that choose a device, and what is opened for a training.
#ifndef TUFF_TOOL_SETUP_H
#define TUFF_TOOL_SETUP_H

#include "options.h"
#include "tuff/trainer.h"

struct target_settings {
    const char *backend, *device;
    uint32_t threads;
    struct option_list plugins;
};

struct data_settings {
    const char *name, *folder;
    uint32_t digits_train, digits_test;
    bool no_cache, skip_broken;
    double test_fraction; // of a folder without a test split; 0: it has one; NAN: not given (evaluation.c)
    uint32_t input[3];    // channels, height, width that a folder's images are turned into; 0: as they are
};

struct verbosity {
    bool verbose, quiet;
};

// clang-format off
#define TARGET_OPTIONS(t)                                                                                      \
    {"backend", 'b', OPTION_TEXT, &(t).backend, "NAME", "auto: the best that tuff devices lists"},             \
    {"device", 'd', OPTION_TEXT, &(t).device, "D", "index, part of the name, or begin of the UUID"},           \
    {"threads", 't', OPTION_COUNT, &(t).threads, "N", "CPU threads; all of them if not given"},                \
    {"plugin", '\0', OPTION_LIST, &(t).plugins, "FILE", "load a backend from FILE; may be repeated"}

// else_train, else_test: how many digits are drawn where that is not said, in words.
#define DATA_OPTIONS(d, data_help, else_train, else_test, fraction_help)                                       \
    {"data", 'D', OPTION_TEXT, &(d).name, "SET", data_help},                                                   \
    {"data-dir", '\0', OPTION_TEXT, &(d).folder, "DIR", "where the files of a set with a name are"},           \
    OPTIONS_RARE,                                                                                              \
    {"digits-train", '\0', OPTION_COUNT, &(d).digits_train, "N", "training digits to draw; else " else_train}, \
    {"digits-test", '\0', OPTION_COUNT, &(d).digits_test, "N", "test digits to draw; else " else_test},        \
    {"test-fraction", '\0', OPTION_FRACTION, &(d).test_fraction, "X", fraction_help},                            \
    {"no-cache", '\0', OPTION_FLAG, &(d).no_cache, NULL, "decode a folder's images anew"},                     \
    {"skip-broken", '\0', OPTION_FLAG, &(d).skip_broken, NULL, "leave out images that cannot be read"}

#define VERBOSITY_OPTIONS(v)                                                                                   \
    {"verbose", 'v', OPTION_FLAG, &(v).verbose, NULL, "say more about what happens"},                          \
    {"quiet", 'q', OPTION_FLAG, &(v).quiet, NULL, "only results: no progress, no notes"}
// clang-format on

struct setup {
    struct tuff_context *context;
    struct tuff_target *target;
    struct tuff_model *model;
    struct tuff_dataset *train, *test;
    struct tuff_trainer *trainer;
};

// Each says what is wrong on failure and leaves what has been opened to setup_close.
TUFF_MUST_CHECK enum tuff_status setup_open_context(struct setup *setup, const struct option_list *plugins);
TUFF_MUST_CHECK enum tuff_status setup_open_target(struct setup *setup,
                                                   const struct target_settings *settings);
// Whether the files of a split are there, before anything is read that takes long.
TUFF_MUST_CHECK enum tuff_status setup_find_data(const struct data_settings *settings, enum tuff_split split);
bool setup_has_data(const struct data_settings *settings, enum tuff_split split); // the same without a message
// Shows how far it is, and stops for a signal: TUFF_ERROR_INTERRUPTED.
TUFF_MUST_CHECK enum tuff_status setup_load_data(const struct data_settings *settings, enum tuff_split split,
                                                 struct tuff_dataset **dataset);
void setup_close(struct setup *setup);

// Whether --data names a folder and no set that has a name.
bool setup_data_is_folder(const char *name);

const char *device_kind_name(const struct tuff_device_info *info); // "discrete GPU"

#endif
