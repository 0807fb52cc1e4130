// ONNX files, read back by a reader of the tests' own: what is in them, and that they compute what tuff
// computes.
#include "tuff/onnx.h"

#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "../data/scratch.h"
#include "model/layer.h"
#include "onnx_run.h"

enum { IMAGES = 12, PIXELS = 28 * 28, CLASSES = 10 };

static void begin(void)
{
    scratch_begin();
}
static void end(void)
{
    scratch_end();
}
TestSuite(onnx, .init = begin, .fini = end);

static struct tuff_model *load(const char *name)
{
    struct tuff_model *model;
    cr_assert_eq(tuff_model_load(&scratch_log, name, &model), TUFF_OK, "%s", scratch_error);
    return model;
}

static struct tuff_model *parse(const char *text)
{
    struct tuff_model *model;
    cr_assert_eq(tuff_model_parse(&scratch_log, "text", text, strlen(text), &model), TUFF_OK, "%s",
                 scratch_error);
    return model;
}

// All parameters, then all buffers, one after the other; to be freed. Buffers are made up: above 0, as
// variances have to be.
static float *initial_values(const struct tuff_model *model)
{
    uint64_t buffers = tuff_model_buffer_elements(model);
    float *values = calloc(tuff_model_parameter_elements(model) + buffers, sizeof *values), *next = values;
    cr_assert_not_null(values);
    for (size_t i = 0; i < tuff_model_parameter_count(model); i++) {
        struct tuff_parameter_info info;
        tuff_model_parameter(model, i, &info);
        tuff_model_initialize(model, i, 5, next);
        uint64_t elements = 1;
        for (uint32_t d = 0; d < info.rank; d++)
            elements *= info.dims[d];
        next += elements;
    }
    for (uint64_t i = 0; i < buffers; i++)
        next[i] = 0.1f + 0.01f * (float)(i * 7 % 23);
    return values;
}

static struct onnx_file *save_and_read(const struct tuff_model *model, const float *values,
                                       const struct tuff_onnx_options *options)
{
    const char *path = scratch_path("model.onnx");
    cr_assert_eq(tuff_onnx_save(&scratch_log, path, model, values, options), TUFF_OK, "%s", scratch_error);
    return onnx_read(path);
}

Test(onnx, says_what_it_is)
{
    struct tuff_model *model = load("lenet-mnist");
    float *values = initial_values(model);
    const struct tuff_metadata texts[] = {{"data", "mnist"}, {"café", "ÿ"}};
    const struct tuff_onnx_options options = {.size = sizeof options, .metadata = texts, .metadata_count = 2};
    struct onnx_file *file = save_and_read(model, values, &options);
    cr_assert_eq(file->ir_version, 7);
    cr_assert_eq(file->opset, 13);
    cr_assert_str_eq(file->producer, "tuff");
    cr_assert_str_eq(file->producer_version, TUFF_TEST_VERSION);
    cr_assert_str_eq(file->graph, "lenet-mnist");
    cr_assert_str_eq(onnx_text(file, "model"), "lenet-mnist");
    cr_assert_str_eq(onnx_text(file, "data"), "mnist");
    cr_assert_str_eq(onnx_text(file, "café"), "ÿ");
    cr_assert_not_null(strstr(onnx_text(file, "input"), "divided by 255"));
    cr_assert_eq(file->text_count, 4);

    cr_assert(file->input_count == 1 && file->output_count == 1);
    const struct onnx_value *input = &file->inputs[0], *output = &file->outputs[0];
    cr_assert_str_eq(input->name, "input");
    cr_assert_str_eq(input->open, "batch");
    cr_assert_not_null(strstr(input->doc, "divided by 255"));
    cr_assert(input->element_type == 1 && input->rank == 4 && input->dims[0] == -1 && input->dims[1] == 1 &&
              input->dims[2] == 28 && input->dims[3] == 28);
    cr_assert_str_eq(output->name, "logits");
    cr_assert_str_eq(output->open, "batch");
    cr_assert(output->element_type == 1 && output->rank == 2 && output->dims[0] == -1 &&
              output->dims[1] == 10);
    onnx_free(file);
    free(values);
    tuff_model_destroy(&model);
}

