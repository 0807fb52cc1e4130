// The reference's gradients against central differences of its own forward ops.
//
// Convolution, linear layer, max pooling and ReLU are linear in each input within the step, and the data are
// multiples of 1/8 or of a like power of two, so that y is exact in float32, the differences are exact in
// double, and the gradients have to be equal, not just near.
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "oracle_difference.h"

TestSuite(oracle, .init = oracle_open, .fini = oracle_close);

static void expect_exact(struct case_setup *forward, uint32_t input, float h, const float *weights,
                         const float *gradient)
{
    for (uint64_t i = 0; i < case_stored(forward, input); i++) {
        double expected = oracle_difference(forward, input, i, h, weights);
        cr_assert_eq((double)gradient[i], expected, "d%s[%llu] is %g, differences give %g",
                     forward->info->roles[input].name, (unsigned long long)i, (double)gradient[i], expected);
    }
}

struct conv {
    uint32_t x[4], weight[4], bias[4], y[4];
    struct tuff_conv2d_params params;
};

static void check_conv2d(const struct conv *conv)
{
    struct case_setup forward, input, weight;
    void *dx[TUFF_OP_MAX_TENSORS], *dw[TUFF_OP_MAX_TENSORS];
    oracle_begin(&forward, TUFF_OP_CONV2D_FORWARD, &conv->params);
    oracle_shape(&forward, 0, conv->y);
    oracle_shape(&forward, 1, conv->x);
    oracle_shape(&forward, 2, conv->weight);
    oracle_shape(&forward, 3, conv->bias);
    oracle_allocate(&forward);
    for (uint32_t i = 1; i < 4; i++)
        oracle_fill_eighths(&forward, i, i);

    oracle_begin(&input, TUFF_OP_CONV2D_BACKWARD_INPUT, &conv->params);
    oracle_shape(&input, 0, conv->x);
    oracle_shape(&input, 1, conv->y);
    oracle_shape(&input, 2, conv->weight);
    oracle_allocate(&input);
    oracle_fill_eighths(&input, 1, 9);
    oracle_set(&input, 2, forward.tensors[2].values);

    oracle_begin(&weight, TUFF_OP_CONV2D_BACKWARD_WEIGHT, &conv->params);
    oracle_shape(&weight, 0, conv->weight);
    oracle_shape(&weight, 1, conv->bias);
    oracle_shape(&weight, 2, conv->y);
    oracle_shape(&weight, 3, conv->x);
    oracle_allocate(&weight);
    oracle_set(&weight, 2, input.tensors[1].values);
    oracle_set(&weight, 3, forward.tensors[1].values);

    const float *dy = case_floats(&input, 1);
    oracle_run(&input, dx);
    oracle_run(&weight, dw);
    expect_exact(&forward, 1, 0.5f, dy, dx[0]);
    expect_exact(&forward, 2, 0.5f, dy, dw[0]);
    expect_exact(&forward, 3, 0.5f, dy, dw[1]);
    oracle_free(dx);
    oracle_free(dw);
    case_setup_clear(&forward);
    case_setup_clear(&input);
    case_setup_clear(&weight);
}

Test(oracle, conv2d_gradients)
{
    const struct conv asymmetric = {
        .x = {2, 3, 6, 5},
        .weight = {4, 3, 3, 2},
        .bias = {4},
        .y = {2, 4, 3, 7},
        .params = {sizeof(struct tuff_conv2d_params), 2, 1, 1, 1, 1, 0, 2, 1, 1, 0},
    };
    check_conv2d(&asymmetric);
}

Test(oracle, conv2d_gradients_with_groups_and_dilation)
{
    const struct conv grouped = {
        .x = {2, 4, 7, 8},
        .weight = {6, 2, 2, 3},
        .bias = {6},
        .y = {2, 6, 6, 3},
        .params = {sizeof(struct tuff_conv2d_params), 1, 2, 3, 2, 0, 2, 1, 0, 2, 0},
    };
    check_conv2d(&grouped);
}

