#include "train.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static json_t *text_or_null(const char *text)
{
    return text == NULL ? json_null() : json_string(text);
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
    return json_pack("{s:s, s:o, s:f, s:I, s:o}", "name", settings->data.name, "folder",
                     text_or_null(settings->data.folder), "test_fraction", settings->data.test_fraction,
                     "train_samples", (json_int_t)setup->train->count, "test_samples",
                     setup->test == NULL ? json_null() : json_integer((json_int_t)setup->test->count));
}

static json_t *device_config(const struct tuff_target *target)
{
    const struct tuff_device_info *info = tuff_target_info(target);
    return json_pack("{s:s, s:s, s:s}", "name", info->name, "kind", device_kind_name(info), "driver",
                     info->driver);
}

static json_t *optimizer_config(const struct tuff_trainer_options *options)
{
    return json_pack("{s:s, s:f, s:f, s:f, s:f, s:f}", "name", "adam", "lr", options->learning_rate, "beta1",
                     options->beta1, "beta2", options->beta2, "epsilon", options->epsilon, "weight_decay",
                     options->weight_decay);
}

// As text: JSON's numbers end at 2^53 in many readers.
static json_t *seed_config(uint64_t seed)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64, seed);
    return json_string(text);
}

static json_t *start_time(void)
{
    char text[64] = "";
    time_t now = time(NULL);
    struct tm local;
    if (localtime_r(&now, &local) != NULL)
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S%z", &local);
    return json_string(text);
}

json_t *train_config(const struct train_settings *settings, const struct setup *setup)
{
    char abi[32];
    snprintf(abi, sizeof abi, "%d.%d", TUFF_ABI_MAJOR, TUFF_ABI_MINOR);
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:s, s:o, s:I, s:I, s:o, s:I, s:o, s:o, s:b}", "tuff",
                     TUFF_VERSION, "abi", abi, "started", start_time(), "model",
                     model_config(settings, setup->model), "data", data_config(settings, setup), "backend",
                     tuff_target_backend(setup->target), "device", device_config(setup->target), "threads",
                     (json_int_t)settings->target.threads, "epochs", (json_int_t)settings->epochs, "steps",
                     settings->steps == 0 ? json_null() : json_integer((json_int_t)settings->steps), "batch",
                     (json_int_t)settings->trainer.batch_size, "optimizer",
                     optimizer_config(&settings->trainer), "seed", seed_config(settings->trainer.seed),
                     "shuffle", settings->trainer.shuffle);
}
