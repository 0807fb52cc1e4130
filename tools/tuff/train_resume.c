// Settings out of the config.json of a run that is to go on.
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "train.h"

// Reads from one object of the file. What is absent or null keeps its value; a wrong type is noted.
struct reader {
    const json_t *object;
    const char *wrong; // the first key whose value is not what it should be
};

static const json_t *take(struct reader *reader, const char *key, bool (*is_right)(const json_t *))
{
    const json_t *value = json_object_get(reader->object, key);
    if (value == NULL || json_is_null(value))
        return NULL;
    if (is_right(value))
        return value;
    if (reader->wrong == NULL)
        reader->wrong = key;
    return NULL;
}

static bool is_text(const json_t *value)
{
    return json_is_string(value);
}

static bool is_count(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 1 &&
           json_integer_value(value) <= UINT32_MAX;
}

static bool is_number(const json_t *value)
{
    return json_is_number(value);
}

static bool is_flag(const json_t *value)
{
    return json_is_boolean(value);
}

static bool is_list(const json_t *value)
{
    if (!json_is_array(value) || json_array_size(value) > OPTION_LIST_MAX)
        return false;
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!json_is_string(json_array_get(value, i)))
            return false;
    return true;
}

static bool is_seed(const json_t *value)
{
    const char *text = json_string_value(value);
    char *end = NULL;
    errno = 0;
    if (text != NULL && text[0] >= '0' && text[0] <= '9')
        (void)strtoull(text, &end, 10);
    return end != NULL && *end == '\0' && errno == 0;
}

static void read_text(struct reader *reader, const char *key, const char **text)
{
    const json_t *value = take(reader, key, is_text);
    if (value != NULL)
        *text = json_string_value(value);
}

static void read_choice(struct reader *reader, const char *key, struct option_choice *choice)
{
    const json_t *value = take(reader, key, is_text);
    for (size_t i = 0; value != NULL && i < choice->count; i++) {
        if (strcmp(json_string_value(value), choice->names[i]) == 0) {
            choice->chosen = i;
            return;
        }
    }
    if (value != NULL && reader->wrong == NULL)
        reader->wrong = key;
}

static void read_count(struct reader *reader, const char *key, uint32_t *count)
{
    const json_t *value = take(reader, key, is_count);
    if (value != NULL)
        *count = (uint32_t)json_integer_value(value);
}

static void read_number(struct reader *reader, const char *key, double *number)
{
    const json_t *value = take(reader, key, is_number);
    if (value != NULL)
        *number = json_number_value(value);
}

static bool read_flag(struct reader *reader, const char *key, bool fallback)
{
    const json_t *value = take(reader, key, is_flag);
    return value == NULL ? fallback : json_is_true(value);
}

static void read_list(struct reader *reader, const char *key, struct option_list *list)
{
    const json_t *value = take(reader, key, is_list);
    for (size_t i = 0; i < json_array_size(value); i++)
        list->items[list->count++] = json_string_value(json_array_get(value, i));
}

static const char *read_object(const json_t *config, const char *key, void (*read)(struct reader *, void *),
                               void *target)
{
    struct reader reader = {.object = json_object_get(config, key)};
    if (!json_is_object(reader.object))
        return key;
    read(&reader, target);
    return reader.wrong;
}

static void read_model(struct reader *reader, void *target)
{
    struct train_settings *settings = target;
    read_text(reader, "source", &settings->model);
}

static void read_data(struct reader *reader, void *target)
{
    struct train_settings *settings = target;
    read_text(reader, "name", &settings->data.name);
    read_text(reader, "folder", &settings->data.folder);
    read_number(reader, "test_fraction", &settings->data.test_fraction);
    settings->data.skip_broken = read_flag(reader, "skip_broken", false);
    read_count(reader, "digits_train", &settings->data.digits_train);
    read_count(reader, "digits_test", &settings->data.digits_test);
    read_count(reader, "limit", &settings->limit);
}

static void read_optimizer(struct reader *reader, void *target)
{
    struct train_settings *settings = target;
    struct tuff_trainer_options *o = &settings->trainer;
    read_choice(reader, "name", &settings->optimizer);
    read_number(reader, "lr", &o->learning_rate);
    read_number(reader, "beta1", &o->beta1);
    read_number(reader, "beta2", &o->beta2);
    read_number(reader, "epsilon", &o->epsilon);
    read_number(reader, "momentum", &o->momentum);
    settings->nesterov = read_flag(reader, "nesterov", false);
    read_number(reader, "weight_decay", &settings->weight_decay);
    read_number(reader, "clip_norm", &o->clip_norm);
}

