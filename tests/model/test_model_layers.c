// Kinds of layers beyond LeNet's: their defaults, shapes, parameters and buffers, the ops they become, and
// what is said of settings that cannot be.
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "captured_log.h"
#include "model/layer.h"
#include "model/model.h"

enum { BATCH = 3, MAX_TENSORS = 16 };

#define MODEL(input, layers)                                                                                 \
    "name: m\ninput: " input "\nlayers:\n" layers "  - flatten\n  - linear: {features: 2}\n"

static struct captured_log captured;

static void begin(void)
{
    captured_log_begin(&captured);
}
TestSuite(model_layers, .init = begin);

static struct tuff_model *parse(const char *text)
{
    struct tuff_model *model;
    cr_assert_eq(tuff_model_parse(&captured.log, "m.yaml", text, strlen(text), &model), TUFF_OK, "%s\n%s",
                 captured.last, text);
    return model;
}

// The graph of the model; its values and nodes are looked at by number.
static struct tuff_graph *lower(const struct tuff_model *model, bool training, uint64_t seed)
{
    tuff_value_id x, state, values[MAX_TENSORS], logits;
    struct tuff_graph *graph;
    uint32_t input[4] = {BATCH};
    size_t parameters = tuff_model_parameter_count(model),
           count = parameters + tuff_model_buffer_count(model);
    tuff_model_input(model, input + 1);
    cr_assert_leq(count, MAX_TENSORS);
    cr_assert_eq(tuff_graph_create(&captured.log, TUFF_LAYOUT_ROW_MAJOR, &graph), TUFF_OK);
    cr_assert_eq(tuff_graph_add_value(graph, TUFF_VALUE_EXTERNAL, 0, "x", TUFF_F32, 4, input, true, &x),
                 TUFF_OK);
    cr_assert_eq(tuff_graph_add_value(graph, TUFF_VALUE_EXTERNAL, 1, "state", TUFF_U32, 1,
                                      (uint32_t[]){TUFF_STEP_STATE_WORDS}, false, &state),
                 TUFF_OK);
    for (size_t i = 0; i < count; i++) {
        struct tuff_parameter_info info;
        if (i < parameters)
            tuff_model_parameter(model, i, &info);
        else
            tuff_model_buffer(model, i - parameters, &info);
        cr_assert_eq(tuff_graph_add_value(graph, i < parameters ? TUFF_VALUE_PARAMETER : TUFF_VALUE_EXTERNAL,
                                          (uint32_t)i, info.name, TUFF_F32, info.rank, info.dims, false,
                                          &values[i]),
                     TUFF_OK);
    }
    const struct tuff_model_values with = {.parameters = values,
                                           .buffers = values + parameters,
                                           .training = training,
                                           .state = training ? state : TUFF_NO_VALUE,
                                           .seed = seed};
    cr_assert_eq(tuff_model_lower(model, graph, x, &with, &logits), TUFF_OK, "%s", captured.last);
    return graph;
}

static const char *name_of(const struct tuff_graph *graph, tuff_value_id value)
{
    return value == TUFF_NO_VALUE ? "" : graph->values[value].name;
}

static void check_output(const struct tuff_model *model, size_t layer, uint32_t c, uint32_t h, uint32_t w)
{
    struct tuff_layer_info info;
    tuff_model_layer(model, layer, &info);
    cr_expect(info.output_rank == 3 && info.output_dims[0] == c && info.output_dims[1] == h &&
                  info.output_dims[2] == w,
              "%s: %ux%ux%u", info.name, info.output_dims[0], info.output_dims[1], info.output_dims[2]);
}

// -- Batch normalization

