// What each source of this folder gives to the table of its instruction set.
#ifndef TUFF_CPU_LANES_KERNELS_H
#define TUFF_CPU_LANES_KERNELS_H

#include "table.h"

// correlation.c
void LANES_FN(correlate)(const struct lanes_correlation *c, ptrdiff_t o_begin, ptrdiff_t o_end,
                         ptrdiff_t i_begin, ptrdiff_t i_end);

// packed_correlation.c
void LANES_FN(correlate_packed)(const struct lanes_packed_correlation *c, ptrdiff_t outputs,
                                const struct lanes_range *i_range, const struct lanes_range *k_range);

// product.c
void LANES_FN(product)(const struct lanes_product *p, ptrdiff_t o_begin, ptrdiff_t o_end);
void LANES_FN(product_packed)(const struct lanes_packed_product *p, ptrdiff_t outputs);

// weight_gradient.c
void LANES_FN(weight_gradient)(const struct lanes_weight_gradient *g, ptrdiff_t k_begin, ptrdiff_t k_end,
                               ptrdiff_t row_begin, ptrdiff_t row_end, float *dw, float *dbias);

// outer_product.c
void LANES_FN(outer_product)(const struct lanes_outer_product *p, ptrdiff_t o_begin, ptrdiff_t o_end);
void LANES_FN(sum_lanes)(const float *dy, ptrdiff_t blocks, ptrdiff_t dy_block, float *dbias,
                         ptrdiff_t o_begin, ptrdiff_t o_end);

// transpose.c
void LANES_FN(transpose)(const float *from, ptrdiff_t from_row, ptrdiff_t rows, ptrdiff_t columns, float *to,
                         ptrdiff_t to_row);
void LANES_FN(gather_bytes)(const uint8_t *const *images, ptrdiff_t pixels, const float *scale,
                            const float *shift, float *x);
void LANES_FN(scale_bytes)(const uint8_t *bytes, size_t count, float scale, float shift, float *x);

// augment.c
void LANES_FN(augment_block)(const struct lanes_augment *a, ptrdiff_t row_begin, ptrdiff_t row_end, float *x);
void LANES_FN(augment_sample)(const struct lanes_augment *a, float *x);

// pool.c
void LANES_FN(max_pool_forward)(const struct lanes_pool *p, const float *x, float *y, uint32_t *index);
void LANES_FN(max_pool_backward)(const struct lanes_pool *p, const float *dy, const uint32_t *index,
                                 float *dx);

// pooled_conv.c
lanes_pooled_conv_function *LANES_FN(pooled_conv)(ptrdiff_t kernel_h, ptrdiff_t kernel_w);

// relu_max_pool.c
void LANES_FN(relu_max_pool)(const struct lanes_window_pool *p, const float *z, float *y, uint8_t *winner);

// halves.c
void LANES_FN(gather_half)(const float *x, const struct lanes_half *h, float *images);
void LANES_FN(scatter_half)(const float *images, const struct lanes_half *h, ptrdiff_t row_begin,
                            ptrdiff_t row_end, float *x);

// winners_weight.c
void LANES_FN(winners_weight)(const struct lanes_winners *w, ptrdiff_t samples,
                              const struct lanes_entries *entries, float *dw, float *db);

// winners_plane.c, with AVX-512 only
void LANES_FN(winners_plane)(const struct lanes_plane *w, float *dw, float *db);

// winners_input.c
ptrdiff_t LANES_FN(winners_weights_size)(ptrdiff_t outputs, ptrdiff_t channels, ptrdiff_t kernel_h,
                                         ptrdiff_t kernel_w);
void LANES_FN(winners_weights)(const float *weight, ptrdiff_t outputs, ptrdiff_t channels, ptrdiff_t kernel_h,
                               ptrdiff_t kernel_w, float *made);
void LANES_FN(winners_input)(const struct lanes_winners *w, const float *weights, ptrdiff_t samples,
                             const struct lanes_entries *entries);

// cross_entropy.c
void LANES_FN(cross_entropy_forward)(const float *logits, const uint32_t *labels, ptrdiff_t classes,
                                     uint32_t valid, const struct lanes_smoothing *smoothing, float *loss,
                                     uint32_t *correct);
