#include "gemm.h"
#include "ops.h"

// How a tile is shared: rows x columns of subgroups.
struct matrix_shape {
    uint32_t m, n, row_subgroups, column_subgroups;
    uint32_t cost; // of a multiplication, as in gemm.c
    bool cpu;
};

static const struct matrix_shape shapes[] = {
    {128, 128, 2, 4, 10, false}, {64, 128, 2, 4, 11, false}, {128, 64, 4, 2, 11, false},
    {64, 64, 2, 2, 12, false},   {32, 64, 1, 4, 16, false},  {32, 32, 1, 2, 20, true},
    {16, 64, 1, 4, 20, true},
};

enum { MATRIX_DEPTH = 32, PAD = 8 }; // PAD: elements, as in the shader

static struct vk_tile tile_of(const struct vk_matrix_units *units, const struct matrix_shape *shape)
{
    return (struct vk_tile){
        .m = shape->m,
        .n = shape->n,
        .depth = MATRIX_DEPTH,
        .threads = shape->row_subgroups * shape->column_subgroups * units->subgroup_size,
        .row_subgroups = shape->row_subgroups,
        .column_subgroups = shape->column_subgroups,
    };
}

// Elements of an operand in shared memory, of `length` rows or columns, whichever way its lines run.
static uint32_t operand_elements(uint32_t length, uint32_t depth)
{
    const uint32_t along_k = length * (depth + PAD), across = depth * (length + PAD);
    return along_k > across ? along_k : across;
}

// Whether the device can run it: invocations, subgroups, shared memory, whole fragments.
static bool fits(const struct tuff_device *device, const struct matrix_shape *shape)
{
    const struct vk_matrix_units *units = &device->physical->matrix;
    const struct vk_limits *limits = &device->physical->limits;
    const struct vk_tile tile = tile_of(units, shape);
    const uint32_t longest = tile.m > tile.n ? tile.m : tile.n;
    const uint32_t subgroups = tile.row_subgroups * tile.column_subgroups;
    const uint32_t shared =
        (operand_elements(tile.m, tile.depth) + operand_elements(tile.n, tile.depth)) * 2 +
        subgroups * units->m * units->n * 4;
    return tile.threads <= limits->invocations && subgroups <= units->most_subgroups &&
           shared <= limits->shared_bytes && tile.threads % (longest / 4) == 0 &&
           tile.threads % (tile.depth / 4) == 0 && tile.m % (tile.row_subgroups * units->m) == 0 &&
           tile.n % (tile.column_subgroups * units->n) == 0;
}

static uint64_t time_of(const struct matrix_shape *shape, uint64_t m, uint64_t n, uint64_t products,
                        uint64_t slots)
{
    uint64_t tiles = vk_divide_up(m, shape->m) * vk_divide_up(n, shape->n) * products;
    return vk_divide_up(tiles, slots) * shape->m * shape->n * shape->cost;
}

// A driver that computes on the CPU takes seconds to compile a larger one.
static bool compiles(const struct tuff_device *device, const struct matrix_shape *shape)
{
    return (shape->cpu || !vk_physical_on_cpu(device->physical)) &&
           !(device->failed_shapes >> (shape - shapes) & 1u);
}

void vk_drop_matrix_shape(struct tuff_device *device)
{
    const struct matrix_shape *shape = &shapes[device->matrix_shape - 1];
    vk_log(device->backend, TUFF_LOG_INFO, "%s: the driver fails in matrix tile %ux%u, which is not taken",
           device->physical->properties.deviceName, shape->m, shape->n);
    device->failed_shapes |= 1u << (device->matrix_shape - 1);
}

bool vk_next_matrix_shape(struct tuff_device *device)
{
    const uint32_t count = sizeof shapes / sizeof *shapes;
    do
        device->matrix_shape++;
    while (device->matrix_shape <= count && !(compiles(device, &shapes[device->matrix_shape - 1]) &&
                                              fits(device, &shapes[device->matrix_shape - 1])));
    if (device->matrix_shape > count)
        device->matrix_shape = 0;
    return device->matrix_shape != 0;
}

struct vk_tile vk_choose_matrix_tile(const struct tuff_device *device, uint64_t m, uint64_t n,
                                     uint64_t products, bool spread)
{
    if (device->matrix_shape != 0)
        return tile_of(&device->physical->matrix, &shapes[device->matrix_shape - 1]);
    const struct matrix_shape *best = NULL;
    uint64_t best_time = 0;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const struct matrix_shape *shape = &shapes[i];
        if (!compiles(device, shape) || !fits(device, shape))
            continue;
        uint64_t time = time_of(shape, m, n, products, spread ? VK_GPU_SLOTS : 1);
        if (!best || time < best_time) {
            best = shape;
            best_time = time;
        }
    }
    return best ? tile_of(&device->physical->matrix, best) : (struct vk_tile){0};
}

void vk_list_matrix_tiles(const struct tuff_device *device, const struct vk_tile *chosen, uint64_t m,
                          uint64_t n, uint64_t products, struct vk_tile_list *list)
{
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const struct matrix_shape *shape = &shapes[i];
        const struct vk_tile tile = tile_of(&device->physical->matrix, shape);
        const uint64_t time = time_of(shape, m, n, products, VK_GPU_SLOTS);
        if (compiles(device, shape) && fits(device, shape))
            vk_tile_list_add(list, &tile, vk_same_tile(&tile, chosen) ? 0 : time);
    }
}
