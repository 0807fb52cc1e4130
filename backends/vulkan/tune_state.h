// What the files of tuning (tune.h) share.
#ifndef TUFF_VULKAN_TUNE_STATE_H
#define TUFF_VULKAN_TUNE_STATE_H

#include "tune.h"

// The tile of one problem: what is computed, of which sizes, by which shader (tune.c makes a number of it).
// It lies so on disk.
struct vk_tuned {
    uint64_t problem;
    struct vk_tile tile;
};

struct vk_tuning {
    bool timing;            // tiles are timed; else one is forced
    uint32_t forced;        // TUFF_VULKAN_TILE
    struct vk_tuned *items; // oldest first
    uint32_t count;
    uint64_t spent, most;   // nanoseconds of timing, of this start
    uint32_t timed, faster; // products since vk_tuning_conclude; those whose tile is not the table's
    bool out_of_time, out_of_memory; // for some product, since then
    uint64_t spent_before;  // `spent` at vk_tuning_conclude
};

// Reads the cache; items stay none if there is no valid one (tune_cache.c).
void vk_tuning_load(struct tuff_device *device, struct vk_tuning *tuning);
void vk_tuning_store(const struct tuff_device *device, const struct vk_tuning *tuning);

// Remembers a tile in place of what was known of the problem. false: no memory.
bool vk_tuning_remember(struct vk_tuning *tuning, uint64_t problem, const struct vk_tile *tile);

// What came of timing.
struct vk_finding {
    bool decided;
    bool out_of_time, out_of_memory; // why it may not be
    struct vk_tile tile;
    uint64_t nanoseconds, table_nanoseconds; // in that tile and in the table's, if they are two
};

// Times the tiles of the list, whose first is the table's, and finds the best. When the host's clock, in
// nanoseconds, is past `deadline`, it gives up, or decides among those that it has timed if this product had
// the `whole` of the time: another start would give it no more. Failure: the device is lost (tune_search.c).
TUFF_MUST_CHECK enum tuff_status vk_tune_search(struct tuff_device *device,
                                                const struct vk_dispatch *dispatch,
                                                const struct vk_product *product,
                                                const struct vk_tile_list *list, uint64_t deadline,
                                                bool whole, struct vk_finding *finding);

#endif
