// The checks that every kernel relies on.
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "op/op_info.h"

static char last_message[512];

static void keep_message(void *user, enum tuff_log_level level, const char *message)
{
    (void)user, (void)level;
    snprintf(last_message, sizeof last_message, "%s", message);
}

static const struct tuff_log test_log = {keep_message, NULL, TUFF_LOG_ERROR};

static struct tuff_tensor tensor(enum tuff_dtype dtype, uint32_t rank, uint32_t a, uint32_t b, uint32_t c,
                                 uint32_t d)
{
    return (struct tuff_tensor){
        .size = sizeof(struct tuff_tensor), .dtype = (uint32_t)dtype, .rank = rank, .dims = {a, b, c, d}};
}

struct conv {
    struct tuff_conv2d_params params;
    struct tuff_tensor y, x, weight, bias;
};

static struct conv good_conv(void)
{
    return (struct conv){
        .params = {sizeof(struct tuff_conv2d_params), 2, 1, 1, 2, 1, 0, 2, 1, 2, 0},
        // height: (9 + 1 + 0 - 3) / 2 + 1 = 4; width: (7 + 2 + 1 - 2*(2-1) - 1) / 1 + 1 = 8
        .y = tensor(TUFF_F32, 4, 5, 4, 4, 8),
        .x = tensor(TUFF_F32, 4, 5, 6, 9, 7),
        .weight = tensor(TUFF_F32, 4, 4, 3, 3, 2),
        .bias = tensor(TUFF_F32, 1, 4, 1, 1, 1),
    };
}

static enum tuff_status check_conv(const struct conv *c)
{
    struct tuff_op_args args = {.size = sizeof(struct tuff_conv2d_forward_args),
                                .params = &c->params,
                                .tensors = {&c->y, &c->x, &c->weight, &c->bias}};
    last_message[0] = '\0';
    return tuff_op_check(&test_log, TUFF_OP_CONV2D_FORWARD, &args);
}

Test(op, every_op_is_complete)
{
    for (enum tuff_op op = 0; op < TUFF_OP_COUNT; op++) {
        const struct tuff_op_info *info = tuff_op_info(op);
        cr_assert_not_null(info->name);
        cr_assert_eq(tuff_op_find(info->name), op, "%s", info->name);
        cr_assert_not_null(info->check, "%s", info->name);
        cr_assert_eq(tuff_op_args_size(op),
                     offsetof(struct tuff_op_args, tensors) + info->tensor_count * sizeof(void *),
                     "%s names %u tensors, but its arguments hold another number", info->name,
                     info->tensor_count);
        for (uint32_t i = 0; i < info->tensor_count; i++)
            cr_assert_not_null(info->roles[i].name, "%s", info->name);
    }
    cr_assert_eq(tuff_op_find("conv3d_forward"), TUFF_OP_COUNT);
}

Test(op, conv2d_accepts_what_fits)
{
    struct conv c = good_conv();
    cr_assert_eq(check_conv(&c), TUFF_OK, "%s", last_message);
}

