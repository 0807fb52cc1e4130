// Blocks: names, inputs and shapes of their layers, the ops that join branches, and what is said where shapes
// do not meet.
#include <criterion/criterion.h>
#include <string.h>

#include "captured_log.h"
#include "model/layer.h"
#include "model/model.h"

// Layers begin in line 4.
#define MODEL(layers) "name: m\ninput: [2, 8, 6]\nlayers:\n" layers
#define END           "  - flatten\n  - linear: {name: fc, features: 2}\n"

static struct captured_log captured;

static void begin(void)
{
    captured_log_begin(&captured);
}
TestSuite(model_blocks, .init = begin);

static struct tuff_model *parse(const char *text)
{
    struct tuff_model *model;
    cr_assert_eq(tuff_model_parse(&captured.log, "m.yaml", text, strlen(text), &model), TUFF_OK, "%s\n%s",
                 captured.last, text);
    return model;
}

struct expected {
    const char *name, *kind;
    uint32_t inputs[3]; // of as many as input_count
    uint32_t input_count;
    uint32_t c, h, w;
};

static void check_layers(const struct tuff_model *model, const struct expected *expected, size_t count)
{
    cr_assert_eq(tuff_model_layer_count(model), count);
    for (size_t i = 0; i < count; i++) {
        const struct expected *e = &expected[i];
        const struct tuff_layer *layer = &model->layers[i];
        struct tuff_layer_info info;
        tuff_model_layer(model, i, &info);
        cr_expect_str_eq(info.name, e->name);
        cr_expect_str_eq(info.kind, e->kind);
        cr_expect_eq(layer->input_count, e->input_count, "%s", e->name);
        for (uint32_t k = 0; k < e->input_count; k++)
            cr_expect_eq(layer->inputs[k], e->inputs[k], "%s takes %u", e->name, layer->inputs[k]);
        cr_expect(info.output_dims[0] == e->c && info.output_dims[1] == e->h && info.output_dims[2] == e->w,
                  "%s: %ux%ux%u", e->name, info.output_dims[0], info.output_dims[1], info.output_dims[2]);
    }
}

static void check_block(const struct tuff_model *model, size_t index, const char *name, const char *kind,
                        uint32_t depth, size_t first, size_t count)
{
    struct tuff_block_info info;
    cr_assert_lt(index, tuff_model_block_count(model));
    tuff_model_block(model, index, &info);
    cr_expect_str_eq(info.name, name);
    cr_expect_str_eq(info.kind, kind);
    cr_expect(info.depth == depth && info.first == first && info.count == count,
              "%s: depth %u, layers %zu and %zu more", kind, info.depth, info.first, info.count);
}

#define INPUT TUFF_MODEL_INPUT

Test(model_blocks, residual)
{
    struct tuff_model *model =
        parse(MODEL("  - residual:\n"
                    "      name: a\n"
                    "      layers:\n"
                    "        - conv2d: {channels: 3, kernel: 3, stride: 2, padding: 1}\n"
                    "        - relu\n"
                    "      shortcut:\n"
                    "        - conv2d: {channels: 3, kernel: 1, stride: 2}\n"
                    "  - residual: {layers: [relu]}\n" END));
    static const struct expected expected[] = {
        {"a.conv1", "conv2d", {INPUT}, 1, 3, 4, 3}, {"a.relu1", "relu", {0}, 1, 3, 4, 3},
        {"a.conv2", "conv2d", {INPUT}, 1, 3, 4, 3}, {"a.sum1", "sum", {1, 2}, 2, 3, 4, 3},
        {"relu1", "relu", {3}, 1, 3, 4, 3},         {"sum1", "sum", {4, 3}, 2, 3, 4, 3},
        {"flatten1", "flatten", {5}, 1, 36, 1, 1},  {"fc", "linear", {6}, 1, 2, 1, 1},
    };
    check_layers(model, expected, sizeof expected / sizeof *expected);
    cr_expect_eq(tuff_model_block_count(model), 2);
    check_block(model, 0, "a", "residual", 0, 0, 4);
    check_block(model, 1, "", "residual", 0, 4, 2);
    struct tuff_parameter_info info;
    tuff_model_parameter(model, 2, &info);
    cr_expect_str_eq(info.name, "a.conv2.weight");
    tuff_model_destroy(&model);
}

