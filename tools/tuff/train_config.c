// config.json: what was trained, with all settings.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "console.h"
#include "json_output.h"
#include "normalization.h"
#include "train.h"

static json_t *text_or_null(const char *text)
{
    return text == NULL ? json_null() : json_string(text);
}

// So that the run can be gone on with from any folder.
static json_t *path_or_null(const char *path)
{
    char *absolute = path == NULL ? NULL : realpath(path, NULL);
    json_t *text = text_or_null(absolute == NULL ? path : absolute);
    free(absolute);
    return text;
}

static enum tuff_status check_path(const char *path)
{
    json_t *text = path_or_null(path); // NULL if it is no UTF-8
    if (text == NULL)
        console_error("'%s': expected a path in UTF-8, for a run's config.json to name it", path);
    json_decref(text);
    return text == NULL ? TUFF_ERROR_INVALID : TUFF_OK;
}

enum tuff_status train_config_check(const struct train_settings *settings)
{
    enum tuff_status status = check_path(settings->model_source);
    if (status == TUFF_OK)
        status = check_path(settings->data.name);
    if (status == TUFF_OK)
        status = check_path(settings->data.folder);
    for (size_t i = 0; status == TUFF_OK && i < settings->target.plugins.count; i++)
        status = check_path(settings->target.plugins.items[i]);
    return status;
}

// A count of 0 stands for what was not given.
static json_t *count_or_null(uint32_t count)
{
    return count == 0 ? json_null() : json_integer((json_int_t)count);
}

static json_t *model_config(const struct train_settings *settings, const struct tuff_model *model)
{
    uint32_t input[3];
    tuff_model_input(model, input);
    return json_pack("{s:s, s:s, s:[I, I, I], s:I, s:I}", "name", tuff_model_name(model), "source",
                     settings->model_source, "input", (json_int_t)input[0], (json_int_t)input[1],
                     (json_int_t)input[2], "classes", (json_int_t)tuff_model_classes(model), "parameters",
                     (json_int_t)tuff_model_parameter_elements(model));
}

static json_t *data_config(const struct train_settings *settings, const struct setup *setup)
{
    const struct data_settings *data = &settings->data;
    return json_pack("{s:s, s:o, s:f, s:b, s:o, s:o, s:o, s:I, s:o}", "name", data->name, "folder",
                     path_or_null(data->folder), "test_fraction", data->test_fraction, "skip_broken",
                     data->skip_broken, "digits_train", count_or_null(data->digits_train), "digits_test",
                     count_or_null(data->digits_test), "limit", count_or_null(settings->limit),
                     "train_samples", (json_int_t)train_set(settings, setup)->count, "test_samples",
                     count_or_null(setup->test == NULL ? 0 : setup->test->count));
}

// The figures, also where they were measured: a run that goes on has the same ones.
static json_t *normalize_config(const struct train_settings *settings, const struct setup *setup)
{
    if (settings->normalize == NULL)
        return json_null();
    return json_string(normalization_write(train_set(settings, setup)->channels, &settings->augmentation).s);
}

static json_t *device_config(const struct tuff_target *target)
{
    const struct tuff_device_info *info = tuff_target_info(target);
    return json_pack("{s:o, s:s, s:o}", "name", json_name(info->name), "kind", device_kind_name(info),
                     "driver", json_name(info->driver));
}

static json_t *optimizer_config(const struct train_settings *settings)
{
    const struct tuff_trainer_options *o = &settings->trainer;
    if (o->optimizer == TUFF_OPTIMIZER_SGD)
        return json_pack("{s:s, s:f, s:f, s:b, s:f, s:f}", "name",
                         settings->optimizer.names[settings->optimizer.chosen], "lr", o->learning_rate,
                         "momentum", o->momentum, "nesterov", o->nesterov, "weight_decay", o->weight_decay,
                         "clip_norm", o->clip_norm);
    return json_pack("{s:s, s:f, s:f, s:f, s:f, s:f, s:f}", "name",
                     settings->optimizer.names[settings->optimizer.chosen], "lr", o->learning_rate, "beta1",
                     o->beta1, "beta2", o->beta2, "epsilon", o->epsilon, "weight_decay", o->weight_decay,
                     "clip_norm", o->clip_norm);
}

static json_t *schedule_config(const struct train_settings *settings)
{
    const struct tuff_trainer_options *o = &settings->trainer;
    return json_pack("{s:s, s:f, s:f, s:f, s:f}", "name", settings->schedule.names[settings->schedule.chosen],
                     "warmup", o->warmup_epochs, "lr_min", o->least_learning_rate, "decay_epochs",
                     o->decay_epochs, "gamma", o->decay_factor);
}

static json_t *list_config(size_t count, const char *const *items, json_t *(*convert)(const char *))
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < count; i++)
        if (json_array_append_new(list, convert(items[i])) != 0) {
            json_decref(list);
            list = NULL;
        }
    return list;
}

// As text: JSON's numbers end at 2^53 in many readers.
static json_t *seed_config(uint64_t seed)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64, seed);
    return json_string(text);
}

static json_t *time_now(void)
{
    char text[64] = "";
    time_t now = time(NULL);
    struct tm local;
    if (localtime_r(&now, &local) != NULL)
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S%z", &local);
    return json_string(text);
}

