// A ReLU at the end of a kernel, before it stores.
#include "relu.glsl"

layout(constant_id = 15) const uint RELU = 0u; // 1: there is one

float with_relu(float value)
{
    return RELU == 0u ? value : uintBitsToFloat(relu_bits(floatBitsToUint(value)));
}
