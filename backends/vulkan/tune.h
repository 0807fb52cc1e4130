// Which tile a matrix product is computed in, found by timing. The table (gemm.h) chooses from what it knows
// of any device; where a step is captured, the tiles that it expects most of are timed as well, on memory of
// the product's size, and the fastest is kept, on disk too.
//
// Timing never changes a bit of a result: the tiles that are compared add up the terms of each sum in the
// same order, the cuts of a split sum follow from the table's tile whatever is taken, and a tile is only
// taken if it gave the bits of the table's.
//
// TUFF_VULKAN_TUNE=0: the table alone; 1: timing on drivers that compute on the CPU too. Those are left out,
// since they take seconds to compile and run what a GPU does in milliseconds. TUFF_VULKAN_TILE=N: for tests,
// every product in the N-th tile that the device can run it in, modulo their number; TUFF_VULKAN_TUNE_MS=N: a
// start may spend N milliseconds on timing.
#ifndef TUFF_VULKAN_TUNE_H
#define TUFF_VULKAN_TUNE_H

#include "gemm.h"
#include "stream.h"

// A product that a dispatch is about to compute.
struct vk_product {
    struct vk_tile tile;         // that the table chose and the dispatch is made for
    uint32_t m, n;               // rows and columns
    uint32_t *tiles_m, *tiles_n; // in the dispatch's push constants
};

// Puts the dispatch into the best tile that is known, and times tiles before that if the stream is capturing.
// Failure to time is no failure.
TUFF_MUST_CHECK enum tuff_status vk_tune_product(struct tuff_stream *stream, struct vk_dispatch *dispatch,
                                                 const struct vk_product *product);

// Puts the dispatch that computes the product into a tile, whichever it is in.
void vk_retile(const struct tuff_device *device, struct vk_dispatch *dispatch,
               const struct vk_product *product, const struct vk_tile *tile);

// What an open device knows of tiles; device->tuning, NULL where only the table counts.
TUFF_MUST_CHECK enum tuff_status vk_tuning_create(struct tuff_device *device);
void vk_tuning_destroy(struct tuff_device *device); // writes the cache first

// Says what was timed since the last call and writes the cache, if anything was.
void vk_tuning_conclude(struct tuff_device *device);

#endif
