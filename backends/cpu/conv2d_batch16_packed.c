// Convolution of many channels with the batch in the vector lanes, forward and the gradient of the input: how
// it is cut into chunks and blocks. The loops are in lanes/packed_correlation.c.
//
// Weights are packed once per call, in the order in which tiles read them. Each chunk copies the part of the
// image that its outputs see, a block of channels at a time, to a window of its own: it stays in the
// second-level cache, where an image's channels, powers of two apart, push each other out.
#include <string.h>

#include "conv2d.h"
#include "conv2d_axis.h"

enum {
    LEAST_CHANNELS = 4,
    LEAST_OUTPUTS = 3,
    LEAST_POSITIONS = 32,     // per weight, that it is worth packing for
    WINDOW_FLOATS = 48 << 10, // of one worker's window, if at all possible
    WINDOW_COLUMNS = 40,      // outputs of a row that share a window
    LEAST_CHUNKS = 16,
};

// A convolution or its input gradient as correlations of `channels` channels, one per phase.
struct problem {
    int is_backward;
    struct cpu_conv2d_dimension rows, columns;
    ptrdiff_t phases_h, phases_w;
    ptrdiff_t channels, outputs; // of a group: summed over, and computed
    ptrdiff_t w_out, w_channel, w_row;
    ptrdiff_t groups, blocks;
    ptrdiff_t kernel; // taps of one channel
};

struct plan {
    ptrdiff_t tiles;
    ptrdiff_t row_bands, column_bands, parts; // of outputs' rows and columns, and of tiles
    ptrdiff_t channel_blocks;
    ptrdiff_t weights; // floats
    ptrdiff_t window;  // floats per worker
};

static struct problem problem_of(const struct cpu_conv2d *conv, int is_backward)
{
    const ptrdiff_t kernel = conv->kernel_h * conv->kernel_w;
    struct problem p = {
        .is_backward = is_backward,
        .rows = cpu_conv2d_rows(conv),
        .columns = cpu_conv2d_columns(conv),
        .phases_h = 1,
        .phases_w = 1,
        .channels = conv->group_channels,
        .outputs = conv->group_outputs,
        .w_out = conv->taps,
        .w_channel = kernel,
        .w_row = conv->kernel_w,
        .groups = conv->groups,
        .blocks = conv->blocks,
        .kernel = kernel,
    };
    if (is_backward) {
        p.phases_h = cpu_conv2d_phases(&p.rows);
        p.phases_w = cpu_conv2d_phases(&p.columns);
        p.channels = conv->group_outputs;
        p.outputs = conv->group_channels;
        p.w_out = kernel;
        p.w_channel = conv->taps;
    }
    return p;
}

static struct lanes_axis axis_of(const struct problem *p, const struct cpu_conv2d_dimension *d,
                                 ptrdiff_t phase)
{
    return p->is_backward ? cpu_conv2d_backward_axis(d, phase) : cpu_conv2d_forward_axis(d);
}

static ptrdiff_t cut(ptrdiff_t total, ptrdiff_t parts, ptrdiff_t index)
{
    return total / parts * index + (index < total % parts ? index : total % parts);
}

static ptrdiff_t divide_up(ptrdiff_t a, ptrdiff_t b)
{
    return (a + b - 1) / b;
}

static ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b)
{
    return a < b ? a : b;
}

static ptrdiff_t larger(ptrdiff_t a, ptrdiff_t b)
{
    return a > b ? a : b;
}

// -- Windows.

// Of one axis: position j of the window is position first + step * j of the image.
struct window {
    ptrdiff_t first, step, count;
};

// The phase's outputs that belong to a band.
static struct lanes_range band_of(const struct lanes_axis *axis, ptrdiff_t bands, ptrdiff_t band)
{
    return (struct lanes_range){cut(axis->out_count, bands, band), cut(axis->out_count, bands, band + 1)};
}