Test(op, conv2d_refuses_what_does_not_fit)
{
    struct conv c = good_conv();
    c.y.dims[3] = 7;
    cr_assert_eq(check_conv(&c), TUFF_ERROR_INVALID);
    cr_assert_str_eq(last_message, "conv2d_forward: y has shape (5, 4, 4, 7), expected (5, 4, 4, 8)");
    c = good_conv(), c.params.groups = 4;
    cr_assert_eq(check_conv(&c), TUFF_ERROR_INVALID);
    cr_assert_str_eq(last_message, "conv2d_forward: 4 groups do not divide 6 input and 4 output channels");
    c = good_conv(), c.params.stride_h = 0;
    cr_assert_eq(check_conv(&c), TUFF_ERROR_INVALID);
    c = good_conv(), c.params.dilation_w = UINT32_MAX;
    cr_assert_eq(check_conv(&c), TUFF_ERROR_INVALID);
    c = good_conv(), c.params.pad_top = UINT32_MAX;
    cr_assert_eq(check_conv(&c), TUFF_ERROR_INVALID);
    c = good_conv(), c.params.size = 8;
    cr_assert_eq(check_conv(&c), TUFF_ERROR_INVALID);
    c = good_conv(), c.x.dtype = TUFF_U32;
    cr_assert_eq(check_conv(&c), TUFF_ERROR_INVALID);
    cr_assert_str_eq(last_message, "conv2d_forward: x has element type u32, expected f32 or f16");
    c = good_conv(), c.x.dims[2] = 0;
    cr_assert_eq(check_conv(&c), TUFF_ERROR_INVALID);
    c = good_conv(), c.bias.dims[0] = 5;
    cr_assert_eq(check_conv(&c), TUFF_ERROR_INVALID);
    c = good_conv(), c.x.layout = TUFF_LAYOUT_BATCH16;
    cr_assert_eq(check_conv(&c), TUFF_ERROR_INVALID, "layouts differ");
    c.y.layout = TUFF_LAYOUT_BATCH16;
    cr_assert_eq(check_conv(&c), TUFF_OK, "%s", last_message);
    c.weight.layout = TUFF_LAYOUT_BATCH16;
    cr_assert_eq(check_conv(&c), TUFF_ERROR_INVALID, "a parameter is row-major");
}

Test(op, float16_goes_together)
{
    struct conv c = good_conv();
    c.y.dtype = c.x.dtype = c.weight.dtype = TUFF_F16;
    cr_assert_eq(check_conv(&c), TUFF_OK, "%s", last_message);
    c.bias.dtype = TUFF_F16;
    cr_assert_eq(check_conv(&c), TUFF_ERROR_INVALID);
    cr_assert_str_eq(last_message, "conv2d_forward: bias has element type f16, expected f32");
    c.bias.dtype = TUFF_F32, c.weight.dtype = TUFF_F32;
    cr_assert_eq(check_conv(&c), TUFF_ERROR_INVALID);
    cr_assert_str_eq(last_message, "conv2d_forward: weight has element type f32, but others have f16");
    c.weight.dtype = TUFF_F16, c.y.layout = c.x.layout = TUFF_LAYOUT_BATCH16;
    cr_assert_eq(check_conv(&c), TUFF_ERROR_INVALID, "float16 is row-major");
}

Test(op, linear_results_may_be_wider_than_what_they_are_made_of)
{
    struct tuff_tensor y = tensor(TUFF_F32, 2, 3, 5, 1, 1), x = tensor(TUFF_F16, 2, 3, 7, 1, 1),
                       weight = tensor(TUFF_F16, 2, 5, 7, 1, 1);
    const struct tuff_op_args args = {.size = sizeof(struct tuff_linear_forward_args),
                                      .tensors = {&y, &x, &weight, NULL}};
    cr_assert_eq(tuff_op_check(&test_log, TUFF_OP_LINEAR_FORWARD, &args), TUFF_OK, "%s", last_message);
    y.dtype = TUFF_F16;
    cr_assert_eq(tuff_op_check(&test_log, TUFF_OP_LINEAR_FORWARD, &args), TUFF_OK, "%s", last_message);
    x.dtype = weight.dtype = TUFF_F32;
    cr_assert_eq(tuff_op_check(&test_log, TUFF_OP_LINEAR_FORWARD, &args), TUFF_ERROR_INVALID);
    cr_assert_str_eq(last_message, "linear_forward: y has element type f16, but others have f32");
}

