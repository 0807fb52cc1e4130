#include <stdlib.h>

#include "tune_state.h"
#include "tune_trial.h"

enum {
    CANDIDATES = 8,     // that the table expects most of, itself included
    CPU_CANDIDATES = 4, // of a driver that computes on the CPU: most of the time goes into compiling them
    SAMPLES = 5,        // of which the median counts
    FEW_SAMPLES = 3,    // where one takes long
    MOST_REPEATS = 16,  // of a product in one sample
    MUCH_SLOWER = 4,    // as often as the best one's time: not worth a measurement
};

// A sample is to last so long, lest the clock's grain counts; what takes longer than the second is not
// repeated.
#define SAMPLE_NANOSECONDS UINT64_C(200000)
#define LONG_NANOSECONDS   UINT64_C(50000000)
#define PROBE_NANOSECONDS  UINT64_C(20000000)

struct search {
    struct vk_trial trial;
    const struct vk_tile_list *list;
    uint64_t times[CANDIDATES]; // UINT64_MAX: not measured, or no longer a candidate
    uint32_t best;              // of those measured
    uint64_t deadline;
};

static int compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static uint64_t median(uint64_t *samples, uint32_t count)
{
    qsort(samples, count, sizeof *samples, compare);
    return samples[count / 2];
}

static uint32_t repeats_of(uint64_t nanoseconds)
{
    const uint64_t repeats = SAMPLE_NANOSECONDS / (nanoseconds + 1) + 1;
    return repeats < MOST_REPEATS ? (uint32_t)repeats : MOST_REPEATS;
}

// Whether the tile does a part of the product in not much more time than the best one so far, which takes
// about PROBE_NANOSECONDS for it: the whole in a tile that spills, say, could be more than the driver's
// watchdog allows.
static enum tuff_status probe(struct search *search, const struct vk_tile *tile, bool *slow)
{
    uint64_t of_best = 0, nanoseconds = 0;
    search->trial.part = (double)PROBE_NANOSECONDS / (double)search->times[search->best];
    enum tuff_status status = vk_trial_run(&search->trial, &search->list->tiles[search->best], 1, &of_best);
    const uint64_t most = MUCH_SLOWER * (of_best > PROBE_NANOSECONDS ? of_best : PROBE_NANOSECONDS);
    if (status == TUFF_OK)
        status = vk_trial_run(&search->trial, tile, 1, &nanoseconds); // may have to be compiled
    if (status == TUFF_OK && nanoseconds > most)
        status = vk_trial_run(&search->trial, tile, 1, &nanoseconds);
    search->trial.part = 0;
    *slow = nanoseconds > most;
    return status;
}

// One that is much slower than the best before is left before it has cost much: *nanoseconds stays as it was.
static enum tuff_status measure(struct search *search, const struct vk_tile *tile, uint64_t *nanoseconds)
{
    const uint64_t best = search->times[search->best];
    if (best != UINT64_MAX && best > PROBE_NANOSECONDS) {
        bool slow = false;
        enum tuff_status status = probe(search, tile, &slow);
        if (status != TUFF_OK || slow)
            return status;
    }
    // The first run says nothing: the driver may compile only now, and memory is touched for the first time.
    uint64_t samples[SAMPLES];
    enum tuff_status status = vk_trial_run(&search->trial, tile, 1, &samples[0]);
    if (status == TUFF_OK)
        status = vk_trial_run(&search->trial, tile, 1, nanoseconds);
    if (status != TUFF_OK || *nanoseconds > LONG_NANOSECONDS)
        return status;
    const uint32_t repeats = repeats_of(*nanoseconds);
    uint32_t count = 0;
    while (count < SAMPLES && status == TUFF_OK) {
        status = vk_trial_run(&search->trial, tile, repeats, &samples[count]);
        if (status == TUFF_OK && samples[count++] / 3 > best / 2)
            break;
    }
    if (status == TUFF_OK)
        *nanoseconds = median(samples, count);
    return status;
}

