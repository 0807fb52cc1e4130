// The vector kernels as one table per instruction set. The sources in this folder are compiled once for each,
// with LANES_ISA naming it, and so define the same functions under different names.
//
// Activations here are in TUFF_LAYOUT_BATCH16: a "block" is 16 samples, a "position" 16 floats. Strides and
// counts are in floats, tap and image indices in elements, unless said otherwise.
#ifndef TUFF_CPU_LANES_TABLE_H
#define TUFF_CPU_LANES_TABLE_H

#include <stddef.h>
#include <stdint.h>

// One axis (rows or columns) of a correlation. Output i lies at out_first + out_step * i of the output image.
// Its tap j is number tap_first + tap_step * j of the kernel, and meets in_first + in_step * i + in_tap_step
// * j of the input image, where anything outside of [0, in_size) counts as zero. in_step >= 0.
struct lanes_axis {
    ptrdiff_t out_first, out_step, out_count;
    ptrdiff_t tap_first, tap_step, tap_count;
    ptrdiff_t in_first, in_step, in_tap_step, in_size;
};

// y[o, rows, columns] = bias[o] + sum over c, taps of x[c, ...] * w[o, c, taps], or its ReLU, for one block.
struct lanes_correlation {
    const float *x;
    const float *w;
    const float *bias; // NULL: zero
    float *y;
    ptrdiff_t channels;         // of x, summed over
    ptrdiff_t x_channel, x_row; // strides
    ptrdiff_t w_out, w_channel, w_row;
    ptrdiff_t y_out, y_row;
    ptrdiff_t y_begin; // where y begins, in floats from row 0 of output 0
    struct lanes_axis rows, columns;
    int relu;
};

struct lanes_range {
    ptrdiff_t begin, end;
};

// The same for one tile of at most correlation_outputs outputs, summed over some of the channels, with the
// weights as the tile reads them: w[tap][c][o], taps in row-major order. bias: NULL where y is added to.
struct lanes_packed_correlation {
    const float *x;
    const float *w;
    const float *bias; // NULL: zero
    float *y;
    ptrdiff_t channels;
    ptrdiff_t x_channel, x_row; // strides
    ptrdiff_t y_out, y_row;
    struct lanes_axis rows, columns;
    int adds; // to what y holds
    int relu; // of what y then holds
};

// dw[k][j] = sum over rows and columns of dy[k, row, column] * x[j's place], where j counts c, r, s in this
// order (an OIHW weight's row). x has its padding around it: no tap leaves it.
struct lanes_weight_gradient {
    const float *x;
    const float *dy;
    ptrdiff_t x_block, x_channel, x_row;
    ptrdiff_t dy_block, dy_channel, dy_row;
    ptrdiff_t channels, kernel_h, kernel_w;
    ptrdiff_t stride_h, stride_w, dilation_h, dilation_w;
    ptrdiff_t out_h, out_w;
    ptrdiff_t dw_row; // from one k to the next
    int adds;         // to what dw holds
    // Rows of x that hold more than zeros: `height` rows from `top` on. height 0: perhaps all.
    ptrdiff_t top, height;
};

// y[b][o] = bias[o] + sum over i of x[b][i] * w[o * w_out + i * w_in], or its ReLU, for `blocks` blocks b.
// One of the strides is 1.
struct lanes_product {
    const float *x;
    const float *w;
    const float *bias; // NULL: zero
    float *y;
    ptrdiff_t blocks, inputs;
    ptrdiff_t x_block, y_block;
    ptrdiff_t w_out, w_in;
    int relu;
};

// The same with w[i * w_in + o], of some of the inputs, and without bias and ReLU.
struct lanes_packed_product {
    const float *x;
    const float *w;
    float *y;
    ptrdiff_t blocks, inputs;
    ptrdiff_t x_block, y_block;
    ptrdiff_t w_in;
    int adds; // to what y holds
};

// dw[o][i] = sum over n of dy[n/16][o][n%16] * xt[i/16][n][i%16], for n < samples.
struct lanes_outer_product {
    const float *dy;
    const float *xt;
    float *dw;
    ptrdiff_t samples, inputs;
    ptrdiff_t dy_block, xt_panel;
};

