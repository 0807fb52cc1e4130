// Pipelines that a driver does not make (vulkan_fault.c: TUFF_FAULT_PIPELINE). Where there is another way the
// training takes it; where there is none, its failure is no later training's.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "backend/target.h"
#include "fixture.h"
#include "tuff/op.h"

enum { SAMPLES = 13, BATCH = 7 };

// Two products: forward, and the gradient of weights.
static const char network[] = "name: network\ninput: [1, 28, 28]\nlayers:\n"
                              "  - flatten\n"
                              "  - linear: {features: 10}\n";
enum { PRODUCTS = 2 };

// What was logged since the process began. calls: of vkCreateComputePipelines; candidate: the number among
// them of the first by which a tile of the forward product is timed that is not the table's.
static struct {
    unsigned calls, forward_calls, candidate, errors, dropped, unused_units;
} seen;

static void listen(enum tuff_log_level level, const char *message)
{
    const bool made = strstr(message, ": pipeline ") && strstr(message, " made");
    if (made || strstr(message, "vkCreateComputePipelines failed"))
        seen.calls++;
    if (made && strstr(message, " linear_forward ") && ++seen.forward_calls == 2)
        seen.candidate = seen.calls;
    seen.errors += level == TUFF_LOG_ERROR;
    seen.dropped += strstr(message, "the driver fails in tile ") != NULL;
    seen.unused_units += level == TUFF_LOG_WARNING && strstr(message, "matrix units are left unused");
}

// The call after so many more fails.
static void refuse(unsigned number, const char *how)
{
    char text[32];
    snprintf(text, sizeof text, "%u%s", seen.calls + number, how);
    setenv("TUFF_FAULT_PIPELINE", text, 1);
}

static enum tuff_status try_training(const struct fixture *fixture, enum tuff_precision precision,
                                     const struct tuff_dataset *set, float **parameters, size_t *count)
{
    struct tuff_trainer *trainer = NULL;
    struct tuff_trainer_options options;
    struct tuff_metrics metrics;
    tuff_trainer_options_default(&options);
    options.batch_size = BATCH;
    options.seed = 11;
    options.precision = (uint32_t)precision;
    enum tuff_status status =
        tuff_trainer_create(fixture->target, fixture->model, set, NULL, &options, &trainer);
    if (status == TUFF_OK)
        status = tuff_trainer_steps(trainer, 0, 0, NULL, &metrics, NULL);
    *parameters = status == TUFF_OK ? read_parameters(fixture, trainer, count) : NULL;
    tuff_trainer_destroy(&trainer);
    return status;
}

static float *train(enum tuff_precision precision, const struct tuff_dataset *set, size_t *count)
{
    struct fixture fixture;
    float *parameters;
    fixture_open(&fixture, "vulkan", 0);
    load_model(&fixture, network);
    cr_assert_eq(try_training(&fixture, precision, set, &parameters, count), TUFF_OK, "%s", last_error());
    fixture_close(&fixture);
    return parameters;
}

Test(refused, tile_is_done_without)
{
    listen_to_log(listen);
    setenv("TUFF_VULKAN_FUSION", "0", 1); // the linear layer as products of its own
    setenv("TUFF_VULKAN_TUNE", "1", 1);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    size_t count;
    float *expected = train(TUFF_PRECISION_FLOAT32, digits, &count);
    cr_assert_gt(seen.candidate, 0);
    cr_assert_eq(seen.dropped, 0);
    refuse(seen.candidate, "");
    float *parameters = train(TUFF_PRECISION_FLOAT32, digits, &count);
    cr_expect_eq(seen.dropped, 1);
    cr_expect_eq(seen.errors, 0, "%s", last_error());
    cr_expect_eq(last_tuning().timed, PRODUCTS, "%u products timed", last_tuning().timed);
    cr_expect(memcmp(parameters, expected, count * sizeof *parameters) == 0);
    free(parameters);
    free(expected);
    tuff_dataset_destroy(&digits);
}

