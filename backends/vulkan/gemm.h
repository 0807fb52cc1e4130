// How matrix products are cut into tiles; see shaders/include/gemm_tile.glsl.
#ifndef TUFF_VULKAN_GEMM_H
#define TUFF_VULKAN_GEMM_H

#include "device.h"

// A workgroup's part of a product: m rows, n columns; an invocation has row_quads x column_quads blocks of
// 4x4.
struct vk_tile {
    uint32_t m, n, row_quads, column_quads;
    uint32_t depth;                           // of k, in shared memory at a time
    uint32_t threads;                         // of the workgroup
    uint32_t row_subgroups, column_subgroups; // that share it on matrix units, else 0
};

// Whether work is cut as suits a driver that computes on the CPU. With the least limits such a driver stands
// for a GPU.
bool vk_on_cpu(const struct tuff_device *device);

// Workgroups that work side by side; it need not be exact, since it only weighs large tiles against many.
enum { VK_CPU_SLOTS = 2, VK_GPU_SLOTS = 64 };

// Specialization constants of a product: 0 to 4 and some more are the tile's.
enum { VK_TILE_CONSTANTS = 5, VK_DEPTH_CONSTANT = 13, VK_WIDE_CONSTANT = 14, VK_SUBGROUPS_CONSTANT = 16 };

// The kernels of a product, by vectors and on matrix units; the arguments are members of struct vk_kernel. A
// tile tells which one it is for.
#define VK_PRODUCT_KERNELS(...)                                                                              \
    {                                                                                                        \
        {__VA_ARGS__},                                                                                       \
        {                                                                                                    \
            .matrix = true, __VA_ARGS__                                                                      \
        }                                                                                                    \
    }

static inline bool vk_tile_on_matrix_units(const struct vk_tile *tile)
{
    return tile->row_subgroups != 0;
}

// The operands of a product that shapes allow to be read four elements at a time: a's rows, b's columns. What
// is read as vectors of at most 16 bytes begins at a multiple of them, as tensors do.
static inline uint32_t vk_wide_operands(uint32_t neighbours_a, uint32_t neighbours_b)
{
    return (neighbours_a % 4 == 0 ? 1u : 0u) | (neighbours_b % 4 == 0 ? 2u : 0u);
}

// Sets the specialization constants of a tile. wide: vk_wide_operands.
void vk_set_tile_constants(const struct tuff_device *device, const struct vk_tile *tile, uint32_t wide,
                           uint32_t constants[VK_MAX_CONSTANTS]);

// The tile that does the product of m rows and n columns soonest, `products` of which run at once. dtype: of
// the operands. spread: whether there are too few workgroups unless tiles are many; false where the sum is
// split to make more.
struct vk_tile vk_choose_tile(const struct tuff_device *device, uint32_t dtype, uint64_t m, uint64_t n,
                              uint64_t products, bool spread);

// The same on matrix units (gemm_matrix.c); none, with no threads, if the device cannot run any.
// Goes through the shapes of tiles that the device can run: all products are given the next one's from here on,
// the first one's after none. false: that was the last, and products choose again.
bool vk_next_matrix_shape(struct tuff_device *device);
// That shape is none of the device's any more.
void vk_drop_matrix_shape(struct tuff_device *device);
struct vk_tile vk_choose_matrix_tile(const struct tuff_device *device, uint64_t m, uint64_t n,
                                     uint64_t products, bool spread);

// Tiles for one product, the most promising first.
enum { VK_MAX_TILES = 24 };
struct vk_tile_list {
    struct vk_tile tiles[VK_MAX_TILES];
    uint64_t times[VK_MAX_TILES]; // that the table expects, in units of its own
    uint32_t count;
};

// Adds a tile behind those that take no longer.
void vk_tile_list_add(struct vk_tile_list *list, const struct vk_tile *tile, uint64_t time);

// Every tile in which the device can do a product for which vk_choose_tile chose `chosen`: that one first,
// then the others. products: 0 leaves them all in the table's order. All of them add up the terms of a sum in
// the same order.
void vk_list_tiles(const struct tuff_device *device, const struct vk_tile *chosen, uint64_t m, uint64_t n,
                   uint64_t products, struct vk_tile_list *list);

// Adds those on matrix units (gemm_matrix.c).
void vk_list_matrix_tiles(const struct tuff_device *device, const struct vk_tile *chosen, uint64_t m,
                          uint64_t n, uint64_t products, struct vk_tile_list *list);

// Whether two tiles are the same.
bool vk_same_tile(const struct vk_tile *a, const struct vk_tile *b);

// The most terms, a multiple of every tile's depth, that one workgroup may sum: next to UINT32_MAX if the
// driver sets no limit.
uint32_t vk_product_terms(const struct tuff_device *device);

#endif
