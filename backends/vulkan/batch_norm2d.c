// batch_norm2d_train, batch_norm2d_eval, batch_norm2d_backward, and the same with a ReLU
//
// A kernel may bind four storage buffers, so each op is several: sums of chunks of each channel, what follows
// from them per channel, and one pass over all elements. What they hand on lies in the workspace.
#include "batch_norm2d_push.h"
#include "ops.h"

// Workgroups enough to fill a large GPU, and chunks long enough to be worth one; but none so long that
// drivers which limit the rounds of a shader's loops would end it (rounds.c).
enum { SUM_GROUPS = 256, SUM_MIN_CHUNK = 1024, SUM_MAX_CHUNKS = 64, SUM_MAX_CHUNK = 1 << 20 };

// As in the shader.
enum { SUM_LOCAL_SIZE = 64 };

// Sections of the workspace begin at multiples of this, the greatest alignment that a device may ask for.
enum { SECTION_ALIGNMENT = 256 };

struct plan {
    struct vk_batch_norm2d_push push;
    uint32_t channels, plane;
    bool relu;
    // Sections of the workspace: four words per channel and four more, and partial sums.
    uint64_t coefficients, partial, bytes;
};

static uint64_t section(uint64_t *end, uint64_t words)
{
    const uint64_t begin = *end;
    *end += vk_divide_up(words * 4, SECTION_ALIGNMENT) * SECTION_ALIGNMENT;
    return begin;
}

// The chunks follow from the shape alone, and with them the order of the sums.
static struct plan plan_of(const struct tuff_tensor *x, bool relu)
{
    struct plan plan = {.channels = x->dims[1], .plane = x->dims[2] * x->dims[3], .relu = relu};
    const uint64_t length = (uint64_t)x->dims[0] * plan.plane;
    uint64_t chunks = vk_divide_up(SUM_GROUPS, plan.channels);
    if (chunks > SUM_MAX_CHUNKS)
        chunks = SUM_MAX_CHUNKS;
    if (chunks > vk_divide_up(length, SUM_MIN_CHUNK))
        chunks = vk_divide_up(length, SUM_MIN_CHUNK);
    if (chunks < vk_divide_up(length, SUM_MAX_CHUNK))
        chunks = vk_divide_up(length, SUM_MAX_CHUNK);
    plan.push.count = (uint32_t)tuff_tensor_elements(x);
    plan.push.samples = x->dims[0];
    plan.push.chunk = (uint32_t)(vk_divide_up(vk_divide_up(length, chunks), SUM_LOCAL_SIZE) * SUM_LOCAL_SIZE);
    plan.push.chunks = (uint32_t)vk_divide_up(length, plan.push.chunk);
    plan.coefficients = section(&plan.bytes, 4 * ((uint64_t)plan.channels + 1));
    plan.partial = section(&plan.bytes, (2 * (uint64_t)plan.push.chunks + 1) * plan.channels);
    plan.push.partial = (uint32_t)(plan.partial / 4);
    return plan;
}

uint64_t vk_batch_norm2d_workspace(const struct tuff_tensor *x)
{
    return plan_of(x, false).bytes;
}

static struct vk_range coefficients_of(const struct plan *plan, const struct tuff_tensor *workspace)
{
    return vk_range_within(workspace, plan->coefficients, 16 * ((uint64_t)plan->channels + 1));
}

static struct vk_range partial_of(const struct plan *plan, const struct tuff_tensor *workspace)
{
    return vk_range_within(workspace, plan->partial,
                           (2 * (uint64_t)plan->push.chunks + 1) * plan->channels * 4);
}

static struct vk_range whole_of(const struct plan *plan, const struct tuff_tensor *workspace)
{
    return vk_range_within(workspace, 0, plan->bytes);
}

#define KERNEL(name, storage, writes, state)                                                                 \
    {                                                                                                        \
        .shader = VK_SHADER_##name, .storage_count = storage, .written = writes, .uniform = state,           \
        .push_bytes = sizeof(struct vk_batch_norm2d_push), .constant_count = VK_MAX_CONSTANTS                \
    }

// One kernel on these buffers. uniform: NULL for a kernel that has none.
static enum tuff_status run(struct tuff_stream *stream, const struct plan *plan,
                            const struct vk_kernel *kernel, uint32_t local_size, uint64_t groups,
                            const struct vk_range *uniform, const struct vk_range storage[VK_MAX_STORAGE])
{
    struct vk_dispatch dispatch = {
        .kernel = kernel,
        .constants = {local_size, plan->channels, plan->plane, [VK_RELU_CONSTANT] = plan->relu},
        .push = &plan->push,
        .groups = groups,
    };
    if (uniform != NULL)
        dispatch.uniform = *uniform;
    for (uint32_t i = 0; i < kernel->storage_count; i++)
        dispatch.storage[i] = storage[i];
    return vk_dispatch(stream, &dispatch);
}

