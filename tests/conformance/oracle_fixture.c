#include "oracle_fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "draw.h"
#include "rig.h"

struct tuff_target *oracle_target;
static struct tuff_context *context;

static void write_log(void *user, enum tuff_log_level level, const char *message)
{
    (void)user;
    (void)level;
    fprintf(stderr, "%s\n", message);
}

static const struct tuff_log test_log = {.write = write_log, .level = TUFF_LOG_WARNING};

void oracle_open(void)
{
    const struct tuff_context_options options = {.size = sizeof options, .log = test_log};
    cr_assert_eq(tuff_context_create(&options, &context), TUFF_OK);
    cr_assert_eq(tuff_target_open(context, "reference", NULL, NULL, &oracle_target), TUFF_OK);
}

void oracle_close(void)
{
    tuff_target_close(&oracle_target);
    tuff_context_destroy(&context);
}

void oracle_begin(struct case_setup *call, enum tuff_op op, const void *params)
{
    case_setup_init(call, &test_log, op, TUFF_LAYOUT_ROW_MAJOR, 0);
    if (params != NULL)
        cr_assert_eq(case_setup_params(call, params, call->info->params_size), TUFF_OK);
}

void oracle_shape(struct case_setup *call, uint32_t index, const uint32_t dims[TUFF_MAX_RANK])
{
    uint32_t rank = 0;
    while (rank < TUFF_MAX_RANK && dims[rank] != 0)
        rank++;
    case_setup_tensor(call, index, tuff_role_plain_dtype(&call->info->roles[index]), rank, dims,
                      CASE_PADDING_FINITE);
}

void oracle_allocate(struct case_setup *call)
{
    cr_assert_eq(case_setup_allocate(call), TUFF_OK);
}

void oracle_set(struct case_setup *call, uint32_t index, const void *values)
{
    memcpy(call->tensors[index].values, values, tuff_tensor_bytes(&call->tensors[index].shape));
}

void oracle_run(const struct case_setup *call, void *outputs[TUFF_OP_MAX_TENSORS])
{
    memset(outputs, 0, TUFF_OP_MAX_TENSORS * sizeof *outputs);
    cr_assert_eq(rig_oracle(oracle_target, call, false, false, outputs), TUFF_OK);
}

void oracle_free(void *outputs[TUFF_OP_MAX_TENSORS])
{
    for (uint32_t i = 0; i < TUFF_OP_MAX_TENSORS; i++)
        free(outputs[i]);
}

void oracle_fill_eighths(struct case_setup *call, uint32_t index, uint32_t stream)
{
    float *values = case_floats(call, index);
    uint64_t count = case_stored(call, index);
    uint32_t *words = case_words(call, index);
    draw_below(1, DRAW_DATA + stream, 16, words, count);
    for (uint64_t i = 0; i < count; i++) {
        int eighths = (int)words[i] - 8;
        values[i] = (float)(eighths >= 0 ? eighths + 1 : eighths) / 8;
    }
}

static double loss_beside(struct case_setup *forward, float *x, float step, const float *weights)
{
    void *outputs[TUFF_OP_MAX_TENSORS];
    const float before = *x;
    double loss = 0;
    *x = before + step;
    oracle_run(forward, outputs);
    *x = before;
    const float *y = outputs[0];
    for (uint64_t i = 0; i < case_stored(forward, 0); i++)
        loss += (double)weights[i] * (double)y[i];
    oracle_free(outputs);
    return loss;
}

double oracle_slope(struct case_setup *forward, uint32_t input, uint64_t element, float h,
                    const float *weights)
{
    float *x = &case_floats(forward, input)[element];
    double near = (loss_beside(forward, x, h, weights) - loss_beside(forward, x, -h, weights)) / 2;
    double far = (loss_beside(forward, x, 2 * h, weights) - loss_beside(forward, x, -2 * h, weights)) / 4;
    return (4 * near - far) / 3 / (double)h;
}