// A kernel of one tap sees only every in_step-th position.
static int is_thinned(const struct lanes_axis *axis)
{
    return axis->tap_count == 1 && axis->in_step > 1;
}

// What a band of outputs sees of the image, in all phases.
static struct window window_of(const struct problem *p, const struct cpu_conv2d_dimension *d,
                               ptrdiff_t phases, ptrdiff_t bands, ptrdiff_t band)
{
    struct window window = {0, 1, 0};
    ptrdiff_t low = PTRDIFF_MAX, high = PTRDIFF_MIN; // first and last
    for (ptrdiff_t phase = 0; phase < phases; phase++) {
        const struct lanes_axis axis = axis_of(p, d, phase);
        const struct lanes_range range = band_of(&axis, bands, band);
        if (axis.tap_count == 0 || range.begin == range.end)
            continue;
        ptrdiff_t begin = range.begin, end = range.end;
        if (is_thinned(&axis)) {
            window.step = axis.in_step;
            while (begin < end && axis.in_first + axis.in_step * begin < 0)
                begin++;
            while (begin < end && axis.in_first + axis.in_step * (end - 1) >= axis.in_size)
                end--;
            if (begin == end)
                continue;
        }
        const ptrdiff_t reach = axis.in_tap_step * (axis.tap_count - 1);
        low = smaller(low, larger(axis.in_first + axis.in_step * begin + smaller(reach, 0), 0));
        high = larger(high,
                      smaller(axis.in_first + axis.in_step * (end - 1) + larger(reach, 0), axis.in_size - 1));
    }
    if (low <= high) {
        window.first = low;
        window.count = (high - low) / window.step + 1;
    }
    return window;
}

// The axis of the same correlation on the window.
static struct lanes_axis axis_on_window(struct lanes_axis axis, const struct window *window)
{
    axis.in_size = window->count;
    axis.in_first -= window->first;
    if (is_thinned(&axis)) {
        axis.in_first /= axis.in_step; // exact
        axis.in_step = 1;
    }
    return axis;
}

static ptrdiff_t largest_window(const struct problem *p, const struct cpu_conv2d_dimension *d,
                                ptrdiff_t phases, ptrdiff_t bands)
{
    ptrdiff_t count = 0;
    for (ptrdiff_t band = 0; band < bands; band++)
        count = larger(count, window_of(p, d, phases, bands, band).count);
    return count;
}

// Floats from one channel to the next: an odd number of cache lines, so that channels spread over the sets.
static ptrdiff_t window_channel(ptrdiff_t rows, ptrdiff_t columns)
{
    return (rows * columns | 1) * TUFF_BATCH16_LANES;
}

// -- The plan.

static ptrdiff_t most_outputs(const struct cpu_conv2d_dimension *d, const struct problem *p)
{
    return p->is_backward ? (d->in - 1) / d->stride + 1 : d->out;
}

// Chooses blocks and bands by an estimate of what they cost, in cycles per multiplication and tile: y is
// loaded and stored once per block of channels, the window copied once per block and band.
static void choose_blocks(const struct problem *p, struct plan *plan)
{
    enum { OUTPUT_COST = 40, COPY_COST = 14 };
    const ptrdiff_t rows = most_outputs(&p->rows, p), columns = most_outputs(&p->columns, p);
    const ptrdiff_t phases = p->phases_h * p->phases_w;
    plan->column_bands = divide_up(columns, WINDOW_COLUMNS);
    const ptrdiff_t seen_columns = largest_window(p, &p->columns, p->phases_w, plan->column_bands);
    double best = 0;
    plan->channel_blocks = 0;
    for (ptrdiff_t bands = 1; bands <= rows; bands++) {
        if (bands < rows && divide_up(rows, bands) == divide_up(rows, bands + 1))
            continue;
        const ptrdiff_t seen_rows = largest_window(p, &p->rows, p->phases_h, bands);
        const ptrdiff_t floats = window_channel(seen_rows, seen_columns);
        const ptrdiff_t channels = smaller(p->channels, larger(WINDOW_FLOATS / floats, 4));
        const ptrdiff_t channel_blocks = divide_up(p->channels, channels);
        const double block = (double)p->channels / (double)channel_blocks;
        const double positions =
            (double)phases * (double)divide_up(rows, bands) * (double)divide_up(columns, plan->column_bands);
        double cost = OUTPUT_COST * (double)phases / (block * (double)p->kernel) +
                      COPY_COST * (double)(seen_rows * seen_columns) /
                          (positions * (double)p->kernel / (double)phases * (double)plan->tiles);
        if (block * (double)floats > WINDOW_FLOATS)
            cost += 1;
        if (plan->channel_blocks == 0 || cost < best) {
            best = cost;
            plan->channel_blocks = channel_blocks;
            plan->row_bands = bands;
        }
    }
}

