#include "program.h"

#include <stdlib.h>
#include <string.h>

#include "ops.h"

// A held op: how it is recorded by itself, and how many of its tensors it writes, which are its first ones.
struct held_op {
    enum tuff_status (*record)(struct tuff_stream *stream, const struct tuff_op_args *args);
    uint32_t outputs;
};

#define HELD_OP(NAME, name, outputs)                                                                         \
    static enum tuff_status record_##name(struct tuff_stream *stream, const struct tuff_op_args *args)       \
    {                                                                                                        \
        return vk_##name(stream, (const struct tuff_##name##_args *)args);                                   \
    }
VK_HELD_OPS(HELD_OP)
#undef HELD_OP

static const struct held_op held_ops[TUFF_OP_COUNT] = {
#define HELD_OP(NAME, name, outputs) [TUFF_OP_##NAME] = {record_##name, outputs},
    VK_HELD_OPS(HELD_OP)
#undef HELD_OP
};

// -- Holding back

// A call at the program's end; NULL: no memory.
static struct vk_call *add_call(struct vk_program *program)
{
    if (program->count == program->capacity) {
        uint32_t capacity = program->capacity ? 2 * program->capacity : 32;
        struct vk_call **calls = realloc(program->calls, capacity * sizeof(*calls));
        if (!calls)
            return NULL;
        program->calls = calls;
        program->capacity = capacity;
    }
    struct vk_call *call = calloc(1, sizeof *call);
    if (call)
        program->calls[program->count++] = call;
    return call;
}

static enum tuff_status hold(struct tuff_stream *stream, enum tuff_op op, const struct tuff_op_args *args)
{
    struct vk_call *call = add_call(&stream->program);
    if (!call) {
        stream->failure = TUFF_ERROR_MEMORY;
        return vk_error(stream->device->backend, TUFF_ERROR_MEMORY, "no memory for a call");
    }
    call->op = op;
    call->merger = VK_NO_MERGER;
    call->number = stream->served.calls[0];
    call->args.size = args->size;
    if (args->params) {
        const uint32_t bytes = *(const uint32_t *)args->params; // every parameter struct begins with its size
        memcpy(call->params, args->params, bytes < sizeof call->params ? bytes : sizeof call->params);
        call->args.params = call->params;
    }
    if (args->workspace) {
        call->workspace = *args->workspace;
        call->args.workspace = &call->workspace;
    }
    const size_t count = (args->size - offsetof(struct tuff_op_args, tensors)) / sizeof(*args->tensors);
    for (size_t i = 0; i < count; i++)
        if (args->tensors[i]) {
            call->tensors[i] = *args->tensors[i];
            call->args.tensors[i] = &call->tensors[i];
        }
    return TUFF_OK;
}