struct lanes_pool {
    ptrdiff_t height, width, out_h, out_w; // of one channel
    ptrdiff_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
};

// Windows without padding or dilation on one image of height x width.
struct lanes_window_pool {
    ptrdiff_t height, width, out_h, out_w;
    ptrdiff_t kernel_h, kernel_w, stride_h, stride_w;
};

// A convolution without padding, stride, dilation or groups, ReLU and max pooling by windows of 2 x 2 side by
// side, of one block. Strides: x's channels and rows, w's outputs, the planes of y and winner, which are
// pooled_w wide.
struct lanes_pooled_conv {
    const float *x;
    const float *w;
    const float *bias; // NULL: zero
    float *y;
    uint8_t *winner; // NULL: not wanted
    ptrdiff_t channels, pooled_w;
    ptrdiff_t x_channel, x_row, w_out, y_out;
};

// A convolution without stride, dilation or groups, ReLU and max pooling by windows of 2 x 2 side by side:
// one half of a block, eight samples, whose images lie one behind the other as (height, width, channels),
// with the padding around them. Of dy and winner, (outputs, pooled, 16), the half's first lane is lane 0.
enum { LANES_HALF = 8 };
struct lanes_winners {
    const float *dy;
    const uint8_t *winner; // 0 to 3 in the window, or 255: no gradient
    float *images;         // x, or dx
    ptrdiff_t image;       // floats from one sample's to the next: LANES_SLACK more than they hold, at least
    ptrdiff_t height, width, channels;
    ptrdiff_t outputs, pooled_h, pooled_w;
    ptrdiff_t kernel_h, kernel_w;
};
enum { LANES_SLACK = 16 };

// The same without padding, of one channel and a kernel of 3 x 3: a whole block.
struct lanes_plane {
    const float *x; // (height, width, 16)
    const float *dy;
    const uint8_t *winner;
    ptrdiff_t width, outputs, pooled_h, pooled_w;
};

// An image inside of its padding.
struct lanes_half {
    ptrdiff_t channels, height, width; // without padding
    ptrdiff_t pad_top, pad_left, padded_height, padded_width;
    ptrdiff_t image; // as of struct lanes_winners
};

// Gradients, and the place that each belongs to, in floats. Room is for LANES_HALF more than there are.
struct lanes_entries {
    int32_t *places;
    float *gradients;
};

// One axis of average pooling. kernel 0: adaptive, and stride and paddings mean nothing.
struct lanes_avg_axis {
    ptrdiff_t in, out;
    ptrdiff_t kernel, stride, pad_before, pad_after;
    int count_pad; // the divisor counts padding
};

// Where a window lies on x, and the positions along the axis that its divisor counts.
struct lanes_avg_window {
    ptrdiff_t begin, end, counted;
};

static inline struct lanes_avg_window lanes_avg_window_of(const struct lanes_avg_axis *axis, ptrdiff_t out)
{
    struct lanes_avg_window window;
    if (axis->kernel == 0) {
        window.begin = out * axis->in / axis->out;
        window.end = ((out + 1) * axis->in + axis->out - 1) / axis->out;
        window.counted = window.end - window.begin;
        return window;
    }
    const ptrdiff_t first = out * axis->stride - axis->pad_before, end = first + axis->kernel;
    const ptrdiff_t padded = axis->in + axis->pad_after;
    window.begin = first < 0 ? 0 : first;
    window.end = end < axis->in ? end : axis->in;
    window.counted = axis->count_pad ? (end < padded ? end : padded) - first : window.end - window.begin;
    return window;
}

struct lanes_avg_pool {
    struct lanes_avg_axis rows, columns;
};

struct lanes_adam {
    float beta1, one_minus_beta1, beta2, one_minus_beta2;
    float step_size;                   // learning_rate / bias_correction1
    float reciprocal_correction2_sqrt; // 1 / bias_correction2_sqrt
    float epsilon, weight_decay;
    float decay; // learning_rate * weight_decay if that is decoupled, and weight_decay is 0 then; else 0
};

struct lanes_sgd {
    float learning_rate, momentum, weight_decay;
    int nesterov;
};

