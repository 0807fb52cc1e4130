// Models made in code are those that files make, and are refused for the same reasons.
#include "tuff/model_builder.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "captured_log.h"
#include "model/layer.h"
#include "tuff/op/conv2d.h"

static struct captured_log captured;

static void begin(void)
{
    captured_log_begin(&captured);
}
TestSuite(model_builder, .init = begin);

#define CONV2D(...) (&(struct tuff_conv2d_options){.size = sizeof(struct tuff_conv2d_options), __VA_ARGS__})
#define MAX_POOL2D(...)                                                                                      \
    (&(struct tuff_max_pool2d_options){.size = sizeof(struct tuff_max_pool2d_options), __VA_ARGS__})
#define AVG_POOL2D(...)                                                                                      \
    (&(struct tuff_avg_pool2d_options){.size = sizeof(struct tuff_avg_pool2d_options), __VA_ARGS__})
#define BATCH_NORM2D(...)                                                                                    \
    (&(struct tuff_batch_norm2d_options){.size = sizeof(struct tuff_batch_norm2d_options), __VA_ARGS__})
#define LINEAR(...) (&(struct tuff_linear_options){.size = sizeof(struct tuff_linear_options), __VA_ARGS__})

static struct tuff_model_builder *create(const char *name)
{
    struct tuff_model_builder *builder;
    cr_assert_eq(tuff_model_builder_create(&captured.log, name, (uint32_t[]){1, 28, 28}, &builder), TUFF_OK,
                 "%s", captured.last);
    return builder;
}

static struct tuff_model *finish(struct tuff_model_builder *builder)
{
    struct tuff_model *model;
    cr_assert_eq(tuff_model_builder_finish(&builder, &model), TUFF_OK, "%s", captured.last);
    cr_assert_null(builder);
    return model;
}

static bool same_init(const struct tuff_init *a, const struct tuff_init *b)
{
    return a->scheme == b->scheme && a->fan_out == b->fan_out && a->value == b->value;
}

// All that follows from a model: layers with their settings, shapes and parameters.
static void check_same(const struct tuff_model *a, const struct tuff_model *b)
{
    cr_assert_str_eq(tuff_model_name(a), tuff_model_name(b));
    cr_assert_eq(memcmp(a->input, b->input, sizeof a->input), 0);
    cr_assert_eq(a->layer_count, b->layer_count);
    for (uint32_t i = 0; i < a->layer_count; i++) {
        const struct tuff_layer *x = &a->layers[i], *y = &b->layers[i];
        cr_assert_eq(x->kind, y->kind);
        cr_assert_str_eq(x->name, y->name);
        cr_assert_eq(memcmp(&x->input, &y->input, sizeof x->input), 0);
        cr_assert_eq(memcmp(&x->output, &y->output, sizeof x->output), 0, "%s", x->name);
        cr_assert_eq(x->multiply_adds, y->multiply_adds);
        cr_assert_eq(x->input_count, y->input_count, "%s", x->name);
        cr_assert_eq(memcmp(x->inputs, y->inputs, sizeof x->inputs), 0, "%s", x->name);
        cr_assert(same_init(&x->training.weight, &y->training.weight) &&
                      same_init(&x->training.bias, &y->training.bias),
                  "%s", x->name);
        cr_assert_eq(x->training.freeze, y->training.freeze, "%s", x->name);
        cr_assert_eq(x->training.rate_factor, y->training.rate_factor, "%s", x->name);
        for (size_t k = 0; k < x->kind->key_count; k++) {
            const struct tuff_setting *s = &x->settings[k], *t = &y->settings[k];
            cr_assert_eq(s->same, t->same);
            cr_assert_eq(s->real, t->real, "%s: %s", x->name, x->kind->keys[k].name);
            cr_assert(s->same || s->value[0] == t->value[0], "%s: %s", x->name, x->kind->keys[k].name);
            bool pair =
                x->kind->keys[k].type == TUFF_SETTING_PAIR || x->kind->keys[k].type == TUFF_SETTING_PADDING;
            cr_assert(s->same || !pair || s->value[1] == t->value[1], "%s: %s", x->name,
                      x->kind->keys[k].name);
        }
    }
    cr_assert_eq(tuff_model_parameter_count(a), tuff_model_parameter_count(b));
    for (size_t i = 0; i < tuff_model_parameter_count(a); i++) {
        struct tuff_parameter_info p, q;
        tuff_model_parameter(a, i, &p);
        tuff_model_parameter(b, i, &q);
        cr_assert_str_eq(p.name, q.name);
        cr_assert(p.rank == q.rank && p.fan_in == q.fan_in && memcmp(p.dims, q.dims, sizeof p.dims) == 0);
    }
}

