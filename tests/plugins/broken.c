// One plugin source, built many times: VARIANT says which rule of the ABI it breaks, VARIANT_NAME is the
// plugin's name. All the rest of it is sound, so that what is broken is the only reason to refuse it.
#include "tuff/backend.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

enum {
    SOUND,       // none broken
    OLDER_MINOR, // none broken: as built against the minor version before, whose op list ended after copy
    MINOR_1,     // none broken: as built against 0.1. No supports; every kernel of that version does nothing
    MINOR_1_SUPPORTS, // the same with a supports that refuses nothing and logs what it is asked
    ONE_THREAD,       // none broken: takes one host thread
    NO_THREADS,       // none broken: takes no number of host threads
    MANY_DEVICES,     // none broken: one of each kind, and several of some
    BINDING,          // none broken: as it is loaded it binds the thread to its first processor

    WRONG_MAGIC,
    WRONG_MAJOR,
    NEWER_MINOR,
    SHORT_DESCRIPTOR,
    BAD_NAME,
    NO_OPEN,
    FAILING_OPEN,    // logs why
    SILENT_OPEN,     // fails too, and does not say why
    NO_INTERFACE,    // open succeeds and hands none out
    MISSING_SLOT,    // buffer_read
    SHORT_INTERFACE, // its size ends before the kernel table, whatever lies there
    HALF_CAPTURE,    // begin and replay, but neither end nor destroy
    FAILING_COUNT,   // device_count logs an error and fails
};

struct tuff_backend {
    const struct tuff_host *host;
};

struct tuff_device {
    int unused;
};

struct tuff_buffer {
    unsigned char *data;
};

struct tuff_stream {
    int unused;
};

// Of MANY_DEVICES.
static const struct {
    const char *name;
    uint32_t kind, software_gpu, preference;
    uint8_t uuid[3];
} many[] = {
    {"Softpipe", TUFF_DEVICE_DISCRETE_GPU, 1, 9, {0x50, 0xf7, 0x01}},
    {"Ticker CPU", TUFF_DEVICE_CPU, 0, 1, {0xc0, 0xff, 0xee}},
    {"Iris 100", TUFF_DEVICE_INTEGRATED_GPU, 0, 8, {0xab, 0xcd, 0x01}},
    {"Arc 200", TUFF_DEVICE_DISCRETE_GPU, 0, 1, {0xab, 0xcd, 0x02}},
    {"Arc 300", TUFF_DEVICE_DISCRETE_GPU, 0, 2, {0xab, 0xce, 0x03}},
    {"Cloud 7", TUFF_DEVICE_VIRTUAL_GPU, 0, 8, {0x10, 0x00, 0x04}},
    {"Oddity", TUFF_DEVICE_OTHER, 0, 8, {0x10, 0x00, 0x05}},
};
enum { MANY_COUNT = sizeof many / sizeof *many };

__attribute__((constructor)) static void bind_thread(void)
{
    cpu_set_t all, first;
    if (VARIANT != BINDING || sched_getaffinity(0, sizeof all, &all) != 0)
        return;
    CPU_ZERO(&first);
    for (size_t i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &all)) {
            CPU_SET(i, &first);
            break;
        }
    if (sched_setaffinity(0, sizeof first, &first) == 0)
        setenv("TUFF_TEST_BOUND", "1", 1); // for the test to see
}

static struct tuff_backend the_backend;
static struct tuff_device the_device;
static struct tuff_stream the_stream;

static void backend_close(struct tuff_backend *backend)
{
    (void)backend;
}

static enum tuff_status device_count(struct tuff_backend *backend, uint32_t *count)
{
    if (VARIANT == FAILING_COUNT) {
        backend->host->log(backend->host->user, TUFF_LOG_ERROR, "expected a device tree, found a shrub");
        return TUFF_ERROR_DEVICE;
    }
    *count = VARIANT == MANY_DEVICES ? MANY_COUNT : 1;
    return TUFF_OK;
}

static enum tuff_status device_describe(struct tuff_backend *backend, uint32_t index,
                                        struct tuff_device_info *info)
{
    (void)backend;
    struct tuff_device_info own = {
        .size = sizeof own,
        .kind = TUFF_DEVICE_OTHER,
        .name = "device of " VARIANT_NAME,
        .buffer_alignment = 4,
        .max_buffer_bytes = 1 << 20,
        .max_tensor_bytes = 1 << 20,
        .max_threads = VARIANT == ONE_THREAD ? 1 : 0,
    };
    if (VARIANT == MANY_DEVICES) {
        strcpy(own.name, many[index].name);
        own.kind = many[index].kind;
        own.software_gpu = many[index].software_gpu;
        own.preference = many[index].preference;
        memcpy(own.uuid, many[index].uuid, sizeof many[index].uuid);
    }
    memcpy(info, &own, info->size < sizeof own ? info->size : sizeof own);
    return TUFF_OK;
}

