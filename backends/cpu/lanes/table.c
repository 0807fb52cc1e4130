#include "kernels.h"
#include "outer_tile.h"
#include "pooled_tile.h"
#include "product_tile.h"
#include "tile.h"
#include "weight_tile.h"

#define LANES_STRING_(x) #x
#define LANES_STRING(x)  LANES_STRING_(x)

const struct lanes_table LANES_FN(table) = {
    .name = LANES_STRING(LANES_ISA),
    .correlation_outputs = TILE_OUTPUTS,
    .gradient_outputs = WEIGHT_TILE_OUTPUTS,
    .gradient_outputs_span3 = WEIGHT_TILE_OUTPUTS_SPAN3,
    .product_outputs = PRODUCT_OUTPUTS,
    .outer_outputs = OUTER_TILE_OUTPUTS,
    .correlate = LANES_FN(correlate),
    .correlate_packed = LANES_FN(correlate_packed),
    .weight_gradient = LANES_FN(weight_gradient),
    .product = LANES_FN(product),
    .product_packed = LANES_FN(product_packed),
    .outer_product = LANES_FN(outer_product),
    .sum_lanes = LANES_FN(sum_lanes),
    .transpose = LANES_FN(transpose),
    .max_pool_forward = LANES_FN(max_pool_forward),
    .max_pool_backward = LANES_FN(max_pool_backward),
    .pooled_outputs = POOLED_OUTPUTS,
    .pooled_conv = LANES_FN(pooled_conv),
    .relu_max_pool = LANES_FN(relu_max_pool),
    .gather_half = LANES_FN(gather_half),
    .scatter_half = LANES_FN(scatter_half),
    .winners_weight = LANES_FN(winners_weight),
#if LANES_WIDTH == 16
    .winners_plane = LANES_FN(winners_plane),
#endif
    .winners_weights_size = LANES_FN(winners_weights_size),
    .winners_weights = LANES_FN(winners_weights),
    .winners_input = LANES_FN(winners_input),
    .cross_entropy_forward = LANES_FN(cross_entropy_forward),
    .cross_entropy_backward = LANES_FN(cross_entropy_backward),
    .gather_bytes = LANES_FN(gather_bytes),
    .scale_bytes = LANES_FN(scale_bytes),
    .augment_block = LANES_FN(augment_block),
    .augment_sample = LANES_FN(augment_sample),
    .add = LANES_FN(add),
    .relu_forward = LANES_FN(relu_forward),
    .relu_backward = LANES_FN(relu_backward),
    .adam = LANES_FN(adam),
    .sum_parts = LANES_FN(sum_parts),
    .sum = LANES_FN(sum),
    .sgd = LANES_FN(sgd),
    .sum_of_squares = LANES_FN(sum_of_squares),
    .scale = LANES_FN(scale),
    .moving_average = LANES_FN(moving_average),
    .accumulate = LANES_FN(accumulate),
    .activation_forward = {LANES_FN(leaky_relu_forward), LANES_FN(gelu_forward), LANES_FN(silu_forward),
                           LANES_FN(sigmoid_forward), LANES_FN(hyperbolic_tangent_forward)},
    .activation_backward = {LANES_FN(leaky_relu_backward), LANES_FN(gelu_backward), LANES_FN(silu_backward),
                            LANES_FN(sigmoid_backward), LANES_FN(hyperbolic_tangent_backward)},
    .multiply = LANES_FN(multiply),
    .dropout = LANES_FN(dropout),
    .moments = LANES_FN(moments),
    .normalize = LANES_FN(normalize),
    .normalize_sums = LANES_FN(normalize_sums),
    .normalize_backward = LANES_FN(normalize_backward),
    .log_softmax_forward = LANES_FN(log_softmax_forward),
    .log_softmax_backward = LANES_FN(log_softmax_backward),
    .squared_distance = LANES_FN(squared_distance),
    .squared_distance_lanes = LANES_FN(squared_distance_lanes),
    .scaled_difference = LANES_FN(scaled_difference),
    .avg_pool_forward = LANES_FN(avg_pool_forward),
    .avg_pool_backward = LANES_FN(avg_pool_backward),
};
