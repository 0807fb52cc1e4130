// Drivers that end a shader's loops after so many rounds, and say nothing of it: the sums would lack their
// rest. Where work cannot be cut into dispatches that stay below (linear.c, split.c, batch_norm2d.c), such
// sizes are declined.
#include "conv2d.h"
#include "gemm.h"

// Rounds of the trees that add up what the invocations of a workgroup have.
enum { TREES = 32 };

// Of a loop over `rows` around one over `columns`.
static uint64_t nested(uint64_t rows, uint64_t columns)
{
    return rows * (columns + 1);
}

// Of a product's sum: either few enough, or too many.
static uint64_t of_product(const struct tuff_device *device, uint64_t terms)
{
    return terms <= vk_product_terms(device) ? 0 : UINT64_MAX;
}

// Of a sum over all of a sample's classes, or over its elements, three times.
static uint64_t of_softmax(const struct tuff_tensor *logits)
{
    const uint32_t classes = logits->dims[1];
    return 3 * vk_divide_up(classes, vk_softmax_share(classes)) + TREES;
}

// Of adding up the places where an element of an image is seen in the padding (conv2d_fold.comp).
static uint64_t of_fold(const struct tuff_conv2d_params *params)
{
    if (params->padding_mode != TUFF_PADDING_REPLICATE)
        return nested(3, 3);
    return nested((uint64_t)1 + params->pad_top + params->pad_bottom,
                  (uint64_t)1 + params->pad_left + params->pad_right);
}

static uint64_t of_backward_input(const struct tuff_device *device, const struct vk_conv2d *conv)
{
    const uint64_t window = (uint64_t)conv->weight->dims[2] * conv->weight->dims[3];
    const uint64_t filters = conv->weight->dims[0] / conv->params->groups;
    const bool direct = vk_conv2d_direct_backward_input_fits(device, conv);
    const uint64_t sum = direct ? 0 : of_product(device, filters * window);
    // To find the places of a phase of the stride.
    const uint64_t phase = (uint64_t)conv->weight->dims[2] + conv->weight->dims[3];
    const uint64_t fold = vk_conv2d_needs_padded_image(conv->params) ? of_fold(conv->params) : 0;
    return vk_greatest(vk_greatest(sum, phase), fold); // the sum is none or too many
}

// Of a loop over the windows that may hold an element.
static uint64_t of_windows(const struct tuff_tensor *y, const uint32_t reach[2], const uint32_t stride[2])
{
    return nested(vk_least((uint64_t)reach[0] / stride[0] + 1, y->dims[2]),
                  vk_least((uint64_t)reach[1] / stride[1] + 1, y->dims[3]));
}

// Of a loop over one window. window: elements that decide whether it is shared.
static uint64_t of_average(uint64_t rows, uint64_t columns, uint64_t window)
{
    const uint32_t share = vk_avg_pool_share(window);
    return share > 1 ? rows * columns / share + TREES : nested(rows, columns);
}

static uint64_t of_avg_pool2d(const struct tuff_avg_pool2d_params *params, const struct tuff_tensor *x)
{
    return of_average(vk_least(params->kernel_h, x->dims[2]), vk_least(params->kernel_w, x->dims[3]),
                      (uint64_t)params->kernel_h * params->kernel_w);
}

static uint64_t of_adaptive(const struct tuff_tensor *x, const struct tuff_tensor *y)
{
    const uint64_t rows = x->dims[2] / y->dims[2], columns = x->dims[3] / y->dims[3];
    return of_average(vk_least(rows + 2, x->dims[2]), vk_least(columns + 2, x->dims[3]), rows * columns);
}

