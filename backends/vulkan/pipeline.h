// Compute pipelines, made when a kernel is first used and kept as long as the device is open.
#ifndef TUFF_VULKAN_PIPELINE_H
#define TUFF_VULKAN_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "functions.h"
#include "shaders.h"
#include "tuff/status.h"

struct tuff_device;

enum {
    VK_MAX_STORAGE = 4,     // storage buffers a shader may bind: the least that a stage must offer
    VK_MAX_CONSTANTS = 21,  // specialization constants, 32 bits each, ids 0, 1, 2, …
    VK_MAX_PUSH = 128,      // bytes of push constants
    VK_MAX_UNIFORM = 16384, // bytes of a uniform buffer: what every device takes
};

// What a shader expects. Storage buffers are bindings 0 to storage_count - 1 of set 0. A small tensor that
// all invocations read alike (the step state, a few weights) may be a uniform buffer at binding
// VK_MAX_STORAGE, and takes none of the four then.
//
// Some kernels can end with a ReLU, or with the gradient of one that is called next, in place (deferred.h).
// Specialization constant VK_RELU_CONSTANT says whether they do. For a gradient, storage buffer
// VK_RELU_STORAGE is then the ReLU's output, and repeats another one until that is known.
enum { VK_RELU_CONSTANT = 15, VK_RELU_STORAGE = 3 };

struct vk_kernel {
    enum vk_shader shader;
    uint32_t storage_count;
    uint32_t written; // bit i: storage buffer i is written
    bool uniform;
    bool matrix;        // its form for matrix units (matrix.h)
    bool relu_backward; // can do a ReLU's gradient that follows
    uint32_t push_bytes;
    uint32_t constant_count; // id 0 is the workgroup's size in x
};

struct vk_pipeline {
    const struct vk_kernel *kernel;
    bool half; // compiled for float16
    uint32_t constants[VK_MAX_CONSTANTS];
    VkDescriptorSetLayout set_layout;
    VkPipelineLayout layout;
    VkPipeline handle;
};

struct vk_pipelines {
    struct vk_pipeline **items;
    uint32_t count, capacity;
    VkPipelineCache cache;
    bool cache_dirty; // pipelines were made since it was read
};

TUFF_MUST_CHECK enum tuff_status vk_pipelines_create(struct tuff_device *device);
void vk_pipelines_destroy(struct tuff_device *device); // writes the disk cache first

// The pipeline of `kernel`, for float16 if `half` and if its shader makes a difference, with these
// specialization constants (kernel->constant_count of them).
TUFF_MUST_CHECK enum tuff_status vk_pipeline_get(struct tuff_device *device, const struct vk_kernel *kernel,
                                                 bool half, const uint32_t *constants,
                                                 const struct vk_pipeline **pipeline);

// The cache on disk (pipeline_cache.c; where it lies: cache_file.h).
// load: what the driver may be given, in memory that the caller frees; NULL if there is no valid file.
void *vk_pipeline_cache_load(struct tuff_device *device, size_t *bytes);
// Failure is a debug message: the cache only saves time.
void vk_pipeline_cache_store(struct tuff_device *device, const void *data, size_t bytes);

#endif