Test(op, conv2d_checks_how_far_padding_reaches)
{
    // A window of 9 x 13 on a height of 9 and a width of 7, whose columns are padded with 6 in all.
    struct conv c = good_conv();
    c.params = (struct tuff_conv2d_params){sizeof c.params, 1, 1, 1, 1, 0, 0, 6, 0, 2, TUFF_PADDING_REFLECT};
    c.weight = tensor(TUFF_F32, 4, 4, 3, 9, 13);
    c.y = tensor(TUFF_F32, 4, 5, 4, 1, 1);
    cr_assert_eq(check_conv(&c), TUFF_OK, "%s", last_message);
    c.params.pad_left = 7, c.weight.dims[3] = 14;
    cr_assert_eq(check_conv(&c), TUFF_ERROR_INVALID);
    cr_assert_str_eq(last_message,
                     "conv2d_forward: padding 0,0,7,0 of an image of 9x7, expected at most 8 rows "
                     "and 6 columns in padding mode reflect");
    c.params.padding_mode = TUFF_PADDING_CIRCULAR;
    cr_assert_eq(check_conv(&c), TUFF_OK, "%s", last_message);
    c.params.pad_left = 8, c.weight.dims[3] = 15;
    cr_assert_eq(check_conv(&c), TUFF_ERROR_INVALID);
    c.params.padding_mode = TUFF_PADDING_REPLICATE;
    cr_assert_eq(check_conv(&c), TUFF_OK, "%s", last_message);
    c.params.padding_mode = 4;
    cr_assert_eq(check_conv(&c), TUFF_ERROR_INVALID);
    cr_assert_str_eq(last_message, "conv2d_forward: unknown padding mode 4");
}

Test(op, max_pool2d_refuses_a_window_that_holds_nothing)
{
    // Two taps three apart over a height of 2 and a row of padding: they fall on rows -1 and 2.
    struct tuff_max_pool2d_params params = {sizeof params, 2, 1, 1, 1, 3, 1, 1, 1, 0, 0};
    struct tuff_tensor x = tensor(TUFF_F32, 4, 1, 1, 2, 5), y = tensor(TUFF_F32, 4, 1, 1, 1, 5);
    struct tuff_tensor index = tensor(TUFF_U32, 4, 1, 1, 1, 5);
    struct tuff_op_args args = {
        .size = sizeof(struct tuff_max_pool2d_forward_args), .params = &params, .tensors = {&y, &index, &x}};
    cr_assert_eq(tuff_op_check(&test_log, TUFF_OP_MAX_POOL2D_FORWARD, &args), TUFF_ERROR_INVALID);
    cr_assert_str_eq(last_message,
                     "max_pool2d_forward: a window of the dilated kernel 2x1 lies wholly on padding");
    params.dilation_h = 2; // rows -1 and 1
    y.dims[2] = index.dims[2] = 2;
    cr_assert_eq(tuff_op_check(&test_log, TUFF_OP_MAX_POOL2D_FORWARD, &args), TUFF_OK, "%s", last_message);
}

Test(op, activation_refuses_what_it_does_not_know)
{
    struct tuff_activation_params params = {sizeof params, TUFF_ACTIVATION_TANH,
                                            NAN}; // the slope is not tanh's
    struct tuff_tensor x = tensor(TUFF_F32, 2, 3, 4, 1, 1), y = x;
    struct tuff_op_args args = {
        .size = sizeof(struct tuff_activation_forward_args), .params = &params, .tensors = {&y, &x}};
    cr_assert_eq(tuff_op_check(&test_log, TUFF_OP_ACTIVATION_FORWARD, &args), TUFF_OK, "%s", last_message);
    params.kind = TUFF_ACTIVATION_TANH + 1;
    cr_assert_eq(tuff_op_check(&test_log, TUFF_OP_ACTIVATION_FORWARD, &args), TUFF_ERROR_INVALID);
    cr_assert_str_eq(last_message, "activation_forward: unknown activation 5");
    params.kind = TUFF_ACTIVATION_LEAKY_RELU;
    cr_assert_eq(tuff_op_check(&test_log, TUFF_OP_ACTIVATION_FORWARD, &args), TUFF_ERROR_INVALID);
}

