// How much memory there is for this process.
#ifndef TUFF_CPU_MEMORY_H
#define TUFF_CPU_MEMORY_H

#include <stdint.h>

// The machine's, or as much of it as the control groups that the process is in allow (docker run --memory,
// systemd's MemoryMax).
uint64_t cpu_memory_physical(void);
// What the process can take of it now without pushing out what others use; an estimate.
uint64_t cpu_memory_available(void);

#endif
