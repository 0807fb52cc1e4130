// fill, copy, cast, add: see tuff/op/basic.h.
#include "check.h"
#include "graph/autodiff.h"

static enum tuff_status check_fill(const struct tuff_log *log, const void *params,
                                   const struct tuff_tensor *const tensors[])
{
    (void)log, (void)params, (void)tensors;
    return TUFF_OK;
}

const struct tuff_op_info tuff_op_info_fill = {
    .name = "fill",
    .params_size = sizeof(struct tuff_fill_params),
    .tensor_count = 1,
    .roles = {{.name = "y", .access = TUFF_ACCESS_OUT, .dtype = TUFF_DTYPE_ANY, .batched = true}},
    .check = check_fill,
};

static enum tuff_status check_copy(const struct tuff_log *log, const void *params,
                                   const struct tuff_tensor *const tensors[])
{
    (void)params;
    const struct tuff_tensor *y = tensors[0], *x = tensors[1];
    if (y->dtype != x->dtype || x->dtype == TUFF_U8)
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "copy: element types %s and %s, expected both f32 or both u32",
                         tuff_dtype_name(y->dtype), tuff_dtype_name(x->dtype));
    return tuff_check_shape(log, "copy", "y", y, x->rank, x->dims);
}

const struct tuff_op_info tuff_op_info_copy = {
    .name = "copy",
    .tensor_count = 2,
    .roles = {{.name = "y", .access = TUFF_ACCESS_OUT, .dtype = TUFF_DTYPE_ANY, .batched = true},
              {.name = "x", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_ANY, .batched = true}},
    .check = check_copy,
};

static enum tuff_status check_cast(const struct tuff_log *log, const void *params,
                                   const struct tuff_tensor *const tensors[])
{
    (void)params;
    const struct tuff_tensor *y = tensors[0], *x = tensors[1];
    if (y->dtype == x->dtype)
        return tuff_fail(log, TUFF_ERROR_INVALID, "cast: both tensors have element type %s",
                         tuff_dtype_name(x->dtype));
    if (y->layout != TUFF_LAYOUT_ROW_MAJOR)
        return tuff_fail(log, TUFF_ERROR_INVALID, "cast: the tensors are not row-major");
    return tuff_check_shape(log, "cast", "y", y, x->rank, x->dims);
}

// x takes dy as it is: gradients of activations have one type, whatever those have.
static enum tuff_status cast_gradient(struct tuff_graph *graph, const struct tuff_node *node)
{
    const struct tuff_node forward = *node;
    tuff_value_id dy;
    enum tuff_status status = tuff_gradient_of(graph, forward.values[0], &dy);
    if (status != TUFF_OK || dy == TUFF_NO_VALUE || !tuff_gradient_wanted(graph, forward.values[1]))
        return status;
    return tuff_gradient_share(graph, forward.values[1], dy);
}

const struct tuff_op_info tuff_op_info_cast = {
    .name = "cast",
    .tensor_count = 2,
    .roles = {{.name = "y", .access = TUFF_ACCESS_OUT, .dtype = TUFF_DTYPE_FLOAT_OR_F32, .batched = true},
              {.name = "x", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT_OR_F32, .batched = true}},
    .for_f16 = true,
    .check = check_cast,
    .gradient = cast_gradient,
};

static enum tuff_status infer_add(const struct tuff_log *log, const void *params,
                                  struct tuff_tensor *const tensors[])
{
    (void)log, (void)params;
    tuff_take_shape(tensors[0], tensors[1]);
    return TUFF_OK;
}

static enum tuff_status check_add(const struct tuff_log *log, const void *params,
                                  const struct tuff_tensor *const tensors[])
{
    (void)params;
    const struct tuff_tensor *a = tensors[1];
    enum tuff_status status = tuff_check_shape(log, "add", "y", tensors[0], a->rank, a->dims);
    return status == TUFF_OK ? tuff_check_shape(log, "add", "b", tensors[2], a->rank, a->dims) : status;
}

// Both summands take dy as it is: the same value, not copies of it.
static enum tuff_status add_gradient(struct tuff_graph *graph, const struct tuff_node *node)
{
    const struct tuff_node forward = *node;
    tuff_value_id dy;
    enum tuff_status status = tuff_gradient_of(graph, forward.values[0], &dy);
    for (uint32_t i = 1; status == TUFF_OK && dy != TUFF_NO_VALUE && i <= 2; i++)
        if (tuff_gradient_wanted(graph, forward.values[i]))
            status = tuff_gradient_share(graph, forward.values[i], dy);
    return status;
}

static void work_of_add(const void *params, const struct tuff_tensor *const tensors[], struct tuff_work *work)
{
    (void)params;
    work->flops = tuff_elements(tensors[0]);
}

const struct tuff_op_info tuff_op_info_add = {
    .name = "add",
    .tensor_count = 3,
    .roles = {{.name = "y", .access = TUFF_ACCESS_OUT, .dtype = TUFF_DTYPE_FLOAT, .batched = true},
              {.name = "a", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .batched = true},
              {.name = "b", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .batched = true}},
    .in_place = 1u << 1 | 1u << 2,
    .infer = infer_add,
    .check = check_add,
    .work = work_of_add,
    .gradient = add_gradient,
};
