// The step state and the step's figures: see tuff/op/step.h.
#include "check.h"

_Static_assert(sizeof(struct tuff_step_row) == TUFF_STEP_ROW_WORDS * 4, "a row is whole words");
_Static_assert(sizeof(struct tuff_step_state) == TUFF_STEP_STATE_WORDS * 4, "the state is whole words");

static const uint32_t STATE_DIMS[1] = {TUFF_STEP_STATE_WORDS};

static enum tuff_status check_advance(const struct tuff_log *log, const void *params,
                                      const struct tuff_tensor *const tensors[])
{
    (void)params;
    enum tuff_status status = tuff_check_shape(log, "step_advance", "state", tensors[0], 1, STATE_DIMS);
    if (status == TUFF_OK)
        status = tuff_check_shape(log, "step_advance", "rows", tensors[1], 2,
                                  (uint32_t[]){tensors[1]->dims[0], TUFF_STEP_ROW_WORDS});
    return status;
}

static void work_of_advance(const void *params, const struct tuff_tensor *const tensors[],
                            struct tuff_work *work)
{
    (void)params, (void)tensors;
    work->bytes = 4 * (2 * TUFF_STEP_STATE_WORDS + TUFF_STEP_ROW_WORDS);
}

const struct tuff_op_info tuff_op_info_step_advance = {
    .name = "step_advance",
    .tensor_count = 2,
    .roles = {{.name = "state", .access = TUFF_ACCESS_INOUT, .dtype = TUFF_U32, .rank = 1},
              {.name = "rows", .access = TUFF_ACCESS_IN, .dtype = TUFF_U32, .rank = 2}},
    .check = check_advance,
    .work = work_of_advance,
};

static enum tuff_status check_record(const struct tuff_log *log, const void *params,
                                     const struct tuff_tensor *const tensors[])
{
    (void)params;
    enum tuff_status status = tuff_check_shape(log, "metrics_record", "metrics", tensors[0], 2,
                                               (uint32_t[]){tensors[0]->dims[0], 2});
    if (status == TUFF_OK)
        status = tuff_check_shape(log, "metrics_record", "correct", tensors[2], 1, tensors[1]->dims);
    if (status == TUFF_OK)
        status = tuff_check_shape(log, "metrics_record", "state", tensors[3], 1, STATE_DIMS);
    return status;
}

static void work_of_record(const void *params, const struct tuff_tensor *const tensors[],
                           struct tuff_work *work)
{
    (void)params;
    const double samples = tensors[1]->dims[0];
    work->flops = 2 * samples;
    work->bytes = 8 * samples + 4 * TUFF_STEP_STATE_WORDS + 8;
}

const struct tuff_op_info tuff_op_info_metrics_record = {
    .name = "metrics_record",
    .tensor_count = 4,
    .roles = {{.name = "metrics", .access = TUFF_ACCESS_INOUT, .dtype = TUFF_U32, .rank = 2},
              {.name = "loss", .access = TUFF_ACCESS_IN, .dtype = TUFF_F32, .rank = 1},
              {.name = "correct", .access = TUFF_ACCESS_IN, .dtype = TUFF_U32, .rank = 1},
              {.name = "state", .access = TUFF_ACCESS_IN, .dtype = TUFF_U32, .rank = 1}},
    .check = check_record,
    .work = work_of_record,
};
