// Gradient of the weight of a convolution of many channels, with the batch in the vector lanes.
//
// Positions are cut into bands of a few rows. Of each band, a block of x's channels is copied to a window
// with its padding around it, which stays in the second-level cache while dy's channels go by; the band's dy
// of a few outputs stays in the first-level one.
#include <string.h>

#include "conv2d.h"

enum {
    LEAST_CHANNELS = 8,
    BAND_POSITIONS = 64, // dy of a tile's outputs, with 64 bytes a position, is less than half of the cache
    WINDOW_FLOATS = 48 << 10, // of one worker's window, if at all possible
    LEAST_CHUNKS = 16,
    LEAST_OUTPUTS = 64, // that use a window
    SPLIT_WORK = 4,     // times the size of a split's partial result, so that it is worth having
};

struct plan {
    ptrdiff_t row_bands, column_bands; // of the outputs
    ptrdiff_t rows, columns;           // of the largest window
    ptrdiff_t step_h, step_w;          // in x from one of its rows or columns to the next
    ptrdiff_t channel_blocks, output_parts;
    ptrdiff_t splits; // of blocks and bands; each makes a gradient of its own, summed at the end
    ptrdiff_t part;   // floats of one of those
    ptrdiff_t window; // floats per worker
};

static ptrdiff_t cut(ptrdiff_t total, ptrdiff_t parts, ptrdiff_t index)
{
    return total / parts * index + (index < total % parts ? index : total % parts);
}

static ptrdiff_t divide_up(ptrdiff_t a, ptrdiff_t b)
{
    return (a + b - 1) / b;
}

static ptrdiff_t between(ptrdiff_t low, ptrdiff_t value, ptrdiff_t high)
{
    return value < low ? low : value > high ? high : value;
}

// Positions in x that so many neighbouring outputs see. A kernel of one tap sees only every stride-th.
static ptrdiff_t seen(ptrdiff_t outputs, ptrdiff_t kernel, ptrdiff_t stride, ptrdiff_t dilation)
{
    return kernel == 1 ? outputs : (outputs - 1) * stride + (kernel - 1) * dilation + 1;
}

// Floats from one channel of a window to the next: an odd number of cache lines, so that channels spread over
// the sets.
static ptrdiff_t window_channel(const struct plan *plan)
{
    return (plan->rows * plan->columns | 1) * TUFF_BATCH16_LANES;
}

static struct plan plan_of(const struct cpu_conv2d *conv)
{
    struct plan plan = {
        .step_h = conv->kernel_h == 1 ? conv->stride_h : 1,
        .step_w = conv->kernel_w == 1 ? conv->stride_w : 1,
        .part = divide_up(conv->outputs * conv->taps, TUFF_BATCH16_LANES) * TUFF_BATCH16_LANES,
    };
    plan.column_bands = divide_up(conv->out_w, BAND_POSITIONS);
    const ptrdiff_t columns = divide_up(conv->out_w, plan.column_bands);
    plan.row_bands = divide_up(conv->out_h, between(1, BAND_POSITIONS / columns, conv->out_h));
    const ptrdiff_t rows = divide_up(conv->out_h, plan.row_bands);
    plan.rows = seen(rows, conv->kernel_h, conv->stride_h, conv->dilation_h);
    plan.columns = seen(columns, conv->kernel_w, conv->stride_w, conv->dilation_w);
    const ptrdiff_t channels = between(1, WINDOW_FLOATS / window_channel(&plan), conv->group_channels);
    plan.channel_blocks = divide_up(conv->group_channels, channels);
    plan.window = divide_up(conv->group_channels, plan.channel_blocks) * window_channel(&plan);

    ptrdiff_t pieces = conv->groups * plan.channel_blocks;
    plan.output_parts =
        between(1, divide_up(LEAST_CHUNKS, pieces), divide_up(conv->group_outputs, LEAST_OUTPUTS));
    pieces *= plan.output_parts;
    const ptrdiff_t bands = conv->blocks * plan.row_bands * plan.column_bands;
    const ptrdiff_t affordable = (ptrdiff_t)(cpu_conv2d_work(conv) / (SPLIT_WORK * (uint64_t)plan.part));
    plan.splits = between(1, divide_up(LEAST_CHUNKS, pieces), between(1, affordable, bands));
    return plan;
}

