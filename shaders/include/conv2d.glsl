// What the convolution kernels share that are matrix products of images in rows of pixels (NCHW).
#include "conv2d_product.glsl"

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
