#include "gemm.h"

#include "matrix.h"
#include "tuff/tensor.h"

// Where a shape may be chosen: by any device, by drivers that compute on the CPU (few invocations, each with
// much to do), or where it was found the best by timing (tune.h), since the device may be too small for it.
enum use { USE_ANY, USE_CPU, USE_TIMED };

// A shape of tile, and what a multiplication costs in it: the more an invocation multiplies of what it has
// read from shared memory, the less.
struct shape {
    uint32_t m, n, row_quads, column_quads, depth, threads; // of struct vk_tile
    uint32_t cost;
    enum use use;
};

// Tiles for any device fit in 16 KiB of shared memory, padding included. Depth takes what is left: fewer
// rounds to wait for.
static const struct shape shapes[] = {
    {64, 128, 2, 2, 16, 128, 10, USE_ANY},   {128, 64, 2, 2, 16, 128, 10, USE_ANY},
    {64, 64, 2, 2, 16, 64, 10, USE_ANY},     {32, 128, 2, 2, 16, 64, 10, USE_ANY},
    {16, 128, 1, 2, 16, 64, 13, USE_ANY},    {128, 16, 2, 1, 16, 64, 13, USE_ANY},
    {32, 64, 1, 2, 32, 64, 13, USE_ANY},     {8, 128, 1, 2, 16, 32, 13, USE_ANY},
    {32, 32, 1, 1, 32, 64, 20, USE_ANY},     {16, 64, 1, 1, 32, 64, 20, USE_ANY},
    {64, 16, 1, 1, 32, 64, 20, USE_ANY},     {16, 32, 1, 1, 32, 32, 20, USE_ANY},
    {8, 64, 1, 1, 32, 32, 20, USE_ANY},      {64, 32, 2, 2, 16, 32, 10, USE_CPU},
    {32, 64, 2, 2, 16, 32, 10, USE_CPU},     {16, 128, 2, 2, 16, 32, 10, USE_CPU},
    {64, 64, 4, 4, 16, 16, 8, USE_CPU},      {16, 64, 2, 2, 16, 16, 10, USE_CPU},
    {64, 16, 2, 2, 16, 16, 10, USE_CPU},     {128, 128, 2, 2, 16, 256, 9, USE_TIMED},
    {64, 64, 2, 2, 32, 64, 10, USE_TIMED},   {64, 64, 1, 2, 16, 128, 13, USE_TIMED},
    {128, 128, 4, 2, 16, 128, 9, USE_TIMED},
};
_Static_assert(sizeof shapes / sizeof *shapes < VK_MAX_TILES, "a list holds them all");

// What it costs a driver that computes on the CPU to bring a row or a column into shared memory: such a
// driver loads one number at a time, but multiplies many at once.
enum { CPU_STAGING = 80 };

bool vk_on_cpu(const struct tuff_device *device)
{
    return vk_physical_on_cpu(device->physical) && !device->backend->min_limits;
}

static uint64_t slots_of(const struct tuff_device *device)
{
    return vk_on_cpu(device) ? VK_CPU_SLOTS : VK_GPU_SLOTS;
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

static struct vk_tile tile_of(const struct shape *shape)
{
    return (struct vk_tile){
        .m = shape->m,
        .n = shape->n,
        .row_quads = shape->row_quads,
        .column_quads = shape->column_quads,
        .depth = shape->depth,
        .threads = shape->threads,
    };
}

// Instrumented for GPU-assisted validation, a larger tile's unrolled stores take a CPU driver half a minute
// to compile.
static bool compiles(const struct tuff_device *device, const struct shape *shape)
{
    return !device->backend->gpu_assisted || shape->row_quads * shape->column_quads == 1;
}

// Whether a workgroup of the device has the invocations and the shared memory: each line of both operands is
// padded by a vector of four.
static bool fits(const struct tuff_device *device, const struct shape *shape)
{
    const struct vk_limits *limits = &device->physical->limits;
    const uint32_t quad_bytes = 4 * sizeof(float);
    return shape->threads <= limits->invocations &&
           shape->depth * (shape->m / 4 + 1 + shape->n / 4 + 1) * quad_bytes <= limits->shared_bytes;
}

// What a product takes if `slots` workgroups run at a time.
static uint64_t time_of(const struct shape *shape, uint64_t m, uint64_t n, uint64_t products, uint64_t slots,
                        bool cpu)
{
    uint64_t tiles = ((m + shape->m - 1) / shape->m) * ((n + shape->n - 1) / shape->n) * products;
    uint64_t rounds = (tiles + slots - 1) / slots;
    return rounds *
           ((uint64_t)shape->m * shape->n * shape->cost + (cpu ? CPU_STAGING * (shape->m + shape->n) : 0));
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
        const struct shape *shape = &shapes[i];
        if (shape->use == USE_TIMED || (shape->use == USE_CPU && !cpu) || !compiles(device, shape))
            continue;
        uint64_t time = time_of(shape, m, n, products, slots, cpu);
        if (!best || time < best_time) {
            best = shape;
            best_time = time;
        }
    }
    return tile_of(best);
}

bool vk_same_tile(const struct vk_tile *a, const struct vk_tile *b)
{
    return a->m == b->m && a->n == b->n && a->row_quads == b->row_quads &&
           a->column_quads == b->column_quads && a->depth == b->depth && a->threads == b->threads &&
           a->row_subgroups == b->row_subgroups && a->column_subgroups == b->column_subgroups;
}

void vk_tile_list_add(struct vk_tile_list *list, const struct vk_tile *tile, uint64_t time)
{
    uint32_t at = list->count++;
    for (; at > 0 && list->times[at - 1] > time; at--) {
        list->tiles[at] = list->tiles[at - 1];
        list->times[at] = list->times[at - 1];
    }
    list->tiles[at] = *tile;
    list->times[at] = time;
}

void vk_list_tiles(const struct tuff_device *device, const struct vk_tile *chosen, uint64_t m, uint64_t n,
                   uint64_t products, struct vk_tile_list *list)
{
    list->count = 0;
    if (vk_tile_on_matrix_units(chosen)) {
        vk_list_matrix_tiles(device, chosen, m, n, products, list);
        return;
    }
    const bool cpu = vk_on_cpu(device);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const struct shape *shape = &shapes[i];
        const struct vk_tile tile = tile_of(shape);
        if ((shape->use == USE_CPU && !cpu) || !compiles(device, shape) || !fits(device, shape))
            continue;
        const uint64_t time = time_of(shape, m, n, products, slots_of(device), cpu);
        vk_tile_list_add(list, &tile, vk_same_tile(&tile, chosen) ? 0 : time);
    }
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
