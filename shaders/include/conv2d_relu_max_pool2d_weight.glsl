// dweight of convolution, ReLU and max pooling in one: each invocation (a worker) sums over every p.workers-th window,
// or row of windows, for one channel of x and a block of filters, and leaves partial sums: partial[worker][filter][column], a column per
// weight of the filter and one more for dbias if there is one. Of a window only the element that won has a gradient.

// Where the tensors begin in their bindings, in elements; of winners in words.
uint partial_begin = 0u, dy_begin = 0u, winner_begin = 0u, x_begin = 0u;

// 1: a worker takes a row of windows at a time, and loads what two neighbours see once; else one window, which lets
// neighbouring invocations load neighbouring elements.
layout(constant_id = 11) const uint ROWS = 0u;
const uint NEW = ROWS == 1u && POOL_STRIDE_W < PATCH_W ? POOL_STRIDE_W : PATCH_W; // columns that a window loads

void sum_windows(uint number)
{
    uint worker = number % p.workers;
    uint task = number / p.workers;
    uint c = task % p.channels;
    uint block = task / p.channels;
    uint first = block * BLOCK;
    if (first >= p.filters)
        return;
    uint positions = p.out_h * p.out_w;
    uint run = ROWS == 1u ? p.out_w : 1u;

    float sums[BLOCK * KERNEL];
    float bias_sums[BLOCK];
    [[unroll]] for (uint i = 0u; i < BLOCK * KERNEL; i++)
        sums[i] = 0.0;
    [[unroll]] for (uint f = 0u; f < BLOCK; f++)
        bias_sums[f] = 0.0;
    for (uint window = worker * run; window < p.windows; window += p.workers * run) {
        uint image = window / positions;
        uint position = window - image * positions;
        uint ph = position / p.out_w;
        uint pw = position - ph * p.out_w;
        uint plane = x_begin + (image * p.channels + c) * p.in_h * p.in_w;
        load_columns(plane, ph, pw, 0u, PATCH_W - NEW);
        for (uint i = 0u; i < run; i++) {
            load_columns(plane, ph, pw + i, PATCH_W - NEW, PATCH_W);
            [[unroll]] for (uint f = 0u; f < BLOCK; f++) {
                uint k = min(first + f, p.filters - 1u);
                uint at = (image * p.filters + k) * positions + position + i;
                uint won = winner[winner_begin + at / 4u] >> (at % 4u * 8u) & 255u;
                float loaded = float(dy[dy_begin + at]);
                float gradient = won == NO_WINNER ? 0.0 : loaded;
                bias_sums[f] += gradient;
                uint won_row = won / POOL_W;
                uint won_column = won - won_row * POOL_W;
                [[unroll]] for (uint r = 0u; r < KERNEL_H; r++) {
                    float line[PATCH_W]; // of x, from the winner's row on
                    [[unroll]] for (uint s = 0u; s < PATCH_W; s++) {
                        line[s] = patch_values[r * PATCH_W + s];
                        [[unroll]] for (uint j = 1u; j < POOL_H; j++)
                            line[s] = won_row == j ? patch_values[(r + j) * PATCH_W + s] : line[s];
                    }
                    [[unroll]] for (uint s = 0u; s < KERNEL_W; s++) {
                        float value = line[s];
                        [[unroll]] for (uint j = 1u; j < POOL_W; j++)
                            value = won_column == j ? line[s + j] : value;
                        sums[f * KERNEL + r * KERNEL_W + s] += gradient * value;
                    }
                }
            }
            if (ROWS == 1u)
                shift_patch();
        }
    }
    uint columns = p.channels * KERNEL + p.bias;
    [[unroll]] for (uint f = 0u; f < BLOCK; f++) {
        uint k = first + f;
        if (k >= p.filters)
            continue;
        uint start = partial_begin + (worker * p.filters + k) * columns;
        [[unroll]] for (uint i = 0u; i < KERNEL; i++)
            partial[start + c * KERNEL + i] = sums[f * KERNEL + i];
        if (p.bias != 0u && c == 0u)
            partial[start + p.channels * KERNEL] = bias_sums[f];
    }
}
