#include "affinity.h"

#include <errno.h>

enum { LEAST_PROCESSORS = 1024, MOST_PROCESSORS = 1 << 18 };

void tuff_affinity_keep(struct tuff_affinity *affinity)
{
    // The kernel refuses a set that is smaller than its own.
    for (int room = LEAST_PROCESSORS; room <= MOST_PROCESSORS; room *= 2) {
        *affinity = (struct tuff_affinity){.set = CPU_ALLOC((size_t)room), .processors = room};
        if (affinity->set == NULL || sched_getaffinity(0, CPU_ALLOC_SIZE((size_t)room), affinity->set) == 0)
            return;
        const int failed = errno;
        CPU_FREE(affinity->set);
        affinity->set = NULL;
        if (failed != EINVAL)
            return;
    }
}

void tuff_affinity_restore(struct tuff_affinity *affinity)
{
    if (affinity->set == NULL)
        return;
    const size_t bytes = CPU_ALLOC_SIZE((size_t)affinity->processors);
    cpu_set_t *now = CPU_ALLOC((size_t)affinity->processors);
    if (now != NULL && sched_getaffinity(0, bytes, now) == 0 && !CPU_EQUAL_S(bytes, now, affinity->set))
        (void)sched_setaffinity(0, bytes, affinity->set); // at worst it stays as the library left it
    CPU_FREE(now);
    CPU_FREE(affinity->set);
    affinity->set = NULL;
}