static enum tuff_status run_channels(struct tuff_stream *stream, const struct plan *plan,
                                     const struct vk_kernel *kernel, const struct vk_range *uniform,
                                     const struct vk_range storage[VK_MAX_STORAGE])
{
    return run(stream, plan, kernel, VK_LOCAL_SIZE, vk_element_groups(plan->channels), uniform, storage);
}

static enum tuff_status run_elements(struct tuff_stream *stream, const struct plan *plan,
                                     const struct vk_kernel *kernel, const struct vk_range *uniform,
                                     const struct vk_range storage[VK_MAX_STORAGE])
{
    return run(stream, plan, kernel, VK_LOCAL_SIZE, vk_element_groups(plan->push.count), uniform, storage);
}

static enum tuff_status run_chunks(struct tuff_stream *stream, const struct plan *plan,
                                   const struct vk_kernel *kernel, const struct vk_range *uniform,
                                   const struct vk_range storage[VK_MAX_STORAGE])
{
    return run(stream, plan, kernel, SUM_LOCAL_SIZE, (uint64_t)plan->channels * plan->push.chunks, uniform,
               storage);
}

// -- Forward.

// y from the coefficients that lie in the workspace.
static enum tuff_status normalize(struct tuff_stream *stream, const struct plan *plan,
                                  const struct tuff_tensor *workspace, const struct tuff_tensor *y,
                                  const struct tuff_tensor *x, const struct tuff_tensor *bias)
{
    static const struct vk_kernel kernel = KERNEL(batch_norm2d_normalize, 4, 1, false);
    const struct vk_range coefficients = coefficients_of(plan, workspace);
    // A binding that is not read shows what another one does.
    const struct vk_range storage[VK_MAX_STORAGE] = {vk_range_of(y), vk_range_of(x), coefficients,
                                                     bias ? vk_range_of(bias) : coefficients};
    return run_elements(stream, plan, &kernel, NULL, storage);
}

static enum tuff_status train(struct tuff_stream *stream, const struct tuff_batch_norm2d_train_args *args,
                              bool relu)
{
    static const struct vk_kernel moments_kernel = KERNEL(batch_norm2d_moments, 2, 1, true);
    static const struct vk_kernel statistics_kernel = KERNEL(batch_norm2d_statistics, 4, 7, true);
    static const struct vk_kernel running_kernel = KERNEL(batch_norm2d_running, 3, 3, false);
    struct plan plan = plan_of(args->x, relu);
    plan.push.epsilon = args->params->epsilon;
    plan.push.momentum = args->params->momentum;
    plan.push.affine = args->weight != NULL;
    const struct vk_range state = vk_uniform_of(args->state);
    const struct vk_range moments[VK_MAX_STORAGE] = {partial_of(&plan, args->workspace),
                                                     vk_range_of(args->x)};
    const struct vk_range mean = vk_range_of(args->mean);
    const struct vk_range merged[VK_MAX_STORAGE] = {whole_of(&plan, args->workspace), mean,
                                                    vk_range_of(args->inverse),
                                                    args->weight ? vk_range_of(args->weight) : mean};
    const struct vk_range running[VK_MAX_STORAGE] = {vk_range_of(args->running_mean),
                                                     vk_range_of(args->running_variance),
                                                     coefficients_of(&plan, args->workspace)};
    enum tuff_status status = run_chunks(stream, &plan, &moments_kernel, &state, moments);
    if (status == TUFF_OK)
        status = run_channels(stream, &plan, &statistics_kernel, &state, merged);
    if (status == TUFF_OK)
        status = normalize(stream, &plan, args->workspace, args->y, args->x, args->bias);
    // Last, since nothing waits for it.
    return status == TUFF_OK ? run_channels(stream, &plan, &running_kernel, NULL, running) : status;
}

enum tuff_status vk_batch_norm2d_train(struct tuff_stream *stream,
                                       const struct tuff_batch_norm2d_train_args *args)
{
    return train(stream, args, false);
}

enum tuff_status vk_batch_norm2d_relu_train(struct tuff_stream *stream,
                                            const struct tuff_batch_norm2d_relu_train_args *args)
{
    const struct tuff_batch_norm2d_train_args norm = {.size = sizeof norm,
                                                      .params = args->params,
                                                      .workspace = args->workspace,
                                                      .y = args->y,
                                                      .mean = args->mean,
                                                      .inverse = args->inverse,
                                                      .running_mean = args->running_mean,
                                                      .running_variance = args->running_variance,
                                                      .x = args->x,
                                                      .weight = args->weight,
                                                      .bias = args->bias,
                                                      .state = args->state};
    return train(stream, &norm, true);
}

