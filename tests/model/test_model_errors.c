// Every way in which a model file can be wrong, and the one line that says so.
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "captured_log.h"
#include "model/yaml_tree.h"
#include "tuff/model.h"

struct wrong {
    const char *text;
    enum tuff_status status;
    const char *message; // without the file's name
};

// Layers begin in line 4, their kinds in column 5.
#define LAYERS(layers)   "name: m\ninput: [2, 8, 6]\nlayers:\n" layers
#define FEATURES(layers) LAYERS("  - flatten\n" layers) // and here in line 5; 96 features

static void check(const char *text, size_t length, enum tuff_status status, const char *message)
{
    static const char source[] = "models/x.yaml";
    struct captured_log captured;
    captured_log_begin(&captured);
    struct tuff_model *model = (struct tuff_model *)&captured;
    enum tuff_status found = tuff_model_parse(&captured.log, source, text, length, &model);
    cr_expect_eq(found, status, "%s, not %s: %s\n%s", tuff_status_name(found), tuff_status_name(status),
                 message, text);
    cr_expect_null(model);
    cr_expect_eq(captured.count, 1, "%d messages, not one: %s", captured.count, message);
    cr_expect_eq(strncmp(captured.last, source, sizeof source - 1), 0, "%s", captured.last);
    cr_expect_str_eq(captured.last + sizeof source - 1, message);
    if (found == TUFF_OK)
        tuff_model_destroy(&model);
}

static void check_all(const struct wrong *wrong, size_t count)
{
    cr_assert_gt(count, 0);
    for (size_t i = 0; i < count; i++)
        check(wrong[i].text, strlen(wrong[i].text), wrong[i].status, wrong[i].message);
}
#define CHECK_ALL(table) check_all(table, sizeof table / sizeof table[0])

Test(model_errors, not_yaml)
{
    static const struct wrong table[] = {
        {"", TUFF_ERROR_FORMAT, ":1:1: expected a model, found an empty file"},
        {"# nothing but words\n", TUFF_ERROR_FORMAT, ":1:1: expected a model, found an empty file"},
        {"name: [1, 2\nlayers: 3\n", TUFF_ERROR_FORMAT,
         ":2:7: not YAML: did not find expected ',' or ']' while parsing a flow sequence"},
        {"name:\n\t- input\n", TUFF_ERROR_FORMAT,
         ":2:1: not YAML: found character that cannot start any token while scanning for the next token"},
        {"name: \"m\n", TUFF_ERROR_FORMAT,
         ":2:1: not YAML: found unexpected end of stream while scanning a quoted scalar"},
        {"name: m: n\n", TUFF_ERROR_FORMAT, ":1:8: not YAML: mapping values are not allowed in this context"},
        {"name: m\ndescription: caf\xE9\n", TUFF_ERROR_FORMAT,
         ":2:17: not YAML: incomplete UTF-8 octet sequence"},
        {"name: \x01\n", TUFF_ERROR_FORMAT, ":1:7: not YAML: control characters are not allowed"},
        {"name: m\n---\nname: n\n", TUFF_ERROR_FORMAT,
         ":2:1: a model file is one YAML document, found a second"},
        {"name: &n m\nlayers: *n\n", TUFF_ERROR_FORMAT,
         ":2:9: a model file has no aliases; write the value out"},
        {"name: !!str m\n", TUFF_ERROR_FORMAT,
         ":1:7: a model file has no tags, found 'tag:yaml.org,2002:str'"},
        {"name: !x [m]\n", TUFF_ERROR_FORMAT, ":1:7: a model file has no tags, found '!x'"},
        {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", TUFF_ERROR_FORMAT,
         ":1:41: nested more than 40 levels deep"},
    };
    CHECK_ALL(table);
}

