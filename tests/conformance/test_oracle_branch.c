// The reference's products and concatenations: gradients against central differences. Both are linear in each
// input and the data are eighths, so that the differences are exact.
#include <criterion/criterion.h>

#include "oracle_difference.h"

TestSuite(oracle_branch, .init = oracle_open, .fini = oracle_close);

static void expect_exact(struct case_setup *forward, uint32_t input, const float *weights,
                         const float *gradient)
{
    for (uint64_t i = 0; i < case_stored(forward, input); i++) {
        const double expected = oracle_difference(forward, input, i, 0.5f, weights);
        cr_assert_eq((double)gradient[i], expected, "d%s[%llu] is %g, differences give %g",
                     forward->info->roles[input].name, (unsigned long long)i, (double)gradient[i], expected);
    }
}

Test(oracle_branch, multiply_gradients)
{
    const uint32_t dims[4] = {3, 2, 5};
    struct case_setup forward, backward;
    oracle_begin(&forward, TUFF_OP_MULTIPLY, NULL);
    oracle_begin(&backward, TUFF_OP_MULTIPLY, NULL);
    for (uint32_t i = 0; i < 3; i++) {
        oracle_shape(&forward, i, dims);
        oracle_shape(&backward, i, dims);
    }
    oracle_allocate(&forward);
    oracle_allocate(&backward);
    oracle_fill_eighths(&forward, 1, 1);
    oracle_fill_eighths(&forward, 2, 2);
    oracle_fill_eighths(&backward, 1, 9);
    for (uint32_t i = 1; i <= 2; i++) { // da = dy * b, db = dy * a
        void *gradient[TUFF_OP_MAX_TENSORS];
        oracle_set(&backward, 2, forward.tensors[3 - i].values);
        oracle_run(&backward, gradient);
        expect_exact(&forward, i, case_floats(&backward, 1), gradient[0]);
        oracle_free(gradient);
    }
    case_setup_clear(&forward);
    case_setup_clear(&backward);
}

Test(oracle_branch, concat_gradients)
{
    const uint32_t a[4] = {3, 2, 4, 5}, b[4] = {3, 1, 4, 5}, y[4] = {3, 3, 4, 5};
    struct case_setup forward, backward;
    void *gradients[TUFF_OP_MAX_TENSORS];
    oracle_begin(&forward, TUFF_OP_CONCAT_FORWARD, NULL);
    oracle_shape(&forward, 0, y);
    oracle_shape(&forward, 1, a);
    oracle_shape(&forward, 2, b);
    oracle_allocate(&forward);
    oracle_fill_eighths(&forward, 1, 1);
    oracle_fill_eighths(&forward, 2, 2);
    oracle_begin(&backward, TUFF_OP_CONCAT_BACKWARD, NULL);
    oracle_shape(&backward, 0, a);
    oracle_shape(&backward, 1, b);
    oracle_shape(&backward, 2, y);
    oracle_allocate(&backward);
    oracle_fill_eighths(&backward, 2, 9);
    oracle_run(&backward, gradients);
    expect_exact(&forward, 1, case_floats(&backward, 2), gradients[0]);
    expect_exact(&forward, 2, case_floats(&backward, 2), gradients[1]);
    oracle_free(gradients);
    case_setup_clear(&forward);
    case_setup_clear(&backward);
}

// Two samples of one and two features.
Test(oracle_branch, concat_by_hand)
{
    const float a[2] = {1, 2}, b[4] = {10, 20, 30, 40}, y[6] = {1, 10, 20, 2, 30, 40};
    struct case_setup call;
    void *outputs[TUFF_OP_MAX_TENSORS];
    oracle_begin(&call, TUFF_OP_CONCAT_FORWARD, NULL);
    oracle_shape(&call, 0, (const uint32_t[4]){2, 3});
    oracle_shape(&call, 1, (const uint32_t[4]){2, 1});
    oracle_shape(&call, 2, (const uint32_t[4]){2, 2});
    oracle_allocate(&call);
    oracle_set(&call, 1, a);
    oracle_set(&call, 2, b);
    oracle_run(&call, outputs);
    for (int i = 0; i < 6; i++)
        cr_assert_eq(((const float *)outputs[0])[i], y[i]);
    oracle_free(outputs);
    case_setup_clear(&call);
}
