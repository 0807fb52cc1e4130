// What the average pooling kernels share. The window is known when the pipeline is made, so that positions are divided
// by constants. A kernel of 0 is adaptive pooling, whose regions follow from the sizes of x and y.
layout(constant_id = 1) const uint KERNEL_H = 2u;
layout(constant_id = 2) const uint KERNEL_W = 2u;
layout(constant_id = 3) const uint STRIDE_H = 2u;
layout(constant_id = 4) const uint STRIDE_W = 2u;
layout(constant_id = 5) const uint COUNT_PAD = 1u; // the divisor counts padding

layout(push_constant) uniform Push
{
    vk_avg_pool2d_push p;
};

// Where a window lies on x along one axis, and the positions that its divisor counts.
struct Window {
    uint begin, end, counted;
};

Window window_of(uint o, uint in_size, uint out_size, uint kernel, uint stride, uint pad_before, uint pad_after)
{
    if (kernel == 0u) {
        uint begin = o * in_size / out_size;
        uint end = ((o + 1u) * in_size + out_size - 1u) / out_size;
        return Window(begin, end, end - begin);
    }
    int first = int(o * stride) - int(pad_before);
    int last = first + int(kernel); // one beyond
    uint begin = uint(max(first, 0));
    uint end = uint(min(last, int(in_size)));
    uint counted = COUNT_PAD != 0u ? uint(min(last, int(in_size + pad_after)) - first) : end - begin;
    return Window(begin, end, counted);
}

Window window_of_row(uint oh)
{
    return window_of(oh, p.in_h, p.out_h, KERNEL_H, STRIDE_H, p.pad_top, p.pad_bottom);
}

Window window_of_column(uint ow)
{
    return window_of(ow, p.in_w, p.out_w, KERNEL_W, STRIDE_W, p.pad_left, p.pad_right);
}