Test(model_errors, top_level)
{
    static const struct wrong table[] = {
        {"hello\n", TUFF_ERROR_FORMAT,
         ":1:1: expected a model with the keys name, input and layers, found 'hello'"},
        {"---\n...\n", TUFF_ERROR_FORMAT,
         ":2:1: expected a model with the keys name, input and layers, found nothing"},
        {"- a\n- b\n", TUFF_ERROR_FORMAT,
         ":1:1: expected a model with the keys name, input and layers, found a list of 2"},
        {"nam: m\n", TUFF_ERROR_FORMAT, ":1:1: unknown key 'nam'; did you mean 'name'?"},
        {"name: m\n\"a\\nb\": 1\n", TUFF_ERROR_FORMAT,
         ":2:1: unknown key 'a\\x0Ab'; expected one of name, description, input, recipe, layers"},
        {"name: m\n? [input]\n: 3\n", TUFF_ERROR_FORMAT, ":2:3: expected a key, found a list of 1"},
        {"name: m\n? \n: 3\n", TUFF_ERROR_FORMAT, ":2:2: expected a key, found nothing"},
        {"name: m\ninput: [1, 2, 3]\nname: n\n", TUFF_ERROR_FORMAT, ":3:1: key 'name' is given twice"},
        {"input: [1, 2, 3]\nlayers: []\n", TUFF_ERROR_FORMAT, ":1:1: missing key 'name'"},
        {"name: m\nlayers: []\n", TUFF_ERROR_FORMAT, ":1:1: missing key 'input'"},
        {"name: m\ninput: [1, 2, 3]\n", TUFF_ERROR_FORMAT, ":1:1: missing key 'layers'"},
        {"name: m\ndescription: [a]\ninput: [1, 2, 3]\nlayers: []\n", TUFF_ERROR_FORMAT,
         ":2:14: 'description' must be text, found a list of 1"},
        {"name: my model\ninput: [1, 2, 3]\nlayers: []\n", TUFF_ERROR_FORMAT,
         ":1:7: 'name' must be at most 47 letters, digits, '-', '_' and '.', beginning with a letter or a "
         "digit, found "
         "'my model'"},
        {"name: ../m\ninput: [1, 2, 3]\nlayers: []\n", TUFF_ERROR_FORMAT,
         ":1:7: 'name' must be at most 47 letters, digits, '-', '_' and '.', beginning with a letter or a "
         "digit, found "
         "'../m'"},
        {"name: 123456789 123456789 123456789 123456789 12345678\ninput: [1, 2, 3]\nlayers: []\n",
         TUFF_ERROR_FORMAT,
         ":1:7: 'name' must be at most 47 letters, digits, '-', '_' and '.', beginning with a letter or a "
         "digit, found "
         "'123456789 123456789 123456789 123456789 1234...'"},
        {"name:\ninput: [1, 2, 3]\nlayers: []\n", TUFF_ERROR_FORMAT,
         ":1:6: 'name' must be at most 47 letters, digits, '-', '_' and '.', beginning with a letter or a "
         "digit, found "
         "nothing"},
        {"name: m\ninput: 28\nlayers: []\n", TUFF_ERROR_FORMAT,
         ":2:8: 'input' must be [channels, height, width], found '28'"},
        {"name: m\ninput: [28, 28]\nlayers: []\n", TUFF_ERROR_FORMAT,
         ":2:8: 'input' must be [channels, height, width], found a list of 2"},
        {"name: m\ninput: [1, 28, big]\nlayers: []\n", TUFF_ERROR_FORMAT,
         ":2:16: 'input' must be a whole number from 1 to 65535, found 'big'"},
        {"name: m\ninput: [0, 28, 28]\nlayers: []\n", TUFF_ERROR_INVALID,
         ":2:9: 'input' must be a whole number from 1 to 65535, found '0'"},
        {"name: m\ninput: [65535, 65535, 65535]\nlayers: []\n", TUFF_ERROR_INVALID,
         ":2:8: an input of 65535x65535x65535 has more than 2147483647 elements, the most a tensor may have"},
        {"name: m\ninput: [1, 2, 3]\nlayers:\n", TUFF_ERROR_FORMAT,
         ":3:8: 'layers' must be a list of at least one layer, found nothing"},
        {"name: m\ninput: [1, 2, 3]\nlayers: []\n", TUFF_ERROR_FORMAT,
         ":3:9: 'layers' must be a list of at least one layer, found a list of 0"},
        {"name: m\ninput: [1, 2, 3]\nlayers: {relu: }\n", TUFF_ERROR_FORMAT,
         ":3:9: 'layers' must be a list of at least one layer, found a mapping"},
    };
    CHECK_ALL(table);
}

