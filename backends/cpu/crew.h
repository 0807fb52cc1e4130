// How many threads a task is given: what was fastest for tasks of about its size. More are not always better:
// a small task is over before others have joined in, and a processor that another process uses makes all
// others wait for it.
//
// Tasks are told apart by the power of two that their work reaches. For each there is a number of threads
// that is kept while it is the best, and every now and then, and when work has become slower, its neighbours
// are tried for a short while. On a virtual machine what is best changes within fractions of a second, as its
// processors share one of the host's or do not. The choice is made by measured time, so it differs from run
// to run; results do not depend on it (cpu_parallel).
#ifndef TUFF_CPU_CREW_H
#define TUFF_CPU_CREW_H

#include <stdint.h>

enum {
    CPU_CREW_CLASSES = 40,
    CPU_CREW_LEVELS = 12, // 1, 2, 4, … threads, and the last one all of them
};

// Tasks of one size.
struct cpu_crew_class {
    uint32_t level;      // the number of threads that is kept
    uint32_t trial;      // the one that is being tried; the same if none is
    uint32_t tried;      // the last one that was
    uint32_t confirming; // 1: it was faster, and what is kept is measured once more
    uint32_t next;       // which neighbour is tried next
    uint32_t windows;    // since the last trial
    uint32_t begun;      // 0: nothing has been measured yet
    double work, ticks;  // of this window
    double kept_rate, trial_rate,
        usual_rate; // work per tick: of the last windows, and of the better ones among those before
};

struct cpu_crew {
    uint32_t levels;
    uint32_t threads[CPU_CREW_LEVELS];
    double window;             // ticks
    struct cpu_crew_class all; // its level bounds the others'
    struct cpu_crew_class classes[CPU_CREW_CLASSES];
};

// threads: at least 1. window: ticks of work of one size that a number of threads is judged by; of all work,
// four times as many.
void cpu_crew_init(struct cpu_crew *crew, uint32_t threads, double window);

// Threads for a task of this much work (cpu_parallel), which is at least 1.
uint32_t cpu_crew_threads(const struct cpu_crew *crew, uint64_t work);
// After it: how long it took.
void cpu_crew_learn(struct cpu_crew *crew, uint64_t work, uint64_t ticks);

#endif
