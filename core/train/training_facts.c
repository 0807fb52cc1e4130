#include "training_facts.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/decimal.h"
#include "model/model.h"

static void add(struct tuff_training_facts *facts, const char *key, const char *name, const char *format, ...)
    TUFF_PRINTF(4, 5);

// A text of NULL stands for exhausted memory.
static void add(struct tuff_training_facts *facts, const char *key, const char *name, const char *format, ...)
{
    struct tuff_training_fact *fact = &facts->facts[facts->count++];
    *fact = (struct tuff_training_fact){.key = key, .name = name};
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&fact->text, format, arguments) < 0)
        fact->text = NULL;
    va_end(arguments);
}

static void add_real(struct tuff_training_facts *facts, const char *key, const char *name, double value)
{
    add(facts, key, name, "%s", tuff_decimal_shortest(value).text);
}

// Of all images, then all labels.
static uint32_t checksum(const struct tuff_dataset *data)
{
    size_t bytes = (size_t)data->count * data->channels * data->height * data->width;
    uLong sum = crc32_z(crc32_z(0, NULL, 0), data->images, bytes);
    return (uint32_t)crc32_z(sum, (const Bytef *)data->labels, data->count * sizeof *data->labels);
}

static void add_data(struct tuff_training_facts *facts, struct tuff_trainer *trainer)
{
    const struct tuff_dataset *data = trainer->train_data;
    if (!trainer->data_summed)
        trainer->data_sum = checksum(data);
    trainer->data_summed = true;
    add(facts, "data.samples", "number of training samples", "%" PRIu32, data->count);
    add(facts, "data.shape", "shape of the images", "%" PRIu32 "x%" PRIu32 "x%" PRIu32, data->channels,
        data->height, data->width);
    add(facts, "data.checksum", "checksum of the training data", "%08" PRIx32, trainer->data_sum);
}

static void add_optimizer(struct tuff_training_facts *facts, const struct tuff_trainer_options *o)
{
    static const char *const names[] = {"adam", "adamw", "sgd"};
    add(facts, "option.optimizer", "optimizer", "%s", names[o->optimizer]);
    add_real(facts, TUFF_FACT_LEARNING_RATE, "learning rate", o->learning_rate);
    if (o->optimizer == TUFF_OPTIMIZER_SGD) {
        add_real(facts, "option.momentum", "momentum", o->momentum);
        add(facts, "option.nesterov", "nesterov", "%s", o->nesterov ? "on" : "off");
    } else {
        add_real(facts, "option.beta1", "beta1", o->beta1);
        add_real(facts, "option.beta2", "beta2", o->beta2);
        add_real(facts, "option.epsilon", "epsilon", o->epsilon);
    }
    add_real(facts, "option.weight_decay", "weight decay", o->weight_decay);
    add_real(facts, "option.label_smoothing", "label smoothing", o->label_smoothing);
    add_real(facts, "option.clip_norm", "greatest norm of the gradient", o->clip_norm);
    add_real(facts, "option.average_decay", "decay of the average", o->average_decay);
}

static void add_schedule(struct tuff_training_facts *facts, const struct tuff_trainer_options *o)
{
    static const char *const names[] = {"constant", "step", "cosine", "one-cycle"};
    add(facts, "option.schedule", "schedule", "%s", names[o->schedule]);
    add_real(facts, "option.warmup_epochs", "warm-up", o->warmup_epochs);
    if (o->schedule != TUFF_SCHEDULE_CONSTANT)
        add_real(facts, "option.least_learning_rate", "least learning rate", o->least_learning_rate);
    if (o->schedule == TUFF_SCHEDULE_STEP) {
        add_real(facts, "option.decay_epochs", "epochs between decays", o->decay_epochs);
        add_real(facts, "option.decay_factor", "decay factor", o->decay_factor);
    }
}