// Reflected and circular elements are seen up to three times an axis; replicated ones as often as there is
// padding.
Test(oracle, conv2d_gradients_with_other_paddings)
{
    for (uint32_t mode = TUFF_PADDING_REFLECT; mode <= TUFF_PADDING_CIRCULAR; mode++) {
        const struct conv padded = {
            .x = {2, 3, 4, 5},
            .weight = {4, 3, 3, 2},
            .bias = {4},
            .y = {2, 4, 3, 11},
            .params = {sizeof(struct tuff_conv2d_params), 2, 1, 1, 1, 2, 1, 3, 4, 1, mode},
        };
        check_conv2d(&padded);
    }
}

Test(oracle, linear_gradients)
{
    const uint32_t x[4] = {3, 7}, w[4] = {5, 7}, b[4] = {5}, y[4] = {3, 5};
    struct case_setup forward, input, weight;
    void *dx[TUFF_OP_MAX_TENSORS], *dw[TUFF_OP_MAX_TENSORS];
    oracle_begin(&forward, TUFF_OP_LINEAR_FORWARD, NULL);
    oracle_shape(&forward, 0, y);
    oracle_shape(&forward, 1, x);
    oracle_shape(&forward, 2, w);
    oracle_shape(&forward, 3, b);
    oracle_allocate(&forward);
    for (uint32_t i = 1; i < 4; i++)
        oracle_fill_eighths(&forward, i, i);

    oracle_begin(&input, TUFF_OP_LINEAR_BACKWARD_INPUT, NULL);
    oracle_shape(&input, 0, x);
    oracle_shape(&input, 1, y);
    oracle_shape(&input, 2, w);
    oracle_allocate(&input);
    oracle_fill_eighths(&input, 1, 9);
    oracle_set(&input, 2, forward.tensors[2].values);

    oracle_begin(&weight, TUFF_OP_LINEAR_BACKWARD_WEIGHT, NULL);
    oracle_shape(&weight, 0, w);
    oracle_shape(&weight, 1, b);
    oracle_shape(&weight, 2, y);
    oracle_shape(&weight, 3, x);
    oracle_allocate(&weight);
    oracle_set(&weight, 2, input.tensors[1].values);
    oracle_set(&weight, 3, forward.tensors[1].values);

    const float *dy = case_floats(&input, 1);
    oracle_run(&input, dx);
    oracle_run(&weight, dw);
    expect_exact(&forward, 1, 0.5f, dy, dx[0]);
    expect_exact(&forward, 2, 0.5f, dy, dw[0]);
    expect_exact(&forward, 3, 0.5f, dy, dw[1]);
    oracle_free(dx);
    oracle_free(dw);
    case_setup_clear(&forward);
    case_setup_clear(&input);
    case_setup_clear(&weight);
}

// Overlapping windows with padding; all values are a quarter or more apart, and the step is a sixteenth.
Test(oracle, max_pool2d_gradient)
{
    const uint32_t x_dims[4] = {2, 2, 5, 7}, y_dims[4] = {2, 2, 3, 7};
    const struct tuff_max_pool2d_params params = {sizeof params, 3, 2, 2, 1, 1, 1, 1, 1, 1, 0};
    struct case_setup forward, backward;
    void *outputs[TUFF_OP_MAX_TENSORS], *dx[TUFF_OP_MAX_TENSORS];
    oracle_begin(&forward, TUFF_OP_MAX_POOL2D_FORWARD, &params);
    oracle_shape(&forward, 0, y_dims);
    oracle_shape(&forward, 1, y_dims);
    oracle_shape(&forward, 2, x_dims);
    oracle_allocate(&forward);
    float *x = case_floats(&forward, 2);
    const uint64_t count = case_stored(&forward, 2);
    for (uint64_t i = 0; i < count; i++) // 53 and 140 have no common divisor, so each value occurs once
        x[i] = (float)(i * 53 % count) / 4 - 16;
    oracle_run(&forward, outputs);

    oracle_begin(&backward, TUFF_OP_MAX_POOL2D_BACKWARD, &params);
    oracle_shape(&backward, 0, x_dims);
    oracle_shape(&backward, 1, y_dims);
    oracle_shape(&backward, 2, y_dims);
    oracle_allocate(&backward);
    oracle_fill_eighths(&backward, 1, 9);
    oracle_set(&backward, 2, outputs[1]);
    oracle_run(&backward, dx);
    expect_exact(&forward, 2, 0.0625f, case_floats(&backward, 1), dx[0]);
    oracle_free(outputs);
    oracle_free(dx);
    case_setup_clear(&forward);
    case_setup_clear(&backward);
}