// Parameters are copied whole: an op without any (void) counts as a byte of them.
#define HELD_OP(NAME, name, outputs)                                                                         \
    _Static_assert(sizeof *((struct tuff_##name##_args *)0)->params <= VK_PROGRAM_PARAMS_BYTES,              \
                   "the parameters of " #name " have no room in a call");                                    \
    enum tuff_status vk_hold_##name(struct tuff_stream *stream, const struct tuff_##name##_args *args)       \
    {                                                                                                        \
        const struct tuff_op_args *any = (const struct tuff_op_args *)args;                                  \
        if (stream->state != VK_STREAM_CAPTURING || !stream->device->backend->fusion)                        \
            return vk_##name(stream, args);                                                                  \
        return hold(stream, TUFF_OP_##NAME, any);                                                            \
    }
VK_HELD_OPS(HELD_OP)
#undef HELD_OP

void vk_program_forget(struct vk_program *program)
{
    for (uint32_t i = 0; i < program->count; i++)
        free(program->calls[i]);
    program->count = 0;
    program->merger_count = 0;
}

void vk_program_destroy(struct vk_program *program)
{
    vk_program_forget(program);
    free(program->calls);
    memset(program, 0, sizeof *program);
}

// -- What mergers look for

uint32_t vk_program_find(const struct vk_program *program, enum tuff_op op, uint32_t from)
{
    while (from < program->count &&
           (program->calls[from]->op != op || program->calls[from]->merger != VK_NO_MERGER))
        from++;
    return from;
}

bool vk_overlap(const struct tuff_tensor *a, const struct tuff_tensor *b)
{
    const struct vk_range x = vk_range_of(a), y = vk_range_of(b);
    return x.buffer == y.buffer && x.offset < y.offset + y.bytes && y.offset < x.offset + x.bytes;
}

bool vk_same_place(const struct tuff_tensor *a, const struct tuff_tensor *b)
{
    return a->buffer == b->buffer && a->offset == b->offset;
}

bool vk_span_add(struct vk_span *span, const struct tuff_tensor *tensor)
{
    const struct vk_range range = vk_range_of(tensor);
    if (!span->buffer)
        *span = (struct vk_span){range.buffer, range.offset, range.offset + range.bytes};
    if (span->buffer != range.buffer)
        return false;
    if (range.offset < span->begin)
        span->begin = range.offset;
    if (range.offset + range.bytes > span->end)
        span->end = range.offset + range.bytes;
    return true;
}

bool vk_span_fits(const struct vk_span *span, const struct tuff_device *device)
{
    return span->end - span->begin <= device->physical->limits.range_bytes;
}

struct vk_range vk_span_range(const struct vk_span *span, bool half)
{
    return (struct vk_range){
        .buffer = span->buffer, .offset = span->begin, .bytes = span->end - span->begin, .half = half};
}

uint32_t vk_span_word(const struct vk_span *span, const struct tuff_tensor *tensor)
{
    return (uint32_t)((tensor->offset - span->begin) / sizeof(uint32_t));
}

void vk_merger_add(struct vk_merger *merger, uint32_t call)
{
    merger->members[merger->count++] = call;
}

void vk_program_merge(struct vk_program *program, const struct vk_merger *merger)
{
    if (program->merger_count == VK_MAX_MERGERS)
        return;
    struct vk_merger *added = &program->mergers[program->merger_count];
    *added = *merger;
    memcpy(added->push, merger->dispatch.push, merger->dispatch.kernel->push_bytes);
    added->dispatch.push = added->push;
    for (uint32_t i = 0; i < merger->count; i++)
        program->calls[merger->members[i]]->merger = program->merger_count;
    program->merger_count++;
}

// -- Recording

// Tensor i of the call, its workspace being the last; NULL if there is none.
static const struct tuff_tensor *touched(const struct vk_call *call, uint32_t i)
{
    return i < TUFF_OP_MAX_TENSORS ? call->args.tensors[i] : call->args.workspace;
}

static bool written(const struct vk_call *call, uint32_t i)
{
    return i < held_ops[call->op].outputs || i == TUFF_OP_MAX_TENSORS;
}

// Whether the order of the two calls matters.
static bool depend(const struct vk_call *a, const struct vk_call *b)
{
    for (uint32_t i = 0; i <= TUFF_OP_MAX_TENSORS; i++) {
        const struct tuff_tensor *x = touched(a, i);
        for (uint32_t j = 0; x && j <= TUFF_OP_MAX_TENSORS; j++) {
            const struct tuff_tensor *y = touched(b, j);
            if (y && (written(a, i) || written(b, j)) && vk_overlap(x, y))
                return true;
        }
    }
    return false;
}

// Where the call is recorded.
static uint32_t place_of(const struct vk_program *program, uint32_t i)
{
    const uint32_t merger = program->calls[i]->merger;
    return merger == VK_NO_MERGER ? i : program->mergers[merger].at;
}

static void drop(struct vk_program *program, uint32_t merger)
{
    const uint32_t first = merger > 0 && program->mergers[merger - 1].with_next ? merger - 1 : merger;
    const uint32_t last = program->mergers[merger].with_next ? merger + 1 : merger;
    for (uint32_t m = first; m <= last; m++)
        for (uint32_t i = 0; i < program->mergers[m].count; i++)
            program->calls[program->mergers[m].members[i]]->merger = VK_NO_MERGER;
}

// Drops a merger that lets calls which depend on each other change places; false if there is none. What
// happens within a merger is its own affair.
static bool drop_disordered(struct vk_program *program)
{
    for (uint32_t b = 1; b < program->count; b++)
        for (uint32_t a = 0; a < b; a++) {
            if (place_of(program, a) <= place_of(program, b) || !depend(program->calls[a], program->calls[b]))
                continue;
            const uint32_t merger = program->calls[b]->merger;
            drop(program, merger != VK_NO_MERGER ? merger : program->calls[a]->merger);
            return true;
        }
    return false;
}

// The merger, and one behind it that has no members.
static enum tuff_status record_merger(struct tuff_stream *stream, const struct vk_program *program,
                                      uint32_t merger)
{
    const struct vk_merger *first = &program->mergers[merger];
    stream->served.count = 0;
    for (uint32_t i = 0; i < first->count; i++)
        vk_served_add(&stream->served, program->calls[first->members[i]]->number);
    enum tuff_status status = vk_dispatch(stream, &first->dispatch);
    if (status == TUFF_OK && first->with_next && program->mergers[merger + 1].count == 0)
        status = vk_dispatch(stream, &program->mergers[merger + 1].dispatch);
    return status;
}

static enum tuff_status record_all(struct tuff_stream *stream, const struct vk_program *program)
{
    enum tuff_status status = TUFF_OK;
    for (uint32_t i = 0; i < program->count && status == TUFF_OK; i++) {
        const struct vk_call *call = program->calls[i];
        stream->served = (struct vk_served){1, {call->number}};
        if (call->merger == VK_NO_MERGER)
            status = held_ops[call->op].record(stream, &call->args);
        else if (program->mergers[call->merger].at == i)
            status = record_merger(stream, program, call->merger);
    }
    return status;
}

enum tuff_status vk_program_flush(struct tuff_stream *stream)
{
    struct vk_program *program = &stream->program;
    if (program->count == 0 || program->recording)
        return TUFF_OK;
    vk_merge_batch(stream->device, program);
    vk_merge_dense(stream->device, program);
    vk_merge_dense_gradients(stream->device, program);
    vk_merge_gradients(stream->device, program);
    while (drop_disordered(program))
        ;
    const struct vk_served caller = stream->served;
    program->recording = true;
    enum tuff_status status = record_all(stream, program);
    program->recording = false;
    stream->served = caller;
    vk_program_forget(program);
    return status;
}
