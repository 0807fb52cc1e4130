#include "primitive.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    // Of a bucket. Training takes a primitive for each layer and pass, evaluation some more, hundreds for a
    // deep
    // network; the cache holds thousands. Who asks for more has the oldest made again.
    BUCKET_LIMIT = 16,
    MAX_ARGUMENTS = DNN_OPERANDS + 1, // and the scratchpad
};

struct operand {
    bool reordered;           // oneDNN's layout is not the host's
    uint64_t own_offset;      // of the operand in oneDNN's layout, bytes into the primitive's workspace
    dnnl_memory_t host;       // row-major, where the host has it
    dnnl_memory_t own;        // in oneDNN's layout; NULL unless reordered
    dnnl_primitive_t reorder; // between the two
};

// First described, which is cheap and tells the workspace, then made, which generates code.
struct dnn_primitive {
    struct dnn_primitive *next;
    struct dnn_problem problem;
    dnnl_primitive_desc_t description;
    struct operand operands[DNN_OPERANDS];
    uint64_t scratchpad_offset;
    uint64_t workspace_bytes;
    dnnl_memory_t scratchpad;   // NULL: none is needed, or not made yet
    dnnl_primitive_t primitive; // NULL: not made yet
};

static const char *op_name(int64_t op)
{
    static const char *const names[] = {
#define TUFF_OP(NAME, name) #name,
#include "tuff/op_list.h"
#undef TUFF_OP
    };
    return names[op];
}

static enum tuff_status status_of(dnnl_status_t status)
{
    switch (status) {
    case dnnl_success:
        return TUFF_OK;
    case dnnl_out_of_memory:
        return TUFF_ERROR_MEMORY;
    case dnnl_unimplemented:
        return TUFF_ERROR_UNSUPPORTED;
    default:
        return TUFF_ERROR_INTERNAL;
    }
}

// What oneDNN lacks is not logged: supports asks for it.
static enum tuff_status log_failure(const struct tuff_device *device, const struct dnn_problem *problem,
                                    const char *what, dnnl_status_t status)
{
    if (status != dnnl_success && status != dnnl_unimplemented)
        dnn_log(device->backend->host, TUFF_LOG_ERROR, "oneDNN cannot %s its primitive for %s: status %d",
                what, op_name(problem->op), (int)status);
    return status_of(status);
}

uint64_t dnn_aligned(uint64_t bytes)
{
    return (bytes + DNN_ALIGNMENT - 1) / DNN_ALIGNMENT * DNN_ALIGNMENT;
}

// Takes room in the workspace.
static uint64_t reserve(struct dnn_primitive *entry, const dnnl_memory_desc_t *layout)
{
    const uint64_t offset = entry->workspace_bytes;
    entry->workspace_bytes += dnn_aligned(dnnl_memory_desc_get_size(layout));
    return offset;
}

static void destroy(struct dnn_primitive *entry)
{
    for (int i = 0; i < DNN_OPERANDS; i++) {
        dnnl_memory_destroy(entry->operands[i].host);
        dnnl_memory_destroy(entry->operands[i].own);
        dnnl_primitive_destroy(entry->operands[i].reorder);
    }
    dnnl_memory_destroy(entry->scratchpad);
    dnnl_primitive_destroy(entry->primitive);
    dnnl_primitive_desc_destroy(entry->description);
    free(entry);
}

// -- Describing

static const dnnl_memory_desc_t *own_layout(const struct dnn_primitive *entry, int i)
{
    return dnnl_primitive_desc_query_md(entry->description, dnnl_query_exec_arg_md,
                                        (int)entry->problem.operands[i].argument);
}

static const dnnl_memory_desc_t *scratchpad_layout(const struct dnn_primitive *entry)
{
    return dnnl_primitive_desc_query_md(entry->description, dnnl_query_scratchpad_md, 0);
}

static dnnl_status_t lay_out_workspace(struct dnn_primitive *entry)
{
    for (int i = 0; i < DNN_OPERANDS; i++) {
        if (entry->problem.operands[i].rank == 0)
            continue;
        dnnl_memory_desc_t host;
        const dnnl_status_t status = dnn_row_major(&entry->problem.operands[i], &host);
        if (status != dnnl_success)
            return status;
        const dnnl_memory_desc_t *own = own_layout(entry, i);
        entry->operands[i].reordered = !dnnl_memory_desc_equal(&host, own);
        if (entry->operands[i].reordered)
            entry->operands[i].own_offset = reserve(entry, own);
    }
    if (dnnl_memory_desc_get_size(scratchpad_layout(entry)) != 0)
        entry->scratchpad_offset = reserve(entry, scratchpad_layout(entry));
    return dnnl_success;
}

