// What a model file says of training: the recipe, and how parameters begin and are trained.
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "captured_log.h"
#include "model/model.h"
#include "tuff/model.h"
#include "tuff/random.h"

#define HEAD "name: m\ninput: [2, 8, 6]\n"

static struct tuff_model *parse(const char *text)
{
    struct captured_log captured;
    struct tuff_model *model;
    captured_log_begin(&captured);
    cr_assert_eq(tuff_model_parse(&captured.log, "x", text, strlen(text), &model), TUFF_OK, "%s",
                 captured.last);
    return model;
}

static void expect_error(const char *text, const char *message)
{
    struct captured_log captured;
    struct tuff_model *model;
    captured_log_begin(&captured);
    cr_expect_neq(tuff_model_parse(&captured.log, "x", text, strlen(text), &model), TUFF_OK, "%s", text);
    cr_expect_str_eq(captured.last, message);
    cr_expect_eq(captured.count, 1);
    cr_expect_null(model);
}

// ---- Recipes

Test(model_training, recipe)
{
    static const struct tuff_recipe_setting expected[] = {
        {"epochs", "30"},
        {"optimizer", "sgd"},
        {"lr", "1e-1"},
        {"nesterov", "true"},
        {"gamma", ".5"},
        {"label_smoothing", "0"},
        {"augment", "flip,crop=4:reflect"},
        {"normalize", "auto"},
    };
    struct tuff_model *model =
        parse(HEAD "recipe:\n  lr: 1e-1\n  epochs: 30\n  optimizer: sgd\n  nesterov: True\n  gamma: .5\n"
                   "  label_smoothing: 0\n  augment: flip,crop=4:reflect\n  normalize: auto\n"
                   "layers: [flatten, linear: {features: 3}]\n");
    cr_assert_eq(tuff_model_recipe_count(model), sizeof expected / sizeof *expected);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        struct tuff_recipe_setting setting;
        tuff_model_recipe(model, i, &setting);
        cr_expect_str_eq(setting.key, expected[i].key);
        cr_expect_str_eq(setting.value, expected[i].value, "%s", setting.key);
    }
    tuff_model_destroy(&model);
}

Test(model_training, every_model_that_ships_has_a_recipe)
{
    for (size_t i = 0; tuff_model_shipped(i) != NULL; i++) {
        struct tuff_model *model;
        cr_assert_eq(tuff_model_load(NULL, tuff_model_shipped(i), &model), TUFF_OK);
        cr_expect_gt(tuff_model_recipe_count(model), 3, "%s", tuff_model_shipped(i));
        tuff_model_destroy(&model);
    }
}

Test(model_training, recipes_that_cannot_be)
{
#define RECIPE(text) HEAD "recipe:\n  " text "\nlayers: [flatten, linear: {features: 3}]\n"
    expect_error(RECIPE("rate: 0.1"),
                 "x:4:3: recipe: unknown key 'rate'; expected one of epochs, batch, optimizer, lr, momentum, "
                 "nesterov, "
                 "beta1, beta2, epsilon, weight_decay, schedule, warmup, lr_min, decay_epochs, gamma, "
                 "label_smoothing, clip_norm, ema, augment, normalize");
    expect_error(RECIPE("momentun: 0.9"), "x:4:3: recipe: unknown key 'momentun'; did you mean 'momentum'?");
    expect_error(RECIPE("epochs: 0"),
                 "x:4:11: recipe: 'epochs' must be a whole number from 1 to 4294967295, found '0'");
    expect_error(RECIPE("lr: 0"), "x:4:7: recipe: 'lr' must be a number above 0, found '0'");
    expect_error(RECIPE("ema: 1"), "x:4:8: recipe: 'ema' must be a number from 0 to below 1, found '1'");
    expect_error(RECIPE("weight_decay: 2"),
                 "x:4:17: recipe: 'weight_decay' must be a number from 0 to below 1, found '2'");
    expect_error(RECIPE("gamma: 1.5"),
                 "x:4:10: recipe: 'gamma' must be a number above 0 and at most 1, found '1.5'");
    expect_error(RECIPE("optimizer: adan"),
                 "x:4:14: recipe: 'optimizer': unknown value 'adan'; did you mean 'adam'?");
    expect_error(RECIPE("nesterov: 1"), "x:4:13: recipe: 'nesterov' must be true or false, found '1'");
    expect_error(RECIPE("augment: [flip]"), "x:4:12: recipe: 'augment' must be a text, found a list of 1");
    expect_error(
        RECIPE("augment: flop"),
        "x:4:12: recipe: augmentation 'flop': unknown 'flop'; did you mean 'flip'? (there are: flip, "
        "crop, translate, cutout, none)");
    expect_error(
        RECIPE("normalize: fast"),
        "x:4:14: recipe: 'normalize': expected auto, or MEAN/DEVIATION with 2 numbers each, separated by "
        "commas, the deviations above 0; found 'fast'");
    expect_error(
        RECIPE("normalize: '0.1,.2/1,0'"),
        "x:4:14: recipe: 'normalize': expected auto, or MEAN/DEVIATION with 2 numbers each, separated by "
        "commas, the deviations above 0; found '0.1,.2/1,0'");
    expect_error(HEAD "recipe: fast\nlayers: [flatten, linear: {features: 3}]\n",
                 "x:3:9: 'recipe' must be settings of tuff train by their names, found 'fast'");
}