// The most rounds that an invocation of the op's shaders makes; those of ops that are not named are few.
static uint64_t rounds_of(const struct tuff_device *device, uint32_t op, const struct tuff_op_args *args)
{
    const struct tuff_tensor *const *t = args->tensors;
    switch (op) {
    case TUFF_OP_CONV2D_FORWARD:
    case TUFF_OP_CONV2D_RELU_FORWARD: { // y, x, weight
        const struct vk_conv2d conv = {args->params, t[1], t[0], t[2]};
        return vk_conv2d_direct_forward_fits(device, &conv)
                   ? 0
                   : of_product(device, tuff_tensor_elements(conv.weight) / conv.weight->dims[0]);
    }
    case TUFF_OP_CONV2D_BACKWARD_INPUT: // dx, dy, weight
        return of_backward_input(device, &(struct vk_conv2d){args->params, t[0], t[1], t[2]});
    case TUFF_OP_CONV2D_BACKWARD_WEIGHT: // dweight, dbias, dy, x
        return of_product(device, vk_conv2d_backward_weight_chunk(
                                      device, (const struct tuff_conv2d_backward_weight_args *)args));
    case TUFF_OP_LINEAR_BACKWARD_WEIGHT:
        return of_product(device, vk_linear_backward_weight_chunk(
                                      device, (const struct tuff_linear_backward_weight_args *)args));
    case TUFF_OP_MAX_POOL2D_FORWARD: {
        const struct tuff_max_pool2d_params *params = args->params;
        return nested(params->kernel_h, params->kernel_w);
    }
    case TUFF_OP_MAX_POOL2D_BACKWARD: { // dx, dy
        const struct tuff_max_pool2d_params *params = args->params;
        const uint32_t reach[2] = {(params->kernel_h - 1) * params->dilation_h,
                                   (params->kernel_w - 1) * params->dilation_w};
        return of_windows(t[1], reach, (const uint32_t[2]){params->stride_h, params->stride_w});
    }
    case TUFF_OP_AVG_POOL2D_FORWARD: // y, x
        return of_avg_pool2d(args->params, t[1]);
    case TUFF_OP_AVG_POOL2D_BACKWARD: { // dx, dy
        const struct tuff_avg_pool2d_params *params = args->params;
        return of_windows(t[1], (const uint32_t[2]){params->kernel_h, params->kernel_w},
                          (const uint32_t[2]){params->stride_h, params->stride_w});
    }
    case TUFF_OP_ADAPTIVE_AVG_POOL2D_FORWARD: // y, x
        return of_adaptive(t[1], t[0]);
    case TUFF_OP_ADAPTIVE_AVG_POOL2D_BACKWARD: // dx, dy
        return nested((uint64_t)t[1]->dims[2] / t[0]->dims[2] + 2,
                      (uint64_t)t[1]->dims[3] / t[0]->dims[3] + 2);
    case TUFF_OP_SOFTMAX_CROSS_ENTROPY_FORWARD: // loss, correct, logits
        return of_softmax(t[2]);
    case TUFF_OP_SOFTMAX_CROSS_ENTROPY_BACKWARD: // dlogits, logits
    case TUFF_OP_LOG_SOFTMAX_FORWARD:            // y, x
    case TUFF_OP_LOG_SOFTMAX_BACKWARD:
        return of_softmax(t[0]);
    case TUFF_OP_MEAN_SQUARED_ERROR_FORWARD: // loss, y
        return tuff_tensor_elements(t[1]) / t[1]->dims[0] / VK_SOFTMAX_LOCAL_SIZE + TREES;
    case TUFF_OP_METRICS_RECORD: // metrics, loss
        return t[1]->dims[0] / VK_SOFTMAX_LOCAL_SIZE + TREES;
    default:
        return 0;
    }
}

bool vk_rounds_fit(const struct tuff_device *device, uint32_t op, const struct tuff_op_args *args)
{
    static const char *const names[TUFF_OP_COUNT] = {
#define TUFF_OP(NAME, name) #name,
#include "tuff/op_list.h"
#undef TUFF_OP
    };
    const uint32_t most = device->physical->limits.loop_rounds;
    if (most == UINT32_MAX || rounds_of(device, op, args) <= most)
        return true;
    vk_log(device->backend, TUFF_LOG_WARNING,
           "%s of this size is declined: the driver of %s ends a shader's loops after %u rounds, which would "
           "cut the sums "
           "short",
           names[op], device->physical->properties.deviceName, most);
    return false;
}
