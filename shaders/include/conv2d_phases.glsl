// What the two ways of loading share for the gradient of a convolution's input (conv2d_backward_input.comp,
// matrix/conv2d_backward_input_nhwc.comp): which pixels and places of the window belong to a phase of the stride, and
// where results go.
layout(constant_id = 11) const uint PLACE_STEP_H = 1u; // between places of one phase: STRIDE / gcd(STRIDE, DILATION)
layout(constant_id = 12) const uint PLACE_STEP_W = 1u;

const uint PHASES = STRIDE_H * STRIDE_W;

// Along one dimension: the pixels and the places of the window that belong to a phase.
struct phase_axis {
    uint first_pixel;
    uint first_place, places;
};

phase_axis find_axis(uint phase, uint pad, uint kernel, uint stride, uint dilation, uint place_step)
{
    phase_axis axis;
    axis.first_pixel = (phase + stride - pad % stride) % stride;
    axis.first_place = kernel;
    for (uint place = min(place_step, kernel); place > 0u; place--) {
        if ((place - 1u) * dilation % stride == phase)
            axis.first_place = place - 1u;
    }
    axis.places = axis.first_place < kernel ? (kernel - 1u - axis.first_place) / place_step + 1u : 0u;
    return axis;
}

phase_axis axis_h, axis_w;
uint places; // of the phase

void find_phase(uint chunk)
{
    // Without a stride all of this is constant.
    uint phase = PHASES == 1u ? 0u : chunk;
    axis_h = find_axis(phase / STRIDE_W, p.pad_top, KERNEL_H, STRIDE_H, DILATION_H, PLACE_STEP_H);
    axis_w = find_axis(phase % STRIDE_W, p.pad_left, KERNEL_W, STRIDE_W, DILATION_W, PLACE_STEP_W);
    places = PHASES == 1u ? WINDOW : axis_h.places * axis_w.places;
}

uint window_row(uint place)
{
    return axis_h.first_place + place / axis_w.places * PLACE_STEP_H;
}

uint window_column(uint place)
{
    return axis_w.first_place + place % axis_w.places * PLACE_STEP_W;
}

// Rows and columns of pixels that a phase has at most.
uint phase_rows()
{
    return (p.in_h + STRIDE_H - 1u) / STRIDE_H;
}

uint phase_columns()
{
    return (p.in_w + STRIDE_W - 1u) / STRIDE_W;
}

// The pixel of column n: image, row, column. Some phases have a row or a column less: those lie outside.
uvec3 pixel_of(uint n)
{
    uint columns = phase_columns();
    uint line = n / columns;
    uint image = line / phase_rows();
    return uvec3(image, axis_h.first_pixel + (line - image * phase_rows()) * STRIDE_H,
                 axis_w.first_pixel + (n - line * columns) * STRIDE_W);
}

bool c_inside;
uint c_start;

void c_set_n(uint n)
{
    uint pixels = p.in_h * p.in_w;
    uvec3 pixel = pixel_of(n);
    c_inside = pixel.y < p.in_h && pixel.z < p.in_w;
    c_start = (pixel.x * p.channels + group * p.group_channels) * pixels + pixel.y * p.in_w + pixel.z;
}

void c_store(uint m, float sum)
{
    uint i = c_start + m * (p.in_h * p.in_w);
    if (c_inside)
        store_dx(i, with_relu(i, sum));
}