Test(oracle, relu_gradient)
{
    const uint32_t dims[4] = {3, 2, 5};
    struct case_setup forward, backward;
    void *y[TUFF_OP_MAX_TENSORS], *dx[TUFF_OP_MAX_TENSORS];
    oracle_begin(&forward, TUFF_OP_RELU_FORWARD, NULL);
    oracle_shape(&forward, 0, dims);
    oracle_shape(&forward, 1, dims);
    oracle_allocate(&forward);
    oracle_fill_eighths(&forward, 1, 1); // at least an eighth away from the kink
    oracle_run(&forward, y);

    oracle_begin(&backward, TUFF_OP_RELU_BACKWARD, NULL);
    for (uint32_t i = 0; i < 3; i++)
        oracle_shape(&backward, i, dims);
    oracle_allocate(&backward);
    oracle_fill_eighths(&backward, 1, 9);
    oracle_set(&backward, 2, y[0]);
    oracle_run(&backward, dx);
    expect_exact(&forward, 1, 0.0625f, case_floats(&backward, 1), dx[0]);
    oracle_free(y);
    oracle_free(dx);
    case_setup_clear(&forward);
    case_setup_clear(&backward);
}

// Two central differences, extrapolated to a step of zero (Richardson): off by h^4/30*4 times the fifth
// derivative, less than 1e-6 here, and by the rounding of the losses over h, about 5e-6.
static void check_softmax_cross_entropy(float smoothing)
{
    enum { N = 4, K = 5, VALID = 3 };
    const uint32_t logits[4] = {N, K}, vector[4] = {N}, state_dims[4] = {TUFF_STEP_STATE_WORDS};
    const uint32_t labels[N] = {2, 0, 4, 1};
    const struct tuff_step_state state = {.cursor = 1, .row = {.step = 1, .valid = VALID}};
    const struct tuff_softmax_cross_entropy_params params = {sizeof params, smoothing};
    struct case_setup forward, backward;
    void *dlogits[TUFF_OP_MAX_TENSORS];
    oracle_begin(&forward, TUFF_OP_SOFTMAX_CROSS_ENTROPY_FORWARD, &params);
    oracle_shape(&forward, 0, vector);
    oracle_shape(&forward, 1, vector);
    oracle_shape(&forward, 2, logits);
    oracle_shape(&forward, 3, vector);
    oracle_shape(&forward, 4, state_dims);
    oracle_allocate(&forward);
    oracle_fill_eighths(&forward, 2, 1);
    oracle_set(&forward, 3, labels);
    oracle_set(&forward, 4, &state);

    oracle_begin(&backward, TUFF_OP_SOFTMAX_CROSS_ENTROPY_BACKWARD, &params);
    oracle_shape(&backward, 0, logits);
    oracle_shape(&backward, 1, logits);
    oracle_shape(&backward, 2, vector);
    oracle_shape(&backward, 3, state_dims);
    oracle_allocate(&backward);
    oracle_set(&backward, 1, forward.tensors[2].values);
    oracle_set(&backward, 2, labels);
    oracle_set(&backward, 3, &state);
    oracle_run(&backward, dlogits);

    const float weights[N] = {1, 1, 1, 1}, h = 0.0625f;
    const float *gradient = dlogits[0];
    for (uint64_t i = 0; i < N * K; i++) {
        double near = oracle_difference(&forward, 2, i, h, weights),
               far = oracle_difference(&forward, 2, i, 2 * h, weights);
        double expected = (4 * near - far) / 3 / VALID; // of the mean over the valid samples
        cr_assert(fabs((double)gradient[i] - expected) <= 1e-5, "dlogits[%llu] is %g, differences give %g",
                  (unsigned long long)i, (double)gradient[i], expected);
        if (i >= VALID * K)
            cr_assert_eq(gradient[i], 0.0f);
    }
    oracle_free(dlogits);
    case_setup_clear(&forward);
    case_setup_clear(&backward);
}

Test(oracle, softmax_cross_entropy_gradient)
{
    check_softmax_cross_entropy(0);
}

Test(oracle, softmax_cross_entropy_gradient_with_label_smoothing)
{
    check_softmax_cross_entropy(0.375f);
    check_softmax_cross_entropy(1);
}
