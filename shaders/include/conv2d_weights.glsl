// The weights as a uniform buffer: every invocation reads the same one, which uniform buffers are made for.
const uint UNIFORM_QUADS = 1024u; // 16 KiB, what every device takes

#ifdef STORED_HALF
layout(std140, binding = 4) uniform Weight
{
    uvec4 weight_octets[UNIFORM_QUADS];
};

float weight_at(uint i)
{
    return unpackHalf2x16(weight_octets[i / 8u][i / 2u % 4u])[i % 2u];
}
#else
layout(std140, binding = 4) uniform Weight
{
    vec4 weight_quads[UNIFORM_QUADS];
};

float weight_at(uint i)
{
    return weight_quads[i / 4u][i % 4u];
}
#endif
