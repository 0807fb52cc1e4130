// Loss scaling: see tuff/op/loss_scale.h.
#include "check.h"

static const uint32_t STATE_DIMS[1] = {TUFF_STEP_STATE_WORDS};

static enum tuff_status check_update(const struct tuff_log *log, const void *params,
                                     const struct tuff_tensor *const tensors[])
{
    const struct tuff_loss_scale_update_params *p = params;
    if (p->interval == 0)
        return tuff_fail(log, TUFF_ERROR_INVALID, "loss_scale_update: an interval of 0 steps");
    enum tuff_status status = tuff_check_shape(log, "loss_scale_update", "state", tensors[0], 1, STATE_DIMS);
    return status == TUFF_OK
               ? tuff_check_shape(log, "loss_scale_update", "norm", tensors[1], 1, (uint32_t[]){1})
               : status;
}

const struct tuff_op_info tuff_op_info_loss_scale_update = {
    .name = "loss_scale_update",
    .params_size = sizeof(struct tuff_loss_scale_update_params),
    .tensor_count = 2,
    .roles = {{.name = "state", .access = TUFF_ACCESS_INOUT, .dtype = TUFF_U32, .rank = 1},
              {.name = "norm", .access = TUFF_ACCESS_INOUT, .dtype = TUFF_F32, .rank = 1}},
    .for_f16 = true,
    .check = check_update,
};

static enum tuff_status check_unscale(const struct tuff_log *log, const void *params,
                                      const struct tuff_tensor *const tensors[])
{
    (void)params;
    return tuff_check_shape(log, "gradient_unscale", "state", tensors[1], 1, STATE_DIMS);
}

static void work_of_unscale(const void *params, const struct tuff_tensor *const tensors[],
                            struct tuff_work *work)
{
    (void)params;
    work->flops = tuff_elements(tensors[0]);
}

const struct tuff_op_info tuff_op_info_gradient_unscale = {
    .name = "gradient_unscale",
    .tensor_count = 2,
    .roles = {{.name = "gradients", .access = TUFF_ACCESS_INOUT, .dtype = TUFF_F32, .rank = 1},
              {.name = "state", .access = TUFF_ACCESS_IN, .dtype = TUFF_U32, .rank = 1}},
    .for_f16 = true,
    .check = check_unscale,
    .work = work_of_unscale,
};
