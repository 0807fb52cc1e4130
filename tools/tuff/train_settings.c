// The settings of tuff train as the trainer wants them.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "console.h"
#include "train.h"

static const char *const optimizers[] = {"adam", "adamw", "sgd"};                   // by enum tuff_optimizer
static const char *const schedules[] = {"constant", "step", "cosine", "one-cycle"}; // by enum tuff_schedule

// torch.optim.AdamW's
static const double ADAMW_DECAY = 0.01;

void train_settings_clear(struct train_settings *settings)
{
    for (size_t i = 0; settings->frozen != NULL && i < settings->trainer.frozen_count; i++)
        free(settings->frozen[i]);
    free(settings->frozen);
    free(settings->model_source);
    train_part_destroy(&settings->part);
    json_decref(settings->saved);
    settings->frozen = NULL;
    settings->model_source = NULL;
    settings->saved = NULL;
}

static bool find_name(const char *option, const char *const *names, size_t count, const char *name,
                      uint32_t *index)
{
    char all[128] = "";
    for (size_t i = 0; i < count; i++) {
        *index = (uint32_t)i;
        if (strcmp(names[i], name) == 0)
            return true;
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s",
                 i == 0           ? ""
                 : i + 1 == count ? " or "
                                  : ", ",
                 names[i]);
    }
    const char *nearest = tuff_suggest(name, names, count);
    if (nearest != NULL)
        console_error("train: --%s: expected %s, found '%s'; did you mean '%s'?", option, all, name, nearest);
    else
        console_error("train: --%s: expected %s, found '%s'", option, all, name);
    return false;
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
            if (length != 0 && pattern == NULL)
                break;
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

int train_settings_finish(struct train_settings *settings)
{
    struct train_settings *s = settings;
    bool resumed = s->resume != NULL;
    if (excluded(s->steps != 0 && s->epochs != 0, "--steps", "--epochs") ||
        excluded(resumed && s->out != NULL, "--resume", "--out") ||
        excluded(resumed && s->force, "--resume", "--force"))
        return EXIT_USAGE;
    if (!find_name("optimizer", optimizers, sizeof optimizers / sizeof *optimizers, s->optimizer,
                   &s->trainer.optimizer) ||
        !find_name("schedule", schedules, sizeof schedules / sizeof *schedules, s->schedule,
                   &s->trainer.schedule))
        return EXIT_USAGE;
    if (s->epochs == 0)
        s->epochs = s->steps != 0 ? 1 : 10;
    if (isnan(s->weight_decay))
        s->weight_decay = s->trainer.optimizer == TUFF_OPTIMIZER_ADAMW ? ADAMW_DECAY : 0;
    s->trainer.weight_decay = s->weight_decay;
    s->trainer.nesterov = s->nesterov;
    s->trainer.data_budget_bytes = (uint64_t)s->data_memory << 20;
    s->trainer.epochs = s->epochs;
    s->trainer.shuffle = !s->no_shuffle;
    return split_frozen(s) ? EXIT_DONE : EXIT_FAILED;
}
