// The plugin ABI: what a backend is to the host, and the host to a backend.
//
// A plugin is a shared object that exports one const data symbol, `tuff_plugin`, a struct tuff_plugin_descriptor.
// The loader checks its magic, ABI version and size before it calls anything. This header, op.h and what op.h
// includes are all that a plugin needs; it links against nothing of Tuff's.
//
// Rules of the ABI:
// - The same major version is required. A plugin built for a newer minor than the host's is refused; an older
//   one loads. Every struct that crosses the boundary starts with its size as its filler knows it, and grows only
//   at its end, or into a field called reserved, which is zero until then: a reader takes no field beyond that
//   size. No struct has padding that is not such a field, so that growth always shows in the size or in a name.
// - What is new means, where it is zero, what was before: a field, a tensor that is not there, the values that an
//   enum had. The host keeps an older plugin from what it cannot know: the table in core/backend/growth.c says with
//   which minor version each field, tensor and value came, and an op that uses one which is newer than the plugin
//   is unsupported, by that name, before supports() is asked and before any kernel is called. So a plugin that reads
//   all that its own headers have, and nothing else, misses nothing, with a supports() or without.
// - Slots marked optional may be NULL. Slots that belong together are all there or all NULL.
// - The core validates arguments once, before a slot or a kernel is called; plugins may rely on what is promised.
// - A plugin never prints, exits, aborts or leaves a signal handler behind. It logs through the host's callback,
//   one message without a trailing newline that says what was expected and what was found, and returns a status.
// - Threads: the host calls into one backend from one thread at a time. A plugin may use threads of its own.
// - A plugin is never unloaded. After a TUFF_ERROR_DEVICE every further call on that device fails with it too,
//   except those that destroy.
#ifndef TUFF_BACKEND_H
#define TUFF_BACKEND_H

#include <stddef.h>
#include <stdint.h>

#include "op.h"
#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TUFF_PLUGIN_MAGIC UINT32_C(0x46465554) // "TUFF" in memory on a little-endian machine
#define TUFF_ABI_MAJOR    0
#define TUFF_ABI_MINOR    3
#define TUFF_PLUGIN_SYMBOL "tuff_plugin"

// Each backend defines these for itself.
struct tuff_backend; // what open() returned
struct tuff_device;  // one opened device
struct tuff_buffer;  // memory on a device
struct tuff_stream;  // a queue of work, in order
struct tuff_capture; // recorded work

enum tuff_log_level {
    TUFF_LOG_ERROR = 0,
    TUFF_LOG_WARNING = 1,
    TUFF_LOG_INFO = 2,
    TUFF_LOG_DEBUG = 3,
};

// What the host lends to a backend; it outlives the backend.
struct tuff_host {
    uint32_t size;
    uint32_t abi_minor; // the host's
    void *user;         // handed back to log
    // May be called from any thread. The message is copied before the call returns. The host puts the plugin's name
    // in front of it, so the message need not.
    void (*log)(void *user, enum tuff_log_level level, const char *message);
};

enum tuff_device_kind {
    TUFF_DEVICE_OTHER = 0,
    TUFF_DEVICE_DISCRETE_GPU = 1,
    TUFF_DEVICE_INTEGRATED_GPU = 2,
    TUFF_DEVICE_VIRTUAL_GPU = 3,
    TUFF_DEVICE_CPU = 4,
};

struct tuff_device_info {
    uint32_t size;
    uint32_t kind;             // enum tuff_device_kind
    char name[256];            // "AMD Radeon RX 7900 XTX (RADV NAVI31)"
    char driver[256];          // "radv, Mesa 24.1.0"; the library a CPU backend computes with
    char details[1024];        // further limits for people to read: lines of "name: value"
    uint8_t uuid[16];          // the same from run to run; all zero if there is none
    uint64_t buffer_alignment; // of every tensor's offset; a power of two, at least 4
    uint64_t max_buffer_bytes; // the largest that buffer_create takes
    uint64_t max_tensor_bytes; // the largest tensor a kernel takes, except for the images of the gather ops
    uint32_t timestamp_slots;  // 0: stream_timestamp is not supported
    uint32_t software_gpu;     // 1: a GPU interface that a CPU driver emulates
    uint32_t preference;       // among devices of one kind the greater is chosen first; 0: only when asked for
    uint32_t max_threads;      // host threads that device_open takes at most; 0: it takes no number (since 0.2)
};

struct tuff_device_options {
    uint32_t size;
    // Host threads that a CPU backend may use; 0: as many as the process may run on. Of a number above max_threads
    // the host has warned the user; the device may take fewer, or refuse it.
    uint32_t threads;
};

