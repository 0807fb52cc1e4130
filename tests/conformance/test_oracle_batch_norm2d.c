// The reference's batch normalization: its gradient against differences of its own forward op, and literal
// values where the definition has corners.
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "oracle_fixture.h"

TestSuite(oracle_batch_norm2d, .init = oracle_open, .fini = oracle_close);

static const uint32_t STATE_DIMS[4] = {TUFF_STEP_STATE_WORDS};

// Describes a training step on x; weight and bias only if affine.
static void begin_train(struct case_setup *call, const uint32_t dims[4], bool affine, float momentum,
                        uint32_t valid)
{
    const struct tuff_batch_norm2d_params params = {
        .size = sizeof params, .epsilon = 0x1p-10f, .momentum = momentum};
    const struct tuff_step_state state = {.cursor = 1, .row = {.step = 1, .valid = valid}};
    const uint32_t channels[4] = {dims[1]};
    oracle_begin(call, TUFF_OP_BATCH_NORM2D_TRAIN, &params);
    oracle_shape(call, 0, dims);
    for (uint32_t i = 1; i < (affine ? 8u : 5u); i++)
        oracle_shape(call, i, channels);
    oracle_shape(call, 5, dims);
    oracle_shape(call, 8, STATE_DIMS);
    oracle_allocate(call);
    oracle_set(call, 8, &state);
}

// y is rounded to float32, so the differences are off by some 1e-6 over the step.
static void expect_slopes(struct case_setup *forward, uint32_t input, const float *dy, const float *gradient)
{
    for (uint64_t i = 0; i < case_stored(forward, input); i++) {
        double expected = oracle_slope(forward, input, i, 0x1p-5f, dy);
        cr_assert(fabs((double)gradient[i] - expected) <= 5e-5, "d%s[%llu] is %.9g, differences give %.9g",
                  forward->info->roles[input].name, (unsigned long long)i, (double)gradient[i], expected);
    }
}

static void check_gradients(bool affine, uint32_t valid)
{
    const uint32_t dims[4] = {3, 2, 2, 3}, channels[4] = {2};
    struct case_setup forward, backward;
    void *outputs[TUFF_OP_MAX_TENSORS], *gradients[TUFF_OP_MAX_TENSORS];
    begin_train(&forward, dims, affine, 0.5f, valid);
    oracle_fill_eighths(&forward, 5, 1);
    for (uint32_t i = 6; affine && i < 8; i++)
        oracle_fill_eighths(&forward, i, i);
    oracle_run(&forward, outputs);

    oracle_begin(&backward, TUFF_OP_BATCH_NORM2D_BACKWARD, NULL);
    oracle_shape(&backward, 0, dims);
    for (uint32_t i = 1; i < (affine ? 8u : 7u); i++)
        oracle_shape(&backward, i, i == 3 || i == 4 ? dims : channels);
    oracle_shape(&backward, 8, STATE_DIMS);
    oracle_allocate(&backward);
    oracle_fill_eighths(&backward, 3, 9);
    oracle_set(&backward, 4, forward.tensors[5].values);
    oracle_set(&backward, 5, outputs[1]);
    oracle_set(&backward, 6, outputs[2]);
    if (affine)
        oracle_set(&backward, 7, forward.tensors[6].values);
    oracle_set(&backward, 8, forward.tensors[8].values);
    oracle_run(&backward, gradients);

    const float *dy = case_floats(&backward, 3), *dx = gradients[0];
    expect_slopes(&forward, 5, dy, dx);
    for (uint64_t i = valid * 12; i < case_stored(&backward, 0); i++)
        cr_assert_eq(dx[i], 0.0f);
    if (affine) {
        expect_slopes(&forward, 6, dy, gradients[1]);
        expect_slopes(&forward, 7, dy, gradients[2]);
    }
    oracle_free(outputs);
    oracle_free(gradients);
    case_setup_clear(&forward);
    case_setup_clear(&backward);
}

Test(oracle_batch_norm2d, gradients)
{
    check_gradients(true, 3);
}

Test(oracle_batch_norm2d, gradients_of_a_short_batch)
{
    check_gradients(true, 2);
}

Test(oracle_batch_norm2d, gradient_without_weight)
{
    check_gradients(false, 3);
}

// Elements -3, 1, 1, 5: mean 1, biased variance 8, unbiased 32/3. The absent sample counts nowhere.
Test(oracle_batch_norm2d, statistics)
{
    const uint32_t dims[4] = {3, 1, 1, 2};
    const float x[6] = {-3, 1, 1, 5, 1000, -7}, one = 1.0f, three = 3.0f;
    struct case_setup call;
    void *outputs[TUFF_OP_MAX_TENSORS];
    begin_train(&call, dims, false, 0.25f, 2);
    oracle_set(&call, 3, &three);
    oracle_set(&call, 4, &one);
    oracle_set(&call, 5, x);
    oracle_run(&call, outputs);
    const float *y = outputs[0], *mean = outputs[1], *inverse = outputs[2], *running_mean = outputs[3],
                *running_variance = outputs[4];
    const double expected = 1 / sqrt(8 + 0x1p-10);
    cr_assert_eq(mean[0], 1.0f);
    cr_assert_float_eq((double)inverse[0], expected, 1e-7);
    cr_assert_float_eq((double)y[0], -4 * expected, 1e-6);
    cr_assert_float_eq((double)y[3], 4 * expected, 1e-6);
    cr_assert(isfinite(y[4]) && isfinite(y[5]));
    cr_assert_eq(running_mean[0], 2.5f);
    cr_assert_float_eq((double)running_variance[0], 0.75 + 32.0 / 12, 1e-6);
    oracle_free(outputs);
    case_setup_clear(&call);
}

// One element has no variance: the running one keeps its value.
Test(oracle_batch_norm2d, a_single_element)
{
    const uint32_t dims[4] = {2, 1, 1, 1};
    const float x[2] = {5, 9}, before[1] = {3};
    struct case_setup call;
    void *outputs[TUFF_OP_MAX_TENSORS];
    begin_train(&call, dims, false, 0.25f, 1);
    oracle_set(&call, 3, before);
    oracle_set(&call, 4, before);
    oracle_set(&call, 5, x);
    oracle_run(&call, outputs);
    const float *y = outputs[0], *inverse = outputs[2], *running_mean = outputs[3],
                *running_variance = outputs[4];
    cr_assert_eq(y[0], 0.0f);
    cr_assert_eq(inverse[0], 32.0f);
    cr_assert_eq(running_mean[0], 3.5f);
    cr_assert_eq(running_variance[0], 3.0f);
    oracle_free(outputs);
    case_setup_clear(&call);
}