Test(model_builder, makes_the_lenet_that_ships)
{
    struct tuff_model_builder *builder = create("lenet-mnist");
    tuff_model_add_conv2d(builder, "conv1", CONV2D(.channels = 6, .kernel = {3}));
    tuff_model_add_relu(builder, NULL);
    tuff_model_add_max_pool2d(builder, NULL, MAX_POOL2D(.kernel = {2, 2}));
    tuff_model_add_conv2d(builder, "conv2", CONV2D(.channels = 16, .kernel = {3, 3}));
    tuff_model_add_relu(builder, NULL);
    tuff_model_add_max_pool2d(builder, NULL, MAX_POOL2D(.kernel = {2}));
    tuff_model_add_flatten(builder, NULL);
    tuff_model_add_linear(builder, "fc1", LINEAR(.features = 120));
    tuff_model_add_relu(builder, NULL);
    tuff_model_add_linear(builder, "fc2", LINEAR(.features = 84));
    tuff_model_add_relu(builder, NULL);
    tuff_model_add_linear(builder, "fc3", LINEAR(.features = 10));
    struct tuff_model *built = finish(builder), *shipped;
    cr_assert_eq(tuff_model_load(&captured.log, "lenet-mnist", &shipped), TUFF_OK);
    check_same(built, shipped);
    cr_assert_eq(captured.count, 0);
    tuff_model_destroy(&built);
    tuff_model_destroy(&shipped);
}

Test(model_builder, takes_every_setting)
{
    struct tuff_model_builder *builder = create("uneven");
    tuff_model_add_conv2d(
        builder, "c",
        CONV2D(.channels = 4, .kernel = {3, 5}, .stride = {1, 2}, .padding = {1, 2}, .dilation = {2, 1}));
    tuff_model_add_relu(builder, NULL);
    tuff_model_add_max_pool2d(builder, NULL, MAX_POOL2D(.kernel = {3}, .stride = {2}, .padding = {1, 1}));
    tuff_model_add_conv2d(
        builder, NULL,
        CONV2D(.channels = 6, .kernel = {2, 4}, .groups = 2, .same_padding = 1, .without_bias = 1));
    tuff_model_add_max_pool2d(
        builder, NULL, MAX_POOL2D(.kernel = {2}, .stride = {1}, .dilation = {1, 2}, .same_padding = 1));
    tuff_model_add_conv2d(builder, NULL, CONV2D(.channels = 3, .kernel = {1}));
    tuff_model_add_flatten(builder, "flat");
    tuff_model_add_linear(builder, "input", LINEAR(.features = 11, .without_bias = 1));
    tuff_model_add_relu(builder, "logits");
    tuff_model_add_linear(builder, "last.one", LINEAR(.features = 10));
    struct tuff_model *built = finish(builder), *loaded;
    cr_assert_eq(tuff_model_load(&captured.log, TUFF_MODELS_DIR "/../tests/onnx/uneven.yaml", &loaded),
                 TUFF_OK, "%s", captured.last);
    check_same(built, loaded);
    tuff_model_destroy(&built);
    tuff_model_destroy(&loaded);
}

