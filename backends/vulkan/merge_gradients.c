// The gradients of the weights of convolutions with ReLU and max pooling in one dispatch, as partial sums,
// and their sum in another: with Adam over the whole arena if that follows, alone if something is between.
#include "conv2d_relu_max_pool2d.h"
#include "gemm.h"
#include "gradients_push.h"

typedef struct tuff_conv2d_relu_max_pool2d_backward_weight_args gradient_args;

enum {
    QUAD = 4,
    CONSTANTS = 12, // of the gradients' shader
    LANES = 32,     // that add up one gradient: on a GPU the partial sums are many
    CPU_LANES = 1,
    CPU_GROUPS = 16, // workgroups that take whole quads: few, each with much to do
};

static const struct vk_kernel gradients_kernel = {
    .shader = VK_SHADER_conv2d_relu_max_pool2d_backward_weights,
    .storage_count = 1,
    .written = 1,
    .push_bytes = sizeof(struct vk_pooled_gradients_push),
    .constant_count = CONSTANTS,
};

static const struct vk_kernel adam_kernel = {
    .shader = VK_SHADER_adam_sums,
    .storage_count = 4,
    .written = 1 | 2 | 4,
    .uniform = true,
    .push_bytes = sizeof(struct vk_adam_sums_push),
    .constant_count = 3,
};

static const struct vk_kernel sums_kernel = {
    .shader = VK_SHADER_gradient_sums,
    .storage_count = 2,
    .written = 1,
    .push_bytes = sizeof(struct vk_gradient_sums_push),
    .constant_count = 3,
};

// What is merged.
struct match {
    uint32_t calls[VK_POOLED_CONVOLUTIONS], count;
    const gradient_args *args[VK_POOLED_CONVOLUTIONS];
    struct vk_pooled_weight_plan plans[VK_POOLED_CONVOLUTIONS];
    uint32_t block; // filters of an invocation
    uint32_t adam_call;
    const struct tuff_adam_args *adam; // NULL: something is between
    struct vk_span activations;        // all that the gradients' dispatch binds
    struct vk_span partial;            // what the sums' binds of it
    struct vk_span gradients;          // without Adam: what the sums' writes
};

// One kernel, one window, one type, which the shader is specialized for, and one batch size.
static bool alike(const gradient_args *a, const gradient_args *b)
{
    const struct tuff_conv2d_relu_max_pool2d_params *p = a->params, *q = b->params;
    return a->dweight->dims[2] == b->dweight->dims[2] && a->dweight->dims[3] == b->dweight->dims[3] &&
           p->pool_h == q->pool_h && p->pool_w == q->pool_w && p->pool_stride_h == q->pool_stride_h &&
           p->pool_stride_w == q->pool_stride_w && a->x->dtype == b->x->dtype &&
           a->x->dims[0] == b->x->dims[0];
}

static bool is_padded(const struct tuff_conv2d_relu_max_pool2d_params *p)
{
    return (p->pad_top | p->pad_bottom | p->pad_left | p->pad_right) != 0;
}

// Whether the gradient is one of those that Adam takes.
static bool is_part(const struct tuff_tensor *gradient, const struct tuff_tensor *all)
{
    return !gradient || (vk_overlap(gradient, all) && gradient->offset >= all->offset);
}

// False if there is one that the kernel does not take.
static bool find_adam(const struct vk_program *program, struct match *match)
{
    match->adam_call = vk_program_find(program, TUFF_OP_ADAM, 0);
    if (match->adam_call == program->count)
        return true;
    match->adam = (const void *)&program->calls[match->adam_call]->args;
    return tuff_tensor_elements(match->adam->parameters) % QUAD == 0;
}

// Whether the sums' dispatch can write these gradients.
static bool reaches_gradients(const gradient_args *args, struct match *match)
{
    if (match->adam)
        return is_part(args->dweight, match->adam->gradients) && is_part(args->dbias, match->adam->gradients);
    return vk_span_add(&match->gradients, args->dweight) &&
           (!args->dbias || vk_span_add(&match->gradients, args->dbias));
}

