// How the fused op's parameters come from those of its parts.
#ifndef TUFF_CORE_OP_CONV2D_RELU_MAX_POOL2D_H
#define TUFF_CORE_OP_CONV2D_RELU_MAX_POOL2D_H

#include "tuff/op.h"

// pool: without padding or dilation.
struct tuff_conv2d_relu_max_pool2d_params
tuff_conv2d_relu_max_pool2d_join(const struct tuff_conv2d_params *conv,
                                 const struct tuff_max_pool2d_params *pool);

#endif