// ---- Initial values

struct drawn {
    float *values;
    size_t count;
    double mean, deviation, greatest;
};

static struct drawn draw(const struct tuff_model *model, const char *name, uint64_t seed)
{
    struct drawn drawn = {.values = NULL};
    for (size_t i = 0; i < tuff_model_parameter_count(model); i++) {
        struct tuff_parameter_info info;
        tuff_model_parameter(model, i, &info);
        if (strcmp(info.name, name) != 0)
            continue;
        drawn.count = (size_t)info.dims[0] * info.dims[1] * info.dims[2] * info.dims[3];
        drawn.values = malloc(drawn.count * sizeof *drawn.values);
        cr_assert_not_null(drawn.values);
        tuff_model_initialize(model, i, seed, drawn.values);
    }
    cr_assert_not_null(drawn.values, "%s", name);
    for (size_t i = 0; i < drawn.count; i++) {
        drawn.mean += (double)drawn.values[i] / (double)drawn.count;
        drawn.greatest = fmax(drawn.greatest, fabs((double)drawn.values[i]));
    }
    for (size_t i = 0; i < drawn.count; i++)
        drawn.deviation += pow((double)drawn.values[i] - drawn.mean, 2) / (double)drawn.count;
    drawn.deviation = sqrt(drawn.deviation);
    return drawn;
}

// 40 filters of 20 channels in 2 groups and a kernel of 3x5: a fan-in of 150, a fan-out of 600 as PyTorch
// counts it.
static void check_scheme(const char *init, double deviation, double bound)
{
    char text[512];
    snprintf(
        text, sizeof text,
        "name: m\ninput: [20, 3, 5]\nlayers: [conv2d: {name: c, channels: 40, kernel: [3, 5], groups: 2, "
        "init: %s}, flatten]\n",
        init);
    struct tuff_model *model = parse(text);
    struct drawn weight = draw(model, "c.weight", 7), bias = draw(model, "c.bias", 7);
    cr_assert_eq(weight.count, 6000);
    cr_expect_leq(fabs(weight.mean), 4 * deviation / sqrt(6000), "%s: mean %g", init, weight.mean);
    cr_expect_leq(fabs(weight.deviation - deviation), 0.03 * deviation, "%s: deviation %g, expected %g", init,
                  weight.deviation, deviation);
    cr_expect_leq(weight.greatest, bound * (1 + 1e-6), "%s: %g", init, weight.greatest);
    cr_expect_geq(weight.greatest, deviation == 0 ? bound : 0.6 * bound, "%s: %g", init, weight.greatest);
    cr_expect_leq(bias.greatest, 1 / sqrt(150), "%s: the bias is as ever", init);
    cr_expect_gt(bias.greatest, 0.5 / sqrt(150));
    free(weight.values);
    free(bias.values);
    tuff_model_destroy(&model);
}

