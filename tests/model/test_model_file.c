// What a model file says, as the model tells it.
#include <criterion/criterion.h>
#include <string.h>

#include "captured_log.h"
#include "model/layer.h"

static struct captured_log captured;

// The model that the text describes; the test fails if there is none.
static struct tuff_model *parse(const char *text)
{
    struct tuff_model *model = NULL;
    captured_log_begin(&captured);
    enum tuff_status status = tuff_model_parse(&captured.log, "m.yaml", text, strlen(text), &model);
    cr_assert_eq(status, TUFF_OK, "%s", captured.last);
    cr_assert_eq(captured.count, 0, "a message without a failure: %s", captured.last);
    return model;
}

static void check_output(const struct tuff_model *model, size_t index, const char *name, uint32_t rank,
                         uint32_t d0, uint32_t d1, uint32_t d2)
{
    struct tuff_layer_info info;
    tuff_model_layer(model, index, &info);
    cr_expect_str_eq(info.name, name);
    cr_expect(info.output_rank == rank && info.output_dims[0] == d0 && info.output_dims[1] == d1 &&
                  info.output_dims[2] == d2,
              "%s: rank %u, %ux%ux%u", name, info.output_rank, info.output_dims[0], info.output_dims[1],
              info.output_dims[2]);
}

static void check_parameter(const struct tuff_model *model, size_t index, const char *name, uint32_t rank,
                            const uint32_t *dims, uint32_t fan_in)
{
    struct tuff_parameter_info info;
    tuff_model_parameter(model, index, &info);
    cr_expect_str_eq(info.name, name);
    cr_expect_eq(info.rank, rank);
    for (uint32_t i = 0; i < 4; i++)
        cr_expect_eq(info.dims[i], i < rank ? dims[i] : 1, "%s: dimension %u is %u", name, i, info.dims[i]);
    cr_expect_eq(info.fan_in, fan_in, "%s: fan-in %u", name, info.fan_in);
}

Test(model_file, every_key_in_its_long_form)
{
    struct tuff_model *model =
        parse("name: all-keys.2\n"
              "description: >\n"
              "  Two lines\n"
              "  of text\n"
              "input: [4, 33, 31]\n"
              "layers:\n"
              "  - conv2d: {name: a, channels: 8, kernel: [3, 5], stride: [2, 1], padding: [1, 2], dilation: "
              "[1, 2],\n"
              "             groups: 2, bias: false}\n"
              "  - relu: {name: act}\n"
              "  - max_pool2d: {name: p, kernel: [3, 2], stride: [2, 1], padding: [1, 0], dilation: [1, 2]}\n"
              "  - flatten: {name: flat}\n"
              "  - linear: {name: head.out, features: 7, bias: true}\n");
    uint32_t input[3];
    tuff_model_input(model, input);
    cr_expect_str_eq(tuff_model_name(model), "all-keys.2");
    cr_expect(input[0] == 4 && input[1] == 33 && input[2] == 31);
    cr_expect_eq(tuff_model_classes(model), 7);
    cr_expect_eq(tuff_model_layer_count(model), 5);
    // (33 + 2 - 3) / 2 + 1 = 17; 31 + 4 - 9 + 1 = 27.
    check_output(model, 0, "a", 3, 8, 17, 27);
    check_output(model, 1, "act", 3, 8, 17, 27);
    // (17 + 2 - 3) / 2 + 1 = 9; 27 - 3 + 1 = 25.
    check_output(model, 2, "p", 3, 8, 9, 25);
    check_output(model, 3, "flat", 1, 1800, 1, 1);
    check_output(model, 4, "head.out", 1, 7, 1, 1);

    cr_expect_eq(tuff_model_parameter_count(model), 3, "a bias that was not asked for");
    check_parameter(model, 0, "a.weight", 4, (uint32_t[]){8, 2, 3, 5}, 30);
    check_parameter(model, 1, "head.out.weight", 2, (uint32_t[]){7, 1800}, 1800);
    check_parameter(model, 2, "head.out.bias", 1, (uint32_t[]){7}, 1800);
    cr_expect_eq(tuff_model_parameter_elements(model), 8 * 2 * 3 * 5 + 7 * 1800 + 7);

    struct tuff_layer_info info;
    tuff_model_layer(model, 0, &info);
    cr_expect_str_eq(info.kind, "conv2d");
    cr_expect_eq(info.parameters, 240);
    cr_expect_eq(info.multiply_adds, (uint64_t)8 * 17 * 27 * 30);
    tuff_model_layer(model, 2, &info);
    cr_expect_eq(info.multiply_adds, 0);
    tuff_model_layer(model, 4, &info);
    cr_expect_eq(info.multiply_adds, 7 * 1800);
    tuff_model_destroy(&model);
    cr_expect_null(model);
    tuff_model_destroy(&model);
    tuff_model_destroy(NULL);
}