static bool find_convolutions(const struct tuff_device *device, const struct vk_program *program,
                              struct match *match)
{
    uint32_t call = vk_program_find(program, TUFF_OP_CONV2D_RELU_MAX_POOL2D_BACKWARD_WEIGHT, 0);
    for (; call < match->adam_call; call = vk_program_find(program, program->calls[call]->op, call + 1)) {
        const gradient_args *args = (const void *)&program->calls[call]->args;
        if (match->count == VK_POOLED_CONVOLUTIONS || !reaches_gradients(args, match) ||
            (match->count > 0 && !alike(args, match->args[0])))
            return false;
        const struct vk_pooled_weight_plan plan = vk_pooled_weight_plan(device, args);
        if (plan.blocks.size > match->block)
            match->block = plan.blocks.size;
        const struct tuff_tensor *bound[] = {args->workspace, args->x, args->dy, args->winner};
        for (size_t i = 0; i < sizeof bound / sizeof *bound; i++)
            if (!vk_span_add(&match->activations, bound[i]))
                return false;
        if (!vk_span_add(&match->partial, args->workspace))
            return false;
        match->plans[match->count] = plan;
        match->args[match->count] = args;
        match->calls[match->count++] = call;
    }
    return match->count > 0 && vk_span_fits(&match->activations, device) &&
           vk_span_fits(&match->partial, device) && vk_span_fits(&match->gradients, device);
}

// Whether the partial sums still stand when the sums' dispatch reads them.
static bool partial_sums_last(const struct vk_program *program, const struct match *match)
{
    const uint32_t end = match->adam ? match->adam_call : match->calls[match->count - 1] + 1;
    for (uint32_t i = match->calls[0]; i < end; i++)
        for (uint32_t j = 0; j < match->count; j++) {
            const struct tuff_tensor *workspace = match->args[j]->workspace;
            if (i == match->calls[j])
                continue;
            for (uint32_t k = 0; k < TUFF_OP_MAX_TENSORS; k++)
                if (program->calls[i]->args.tensors[k] &&
                    vk_overlap(program->calls[i]->args.tensors[k], workspace))
                    return false;
            if (program->calls[i]->args.workspace && vk_overlap(program->calls[i]->args.workspace, workspace))
                return false;
        }
    return true;
}

static void merge_convolutions(const struct tuff_device *device, struct vk_program *program,
                               const struct match *match)
{
    const gradient_args *args = match->args[0];
    const struct tuff_conv2d_relu_max_pool2d_params *params = args->params;
    struct vk_pooled_gradients_push push = {.batch = args->x->dims[0]};
    struct vk_merger merger = {.at = match->calls[match->count - 1], .with_next = true};
    uint32_t groups = 0;
    bool padded = false;
    for (uint32_t i = 0; i < match->count; i++) {
        const struct vk_conv2d_pool_push *plan = &match->plans[i].push;
        args = match->args[i];
        push.convolutions[i] = (struct vk_pooled_gradient){
            .x = vk_span_word(&match->activations, args->x),
            .dy = vk_span_word(&match->activations, args->dy),
            .winner = vk_span_word(&match->activations, args->winner),
            .partial = vk_span_word(&match->activations, args->workspace),
            .channels = plan->channels,
            .filters = plan->filters,
            .in_h = plan->in_h,
            .in_w = plan->in_w,
            .out_h = plan->out_h,
            .out_w = plan->out_w,
            .pad_top = plan->pad_top,
            .pad_left = plan->pad_left,
            .bias = plan->bias,
            .workers = plan->workers,
            .first_group = groups,
        };
        const uint64_t blocks = vk_divide_up(plan->filters, match->block);
        groups += (uint32_t)vk_divide_up(plan->workers * plan->channels * blocks, VK_POOLED_LOCAL_SIZE);
        padded = padded || is_padded(args->params);
        vk_merger_add(&merger, match->calls[i]);
    }
    for (uint32_t i = match->count; i < VK_POOLED_CONVOLUTIONS; i++)
        push.convolutions[i].first_group = groups;
    merger.dispatch = (struct vk_dispatch){
        .kernel = &gradients_kernel,
        .constants = {VK_POOLED_LOCAL_SIZE, match->block, 1, 1, args->dweight->dims[2],
                      args->dweight->dims[3], params->pool_h, params->pool_w, params->pool_stride_h,
                      params->pool_stride_w, padded, vk_on_cpu(device)},
        .storage = {vk_span_range(&match->activations, args->x->dtype == TUFF_F16)},
        .push = &push,
        .groups = groups,
    };
    vk_program_merge(program, &merger);
}