Test(model_layers, batch_norm2d_has_parameters_and_buffers)
{
    struct tuff_model *model =
        parse(MODEL("[3, 5, 4]", "  - batch_norm2d\n  - batch_norm2d: {name: plain, affine: false}\n"));
    struct tuff_parameter_info info;
    static const char *const parameters[] = {"bn1.weight", "bn1.bias", "fc1.weight", "fc1.bias"};
    static const char *const buffers[] = {"bn1.running_mean", "bn1.running_var", "plain.running_mean",
                                          "plain.running_var"};
    cr_assert_eq(tuff_model_parameter_count(model), 4);
    cr_assert_eq(tuff_model_buffer_count(model), 4);
    cr_assert_eq(tuff_model_buffer_elements(model), 12);
    cr_assert_eq(tuff_model_parameter_elements(model), 6 + 2 * 60 + 2);
    for (size_t i = 0; i < 4; i++) {
        float values[3] = {NAN, NAN, NAN};
        tuff_model_parameter(model, i, &info);
        cr_expect_str_eq(info.name, parameters[i]);
        if (i < 2) {
            tuff_model_initialize(model, i, 1, values);
            cr_expect(info.rank == 1 && info.dims[0] == 3 && info.fan_in == 0);
            cr_expect(values[0] == (i == 0) && values[2] == (i == 0), "%s begins as %g", info.name,
                      (double)values[0]);
        }
        tuff_model_buffer(model, i, &info);
        tuff_model_initialize_buffer(model, i, values);
        cr_expect_str_eq(info.name, buffers[i]);
        cr_expect(info.rank == 1 && info.dims[0] == 3);
        cr_expect(values[0] == i % 2 && values[2] == i % 2, "%s begins as %g", info.name, (double)values[0]);
    }
    check_output(model, 0, 3, 5, 4);
    struct tuff_layer_info layer;
    tuff_model_layer(model, 0, &layer);
    cr_expect(layer.parameters == 6 && layer.buffers == 6);
    tuff_model_layer(model, 1, &layer);
    cr_expect(layer.parameters == 0 && layer.buffers == 6);
    tuff_model_destroy(&model);
}

Test(model_layers, batch_norm2d_becomes_the_op_of_its_pass)
{
    struct tuff_model *model = parse(MODEL(
        "[3, 5, 4]", "  - batch_norm2d\n  - batch_norm2d: {epsilon: 0.25, momentum: 0, affine: false}\n"));
    for (int training = 0; training < 2; training++) {
        struct tuff_graph *graph = lower(model, training != 0, 7);
        struct tuff_batch_norm2d_params params;
        const struct tuff_node *node = &graph->nodes[0];
        memcpy(&params, node->params, sizeof params);
        cr_expect(params.epsilon == 1e-5f && params.momentum == 0.1f, "PyTorch's defaults");
        cr_expect_eq(node->op, training ? TUFF_OP_BATCH_NORM2D_TRAIN : TUFF_OP_BATCH_NORM2D_EVAL);
        cr_expect_str_eq(name_of(graph, node->values[training ? 3 : 2]), "bn1.running_mean");
        cr_expect_str_eq(name_of(graph, node->values[training ? 4 : 3]), "bn1.running_var");
        cr_expect_str_eq(name_of(graph, node->values[training ? 6 : 4]), "bn1.weight");
        cr_expect_str_eq(name_of(graph, node->values[training ? 7 : 5]), "bn1.bias");
        node = &graph->nodes[1];
        memcpy(&params, node->params, sizeof params);
        cr_expect(params.epsilon == 0.25f && params.momentum == 0);
        cr_expect_str_eq(name_of(graph, node->values[training ? 3 : 2]), "bn2.running_mean");
        cr_expect_eq(node->values[training ? 6 : 4], TUFF_NO_VALUE);
        cr_expect_str_eq(name_of(graph, graph->nodes[2].values[2]), "fc1.weight");
        tuff_graph_destroy(&graph);
    }
    tuff_model_destroy(&model);
}

// -- Dropout

// As YAML writes numbers.
Test(model_layers, reads_real_numbers)
{
    static const struct {
        const char *text;
        double value;
    } numbers[] = {{"0.25", 0.25}, {".25", 0.25}, {"+2.5e-1", 0.25}, {"0.", 0}, {"0", 0}, {"25.e-2", 0.25}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char text[128];
        snprintf(text, sizeof text, MODEL("[1, 4, 4]", "  - dropout: {p: %s}\n"), numbers[i].text);
        struct tuff_model *model = parse(text);
        cr_expect_eq(model->layers[0].settings[0].real, numbers[i].value, "%s", numbers[i].text);
        tuff_model_destroy(&model);
    }
}

