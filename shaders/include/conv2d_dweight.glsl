// Where the gradients of a convolution's weights go, whichever way operands are loaded: c_n is the column at hand as the
// tensor has it, (c,r,s), or the bias's.
layout(std430, binding = 0) writeonly buffer DWeight
{
    float dweight[]; // or the partial sums
};
layout(std430, binding = 1) writeonly buffer DBias
{
    float dbias[];
};

uint chunk;
uint c_n;

void c_store(uint m, float sum)
{
    uint weights = p.n - p.bias;
    uint row = group * p.group_filters + m;
    if (p.split != 0u)
        dweight[(chunk * p.filters + row) * p.n + c_n] = sum;
    else if (c_n < weights)
        dweight[row * weights + c_n] = sum;
    else
        dbias[row] = sum;
}