static struct plan plan_of(const struct tuff_device *device, const struct problem *p)
{
    struct plan plan = {.tiles = divide_up(p->outputs, device->lanes->correlation_outputs)};
    choose_blocks(p, &plan);
    const ptrdiff_t pieces = p->blocks * p->groups * plan.row_bands * plan.column_bands;
    plan.parts = larger(1, smaller(divide_up(plan.tiles, 2), divide_up(LEAST_CHUNKS, pieces)));
    plan.weights =
        divide_up(p->groups * p->outputs * p->channels * p->kernel, TUFF_BATCH16_LANES) * TUFF_BATCH16_LANES;
    plan.window = divide_up(p->channels, plan.channel_blocks) *
                  window_channel(largest_window(p, &p->rows, p->phases_h, plan.row_bands),
                                 largest_window(p, &p->columns, p->phases_w, plan.column_bands));
    return plan;
}

int cpu_conv2d_is_packed(const struct cpu_conv2d *conv, int is_backward)
{
    const struct problem p = problem_of(conv, is_backward);
    const ptrdiff_t positions = conv->blocks * conv->out_h * conv->out_w;
    return p.channels >= LEAST_CHANNELS && p.outputs >= LEAST_OUTPUTS && positions >= LEAST_POSITIONS;
}

uint64_t cpu_conv2d_packed_workspace(const struct tuff_device *device, const struct cpu_conv2d *conv,
                                     int is_backward)
{
    const struct problem p = problem_of(conv, is_backward);
    const struct plan plan = plan_of(device, &p);
    return (uint64_t)(plan.weights + (ptrdiff_t)cpu_pool_threads(device->pool) * plan.window) * sizeof(float);
}

// -- Packing: group, phase, tile, block of channels, tap, channel, output; the last fastest.

struct job {
    const struct lanes_table *lanes;
    const struct problem *problem;
    const struct plan *plan;
    const struct cpu_conv2d_batch16_tensors *tensors;
    float *packed, *windows;
};

static struct lanes_range outputs_of_tile(const struct job *job, ptrdiff_t tile)
{
    const ptrdiff_t outputs = job->problem->outputs, tiles = job->plan->tiles;
    return (struct lanes_range){cut(outputs, tiles, tile), cut(outputs, tiles, tile + 1)};
}

static struct lanes_range channels_of_block(const struct job *job, ptrdiff_t block)
{
    const ptrdiff_t channels = job->problem->channels, blocks = job->plan->channel_blocks;
    return (struct lanes_range){cut(channels, blocks, block), cut(channels, blocks, block + 1)};
}

