// Optimizers. Each updates a whole parameter arena in one call.
#ifndef TUFF_OP_OPTIMIZER_H
#define TUFF_OP_OPTIMIZER_H

#include "../tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

// Doubles, so that 1 - beta is rounded to float32 once, by each backend, and not before.
struct tuff_adam_params {
    uint32_t size;
    uint32_t reserved;
    double beta1, beta2;  // in [0,1)
    double epsilon;       // above 0
    double weight_decay;  // L2: added to the gradient as weight_decay * parameter (coupled, as in torch.optim.Adam)
};

// Adam (Kingma & Ba, 2015, algorithm 1), in the form that torch.optim.Adam computes; g is the gradient:
//   g += weight_decay * p;   m = beta1*m + (1-beta1)*g;   v = beta2*v + (1-beta2)*g*g
//   p -= (learning_rate / bias_correction1) * m / (sqrt(v) / bias_correction2_sqrt + epsilon)
// learning_rate, bias_correction1 and bias_correction2_sqrt come from state.row (step.h).
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

#ifdef __cplusplus
}
#endif
#endif