// The same of tests/onnx/kinds.yaml.
Test(model_builder, has_every_kind)
{
    struct tuff_model_builder *builder = create("kinds");
    tuff_model_add_conv2d(builder, NULL,
                          CONV2D(.channels = 4, .kernel = {3, 5}, .padding = {1, 2}, .without_bias = 1,
                                 .padding_mode = TUFF_PADDING_REFLECT));
    tuff_model_add_batch_norm2d(builder, NULL, NULL);
    tuff_model_add_leaky_relu(builder, NULL, 0.01);
    tuff_model_add_conv2d(builder, NULL,
                          CONV2D(.channels = 6, .kernel = {2, 3}, .groups = 2, .same_padding = 1,
                                 .padding_mode = TUFF_PADDING_CIRCULAR));
    tuff_model_add_batch_norm2d(builder, NULL,
                                BATCH_NORM2D(.epsilon = 1e-3, .momentum = 0.3, .without_affine = 1));
    tuff_model_add_silu(builder, NULL);
    tuff_model_add_avg_pool2d(
        builder, NULL, AVG_POOL2D(.kernel = {3, 4}, .stride = {3, 2}, .padding = {1, 2}, .ceil_mode = 1));
    tuff_model_add_conv2d(
        builder, NULL,
        CONV2D(.channels = 5, .kernel = {3}, .padding = {1, 1}, .padding_mode = TUFF_PADDING_REPLICATE));
    tuff_model_add_gelu(builder, NULL);
    tuff_model_add_avg_pool2d(
        builder, NULL, AVG_POOL2D(.kernel = {3}, .stride = {2}, .padding = {1, 1}, .exclude_padding = 1));
    tuff_model_add_sigmoid(builder, NULL);
    tuff_model_add_adaptive_avg_pool2d(builder, NULL, 3, 4);
    tuff_model_add_dropout(builder, NULL, 0.25);
    tuff_model_add_avg_pool2d(builder, NULL, AVG_POOL2D(.kernel = {2}, .ceil_mode = 1, .stride = {2}));
    tuff_model_add_adaptive_avg_pool2d(builder, NULL, 2, 1);
    tuff_model_add_leaky_relu(builder, NULL, -0.3);
    tuff_model_add_flatten(builder, NULL);
    tuff_model_add_linear(builder, NULL, LINEAR(.features = 12));
    tuff_model_add_tanh(builder, NULL);
    tuff_model_add_dropout(builder, NULL, 0.5);
    tuff_model_add_linear(builder, NULL, LINEAR(.features = 10));
    struct tuff_model *built = finish(builder), *loaded;
    cr_assert_eq(tuff_model_load(&captured.log, TUFF_MODELS_DIR "/../tests/onnx/kinds.yaml", &loaded),
                 TUFF_OK, "%s", captured.last);
    check_same(built, loaded);
    tuff_model_destroy(&built);
    tuff_model_destroy(&loaded);
}

static void add_basic(struct tuff_model_builder *builder, uint32_t stride)
{
    tuff_model_begin_residual(builder, NULL);
    tuff_model_add_conv2d(
        builder, NULL,
        CONV2D(.channels = 8, .kernel = {3}, .stride = {stride}, .padding = {1, 1}, .without_bias = 1));
    tuff_model_add_batch_norm2d(builder, NULL, NULL);
    tuff_model_add_relu(builder, NULL);
    tuff_model_add_conv2d(builder, NULL,
                          CONV2D(.channels = 8, .kernel = {3}, .padding = {1, 1}, .without_bias = 1));
    tuff_model_add_batch_norm2d(builder, NULL, NULL);
    if (stride != 1) {
        tuff_model_branch(builder);
        tuff_model_add_conv2d(builder, "downsample.0",
                              CONV2D(.channels = 8, .kernel = {1}, .stride = {stride}, .without_bias = 1));
        tuff_model_add_batch_norm2d(builder, "downsample.1", NULL);
    }
    tuff_model_end(builder);
    tuff_model_add_relu(builder, NULL);
}