static enum tuff_status device_open(struct tuff_backend *backend, uint32_t index,
                                    const struct tuff_device_options *options, struct tuff_device **device)
{
    (void)backend, (void)index;
    if (options->size < sizeof *options) // whatever the caller of the host was built with
        return TUFF_ERROR_INTERNAL;
    *device = &the_device;
    return TUFF_OK;
}

static void device_close(struct tuff_device *device)
{
    (void)device;
}

static enum tuff_status device_memory(struct tuff_device *device, struct tuff_device_memory *memory)
{
    (void)device;
    memory->budget = 1 << 20;
    memory->used = 0;
    return TUFF_OK;
}

static enum tuff_status buffer_create(struct tuff_device *device, uint64_t bytes, struct tuff_buffer **buffer)
{
    (void)device;
    struct tuff_buffer *created = malloc(sizeof *created + (size_t)bytes);
    if (created == NULL)
        return TUFF_ERROR_MEMORY;
    created->data = (unsigned char *)(created + 1);
    *buffer = created;
    return TUFF_OK;
}

static void buffer_destroy(struct tuff_buffer *buffer)
{
    free(buffer);
}

static enum tuff_status buffer_write(struct tuff_buffer *buffer, uint64_t offset, const void *data,
                                     uint64_t bytes)
{
    memcpy(buffer->data + offset, data, (size_t)bytes);
    return TUFF_OK;
}

static enum tuff_status buffer_read(struct tuff_buffer *buffer, uint64_t offset, void *data, uint64_t bytes)
{
    memcpy(data, buffer->data + offset, (size_t)bytes);
    return TUFF_OK;
}

static enum tuff_status buffer_copy(struct tuff_buffer *to, uint64_t to_offset, struct tuff_buffer *from,
                                    uint64_t from_offset, uint64_t bytes)
{
    memcpy(to->data + to_offset, from->data + from_offset, (size_t)bytes);
    return TUFF_OK;
}

static enum tuff_status buffer_fill(struct tuff_buffer *buffer, uint64_t offset, uint64_t bytes,
                                    uint32_t word)
{
    for (uint64_t i = 0; i < bytes; i += sizeof word)
        memcpy(buffer->data + offset + i, &word, sizeof word);
    return TUFF_OK;
}

static enum tuff_status stream_create(struct tuff_device *device, struct tuff_stream **stream)
{
    (void)device;
    *stream = &the_stream;
    return TUFF_OK;
}

static void stream_destroy(struct tuff_stream *stream)
{
    (void)stream;
}

// Of begin, submit, wait and capture_begin.
static enum tuff_status stream_nothing(struct tuff_stream *stream)
{
    (void)stream;
    return TUFF_OK;
}

static enum tuff_status capture_replay(struct tuff_stream *stream, struct tuff_capture *capture,
                                       uint32_t count)
{
    (void)stream, (void)capture, (void)count;
    return TUFF_OK;
}

static enum tuff_status fill(struct tuff_stream *stream, const struct tuff_fill_args *args)
{
    (void)stream, (void)args;
    return TUFF_OK;
}

// Stands in a slot that the host does not know to exist.
static enum tuff_status add_out_of_reach(struct tuff_stream *stream, const struct tuff_add_args *args)
{
    (void)stream, (void)args;
    return TUFF_ERROR_INTERNAL;
}

enum { IS_MINOR_1 = VARIANT == MINOR_1 || VARIANT == MINOR_1_SUPPORTS };

