#include <float.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "schedule.h"
#include "trainer_parts.h"

void tuff_trainer_options_fill(struct tuff_trainer_options *options, size_t size)
{
    const struct tuff_trainer_options whole = {
        .size = size,
        .batch_size = 16,
        .seed = 42,
        .shuffle = 1,
        .learning_rate = 1e-3,
        .beta1 = 0.9,
        .beta2 = 0.999,
        .epsilon = 1e-8,
        .decay_epochs = 10,
        .decay_factor = 0.1,
    };
    if (size > sizeof whole)
        memset(options, 0, size);
    memcpy(options, &whole, size < sizeof whole ? size : sizeof whole);
}

static enum tuff_status check_optimizer(const struct tuff_log *log,
                                        const struct tuff_trainer_options *options)
{
    const struct tuff_trainer_options *o = options;
    if (o->optimizer > TUFF_OPTIMIZER_SGD)
        return tuff_fail(log, TUFF_ERROR_INVALID, "optimizer is %u, expected one of enum tuff_optimizer",
                         o->optimizer);
    if (o->optimizer != TUFF_OPTIMIZER_SGD && (o->momentum != 0 || o->nesterov))
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "momentum and nesterov are options of SGD; Adam and AdamW have beta1");
    if (o->optimizer != TUFF_OPTIMIZER_SGD &&
        !(o->beta1 >= 0 && o->beta1 < 1 && o->beta2 >= 0 && o->beta2 < 1))
        return tuff_fail(log, TUFF_ERROR_INVALID, "beta1 is %g and beta2 %g, expected at least 0 and below 1",
                         o->beta1, o->beta2);
    // Devices compute in float32, where less is 0, and where a momentum next to 1 is 1.
    if (o->optimizer != TUFF_OPTIMIZER_SGD &&
        !(o->epsilon >= (double)FLT_MIN && o->epsilon <= (double)FLT_MAX))
        return tuff_fail(log, TUFF_ERROR_INVALID, "epsilon is %g, expected from %g to %g", o->epsilon,
                         (double)FLT_MIN, (double)FLT_MAX);
    if (o->nesterov && !(o->momentum > 0))
        return tuff_fail(log, TUFF_ERROR_INVALID, "nesterov needs a momentum above 0");
    if (!(o->momentum >= 0 && (float)o->momentum < 1))
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "momentum is %.9g, expected at least 0 and, in float32, below 1", o->momentum);
    if (!(o->weight_decay >= 0 && o->weight_decay < 1))
        return tuff_fail(log, TUFF_ERROR_INVALID, "weight decay is %g, expected at least 0 and below 1",
                         o->weight_decay);
    return TUFF_OK;
}

static enum tuff_status check(const struct tuff_log *log, const struct tuff_trainer_options *options)
{
    if (options->precision > TUFF_PRECISION_MIXED)
        return tuff_fail(log, TUFF_ERROR_INVALID, "precision is %u, expected one of enum tuff_precision",
                         options->precision);
    if (options->batch_size == 0)
        return tuff_fail(log, TUFF_ERROR_INVALID, "batch size is 0, expected at least 1");
    if (options->micro_batch != 0 && options->batch_size % options->micro_batch != 0)
        return tuff_fail(log, TUFF_ERROR_INVALID, "a micro-batch of %u does not divide the batch of %u",
                         options->micro_batch, options->batch_size);
    if (!(options->label_smoothing >= 0 && options->label_smoothing <= 1))
        return tuff_fail(log, TUFF_ERROR_INVALID, "label smoothing is %g, expected from 0 to 1",
                         options->label_smoothing);
    if (!(options->average_decay >= 0 && options->average_decay < 1))
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "decay of the average is %g, expected at least 0 and below 1",
                         options->average_decay);
    // The op takes it as float32.
    if (!(options->clip_norm == 0 || (options->clip_norm >= 1e-30 && options->clip_norm <= 1e30)))
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "the gradient's greatest norm is %g, expected a number above 0, or 0 for no limit",
                         options->clip_norm);
    enum tuff_status status = check_optimizer(log, options);
    return status == TUFF_OK ? tuff_schedule_check(log, options) : status;
}