// Targets of a cross-entropy over K classes with label smoothing s.
struct lanes_smoothing {
    float rest;  // 1 - s
    float share; // s / K; 0: no smoothing, and nothing but the label's logit enters the loss
};

struct lanes_dropout {
    uint32_t seed_low, seed_high, layer, step;
    float probability, scale; // of dropping; of what is kept
};

// What lies around a picture that is cropped: byte 0, the picture mirrored at its border pixels, or these
// repeated.
enum lanes_border { LANES_BORDER_ZEROS, LANES_BORDER_REFLECT, LANES_BORDER_REPLICATE };

enum { LANES_MAX_CHANNELS = 4 }; // of a picture

// How the pictures of up to 16 samples are changed, one lane each. In each axis, row (column) i of the result
// is row i - translate + crop of the flipped picture, and zeros where i - translate lies outside; rows from
// cut_y on and columns from cut_x on, `cutout` of each, become 0.
struct lanes_augment {
    ptrdiff_t channels, height, width;
    const float *scale, *shift; // per channel
    enum lanes_border border;
    uint32_t cutout;
    uint32_t valid;            // lanes from it on become 0
    const uint8_t *images[16]; // channels * height * width bytes each, all readable
    int32_t flip[16];          // 1: columns in reverse
    int32_t crop_y[16], crop_x[16], translate_y[16], translate_x[16], cut_y[16], cut_x[16];
};

enum { LANES_ACTIVATIONS = 5 };

// y = (x - mean) * scale + offset, or its ReLU
struct lanes_normalize {
    float mean, scale, offset;
    int relu;
};

// dx = scale * (dy - offset - (x - mean) * slope)
struct lanes_normalize_backward {
    float mean, scale, offset, slope;
};

typedef void lanes_pooled_conv_function(const struct lanes_pooled_conv *p, ptrdiff_t o_begin, ptrdiff_t o_end,
                                        ptrdiff_t ph);

struct lanes_table {
    const char *name; // as in TUFF_CPU_ISA

    // Tile sizes that drivers cut chunks by: outputs that share the loads of one input. span3: kernels three
    // wide, without dilation in width.
    ptrdiff_t correlation_outputs, gradient_outputs, gradient_outputs_span3, product_outputs, outer_outputs;

    // Outputs [o_begin, o_end), output rows number [i_begin, i_end) of the row axis, all columns.
    void (*correlate)(const struct lanes_correlation *c, ptrdiff_t o_begin, ptrdiff_t o_end,
                      ptrdiff_t i_begin, ptrdiff_t i_end);
    // Rows number [begin, end) of the row axis, and so of the columns.
    void (*correlate_packed)(const struct lanes_packed_correlation *c, ptrdiff_t outputs,
                             const struct lanes_range *rows, const struct lanes_range *columns);
    // dw rows [k_begin, k_end) of `taps` = channels*kernel_h*kernel_w each, and dbias[k] unless it is NULL,
    // summed over rows [row_begin, row_end) of blocks * out_h. With `height` there is one block.
    void (*weight_gradient)(const struct lanes_weight_gradient *g, ptrdiff_t k_begin, ptrdiff_t k_end,
                            ptrdiff_t row_begin, ptrdiff_t row_end, float *dw, float *dbias);
    void (*product)(const struct lanes_product *p, ptrdiff_t o_begin, ptrdiff_t o_end);
    void (*product_packed)(const struct lanes_packed_product *p, ptrdiff_t outputs);
    void (*outer_product)(const struct lanes_outer_product *p, ptrdiff_t o_begin, ptrdiff_t o_end);
    // dbias[o] = sum over blocks and lanes of dy, o in [o_begin, o_end).
    void (*sum_lanes)(const float *dy, ptrdiff_t blocks, ptrdiff_t dy_block, float *dbias, ptrdiff_t o_begin,
                      ptrdiff_t o_end);

    // to[column][row] = from[row][column] for rows x columns elements; strides are those between rows.
    void (*transpose)(const float *from, ptrdiff_t from_row, ptrdiff_t rows, ptrdiff_t columns, float *to,
                      ptrdiff_t to_row);