// Times the best one and the table's in turns, since clocks and other programs come and go. faster: by a
// twentieth at least.
static enum tuff_status run_off(struct search *search, const struct vk_tile *best, bool *faster,
                                struct vk_finding *finding)
{
    const struct vk_tile *table = &search->list->tiles[0];
    const uint32_t count = search->times[0] > LONG_NANOSECONDS ? FEW_SAMPLES : SAMPLES;
    const uint32_t repeats = repeats_of(search->times[0]);
    uint64_t of_table[SAMPLES], of_best[SAMPLES];
    enum tuff_status status = TUFF_OK;
    for (uint32_t i = 0; i < count && status == TUFF_OK; i++) {
        status = vk_trial_run(&search->trial, table, repeats, &of_table[i]);
        if (status == TUFF_OK)
            status = vk_trial_run(&search->trial, best, repeats, &of_best[i]);
    }
    if (status != TUFF_OK)
        return status;
    finding->table_nanoseconds = median(of_table, count);
    finding->nanoseconds = median(of_best, count);
    *faster = finding->nanoseconds < finding->table_nanoseconds / 20 * 19;
    return TUFF_OK;
}

// Measures the table's tile, and the other candidates until the time is up. One that the driver does not make
// or run, where the device itself goes on, is none.
static enum tuff_status measure_all(struct search *search, uint32_t count, bool *out_of_time)
{
    struct tuff_device *device = search->trial.device;
    for (uint32_t i = 0; i < count; i++) {
        *out_of_time = i > 0 && vk_host_nanoseconds() > search->deadline;
        if (*out_of_time)
            return TUFF_OK;
        const struct vk_tile *tile = &search->list->tiles[i];
        uint64_t nanoseconds = UINT64_MAX;
        const enum tuff_status status = measure(search, tile, &nanoseconds);
        if (status == TUFF_ERROR_MEMORY || device->lost)
            return status;
        if (status != TUFF_OK)
            vk_log(device->backend, TUFF_LOG_INFO, "%s: the driver fails in tile %ux%u, which is not taken",
                   device->physical->properties.deviceName, tile->m, tile->n);
        else
            search->times[i] = nanoseconds;
        if (search->times[i] < search->times[search->best])
            search->best = i;
    }
    return TUFF_OK;
}

static enum tuff_status choose(struct search *search, uint32_t count, struct vk_finding *finding)
{
    struct tuff_device *device = search->trial.device;
    const struct vk_tile *tiles = search->list->tiles;
    for (;;) {
        uint32_t best = 0;
        for (uint32_t i = 1; i < count; i++)
            if (search->times[i] < search->times[best])
                best = i;
        bool faster = false;
        uint64_t bits = 0, table_bits = 0;
        enum tuff_status status = best == 0 ? TUFF_OK : run_off(search, &tiles[best], &faster, finding);
        if (status == TUFF_OK && faster)
            status = vk_trial_bits(&search->trial, &tiles[0], &table_bits);
        if (status == TUFF_OK && faster)
            status = vk_trial_bits(&search->trial, &tiles[best], &bits);
        if (status != TUFF_OK)
            return status;
        if (bits == table_bits) {
            finding->tile = tiles[faster ? best : 0];
            finding->decided = true;
            return TUFF_OK;
        }
        vk_log(device->backend, TUFF_LOG_INFO, "%s: tile %ux%u gives other bits than %ux%u, and is not taken",
               device->physical->properties.deviceName, tiles[best].m, tiles[best].n, tiles[0].m, tiles[0].n);
        search->times[best] = UINT64_MAX;
    }
}

enum tuff_status vk_tune_search(struct tuff_device *device, const struct vk_dispatch *dispatch,
                                const struct vk_product *product, const struct vk_tile_list *list,
                                uint64_t deadline, bool whole, struct vk_finding *finding)
{
    const uint32_t most = vk_physical_on_cpu(device->physical) ? CPU_CANDIDATES : CANDIDATES;
    const uint32_t count = list->count < most ? list->count : most;
    struct search search = {.list = list, .deadline = deadline};
    *finding = (struct vk_finding){.tile = list->tiles[0]};
    for (uint32_t i = 0; i < CANDIDATES; i++)
        search.times[i] = UINT64_MAX;
    device->attempting = true;
    enum tuff_status status = vk_trial_create(device, dispatch, product, &search.trial);
    if (status == TUFF_OK)
        status = measure_all(&search, count, &finding->out_of_time);
    if (status == TUFF_OK && (whole || !finding->out_of_time) && search.times[0] != UINT64_MAX)
        status = choose(&search, count, finding);
    vk_trial_destroy(&search.trial);
    device->attempting = false;
    finding->out_of_memory = status == TUFF_ERROR_MEMORY;
    return vk_device_usable(device);
}
