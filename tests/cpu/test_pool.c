// The CPU backend's thread pool. A program of its own and not a Criterion test, since Criterion does not
// start under ThreadSanitizer, with which this is built a second time: what tasks write is plain memory, so
// that a chunk that ran twice at once, or a caller that went on too early, is a data race.
#include <dirent.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "blas_threads.h"
#include "processors.h"
#include "thread_pool.h"

enum {
    MOST_THREADS = 16,
    PATIENCE_SECONDS = 60, // before a thread that does not come counts as lost
};

// Nothing here computes products.
int cpu_blas_one_thread_enter(void)
{
    return 0;
}

static void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("test_pool: ", stderr);
    vfprintf(stderr, format, arguments);
    fputs("\n", stderr);
    va_end(arguments);
    exit(EXIT_FAILURE);
}

static void pause_for(long microseconds)
{
    nanosleep(&(struct timespec){.tv_nsec = microseconds * 1000}, NULL);
}

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static struct cpu_pool *pool_new(uint32_t threads)
{
    struct cpu_pool *pool;
    if (cpu_pool_create(threads, &pool) != TUFF_OK || !pool)
        fail("no pool of %u threads", threads);
    if (cpu_pool_threads(pool) != threads)
        fail("%u threads, expected %u", cpu_pool_threads(pool), threads);
    return pool;
}

// -- Every chunk once.

struct tally {
    uint32_t threads; // of the pool
    uint64_t chunks;
    uint32_t *runs; // of each chunk
    // Of each worker, 128 bytes apart.
    struct {
        uint32_t busy;
        char apart[124];
    } workers[MOST_THREADS];
};

static void count_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    struct tally *tally = context;
    if (chunk >= tally->chunks || worker >= tally->threads)
        fail("chunk %llu of %llu, worker %u of %u", (unsigned long long)chunk,
             (unsigned long long)tally->chunks, worker, tally->threads);
    // A worker's number is its own while it runs a chunk: what it is given as scratch depends on that.
    if (tally->workers[worker].busy++ != 0)
        fail("worker %u runs two chunks at once", worker);
    tally->runs[chunk]++;
    tally->workers[worker].busy--;
}

static void run_and_count(struct cpu_pool *pool, uint32_t threads, uint64_t chunks)
{
    struct tally tally = {
        .threads = cpu_pool_threads(pool), .chunks = chunks, .runs = calloc(chunks + 1, sizeof *tally.runs)};
    if (!tally.runs)
        fail("out of memory");
    cpu_pool_run(pool, threads, chunks, count_chunk, &tally);
    for (uint64_t i = 0; i < chunks; i++)
        if (tally.runs[i] != 1)
            fail("%u of %u threads: chunk %llu of %llu ran %u times", threads, tally.threads,
                 (unsigned long long)i, (unsigned long long)chunks, tally.runs[i]);
    free(tally.runs);
}

static void test_every_chunk_once(void)
{
    // More than 4096 chunks are run several at once, the last ones fewer.
    static const uint64_t counts[] = {0,  1,  2,  3,   4,    5,    7,    8,    9,     15,
                                      16, 17, 63, 100, 1000, 4095, 4096, 4097, 12287, 20000};
    for (uint32_t threads = 1; threads <= 8; threads++) {
        struct cpu_pool *pool = pool_new(threads);
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
            for (uint32_t used = 1; used <= threads; used++)
                run_and_count(pool, used, counts[i]);
        cpu_pool_destroy(pool);
    }
}

// The number of threads changes from task to task, as a crew changes it; some that were left out come back
// late.
static void test_changing_threads(void)
{
    struct cpu_pool *pool = pool_new(7);
    uint32_t state = 12345;
    for (int i = 0; i < 3000; i++) {
        state = state * 1664525 + 1013904223;
        run_and_count(pool, 1 + (state >> 16) % 7, (state >> 8) % 40);
    }
    cpu_pool_destroy(pool);
}

// -- Tasks whose memory is gone as soon as they are over.

static void write_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    ((uint64_t *)context)[chunk] = chunk + 1;
}

static void test_memory_of_the_last_task(void)
{
    enum { TASKS = 3000, CHUNKS = 12 };
    struct cpu_pool *pool = pool_new(4);
    for (int i = 0; i < TASKS; i++) {
        uint64_t *values = calloc(CHUNKS, sizeof *values), sum = 0;
        if (!values)
            fail("out of memory");
        cpu_pool_run(pool, 4, CHUNKS, write_chunk, values);
        for (int k = 0; k < CHUNKS; k++)
            sum += values[k];
        if (sum != CHUNKS * (CHUNKS + 1) / 2)
            fail("task %d: the caller sees %llu", i, (unsigned long long)sum);
        free(values);
    }
    cpu_pool_destroy(pool);
}

// -- Sleepers.

struct meeting {
    _Atomic uint32_t here;
    uint32_t expected;
    bool workers[MOST_THREADS];
};

// No chunk is done before all have begun: each needs a thread of its own.
static void meet(void *context, uint64_t chunk, uint32_t worker)
{
    (void)chunk;
    struct meeting *meeting = context;
    meeting->workers[worker] = true;
    atomic_fetch_add(&meeting->here, 1);
    const double begin = seconds_now();
    while (atomic_load(&meeting->here) < meeting->expected) {
        if (seconds_now() - begin > PATIENCE_SECONDS)
            fail("%u of %u threads came: a sleeper was not woken", atomic_load(&meeting->here),
                 meeting->expected);
        pause_for(20);
    }
}

