// The one device: the calling thread, the machine's memory and oneDNN's CPU engine.
#include "primitive.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Bytes of memory that the machine has; 1 GiB where the system does not say.
static uint64_t physical_memory(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long page_bytes = sysconf(_SC_PAGESIZE);
    return pages > 0 && page_bytes > 0 ? (uint64_t)pages * (uint64_t)page_bytes : UINT64_C(1) << 30;
}

// Gives the host as much of a struct as it has room for, and says in its first field how much that is: the
// two sides may have been built with different minor versions of the ABI.
static void hand_over(void *to, uint32_t *to_size, const void *from, uint32_t from_size)
{
    const uint32_t size = *to_size < from_size ? *to_size : from_size;
    memcpy(to, from, size);
    *to_size = size;
}

enum tuff_status dnn_device_count(struct tuff_backend *backend, uint32_t *count)
{
    (void)backend;
    *count = 1;
    return TUFF_OK;
}

// The vector instructions that oneDNN generates code for on this processor.
static const char *isa_name(void)
{
    switch (dnnl_get_effective_cpu_isa()) {
    case dnnl_cpu_isa_all:
        return "generic"; // what oneDNN says where it generates no code
    case dnnl_cpu_isa_sse41:
        return "SSE4.1";
    case dnnl_cpu_isa_avx:
        return "AVX";
    case dnnl_cpu_isa_avx2:
        return "AVX2";
    case dnnl_cpu_isa_avx2_vnni:
        return "AVX2 with VNNI";
    case dnnl_cpu_isa_avx512_mic:
    case dnnl_cpu_isa_avx512_mic_4ops:
        return "AVX-512 of Xeon Phi";
    case dnnl_cpu_isa_avx512_core:
        return "AVX-512";
    case dnnl_cpu_isa_avx512_core_vnni:
        return "AVX-512 with VNNI";
    case dnnl_cpu_isa_avx512_core_bf16:
        return "AVX-512 with VNNI and bfloat16";
    case dnnl_cpu_isa_avx512_core_amx:
        return "AVX-512 with AMX";
    default:
        return "unknown to this plugin";
    }
}

// The processor's name; "CPU" where the system does not say.
static void read_cpu_name(char *name, size_t size)
{
    snprintf(name, size, "CPU");
    FILE *file = fopen("/proc/cpuinfo", "re");
    if (file == NULL)
        return;
    char line[256];
    while (fgets(line, sizeof line, file) != NULL) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || colon == NULL)
            continue;
        colon += 1 + strspn(colon + 1, " ");
        snprintf(name, size, "%.*s", (int)strcspn(colon, "\n"), colon);
        break;
    }
    fclose(file);
}

enum tuff_status dnn_device_describe(struct tuff_backend *backend, uint32_t index,
                                     struct tuff_device_info *info)
{
    (void)backend;
    (void)index; // below device_count, and so 0
    struct tuff_device_info own = {
        .size = sizeof own,
        .kind = TUFF_DEVICE_CPU,
        .buffer_alignment = DNN_ALIGNMENT,
        .max_buffer_bytes = physical_memory(),
        .max_tensor_bytes = physical_memory(),
        .timestamp_slots = DNN_TIMESTAMP_SLOTS,
        .preference = 50, // after the CPU backend, which takes all threads
        .max_threads = 1,
    };
    const dnnl_version_t *version = dnnl_version(); // of the library that was loaded
    read_cpu_name(own.name, sizeof own.name);
    snprintf(own.driver, sizeof own.driver, "oneDNN %d.%d.%d, one thread", version->major, version->minor,
             version->patch);
    snprintf(own.details, sizeof own.details, "oneDNN: %d.%d.%d\nISA: %s\nthreads: 1", version->major,
             version->minor, version->patch, isa_name());
    hand_over(info, &info->size, &own, sizeof own);
    return TUFF_OK;
}

static dnnl_status_t open_engine(struct tuff_device *device)
{
    dnnl_status_t status = dnnl_engine_create(&device->engine, dnnl_cpu, 0);
    if (status == dnnl_success)
        status = dnnl_stream_create(&device->stream, device->engine, dnnl_stream_in_order);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_create(&device->attributes);
    // float32 throughout, whatever ONEDNN_DEFAULT_FPMATH_MODE in the environment allows.
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_fpmath_mode(device->attributes, dnnl_fpmath_mode_strict);
    // oneDNN's scratch memory is part of the workspace that the host gives.
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_scratchpad_mode(device->attributes, dnnl_scratchpad_mode_user);
    return status;
}

static void destroy(struct tuff_device *device)
{
    dnn_primitives_destroy(device);
    dnnl_primitive_attr_destroy(device->attributes);
    dnnl_stream_destroy(device->stream);
    dnnl_engine_destroy(device->engine);
    free(device);
}

enum tuff_status dnn_device_open(struct tuff_backend *backend, uint32_t index,
                                 const struct tuff_device_options *options, struct tuff_device **device)
{
    (void)index;
    (void)options; // a number of threads: there is one
    struct tuff_device *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        dnn_log(backend->host, TUFF_LOG_ERROR, "no memory for the device's %zu bytes", sizeof *opened);
        return TUFF_ERROR_MEMORY;
    }
    opened->backend = backend;
    const dnnl_status_t status = open_engine(opened);
    if (status != dnnl_success) {
        dnn_log(backend->host, TUFF_LOG_ERROR, "oneDNN opens no CPU engine: status %d", (int)status);
        destroy(opened);
        return TUFF_ERROR_DEVICE;
    }
    *device = opened;
    return TUFF_OK;
}

void dnn_device_close(struct tuff_device *device)
{
    if (device == NULL)
        return;
    if (device->buffer_count != 0 || device->stream_count != 0)
        dnn_log(device->backend->host, TUFF_LOG_ERROR,
                "device closed with %" PRIu32 " buffers (%" PRIu64 " bytes) and %" PRIu32
                " streams left, expected none",
                device->buffer_count, device->used_bytes, device->stream_count);
    destroy(device);
}

enum tuff_status dnn_device_memory(struct tuff_device *device, struct tuff_device_memory *memory)
{
    // Half of what there is, not what is free at the moment: most of a busy machine's memory is page cache,
    // which is not free and yet to be had.
    const struct tuff_device_memory own = {
        .size = sizeof own,
        .budget = physical_memory() / 2,
        .used = device->used_bytes,
    };
    hand_over(memory, &memory->size, &own, sizeof own);
    return TUFF_OK;
}