    // One channel of one block.
    void (*max_pool_forward)(const struct lanes_pool *p, const float *x, float *y, uint32_t *index);
    void (*max_pool_backward)(const struct lanes_pool *p, const float *dy, const uint32_t *index, float *dx);

    // Outputs [o_begin, o_end) of row `ph` of windows; the function for a kernel's size, NULL if there is
    // none. pooled_outputs: a tile's outputs.
    ptrdiff_t pooled_outputs;
    lanes_pooled_conv_function *(*pooled_conv)(ptrdiff_t kernel_h, ptrdiff_t kernel_w);

    // One row of windows of one filter, of one block: y and winner (may be NULL), out_w positions each, from
    // z, the kernel_h rows under them.
    void (*relu_max_pool)(const struct lanes_window_pool *p, const float *z, float *y, uint8_t *winner);

    // images = half a block of x (channels, height, width, 16), its first lane's address, between `pad`
    // zeros; and back, rows [row_begin, row_end) of x.
    void (*gather_half)(const float *x, const struct lanes_half *h, float *images);
    void (*scatter_half)(const float *images, const struct lanes_half *h, ptrdiff_t row_begin,
                         ptrdiff_t row_end, float *x);
    // Adds the gradients of the half's first `samples` lanes to dw (outputs, channels, kernel_h, kernel_w)
    // and, unless NULL, db (outputs). entries: room for those of one output.
    void (*winners_weight)(const struct lanes_winners *w, ptrdiff_t samples,
                           const struct lanes_entries *entries, float *dw, float *db);
    // The same of a whole block; lanes without a sample have gradients of zero. NULL where winners_weight is
    // as fast.
    void (*winners_plane)(const struct lanes_plane *w, float *dw, float *db);
    // Floats of the weights as winners_input reads them; makes them.
    ptrdiff_t (*winners_weights_size)(ptrdiff_t outputs, ptrdiff_t channels, ptrdiff_t kernel_h,
                                      ptrdiff_t kernel_w);
    void (*winners_weights)(const float *weight, ptrdiff_t outputs, ptrdiff_t channels, ptrdiff_t kernel_h,
                            ptrdiff_t kernel_w, float *made);
    // Adds the half's gradients to its images, of the first `samples` lanes. entries: room for 8 times
    // outputs + 8.
    void (*winners_input)(const struct lanes_winners *w, const float *weights, ptrdiff_t samples,
                          const struct lanes_entries *entries);

    // One block of `classes` positions. valid: how many of its lanes hold samples, 0 to 16.
    // loss and correct: 16 each; those from valid on become 0, as does dlogits there.
    void (*cross_entropy_forward)(const float *logits, const uint32_t *labels, ptrdiff_t classes,
                                  uint32_t valid, const struct lanes_smoothing *smoothing, float *loss,
                                  uint32_t *correct);
    void (*cross_entropy_backward)(const float *logits, const uint32_t *labels, ptrdiff_t classes,
                                   uint32_t valid, const struct lanes_smoothing *smoothing, float scale,
                                   float *dlogits);

    // One channel of one block: x[i][lane] = images[lane][i] * scale[lane] + shift[lane], i < pixels. The 16
    // image pointers are all readable.
    void (*gather_bytes)(const uint8_t *const *images, ptrdiff_t pixels, const float *scale,
                         const float *shift, float *x);
    // x[i] = bytes[i] * scale + shift, rounded as gather_bytes rounds.
    void (*scale_bytes)(const uint8_t *bytes, size_t count, float scale, float shift, float *x);

    // The changed pictures, rounded as gather_bytes rounds: rows [row_begin, row_end) of all channels of one
    // block, or the whole sample in lane 0, in row-major order. x: the block's, the sample's first float.
    void (*augment_block)(const struct lanes_augment *a, ptrdiff_t row_begin, ptrdiff_t row_end, float *x);
    void (*augment_sample)(const struct lanes_augment *a, float *x);

