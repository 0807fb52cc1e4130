// The weights as a uniform buffer: every invocation reads the same one, which uniform buffers are made for.
const uint UNIFORM_QUADS = 1024u; // 16 KiB, what every device takes

layout(std140, binding = 4) uniform Weight
{
    vec4 weight_quads[UNIFORM_QUADS];
};

float weight_at(uint i)
{
    return weight_quads[i / 4u][i % 4u];
}
