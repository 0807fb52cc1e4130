#include "recompute.h"

#include <stdlib.h>
#include <string.h>

#include "op/op_info.h"

enum { NO_NODE = UINT32_MAX, NO_SEGMENT = UINT32_MAX };

// A range of forward nodes.
struct segment {
    uint32_t first, end;
    bool done; // its copies are in the graph
};

struct recomputation {
    struct tuff_graph *graph;
    uint32_t first, end;    // the forward nodes
    uint32_t *producer;     // of each storage value: the forward node that makes it; NO_NODE
    uint32_t *last_forward; // of each storage value: the last forward node that reads it
    bool *read_later;       // of each storage value: a node from `end` on reads it
    struct segment *segments;
    uint32_t segment_count;
    uint32_t *segment_of;  // of each storage value: the segment that makes it again; NO_SEGMENT: it is kept
    tuff_value_id *copies; // of each value that was there before
    uint32_t value_count;  // of those
};

static tuff_value_id storage_of(const struct recomputation *r, tuff_value_id value)
{
    return r->graph->values[value].storage;
}

static bool is_activation(const struct recomputation *r, tuff_value_id value)
{
    return value != TUFF_NO_VALUE && r->graph->values[value].kind == TUFF_VALUE_ACTIVATION;
}

static uint64_t bytes_of(const struct tuff_graph *graph, tuff_value_id value)
{
    return tuff_tensor_bytes(&graph->values[value].shape);
}

// The bytes of the activations that node `n` makes.
static uint64_t node_bytes(const struct tuff_graph *graph, uint32_t n)
{
    const struct tuff_node *node = &graph->nodes[n];
    const struct tuff_op_info *info = tuff_op_info(node->op);
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < node->tensor_count; i++)
        if (node->values[i] != TUFF_NO_VALUE && info->roles[i].access == TUFF_ACCESS_OUT &&
            graph->values[node->values[i]].kind == TUFF_VALUE_ACTIVATION)
            bytes += bytes_of(graph, node->values[i]);
    return bytes;
}

uint64_t tuff_graph_output_bytes(const struct tuff_graph *graph, uint32_t first, uint32_t end)
{
    uint64_t bytes = 0;
    for (uint32_t n = first; n < end; n++)
        bytes += node_bytes(graph, n);
    return bytes;
}

static void find_uses(struct recomputation *r)
{
    const struct tuff_graph *graph = r->graph;
    for (uint32_t v = 0; v < r->value_count; v++) {
        r->producer[v] = NO_NODE;
        r->segment_of[v] = NO_SEGMENT;
        r->copies[v] = TUFF_NO_VALUE;
    }
    for (uint32_t n = r->first; n < graph->node_count; n++) {
        const struct tuff_node *node = &graph->nodes[n];
        for (uint32_t i = 0; i < node->tensor_count; i++) {
            if (!is_activation(r, node->values[i]))
                continue;
            tuff_value_id storage = storage_of(r, node->values[i]);
            if (n >= r->end)
                r->read_later[storage] = true;
            else if (tuff_op_info(node->op)->roles[i].access == TUFF_ACCESS_OUT)
                r->producer[storage] = n;
            else
                r->last_forward[storage] = n;
        }
    }
}

// Cuts where, of all that the forward nodes make, one value at most is read by a later one.
static void cut(struct recomputation *r, uint64_t segment_bytes)
{
    uint32_t begin = r->first;
    uint64_t bytes = 0;
    for (uint32_t n = r->first; n < r->end; n++) {
        bytes += node_bytes(r->graph, n);
        if (bytes < segment_bytes || n + 1 == r->end)
            continue;
        uint32_t crossing = 0;
        for (uint32_t v = 0; v < r->value_count; v++)
            crossing += r->producer[v] != NO_NODE && r->producer[v] <= n && r->last_forward[v] > n;
        if (crossing > 1)
            continue;
        r->segments[r->segment_count++] = (struct segment){.first = begin, .end = n + 1};
        begin = n + 1;
        bytes = 0;
    }
}