// tests/golden/residual.yaml: blocks, residual sums and concatenations.
Test(model_builder, has_blocks)
{
    struct tuff_model_builder *builder;
    cr_assert_eq(tuff_model_builder_create(&captured.log, "residual", (uint32_t[]){3, 12, 10}, &builder),
                 TUFF_OK);
    tuff_model_add_conv2d(builder, "conv1",
                          CONV2D(.channels = 6, .kernel = {3}, .padding = {1, 1}, .without_bias = 1));
    tuff_model_add_batch_norm2d(builder, "bn1", NULL);
    tuff_model_add_relu(builder, NULL);
    static const char *const numbers[] = {"0", "1"};
    for (uint32_t stage = 0; stage < 2; stage++) {
        tuff_model_begin(builder, stage == 0 ? "layer1" : "layer2");
        for (uint32_t i = 0; i <= stage; i++) {
            tuff_model_begin(builder, numbers[i]);
            add_basic(builder, stage == 0 ? 2 : 1);
            tuff_model_end(builder);
        }
        tuff_model_end(builder);
    }
    tuff_model_begin_concat(builder, "mix");
    tuff_model_branch(builder);
    tuff_model_branch(builder);
    tuff_model_add_conv2d(builder, "narrow", CONV2D(.channels = 3, .kernel = {1}));
    tuff_model_branch(builder);
    tuff_model_add_max_pool2d(builder, NULL, MAX_POOL2D(.kernel = {3}, .stride = {1}, .padding = {1, 1}));
    tuff_model_add_conv2d(builder, "wide", CONV2D(.channels = 5, .kernel = {3}, .padding = {1, 1}));
    tuff_model_end(builder);
    tuff_model_add_adaptive_avg_pool2d(builder, NULL, 1, 1);
    tuff_model_add_flatten(builder, NULL);
    tuff_model_add_linear(builder, "fc", LINEAR(.features = 4));
    struct tuff_model *built = finish(builder), *loaded;
    cr_assert_eq(tuff_model_load(&captured.log, TUFF_MODELS_DIR "/../tests/golden/residual.yaml", &loaded),
                 TUFF_OK, "%s", captured.last);
    check_same(built, loaded);
    cr_assert_eq(tuff_model_block_count(built), tuff_model_block_count(loaded));
    for (size_t i = 0; i < tuff_model_block_count(built); i++) {
        struct tuff_block_info a, b;
        tuff_model_block(built, i, &a);
        tuff_model_block(loaded, i, &b);
        cr_assert_str_eq(a.name, b.name);
        cr_assert_str_eq(a.kind, b.kind);
        cr_assert(a.depth == b.depth && a.first == b.first && a.count == b.count);
    }
    tuff_model_destroy(&built);
    tuff_model_destroy(&loaded);
}

// -- Refusals

static void check_create(const char *name, uint32_t c, uint32_t h, uint32_t w, const char *message)
{
    struct tuff_model_builder *builder;
    cr_assert_eq(tuff_model_builder_create(&captured.log, name, (uint32_t[]){c, h, w}, &builder),
                 TUFF_ERROR_INVALID);
    cr_assert_null(builder);
    cr_assert_str_eq(captured.last, message, "%s", captured.last);
}

Test(model_builder, refuses_names_and_inputs_that_cannot_be)
{
    static const char rest[] =
        ": 'name' must be at most 47 letters, digits, '-', '_' and '.', beginning with a letter "
        "or a digit, found ";
    char message[512];
    snprintf(message, sizeof message, "a/b%s'a/b'", rest);
    check_create("a/b", 1, 28, 28, message);
    snprintf(message, sizeof message, "%s''", rest);
    check_create("", 1, 28, 28, message);
    check_create("a", 0, 28, 28, "a: 'input' must be a whole number from 1 to 65535, found 0");
    check_create("a", 1, 28, 65536, "a: 'input' must be a whole number from 1 to 65535, found 65536");
    check_create(
        "a", 65535, 65535, 1,
        "a: an input of 65535x65535x1 has more than 2147483647 elements, the most a tensor may have");
}

// The message is logged when the layer is added, once; what comes later is passed over.
static void check_fails(struct tuff_model_builder *builder, enum tuff_status expected, const char *message)
{
    struct tuff_model *model;
    tuff_model_add_relu(builder, "~");
    cr_assert_eq(captured.count, 1);
    cr_assert_eq(tuff_model_builder_finish(&builder, &model), expected);
    cr_assert_null(model);
    cr_assert_null(builder);
    cr_assert_eq(captured.count, 1);
    cr_assert_str_eq(captured.last, message, "%s", captured.last);
    captured.count = 0;
}

