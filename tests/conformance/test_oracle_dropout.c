// The reference's dropout: its mask against the core's random numbers, its gradient against differences.
#include <criterion/criterion.h>
#include <math.h>

#include "oracle_difference.h"
#include "tuff/random.h"

TestSuite(oracle_dropout, .init = oracle_open, .fini = oracle_close);

static void begin(struct case_setup *call, enum tuff_op op, const struct tuff_dropout_params *params,
                  const uint32_t dims[4], uint32_t step)
{
    const struct tuff_step_state state = {.cursor = 1, .row = {.step = step, .valid = 1}};
    oracle_begin(call, op, params);
    oracle_shape(call, 0, dims);
    oracle_shape(call, 1, dims);
    oracle_shape(call, 2, (const uint32_t[4]){TUFF_STEP_STATE_WORDS});
    oracle_allocate(call);
    oracle_fill_eighths(call, 1, 1);
    oracle_set(call, 2, &state);
}

Test(oracle_dropout, mask_is_what_random_h_says)
{
    enum { ELEMENTS = 20000, STEP = 11, LAYER = 4 };
    const uint32_t dims[4] = {100, 200};
    const struct tuff_dropout_params params = {sizeof params, 0.3f, 0x89abcdef, 0x01234567, LAYER};
    struct case_setup call;
    void *outputs[TUFF_OP_MAX_TENSORS];
    begin(&call, TUFF_OP_DROPOUT_FORWARD, &params, dims, STEP);
    oracle_run(&call, outputs);
    const float *y = outputs[0], *x = case_floats(&call, 1);
    uint32_t kept = 0;
    for (uint64_t i = 0; i < ELEMENTS; i++) {
        const float uniform = tuff_random_uniform(UINT64_C(0x0123456789abcdef), TUFF_RANDOM_DROPOUT, STEP,
                                                  i | (uint64_t)LAYER << 32);
        const float expected = uniform >= 0.3f ? x[i] * (1.0f / 0.7f) : 0.0f;
        cr_assert(fabsf(y[i] - expected) <= 2e-7f, "y[%llu] is %g, expected %g", (unsigned long long)i,
                  (double)y[i], (double)expected);
        kept += y[i] != 0.0f;
    }
    // Five standard deviations, sqrt(20000 * 0.3 * 0.7) = 65 each.
    cr_assert(kept > 14000 - 325 && kept < 14000 + 325, "%u are kept", kept);
    oracle_free(outputs);
    case_setup_clear(&call);
}

// With a probability of 1/2 the scale is 2, and the differences are exact.
Test(oracle_dropout, gradient)
{
    const uint32_t dims[4] = {3, 2, 5, 4};
    const struct tuff_dropout_params params = {sizeof params, 0.5f, 1, 2, 3};
    struct case_setup forward, backward;
    void *dx[TUFF_OP_MAX_TENSORS];
    begin(&forward, TUFF_OP_DROPOUT_FORWARD, &params, dims, 5);
    begin(&backward, TUFF_OP_DROPOUT_BACKWARD, &params, dims, 5);
    oracle_fill_eighths(&backward, 1, 9);
    oracle_run(&backward, dx);
    const float *gradient = dx[0], *dy = case_floats(&backward, 1);
    for (uint64_t i = 0; i < case_stored(&forward, 1); i++) {
        const double expected = oracle_difference(&forward, 1, i, 0.5f, dy);
        cr_assert_eq((double)gradient[i], expected, "dx[%llu] is %g, differences give %g",
                     (unsigned long long)i, (double)gradient[i], expected);
    }
    oracle_free(dx);
    case_setup_clear(&forward);
    case_setup_clear(&backward);
}
