// Optimizers: see tuff/op/optimizer.h.
#include <math.h>

#include "check.h"

static enum tuff_status check_adam(const struct tuff_log *log, const void *params,
                                   const struct tuff_tensor *const tensors[])
{
    const struct tuff_adam_params *p = params;
    if (!(p->beta1 >= 0 && p->beta1 < 1 && p->beta2 >= 0 && p->beta2 < 1))
        return tuff_fail(log, TUFF_ERROR_INVALID, "adam: beta1 %g and beta2 %g must lie in [0, 1)", p->beta1,
                         p->beta2);
    if (!(isfinite(p->epsilon) && p->epsilon > 0))
        return tuff_fail(log, TUFF_ERROR_INVALID, "adam: epsilon %g must be above 0", p->epsilon);
    if (!(p->weight_decay >= 0 && p->weight_decay < 1))
        return tuff_fail(log, TUFF_ERROR_INVALID, "adam: weight decay %g must lie in [0, 1)",
                         p->weight_decay);
    if (!(p->rate_factor >= 0 && isfinite(p->rate_factor)))
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "adam: the learning rate's factor, %g, must be finite and not negative",
                         (double)p->rate_factor);
    if (p->decoupled > 1)
        return tuff_fail(log, TUFF_ERROR_INVALID, "adam: decoupled is %u, expected 0 or 1", p->decoupled);
    const uint32_t *count = tensors[0]->dims;
    enum tuff_status status =
        tuff_check_shape(log, "adam", "moments", tensors[1], 2, (uint32_t[]){2, *count});
    if (status == TUFF_OK)
        status = tuff_check_shape(log, "adam", "gradients", tensors[2], 1, count);
    if (status == TUFF_OK)
        status = tuff_check_shape(log, "adam", "state", tensors[3], 1, (uint32_t[]){TUFF_STEP_STATE_WORDS});
    return status;
}

static void work_of_adam(const void *params, const struct tuff_tensor *const tensors[],
                         struct tuff_work *work)
{
    const struct tuff_adam_params *p = params;
    work->flops = tuff_elements(tensors[0]) * (p->weight_decay > 0 ? 15 : 13);
}

const struct tuff_op_info tuff_op_info_adam = {
    .name = "adam",
    .params_size = sizeof(struct tuff_adam_params),
    .tensor_count = 4,
    .roles = {{.name = "parameters", .access = TUFF_ACCESS_INOUT, .dtype = TUFF_F32, .rank = 1},
              {.name = "moments", .access = TUFF_ACCESS_INOUT, .dtype = TUFF_F32, .rank = 2},
              {.name = "gradients", .access = TUFF_ACCESS_IN, .dtype = TUFF_F32, .rank = 1},
              {.name = "state", .access = TUFF_ACCESS_IN, .dtype = TUFF_U32, .rank = 1}},
    .check = check_adam,
    .work = work_of_adam,
};

static enum tuff_status check_sgd(const struct tuff_log *log, const void *params,
                                  const struct tuff_tensor *const tensors[])
{
    const struct tuff_sgd_params *p = params;
    if (!(p->momentum >= 0 && p->momentum < 1))
        return tuff_fail(log, TUFF_ERROR_INVALID, "sgd: momentum %g must lie in [0, 1)", p->momentum);
    if (!(p->weight_decay >= 0 && p->weight_decay < 1))
        return tuff_fail(log, TUFF_ERROR_INVALID, "sgd: weight decay %g must lie in [0, 1)", p->weight_decay);
    if (!(p->rate_factor >= 0 && isfinite(p->rate_factor)))
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "sgd: the learning rate's factor, %g, must be finite and not negative",
                         (double)p->rate_factor);
    if (p->nesterov > 1)
        return tuff_fail(log, TUFF_ERROR_INVALID, "sgd: nesterov is %u, expected 0 or 1", p->nesterov);
    if (p->nesterov == 1 && p->momentum <= 0)
        return tuff_fail(log, TUFF_ERROR_INVALID, "sgd: nesterov needs a momentum above 0");
    if ((p->momentum > 0) != (tensors[1] != NULL))
        return tuff_fail(log, TUFF_ERROR_INVALID, "sgd: momentum %g %s a velocity, but there is %s",
                         p->momentum, p->momentum > 0 ? "needs" : "has no use for",
                         tensors[1] != NULL ? "one" : "none");
    const uint32_t *count = tensors[0]->dims;
    enum tuff_status status = TUFF_OK;
    if (tensors[1] != NULL)
        status = tuff_check_shape(log, "sgd", "velocity", tensors[1], 1, count);
    if (status == TUFF_OK)
        status = tuff_check_shape(log, "sgd", "gradients", tensors[2], 1, count);
    if (status == TUFF_OK)
        status = tuff_check_shape(log, "sgd", "state", tensors[3], 1, (uint32_t[]){TUFF_STEP_STATE_WORDS});
    return status;
}

static void work_of_sgd(const void *params, const struct tuff_tensor *const tensors[], struct tuff_work *work)
{
    const struct tuff_sgd_params *p = params;
    work->flops = tuff_elements(tensors[0]) * (2 + (p->momentum > 0 ? 2 : 0) + (p->nesterov != 0 ? 2 : 0) +
                                               (p->weight_decay > 0 ? 2 : 0));
}

const struct tuff_op_info tuff_op_info_sgd = {
    .name = "sgd",
    .params_size = sizeof(struct tuff_sgd_params),
    .tensor_count = 4,
    .roles =
        {{.name = "parameters", .access = TUFF_ACCESS_INOUT, .dtype = TUFF_F32, .rank = 1},
         {.name = "velocity", .access = TUFF_ACCESS_INOUT, .dtype = TUFF_F32, .rank = 1, .optional = true},
         {.name = "gradients", .access = TUFF_ACCESS_IN, .dtype = TUFF_F32, .rank = 1},
         {.name = "state", .access = TUFF_ACCESS_IN, .dtype = TUFF_U32, .rank = 1}},
    .check = check_sgd,
    .work = work_of_sgd,
};

