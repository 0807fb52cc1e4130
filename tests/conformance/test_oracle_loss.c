// The reference's losses: gradients against differences of their own forward ops.
#include <criterion/criterion.h>
#include <math.h>

#include "oracle_fixture.h"

TestSuite(oracle_loss, .init = oracle_open, .fini = oracle_close);

Test(oracle_loss, log_softmax_gradient)
{
    const uint32_t dims[4] = {3, 5};
    struct case_setup forward, backward;
    void *y[TUFF_OP_MAX_TENSORS], *dx[TUFF_OP_MAX_TENSORS];
    oracle_begin(&forward, TUFF_OP_LOG_SOFTMAX_FORWARD, NULL);
    for (uint32_t i = 0; i < 2; i++)
        oracle_shape(&forward, i, dims);
    oracle_allocate(&forward);
    oracle_fill_eighths(&forward, 1, 1);
    oracle_run(&forward, y);

    oracle_begin(&backward, TUFF_OP_LOG_SOFTMAX_BACKWARD, NULL);
    for (uint32_t i = 0; i < 3; i++)
        oracle_shape(&backward, i, dims);
    oracle_allocate(&backward);
    oracle_fill_eighths(&backward, 1, 9);
    oracle_set(&backward, 2, y[0]);
    oracle_run(&backward, dx);
    const float *gradient = dx[0];
    for (uint64_t i = 0; i < case_stored(&forward, 1); i++) {
        double expected = oracle_slope(&forward, 1, i, 0x1p-4f, case_floats(&backward, 1));
        cr_assert(fabs((double)gradient[i] - expected) <= 2e-5, "dx[%llu] is %g, differences give %g",
                  (unsigned long long)i, (double)gradient[i], expected);
    }
    oracle_free(y);
    oracle_free(dx);
    case_setup_clear(&forward);
    case_setup_clear(&backward);
}

// Large logits neither overflow nor lose the differences between them.
Test(oracle_loss, log_softmax_of_large_values)
{
    const uint32_t dims[4] = {1, 3};
    const float x[3] = {1000, 1000, -1000};
    struct case_setup forward;
    void *outputs[TUFF_OP_MAX_TENSORS];
    oracle_begin(&forward, TUFF_OP_LOG_SOFTMAX_FORWARD, NULL);
    for (uint32_t i = 0; i < 2; i++)
        oracle_shape(&forward, i, dims);
    oracle_allocate(&forward);
    oracle_set(&forward, 1, x);
    oracle_run(&forward, outputs);
    const float *y = outputs[0];
    cr_assert_float_eq((double)y[0], -log(2), 1e-6);
    cr_assert_float_eq((double)y[1], -log(2), 1e-6);
    cr_assert_float_eq((double)y[2], -2000 - log(2), 1e-3);
    oracle_free(outputs);
    case_setup_clear(&forward);
}

Test(oracle_loss, mean_squared_error_gradient)
{
    enum { N = 3, VALID = 2, E = 4 };
    const uint32_t dims[4] = {N, 2, 2}, vector[4] = {N}, state_dims[4] = {TUFF_STEP_STATE_WORDS};
    const struct tuff_step_state state = {.cursor = 1, .row = {.step = 1, .valid = VALID}};
    const float ones[N] = {1, 1, 1};
    struct case_setup forward, backward;
    void *loss[TUFF_OP_MAX_TENSORS], *dy[TUFF_OP_MAX_TENSORS];
    oracle_begin(&forward, TUFF_OP_MEAN_SQUARED_ERROR_FORWARD, NULL);
    oracle_begin(&backward, TUFF_OP_MEAN_SQUARED_ERROR_BACKWARD, NULL);
    oracle_shape(&forward, 0, vector);
    oracle_shape(&backward, 0, dims);
    struct case_setup *const both[2] = {&forward, &backward};
    for (int i = 0; i < 2; i++) {
        oracle_shape(both[i], 1, dims);
        oracle_shape(both[i], 2, dims);
        oracle_shape(both[i], 3, state_dims);
        oracle_allocate(both[i]);
        oracle_fill_eighths(both[i], 1, 1);
        oracle_fill_eighths(both[i], 2, 2);
        oracle_set(both[i], 3, &state);
    }
    oracle_run(&forward, loss);
    oracle_run(&backward, dy);
    const float *y = case_floats(&forward, 1), *target = case_floats(&forward, 2), *gradient = dy[0];
    double first = 0;
    for (int i = 0; i < E; i++)
        first += pow((double)y[i] - (double)target[i], 2) / E;
    cr_assert_eq((double)((const float *)loss[0])[0], first); // eighths: exact
    cr_assert_eq(((const float *)loss[0])[2], 0.0f);
    for (uint64_t i = 0; i < case_stored(&forward, 1); i++) {
        double expected = oracle_slope(&forward, 1, i, 0x1p-4f, ones) / VALID; // of the mean over the valid
        cr_assert_float_eq((double)gradient[i], expected, 1e-7, "dy[%llu] is %g, differences give %g",
                           (unsigned long long)i, (double)gradient[i], expected);
        if (i >= VALID * E)
            cr_assert_eq(gradient[i], 0.0f);
    }
    oracle_free(loss);
    oracle_free(dy);
    case_setup_clear(&forward);
    case_setup_clear(&backward);
}
