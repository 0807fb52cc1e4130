// Every backend against PyTorch: networks with batch normalization, residual sums and concatenations. Each
// NAME.yaml and NAME.safetensors, made once by make-golden-networks, hold a short training.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "fixture.h"
#include "model/safetensors.h"

enum { SAMPLES = 150, BATCH = 16, STEPS = 10, CLASSES = 4, HEIGHT = 12, WIDTH = 10, MAX_ELEMENTS = 8192 };

// How near the figures have to be. PyTorch's own float32 and float64 runs differ by 4.0e-7 in the
// losses, 2.8e-7 in the norms, 1.9e-7 in the final tensors and 6.1e-6 in the first gradient (the files'
// metadata); the reference, the CPU and lavapipe differ from the files by no more than 1.6e-7, 1.7e-7, 2.1e-7
// and 6.1e-6. Other devices sum in other orders, hence the margins.
static const double LOSS_TOLERANCE = 1e-5;     // relative
static const double NORM_TOLERANCE = 2e-5;     // relative
static const double GRADIENT_TOLERANCE = 1e-4; // of the tensor's greatest
static const double FINAL_TOLERANCE = 2e-5;    // absolute

struct golden {
    struct tuff_safetensors *file;
    uint32_t labels[SAMPLES];
    struct tuff_dataset dataset;
};

// A Criterion parameter; flat, since tests run in processes of their own.
struct golden_network {
    char backend[32], network[32];
};

static struct criterion_test_params all_networks(void)
{
    static const char *const networks[] = {"batch-norm", "residual"};
    struct criterion_test_params backends = backends_under_test();
    const struct backend_name *names = backends.params;
    struct golden_network *made = cr_calloc(2 * backends.length, sizeof *made);
    for (size_t i = 0; i < 2 * backends.length; i++) {
        snprintf(made[i].backend, sizeof made[i].backend, "%s", names[i / 2].text);
        snprintf(made[i].network, sizeof made[i].network, "%s", networks[i % 2]);
    }
    return cr_make_param_array(struct golden_network, made, 2 * backends.length);
}

// The tensor called prefix + name. Fails the test if it is not there or does not hold `elements` of `dtype`.
static const void *find(const struct golden *golden, const char *prefix, const char *name, const char *dtype,
                        uint64_t elements)
{
    char full[192];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    const struct tuff_safetensor *tensor = tuff_safetensors_find(golden->file, full);
    cr_assert_not_null(tensor, "no tensor %s", full);
    cr_assert_str_eq(tensor->dtype, dtype, "%s", full);
    uint64_t found = 1;
    for (uint32_t i = 0; i < tensor->rank; i++)
        found *= tensor->dims[i];
    cr_assert_eq(found, elements, "%s", full);
    return tensor->data;
}

static void open_golden(struct golden *golden, struct fixture *fixture, const struct golden_network *of)
{
    static const char *const names[CLASSES] = {"0", "1", "2", "3"};
    char path[512];
    fixture_open(fixture, of->backend, 0);
    tuff_model_destroy(&fixture->model);
    snprintf(path, sizeof path, "%s/%s.yaml", TUFF_GOLDEN_FOLDER, of->network);
    cr_assert_eq(tuff_model_load(fixture->log, path, &fixture->model), TUFF_OK, "%s", last_error());
    snprintf(path, sizeof path, "%s/%s.safetensors", TUFF_GOLDEN_FOLDER, of->network);
    cr_assert_eq(tuff_safetensors_read(fixture->log, path, &golden->file), TUFF_OK, "%s", last_error());
    const uint8_t *labels = find(golden, "labels", "", "U8", SAMPLES);
    for (uint32_t i = 0; i < SAMPLES; i++)
        golden->labels[i] = labels[i];
    golden->dataset = (struct tuff_dataset){
        .size = sizeof golden->dataset,
        .name = "golden",
        .count = SAMPLES,
        .channels = 3,
        .height = HEIGHT,
        .width = WIDTH,
        .classes = CLASSES,
        .images = find(golden, "images", "", "U8", SAMPLES * 3 * HEIGHT * WIDTH),
        .labels = golden->labels,
        .class_names = names,
    };
}