int cpu_conv2d_has_weight_windows(const struct cpu_conv2d *conv)
{
    return conv->group_channels >= LEAST_CHANNELS && conv->group_outputs >= LEAST_CHANNELS;
}

uint64_t cpu_conv2d_weight_windows_workspace(const struct tuff_device *device, const struct cpu_conv2d *conv)
{
    const struct plan plan = plan_of(conv);
    const ptrdiff_t parts = plan.splits > 1 ? plan.splits * plan.part : 0;
    return (uint64_t)(parts + (ptrdiff_t)cpu_pool_threads(device->pool) * plan.window) * sizeof(float);
}

struct job {
    const struct lanes_table *lanes;
    const struct cpu_conv2d *conv;
    const struct plan *plan;
    const float *x, *dy;
    float *windows;
    float *parts; // NULL: one split, straight into dweight
    float *dweight, *dbias;
};

// Rows from `top` on and columns from `left` on, every step-th; zeros where x has none. x: the block's first
// channel.
static void copy_window(const struct job *job, const float *x, ptrdiff_t channels, ptrdiff_t top,
                        ptrdiff_t left, float *to)
{
    const struct cpu_conv2d *conv = job->conv;
    const struct plan *plan = job->plan;
    const ptrdiff_t row = plan->columns * TUFF_BATCH16_LANES;
    const size_t position = TUFF_BATCH16_LANES * sizeof *to;
    // Columns [begin, end) of the window lie inside of the image.
    const ptrdiff_t begin = between(0, left < 0 ? divide_up(-left, plan->step_w) : 0, plan->columns);
    const ptrdiff_t end =
        between(begin, left < conv->width ? (conv->width - 1 - left) / plan->step_w + 1 : 0, plan->columns);
    for (ptrdiff_t c = 0; c < channels; c++, to += window_channel(plan)) {
        const float *image = x + c * conv->height * conv->width * TUFF_BATCH16_LANES;
        for (ptrdiff_t i = 0; i < plan->rows; i++) {
            const ptrdiff_t h = top + i * plan->step_h;
            float *at = to + i * row;
            if (h < 0 || h >= conv->height || begin == end) {
                memset(at, 0, (size_t)plan->columns * position);
                continue;
            }
            const float *from = image + (h * conv->width + left + begin * plan->step_w) * TUFF_BATCH16_LANES;
            memset(at, 0, (size_t)begin * position);
            if (plan->step_w == 1)
                memcpy(at + begin * TUFF_BATCH16_LANES, from, (size_t)(end - begin) * position);
            for (ptrdiff_t k = begin; plan->step_w > 1 && k < end; k++)
                memcpy(at + k * TUFF_BATCH16_LANES, from + (k - begin) * plan->step_w * TUFF_BATCH16_LANES,
                       position);
            memset(at + end * TUFF_BATCH16_LANES, 0, (size_t)(plan->columns - end) * position);
        }
    }
}

