#include "plan.h"

#include <stdlib.h>

#include "op/check.h"

// A piece of the arena: one storage value, or several that follow each other in place, or a node's workspace.
struct block {
    uint32_t first, last; // nodes that use it, both included
    uint64_t bytes;
    uint64_t offset;
    bool workspace;
};

struct planner {
    const struct tuff_target *target;
    const struct tuff_graph *graph;
    bool least;
    const struct tuff_log *shortage;
    struct tuff_plan *plan;
    uint32_t *last_use;        // of each storage value: the last node that touches it
    uint32_t *block_of;        // of each storage value
    uint32_t *workspace_block; // of each node
    struct block *blocks;
    uint32_t block_count;
};

enum { NO_BLOCK = UINT32_MAX };

// On a GPU an arena of no more than this is not shared by lifetime: tensors that lie apart leave the backend
// free to order a captured step anew, and to make one kernel of several calls. On a CPU a small arena stays
// in its cache.
#define APART_BYTES (UINT64_C(16) << 20)

void tuff_plan_destroy(struct tuff_plan **plan)
{
    if (*plan == NULL)
        return;
    free((*plan)->offsets);
    free((*plan)->workspace_offsets);
    free((*plan)->workspace_bytes);
    free(*plan);
    *plan = NULL;
}

static uint64_t aligned(uint64_t bytes, uint64_t alignment)
{
    return (bytes + alignment - 1) / alignment * alignment;
}

static enum tuff_status check_support(struct planner *p, uint32_t index)
{
    const struct tuff_node *node = &p->graph->nodes[index];
    const struct tuff_op_info *info = tuff_op_info(node->op);
    struct tuff_op_args args = {.size = tuff_op_args_size(node->op), .params = node->params};
    for (uint32_t i = 0; i < node->tensor_count; i++) {
        if (node->values[i] == TUFF_NO_VALUE)
            continue;
        args.tensors[i] = &p->graph->values[node->values[i]].shape;
        if (!info->roles[i].any_size && tuff_tensor_bytes(args.tensors[i]) > p->target->info.max_tensor_bytes)
            return tuff_fail(p->shortage, TUFF_ERROR_MEMORY,
                             "%s: %s of shape %s takes %.1f MiB, but %s takes tensors of at most %.1f MiB",
                             info->name, info->roles[i].name, tuff_shape_text(args.tensors[i]).text,
                             (double)tuff_tensor_bytes(args.tensors[i]) / 0x1p20, p->target->info.name,
                             (double)p->target->info.max_tensor_bytes / 0x1p20);
    }
    enum tuff_status status = tuff_target_require(p->target, node->op, &args);
    uint64_t workspace = 0;
    if (status == TUFF_OK)
        status = tuff_target_workspace_size(p->target, node->op, &args, &workspace);
    if (status != TUFF_OK)
        return status;
    if (workspace > p->target->info.max_tensor_bytes || workspace > UINT32_MAX)
        return tuff_fail(p->shortage, TUFF_ERROR_MEMORY, "%s needs a workspace of %.1f MiB, too much for %s",
                         info->name, (double)workspace / 0x1p20, p->target->info.name);
    p->plan->workspace_bytes[index] = workspace;
    return TUFF_OK;
}

static bool planned(const struct tuff_graph *graph, tuff_value_id value)
{
    return value != TUFF_NO_VALUE && graph->values[value].kind == TUFF_VALUE_ACTIVATION;
}

// The block of an input that ends with this node and that output 0 may take over; NO_BLOCK if there is none.
static uint32_t block_in_place(const struct planner *p, uint32_t index)
{
    const struct tuff_node *node = &p->graph->nodes[index];
    uint32_t allowed = tuff_op_info(node->op)->in_place;
    uint64_t bytes = tuff_tensor_bytes(&p->graph->values[node->values[0]].shape);
    for (uint32_t i = 0; i < node->tensor_count; i++) {
        if ((allowed >> i & 1u) == 0 || !planned(p->graph, node->values[i]))
            continue;
        tuff_value_id storage = p->graph->values[node->values[i]].storage;
        uint32_t block = p->block_of[storage];
        bool other_use = false; // the same memory under another argument of this node
        for (uint32_t j = 0; j < node->tensor_count; j++)
            other_use = other_use || (j != i && j != 0 && planned(p->graph, node->values[j]) &&
                                      p->block_of[p->graph->values[node->values[j]].storage] == block);
        if (block != NO_BLOCK && !other_use && p->blocks[block].last == index &&
            tuff_tensor_bytes(&p->graph->values[storage].shape) == bytes)
            return block;
    }
    return NO_BLOCK;
}

