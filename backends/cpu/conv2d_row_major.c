// Convolution in N,C,H,W order: im2col, then a matrix product. Per sample and group, with col the matrix
// (channels*kernel_h*kernel_w) x (output positions):
//   y = weight * col;   dcol = weight^T * dy, added up into dx;   dweight = sum over samples of dy * col^T
#include <string.h>

#include "conv2d.h"
#include "gemm.h"

enum {
    COLUMN_FLOATS = 1 << 18, // aimed at per col matrix, so that it stays in the second-level cache
    WANTED_CHUNKS = 16,
    MAX_SPLITS = 8,              // of the batch in the weight gradient
    MAX_SPLIT_FLOATS = 16 << 20, // of all their partial results
};

static ptrdiff_t at_least_one(ptrdiff_t n)
{
    return n < 1 ? 1 : n;
}

static ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b)
{
    return a < b ? a : b;
}

static ptrdiff_t divide_up(ptrdiff_t a, ptrdiff_t b)
{
    return (a + b - 1) / b;
}

// Bands of `count` items with at most `most` each, and so many that with `others` chunks beside them there is
// work for many threads.
static ptrdiff_t band_count(ptrdiff_t count, ptrdiff_t most, ptrdiff_t others)
{
    const ptrdiff_t bands = divide_up(count, at_least_one(most));
    const ptrdiff_t wanted = divide_up(WANTED_CHUNKS, others);
    return smaller(count, bands > wanted ? bands : wanted);
}

// A 1x1 convolution that takes every pixel once has x itself as its col matrix.
static int is_pointwise(const struct cpu_conv2d *conv)
{
    return conv->kernel_h == 1 && conv->kernel_w == 1 && conv->stride_h == 1 && conv->stride_w == 1 &&
           conv->out_h == conv->height && conv->out_w == conv->width && conv->pad_top == 0 &&
           conv->pad_left == 0;
}

// The outputs [*begin, *end) of a row whose tap s lies within the image.
static void columns_inside(const struct cpu_conv2d *conv, ptrdiff_t s, ptrdiff_t *begin, ptrdiff_t *end)
{
    const ptrdiff_t first = s * conv->dilation_w - conv->pad_left;
    *begin = first < 0 ? smaller(divide_up(-first, conv->stride_w), conv->out_w) : 0;
    *end = first >= conv->width ? 0 : smaller((conv->width - 1 - first) / conv->stride_w + 1, conv->out_w);
    if (*end < *begin)
        *end = *begin;
}

// col[(c*KH + r)*KW + s][position] for output rows [oh_begin, oh_end); x: the group's first channel.
static void image_to_columns(const struct cpu_conv2d *conv, const float *x, ptrdiff_t oh_begin,
                             ptrdiff_t oh_end, float *col)
{
    for (ptrdiff_t tap = 0; tap < conv->taps; tap++) {
        const ptrdiff_t s = tap % conv->kernel_w, r = tap / conv->kernel_w % conv->kernel_h;
        const float *channel = x + tap / (conv->kernel_w * conv->kernel_h) * conv->height * conv->width;
        ptrdiff_t begin, end;
        columns_inside(conv, s, &begin, &end);
        for (ptrdiff_t oh = oh_begin; oh < oh_end; oh++, col += conv->out_w) {
            const ptrdiff_t ih = oh * conv->stride_h + r * conv->dilation_h - conv->pad_top;
            if (ih < 0 || ih >= conv->height || begin == end) {
                memset(col, 0, (size_t)conv->out_w * sizeof *col);
                continue;
            }
            const float *row = channel + ih * conv->width;
            const ptrdiff_t shift = s * conv->dilation_w - conv->pad_left;
            memset(col, 0, (size_t)begin * sizeof *col);
            if (conv->stride_w == 1) {
                memcpy(col + begin, row + begin + shift, (size_t)(end - begin) * sizeof *col);
            } else {
                for (ptrdiff_t ow = begin; ow < end; ow++)
                    col[ow] = row[ow * conv->stride_w + shift];
            }
            memset(col + end, 0, (size_t)(conv->out_w - end) * sizeof *col);
        }
    }
}

