#include "device.h"

#include <cblas.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "blas_threads.h"
#include "isa.h"
#include "memory.h"
#include "processors.h"
#include "stream.h"
#include "system_file.h"
#include "ticks.h"

enum {
    MAX_THREADS = CPU_MAX_PROCESSORS,
    PREFERENCE = 100,
    // Below this a task is done before a second thread has joined in, and is not worth a look at the clock;
    // in vector operations of 16 lanes.
    PARALLEL_WORK = 512,
    CREW_WINDOW_TICKS = 5000000, // some 2 ms
};

void cpu_log(const struct tuff_backend *backend, enum tuff_log_level level, const char *format, ...)
{
    char message[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    backend->host->log(backend->host->user, level, message);
}

enum tuff_status cpu_device_count(struct tuff_backend *backend, uint32_t *count)
{
    (void)backend;
    *count = 1;
    return TUFF_OK;
}

enum tuff_status cpu_device_describe(struct tuff_backend *backend, uint32_t index,
                                     struct tuff_device_info *info)
{
    if (index != 0) {
        cpu_log(backend, TUFF_LOG_ERROR, "expected device 0, found %" PRIu32, index);
        return TUFF_ERROR_NOT_FOUND;
    }
    const struct lanes_table *lanes = cpu_isa_choose();
    const char *isa = lanes ? lanes->name : "unknown instruction set";
    struct tuff_device_info full = {
        .kind = TUFF_DEVICE_CPU,
        .buffer_alignment = CPU_BUFFER_ALIGNMENT,
        .max_buffer_bytes = cpu_memory_physical() & ~(uint64_t)(CPU_BUFFER_ALIGNMENT - 1),
        // BLAS counts in int.
        .max_tensor_bytes = (uint64_t)INT32_MAX / 16 * 16 * sizeof(float),
        .timestamp_slots = CPU_TIMESTAMP_SLOTS,
        .preference = PREFERENCE,
        .max_threads = MAX_THREADS,
    };
    if (!cpu_read_line("/proc/cpuinfo", "model name", full.name, sizeof full.name))
        snprintf(full.name, sizeof full.name, "CPU");
    snprintf(full.driver, sizeof full.driver, "%s, %s", openblas_get_config(), isa);
    snprintf(full.details, sizeof full.details,
             "threads: %" PRIu32 "\ninstruction set: %s\nBLAS kernels: %s\n", cpu_processors(), isa,
             openblas_get_corename());
    const uint32_t size = info->size;
    full.size = size;
    memcpy(info, &full, size < sizeof full ? size : sizeof full);
    return TUFF_OK;
}

enum tuff_status cpu_device_open(struct tuff_backend *backend, uint32_t index,
                                 const struct tuff_device_options *options, struct tuff_device **device_out)
{
    *device_out = NULL;
    if (index != 0) {
        cpu_log(backend, TUFF_LOG_ERROR, "expected device 0, found %" PRIu32, index);
        return TUFF_ERROR_NOT_FOUND;
    }
    const struct lanes_table *lanes = cpu_isa_choose();
    if (!lanes) {
        cpu_log(backend, TUFF_LOG_ERROR,
                "the environment variable " CPU_ISA_VARIABLE
                ": expected %s, as far as this processor has it, found '%s'",
                cpu_isa_names, getenv(CPU_ISA_VARIABLE));
        return TUFF_ERROR_INVALID;
    }
    uint32_t threads = options ? options->threads : 0;
    if (threads > MAX_THREADS) {
        cpu_log(backend, TUFF_LOG_ERROR, "expected at most %d threads, found %" PRIu32, (int)MAX_THREADS,
                threads);
        return TUFF_ERROR_INVALID;
    }
    if (threads == 0)
        threads = cpu_processors();

    struct tuff_device *device = calloc(1, sizeof *device);
    if (!device)
        return TUFF_ERROR_MEMORY;
    device->backend = backend;
    device->lanes = lanes;
    const enum tuff_status status = cpu_pool_create(threads, &device->pool);
    if (status != TUFF_OK) {
        cpu_log(backend, TUFF_LOG_ERROR, "the system does not give %" PRIu32 " threads", threads);
        free(device);
        return status;
    }
    cpu_crew_init(&device->crew, threads, CREW_WINDOW_TICKS);
    cpu_blas_one_thread_begin();
    cpu_log(backend, TUFF_LOG_DEBUG, "%" PRIu32 " threads, %s, BLAS kernels %s", threads, lanes->name,
            openblas_get_corename());
    *device_out = device;
    return TUFF_OK;
}

void cpu_device_close(struct tuff_device *device)
{
    if (!device)
        return;
    if (device->buffers > 0)
        cpu_log(device->backend, TUFF_LOG_ERROR,
                "expected that all buffers were destroyed before the device is closed, found %" PRIu32
                " with %" PRIu64 " bytes",
                device->buffers, device->buffer_bytes);
    cpu_pool_destroy(device->pool);
    cpu_blas_one_thread_end();
    free(device);
}

enum tuff_status cpu_device_memory(struct tuff_device *device, struct tuff_device_memory *memory)
{
    const uint32_t size = memory->size;
    const struct tuff_device_memory full = {
        .size = size,
        .budget = cpu_memory_available() + device->buffer_bytes,
        .used = device->buffer_bytes,
    };
    memcpy(memory, &full, size < sizeof full ? size : sizeof full);
    return TUFF_OK;
}

void cpu_parallel(struct tuff_device *device, uint64_t work, uint64_t chunks, cpu_task *task, void *context)
{
    if (work < PARALLEL_WORK || chunks <= 1 || device->crew.levels == 1) {
        for (uint64_t chunk = 0; chunk < chunks; chunk++)
            task(context, chunk, 0);
        return;
    }
    const uint64_t began = cpu_ticks();
    cpu_pool_run(device->pool, cpu_crew_threads(&device->crew, work), chunks, task, context);
    cpu_crew_learn(&device->crew, work, cpu_ticks() - began);
}

uint64_t cpu_chunks(uint64_t work, uint64_t items)
{
    uint64_t wanted = work / CPU_CHUNK_WORK;
    if (wanted > CPU_MOST_CHUNKS)
        wanted = CPU_MOST_CHUNKS;
    return wanted < 1 ? 1 : wanted > items ? items : wanted;
}