enum tuff_status tuff_trainer_options_take(const struct tuff_log *log,
                                           const struct tuff_trainer_options *given,
                                           struct tuff_trainer_options *options)
{
    tuff_trainer_options_default(options);
    if (given->size < sizeof given->size)
        return tuff_fail(log, TUFF_ERROR_INVALID, "the trainer options' size is not set");
    memcpy(options, given, given->size < sizeof *options ? given->size : sizeof *options);
    options->size = sizeof *options;
    return check(log, options);
}

enum tuff_status tuff_trainer_options_check(const struct tuff_log *log,
                                            const struct tuff_trainer_options *options)
{
    struct tuff_trainer_options taken;
    return tuff_trainer_options_take(log, options, &taken);
}

// A parameter is meant by its own name, that of its layer, and those of the blocks around it: what stands
// before a dot.
static bool fits(const char *pattern, const char *name)
{
    char text[256];
    bool fit = fnmatch(pattern, name, 0) == 0;
    for (const char *dot = strchr(name, '.'); dot != NULL && !fit; dot = strchr(dot + 1, '.')) {
        snprintf(text, sizeof text, "%.*s", (int)(dot - name), name);
        fit = fnmatch(pattern, text, 0) == 0;
    }
    return fit;
}

static enum tuff_status fits_none(const struct tuff_log *log, const struct tuff_model *model,
                                  const char *pattern)
{
    size_t count = tuff_model_parameter_count(model), layers = tuff_model_layer_count(model),
           blocks = tuff_model_block_count(model);
    const char **names = calloc(count + layers + blocks + 1, sizeof *names);
    for (size_t i = 0; i < count + layers + blocks && names != NULL; i++) {
        struct tuff_parameter_info parameter;
        struct tuff_layer_info layer;
        struct tuff_block_info block;
        if (i < layers) {
            tuff_model_layer(model, i, &layer);
            names[i] = layer.parameters > 0 ? layer.name : "";
        } else if (i < layers + count) {
            tuff_model_parameter(model, i - layers, &parameter);
            names[i] = parameter.name;
        } else {
            tuff_model_block(model, i - layers - count, &block);
            names[i] = block.name;
        }
    }
    const char *nearest = names == NULL ? NULL : tuff_suggest(pattern, names, count + layers + blocks);
    free(names);
    if (nearest != NULL && nearest[0] != '\0')
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "freeze: model %s has no parameter that '%s' fits; did you mean '%s'?",
                         tuff_model_name(model), pattern, nearest);
    return tuff_fail(log, TUFF_ERROR_INVALID, "freeze: model %s has no parameter that '%s' fits",
                     tuff_model_name(model), pattern);
}

enum tuff_status tuff_trainer_options_frozen(const struct tuff_log *log,
                                             const struct tuff_trainer_options *options,
                                             const struct tuff_model *model, bool trains, bool **frozen)
{
    size_t count = tuff_model_parameter_count(model), left = count;
    *frozen = calloc(count + 1, sizeof **frozen);
    if (*frozen == NULL)
        return tuff_fail(log, TUFF_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++) {
        (*frozen)[i] = tuff_model_parameter_frozen(model, i) != 0;
        left -= (*frozen)[i];
    }
    for (size_t p = 0; p < options->frozen_count; p++) {
        bool fit = false;
        for (size_t i = 0; i < count; i++) {
            struct tuff_parameter_info info;
            tuff_model_parameter(model, i, &info);
            if (!fits(options->frozen[p], info.name))
                continue;
            fit = true;
            left -= !(*frozen)[i];
            (*frozen)[i] = true;
        }
        if (!fit)
            return fits_none(log, model, options->frozen[p]);
    }
    if (trains && left == 0 && count > 0)
        return tuff_fail(log, TUFF_ERROR_INVALID, "all parameters of model %s are frozen: nothing is trained",
                         tuff_model_name(model));
    return TUFF_OK;
}
