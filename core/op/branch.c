// multiply, concat: see tuff/op/branch.h.
#include "check.h"
#include "graph/autodiff.h"

// -- multiply

static enum tuff_status infer_multiply(const struct tuff_log *log, const void *params,
                                       struct tuff_tensor *const tensors[])
{
    (void)log, (void)params;
    tuff_take_shape(tensors[0], tensors[1]);
    return TUFF_OK;
}

static enum tuff_status check_multiply(const struct tuff_log *log, const void *params,
                                       const struct tuff_tensor *const tensors[])
{
    (void)params;
    const struct tuff_tensor *a = tensors[1];
    enum tuff_status status = tuff_check_shape(log, "multiply", "y", tensors[0], a->rank, a->dims);
    return status == TUFF_OK ? tuff_check_shape(log, "multiply", "b", tensors[2], a->rank, a->dims) : status;
}

// da = dy * b, then db = dy * a. Where a and b are one value, its gradient is the sum of both.
static enum tuff_status multiply_gradient(struct tuff_graph *graph, const struct tuff_node *node)
{
    const struct tuff_node forward = *node;
    tuff_value_id dy;
    enum tuff_status status = tuff_gradient_of(graph, forward.values[0], &dy);
    for (uint32_t i = 1; status == TUFF_OK && dy != TUFF_NO_VALUE && i <= 2; i++) {
        tuff_value_id factor = forward.values[i];
        tuff_value_id values[3] = {TUFF_NO_VALUE, dy, forward.values[3 - i]};
        if (!tuff_gradient_wanted(graph, factor))
            continue;
        status = tuff_gradient_begin(graph, factor, &values[0]);
        if (status == TUFF_OK)
            status = tuff_graph_add_node(graph, TUFF_OP_MULTIPLY, NULL, NULL, values);
        if (status == TUFF_OK)
            status = tuff_gradient_end(graph, factor, values[0]);
    }
    return status;
}

static void work_of_multiply(const void *params, const struct tuff_tensor *const tensors[],
                             struct tuff_work *work)
{
    (void)params;
    work->flops = tuff_elements(tensors[0]);
}

const struct tuff_op_info tuff_op_info_multiply = {
    .name = "multiply",
    .tensor_count = 3,
    .roles = {{.name = "y", .access = TUFF_ACCESS_OUT, .dtype = TUFF_DTYPE_FLOAT, .batched = true},
              {.name = "a", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .batched = true},
              {.name = "b", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .batched = true}},
    .in_place = 1u << 1 | 1u << 2,
    .infer = infer_multiply,
    .check = check_multiply,
    .work = work_of_multiply,
    .gradient = multiply_gradient,
};

// -- concat

// The shape of y, after those of a and b.
static enum tuff_status concat_shape(const struct tuff_log *log, const char *op, const char *a_name,
                                     const struct tuff_tensor *a, const char *b_name,
                                     const struct tuff_tensor *b, uint32_t dims[TUFF_MAX_RANK])
{
    bool fits = a->rank >= 2 && a->rank == b->rank && a->dims[1] <= UINT32_MAX - b->dims[1];
    for (uint32_t i = 0; i < TUFF_MAX_RANK; i++) {
        fits = fits && (i == 1 || a->dims[i] == b->dims[i]);
        dims[i] = i == 1 ? a->dims[i] + b->dims[i] : a->dims[i];
    }
    if (!fits)
        return tuff_fail(
            log, TUFF_ERROR_INVALID,
            "%s: %s has shape %s and %s %s, expected two or more dimensions that differ in the second alone",
            op, a_name, tuff_shape_text(a).text, b_name, tuff_shape_text(b).text);
    return TUFF_OK;
}

static enum tuff_status infer_concat(const struct tuff_log *log, const void *params,
                                     struct tuff_tensor *const tensors[])
{
    (void)params;
    tensors[0]->rank = tensors[1]->rank;
    return concat_shape(log, "concat_forward", "a", tensors[1], "b", tensors[2], tensors[0]->dims);
}

static enum tuff_status check_concat_forward(const struct tuff_log *log, const void *params,
                                             const struct tuff_tensor *const tensors[])
{
    (void)params;
    const char *op = "concat_forward";
    uint32_t dims[TUFF_MAX_RANK];
    enum tuff_status status = concat_shape(log, op, "a", tensors[1], "b", tensors[2], dims);
    return status == TUFF_OK ? tuff_check_shape(log, op, "y", tensors[0], tensors[1]->rank, dims) : status;
}

static enum tuff_status concat_gradient(struct tuff_graph *graph, const struct tuff_node *node)
{
    const struct tuff_node forward = *node;
    tuff_value_id a = forward.values[1], b = forward.values[2];
    tuff_value_id values[3] = {TUFF_NO_VALUE, TUFF_NO_VALUE, TUFF_NO_VALUE};
    enum tuff_status status = tuff_gradient_of(graph, forward.values[0], &values[2]);
    bool a_wanted = tuff_gradient_wanted(graph, a), b_wanted = tuff_gradient_wanted(graph, b);
    if (status != TUFF_OK || values[2] == TUFF_NO_VALUE || !(a_wanted || b_wanted))
        return status;
    status = tuff_gradient_begin(graph, a, &values[0]); // the op writes both, wanted or not
    if (status == TUFF_OK)
        status = tuff_gradient_begin(graph, b, &values[1]);
    if (status != TUFF_OK)
        return status;
    // A parameter beside itself: the second part is added to the first, and not what lies in the arena.
    if (graph->values[a].storage == graph->values[b].storage)
        graph->values[values[1]].kind = TUFF_VALUE_ACTIVATION;
    status = tuff_graph_add_node(graph, TUFF_OP_CONCAT_BACKWARD, NULL, NULL, values);
    if (status == TUFF_OK && a_wanted)
        status = tuff_gradient_end(graph, a, values[0]);
    return status == TUFF_OK && b_wanted ? tuff_gradient_end(graph, b, values[1]) : status;
}

const struct tuff_op_info tuff_op_info_concat_forward = {
    .name = "concat_forward",
    .tensor_count = 3,
    .roles = {{.name = "y", .access = TUFF_ACCESS_OUT, .dtype = TUFF_DTYPE_FLOAT, .batched = true},
              {.name = "a", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .batched = true},
              {.name = "b", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .batched = true}},
    .infer = infer_concat,
    .check = check_concat_forward,
    .gradient = concat_gradient,
};

static enum tuff_status check_concat_backward(const struct tuff_log *log, const void *params,
                                              const struct tuff_tensor *const tensors[])
{
    (void)params;
    const char *op = "concat_backward";
    uint32_t dims[TUFF_MAX_RANK];
    enum tuff_status status = concat_shape(log, op, "da", tensors[0], "db", tensors[1], dims);
    return status == TUFF_OK ? tuff_check_shape(log, op, "dy", tensors[2], tensors[0]->rank, dims) : status;
}

const struct tuff_op_info tuff_op_info_concat_backward = {
    .name = "concat_backward",
    .tensor_count = 3,
    .roles = {{.name = "da", .access = TUFF_ACCESS_OUT, .dtype = TUFF_DTYPE_FLOAT, .batched = true},
              {.name = "db", .access = TUFF_ACCESS_OUT, .dtype = TUFF_DTYPE_FLOAT, .batched = true},
              {.name = "dy", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .batched = true}},
    .check = check_concat_backward,
};
