// Threads that share the chunks of one task at a time.
#ifndef TUFF_CPU_THREAD_POOL_H
#define TUFF_CPU_THREAD_POOL_H

#include <stdint.h>

#include "tuff/status.h"

struct cpu_pool;

// worker: 0 for the thread that called cpu_pool_run, up to the pool's thread count less one for the others.
typedef void cpu_task(void *context, uint64_t chunk, uint32_t worker);

// threads: at least 1, the calling one included. TUFF_ERROR_MEMORY if the system gives no more threads or
// memory.
TUFF_MUST_CHECK enum tuff_status cpu_pool_create(uint32_t threads, struct cpu_pool **pool);
void cpu_pool_destroy(struct cpu_pool *pool); // NULL: no-op

uint32_t cpu_pool_threads(const struct cpu_pool *pool);

// Runs task for each chunk below `chunks`, on `threads` threads, 1 to the pool's, and returns when every one
// is done. Which thread runs which chunk, and in what order, is open. One caller at a time; tasks must not
// call it.
void cpu_pool_run(struct cpu_pool *pool, uint32_t threads, uint64_t chunks, cpu_task *task, void *context);

#endif