// Adds col back to where it came from; col and x begin at the same channel.
static void columns_to_image(const struct cpu_conv2d *conv, const float *col, ptrdiff_t taps, float *x)
{
    for (ptrdiff_t tap = 0; tap < taps; tap++) {
        const ptrdiff_t s = tap % conv->kernel_w, r = tap / conv->kernel_w % conv->kernel_h;
        float *channel = x + tap / (conv->kernel_w * conv->kernel_h) * conv->height * conv->width;
        ptrdiff_t begin, end;
        columns_inside(conv, s, &begin, &end);
        for (ptrdiff_t oh = 0; oh < conv->out_h; oh++, col += conv->out_w) {
            const ptrdiff_t ih = oh * conv->stride_h + r * conv->dilation_h - conv->pad_top;
            if (ih < 0 || ih >= conv->height)
                continue;
            float *row = channel + ih * conv->width;
            for (ptrdiff_t ow = begin; ow < end; ow++)
                row[ow * conv->stride_w + s * conv->dilation_w - conv->pad_left] += col[ow];
        }
    }
}

struct conv_job {
    const struct cpu_conv2d *conv;
    const struct lanes_table *lanes;
    const float *x, *dy, *weight, *bias;
    float *y, *dx, *dweight, *dbias;
    int relu;       // of y
    float *scratch; // `slot` floats for each worker
    float *parts;   // partial gradients; NULL: one split
    ptrdiff_t slot;
    ptrdiff_t bands;  // of output rows, or of input channels
    ptrdiff_t splits; // of the batch
    ptrdiff_t part;   // floats of a partial gradient: weight, then bias
};

static ptrdiff_t workers(const struct tuff_device *device)
{
    return (ptrdiff_t)cpu_pool_threads(device->pool);
}

// -- Forward: chunks of sample, group and band of output rows.

static ptrdiff_t forward_bands(const struct cpu_conv2d *conv)
{
    return band_count(conv->out_h, COLUMN_FLOATS / at_least_one(conv->taps * conv->out_w),
                      conv->batch * conv->groups);
}

static ptrdiff_t forward_slot(const struct cpu_conv2d *conv)
{
    return is_pointwise(conv) ? 0 : conv->taps * divide_up(conv->out_h, forward_bands(conv)) * conv->out_w;
}

static void forward_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    const struct conv_job *job = context;
    const struct cpu_conv2d *conv = job->conv;
    const ptrdiff_t band = (ptrdiff_t)chunk % job->bands, piece = (ptrdiff_t)chunk / job->bands;
    const ptrdiff_t group = piece % conv->groups, n = piece / conv->groups;
    const ptrdiff_t oh_begin = conv->out_h * band / job->bands,
                    oh_end = conv->out_h * (band + 1) / job->bands;
    const ptrdiff_t columns = (oh_end - oh_begin) * conv->out_w, out_image = conv->out_h * conv->out_w;
    const ptrdiff_t first = group * conv->group_outputs;

    const float *x =
        job->x + (n * conv->channels + group * conv->group_channels) * conv->height * conv->width;
    float *y = job->y + (n * conv->outputs + first) * out_image + oh_begin * conv->out_w;
    struct cpu_matrix col = {x + oh_begin * conv->width, conv->height * conv->width, 0};
    if (!is_pointwise(conv)) {
        float *scratch = job->scratch + worker * job->slot;
        image_to_columns(conv, x, oh_begin, oh_end, scratch);
        col = (struct cpu_matrix){scratch, columns, 0};
    }
    if (job->bias) {
        for (ptrdiff_t k = 0; k < conv->group_outputs; k++) {
            for (ptrdiff_t i = 0; i < columns; i++)
                y[k * out_image + i] = job->bias[first + k];
        }
    }
    cpu_gemm(conv->group_outputs, columns, conv->taps,
             (struct cpu_matrix){job->weight + first * conv->taps, conv->taps, 0}, col,
             job->bias ? 1.0f : 0.0f, y, out_image);
    for (ptrdiff_t k = 0; job->relu && k < conv->group_outputs; k++)
        job->lanes->relu_forward(y + k * out_image, y + k * out_image, (size_t)columns);
}

void cpu_conv2d_forward_row_major(struct tuff_device *device, const struct tuff_conv2d_forward_args *args,
                                  int relu)
{
    const struct cpu_conv2d conv = cpu_conv2d_sizes(args->params, args->x, args->y, args->weight);
    struct conv_job job = {
        .conv = &conv,
        .x = cpu_f32(args->x),
        .weight = cpu_f32(args->weight),
        .bias = args->bias ? cpu_f32(args->bias) : NULL,
        .y = cpu_f32(args->y),
        .slot = forward_slot(&conv),
        .bands = forward_bands(&conv),
        .lanes = device->lanes,
        .relu = relu,
    };
    if (job.slot > 0)
        job.scratch = cpu_f32(args->workspace);
    cpu_parallel(device, cpu_conv2d_work(&conv), (uint64_t)(conv.batch * conv.groups * job.bands),
                 forward_chunk, &job);
}