static bool has_matrix_units(void)
{
    struct fixture fixture;
    fixture_open(&fixture, "vulkan", 0);
    const char *units = strstr(tuff_target_info(fixture.target)->details, "matrix units: ");
    const bool has = units && isdigit((unsigned char)units[strlen("matrix units: ")]);
    fixture_close(&fixture);
    return has;
}

Test(refused, self_check_leaves_matrix_units_unused)
{
    if (!has_matrix_units())
        cr_skip_test("the device has no matrix units");
    listen_to_log(listen);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    size_t count;
    setenv("TUFF_VULKAN_MATRIX", "0", 1);
    float *expected = train(TUFF_PRECISION_MIXED, digits, &count);
    unsetenv("TUFF_VULKAN_MATRIX");
    refuse(1, ""); // nothing is made before the self-check
    float *parameters = train(TUFF_PRECISION_MIXED, digits, &count);
    cr_expect_eq(seen.unused_units, 1);
    cr_expect_eq(seen.errors, 0, "%s", last_error());
    cr_expect(memcmp(parameters, expected, count * sizeof *parameters) == 0);
    free(parameters);
    free(expected);
    tuff_dataset_destroy(&digits);
}

Test(refused, capture_leaves_nothing_to_the_next)
{
    listen_to_log(listen);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    size_t count;
    float *expected = train(TUFF_PRECISION_FLOAT32, digits, &count);
    const unsigned pipelines = seen.calls;
    cr_assert_gt(pipelines, 0);
    for (unsigned number = 1; number <= pipelines; number++) {
        struct fixture fixture;
        float *parameters;
        fixture_open(&fixture, "vulkan", 0);
        load_model(&fixture, network);
        refuse(number, ":memory");
        cr_expect_eq(try_training(&fixture, TUFF_PRECISION_FLOAT32, digits, &parameters, &count),
                     TUFF_ERROR_MEMORY, "pipeline %u of %u", number, pipelines);
        free(parameters);
        cr_assert_eq(try_training(&fixture, TUFF_PRECISION_FLOAT32, digits, &parameters, &count), TUFF_OK,
                     "after pipeline %u of %u: %s", number, pipelines, last_error());
        cr_expect(memcmp(parameters, expected, count * sizeof *parameters) == 0, "after pipeline %u", number);
        free(parameters);
        fixture_close(&fixture);
    }
    free(expected);
    tuff_dataset_destroy(&digits);
}

Test(refused, call_fails_its_capture)
{
    listen_to_log(listen);
    struct fixture fixture;
    fixture_open(&fixture, "vulkan", 0);
    const struct tuff_backend_interface *interface = fixture.target->interface;
    struct tuff_stream *stream = fixture.target->stream;
    struct tuff_buffer *buffer = NULL;
    cr_assert_eq(interface->buffer_create(fixture.target->device, 16, &buffer), TUFF_OK);
    const struct tuff_tensor tensor = {
        .size = sizeof tensor, .dtype = TUFF_F32, .rank = 1, .dims = {4, 1, 1, 1}, .buffer = buffer};
    const struct tuff_fill_params params = {.size = sizeof params};
    const struct tuff_fill_args args = {.size = sizeof args, .params = &params, .y = &tensor};

    struct tuff_capture *capture = NULL;
    refuse(1, ":memory");
    cr_assert_eq(interface->capture_begin(stream), TUFF_OK);
    cr_expect_eq(interface->kernels->fill(stream, &args), TUFF_ERROR_MEMORY);
    cr_expect_eq(interface->capture_end(stream, &capture), TUFF_ERROR_MEMORY);
    cr_expect_null(capture);
    cr_assert_eq(interface->capture_begin(stream), TUFF_OK);
    cr_expect_eq(interface->kernels->fill(stream, &args), TUFF_OK);
    cr_expect_eq(interface->capture_end(stream, &capture), TUFF_OK, "%s", last_error());
    cr_expect_not_null(capture);
    interface->capture_destroy(capture);
    interface->buffer_destroy(buffer);
    fixture_close(&fixture);
}