Test(model_blocks, concat)
{
    struct tuff_model *model = parse(MODEL("  - relu\n"
                                           "  - concat:\n"
                                           "      name: b\n"
                                           "      branches:\n"
                                           "        - []\n"
                                           "        - [conv2d: {name: x.y, channels: 4, kernel: 1}]\n"
                                           "        - - max_pool2d: {kernel: 3, stride: 1, padding: 1}\n"
                                           "          - relu\n" END));
    static const struct expected expected[] = {
        {"relu1", "relu", {INPUT}, 1, 2, 8, 6},
        {"b.x.y", "conv2d", {0}, 1, 4, 8, 6},
        {"b.pool1", "max_pool2d", {0}, 1, 2, 8, 6},
        {"b.relu1", "relu", {2}, 1, 2, 8, 6},
        {"b.concat1", "concat", {0, 1, 3}, 3, 8, 8, 6},
        {"flatten1", "flatten", {4}, 1, 384, 1, 1},
        {"fc", "linear", {5}, 1, 2, 1, 1},
    };
    check_layers(model, expected, sizeof expected / sizeof *expected);
    check_block(model, 0, "b", "concat", 0, 1, 4);
    tuff_model_destroy(&model);
}

Test(model_blocks, repeat_numbers_its_blocks)
{
    struct tuff_model *model = parse(MODEL("  - block:\n"
                                           "      name: layer1\n"
                                           "      repeat: 2\n"
                                           "      layers:\n"
                                           "        - residual: {layers: [relu, sigmoid]}\n"
                                           "        - relu\n"
                                           "  - residual: {name: r, repeat: 1, layers: [relu]}\n" END));
    static const struct expected expected[] = {
        {"layer1.0.relu1", "relu", {INPUT}, 1, 2, 8, 6},  {"layer1.0.sigmoid1", "sigmoid", {0}, 1, 2, 8, 6},
        {"layer1.0.sum1", "sum", {1, INPUT}, 2, 2, 8, 6}, {"layer1.0.relu2", "relu", {2}, 1, 2, 8, 6},
        {"layer1.1.relu1", "relu", {3}, 1, 2, 8, 6},      {"layer1.1.sigmoid1", "sigmoid", {4}, 1, 2, 8, 6},
        {"layer1.1.sum1", "sum", {5, 3}, 2, 2, 8, 6},     {"layer1.1.relu2", "relu", {6}, 1, 2, 8, 6},
        {"r.0.relu1", "relu", {7}, 1, 2, 8, 6},           {"r.0.sum1", "sum", {8, 7}, 2, 2, 8, 6},
        {"flatten1", "flatten", {9}, 1, 96, 1, 1},        {"fc", "linear", {10}, 1, 2, 1, 1},
    };
    check_layers(model, expected, sizeof expected / sizeof *expected);
    cr_expect_eq(tuff_model_block_count(model), 7);
    check_block(model, 0, "layer1", "block", 0, 0, 8);
    check_block(model, 1, "layer1.0", "block", 1, 0, 4);
    check_block(model, 2, "", "residual", 2, 0, 3);
    check_block(model, 3, "layer1.1", "block", 1, 4, 4);
    check_block(model, 6, "r.0", "residual", 1, 8, 2);
    tuff_model_destroy(&model);
}

// A number counts within a block of a name; dropout's masks are numbered over the whole model.
Test(model_blocks, dropouts_differ_between_blocks)
{
    struct tuff_model *model = parse(
        MODEL("  - block: {name: a, layers: [dropout]}\n  - block: {name: b, layers: [dropout]}\n" END));
    cr_expect_str_eq(model->layers[0].name, "a.dropout1");
    cr_expect_str_eq(model->layers[1].name, "b.dropout1");
    cr_expect(model->layers[0].number == 0 && model->layers[1].number == 1);
    tuff_model_destroy(&model);
}