Test(op, dropout_refuses_to_drop_everything)
{
    static const float wrong[] = {1, -0.5f, NAN};
    struct tuff_dropout_params params = {.size = sizeof params, .probability = 0.999f};
    struct tuff_tensor x = tensor(TUFF_F32, 2, 3, 4, 1, 1), y = x;
    struct tuff_tensor state = tensor(TUFF_U32, 1, TUFF_STEP_STATE_WORDS, 1, 1, 1);
    struct tuff_op_args args = {
        .size = sizeof(struct tuff_dropout_forward_args), .params = &params, .tensors = {&y, &x, &state}};
    cr_assert_eq(tuff_op_check(&test_log, TUFF_OP_DROPOUT_FORWARD, &args), TUFF_OK, "%s", last_message);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        params.probability = wrong[i];
        cr_assert_eq(tuff_op_check(&test_log, TUFF_OP_DROPOUT_FORWARD, &args), TUFF_ERROR_INVALID);
    }
    params.probability = 0;
    y.dims[0] = x.dims[0] = 65536, y.dims[1] = x.dims[1] = 65536; // 2^32 elements
    cr_assert_eq(tuff_op_check(&test_log, TUFF_OP_DROPOUT_FORWARD, &args), TUFF_ERROR_INVALID);
}

Test(op, concat_refuses_what_does_not_fit)
{
    struct tuff_tensor a = tensor(TUFF_F32, 4, 2, 3, 5, 7), b = tensor(TUFF_F32, 4, 2, 4, 5, 7);
    struct tuff_tensor y = tensor(TUFF_F32, 4, 2, 7, 5, 7);
    struct tuff_op_args args = {.size = sizeof(struct tuff_concat_forward_args), .tensors = {&y, &a, &b}};
    cr_assert_eq(tuff_op_check(&test_log, TUFF_OP_CONCAT_FORWARD, &args), TUFF_OK, "%s", last_message);
    b.dims[2] = 6;
    cr_assert_eq(tuff_op_check(&test_log, TUFF_OP_CONCAT_FORWARD, &args), TUFF_ERROR_INVALID);
    cr_assert_str_eq(last_message,
                     "concat_forward: a has shape (2, 3, 5, 7) and b (2, 4, 6, 7), expected two or "
                     "more dimensions that differ in the second alone");
    b.dims[2] = 5, y.dims[1] = 6;
    cr_assert_eq(tuff_op_check(&test_log, TUFF_OP_CONCAT_FORWARD, &args), TUFF_ERROR_INVALID);
    b.dims[1] = UINT32_MAX, y.dims[1] = 2; // a sum that wraps
    cr_assert_eq(tuff_op_check(&test_log, TUFF_OP_CONCAT_FORWARD, &args), TUFF_ERROR_INVALID);
}

Test(op, avg_pool2d_checks_padding_and_overhang)
{
    // height: (6 + 1 + 1 + 1 - 3) / 2 + 1 = 4, the last window on row 5 and padding; width: (7 - 2) / 2 + 1 =
    // 3
    const struct tuff_avg_pool2d_params good = {sizeof good, 3, 2, 2, 2, 1, 1, 0, 0, 1, 0, 1};
    struct tuff_avg_pool2d_params params = good;
    struct tuff_tensor x = tensor(TUFF_F32, 4, 1, 2, 6, 7), y = tensor(TUFF_F32, 4, 1, 2, 4, 3);
    struct tuff_op_args args = {
        .size = sizeof(struct tuff_avg_pool2d_forward_args), .params = &params, .tensors = {&y, &x}};
    cr_assert_eq(tuff_op_check(&test_log, TUFF_OP_AVG_POOL2D_FORWARD, &args), TUFF_OK, "%s", last_message);
    params.overhang_h = 2;
    cr_assert_eq(tuff_op_check(&test_log, TUFF_OP_AVG_POOL2D_FORWARD, &args), TUFF_ERROR_INVALID);
    cr_assert_str_eq(last_message,
                     "avg_pool2d_forward: overhang 2 in height, expected less than the stride 2");
    params = good, params.pad_left = 2;
    cr_assert_eq(tuff_op_check(&test_log, TUFF_OP_AVG_POOL2D_FORWARD, &args), TUFF_ERROR_INVALID);
    cr_assert_str_eq(last_message, "avg_pool2d_forward: padding is more than half of the kernel 2 in width");
    params = good, params.count_include_pad = 2;
    cr_assert_eq(tuff_op_check(&test_log, TUFF_OP_AVG_POOL2D_FORWARD, &args), TUFF_ERROR_INVALID);
    params = good, params.kernel_h = 2, params.stride_h = 5, params.overhang_h = 4;
    x.dims[2] = 5, y.dims[2] = 2; // the second window begins on row 4
    cr_assert_eq(tuff_op_check(&test_log, TUFF_OP_AVG_POOL2D_FORWARD, &args), TUFF_OK, "%s", last_message);
    x.dims[2] = 4;
    cr_assert_eq(tuff_op_check(&test_log, TUFF_OP_AVG_POOL2D_FORWARD, &args), TUFF_ERROR_INVALID);
    cr_assert_str_eq(last_message, "avg_pool2d_forward: the last window in height lies wholly on padding");
    params = good, params.stride_w = 0;
    cr_assert_eq(tuff_op_check(&test_log, TUFF_OP_AVG_POOL2D_FORWARD, &args), TUFF_ERROR_INVALID);
}