Test(model_builder, refuses_a_block_that_does_not_end)
{
    struct tuff_model_builder *builder = create("m");
    struct tuff_model *model;
    tuff_model_begin(builder, "a");
    tuff_model_add_flatten(builder, NULL);
    tuff_model_add_linear(builder, NULL, LINEAR(.features = 2));
    cr_assert_eq(tuff_model_builder_finish(&builder, &model), TUFF_ERROR_INVALID);
    cr_assert_null(model);
    cr_assert_str_eq(captured.last, "m: layer 1: block: it is begun and not ended");
}

#define TRAINING(...)                                                                                        \
    (&(struct tuff_training_options){.size = sizeof(struct tuff_training_options), __VA_ARGS__})

Test(model_builder, says_how_parameters_begin_and_are_trained)
{
    static const char file[] =
        "name: trained\n"
        "input: [1, 28, 28]\n"
        "layers:\n"
        "  - conv2d: {channels: 4, kernel: 3, init: {normal: 0.25}, init_bias: zeros, lr_factor: 0.5}\n"
        "  - block:\n"
        "      name: head\n"
        "      freeze: true\n"
        "      init: {kaiming_normal: fan_out}\n"
        "      layers:\n"
        "        - conv2d: {channels: 2, kernel: 3, freeze: false}\n"
        "        - flatten\n"
        "        - linear: {features: 10}\n";
    struct tuff_model_builder *builder = create("trained");
    tuff_model_train(builder, TRAINING(.init = "{normal: 0.25}", .init_bias = "zeros", .lr_factor = 0.5));
    tuff_model_add_conv2d(builder, NULL, CONV2D(.channels = 4, .kernel = {3}));
    tuff_model_train(builder, TRAINING(.init = "{kaiming_normal: fan_out}", .freeze = 1));
    tuff_model_begin(builder, "head");
    tuff_model_train(builder, TRAINING(.freeze = -1));
    tuff_model_add_conv2d(builder, NULL, CONV2D(.channels = 2, .kernel = {3}));
    tuff_model_add_flatten(builder, NULL);
    tuff_model_add_linear(builder, NULL, LINEAR(.features = 10));
    tuff_model_end(builder);
    struct tuff_model *built = finish(builder), *parsed;
    cr_assert_eq(tuff_model_parse(&captured.log, "trained.yaml", file, strlen(file), &parsed), TUFF_OK, "%s",
                 captured.last);
    cr_assert_eq(parsed->layers[0].training.rate_factor, 0.5);
    cr_assert_eq(parsed->layers[3].training.freeze, TUFF_FREEZE_YES);
    check_same(built, parsed);
    tuff_model_destroy(&built);
    tuff_model_destroy(&parsed);
}

static void expect_refused(const struct tuff_training_options *options, const char *message)
{
    struct tuff_model *model;
    struct tuff_model_builder *builder = create("trained");
    tuff_model_train(builder, options);
    tuff_model_add_flatten(builder, NULL);
    tuff_model_add_linear(builder, NULL, LINEAR(.features = 10));
    cr_assert_neq(tuff_model_builder_finish(&builder, &model), TUFF_OK);
    cr_assert_null(model);
    cr_expect_str_eq(captured.last, message);
}

Test(model_builder, refuses_trainings_that_cannot_be)
{
    expect_refused(
        TRAINING(.init = "kaiming_norml"),
        "trained: layer 1: training: 'init': unknown value 'kaiming_norml'; did you mean 'kaiming_normal'?");
    expect_refused(
        TRAINING(.init = "{normal: -1}"),
        "trained: layer 1: training: 'init': 'normal' must be a number of at least 0 that float32 has, "
        "found '-1'");
    expect_refused(TRAINING(.lr_factor = -2),
                   "trained: layer 1: training: 'lr_factor' must be a number above 0 that "
                   "float32 has, found '-2'");
    expect_refused(TRAINING(.freeze = 1), "trained: layer 1: flatten: it has no parameters");
    struct tuff_model *model;
    struct tuff_model_builder *builder = create("trained");
    tuff_model_add_flatten(builder, NULL);
    tuff_model_add_linear(builder, NULL, LINEAR(.features = 10));
    tuff_model_train(builder, TRAINING(.freeze = 1));
    cr_assert_eq(tuff_model_builder_finish(&builder, &model), TUFF_ERROR_INVALID);
    cr_expect_str_eq(captured.last,
                     "trained: layer 3: it was said how to train a layer or block that did not follow");
}