Test(model_training, schemes_have_the_spread_of_pytorch)
{
    const double normal = 5.42; // of the quantile at 2^-25
    check_scheme("default", 1 / sqrt(3 * 150.0), 1 / sqrt(150.0));
    check_scheme("kaiming_uniform", sqrt(2 / 150.0), sqrt(6 / 150.0));
    check_scheme("{kaiming_uniform: fan_out}", sqrt(2 / 600.0), sqrt(6 / 600.0));
    check_scheme("kaiming_normal", sqrt(2 / 150.0), normal * sqrt(2 / 150.0));
    check_scheme("{kaiming_normal: fan_in}", sqrt(2 / 150.0), normal * sqrt(2 / 150.0));
    check_scheme("{kaiming_normal: fan_out}", sqrt(2 / 600.0), normal * sqrt(2 / 600.0));
    check_scheme("xavier_uniform", sqrt(2 / 750.0), sqrt(6 / 750.0));
    check_scheme("xavier_normal", sqrt(2 / 750.0), normal * sqrt(2 / 750.0));
    check_scheme("{uniform: 0.25}", 0.25 / sqrt(3), 0.25);
    check_scheme("{normal: 0.02}", 0.02, normal * 0.02);
}

static void expect_constant(const struct tuff_model *model, const char *name, float value)
{
    struct drawn drawn = draw(model, name, 3);
    for (size_t i = 0; i < drawn.count; i++)
        cr_assert_eq(drawn.values[i], value, "%s: %g", name, (double)drawn.values[i]);
    free(drawn.values);
}

// A block's keys hold for convolutions and linear layers in it, unless they say otherwise; batch
// normalization goes by its own alone.
Test(model_training, blocks)
{
    struct tuff_model *model =
        parse(HEAD "layers:\n"
                   "  - block:\n"
                   "      name: a\n"
                   "      init: {constant: 0.5}\n"
                   "      init_bias: ones\n"
                   "      freeze: true\n"
                   "      lr_factor: 0.25\n"
                   "      layers:\n"
                   "        - conv2d: {channels: 3, kernel: 1}\n"
                   "        - batch_norm2d\n"
                   "        - batch_norm2d: {init: zeros, init_bias: {constant: -2}, freeze: false}\n"
                   "        - residual: {init_bias: zeros, lr_factor: 4, layers: [conv2d: {channels: 3, "
                   "kernel: 1, init: ones}]}\n"
                   "  - flatten\n"
                   "  - linear: {features: 3}\n");
    static const struct {
        const char *name;
        float value; // NAN: not a constant
        int frozen;
        double factor;
    } expected[] = {
        {"a.conv1.weight", 0.5f, 1, 0.25}, {"a.conv1.bias", 1, 1, 0.25}, {"a.bn1.weight", 1, 1, 0.25},
        {"a.bn1.bias", 0, 1, 0.25},        {"a.bn2.weight", 0, 0, 0.25}, {"a.bn2.bias", -2, 0, 0.25},
        {"a.conv2.weight", 1, 1, 4},       {"a.conv2.bias", 0, 1, 4},    {"fc1.weight", NAN, 0, 1},
        {"fc1.bias", NAN, 0, 1},
    };
    cr_assert_eq(tuff_model_parameter_count(model), sizeof expected / sizeof *expected);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        struct tuff_parameter_info info;
        tuff_model_parameter(model, i, &info);
        cr_assert_str_eq(info.name, expected[i].name);
        if (!isnan(expected[i].value))
            expect_constant(model, info.name, expected[i].value);
        cr_expect_eq(tuff_model_parameter_frozen(model, i), expected[i].frozen, "%s", info.name);
        cr_expect_eq(tuff_model_parameter_rate_factor(model, i), expected[i].factor, "%s", info.name);
    }
    tuff_model_destroy(&model);
}

// A saved training does not fit another learning rate; how parameters begin is not asked any more.
Test(model_training, digest)
{
#define ONE(keys) HEAD "layers: [flatten, linear: {features: 3" keys "}]\n"
    struct tuff_model *plain = parse(ONE("")), *one = parse(ONE(", lr_factor: 1, init: zeros")),
                      *two = parse(ONE(", lr_factor: 2"));
    cr_expect_eq(tuff_model_digest(plain), tuff_model_digest(one));
    cr_expect_neq(tuff_model_digest(plain), tuff_model_digest(two));
    cr_expect_eq(tuff_model_forward_digest(plain), tuff_model_forward_digest(two));
    tuff_model_destroy(&plain);
    tuff_model_destroy(&one);
    tuff_model_destroy(&two);
}

