#include "fusion.h"

#include <stdlib.h>
#include <string.h>

#include "backend/target.h"
#include "op/conv2d_relu_max_pool2d.h"
#include "op/op_info.h"

enum { NO_NODE = UINT32_MAX };

struct fusion {
    struct tuff_graph *graph;
    const struct tuff_target *target;
    bool training;
    uint32_t *uses;   // of each storage value: the tensors of nodes that are it or a view of it
    uint32_t *reader; // of each value: the last node that reads it
    bool *gone;       // of each node: it has become part of another
};

static tuff_value_id storage_of(const struct fusion *f, tuff_value_id value)
{
    return f->graph->values[value].storage;
}

static void count_uses(struct fusion *f)
{
    const struct tuff_graph *graph = f->graph;
    for (uint32_t v = 0; v < graph->value_count; v++)
        f->reader[v] = NO_NODE;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct tuff_node *node = &graph->nodes[n];
        for (uint32_t i = 0; i < node->tensor_count; i++) {
            if (node->values[i] == TUFF_NO_VALUE)
                continue;
            f->uses[storage_of(f, node->values[i])]++;
            if (tuff_op_info(node->op)->roles[i].access != TUFF_ACCESS_OUT)
                f->reader[node->values[i]] = n;
        }
    }
}

// The node of kind `op` that alone reads output 0 of node `n`, as its tensor `input`; NO_NODE if that is not
// so.
static uint32_t next_of(const struct fusion *f, uint32_t n, enum tuff_op op, uint32_t input)
{
    if (n == NO_NODE)
        return NO_NODE;
    tuff_value_id y = f->graph->nodes[n].values[0];
    uint32_t next = f->reader[y];
    bool alone = f->graph->values[y].kind == TUFF_VALUE_ACTIVATION && f->uses[storage_of(f, y)] == 2;
    return alone && next != NO_NODE && f->graph->nodes[next].op == op &&
                   f->graph->nodes[next].values[input] == y
               ? next
               : NO_NODE;
}

static bool supports(const struct fusion *f, enum tuff_op op, const void *params,
                     const struct tuff_tensor *const tensors[])
{
    struct tuff_op_args args = {.size = tuff_op_args_size(op), .params = params};
    for (uint32_t i = 0; i < tuff_op_info(op)->tensor_count; i++)
        args.tensors[i] = tensors[i];
    return tuff_target_supports(f->target, op, &args);
}

// Node `first` becomes `fused`, and `last` goes.
static void replace(struct fusion *f, uint32_t first, uint32_t middle, uint32_t last,
                    const struct tuff_node *fused)
{
    // In the last one's place, behind all that it may read.
    f->gone[first] = true;
    if (middle != NO_NODE)
        f->gone[middle] = true;
    f->graph->nodes[last] = *fused;
}

static const struct tuff_tensor *shape_of(const struct fusion *f, tuff_value_id value)
{
    return value == TUFF_NO_VALUE ? NULL : &f->graph->values[value].shape;
}

// conv2d_forward or linear_forward and the ReLU behind it. The gradients are those of the parts.
static bool fuse_relu(struct fusion *f, uint32_t n, enum tuff_op op)
{
    const struct tuff_node *first = &f->graph->nodes[n];
    uint32_t relu = next_of(f, n, TUFF_OP_RELU_FORWARD, 1);
    if (relu == NO_NODE)
        return false;
    struct tuff_node fused = *first;
    fused.op = op;
    fused.values[0] = f->graph->nodes[relu].values[0];
    const struct tuff_tensor *const tensors[] = {shape_of(f, fused.values[0]), shape_of(f, fused.values[1]),
                                                 shape_of(f, fused.values[2]), shape_of(f, fused.values[3])};
    if (!supports(f, op, fused.params, tensors))
        return false;
    replace(f, n, NO_NODE, relu, &fused);
    return true;
}

