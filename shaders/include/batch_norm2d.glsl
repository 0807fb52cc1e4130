// What the batch normalization kernels share.
//
// Sums over a channel are cut into chunks of its N*H*W elements; each chunk's workgroup leaves two numbers in
// `partial`, at (2 * chunk + which) * CHANNELS + c. The shape is known when the pipeline is made, so that positions
// are divided by constants.
layout(constant_id = 1) const uint CHANNELS = 1u;
layout(constant_id = 2) const uint PLANE = 1u; // H*W

layout(push_constant) uniform Push
{
    vk_batch_norm2d_push p;
};

// Where element i of channel c lies.
uint element_of_channel(uint i, uint c)
{
    uint n = i / PLANE;
    return (n * CHANNELS + c) * PLANE + (i - n * PLANE);
}

uint partial_place(uint chunk, uint which, uint c)
{
    return (2u * chunk + which) * CHANNELS + c;
}

// Elements that a chunk has among the first `present` of the channel.
uint chunk_elements(uint chunk, uint present)
{
    uint begin = chunk * p.chunk;
    return begin < present ? min(p.chunk, present - begin) : 0u;
}

// Of one element, by what backward has found of its channel: mean, scale, offset, slope.
float input_gradient(uvec4 of, float dy, float x)
{
    precise float value = uintBitsToFloat(of.y) *
                          ((dy - uintBitsToFloat(of.z)) - (x - uintBitsToFloat(of.x)) * uintBitsToFloat(of.w));
    return value;
}
