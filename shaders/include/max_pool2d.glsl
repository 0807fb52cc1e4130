// What the pooling kernels share. The window is known when the pipeline is made, so that positions are divided by
// constants.
layout(constant_id = 1) const uint KERNEL_H = 2u;
layout(constant_id = 2) const uint KERNEL_W = 2u;
layout(constant_id = 3) const uint STRIDE_H = 2u;
layout(constant_id = 4) const uint STRIDE_W = 2u;
layout(constant_id = 5) const uint DILATION_H = 1u;
layout(constant_id = 6) const uint DILATION_W = 1u;

layout(push_constant) uniform Push
{
    vk_max_pool2d_push p;
};
