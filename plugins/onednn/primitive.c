#include "primitive.h"

#include <stdlib.h>
#include <string.h>

enum {
    // Training takes a primitive for each layer and pass, evaluation some more; who asks for more shapes than
    // these has the oldest made again.
    CACHE_LIMIT = 256,
    MAX_ARGUMENTS = DNN_ROLES + 1, // and the scratchpad
};

struct operand {
    int argument; // DNNL_ARG_…
    bool output;
    dnnl_memory_t host;       // row-major, where the host has it; NULL: the operand is absent
    dnnl_memory_t own;        // in oneDNN's layout, in the workspace; NULL: the host's is that
    dnnl_primitive_t reorder; // between the two
    uint64_t own_offset;      // bytes into the workspace
};

struct dnn_primitive {
    struct dnn_primitive *next;
    struct dnn_problem problem;
    dnnl_primitive_t primitive;
    struct operand operands[DNN_ROLES];
    dnnl_memory_t scratchpad; // NULL: none is needed
    uint64_t scratchpad_offset;
    uint64_t workspace_bytes;
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

// The plain layout of rank dimensions, the last one contiguous.
static dnnl_status_t row_major(const struct dnn_shape *shape, dnnl_memory_desc_t *layout)
{
    dnnl_dims_t strides;
    int64_t stride = 1;
    for (int64_t i = shape->rank - 1; i >= 0; i--) {
        strides[i] = stride;
        stride *= shape->dims[i];
    }
    return dnnl_memory_desc_init_by_strides(layout, (int)shape->rank, shape->dims, dnnl_f32, strides);
}

// Takes room in the workspace.
static uint64_t reserve(struct dnn_primitive *made, const dnnl_memory_desc_t *layout)
{
    const uint64_t offset = made->workspace_bytes;
    const uint64_t bytes = dnnl_memory_desc_get_size(layout);
    made->workspace_bytes += (bytes + DNN_ALIGNMENT - 1) / DNN_ALIGNMENT * DNN_ALIGNMENT;
    return offset;
}

static void destroy(struct dnn_primitive *made)
{
    for (int role = 0; role < DNN_ROLES; role++) {
        dnnl_memory_destroy(made->operands[role].host);
        dnnl_memory_destroy(made->operands[role].own);
        dnnl_primitive_destroy(made->operands[role].reorder);
    }
    dnnl_memory_destroy(made->scratchpad);
    dnnl_primitive_destroy(made->primitive);
    free(made);
}

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

static dnnl_status_t make_operand(struct tuff_device *device, struct dnn_primitive *made, enum dnn_role role,
                                  const_dnnl_primitive_desc_t description)
{
    struct operand *operand = &made->operands[role];
    operand->argument = dnn_argument(made->problem.op, role, &operand->output);
    dnnl_memory_desc_t host;
    dnnl_status_t status = row_major(&made->problem.shapes[role], &host);
    if (status == dnnl_success)
        status = dnnl_memory_create(&operand->host, &host, device->engine, DNNL_MEMORY_NONE);
    if (status != dnnl_success)
        return status;
    const dnnl_memory_desc_t *own =
        dnnl_primitive_desc_query_md(description, dnnl_query_exec_arg_md, operand->argument);
    if (dnnl_memory_desc_equal(&host, own))
        return dnnl_success;
    operand->own_offset = reserve(made, own);
    status = dnnl_memory_create(&operand->own, own, device->engine, DNNL_MEMORY_NONE);
    if (status != dnnl_success)
        return status;
    return operand->output ? make_reorder(device, own, &host, &operand->reorder)
                           : make_reorder(device, &host, own, &operand->reorder);
}

static dnnl_status_t make_parts(struct tuff_device *device, struct dnn_primitive *made,
                                const_dnnl_primitive_desc_t description)
{
    for (int role = 0; role < DNN_ROLES; role++) {
        if (made->problem.shapes[role].rank == 0)
            continue;
        const dnnl_status_t status = make_operand(device, made, (enum dnn_role)role, description);
        if (status != dnnl_success)
            return status;
    }
    const dnnl_memory_desc_t *scratchpad =
        dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0);
    if (dnnl_memory_desc_get_size(scratchpad) != 0) {
        made->scratchpad_offset = reserve(made, scratchpad);
        const dnnl_status_t status =
            dnnl_memory_create(&made->scratchpad, scratchpad, device->engine, DNNL_MEMORY_NONE);
        if (status != dnnl_success)
            return status;
    }
    return dnnl_primitive_create(&made->primitive, description);
}

static enum tuff_status make(struct tuff_device *device, const struct dnn_problem *problem,
                             struct dnn_primitive **out)
{
    struct dnn_primitive *made = calloc(1, sizeof *made);
    if (made == NULL) {
        dnn_log(device->backend->host, TUFF_LOG_ERROR, "no memory for a primitive's %zu bytes", sizeof *made);
        return TUFF_ERROR_MEMORY;
    }
    made->problem = *problem;
    dnnl_primitive_desc_t description = NULL;
    dnnl_status_t status = dnn_describe(device, problem, &description);
    if (status == dnnl_success)
        status = make_parts(device, made, description);
    dnnl_primitive_desc_destroy(description);
    if (status != dnnl_success) {
        destroy(made);
        if (status != dnnl_unimplemented)
            dnn_log(device->backend->host, TUFF_LOG_ERROR, "oneDNN makes no primitive for %s: status %d",
                    op_name(problem->op), (int)status);
        return status_of(status);
    }
    *out = made;
    return TUFF_OK;
}

