// Activations that are computed a second time: the same bits as without, in less memory. Where a backend
// merges neighbouring ops, which others stand beside then, up to rounding.
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "fixture.h"

enum { STEPS = 6, SAMPLES = 42, BATCH = 16, BUFFER = 8 };

// Deep enough that little is kept of it, with all that a copy has to get right: running statistics, dropout's
// mask, a pool's winners, shortcuts, a concatenation, and a view where one segment could end.
static const char network[] = "name: deep\ninput: [1, 28, 28]\nlayers:\n"
                              "  - conv2d: {channels: 8, kernel: 3, padding: 1}\n"
                              "  - relu\n"
                              "  - max_pool2d: {kernel: 2}\n"
                              "  - block:\n"
                              "      name: stage\n"
                              "      repeat: 3\n"
                              "      layers:\n"
                              "        - residual:\n"
                              "            layers:\n"
                              "              - conv2d: {channels: 8, kernel: 3, padding: 1, bias: false}\n"
                              "              - batch_norm2d\n"
                              "              - relu\n"
                              "              - dropout: {p: 0.25}\n"
                              "              - conv2d: {channels: 8, kernel: 3, padding: 1, bias: false}\n"
                              "              - batch_norm2d\n"
                              "        - relu\n"
                              "  - concat: {branches: [[conv2d: {channels: 4, kernel: 1}], [conv2d: "
                              "{channels: 4, kernel: 3, padding: 1}, "
                              "sigmoid]]}\n"
                              "  - avg_pool2d: {kernel: 2}\n"
                              "  - flatten\n"
                              "  - linear: {features: 40}\n"
                              "  - relu\n"
                              "  - linear: {features: 10}\n";

struct outcome {
    float losses[STEPS];
    float *parameters, *gradients, buffer[BUFFER]; // buffer: a running variance
    size_t count;
    struct tuff_memory_plan memory;
};

static struct outcome train(const char *backend, const char *model, uint32_t precision, bool recompute,
                            const struct tuff_dataset *digits)
{
    struct outcome outcome = {.count = 0};
    struct fixture fixture;
    struct tuff_trainer_options options;
    fixture_open(&fixture, backend, 0);
    if (model != NULL)
        load_model(&fixture, model);
    tuff_trainer_options_default(&options);
    options.batch_size = BATCH;
    options.precision = precision;
    options.clip_norm = 1;
    options.recompute_activations = recompute;
    struct tuff_trainer *trainer = make_trainer(&fixture, digits, NULL, &options);
    for (uint32_t epoch = 0; epoch < 2; epoch++) // the last step of each is a short batch
        cr_assert_eq(tuff_trainer_steps(trainer, epoch, 0, NULL, NULL, outcome.losses + 3 * epoch), TUFF_OK);
    outcome.parameters = read_parameters(&fixture, trainer, &outcome.count);
    outcome.gradients = read_gradients(&fixture, trainer);
    if (tuff_model_buffer_count(fixture.model) > 0)
        cr_assert_eq(tuff_trainer_read_buffer(trainer, 1, outcome.buffer), TUFF_OK);
    tuff_trainer_memory(trainer, &outcome.memory);
    tuff_trainer_destroy(&trainer);
    fixture_close(&fixture);
    return outcome;
}

static void expect_bits(const char *backend, const struct outcome *anew, const struct outcome *kept)
{
    cr_expect_arr_eq(anew->losses, kept->losses, sizeof kept->losses, "%s: losses differ", backend);
    cr_expect(memcmp(anew->parameters, kept->parameters, kept->count * sizeof *kept->parameters) == 0,
              "%s: parameters differ", backend);
    cr_expect(memcmp(anew->gradients, kept->gradients, kept->count * sizeof *kept->gradients) == 0,
              "%s: gradients differ", backend);
    cr_expect_arr_eq(anew->buffer, kept->buffer, sizeof kept->buffer, "%s: running statistics differ",
                     backend);
}

static void expect_near(const char *backend, const char *what, const float *anew, const float *kept,
                        size_t count, double tolerance)
{
    const double apart = distance(anew, kept, count);
    cr_expect_leq(apart, tolerance, "%s: %s differ by %g of the greatest", backend, what, apart);
}

// most: of the activations' bytes, as a part of those without recomputation. tolerance: 0: the bits are the
// same.
static void compare(const char *backend, const char *model, uint32_t precision, double most, double tolerance)
{
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    struct outcome kept = train(backend, model, precision, false, digits),
                   anew = train(backend, model, precision, true, digits);
    cr_assert_eq(anew.count, kept.count);
    if (tolerance == 0) {
        expect_bits(backend, &anew, &kept);
    } else {
        expect_near(backend, "losses", anew.losses, kept.losses, STEPS, tolerance);
        expect_near(backend, "parameters", anew.parameters, kept.parameters, kept.count, tolerance);
        expect_near(backend, "gradients", anew.gradients, kept.gradients, kept.count, 10 * tolerance);
        expect_near(backend, "running statistics", anew.buffer, kept.buffer, BUFFER, tolerance);
    }
    cr_expect_leq((double)anew.memory.activations, most * (double)kept.memory.activations,
                  "%s: activations take %.1f KiB, and %.1f KiB without recomputation", backend,
                  (double)anew.memory.activations / 1024, (double)kept.memory.activations / 1024);
    free(kept.parameters);
    free(kept.gradients);
    free(anew.parameters);
    free(anew.gradients);
    tuff_dataset_destroy(&digits);
}

ParameterizedTestParameters(backend, recompute)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend, recompute)
{
    const bool merges = strcmp(backend->text, "vulkan") == 0;
    if (merges) {
        compare(backend->text, network, TUFF_PRECISION_FLOAT32, 0.7, 1e-4);
        setenv("TUFF_VULKAN_FUSION", "0", 1);
    }
    compare(backend->text, network, TUFF_PRECISION_FLOAT32, 0.7, 0);
    compare(backend->text, NULL, TUFF_PRECISION_FLOAT32, 1, 0);
    if (has_float16(backend->text))
        compare(backend->text, network, TUFF_PRECISION_MIXED, 0.8, 0);
}