static enum tuff_status infer_norm(const struct tuff_log *log, const void *params,
                                   struct tuff_tensor *const tensors[])
{
    (void)log, (void)params;
    tensors[0]->rank = 1;
    tensors[0]->dims[0] = 1;
    return TUFF_OK;
}

static enum tuff_status check_norm(const struct tuff_log *log, const void *params,
                                   const struct tuff_tensor *const tensors[])
{
    (void)params;
    return tuff_check_shape(log, "gradient_norm", "norm", tensors[0], 1, (uint32_t[]){1});
}

static void work_of_norm(const void *params, const struct tuff_tensor *const tensors[],
                         struct tuff_work *work)
{
    (void)params;
    work->flops = 2 * tuff_elements(tensors[1]);
}

const struct tuff_op_info tuff_op_info_gradient_norm = {
    .name = "gradient_norm",
    .tensor_count = 2,
    .roles = {{.name = "norm", .access = TUFF_ACCESS_OUT, .dtype = TUFF_F32, .rank = 1},
              {.name = "gradients", .access = TUFF_ACCESS_IN, .dtype = TUFF_F32, .rank = 1}},
    .infer = infer_norm,
    .check = check_norm,
    .work = work_of_norm,
};

static enum tuff_status check_clip(const struct tuff_log *log, const void *params,
                                   const struct tuff_tensor *const tensors[])
{
    const struct tuff_gradient_clip_params *p = params;
    if (!(isfinite(p->max_norm) && p->max_norm > 0))
        return tuff_fail(log, TUFF_ERROR_INVALID, "gradient_clip: max_norm %g must be above 0 and finite",
                         (double)p->max_norm);
    return tuff_check_shape(log, "gradient_clip", "norm", tensors[1], 1, (uint32_t[]){1});
}

static void work_of_clip(const void *params, const struct tuff_tensor *const tensors[],
                         struct tuff_work *work)
{
    (void)params;
    work->flops = tuff_elements(tensors[0]);
}

const struct tuff_op_info tuff_op_info_gradient_clip = {
    .name = "gradient_clip",
    .params_size = sizeof(struct tuff_gradient_clip_params),
    .tensor_count = 2,
    .roles = {{.name = "gradients", .access = TUFF_ACCESS_INOUT, .dtype = TUFF_F32, .rank = 1},
              {.name = "norm", .access = TUFF_ACCESS_IN, .dtype = TUFF_F32, .rank = 1}},
    .check = check_clip,
    .work = work_of_clip,
};

static enum tuff_status check_average(const struct tuff_log *log, const void *params,
                                      const struct tuff_tensor *const tensors[])
{
    (void)params;
    enum tuff_status status =
        tuff_check_shape(log, "moving_average", "parameters", tensors[1], 1, tensors[0]->dims);
    if (status == TUFF_OK)
        status = tuff_check_shape(log, "moving_average", "state", tensors[2], 1,
                                  (uint32_t[]){TUFF_STEP_STATE_WORDS});
    return status;
}

static void work_of_average(const void *params, const struct tuff_tensor *const tensors[],
                            struct tuff_work *work)
{
    (void)params;
    work->flops = 3 * tuff_elements(tensors[0]);
}

const struct tuff_op_info tuff_op_info_moving_average = {
    .name = "moving_average",
    .tensor_count = 3,
    .roles = {{.name = "average", .access = TUFF_ACCESS_INOUT, .dtype = TUFF_F32, .rank = 1},
              {.name = "parameters", .access = TUFF_ACCESS_IN, .dtype = TUFF_F32, .rank = 1},
              {.name = "state", .access = TUFF_ACCESS_IN, .dtype = TUFF_U32, .rank = 1}},
    .check = check_average,
    .work = work_of_average,
};

static enum tuff_status check_accumulate(const struct tuff_log *log, const void *params,
                                         const struct tuff_tensor *const tensors[])
{
    const struct tuff_gradient_accumulate_params *p = params;
    if (p->batch == 0 || p->samples == 0)
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "gradient_accumulate: a batch of %u of %u samples, expected at least 1 of each",
                         p->batch, p->samples);
    enum tuff_status status =
        tuff_check_shape(log, "gradient_accumulate", "gradients", tensors[1], 1, tensors[0]->dims);
    if (status == TUFF_OK)
        status = tuff_check_shape(log, "gradient_accumulate", "state", tensors[2], 1,
                                  (uint32_t[]){TUFF_STEP_STATE_WORDS});
    return status;
}

static void work_of_accumulate(const void *params, const struct tuff_tensor *const tensors[],
                               struct tuff_work *work)
{
    (void)params;
    work->flops = 2 * tuff_elements(tensors[0]);
}

const struct tuff_op_info tuff_op_info_gradient_accumulate = {
    .name = "gradient_accumulate",
    .params_size = sizeof(struct tuff_gradient_accumulate_params),
    .tensor_count = 3,
    .roles = {{.name = "sum", .access = TUFF_ACCESS_INOUT, .dtype = TUFF_F32, .rank = 1},
              {.name = "gradients", .access = TUFF_ACCESS_IN, .dtype = TUFF_F32, .rank = 1},
              {.name = "state", .access = TUFF_ACCESS_IN, .dtype = TUFF_U32, .rank = 1}},
    .check = check_accumulate,
    .work = work_of_accumulate,
};