Test(model_layers, dropout_is_there_in_training_alone)
{
    struct tuff_model *model = parse(MODEL("[1, 4, 4]", "  - dropout\n  - relu\n  - dropout: {p: 0.125}\n"));
    struct tuff_graph *graph = lower(model, true, UINT64_C(0x123456789));
    static const struct {
        uint32_t node;
        float probability;
    } expected[] = {{0, 0.5f}, {2, 0.125f}};
    for (uint32_t i = 0; i < 2; i++) {
        const struct tuff_node *node = &graph->nodes[expected[i].node];
        struct tuff_dropout_params params;
        memcpy(&params, node->params, sizeof params);
        cr_assert_eq(node->op, TUFF_OP_DROPOUT_FORWARD);
        cr_expect_eq(params.probability, expected[i].probability);
        cr_expect_eq(params.layer, i, "each has a mask of its own");
        cr_expect(params.seed_low == 0x23456789 && params.seed_high == 1);
        cr_expect_str_eq(name_of(graph, node->values[2]), "state");
    }
    tuff_graph_destroy(&graph);
    graph = lower(model, false, 1);
    cr_expect_eq(graph->node_count, 2, "relu and linear");
    tuff_graph_destroy(&graph);
    tuff_model_destroy(&model);
}

// -- Activations

Test(model_layers, activations_become_their_kinds)
{
    struct tuff_model *model =
        parse(MODEL("[1, 4, 4]", "  - leaky_relu\n  - gelu\n  - silu\n  - sigmoid\n  - tanh\n"
                                 "  - leaky_relu: {negative_slope: -2e-1}\n"));
    struct tuff_graph *graph = lower(model, false, 1);
    const uint32_t kinds[] = {TUFF_ACTIVATION_LEAKY_RELU, TUFF_ACTIVATION_GELU, TUFF_ACTIVATION_SILU,
                              TUFF_ACTIVATION_SIGMOID,    TUFF_ACTIVATION_TANH, TUFF_ACTIVATION_LEAKY_RELU};
    for (uint32_t i = 0; i < 6; i++) {
        struct tuff_activation_params params;
        memcpy(&params, graph->nodes[i].params, sizeof params);
        cr_expect_eq(graph->nodes[i].op, TUFF_OP_ACTIVATION_FORWARD);
        cr_expect_eq(params.kind, kinds[i]);
        cr_expect_eq(params.slope, i == 0 ? 0.01f : i == 5 ? -0.2f : 0, "of layer %u", i);
        check_output(model, i, 1, 4, 4);
    }
    tuff_graph_destroy(&graph);
    tuff_model_destroy(&model);
}

// -- Average pooling

// Sizes as PyTorch 1.13 gives them for avg_pool2d(zeros(1, 1, h, w), kernel, stride, padding, ceil_mode).
Test(model_layers, avg_pool2d_sizes)
{
    static const struct {
        const char *settings;
        uint32_t h, w, overhang_h, overhang_w;
    } expected[] = {
        {"kernel: 2", 3, 4, 0, 0},
        {"kernel: 2, ceil_mode: true", 4, 5, 1, 1},
        {"kernel: [3, 2], stride: [2, 3]", 3, 3, 0, 0},
        {"kernel: [3, 2], stride: [2, 3], ceil_mode: true", 3, 3, 0, 0},
        {"kernel: 3, stride: 3, padding: 1, ceil_mode: true", 3, 4, 0, 1},
        {"kernel: 2, stride: 4, padding: 1, ceil_mode: true", 2, 3, 0, 0},
        {"kernel: 3, stride: 1, padding: same", 7, 9, 0, 0},
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        char text[256];
        snprintf(text, sizeof text, MODEL("[2, 7, 9]", "  - avg_pool2d: {%s}\n"), expected[i].settings);
        struct tuff_model *model = parse(text);
        struct tuff_graph *graph = lower(model, true, 1); // the op checks the sizes by its own formula
        struct tuff_avg_pool2d_params params;
        memcpy(&params, graph->nodes[0].params, sizeof params);
        check_output(model, 0, 2, expected[i].h, expected[i].w);
        cr_expect(params.overhang_h == expected[i].overhang_h && params.overhang_w == expected[i].overhang_w,
                  "%s: an overhang of %u,%u", expected[i].settings, params.overhang_h, params.overhang_w);
        cr_expect_eq(params.count_include_pad, 1);
        tuff_graph_destroy(&graph);
        tuff_model_destroy(&model);
    }
}