struct tuff_device_memory {
    uint32_t size;
    uint32_t reserved;
    uint64_t budget; // bytes this process may use now, what it uses included; an estimate
    uint64_t used;   // bytes in buffers of this device
};

// A dispatch of a capture that was profiled: what the device runs as one.
struct tuff_dispatch_profile {
    uint32_t size;
    uint32_t call_count;   // kernel calls that it does, as a whole or in part
    const uint32_t *calls; // their numbers, ascending; that of the first call after profile_begin is 0
    const char *name;      // of what runs: a shader's, say
    uint64_t begin, end;   // nanoseconds from any origin, which all dispatches of a replay share
    uint64_t invocations;  // of the shader, as the device counted them; 0: it does not count
};

// One typed entry per op: enum tuff_status (*name)(stream, args). NULL: unsupported.
// Effect: as the op's header says, in the order of calls on the stream. Blocking: no. A backend that computes at
// once may do so within the call. args and all it points to may be gone when the call returns.
struct tuff_kernels {
    size_t size;
#define TUFF_OP(NAME, name) enum tuff_status (*name)(struct tuff_stream *, const struct tuff_##name##_args *);
#include "op_list.h"
#undef TUFF_OP
};

struct tuff_backend_interface {
    size_t size;

    // -- Backend. Frees what open made. All its devices have been closed before.
    void (*close)(struct tuff_backend *backend);

    // -- Devices. Indices are stable while the backend is open.
    // No device at all is success with a count of 0; what is amiss (no driver, say) is logged as information.
    enum tuff_status (*device_count)(struct tuff_backend *backend, uint32_t *count);
    // Fills *info as far as info->size goes. Cheap: opens no device.
    enum tuff_status (*device_describe)(struct tuff_backend *backend, uint32_t index, struct tuff_device_info *info);
    enum tuff_status (*device_open)(struct tuff_backend *backend, uint32_t index,
                                    const struct tuff_device_options *options, struct tuff_device **device);
    // Its buffers, streams and captures have been destroyed before; what is left is logged as an error. NULL: no-op.
    void (*device_close)(struct tuff_device *device);
    enum tuff_status (*device_memory)(struct tuff_device *device, struct tuff_device_memory *memory);

    // -- Buffers. All of these block. The host waits for the streams that use a buffer before it calls one of
    // them on that buffer. Offsets and sizes are multiples of 4 and lie within the buffer; content starts undefined.
    // bytes: at least 4, a multiple of 4, at most max_buffer_bytes. TUFF_ERROR_MEMORY if there is not enough.
    enum tuff_status (*buffer_create)(struct tuff_device *device, uint64_t bytes, struct tuff_buffer **buffer);
    void (*buffer_destroy)(struct tuff_buffer *buffer); // NULL: no-op
    enum tuff_status (*buffer_write)(struct tuff_buffer *buffer, uint64_t offset, const void *data, uint64_t bytes);
    enum tuff_status (*buffer_read)(struct tuff_buffer *buffer, uint64_t offset, void *data, uint64_t bytes);
    // Within one device; the ranges do not overlap.
    enum tuff_status (*buffer_copy)(struct tuff_buffer *to, uint64_t to_offset, struct tuff_buffer *from,
                                    uint64_t from_offset, uint64_t bytes);
    // Every 32-bit word of the range becomes `word`.
    enum tuff_status (*buffer_fill)(struct tuff_buffer *buffer, uint64_t offset, uint64_t bytes, uint32_t word);

    // -- Streams. Work on one stream runs in order: each kernel sees what those before it wrote.
    enum tuff_status (*stream_create)(struct tuff_device *device, struct tuff_stream **stream);
    void (*stream_destroy)(struct tuff_stream *stream); // waits for its work; NULL: no-op
    // Kernels may be called from begin to submit (or from capture_begin to capture_end).
    enum tuff_status (*stream_begin)(struct tuff_stream *stream);
    // Hands over what was called since begin. Does not block, unless too much is in flight already.
    enum tuff_status (*stream_submit)(struct tuff_stream *stream);
    // Blocks until all that was submitted or replayed on the stream is done. TUFF_ERROR_DEVICE if it failed, or
    // did not end within a minute or so; of a device that the CPU emulates, ten.
    enum tuff_status (*stream_wait)(struct tuff_stream *stream);
    // Optional pair. Enqueues a reading of the device's clock into `slot`, after the work before it is done;
    // reads it, in nanoseconds from any origin, after stream_wait.
    enum tuff_status (*stream_timestamp)(struct tuff_stream *stream, uint32_t slot);
    enum tuff_status (*stream_timestamp_read)(struct tuff_stream *stream, uint32_t slot, uint64_t *nanoseconds);