// A batch normalization and the ReLU behind it.
static bool fuse_norm_relu(struct fusion *f, uint32_t n, enum tuff_op op)
{
    uint32_t relu = next_of(f, n, TUFF_OP_RELU_FORWARD, 1);
    if (relu == NO_NODE)
        return false;
    struct tuff_node fused = f->graph->nodes[n];
    fused.op = op;
    fused.values[0] = f->graph->nodes[relu].values[0];
    const struct tuff_tensor *tensors[TUFF_OP_MAX_TENSORS] = {NULL};
    for (uint32_t i = 0; i < fused.tensor_count; i++)
        tensors[i] = shape_of(f, fused.values[i]);
    if (!supports(f, op, fused.params, tensors))
        return false;
    if (f->training && op == TUFF_OP_BATCH_NORM2D_RELU_TRAIN) {
        const struct tuff_tensor *y = tensors[0], *mean = tensors[1], *inverse = tensors[2], *x = tensors[5],
                                 *weight = tensors[6], *state = tensors[8];
        if (!supports(f, TUFF_OP_BATCH_NORM2D_RELU_BACKWARD, NULL,
                      (const struct tuff_tensor *[]){x, mean, mean, y, x, mean, inverse, weight, state, y}))
            return false;
    }
    replace(f, n, NO_NODE, relu, &fused);
    return true;
}

static bool is_plain(const struct tuff_max_pool2d_params *p)
{
    return p->dilation_h == 1 && p->dilation_w == 1 && p->pad_top == 0 && p->pad_bottom == 0 &&
           p->pad_left == 0 && p->pad_right == 0 && (uint64_t)p->kernel_h * p->kernel_w <= TUFF_NO_WINNER;
}

static bool supports_pooled(const struct fusion *f, const struct tuff_node *conv,
                            const struct tuff_conv2d_relu_max_pool2d_params *params, tuff_value_id y,
                            const struct tuff_tensor *winner)
{
    const struct tuff_tensor *pooled = shape_of(f, y), *x = shape_of(f, conv->values[1]),
                             *weight = shape_of(f, conv->values[2]), *bias = shape_of(f, conv->values[3]);
    if (!supports(f, TUFF_OP_CONV2D_RELU_MAX_POOL2D_FORWARD, params,
                  (const struct tuff_tensor *[]){pooled, winner, x, weight, bias}))
        return false;
    if (winner == NULL)
        return true;
    return supports(f, TUFF_OP_CONV2D_RELU_MAX_POOL2D_BACKWARD_WEIGHT, params,
                    (const struct tuff_tensor *[]){weight, bias, pooled, winner, x}) &&
           (!f->graph->values[conv->values[1]].needs_gradient ||
            supports(f, TUFF_OP_CONV2D_RELU_MAX_POOL2D_BACKWARD_INPUT, params,
                     (const struct tuff_tensor *[]){x, pooled, winner, weight}));
}

