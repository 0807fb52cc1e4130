// Batch normalization. The statistics are taken in double, in two passes: oneDNN sums float32 one after the
// other, and the mean of a channel that varies little is then off by more than what is left of it.
// Normalizing with them, and the backward pass, are oneDNN's. Samples that are absent are left out: oneDNN
// sees a smaller batch.
#include "kernels.h"
#include "primitive.h"

#include <math.h>
#include <string.h>

// Slots of the problem.
enum { X, Y, MEAN, VARIANCE, SCALE, SHIFT };                                     // train, eval
enum { OF_X, DY, OF_MEAN, OF_VARIANCE, OF_SCALE, OF_SHIFT, DX, DSCALE, DSHIFT }; // backward

// Samples of the batch that are there.
static void set_samples(struct dnn_problem *problem, uint32_t samples)
{
    for (int i = 0; i < DNN_OPERANDS; i++)
        if (problem->operands[i].rank == 4)
            problem->operands[i].dims[0] = samples;
}

// Train and eval both normalize with given statistics; (C) each, and of one shape with the vector `like`.
static void pose_forward(const struct tuff_batch_norm2d_params *params, const struct tuff_tensor *x,
                         const struct tuff_tensor *like, bool affine, struct dnn_problem *problem)
{
    problem->op = TUFF_OP_BATCH_NORM2D_EVAL;
    dnn_set_number(problem, params->epsilon);
    dnn_set_operand(problem, X, DNNL_ARG_SRC, false, x);
    dnn_set_operand(problem, Y, DNNL_ARG_DST, true, x);
    dnn_set_operand(problem, MEAN, DNNL_ARG_MEAN, false, like);
    dnn_set_operand(problem, VARIANCE, DNNL_ARG_VARIANCE, false, like);
    dnn_set_operand(problem, SCALE, DNNL_ARG_SCALE, false, affine ? like : NULL);
    dnn_set_operand(problem, SHIFT, DNNL_ARG_SHIFT, false, affine ? like : NULL);
}

// The variance is made from what forward kept, and epsilon, which is in that already, is 0.
static void pose_backward(const struct tuff_batch_norm2d_backward_args *args, struct dnn_problem *problem)
{
    problem->op = TUFF_OP_BATCH_NORM2D_BACKWARD;
    dnn_set_operand(problem, OF_X, DNNL_ARG_SRC, false, args->x);
    dnn_set_operand(problem, DY, DNNL_ARG_DIFF_DST, false, args->dy);
    dnn_set_operand(problem, OF_MEAN, DNNL_ARG_MEAN, false, args->mean);
    dnn_set_operand(problem, OF_VARIANCE, DNNL_ARG_VARIANCE, false, args->mean);
    dnn_set_operand(problem, OF_SCALE, DNNL_ARG_SCALE, false, args->mean);
    dnn_set_operand(problem, OF_SHIFT, DNNL_ARG_SHIFT, false, args->mean); // asked for, and not used
    dnn_set_operand(problem, DX, DNNL_ARG_DIFF_SRC, true, args->dx);
    dnn_set_operand(problem, DSCALE, DNNL_ARG_DIFF_SCALE, true, args->dweight);
    dnn_set_operand(problem, DSHIFT, DNNL_ARG_DIFF_SHIFT, true, args->dbias);
}

static enum dnn_way pose(uint32_t op, const struct tuff_op_args *args, struct dnn_problem *problem)
{
    memset(problem, 0, sizeof *problem);
    if (op == TUFF_OP_BATCH_NORM2D_TRAIN) {
        const struct tuff_batch_norm2d_train_args *train = (const void *)args;
        pose_forward(train->params, train->x, train->mean, train->weight != NULL, problem);
    } else if (op == TUFF_OP_BATCH_NORM2D_EVAL) {
        const struct tuff_batch_norm2d_eval_args *eval = (const void *)args;
        pose_forward(eval->params, eval->x, eval->running_mean, eval->weight != NULL, problem);
    } else {
        pose_backward((const void *)args, problem);
    }
    return DNN_PRIMITIVE;
}

