// Max pooling: planes (one channel of one sample, or of one block of 16) are chunks.
#include <math.h>
#include <string.h>

#include "ops.h"

struct job {
    const struct lanes_table *lanes;
    struct lanes_pool pool;
    const float *in;
    const uint32_t *index_in;
    float *out;
    uint32_t *index_out;
    ptrdiff_t image, out_image; // floats of one plane of x, and of y
};

// x: (N,C,H,W), y: (N,C,OH,OW); or their gradients.
static struct job job_of(const struct tuff_device *device, const struct tuff_max_pool2d_params *params,
                         const struct tuff_tensor *x, const struct tuff_tensor *y)
{
    struct job job = {
        .lanes = device->lanes,
        .pool =
            {
                .height = x->dims[2],
                .width = x->dims[3],
                .out_h = y->dims[2],
                .out_w = y->dims[3],
                .kernel_h = params->kernel_h,
                .kernel_w = params->kernel_w,
                .stride_h = params->stride_h,
                .stride_w = params->stride_w,
                .dilation_h = params->dilation_h,
                .dilation_w = params->dilation_w,
                .pad_top = params->pad_top,
                .pad_left = params->pad_left,
            },
    };
    const ptrdiff_t lanes = x->layout == TUFF_LAYOUT_BATCH16 ? TUFF_BATCH16_LANES : 1;
    job.image = job.pool.height * job.pool.width * lanes;
    job.out_image = job.pool.out_h * job.pool.out_w * lanes;
    return job;
}

static void run(struct tuff_device *device, const struct tuff_tensor *x, const struct job *job,
                cpu_task *batch16, cpu_task *row_major)
{
    const uint64_t window = (uint64_t)(job->pool.kernel_h * job->pool.kernel_w);
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
    job->lanes->max_pool_forward(&job->pool, job->in + plane * job->image, job->out + plane * job->out_image,
                                 job->index_out + plane * job->out_image);
}

static ptrdiff_t larger(ptrdiff_t a, ptrdiff_t b)
{
    return a > b ? a : b;
}

static void forward_row_major_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const struct lanes_pool *p = &job->pool;
    const float *x = job->in + (ptrdiff_t)chunk * job->image;
    float *y = job->out + (ptrdiff_t)chunk * job->out_image;
    uint32_t *index = job->index_out + (ptrdiff_t)chunk * job->out_image;
    for (ptrdiff_t oh = 0; oh < p->out_h; oh++) {
        for (ptrdiff_t ow = 0; ow < p->out_w; ow++) {
            const ptrdiff_t top = oh * p->stride_h - p->pad_top, left = ow * p->stride_w - p->pad_left;
            ptrdiff_t where = -1;
            for (ptrdiff_t r = 0; r < p->kernel_h; r++) {
                const ptrdiff_t h = top + r * p->dilation_h;
                if (h < 0 || h >= p->height)
                    continue;
                for (ptrdiff_t s = 0; s < p->kernel_w; s++) {
                    const ptrdiff_t w = left + s * p->dilation_w;
                    if (w < 0 || w >= p->width)
                        continue;
                    const float value = x[h * p->width + w];
                    // The first; then whatever is greater, or the first NaN.
                    if (where < 0 || (!(value <= x[where]) && !isnan(x[where])))
                        where = h * p->width + w;
                }
            }
            *y++ = x[larger(where, 0)];
            *index++ = (uint32_t)larger(where, 0);
        }
    }
}

void cpu_max_pool2d_forward(struct tuff_device *device, const struct tuff_max_pool2d_forward_args *args)
{
    struct job job = job_of(device, args->params, args->x, args->y);
    job.in = cpu_f32(args->x);
    job.out = cpu_f32(args->y);
    job.index_out = cpu_u32(args->index);
    run(device, args->x, &job, forward_batch16_chunk, forward_row_major_chunk);
}

// -- Backward.

static void backward_batch16_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const ptrdiff_t plane = (ptrdiff_t)chunk;
    job->lanes->max_pool_backward(&job->pool, job->in + plane * job->out_image,
                                  job->index_in + plane * job->out_image, job->out + plane * job->image);
}

static void backward_row_major_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const float *dy = job->in + (ptrdiff_t)chunk * job->out_image;
    const uint32_t *index = job->index_in + (ptrdiff_t)chunk * job->out_image;
    float *dx = job->out + (ptrdiff_t)chunk * job->image;
    memset(dx, 0, (size_t)job->image * sizeof *dx);
    for (ptrdiff_t i = 0; i < job->out_image; i++)
        dx[index[i]] += dy[i];
}

void cpu_max_pool2d_backward(struct tuff_device *device, const struct tuff_max_pool2d_backward_args *args)
{
    struct job job = job_of(device, args->params, args->dx, args->dy);
    job.in = cpu_f32(args->dy);
    job.index_in = cpu_u32(args->index);
    job.out = cpu_f32(args->dx);
    run(device, args->dx, &job, backward_batch16_chunk, backward_row_major_chunk);
}
