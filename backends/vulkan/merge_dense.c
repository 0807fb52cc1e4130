// Linear layers with ReLUs between them, their loss and all gradients: from the layers' input to its gradient
// in one dispatch (dense.comp), the weights' gradients and the metrics in another (dense_gradients.comp).
#include "dense_push.h"
#include "gemm.h"
#include "ops.h"

enum {
    QUAD = 4,
    MAX_WIDTH = 4096,       // of a layer: beyond, tiles of a matrix product pay
    MAX_MATRIX_WIDTH = 512, // the same where matrix units would take the product
    MAX_CLASSES = 64,       // of which one invocation takes all
    NONE = UINT32_MAX,      // no such call
};

// The calls of one layer.
struct layer {
    uint32_t forward, backward_input, relu_backward; // NONE: none
    const struct tuff_linear_forward_args *args;
};

// A chain of layers, the first one first.
struct chain {
    struct layer layers[VK_DENSE_LAYERS];
    uint32_t count;
    uint32_t loss, loss_backward; // calls
};

// Of linear_forward or linear_relu_forward, whose arguments are the same.
static const struct tuff_linear_forward_args *linear_args(const struct vk_program *program, uint32_t call)
{
    return (const void *)&program->calls[call]->args;
}

// The last call before `before` of this kind whose first output is `y`; NONE if there is none.
static uint32_t find_writer(const struct vk_program *program, enum tuff_op op, const struct tuff_tensor *y,
                            uint32_t before)
{
    while (before-- > 0) {
        const struct vk_call *call = program->calls[before];
        if (call->op == op && call->merger == VK_NO_MERGER && vk_same_place(call->args.tensors[0], y))
            return before;
    }
    return NONE;
}

// The next call from `from` on of this kind whose tensors `first` and `second` are these.
static uint32_t find_reader(const struct vk_program *program, enum tuff_op op, uint32_t from, uint32_t first,
                            const struct tuff_tensor *a, uint32_t second, const struct tuff_tensor *b)
{
    for (; from < program->count; from++) {
        const struct vk_call *call = program->calls[from];
        if (call->op == op && call->merger == VK_NO_MERGER && vk_same_place(call->args.tensors[first], a) &&
            vk_same_place(call->args.tensors[second], b))
            return from;
    }
    return NONE;
}

bool vk_dense_width_fits(const struct tuff_device *device, const struct tuff_tensor *x,
                         const struct tuff_tensor *y)
{
    const bool matrix = x->dtype == TUFF_F16 && device->matrix == VK_MATRIX_READY;
    const uint32_t most = matrix ? MAX_MATRIX_WIDTH : MAX_WIDTH;
    return x->dims[1] % QUAD == 0 && x->dims[1] <= most && y->dims[1] <= most;
}

// Follows the layers back from the logits.
static bool find_layers(const struct tuff_device *device, const struct vk_program *program,
                        struct chain *chain, const struct tuff_tensor *logits)
{
    struct layer found[VK_DENSE_LAYERS];
    const struct tuff_tensor *y = logits;
    enum tuff_op op = TUFF_OP_LINEAR_FORWARD;
    uint32_t before = chain->loss;
    while (chain->count < VK_DENSE_LAYERS) {
        const uint32_t forward = find_writer(program, op, y, before);
        if (forward == NONE || !vk_dense_width_fits(device, linear_args(program, forward)->x, y))
            break;
        found[chain->count] = (struct layer){forward, NONE, NONE, linear_args(program, forward)};
        chain->count++;
        y = linear_args(program, forward)->x;
        op = TUFF_OP_LINEAR_RELU_FORWARD;
        before = forward;
    }
    for (uint32_t i = 0; i < chain->count; i++)
        chain->layers[i] = found[chain->count - 1 - i];
    return chain->count > 0;
}

// Follows the gradients from the logits'. Only the first layer's input may do without one.
static bool find_gradients(const struct vk_program *program, struct chain *chain,
                           const struct tuff_tensor *dlogits)
{
    const struct tuff_tensor *dy = dlogits;
    uint32_t from = chain->loss_backward;
    for (uint32_t i = chain->count; i-- > 0;) {
        struct layer *layer = &chain->layers[i];
        // dx, dy, weight
        layer->backward_input =
            find_reader(program, TUFF_OP_LINEAR_BACKWARD_INPUT, from, 1, dy, 2, layer->args->weight);
        if (i == 0)
            return true;
        if (layer->backward_input == NONE)
            return false;
        const struct tuff_tensor *dx = program->calls[layer->backward_input]->args.tensors[0];
        // dx, dy, y
        struct layer *before = &chain->layers[i - 1];
        before->relu_backward =
            find_reader(program, TUFF_OP_RELU_BACKWARD, layer->backward_input, 1, dx, 2, before->args->y);
        if (before->relu_backward == NONE ||
            !vk_same_place(program->calls[before->relu_backward]->args.tensors[0], dx))
            return false;
        dy = dx;
        from = before->relu_backward;
    }
    return true;
}

