// How many processors this process may keep busy.
#ifndef TUFF_CPU_PROCESSORS_H
#define TUFF_CPU_PROCESSORS_H

#include <stdint.h>

enum { CPU_MAX_PROCESSORS = 1024 };

// Those that its affinity allows (taskset, cpuset), and no more than its control groups have a quota for (a
// container's limit), rounded up. At least 1, at most CPU_MAX_PROCESSORS.
uint32_t cpu_processors(void);

#endif