static enum tuff_status describe(struct tuff_device *device, const struct dnn_problem *problem,
                                 struct dnn_primitive **out)
{
    struct dnn_primitive *entry = calloc(1, sizeof *entry);
    if (entry == NULL) {
        dnn_log(device->backend->host, TUFF_LOG_ERROR, "no memory for a primitive's %zu bytes",
                sizeof *entry);
        return TUFF_ERROR_MEMORY;
    }
    entry->problem = *problem;
    dnnl_status_t status =
        dnn_method_of((uint32_t)problem->op)->describe(device, problem, &entry->description);
    if (status == dnnl_success)
        status = lay_out_workspace(entry);
    if (status != dnnl_success) {
        destroy(entry);
        return log_failure(device, problem, "describe", status);
    }
    *out = entry;
    return TUFF_OK;
}

// -- Making

static dnnl_status_t make_reorder(struct tuff_device *device, const dnnl_memory_desc_t *from,
                                  const dnnl_memory_desc_t *to, dnnl_primitive_t *reorder)
{
    dnnl_primitive_desc_t description = NULL;
    dnnl_status_t status =
        dnnl_reorder_primitive_desc_create(&description, from, device->engine, to, device->engine, NULL);
    if (status == dnnl_success)
        status = dnnl_primitive_create(reorder, description);
    dnnl_primitive_desc_destroy(description);
    return status;
}

static dnnl_status_t make_operand(struct tuff_device *device, struct dnn_primitive *entry, int i)
{
    struct operand *operand = &entry->operands[i];
    dnnl_memory_desc_t host;
    dnnl_status_t status = dnn_row_major(&entry->problem.operands[i], &host);
    if (status == dnnl_success)
        status = dnnl_memory_create(&operand->host, &host, device->engine, DNNL_MEMORY_NONE);
    if (status != dnnl_success || !operand->reordered)
        return status;
    const dnnl_memory_desc_t *own = own_layout(entry, i);
    status = dnnl_memory_create(&operand->own, own, device->engine, DNNL_MEMORY_NONE);
    if (status != dnnl_success)
        return status;
    return entry->problem.operands[i].output ? make_reorder(device, own, &host, &operand->reorder)
                                             : make_reorder(device, &host, own, &operand->reorder);
}

static dnnl_status_t make(struct tuff_device *device, struct dnn_primitive *entry)
{
    dnnl_status_t status = dnnl_success;
    for (int i = 0; i < DNN_OPERANDS && status == dnnl_success; i++)
        if (entry->problem.operands[i].rank != 0)
            status = make_operand(device, entry, i);
    if (status == dnnl_success && dnnl_memory_desc_get_size(scratchpad_layout(entry)) != 0)
        status = dnnl_memory_create(&entry->scratchpad, scratchpad_layout(entry), device->engine,
                                    DNNL_MEMORY_NONE);
    return status == dnnl_success ? dnnl_primitive_create(&entry->primitive, entry->description) : status;
}

// -- The cache: buckets, each with what was used last at its front.

static struct dnn_primitive **bucket_of(struct tuff_device *device, const struct dnn_problem *problem)
{
    const int64_t *words = (const int64_t *)problem; // nothing but such
    uint64_t hash = UINT64_C(0xcbf29ce484222325);    // as FNV-1a, by words
    for (size_t i = 0; i < sizeof *problem / sizeof *words; i++)
        hash = (hash ^ (uint64_t)words[i]) * UINT64_C(0x100000001b3);
    return &device->primitives[(hash >> 32) % DNN_BUCKETS];
}

// Drops what lies beyond the limit at the bucket's end.
static void shorten(struct dnn_primitive **bucket)
{
    struct dnn_primitive **link = bucket;
    for (int i = 0; i < BUCKET_LIMIT && *link != NULL; i++)
        link = &(*link)->next;
    while (*link != NULL) {
        struct dnn_primitive *last = *link;
        *link = last->next;
        destroy(last);
    }
}

// Finds the problem's entry or describes it, and moves it to its bucket's front.
static enum tuff_status find(struct tuff_device *device, const struct dnn_problem *problem,
                             struct dnn_primitive **out)
{
    struct dnn_primitive **bucket = bucket_of(device, problem), **link = bucket;
    while (*link != NULL && memcmp(&(*link)->problem, problem, sizeof *problem) != 0)
        link = &(*link)->next;
    struct dnn_primitive *found = *link;
    if (found != NULL) {
        *link = found->next;
    } else {
        const enum tuff_status status = describe(device, problem, &found);
        if (status != TUFF_OK)
            return status;
    }
    found->next = *bucket;
    *bucket = found;
    shorten(bucket);
    *out = found;
    return TUFF_OK;
}

static enum tuff_status find_made(struct tuff_device *device, const struct dnn_problem *problem,
                                  struct dnn_primitive **out)
{
    const enum tuff_status status = find(device, problem, out);
    if (status == TUFF_ERROR_UNSUPPORTED)
        dnn_log(device->backend->host, TUFF_LOG_ERROR, "oneDNN has no primitive for these arguments of %s",
                op_name(problem->op));
    if (status != TUFF_OK || (*out)->primitive != NULL)
        return status;
    const dnnl_status_t made = make(device, *out);
    if (made != dnnl_success) { // none is kept that is half made
        *bucket_of(device, problem) = (*out)->next;
        destroy(*out);
    }
    return log_failure(device, problem, "make", made);
}

