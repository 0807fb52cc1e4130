// Each thread has a slot with a contiguous range of the task's items, so that the same thread tends to work
// on the same part of the data from one task to the next; who has finished takes from the others' ranges. The
// calling thread never waits for one that has not begun: it takes over its items instead.
//
// A slot is one cache line, which is all that passes from the caller to a waiting thread: the task, and one
// 64-bit word of the task's number, the next item and the end. Claiming an item is a compare-and-swap of that
// word, which fails once the task is over; so a thread that wakes late cannot touch the next task's data, and
// what it has claimed keeps the slot's other words as they are.
//
// A waiting thread spins, for longer than it takes from one task of a training step to the next, then yields
// its processor between looks, and in the end sleeps.
#include "thread_pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "blas_threads.h"
#include "float_mode.h"
#include "ticks.h"

enum {
    MAX_ITEMS = 4096, // per task; more chunks than that are run several to an item
    SPINS = 1500,     // some 20 to 70 microseconds
    SPINS_PER_YIELD = 64,
    YIELD_NANOSECONDS = 200000, // of an idle worker, before it sleeps
};

struct slot {
    _Alignas(128) _Atomic uint64_t range; // number << 32 | next << 16 | end
    // Written while nothing of the slot can be claimed, read after something has been.
    cpu_task *task;
    void *context;
    uint64_t chunks;
    uint64_t chunks_per_item;
};

struct worker {
    struct cpu_pool *pool;
    pthread_t thread;
    uint32_t index;
    _Atomic bool asleep;
    pthread_cond_t wake;
};

struct cpu_pool {
    uint32_t threads;
    uint32_t started; // workers to join
    uint32_t number;  // of the newest task; the calling thread's own
    struct worker *workers;
    struct slot *slots;

    _Alignas(128) _Atomic uint32_t remaining; // items not yet done
    _Alignas(128) _Atomic bool stop;
    pthread_mutex_t mutex; // for sleeping only
};

static uint64_t nanoseconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void run_item(const struct slot *slot, uint32_t item, uint32_t worker)
{
    uint64_t chunk = item * slot->chunks_per_item;
    uint64_t end = chunk + slot->chunks_per_item;
    if (end > slot->chunks)
        end = slot->chunks;
    for (; chunk < end; chunk++)
        slot->task(slot->context, chunk, worker);
}

// Runs what can be claimed of task `number`, from this worker's slot first.
static void work(struct cpu_pool *pool, uint32_t number, uint32_t worker)
{
    uint32_t done = 0;
    for (uint32_t i = 0; i < pool->threads; i++) {
        struct slot *slot = &pool->slots[(worker + i) % pool->threads];
        uint64_t range = atomic_load_explicit(&slot->range, memory_order_acquire);
        while ((uint32_t)(range >> 32) == number && (uint16_t)(range >> 16) < (uint16_t)range) {
            if (atomic_compare_exchange_weak_explicit(&slot->range, &range, range + (UINT64_C(1) << 16),
                                                      memory_order_acq_rel, memory_order_acquire)) {
                run_item(slot, (uint16_t)(range >> 16), worker);
                done++;
                range = atomic_load_explicit(&slot->range, memory_order_acquire);
            }
        }
    }
    if (done > 0)
        atomic_fetch_sub_explicit(&pool->remaining, done, memory_order_acq_rel);
}

static uint32_t number_in(struct slot *slot)
{
    return (uint32_t)(atomic_load_explicit(&slot->range, memory_order_acquire) >> 32);
}

// Returns once there is a task after `seen` for this slot, or the pool stops.
static void wait_for_task(struct worker *worker, struct slot *slot, uint32_t seen)
{
    struct cpu_pool *pool = worker->pool;
    for (int i = 0; i < SPINS; i++) {
        if (number_in(slot) != seen)
            return;
        cpu_relax();
    }
    const uint64_t begin = nanoseconds_now();
    do {
        for (int i = 0; i < SPINS_PER_YIELD; i++) {
            if (number_in(slot) != seen || atomic_load_explicit(&pool->stop, memory_order_acquire))
                return;
            cpu_relax();
        }
        sched_yield(); // the thread that is waited for may be waiting for this processor
    } while (nanoseconds_now() - begin < YIELD_NANOSECONDS);

    pthread_mutex_lock(&pool->mutex);
    // Sequentially consistent, as is the other side: either it sees the sleeper, or the sleeper the task.
    atomic_store(&worker->asleep, true);
    while ((uint32_t)(atomic_load(&slot->range) >> 32) == seen && !atomic_load(&pool->stop))
        pthread_cond_wait(&worker->wake, &pool->mutex);
    atomic_store(&worker->asleep, false);
    pthread_mutex_unlock(&pool->mutex);
}

