// Where the input gradient goes. It is float32, whatever the storage, where its padding is folded afterwards: rounded
// before that it would be rounded twice.
layout(std430, binding = 0) writeonly buffer DX
{
    STORED dx[];
};
#ifdef STORED_HALF
layout(constant_id = 20) const uint FLOAT_DX = 0u; // 1: dx is float32

layout(std430, binding = 0) writeonly buffer FloatDX
{
    float float_dx[];
};
#else
const uint FLOAT_DX = 0u;
#define float_dx dx
#endif

void store_dx(uint i, float value)
{
    if (FLOAT_DX != 0u)
        float_dx[i] = value;
    else
        dx[i] = STORED(value);
}
