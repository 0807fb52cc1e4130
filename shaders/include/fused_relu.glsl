// A ReLU that follows a kernel in place, done by the kernel before it stores.
#include "relu.glsl"

layout(constant_id = 15) const uint RELU = 0u; // 1: one follows

float with_relu(float value)
{
    return RELU == 0u ? value : uintBitsToFloat(relu_bits(floatBitsToUint(value)));
}