uint64_t cpu_conv2d_forward_workspace_row_major(struct tuff_device *device,
                                                const struct tuff_conv2d_forward_args *args)
{
    const struct cpu_conv2d conv = cpu_conv2d_sizes(args->params, args->x, args->y, args->weight);
    return (uint64_t)(workers(device) * forward_slot(&conv)) * sizeof(float);
}

// -- Gradient of the input: chunks of sample, group and band of input channels.

static ptrdiff_t backward_bands(const struct cpu_conv2d *conv)
{
    const ptrdiff_t per_channel = conv->kernel_h * conv->kernel_w * conv->out_h * conv->out_w;
    return band_count(conv->group_channels, COLUMN_FLOATS / at_least_one(per_channel),
                      conv->batch * conv->groups);
}

static ptrdiff_t backward_slot(const struct cpu_conv2d *conv)
{
    return divide_up(conv->group_channels, backward_bands(conv)) * conv->kernel_h * conv->kernel_w *
           conv->out_h * conv->out_w;
}

static void backward_input_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    const struct conv_job *job = context;
    const struct cpu_conv2d *conv = job->conv;
    const ptrdiff_t band = (ptrdiff_t)chunk % job->bands, piece = (ptrdiff_t)chunk / job->bands;
    const ptrdiff_t group = piece % conv->groups, n = piece / conv->groups;
    const ptrdiff_t begin = conv->group_channels * band / job->bands;
    const ptrdiff_t end = conv->group_channels * (band + 1) / job->bands;
    const ptrdiff_t image = conv->height * conv->width, out_image = conv->out_h * conv->out_w;
    const ptrdiff_t taps_per_channel = conv->kernel_h * conv->kernel_w,
                    taps = (end - begin) * taps_per_channel;
    const ptrdiff_t first = group * conv->group_outputs;

    float *col = job->scratch + worker * job->slot;
    float *dx = job->dx + (n * conv->channels + group * conv->group_channels + begin) * image;
    cpu_gemm(taps, out_image, conv->group_outputs,
             (struct cpu_matrix){job->weight + first * conv->taps + begin * taps_per_channel, conv->taps, 1},
             (struct cpu_matrix){job->dy + (n * conv->outputs + first) * out_image, out_image, 0}, 0.0f, col,
             out_image);
    memset(dx, 0, (size_t)((end - begin) * image) * sizeof *dx);
    columns_to_image(conv, col, taps, dx);
}

void cpu_conv2d_backward_input_row_major(struct tuff_device *device,
                                         const struct tuff_conv2d_backward_input_args *args)
{
    const struct cpu_conv2d conv = cpu_conv2d_sizes(args->params, args->dx, args->dy, args->weight);
    struct conv_job job = {
        .conv = &conv,
        .dy = cpu_f32(args->dy),
        .weight = cpu_f32(args->weight),
        .dx = cpu_f32(args->dx),
        .scratch = cpu_f32(args->workspace),
        .slot = backward_slot(&conv),
        .bands = backward_bands(&conv),
    };
    cpu_parallel(device, cpu_conv2d_work(&conv), (uint64_t)(conv.batch * conv.groups * job.bands),
                 backward_input_chunk, &job);
}

uint64_t cpu_conv2d_backward_input_workspace_row_major(struct tuff_device *device,
                                                       const struct tuff_conv2d_backward_input_args *args)
{
    const struct cpu_conv2d conv = cpu_conv2d_sizes(args->params, args->dx, args->dy, args->weight);
    return (uint64_t)(workers(device) * backward_slot(&conv)) * sizeof(float);
}

// -- Gradients of weight and bias: chunks of group and split of the batch.

static ptrdiff_t gradient_part(const struct cpu_conv2d *conv)
{
    return conv->outputs * conv->taps + conv->outputs;
}

static ptrdiff_t gradient_splits(const struct cpu_conv2d *conv)
{
    return at_least_one(smaller(smaller(conv->batch, MAX_SPLITS), MAX_SPLIT_FLOATS / gradient_part(conv)));
}

// Rows of output that are unfolded at a time.
static ptrdiff_t gradient_rows(const struct cpu_conv2d *conv)
{
    return smaller(conv->out_h, at_least_one(COLUMN_FLOATS / at_least_one(conv->taps * conv->out_w)));
}

static ptrdiff_t gradient_slot(const struct cpu_conv2d *conv)
{
    return is_pointwise(conv) ? 0 : conv->taps * gradient_rows(conv) * conv->out_w;
}