static json_t *command_config(const struct train_settings *settings)
{
    size_t count = 0;
    while (settings->arguments[count] != NULL)
        count++;
    json_t *list = list_config(count, (const char *const *)settings->arguments, json_name);
    if (list != NULL && json_array_insert_new(list, 0, json_name(program_invocation_name)) != 0) {
        json_decref(list);
        return NULL;
    }
    return list;
}

json_t *train_config(const struct train_settings *settings, const struct setup *setup)
{
    const struct train_settings *s = settings;
    char abi[32];
    snprintf(abi, sizeof abi, "%d.%d", TUFF_ABI_MAJOR, TUFF_ABI_MINOR);
    return json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:I, s:o, s:o, s:f, s:f, "
        "s:o, s:o,"
        " s:b, s:f, s:f, s:o, s:o, s:b, s:o, s:o, s:b, s:s, s:s, s:b, s:o, s:b}",
        "tuff", TUFF_VERSION, "abi", abi, "started", time_now(), "command", command_config(s), "model",
        model_config(s, setup->model), "data", data_config(s, setup), "backend",
        tuff_target_backend(setup->target), "device", device_config(setup->target), "device_option",
        text_or_null(s->target.device), "threads", count_or_null(s->target.threads), "data_memory",
        count_or_null(s->data_memory), "plugins",
        list_config(s->target.plugins.count, s->target.plugins.items, path_or_null), "epochs",
        (json_int_t)s->epochs, "steps", count_or_null(s->steps), "batch", (json_int_t)s->trainer.batch_size,
        "optimizer", optimizer_config(s), "schedule", schedule_config(s), "label_smoothing",
        s->trainer.label_smoothing, "ema", s->trainer.average_decay, "freeze",
        list_config(s->freeze.count, s->freeze.items, text_or_null), "seed", seed_config(s->trainer.seed),
        "shuffle", s->trainer.shuffle, "eval_every", s->eval_every, "save_every", s->save_every, "early_stop",
        count_or_null(s->early_stop), "log_every", count_or_null(s->log_every), "tensorboard", s->tensorboard,
        "augment", text_or_null(s->augment), "normalize", normalize_config(s, setup), "fusion", !s->no_fusion,
        "precision", s->precision.names[s->precision.chosen], "on_nan", s->on_nan.names[s->on_nan.chosen],
        "checkpoint_activations", s->checkpoint_activations, "micro_batch",
        count_or_null(s->trainer.micro_batch), "eval_flip", s->eval_flip);
}

json_t *train_config_resumed(const struct train_settings *settings, const struct setup *setup, uint64_t step)
{
    json_t *config = json_deep_copy(settings->saved), *list = json_object_get(config, "resumed");
    json_t *entry =
        json_pack("{s:o, s:I, s:s, s:s, s:o, s:o, s:I, s:f}", "time", time_now(), "step", (json_int_t)step,
                  "tuff", TUFF_VERSION, "backend", tuff_target_backend(setup->target), "device",
                  device_config(setup->target), "command", command_config(settings), "epochs",
                  (json_int_t)settings->epochs, "lr", settings->trainer.learning_rate);
    bool made = config != NULL && entry != NULL;
    if (made && !json_is_array(list))
        made = json_object_set_new(config, "resumed", list = json_array()) == 0;
    // "backend" and "device" stay: what the run began with.
    made =
        made && json_array_append(list, entry) == 0 &&
        json_object_set_new(config, "backend_option", json_string(tuff_target_backend(setup->target))) == 0 &&
        json_object_set_new(config, "device_option", text_or_null(settings->target.device)) == 0 &&
        json_object_set_new(config, "threads", count_or_null(settings->target.threads)) == 0 &&
        json_object_set_new(config, "data_memory", count_or_null(settings->data_memory)) == 0 &&
        json_object_set_new(json_object_get(config, "data"), "folder", path_or_null(settings->data.folder)) ==
            0 &&
        json_object_set_new(json_object_get(config, "data"), "name", json_string(settings->data.name)) == 0 &&
        json_object_set_new(json_object_get(config, "data"), "skip_broken",
                            json_boolean(settings->data.skip_broken)) == 0 &&
        json_object_set_new(
            config, "plugins",
            list_config(settings->target.plugins.count, settings->target.plugins.items, path_or_null)) == 0 &&
        json_object_set_new(config, "epochs", json_integer((json_int_t)settings->epochs)) == 0 &&
        json_object_set_new(config, "steps", count_or_null(settings->steps)) == 0 &&
        json_object_set_new(config, "early_stop", count_or_null(settings->early_stop)) == 0 &&
        json_object_set_new(config, "eval_every", json_real(settings->eval_every)) == 0 &&
        json_object_set_new(config, "save_every", json_real(settings->save_every)) == 0 &&
        json_object_set_new(config, "log_every", count_or_null(settings->log_every)) == 0 &&
        json_object_set_new(config, "tensorboard", json_boolean(settings->tensorboard)) == 0 &&
        json_object_set_new(config, "eval_flip", json_boolean(settings->eval_flip)) == 0 &&
        json_object_set_new(config, "on_nan", json_string(settings->on_nan.names[settings->on_nan.chosen])) ==
            0 &&
        json_object_set_new(json_object_get(config, "optimizer"), "lr",
                            json_real(settings->trainer.learning_rate)) == 0;
    json_decref(entry);
    if (made)
        return config;
    json_decref(config);
    return NULL;
}