static dnnl_status_t describe_backward(struct tuff_device *device, const struct dnn_problem *problem,
                                       const dnnl_memory_desc_t *layout, dnnl_primitive_desc_t *description)
{
    const unsigned flags = dnnl_use_scale | dnnl_use_shift;
    const float epsilon = dnn_number(problem);
    dnnl_batch_normalization_desc_t operation;
    dnnl_primitive_desc_t forward = NULL;
    dnnl_status_t status =
        dnnl_batch_normalization_forward_desc_init(&operation, dnnl_forward_training, layout, epsilon, flags);
    if (status == dnnl_success)
        status = dnn_finish(device, &operation, NULL, &forward);
    if (status == dnnl_success)
        status = dnnl_batch_normalization_backward_desc_init(&operation, dnnl_backward, layout, layout,
                                                             epsilon, flags);
    if (status == dnnl_success)
        status = dnn_finish(device, &operation, forward, description);
    dnnl_primitive_desc_destroy(forward);
    return status;
}

static dnnl_status_t describe(struct tuff_device *device, const struct dnn_problem *problem,
                              dnnl_primitive_desc_t *description)
{
    dnnl_memory_desc_t layout; // of the images
    dnnl_batch_normalization_desc_t operation;
    dnnl_status_t status = dnn_row_major(&problem->operands[X], &layout);
    if (status != dnnl_success)
        return status;
    if (problem->op == TUFF_OP_BATCH_NORM2D_BACKWARD)
        return describe_backward(device, problem, &layout, description);
    const unsigned affine = problem->operands[SCALE].rank != 0 ? dnnl_use_scale | dnnl_use_shift : 0;
    status = dnnl_batch_normalization_forward_desc_init(&operation, dnnl_forward_inference, &layout,
                                                        dnn_number(problem), dnnl_use_global_stats | affine);
    return status == dnnl_success ? dnn_finish(device, &operation, NULL, description) : status;
}

// Of train: the variances. Of backward: those and, in place of weights that are absent, ones.
static uint64_t scratch_bytes(uint32_t op, const struct tuff_op_args *args)
{
    if (op == TUFF_OP_BATCH_NORM2D_TRAIN)
        return tuff_tensor_bytes(((const struct tuff_batch_norm2d_train_args *)(const void *)args)->mean);
    if (op == TUFF_OP_BATCH_NORM2D_BACKWARD)
        return 2 *
               tuff_tensor_bytes(((const struct tuff_batch_norm2d_backward_args *)(const void *)args)->mean);
    return 0;
}

const struct dnn_method dnn_batch_norm2d = {
    .pose = pose, .describe = describe, .scratch_bytes = scratch_bytes};

static void *optional(const struct tuff_tensor *tensor)
{
    return tensor == NULL ? NULL : dnn_data(tensor);
}

static uint32_t valid_of(const struct tuff_tensor *state, const struct tuff_tensor *x)
{
    const uint32_t valid = ((const struct tuff_step_state *)dnn_data(state))->row.valid;
    return valid < x->dims[0] ? valid : x->dims[0];
}

// Zeros for samples that are absent.
static void clear_absent(const struct tuff_tensor *images, uint32_t valid)
{
    const uint64_t all = tuff_tensor_elements(images), present = all / images->dims[0] * valid;
    memset((float *)dnn_data(images) + present, 0, (size_t)(all - present) * sizeof(float));
}

// The sum of (x - center)^power, power 1 or 2. Lanes are summed apart, so that the compiler may use vectors.
static double sum_of_powers(const float *x, uint64_t count, double center, int power)
{
    enum { LANES = 8 };
    double sums[LANES] = {0}, sum = 0;
    uint64_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (int lane = 0; lane < LANES; lane++) {
            const double deviation = (double)x[i + (uint64_t)lane] - center;
            sums[lane] += power == 1 ? deviation : deviation * deviation;
        }
    for (; i < count; i++) {
        const double deviation = (double)x[i] - center;
        sum += power == 1 ? deviation : deviation * deviation;
    }
    for (int lane = 0; lane < LANES; lane++)
        sum += sums[lane];
    return sum;
}

