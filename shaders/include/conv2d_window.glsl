// The window of a convolution. It is known when the pipeline is made, so that decoding a position in it divides by
// constants and loops over it can be unrolled.
layout(constant_id = 5) const uint KERNEL_H = 3u;
layout(constant_id = 6) const uint KERNEL_W = 3u;
layout(constant_id = 7) const uint STRIDE_H = 1u;
layout(constant_id = 8) const uint STRIDE_W = 1u;
layout(constant_id = 9) const uint DILATION_H = 1u;
layout(constant_id = 10) const uint DILATION_W = 1u;
const uint WINDOW = KERNEL_H * KERNEL_W;