Test(model_errors, layer_kinds)
{
    static const struct wrong table[] = {
        {LAYERS("  - conv2: {channels: 6, kernel: 3}\n"), TUFF_ERROR_FORMAT,
         ":4:5: unknown layer kind 'conv2'; did you mean 'conv2d'?"},
        {LAYERS("  - relo\n"), TUFF_ERROR_FORMAT, ":4:5: unknown layer kind 'relo'; did you mean 'relu'?"},
        {LAYERS("  - transformer\n"), TUFF_ERROR_FORMAT,
         ":4:5: unknown layer kind 'transformer'; expected one of conv2d, max_pool2d, relu, flatten, linear, "
         "batch_norm2d, avg_pool2d, adaptive_avg_pool2d, dropout, leaky_relu, gelu, silu, sigmoid, tanh, "
         "block, residual, "
         "concat"},
        {LAYERS("  - relu\n  - \"relu\\0\"\n"), TUFF_ERROR_FORMAT,
         ":5:5: unknown layer kind 'relu\\x00'; expected one of conv2d, max_pool2d, relu, flatten, linear, "
         "batch_norm2d, avg_pool2d, adaptive_avg_pool2d, dropout, leaky_relu, gelu, silu, sigmoid, tanh, "
         "block, residual, "
         "concat"},
        {LAYERS("  -\n"), TUFF_ERROR_FORMAT, ":4:4: expected a layer kind, found nothing"},
        {LAYERS("  - []\n"), TUFF_ERROR_FORMAT, ":4:5: expected a layer kind, found a list of 0"},
        {LAYERS("  - {}\n"), TUFF_ERROR_FORMAT, ":4:5: expected a layer kind, found a mapping"},
        {LAYERS("  - conv2d:\n    channels: 6\n"), TUFF_ERROR_FORMAT,
         ":5:5: conv2d: a list item is one layer, found a second key; are the settings indented deeper than "
         "'conv2d'?"},
        {LAYERS("  - linear: 10\n"), TUFF_ERROR_FORMAT,
         ":4:13: linear: expected settings in braces, found '10'"},
        {LAYERS("  - linear: [10]\n"), TUFF_ERROR_FORMAT,
         ":4:13: linear: expected settings in braces, found a list of 1"},
    };
    CHECK_ALL(table);
}

Test(model_errors, keys)
{
    static const struct wrong table[] = {
        {LAYERS("  - conv2d: {channels: 6, kernel: 3, stide: 1}\n"), TUFF_ERROR_FORMAT,
         ":4:38: conv2d: unknown key 'stide'; did you mean 'stride'?"},
        {LAYERS("  - conv2d:\n      channels: 6\n      momentum: 1\n"), TUFF_ERROR_FORMAT,
         ":6:7: conv2d: unknown key 'momentum'; expected one of name, channels, kernel, stride, padding, "
         "dilation, "
         "groups, bias, padding_mode, "
         "init, init_bias, freeze, lr_factor"},
        {LAYERS("  - relu: {inplace: true}\n"), TUFF_ERROR_FORMAT,
         ":4:12: relu: unknown key 'inplace'; expected one of name"},
        {LAYERS("  - conv2d: {channels: 6, kernel: 3, channels: 6}\n"), TUFF_ERROR_FORMAT,
         ":4:38: conv2d: key 'channels' is given twice"},
        {LAYERS("  - conv2d: {kernel: 3}\n"), TUFF_ERROR_FORMAT, ":4:5: conv2d: missing key 'channels'"},
        {LAYERS("  - conv2d: {channels: 3}\n"), TUFF_ERROR_FORMAT, ":4:5: conv2d: missing key 'kernel'"},
        {LAYERS("  - max_pool2d\n"), TUFF_ERROR_FORMAT, ":4:5: max_pool2d: missing key 'kernel'"},
        {FEATURES("  - linear:\n"), TUFF_ERROR_FORMAT, ":5:5: linear: missing key 'features'"},
    };
    CHECK_ALL(table);
}