Test(model_builder, refuses_values_that_cannot_be)
{
    struct tuff_model_builder *builder = create("m");
    tuff_model_add_conv2d(builder, NULL, CONV2D(.kernel = {3}));
    check_fails(builder, TUFF_ERROR_INVALID,
                "m: layer 1: conv2d: 'channels' must be a whole number from 1 to 16777216, found 0");
    builder = create("m");
    tuff_model_add_conv2d(builder, NULL, CONV2D(.channels = 1));
    check_fails(builder, TUFF_ERROR_INVALID,
                "m: layer 1: conv2d: 'kernel' must be a whole number from 1 to 65535, found 0");
    builder = create("m");
    tuff_model_add_relu(builder, NULL);
    tuff_model_add_conv2d(builder, NULL, CONV2D(.channels = 1, .kernel = {3}, .padding = {1, 70000}));
    check_fails(builder, TUFF_ERROR_INVALID,
                "m: layer 2: conv2d: 'padding' must be a whole number from 0 to 65535, found 70000");
    builder = create("m");
    tuff_model_add_batch_norm2d(builder, NULL, BATCH_NORM2D(.momentum = 2));
    check_fails(builder, TUFF_ERROR_INVALID,
                "m: layer 1: batch_norm2d: 'momentum' must be a number from 0 to 1, found 2");
    builder = create("m");
    tuff_model_add_dropout(builder, NULL, 1);
    check_fails(builder, TUFF_ERROR_INVALID,
                "m: layer 1: dropout: 'p' must be a number from 0 to below 1, found 1");
    builder = create("m");
    tuff_model_add_conv2d(builder, NULL, CONV2D(.channels = 1, .kernel = {1}, .padding_mode = 4));
    check_fails(builder, TUFF_ERROR_INVALID, "m: layer 1: conv2d: unknown padding mode 4");
    builder = create("m");
    tuff_model_end(builder);
    check_fails(builder, TUFF_ERROR_INVALID, "m: layer 1: a block ends that has not begun");
    builder = create("m");
    tuff_model_branch(builder);
    check_fails(builder, TUFF_ERROR_INVALID,
                "m: layer 1: a branch, but the innermost block is no residual and no concat");
    builder = create("m");
    tuff_model_begin_concat(builder, NULL);
    tuff_model_add_relu(builder, NULL);
    check_fails(builder, TUFF_ERROR_INVALID, "m: layer 1: concat: a layer or block before its first branch");
    builder = create("m");
    tuff_model_begin_concat(builder, NULL);
    tuff_model_begin(builder, "pre");
    check_fails(builder, TUFF_ERROR_INVALID, "m: layer 1: concat: a layer or block before its first branch");
    builder = create("m");
    tuff_model_train(builder, &(struct tuff_training_options){.freeze = 1});
    check_fails(builder, TUFF_ERROR_INVALID, "m: layer 1: training: the options' size is not set");
    builder = create("m");
    tuff_model_begin_residual(builder, NULL);
    tuff_model_add_relu(builder, NULL);
    tuff_model_branch(builder);
    tuff_model_branch(builder);
    check_fails(builder, TUFF_ERROR_INVALID, "m: layer 1: residual: a second shortcut");
    builder = create("m");
    tuff_model_begin(builder, "");
    check_fails(
        builder, TUFF_ERROR_INVALID,
        "m: layer 1: block: 'name' must be at most 47 letters, digits, '_' and '.', not beginning with '.', "
        "found ''");
    builder = create("m");
    tuff_model_add_relu(builder, ".2");
    check_fails(
        builder, TUFF_ERROR_INVALID,
        "m: layer 1: relu: 'name' must be at most 47 letters, digits, '_' and '.', not beginning with "
        "'.', found '.2'");
    builder = create("m");
    tuff_model_add_linear(builder, NULL, &(struct tuff_linear_options){.features = 10});
    check_fails(builder, TUFF_ERROR_INVALID, "m: layer 1: linear: the options' size is not set");
}