static void read_schedule(struct reader *reader, void *target)
{
    struct train_settings *settings = target;
    struct tuff_trainer_options *o = &settings->trainer;
    read_choice(reader, "name", &settings->schedule);
    read_number(reader, "warmup", &o->warmup_epochs);
    read_number(reader, "lr_min", &o->least_learning_rate);
    read_number(reader, "decay_epochs", &o->decay_epochs);
    read_number(reader, "gamma", &o->decay_factor);
}

static void read_rest(struct reader *reader, struct train_settings *settings)
{
    struct tuff_trainer_options *o = &settings->trainer;
    read_text(reader, "backend", &settings->target.backend);
    read_text(reader, "backend_option", &settings->target.backend); // of the last time it went on
    read_text(reader, "device_option", &settings->target.device);
    read_count(reader, "threads", &settings->target.threads);
    read_count(reader, "data_memory", &settings->data_memory);
    read_count(reader, "epochs", &settings->epochs);
    read_count(reader, "steps", &settings->steps);
    read_count(reader, "batch", &o->batch_size);
    read_count(reader, "micro_batch", &o->micro_batch);
    read_text(reader, "augment", &settings->augment);
    read_text(reader, "normalize", &settings->normalize);
    read_number(reader, "label_smoothing", &o->label_smoothing);
    read_number(reader, "ema", &o->average_decay);
    read_list(reader, "freeze", &settings->freeze);
    const json_t *seed = take(reader, "seed", is_seed);
    if (seed != NULL)
        o->seed = strtoull(json_string_value(seed), NULL, 10);
    settings->no_shuffle = !read_flag(reader, "shuffle", true);
    settings->no_fusion = !read_flag(reader, "fusion", true);
    settings->eval_flip = read_flag(reader, "eval_flip", false);
    settings->checkpoint_activations = read_flag(reader, "checkpoint_activations", false);
    read_choice(reader, "precision", &settings->precision);
    read_choice(reader, "on_nan", &settings->on_nan);
    read_number(reader, "eval_every", &settings->eval_every);
    read_number(reader, "save_every", &settings->save_every);
    read_count(reader, "early_stop", &settings->early_stop);
    read_count(reader, "log_every", &settings->log_every);
    settings->tensorboard = read_flag(reader, "tensorboard", false);
}

// What a plugin's file stands for, to be freed; NULL if memory is exhausted.
static char *real_path(const char *path)
{
    char *real = realpath(path, NULL);
    return real == NULL ? strdup(path) : real;
}

static bool is_given(const struct option_list *plugins, const char *saved)
{
    char *wanted = real_path(saved);
    bool given = false;
    for (size_t i = 0; i < plugins->count && !given && wanted != NULL; i++) {
        char *real = real_path(plugins->items[i]);
        given = real != NULL && strcmp(real, wanted) == 0;
        free(real);
    }
    free(wanted);
    return given;
}

bool train_plugins_given(const struct train_settings *settings)
{
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(settings->saved, "plugins"), i, item)
    {
        const char *saved = json_string_value(item);
        if (saved != NULL && !is_given(&settings->target.plugins, saved)) {
            console_error(
                "train: '%s' was trained with the plugin '%s', which is loaded only where it is named on the "
                "command line: --plugin FILE",
                settings->resume, saved);
            return false;
        }
    }
    return true;
}

enum tuff_status train_settings_read(struct train_settings *settings)
{
    enum tuff_status status = run_read_config(settings->resume, &settings->saved);
    if (status != TUFF_OK)
        return status;
    struct reader reader = {.object = settings->saved};
    const char *wrong = read_object(settings->saved, "model", read_model, settings);
    if (wrong == NULL)
        wrong = read_object(settings->saved, "data", read_data, settings);
    if (wrong == NULL)
        wrong = read_object(settings->saved, "optimizer", read_optimizer, settings);
    if (wrong == NULL)
        wrong = read_object(settings->saved, "schedule", read_schedule, settings);
    read_rest(&reader, settings);
    if (wrong == NULL)
        wrong = reader.wrong;
    if (wrong == NULL && settings->model == NULL)
        wrong = "model";
    if (wrong == NULL)
        return TUFF_OK;
    console_error("%s/" RUN_CONFIG ": '%s' is missing or not what tuff train writes", settings->resume,
                  wrong);
    return TUFF_ERROR_FORMAT;
}