Test(model_errors, values)
{
#define KERNEL        "kernel' must be a whole number from 1 to 65535 or [height, width], found "
#define FEATURE_COUNT "features' must be a whole number from 1 to 16777216, found "
    static const struct wrong table[] = {
        {LAYERS("  - conv2d: {channels: 6, kernel: big}\n"), TUFF_ERROR_FORMAT,
         ":4:35: conv2d: '" KERNEL "'big'"},
        {LAYERS("  - conv2d: {channels: 6, kernel: [3, big]}\n"), TUFF_ERROR_FORMAT,
         ":4:39: conv2d: '" KERNEL "'big'"},
        {LAYERS("  - conv2d: {channels: 6, kernel: [3, 3, 3]}\n"), TUFF_ERROR_FORMAT,
         ":4:35: conv2d: '" KERNEL "a list of 3"},
        {LAYERS("  - conv2d: {channels: 6, kernel: {h: 3}}\n"), TUFF_ERROR_FORMAT,
         ":4:35: conv2d: '" KERNEL "a mapping"},
        {LAYERS("  - conv2d: {channels: 6, kernel: [0, 3]}\n"), TUFF_ERROR_INVALID,
         ":4:36: conv2d: '" KERNEL "'0'"},
        {LAYERS("  - conv2d: {channels: 6, kernel: 65536}\n"), TUFF_ERROR_INVALID,
         ":4:35: conv2d: '" KERNEL "'65536'"},
        {LAYERS("  - max_pool2d: {kernel: 2, stride: 0}\n"), TUFF_ERROR_INVALID,
         ":4:37: max_pool2d: 'stride' must be a whole number from 1 to 65535 or [height, width], found '0'"},
        {LAYERS("  - conv2d: {channels: 6, kernel: 3, padding: -1}\n"), TUFF_ERROR_INVALID,
         ":4:47: conv2d: 'padding' must be a whole number from 0 to 65535, [height, width], valid or same, "
         "found '-1'"},
        {LAYERS("  - conv2d: {channels: 6, kernel: 3, padding: some}\n"), TUFF_ERROR_FORMAT,
         ":4:47: conv2d: 'padding' must be a whole number from 0 to 65535, [height, width], valid or same, "
         "found "
         "'some'"},
        {LAYERS("  - conv2d: {channels: 6, kernel: 3, bias: yes}\n"), TUFF_ERROR_FORMAT,
         ":4:44: conv2d: 'bias' must be true or false, found 'yes'"},
        {LAYERS("  - conv2d: {channels: 6, kernel: 3, bias: \"true\"}\n"), TUFF_ERROR_FORMAT,
         ":4:44: conv2d: 'bias' must be true or false, found the text 'true'"},
        {FEATURES("  - linear: {features: 0}\n"), TUFF_ERROR_INVALID, ":5:24: linear: '" FEATURE_COUNT "'0'"},
        {FEATURES("  - linear: {features: -7}\n"), TUFF_ERROR_INVALID,
         ":5:24: linear: '" FEATURE_COUNT "'-7'"},
        {FEATURES("  - linear: {features: 16777217}\n"), TUFF_ERROR_INVALID,
         ":5:24: linear: '" FEATURE_COUNT "'16777217'"},
        // 2^64 + 10
        {FEATURES("  - linear: {features: 18446744073709551626}\n"), TUFF_ERROR_INVALID,
         ":5:24: linear: '" FEATURE_COUNT "'18446744073709551626'"},
        {FEATURES("  - linear: {features: 1.5}\n"), TUFF_ERROR_FORMAT,
         ":5:24: linear: '" FEATURE_COUNT "'1.5'"},
        {FEATURES("  - linear: {features: 010}\n"), TUFF_ERROR_FORMAT,
         ":5:24: linear: '" FEATURE_COUNT "'010'"},
        {FEATURES("  - linear: {features: 0x10}\n"), TUFF_ERROR_FORMAT,
         ":5:24: linear: '" FEATURE_COUNT "'0x10'"},
        {FEATURES("  - linear: {features: '10'}\n"), TUFF_ERROR_FORMAT,
         ":5:24: linear: '" FEATURE_COUNT "the text '10'"},
        {FEATURES("  - linear: {features: -}\n"), TUFF_ERROR_FORMAT, ":5:24: linear: '" FEATURE_COUNT "'-'"},
        {FEATURES("  - linear: {features: }\n"), TUFF_ERROR_FORMAT,
         ":5:24: linear: '" FEATURE_COUNT "nothing"},
        {FEATURES("  - linear: {features: null}\n"), TUFF_ERROR_FORMAT,
         ":5:24: linear: '" FEATURE_COUNT "nothing"},
        {FEATURES("  - linear: {features: [10]}\n"), TUFF_ERROR_FORMAT,
         ":5:24: linear: '" FEATURE_COUNT "a list of 1"},
    };
    CHECK_ALL(table);
}