    // -- Capture. Optional, all four or none. Kernels called between begin and end are recorded and not run; the
    // buffers they name must live as long as the capture.
    enum tuff_status (*capture_begin)(struct tuff_stream *stream);
    enum tuff_status (*capture_end)(struct tuff_stream *stream, struct tuff_capture **capture); // NULL on failure
    // Runs the capture `count` times in order, at least once; like a submit. The stream is not between begin and
    // submit.
    enum tuff_status (*capture_replay)(struct tuff_stream *stream, struct tuff_capture *capture, uint32_t count);
    void (*capture_destroy)(struct tuff_capture *capture); // its replays are done; NULL: no-op

    // -- Planning. Asked with tensors whose buffer is NULL, before memory is laid out, of ops that the kernel table
    // has. Asked often, of programs too that are never run: what takes long belongs into prepare.
    // Optional. Whether the kernel takes these arguments (shapes, layouts, parameters): 1 or 0. NULL slot: whatever
    // has a kernel is supported, in every layout, and with float16 wherever op.h has it.
    int (*supports)(struct tuff_device *device, uint32_t op, const struct tuff_op_args *args);
    // Optional. Bytes of workspace that the kernel needs for these arguments, which supports has taken. NULL slot:
    // always 0. (In ABI 0.1: uint64_t (*)(device, op, args), and so it is called in a plugin built for that.)
    enum tuff_status (*workspace_size)(struct tuff_device *device, uint32_t op, const struct tuff_op_args *args,
                                       uint64_t *bytes);
    // Optional. The layout (enum tuff_layout) that activations are best kept in for this batch size. NULL slot:
    // row-major. Every kernel must take row-major as well.
    uint32_t (*activation_layout)(struct tuff_device *device, uint32_t batch_size);

    // -- Kernels.
    const struct tuff_kernels *kernels;

    // -- Preparation, since 0.2. Optional. Called for each kernel call of a program that is going to run, once its
    // memory is there: with the very arguments that the kernel will get, buffers and workspace included, before the
    // first of them is called or captured, not between begin and submit, and with no work in flight on the device.
    // The place to compile a pipeline, to make a library's primitive or to time alternatives: steps run against the
    // clock, this does not. (With the memory bound and not while shapes are asked about, so that nothing is compiled
    // for a program that is planned and given up, and that alternatives can be run on the memory they will have.)
    // It may write the workspace and the tensors that the op only writes; what an op reads or updates is left alone,
    // and holds anything yet: no index or label in it is to be followed. What it makes is the plugin's to keep, and
    // to find again by op, shapes and parameters; it may be called again for the same ones. Blocking: yes.
    // Failure: the program is not run, and the message names the op.
    enum tuff_status (*prepare)(struct tuff_device *device, uint32_t op, const struct tuff_op_args *args);

    // -- Profile, since 0.3. Optional pair, of a backend that captures: what became of the calls of a capture, and how
    // long it takes. profile_begin is capture_begin for a capture that reads the device's clock between its dispatches;
    // it is ended, replayed and destroyed like others; a device without timestamp_slots is not asked for one. profile_read tells of dispatch `index`, in the order of recording
    // from 0 on, in the last replay, which stream_wait was called after: TUFF_ERROR_NOT_FOUND, without a message, behind
    // the last one. Pointers in *dispatch live as long as the capture. Dispatches that may overlap have each the time
    // from the end of those before them to their own.
    enum tuff_status (*profile_begin)(struct tuff_stream *stream);
    enum tuff_status (*profile_read)(struct tuff_stream *stream, struct tuff_capture *capture, uint32_t index,
                                     struct tuff_dispatch_profile *dispatch);
};

// The plugin's single export, constant data. The first four fields never move.
struct tuff_plugin_descriptor {
    uint32_t magic;     // TUFF_PLUGIN_MAGIC
    uint32_t abi_major; // TUFF_ABI_MAJOR it was built with
    uint32_t abi_minor; // TUFF_ABI_MINOR it was built with
    uint32_t size;      // sizeof(struct tuff_plugin_descriptor) it was built with
    const char *name;        // "vulkan": lower-case letters, digits, '-' and '_'
    const char *description; // one line
    const char *version;     // the plugin's own
    // Makes a backend. The interface lives as long as the process. On failure the plugin has logged why.
    enum tuff_status (*open)(const struct tuff_host *host, const struct tuff_backend_interface **interface_out,
                             struct tuff_backend **backend);
};

// How a plugin defines its export:
//   TUFF_PLUGIN_EXPORT const struct tuff_plugin_descriptor tuff_plugin = { .magic = TUFF_PLUGIN_MAGIC, ... };
#if defined(__GNUC__)
#define TUFF_PLUGIN_EXPORT __attribute__((visibility("default")))
#else
#define TUFF_PLUGIN_EXPORT
#endif

#ifdef __cplusplus
}
#endif
#endif
