// Models by name: those that ship, and files.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "captured_log.h"
#include "model/embedded.h"
#include "tuff/model.h"

struct expected_layer {
    const char *name, *kind;
    uint32_t rank, dims[3];
    uint64_t parameters, multiply_adds;
};

static void check_layers(const struct tuff_model *model, const struct expected_layer *expected, size_t count)
{
    cr_assert_eq(tuff_model_layer_count(model), count);
    for (size_t i = 0; i < count; i++) {
        struct tuff_layer_info info;
        tuff_model_layer(model, i, &info);
        cr_expect_str_eq(info.name, expected[i].name);
        cr_expect_str_eq(info.kind, expected[i].kind);
        cr_expect_eq(info.output_rank, expected[i].rank, "%s", info.name);
        for (int d = 0; d < 3; d++)
            cr_expect_eq(info.output_dims[d], expected[i].dims[d], "%s: dimension %d", info.name, d);
        cr_expect_eq(info.parameters, expected[i].parameters, "%s", info.name);
        cr_expect_eq(info.multiply_adds, expected[i].multiply_adds, "%s", info.name);
    }
}

struct expected_parameter {
    const char *name;
    uint32_t rank, dims[4], fan_in;
};

static void check_parameters(const struct tuff_model *model, const struct expected_parameter *expected,
                             size_t count)
{
    cr_assert_eq(tuff_model_parameter_count(model), count);
    for (size_t i = 0; i < count; i++) {
        struct tuff_parameter_info info;
        tuff_model_parameter(model, i, &info);
        cr_expect_str_eq(info.name, expected[i].name);
        cr_expect_eq(info.rank, expected[i].rank, "%s", info.name);
        for (int d = 0; d < 4; d++)
            cr_expect_eq(info.dims[d], expected[i].dims[d], "%s: dimension %d", info.name, d);
        cr_expect_eq(info.fan_in, expected[i].fan_in, "%s", info.name);
    }
}

static struct tuff_model *load(const char *name)
{
    struct captured_log captured;
    captured_log_begin(&captured);
    struct tuff_model *model = NULL;
    enum tuff_status status = tuff_model_load(&captured.log, name, &model);
    cr_assert_eq(status, TUFF_OK, "%s", captured.last);
    return model;
}

Test(model_load, lenet_mnist)
{
    static const struct expected_layer layers[] = {
        {"conv1", "conv2d", 3, {6, 26, 26}, 60, 6 * 26 * 26 * 9},
        {"relu1", "relu", 3, {6, 26, 26}, 0, 0},
        {"pool1", "max_pool2d", 3, {6, 13, 13}, 0, 0},
        {"conv2", "conv2d", 3, {16, 11, 11}, 880, 16 * 11 * 11 * 54},
        {"relu2", "relu", 3, {16, 11, 11}, 0, 0},
        {"pool2", "max_pool2d", 3, {16, 5, 5}, 0, 0},
        {"flatten1", "flatten", 1, {400, 1, 1}, 0, 0},
        {"fc1", "linear", 1, {120, 1, 1}, 48120, 48000},
        {"relu3", "relu", 1, {120, 1, 1}, 0, 0},
        {"fc2", "linear", 1, {84, 1, 1}, 10164, 10080},
        {"relu4", "relu", 1, {84, 1, 1}, 0, 0},
        {"fc3", "linear", 1, {10, 1, 1}, 850, 840},
    };
    static const struct expected_parameter parameters[] = {
        {"conv1.weight", 4, {6, 1, 3, 3}, 9},     {"conv1.bias", 1, {6, 1, 1, 1}, 9},
        {"conv2.weight", 4, {16, 6, 3, 3}, 54},   {"conv2.bias", 1, {16, 1, 1, 1}, 54},
        {"fc1.weight", 2, {120, 400, 1, 1}, 400}, {"fc1.bias", 1, {120, 1, 1, 1}, 400},
        {"fc2.weight", 2, {84, 120, 1, 1}, 120},  {"fc2.bias", 1, {84, 1, 1, 1}, 120},
        {"fc3.weight", 2, {10, 84, 1, 1}, 84},    {"fc3.bias", 1, {10, 1, 1, 1}, 84},
    };
    struct tuff_model *model = load("lenet-mnist");
    uint32_t input[3];
    tuff_model_input(model, input);
    cr_expect(input[0] == 1 && input[1] == 28 && input[2] == 28);
    cr_expect_eq(tuff_model_classes(model), 10);
    cr_expect_eq(tuff_model_parameter_elements(model), 60074);
    check_layers(model, layers, sizeof layers / sizeof layers[0]);
    check_parameters(model, parameters, sizeof parameters / sizeof parameters[0]);
    tuff_model_destroy(&model);
}