Test(model_errors, names)
{
#define NAME_RULE "'name' must be at most 47 letters, digits, '_' and '.', not beginning with '.', found "
    static const struct wrong table[] = {
        {LAYERS("  - relu: {name: .a}\n"), TUFF_ERROR_FORMAT, ":4:18: relu: " NAME_RULE "'.a'"},
        {LAYERS("  - relu: {name: a b}\n"), TUFF_ERROR_FORMAT, ":4:18: relu: " NAME_RULE "'a b'"},
        {LAYERS("  - relu: {name: \"\"}\n"), TUFF_ERROR_FORMAT, ":4:18: relu: " NAME_RULE "the text ''"},
        {LAYERS("  - relu: {name: \"a\\0\"}\n"), TUFF_ERROR_FORMAT,
         ":4:18: relu: " NAME_RULE "the text 'a\\x00'"},
        {LAYERS("  - relu: {name: ~}\n"), TUFF_ERROR_FORMAT, ":4:18: relu: " NAME_RULE "nothing"},
        {LAYERS("  - relu: {name: [a]}\n"), TUFF_ERROR_FORMAT, ":4:18: relu: " NAME_RULE "a list of 1"},
        {LAYERS("  - relu: {name: a23456789b123456789c123456789d123456789e12345678}\n"), TUFF_ERROR_FORMAT,
         ":4:18: relu: " NAME_RULE "'a23456789b123456789c123456789d123456789e1234...'"},
        {LAYERS("  - relu: {name: n}\n  - relu\n  - flatten: {name: n}\n"), TUFF_ERROR_INVALID,
         ":6:5: flatten: the name 'n' is already that of the layer in line 4"},
        {LAYERS("  - relu: {name: relu2}\n  - relu\n"), TUFF_ERROR_INVALID,
         ":5:5: relu: give it a name; the automatic one 'relu2' is already that of the layer in line 4"},
    };
    CHECK_ALL(table);
}

