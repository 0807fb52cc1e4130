// What conv2d_pad and conv2d_fold share.
layout(constant_id = 1) const uint MODE = 1u; // enum tuff_padding_mode

const uint REFLECT = 1u;
const uint REPLICATE = 2u;
const uint CIRCULAR = 3u;

layout(push_constant) uniform Push
{
    vk_conv2d_padding_push p;
};