Test(onnx, has_the_parameters)
{
    struct tuff_model *model = load(UNEVEN);
    float *values = initial_values(model), *next = values;
    struct onnx_file *file = save_and_read(model, values, NULL);
    cr_assert_eq(file->tensor_count, tuff_model_parameter_count(model));
    for (size_t i = 0; i < file->tensor_count; i++) {
        struct tuff_parameter_info info;
        tuff_model_parameter(model, i, &info);
        const struct onnx_tensor *tensor = onnx_tensor(file, info.name);
        cr_assert_not_null(tensor, "%s", info.name);
        cr_assert_eq(tensor->rank, info.rank);
        for (uint32_t d = 0; d < info.rank; d++)
            cr_assert_eq(tensor->dims[d], info.dims[d]);
        cr_assert_eq(memcmp(tensor->values, next, tensor->elements * sizeof *next), 0, "%s", info.name);
        next += tensor->elements;
    }
    onnx_free(file);
    free(values);
    tuff_model_destroy(&model);
}

Test(onnx, has_a_node_for_each_layer)
{
    static const struct {
        const char *name, *op_type, *input, *output, *attribute, *value;
    } expected[] = {
        {"c", "Conv", "input", "c.output", "pads", "1 2 1 2"},
        {"relu1", "Relu", "c.output", "relu1.output", "", ""},
        {"pool1", "MaxPool", "relu1.output", "pool1.output", "pads", "1 1 1 1"},
        {"conv2", "Conv", "pool1.output", "conv2.output", "pads", "0 1 1 2"},
        {"pool2", "MaxPool", "conv2.output", "pool2.output", "pads", "0 1 1 1"},
        {"conv3", "Conv", "pool2.output", "conv3.output", "group", "1"},
        {"flat", "Flatten", "conv3.output", "flat.output", "axis", "1"},
        {"input", "Gemm", "flat.output", "input.output", "transB", "1"},
        {"logits", "Relu", "input.output", "logits.output", "", ""},
        {"last.one", "Gemm", "logits.output", "logits", "transB", "1"},
    };
    enum { COUNT = sizeof expected / sizeof *expected };
    struct tuff_model *model = load(UNEVEN);
    float *values = initial_values(model);
    struct onnx_file *file = save_and_read(model, values, NULL);
    cr_assert_eq(file->node_count, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        const struct onnx_node *node = &file->nodes[i];
        cr_assert_str_eq(node->name, expected[i].name);
        cr_assert_str_eq(node->op_type, expected[i].op_type);
        cr_assert_str_eq(node->inputs[0], expected[i].input);
        cr_assert_str_eq(node->outputs[0], expected[i].output);
        cr_assert_str_eq(onnx_attribute_text(node, expected[i].attribute), expected[i].value, "%s: %s",
                         node->name, onnx_attribute_text(node, expected[i].attribute));
    }
    cr_assert_str_eq(onnx_attribute_text(&file->nodes[0], "kernel_shape"), "3 5");
    cr_assert_str_eq(onnx_attribute_text(&file->nodes[0], "strides"), "1 2");
    cr_assert_str_eq(onnx_attribute_text(&file->nodes[0], "dilations"), "2 1");
    cr_assert_str_eq(onnx_attribute_text(&file->nodes[3], "group"), "2");
    cr_assert_str_eq(onnx_attribute_text(&file->nodes[4], "dilations"), "1 2");
    cr_assert_eq(file->nodes[0].input_count, 3);
    cr_assert_str_eq(file->nodes[0].inputs[2], "c.bias");
    cr_assert_eq(file->nodes[3].input_count, 2, "no bias");
    cr_assert_eq(file->nodes[7].input_count, 2, "no bias");
    // The shapes in between are those of the layers.
    cr_assert_eq(file->value_count, COUNT - 1);
    for (size_t i = 0; i + 1 < COUNT; i++) {
        struct tuff_layer_info info;
        tuff_model_layer(model, i, &info);
        cr_assert_str_eq(file->values[i].name, expected[i].output);
        cr_assert_eq(file->values[i].rank, info.output_rank + 1);
        for (uint32_t d = 0; d < info.output_rank; d++)
            cr_assert_eq(file->values[i].dims[d + 1], info.output_dims[d]);
    }
    onnx_free(file);
    free(values);
    tuff_model_destroy(&model);
}

// -- The graph computes what the reference backend computes

struct session {
    struct tuff_context *context;
    struct tuff_target *target;
    struct tuff_dataset *set;
    struct tuff_trainer *trainer;
};