// One block of channels of one tile in one phase.
static float *pack_block(const struct problem *p, const float *w, const struct lanes_axis *rows,
                         const struct lanes_axis *columns, ptrdiff_t channels, ptrdiff_t outputs, float *to)
{
    for (ptrdiff_t r = 0; r < rows->tap_count; r++) {
        for (ptrdiff_t s = 0; s < columns->tap_count; s++) {
            const float *tap = w + (rows->tap_first + r * rows->tap_step) * p->w_row + columns->tap_first +
                               s * columns->tap_step;
            for (ptrdiff_t c = 0; c < channels; c++) {
                for (ptrdiff_t o = 0; o < outputs; o++)
                    *to++ = tap[o * p->w_out + c * p->w_channel];
            }
        }
    }
    return to;
}

// One tile of one group.
static void pack_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const struct problem *p = job->problem;
    const ptrdiff_t tile = (ptrdiff_t)chunk % job->plan->tiles, group = (ptrdiff_t)chunk / job->plan->tiles;
    const struct lanes_range outputs = outputs_of_tile(job, tile);
    const float *w =
        job->tensors->w + group * p->outputs * p->channels * p->kernel + outputs.begin * p->w_out;
    float *to = job->packed + group * p->outputs * p->channels * p->kernel;
    for (ptrdiff_t phase = 0; phase < p->phases_h * p->phases_w; phase++) {
        const struct lanes_axis rows = axis_of(p, &p->rows, phase / p->phases_w);
        const struct lanes_axis columns = axis_of(p, &p->columns, phase % p->phases_w);
        float *at = to + outputs.begin * p->channels * rows.tap_count * columns.tap_count;
        for (ptrdiff_t block = 0; block < job->plan->channel_blocks; block++) {
            const struct lanes_range channels = channels_of_block(job, block);
            at = pack_block(p, w + channels.begin * p->w_channel, &rows, &columns,
                            channels.end - channels.begin, outputs.end - outputs.begin, at);
        }
        to += p->outputs * p->channels * rows.tap_count * columns.tap_count;
    }
}

// -- Correlation.

static void copy_window(const float *x, ptrdiff_t x_channel, ptrdiff_t x_row, ptrdiff_t channels,
                        const struct window *rows, const struct window *columns, float *to)
{
    const ptrdiff_t row = columns->count * TUFF_BATCH16_LANES,
                    channel = window_channel(rows->count, columns->count);
    const int whole = columns->step == 1 && rows->step == 1 && row == x_row;
    for (ptrdiff_t c = 0; c < channels; c++, to += channel, x += x_channel) {
        const float *from = x + rows->first * x_row + columns->first * TUFF_BATCH16_LANES;
        if (whole) {
            memcpy(to, from, (size_t)(rows->count * row) * sizeof *to);
            continue;
        }
        for (ptrdiff_t i = 0; i < rows->count; i++, from += rows->step * x_row) {
            if (columns->step == 1) {
                memcpy(to + i * row, from, (size_t)row * sizeof *to);
                continue;
            }
            for (ptrdiff_t k = 0; k < columns->count; k++)
                memcpy(to + i * row + k * TUFF_BATCH16_LANES, from + k * columns->step * TUFF_BATCH16_LANES,
                       TUFF_BATCH16_LANES * sizeof *to);
        }
    }
}

struct place { // of a chunk
    ptrdiff_t block, group, part, row_band, column_band;
};