static void make_blocks(struct planner *p)
{
    const struct tuff_graph *graph = p->graph;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct tuff_node *node = &graph->nodes[n];
        for (uint32_t i = 0; i < node->tensor_count; i++) {
            if (!planned(graph, node->values[i]))
                continue;
            tuff_value_id storage = graph->values[node->values[i]].storage;
            if (p->block_of[storage] != NO_BLOCK)
                continue;
            uint32_t block = i == 0 ? block_in_place(p, n) : NO_BLOCK;
            uint64_t bytes = tuff_tensor_bytes(&graph->values[storage].shape);
            if (block == NO_BLOCK) {
                block = p->block_count++;
                p->blocks[block] = (struct block){.first = n, .bytes = bytes};
            }
            p->blocks[block].last = p->last_use[storage];
            p->block_of[storage] = block;
        }
        if (p->plan->workspace_bytes[n] != 0) {
            // It outlives its node by one, so that the next one, which often does not depend on it, need not
            // wait.
            uint32_t last = n + 1 < graph->node_count ? n + 1 : n;
            p->workspace_block[n] = p->block_count;
            p->blocks[p->block_count++] = (struct block){
                .first = n, .last = last, .bytes = p->plan->workspace_bytes[n], .workspace = true};
        }
    }
}

static void count_values(struct planner *p)
{
    for (uint32_t n = 0; n < p->graph->node_count; n++) {
        uint64_t alive = 0;
        for (uint32_t i = 0; i < p->block_count; i++)
            if (!p->blocks[i].workspace && p->blocks[i].first <= n && n <= p->blocks[i].last)
                alive += p->blocks[i].bytes;
        if (alive > p->plan->value_bytes)
            p->plan->value_bytes = alive;
    }
}

static int by_size(const void *a, const void *b)
{
    const struct block *const *x = a, *const *y = b;
    if ((*x)->bytes != (*y)->bytes)
        return (*x)->bytes > (*y)->bytes ? -1 : 1;
    return *x < *y ? -1 : *x > *y; // blocks lie in one array: the order in which they were made
}

static int by_offset(const void *a, const void *b)
{
    const struct block *const *x = a, *const *y = b;
    return (*x)->offset < (*y)->offset ? -1 : (*x)->offset > (*y)->offset;
}

static bool is_gpu(const struct tuff_device_info *info)
{
    return info->software_gpu != 0 || info->kind == TUFF_DEVICE_DISCRETE_GPU ||
           info->kind == TUFF_DEVICE_INTEGRATED_GPU || info->kind == TUFF_DEVICE_VIRTUAL_GPU;
}