Test(model_errors, shapes)
{
    static const struct wrong table[] = {
        {LAYERS("  - linear: {features: 10}\n"), TUFF_ERROR_INVALID,
         ":4:5: linear: expected an input of features, found 2x8x6; add a flatten layer before it"},
        {FEATURES("  - conv2d: {channels: 6, kernel: 3}\n"), TUFF_ERROR_INVALID,
         ":5:5: conv2d: expected an input of channels, height and width, found 96 features"},
        {FEATURES("  - max_pool2d: {kernel: 3}\n"), TUFF_ERROR_INVALID,
         ":5:5: max_pool2d: expected an input of channels, height and width, found 96 features"},
        {LAYERS("  - conv2d: {channels: 1, kernel: 7}\n"), TUFF_ERROR_INVALID,
         ":4:35: conv2d: a kernel of 7x7 does not fit into its input of 8x6"},
        {LAYERS("  - conv2d: {channels: 1, kernel: [11, 5], padding: 1}\n"), TUFF_ERROR_INVALID,
         ":4:35: conv2d: a kernel of 11x5 does not fit into its padded input of 10x8"},
        {LAYERS("  - max_pool2d: {kernel: 3, dilation: [2, 3]}\n"), TUFF_ERROR_INVALID,
         ":4:26: max_pool2d: a kernel of 3x3, 5x7 with its dilation, does not fit into its input of 8x6"},
        {LAYERS("  - conv2d: {channels: 1, kernel: [65535, 1], dilation: 65535, padding: same}\n"),
         TUFF_ERROR_INVALID,
         ":4:57: conv2d: a kernel of 65535 spread by dilation 65535 covers 4294770691, more than 65535"},
        {LAYERS("  - max_pool2d: {kernel: 3, padding: [1, 2]}\n"), TUFF_ERROR_INVALID,
         ":4:38: max_pool2d: a padding of 2 is more than half of the kernel of 3"},
        {LAYERS("  - max_pool2d: {kernel: 3, stride: 1, dilation: [1, 2], padding: same}\n"),
         TUFF_ERROR_INVALID, ":4:67: max_pool2d: a padding of 2 is more than half of the kernel of 3"},
        {"name: m\ninput: [1, 9, 2]\nlayers:\n  - max_pool2d: {kernel: [1, 2], dilation: 3, padding: [0, "
         "1]}\n",
         TUFF_ERROR_INVALID,
         ":4:56: max_pool2d: with a padding of 1 and a dilation of 3, a window has no element of the input"},
        {LAYERS("  - conv2d: {channels: 6, kernel: 3, groups: 3}\n"), TUFF_ERROR_INVALID,
         ":4:46: conv2d: 3 groups do not divide the 2 channels of the input"},
        {LAYERS("  - conv2d: {channels: 5, kernel: 3, groups: 2}\n"), TUFF_ERROR_INVALID,
         ":4:46: conv2d: 2 groups do not divide the 5 channels of the output"},
        {LAYERS("  - conv2d: {channels: 1, kernel: 1, stride: 65535, padding: 65535}\n"), TUFF_ERROR_INVALID,
         ":4:62: conv2d: its padded input would have more than 2147483647 elements, the most a tensor may "
         "have"},
        {"name: m\ninput: [1, 16, 16]\nlayers:\n  - conv2d: {channels: 16777216, kernel: 1}\n",
         TUFF_ERROR_INVALID,
         ":4:5: conv2d: its output would have more than 2147483647 elements, the most a tensor may have"},
        {"name: m\ninput: [1, 1000, 1000]\nlayers:\n  - conv2d: {channels: 16777216, kernel: 1000}\n",
         TUFF_ERROR_INVALID,
         ":4:5: conv2d: its weight would have more than 2147483647 elements, the most a tensor may have"},
        {FEATURES("  - linear: {features: 16777216}\n  - linear: {features: 128}\n"), TUFF_ERROR_INVALID,
         ":6:5: linear: its weight would have more than 2147483647 elements, the most a tensor may have"},
        {LAYERS("  - flatten\n  - relu\n"), TUFF_ERROR_INVALID,
         ":4:3: nothing to train: no layer has parameters; add a linear or conv2d layer"},
        {LAYERS("  - conv2d: {channels: 6, kernel: 3}\n  - relu\n"), TUFF_ERROR_INVALID,
         ":5:5: relu: the last layer must give one number per class, not 6x6x4; end with flatten and linear"},
    };
    CHECK_ALL(table);
}

Test(model_errors, size_of_the_file)
{
    char *text = malloc(TUFF_YAML_MAX_BYTES + 1);
    cr_assert_not_null(text);
    memset(text, '#', TUFF_YAML_MAX_BYTES + 1);
    check(text, TUFF_YAML_MAX_BYTES, TUFF_ERROR_FORMAT, ":1:1: expected a model, found an empty file");
    check(text, TUFF_YAML_MAX_BYTES + 1, TUFF_ERROR_FORMAT,
          ": a model file is at most 1048576 bytes long, this one is longer");
    memset(text, '[', TUFF_YAML_MAX_BYTES);
    check(text, TUFF_YAML_MAX_BYTES, TUFF_ERROR_FORMAT, ":1:41: nested more than 40 levels deep");
    free(text);
}

Test(model_errors, names_of_sources_stay_on_one_line)
{
    struct captured_log captured;
    captured_log_begin(&captured);
    struct tuff_model *model;
    cr_expect_eq(tuff_model_parse(&captured.log, "a\nb.yaml", "", 0, &model), TUFF_ERROR_FORMAT);
    cr_expect_str_eq(captured.last, "a\\x0Ab.yaml:1:1: expected a model, found an empty file");
}
