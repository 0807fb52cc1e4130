// Every backend against PyTorch: lenet-mnist.safetensors, made once by make-golden, holds a whole short
// training.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "fixture.h"
#include "model/safetensors.h"

enum { SAMPLES = 309, BATCH = 16, STEPS = 20, CLASSES = 10, SIDE = 28, MAX_ELEMENTS = 65536 };

// How near the figures have to be. PyTorch's own float32 and float64 runs differ by 1.3e-7 in the
// losses, 1.0e-6 in the final parameters and 1.1e-6 in the first gradient (the file's metadata); the
// reference, the CPU and lavapipe differ from the file by no more than 1.0e-7, 1.3e-6 and 1.1e-6. Other
// devices sum in other orders, hence the margins.
static const double LOSS_TOLERANCE = 1e-5;     // relative
static const double GRADIENT_TOLERANCE = 2e-5; // of the tensor's greatest
// Where a sum's rounding turns a decision (which of two nearly equal values a pooling window takes), Adam
// makes a difference of up to the learning rate per step of the few parameters that hang on it. So a small
// share may lie beyond the tolerance, but within what 20 steps can move.
static const double FINAL_TOLERANCE = 1e-4; // absolute; 20 steps move a parameter by up to 2e-2
static const double FINAL_SHARE = 0.005;
static const double FINAL_LIMIT = 2e-2;

struct golden {
    struct tuff_safetensors *file;
    uint32_t labels[SAMPLES];
    struct tuff_dataset dataset;
};