// normalization: NULL for none.
static void open_session(struct session *s, const struct tuff_model *model, const float *values,
                         const struct tuff_augmentation *normalization)
{
    const struct tuff_context_options context = {.size = sizeof context, .log = scratch_log};
    const struct tuff_dataset_options digits = {.size = sizeof digits, .digits_test = IMAGES};
    struct tuff_trainer_options options;
    tuff_trainer_options_default(&options);
    options.augmentation = normalization;
    cr_assert_eq(tuff_context_create(&context, &s->context), TUFF_OK);
    cr_assert_eq(tuff_target_open(s->context, "reference", NULL, NULL, &s->target), TUFF_OK, "%s",
                 scratch_error);
    cr_assert_eq(tuff_dataset_load(&scratch_log, "digits", TUFF_SPLIT_TEST, &digits, &s->set), TUFF_OK);
    cr_assert_eq(tuff_trainer_create(s->target, model, NULL, s->set, &options, &s->trainer), TUFF_OK, "%s",
                 scratch_error);
    for (size_t i = 0; i < tuff_model_parameter_count(model); i++) {
        struct tuff_parameter_info info;
        tuff_model_parameter(model, i, &info);
        cr_assert_eq(tuff_trainer_write_parameter(s->trainer, i, values), TUFF_OK);
        uint64_t elements = 1;
        for (uint32_t d = 0; d < info.rank; d++)
            elements *= info.dims[d];
        values += elements;
    }
    for (size_t i = 0; i < tuff_model_buffer_count(model); i++) {
        struct tuff_parameter_info info;
        tuff_model_buffer(model, i, &info);
        cr_assert_eq(tuff_trainer_write_buffer(s->trainer, i, values), TUFF_OK);
        cr_assert_eq(info.rank, 1);
        values += info.dims[0];
    }
}

static void close_session(struct session *s)
{
    tuff_trainer_destroy(&s->trainer);
    tuff_dataset_destroy(&s->set);
    tuff_target_close(&s->target);
    tuff_context_destroy(&s->context);
}

// Loss and right answers of the graph.
static struct tuff_metrics run_graph(const struct onnx_file *file, const struct tuff_dataset *set)
{
    struct tuff_metrics metrics = {.samples = set->count};
    for (uint32_t n = 0; n < set->count; n++) {
        double image[PIXELS], logits[CLASSES], sum = 0;
        size_t best = 0;
        for (size_t i = 0; i < PIXELS; i++)
            image[i] = set->images[n * PIXELS + i] / 255.0;
        onnx_run(file, image, logits, CLASSES);
        for (size_t i = 0; i < CLASSES; i++) {
            sum += exp(logits[i]);
            best = logits[i] > logits[best] ? i : best;
        }
        metrics.loss += (log(sum) - logits[set->labels[n]]) / set->count;
        metrics.correct += best == set->labels[n];
    }
    return metrics;
}

static void check_computes(struct tuff_model *model, float scale,
                           const struct tuff_augmentation *normalization)
{
    struct tuff_onnx_options options = {.size = sizeof options};
    if (normalization != NULL) {
        options.mean = normalization->mean;
        options.deviation = normalization->deviation;
    }
    float *values = initial_values(model);
    // Initial weights make small logits that are nearly alike: larger ones tell more.
    for (uint64_t i = 0; i < tuff_model_parameter_elements(model); i++)
        values[i] *= scale;
    struct onnx_file *file = save_and_read(model, values, &options);
    struct session session;
    struct tuff_metrics tuffs;
    open_session(&session, model, values, normalization);
    cr_assert_eq(tuff_trainer_evaluate(session.trainer, NULL, &tuffs), TUFF_OK, "%s", scratch_error);
    struct tuff_metrics graphs = run_graph(file, session.set);
    cr_assert_gt(tuffs.loss, 2.5, "weights that say nothing: %f", tuffs.loss);
    cr_assert_lt(fabs(tuffs.loss - graphs.loss), 1e-5 * tuffs.loss, "%.9g and %.9g", tuffs.loss, graphs.loss);
    cr_assert_eq(tuffs.correct, graphs.correct);
    close_session(&session);
    onnx_free(file);
    free(values);
    tuff_model_destroy(&model);
}

Test(onnx, computes_the_same_lenet)
{
    struct tuff_model *model = load("lenet-mnist");
    check_computes(model, 3, NULL);
}

Test(onnx, computes_the_same_uneven)
{
    check_computes(load(UNEVEN), 3, NULL);
}

// Every kind of layer, those that become several nodes too.
Test(onnx, computes_the_same_kinds)
{
    check_computes(load(KINDS), 8, NULL);
}

// Sums and concatenations; of normalized images, where the model's own input is one of the branches.
Test(onnx, computes_the_same_branches)
{
    struct tuff_augmentation normalization;
    check_computes(load(BRANCHES), 2, NULL);
    tuff_augmentation_default(&normalization);
    normalization.mean[0] = 0.2;
    normalization.deviation[0] = 0.5;
    check_computes(load(BRANCHES), 2, &normalization);
}

Test(onnx, computes_the_same_normalized)
{
    struct tuff_augmentation normalization;
    tuff_augmentation_default(&normalization);
    normalization.mean[0] = 0.4;
    normalization.deviation[0] = 0.3;
    check_computes(load(UNEVEN), 3, &normalization);
}