void LANES_FN(cross_entropy_backward)(const float *logits, const uint32_t *labels, ptrdiff_t classes,
                                      uint32_t valid, const struct lanes_smoothing *smoothing, float scale,
                                      float *dlogits);

// elementwise.c
void LANES_FN(add)(float *y, const float *a, const float *b, size_t count);
void LANES_FN(relu_forward)(float *y, const float *x, size_t count);
void LANES_FN(relu_backward)(float *dx, const float *dy, const float *y, size_t count);
void LANES_FN(adam)(const struct lanes_adam *a, float *parameters, float *m, float *v, const float *gradients,
                    size_t count);
void LANES_FN(sum_parts)(float *y, const float *parts, ptrdiff_t part, size_t part_count, size_t count);
float LANES_FN(sum)(const float *x, size_t count);
void LANES_FN(sgd)(const struct lanes_sgd *s, float *parameters, float *velocity, const float *gradients,
                   size_t count);
float LANES_FN(sum_of_squares)(const float *x, size_t count);
void LANES_FN(scale)(float *x, float factor, size_t count);
void LANES_FN(moving_average)(float *average, const float *x, float decay, size_t count);
void LANES_FN(accumulate)(float *sum, const float *x, float part, int first, size_t count);

// activation.c
void LANES_FN(leaky_relu_forward)(float *y, const float *x, float slope, size_t count);
void LANES_FN(leaky_relu_backward)(float *dx, const float *dy, const float *x, float slope, size_t count);
void LANES_FN(gelu_forward)(float *y, const float *x, float slope, size_t count);
void LANES_FN(gelu_backward)(float *dx, const float *dy, const float *x, float slope, size_t count);
void LANES_FN(silu_forward)(float *y, const float *x, float slope, size_t count);
void LANES_FN(silu_backward)(float *dx, const float *dy, const float *x, float slope, size_t count);
void LANES_FN(sigmoid_forward)(float *y, const float *x, float slope, size_t count);
void LANES_FN(sigmoid_backward)(float *dx, const float *dy, const float *x, float slope, size_t count);
void LANES_FN(hyperbolic_tangent_forward)(float *y, const float *x, float slope, size_t count);
void LANES_FN(hyperbolic_tangent_backward)(float *dx, const float *dy, const float *x, float slope,
                                           size_t count);

// elementwise.c
void LANES_FN(multiply)(float *y, const float *a, const float *b, size_t count);

// dropout.c
void LANES_FN(dropout)(const struct lanes_dropout *d, float *y, const float *x, uint32_t first,
                       uint32_t position_step, uint32_t lane_step, uint32_t samples, size_t count);

// batch_norm.c
void LANES_FN(moments)(const float *x, size_t count, uint32_t present, float shift, float *mean,
                       float *squares);
void LANES_FN(normalize)(float *y, const float *x, size_t count, uint32_t present,
                         const struct lanes_normalize *n);
void LANES_FN(normalize_sums)(const float *dy, const float *x, size_t count, uint32_t present, float mean,
                              const float *y, float *sum, float *product_sum);
void LANES_FN(normalize_backward)(float *dx, const float *dy, const float *x, size_t count, uint32_t present,
                                  const float *y, const struct lanes_normalize_backward *n);

// loss.c
void LANES_FN(log_softmax_forward)(float *y, const float *x, ptrdiff_t classes);
void LANES_FN(log_softmax_backward)(float *dx, const float *dy, const float *y, ptrdiff_t classes);
float LANES_FN(squared_distance)(const float *a, const float *b, size_t count);
void LANES_FN(squared_distance_lanes)(const float *a, const float *b, ptrdiff_t positions, float *sums);
void LANES_FN(scaled_difference)(float *y, const float *a, const float *b, float scale, size_t count,
                                 uint32_t present);

// avg_pool.c
void LANES_FN(avg_pool_forward)(const struct lanes_avg_pool *p, const float *x, float *y);
void LANES_FN(avg_pool_backward)(const struct lanes_avg_pool *p, const float *dy, float *dx);

#endif
