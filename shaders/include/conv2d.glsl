// What the convolution kernels that are matrix products share.
#include "conv2d_window.glsl"

layout(push_constant) uniform Push
{
    vk_conv2d_push p;
};

// Four elements of a row of `width`, from `first` on and `step` apart: places in the row to read, some of them only so
// that the read is allowed, and which of them lie inside.
struct row_quad {
    uvec4 from;
    bvec4 inside;
};

row_quad find_row_quad(int first, uint step, uint width)
{
    ivec4 columns = first + int(step) * ivec4(0, 1, 2, 3);
    row_quad quad;
    quad.from = uvec4(clamp(columns, ivec4(0), ivec4(int(width) - 1)));
    quad.inside = lessThan(uvec4(columns), uvec4(width)); // negative ones are great
    return quad;
}

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