// What backward ops read and no later segment does. A vector takes next to nothing, and is kept.
static void choose(struct recomputation *r)
{
    for (uint32_t s = 0; s < r->segment_count; s++)
        for (uint32_t v = 0; v < r->value_count; v++)
            if (r->producer[v] != NO_NODE && r->producer[v] >= r->segments[s].first &&
                r->producer[v] < r->segments[s].end && r->last_forward[v] < r->segments[s].end &&
                r->graph->values[v].shape.rank > 1)
                r->segment_of[v] = s;
}

// The copy of a value, made when first asked for.
static enum tuff_status copy_of(struct recomputation *r, tuff_value_id value, tuff_value_id *copy)
{
    struct tuff_graph *graph = r->graph;
    enum tuff_status status = TUFF_OK;
    if (r->copies[value] == TUFF_NO_VALUE) {
        const struct tuff_value of = graph->values[value]; // adding a value moves the array
        if (of.storage == value) {
            status = tuff_graph_add_value(graph, TUFF_VALUE_ACTIVATION, 0, of.name,
                                          (enum tuff_dtype)of.shape.dtype, of.shape.rank, of.shape.dims,
                                          false, &r->copies[value]);
            if (status == TUFF_OK)
                graph->values[r->copies[value]].shape.layout = of.shape.layout;
        } else {
            tuff_value_id storage;
            status = copy_of(r, of.storage, &storage);
            if (status == TUFF_OK)
                status = tuff_graph_add_view(graph, storage, of.name, of.shape.rank, of.shape.dims,
                                             &r->copies[value]);
        }
    }
    *copy = r->copies[value];
    return status;
}

// Memory of a copy's own for what its op updates: zeros, since the op's outputs do not depend on it.
static enum tuff_status add_scratch(struct recomputation *r, tuff_value_id like, tuff_value_id *scratch)
{
    const struct tuff_value of = r->graph->values[like];
    const struct tuff_fill_params zero = {.size = sizeof zero};
    enum tuff_status status =
        tuff_graph_add_value(r->graph, TUFF_VALUE_ACTIVATION, 0, of.name, (enum tuff_dtype)of.shape.dtype,
                             of.shape.rank, of.shape.dims, false, scratch);
    return status == TUFF_OK ? tuff_graph_add_node(r->graph, TUFF_OP_FILL, &zero, NULL, scratch) : status;
}

static enum tuff_status copy_node(struct recomputation *r, const struct tuff_node *node)
{
    const struct tuff_op_info *info = tuff_op_info(node->op);
    struct tuff_node copy = *node;
    enum tuff_status status = TUFF_OK;
    for (uint32_t i = 0; status == TUFF_OK && i < node->tensor_count; i++) {
        const tuff_value_id value = node->values[i];
        if (value == TUFF_NO_VALUE)
            continue;
        if (info->roles[i].access == TUFF_ACCESS_INOUT)
            status = add_scratch(r, value, &copy.values[i]);
        else if (info->roles[i].access == TUFF_ACCESS_OUT ||
                 r->segment_of[storage_of(r, value)] != NO_SEGMENT)
            status = copy_of(r, value, &copy.values[i]);
    }
    return status == TUFF_OK ? tuff_graph_add_node(r->graph, copy.op, copy.params, NULL, copy.values)
                             : status;
}

// Marks the nodes of a segment whose outputs are read later, or lead there. wanted: of each storage value.
static void mark(const struct recomputation *r, const struct segment *segment, const struct tuff_node *nodes,
                 bool *wanted, bool *needed)
{
    for (uint32_t n = segment->end; n-- > segment->first;) {
        const struct tuff_node *node = &nodes[n];
        const struct tuff_op_info *info = tuff_op_info(node->op);
        for (uint32_t i = 0; i < node->tensor_count; i++) {
            if (!is_activation(r, node->values[i]) || info->roles[i].access != TUFF_ACCESS_OUT)
                continue;
            tuff_value_id storage = storage_of(r, node->values[i]);
            if (r->segment_of[storage] != NO_SEGMENT && (r->read_later[storage] || wanted[storage]))
                needed[n] = true;
        }
        for (uint32_t i = 0; needed[n] && i < node->tensor_count; i++)
            if (is_activation(r, node->values[i]) && info->roles[i].access != TUFF_ACCESS_OUT)
                wanted[storage_of(r, node->values[i])] = true;
    }
}