// The tensor called prefix + name. Fails the test if it is not there or does not hold `elements` of `dtype`.
static const void *find(const struct golden *golden, const char *prefix, const char *name, const char *dtype,
                        uint64_t elements)
{
    char full[128];
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

static void open_golden(struct golden *golden, const struct tuff_log *log)
{
    cr_assert_eq(tuff_safetensors_read(log, TUFF_GOLDEN_FILE, &golden->file), TUFF_OK);
    const uint8_t *labels = find(golden, "labels", "", "U8", SAMPLES);
    for (uint32_t i = 0; i < SAMPLES; i++)
        golden->labels[i] = labels[i];
    static const char *const names[CLASSES] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    golden->dataset = (struct tuff_dataset){
        .size = sizeof golden->dataset,
        .name = "golden",
        .count = SAMPLES,
        .channels = 1,
        .height = SIDE,
        .width = SIDE,
        .classes = CLASSES,
        .images = find(golden, "images", "", "U8", SAMPLES * SIDE * SIDE),
        .labels = golden->labels,
        .class_names = names,
    };
}

static uint64_t parameter(const struct fixture *fixture, size_t index, struct tuff_parameter_info *info)
{
    tuff_model_parameter(fixture->model, index, info);
    uint64_t elements = 1;
    for (uint32_t k = 0; k < info->rank; k++)
        elements *= info->dims[k];
    cr_assert_leq(elements, (uint64_t)MAX_ELEMENTS);
    return elements;
}

static void write_initial(const struct fixture *fixture, const struct golden *golden,
                          struct tuff_trainer *trainer)
{
    cr_assert_eq(tuff_model_parameter_count(fixture->model), 10u);
    for (size_t i = 0; i < tuff_model_parameter_count(fixture->model); i++) {
        struct tuff_parameter_info info;
        uint64_t elements = parameter(fixture, i, &info);
        float *values = malloc(elements * sizeof *values);
        cr_assert_not_null(values);
        memcpy(values, find(golden, "initial.", info.name, "F32", elements), elements * sizeof *values);
        cr_assert_eq(tuff_trainer_write_parameter(trainer, i, values), TUFF_OK);
        free(values);
    }
}

// Parameter `index` of the trainer, and the file's tensor prefix + its name; free() both.
static uint64_t read_pair(const struct fixture *fixture, const struct golden *golden,
                          struct tuff_trainer *trainer, size_t index, const char *prefix,
                          struct tuff_parameter_info *info, float **actual, float **expected)
{
    uint64_t elements = parameter(fixture, index, info);
    *actual = malloc(elements * sizeof **actual);
    *expected = malloc(elements * sizeof **expected);
    cr_assert(*actual && *expected);
    memcpy(*expected, find(golden, prefix, info->name, "F32", elements), elements * sizeof **expected);
    cr_assert_eq(tuff_trainer_read_parameter(trainer, index, *actual), TUFF_OK);
    return elements;
}

static struct tuff_trainer_options in_order(void)
{
    struct tuff_trainer_options options;
    tuff_trainer_options_default(&options);
    options.batch_size = BATCH;
    options.shuffle = 0;
    return options;
}

static void compare_losses(const struct golden *golden, const float *losses)
{
    double exact[STEPS];
    memcpy(exact, find(golden, "losses_double", "", "F64", STEPS), sizeof exact);
    cr_assert_gt(exact[0] - exact[STEPS - 1], 0.2, "the file's own loss has to fall");
    double worst = 0;
    for (int i = 0; i < STEPS; i++) {
        worst = fmax(worst, fabs(losses[i] - exact[i]) / exact[i]);
        cr_expect(within(losses[i], exact[i], LOSS_TOLERANCE), "loss of step %d: %.8f, PyTorch has %.8f",
                  i + 1, (double)losses[i], exact[i]);
    }
    fprintf(stderr, "losses differ by %.1e at most\n", worst);
}

static void compare_final(const struct fixture *fixture, const struct golden *golden,
                          struct tuff_trainer *trainer)
{
    double worst = 0;
    for (size_t i = 0; i < tuff_model_parameter_count(fixture->model); i++) {
        struct tuff_parameter_info info;
        float *actual, *expected, *initial;
        uint64_t elements = read_pair(fixture, golden, trainer, i, "final.", &info, &actual, &expected);
        initial = malloc(elements * sizeof *initial);
        cr_assert_not_null(initial);
        memcpy(initial, find(golden, "initial.", info.name, "F32", elements), elements * sizeof *initial);
        uint64_t beyond = 0;
        double moved = 0;
        for (uint64_t k = 0; k < elements; k++) {
            double difference = fabs((double)actual[k] - (double)expected[k]);
            moved = fmax(moved, fabs((double)expected[k] - (double)initial[k]));
            worst = fmax(worst, difference);
            beyond += !(difference <= FINAL_TOLERANCE);
            cr_assert(difference <= FINAL_LIMIT, "%s[%llu]: %.8f, PyTorch has %.8f", info.name,
                      (unsigned long long)k, (double)actual[k], (double)expected[k]);
        }
        cr_assert_gt(moved, 20 * FINAL_TOLERANCE, "%s has to move in the file", info.name);
        cr_expect((double)beyond <= FINAL_SHARE * (double)elements,
                  "%s: %llu of %llu elements differ by more than %g", info.name, (unsigned long long)beyond,
                  (unsigned long long)elements, FINAL_TOLERANCE);
        free(actual);
        free(expected);
        free(initial);
    }
    fprintf(stderr, "final parameters differ by %.1e at most\n", worst);
}

ParameterizedTestParameters(golden, training)
{
    return backends_under_test();
}

// Twenty steps of Adam, the last with 5 samples of 16, then an evaluation.
ParameterizedTest(const struct backend_name *backend, golden, training, .timeout = 300)
{
    struct fixture fixture;
    fixture_open(&fixture, backend->text, 0);
    struct golden golden;
    open_golden(&golden, fixture.log);
    struct tuff_trainer_options options = in_order();
    struct tuff_trainer *trainer = make_trainer(&fixture, &golden.dataset, &golden.dataset, &options);
    cr_assert_eq(tuff_trainer_steps_per_epoch(trainer), (uint32_t)STEPS);
    write_initial(&fixture, &golden, trainer);

    float losses[STEPS];
    for (int i = 0; i < STEPS; i++)
        losses[i] = NAN;
    struct tuff_metrics metrics;
    cr_assert_eq(tuff_trainer_steps(trainer, 0, STEPS, NULL, &metrics, losses), TUFF_OK);
    cr_expect_eq(metrics.samples, (uint64_t)SAMPLES);
    compare_losses(&golden, losses);
    compare_final(&fixture, &golden, trainer);

    double final_loss;
    int64_t final_correct;
    memcpy(&final_loss, find(&golden, "final_loss", "", "F64", 1), sizeof final_loss);
    memcpy(&final_correct, find(&golden, "final_correct", "", "I64", 1), sizeof final_correct);
    cr_assert_eq(tuff_trainer_evaluate(trainer, NULL, &metrics), TUFF_OK);
    cr_expect_eq(metrics.samples, (uint64_t)SAMPLES);
    cr_expect(within(metrics.loss, final_loss, LOSS_TOLERANCE), "evaluation: loss %.8f, PyTorch has %.8f",
              metrics.loss, final_loss);
    // One sample's two greatest logits are 5e-4 apart.
    cr_expect_leq(llabs((long long)metrics.correct - final_correct), 1,
                  "evaluation: %llu correct, PyTorch has %lld", (unsigned long long)metrics.correct,
                  (long long)final_correct);

    tuff_trainer_destroy(&trainer);
    tuff_safetensors_destroy(&golden.file);
    fixture_close(&fixture);
}

ParameterizedTestParameters(golden, first_gradient)
{
    return backends_under_test();
}

// The trainer shows parameters, not gradients. With beta1 = beta2 = 0 one step of Adam
// subtracts d = lr * g / (|g| + epsilon), from which g follows: r = d / lr, |g| = epsilon * |r| / (1 - |r|).
// lr is so great that the parameter's own digits do not hide d's.
ParameterizedTest(const struct backend_name *backend, golden, first_gradient, .timeout = 300)
{
    struct fixture fixture;
    fixture_open(&fixture, backend->text, 0);
    struct golden golden;
    open_golden(&golden, fixture.log);
    struct tuff_trainer_options options = in_order();
    options.learning_rate = 1e4;
    options.beta1 = 0;
    options.beta2 = 0;
    options.epsilon = 0.5;
    struct tuff_trainer *trainer = make_trainer(&fixture, &golden.dataset, NULL, &options);
    write_initial(&fixture, &golden, trainer);
    struct tuff_metrics metrics;
    cr_assert_eq(tuff_trainer_steps(trainer, 0, 1, NULL, &metrics, NULL), TUFF_OK);
    cr_expect_eq(metrics.samples, (uint64_t)BATCH);

    double worst = 0;
    for (size_t i = 0; i < tuff_model_parameter_count(fixture.model); i++) {
        struct tuff_parameter_info info;
        float *after, *expected;
        uint64_t elements =
            read_pair(&fixture, &golden, trainer, i, "first_gradient.", &info, &after, &expected);
        const char *initial = find(&golden, "initial.", info.name, "F32", elements);
        double greatest = 0;
        for (uint64_t k = 0; k < elements; k++)
            greatest = fmax(greatest, fabs((double)expected[k]));
        cr_assert_gt(greatest, 0.0, "%s has to have a gradient in the file", info.name);
        for (uint64_t k = 0; k < elements; k++) {
            float before;
            memcpy(&before, initial + k * sizeof before, sizeof before);
            double ratio = ((double)before - (double)after[k]) / options.learning_rate;
            double gradient = options.epsilon * ratio / (1 - fabs(ratio));
            double difference = fabs(gradient - (double)expected[k]) / greatest;
            worst = fmax(worst, difference);
            cr_assert(difference <= GRADIENT_TOLERANCE, "gradient of %s[%llu]: %.8g, PyTorch has %.8g",
                      info.name, (unsigned long long)k, gradient, (double)expected[k]);
        }
        free(after);
        free(expected);
    }
    fprintf(stderr, "gradients differ by %.1e of each tensor's greatest at most\n", worst);
    tuff_trainer_destroy(&trainer);
    tuff_safetensors_destroy(&golden.file);
    fixture_close(&fixture);
}
