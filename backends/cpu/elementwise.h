// Ops that treat elements alike, cut into chunks of fixed size.
#ifndef TUFF_CPU_ELEMENTWISE_H
#define TUFF_CPU_ELEMENTWISE_H

#include "device.h"

enum { CPU_ELEMENTS_PER_CHUNK = 4096 };

// Runs task for chunks of CPU_ELEMENTS_PER_CHUNK of `elements`; see cpu_parallel. `weight`: how much more
// than a plain operation one element costs.
static inline void cpu_elementwise(struct tuff_device *device, uint64_t elements, uint64_t weight,
                                   cpu_task *task, void *context)
{
    cpu_parallel(device, elements / TUFF_BATCH16_LANES * weight,
                 (elements + CPU_ELEMENTS_PER_CHUNK - 1) / CPU_ELEMENTS_PER_CHUNK, task, context);
}

// Where a chunk begins; *count: its elements.
static inline uint64_t cpu_elements_of_chunk(uint64_t elements, uint64_t chunk, uint64_t *count)
{
    const uint64_t begin = chunk * CPU_ELEMENTS_PER_CHUNK;
    *count = elements - begin < CPU_ELEMENTS_PER_CHUNK ? elements - begin : CPU_ELEMENTS_PER_CHUNK;
    return begin;
}

#endif
