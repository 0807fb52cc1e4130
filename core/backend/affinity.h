// The processors that the calling thread may run on. Libraries that a plugin brings may take it upon
// themselves to change them as they are loaded: runtimes for threads do that for OMP_PROC_BIND, say.
#ifndef TUFF_CORE_AFFINITY_H
#define TUFF_CORE_AFFINITY_H

#include <sched.h>

struct tuff_affinity {
    cpu_set_t *set; // NULL: unknown
    int processors; // that the set has room for
};

void tuff_affinity_keep(struct tuff_affinity *affinity);
// What was kept, if it is another now. To be called once after each keep.
void tuff_affinity_restore(struct tuff_affinity *affinity);

#endif
