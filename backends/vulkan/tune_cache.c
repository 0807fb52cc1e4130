#include <stdlib.h>
#include <string.h>

#include "cache_file.h"
#include "tune_state.h"

// More problems than many networks have; when there are more, the oldest are forgotten.
enum { MOST_ITEMS = 4096 };

static const struct vk_cache_kind kind = {
    .what = "tile cache",
    .ending = "tiles",
    .magic = {'T', 'U', 'F', 'F', 'V', 'K', 'T', 'L'},
    .format = 1,
    .most_bytes = MOST_ITEMS * sizeof(struct vk_tuned),
};
_Static_assert(sizeof(struct vk_tuned) == sizeof(uint64_t) + 8 * sizeof(uint32_t), "no padding goes to disk");

void vk_tuning_load(struct tuff_device *device, struct vk_tuning *tuning)
{
    size_t bytes = 0;
    struct vk_tuned *items = vk_cache_read(device, &kind, &bytes);
    if (!items)
        return;
    if (bytes % sizeof *items != 0) {
        vk_log(device->backend, TUFF_LOG_INFO, "tile cache not used: it ends within an entry");
        free(items);
        return;
    }
    tuning->items = items;
    tuning->count = (uint32_t)(bytes / sizeof *items);
    vk_log(device->backend, TUFF_LOG_INFO, "%s: tiles of %u products known",
           device->physical->properties.deviceName, tuning->count);
}

void vk_tuning_store(const struct tuff_device *device, const struct vk_tuning *tuning)
{
    vk_cache_write(device, &kind, tuning->items, tuning->count * sizeof *tuning->items);
}

bool vk_tuning_remember(struct vk_tuning *tuning, uint64_t problem, const struct vk_tile *tile)
{
    uint32_t drop = 0; // of those before: what was known of it, or else the oldest one too many
    while (drop < tuning->count && tuning->items[drop].problem != problem)
        drop++;
    if (drop == tuning->count && tuning->count == MOST_ITEMS)
        drop = 0;
    if (drop < tuning->count) {
        memmove(tuning->items + drop, tuning->items + drop + 1,
                (tuning->count - drop - 1) * sizeof *tuning->items);
        tuning->count--;
    }
    struct vk_tuned *items = realloc(tuning->items, (tuning->count + (size_t)1) * sizeof *items);
    if (!items)
        return false;
    tuning->items = items;
    items[tuning->count++] = (struct vk_tuned){.problem = problem, .tile = *tile};
    return true;
}
