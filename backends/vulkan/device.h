// An opened device: its queue, memory, pipelines and the submission that moves data.
#ifndef TUFF_VULKAN_DEVICE_H
#define TUFF_VULKAN_DEVICE_H

#include "context.h"
#include "pipeline.h"

// How long a fence may take before the device counts as lost.
#define VK_WAIT_NANOSECONDS      UINT64_C(60000000000)
#define VK_LAST_WAIT_NANOSECONDS UINT64_C(5000000000)

// Moves data to and from buffers, one blocking submission at a time (transfer.c).
struct vk_transfer {
    VkCommandPool pool;
    VkCommandBuffer commands;
    VkFence fence;
    VkBuffer staging; // made when it is first needed
    VkDeviceMemory staging_memory;
    void *staging_mapped;
};

// Whether products of float16 go to the matrix units (matrix.h).
enum vk_matrix_state { VK_MATRIX_UNKNOWN, VK_MATRIX_ABSENT, VK_MATRIX_READY };

struct tuff_device {
    struct tuff_backend *backend;
    const struct vk_physical *physical;
    struct vk_device_functions vk;
    VkDevice handle;
    VkQueue queue;
    VkPhysicalDeviceMemoryProperties memory;
    uint32_t buffer_memory_type;   // of tuff_buffers
    uint32_t buffer_memory_staged; // where there is no room in that; UINT32_MAX: nowhere
    bool buffer_memory_mapped;     // the host writes them in place
    bool buffer_memory_cached;     // and reads them in place
    enum vk_matrix_state matrix;
    bool lost;       // sticky: the driver failed, or reported a fault of ours
    bool attempting; // what fails is done without: see vk_device_error
    bool hung;       // a fence did not signal; waited_again: vk_device_hangs has looked once more
    bool waited_again;
    bool timestamp_origin_known;
    uint64_t timestamp_origin; // ticks that timestamps are counted from
    uint32_t matrix_shape;     // of vk_next_matrix_shape; 0: products get the shape that suits them
    uint32_t failed_shapes;    // a bit for each that the driver does not run
    bool told_of_storage16;    // that there is none
    uint32_t validation_seen;  // validation messages when the device was opened
    uint64_t used_bytes;
    uint32_t buffer_count, stream_count, capture_count; // alive
    uint64_t captures_made;
    struct vk_transfer transfer;
    struct vk_pipelines pipelines;
    struct vk_tuning *tuning; // of tiles (tune.h); NULL: off
};

// Logs an error and returns `status`. While something is attempted that there is another way for (tiles that
// are timed, the self-check of matrix units), it is a debug message.
TUFF_MUST_CHECK enum tuff_status vk_device_error(struct tuff_device *device, enum tuff_status status,
                                                 const char *format, ...) TUFF_PRINTF(3, 4);

// Logs a failed call and returns its status. The device is lost then unless memory was short; in an attempt
// only if the call says so (VK_ERROR_DEVICE_LOST). VK_SUCCESS: TUFF_OK, and nothing happens.
TUFF_MUST_CHECK enum tuff_status vk_check(struct tuff_device *device, VkResult result, const char *call);

// vk_check of a call to one of the device's functions: VK(device, CreateFence(device->handle, …)).
#define VK(device, call) vk_check((device), (device)->vk.call, "vk" #call)

// TUFF_ERROR_DEVICE if the device is lost or validation has spoken up; TUFF_OK otherwise.
TUFF_MUST_CHECK enum tuff_status vk_device_usable(struct tuff_device *device);

// Waits for the fence. If that fails the device is lost, and hung too unless it said that it is lost.
TUFF_MUST_CHECK enum tuff_status vk_device_wait(struct tuff_device *device, VkFence fence);

// Whether work that did not end in time may still run, so that nothing it uses is to be destroyed. The first
// to ask waits for it once more, for a few seconds: what was only slow can be tidied up, and a driver that
// computes on the CPU does not go on while the process ends.
bool vk_device_hangs(struct tuff_device *device);

// Submits command buffers to the queue; `fence` signals when they are done.
TUFF_MUST_CHECK enum tuff_status vk_device_submit(struct tuff_device *device, const VkCommandBuffer *commands,
                                                  uint32_t count, VkFence fence);

TUFF_MUST_CHECK enum tuff_status
vk_device_open(struct tuff_backend *backend, const struct vk_physical *physical, struct tuff_device **device);
void vk_device_close(struct tuff_device *device); // NULL: no-op
TUFF_MUST_CHECK enum tuff_status vk_device_memory(struct tuff_device *device,
                                                  struct tuff_device_memory *memory);

// Where transfers are recorded (transfer.c). begin waits for nothing: one transfer is in flight at a time,
// since submit waits for its end. Each begins with a barrier that makes it see all earlier work on the queue.
TUFF_MUST_CHECK enum tuff_status vk_transfer_create(struct tuff_device *device);
void vk_transfer_destroy(struct tuff_device *device);
TUFF_MUST_CHECK enum tuff_status vk_transfer_begin(struct tuff_device *device);
TUFF_MUST_CHECK enum tuff_status vk_transfer_submit(struct tuff_device *device);
// The staging memory, VK_STAGING_BYTES of it.
TUFF_MUST_CHECK enum tuff_status vk_transfer_staging(struct tuff_device *device);
enum { VK_STAGING_BYTES = 8 << 20 };

// The host's monotonic clock.
uint64_t vk_host_nanoseconds(void);

// The memory type that has all of `flags` and is among `types`; UINT32_MAX if there is none.
uint32_t vk_memory_type(const VkPhysicalDeviceMemoryProperties *memory, uint32_t types,
                        VkMemoryPropertyFlags flags);

#endif