static void run_meeting(struct cpu_pool *pool, uint32_t threads)
{
    struct meeting meeting = {.expected = threads};
    cpu_pool_run(pool, threads, threads, meet, &meeting);
    for (uint32_t i = 0; i < threads; i++)
        if (!meeting.workers[i])
            fail("worker %u of %u did not take part", i, threads);
}

// Idle workers sleep after some 300 microseconds: asleep for long, just about to, and some of them only.
static void test_sleepers_wake(void)
{
    static const long idle[] = {3000, 0, 150, 200, 250, 300, 350, 400, 20000};
    struct cpu_pool *pool = pool_new(4);
    for (int round = 0; round < 12; round++) {
        for (size_t i = 0; i < sizeof idle / sizeof *idle; i++) {
            pause_for(idle[i] + 7 * round);
            run_meeting(pool, 4);
            pause_for(idle[i]);
            run_and_count(pool, 4, 50);
            run_meeting(pool, 2); // the other two sleep on
        }
    }
    cpu_pool_destroy(pool);
}

enum { MOST_LISTED = 16 };

// How often each thread of this process has gone to sleep.
static uint32_t list_switches(unsigned long switches[MOST_LISTED])
{
    uint32_t count = 0;
    DIR *folder = opendir("/proc/self/task");
    for (const struct dirent *entry; folder && (entry = readdir(folder)) && count < MOST_LISTED;) {
        char path[64], line[128];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/proc/self/task/%.20s/status", entry->d_name);
        FILE *file = fopen(path, "r");
        while (file && fgets(line, sizeof line, file))
            if (sscanf(line, "voluntary_ctxt_switches: %lu", &switches[count]) == 1)
                break;
        count += file != NULL;
        if (file)
            fclose(file);
    }
    if (folder)
        closedir(folder);
    return count;
}

// A task for two threads leaves those alone that sleep.
static void test_others_sleep_on(void)
{
    enum { TASKS = 100 };
    unsigned long before[MOST_LISTED] = {0}, after[MOST_LISTED] = {0};
    struct cpu_pool *pool = pool_new(6);
    run_meeting(pool, 6);
    pause_for(50000);
    const uint32_t count = list_switches(before);
    for (int i = 0; i < TASKS; i++)
        run_meeting(pool, 2);
    uint32_t undisturbed = 0;
    if (list_switches(after) != count || count < 6)
        fail("expected at least 6 threads in /proc/self/task, found %u", count);
    for (uint32_t i = 0; i < count; i++)
        undisturbed += after[i] - before[i] < TASKS / 10;
    if (undisturbed < 4)
        fail("of 6 threads %u slept while 2 had work, expected 4", undisturbed);
    cpu_pool_destroy(pool);
}

static void test_more_threads_than_processors(void)
{
    struct cpu_pool *pool = pool_new(MOST_THREADS);
    for (int i = 0; i < 20; i++) {
        run_meeting(pool, MOST_THREADS);
        run_and_count(pool, MOST_THREADS, 1000);
        run_and_count(pool, MOST_THREADS, (uint64_t)MOST_THREADS - 1); // a thread without an item
    }
    cpu_pool_destroy(pool);
}

// -- Beginnings and ends.

static void test_create_and_destroy(void)
{
    cpu_pool_destroy(NULL);
    for (int i = 0; i < 60; i++) {
        struct cpu_pool *pool = pool_new((uint32_t)(1 + i % 5));
        if (i % 3 == 0)
            pause_for(i % 2 == 0 ? 2000 : 250); // they sleep, or are about to
        if (i % 4 == 0)
            run_and_count(pool, cpu_pool_threads(pool), 10);
        cpu_pool_destroy(pool);
    }
}

// Two pools, each with a caller of its own.
static void *use_a_pool(void *argument)
{
    (void)argument;
    struct cpu_pool *pool = pool_new(3);
    for (int i = 0; i < 200; i++)
        run_and_count(pool, 3, 30);
    cpu_pool_destroy(pool);
    return NULL;
}

static void test_two_pools(void)
{
    pthread_t other;
    if (pthread_create(&other, NULL, use_a_pool, NULL) != 0)
        fail("no second thread");
    use_a_pool(NULL);
    pthread_join(other, NULL);
}

int main(void)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } tests[] = {
        {"every chunk runs once", test_every_chunk_once},
        {"the number of threads changes", test_changing_threads},
        {"memory of the last task", test_memory_of_the_last_task},
        {"sleepers wake", test_sleepers_wake},
        {"others sleep on", test_others_sleep_on},
        {"more threads than processors", test_more_threads_than_processors},
        {"created and destroyed", test_create_and_destroy},
        {"two pools", test_two_pools},
    };
    printf("%u processors\n", cpu_processors());
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        const double begin = seconds_now();
        tests[i].run();
        printf("%s: %.2f s\n", tests[i].name, seconds_now() - begin);
        fflush(stdout);
    }
    return EXIT_SUCCESS;
}
