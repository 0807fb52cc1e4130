#include "tune.h"

#include <stdlib.h>
#include <string.h>

#include "arithmetic.h"
#include "tune_state.h"

// What a start may spend on timing, making the tiles' pipelines included; what is left is for the next one.
// It is not to be felt on a GPU. A driver that computes on the CPU takes seconds for each product, but has to
// be asked for.
#define GPU_NANOSECONDS UINT64_C(2000000000)
#define CPU_NANOSECONDS UINT64_C(60000000000)

// Whether tiles are timed on this device. With GPU-assisted validation it would be the checks that are timed.
static bool is_wanted(const struct tuff_device *device)
{
    const char *tune = getenv("TUFF_VULKAN_TUNE");
    const bool always = tune && strcmp(tune, "1") == 0, never = tune && strcmp(tune, "0") == 0;
    return !device->backend->gpu_assisted && !never && (always || !vk_physical_on_cpu(device->physical));
}

enum tuff_status vk_tuning_create(struct tuff_device *device)
{
    const char *tile = getenv("TUFF_VULKAN_TILE");
    const bool forced = tile && *tile;
    const bool timing = !forced && is_wanted(device);
    if (!forced && !timing)
        return TUFF_OK;
    struct vk_tuning *tuning = calloc(1, sizeof *tuning);
    if (!tuning)
        return vk_error(device->backend, TUFF_ERROR_MEMORY, "no memory for the tiles' table");
    device->tuning = tuning;
    tuning->timing = timing;
    tuning->forced = forced ? (uint32_t)strtoul(tile, NULL, 10) : 0;
    const char *milliseconds = getenv("TUFF_VULKAN_TUNE_MS");
    tuning->most = vk_physical_on_cpu(device->physical) ? CPU_NANOSECONDS : GPU_NANOSECONDS;
    if (milliseconds && *milliseconds)
        tuning->most = strtoull(milliseconds, NULL, 10) * 1000000u;
    if (timing)
        vk_tuning_load(device, tuning);
    return TUFF_OK;
}

void vk_tuning_destroy(struct tuff_device *device)
{
    if (!device->tuning)
        return;
    vk_tuning_conclude(device);
    free(device->tuning->items);
    free(device->tuning);
    device->tuning = NULL;
}

void vk_tuning_conclude(struct tuff_device *device)
{
    struct vk_tuning *tuning = device->tuning;
    if (!tuning || (tuning->timed == 0 && !tuning->out_of_time && !tuning->out_of_memory))
        return;
    vk_log(device->backend, TUFF_LOG_INFO, "%s: tiles of %u products timed in %.1f s, %u found faster%s%s",
           device->physical->properties.deviceName, tuning->timed,
           (double)(tuning->spent - tuning->spent_before) / 1e9, tuning->faster,
           tuning->out_of_time ? "; no time was left for others, which the next start times" : "",
           tuning->out_of_memory ? "; there was not the memory to time others" : "");
    if (tuning->timed > 0)
        vk_tuning_store(device, tuning);
    tuning->timed = tuning->faster = 0;
    tuning->out_of_time = tuning->out_of_memory = false;
    tuning->spent_before = tuning->spent;
}

void vk_retile(const struct tuff_device *device, struct vk_dispatch *dispatch,
               const struct vk_product *product, const struct vk_tile *tile)
{
    uint64_t parts = dispatch->groups / ((uint64_t)*product->tiles_m * *product->tiles_n);
    *product->tiles_m = (product->m + tile->m - 1) / tile->m;
    *product->tiles_n = (product->n + tile->n - 1) / tile->n;
    dispatch->groups = parts * *product->tiles_m * *product->tiles_n;
    vk_set_tile_constants(device, tile, dispatch->constants[VK_WIDE_CONSTANT], dispatch->constants);
}

// A number for all that the time may follow from but for the tile. That two problems share one is next to
// impossible, and would give one of them a tile that is only slower.
static uint64_t problem_of(const struct vk_dispatch *dispatch, const struct vk_product *product)
{
    uint32_t push[VK_MAX_PUSH / sizeof(uint32_t)] = {0};
    memcpy(push, dispatch->push, dispatch->kernel->push_bytes);
    const uint32_t *words = dispatch->push;
    push[product->tiles_m - words] = push[product->tiles_n - words] = 0;
    const uint32_t what[] = {
        dispatch->kernel->shader,
        dispatch->kernel->matrix,
        dispatch->storage[0].half,
        dispatch->storage[1].half,
        dispatch->storage[2].half,
        dispatch->constants[VK_WIDE_CONSTANT],
        (uint32_t)(dispatch->groups / ((uint64_t)*product->tiles_m * *product->tiles_n)),
    };
    uint64_t hash = vk_hash_words(VK_HASH_BEGIN, what, sizeof what / sizeof *what);
    hash =
        vk_hash_words(hash, dispatch->constants + VK_TILE_CONSTANTS, VK_DEPTH_CONSTANT - VK_TILE_CONSTANTS);
    return vk_hash_words(hash, push, dispatch->kernel->push_bytes / sizeof *push);
}

