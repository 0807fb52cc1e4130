// A step with a look at the result of each of its ops: for finding out where a number stopped being finite.
#include <math.h>
#include <stdlib.h>

#include "device_memory.h"
#include "op/op_info.h"
#include "pass_state.h"
#include "tuff/half.h"

static float value_at(const void *values, enum tuff_dtype type, uint64_t element)
{
    return type == TUFF_F16 ? tuff_half_to_float(((const uint16_t *)values)[element])
                            : ((const float *)values)[element];
}

// Looks at what lies in the tensor.
static enum tuff_status look_at(const struct tuff_target *target, const struct tuff_tensor *tensor,
                                struct tuff_pass_origin *origin)
{
    const uint64_t bytes = tuff_whole_words(tuff_tensor_bytes(tensor));
    const uint64_t elements = tuff_tensor_stored_elements(tensor);
    void *values = malloc(bytes);
    if (values == NULL)
        return tuff_fail(target->log, TUFF_ERROR_MEMORY, "out of memory");
    enum tuff_status status = tuff_device_read(target, tensor->buffer, tensor->offset, values, bytes);
    for (uint64_t i = 0; status == TUFF_OK && i < elements && !origin->found; i++) {
        origin->value = value_at(values, (enum tuff_dtype)tensor->dtype, i);
        origin->element = i;
        origin->found = !isfinite(origin->value);
    }
    free(values);
    return status;
}

static enum tuff_status look_at_results(const struct tuff_target *target, const struct tuff_runner *runner,
                                        const struct tuff_graph *graph, uint32_t node,
                                        struct tuff_pass_origin *origin)
{
    const struct tuff_op_info *info = tuff_op_info(graph->nodes[node].op);
    enum tuff_status status = TUFF_OK;
    for (uint32_t i = 0; i < info->tensor_count && status == TUFF_OK && !origin->found; i++) {
        const struct tuff_tensor *tensor = tuff_runner_tensor(runner, node, i);
        if (tensor == NULL || info->roles[i].access == TUFF_ACCESS_IN ||
            (tensor->dtype != TUFF_F32 && tensor->dtype != TUFF_F16))
            continue;
        origin->graph = graph;
        origin->node = node;
        origin->argument = i;
        status = look_at(target, tensor, origin);
    }
    return status;
}

static enum tuff_status call_alone(const struct tuff_target *target, struct tuff_runner *runner,
                                   uint32_t node)
{
    const unsigned errors = tuff_target_errors(target);
    enum tuff_status status = target->interface->stream_begin(target->stream);
    if (status != TUFF_OK)
        return tuff_target_fail(target, errors, status, "begin a step");
    status = tuff_runner_call(runner, node);
    // Also after a failure: the stream has to be left as it was.
    const enum tuff_status submitted = target->interface->stream_submit(target->stream);
    if (status == TUFF_OK && submitted != TUFF_OK)
        status = tuff_target_fail(target, errors, submitted, "run the program");
    const enum tuff_status waited = tuff_runner_wait(runner);
    return status == TUFF_OK ? waited : status;
}

enum tuff_phase tuff_pass_phase(const struct tuff_graph *graph, uint32_t node)
{
    bool backward = false;
    for (uint32_t i = 0; i <= node; i++) {
        switch (graph->nodes[i].op) {
        case TUFF_OP_SOFTMAX_CROSS_ENTROPY_BACKWARD:
            backward = true;
            break;
        case TUFF_OP_GRADIENT_NORM:
        case TUFF_OP_ADAM:
        case TUFF_OP_SGD:
            return TUFF_PHASE_UPDATE;
        default:
            break;
        }
    }
    return backward ? TUFF_PHASE_BACKWARD : TUFF_PHASE_FORWARD;
}

// Gradients of a loss that is scaled may overflow; what becomes of them is up to the update.
static bool may_overflow(const struct tuff_pass *pass, const struct tuff_graph *graph, uint32_t node)
{
    if (!pass->options.mixed)
        return false;
    switch (graph->nodes[node].op) {
    case TUFF_OP_GRADIENT_NORM:
    case TUFF_OP_GRADIENT_UNSCALE:
    case TUFF_OP_GRADIENT_CLIP:
        return true;
    default:
        return tuff_pass_phase(graph, node) == TUFF_PHASE_BACKWARD;
    }
}

// One run of a program, op by op.
static enum tuff_status find_in_program(const struct tuff_pass *pass, enum program_kind kind, uint32_t chunk,
                                        struct tuff_pass_origin *origin)
{
    const struct tuff_graph *graph = pass->programs[kind].graph;
    struct tuff_runner *runner = pass->programs[kind].runners[chunk];
    enum tuff_status status = TUFF_OK;
    for (uint32_t node = 0; node < graph->node_count && status == TUFF_OK && !origin->found; node++) {
        status = call_alone(pass->target, runner, node);
        if (status == TUFF_OK && !may_overflow(pass, graph, node))
            status = look_at_results(pass->target, runner, graph, node, origin);
    }
    return status;
}

enum tuff_status tuff_pass_find_origin(struct tuff_pass *pass, const struct tuff_pass_work *work,
                                       struct tuff_pass_origin *origin)
{
    const uint32_t parts =
        tuff_pass_parts_before(pass, work->first + 1) - tuff_pass_parts_before(pass, work->first);
    uint32_t chunk = 0;
    *origin = (struct tuff_pass_origin){.found = false};
    enum tuff_status status = tuff_pass_prepare(pass, work);
    if (status == TUFF_OK && tuff_pass_streams(pass)) {
        chunk = tuff_pass_chunk_of(pass, work->first);
        status = tuff_pass_load_chunk(pass, work->order, chunk);
    }
    for (uint32_t part = 0; part < parts && status == TUFF_OK && !origin->found; part++)
        status = find_in_program(pass, part + 1 == parts ? PROGRAM_STEP : PROGRAM_PART, chunk % 2, origin);
    return status;
}