static void gradient_of_sample(const struct conv_job *job, ptrdiff_t n, ptrdiff_t group, float *scratch,
                               float *dweight, float beta)
{
    const struct cpu_conv2d *conv = job->conv;
    const ptrdiff_t image = conv->height * conv->width, out_image = conv->out_h * conv->out_w;
    const float *x = job->x + (n * conv->channels + group * conv->group_channels) * image;
    const float *dy = job->dy + (n * conv->outputs + group * conv->group_outputs) * out_image;
    const ptrdiff_t rows = gradient_rows(conv);
    for (ptrdiff_t oh = 0; oh < conv->out_h; oh += rows) {
        const ptrdiff_t end = smaller(oh + rows, conv->out_h), columns = (end - oh) * conv->out_w;
        struct cpu_matrix col = {x + oh * conv->width, image, 1};
        if (!is_pointwise(conv)) {
            image_to_columns(conv, x, oh, end, scratch);
            col = (struct cpu_matrix){scratch, columns, 1};
        }
        cpu_gemm(conv->group_outputs, conv->taps, columns,
                 (struct cpu_matrix){dy + oh * conv->out_w, out_image, 0}, col, oh == 0 ? beta : 1.0f,
                 dweight, conv->taps);
    }
}

static void gradient_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    const struct conv_job *job = context;
    const struct cpu_conv2d *conv = job->conv;
    const ptrdiff_t group = (ptrdiff_t)chunk % conv->groups, split = (ptrdiff_t)chunk / conv->groups;
    const ptrdiff_t begin = conv->batch * split / job->splits, end = conv->batch * (split + 1) / job->splits;
    const ptrdiff_t first = group * conv->group_outputs, out_image = conv->out_h * conv->out_w;
    float *dweight = job->dweight, *dbias = job->dbias;
    if (job->parts) {
        dweight = job->parts + split * job->part;
        dbias = dbias ? dweight + conv->outputs * conv->taps : NULL;
    }
    for (ptrdiff_t n = begin; n < end; n++) {
        gradient_of_sample(job, n, group, job->scratch ? job->scratch + worker * job->slot : NULL,
                           dweight + first * conv->taps, n == begin ? 0.0f : 1.0f);
        for (ptrdiff_t k = first; dbias && k < first + conv->group_outputs; k++) {
            const float sum =
                job->lanes->sum(job->dy + (n * conv->outputs + k) * out_image, (size_t)out_image);
            dbias[k] = n == begin ? sum : dbias[k] + sum;
        }
    }
}

void cpu_conv2d_backward_weight_row_major(struct tuff_device *device,
                                          const struct tuff_conv2d_backward_weight_args *args)
{
    const struct cpu_conv2d conv = cpu_conv2d_sizes(args->params, args->x, args->dy, args->dweight);
    struct conv_job job = {
        .conv = &conv,
        .lanes = device->lanes,
        .x = cpu_f32(args->x),
        .dy = cpu_f32(args->dy),
        .dweight = cpu_f32(args->dweight),
        .dbias = args->dbias ? cpu_f32(args->dbias) : NULL,
        .slot = gradient_slot(&conv),
        .splits = gradient_splits(&conv),
        .part = gradient_part(&conv),
    };
    if (job.splits > 1)
        job.parts = cpu_f32(args->workspace);
    if (job.slot > 0)
        job.scratch = cpu_f32(args->workspace) + (job.splits > 1 ? job.splits * job.part : 0);
    cpu_parallel(device, cpu_conv2d_work(&conv), (uint64_t)(job.splits * conv.groups), gradient_chunk, &job);
    if (job.splits > 1) {
        const size_t weights = (size_t)(conv.outputs * conv.taps);
        device->lanes->sum_parts(job.dweight, job.parts, job.part, (size_t)job.splits, weights);
        if (job.dbias)
            device->lanes->sum_parts(job.dbias, job.parts + weights, job.part, (size_t)job.splits,
                                     (size_t)conv.outputs);
    }
}

uint64_t cpu_conv2d_backward_weight_workspace_row_major(struct tuff_device *device,
                                                        const struct tuff_conv2d_backward_weight_args *args)
{
    const struct cpu_conv2d conv = cpu_conv2d_sizes(args->params, args->x, args->dy, args->dweight);
    const ptrdiff_t splits = gradient_splits(&conv);
    const ptrdiff_t parts = splits > 1 ? splits * gradient_part(&conv) : 0;
    return (uint64_t)(parts + workers(device) * gradient_slot(&conv)) * sizeof(float);
}
