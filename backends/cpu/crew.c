#include "crew.h"

// One window in TRIAL_INTERVAL is followed by a trial, which is TRIAL_SHARE times shorter: some 1% of the
// time goes to what is slower. What is tried has to be faster by GAIN, before and after it, so that noise
// does not decide. A window that is slower than usual by more than DROP is followed by a trial at once.
static const uint32_t TRIAL_INTERVAL = 12, TRIAL_SHARE = 4;
static const double GAIN = 1.05, DROP = 0.8, FORGET = 0.05;

void cpu_crew_init(struct cpu_crew *crew, uint32_t threads, double window)
{
    *crew = (struct cpu_crew){.window = window};
    for (uint32_t n = 1; n < threads && crew->levels < CPU_CREW_LEVELS - 1; n *= 2)
        crew->threads[crew->levels++] = n;
    crew->threads[crew->levels++] = threads;
    crew->all.level = crew->all.trial = crew->levels - 1;
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
        class ++;
    }
    return class;
}

uint32_t cpu_crew_threads(const struct cpu_crew *crew, uint64_t work)
{
    const uint32_t wanted = crew->classes[class_of(work)].trial, most = crew->all.trial;
    return crew->threads[wanted < most ? wanted : most];
}

// The neighbours in turn.
static uint32_t next_trial(const struct cpu_crew *crew, struct cpu_crew_class *class)
{
    class->next = !class->next;
    if (class->next && class->level > 0)
        return class->level - 1;
    return class->level + 1 < crew->levels ? class->level + 1 : class->level - (class->level > 0);
}

static void begin_trial(const struct cpu_crew *crew, struct cpu_crew_class *class)
{
    class->windows = 0;
    class->trial = next_trial(crew, class);
}

static void end_window(const struct cpu_crew *crew, struct cpu_crew_class *class)
{
    const double rate = class->work / class->ticks;
    class->work = class->ticks = 0;
    if (class->trial != class->level) {
        class->trial_rate = rate;
        class->confirming = rate > class->kept_rate * GAIN;
        class->tried = class->trial;
        class->trial = class->level;
        return;
    }
    class->kept_rate = rate;
    if (class->confirming) {
        class->confirming = 0;
        if (class->trial_rate <= rate * GAIN)
            return;
        class->level = class->trial = class->tried;
        class->usual_rate = class->trial_rate;
        class->begun = 0; // on to the next one at once
        return;
    }
    const int has_dropped = rate < class->usual_rate * DROP;
    class->usual_rate =
        rate > class->usual_rate ? rate : class->usual_rate + FORGET * (rate - class->usual_rate);
    class->windows++;
    if (crew->levels > 1 && (!class->begun || has_dropped || class->windows >= TRIAL_INTERVAL)) {
        class->begun = 1;
        begin_trial(crew, class);
    }
}

static void learn(const struct cpu_crew *crew, struct cpu_crew_class *class, double window, uint64_t work,
                  uint64_t ticks)
{
    class->work += (double)work;
    class->ticks += (double)ticks;
    const int is_short = class->trial != class->level || class->confirming || !class->begun;
    if (class->ticks >= (is_short ? window / TRIAL_SHARE : window))
        end_window(crew, class);
}

void cpu_crew_learn(struct cpu_crew *crew, uint64_t work, uint64_t ticks)
{
    struct cpu_crew_class *class = &crew->classes[class_of(work)];
    // Where the bound has decided, the task says nothing of its size.
    if (class->trial <= crew->all.trial)
        learn(crew, class, crew->window, work, ticks);
    learn(crew, &crew->all, 4 * crew->window, work, ticks);
}