static uint32_t word_of(const struct tuff_tensor *part, uint64_t begin)
{
    return part ? (uint32_t)((part->offset - begin) / sizeof(float)) : VK_NO_PLACE;
}

// Where the sums are and go. group: the first one that takes them; returns the one after the last. gradients:
// where what is bound begins.
static uint32_t place_sums(const struct match *match, uint64_t gradients, uint32_t group, uint32_t lanes,
                           struct vk_partial_sums sums[VK_POOLED_CONVOLUTIONS])
{
    for (uint32_t i = 0; i < match->count; i++) {
        const struct vk_pooled_weight_plan *plan = &match->plans[i];
        sums[i] = (struct vk_partial_sums){
            .weight = word_of(match->args[i]->dweight, gradients),
            .bias = word_of(match->args[i]->dbias, gradients),
            .partial = vk_span_word(&match->partial, match->args[i]->workspace),
            .filters = plan->push.filters,
            .columns = plan->columns,
            .workers = plan->push.workers,
            .first_group = group,
        };
        group += (uint32_t)vk_element_groups((uint64_t)plan->push.filters * plan->columns * lanes);
    }
    for (uint32_t i = match->count; i < VK_POOLED_CONVOLUTIONS; i++)
        sums[i] = (struct vk_partial_sums){.bias = VK_NO_PLACE, .first_group = group};
    return group;
}

static void merge_sums(const struct tuff_device *device, struct vk_program *program,
                       const struct match *match)
{
    const uint32_t lanes = vk_on_cpu(device) ? CPU_LANES : LANES;
    struct vk_gradient_sums_push push;
    const uint32_t groups = place_sums(match, match->gradients.begin, 0, lanes, push.sums);
    vk_program_merge(program, &(struct vk_merger){
                                  .dispatch = {.kernel = &sums_kernel,
                                               .constants = {VK_LOCAL_SIZE, lanes, VK_LOCAL_SIZE},
                                               .storage = {vk_span_range(&match->gradients, false),
                                                           vk_span_range(&match->partial, false)},
                                               .push = &push,
                                               .groups = groups},
                              });
}

static void merge_adam(const struct tuff_device *device, struct vk_program *program,
                       const struct match *match)
{
    const struct tuff_adam_args *adam = match->adam;
    const struct vk_adam_push formula = vk_adam_push_of(adam);
    const uint32_t lanes = vk_on_cpu(device) ? CPU_LANES : LANES;
    struct vk_adam_sums_push push = {
        .quads = formula.count / QUAD,
        .beta1 = formula.beta1,
        .one_minus_beta1 = formula.one_minus_beta1,
        .beta2 = formula.beta2,
        .one_minus_beta2 = formula.one_minus_beta2,
        .epsilon = formula.epsilon,
        .weight_decay = formula.weight_decay,
        .decoupled = formula.decoupled,
        .rate_factor = formula.rate_factor,
    };
    uint32_t groups = (uint32_t)vk_element_groups(push.quads);
    if (vk_on_cpu(device) && groups > CPU_GROUPS)
        groups = CPU_GROUPS;
    groups = place_sums(match, adam->gradients->offset, groups, lanes, push.sums);
    vk_program_merge(
        program,
        &(struct vk_merger){
            .dispatch = {.kernel = &adam_kernel,
                         .constants = {VK_LOCAL_SIZE, lanes, VK_LOCAL_SIZE},
                         .storage = {vk_range_of(adam->parameters), vk_range_of(adam->moments),
                                     vk_range_of(adam->gradients), vk_span_range(&match->partial, false)},
                         .uniform = vk_uniform_of(adam->state),
                         .push = &push,
                         .groups = groups},
            .members = {match->adam_call},
            .count = 1,
            .at = match->adam_call,
        });
}

void vk_merge_gradients(const struct tuff_device *device, struct vk_program *program)
{
    struct match match = {.count = 0};
    if (!find_adam(program, &match) || !find_convolutions(device, program, &match) ||
        !partial_sums_last(program, &match) || program->merger_count + 2 > VK_MAX_MERGERS)
        return;
    merge_convolutions(device, program, &match);
    if (match.adam)
        merge_adam(device, program, &match);
    else
        merge_sums(device, program, &match);
}
