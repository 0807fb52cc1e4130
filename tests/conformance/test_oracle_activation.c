// The reference's activations: values, and gradients against central differences.
#include <criterion/criterion.h>
#include <math.h>

#include "oracle_difference.h"

TestSuite(oracle_activation, .init = oracle_open, .fini = oracle_close);

enum { N = 33 };

static const uint32_t dims[4] = {N};

// Steps of a quarter from -3.875 to 4.125: none nearer to leaky ReLU's kink than the differences reach.
static void begin_forward(struct case_setup *forward, const struct tuff_activation_params *params)
{
    oracle_begin(forward, TUFF_OP_ACTIVATION_FORWARD, params);
    oracle_shape(forward, 0, dims);
    oracle_shape(forward, 1, dims);
    oracle_allocate(forward);
    for (int i = 0; i < N; i++)
        case_floats(forward, 1)[i] = (float)(i - 16) / 4 + 0.125f;
}

// Two differences, extrapolated to a step of zero (Richardson): off by less than 4e-6, and by the rounding of
// y over h, about 1e-5.
static void check_gradient(enum tuff_activation kind)
{
    const struct tuff_activation_params params = {sizeof params, (uint32_t)kind, 0.25f};
    const float h = 0.03125f;
    struct case_setup forward, backward;
    void *dx[TUFF_OP_MAX_TENSORS];
    begin_forward(&forward, &params);
    oracle_begin(&backward, TUFF_OP_ACTIVATION_BACKWARD, &params);
    for (uint32_t i = 0; i < 3; i++)
        oracle_shape(&backward, i, dims);
    oracle_allocate(&backward);
    oracle_fill_eighths(&backward, 1, 9);
    oracle_set(&backward, 2, forward.tensors[1].values);
    oracle_run(&backward, dx);
    const float *gradient = dx[0], *dy = case_floats(&backward, 1);
    for (uint64_t i = 0; i < N; i++) {
        const double near = oracle_difference(&forward, 1, i, h, dy),
                     far = oracle_difference(&forward, 1, i, 2 * h, dy), expected = (4 * near - far) / 3;
        cr_assert(fabs((double)gradient[i] - expected) <= 2e-5, "dx[%llu] is %g, differences give %g",
                  (unsigned long long)i, (double)gradient[i], expected);
    }
    oracle_free(dx);
    case_setup_clear(&forward);
    case_setup_clear(&backward);
}

Test(oracle_activation, gradients)
{
    check_gradient(TUFF_ACTIVATION_LEAKY_RELU);
    check_gradient(TUFF_ACTIVATION_GELU);
    check_gradient(TUFF_ACTIVATION_SILU);
    check_gradient(TUFF_ACTIVATION_SIGMOID);
    check_gradient(TUFF_ACTIVATION_TANH);
}

// At -0.875, 0.125 and 2.125, from PyTorch in double.
Test(oracle_activation, values)
{
    static const int at[3] = {12, 16, 24};
    static const double expected[TUFF_ACTIVATION_TANH + 1][3] = {
        {-0.21875, 0.125, 2.125},
        {-0.16693858, 0.06871728, 2.08931422},
        {-0.25743810, 0.06640117, 1.89828249},
        {0.29421497, 0.53120937, 0.89330941},
        {-0.70390560, 0.12435300, 0.97187275},
    };
    for (uint32_t kind = 0; kind <= TUFF_ACTIVATION_TANH; kind++) {
        const struct tuff_activation_params params = {sizeof params, kind, 0.25f};
        struct case_setup forward;
        void *y[TUFF_OP_MAX_TENSORS];
        begin_forward(&forward, &params);
        oracle_run(&forward, y);
        for (int i = 0; i < 3; i++) {
            const double got = (double)((const float *)y[0])[at[i]];
            cr_assert(fabs(got - expected[kind][i]) <= 2e-7, "activation %u, value %d is %.9g, expected %.9g",
                      kind, i, got, expected[kind][i]);
        }
        oracle_free(y);
        case_setup_clear(&forward);
    }
}