Test(op, a_missing_tensor_is_named)
{
    struct tuff_op_args args = {.size = sizeof(struct tuff_relu_forward_args)};
    cr_assert_eq(tuff_op_check(&test_log, TUFF_OP_RELU_FORWARD, &args), TUFF_ERROR_INVALID);
    cr_assert_str_eq(last_message, "relu_forward: tensor y is missing");
}

Test(op, a_table_of_an_older_plugin_is_shorter)
{
    struct tuff_kernels kernels = {.size = offsetof(struct tuff_kernels, metrics_record)};
    cr_assert_not(tuff_op_has_kernel(&kernels, TUFF_OP_METRICS_RECORD));
    cr_assert_not(tuff_op_has_kernel(&kernels, TUFF_OP_FILL));
    struct tuff_op_args args = {.size = sizeof args};
    cr_assert_eq(tuff_op_call(&kernels, TUFF_OP_FILL, NULL, &args), TUFF_ERROR_UNSUPPORTED);
}

Test(tensor, batch16_storage_counts_whole_blocks)
{
    struct tuff_tensor t = tensor(TUFF_F32, 4, 17, 3, 5, 2);
    cr_assert_eq(tuff_tensor_bytes(&t), 17 * 3 * 5 * 2 * 4);
    t.layout = TUFF_LAYOUT_BATCH16;
    cr_assert_eq(tuff_tensor_bytes(&t), 32 * 3 * 5 * 2 * 4);
    cr_assert_eq(tuff_tensor_elements(&t), 17 * 3 * 5 * 2);
}