// Parameters, then buffers.
static size_t tensor_count(const struct tuff_model *model)
{
    return tuff_model_parameter_count(model) + tuff_model_buffer_count(model);
}

static uint64_t describe(const struct tuff_model *model, size_t index, struct tuff_parameter_info *info)
{
    size_t parameters = tuff_model_parameter_count(model);
    if (index < parameters)
        tuff_model_parameter(model, index, info);
    else
        tuff_model_buffer(model, index - parameters, info);
    uint64_t elements = 1;
    for (uint32_t k = 0; k < info->rank; k++)
        elements *= info->dims[k];
    cr_assert_leq(elements, (uint64_t)MAX_ELEMENTS);
    return elements;
}

static void write_initial(const struct fixture *fixture, const struct golden *golden,
                          struct tuff_trainer *trainer)
{
    static float values[MAX_ELEMENTS];
    size_t parameters = tuff_model_parameter_count(fixture->model);
    cr_assert_gt(tuff_model_buffer_count(fixture->model), 5);
    for (size_t i = 0; i < tensor_count(fixture->model); i++) {
        struct tuff_parameter_info info;
        uint64_t elements = describe(fixture->model, i, &info);
        memcpy(values, find(golden, "initial.", info.name, "F32", elements), elements * sizeof *values);
        if (i < parameters)
            cr_assert_eq(tuff_trainer_write_parameter(trainer, i, values), TUFF_OK);
        else
            cr_assert_eq(tuff_trainer_write_buffer(trainer, i - parameters, values), TUFF_OK);
    }
}

static struct tuff_trainer *make_golden_trainer(const struct fixture *fixture, const struct golden *golden)
{
    struct tuff_trainer_options options;
    tuff_trainer_options_default(&options);
    options.batch_size = BATCH;
    options.shuffle = 0;
    options.optimizer = TUFF_OPTIMIZER_SGD;
    options.learning_rate = 0.05;
    options.momentum = 0.9;
    struct tuff_trainer *trainer = make_trainer(fixture, &golden->dataset, &golden->dataset, &options);
    cr_assert_eq(tuff_trainer_steps_per_epoch(trainer), (uint32_t)STEPS);
    write_initial(fixture, golden, trainer);
    return trainer;
}

static void compare_first_gradient(const struct fixture *fixture, const struct golden *golden,
                                   struct tuff_trainer *trainer)
{
    float *gradients = read_gradients(fixture, trainer), *next = gradients;
    double worst = 0;
    for (size_t i = 0; i < tuff_model_parameter_count(fixture->model); i++) {
        struct tuff_parameter_info info;
        float expected[MAX_ELEMENTS];
        uint64_t elements = describe(fixture->model, i, &info);
        memcpy(expected, find(golden, "first_gradient.", info.name, "F32", elements),
               elements * sizeof *expected);
        double greatest = 0;
        for (uint64_t k = 0; k < elements; k++)
            greatest = fmax(greatest, fabs((double)expected[k]));
        cr_assert_gt(greatest, 1e-4, "%s has to have a gradient in the file", info.name);
        for (uint64_t k = 0; k < elements; k++) {
            double difference = fabs((double)next[k] - (double)expected[k]) / greatest;
            worst = fmax(worst, difference);
            cr_assert(difference <= GRADIENT_TOLERANCE, "gradient of %s[%llu]: %.8g, PyTorch has %.8g",
                      info.name, (unsigned long long)k, (double)next[k], (double)expected[k]);
        }
        next += elements;
    }
    free(gradients);
    fprintf(stderr, "gradients differ by %.1e of each tensor's greatest at most\n", worst);
}

