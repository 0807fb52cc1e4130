// Optimizers. A call updates all parameters that share a learning rate: a part of their arena, or the whole.
// adam, sgd and moving_average, which take the step state, do nothing while state.skip (step.h) is not 0;
// gradient_accumulate does not look at it.
#ifndef TUFF_OP_OPTIMIZER_H
#define TUFF_OP_OPTIMIZER_H

#include "../tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

// Doubles, so that 1 - beta is rounded to float32 once, by each backend, and not before.
struct tuff_adam_params {
    uint32_t size;
    uint32_t reserved0;
    double beta1, beta2; // in [0,1)
    double epsilon;      // above 0
    double weight_decay; // in [0,1); see below
    uint32_t decoupled;  // 0: L2, added to the gradient, as torch.optim.Adam; 1: as torch.optim.AdamW
    float rate_factor;   // at least 0; see tuff_rate_factor
};

// What learning_rate is multiplied by, in float32, wherever an optimizer uses it. A field of 0 stands for 1.
static inline float tuff_rate_factor(float field)
{
    return field > 0 ? field : 1.0f;
}

// Adam (Kingma & Ba, 2015, algorithm 1), in the form that torch.optim.Adam computes; g is the gradient:
//   decoupled:  p -= learning_rate * weight_decay * p, before the rest;   else:  g += weight_decay * p
//   m = beta1*m + (1-beta1)*g;   v = beta2*v + (1-beta2)*g*g
//   p -= (learning_rate / bias_correction1) * m / (sqrt(v) / bias_correction2_sqrt + epsilon)
// learning_rate (times rate_factor), bias_correction1 and bias_correction2_sqrt come from state.row (step.h).
//
// parameters: (P) f32, inout.  moments: (2,P) f32, inout: m, then v.  gradients: (P) f32.  state: (16) u32.
// All row-major. Elements are independent of each other.
struct tuff_adam_args {
    uint32_t size;
    uint32_t reserved;
    const struct tuff_adam_params *params;
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *parameters; // inout
    const struct tuff_tensor *moments;    // inout
    const struct tuff_tensor *gradients;
    const struct tuff_tensor *state;
};

struct tuff_sgd_params {
    uint32_t size;
    uint32_t nesterov;   // 1: Nesterov's momentum, as torch.optim.SGD has it; only with momentum above 0
    double momentum;     // in [0,1); above 0 exactly if there is a velocity
    double weight_decay; // in [0,1)
    float rate_factor;   // at least 0; see tuff_rate_factor
    uint32_t reserved;
};

// Stochastic gradient descent, as torch.optim.SGD without dampening; g is the gradient:
//   g += weight_decay * p;   with momentum:  v = momentum * v + g  and  g = nesterov ? g + momentum * v : v
//   p -= learning_rate * g
// learning_rate comes from state.row (step.h), times rate_factor. A velocity that starts at zero gives
// PyTorch's first step too.
//
// parameters: (P) f32, inout.  velocity: (P) f32, inout, optional.  gradients: (P) f32.  state: (16) u32.
// Elements are independent of each other.
struct tuff_sgd_args {
    uint32_t size;
    uint32_t reserved;
    const struct tuff_sgd_params *params;
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *parameters; // inout
    const struct tuff_tensor *velocity;   // inout, optional
    const struct tuff_tensor *gradients;
    const struct tuff_tensor *state;
};

// The Euclidean norm of a whole gradient arena: norm[0] = sqrt(sum of gradients[i]^2), as
// torch.nn.utils.clip_grad_norm_. A sum of squares above float32's range gives infinity, and a square below
// its normal range may count as 0. However many terms there are, the sum is accurate to a few units in the
// last place of float32: partial sums are short, and in turn summed in short runs, or in double.
//
// norm: (1) f32.  gradients: (P) f32.
struct tuff_gradient_norm_args {
    uint32_t size;
    uint32_t reserved;
    const void *params; // none
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *norm; // out
    const struct tuff_tensor *gradients;
};

struct tuff_gradient_clip_params {
    uint32_t size;
    float max_norm; // above 0, finite
};

// Scales the gradients so that their norm is at most max_norm: gradients[i] *= min(1, max_norm / (norm[0] +
// 1e-6)), as torch.nn.utils.clip_grad_norm_. Where that is 1, their bits stay. An infinite norm gives zeros
// (NaN for infinite gradients), a NaN norm gives NaN throughout.
//
// gradients: (P) f32, inout.  norm: (1) f32, from gradient_norm.
struct tuff_gradient_clip_args {
    uint32_t size;
    uint32_t reserved;
    const struct tuff_gradient_clip_params *params;
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *gradients; // inout
    const struct tuff_tensor *norm;
};

// A moving average of the parameters, to be taken after each step: average = d * average + (1 - d) *
// parameters with d = state.row.average_decay. With d = 0 it becomes the parameters, bit for bit but for
// the sign of a zero, if it was finite.
//
// average: (P) f32, inout.  parameters: (P) f32.  state: (16) u32. Elements are independent of each other.
struct tuff_moving_average_args {
    uint32_t size;
    uint32_t reserved;
    const void *params; // none
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *average; // inout
    const struct tuff_tensor *parameters;
    const struct tuff_tensor *state;
};

struct tuff_gradient_accumulate_params {
    uint32_t size;
    uint32_t batch;   // samples of an optimizer's step, at least 1
    uint32_t samples; // of the set, at least 1; the last batch may be short
};

// Adds up the gradient of a batch that runs in parts, one step of the program each. gradients: of the mean
// loss of a part's samples, which are state.row.valid from state.row.begin (step.h) on. With first = begin
// mod batch and total = min(batch, samples - (begin - first)):
//   sum = (first == 0 ? 0 : sum) + gradients * (valid / total)
// so that after the last part it is the gradient of the batch's mean loss. What sum was before the first part
// does not matter, NaN included. begin < samples.
//
// sum: (P) f32, inout.  gradients: (P) f32.  state: (16) u32. Elements are independent of each other.
struct tuff_gradient_accumulate_args {
    uint32_t size;
    uint32_t reserved;
    const struct tuff_gradient_accumulate_params *params;
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *sum; // inout
    const struct tuff_tensor *gradients;
    const struct tuff_tensor *state;
};

// What gradients are multiplied by; 0 < batch.
static inline float tuff_gradient_part(const struct tuff_gradient_accumulate_params *params, uint32_t begin,
                                       uint32_t valid)
{
    const uint32_t rest = params->samples - (begin - begin % params->batch);
    return (float)valid / (float)(rest < params->batch ? rest : params->batch);
}

#ifdef __cplusplus
}
#endif
#endif
