// Picking a batch from a data set: see tuff/op/gather.h.
#include "check.h"

static enum tuff_status check_images(const struct tuff_log *log, const void *params,
                                     const struct tuff_tensor *const tensors[])
{
    (void)params;
    const struct tuff_tensor *x = tensors[0], *images = tensors[1];
    if (x->dims[1] > TUFF_MAX_IMAGE_CHANNELS)
        return tuff_fail(log, TUFF_ERROR_INVALID, "gather_images: %u channels, expected at most %d",
                         x->dims[1], TUFF_MAX_IMAGE_CHANNELS);
    uint32_t dims[4] = {images->dims[0], x->dims[1], x->dims[2], x->dims[3]};
    enum tuff_status status = tuff_check_shape(log, "gather_images", "images", images, 4, dims);
    if (status == TUFF_OK)
        status = tuff_check_shape(log, "gather_images", "state", tensors[3], 1,
                                  (uint32_t[]){TUFF_STEP_STATE_WORDS});
    return status;
}

static void work_of_images(const void *params, const struct tuff_tensor *const tensors[],
                           struct tuff_work *work)
{
    (void)params;
    const struct tuff_tensor *x = tensors[0];
    work->flops = 2 * tuff_elements(x);
    work->bytes =
        tuff_elements(x) * (tuff_dtype_bytes(x->dtype) + 1) + 4.0 * x->dims[0] + 4 * TUFF_STEP_STATE_WORDS;
}

const struct tuff_op_info tuff_op_info_gather_images = {
    .name = "gather_images",
    .params_size = sizeof(struct tuff_gather_images_params),
    .tensor_count = 4,
    .roles = {{.name = "x", .access = TUFF_ACCESS_OUT, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true},
              {.name = "images", .access = TUFF_ACCESS_IN, .dtype = TUFF_U8, .rank = 4, .any_size = true},
              {.name = "index", .access = TUFF_ACCESS_IN, .dtype = TUFF_U32, .rank = 1},
              {.name = "state", .access = TUFF_ACCESS_IN, .dtype = TUFF_U32, .rank = 1}},
    .check = check_images,
    .work = work_of_images,
};

static enum tuff_status check_labels(const struct tuff_log *log, const void *params,
                                     const struct tuff_tensor *const tensors[])
{
    (void)params;
    return tuff_check_shape(log, "gather_labels", "state", tensors[3], 1,
                            (uint32_t[]){TUFF_STEP_STATE_WORDS});
}

static void work_of_labels(const void *params, const struct tuff_tensor *const tensors[],
                           struct tuff_work *work)
{
    (void)params;
    work->bytes = 12.0 * tensors[0]->dims[0] + 4 * TUFF_STEP_STATE_WORDS;
}

const struct tuff_op_info tuff_op_info_gather_labels = {
    .name = "gather_labels",
    .tensor_count = 4,
    .roles = {{.name = "labels", .access = TUFF_ACCESS_OUT, .dtype = TUFF_U32, .rank = 1},
              {.name = "set_labels", .access = TUFF_ACCESS_IN, .dtype = TUFF_U32, .rank = 1},
              {.name = "index", .access = TUFF_ACCESS_IN, .dtype = TUFF_U32, .rank = 1},
              {.name = "state", .access = TUFF_ACCESS_IN, .dtype = TUFF_U32, .rank = 1}},
    .check = check_labels,
    .work = work_of_labels,
};