Test(model_layers, adaptive_avg_pool2d_sizes)
{
    struct tuff_model *model = parse(MODEL("[2, 7, 9]", "  - adaptive_avg_pool2d: {output: [3, 11]}\n"
                                                        "  - adaptive_avg_pool2d: {output: 1}\n"));
    check_output(model, 0, 2, 3, 11);
    check_output(model, 1, 2, 1, 1);
    struct tuff_graph *graph = lower(model, true, 1);
    cr_expect_eq(graph->nodes[0].op, TUFF_OP_ADAPTIVE_AVG_POOL2D_FORWARD);
    tuff_graph_destroy(&graph);
    tuff_model_destroy(&model);
}

// -- conv2d's padding

Test(model_layers, conv2d_passes_its_padding_mode_on)
{
    static const char *const modes[] = {"zeros", "reflect", "replicate", "circular"};
    for (uint32_t mode = 0; mode < 4; mode++) {
        char text[256];
        snprintf(
            text, sizeof text,
            MODEL("[1, 4, 6]", "  - conv2d: {channels: 2, kernel: 3, padding: [2, 3], padding_mode: %s}\n"),
            modes[mode]);
        struct tuff_model *model = parse(text);
        struct tuff_graph *graph = lower(model, false, 1);
        struct tuff_conv2d_params params;
        memcpy(&params, graph->nodes[0].params, sizeof params);
        cr_expect_eq(params.padding_mode, mode);
        tuff_graph_destroy(&graph);
        tuff_model_destroy(&model);
    }
}

// -- The digest tells models apart

static uint64_t digest_of(const char *layers)
{
    char text[256];
    snprintf(text, sizeof text, MODEL("[1, 4, 4]", "%s"), layers);
    struct tuff_model *model = parse(text);
    uint64_t digest = tuff_model_digest(model);
    tuff_model_destroy(&model);
    return digest;
}

Test(model_layers, digests_follow_real_settings)
{
    uint64_t plain = digest_of("  - dropout\n");
    cr_expect_eq(digest_of("  - dropout: {p: 0.5, name: d}\n"), plain);
    cr_expect_neq(digest_of("  - dropout: {p: 0.25}\n"), plain);
    cr_expect_neq(digest_of("  - batch_norm2d: {epsilon: 0.1, momentum: 0.5}\n"),
                  digest_of("  - batch_norm2d: {epsilon: 0.5, momentum: 0.1}\n"));
    // A stride that is not given is the kernel.
    static const char *const pools[] = {"max", "avg"};
    for (int i = 0; i < 2; i++) {
        char absent[64], given[64], other[64];
        snprintf(absent, sizeof absent, "  - %s_pool2d: {kernel: [2, 1]}\n", pools[i]);
        snprintf(given, sizeof given, "  - %s_pool2d: {kernel: [2, 1], stride: [2, 1]}\n", pools[i]);
        snprintf(other, sizeof other, "  - %s_pool2d: {kernel: [2, 1], stride: [2, 2]}\n", pools[i]);
        cr_expect_eq(digest_of(given), digest_of(absent), "%s", given);
        cr_expect_neq(digest_of(other), digest_of(absent), "%s", other);
    }
}

// -- Refusals