// Appends the copies of a segment. nodes: the graph's as they were.
static enum tuff_status copy_segment(struct recomputation *r, struct segment *segment,
                                     const struct tuff_node *nodes)
{
    bool *wanted = calloc((size_t)r->value_count + 1, sizeof *wanted),
         *needed = calloc((size_t)r->end + 1, sizeof *needed);
    enum tuff_status status = TUFF_OK;
    segment->done = true;
    if (wanted == NULL || needed == NULL)
        status = tuff_fail(r->graph->log, TUFF_ERROR_MEMORY, "out of memory");
    else
        mark(r, segment, nodes, wanted, needed);
    for (uint32_t n = segment->first; status == TUFF_OK && n < segment->end; n++)
        if (needed[n])
            status = copy_node(r, &nodes[n]);
    free(wanted);
    free(needed);
    return status;
}

// Appends a node from `end` on, which reads copies where there are any, behind those copies.
static enum tuff_status append_later(struct recomputation *r, const struct tuff_node *nodes, uint32_t n)
{
    struct tuff_node node = nodes[n];
    enum tuff_status status = TUFF_OK;
    for (uint32_t i = 0; status == TUFF_OK && i < node.tensor_count; i++) {
        if (!is_activation(r, node.values[i]))
            continue;
        const uint32_t s = r->segment_of[storage_of(r, node.values[i])];
        if (s == NO_SEGMENT)
            continue;
        if (!r->segments[s].done)
            status = copy_segment(r, &r->segments[s], nodes);
        if (status == TUFF_OK)
            status = copy_of(r, node.values[i], &node.values[i]);
    }
    return status == TUFF_OK ? tuff_graph_add_node(r->graph, node.op, node.params, NULL, node.values)
                             : status;
}

static enum tuff_status rewrite(struct recomputation *r)
{
    const uint32_t count = r->graph->node_count;
    struct tuff_node *nodes = malloc(((size_t)count + 1) * sizeof *nodes);
    enum tuff_status status = TUFF_OK;
    if (nodes == NULL)
        return tuff_fail(r->graph->log, TUFF_ERROR_MEMORY, "out of memory");
    memcpy(nodes, r->graph->nodes, count * sizeof *nodes);
    r->graph->node_count = r->end;
    for (uint32_t n = r->end; status == TUFF_OK && n < count; n++)
        status = append_later(r, nodes, n);
    free(nodes);
    return status;
}

enum tuff_status tuff_graph_recompute(struct tuff_graph *graph, uint32_t first, uint32_t end,
                                      uint64_t segment_bytes)
{
    const size_t values = (size_t)graph->value_count + 1;
    struct recomputation r = {
        .graph = graph,
        .first = first,
        .end = end,
        .value_count = graph->value_count,
        .producer = calloc(values, sizeof *r.producer),
        .last_forward = calloc(values, sizeof *r.last_forward),
        .read_later = calloc(values, sizeof *r.read_later),
        .segments = calloc((size_t)end - first + 1, sizeof *r.segments),
        .segment_of = calloc(values, sizeof *r.segment_of),
        .copies = calloc(values, sizeof *r.copies),
    };
    enum tuff_status status = TUFF_OK;
    if (r.producer == NULL || r.last_forward == NULL || r.read_later == NULL || r.segments == NULL ||
        r.segment_of == NULL || r.copies == NULL) {
        status = tuff_fail(graph->log, TUFF_ERROR_MEMORY, "out of memory");
    } else {
        find_uses(&r);
        cut(&r, segment_bytes);
        choose(&r);
        if (r.segment_count != 0)
            status = rewrite(&r);
    }
    free(r.producer);
    free(r.last_forward);
    free(r.read_later);
    free(r.segments);
    free(r.segment_of);
    free(r.copies);
    return status;
}