// -- Refusals

static void check_refused(const struct tuff_model *model, const struct tuff_onnx_options *options,
                          enum tuff_status status, const char *message)
{
    float *values = initial_values(model);
    const char *path = scratch_path("refused.onnx");
    cr_assert_eq(tuff_onnx_save(&scratch_log, path, model, values, options), status);
    cr_assert_not_null(strstr(scratch_error, message), "%s", scratch_error);
    cr_assert_neq(access(path, F_OK), 0, "nothing is written");
    free(values);
}

Test(onnx, refuses_texts_that_cannot_be)
{
    struct tuff_model *model = load(UNEVEN);
    const struct tuff_metadata twice[] = {{"data", "mnist"}, {"data", "digits"}},
                               broken[] = {{"data", "\xff"}};
    struct tuff_onnx_options options = {.size = sizeof options, .metadata = twice, .metadata_count = 2};
    check_refused(model, &options, TUFF_ERROR_INVALID, "'data' comes twice");
    options = (struct tuff_onnx_options){.size = sizeof options, .metadata = broken, .metadata_count = 1};
    check_refused(model, &options, TUFF_ERROR_INVALID, "not UTF-8");
    const double mean[] = {0.5};
    options = (struct tuff_onnx_options){.size = sizeof options, .mean = mean};
    check_refused(model, &options, TUFF_ERROR_INVALID, "a mean and a deviation go together");
    options.size = 0;
    check_refused(model, &options, TUFF_ERROR_INVALID, "size is not set");
    tuff_model_destroy(&model);
}

Test(onnx, takes_the_callers_texts_before_its_own)
{
    struct tuff_model *model = load(UNEVEN);
    const struct tuff_metadata texts[] = {{"model", "another"}};
    const struct tuff_onnx_options options = {.size = sizeof options, .metadata = texts, .metadata_count = 1};
    float *values = initial_values(model);
    struct onnx_file *file = save_and_read(model, values, &options);
    cr_assert_str_eq(onnx_text(file, "model"), "another");
    cr_assert_eq(file->text_count, 2);
    onnx_free(file);
    free(values);
    tuff_model_destroy(&model);
}

Test(onnx, refuses_a_kind_that_has_no_form)
{
    struct tuff_model *model = load(UNEVEN);
    struct tuff_layer_kind without = *model->layers[1].kind;
    without.onnx = NULL;
    model->layers[1].kind = &without;
    check_refused(model, NULL, TUFF_ERROR_UNSUPPORTED, "layer 'relu1': a layer of the kind relu cannot");
    tuff_model_destroy(&model);
}

Test(onnx, refuses_what_is_too_large)
{
    // 2^29 numbers and a few more; no value is looked at.
    struct tuff_model *model = parse("name: large\ninput: [1, 128, 128]\nlayers:\n  - flatten\n"
                                     "  - linear: {features: 32768}\n");
    float none = 0;
    const char *path = scratch_path("refused.onnx");
    cr_assert_eq(tuff_onnx_save(&scratch_log, path, model, &none, NULL), TUFF_ERROR_INVALID);
    cr_assert_not_null(strstr(scratch_error, "at most 2147483647 bytes, and the parameters take 2147614720"),
                       "%s", scratch_error);
    tuff_model_destroy(&model);
}

Test(onnx, leaves_what_was_there_when_it_fails)
{
    struct tuff_model *model = load(UNEVEN);
    float *values = initial_values(model);
    struct rlimit before;
    cr_assert_eq(tuff_onnx_save(&scratch_log, scratch_path("no/such/folder.onnx"), model, values, NULL),
                 TUFF_ERROR_IO);
    scratch_write("model.onnx", "old", 3);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit limit = {.rlim_cur = 1000, .rlim_max = before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    const enum tuff_status status =
        tuff_onnx_save(&scratch_log, scratch_path("model.onnx"), model, values, NULL);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    cr_expect_eq(status, TUFF_ERROR_IO);
    size_t count;
    unsigned char *left = scratch_read(scratch_path("model.onnx"), &count);
    cr_expect(count == 3 && memcmp(left, "old", 3) == 0);
    free(left);
    cr_expect_eq(scratch_files(), 1, "something is left aside");
    free(values);
    tuff_model_destroy(&model);
}

// Every kind of layer that model files know can be written.
Test(onnx, knows_every_kind)
{
    for (size_t i = 0; tuff_layer_kind(i) != NULL; i++)
        cr_assert_not_null(tuff_layer_kind(i)->onnx, "%s", tuff_layer_kind(i)->name);
}
