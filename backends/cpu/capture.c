#include "capture.h"

#include <stdlib.h>
#include <string.h>

#include "blas_threads.h"
#include "float_mode.h"
#include "ops.h"

enum { FIRST_CAPACITY = 32 };

struct record {
    enum tuff_op op;    // TUFF_OP_COUNT: a reading of the clock
    uint32_t timestamp; // its slot
    void *args;         // a copy, in one allocation with what it points to
};

struct tuff_capture {
    struct record *records;
    size_t count, capacity;
    enum tuff_status status; // of the recording so far
};

static enum tuff_status out_of_memory(struct tuff_stream *stream)
{
    cpu_log(stream->device->backend, TUFF_LOG_ERROR, "no memory to record a kernel call");
    stream->capture->status = TUFF_ERROR_MEMORY;
    return TUFF_ERROR_MEMORY;
}

static enum tuff_status append(struct tuff_stream *stream, struct record record)
{
    struct tuff_capture *capture = stream->capture;
    if (capture->count == capture->capacity) {
        const size_t capacity = capture->capacity ? 2 * capture->capacity : FIRST_CAPACITY;
        struct record *records = realloc(capture->records, capacity * sizeof *records);
        if (!records)
            return out_of_memory(stream);
        capture->records = records;
        capture->capacity = capacity;
    }
    capture->records[capture->count++] = record;
    return TUFF_OK;
}

static size_t round_up(size_t bytes)
{
    return (bytes + _Alignof(max_align_t) - 1) / _Alignof(max_align_t) * _Alignof(max_align_t);
}

// Puts a pointer at `offset` of the copied arguments.
static void set_pointer(unsigned char *args, size_t offset, const void *pointer)
{
    memcpy(args + offset, &pointer, sizeof pointer);
}

// A copy of the arguments, fields beyond those that this plugin knows included, and behind it of all they
// point to. NULL if there is no memory.
static void *copy_args(const struct tuff_op_args *args)
{
    const size_t head = offsetof(struct tuff_op_args, tensors);
    const size_t slots = (args->size - head) / sizeof args->tensors[0];
    const size_t args_bytes = round_up(args->size);
    const size_t tensors_bytes = round_up((slots + 1) * sizeof(struct tuff_tensor)); // and the workspace
    uint32_t params_bytes = 0; // a parameter struct begins with its size
    if (args->params)
        memcpy(&params_bytes, args->params, sizeof params_bytes);

    unsigned char *copy = malloc(args_bytes + tensors_bytes + params_bytes);
    if (!copy)
        return NULL;
    memcpy(copy, args, args->size);
    struct tuff_tensor *tensors = (struct tuff_tensor *)(void *)(copy + args_bytes);
    for (size_t i = 0; i < slots; i++) {
        const struct tuff_tensor *tensor;
        const size_t at = head + i * sizeof tensor;
        memcpy(&tensor, copy + at, sizeof tensor);
        if (tensor) {
            tensors[i] = *tensor;
            set_pointer(copy, at, &tensors[i]);
        }
    }
    if (args->workspace) {
        tensors[slots] = *args->workspace;
        set_pointer(copy, offsetof(struct tuff_op_args, workspace), &tensors[slots]);
    }
    if (args->params) {
        memcpy(copy + args_bytes + tensors_bytes, args->params, params_bytes);
        set_pointer(copy, offsetof(struct tuff_op_args, params), copy + args_bytes + tensors_bytes);
    }
    return copy;
}

enum tuff_status cpu_capture_record_op(struct tuff_stream *stream, enum tuff_op op,
                                       const struct tuff_op_args *args)
{
    void *copy = copy_args(args);
    if (!copy)
        return out_of_memory(stream);
    const enum tuff_status status = append(stream, (struct record){.op = op, .args = copy});
    if (status != TUFF_OK)
        free(copy);
    return status;
}

enum tuff_status cpu_capture_record_timestamp(struct tuff_stream *stream, uint32_t slot)
{
    return append(stream, (struct record){.op = TUFF_OP_COUNT, .timestamp = slot});
}

enum tuff_status cpu_capture_begin(struct tuff_stream *stream)
{
    stream->capture = calloc(1, sizeof *stream->capture);
    if (!stream->capture) {
        cpu_log(stream->device->backend, TUFF_LOG_ERROR, "no memory for a capture");
        return TUFF_ERROR_MEMORY;
    }
    return TUFF_OK;
}

enum tuff_status cpu_capture_end(struct tuff_stream *stream, struct tuff_capture **capture_out)
{
    struct tuff_capture *capture = stream->capture;
    stream->capture = NULL;
    *capture_out = NULL;
    if (capture->status != TUFF_OK) {
        const enum tuff_status status = capture->status;
        cpu_capture_destroy(capture);
        return status;
    }
    *capture_out = capture;
    return TUFF_OK;
}

enum tuff_status cpu_capture_replay(struct tuff_stream *stream, struct tuff_capture *capture, uint32_t count)
{
    const unsigned mode = cpu_float_mode_enter();
    const int threads = cpu_blas_one_thread_enter();
    for (uint32_t turn = 0; turn < count; turn++) {
        for (size_t i = 0; i < capture->count; i++) {
            const struct record *record = &capture->records[i];
            if (record->op == TUFF_OP_COUNT)
                cpu_stream_read_clock(stream, record->timestamp);
            else
                cpu_ops[record->op].run(stream->device, record->args);
        }
    }
    cpu_blas_one_thread_leave(threads);
    cpu_float_mode_leave(mode);
    return TUFF_OK;
}

void cpu_capture_destroy(struct tuff_capture *capture)
{
    if (!capture)
        return;
    for (size_t i = 0; i < capture->count; i++)
        free(capture->records[i].args);
    free(capture->records);
    free(capture);
}
