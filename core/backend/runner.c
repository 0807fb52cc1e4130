#include "runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "op/op_info.h"

struct call {
    enum tuff_op op;
    struct tuff_op_args args; // points into this struct, and is set up where the call will stay
    struct tuff_tensor tensors[TUFF_OP_MAX_TENSORS];
    struct tuff_tensor workspace;
    _Alignas(16) uint8_t params[TUFF_MAX_PARAMS_BYTES];
};

struct tuff_runner {
    const struct tuff_target *target;
    struct tuff_capture *capture; // NULL where the backend cannot
    uint32_t call_count;
    struct call calls[];
};

static struct tuff_place place_of(const struct tuff_graph *graph, const struct tuff_plan *plan,
                                  const struct tuff_bindings *bindings, tuff_value_id id)
{
    const struct tuff_value *value = &graph->values[id];
    switch (value->kind) {
    case TUFF_VALUE_ACTIVATION:
        return (struct tuff_place){bindings->activations, plan->offsets[id]};
    case TUFF_VALUE_PARAMETER:
        return (struct tuff_place){bindings->parameters, bindings->parameter_offsets[value->index]};
    case TUFF_VALUE_ROUNDED: // half as wide, and the same layout
        return (struct tuff_place){bindings->rounded, bindings->parameter_offsets[value->index] / 2};
    case TUFF_VALUE_GRADIENT:
        return (struct tuff_place){bindings->gradients, bindings->parameter_offsets[value->index]};
    case TUFF_VALUE_EXTERNAL:
        break;
    }
    return bindings->externals[value->index];
}

static void set_up_call(struct call *call, const struct tuff_graph *graph, const struct tuff_plan *plan,
                        const struct tuff_bindings *bindings, uint32_t index)
{
    const struct tuff_node *node = &graph->nodes[index];
    call->op = node->op;
    call->args.size = tuff_op_args_size(node->op);
    memcpy(call->params, node->params, sizeof call->params);
    call->args.params = tuff_op_info(node->op)->params_size == 0 ? NULL : call->params;
    for (uint32_t i = 0; i < node->tensor_count; i++) {
        if (node->values[i] == TUFF_NO_VALUE)
            continue;
        struct tuff_place place = place_of(graph, plan, bindings, node->values[i]);
        call->tensors[i] = graph->values[node->values[i]].shape;
        call->tensors[i].buffer = place.buffer;
        call->tensors[i].offset = place.offset;
        call->args.tensors[i] = &call->tensors[i];
    }
    if (plan->workspace_bytes[index] != 0) {
        call->workspace = (struct tuff_tensor){.size = sizeof call->workspace,
                                               .dtype = TUFF_U8,
                                               .rank = 1,
                                               .dims = {(uint32_t)plan->workspace_bytes[index], 1, 1, 1},
                                               .buffer = bindings->activations,
                                               .offset = plan->workspace_offsets[index]};
        call->args.workspace = &call->workspace;
    }
}

enum tuff_status tuff_runner_call(struct tuff_runner *runner, uint32_t index)
{
    const struct tuff_target *target = runner->target;
    const struct call *call = &runner->calls[index];
    unsigned errors = tuff_target_errors(target);
    enum tuff_status status = tuff_op_call(target->interface->kernels, call->op, target->stream, &call->args);
    if (status == TUFF_OK)
        return TUFF_OK;
    char what[128];
    snprintf(what, sizeof what, "run %s", tuff_op_info(call->op)->name);
    return tuff_target_fail(target, errors, status, what);
}

const struct tuff_tensor *tuff_runner_tensor(const struct tuff_runner *runner, uint32_t index,
                                             uint32_t argument)
{
    return runner->calls[index].args.tensors[argument];
}

static enum tuff_status call_all(struct tuff_runner *runner)
{
    enum tuff_status status = TUFF_OK;
    for (uint32_t i = 0; status == TUFF_OK && i < runner->call_count; i++)
        status = tuff_runner_call(runner, i);
    return status;
}