// Those of the first `threads` that sleep; the others sleep on.
static void wake_sleepers(struct cpu_pool *pool, uint32_t threads)
{
    for (uint32_t i = 1; i < threads; i++) {
        if (!atomic_load(&pool->workers[i].asleep))
            continue;
        pthread_mutex_lock(&pool->mutex);
        pthread_cond_signal(&pool->workers[i].wake);
        pthread_mutex_unlock(&pool->mutex);
    }
}

static void *worker_main(void *argument)
{
    struct worker *worker = argument;
    struct cpu_pool *pool = worker->pool;
    struct slot *slot = &pool->slots[worker->index];
    cpu_float_mode_enter();
    (void)cpu_blas_one_thread_enter();
    uint32_t seen = 0;
    for (;;) {
        wait_for_task(worker, slot, seen);
        if (atomic_load_explicit(&pool->stop, memory_order_acquire))
            return NULL;
        seen = number_in(slot);
        work(pool, seen, worker->index);
    }
}

// Signals are for the host's threads to take, but for those that a thread's own fault raises: blocked, they
// would pass the host's handler by.
static int start_worker(struct worker *worker)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    sigset_t blocked, before;
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        sigdelset(&blocked, faults[i]);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    const int failure = pthread_create(&worker->thread, NULL, worker_main, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failure;
}

enum tuff_status cpu_pool_create(uint32_t threads, struct cpu_pool **pool_out)
{
    *pool_out = NULL;
    struct cpu_pool *pool = aligned_alloc(_Alignof(struct cpu_pool), sizeof *pool);
    if (!pool)
        return TUFF_ERROR_MEMORY;
    *pool = (struct cpu_pool){.threads = threads};
    pthread_mutex_init(&pool->mutex, NULL);
    pool->workers = calloc(threads, sizeof *pool->workers);
    pool->slots = aligned_alloc(_Alignof(struct slot), threads * sizeof *pool->slots);
    if (!pool->workers || !pool->slots)
        goto failed;
    for (uint32_t i = 0; i < threads; i++)
        atomic_init(&pool->slots[i].range, 0);
    for (uint32_t i = 1; i < threads; i++) {
        pool->workers[i] = (struct worker){.pool = pool, .index = i};
        pthread_cond_init(&pool->workers[i].wake, NULL);
        if (start_worker(&pool->workers[i]) != 0) {
            pthread_cond_destroy(&pool->workers[i].wake);
            goto failed;
        }
        pool->started = i;
    }
    *pool_out = pool;
    return TUFF_OK;

failed:
    cpu_pool_destroy(pool);
    return TUFF_ERROR_MEMORY;
}

void cpu_pool_destroy(struct cpu_pool *pool)
{
    if (!pool)
        return;
    atomic_store(&pool->stop, true);
    wake_sleepers(pool, pool->started + 1);
    for (uint32_t i = 1; i <= pool->started; i++) {
        pthread_join(pool->workers[i].thread, NULL);
        pthread_cond_destroy(&pool->workers[i].wake);
    }
    pthread_mutex_destroy(&pool->mutex);
    free(pool->slots);
    free(pool->workers);
    free(pool);
}

uint32_t cpu_pool_threads(const struct cpu_pool *pool)
{
    return pool->threads;
}

// Waits for the items that others have claimed.
static void wait_for_rest(struct cpu_pool *pool)
{
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(&pool->remaining, memory_order_acquire) == 0)
            return;
        cpu_relax();
    }
    while (atomic_load_explicit(&pool->remaining, memory_order_acquire) != 0) {
        for (int i = 0; i < SPINS_PER_YIELD; i++)
            cpu_relax();
        sched_yield(); // whoever holds the last items may have lost its processor to this very loop
    }
}

void cpu_pool_run(struct cpu_pool *pool, uint32_t threads, uint64_t chunks, cpu_task *task, void *context)
{
    if (threads == 1 || chunks <= 1) {
        for (uint64_t chunk = 0; chunk < chunks; chunk++)
            task(context, chunk, 0);
        return;
    }
    const uint64_t per_item = (chunks + MAX_ITEMS - 1) / MAX_ITEMS,
                   items = (chunks + per_item - 1) / per_item;
    const uint32_t number = ++pool->number;
    atomic_store_explicit(&pool->remaining, (uint32_t)items, memory_order_relaxed);
    // Its own slot last: what others shall do, they begin meanwhile.
    for (uint32_t i = threads; i-- > 0;) {
        struct slot *slot = &pool->slots[i];
        const uint64_t begin = items * i / threads, end = items * (i + 1) / threads;
        slot->task = task;
        slot->context = context;
        slot->chunks = chunks;
        slot->chunks_per_item = per_item;
        atomic_store_explicit(&slot->range, (uint64_t)number << 32 | begin << 16 | end, memory_order_release);
    }
    atomic_thread_fence(memory_order_seq_cst); // before the look at the sleepers
    wake_sleepers(pool, threads);
    work(pool, number, 0);
    wait_for_rest(pool);
}