// The ops take what the layers take: the sum of a block and of its input.
Test(model_blocks, become_ops)
{
    struct tuff_model *model = parse(MODEL("  - relu\n"
                                           "  - residual: {layers: [sigmoid]}\n"
                                           "  - concat: {branches: [[tanh], [], [relu]]}\n" END));
    const uint32_t dims[4] = {3, 2, 8, 6};
    struct tuff_graph *graph;
    tuff_value_id x, parameters[2], logits;
    cr_assert_eq(tuff_graph_create(&captured.log, TUFF_LAYOUT_ROW_MAJOR, &graph), TUFF_OK);
    cr_assert_eq(tuff_graph_add_value(graph, TUFF_VALUE_EXTERNAL, 0, "x", TUFF_F32, 4, dims, true, &x),
                 TUFF_OK);
    for (size_t i = 0; i < 2; i++) {
        struct tuff_parameter_info info;
        tuff_model_parameter(model, i, &info);
        cr_assert_eq(tuff_graph_add_value(graph, TUFF_VALUE_PARAMETER, (uint32_t)i, info.name, TUFF_F32,
                                          info.rank, info.dims, false, &parameters[i]),
                     TUFF_OK);
    }
    cr_assert_eq(
        tuff_model_lower(model, graph, x, &(struct tuff_model_values){.parameters = parameters}, &logits),
        TUFF_OK);
    static const enum tuff_op ops[] = {
        TUFF_OP_RELU_FORWARD,       TUFF_OP_ACTIVATION_FORWARD, TUFF_OP_ADD,
        TUFF_OP_ACTIVATION_FORWARD, TUFF_OP_RELU_FORWARD,       TUFF_OP_CONCAT_FORWARD,
        TUFF_OP_CONCAT_FORWARD,     TUFF_OP_LINEAR_FORWARD};
    const struct tuff_node *n = graph->nodes;
    cr_assert_eq(graph->node_count, 8);
    for (uint32_t i = 0; i < 8; i++)
        cr_expect_eq(n[i].op, ops[i], "node %u", i);
    cr_expect(n[2].values[1] == n[1].values[0] && n[2].values[2] == n[0].values[0], "sigmoid + relu");
    cr_expect(n[5].values[1] == n[3].values[0] && n[5].values[2] == n[2].values[0], "tanh beside the sum");
    cr_expect(n[6].values[1] == n[5].values[0] && n[6].values[2] == n[4].values[0], "those beside relu");
    cr_expect_eq(graph->values[n[6].values[0]].shape.dims[1], 6);
    tuff_graph_destroy(&graph);
    tuff_model_destroy(&model);
}

// What follows from the layers alone tells models apart, and names do not.
Test(model_blocks, digest)
{
    static const char *const texts[] = {
        MODEL("  - relu\n  - relu\n" END),
        MODEL("  - block: {layers: [relu, relu]}\n" END),
        MODEL("  - residual: {layers: [relu, relu]}\n" END),
        MODEL("  - residual: {name: a, layers: [relu, relu]}\n" END),
        MODEL("  - residual: {layers: [relu], shortcut: [relu]}\n" END),
    };
    uint64_t digests[5];
    for (size_t i = 0; i < 5; i++) {
        struct tuff_model *model = parse(texts[i]);
        digests[i] = tuff_model_digest(model);
        tuff_model_destroy(&model);
    }
    cr_expect_eq(digests[0], digests[1]);
    cr_expect_eq(digests[2], digests[3]);
    cr_expect(digests[0] != digests[2] && digests[2] != digests[4]);
}

// -- Refusals

