// Where the results of a convolution go that is a matrix product, whichever way its operands are loaded.
#include "fused_relu.glsl"

layout(std430, binding = 0) writeonly buffer Y
{
    STORED y[];
};
layout(std430, binding = 3) readonly buffer Bias
{
    float bias[];
};

uint c_start;

void c_set_n(uint n)
{
    uint pixels = p.out_h * p.out_w;
    uint image = n / pixels;
    c_start = (image * p.filters + group * p.group_filters) * pixels + (n - image * pixels);
}

void c_store(uint m, float sum)
{
    if (p.bias != 0u)
        sum += bias[group * p.group_filters + m];
    y[c_start + m * (p.out_h * p.out_w)] = STORED(with_relu(sum));
}
