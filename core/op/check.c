#include "check.h"

#include <stdio.h>
#include <string.h>

const char *tuff_dtype_name(uint32_t dtype)
{
    switch (dtype) {
    case TUFF_F32:
        return "f32";
    case TUFF_U32:
        return "u32";
    case TUFF_U8:
        return "u8";
    case TUFF_F16:
        return "f16";
    default:
        return "unknown";
    }
}

struct tuff_shape_text tuff_shape_text(const struct tuff_tensor *tensor)
{
    struct tuff_shape_text shape = {"("};
    size_t used = 1;
    for (uint32_t i = 0; i < tensor->rank && i < TUFF_MAX_RANK; i++) {
        int written =
            snprintf(shape.text + used, sizeof shape.text - used, i == 0 ? "%u" : ", %u", tensor->dims[i]);
        used += (size_t)written;
    }
    snprintf(shape.text + used, sizeof shape.text - used, ")");
    return shape;
}

bool tuff_same_shape(const struct tuff_tensor *a, const struct tuff_tensor *b)
{
    return a->rank == b->rank && memcmp(a->dims, b->dims, sizeof a->dims) == 0;
}

double tuff_elements(const struct tuff_tensor *tensor)
{
    return (double)tuff_tensor_elements(tensor);
}

void tuff_take_shape(struct tuff_tensor *to, const struct tuff_tensor *from)
{
    to->rank = from->rank;
    for (uint32_t i = 0; i < TUFF_MAX_RANK; i++)
        to->dims[i] = from->dims[i];
}

enum tuff_status tuff_check_shape(const struct tuff_log *log, const char *op, const char *name,
                                  const struct tuff_tensor *tensor, uint32_t rank, const uint32_t *dims)
{
    struct tuff_tensor expected = {.rank = rank, .dims = {1, 1, 1, 1}};
    memcpy(expected.dims, dims, rank * sizeof *dims);
    if (tuff_same_shape(tensor, &expected))
        return TUFF_OK;
    return tuff_fail(log, TUFF_ERROR_INVALID, "%s: %s has shape %s, expected %s", op, name,
                     tuff_shape_text(tensor).text, tuff_shape_text(&expected).text);
}

enum tuff_status tuff_window_output(const struct tuff_log *log, const char *op, const char *axis,
                                    const struct tuff_window *w, uint32_t *output)
{
    if (w->kernel == 0 || w->stride == 0 || w->dilation == 0)
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "%s: kernel %u, stride %u and dilation %u in %s must be at least 1", op, w->kernel,
                         w->stride, w->dilation, axis);
    uint64_t padded = (uint64_t)w->input + w->pad_before + w->pad_after;
    uint64_t span = (uint64_t)w->dilation * (w->kernel - 1) + 1;
    if (padded > INT32_MAX || span > padded)
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "%s: a kernel that spans %llu does not fit a padded %s of %llu", op,
                         (unsigned long long)span, axis, (unsigned long long)padded);
    *output = (uint32_t)((padded - span) / w->stride + 1);
    return TUFF_OK;
}
