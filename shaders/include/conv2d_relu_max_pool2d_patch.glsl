// The part of one channel of x that a window's convolutions see.
const uint PATCH_H = KERNEL_H + POOL_H - 1u;
const uint PATCH_W = KERNEL_W + POOL_W - 1u;

float patch_values[PATCH_H * PATCH_W];

// Columns from `first` to before `end`. plane: where the channel begins. ph, pw: the window.
void load_columns(uint plane, uint ph, uint pw, uint first, uint end)
{
    if (PADDED == 0u) {
        uint start = plane + ph * POOL_STRIDE_H * p.in_w + pw * POOL_STRIDE_W;
        [[unroll]] for (uint r = 0u; r < PATCH_H; r++)
            [[unroll]] for (uint s = first; s < end; s++)
                patch_values[r * PATCH_W + s] = float(x[start + r * p.in_w + s]);
    } else {
        int h0 = int(ph * POOL_STRIDE_H) - int(p.pad_top);
        int w0 = int(pw * POOL_STRIDE_W) - int(p.pad_left);
        [[unroll]] for (uint r = 0u; r < PATCH_H; r++) {
            int h = h0 + int(r);
            bool row_inside = h >= 0 && h < int(p.in_h);
            [[unroll]] for (uint s = first; s < end; s++) {
                int w = w0 + int(s);
                bool inside = row_inside && w >= 0 && w < int(p.in_w);
                float value = float(x[inside ? plane + uint(h) * p.in_w + uint(w) : 0u]);
                patch_values[r * PATCH_W + s] = inside ? value : 0.0;
            }
        }
    }
}

void load_patch(uint plane, uint ph, uint pw)
{
    load_columns(plane, ph, pw, 0u, PATCH_W);
}

// What the next window in the row sees too moves to the left.
void shift_patch()
{
    [[unroll]] for (uint r = 0u; r < PATCH_H; r++)
        [[unroll]] for (uint s = POOL_STRIDE_W; s < PATCH_W; s++)
            patch_values[r * PATCH_W + s - POOL_STRIDE_W] = patch_values[r * PATCH_W + s];
}