Test(op, sgd_has_a_velocity_exactly_with_momentum)
{
    struct tuff_tensor vector = tensor(TUFF_F32, 1, 10, 1, 1, 1), other = tensor(TUFF_F32, 1, 9, 1, 1, 1);
    struct tuff_tensor state = tensor(TUFF_U32, 1, TUFF_STEP_STATE_WORDS, 1, 1, 1);
    const struct {
        struct tuff_sgd_params params;
        const struct tuff_tensor *velocity;
        const char *message; // NULL: it is accepted
    } calls[] = {
        {{sizeof(struct tuff_sgd_params), 0, 0, 0, 0, 0}, NULL, NULL},
        {{sizeof(struct tuff_sgd_params), 1, 0.9, 0.1, 0, 0}, &vector, NULL},
        {{sizeof(struct tuff_sgd_params), 0, 0.9, 0, 0, 0}, NULL, "needs a velocity"},
        {{sizeof(struct tuff_sgd_params), 0, 0, 0, 0, 0}, &vector, "has no use for a velocity"},
        {{sizeof(struct tuff_sgd_params), 1, 0, 0, 0, 0}, NULL, "nesterov needs a momentum"},
        {{sizeof(struct tuff_sgd_params), 2, 0.9, 0, 0, 0}, &vector, "nesterov is 2"},
        {{sizeof(struct tuff_sgd_params), 0, 1, 0, 0, 0}, &vector, "momentum 1 must lie"},
        {{sizeof(struct tuff_sgd_params), 0, 0.9, -1, 0, 0}, &vector, "weight decay -1 must lie"},
        {{sizeof(struct tuff_sgd_params), 0, 0.9, 0, 0, 0}, &other, "velocity has shape (9), expected (10)"},
    };
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        struct tuff_op_args args = {.size = sizeof(struct tuff_sgd_args),
                                    .params = &calls[i].params,
                                    .tensors = {&vector, calls[i].velocity, &vector, &state}};
        last_message[0] = '\0';
        enum tuff_status status = tuff_op_check(&test_log, TUFF_OP_SGD, &args);
        if (calls[i].message == NULL) {
            cr_assert_eq(status, TUFF_OK, "%s", last_message);
        } else {
            cr_assert_eq(status, TUFF_ERROR_INVALID);
            cr_assert_not_null(strstr(last_message, calls[i].message), "%s", last_message);
        }
    }
}

Test(op, gradient_clip_needs_a_positive_finite_bound)
{
    struct tuff_tensor gradients = tensor(TUFF_F32, 1, 10, 1, 1, 1), norm = tensor(TUFF_F32, 1, 1, 1, 1, 1);
    const float bounds[] = {0.5f, 0, -1, INFINITY, NAN};
    for (int i = 0; i < 5; i++) {
        const struct tuff_gradient_clip_params params = {sizeof params, bounds[i]};
        struct tuff_op_args args = {.size = sizeof(struct tuff_gradient_clip_args),
                                    .params = &params,
                                    .tensors = {&gradients, &norm}};
        cr_assert_eq(tuff_op_check(&test_log, TUFF_OP_GRADIENT_CLIP, &args),
                     i == 0 ? TUFF_OK : TUFF_ERROR_INVALID, "max_norm %g", (double)bounds[i]);
    }
}

Test(op, label_smoothing_lies_between_0_and_1)
{
    struct tuff_tensor loss = tensor(TUFF_F32, 1, 4, 1, 1, 1), correct = tensor(TUFF_U32, 1, 4, 1, 1, 1);
    struct tuff_tensor logits = tensor(TUFF_F32, 2, 4, 3, 1, 1), labels = tensor(TUFF_U32, 1, 4, 1, 1, 1);
    struct tuff_tensor state = tensor(TUFF_U32, 1, TUFF_STEP_STATE_WORDS, 1, 1, 1);
    const float smoothings[] = {0, 1, -0.5f, 1.5f, NAN};
    for (int i = 0; i < 5; i++) {
        const struct tuff_softmax_cross_entropy_params params = {sizeof params, smoothings[i]};
        struct tuff_op_args forward = {.size = sizeof(struct tuff_softmax_cross_entropy_forward_args),
                                       .params = &params,
                                       .tensors = {&loss, &correct, &logits, &labels, &state}};
        struct tuff_op_args backward = {.size = sizeof(struct tuff_softmax_cross_entropy_backward_args),
                                        .params = &params,
                                        .tensors = {&logits, &logits, &labels, &state}};
        enum tuff_status expected = i < 2 ? TUFF_OK : TUFF_ERROR_INVALID;
        cr_assert_eq(tuff_op_check(&test_log, TUFF_OP_SOFTMAX_CROSS_ENTROPY_FORWARD, &forward), expected);
        cr_assert_eq(tuff_op_check(&test_log, TUFF_OP_SOFTMAX_CROSS_ENTROPY_BACKWARD, &backward), expected);
    }
}

struct augmented {
    struct tuff_gather_augmented_images_params params;
    struct tuff_tensor x, images, index, state;
};