// What 0.1 had of the ops that have grown since.
#define IDLE(name)                                                                                           \
    static enum tuff_status name(struct tuff_stream *stream, const struct tuff_##name##_args *args)          \
    {                                                                                                        \
        (void)stream, (void)args;                                                                            \
        return TUFF_OK;                                                                                      \
    }
IDLE(conv2d_forward)
IDLE(softmax_cross_entropy_forward)
IDLE(adam)
IDLE(sgd)

static const struct tuff_kernels kernels = {
    .size = VARIANT == OLDER_MINOR ? offsetof(struct tuff_kernels, add)
            : IS_MINOR_1           ? offsetof(struct tuff_kernels, sgd)
                                   : sizeof kernels,
    .fill = fill,
    .add = VARIANT == OLDER_MINOR ? add_out_of_reach : NULL,
    .conv2d_forward = IS_MINOR_1 ? conv2d_forward : NULL,
    .softmax_cross_entropy_forward = IS_MINOR_1 ? softmax_cross_entropy_forward : NULL,
    .adam = IS_MINOR_1 ? adam : NULL,
    .sgd = IS_MINOR_1 ? sgd : NULL, // out of reach
};

// As the slot was in 0.1.
static uint64_t workspace_of_0_1(struct tuff_device *device, uint32_t op, const struct tuff_op_args *args)
{
    (void)device, (void)args;
    return op == TUFF_OP_CONV2D_FORWARD ? 4321 : 0;
}

static int supports(struct tuff_device *device, uint32_t op, const struct tuff_op_args *args)
{
    (void)device, (void)op, (void)args;
    the_backend.host->log(the_backend.host->user, TUFF_LOG_INFO, "supports was asked");
    return 1;
}

// Stands in a slot that 0.1 did not have.
static enum tuff_status prepare_out_of_reach(struct tuff_device *device, uint32_t op,
                                             const struct tuff_op_args *args)
{
    (void)device, (void)op, (void)args;
    return TUFF_ERROR_INTERNAL;
}

typedef enum tuff_status (*workspace_slot)(struct tuff_device *, uint32_t, const struct tuff_op_args *,
                                           uint64_t *);

static const struct tuff_backend_interface interface = {
    .size = VARIANT == SHORT_INTERFACE ? offsetof(struct tuff_backend_interface, kernels)
            : IS_MINOR_1               ? offsetof(struct tuff_backend_interface, prepare)
                                       : sizeof interface,
    .supports = VARIANT == MINOR_1_SUPPORTS ? supports : NULL,
    .workspace_size = IS_MINOR_1 ? (workspace_slot)(void (*)(void))workspace_of_0_1 : NULL,
    .prepare = IS_MINOR_1 ? prepare_out_of_reach : NULL,
    .close = backend_close,
    .device_count = device_count,
    .device_describe = device_describe,
    .device_open = device_open,
    .device_close = device_close,
    .device_memory = device_memory,
    .buffer_create = buffer_create,
    .buffer_destroy = buffer_destroy,
    .buffer_write = buffer_write,
    .buffer_read = VARIANT == MISSING_SLOT ? NULL : buffer_read,
    .buffer_copy = buffer_copy,
    .buffer_fill = buffer_fill,
    .stream_create = stream_create,
    .stream_destroy = stream_destroy,
    .stream_begin = stream_nothing,
    .stream_submit = stream_nothing,
    .stream_wait = stream_nothing,
    .capture_begin = VARIANT == HALF_CAPTURE ? stream_nothing : NULL,
    .capture_replay = VARIANT == HALF_CAPTURE ? capture_replay : NULL,
    .kernels = &kernels,
};

static enum tuff_status backend_open(const struct tuff_host *host,
                                     const struct tuff_backend_interface **interface_out,
                                     struct tuff_backend **backend)
{
    the_backend.host = host;
    if (VARIANT == FAILING_OPEN)
        host->log(host->user, TUFF_LOG_ERROR, "expected a driver, found none");
    if (VARIANT == FAILING_OPEN || VARIANT == SILENT_OPEN)
        return TUFF_ERROR_DEVICE;
    *interface_out = VARIANT == NO_INTERFACE ? NULL : &interface;
    *backend = &the_backend;
    return TUFF_OK;
}

TUFF_PLUGIN_EXPORT const struct tuff_plugin_descriptor tuff_plugin = {
    .magic = VARIANT == WRONG_MAGIC ? UINT32_C(0xdeadbeef) : TUFF_PLUGIN_MAGIC,
    .abi_major = VARIANT == WRONG_MAJOR ? TUFF_ABI_MAJOR + 7 : TUFF_ABI_MAJOR,
    .abi_minor = VARIANT == NEWER_MINOR   ? TUFF_ABI_MINOR + 98
                 : VARIANT == OLDER_MINOR ? TUFF_ABI_MINOR - 1
                 : IS_MINOR_1             ? 1
                                          : TUFF_ABI_MINOR,
    .size =
        VARIANT == SHORT_DESCRIPTOR ? offsetof(struct tuff_plugin_descriptor, version) : sizeof tuff_plugin,
    .name = VARIANT == BAD_NAME ? "Bad Name!" : VARIANT_NAME,
    .description = "a plugin for tests",
    .version = "1",
    .open = VARIANT == NO_OPEN ? NULL : backend_open,
};