enum tuff_status dnn_primitive_workspace(struct tuff_device *device, const struct dnn_problem *problem,
                                         uint64_t *bytes)
{
    struct dnn_primitive *found;
    const int threads = dnn_one_thread_begin();
    const enum tuff_status status = find(device, problem, &found);
    dnn_one_thread_end(threads);
    if (status == TUFF_OK)
        *bytes = found->workspace_bytes;
    return status;
}

enum tuff_status dnn_primitive_prepare(struct tuff_device *device, const struct dnn_problem *problem)
{
    struct dnn_primitive *found;
    const int threads = dnn_one_thread_begin();
    const enum tuff_status status = find_made(device, problem, &found);
    dnn_one_thread_end(threads);
    return status;
}

void dnn_primitives_destroy(struct tuff_device *device)
{
    for (int i = 0; i < DNN_BUCKETS; i++)
        while (device->primitives[i] != NULL) {
            struct dnn_primitive *first = device->primitives[i];
            device->primitives[i] = first->next;
            destroy(first);
        }
}

// -- Running

static dnnl_status_t run_reorder(struct tuff_device *device, const struct operand *operand, bool output)
{
    const dnnl_exec_arg_t arguments[] = {
        {DNNL_ARG_FROM, output ? operand->own : operand->host},
        {DNNL_ARG_TO, output ? operand->host : operand->own},
    };
    return dnnl_primitive_execute(operand->reorder, device->stream, 2, arguments);
}

// Points the operand at its data and its part of the workspace. What pads oneDNN's layout is made zero.
static dnnl_status_t bind(struct tuff_device *device, const struct operand *operand, void *data,
                          unsigned char *workspace)
{
    dnnl_status_t status = dnnl_memory_set_data_handle_v2(operand->host, data, device->stream);
    if (status == dnnl_success && operand->reordered)
        status =
            dnnl_memory_set_data_handle_v2(operand->own, workspace + operand->own_offset, device->stream);
    return status;
}

static dnnl_status_t run(struct tuff_device *device, const struct dnn_primitive *entry,
                         void *const data[DNN_OPERANDS], unsigned char *workspace)
{
    dnnl_exec_arg_t arguments[MAX_ARGUMENTS];
    int count = 0;
    dnnl_status_t status = dnnl_success;
    for (int i = 0; i < DNN_OPERANDS && status == dnnl_success; i++) {
        const struct operand *operand = &entry->operands[i];
        const struct dnn_operand *posed = &entry->problem.operands[i];
        if (posed->rank == 0)
            continue;
        status = bind(device, operand, data[i], workspace);
        if (status == dnnl_success && operand->reordered && !posed->output)
            status = run_reorder(device, operand, false);
        arguments[count].arg = (int)posed->argument;
        arguments[count++].memory = operand->reordered ? operand->own : operand->host;
    }
    if (status == dnnl_success && entry->scratchpad != NULL) {
        status = dnnl_memory_set_data_handle_v2(entry->scratchpad, workspace + entry->scratchpad_offset,
                                                device->stream);
        arguments[count].arg = DNNL_ARG_SCRATCHPAD;
        arguments[count++].memory = entry->scratchpad;
    }
    if (status == dnnl_success)
        status = dnnl_primitive_execute(entry->primitive, device->stream, count, arguments);
    for (int i = 0; i < DNN_OPERANDS && status == dnnl_success; i++)
        if (entry->operands[i].reordered && entry->problem.operands[i].output)
            status = run_reorder(device, &entry->operands[i], true);
    return status == dnnl_success ? dnnl_stream_wait(device->stream) : status;
}

enum tuff_status dnn_primitive_run(struct tuff_device *device, const struct dnn_problem *problem,
                                   void *const data[DNN_OPERANDS], const struct tuff_tensor *workspace,
                                   uint64_t scratch_bytes)
{
    struct dnn_primitive *found;
    const uint64_t offset = dnn_aligned(scratch_bytes);
    const uint64_t given = workspace == NULL ? 0 : workspace->dims[0];
    const int threads = dnn_one_thread_begin();
    enum tuff_status status = find_made(device, problem, &found);
    if (status == TUFF_OK && offset + found->workspace_bytes > given) {
        // Only of a batch that is smaller than the one which was planned, and then it would be oneDNN's
        // surprise.
        dnn_log(device->backend->host, TUFF_LOG_ERROR,
                "oneDNN's primitive for %s needs a workspace of %" PRIu64 " bytes, but was given %" PRIu64,
                op_name(problem->op), offset + found->workspace_bytes, given);
        status = TUFF_ERROR_INTERNAL;
    }
    if (status == TUFF_OK) {
        unsigned char *bytes = workspace == NULL ? NULL : (unsigned char *)dnn_data(workspace) + offset;
        status = log_failure(device, problem, "run", run(device, found, data, bytes));
    }
    dnn_one_thread_end(threads);
    return status;
}
