// Convolution: which implementation takes which layout and padding.
#include "conv2d.h"

#include "ops.h"

struct cpu_conv2d cpu_conv2d_sizes(const struct tuff_conv2d_params *params, const struct tuff_tensor *x,
                                   const struct tuff_tensor *y, const struct tuff_tensor *weight)
{
    struct cpu_conv2d conv = {
        .batch = x->dims[0],
        .blocks = cpu_blocks(x),
        .channels = x->dims[1],
        .height = x->dims[2],
        .width = x->dims[3],
        .outputs = y->dims[1],
        .out_h = y->dims[2],
        .out_w = y->dims[3],
        .kernel_h = weight->dims[2],
        .kernel_w = weight->dims[3],
        .groups = params->groups,
        .stride_h = params->stride_h,
        .stride_w = params->stride_w,
        .dilation_h = params->dilation_h,
        .dilation_w = params->dilation_w,
        .pad_top = params->pad_top,
        .pad_bottom = params->pad_bottom,
        .pad_left = params->pad_left,
        .pad_right = params->pad_right,
    };
    conv.group_channels = conv.channels / conv.groups;
    conv.group_outputs = conv.outputs / conv.groups;
    conv.taps = conv.group_channels * conv.kernel_h * conv.kernel_w;
    return conv;
}

uint64_t cpu_conv2d_work(const struct cpu_conv2d *conv)
{
    return (uint64_t)conv->blocks * (uint64_t)conv->outputs * (uint64_t)conv->out_h * (uint64_t)conv->out_w *
           (uint64_t)conv->taps;
}

// -- Forward.

static void forward(struct tuff_device *device, const struct tuff_conv2d_forward_args *args, int relu);

static void forward_padded(struct tuff_device *device, const struct tuff_conv2d_forward_args *args, int relu)
{
    const struct cpu_padded_image padded = cpu_conv2d_padded_image(args->params, args->x, args->workspace);
    struct tuff_conv2d_forward_args inner = *args;
    inner.params = &padded.params;
    inner.workspace = &padded.workspace;
    inner.x = &padded.image;
    cpu_conv2d_pad(device, &padded, args->x);
    forward(device, &inner, relu);
}

static void forward(struct tuff_device *device, const struct tuff_conv2d_forward_args *args, int relu)
{
    if (cpu_conv2d_needs_padded_image(args->params))
        forward_padded(device, args, relu);
    else if (args->x->layout == TUFF_LAYOUT_BATCH16)
        cpu_conv2d_forward_batch16(device, args, relu);
    else
        cpu_conv2d_forward_row_major(device, args, relu);
}

void cpu_conv2d_forward(struct tuff_device *device, const struct tuff_conv2d_forward_args *args)
{
    forward(device, args, 0);
}

uint64_t cpu_conv2d_forward_workspace(struct tuff_device *device, const struct tuff_conv2d_forward_args *args)
{
    if (cpu_conv2d_needs_padded_image(args->params)) {
        const struct cpu_padded_image padded = cpu_conv2d_padded_image(args->params, args->x, NULL);
        struct tuff_conv2d_forward_args inner = *args;
        inner.params = &padded.params;
        inner.x = &padded.image;
        return padded.bytes + cpu_conv2d_forward_workspace(device, &inner);
    }
    return args->x->layout == TUFF_LAYOUT_BATCH16 ? cpu_conv2d_forward_workspace_batch16(device, args)
                                                  : cpu_conv2d_forward_workspace_row_major(device, args);
}

void cpu_conv2d_relu_forward(struct tuff_device *device, const struct tuff_conv2d_relu_forward_args *args)
{
    const struct tuff_conv2d_forward_args conv = {.size = sizeof conv,
                                                  .params = args->params,
                                                  .workspace = args->workspace,
                                                  .y = args->y,
                                                  .x = args->x,
                                                  .weight = args->weight,
                                                  .bias = args->bias};
    forward(device, &conv, 1);
}

