// How parameters begin, and how they are trained.
#include <math.h>
#include <string.h>

#include "model_build.h"
#include "tuff/random.h"

void tuff_training_inherit(struct tuff_layer_training *training, const struct tuff_layer_training *around)
{
    if (training->weight.scheme == TUFF_INIT_NOT_GIVEN)
        training->weight = around->weight;
    if (training->bias.scheme == TUFF_INIT_NOT_GIVEN)
        training->bias = around->bias;
    if (training->freeze == TUFF_FREEZE_NOT_GIVEN)
        training->freeze = around->freeze;
    if (training->rate_factor == 0)
        training->rate_factor = around->rate_factor;
}

static const struct tuff_layer_parameter *find(const struct tuff_layer *layer, const char *suffix)
{
    for (uint32_t i = 0; i < layer->parameter_count; i++)
        if (strcmp(layer->parameters[i].suffix, suffix) == 0)
            return &layer->parameters[i];
    return NULL;
}

static bool looks_at_fan(enum tuff_init_scheme scheme)
{
    return scheme >= TUFF_INIT_KAIMING_UNIFORM && scheme <= TUFF_INIT_XAVIER_NORMAL;
}

enum tuff_status tuff_training_settle(const struct tuff_source *source, struct tuff_layer *layer,
                                      const struct tuff_layer_training *around)
{
    struct tuff_layer_training *own = &layer->training;
    const struct tuff_layer_parameter *weight = find(layer, "weight"), *bias = find(layer, "bias");
    const char *missing = own->given && layer->parameter_count == 0              ? "parameters"
                          : own->weight.scheme != TUFF_INIT_NOT_GIVEN && !weight ? "weight"
                          : own->bias.scheme != TUFF_INIT_NOT_GIVEN && !bias     ? "bias"
                                                                                 : NULL;
    if (missing != NULL)
        return tuff_source_fail(source, TUFF_ERROR_INVALID, own->mark, "%s: it has no %s", layer->kind->name,
                                missing);
    if (looks_at_fan(own->weight.scheme) && weight->rank == 1)
        return tuff_source_fail(
            source, TUFF_ERROR_INVALID, own->weight.mark,
            "%s: its weight is one number a channel; it may be zeros, ones, {constant: x}, "
            "{uniform: x} or {normal: x}",
            layer->kind->name);
    if (around == NULL)
        return TUFF_OK;
    struct tuff_layer_training outer = *around;
    // What a block says of weights and biases is not meant for batch normalization, which begins as it does
    // nothing.
    if (weight != NULL && weight->rank == 1)
        outer.weight.scheme = outer.bias.scheme = TUFF_INIT_NOT_GIVEN;
    tuff_training_inherit(own, &outer);
    return TUFF_OK;
}

static void fill(float *values, uint64_t elements, double value)
{
    for (uint64_t i = 0; i < elements; i++)
        values[i] = (float)value;
}

// The same bits everywhere: u has 24 bits, so that 2u - 1 is exact, contracted or not; the product is rounded
// once.
static void fill_uniform(float *values, uint64_t elements, double bound, uint64_t seed, uint32_t index)
{
    const float most = (float)bound;
    for (uint64_t i = 0; i < elements; i++) {
        float u = tuff_random_uniform(seed, TUFF_RANDOM_INITIALIZE, index, i);
        values[i] = (2.0f * u - 1.0f) * most;
    }
}

static void fill_normal(float *values, uint64_t elements, double deviation, uint64_t seed, uint32_t index)
{
    for (uint64_t i = 0; i < elements; i++)
        values[i] = (float)(deviation * tuff_random_normal(seed, TUFF_RANDOM_INITIALIZE, index, i));
}

// torch.nn.init, with the gain of ReLU for Kaiming's schemes and of 1 for Xavier's (He et al., 2015; Glorot
// and Bengio, 2010): the standard deviation. Fans are those of the weight as a whole, groups or not, as in
// PyTorch.
static double deviation_of(const struct tuff_init *init, const struct tuff_layer_parameter *parameter)
{
    double window = (double)parameter->dims[2] * parameter->dims[3];
    double fan_in = parameter->dims[1] * window, fan_out = parameter->dims[0] * window;
    if (init->scheme == TUFF_INIT_KAIMING_UNIFORM || init->scheme == TUFF_INIT_KAIMING_NORMAL)
        return sqrt(2 / (init->fan_out ? fan_out : fan_in));
    return sqrt(2 / (fan_in + fan_out));
}

void tuff_parameter_initialize(const struct tuff_layer *layer, const struct tuff_layer_parameter *parameter,
                               uint32_t index, uint64_t seed, float *values)
{
    const struct tuff_init *init =
        strcmp(parameter->suffix, "bias") == 0 ? &layer->training.bias : &layer->training.weight;
    const uint64_t elements = tuff_layer_parameter_elements(parameter);
    switch (init->scheme) {
    case TUFF_INIT_NOT_GIVEN:
    case TUFF_INIT_DEFAULT:
        if (parameter->fan_in == 0)
            fill(values, elements, (double)parameter->constant);
        else // the bound is rounded to double twice and to float once
            fill_uniform(values, elements, 1.0 / sqrt((double)parameter->fan_in), seed, index);
        return;
    case TUFF_INIT_CONSTANT:
        fill(values, elements, init->value);
        return;
    case TUFF_INIT_UNIFORM:
        fill_uniform(values, elements, init->value, seed, index);
        return;
    case TUFF_INIT_NORMAL:
        fill_normal(values, elements, init->value, seed, index);
        return;
    case TUFF_INIT_KAIMING_UNIFORM:
    case TUFF_INIT_XAVIER_UNIFORM:
        fill_uniform(values, elements, sqrt(3) * deviation_of(init, parameter), seed, index);
        return;
    case TUFF_INIT_KAIMING_NORMAL:
    case TUFF_INIT_XAVIER_NORMAL:
        fill_normal(values, elements, deviation_of(init, parameter), seed, index);
        return;
    }
}

int tuff_model_parameter_frozen(const struct tuff_model *model, size_t index)
{
    return model->layers[model->parameters[index].layer].training.freeze == TUFF_FREEZE_YES;
}

double tuff_model_parameter_rate_factor(const struct tuff_model *model, size_t index)
{
    double factor = model->layers[model->parameters[index].layer].training.rate_factor;
    return factor == 0 ? 1 : factor;
}