Test(model_layers, refuses_settings_that_cannot_be)
{
    static const struct {
        const char *layer;
        enum tuff_status status;
        const char *message;
    } wrong[] = {
        {"batch_norm2d: {momentum: 1.5}", TUFF_ERROR_INVALID,
         "4:30: batch_norm2d: 'momentum' must be a number from 0 to 1, found '1.5'"},
        {"batch_norm2d: {epsilon: 0}", TUFF_ERROR_INVALID,
         "4:29: batch_norm2d: 'epsilon' must be a number from 1e-30 to 1e30, found '0'"},
        {"batch_norm2d: {epsilon: small}", TUFF_ERROR_FORMAT,
         "4:29: batch_norm2d: 'epsilon' must be a number from 1e-30 to 1e30, found 'small'"},
        {"batch_norm2d: {epsilon: '1e-5'}", TUFF_ERROR_FORMAT,
         "4:29: batch_norm2d: 'epsilon' must be a number from 1e-30 to 1e30, found the text '1e-5'"},
        {"batch_norm2d: {momentun: 0.1}", TUFF_ERROR_FORMAT,
         "4:20: batch_norm2d: unknown key 'momentun'; did you mean 'momentum'?"},
        {"batchnorm2d", TUFF_ERROR_FORMAT,
         "4:5: unknown layer kind 'batchnorm2d'; did you mean 'batch_norm2d'?"},
        {"dropout: {p: 1}", TUFF_ERROR_INVALID,
         "4:18: dropout: 'p' must be a number from 0 to below 1, found '1'"},
        {"dropout: {p: 0.99999999}", TUFF_ERROR_INVALID,
         "4:18: dropout: a 'p' of 0.99999998999999995 is 1 in float32, and drops all"},
        {"dropout: {p: .}", TUFF_ERROR_FORMAT,
         "4:18: dropout: 'p' must be a number from 0 to below 1, found '.'"},
        {"dropout: {p: nan}", TUFF_ERROR_FORMAT,
         "4:18: dropout: 'p' must be a number from 0 to below 1, found 'nan'"},
        {"leaky_relu: {negative_slope: [1]}", TUFF_ERROR_FORMAT,
         "4:34: leaky_relu: 'negative_slope' must be a number from -1e30 to 1e30, found a list of 1"},
        {"conv2d: {channels: 1, kernel: 3, padding_mode: reflekt}", TUFF_ERROR_FORMAT,
         "4:52: conv2d: 'padding_mode': unknown value 'reflekt'; did you mean 'reflect'?"},
        {"conv2d: {channels: 1, kernel: 3, padding_mode: 3}", TUFF_ERROR_FORMAT,
         "4:52: conv2d: 'padding_mode': unknown value '3'; expected one of zeros, reflect, replicate, "
         "circular"},
        {"conv2d: {channels: 1, kernel: 3, padding: [1, 4], padding_mode: reflect}", TUFF_ERROR_INVALID,
         "4:47: conv2d: a padding of 4 in an input of 6x4; padding_mode reflect allows 3 there"},
        {"conv2d: {channels: 1, kernel: 3, padding: [7, 1], padding_mode: circular}", TUFF_ERROR_INVALID,
         "4:47: conv2d: a padding of 7 in an input of 6x4; padding_mode circular allows 6 there"},
        {"avg_pool2d: {kernel: 3, padding: 2}", TUFF_ERROR_INVALID,
         "4:38: avg_pool2d: a padding of 2 is more than half of the kernel of 3"},
        {"avg_pool2d: {kernel: 7}", TUFF_ERROR_INVALID,
         "4:26: avg_pool2d: a kernel of 7x7 does not fit into its input of 6x4"},
        {"adaptive_avg_pool2d", TUFF_ERROR_FORMAT, "4:5: adaptive_avg_pool2d: missing key 'output'"},
        {"flatten\n  - batch_norm2d", TUFF_ERROR_INVALID,
         "5:5: batch_norm2d: expected an input of channels, height and width, found 48 features"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[256], expected[256];
        struct tuff_model *model;
        snprintf(text, sizeof text, MODEL("[2, 6, 4]", "  - %s\n"), wrong[i].layer);
        snprintf(expected, sizeof expected, "m.yaml:%s", wrong[i].message);
        captured_log_begin(&captured);
        cr_expect_eq(tuff_model_parse(&captured.log, "m.yaml", text, strlen(text), &model), wrong[i].status,
                     "%s", wrong[i].layer);
        cr_expect_str_eq(captured.last, expected);
        cr_expect_null(model);
    }
}