Test(model_training, keys_that_cannot_be)
{
#define LINEAR(keys) HEAD "layers:\n  - flatten\n  - linear: {features: 3, " keys "}\n"
    expect_error(LINEAR("init: zero"), "x:5:33: linear: 'init': unknown value 'zero'; did you mean 'zeros'?");
    expect_error(LINEAR("init: constant"),
                 "x:5:33: linear: 'init': 'constant' wants a number: {constant: x}");
    expect_error(LINEAR("init: {constant: a}"),
                 "x:5:44: linear: 'init': 'constant' must be a number that float32 has, found 'a'");
    expect_error(
        LINEAR("init: {normal: -1}"),
        "x:5:42: linear: 'init': 'normal' must be a number of at least 0 that float32 has, found '-1'");
    expect_error(LINEAR("init: {constant: -1e39}"),
                 "x:5:44: linear: 'init': 'constant' must be a number that float32 has, found '-1e39'");
    expect_error(
        LINEAR("init: {uniform: 1e39}"),
        "x:5:43: linear: 'init': 'uniform' must be a number of at least 0 that float32 has, found '1e39'");
    expect_error(LINEAR("init: {zeros: 1}"), "x:5:41: linear: 'init': 'zeros' takes no value, found '1'");
    expect_error(LINEAR("init: {kaiming_normal: fan}"),
                 "x:5:50: linear: 'init': 'kaiming_normal' takes fan_in or fan_out, found 'fan'");
    expect_error(
        LINEAR("init: [zeros]"),
        "x:5:33: linear: 'init' must be the name of a scheme or {scheme: number}, found a list of 1");
    expect_error(LINEAR("init_bias: kaiming_normal"),
                 "x:5:38: linear: 'init_bias': 'kaiming_normal' is for weights; a bias may be zeros, ones, "
                 "{constant: x}, {uniform: x} or {normal: x}");
    expect_error(LINEAR("bias: false, init_bias: zeros"), "x:5:51: linear: it has no bias");
    expect_error(LINEAR("freeze: 1"), "x:5:35: linear: 'freeze' must be true or false, found '1'");
    expect_error(LINEAR("lr_factor: 0"),
                 "x:5:38: linear: 'lr_factor' must be a number above 0 that float32 has, found '0'");
    expect_error(LINEAR("lr_factor: 1e39"),
                 "x:5:38: linear: 'lr_factor' must be a number above 0 that float32 has, found '1e39'");
    expect_error(LINEAR("lr_factor: 1e-39"),
                 "x:5:38: linear: 'lr_factor' must be a number above 0 that float32 has, found '1e-39'");
    expect_error(HEAD
                 "layers: [batch_norm2d: {affine: false, freeze: true}, flatten, linear: {features: 3}]\n",
                 "x:3:48: batch_norm2d: it has no parameters");
    expect_error(
        HEAD "layers: [batch_norm2d: {init: xavier_normal}, flatten, linear: {features: 3}]\n",
        "x:3:31: batch_norm2d: its weight is one number a channel; it may be zeros, ones, {constant: x}, "
        "{uniform: x} or {normal: x}");
    expect_error(HEAD "layers: [relu: {freeze: true}, flatten, linear: {features: 3}]\n",
                 "x:3:17: relu: unknown key 'freeze'; expected one of name");
}

// ---- The normal distribution

// Against the distribution function of the C library.
Test(model_training, normal_numbers)
{
    double sum = 0, squares = 0, fourth = 0;
    enum { COUNT = 200000 };
    for (uint64_t i = 0; i < COUNT; i++) {
        double x = tuff_random_normal(1, TUFF_RANDOM_TEST, 0, i);
        double p = 0.5 * erfc(-x / sqrt(2));
        double u = ((double)(tuff_random_u32(1, TUFF_RANDOM_TEST, 0, i) >> 8) + 0.5) * 0x1p-24;
        cr_assert_lt(fabs(p - u), 1e-13, "element %u: the distribution at %.17g is %.17g, not %.17g",
                     (unsigned)i, x, p, u);
        sum += x;
        squares += x * x;
        fourth += x * x * x * x;
    }
    cr_expect_lt(fabs(sum / COUNT), 4 / sqrt(COUNT));
    cr_expect_lt(fabs(squares / COUNT - 1), 0.02);
    cr_expect_lt(fabs(fourth / COUNT - 3), 0.15);
}
