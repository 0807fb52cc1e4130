// Picking a batch with random changes to its pictures: see tuff/op/augment.h.
#include "check.h"

static const char NAME[] = "gather_augmented_images";

// What reaches beyond the whole picture leaves nothing of it.
static enum tuff_status check_reach(const struct tuff_log *log, const char *what, uint32_t y, uint32_t x,
                                    const uint32_t dims[4])
{
    if (y < dims[2] && x < dims[3])
        return TUFF_OK;
    return tuff_fail(log, TUFF_ERROR_INVALID,
                     "%s: %s by up to %u rows and %u columns of images of %ux%u, expected at most %u and %u",
                     NAME, what, y, x, dims[2], dims[3], dims[2] - 1, dims[3] - 1);
}

static enum tuff_status check_params(const struct tuff_log *log,
                                     const struct tuff_gather_augmented_images_params *p,
                                     const uint32_t dims[4])
{
    if (p->flip > TUFF_FLIP_ALWAYS)
        return tuff_fail(log, TUFF_ERROR_INVALID, "%s: flip is %u, expected at most %d, which is always",
                         NAME, p->flip, TUFF_FLIP_ALWAYS);
    if (p->crop_mode != TUFF_PADDING_ZEROS && p->crop_mode != TUFF_PADDING_REFLECT &&
        p->crop_mode != TUFF_PADDING_REPLICATE)
        return tuff_fail(log, TUFF_ERROR_INVALID, "%s: crop mode %u, expected zeros, reflect or replicate",
                         NAME, p->crop_mode);
    enum tuff_status status = check_reach(log, "a crop", p->crop_y, p->crop_x, dims);
    if (status == TUFF_OK)
        status = check_reach(log, "a translation", p->translate_y, p->translate_x, dims);
    const uint32_t longer = dims[2] > dims[3] ? dims[2] : dims[3];
    if (status == TUFF_OK && p->cutout > longer)
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "%s: a cutout with a side of %u of images of %ux%u, expected at most %u", NAME,
                         p->cutout, dims[2], dims[3], longer);
    return status;
}

static enum tuff_status check(const struct tuff_log *log, const void *params,
                              const struct tuff_tensor *const tensors[])
{
    const struct tuff_tensor *x = tensors[0], *images = tensors[1];
    if (x->dims[1] > TUFF_MAX_IMAGE_CHANNELS)
        return tuff_fail(log, TUFF_ERROR_INVALID, "%s: %u channels, expected at most %d", NAME, x->dims[1],
                         TUFF_MAX_IMAGE_CHANNELS);
    if (x->dims[2] > TUFF_MAX_AUGMENTED_SIDE || x->dims[3] > TUFF_MAX_AUGMENTED_SIDE)
        return tuff_fail(log, TUFF_ERROR_INVALID, "%s: images of %ux%u, expected at most %d rows and columns",
                         NAME, x->dims[2], x->dims[3], TUFF_MAX_AUGMENTED_SIDE);
    enum tuff_status status = tuff_check_shape(
        log, NAME, "images", images, 4, (uint32_t[]){images->dims[0], x->dims[1], x->dims[2], x->dims[3]});
    if (status == TUFF_OK)
        status = tuff_check_shape(log, NAME, "state", tensors[3], 1, (uint32_t[]){TUFF_STEP_STATE_WORDS});
    return status == TUFF_OK ? check_params(log, params, x->dims) : status;
}

static void work_of(const void *params, const struct tuff_tensor *const tensors[], struct tuff_work *work)
{
    (void)params;
    const struct tuff_tensor *x = tensors[0];
    work->flops = 2 * tuff_elements(x);
    work->bytes =
        tuff_elements(x) * (tuff_dtype_bytes(x->dtype) + 1) + 4.0 * x->dims[0] + 4 * TUFF_STEP_STATE_WORDS;
}

const struct tuff_op_info tuff_op_info_gather_augmented_images = {
    .name = NAME,
    .params_size = sizeof(struct tuff_gather_augmented_images_params),
    .tensor_count = 4,
    .roles = {{.name = "x", .access = TUFF_ACCESS_OUT, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true},
              {.name = "images", .access = TUFF_ACCESS_IN, .dtype = TUFF_U8, .rank = 4, .any_size = true},
              {.name = "index", .access = TUFF_ACCESS_IN, .dtype = TUFF_U32, .rank = 1},
              {.name = "state", .access = TUFF_ACCESS_IN, .dtype = TUFF_U32, .rank = 1}},
    .check = check,
    .work = work_of,
};
