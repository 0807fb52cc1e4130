#include "faulty_device.h"

#include <string.h>

static struct tuff_backend_interface sound; // the reference's
static enum tuff_status (*sound_copy)(struct tuff_stream *, const struct tuff_copy_args *);

// -- Buffers.

static enum tuff_status write_at_start(struct tuff_buffer *buffer, uint64_t offset, const void *data,
                                       uint64_t bytes)
{
    (void)offset;
    return sound.buffer_write(buffer, 0, data, bytes);
}

static void fault_write_offset(struct tuff_backend_interface *interface, struct tuff_kernels *kernels)
{
    (void)kernels;
    interface->buffer_write = write_at_start;
}

// Reads from a multiple of 16 on.
static enum tuff_status read_aligned(struct tuff_buffer *buffer, uint64_t offset, void *data, uint64_t bytes)
{
    return sound.buffer_read(buffer, offset / 16 * 16, data, bytes);
}

static void fault_read_offset(struct tuff_backend_interface *interface, struct tuff_kernels *kernels)
{
    (void)kernels;
    interface->buffer_read = read_aligned;
}

static enum tuff_status copy_from_start(struct tuff_buffer *to, uint64_t to_offset, struct tuff_buffer *from,
                                        uint64_t from_offset, uint64_t bytes)
{
    return sound.buffer_copy(to, to_offset, from, to == from ? from_offset : 0, bytes);
}

static void fault_copy_offset(struct tuff_backend_interface *interface, struct tuff_kernels *kernels)
{
    (void)kernels;
    interface->buffer_copy = copy_from_start;
}

// Leaves out the last word.
static enum tuff_status fill_short(struct tuff_buffer *buffer, uint64_t offset, uint64_t bytes, uint32_t word)
{
    return bytes == 4 ? TUFF_OK : sound.buffer_fill(buffer, offset, bytes - 4, word);
}

static void fault_fill_short(struct tuff_backend_interface *interface, struct tuff_kernels *kernels)
{
    (void)kernels;
    interface->buffer_fill = fill_short;
}

// -- Streams. What is called is kept until it is submitted, as many backends do.

enum { QUEUE_MAX = 64 };

static struct {
    struct tuff_tensor y, x;
} queue[QUEUE_MAX];

static uint32_t queued, unwaited; // kernels of this submission; submissions since the last wait
static enum { ORDER_DROPS_SECOND, ORDER_REVERSED, ORDER_DROPS_UNWAITED } order;

static enum tuff_status enqueue_copy(struct tuff_stream *stream, const struct tuff_copy_args *args)
{
    (void)stream;
    if (queued == QUEUE_MAX)
        return TUFF_ERROR_MEMORY;
    queue[queued].y = *args->y;
    queue[queued++].x = *args->x;
    return TUFF_OK;
}

static enum tuff_status submit_queue(struct tuff_stream *stream)
{
    enum tuff_status status = TUFF_OK;
    const uint32_t count = order == ORDER_DROPS_UNWAITED && unwaited > 0 ? 0 : queued;
    for (uint32_t i = 0; i < count && status == TUFF_OK; i++) {
        const uint32_t at = order == ORDER_REVERSED ? count - 1 - i : i;
        const struct tuff_copy_args args = {.size = sizeof args, .y = &queue[at].y, .x = &queue[at].x};
        if (order != ORDER_DROPS_SECOND || i != 1)
            status = sound_copy(stream, &args);
    }
    queued = 0;
    unwaited++;
    return status == TUFF_OK ? sound.stream_submit(stream) : status;
}

static enum tuff_status note_wait(struct tuff_stream *stream)
{
    unwaited = 0;
    return sound.stream_wait(stream);
}

static void use_queue(struct tuff_backend_interface *interface, struct tuff_kernels *kernels)
{
    kernels->copy = enqueue_copy;
    interface->stream_submit = submit_queue;
    interface->stream_wait = note_wait;
}

static void fault_drops_second(struct tuff_backend_interface *interface, struct tuff_kernels *kernels)
{
    order = ORDER_DROPS_SECOND;
    use_queue(interface, kernels);
}

static void fault_reorders(struct tuff_backend_interface *interface, struct tuff_kernels *kernels)
{
    order = ORDER_REVERSED;
    use_queue(interface, kernels);
}

static void fault_drops_unwaited(struct tuff_backend_interface *interface, struct tuff_kernels *kernels)
{
    order = ORDER_DROPS_UNWAITED;
    use_queue(interface, kernels);
}

// No kernel of those that the checks move data with.
static void fault_no_mover(struct tuff_backend_interface *interface, struct tuff_kernels *kernels)
{
    (void)interface;
    kernels->copy = NULL;
    kernels->relu_forward = NULL;
    kernels->add = NULL;
    kernels->multiply = NULL;
}

// -- The clock.

static enum tuff_status read_nothing(struct tuff_stream *stream, uint32_t slot, uint64_t *nanoseconds)
{
    (void)stream;
    (void)slot;
    *nanoseconds = 0;
    return TUFF_OK;
}

static void fault_clock_zero(struct tuff_backend_interface *interface, struct tuff_kernels *kernels)
{
    (void)kernels;
    interface->stream_timestamp_read = read_nothing;
}

static enum tuff_status read_stopped(struct tuff_stream *stream, uint32_t slot, uint64_t *nanoseconds)
{
    enum tuff_status status = sound.stream_timestamp_read(stream, slot, nanoseconds);
    *nanoseconds = 1;
    return status;
}

static void fault_clock_stopped(struct tuff_backend_interface *interface, struct tuff_kernels *kernels)
{
    (void)kernels;
    interface->stream_timestamp_read = read_stopped;
}

static enum tuff_status read_microseconds(struct tuff_stream *stream, uint32_t slot, uint64_t *nanoseconds)
{
    enum tuff_status status = sound.stream_timestamp_read(stream, slot, nanoseconds);
    *nanoseconds /= 1000;
    return status;
}

static void fault_clock_unit(struct tuff_backend_interface *interface, struct tuff_kernels *kernels)
{
    (void)kernels;
    interface->stream_timestamp_read = read_microseconds;
}

bool faulty_device_apply(const char *fault, struct tuff_backend_interface *interface,
                         struct tuff_kernels *kernels)
{
    static const struct {
        const char *name;
        void (*apply)(struct tuff_backend_interface *interface, struct tuff_kernels *kernels);
    } faults[] = {
        {"write-offset", fault_write_offset},
        {"read-offset", fault_read_offset},
        {"copy-offset", fault_copy_offset},
        {"fill-short", fault_fill_short},
        {"drops-second", fault_drops_second},
        {"reorders", fault_reorders},
        {"drops-unwaited", fault_drops_unwaited},
        {"clock-zero", fault_clock_zero},
        {"clock-stopped", fault_clock_stopped},
        {"clock-unit", fault_clock_unit},
        {"no-mover", fault_no_mover},
    };
    sound = *interface;
    sound_copy = kernels->copy;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        if (strcmp(fault, faults[i].name) == 0) {
            faults[i].apply(interface, kernels);
            return true;
        }
    return false;
}
