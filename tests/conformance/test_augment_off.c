// With nothing to change, gather_augmented_images gives gather_images' bits: on backend TUFF_BACKEND, in
// row-major order and in the layout that the backend asks for.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "draw.h"
#include "rig.h"

static void write_log(void *user, enum tuff_log_level level, const char *message)
{
    (void)user, (void)level;
    fprintf(stderr, "%s\n", message);
}

static const struct tuff_log test_log = {.write = write_log, .level = TUFF_LOG_WARNING};

enum { N = 37, VALID = 35, SET = 50, BEGIN = 4 };

// Scales and shifts whose products and sums are rounded.
static const float scale[4] = {1 / 255.0f, 0.0171f, -0.03f, 0.013f}, shift[4] = {-0.4242f, 1.7f, 0.1f, -2.3f};

struct size {
    uint32_t channels, height, width;
};

// The batch of `op` on `target`, of malloc.
static float *gathered(struct tuff_target *target, enum tuff_op op, const void *params,
                       enum tuff_layout layout, const struct size *size)
{
    const struct tuff_step_state state = {.cursor = 1, .row = {.step = 3, .begin = BEGIN, .valid = VALID}};
    const uint32_t x_dims[4] = {N, size->channels, size->height, size->width};
    const uint32_t set_dims[4] = {SET, size->channels, size->height, size->width};
    struct case_setup setup;
    struct rig rig;
    case_setup_init(&setup, &test_log, op, layout, 0);
    cr_assert_eq(case_setup_params(&setup, params, setup.info->params_size), TUFF_OK);
    case_setup_tensor(&setup, 0, TUFF_F32, 4, x_dims, CASE_PADDING_ZERO);
    case_setup_tensor(&setup, 1, TUFF_U8, 4, set_dims, CASE_PADDING_FINITE);
    case_setup_tensor(&setup, 2, TUFF_U32, 1, (uint32_t[]){BEGIN + VALID}, CASE_PADDING_FINITE);
    case_setup_tensor(&setup, 3, TUFF_U32, 1, (uint32_t[]){TUFF_STEP_STATE_WORDS}, CASE_PADDING_FINITE);
    cr_assert_eq(case_setup_allocate(&setup), TUFF_OK);
    draw_bytes(1, DRAW_DATA, setup.tensors[1].values, case_stored(&setup, 1));
    draw_below(1, DRAW_DATA + 1, SET, case_words(&setup, 2), BEGIN + VALID);
    memcpy(setup.tensors[3].values, &state, sizeof state);
    float *x = calloc(case_stored(&setup, 0), sizeof *x);
    cr_assert_not_null(x);
    cr_assert_eq(rig_create(target, &setup, RIG_AS_IS, &rig), TUFF_OK, "%s", rig.message);
    cr_assert_eq(rig_run(&rig, RIG_RUN_NOW, 0x7fc0dead), TUFF_OK, "%s", rig.message);
    cr_assert_eq(rig_verify(&rig), TUFF_OK, "%s", rig.message);
    rig_output(&rig, 0, x);
    rig_destroy(&rig);
    case_setup_clear(&setup);
    return x;
}

static void compare(struct tuff_target *target, enum tuff_layout layout, const struct size *size)
{
    struct tuff_gather_images_params params = {.size = sizeof params};
    struct tuff_gather_augmented_images_params off = {
        .size = sizeof off, .seed_low = 42, .crop_mode = TUFF_PADDING_REFLECT};
    memcpy(params.scale, scale, sizeof scale);
    memcpy(params.shift, shift, sizeof shift);
    memcpy(off.scale, scale, sizeof scale);
    memcpy(off.shift, shift, sizeof shift);
    float *expected = gathered(target, TUFF_OP_GATHER_IMAGES, &params, layout, size);
    float *found = gathered(target, TUFF_OP_GATHER_AUGMENTED_IMAGES, &off, layout, size);
    cr_assert_arr_eq(found, expected, (size_t)N * size->channels * size->height * size->width * sizeof(float),
                     "%ux%ux%u in layout %d", size->channels, size->height, size->width, (int)layout);
    free(expected);
    free(found);
}

Test(augment_off, is_gather_images)
{
    static const struct size sizes[] = {{1, 28, 28}, {3, 32, 32}, {4, 5, 7}, {2, 9, 37}};
    const char *backend = getenv("TUFF_BACKEND");
    cr_assert(backend != NULL && backend[0] != '\0', "TUFF_BACKEND names no backend");
    const struct tuff_context_options options = {.size = sizeof options, .log = test_log};
    struct tuff_context *context;
    struct tuff_target *target;
    cr_assert_eq(tuff_context_create(&options, &context), TUFF_OK);
    cr_assert_eq(tuff_target_open(context, backend, NULL, NULL, &target), TUFF_OK);
    const enum tuff_layout native = tuff_target_activation_layout(target, N);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        compare(target, TUFF_LAYOUT_ROW_MAJOR, &sizes[i]);
        if (native != TUFF_LAYOUT_ROW_MAJOR)
            compare(target, native, &sizes[i]);
    }
    tuff_target_close(&target);
    tuff_context_destroy(&context);
}