// Largest first, each at the lowest offset that is free over its whole life ("greedy by size", Pisarchyk &
// Lee, 2020).
static enum tuff_status place_blocks(struct planner *p)
{
    uint64_t alignment = p->target->info.buffer_alignment < 64 ? 64 : p->target->info.buffer_alignment;
    struct block **order = calloc(p->block_count + 1, sizeof *order);
    struct block **neighbours = calloc(p->block_count + 1, sizeof *neighbours);
    if (order == NULL || neighbours == NULL) {
        free(order);
        free(neighbours);
        return tuff_fail(p->target->log, TUFF_ERROR_MEMORY, "out of memory");
    }
    for (uint32_t i = 0; i < p->block_count; i++) {
        p->blocks[i].bytes = aligned(p->blocks[i].bytes, alignment);
        p->plan->unshared_bytes += p->blocks[i].bytes;
        order[i] = &p->blocks[i];
    }
    const bool apart = !p->least && is_gpu(&p->target->info) && p->plan->unshared_bytes <= APART_BYTES;
    qsort(order, p->block_count, sizeof(struct block *), by_size);
    for (uint32_t i = 0; i < p->block_count; i++) {
        struct block *block = order[i];
        uint32_t count = 0;
        for (uint32_t j = 0; j < i; j++)
            if (apart || (order[j]->first <= block->last && block->first <= order[j]->last))
                neighbours[count++] = order[j];
        qsort(neighbours, count, sizeof(struct block *), by_offset);
        uint64_t offset = 0;
        for (uint32_t j = 0; j < count && neighbours[j]->offset < offset + block->bytes; j++)
            if (neighbours[j]->offset + neighbours[j]->bytes > offset)
                offset = neighbours[j]->offset + neighbours[j]->bytes;
        block->offset = offset;
        if (offset + block->bytes > p->plan->arena_bytes)
            p->plan->arena_bytes = offset + block->bytes;
    }
    free(order);
    free(neighbours);
    return TUFF_OK;
}

static enum tuff_status plan_all(struct planner *p)
{
    const struct tuff_graph *graph = p->graph;
    for (uint32_t v = 0; v < graph->value_count; v++)
        p->block_of[v] = NO_BLOCK;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        enum tuff_status status = check_support(p, n);
        if (status != TUFF_OK)
            return status;
        for (uint32_t i = 0; i < graph->nodes[n].tensor_count; i++)
            if (planned(graph, graph->nodes[n].values[i]))
                p->last_use[graph->values[graph->nodes[n].values[i]].storage] = n;
    }
    make_blocks(p);
    count_values(p);
    enum tuff_status status = place_blocks(p);
    if (status != TUFF_OK)
        return status;
    for (uint32_t v = 0; v < graph->value_count; v++) {
        uint32_t block = p->block_of[graph->values[v].storage];
        p->plan->offsets[v] = block == NO_BLOCK ? UINT64_MAX : p->blocks[block].offset;
    }
    for (uint32_t n = 0; n < graph->node_count; n++)
        if (p->plan->workspace_bytes[n] != 0)
            p->plan->workspace_offsets[n] = p->blocks[p->workspace_block[n]].offset;
    return TUFF_OK;
}

enum tuff_status tuff_plan_create(const struct tuff_target *target, const struct tuff_graph *graph,
                                  bool least, const struct tuff_log *shortage, struct tuff_plan **plan)
{
    size_t values = graph->value_count + 1, nodes = graph->node_count + 1;
    struct planner p = {
        .target = target,
        .graph = graph,
        .least = least,
        .shortage = shortage,
        .plan = calloc(1, sizeof(struct tuff_plan)),
        .last_use = calloc(values, sizeof(uint32_t)),
        .block_of = calloc(values, sizeof(uint32_t)),
        .workspace_block = calloc(nodes, sizeof(uint32_t)),
        .blocks = calloc(values + nodes, sizeof(struct block)),
    };
    if (p.plan != NULL) {
        p.plan->offsets = calloc(values, sizeof(uint64_t));
        p.plan->workspace_offsets = calloc(nodes, sizeof(uint64_t));
        p.plan->workspace_bytes = calloc(nodes, sizeof(uint64_t));
    }
    const bool complete = p.plan != NULL && p.plan->offsets != NULL && p.plan->workspace_offsets != NULL &&
                          p.plan->workspace_bytes != NULL && p.last_use != NULL && p.block_of != NULL &&
                          p.workspace_block != NULL && p.blocks != NULL;
    const enum tuff_status status =
        complete ? plan_all(&p) : tuff_fail(target->log, TUFF_ERROR_MEMORY, "out of memory");
    free(p.last_use);
    free(p.block_of);
    free(p.workspace_block);
    free(p.blocks);
    if (status != TUFF_OK)
        tuff_plan_destroy(&p.plan);
    *plan = p.plan;
    return status;
}
