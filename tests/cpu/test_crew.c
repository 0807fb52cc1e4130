// How many threads a task is given, on machines that are made up: for each number of threads a rate, with
// noise.
#include <math.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "crew.h"

enum { MOST_LEVELS = CPU_CREW_LEVELS };
static const double WINDOW = 1e5; // ticks

// Work per tick of 1, 2, 4, … threads, the last of them all that there are.
struct machine {
    uint32_t threads;
    double rates[MOST_LEVELS];
    double noise; // of each task's time, relative
};

// The same numbers in every run.
struct noise {
    uint64_t state;
};

// Uniform in [-1,1].
static double draw(struct noise *noise)
{
    noise->state = noise->state * 6364136223846793005u + 1442695040888963407u;
    return (double)(noise->state >> 33) / (double)(UINT64_C(1) << 30) - 1;
}

static uint32_t level_of(const struct machine *machine, uint32_t threads)
{
    uint32_t level = 0;
    for (uint32_t n = 1; n < threads; n *= 2)
        level++;
    cr_assert(threads == machine->threads || threads == 1u << level, "%u threads of %u", threads,
              machine->threads);
    return level;
}

// Runs tasks of this much work until `ticks` have passed. shares: the part of the time that each level had.
static void run(struct cpu_crew *crew, const struct machine *machine, struct noise *noise, uint64_t work,
                double ticks, double shares[MOST_LEVELS])
{
    double passed = 0;
    for (uint32_t i = 0; i < MOST_LEVELS; i++)
        shares[i] = 0;
    while (passed < ticks) {
        const uint32_t level = level_of(machine, cpu_crew_threads(crew, work));
        cr_assert_gt(machine->rates[level], 0);
        const double took = (double)work / machine->rates[level] * (1 + machine->noise * draw(noise));
        cpu_crew_learn(crew, work, (uint64_t)took);
        shares[level] += took;
        passed += took;
    }
    for (uint32_t i = 0; i < MOST_LEVELS; i++)
        shares[i] /= passed;
}

static uint32_t best_of(const struct machine *machine)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < MOST_LEVELS; i++)
        if (machine->rates[i] > machine->rates[best])
            best = i;
    return best;
}

// Part of a window of each level is measured first; then 93% of the time belong to the best: both the tasks
// of this size and all together have trials.
static void expect_settled(struct cpu_crew *crew, const struct machine *machine, struct noise *noise,
                           uint64_t work, const char *name)
{
    double shares[MOST_LEVELS];
    const uint32_t best = best_of(machine);
    run(crew, machine, noise, work, 600 * WINDOW, shares); // to find it
    run(crew, machine, noise, work, 2000 * WINDOW, shares);
    cr_expect_gt(shares[best], 0.93, "%s: %.1f%% of the time for the best number of threads, number %u", name,
                 100 * shares[best], best);
}

static const struct {
    const char *name;
    struct machine machine;
} machines[] = {
    {"all of 2", {2, {100, 190}, 0.1}},
    {"1 of 2: the other processor is taken", {2, {100, 60}, 0.1}},
    {"all of 16", {16, {100, 190, 370, 700, 1300}, 0.1}},
    {"1 of 16: small tasks", {16, {100, 80, 50, 30, 10}, 0.1}},
    {"4 of 16: memory is the limit", {16, {100, 180, 240, 200, 150}, 0.1}},
    {"8 of 12", {12, {100, 190, 350, 600, 500}, 0.1}},
    {"all of 12", {12, {100, 190, 350, 600, 800}, 0.1}},
    {"a little better", {4, {100, 110, 120}, 0.02}},
    {"much noise", {8, {100, 180, 300, 200}, 0.6}},
    {"only 1", {1, {100}, 0.1}},
};

Test(crew, finds_the_best_and_keeps_it)
{
    // Tasks far shorter than a window, less so, and (0) tasks of two windows.
    static const uint64_t works[] = {20000, 1000000, 0};
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
        for (size_t k = 0; k < sizeof works / sizeof *works; k++) {
            // A single task that is longer than a window is all that it is judged by: noise within the gain.
            struct machine machine = machines[i].machine;
            if (k == 2 && machine.noise > 0.01)
                machine.noise = 0.01;
            // As long a task on each machine.
            const uint64_t work = k == 2 ? (uint64_t)(2 * WINDOW * 100) : works[k];
            struct cpu_crew crew;
            struct noise noise = {i + 1};
            cpu_crew_init(&crew, machine.threads, WINDOW);
            if (k < 2) {
                expect_settled(&crew, &machine, &noise, work, machines[i].name);
                continue;
            }
            // Every thirteenth task is a trial then.
            double shares[MOST_LEVELS];
            run(&crew, &machine, &noise, work, 600 * WINDOW, shares);
            run(&crew, &machine, &noise, work, 2000 * WINDOW, shares);
            cr_expect_gt(shares[best_of(&machine)], 0.7, "%s, long tasks: %.1f%%", machines[i].name,
                         100 * shares[best_of(&machine)]);
        }
    }
}

// Whatever is found, the time that trials cost is bounded, also where two numbers of threads are as good as
// each other.
Test(crew, trials_cost_little)
{
    const struct machine machine = {8, {100, 181, 183, 60}, 0.05};
    struct cpu_crew crew;
    struct noise noise = {7};
    double shares[MOST_LEVELS];
    cpu_crew_init(&crew, machine.threads, WINDOW);
    run(&crew, &machine, &noise, 20000, 60 * WINDOW, shares);
    run(&crew, &machine, &noise, 20000, 5000 * WINDOW, shares);
    cr_expect_gt(shares[1] + shares[2], 0.95);
    cr_expect_gt(shares[0] + shares[3], 0, "nothing else is tried any more");
}

