#include "gemm.h"

#include "matrix.h"
#include "tuff/tensor.h"

// A shape of tile, and what a multiplication costs in it: the more an invocation multiplies of what it has
// read from shared memory, the less.
struct shape {
    uint32_t m, n, row_quads, column_quads, depth, threads; // of struct vk_tile
    uint32_t cost;
    bool cpu; // for drivers that compute on the CPU: few invocations, each with much to do
};

// Both tiles fit in 16 KiB of shared memory, padding included. Depth takes what is left: fewer rounds to wait
// for.
static const struct shape shapes[] = {
    {64, 128, 2, 2, 16, 128, 10, false}, {128, 64, 2, 2, 16, 128, 10, false},
    {64, 64, 2, 2, 16, 64, 10, false},   {32, 128, 2, 2, 16, 64, 10, false},
    {16, 128, 1, 2, 16, 64, 13, false},  {128, 16, 2, 1, 16, 64, 13, false},
    {32, 64, 1, 2, 32, 64, 13, false},   {8, 128, 1, 2, 16, 32, 13, false},
    {32, 32, 1, 1, 32, 64, 20, false},   {16, 64, 1, 1, 32, 64, 20, false},
    {64, 16, 1, 1, 32, 64, 20, false},   {16, 32, 1, 1, 32, 32, 20, false},
    {8, 64, 1, 1, 32, 32, 20, false},    {64, 32, 2, 2, 16, 32, 10, true},
    {32, 64, 2, 2, 16, 32, 10, true},    {16, 128, 2, 2, 16, 32, 10, true},
    {64, 64, 4, 4, 16, 16, 8, true},     {16, 64, 2, 2, 16, 16, 10, true},
    {64, 16, 2, 2, 16, 16, 10, true},
};

// What it costs a driver that computes on the CPU to bring a row or a column into shared memory: such a
// driver loads one number at a time, but multiplies many at once.
enum { CPU_STAGING = 80 };

bool vk_on_cpu(const struct tuff_device *device)
{
    return device->physical->properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU &&
           !device->backend->min_limits;
}

// Workgroups that work side by side; it need not be exact, since it only weighs large tiles against many.
static uint64_t slots_of(const struct tuff_device *device)
{
    return vk_on_cpu(device) ? 2 : 64;
}

void vk_set_tile_constants(const struct tuff_device *device, const struct vk_tile *tile, uint32_t wide,
                           uint32_t constants[VK_MAX_CONSTANTS])
{
    constants[0] = tile->threads;
    constants[VK_DEPTH_CONSTANT] = tile->depth;
    constants[VK_WIDE_CONSTANT] = wide;
    if (!vk_tile_on_matrix_units(tile)) {
        constants[1] = tile->m;
        constants[2] = tile->n;
        constants[3] = tile->row_quads;
        constants[4] = tile->column_quads;
        return;
    }
    const struct vk_matrix_units *units = &device->physical->matrix;
    constants[1] = units->m;
    constants[2] = units->n;
    constants[3] = units->k;
    constants[4] = units->subgroup_size;
    constants[VK_SUBGROUPS_CONSTANT] = tile->row_subgroups;
    constants[VK_SUBGROUPS_CONSTANT + 1] = tile->column_subgroups;
    constants[VK_SUBGROUPS_CONSTANT + 2] = tile->m / tile->row_subgroups / units->m;
    constants[VK_SUBGROUPS_CONSTANT + 3] = tile->n / tile->column_subgroups / units->n;
}

struct vk_tile vk_choose_tile(const struct tuff_device *device, uint32_t dtype, uint64_t m, uint64_t n,
                              uint64_t products, bool spread)
{
    if (dtype == TUFF_F16 && device->matrix == VK_MATRIX_READY) {
        struct vk_tile tile = vk_choose_matrix_tile(device, m, n, products, spread);
        if (tile.threads > 0)
            return tile;
    }
    uint64_t slots = spread ? slots_of(device) : 1;
    // Not where the sum is split: its order should be the same on every device.
    const bool cpu = spread && vk_on_cpu(device);
    const struct shape *best = NULL;
    uint64_t best_time = 0;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const struct shape *tile = &shapes[i];
        // Instrumented for GPU-assisted validation, a larger tile's unrolled stores take a CPU driver half a
        // minute to compile.
        if (device->backend->gpu_assisted && tile->row_quads * tile->column_quads > 1)
            continue;
        if (tile->cpu && !cpu)
            continue;
        uint64_t tiles = ((m + tile->m - 1) / tile->m) * ((n + tile->n - 1) / tile->n) * products;
        uint64_t rounds = (tiles + slots - 1) / slots;
        uint64_t time = rounds * ((uint64_t)tile->m * tile->n * tile->cost +
                                  (cpu ? CPU_STAGING * (tile->m + tile->n) : 0));
        if (!best || time < best_time) {
            best = tile;
            best_time = time;
        }
    }
    return (struct vk_tile){
        .m = best->m,
        .n = best->n,
        .row_quads = best->row_quads,
        .column_quads = best->column_quads,
        .depth = best->depth,
        .threads = best->threads,
    };
}

enum { GREATEST_DEPTH = 32 };

// Rounds of loops that an invocation makes for so many terms: per depth one outside, `depth` inside, and
// those that fill both tiles.
static uint64_t rounds_of(const struct shape *tile, uint64_t terms)
{
    uint64_t filling = (uint64_t)(tile->m + tile->n) / 4 * tile->depth / tile->threads;
    return terms / tile->depth * (1 + tile->depth + filling);
}

uint32_t vk_product_terms(const struct tuff_device *device)
{
    uint32_t rounds = device->physical->limits.loop_rounds;
    if (rounds == UINT32_MAX)
        return UINT32_MAX / GREATEST_DEPTH * GREATEST_DEPTH;
    uint64_t most = 0;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        uint64_t some = rounds_of(&shapes[i], GREATEST_DEPTH);
        most = some > most ? some : most;
    }
    return (uint32_t)(rounds / most * GREATEST_DEPTH);
}