// Drops what lies beyond the limit at the cache's end.
static void shorten(struct tuff_device *device)
{
    struct dnn_primitive **link = &device->primitives;
    for (int i = 0; i < CACHE_LIMIT && *link != NULL; i++)
        link = &(*link)->next;
    while (*link != NULL) {
        struct dnn_primitive *last = *link;
        *link = last->next;
        destroy(last);
    }
}

// Finds or makes the problem's primitive, and moves it to the cache's front.
static enum tuff_status find(struct tuff_device *device, const struct dnn_problem *problem,
                             struct dnn_primitive **out)
{
    struct dnn_primitive **link = &device->primitives;
    while (*link != NULL && memcmp(&(*link)->problem, problem, sizeof *problem) != 0)
        link = &(*link)->next;
    struct dnn_primitive *found = *link;
    if (found != NULL) {
        *link = found->next;
    } else {
        const enum tuff_status status = make(device, problem, &found);
        if (status != TUFF_OK)
            return status;
    }
    found->next = device->primitives;
    device->primitives = found;
    shorten(device);
    *out = found;
    return TUFF_OK;
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

static dnnl_status_t run_reorder(struct tuff_device *device, const struct operand *operand)
{
    const dnnl_exec_arg_t arguments[] = {
        {DNNL_ARG_FROM, operand->output ? operand->own : operand->host},
        {DNNL_ARG_TO, operand->output ? operand->host : operand->own},
    };
    return dnnl_primitive_execute(operand->reorder, device->stream, 2, arguments);
}

// Points the operand at its tensor and its part of the workspace. What pads oneDNN's layout is made zero.
static dnnl_status_t bind(struct tuff_device *device, const struct operand *operand,
                          const struct tuff_tensor *tensor, unsigned char *workspace)
{
    dnnl_status_t status = dnnl_memory_set_data_handle_v2(operand->host, dnn_data(tensor), device->stream);
    if (status == dnnl_success && operand->own != NULL)
        status =
            dnnl_memory_set_data_handle_v2(operand->own, workspace + operand->own_offset, device->stream);
    return status;
}

static dnnl_status_t run(struct tuff_device *device, const struct dnn_primitive *found,
                         const struct tuff_tensor *const tensors[DNN_ROLES], unsigned char *workspace)
{
    dnnl_exec_arg_t arguments[MAX_ARGUMENTS];
    int count = 0;
    dnnl_status_t status = dnnl_success;
    for (int role = 0; role < DNN_ROLES && status == dnnl_success; role++) {
        const struct operand *operand = &found->operands[role];
        if (operand->host == NULL)
            continue;
        status = bind(device, operand, tensors[role], workspace);
        if (status == dnnl_success && operand->own != NULL && !operand->output)
            status = run_reorder(device, operand);
        arguments[count].arg = operand->argument;
        arguments[count++].memory = operand->own != NULL ? operand->own : operand->host;
    }
    if (status == dnnl_success && found->scratchpad != NULL) {
        status = dnnl_memory_set_data_handle_v2(found->scratchpad, workspace + found->scratchpad_offset,
                                                device->stream);
        arguments[count].arg = DNNL_ARG_SCRATCHPAD;
        arguments[count++].memory = found->scratchpad;
    }
    if (status == dnnl_success)
        status = dnnl_primitive_execute(found->primitive, device->stream, count, arguments);
    for (int role = 0; role < DNN_ROLES && status == dnnl_success; role++)
        if (found->operands[role].own != NULL && found->operands[role].output)
            status = run_reorder(device, &found->operands[role]);
    return status == dnnl_success ? dnnl_stream_wait(device->stream) : status;
}

enum tuff_status dnn_primitive_run(struct tuff_device *device, uint32_t op, const struct tuff_op_args *args)
{
    const struct tuff_tensor *tensors[DNN_ROLES];
    struct dnn_problem problem;
    dnn_tensors_sort(op, args, tensors);
    dnn_problem_fill(op, args, &problem);
    struct dnn_primitive *found;
    const int threads = dnn_one_thread_begin();
    enum tuff_status status = find(device, &problem, &found);
    if (status == TUFF_OK) {
        const dnnl_status_t ran =
            run(device, found, tensors, args->workspace != NULL ? dnn_data(args->workspace) : NULL);
        status = status_of(ran);
        if (ran != dnnl_success)
            dnn_log(device->backend->host, TUFF_LOG_ERROR, "oneDNN's primitive for %s fails: status %d",
                    op_name(op), (int)ran);
    } else if (status == TUFF_ERROR_UNSUPPORTED) {
        dnn_log(device->backend->host, TUFF_LOG_ERROR, "oneDNN has no primitive for these arguments of %s",
                op_name(op));
    }
    dnn_one_thread_end(threads);
    return status;
}

void dnn_primitives_destroy(struct tuff_device *device)
{
    while (device->primitives != NULL) {
        struct dnn_primitive *first = device->primitives;
        device->primitives = first->next;
        destroy(first);
    }
}