// The chain's tensors that the kernel writes or reads, and where they lie.
struct tensors {
    const struct tuff_tensor *all[4 + 2 * VK_DENSE_LAYERS + 1];
    uint32_t count;
    struct vk_span activations, weights, biases;
};

static const struct tuff_tensor *gradient_of(const struct vk_program *program, const struct chain *chain,
                                             uint32_t layer)
{
    if (layer + 1 == chain->count)
        return program->calls[chain->loss_backward]->args.tensors[0];
    return program->calls[chain->layers[layer + 1].backward_input]->args.tensors[0];
}

// False if some lie where the kernel cannot bind them together, or in each other's way.
static bool find_tensors(const struct vk_program *program, const struct chain *chain, struct tensors *tensors)
{
    const struct tuff_softmax_cross_entropy_forward_args *loss =
        (const void *)&program->calls[chain->loss]->args;
    tensors->all[tensors->count++] = chain->layers[0].args->x;
    tensors->all[tensors->count++] = loss->labels;
    tensors->all[tensors->count++] = loss->loss;
    tensors->all[tensors->count++] = loss->correct;
    if (chain->layers[0].backward_input != NONE)
        tensors->all[tensors->count++] = program->calls[chain->layers[0].backward_input]->args.tensors[0];
    for (uint32_t i = 0; i < chain->count; i++) {
        const struct tuff_linear_forward_args *args = chain->layers[i].args;
        tensors->all[tensors->count++] = args->y;
        tensors->all[tensors->count++] = gradient_of(program, chain, i);
        if (!vk_span_add(&tensors->weights, args->weight) ||
            (args->bias && !vk_span_add(&tensors->biases, args->bias)))
            return false;
    }
    for (uint32_t i = 0; i < tensors->count; i++) {
        if (!vk_span_add(&tensors->activations, tensors->all[i]))
            return false;
        for (uint32_t j = 0; j < i; j++)
            if (vk_overlap(tensors->all[i], tensors->all[j]))
                return false;
    }
    return true;
}

// Whether the types are those that the kernel knows: float32 everywhere, or float16 where it may be.
static bool types_fit(const struct vk_program *program, const struct chain *chain)
{
    const uint32_t type = chain->layers[0].args->x->dtype;
    for (uint32_t i = 0; i < chain->count; i++) {
        const struct tuff_linear_forward_args *args = chain->layers[i].args;
        if (args->x->dtype != type || args->weight->dtype != type ||
            gradient_of(program, chain, i)->dtype != type ||
            args->y->dtype != (i + 1 == chain->count ? (uint32_t)TUFF_F32 : type))
            return false;
    }
    const uint32_t input_gradient = chain->layers[0].backward_input;
    return input_gradient == NONE || program->calls[input_gradient]->args.tensors[0]->dtype == type;
}

static bool find_chain(const struct tuff_device *device, const struct vk_program *program,
                       struct chain *chain)
{
    chain->loss = vk_program_find(program, TUFF_OP_SOFTMAX_CROSS_ENTROPY_FORWARD, 0);
    if (chain->loss == program->count)
        return false;
    const struct tuff_softmax_cross_entropy_forward_args *loss =
        (const void *)&program->calls[chain->loss]->args;
    // dlogits, logits, labels, state
    chain->loss_backward = find_reader(program, TUFF_OP_SOFTMAX_CROSS_ENTROPY_BACKWARD, chain->loss, 1,
                                       loss->logits, 2, loss->labels);
    if (chain->loss_backward == NONE || loss->logits->dims[1] > MAX_CLASSES ||
        loss->logits->dims[0] > VK_DENSE_MAX_BATCH)
        return false;
    return find_layers(device, program, chain, loss->logits) &&
           find_gradients(program, chain, program->calls[chain->loss_backward]->args.tensors[0]);
}

static const struct vk_kernel dense_kernel = {
    .shader = VK_SHADER_dense,
    .storage_count = 3,
    .written = 1,
    .uniform = true,
    .push_bytes = sizeof(struct vk_dense_push),
    .constant_count = 8,
};

