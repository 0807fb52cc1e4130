// The backend's one device: the processor that the process runs on.
#ifndef TUFF_CPU_DEVICE_H
#define TUFF_CPU_DEVICE_H

#include "tuff/backend.h"

#include "crew.h"
#include "lanes/table.h"
#include "thread_pool.h"

struct tuff_backend {
    const struct tuff_host *host;
};

struct tuff_device {
    struct tuff_backend *backend;
    const struct lanes_table *lanes;
    struct cpu_pool *pool;
    struct cpu_crew crew;
    uint64_t buffer_bytes; // in live buffers
    uint32_t buffers;      // live ones
};

struct tuff_buffer {
    struct tuff_device *device;
    unsigned char *data;
    uint64_t bytes;
};

enum { CPU_BUFFER_ALIGNMENT = 64 };

// Formats a message and hands it to the host.
void cpu_log(const struct tuff_backend *backend, enum tuff_log_level level, const char *format, ...)
    TUFF_PRINTF(3, 4);

// The interface's slots; see backend.h.
enum tuff_status cpu_device_count(struct tuff_backend *backend, uint32_t *count);
enum tuff_status cpu_device_describe(struct tuff_backend *backend, uint32_t index,
                                     struct tuff_device_info *info);
enum tuff_status cpu_device_open(struct tuff_backend *backend, uint32_t index,
                                 const struct tuff_device_options *options, struct tuff_device **device);
void cpu_device_close(struct tuff_device *device);
enum tuff_status cpu_device_memory(struct tuff_device *device, struct tuff_device_memory *memory);

enum tuff_status cpu_buffer_create(struct tuff_device *device, uint64_t bytes, struct tuff_buffer **buffer);
void cpu_buffer_destroy(struct tuff_buffer *buffer);
enum tuff_status cpu_buffer_write(struct tuff_buffer *buffer, uint64_t offset, const void *data,
                                  uint64_t bytes);
enum tuff_status cpu_buffer_read(struct tuff_buffer *buffer, uint64_t offset, void *data, uint64_t bytes);
enum tuff_status cpu_buffer_copy(struct tuff_buffer *to, uint64_t to_offset, struct tuff_buffer *from,
                                 uint64_t from_offset, uint64_t bytes);
enum tuff_status cpu_buffer_fill(struct tuff_buffer *buffer, uint64_t offset, uint64_t bytes, uint32_t word);

// Where a tensor's elements begin.
static inline void *cpu_data(const struct tuff_tensor *t)
{
    return t->buffer->data + t->offset;
}

static inline float *cpu_f32(const struct tuff_tensor *t)
{
    return (float *)cpu_data(t);
}

static inline uint32_t *cpu_u32(const struct tuff_tensor *t)
{
    return (uint32_t *)cpu_data(t);
}

// Blocks of 16 samples that a batch in TUFF_LAYOUT_BATCH16 has.
static inline ptrdiff_t cpu_blocks(const struct tuff_tensor *t)
{
    return (ptrdiff_t)((t->dims[0] + (uint64_t)TUFF_BATCH16_LANES - 1) / TUFF_BATCH16_LANES);
}

// Runs task(context, chunk, worker) for each chunk below `chunks`; returns when all are done. `work` is the
// whole task's in vector operations of 16 lanes, roughly: what is too little to be worth a second thread
// stays on this one. Chunks must be cut by shapes alone, never by the number of threads: only so are results
// the same with any. worker: below the pool's thread count, different for tasks that run at the same time.
void cpu_parallel(struct tuff_device *device, uint64_t work, uint64_t chunks, cpu_task *task, void *context);

// How many chunks to cut `items` into so that each has CPU_CHUNK_WORK of the `work` or more: 1 to items, and
// at most CPU_MOST_CHUNKS.
uint64_t cpu_chunks(uint64_t work, uint64_t items);

enum { CPU_CHUNK_WORK = 4096, CPU_MOST_CHUNKS = 256 };

#endif