// A convolution, a ReLU and a max pooling, in this order or with the last two exchanged, which computes the
// same.
static enum tuff_status fuse_pool(struct fusion *f, uint32_t n, bool *done)
{
    uint32_t relu = next_of(f, n, TUFF_OP_RELU_FORWARD, 1),
             pool = next_of(f, relu, TUFF_OP_MAX_POOL2D_FORWARD, 2);
    uint32_t last = pool;
    if (pool == NO_NODE) {
        pool = next_of(f, n, TUFF_OP_MAX_POOL2D_FORWARD, 2);
        last = relu = next_of(f, pool, TUFF_OP_RELU_FORWARD, 1);
    }
    *done = false;
    if (last == NO_NODE)
        return TUFF_OK;
    struct tuff_max_pool2d_params pool_params;
    struct tuff_conv2d_params conv_params;
    memcpy(&pool_params, f->graph->nodes[pool].params, sizeof pool_params);
    memcpy(&conv_params, f->graph->nodes[n].params, sizeof conv_params);
    if (!is_plain(&pool_params))
        return TUFF_OK;
    const struct tuff_node conv = f->graph->nodes[n];
    const struct tuff_conv2d_relu_max_pool2d_params params =
        tuff_conv2d_relu_max_pool2d_join(&conv_params, &pool_params);
    tuff_value_id y = f->graph->nodes[last].values[0], winner = TUFF_NO_VALUE;
    struct tuff_tensor winner_shape = f->graph->values[y].shape;
    winner_shape.dtype = TUFF_U8;
    const bool with_winner =
        f->training && f->graph->values[y].needs_gradient; // not in front of all that is trained
    if (!supports_pooled(f, &conv, &params, y, with_winner ? &winner_shape : NULL))
        return TUFF_OK;
    if (with_winner) {
        char name[sizeof f->graph->values[y].name];
        memcpy(name, f->graph->values[y].name, sizeof name);
        enum tuff_status status = tuff_graph_add_value(f->graph, TUFF_VALUE_ACTIVATION, 0, name, TUFF_U8, 4,
                                                       winner_shape.dims, true, &winner);
        if (status != TUFF_OK)
            return status;
    }
    struct tuff_node fused = {
        .op = TUFF_OP_CONV2D_RELU_MAX_POOL2D_FORWARD,
        .tensor_count = tuff_op_info(TUFF_OP_CONV2D_RELU_MAX_POOL2D_FORWARD)->tensor_count,
        .values = {y, winner, conv.values[1], conv.values[2], conv.values[3]},
    };
    memcpy(fused.params, &params, sizeof params);
    replace(f, n, pool == last ? relu : pool, last, &fused);
    *done = true;
    return TUFF_OK;
}

static enum tuff_status fuse_node(struct fusion *f, uint32_t n)
{
    enum tuff_op op = f->graph->nodes[n].op;
    bool done = false;
    enum tuff_status status = TUFF_OK;
    if (op == TUFF_OP_CONV2D_FORWARD)
        status = fuse_pool(f, n, &done);
    if (status == TUFF_OK && !done && op == TUFF_OP_CONV2D_FORWARD)
        done = fuse_relu(f, n, TUFF_OP_CONV2D_RELU_FORWARD);
    if (op == TUFF_OP_LINEAR_FORWARD)
        done = fuse_relu(f, n, TUFF_OP_LINEAR_RELU_FORWARD);
    if (op == TUFF_OP_BATCH_NORM2D_TRAIN)
        done = fuse_norm_relu(f, n, TUFF_OP_BATCH_NORM2D_RELU_TRAIN);
    if (op == TUFF_OP_BATCH_NORM2D_EVAL)
        done = fuse_norm_relu(f, n, TUFF_OP_BATCH_NORM2D_RELU_EVAL);
    return status;
}

static void drop_gone(struct fusion *f)
{
    uint32_t kept = 0;
    for (uint32_t n = 0; n < f->graph->node_count; n++)
        if (!f->gone[n])
            f->graph->nodes[kept++] = f->graph->nodes[n];
    f->graph->node_count = kept;
}

enum tuff_status tuff_graph_fuse(struct tuff_graph *graph, const struct tuff_target *target, bool training)
{
    struct fusion f = {
        .graph = graph,
        .target = target,
        .training = training,
        .uses = calloc((size_t)graph->value_count + 1, sizeof *f.uses),
        .reader = calloc((size_t)graph->value_count + 1, sizeof *f.reader),
        .gone = calloc((size_t)graph->node_count + 1, sizeof *f.gone),
    };
    enum tuff_status status = TUFF_OK;
    if (f.uses == NULL || f.reader == NULL || f.gone == NULL)
        status = tuff_fail(graph->log, TUFF_ERROR_MEMORY, "out of memory");
    if (status == TUFF_OK)
        count_uses(&f);
    for (uint32_t n = 0; status == TUFF_OK && n < graph->node_count; n++)
        if (!f.gone[n])
            status = fuse_node(&f, n);
    if (status == TUFF_OK)
        drop_gone(&f);
    free(f.uses);
    free(f.reader);
    free(f.gone);
    return status;
}