Test(model_load, lenet_cifar10)
{
    static const struct expected_layer layers[] = {
        {"conv1", "conv2d", 3, {6, 30, 30}, 168, 6 * 30 * 30 * 27},
        {"relu1", "relu", 3, {6, 30, 30}, 0, 0},
        {"pool1", "max_pool2d", 3, {6, 15, 15}, 0, 0},
        {"conv2", "conv2d", 3, {16, 13, 13}, 880, 16 * 13 * 13 * 54},
        {"relu2", "relu", 3, {16, 13, 13}, 0, 0},
        {"pool2", "max_pool2d", 3, {16, 6, 6}, 0, 0},
        {"flatten1", "flatten", 1, {576, 1, 1}, 0, 0},
        {"fc1", "linear", 1, {120, 1, 1}, 69240, 69120},
        {"relu3", "relu", 1, {120, 1, 1}, 0, 0},
        {"fc2", "linear", 1, {84, 1, 1}, 10164, 10080},
        {"relu4", "relu", 1, {84, 1, 1}, 0, 0},
        {"fc3", "linear", 1, {10, 1, 1}, 850, 840},
    };
    struct tuff_model *model = load("lenet-cifar10");
    uint32_t input[3];
    tuff_model_input(model, input);
    cr_expect(input[0] == 3 && input[1] == 32 && input[2] == 32);
    cr_expect_eq(tuff_model_classes(model), 10);
    cr_expect_eq(tuff_model_parameter_elements(model), 81302);
    check_layers(model, layers, sizeof layers / sizeof layers[0]);
    struct tuff_parameter_info info;
    tuff_model_parameter(model, 0, &info);
    cr_expect(info.dims[0] == 6 && info.dims[1] == 3 && info.fan_in == 27);
    tuff_model_destroy(&model);
}

// 6,573,130 parameters, as its PyTorch version without biases before batch normalization has.
Test(model_load, resnet9_cifar10)
{
    static const char *const names[] = {"conv1.0.weight", "conv1.1.weight", "conv1.1.bias", "conv2.0.weight"};
    struct tuff_model *model = load("resnet9-cifar10");
    struct tuff_parameter_info info;
    cr_expect_eq(tuff_model_classes(model), 10);
    cr_expect_eq(tuff_model_parameter_elements(model), 6573130);
    cr_expect_eq(tuff_model_buffer_elements(model), 2 * (64 + 3 * 128 + 256 + 3 * 512));
    for (size_t i = 0; i < 4; i++) {
        tuff_model_parameter(model, i, &info);
        cr_expect_str_eq(info.name, names[i]);
    }
    tuff_model_parameter(model, tuff_model_parameter_count(model) - 2, &info);
    cr_expect_str_eq(info.name, "classifier.2.weight");
    cr_expect(info.dims[0] == 10 && info.dims[1] == 512);
    tuff_model_buffer(model, 4, &info);
    cr_expect_str_eq(info.name, "res1.0.1.running_mean");
    tuff_model_destroy(&model);
}

Test(model_load, all_that_ship)
{
    size_t count = 0;
    bool mnist = false, cifar10 = false;
    for (; tuff_model_shipped(count) != NULL; count++) {
        const char *name = tuff_model_shipped(count);
        if (count > 0)
            cr_expect_lt(strcmp(tuff_model_shipped(count - 1), name), 0, "not sorted: %s", name);
        mnist = mnist || strcmp(name, "lenet-mnist") == 0;
        cifar10 = cifar10 || strcmp(name, "lenet-cifar10") == 0;

        struct tuff_model *model = load(name);
        cr_expect_str_eq(tuff_model_name(model), name, "the file's name and the model's differ");
        tuff_model_destroy(&model);

        // What is embedded is what the file holds now.
        char path[512];
        snprintf(path, sizeof path, "%s/%s.yaml", TUFF_MODELS_DIR, name);
        FILE *file = fopen(path, "rb");
        cr_assert_not_null(file, "%s", path);
        char *text = malloc(1 << 20);
        cr_assert_not_null(text);
        size_t length = fread(text, 1, 1 << 20, file);
        fclose(file);
        cr_expect(length == tuff_embedded_models[count].length &&
                      memcmp(text, tuff_embedded_models[count].text, length) == 0,
                  "%s differs from what is embedded", path);
        free(text);
    }
    cr_expect(mnist && cifar10);
    cr_expect_eq(count, tuff_embedded_model_count);
    cr_expect_null(tuff_model_shipped(count + 1));
    cr_expect_null(tuff_model_shipped(SIZE_MAX));
}