// begin: capture_begin, or profile_begin.
static enum tuff_status capture(struct tuff_runner *runner, enum tuff_status (*begin)(struct tuff_stream *),
                                struct tuff_capture **made)
{
    const struct tuff_target *target = runner->target;
    static const char what[] = "record the program";
    unsigned errors = tuff_target_errors(target);
    enum tuff_status status = begin(target->stream);
    if (status != TUFF_OK)
        return tuff_target_fail(target, errors, status, what);
    status = call_all(runner);
    errors = tuff_target_errors(target);
    enum tuff_status ended = target->interface->capture_end(target->stream, made);
    return status != TUFF_OK || ended == TUFF_OK ? status : tuff_target_fail(target, errors, ended, what);
}

enum tuff_status tuff_runner_profile(struct tuff_runner *runner, struct tuff_capture **made)
{
    const struct tuff_backend_interface *interface = runner->target->interface;
    *made = NULL;
    if (interface->profile_begin == NULL || runner->target->info.timestamp_slots == 0)
        return TUFF_OK;
    enum tuff_status status = capture(runner, interface->profile_begin, made);
    if (status != TUFF_OK && *made != NULL) {
        interface->capture_destroy(*made);
        *made = NULL;
    }
    return status;
}

// Lets the backend get ready for every call while no work of an earlier program is in its way.
static enum tuff_status prepare(struct tuff_runner *runner)
{
    const struct tuff_target *target = runner->target;
    if (target->interface->prepare == NULL)
        return TUFF_OK;
    enum tuff_status status = tuff_runner_wait(runner);
    for (uint32_t i = 0; status == TUFF_OK && i < runner->call_count; i++)
        status = tuff_target_prepare(target, runner->calls[i].op, &runner->calls[i].args);
    return status;
}

enum tuff_status tuff_runner_create(const struct tuff_target *target, const struct tuff_graph *graph,
                                    const struct tuff_plan *plan, const struct tuff_bindings *bindings,
                                    struct tuff_runner **runner)
{
    *runner = NULL;
    struct tuff_runner *made = calloc(1, sizeof *made + graph->node_count * sizeof made->calls[0]);
    if (made == NULL)
        return tuff_fail(target->log, TUFF_ERROR_MEMORY, "out of memory");
    made->target = target;
    made->call_count = graph->node_count;
    for (uint32_t i = 0; i < graph->node_count; i++)
        set_up_call(&made->calls[i], graph, plan, bindings, i);
    enum tuff_status status = prepare(made);
    if (status == TUFF_OK && tuff_target_can_capture(target))
        status = capture(made, target->interface->capture_begin, &made->capture);
    if (status != TUFF_OK)
        tuff_runner_destroy(&made);
    *runner = made;
    return status;
}

void tuff_runner_destroy(struct tuff_runner **runner)
{
    if (*runner == NULL)
        return;
    if ((*runner)->capture != NULL)
        (*runner)->target->interface->capture_destroy((*runner)->capture);
    free(*runner);
    *runner = NULL;
}

enum tuff_status tuff_runner_run(struct tuff_runner *runner, uint32_t count)
{
    const struct tuff_target *target = runner->target;
    unsigned errors = tuff_target_errors(target);
    enum tuff_status status = TUFF_OK;
    if (count == 0)
        return TUFF_OK;
    if (runner->capture != NULL) {
        status = target->interface->capture_replay(target->stream, runner->capture, count);
        return status == TUFF_OK ? TUFF_OK : tuff_target_fail(target, errors, status, "replay the program");
    }
    for (uint32_t i = 0; status == TUFF_OK && i < count; i++) {
        errors = tuff_target_errors(target);
        status = target->interface->stream_begin(target->stream);
        if (status != TUFF_OK)
            return tuff_target_fail(target, errors, status, "begin the program");
        status = call_all(runner);
        // Submitted after a failure, too: the stream has to be left as it was.
        errors = tuff_target_errors(target);
        enum tuff_status submitted = target->interface->stream_submit(target->stream);
        if (status == TUFF_OK && submitted != TUFF_OK)
            return tuff_target_fail(target, errors, submitted, "submit the program");
    }
    return status;
}

enum tuff_status tuff_runner_wait(struct tuff_runner *runner)
{
    const struct tuff_target *target = runner->target;
    unsigned errors = tuff_target_errors(target);
    enum tuff_status status = target->interface->stream_wait(target->stream);
    return status == TUFF_OK ? TUFF_OK
                             : tuff_target_fail(target, errors, status, "finish the work on the device");
}