uint64_t cpu_conv2d_relu_forward_workspace(struct tuff_device *device,
                                           const struct tuff_conv2d_relu_forward_args *args)
{
    const struct tuff_conv2d_forward_args conv = {.size = sizeof conv,
                                                  .params = args->params,
                                                  .y = args->y,
                                                  .x = args->x,
                                                  .weight = args->weight,
                                                  .bias = args->bias};
    return cpu_conv2d_forward_workspace(device, &conv);
}

// -- Gradient of the input.

static void backward_input_padded(struct tuff_device *device,
                                  const struct tuff_conv2d_backward_input_args *args)
{
    const struct cpu_padded_image padded = cpu_conv2d_padded_image(args->params, args->dx, args->workspace);
    struct tuff_conv2d_backward_input_args inner = *args;
    inner.params = &padded.params;
    inner.workspace = &padded.workspace;
    inner.dx = &padded.image;
    cpu_conv2d_backward_input(device, &inner);
    cpu_conv2d_fold(device, &padded, args->dx);
}

void cpu_conv2d_backward_input(struct tuff_device *device, const struct tuff_conv2d_backward_input_args *args)
{
    if (cpu_conv2d_needs_padded_image(args->params))
        backward_input_padded(device, args);
    else if (args->dy->layout == TUFF_LAYOUT_BATCH16)
        cpu_conv2d_backward_input_batch16(device, args);
    else
        cpu_conv2d_backward_input_row_major(device, args);
}

uint64_t cpu_conv2d_backward_input_workspace(struct tuff_device *device,
                                             const struct tuff_conv2d_backward_input_args *args)
{
    if (cpu_conv2d_needs_padded_image(args->params)) {
        const struct cpu_padded_image padded = cpu_conv2d_padded_image(args->params, args->dx, NULL);
        struct tuff_conv2d_backward_input_args inner = *args;
        inner.params = &padded.params;
        inner.dx = &padded.image;
        return padded.bytes + cpu_conv2d_backward_input_workspace(device, &inner);
    }
    return args->dy->layout == TUFF_LAYOUT_BATCH16
               ? cpu_conv2d_backward_input_workspace_batch16(device, args)
               : cpu_conv2d_backward_input_workspace_row_major(device, args);
}

// -- Weight gradient.

static void backward_weight_padded(struct tuff_device *device,
                                   const struct tuff_conv2d_backward_weight_args *args)
{
    const struct cpu_padded_image padded = cpu_conv2d_padded_image(args->params, args->x, args->workspace);
    struct tuff_conv2d_backward_weight_args inner = *args;
    inner.params = &padded.params;
    inner.workspace = &padded.workspace;
    inner.x = &padded.image;
    cpu_conv2d_pad(device, &padded, args->x);
    cpu_conv2d_backward_weight(device, &inner);
}

void cpu_conv2d_backward_weight(struct tuff_device *device,
                                const struct tuff_conv2d_backward_weight_args *args)
{
    if (cpu_conv2d_needs_padded_image(args->params))
        backward_weight_padded(device, args);
    else if (args->x->layout == TUFF_LAYOUT_BATCH16)
        cpu_conv2d_backward_weight_batch16(device, args);
    else
        cpu_conv2d_backward_weight_row_major(device, args);
}

uint64_t cpu_conv2d_backward_weight_workspace(struct tuff_device *device,
                                              const struct tuff_conv2d_backward_weight_args *args)
{
    if (cpu_conv2d_needs_padded_image(args->params)) {
        const struct cpu_padded_image padded = cpu_conv2d_padded_image(args->params, args->x, NULL);
        struct tuff_conv2d_backward_weight_args inner = *args;
        inner.params = &padded.params;
        inner.x = &padded.image;
        return padded.bytes + cpu_conv2d_backward_weight_workspace(device, &inner);
    }
    return args->x->layout == TUFF_LAYOUT_BATCH16
               ? cpu_conv2d_backward_weight_workspace_batch16(device, args)
               : cpu_conv2d_backward_weight_workspace_row_major(device, args);
}