Test(model_builder, refuses_what_does_not_fit)
{
    struct tuff_model_builder *builder = create("m");
    tuff_model_add_linear(builder, NULL, LINEAR(.features = 10));
    check_fails(
        builder, TUFF_ERROR_INVALID,
        "m: layer 1: linear: expected an input of features, found 1x28x28; add a flatten layer before it");
    builder = create("m");
    tuff_model_add_conv2d(builder, NULL, CONV2D(.channels = 4, .kernel = {29}));
    check_fails(builder, TUFF_ERROR_INVALID,
                "m: layer 1: conv2d: a kernel of 29x29 does not fit into its input of 28x28");
    builder = create("m");
    tuff_model_add_conv2d(builder, NULL, CONV2D(.channels = 4, .kernel = {3}, .groups = 2));
    check_fails(builder, TUFF_ERROR_INVALID,
                "m: layer 1: conv2d: 2 groups do not divide the 1 channels of the input");
    builder = create("m");
    tuff_model_add_relu(builder, "relu2");
    tuff_model_add_relu(builder, NULL);
    check_fails(builder, TUFF_ERROR_INVALID,
                "m: layer 2: relu: give it a name; the automatic one 'relu2' is already that of layer 1");
}

Test(model_builder, refuses_models_that_end_badly)
{
    struct tuff_model *model;
    struct tuff_model_builder *builder = create("m");
    cr_assert_eq(tuff_model_builder_finish(&builder, &model), TUFF_ERROR_INVALID);
    cr_assert_str_eq(captured.last, "m: a model has at least one layer");
    builder = create("m");
    tuff_model_add_conv2d(builder, NULL, CONV2D(.channels = 2, .kernel = {3}));
    cr_assert_eq(tuff_model_builder_finish(&builder, &model), TUFF_ERROR_INVALID);
    cr_assert_str_eq(captured.last,
                     "m: layer 1: conv2d: the last layer must give one number per class, not 2x26x26; end "
                     "with flatten and linear");
    builder = create("m");
    tuff_model_add_flatten(builder, NULL);
    cr_assert_eq(tuff_model_builder_finish(&builder, &model), TUFF_ERROR_INVALID);
    cr_assert_str_eq(captured.last,
                     "m: nothing to train: no layer has parameters; add a linear or conv2d layer");
    cr_assert_null(model);
}

Test(model_builder, needs_neither_a_log_nor_an_end)
{
    struct tuff_model_builder *builder = NULL;
    tuff_model_builder_destroy(&builder);
    tuff_model_builder_destroy(NULL);
    cr_assert_eq(tuff_model_builder_create(NULL, "/", (uint32_t[]){1, 1, 1}, &builder), TUFF_ERROR_INVALID);
    cr_assert_eq(tuff_model_builder_create(NULL, "m", (uint32_t[]){1, 1, 1}, &builder), TUFF_OK);
    tuff_model_add_flatten(builder, NULL);
    tuff_model_builder_destroy(&builder);
    cr_assert_null(builder);
}

// A caller that was built before an option came has a smaller struct.
Test(model_builder, takes_smaller_options)
{
    struct tuff_model_builder *builder = create("m");
    struct tuff_linear_options options = {
        .size = offsetof(struct tuff_linear_options, without_bias), .features = 10, .without_bias = 1};
    tuff_model_add_flatten(builder, NULL);
    tuff_model_add_linear(builder, NULL, &options);
    struct tuff_model *model = finish(builder);
    cr_assert_eq(tuff_model_parameter_count(model), 2, "what is beyond the size is not looked at");
    tuff_model_destroy(&model);
}
