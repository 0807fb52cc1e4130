// How matrix products are cut into tiles; see shaders/include/gemm_tile.glsl.
#ifndef TUFF_VULKAN_GEMM_H
#define TUFF_VULKAN_GEMM_H

#include "device.h"

// A workgroup's part of a product: m rows, n columns; an invocation has row_quads x column_quads blocks of
// 4x4.
struct vk_tile {
    uint32_t m, n, row_quads, column_quads;
    uint32_t depth;   // of k, in shared memory at a time
    uint32_t threads; // of the workgroup
};

// Specialization constants 0 to 4, and two more.
enum { VK_TILE_CONSTANTS = 5, VK_DEPTH_CONSTANT = 13, VK_WIDE_CONSTANT = 14 };

// The operands of a product that shapes allow to be read four elements at a time: a's rows, b's columns. What
// is read of a buffer as vectors begins at a multiple of their 16 bytes, as tensors do (VkLimits' alignment).
static inline uint32_t vk_wide_operands(uint32_t neighbours_a, uint32_t neighbours_b)
{
    return (neighbours_a % 4 == 0 ? 1u : 0u) | (neighbours_b % 4 == 0 ? 2u : 0u);
}

// The specialization constants of a tile, as an initializer. wide: vk_wide_operands.
#define VK_TILE_VALUES(tile, wide)                                                                           \
    {                                                                                                        \
        (tile).threads, (tile).m, (tile).n, (tile).row_quads,                                                \
            (tile).column_quads, [VK_DEPTH_CONSTANT] = (tile).depth, [VK_WIDE_CONSTANT] = (wide)             \
    }

// The tile that does the product of m rows and n columns soonest, `products` of which run at once. spread:
// whether there are too few workgroups unless tiles are many; false where the sum is split to make more.
struct vk_tile vk_choose_tile(const struct tuff_device *device, uint64_t m, uint64_t n, uint64_t products,
                              bool spread);

// The most terms, a multiple of every tile's depth, that one workgroup may sum: next to UINT32_MAX if the
// driver sets no limit.
uint32_t vk_product_terms(const struct tuff_device *device);

#endif
