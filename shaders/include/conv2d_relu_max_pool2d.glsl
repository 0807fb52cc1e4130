// What the kernels of convolution, ReLU and max pooling in one share: stride 1, no dilation, one group, windows that do
// not overlap, few channels. The loops over the kernel and the window are unrolled.
layout(constant_id = 1) const uint BLOCK = 1u;  // channels of the result that an invocation computes
layout(constant_id = 2) const uint BLOCKS = 1u; // of the result's channels
layout(constant_id = 3) const uint INNER = 1u;  // channels that are summed over; backward_weight: of x
layout(constant_id = 4) const uint KERNEL_H = 1u;
layout(constant_id = 5) const uint KERNEL_W = 1u;
layout(constant_id = 6) const uint POOL_H = 1u;
layout(constant_id = 7) const uint POOL_W = 1u;
layout(constant_id = 8) const uint POOL_STRIDE_H = 1u;
layout(constant_id = 9) const uint POOL_STRIDE_W = 1u;
layout(constant_id = 10) const uint PADDED = 0u; // 1: x has padding

const uint KERNEL = KERNEL_H * KERNEL_W;
const uint POOL = POOL_H * POOL_W;
const uint NO_WINNER = 255u;

#ifdef SEVERAL_CONVOLUTIONS
vk_conv2d_pool_push p; // of the one at hand
#else
layout(push_constant) uniform Push
{
    vk_conv2d_pool_push p;
};
#endif