// One step after the other, as PyTorch's were.
static void compare_steps(const struct fixture *fixture, const struct golden *golden,
                          struct tuff_trainer *trainer)
{
    double losses[STEPS], norms[STEPS], worst_loss = 0, worst_norm = 0;
    memcpy(losses, find(golden, "losses_double", "", "F64", STEPS), sizeof losses);
    memcpy(norms, find(golden, "norms_double", "", "F64", STEPS), sizeof norms);
    cr_assert_gt(losses[0] - losses[STEPS - 1], 0.1, "the file's own loss has to fall");
    for (uint32_t i = 0; i < STEPS; i++) {
        float loss = NAN;
        cr_assert_eq(tuff_trainer_advance(trainer, 0, i + 1, NULL, NULL, &loss), TUFF_OK, "%s", last_error());
        double norm = norm_of_gradient(fixture, trainer);
        worst_loss = fmax(worst_loss, fabs((double)loss - losses[i]) / losses[i]);
        worst_norm = fmax(worst_norm, fabs(norm - norms[i]) / norms[i]);
        cr_expect(within((double)loss, losses[i], LOSS_TOLERANCE), "loss of step %u: %.8f, PyTorch has %.8f",
                  i + 1, (double)loss, losses[i]);
        cr_expect(within(norm, norms[i], NORM_TOLERANCE), "norm of step %u: %.8f, PyTorch has %.8f", i + 1,
                  norm, norms[i]);
        if (i == 0)
            compare_first_gradient(fixture, golden, trainer);
    }
    fprintf(stderr, "losses differ by %.1e at most, norms by %.1e\n", worst_loss, worst_norm);
}

static void compare_final(const struct fixture *fixture, const struct golden *golden,
                          struct tuff_trainer *trainer)
{
    size_t parameters = tuff_model_parameter_count(fixture->model);
    double worst = 0;
    for (size_t i = 0; i < tensor_count(fixture->model); i++) {
        static float actual[MAX_ELEMENTS], expected[MAX_ELEMENTS], initial[MAX_ELEMENTS];
        struct tuff_parameter_info info;
        uint64_t elements = describe(fixture->model, i, &info);
        memcpy(expected, find(golden, "final.", info.name, "F32", elements), elements * sizeof *expected);
        memcpy(initial, find(golden, "initial.", info.name, "F32", elements), elements * sizeof *initial);
        if (i < parameters)
            cr_assert_eq(tuff_trainer_read_parameter(trainer, i, actual), TUFF_OK);
        else
            cr_assert_eq(tuff_trainer_read_buffer(trainer, i - parameters, actual), TUFF_OK);
        double moved = 0;
        for (uint64_t k = 0; k < elements; k++) {
            double difference = fabs((double)actual[k] - (double)expected[k]);
            moved = fmax(moved, fabs((double)expected[k] - (double)initial[k]));
            worst = fmax(worst, difference);
            cr_assert(difference <= FINAL_TOLERANCE, "%s[%llu]: %.8f, PyTorch has %.8f", info.name,
                      (unsigned long long)k, (double)actual[k], (double)expected[k]);
        }
        cr_assert_gt(moved, 20 * FINAL_TOLERANCE, "%s has to move in the file", info.name);
    }
    fprintf(stderr, "final tensors differ by %.1e at most\n", worst);
}

ParameterizedTestParameters(golden_networks, training)
{
    return all_networks();
}

// Ten steps of SGD, the last with 6 samples of 16, then an evaluation, which takes the running statistics.
ParameterizedTest(const struct golden_network *of, golden_networks, training, .timeout = 300)
{
    struct fixture fixture;
    struct golden golden;
    open_golden(&golden, &fixture, of);
    fprintf(stderr, "%s\n", of->network);
    struct tuff_trainer *trainer = make_golden_trainer(&fixture, &golden);
    compare_steps(&fixture, &golden, trainer);
    compare_final(&fixture, &golden, trainer);

    double final_loss;
    int64_t final_correct;
    struct tuff_metrics metrics;
    memcpy(&final_loss, find(&golden, "final_loss", "", "F64", 1), sizeof final_loss);
    memcpy(&final_correct, find(&golden, "final_correct", "", "I64", 1), sizeof final_correct);
    cr_assert_eq(tuff_trainer_evaluate(trainer, NULL, &metrics), TUFF_OK);
    cr_expect_eq(metrics.samples, (uint64_t)SAMPLES);
    cr_expect(within(metrics.loss, final_loss, LOSS_TOLERANCE), "evaluation: loss %.8f, PyTorch has %.8f",
              metrics.loss, final_loss);
    cr_expect_eq((int64_t)metrics.correct, final_correct);

    tuff_trainer_destroy(&trainer);
    tuff_safetensors_destroy(&golden.file);
    fixture_close(&fixture);
}