    // Element by element; layouts do not matter.
    void (*add)(float *y, const float *a, const float *b, size_t count);
    void (*relu_forward)(float *y, const float *x, size_t count);
    void (*relu_backward)(float *dx, const float *dy, const float *y, size_t count);
    void (*adam)(const struct lanes_adam *a, float *parameters, float *m, float *v, const float *gradients,
                 size_t count);
    // y[i] = parts[0][i] + parts[1][i] + ... in this order.
    void (*sum_parts)(float *y, const float *parts, ptrdiff_t part, size_t part_count, size_t count);
    // The sum of `count` floats, in a fixed order.
    float (*sum)(const float *x, size_t count);
    // velocity: NULL without momentum.
    void (*sgd)(const struct lanes_sgd *s, float *parameters, float *velocity, const float *gradients,
                size_t count);
    // The sum of the squares of `count` floats, in a fixed order.
    float (*sum_of_squares)(const float *x, size_t count);
    void (*scale)(float *x, float factor, size_t count);
    // average = decay * average + (1 - decay) * x
    void (*moving_average)(float *average, const float *x, float decay, size_t count);
    // sum = (first ? 0 : sum) + part * x
    void (*accumulate)(float *sum, const float *x, float part, int first, size_t count);

    // Element by element, by enum tuff_activation. slope: of leaky ReLU.
    void (*activation_forward[LANES_ACTIVATIONS])(float *y, const float *x, float slope, size_t count);
    void (*activation_backward[LANES_ACTIVATIONS])(float *dx, const float *dy, const float *x, float slope,
                                                   size_t count);
    void (*multiply)(float *y, const float *a, const float *b, size_t count);

    // Float i is lane i % 16 of position i / 16, and the tensor's element number first + position *
    // position_step + lane * lane_step; in lanes from `samples` on y becomes 0.
    void (*dropout)(const struct lanes_dropout *d, float *y, const float *x, uint32_t first,
                    uint32_t position_step, uint32_t lane_step, uint32_t samples, size_t count);

    // One channel of one block, or of one sample in row-major order: `count` floats, of which those at i with
    // i % 16 < present are there; the others do not count in sums, and become 0 in results. present: 1 to 16,
    // and 16 in row-major order.
    // mean: of x - shift.  squares: the sum of the squared deviations from that mean.
    void (*moments)(const float *x, size_t count, uint32_t present, float shift, float *mean, float *squares);
    void (*normalize)(float *y, const float *x, size_t count, uint32_t present,
                      const struct lanes_normalize *n);
    // The sums of dy and of dy * (x - mean). y: NULL, or dy counts as 0 where y is not greater than 0.
    void (*normalize_sums)(const float *dy, const float *x, size_t count, uint32_t present, float mean,
                           const float *y, float *sum, float *product_sum);
    void (*normalize_backward)(float *dx, const float *dy, const float *x, size_t count, uint32_t present,
                               const float *y, const struct lanes_normalize_backward *n);

    // One block of `classes` positions.
    void (*log_softmax_forward)(float *y, const float *x, ptrdiff_t classes);
    void (*log_softmax_backward)(float *dx, const float *dy, const float *y, ptrdiff_t classes);
    // The sum of (a - b)^2: of `count` floats, or of each of the 16 lanes of one block.
    float (*squared_distance)(const float *a, const float *b, size_t count);
    void (*squared_distance_lanes)(const float *a, const float *b, ptrdiff_t positions, float *sums);
    // y = scale * (a - b); absent floats, as of moments, become 0.
    void (*scaled_difference)(float *y, const float *a, const float *b, float scale, size_t count,
                              uint32_t present);

    // One channel of one block.
    void (*avg_pool_forward)(const struct lanes_avg_pool *p, const float *x, float *y);
    void (*avg_pool_backward)(const struct lanes_avg_pool *p, const float *dy, float *dx);
};

// The sources' functions and table, under the names of the instruction set that is compiled.
#define LANES_JOIN_(a, b) a##_##b
#define LANES_JOIN(a, b)  LANES_JOIN_(a, b)
#define LANES_FN(name)    LANES_JOIN(lanes_##name, LANES_ISA)

extern const struct lanes_table lanes_table_baseline;
#ifdef TUFF_CPU_X86
extern const struct lanes_table lanes_table_avx2;
extern const struct lanes_table lanes_table_avx512;
#endif

#endif
