// The reference's average pooling: forward by hand, gradients against central differences of forward.
//
// Pooling is linear, so that differences have no error but rounding: of y to float32, u = 2^-24 of at most 1,
// times the weights of at most 1 and the few windows that an element is in, over twice the step.
#include <criterion/criterion.h>
#include <math.h>

#include "oracle_fixture.h"

TestSuite(oracle_avg_pool2d, .init = oracle_open, .fini = oracle_close);

static void describe(struct case_setup *call, enum tuff_op op, const void *params,
                     const uint32_t first[TUFF_MAX_RANK], const uint32_t second[TUFF_MAX_RANK])
{
    oracle_begin(call, op, params);
    oracle_shape(call, 0, first);
    oracle_shape(call, 1, second);
    oracle_allocate(call);
}

static double loss_of(const struct case_setup *forward, const float *weights)
{
    void *outputs[TUFF_OP_MAX_TENSORS];
    double loss = 0;
    oracle_run(forward, outputs);
    const float *y = outputs[0];
    for (uint64_t i = 0; i < case_stored(forward, 0); i++)
        loss += (double)weights[i] * (double)y[i];
    oracle_free(outputs);
    return loss;
}

static void check_gradient(enum tuff_op forward_op, enum tuff_op backward_op, const void *params,
                           const uint32_t x_dims[TUFF_MAX_RANK], const uint32_t y_dims[TUFF_MAX_RANK])
{
    struct case_setup forward, backward;
    void *outputs[TUFF_OP_MAX_TENSORS];
    describe(&forward, forward_op, params, y_dims, x_dims);
    oracle_fill_eighths(&forward, 1, 1);
    describe(&backward, backward_op, params, x_dims, y_dims);
    oracle_fill_eighths(&backward, 1, 9);
    oracle_run(&backward, outputs);
    const float *dx = outputs[0], *dy = case_floats(&backward, 1);
    float *x = case_floats(&forward, 1);
    for (uint64_t i = 0; i < case_stored(&forward, 1); i++) {
        const float before = x[i];
        x[i] = before + 1;
        double above = loss_of(&forward, dy);
        x[i] = before - 1;
        double below = loss_of(&forward, dy);
        x[i] = before;
        double expected = (above - below) / 2;
        cr_assert(fabs((double)dx[i] - expected) <= 2e-6, "dx[%llu] is %g, differences give %g",
                  (unsigned long long)i, (double)dx[i], expected);
    }
    oracle_free(outputs);
    case_setup_clear(&forward);
    case_setup_clear(&backward);
}

Test(oracle_avg_pool2d, gradient)
{
    for (uint32_t include = 0; include < 2; include++) {
        // height: (5 + 1 + 1 + 1 - 3) / 2 + 1 = 3; width: (7 + 1 + 0 + 0 - 2) / 1 + 1 = 7
        const struct tuff_avg_pool2d_params params = {sizeof params, 3, 2, 2, 1, 1, 1, 1, 0, 1, 0, include};
        check_gradient(TUFF_OP_AVG_POOL2D_FORWARD, TUFF_OP_AVG_POOL2D_BACKWARD, &params,
                       (const uint32_t[4]){2, 2, 5, 7}, (const uint32_t[4]){2, 2, 3, 7});
    }
}

Test(oracle_avg_pool2d, adaptive_gradient)
{
    check_gradient(TUFF_OP_ADAPTIVE_AVG_POOL2D_FORWARD, TUFF_OP_ADAPTIVE_AVG_POOL2D_BACKWARD, NULL,
                   (const uint32_t[4]){2, 2, 5, 3}, (const uint32_t[4]){2, 2, 3, 7});
}

static void expect_floats(const void *got, const float *expected, size_t count)
{
    const float *values = got;
    for (size_t i = 0; i < count; i++)
        cr_assert_float_eq(values[i], expected[i], 1e-6, "element %zu is %.9g, expected %.9g", i,
                           (double)values[i], (double)expected[i]);
}

// One row of 1, 2, 4, 8, 16 in windows of 4, three apart, with two of padding before, one behind, and two of
// overhang: the divisors are 4, 4 and 2, or without padding 2, 4 and 1.
Test(oracle_avg_pool2d, by_hand)
{
    const float x[5] = {1, 2, 4, 8, 16};
    const float expected[2][3] = {{1.5f, 7.5f, 16}, {0.75f, 7.5f, 8}};
    for (uint32_t include = 0; include < 2; include++) {
        const struct tuff_avg_pool2d_params params = {sizeof params, 1, 4, 1, 3, 0, 0, 2, 1, 0, 2, include};
        struct case_setup call;
        void *outputs[TUFF_OP_MAX_TENSORS];
        describe(&call, TUFF_OP_AVG_POOL2D_FORWARD, &params, (const uint32_t[4]){1, 1, 1, 3},
                 (const uint32_t[4]){1, 1, 1, 5});
        oracle_set(&call, 1, x);
        oracle_run(&call, outputs);
        expect_floats(outputs[0], expected[include], 3);
        oracle_free(outputs);
        case_setup_clear(&call);
    }
}

// Three regions of five columns: 0-1, 1-3, 3-4.
Test(oracle_avg_pool2d, adaptive_by_hand)
{
    const float x[5] = {1, 2, 4, 8, 16}, y[3] = {1.5f, 14.0f / 3, 12};
    struct case_setup call;
    void *outputs[TUFF_OP_MAX_TENSORS];
    describe(&call, TUFF_OP_ADAPTIVE_AVG_POOL2D_FORWARD, NULL, (const uint32_t[4]){1, 1, 1, 3},
             (const uint32_t[4]){1, 1, 1, 5});
    oracle_set(&call, 1, x);
    oracle_run(&call, outputs);
    expect_floats(outputs[0], y, 3);
    oracle_free(outputs);
    case_setup_clear(&call);
}
