// Average pooling, plain and adaptive: planes (one channel of one sample, or of one block of 16) are chunks.
#include <string.h>

#include "ops.h"

struct job {
    const struct lanes_table *lanes;
    struct lanes_avg_pool pool;
    const float *in;
    float *out;
    ptrdiff_t image, out_image; // floats of one plane of x, and of y
};

// params: NULL for adaptive pooling. x: (N,C,H,W), y: (N,C,OH,OW); or their gradients.
static struct job job_of(const struct tuff_device *device, const struct tuff_avg_pool2d_params *params,
                         const struct tuff_tensor *x, const struct tuff_tensor *y)
{
    struct job job = {
        .lanes = device->lanes,
        .pool = {.rows = {.in = x->dims[2], .out = y->dims[2]},
                 .columns = {.in = x->dims[3], .out = y->dims[3]}},
    };
    if (params) {
        struct lanes_avg_axis *rows = &job.pool.rows, *columns = &job.pool.columns;
        rows->kernel = params->kernel_h;
        rows->stride = params->stride_h;
        rows->pad_before = params->pad_top;
        rows->pad_after = params->pad_bottom;
        columns->kernel = params->kernel_w;
        columns->stride = params->stride_w;
        columns->pad_before = params->pad_left;
        columns->pad_after = params->pad_right;
        rows->count_pad = columns->count_pad = params->count_include_pad != 0;
    }
    const ptrdiff_t lanes = x->layout == TUFF_LAYOUT_BATCH16 ? TUFF_BATCH16_LANES : 1;
    job.image = job.pool.rows.in * job.pool.columns.in * lanes;
    job.out_image = job.pool.rows.out * job.pool.columns.out * lanes;
    return job;
}

static uint64_t largest_window(const struct lanes_avg_axis *axis)
{
    return (uint64_t)(axis->kernel > 0 ? axis->kernel : axis->in / axis->out + 2);
}

static void run(struct tuff_device *device, const struct tuff_tensor *x, const struct job *job,
                cpu_task *batch16, cpu_task *row_major)
{
    const uint64_t window = largest_window(&job->pool.rows) * largest_window(&job->pool.columns);
    const int is_batch16 = x->layout == TUFF_LAYOUT_BATCH16;
    const uint64_t planes = (is_batch16 ? (uint64_t)cpu_blocks(x) : x->dims[0]) * x->dims[1];
    // A plain loop takes as long for one float as the vectors for 16.
    const uint64_t work =
        planes * (uint64_t)job->out_image * (window + 2) / (is_batch16 ? TUFF_BATCH16_LANES : 1);
    cpu_parallel(device, work, planes, is_batch16 ? batch16 : row_major, (void *)(uintptr_t)job);
}

// -- Forward.

static void forward_batch16_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const ptrdiff_t plane = (ptrdiff_t)chunk;
    job->lanes->avg_pool_forward(&job->pool, job->in + plane * job->image, job->out + plane * job->out_image);
}

enum { VECTOR_SUM = 32 }; // columns from which on the vectors' sum pays

// Rows are summed by themselves first: the error of a large window's sum grows with its sides, not its area.
static float sum_of_window(const struct lanes_table *lanes, const float *x, ptrdiff_t width,
                           struct lanes_avg_window rows, struct lanes_avg_window columns)
{
    const ptrdiff_t count = columns.end - columns.begin;
    // Whole rows follow each other: global pooling has one sum.
    if (count == width && (rows.end - rows.begin) * width >= VECTOR_SUM)
        return lanes->sum(x + rows.begin * width, (size_t)((rows.end - rows.begin) * width));
    float sum = 0.0f;
    for (ptrdiff_t r = rows.begin; r < rows.end; r++) {
        const float *row = x + r * width + columns.begin;
        float row_sum = row[0];
        if (count >= VECTOR_SUM) {
            row_sum = lanes->sum(row, (size_t)count);
        } else {
            for (ptrdiff_t s = 1; s < count; s++)
                row_sum += row[s];
        }
        sum += row_sum;
    }
    return sum;
}

static void forward_row_major_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const struct lanes_avg_pool *p = &job->pool;
    const float *x = job->in + (ptrdiff_t)chunk * job->image;
    float *y = job->out + (ptrdiff_t)chunk * job->out_image;
    for (ptrdiff_t oh = 0; oh < p->rows.out; oh++) {
        const struct lanes_avg_window rows = lanes_avg_window_of(&p->rows, oh);
        for (ptrdiff_t ow = 0; ow < p->columns.out; ow++) {
            const struct lanes_avg_window columns = lanes_avg_window_of(&p->columns, ow);
            *y++ = sum_of_window(job->lanes, x, p->columns.in, rows, columns) /
                   (float)(rows.counted * columns.counted);
        }
    }
}

static void forward(struct tuff_device *device, const struct tuff_avg_pool2d_params *params,
                    const struct tuff_tensor *y, const struct tuff_tensor *x)
{
    struct job job = job_of(device, params, x, y);
    job.in = cpu_f32(x);
    job.out = cpu_f32(y);
    run(device, x, &job, forward_batch16_chunk, forward_row_major_chunk);
}

void cpu_avg_pool2d_forward(struct tuff_device *device, const struct tuff_avg_pool2d_forward_args *args)
{
    forward(device, args->params, args->y, args->x);
}

void cpu_adaptive_avg_pool2d_forward(struct tuff_device *device,
                                     const struct tuff_adaptive_avg_pool2d_forward_args *args)
{
    forward(device, NULL, args->y, args->x);
}

// -- Backward.

static void backward_batch16_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const ptrdiff_t plane = (ptrdiff_t)chunk;
    job->lanes->avg_pool_backward(&job->pool, job->in + plane * job->out_image,
                                  job->out + plane * job->image);
}

// Windows hand out their shares, in row-major order.
static void backward_row_major_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const struct lanes_avg_pool *p = &job->pool;
    const float *dy = job->in + (ptrdiff_t)chunk * job->out_image;
    float *dx = job->out + (ptrdiff_t)chunk * job->image;
    memset(dx, 0, (size_t)job->image * sizeof *dx);
    for (ptrdiff_t oh = 0; oh < p->rows.out; oh++) {
        const struct lanes_avg_window rows = lanes_avg_window_of(&p->rows, oh);
        for (ptrdiff_t ow = 0; ow < p->columns.out; ow++) {
            const struct lanes_avg_window columns = lanes_avg_window_of(&p->columns, ow);
            const float share = *dy++ / (float)(rows.counted * columns.counted);
            for (ptrdiff_t r = rows.begin; r < rows.end; r++) {
                for (ptrdiff_t s = columns.begin; s < columns.end; s++)
                    dx[r * p->columns.in + s] += share;
            }
        }
    }
}

static void backward(struct tuff_device *device, const struct tuff_avg_pool2d_params *params,
                     const struct tuff_tensor *dx, const struct tuff_tensor *dy)
{
    struct job job = job_of(device, params, dx, dy);
    job.in = cpu_f32(dy);
    job.out = cpu_f32(dx);
    run(device, dx, &job, backward_batch16_chunk, backward_row_major_chunk);
}

void cpu_avg_pool2d_backward(struct tuff_device *device, const struct tuff_avg_pool2d_backward_args *args)
{
    backward(device, args->params, args->dx, args->dy);
}

void cpu_adaptive_avg_pool2d_backward(struct tuff_device *device,
                                      const struct tuff_adaptive_avg_pool2d_backward_args *args)
{
    backward(device, NULL, args->dx, args->dy);
}
