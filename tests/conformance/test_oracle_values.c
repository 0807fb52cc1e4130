// The reference's forward ops and updates on examples worked by hand, or by the header's formula written out
// again.
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "oracle_fixture.h"

TestSuite(oracle_values, .init = oracle_open, .fini = oracle_close);

static void expect_floats(const void *got, const float *expected, size_t count, double tolerance)
{
    const float *values = got;
    for (size_t i = 0; i < count; i++)
        cr_assert(values[i] == expected[i] || (isnan(values[i]) && isnan(expected[i])) ||
                      fabs((double)values[i] - (double)expected[i]) <= tolerance,
                  "element %zu is %.9g, expected %.9g", i, (double)values[i], (double)expected[i]);
}

static void expect_words(const void *got, const uint32_t *expected, size_t count)
{
    const uint32_t *values = got;
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(values[i], expected[i], "element %zu is %u, expected %u", i, values[i], expected[i]);
}

// A 3x3 image, a 2x2 kernel, stride 2 down and 1 across, a row of padding above and a column on the right.
Test(oracle_values, conv2d_by_hand)
{
    const struct tuff_conv2d_params params = {sizeof params, 2, 1, 1, 1, 1, 0, 0, 1, 1, 0};
    const float x[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, weight[4] = {1, 10, 100, 1000}, bias[1] = {0.5f};
    // Rows -1 and 0, then rows 1 and 2; the kernel is not flipped.
    const float y[6] = {2100.5f, 3200.5f, 300.5f, 8754.5f, 9865.5f, 906.5f};
    struct case_setup call;
    void *outputs[TUFF_OP_MAX_TENSORS];
    oracle_begin(&call, TUFF_OP_CONV2D_FORWARD, &params);
    oracle_shape(&call, 0, (const uint32_t[4]){1, 1, 2, 3});
    oracle_shape(&call, 1, (const uint32_t[4]){1, 1, 3, 3});
    oracle_shape(&call, 2, (const uint32_t[4]){1, 1, 2, 2});
    oracle_shape(&call, 3, (const uint32_t[4]){1});
    oracle_allocate(&call);
    oracle_set(&call, 1, x);
    oracle_set(&call, 2, weight);
    oracle_set(&call, 3, bias);
    oracle_run(&call, outputs);
    expect_floats(outputs[0], y, 6, 0);
    oracle_free(outputs);
    case_setup_clear(&call);
}

// Two groups of two channels: each output sees its own group only; dilation 2 across.
Test(oracle_values, conv2d_groups_by_hand)
{
    const struct tuff_conv2d_params params = {sizeof params, 1, 1, 1, 2, 0, 0, 0, 0, 2, 0};
    const float x[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    const float weight[8] = {1, 10, 100, 1000, 1, 10, 100, 1000};
    // channel 0: 1*1 + 10*3, channel 1: 100*4 + 1000*6; and the same with 7, 9, 10 and 12
    const float y[2] = {6431, 13097};
    struct case_setup call;
    void *outputs[TUFF_OP_MAX_TENSORS];
    oracle_begin(&call, TUFF_OP_CONV2D_FORWARD, &params);
    oracle_shape(&call, 0, (const uint32_t[4]){1, 2, 1, 1});
    oracle_shape(&call, 1, (const uint32_t[4]){1, 4, 1, 3});
    oracle_shape(&call, 2, (const uint32_t[4]){2, 2, 1, 2});
    oracle_allocate(&call);
    oracle_set(&call, 1, x);
    oracle_set(&call, 2, weight);
    oracle_run(&call, outputs);
    expect_floats(outputs[0], y, 2, 0);
    oracle_free(outputs);
    case_setup_clear(&call);
}

// A kernel of 1x1 shows the padding itself.
Test(oracle_values, conv2d_paddings_by_hand)
{
    const float x[3] = {1, 2, 4}, weight[1] = {1};
    const float y[4][6] = {{0, 0, 1, 2, 4, 0}, {4, 2, 1, 2, 4, 2}, {1, 1, 1, 2, 4, 4}, {2, 4, 1, 2, 4, 1}};
    for (uint32_t mode = TUFF_PADDING_ZEROS; mode <= TUFF_PADDING_CIRCULAR; mode++) {
        const struct tuff_conv2d_params params = {sizeof params, 1, 1, 1, 1, 0, 0, 2, 1, 1, mode};
        struct case_setup call;
        void *outputs[TUFF_OP_MAX_TENSORS];
        oracle_begin(&call, TUFF_OP_CONV2D_FORWARD, &params);
        oracle_shape(&call, 0, (const uint32_t[4]){1, 1, 1, 6});
        oracle_shape(&call, 1, (const uint32_t[4]){1, 1, 1, 3});
        oracle_shape(&call, 2, (const uint32_t[4]){1, 1, 1, 1});
        oracle_allocate(&call);
        oracle_set(&call, 1, x);
        oracle_set(&call, 2, weight);
        oracle_run(&call, outputs);
        expect_floats(outputs[0], y[mode], 6, 0);
        oracle_free(outputs);
        case_setup_clear(&call);
    }
}

Test(oracle_values, linear_by_hand)
{
    const float x[4] = {1, 2, 3, 4}, weight[6] = {1, 10, 2, 20, 3, 30}, bias[3] = {0.5f, 0, -1};
    const float y[6] = {21.5f, 42, 62, 43.5f, 86, 128};
    struct case_setup call;
    void *outputs[TUFF_OP_MAX_TENSORS];
    oracle_begin(&call, TUFF_OP_LINEAR_FORWARD, NULL);
    oracle_shape(&call, 0, (const uint32_t[4]){2, 3});
    oracle_shape(&call, 1, (const uint32_t[4]){2, 2});
    oracle_shape(&call, 2, (const uint32_t[4]){3, 2});
    oracle_shape(&call, 3, (const uint32_t[4]){3});
    oracle_allocate(&call);
    oracle_set(&call, 1, x);
    oracle_set(&call, 2, weight);
    oracle_set(&call, 3, bias);
    oracle_run(&call, outputs);
    expect_floats(outputs[0], y, 6, 0);
    oracle_free(outputs);
    case_setup_clear(&call);
}

// A tie, a window of minus infinity, a NaN beside a second one, and a window half of which is padding.
Test(oracle_values, max_pool2d_by_hand)
{
    const struct tuff_max_pool2d_params params = {sizeof params, 1, 2, 1, 2, 1, 1, 0, 0, 0, 1};
    const float x[9] = {3, 3, -INFINITY, -INFINITY, 7, NAN, NAN, -NAN, -5};
    const float y[5] = {3, -INFINITY, NAN, NAN, -5};
    const uint32_t index[5] = {0, 2, 5, 6, 8};
    struct case_setup call;
    void *outputs[TUFF_OP_MAX_TENSORS];
    oracle_begin(&call, TUFF_OP_MAX_POOL2D_FORWARD, &params);
    oracle_shape(&call, 0, (const uint32_t[4]){1, 1, 1, 5});
    oracle_shape(&call, 1, (const uint32_t[4]){1, 1, 1, 5});
    oracle_shape(&call, 2, (const uint32_t[4]){1, 1, 1, 9});
    oracle_allocate(&call);
    oracle_set(&call, 2, x);
    oracle_run(&call, outputs);
    expect_floats(outputs[0], y, 5, 0);
    expect_words(outputs[1], index, 5);
    oracle_free(outputs);
    case_setup_clear(&call);
}

Test(oracle_values, relu_by_hand)
{
    const float x[6] = {-1, -0.0f, 0, 2, NAN, INFINITY}, y[6] = {0, 0, 0, 2, NAN, INFINITY};
    struct case_setup call;
    void *outputs[TUFF_OP_MAX_TENSORS];
    oracle_begin(&call, TUFF_OP_RELU_FORWARD, NULL);
    oracle_shape(&call, 0, (const uint32_t[4]){6});
    oracle_shape(&call, 1, (const uint32_t[4]){6});
    oracle_allocate(&call);
    oracle_set(&call, 1, x);
    oracle_run(&call, outputs);
    expect_floats(outputs[0], y, 6, 0);
    cr_assert(!signbit(((const float *)outputs[0])[1]), "the zero is negative");
    oracle_free(outputs);
    case_setup_clear(&call);
}

static void expect_losses(float smoothing, const float *logits, const uint32_t *labels, const float *loss,
                          const uint32_t *correct, double tolerance)
{
    const struct tuff_step_state state = {.cursor = 1, .row = {.step = 1, .valid = 3}};
    const struct tuff_softmax_cross_entropy_params params = {sizeof params, smoothing};
    struct case_setup call;
    void *outputs[TUFF_OP_MAX_TENSORS];
    oracle_begin(&call, TUFF_OP_SOFTMAX_CROSS_ENTROPY_FORWARD, &params);
    oracle_shape(&call, 0, (const uint32_t[4]){4});
    oracle_shape(&call, 1, (const uint32_t[4]){4});
    oracle_shape(&call, 2, (const uint32_t[4]){4, 4});
    oracle_shape(&call, 3, (const uint32_t[4]){4});
    oracle_shape(&call, 4, (const uint32_t[4]){TUFF_STEP_STATE_WORDS});
    oracle_allocate(&call);
    oracle_set(&call, 2, logits);
    oracle_set(&call, 3, labels);
    oracle_set(&call, 4, &state);
    oracle_run(&call, outputs);
    expect_floats(outputs[0], loss, 4, tolerance);
    expect_words(outputs[1], correct, 4);
    oracle_free(outputs);
    case_setup_clear(&call);
}

// log 4 for four equal logits, of which only the first counts as the guess; and a sample that is absent.
Test(oracle_values, softmax_cross_entropy_by_hand)
{
    const float logits[16] = {5, 5, 5, 5, 5, 5, 5, 5, 1000, 0, 0, 0, 1, 2, 3, 4};
    const uint32_t labels[4] = {0, 1, 0, 3}, correct[4] = {1, 0, 1, 0};
    expect_losses(0, logits, labels, (const float[4]){1.38629436f, 1.38629436f, 0, 0}, correct, 1e-7);
    // The third: half of it for the label, an eighth for each of three that are 1000 away.
    expect_losses(0.5f, logits, labels, (const float[4]){1.38629436f, 1.38629436f, 375, 0}, correct, 1e-7);
}

// A logit of minus infinity matters where it is the label's, and everywhere with smoothing.
Test(oracle_values, softmax_cross_entropy_of_ruled_out_classes)
{
    const float logits[16] = {5,         5, -INFINITY, -INFINITY, 0, -INFINITY, -INFINITY, -INFINITY,
                              -INFINITY, 1, -INFINITY, -INFINITY, 1, 2,         3,         4};
    const uint32_t labels[4] = {1, 0, 0, 3}, correct[4] = {0, 1, 0, 0};
    expect_losses(0, logits, labels, (const float[4]){0.69314718f, 0, INFINITY, 0}, correct, 1e-7);
    expect_losses(0.5f, logits, labels, (const float[4]){INFINITY, INFINITY, INFINITY, 0}, correct, 0);
}

// Two steps of torch.optim.Adam's recurrence on one parameter, written out in double.
Test(oracle_values, adam_by_formula)
{
    const struct tuff_adam_params params = {sizeof params, 0, 0.9, 0.999, 1e-8, 0.01, 0, 0};
    const double gradients[2] = {0.5, -2.0};
    double p = 1.5, m = 0, v = 0;
    float p32 = 1.5f, moments[2] = {0, 0};
    for (uint32_t step = 1; step <= 2; step++) {
        double c1 = 1 - pow(0.9, step), c2 = sqrt(1 - pow(0.999, step)), g = gradients[step - 1] + 0.01 * p;
        m = 0.9 * m + (1 - 0.9) * g;
        v = 0.999 * v + (1 - 0.999) * g * g;
        p -= 0.125 / c1 * m / (sqrt(v) / c2 + 1e-8);
        const struct tuff_step_state state = {.row = {.step = step,
                                                      .learning_rate = 0.125f,
                                                      .bias_correction1 = (float)c1,
                                                      .bias_correction2_sqrt = (float)c2}};
        struct case_setup call;
        void *outputs[TUFF_OP_MAX_TENSORS];
        oracle_begin(&call, TUFF_OP_ADAM, &params);
        oracle_shape(&call, 0, (const uint32_t[4]){1});
        oracle_shape(&call, 1, (const uint32_t[4]){2, 1});
        oracle_shape(&call, 2, (const uint32_t[4]){1});
        oracle_shape(&call, 3, (const uint32_t[4]){TUFF_STEP_STATE_WORDS});
        oracle_allocate(&call);
        oracle_set(&call, 0, &p32);
        oracle_set(&call, 1, moments);
        oracle_set(&call, 2, (const float[1]){(float)gradients[step - 1]});
        oracle_set(&call, 3, &state);
        oracle_run(&call, outputs);
        expect_floats(outputs[0], (const float[1]){(float)p}, 1, 4e-7);
        expect_floats(outputs[1], (const float[2]){(float)m, (float)v}, 2, 1e-7);
        memcpy(&p32, outputs[0], sizeof p32);
        memcpy(moments, outputs[1], sizeof moments);
        oracle_free(outputs);
        case_setup_clear(&call);
    }
}

// One step of torch.optim.AdamW on two parameters. All numbers are binary fractions; epsilon vanishes in
// rounding.
Test(oracle_values, decoupled_decay_by_hand)
{
    const struct tuff_adam_params params = {sizeof params, 0, 0.5, 0.75, 1e-30, 0.25, 1, 0};
    const struct tuff_step_state state = {
        .row = {.step = 1, .learning_rate = 0.5f, .bias_correction1 = 0.5f, .bias_correction2_sqrt = 0.5f}};
    struct case_setup call;
    void *outputs[TUFF_OP_MAX_TENSORS];
    oracle_begin(&call, TUFF_OP_ADAM, &params);
    oracle_shape(&call, 0, (const uint32_t[4]){2});
    oracle_shape(&call, 1, (const uint32_t[4]){2, 2});
    oracle_shape(&call, 2, (const uint32_t[4]){2});
    oracle_shape(&call, 3, (const uint32_t[4]){TUFF_STEP_STATE_WORDS});
    oracle_allocate(&call);
    oracle_set(&call, 0, (const float[2]){2, -4});
    oracle_set(&call, 1, (const float[4]){0, 0, 0, 0});
    oracle_set(&call, 2, (const float[2]){1, -3});
    oracle_set(&call, 3, &state);
    oracle_run(&call, outputs);
    // 2 * (1 - 0.125) - 1 * 0.5 / (0.5 / 0.5);  -4 * (1 - 0.125) + 1 * 1.5 / (1.5 / 0.5)
    expect_floats(outputs[0], (const float[2]){1.25f, -3}, 2, 0);
    expect_floats(outputs[1], (const float[4]){0.5f, -1.5f, 0.25f, 2.25f}, 4, 0);
    oracle_free(outputs);
    case_setup_clear(&call);
}

Test(oracle_values, sgd_by_hand)
{
    const struct tuff_step_state state = {.row = {.step = 1, .learning_rate = 0.5f}};
    // g = 1 + 0.25 * 2 = 1.5;  v = 0.5 * 4 + 1.5 = 3.5;  with Nesterov 1.5 + 0.5 * 3.5 = 3.25
    const struct {
        uint32_t nesterov;
        double momentum;
        float parameter, velocity;
    } expected[3] = {{0, 0, 1.25f, 0}, {0, 0.5, 0.25f, 3.5f}, {1, 0.5, 0.375f, 3.5f}};
    for (int i = 0; i < 3; i++) {
        const struct tuff_sgd_params params = {
            sizeof params, expected[i].nesterov, expected[i].momentum, 0.25, 0, 0};
        struct case_setup call;
        void *outputs[TUFF_OP_MAX_TENSORS];
        oracle_begin(&call, TUFF_OP_SGD, &params);
        oracle_shape(&call, 0, (const uint32_t[4]){1});
        if (expected[i].momentum > 0)
            oracle_shape(&call, 1, (const uint32_t[4]){1});
        oracle_shape(&call, 2, (const uint32_t[4]){1});
        oracle_shape(&call, 3, (const uint32_t[4]){TUFF_STEP_STATE_WORDS});
        oracle_allocate(&call);
        oracle_set(&call, 0, (const float[1]){2});
        if (expected[i].momentum > 0)
            oracle_set(&call, 1, (const float[1]){4});
        oracle_set(&call, 2, (const float[1]){1});
        oracle_set(&call, 3, &state);
        oracle_run(&call, outputs);
        expect_floats(outputs[0], &expected[i].parameter, 1, 0);
        if (expected[i].momentum > 0)
            expect_floats(outputs[1], &expected[i].velocity, 1, 0);
        oracle_free(outputs);
        case_setup_clear(&call);
    }
}

Test(oracle_values, moving_average_by_hand)
{
    const struct {
        float decay, average[2];
    } expected[3] = {{0, {8, -1}}, {0.75f, {5, 1.25f}}, {1, {4, 2}}};
    for (int i = 0; i < 3; i++) {
        const struct tuff_step_state state = {.row = {.step = 1, .average_decay = expected[i].decay}};
        struct case_setup call;
        void *outputs[TUFF_OP_MAX_TENSORS];
        oracle_begin(&call, TUFF_OP_MOVING_AVERAGE, NULL);
        oracle_shape(&call, 0, (const uint32_t[4]){2});
        oracle_shape(&call, 1, (const uint32_t[4]){2});
        oracle_shape(&call, 2, (const uint32_t[4]){TUFF_STEP_STATE_WORDS});
        oracle_allocate(&call);
        oracle_set(&call, 0, (const float[2]){4, 2});
        oracle_set(&call, 1, (const float[2]){8, -1});
        oracle_set(&call, 2, &state);
        oracle_run(&call, outputs);
        expect_floats(outputs[0], expected[i].average, 2, 0);
        oracle_free(outputs);
        case_setup_clear(&call);
    }
}

Test(oracle_values, gradient_accumulate_by_hand)
{
    // Of 14 samples in batches of 8 and parts of 4: both parts of the first batch, and of the second one,
    // which is short.
    const struct {
        uint32_t begin, valid;
        float sum[2];
    } expected[4] = {{0, 4, {4, -0.5f}},
                     {4, 4, {8, 1.5f}},
                     {8, 4, {5.3333335f, -0.6666667f}},
                     {12, 2, {6.6666665f, 1.6666666f}}};
    const struct tuff_gradient_accumulate_params params = {.size = sizeof params, .batch = 8, .samples = 14};
    for (int i = 0; i < 4; i++) {
        const struct tuff_step_state state = {
            .row = {.step = 1, .begin = expected[i].begin, .valid = expected[i].valid}};
        struct case_setup call;
        void *outputs[TUFF_OP_MAX_TENSORS];
        oracle_begin(&call, TUFF_OP_GRADIENT_ACCUMULATE, &params);
        oracle_shape(&call, 0, (const uint32_t[4]){2});
        oracle_shape(&call, 1, (const uint32_t[4]){2});
        oracle_shape(&call, 2, (const uint32_t[4]){TUFF_STEP_STATE_WORDS});
        oracle_allocate(&call);
        oracle_set(&call, 0, (const float[2]){4, 2});
        oracle_set(&call, 1, (const float[2]){8, -1});
        oracle_set(&call, 2, &state);
        oracle_run(&call, outputs);
        expect_floats(outputs[0], expected[i].sum, 2, 1e-6);
        oracle_free(outputs);
        case_setup_clear(&call);
    }
}

static void expect_norm(const float *gradients, uint32_t count, float norm)
{
    struct case_setup call;
    void *outputs[TUFF_OP_MAX_TENSORS];
    oracle_begin(&call, TUFF_OP_GRADIENT_NORM, NULL);
    oracle_shape(&call, 0, (const uint32_t[4]){1});
    oracle_shape(&call, 1, (const uint32_t[4]){count});
    oracle_allocate(&call);
    oracle_set(&call, 1, gradients);
    oracle_run(&call, outputs);
    expect_floats(outputs[0], &norm, 1, 0);
    oracle_free(outputs);
    case_setup_clear(&call);
}

Test(oracle_values, gradient_norm_by_hand)
{
    expect_norm((const float[4]){2, -4, 5, -6}, 4, 9);
    expect_norm((const float[1]){-0.0f}, 1, 0);
    expect_norm((const float[2]){1e19f, 0}, 2, 1e19f);
    expect_norm((const float[2]){1.5e19f, 1.5e19f}, 2, INFINITY); // 4.5e38
    expect_norm((const float[3]){1, -INFINITY, 2}, 3, INFINITY);
    expect_norm((const float[3]){1, NAN, INFINITY}, 3, NAN);
}

static void expect_clipped(float max_norm, float norm, const float *gradients, const float *clipped,
                           double tolerance)
{
    const struct tuff_gradient_clip_params params = {sizeof params, max_norm};
    struct case_setup call;
    void *outputs[TUFF_OP_MAX_TENSORS];
    oracle_begin(&call, TUFF_OP_GRADIENT_CLIP, &params);
    oracle_shape(&call, 0, (const uint32_t[4]){2});
    oracle_shape(&call, 1, (const uint32_t[4]){1});
    oracle_allocate(&call);
    oracle_set(&call, 0, gradients);
    oracle_set(&call, 1, &norm);
    oracle_run(&call, outputs);
    expect_floats(outputs[0], clipped, 2, tolerance);
    oracle_free(outputs);
    case_setup_clear(&call);
}

Test(oracle_values, gradient_clip_by_hand)
{
    const float gradients[2] = {3, -4}, zeros[2] = {0, 0}, nans[2] = {NAN, NAN};
    expect_clipped(1, 5, gradients, (const float[2]){0.6f, -0.8f}, 1e-6);
    expect_clipped(5.5f, 5, gradients, gradients, 0);
    expect_clipped(5, 5, gradients, (const float[2]){2.9999994f, -3.9999992f}, 2e-7); // 5 / 5.000001
    expect_clipped(1, INFINITY, gradients, zeros, 0);
    expect_clipped(1, NAN, gradients, nans, 0);
}

Test(oracle_values, gather_by_hand)
{
    const struct tuff_gather_images_params params = {sizeof params, {0.5f, 2}, {1, -3}};
    const struct tuff_step_state state = {.cursor = 1, .row = {.step = 1, .begin = 1, .valid = 2}};
    const uint8_t images[12] = {10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 255}; // (3,2,1,2)
    const uint32_t index[4] = {1, 2, 0, 1}, set_labels[3] = {7, 8, 9}, labels[3] = {9, 7, 0};
    const float x[12] = {46, 51, 217, 507, 6, 11, 57, 77, 0, 0, 0, 0};
    struct case_setup call;
    void *outputs[TUFF_OP_MAX_TENSORS];
    oracle_begin(&call, TUFF_OP_GATHER_IMAGES, &params);
    oracle_shape(&call, 0, (const uint32_t[4]){3, 2, 1, 2});
    oracle_shape(&call, 1, (const uint32_t[4]){3, 2, 1, 2});
    oracle_shape(&call, 2, (const uint32_t[4]){4});
    oracle_shape(&call, 3, (const uint32_t[4]){TUFF_STEP_STATE_WORDS});
    oracle_allocate(&call);
    oracle_set(&call, 1, images);
    oracle_set(&call, 2, index);
    oracle_set(&call, 3, &state);
    oracle_run(&call, outputs);
    expect_floats(outputs[0], x, 12, 0);
    oracle_free(outputs);
    case_setup_clear(&call);

    oracle_begin(&call, TUFF_OP_GATHER_LABELS, NULL);
    oracle_shape(&call, 0, (const uint32_t[4]){3});
    oracle_shape(&call, 1, (const uint32_t[4]){3});
    oracle_shape(&call, 2, (const uint32_t[4]){4});
    oracle_shape(&call, 3, (const uint32_t[4]){TUFF_STEP_STATE_WORDS});
    oracle_allocate(&call);
    oracle_set(&call, 1, set_labels);
    oracle_set(&call, 2, index);
    oracle_set(&call, 3, &state);
    oracle_run(&call, outputs);
    expect_words(outputs[0], labels, 3);
    oracle_free(outputs);
    case_setup_clear(&call);
}

Test(oracle_values, step_by_hand)
{
    const struct tuff_step_row rows[3] = {{.step = 1}, {.step = 2, .begin = 64, .valid = 5}, {.step = 3}};
    struct tuff_step_state state = {.cursor = 1, .reserved = {6}}, next = state;
    struct case_setup call;
    void *outputs[TUFF_OP_MAX_TENSORS];
    next.cursor = 2;
    next.row = rows[1];
    oracle_begin(&call, TUFF_OP_STEP_ADVANCE, NULL);
    oracle_shape(&call, 0, (const uint32_t[4]){TUFF_STEP_STATE_WORDS});
    oracle_shape(&call, 1, (const uint32_t[4]){3, TUFF_STEP_ROW_WORDS});
    oracle_allocate(&call);
    oracle_set(&call, 0, &state);
    oracle_set(&call, 1, rows);
    oracle_run(&call, outputs);
    cr_assert_arr_eq(outputs[0], &next, sizeof next);
    oracle_free(outputs);
    case_setup_clear(&call);

    const uint32_t before[6] = {11, 12, 13, 14, 15, 16}, after[6] = {11, 12, 0x40600000, 2, 15, 16}; // 3.5
    oracle_begin(&call, TUFF_OP_METRICS_RECORD, NULL);
    oracle_shape(&call, 0, (const uint32_t[4]){3, 2});
    oracle_shape(&call, 1, (const uint32_t[4]){3});
    oracle_shape(&call, 2, (const uint32_t[4]){3});
    oracle_shape(&call, 3, (const uint32_t[4]){TUFF_STEP_STATE_WORDS});
    oracle_allocate(&call);
    oracle_set(&call, 0, before);
    oracle_set(&call, 1, (const float[3]){0.5f, 1, 2});
    oracle_set(&call, 2, (const uint32_t[3]){1, 0, 1});
    oracle_set(&call, 3, &next);
    oracle_run(&call, outputs);
    expect_words(outputs[0], after, 6);
    oracle_free(outputs);
    case_setup_clear(&call);
}