static char folder[] = "/tmp/tuff-model-load-XXXXXX";

static void enter_folder(void)
{
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
}

static void leave_folder(void)
{
    static const char *const made[] = {"m.yaml", "m.yml", "long.yaml", "closed.yaml"};
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++)
        unlink(made[i]);
    rmdir("folder.yaml");
    cr_assert_eq(chdir("/"), 0);
    cr_expect_eq(rmdir(folder), 0);
}

static void write_file(const char *path, const char *text, size_t length)
{
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(text, 1, length, file), length);
    cr_assert_eq(fclose(file), 0);
}

static void check_failure(const char *name, enum tuff_status status, const char *message)
{
    struct captured_log captured;
    captured_log_begin(&captured);
    struct tuff_model *model = (struct tuff_model *)&captured;
    cr_expect_eq(tuff_model_load(&captured.log, name, &model), status, "%s", captured.last);
    cr_expect_null(model);
    cr_expect_eq(captured.count, 1);
    cr_expect_str_eq(captured.last, message);
}

Test(model_load, files, .init = enter_folder, .fini = leave_folder)
{
    static const char text[] =
        "name: from-file\ninput: [1, 2, 2]\nlayers: [flatten, linear: {features: 3}]\n";
    write_file("m.yaml", text, sizeof text - 1);
    write_file("m.yml", text, sizeof text - 1);
    static const char *const paths[] = {"m.yaml", "m.yml", "./m.yaml"};
    for (size_t i = 0; i < 3; i++) {
        struct tuff_model *model = load(paths[i]);
        cr_expect_str_eq(tuff_model_name(model), "from-file");
        tuff_model_destroy(&model);
    }
}

Test(model_load, files_that_cannot_be_loaded, .init = enter_folder, .fini = leave_folder)
{
    check_failure("x.yaml", TUFF_ERROR_NOT_FOUND, "x.yaml: no such file");
    check_failure("./lenet-mnist", TUFF_ERROR_NOT_FOUND, "./lenet-mnist: no such file");
    write_file("m.yaml", "name: m\nlayer: []\n", 18);
    check_failure("m.yaml", TUFF_ERROR_FORMAT, "m.yaml:2:1: unknown key 'layer'; did you mean 'layers'?");
    check_failure("m.yaml/x.yaml", TUFF_ERROR_NOT_FOUND, "m.yaml/x.yaml: no such file");
    cr_assert_eq(mkdir("folder.yaml", 0700), 0);
    check_failure("folder.yaml", TUFF_ERROR_IO, "folder.yaml: expected a model file, found a folder");
    check_failure("./", TUFF_ERROR_IO, "./: expected a model file, found a folder");

    size_t length = (1 << 20) + 1;
    char *text = malloc(length);
    cr_assert_not_null(text);
    memset(text, '\n', length);
    write_file("long.yaml", text, length);
    free(text);
    check_failure("long.yaml", TUFF_ERROR_FORMAT,
                  "long.yaml: a model file is at most 1048576 bytes long, this one is longer");

    // Root may read everything, so root steps down for this.
    enum { NOBODY = 65534 };
    const uid_t self = geteuid();
    write_file("closed.yaml", "", 0);
    cr_assert_eq(chmod("closed.yaml", 0), 0);
    cr_assert(self != 0 || seteuid(NOBODY) == 0);
    check_failure("closed.yaml", TUFF_ERROR_IO, "closed.yaml: cannot be read: Permission denied");
    cr_assert(self != 0 || seteuid(self) == 0);
}

Test(model_load, names_that_do_not_ship)
{
    check_failure(
        "lenet-mnst", TUFF_ERROR_NOT_FOUND,
        "no model 'lenet-mnst' ships; did you mean 'lenet-mnist'? The path of a model file has a '/' or ends "
        "in .yaml");
    check_failure("", TUFF_ERROR_NOT_FOUND,
                  "no model '' ships, only lenet-cifar10, lenet-mnist, mlp, mobilenet-small, resnet18, "
                  "resnet18-cifar10, resnet9-cifar10, vgg-small; the path of a model file has a '/' or ends "
                  "in .yaml");
}
