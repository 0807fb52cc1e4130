// What all convolution kernels that are matrix products share.
#include "conv2d_window.glsl"

layout(push_constant) uniform Push
{
    vk_conv2d_push p;
};

uint group; // of channels, that the workgroup is at

// Where a workgroup works: tile, group of channels, chunk of the sum.
struct conv2d_place {
    uint m0, n0, group, chunk;
};

conv2d_place find_place(uint number, uint tile_m, uint tile_n)
{
    uint tiles = p.tiles_m * p.tiles_n;
    uint tile = number % tiles;
    uint rest = number / tiles;
    return conv2d_place(tile / p.tiles_n * tile_m, tile % p.tiles_n * tile_n, rest % p.groups, rest / p.groups);
}
