// Running statistics and dropout in training, on every backend: who changes them and who does not, and that
// they come back from files bit for bit.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "fixture.h"
#include "model/safetensors.h"
#include "tuff/checkpoint.h"

enum { SAMPLES = 37, BATCH = 8, PER_EPOCH = 5, BUFFERS = 24 };

// Small enough for the reference; its last batch has 5 samples.
static const char network[] =
    "name: buffers\ninput: [1, 28, 28]\nlayers:\n"
    "  - conv2d: {channels: 4, kernel: 3, stride: 3, bias: false}\n"
    "  - batch_norm2d\n"
    "  - relu\n"
    "  - residual: {name: res, layers: [conv2d: {channels: 4, kernel: 3, padding: 1}, "
    "batch_norm2d: {momentum: 0.5}, dropout: {p: 0.3}]}\n"
    "  - batch_norm2d: {affine: false}\n"
    "  - max_pool2d: {kernel: 3}\n"
    "  - dropout\n"
    "  - flatten\n"
    "  - linear: {features: 10}\n";

static void open_network(struct fixture *fixture, const char *backend)
{
    fixture_open(fixture, backend, 0);
    tuff_model_destroy(&fixture->model);
    cr_assert_eq(tuff_model_parse(fixture->log, "network", network, strlen(network), &fixture->model),
                 TUFF_OK, "%s", last_error());
    cr_assert_eq(tuff_model_buffer_elements(fixture->model), BUFFERS);
}

static struct tuff_trainer_options base_options(void)
{
    struct tuff_trainer_options options;
    tuff_trainer_options_default(&options);
    options.batch_size = BATCH;
    options.learning_rate = 0.01;
    options.keep_outputs = 1;
    return options;
}

// All buffers, one after the other: those of bn1, of res.bn1, of bn2.
static void read_buffers(const struct fixture *fixture, struct tuff_trainer *trainer, float values[BUFFERS])
{
    float *next = values;
    for (size_t i = 0; i < tuff_model_buffer_count(fixture->model); i++) {
        struct tuff_parameter_info info;
        tuff_model_buffer(fixture->model, i, &info);
        cr_assert_eq(tuff_trainer_read_buffer(trainer, i, next), TUFF_OK);
        next += info.dims[0];
    }
    cr_assert_eq(next - values, BUFFERS);
}

// A file's path, for this process; unlink it.
static const char *file_path(void)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/tuff-test-buffers-%ld.safetensors", (long)getpid());
    return path;
}

static void step(struct tuff_trainer *trainer, uint32_t epoch, uint32_t to)
{
    cr_assert_eq(tuff_trainer_advance(trainer, epoch, to, NULL, NULL, NULL), TUFF_OK, "%s", last_error());
}

ParameterizedTestParameters(backend, training_alone_changes_running_statistics)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend, training_alone_changes_running_statistics,
                  .timeout = 300)
{
    static const char *const frozen[] = {"bn1", "res"};
    struct fixture fixture;
    float initial[BUFFERS], first[BUFFERS], second[BUFFERS], weight[4], before[4], blocks[2][144];
    open_network(&fixture, backend->text);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    struct tuff_trainer_options options = base_options();
    options.average_decay = 0.9;
    options.weight_decay = 0.1;
    options.frozen = frozen;
    options.frozen_count = 2;
    struct tuff_trainer *trainer = make_trainer(&fixture, digits, digits, &options);
    read_buffers(&fixture, trainer, initial);
    for (int i = 0; i < BUFFERS; i++)
        cr_assert_eq(initial[i], i / 4 % 2, "means begin as 0, variances as 1");
    cr_assert_eq(tuff_trainer_read_parameter(trainer, 1, before), TUFF_OK);    // bn1.weight
    cr_assert_eq(tuff_trainer_read_parameter(trainer, 3, blocks[0]), TUFF_OK); // res.conv1.weight
    step(trainer, 0, 1);
    read_buffers(&fixture, trainer, first);
    // A frozen layer follows its batches too, as in PyTorch.
    for (int i = 0; i < BUFFERS; i++)
        cr_expect(isfinite(first[i]) && first[i] != initial[i], "element %d is %g after a step", i,
                  (double)first[i]);
    // A momentum of 0.5 moves farther from 1 than one of 0.1 where the batch's variances are small.
    cr_expect_lt(first[12], 0.95f, "res.bn1.running_var is %g", (double)first[12]);
    struct tuff_metrics metrics;
    cr_assert_eq(tuff_trainer_evaluate(trainer, NULL, &metrics), TUFF_OK);
    read_buffers(&fixture, trainer, second);
    cr_expect_eq(memcmp(first, second, sizeof first), 0, "evaluation leaves them as they are");
    step(trainer, 0, 0);
    cr_assert_eq(tuff_trainer_read_parameter(trainer, 1, weight), TUFF_OK);
    cr_expect_eq(memcmp(before, weight, sizeof weight), 0, "a frozen weight stays");
    cr_assert_eq(tuff_trainer_read_parameter(trainer, 3, blocks[1]), TUFF_OK);
    cr_expect_eq(memcmp(blocks[0], blocks[1], sizeof blocks[0]), 0, "and so do those of a frozen block");
    tuff_trainer_destroy(&trainer);
    tuff_dataset_destroy(&digits);
    fixture_close(&fixture);
}

