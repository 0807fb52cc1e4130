// Batch normalization over the batch and the image, per channel (Ioffe & Szegedy, 2015), as
// torch.nn.BatchNorm2d.
#ifndef TUFF_OP_BATCH_NORM2D_H
#define TUFF_OP_BATCH_NORM2D_H

#include "../tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

struct tuff_batch_norm2d_params {
    uint32_t size;
    float epsilon;  // added to the variance; at least 0 (with 0 a constant channel gives infinities, as in
                    // PyTorch)
    float momentum; // weight of the new statistics in the running ones, 0 to 1
};

// Training. Over the M = valid * H * W elements of a channel (state.row.valid samples; those from valid on are
// absent):
//   mean[c]     = sum x / M
//   variance[c] = sum (x - mean[c])^2 / M    (biased; two passes or better, never E[x^2] - mean^2)
//   inverse[c]  = 1 / sqrt(variance[c] + epsilon)
//   y           = (x - mean[c]) * inverse[c] * weight[c] + bias[c]
//   running_mean[c]     = (1 - momentum) * running_mean[c] + momentum * mean[c]
//   running_variance[c] = (1 - momentum) * running_variance[c] + momentum * variance[c] * M / (M - 1)
// With M = 1 the running variance keeps its value, and both running values do where mean[c] or the unbiased
// variance is not finite in float32: of a step in mixed precision that is skipped, say. Absent samples of y
// become zero, whatever the statistics are; padding lanes any finite value.
//
// y, x: (N,C,H,W) f32, one layout.  mean, inverse: (C) f32, kept for backward.
// running_mean, running_variance: (C) f32, inout.  weight, bias: (C) f32, optional (1 and 0), both or none.
// state: (16) u32.
struct tuff_batch_norm2d_train_args {
    uint32_t size;
    uint32_t reserved;
    const struct tuff_batch_norm2d_params *params;
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *y;                // out
    const struct tuff_tensor *mean;             // out
    const struct tuff_tensor *inverse;          // out
    const struct tuff_tensor *running_mean;     // inout
    const struct tuff_tensor *running_variance; // inout
    const struct tuff_tensor *x;
    const struct tuff_tensor *weight; // optional
    const struct tuff_tensor *bias;   // optional
    const struct tuff_tensor *state;
};

// Evaluation. y = (x - running_mean[c]) / sqrt(running_variance[c] + epsilon) * weight[c] + bias[c].
//
// y, x: (N,C,H,W) f32, one layout; the others as above. In place: y may be x.
struct tuff_batch_norm2d_eval_args {
    uint32_t size;
    uint32_t reserved;
    const struct tuff_batch_norm2d_params *params;
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *y; // out
    const struct tuff_tensor *x;
    const struct tuff_tensor *running_mean;
    const struct tuff_tensor *running_variance;
    const struct tuff_tensor *weight; // optional
    const struct tuff_tensor *bias;   // optional
};

// Backward of training, x^ = (x - mean) * inverse, sums over the M elements of the channel:
//   dbias[c] = sum dy;   dweight[c] = sum dy * x^
//   dx = weight[c] * inverse[c] * (dy - dbias[c] / M - x^ * dweight[c] / M)  for samples below valid, else 0
// Padding lanes of dx become zero.
//
// dx, dy, x: (N,C,H,W) f32, one layout.  dweight, dbias, mean, inverse: (C) f32.  weight: (C) f32, optional (1).
// dweight and dbias are written in any case: dx needs both.
struct tuff_batch_norm2d_backward_args {
    uint32_t size;
    uint32_t reserved;
    const void *params; // none
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *dx;      // out
    const struct tuff_tensor *dweight; // out
    const struct tuff_tensor *dbias;   // out
    const struct tuff_tensor *dy;
    const struct tuff_tensor *x;
    const struct tuff_tensor *mean;
    const struct tuff_tensor *inverse;
    const struct tuff_tensor *weight; // optional
    const struct tuff_tensor *state;
};

// Fused: y = relu_forward of what batch_norm2d_train computes; all else as there.
struct tuff_batch_norm2d_relu_train_args {
    uint32_t size;
    uint32_t reserved;
    const struct tuff_batch_norm2d_params *params;
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *y;                // out
    const struct tuff_tensor *mean;             // out
    const struct tuff_tensor *inverse;          // out
    const struct tuff_tensor *running_mean;     // inout
    const struct tuff_tensor *running_variance; // inout
    const struct tuff_tensor *x;
    const struct tuff_tensor *weight; // optional
    const struct tuff_tensor *bias;   // optional
    const struct tuff_tensor *state;
};

// Fused: y = relu_forward of what batch_norm2d_eval computes. In place: y may be x.
struct tuff_batch_norm2d_relu_eval_args {
    uint32_t size;
    uint32_t reserved;
    const struct tuff_batch_norm2d_params *params;
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *y; // out
    const struct tuff_tensor *x;
    const struct tuff_tensor *running_mean;
    const struct tuff_tensor *running_variance;
    const struct tuff_tensor *weight; // optional
    const struct tuff_tensor *bias;   // optional
};

// Backward of batch_norm2d_relu_train: batch_norm2d_backward with y > 0 ? dy : 0 in the place of dy.
//
// y: forward's output, of x's shape and layout; the others as of batch_norm2d_backward.
struct tuff_batch_norm2d_relu_backward_args {
    uint32_t size;
    uint32_t reserved;
    const void *params; // none
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *dx;      // out
    const struct tuff_tensor *dweight; // out
    const struct tuff_tensor *dbias;   // out
    const struct tuff_tensor *dy;
    const struct tuff_tensor *x;
    const struct tuff_tensor *mean;
    const struct tuff_tensor *inverse;
    const struct tuff_tensor *weight; // optional
    const struct tuff_tensor *state;
    const struct tuff_tensor *y;
};

#ifdef __cplusplus
}
#endif
#endif
