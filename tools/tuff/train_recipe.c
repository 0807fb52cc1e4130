// tuff train --recipe: what the model file says about training, as options before those of the command line.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "train.h"
#include "tuff/model.h"

// What is of no use, or means something else, once the setting that it goes with is another one.
static const struct {
    const char *setting;
    const char *const *fallback; // what it is where nobody says anything
    const char *keys[8];
} companions[] = {
    {"optimizer",
     &train_optimizers[TUFF_OPTIMIZER_ADAM],
     {"lr", "momentum", "nesterov", "beta1", "beta2", "epsilon", "weight_decay"}},
    {"schedule", &train_schedules[TUFF_SCHEDULE_CONSTANT], {"warmup", "lr_min", "decay_epochs", "gamma"}},
};

static const char *value_of(const struct tuff_model *model, const char *key, const char *fallback)
{
    struct tuff_recipe_setting setting;
    for (size_t i = 0; i < tuff_model_recipe_count(model); i++) {
        tuff_model_recipe(model, i, &setting);
        if (strcmp(setting.key, key) == 0)
            return setting.value;
    }
    return fallback;
}

// Whether the command line has chosen something else, with which the setting does not go.
static bool is_displaced(const struct tuff_model *model, const char *key, const struct train_given *given)
{
    const char *const chosen[] = {given->optimizer, given->schedule};
    for (size_t i = 0; i < sizeof companions / sizeof *companions; i++) {
        const char *const recipes = value_of(model, companions[i].setting, *companions[i].fallback);
        if (chosen[i] == NULL || strcmp(chosen[i], recipes) == 0)
            continue;
        if (strcmp(key, companions[i].setting) == 0)
            return true;
        for (const char *const *of = companions[i].keys; *of != NULL; of++)
            if (strcmp(key, *of) == 0)
                return true;
    }
    return false;
}

// "--weight-decay=5e-4"; NULL if memory is exhausted.
static char *make_option(const struct tuff_recipe_setting *setting)
{
    char *option = NULL;
    bool on = strcmp(setting->value, "true") == 0;
    if (asprintf(&option, "--%s%s%s", setting->key, on ? "" : "=", on ? "" : setting->value) < 0)
        return NULL;
    for (char *c = option; *c != '\0' && *c != '='; c++)
        if (*c == '_')
            *c = '-';
    return option;
}

enum tuff_status train_recipe_read(struct train_recipe *recipe, const struct train_settings *settings,
                                   int argc, char **argv)
{
    struct tuff_log log = console_log();
    struct tuff_model *model;
    enum tuff_status status = tuff_model_load(&log, settings->model, &model);
    if (status != TUFF_OK)
        return status;
    size_t count = tuff_model_recipe_count(model);
    recipe->options = calloc(count + 1, sizeof *recipe->options);
    recipe->arguments = calloc(count + (size_t)argc + 1, sizeof *recipe->arguments);
    if (count == 0) {
        console_error("train: model %s has no recipe (--recipe)", tuff_model_name(model));
        status = TUFF_ERROR_NOT_FOUND;
    } else if (recipe->options == NULL || recipe->arguments == NULL) {
        status = TUFF_ERROR_MEMORY;
    } else {
        recipe->arguments[0] = argv[0];
    }
    for (size_t i = 0; status == TUFF_OK && i < count; i++) {
        struct tuff_recipe_setting setting;
        tuff_model_recipe(model, i, &setting);
        if (strcmp(setting.value, "false") == 0 || is_displaced(model, setting.key, &settings->given))
            continue;
        recipe->options[recipe->count] = make_option(&setting);
        if (recipe->options[recipe->count] == NULL)
            status = TUFF_ERROR_MEMORY;
        else
            recipe->count++;
    }
    if (status == TUFF_ERROR_MEMORY)
        console_error("out of memory");
    if (status == TUFF_OK) {
        memcpy(recipe->arguments + 1, recipe->options, recipe->count * sizeof *argv);
        memcpy(recipe->arguments + 1 + recipe->count, argv + 1, (size_t)(argc - 1) * sizeof *argv);
    }
    recipe->argument_count = argc + (int)recipe->count;
    tuff_model_destroy(&model);
    return status;
}

void train_recipe_print(const struct train_recipe *recipe)
{
    for (size_t i = 0; i < recipe->count; i++)
        console_print("%s%s", i == 0 ? "recipe  " : " ", recipe->options[i]);
    if (recipe->count > 0)
        console_print("\n");
}

void train_recipe_clear(struct train_recipe *recipe)
{
    for (size_t i = 0; recipe->options != NULL && i < recipe->count; i++)
        free(recipe->options[i]);
    free(recipe->options);
    free(recipe->arguments);
    *recipe = (struct train_recipe){.count = 0};
}