// Names, separated by commas.
static void add_frozen(struct tuff_training_facts *facts, const struct tuff_trainer *trainer)
{
    const struct tuff_parameters *parameters = trainer->parameters;
    size_t room = 1;
    struct tuff_parameter_info info;
    for (size_t i = 0; i < parameters->count; i++) {
        tuff_model_parameter(trainer->model, i, &info);
        room += strlen(info.name) + 1;
    }
    char *names = calloc(room, 1);
    for (size_t i = 0; names != NULL && i < parameters->count; i++) {
        if (parameters->offsets[i] < parameters->trained_bytes)
            continue;
        tuff_model_parameter(trainer->model, i, &info);
        if (names[0] != '\0')
            strcat(names, ",");
        strcat(names, info.name);
    }
    add(facts, "option.frozen", "set of frozen parameters", "%s",
        names == NULL      ? ""
        : names[0] == '\0' ? "none"
                           : names);
    if (names == NULL) {
        free(facts->facts[facts->count - 1].text);
        facts->facts[facts->count - 1].text = NULL;
    }
    free(names);
}

// Four figures of as many channels: "0.5,0.5,0.5,0.5".
static void add_channels(struct tuff_training_facts *facts, const char *key, const char *name,
                         const double *values)
{
    add(facts, key, name, "%s,%s,%s,%s", tuff_decimal_print(values[0], 17).text,
        tuff_decimal_print(values[1], 17).text, tuff_decimal_print(values[2], 17).text,
        tuff_decimal_print(values[3], 17).text);
}

static void add_augmentation(struct tuff_training_facts *facts, const struct tuff_augmentation *a)
{
    add(facts, "option.augmentation", "augmentation",
        "flip %s, crop %" PRIu32 "x%" PRIu32 " of mode %d, translate %" PRIu32 "x%" PRIu32
        ", cutout %" PRIu32,
        tuff_decimal_print(a->flip_probability, 17).text, a->crop_y, a->crop_x, (int)a->crop_mode,
        a->translate_y, a->translate_x, a->cutout);
    add_channels(facts, "option.mean", "mean of the images", a->mean);
    add_channels(facts, "option.deviation", "deviation of the images", a->deviation);
}

enum tuff_status tuff_training_facts_collect(struct tuff_trainer *trainer, struct tuff_training_facts *facts)
{
    const struct tuff_trainer_options *options = &trainer->options;
    facts->count = 0;
    add(facts, "model.layers", "digest of the model's layers", "%016" PRIx64,
        tuff_model_digest(trainer->model));
    add_data(facts, trainer);
    if (options->micro_batch == 0 || options->micro_batch == options->batch_size)
        add(facts, "option.batch_size", "batch size", "%" PRIu32, options->batch_size);
    else
        add(facts, "option.batch_size", "batch size", "%" PRIu32 " in parts of %" PRIu32, options->batch_size,
            options->micro_batch);
    add(facts, "option.seed", "seed", "%" PRIu64, options->seed);
    add(facts, "option.shuffle", "shuffling", "%s", options->shuffle ? "on" : "off");
    add_optimizer(facts, options);
    add_schedule(facts, options);
    add_frozen(facts, trainer);
    add_augmentation(facts, &trainer->augmentation);
    add(facts, "option.precision", "precision", "%s",
        options->precision == TUFF_PRECISION_MIXED ? "mixed" : "float32");
    // What is recomputed has other neighbours, which a backend may merge it with.
    add(facts, "option.fusion", "fusion of ops", "%s%s", options->no_fusion ? "off" : "on",
        options->recompute_activations ? ", activations computed anew" : "");
    for (size_t i = 0; i < facts->count; i++)
        if (facts->facts[i].text == NULL)
            return tuff_fail(trainer->target->log, TUFF_ERROR_MEMORY, "out of memory");
    return TUFF_OK;
}

void tuff_training_facts_clear(struct tuff_training_facts *facts)
{
    for (size_t i = 0; i < facts->count; i++)
        free(facts->facts[i].text);
    facts->count = 0;
}