static enum tuff_status evaluate(struct tuff_stream *stream, const struct tuff_batch_norm2d_eval_args *args,
                                 bool relu)
{
    static const struct vk_kernel kernel = KERNEL(batch_norm2d_eval, 4, 1, false);
    struct plan plan = plan_of(args->x, relu);
    plan.push.epsilon = args->params->epsilon;
    plan.push.affine = args->weight != NULL;
    const struct vk_range mean = vk_range_of(args->running_mean);
    const struct vk_range storage[VK_MAX_STORAGE] = {coefficients_of(&plan, args->workspace), mean,
                                                     vk_range_of(args->running_variance),
                                                     args->weight ? vk_range_of(args->weight) : mean};
    enum tuff_status status = run_channels(stream, &plan, &kernel, NULL, storage);
    return status == TUFF_OK ? normalize(stream, &plan, args->workspace, args->y, args->x, args->bias)
                             : status;
}

enum tuff_status vk_batch_norm2d_eval(struct tuff_stream *stream,
                                      const struct tuff_batch_norm2d_eval_args *args)
{
    return evaluate(stream, args, false);
}

enum tuff_status vk_batch_norm2d_relu_eval(struct tuff_stream *stream,
                                           const struct tuff_batch_norm2d_relu_eval_args *args)
{
    const struct tuff_batch_norm2d_eval_args norm = {.size = sizeof norm,
                                                     .params = args->params,
                                                     .workspace = args->workspace,
                                                     .y = args->y,
                                                     .x = args->x,
                                                     .running_mean = args->running_mean,
                                                     .running_variance = args->running_variance,
                                                     .weight = args->weight,
                                                     .bias = args->bias};
    return evaluate(stream, &norm, true);
}

// -- Backward.

bool vk_batch_norm2d_relu_backward_fits(const struct tuff_tensor *x)
{
    return x->dims[1] < VK_BATCH_NORM2D_UNIFORM;
}

// relu_output: what a ReLU behind it gave forward; NULL: there is none.
static enum tuff_status backward(struct tuff_stream *stream,
                                 const struct tuff_batch_norm2d_backward_args *args,
                                 const struct tuff_tensor *relu_output)
{
    static const struct vk_kernel begin_kernel = KERNEL(batch_norm2d_gradient_begin, 4, 1, true);
    static const struct vk_kernel sums_kernel = KERNEL(batch_norm2d_gradient_sums, 4, 1, false);
    static const struct vk_kernel totals_kernel = KERNEL(batch_norm2d_gradient_totals, 3, 7, false);
    static const struct vk_kernel backward_kernel = KERNEL(batch_norm2d_backward, 4, 1, false);
    static const struct vk_kernel relu_kernel = KERNEL(batch_norm2d_relu_backward, 4, 1, true);
    struct plan plan = plan_of(args->x, relu_output != NULL);
    plan.push.affine = args->weight != NULL;
    const struct vk_range coefficients = coefficients_of(&plan, args->workspace);
    const struct vk_range whole = whole_of(&plan, args->workspace), state = vk_uniform_of(args->state);
    const struct vk_range dy = vk_range_of(args->dy), x = vk_range_of(args->x);
    const struct vk_range mean = vk_range_of(args->mean);
    const struct vk_range begin[VK_MAX_STORAGE] = {coefficients, mean, vk_range_of(args->inverse),
                                                   args->weight ? vk_range_of(args->weight) : mean};
    const struct vk_range sums[VK_MAX_STORAGE] = {whole, dy, x, relu_output ? vk_range_of(relu_output) : dy};
    const struct vk_range totals[VK_MAX_STORAGE] = {whole, vk_range_of(args->dweight),
                                                    vk_range_of(args->dbias)};
    const struct vk_range of_dx[VK_MAX_STORAGE] = {vk_range_of(args->dx), dy, x,
                                                   relu_output ? vk_range_of(relu_output) : coefficients};
    enum tuff_status status = run_channels(stream, &plan, &begin_kernel, &state, begin);
    if (status == TUFF_OK)
        status = run_chunks(stream, &plan, &sums_kernel, NULL, sums);
    if (status == TUFF_OK)
        status = run_channels(stream, &plan, &totals_kernel, NULL, totals);
    if (status != TUFF_OK)
        return status;
    return relu_output ? run_elements(stream, &plan, &relu_kernel, &coefficients, of_dx)
                       : run_elements(stream, &plan, &backward_kernel, NULL, of_dx);
}

enum tuff_status vk_batch_norm2d_backward(struct tuff_stream *stream,
                                          const struct tuff_batch_norm2d_backward_args *args)
{
    return backward(stream, args, NULL);
}

enum tuff_status vk_batch_norm2d_relu_backward(struct tuff_stream *stream,
                                               const struct tuff_batch_norm2d_relu_backward_args *args)
{
    const struct tuff_batch_norm2d_backward_args norm = {.size = sizeof norm,
                                                         .workspace = args->workspace,
                                                         .dx = args->dx,
                                                         .dweight = args->dweight,
                                                         .dbias = args->dbias,
                                                         .dy = args->dy,
                                                         .x = args->x,
                                                         .mean = args->mean,
                                                         .inverse = args->inverse,
                                                         .weight = args->weight,
                                                         .state = args->state};
    return backward(stream, &norm, args->y);
}