struct outcome {
    float *parameters, buffers[BUFFERS];
    size_t count;
    double loss;
    float logits[SAMPLES * 10];
};

// Takes the trainer to the end of its second epoch, and destroys it.
static void finish(const struct fixture *fixture, struct tuff_trainer *trainer, struct outcome *outcome)
{
    struct tuff_metrics metrics;
    struct tuff_trainer_position at = {.size = sizeof at};
    tuff_trainer_position(trainer, &at);
    if (at.epoch == 0)
        step(trainer, 0, 0);
    step(trainer, 1, 0);
    cr_assert_eq(tuff_trainer_outputs(trainer, NULL, &metrics, outcome->logits), TUFF_OK);
    outcome->loss = metrics.loss;
    outcome->parameters = read_parameters(fixture, trainer, &outcome->count);
    read_buffers(fixture, trainer, outcome->buffers);
    tuff_trainer_destroy(&trainer);
}

static void expect_same(const struct outcome *a, const struct outcome *b, const char *what)
{
    cr_expect_eq(memcmp(a->parameters, b->parameters, a->count * sizeof(float)), 0, "%s: parameters", what);
    cr_expect_eq(memcmp(a->buffers, b->buffers, sizeof a->buffers), 0, "%s: buffers", what);
    cr_expect_eq(memcmp(a->logits, b->logits, sizeof a->logits), 0, "%s: logits", what);
    cr_expect_eq(memcmp(&a->loss, &b->loss, sizeof a->loss), 0, "%s: loss", what);
}

ParameterizedTestParameters(backend, statistics_and_masks_are_resumed)
{
    return backends_under_test();
}

// The same bits, whether a training goes on from a file, and whether its images lie on the device.
ParameterizedTest(const struct backend_name *backend, backend, statistics_and_masks_are_resumed,
                  .timeout = 300)
{
    struct fixture fixture;
    struct outcome whole, other;
    open_network(&fixture, backend->text);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    struct tuff_trainer_options options = base_options();
    finish(&fixture, make_trainer(&fixture, digits, digits, &options), &whole);
    static const uint32_t stops[] = {2, PER_EPOCH + 3};
    for (size_t i = 0; i < 2; i++) {
        struct tuff_trainer *trainer = make_trainer(&fixture, digits, digits, &options);
        step(trainer, 0, stops[i] < PER_EPOCH ? stops[i] : 0);
        if (stops[i] > PER_EPOCH)
            step(trainer, 1, stops[i] - PER_EPOCH);
        cr_assert_eq(tuff_training_save(fixture.log, file_path(), trainer, NULL, 0), TUFF_OK);
        tuff_trainer_destroy(&trainer);
        trainer = make_trainer(&fixture, digits, digits, &options);
        step(trainer, 0, 1);
        cr_assert_eq(tuff_training_load(fixture.log, file_path(), trainer), TUFF_OK, "%s", last_error());
        finish(&fixture, trainer, &other);
        expect_same(&whole, &other, "resumed");
        free(other.parameters);
    }
    unlink(file_path());

    options.data_budget_bytes = 20 * 28 * 28;
    struct tuff_trainer *trainer = make_trainer(&fixture, digits, NULL, &options);
    cr_assert(tuff_trainer_streams(trainer, TUFF_SPLIT_TRAIN));
    step(trainer, 0, 0);
    step(trainer, 1, 0);
    read_buffers(&fixture, trainer, other.buffers);
    cr_expect_eq(memcmp(whole.buffers, other.buffers, sizeof whole.buffers), 0, "streamed: buffers");
    tuff_trainer_destroy(&trainer);

    // Dropout hangs on the seed.
    options = base_options();
    options.seed = 43;
    finish(&fixture, make_trainer(&fixture, digits, digits, &options), &other);
    cr_expect_neq(memcmp(whole.parameters, other.parameters, whole.count * sizeof(float)), 0);
    free(other.parameters);
    free(whole.parameters);
    tuff_dataset_destroy(&digits);
    fixture_close(&fixture);
}