static struct augmented good_augmented(void)
{
    return (struct augmented){
        .params = {.size = sizeof(struct tuff_gather_augmented_images_params),
                   .flip = TUFF_FLIP_ALWAYS,
                   .crop_mode = TUFF_PADDING_REFLECT,
                   .crop_y = 10,
                   .crop_x = 4,
                   .translate_y = 10,
                   .translate_x = 4,
                   .cutout = 11},
        .x = tensor(TUFF_F32, 4, 16, 3, 11, 5),
        .images = tensor(TUFF_U8, 4, 90, 3, 11, 5),
        .index = tensor(TUFF_U32, 1, 40, 1, 1, 1),
        .state = tensor(TUFF_U32, 1, TUFF_STEP_STATE_WORDS, 1, 1, 1),
    };
}

static enum tuff_status check_augmented(const struct augmented *a)
{
    struct tuff_op_args args = {.size = sizeof(struct tuff_gather_augmented_images_args),
                                .params = &a->params,
                                .tensors = {&a->x, &a->images, &a->index, &a->state}};
    last_message[0] = '\0';
    return tuff_op_check(&test_log, TUFF_OP_GATHER_AUGMENTED_IMAGES, &args);
}

Test(op, augmentation_reaches_no_further_than_the_picture)
{
    struct augmented a = good_augmented();
    cr_assert_eq(check_augmented(&a), TUFF_OK, "%s", last_message);
    a.params.crop_y = 11;
    cr_assert_eq(check_augmented(&a), TUFF_ERROR_INVALID);
    cr_assert_str_eq(last_message,
                     "gather_augmented_images: a crop by up to 11 rows and 4 columns of images of "
                     "11x5, expected at most 10 and 4");
    a = good_augmented(), a.params.crop_x = 5;
    cr_assert_eq(check_augmented(&a), TUFF_ERROR_INVALID);
    a = good_augmented(), a.params.translate_x = UINT32_MAX;
    cr_assert_eq(check_augmented(&a), TUFF_ERROR_INVALID);
    cr_assert_not_null(strstr(last_message, "a translation by up to 10 rows and 4294967295 columns"));
    a = good_augmented(), a.params.translate_y = 11;
    cr_assert_eq(check_augmented(&a), TUFF_ERROR_INVALID);
    a = good_augmented(), a.params.cutout = 12;
    cr_assert_eq(check_augmented(&a), TUFF_ERROR_INVALID);
    cr_assert_str_eq(last_message,
                     "gather_augmented_images: a cutout with a side of 12 of images of 11x5, expected "
                     "at most 11");
}

Test(op, augmentation_refuses_what_does_not_fit)
{
    struct augmented a = good_augmented();
    a.params.flip = TUFF_FLIP_ALWAYS + 1;
    cr_assert_eq(check_augmented(&a), TUFF_ERROR_INVALID);
    a = good_augmented(), a.params.crop_mode = TUFF_PADDING_CIRCULAR;
    cr_assert_eq(check_augmented(&a), TUFF_ERROR_INVALID);
    cr_assert_str_eq(last_message,
                     "gather_augmented_images: crop mode 3, expected zeros, reflect or replicate");
    a = good_augmented(), a.x.dims[1] = a.images.dims[1] = TUFF_MAX_IMAGE_CHANNELS + 1;
    cr_assert_eq(check_augmented(&a), TUFF_ERROR_INVALID);
    a = good_augmented(), a.images.dims[3] = 6;
    cr_assert_eq(check_augmented(&a), TUFF_ERROR_INVALID);
    a = good_augmented(), a.state.dims[0] = 8;
    cr_assert_eq(check_augmented(&a), TUFF_ERROR_INVALID);
    a = good_augmented(), a.x.dims[3] = a.images.dims[3] = TUFF_MAX_AUGMENTED_SIDE + 1;
    cr_assert_eq(check_augmented(&a), TUFF_ERROR_INVALID);
}