Test(model_file, defaults_and_automatic_names)
{
    struct tuff_model *model = parse("name: m\n"
                                     "input: [1, 20, 17]\n"
                                     "layers:\n"
                                     "  - conv2d:\n"
                                     "      channels: 3\n"
                                     "      kernel: 4\n"
                                     "  - relu: {name: _23456789b123456789c123456789d123456789e1234567}\n"
                                     "  - conv2d: {name: middle, channels: 2, kernel: 1}\n"
                                     "  - conv2d: {channels: 2, kernel: 1}\n"
                                     "  - max_pool2d: {kernel: [3, 2]}\n"
                                     "  - flatten\n"
                                     "  - relu:\n"
                                     "  - linear: {features: 4}\n");
    check_output(model, 0, "conv1", 3, 3, 17, 14);
    check_output(model, 1, "_23456789b123456789c123456789d123456789e1234567", 3, 3, 17, 14);
    check_output(model, 2, "middle", 3, 2, 17, 14);
    check_output(model, 3, "conv3", 3, 2, 17, 14);
    check_output(model, 4, "pool1", 3, 2, 5, 7); // the stride is the kernel, height and width each
    check_output(model, 5, "flatten1", 1, 70, 1, 1);
    check_output(model, 6, "relu2", 1, 70, 1, 1);
    check_output(model, 7, "fc1", 1, 4, 1, 1);
    cr_expect_eq(tuff_model_parameter_count(model), 8);
    check_parameter(model, 0, "conv1.weight", 4, (uint32_t[]){3, 1, 4, 4}, 16);
    check_parameter(model, 1, "conv1.bias", 1, (uint32_t[]){3}, 16);
    check_parameter(model, 7, "fc1.bias", 1, (uint32_t[]){4}, 70);
    tuff_model_destroy(&model);
}

Test(model_file, padding_words)
{
    struct tuff_model *model =
        parse("name: m\n"
              "input: [1, 11, 8]\n"
              "layers:\n"
              "  - conv2d: {channels: 1, kernel: [4, 3], padding: same}\n"
              "  - conv2d: {channels: 1, kernel: 3, stride: [2, 3], padding: \"same\"}\n"
              "  - conv2d: {channels: 1, kernel: 3, padding: valid}\n"
              "  - conv2d: {channels: 1, kernel: 1, padding: 2}\n"
              "  - max_pool2d: {kernel: 3, stride: 2, padding: same}\n"
              "  - flatten\n"
              "  - linear: {features: 2, bias: TRUE}\n");
    check_output(model, 0, "conv1", 3, 1, 11, 8);
    check_output(model, 1, "conv2", 3, 1, 6, 3);
    check_output(model, 2, "conv3", 3, 1, 4, 1);
    check_output(model, 3, "conv4", 3, 1, 8, 5);
    check_output(model, 4, "pool1", 3, 1, 4, 3);
    tuff_model_destroy(&model);
}

Test(model_file, other_ways_to_write_it)
{
    // Windows line ends and a byte order mark; JSON is YAML; comments; a document's marks.
    struct tuff_model *model = parse("\xEF\xBB\xBFname: m\r\ninput: [1, 2, 2]\r\nlayers:\r\n- flatten\r\n"
                                     "- linear: {features: 3}\r\n");
    cr_expect_eq(tuff_model_classes(model), 3);
    tuff_model_destroy(&model);
    model = parse("{\"name\": \"m\", \"input\": [1, 2, 2], \"layers\": [\"flatten\", {\"linear\": "
                  "{\"features\": 3}}]}");
    cr_expect_eq(tuff_model_classes(model), 3);
    tuff_model_destroy(&model);
    model = parse("%YAML 1.1\n---\nlayers: [flatten, linear: {features: 3}] # one line\ninput: [1, 2, "
                  "2]\nname: m\n...\n");
    cr_expect_eq(tuff_model_classes(model), 3);
    tuff_model_destroy(&model);
}

Test(model_file, as_many_layers_as_a_model_may_have)
{
    enum { LINE = 20 };
    static char text[64 + TUFF_MODEL_MAX_LAYERS * LINE] =
        "name: m\ninput: [1, 1, 3]\nlayers: [flatten, linear: {features: 2}";
    for (int i = 2; i < TUFF_MODEL_MAX_LAYERS; i++)
        strcat(text + (i > 2 ? strlen(text) : 0), ", relu");
    strcat(text, "]");
    struct tuff_model *model = parse(text);
    cr_expect_eq(tuff_model_layer_count(model), TUFF_MODEL_MAX_LAYERS);
    tuff_model_destroy(&model);

    strcpy(strrchr(text, ']'), ", relu]");
    captured_log_begin(&captured);
    cr_expect_eq(tuff_model_parse(&captured.log, "m.yaml", text, strlen(text), &model), TUFF_ERROR_INVALID);
    cr_expect_not_null(strstr(captured.last, "a model has at most 4096 layers"));
    cr_expect_null(model);
}

Test(model_file, a_log_is_not_needed)
{
    static const char wrong[] = "name: [";
    struct tuff_model *model = NULL;
    cr_expect_eq(tuff_model_parse(NULL, "m.yaml", wrong, sizeof wrong - 1, &model), TUFF_ERROR_FORMAT);
    cr_expect_null(model);
}