Test(model_blocks, refusals)
{
    static const struct {
        const char *text, *message;
        enum tuff_status status;
    } wrong[] = {
        {"  - residual: {layers: [conv2d: {channels: 3, kernel: 3}]}\n",
         "4:5: residual: its layers give 3x6x4, its input, which is added, is 2x8x6; a sum takes two of one "
         "shape: give it "
         "a shortcut that makes the one of the other",
         TUFF_ERROR_INVALID},
        {"  - residual:\n      layers: [relu]\n      shortcut: [conv2d: {channels: 3, kernel: 1}]\n",
         "6:17: residual: its layers give 2x8x6, its shortcut 3x8x6; a sum takes two of one shape",
         TUFF_ERROR_INVALID},
        {"  - residual: {layers: [relu], shortcut: [flatten]}\n",
         "4:42: residual: its layers give 2x8x6, its shortcut 96 features; a sum takes two of one shape",
         TUFF_ERROR_INVALID},
        {"  - concat:\n      branches:\n        - [relu]\n        - [max_pool2d: {kernel: 2}]\n",
         "7:11: concat: branch 2 gives 2x4x3, branch 1 2x8x6; they may differ in channels alone",
         TUFF_ERROR_INVALID},
        {"  - concat: {branches: [[relu]]}\n", "4:5: concat: expected two branches or more",
         TUFF_ERROR_INVALID},
        {"  - concat: {branches: []}\n", "4:5: concat: expected two branches or more", TUFF_ERROR_INVALID},
        {"  - concat: {branches: [relu, relu]}\n",
         "4:25: concat: a branch must be a list of layers, found 'relu'", TUFF_ERROR_FORMAT},
        {"  - concat: {branches: 2}\n",
         "4:24: concat: 'branches' must be a list of lists of layers, found '2'", TUFF_ERROR_FORMAT},
        {"  - residual\n", "4:5: residual: missing key 'layers'", TUFF_ERROR_FORMAT},
        {"  - concat: {layers: [relu]}\n",
         "4:14: concat: unknown key 'layers'; expected one of branches, name, init, init_bias, freeze, "
         "lr_factor",
         TUFF_ERROR_FORMAT},
        {"  - residual: {layers: [relu], shortcuts: []}\n",
         "4:32: residual: unknown key 'shortcuts'; did you mean 'shortcut'?", TUFF_ERROR_FORMAT},
        {"  - block: {layers: []}\n",
         "4:21: block: 'layers' must be a list of at least one layer, found a list of 0", TUFF_ERROR_FORMAT},
        {"  - block: {layers: [relu], repeat: 2}\n",
         "4:37: block: 'repeat' wants a 'name', with which the names of the layers begin", TUFF_ERROR_FORMAT},
        {"  - block: {name: a, layers: [relu], repeat: 0}\n",
         "4:46: block: 'repeat' must be a whole number from 1 to 4096, found '0'", TUFF_ERROR_INVALID},
        {"  - block: {name: a, layers: [relu: {name: b}]}\n  - relu: {name: a.b}\n",
         "5:5: relu: the name 'a.b' is already that of the layer in line 4", TUFF_ERROR_INVALID},
        {"  - block: {name: a, layers: [relu]}\n  - relu: {name: a}\n",
         "5:5: relu: the name 'a' is already that of the block in line 4", TUFF_ERROR_INVALID},
        {"  - block: {name: a, layers: [relu]}\n  - residual: {name: a, layers: [relu]}\n",
         "5:5: residual: the name 'a' is already that of the block in line 4", TUFF_ERROR_INVALID},
        {"  - block:\n    name: a\n",
         "5:5: block: a list item is one layer, found a second key; are the settings indented "
         "deeper than 'block'?",
         TUFF_ERROR_FORMAT},
        {"  - blok: {layers: [relu]}\n", "4:5: unknown layer kind 'blok'; did you mean 'block'?",
         TUFF_ERROR_FORMAT},
        {"  - block: {name: a, repeat: 4096, layers: [relu, relu]}\n",
         "4:45: a model has at most 4096 layers", TUFF_ERROR_INVALID},
        {"  - block: {layers: [block: {layers: [block: {layers: [block: {layers: [block: {layers: [block: "
         "{layers: "
         "[block: {layers: [block: {layers: [block: {layers: [relu]}]}]}]}]}]}]}]}]}\n",
         "4:141: block: more than 8 blocks within each other", TUFF_ERROR_INVALID},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[1024], expected[512];
        struct tuff_model *model;
        snprintf(text, sizeof text, MODEL("%s"), wrong[i].text);
        snprintf(expected, sizeof expected, "m.yaml:%s", wrong[i].message);
        captured_log_begin(&captured);
        cr_expect_eq(tuff_model_parse(&captured.log, "m.yaml", text, strlen(text), &model), wrong[i].status,
                     "%s", wrong[i].text);
        cr_expect_str_eq(captured.last, expected);
        cr_expect_null(model);
    }
}

Test(model_blocks, refuses_names_that_become_too_long)
{
    char text[512];
    struct tuff_model *model;
    static const char name[] = "a23456789b123456789c123456789d123456789e1234567";
    snprintf(text, sizeof text,
             MODEL("  - block: {name: %s, layers: [block: {name: %s, layers: [relu: {name: %s}]}]}\n"), name,
             name, name);
    cr_expect_eq(tuff_model_parse(&captured.log, "m.yaml", text, strlen(text), &model), TUFF_ERROR_INVALID);
    cr_expect_not_null(strstr(captured.last, "has 143 characters, more than 111"), "%s", captured.last);
    cr_expect_null(model);
}
