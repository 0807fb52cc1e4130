// The gradient of a ReLU that follows a kernel in place, applied by the kernel before it stores.
#include "relu.glsl"
#include "storage.glsl"

layout(constant_id = 15) const uint RELU = 0u; // 1: one follows

layout(std430, binding = 3) readonly buffer ReluOutput
{
    STORED_BITS relu_output[]; // what the ReLU gave forward, of the shape of the kernel's output
};

// i: the element of the kernel's output.
float with_relu(uint i, float gradient)
{
    if (RELU == 0u)
        return gradient;
    return relu_positive(BITS(relu_output[i])) ? gradient : 0.0;
}