Test(crew, equal_ones_do_not_take_turns)
{
    const struct machine machine = {8, {100, 181, 183, 60}, 0.05};
    struct cpu_crew crew;
    struct noise noise = {8};
    double shares[MOST_LEVELS];
    cpu_crew_init(&crew, machine.threads, WINDOW);
    run(&crew, &machine, &noise, 20000, 60 * WINDOW, shares);
    run(&crew, &machine, &noise, 20000, 5000 * WINDOW, shares);
    cr_expect_gt(fmax(shares[1], shares[2]), 0.9);
}

Test(crew, follows_a_machine_that_changes)
{
    const struct machine idle = {8, {100, 190, 360, 650}, 0.05}, busy = {8, {100, 180, 90, 40}, 0.05};
    struct cpu_crew crew;
    struct noise noise = {9};
    cpu_crew_init(&crew, idle.threads, WINDOW);
    for (int round = 0; round < 3; round++) {
        expect_settled(&crew, &idle, &noise, 20000, "idle");
        expect_settled(&crew, &busy, &noise, 20000, "busy");
    }
}

// A single task that was disturbed changes nothing for long.
Test(crew, gets_over_a_disturbance)
{
    const struct machine machine = {4, {100, 190, 360}, 0.05};
    struct cpu_crew crew;
    struct noise noise = {10};
    cpu_crew_init(&crew, machine.threads, WINDOW);
    for (int round = 0; round < 20; round++) {
        cpu_crew_learn(&crew, 20000, (uint64_t)(30 * WINDOW));
        expect_settled(&crew, &machine, &noise, 20000, "after a disturbance");
    }
}

// Small tasks are best done alone, large ones by all, and both come in turn.
Test(crew, sizes_of_tasks_are_apart)
{
    const struct machine small = {8, {100, 80, 60, 50}, 0.05}, medium = {8, {100, 180, 150, 120}, 0.05},
                         large = {8, {100, 195, 380, 740}, 0.05};
    const struct machine *const kinds[3] = {&small, &medium, &large};
    static const uint64_t works[3] = {3000, 30000, 600000};
    struct cpu_crew crew;
    struct noise noise = {11};
    double shares[3][MOST_LEVELS] = {{0}}, now[MOST_LEVELS], all[3] = {0};
    cpu_crew_init(&crew, 8, WINDOW);
    for (int turn = 0; turn < 20000; turn++) {
        for (int k = 0; k < 3; k++) {
            run(&crew, kinds[k], &noise, works[k], WINDOW / 20, now);
            for (uint32_t level = 0; level < 4 && turn >= 2000; level++)
                shares[k][level] += now[level];
            all[k] += turn >= 2000;
        }
    }
    for (int k = 0; k < 3; k++)
        cr_expect_gt(shares[k][best_of(kinds[k])] / all[k], 0.9, "kind %d: %.1f%%", k,
                     100 * shares[k][best_of(kinds[k])] / all[k]);
}

// What one size learns, the next power of two does not know, and works up to the next one share it.
Test(crew, sizes_are_powers_of_two)
{
    const struct machine machine = {8, {100, 50, 30, 20}, 0};
    struct cpu_crew crew;
    struct noise noise = {12};
    double shares[MOST_LEVELS];
    cpu_crew_init(&crew, 8, WINDOW);
    // Large tasks in between, or the bound for all tasks would follow these.
    const struct machine large = {8, {100, 195, 380, 740}, 0};
    for (int i = 0; i < 400; i++) {
        run(&crew, &machine, &noise, 4096, WINDOW / 10, shares);
        run(&crew, &large, &noise, 1 << 20, 4 * WINDOW, shares);
    }
    for (int i = 0; i < 1000 && (cpu_crew_threads(&crew, 4096) != 1 || cpu_crew_threads(&crew, 1 << 20) != 8);
         i++) {
        run(&crew, &machine, &noise, 4096, 1, shares); // a trial
        run(&crew, &large, &noise, 1 << 20, WINDOW, shares);
    }
    cr_expect_eq(cpu_crew_threads(&crew, 4096), 1);
    cr_expect_eq(cpu_crew_threads(&crew, 8191), 1);
    cr_expect_eq(cpu_crew_threads(&crew, 8192), 8);
    cr_expect_eq(cpu_crew_threads(&crew, 4095), 8);
}

Test(crew, begins_with_all_threads_and_takes_any_work)
{
    static const uint32_t counts[] = {1, 2, 3, 7, 8, 100, 1024, 1025, 2048, 3000};
    static const uint64_t works[] = {1, 2, 511, 1ull << 39, 1ull << 40, UINT64_MAX};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        for (size_t k = 0; k < sizeof works / sizeof *works; k++) {
            struct cpu_crew crew;
            cpu_crew_init(&crew, counts[i], WINDOW);
            cr_expect_eq(cpu_crew_threads(&crew, works[k]), counts[i]);
            for (int n = 0; n < 200; n++) {
                cpu_crew_learn(&crew, works[k], n % 3 == 0 ? 0 : (uint64_t)WINDOW);
                const uint32_t threads = cpu_crew_threads(&crew, works[k]);
                cr_assert(threads >= 1 && threads <= counts[i], "%u of %u threads", threads, counts[i]);
            }
        }
    }
}
