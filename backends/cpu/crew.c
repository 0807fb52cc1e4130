#include "crew.h"

// One window in TRIAL_INTERVAL is a trial, which is TRIAL_SHARE times shorter: at most 1% of the time goes to what is
// slower. What is tried has to be faster by GAIN, so that noise does not change the choice for ever.
static const uint32_t TRIAL_INTERVAL = 12, TRIAL_SHARE = 8;
static const double GAIN = 1.04;

void cpu_crew_init(struct cpu_crew *crew, uint32_t threads, double window)
{
    *crew = (struct cpu_crew){.window = window, .trial_window = window / TRIAL_SHARE};
    for (uint32_t n = 1; n < threads && crew->levels < CPU_CREW_LEVELS - 1; n *= 2)
        crew->threads[crew->levels++] = n;
    crew->threads[crew->levels++] = threads;
    for (uint32_t i = 0; i < CPU_CREW_CLASSES; i++) {
        struct cpu_crew_class *class = &crew->classes[i];
        class->level = class->trial = crew->levels - 1;
    }
}

static uint32_t class_of(uint64_t work)
{
    uint32_t class = 0;
    while (work > 1 && class < CPU_CREW_CLASSES - 1) {
        work >>= 1;
        class++;
    }
    return class;
}

uint32_t cpu_crew_threads(const struct cpu_crew *crew, uint64_t work)
{
    return crew->threads[crew->classes[class_of(work)].trial];
}

// The neighbours in turn.
static uint32_t next_trial(const struct cpu_crew *crew, struct cpu_crew_class *class)
{
    class->next = !class->next;
    if (class->next && class->level > 0)
        return class->level - 1;
    return class->level + 1 < crew->levels ? class->level + 1 : class->level - (class->level > 0);
}

static void end_window(const struct cpu_crew *crew, struct cpu_crew_class *class)
{
    const double rate = class->work / class->ticks;
    class->work = class->ticks = 0;
    if (class->trial != class->level) {
        if (rate > class->kept_rate * GAIN) {
            class->level = class->trial;
            class->begun = 0; // on to the next one at once
        }
        class->trial = class->level;
        class->windows = 0;
        return;
    }
    class->kept_rate = rate;
    class->windows++;
    if (crew->levels > 1 && (!class->begun || class->windows >= TRIAL_INTERVAL)) {
        class->begun = 1;
        class->trial = next_trial(crew, class);
    }
}

void cpu_crew_learn(struct cpu_crew *crew, uint64_t work, uint64_t ticks)
{
    struct cpu_crew_class *class = &crew->classes[class_of(work)];
    class->work += (double)work;
    class->ticks += (double)ticks;
    const int short_window = class->trial != class->level || !class->begun;
    if (class->ticks >= (short_window ? crew->trial_window : crew->window))
        end_window(crew, class);
}