// Takes the statistics of the samples that are there: mean, inverse, the running ones, and the variances for
// oneDNN.
static void take_statistics(const struct tuff_batch_norm2d_train_args *args, uint32_t valid, float *variances)
{
    const size_t channels = args->x->dims[1], plane = (size_t)args->x->dims[2] * args->x->dims[3];
    const double count = (double)valid * (double)plane, momentum = (double)args->params->momentum;
    const float *x = dnn_data(args->x);                         // (N,C,H,W)
    float *means = dnn_data(args->mean);                        // (C)
    float *inverse = dnn_data(args->inverse);                   // (C)
    float *running_mean = dnn_data(args->running_mean);         // (C)
    float *running_variance = dnn_data(args->running_variance); // (C)
    for (size_t c = 0; c < channels; c++) {
        double mean = 0, variance = 0;
        for (size_t n = 0; n < valid; n++)
            mean += sum_of_powers(x + (n * channels + c) * plane, plane, 0, 1);
        mean /= count;
        for (size_t n = 0; n < valid; n++)
            variance += sum_of_powers(x + (n * channels + c) * plane, plane, mean, 2);
        variance /= count; // biased
        means[c] = (float)mean;
        variances[c] = (float)variance;
        inverse[c] = (float)(1 / sqrt(variance + (double)args->params->epsilon));
        const double unbiased = count > 1 ? variance * count / (count - 1) : 0;
        if (!isfinite((float)mean) || !isfinite((float)unbiased))
            continue;
        running_mean[c] = (float)((1 - momentum) * (double)running_mean[c] + momentum * mean);
        if (count > 1) // a single element says nothing of the variance
            running_variance[c] =
                (float)((1 - momentum) * (double)running_variance[c] + momentum * unbiased);
    }
}

enum tuff_status dnn_batch_norm2d_train(struct tuff_stream *stream,
                                        const struct tuff_batch_norm2d_train_args *args)
{
    struct dnn_problem problem;
    const uint32_t valid = valid_of(args->state, args->x);
    float *variances = dnn_data(args->workspace);
    take_statistics(args, valid, variances);
    void *const data[DNN_OPERANDS] = {
        [X] = dnn_data(args->x), [Y] = dnn_data(args->y),          [MEAN] = dnn_data(args->mean),
        [VARIANCE] = variances,  [SCALE] = optional(args->weight), [SHIFT] = optional(args->bias),
    };
    pose(TUFF_OP_BATCH_NORM2D_TRAIN, (const void *)args, &problem);
    set_samples(&problem, valid);
    const enum tuff_status status =
        dnn_primitive_run(stream->device, &problem, data, args->workspace,
                          scratch_bytes(TUFF_OP_BATCH_NORM2D_TRAIN, (const void *)args));
    if (status == TUFF_OK)
        clear_absent(args->y, valid);
    return status;
}

enum tuff_status dnn_batch_norm2d_eval(struct tuff_stream *stream,
                                       const struct tuff_batch_norm2d_eval_args *args)
{
    struct dnn_problem problem;
    void *const data[DNN_OPERANDS] = {
        [X] = dnn_data(args->x),
        [Y] = dnn_data(args->y), // may be x
        [MEAN] = dnn_data(args->running_mean),
        [VARIANCE] = dnn_data(args->running_variance),
        [SCALE] = optional(args->weight),
        [SHIFT] = optional(args->bias),
    };
    pose(TUFF_OP_BATCH_NORM2D_EVAL, (const void *)args, &problem);
    return dnn_primitive_run(stream->device, &problem, data, args->workspace, 0);
}

enum tuff_status dnn_batch_norm2d_backward(struct tuff_stream *stream,
                                           const struct tuff_batch_norm2d_backward_args *args)
{
    struct dnn_problem problem;
    const uint32_t valid = valid_of(args->state, args->x), channels = args->x->dims[1];
    const float *inverse = dnn_data(args->inverse); // (C)
    float *variance = dnn_data(args->workspace);    // (C)
    float *ones = variance + channels;              // (C)
    for (uint32_t c = 0; c < channels; c++) {
        variance[c] = (float)(1 / ((double)inverse[c] * (double)inverse[c]));
        ones[c] = 1;
    }
    void *const data[DNN_OPERANDS] = {
        [OF_X] = dnn_data(args->x),
        [DY] = dnn_data(args->dy),
        [OF_MEAN] = dnn_data(args->mean),
        [OF_VARIANCE] = variance,
        [OF_SCALE] = args->weight != NULL ? dnn_data(args->weight) : ones,
        [OF_SHIFT] = ones,
        [DX] = dnn_data(args->dx),
        [DSCALE] = dnn_data(args->dweight),
        [DSHIFT] = dnn_data(args->dbias),
    };
    pose(TUFF_OP_BATCH_NORM2D_BACKWARD, (const void *)args, &problem);
    set_samples(&problem, valid);
    const enum tuff_status status =
        dnn_primitive_run(stream->device, &problem, data, args->workspace,
                          scratch_bytes(TUFF_OP_BATCH_NORM2D_BACKWARD, (const void *)args));
    if (status == TUFF_OK)
        clear_absent(args->dx, valid);
    return status;
}