// One block of channels on its window, all phases and all tiles of the chunk.
static void correlate_window(const struct job *job, const struct place *at, const struct window *seen_rows,
                             const struct window *seen_columns, ptrdiff_t channel_block, const float *window)
{
    const struct problem *p = job->problem;
    const struct cpu_conv2d_batch16_tensors *t = job->tensors;
    const struct lanes_range channels = channels_of_block(job, channel_block);
    const ptrdiff_t tile_begin = cut(job->plan->tiles, job->plan->parts, at->part);
    const ptrdiff_t tile_end = cut(job->plan->tiles, job->plan->parts, at->part + 1);
    const float *packed = job->packed + at->group * p->outputs * p->channels * p->kernel;
    struct lanes_packed_correlation c = {
        .x = window,
        .channels = channels.end - channels.begin,
        .x_channel = window_channel(seen_rows->count, seen_columns->count),
        .x_row = seen_columns->count * TUFF_BATCH16_LANES,
        .y_out = t->y_channel,
        .y_row = t->y_row,
        .adds = channel_block > 0,
        .relu = t->relu && channel_block == job->plan->channel_blocks - 1,
    };
    for (ptrdiff_t phase = 0; phase < p->phases_h * p->phases_w; phase++) {
        const struct lanes_axis rows = axis_of(p, &p->rows, phase / p->phases_w);
        const struct lanes_axis columns = axis_of(p, &p->columns, phase % p->phases_w);
        const ptrdiff_t taps = rows.tap_count * columns.tap_count;
        const struct lanes_range i_range = band_of(&rows, job->plan->row_bands, at->row_band);
        const struct lanes_range k_range = band_of(&columns, job->plan->column_bands, at->column_band);
        c.rows = axis_on_window(rows, seen_rows);
        c.columns = axis_on_window(columns, seen_columns);
        for (ptrdiff_t tile = tile_begin; tile < tile_end && (taps > 0 || !c.adds); tile++) {
            const struct lanes_range o = outputs_of_tile(job, tile);
            const ptrdiff_t first = at->group * p->outputs + o.begin;
            c.w = packed + taps * (o.begin * p->channels + (o.end - o.begin) * channels.begin);
            c.bias = t->bias && !c.adds ? t->bias + first : NULL;
            c.y = t->y + at->block * t->y_block + first * t->y_channel;
            job->lanes->correlate_packed(&c, o.end - o.begin, &i_range, &k_range);
        }
        packed += taps * p->outputs * p->channels;
    }
}

// Chunks are numbered block, group, part, row band, column band; the last fastest.
static void correlate_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    const struct job *job = context;
    const struct problem *p = job->problem;
    const struct plan *plan = job->plan;
    const struct cpu_conv2d_batch16_tensors *t = job->tensors;
    ptrdiff_t rest = (ptrdiff_t)chunk;
    struct place at;
    at.column_band = rest % plan->column_bands;
    rest /= plan->column_bands;
    at.row_band = rest % plan->row_bands;
    rest /= plan->row_bands;
    at.part = rest % plan->parts;
    rest /= plan->parts;
    at.group = rest % p->groups;
    at.block = rest / p->groups;

    const struct window rows = window_of(p, &p->rows, p->phases_h, plan->row_bands, at.row_band);
    const struct window columns = window_of(p, &p->columns, p->phases_w, plan->column_bands, at.column_band);
    float *window = job->windows + (ptrdiff_t)worker * plan->window;
    for (ptrdiff_t block = 0; block < plan->channel_blocks; block++) {
        const struct lanes_range channels = channels_of_block(job, block);
        copy_window(t->x + at.block * t->x_block + (at.group * p->channels + channels.begin) * t->x_channel,
                    t->x_channel, t->x_row, channels.end - channels.begin, &rows, &columns, window);
        correlate_window(job, &at, &rows, &columns, block, window);
    }
}

void cpu_conv2d_packed(struct tuff_device *device, const struct cpu_conv2d *conv, int is_backward,
                       const struct cpu_conv2d_batch16_tensors *tensors, float *workspace)
{
    const struct problem problem = problem_of(conv, is_backward);
    const struct plan plan = plan_of(device, &problem);
    struct job job = {
        .lanes = device->lanes,
        .problem = &problem,
        .plan = &plan,
        .tensors = tensors,
        .packed = workspace,
        .windows = workspace + plan.weights,
    };
    cpu_parallel(device, (uint64_t)plan.weights / 4, (uint64_t)(problem.groups * plan.tiles), pack_chunk,
                 &job);
    cpu_parallel(
        device, cpu_conv2d_work(conv),
        (uint64_t)(problem.blocks * problem.groups * plan.parts * plan.row_bands * plan.column_bands),
        correlate_chunk, &job);
}