// Writes the checkpoint anew with one more tensor: a count of batches, as PyTorch has it.
static void add_count(const struct fixture *fixture, const char *name)
{
    static const uint8_t count[8] = {5};
    struct tuff_safetensors *file;
    cr_assert_eq(tuff_safetensors_read(fixture->log, file_path(), &file), TUFF_OK);
    struct tuff_safetensor *tensors = calloc(file->count + 1, sizeof *tensors);
    cr_assert_not_null(tensors);
    memcpy(tensors, file->tensors, file->count * sizeof *tensors);
    tensors[file->count] = (struct tuff_safetensor){.name = name, .dtype = "I64", .bytes = 8, .data = count};
    cr_assert_eq(tuff_safetensors_write(fixture->log, file_path(), tensors, file->count + 1, NULL, 0),
                 TUFF_OK);
    free(tensors);
    tuff_safetensors_destroy(&file);
}

ParameterizedTestParameters(backend, checkpoints_hold_statistics)
{
    return backends_under_test();
}

// Another trainer, which only evaluates, says the same with a checkpoint's parameters and buffers.
ParameterizedTest(const struct backend_name *backend, backend, checkpoints_hold_statistics, .timeout = 300)
{
    struct fixture fixture;
    struct tuff_metrics trained, loaded;
    static float expected[SAMPLES * 10], logits[SAMPLES * 10];
    open_network(&fixture, backend->text);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    struct tuff_trainer_options options = base_options();
    options.average_decay = 0.5;
    struct tuff_trainer *trainer = make_trainer(&fixture, digits, digits, &options);
    step(trainer, 0, 0);
    cr_assert_eq(tuff_trainer_outputs(trainer, NULL, &trained, expected), TUFF_OK);
    cr_assert_eq(tuff_checkpoint_save(fixture.log, file_path(), trainer, NULL, 0), TUFF_OK);
    tuff_trainer_destroy(&trainer);
    struct tuff_safetensors *file;
    cr_assert_eq(tuff_safetensors_read(fixture.log, file_path(), &file), TUFF_OK);
    cr_expect_not_null(tuff_safetensors_find(file, "bn1.running_mean"));
    cr_expect_not_null(tuff_safetensors_find(file, "res.bn1.running_var"));
    cr_expect_not_null(tuff_safetensors_find(file, "bn2.running_var"));
    cr_expect_null(tuff_safetensors_find(file, "bn2.weight"), "not affine");
    cr_expect_eq(file->count, tuff_model_parameter_count(fixture.model) + 6);
    tuff_safetensors_destroy(&file);

    trainer = make_trainer(&fixture, NULL, digits, &options);
    cr_assert_eq(tuff_checkpoint_load(fixture.log, file_path(), trainer), TUFF_OK, "%s", last_error());
    cr_assert_eq(tuff_trainer_outputs(trainer, NULL, &loaded, logits), TUFF_OK);
    cr_expect_eq(memcmp(expected, logits, sizeof logits), 0);
    cr_expect_eq(trained.loss, loaded.loss);
    add_count(&fixture, "res.bn1.num_batches_tracked");
    cr_expect_eq(tuff_checkpoint_load(fixture.log, file_path(), trainer), TUFF_OK, "%s", last_error());
    add_count(&fixture, "res.conv1.num_batches_tracked");
    cr_expect_eq(tuff_checkpoint_load(fixture.log, file_path(), trainer), TUFF_ERROR_INVALID);
    cr_expect_not_null(strstr(last_error(), "tensor 'res.conv1.num_batches_tracked' is not a parameter"));
    tuff_trainer_destroy(&trainer);
    unlink(file_path());
    tuff_dataset_destroy(&digits);
    fixture_close(&fixture);
}