// Chunks are numbered group, block of channels, part of the outputs, split; the last fastest.
static void gradient_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    const struct job *job = context;
    const struct cpu_conv2d *conv = job->conv;
    const struct plan *plan = job->plan;
    ptrdiff_t rest = (ptrdiff_t)chunk;
    const ptrdiff_t split = rest % plan->splits;
    rest /= plan->splits;
    const ptrdiff_t output_part = rest % plan->output_parts;
    rest /= plan->output_parts;
    const ptrdiff_t channel_block = rest % plan->channel_blocks, group = rest / plan->channel_blocks;
    const ptrdiff_t c_begin = cut(conv->group_channels, plan->channel_blocks, channel_block);
    const ptrdiff_t c_end = cut(conv->group_channels, plan->channel_blocks, channel_block + 1);
    const ptrdiff_t image = conv->height * conv->width * TUFF_BATCH16_LANES;
    const ptrdiff_t out_image = conv->out_h * conv->out_w * TUFF_BATCH16_LANES;
    float *window = job->windows + (ptrdiff_t)worker * plan->window;
    float *dw = job->parts ? job->parts + split * plan->part : job->dweight;
    dw += group * conv->group_outputs * conv->taps + c_begin * conv->kernel_h * conv->kernel_w;

    struct lanes_weight_gradient g = {
        .x = window,
        .x_channel = window_channel(plan),
        .x_row = plan->columns * TUFF_BATCH16_LANES,
        .dy_channel = out_image,
        .dy_row = conv->out_w * TUFF_BATCH16_LANES,
        .channels = c_end - c_begin,
        .kernel_h = conv->kernel_h,
        .kernel_w = conv->kernel_w,
        .stride_h = conv->stride_h / plan->step_h,
        .stride_w = conv->stride_w / plan->step_w,
        .dilation_h = conv->dilation_h,
        .dilation_w = conv->dilation_w,
        .dw_row = conv->taps,
        .height = plan->step_h == 1 ? conv->height : 0,
    };
    const ptrdiff_t bands = plan->row_bands * plan->column_bands;
    const ptrdiff_t end = cut(conv->blocks * bands, plan->splits, split + 1);
    for (ptrdiff_t i = cut(conv->blocks * bands, plan->splits, split); i < end; i++, g.adds = 1) {
        const ptrdiff_t block = i / bands, row_band = i % bands / plan->column_bands;
        const ptrdiff_t column_band = i % plan->column_bands;
        const ptrdiff_t oh = cut(conv->out_h, plan->row_bands, row_band);
        const ptrdiff_t ow = cut(conv->out_w, plan->column_bands, column_band);
        const ptrdiff_t top = oh * conv->stride_h - conv->pad_top,
                        left = ow * conv->stride_w - conv->pad_left;
        copy_window(job, job->x + (block * conv->channels + group * conv->group_channels + c_begin) * image,
                    g.channels, top, left, window);
        g.dy = job->dy + (block * conv->outputs + group * conv->group_outputs) * out_image +
               (oh * conv->out_w + ow) * TUFF_BATCH16_LANES;
        g.out_h = cut(conv->out_h, plan->row_bands, row_band + 1) - oh;
        g.out_w = cut(conv->out_w, plan->column_bands, column_band + 1) - ow;
        g.top = -top;
        job->lanes->weight_gradient(&g, cut(conv->group_outputs, plan->output_parts, output_part),
                                    cut(conv->group_outputs, plan->output_parts, output_part + 1), 0, g.out_h,
                                    dw, NULL);
    }
}

static void bias_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const struct cpu_conv2d *conv = job->conv;
    const ptrdiff_t out_image = conv->out_h * conv->out_w * TUFF_BATCH16_LANES;
    float sum = 0;
    for (ptrdiff_t block = 0; block < conv->blocks; block++)
        sum += job->lanes->sum(job->dy + (block * conv->outputs + (ptrdiff_t)chunk) * out_image,
                               (size_t)out_image);
    job->dbias[chunk] = sum;
}

enum { SUM_CHUNK = 4096 };

static void sum_splits_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const uint64_t total = (uint64_t)(job->conv->outputs * job->conv->taps), begin = chunk * SUM_CHUNK;
    job->lanes->sum_parts(job->dweight + begin, job->parts + begin, job->plan->part,
                          (size_t)job->plan->splits, total - begin < SUM_CHUNK ? total - begin : SUM_CHUNK);
}

void cpu_conv2d_weight_windows(struct tuff_device *device, const struct cpu_conv2d *conv,
                               const struct tuff_conv2d_backward_weight_args *args)
{
    const struct plan plan = plan_of(conv);
    struct job job = {
        .lanes = device->lanes,
        .conv = conv,
        .plan = &plan,
        .x = cpu_f32(args->x),
        .dy = cpu_f32(args->dy),
        .windows = cpu_f32(args->workspace),
        .dweight = cpu_f32(args->dweight),
        .dbias = args->dbias ? cpu_f32(args->dbias) : NULL,
    };
    if (plan.splits > 1) {
        job.parts = job.windows;
        job.windows += plan.splits * plan.part;
    }
    cpu_parallel(device, cpu_conv2d_work(conv),
                 (uint64_t)(conv->groups * plan.channel_blocks * plan.output_parts * plan.splits),
                 gradient_chunk, &job);
    if (plan.splits > 1) {
        const uint64_t total = (uint64_t)(conv->outputs * conv->taps);
        cpu_parallel(device, total * (uint64_t)plan.splits / TUFF_BATCH16_LANES,
                     (total + SUM_CHUNK - 1) / SUM_CHUNK, sum_splits_chunk, &job);
    }
    if (job.dbias)
        cpu_parallel(device, (uint64_t)(conv->blocks * conv->outputs * conv->out_h * conv->out_w),
                     (uint64_t)conv->outputs, bias_chunk, &job);
}