// What is known of the problem, if it is a tile of the list: whatever a file says, nothing else is ever
// taken.
static const struct vk_tile *find_known(struct tuff_device *device, uint64_t problem,
                                        const struct vk_tile_list *list)
{
    const struct vk_tuning *tuning = device->tuning;
    for (uint32_t i = 0; i < tuning->count; i++) {
        if (tuning->items[i].problem != problem)
            continue;
        for (uint32_t j = 0; j < list->count; j++)
            if (vk_same_tile(&tuning->items[i].tile, &list->tiles[j]))
                return &list->tiles[j];
        vk_log(device->backend, TUFF_LOG_INFO,
               "%s: a tile in the cache is none for its product, and not used",
               device->physical->properties.deviceName);
    }
    return NULL;
}

static void tell(const struct tuff_device *device, const struct vk_dispatch *dispatch,
                 const struct vk_product *product, const struct vk_finding *finding)
{
    const struct vk_tile *tile = &finding->tile, *table = &product->tile;
    const char *name = vk_shaders[dispatch->kernel->shader].name;
    if (vk_same_tile(tile, table))
        vk_log(device->backend, TUFF_LOG_INFO, "%s, %ux%u: tile %ux%u is the best", name, product->m,
               product->n, table->m, table->n);
    else
        vk_log(device->backend, TUFF_LOG_INFO,
               "%s, %ux%u: tile %ux%u (%u invocations) takes %.2f of the time of %ux%u (%u), %.3f ms", name,
               product->m, product->n, tile->m, tile->n, tile->threads,
               (double)finding->nanoseconds / (double)finding->table_nanoseconds, table->m, table->n,
               table->threads, (double)finding->nanoseconds / 1e6);
}

static enum tuff_status search(struct tuff_device *device, const struct vk_dispatch *dispatch,
                               const struct vk_product *product, const struct vk_tile_list *list,
                               struct vk_finding *finding)
{
    struct vk_tuning *tuning = device->tuning;
    *finding = (struct vk_finding){.out_of_time = tuning->spent >= tuning->most};
    if (finding->out_of_time)
        return TUFF_OK;
    const bool first = tuning->spent == 0;
    if (first)
        vk_log(device->backend, TUFF_LOG_INFO, "%s: tiles of products are timed now, for %g s at most",
               device->physical->properties.deviceName, (double)tuning->most / 1e9);
    const uint64_t begin = vk_host_nanoseconds();
    enum tuff_status status =
        vk_tune_search(device, dispatch, product, list, begin + tuning->most - tuning->spent, first, finding);
    tuning->spent += vk_host_nanoseconds() - begin;
    return status;
}

enum tuff_status vk_tune_product(struct tuff_stream *stream, struct vk_dispatch *dispatch,
                                 const struct vk_product *product)
{
    struct tuff_device *device = stream->device;
    struct vk_tuning *tuning = device->tuning;
    if (!tuning || device->matrix_shape != 0)
        return TUFF_OK;
    const struct vk_tile *table = &product->tile;
    struct vk_tile_list list;
    if (!tuning->timing) {
        vk_list_tiles(device, table, product->m, product->n, 0, &list);
        const uint32_t taken = tuning->forced % list.count;
        vk_log(device->backend, TUFF_LOG_DEBUG, "%s: tile %u of %u is forced",
               vk_shaders[dispatch->kernel->shader].name, taken, list.count);
        vk_retile(device, dispatch, product, &list.tiles[taken]);
        return TUFF_OK;
    }
    vk_list_tiles(device, table, product->m, product->n,
                  dispatch->groups / ((uint64_t)*product->tiles_m * *product->tiles_n), &list);
    const uint64_t problem = problem_of(dispatch, product);
    const struct vk_tile *known = find_known(device, problem, &list);
    if (known) {
        vk_retile(device, dispatch, product, known);
        return TUFF_OK;
    }
    if (stream->state != VK_STREAM_CAPTURING)
        return TUFF_OK;
    struct vk_finding finding;
    enum tuff_status status = search(device, dispatch, product, &list, &finding);
    if (status != TUFF_OK)
        return status;
    if (finding.decided && !vk_tuning_remember(tuning, problem, &finding.tile))
        finding = (struct vk_finding){.out_of_memory = true};
    if (!finding.decided) {
        tuning->out_of_time = tuning->out_of_time || finding.out_of_time;
        tuning->out_of_memory = tuning->out_of_memory || finding.out_of_memory;
        return TUFF_OK;
    }
    tuning->timed++;
    tuning->faster += !vk_same_tile(&finding.tile, table);
    tell(device, dispatch, product, &finding);
    vk_retile(device, dispatch, product, &finding.tile);
    return TUFF_OK;
}