// How the chain is shared out. A GPU wants many workgroups; a driver that computes on the CPU loads one
// number at a time, and so wants to use each for many products.
struct shape {
    uint32_t local_size, samples, outputs, lanes, quads;
};

static struct shape dense_shape(const struct tuff_device *device)
{
    if (vk_on_cpu(device) && !device->backend->gpu_assisted)
        return (struct shape){.local_size = 16, .samples = 8, .outputs = 8, .lanes = 1, .quads = 2};
    return (struct shape){.local_size = VK_LOCAL_SIZE, .samples = 1, .outputs = 4, .lanes = 8, .quads = 1};
}

static uint32_t place(const struct vk_span *span, const struct tuff_tensor *tensor)
{
    return tensor ? vk_span_word(span, tensor) : VK_NO_PLACE;
}

static void merge_chain(const struct tuff_device *device, struct vk_program *program,
                        const struct chain *chain, const struct tensors *tensors)
{
    const struct tuff_softmax_cross_entropy_forward_args *loss =
        (const void *)&program->calls[chain->loss]->args;
    const struct vk_span *activations = &tensors->activations;
    const uint32_t batch = loss->logits->dims[0], input_gradient = chain->layers[0].backward_input;
    const struct vk_softmax_push softmax = vk_softmax_push_of(loss->params, loss->logits);
    struct vk_dense_push push = {
        .x = place(activations, chain->layers[0].args->x),
        .dx = input_gradient == NONE ? VK_NO_PLACE
                                     : place(activations, program->calls[input_gradient]->args.tensors[0]),
        .labels = place(activations, loss->labels),
        .loss = place(activations, loss->loss),
        .correct = place(activations, loss->correct),
        .batch = batch,
        .rest = softmax.rest,
        .share = softmax.share,
    };
    const bool half = chain->layers[0].args->x->dtype == TUFF_F16;
    struct vk_merger merger = {.at = chain->layers[0].forward};
    uint32_t row = 0;
    for (uint32_t i = 0; i < chain->count; i++) {
        const struct layer *layer = &chain->layers[i];
        push.layers[i] = (struct vk_dense_layer){
            .inputs = layer->args->x->dims[1],
            .outputs = layer->args->y->dims[1],
            .weight = place(&tensors->weights, layer->args->weight),
            .bias = place(&tensors->biases, layer->args->bias),
            .y = place(activations, layer->args->y),
            .dy = place(activations, gradient_of(program, chain, i)),
            .row = row,
        };
        row += (uint32_t)vk_divide_up(layer->args->y->dims[1], QUAD);
        const uint32_t calls[] = {layer->forward, layer->backward_input, layer->relu_backward};
        for (size_t c = 0; c < sizeof calls / sizeof *calls; c++)
            if (calls[c] != NONE)
                vk_merger_add(&merger, calls[c]);
    }
    vk_merger_add(&merger, chain->loss);
    vk_merger_add(&merger, chain->loss_backward);
    const struct shape shape = dense_shape(device);
    const uint32_t parts = shape.lanes == 1 ? 1 : shape.local_size * shape.outputs * shape.samples;
    const uint64_t shared = (uint64_t)shape.samples * row * QUAD * sizeof(float) + parts * sizeof(float);
    if (shared > device->physical->limits.shared_bytes)
        return;
    merger.dispatch = (struct vk_dispatch){
        .kernel = &dense_kernel,
        .constants = {shape.local_size, shape.samples, shape.outputs, shape.lanes, shape.quads, chain->count,
                      row, parts},
        .storage = {vk_span_range(activations, half), vk_span_range(&tensors->weights, half),
                    vk_span_range(tensors->biases.buffer ? &tensors->biases : &tensors->weights, half)},
        .uniform = vk_uniform_of(loss->state),
        .push = &push,
        .groups = vk_divide_up(batch, shape.samples),
    };
    vk_program_merge(program, &merger);
}

void vk_merge_dense(const struct tuff_device *device, struct vk_program *program)
{
    struct chain chain = {.count = 0};
    struct tensors tensors = {.count = 0};
    if (find_chain(device, program, &chain) && types_fit(program, &chain) &&
        find_tensors(program, &chain, &tensors) && vk_span_fits(&tensors.activations, device) &&
        vk_span_fits(&tensors.weights, device) && vk_span_fits(&tensors.biases, device))
        merge_chain(device, program, &chain, &tensors);
}
