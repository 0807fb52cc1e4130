// Softmax followed by cross-entropy against class labels: the loss, its gradient, and what was guessed.
#ifndef TUFF_OP_SOFTMAX_CROSS_ENTROPY_H
#define TUFF_OP_SOFTMAX_CROSS_ENTROPY_H

#include "../tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

// Both ops read state.row.valid (step.h): samples from valid on are absent, so that the last, short batch of
// an epoch runs the same program. 1 <= valid <= N.

struct tuff_softmax_cross_entropy_params {
    uint32_t size;
    float label_smoothing; // s in [0,1]: the target is (1-s) * (k == label) + s/K, as in
                           // torch.nn.CrossEntropyLoss
};

// Forward, for n < valid, m = max over k of logits[n,k]:
//   loss[n]    = log(sum over k of exp(logits[n,k] - m)) - (1-s) * (logits[n,labels[n]] - m)
//                - s/K * sum over k of (logits[n,k] - m)                    (nats, not averaged)
//   correct[n] = 1 if labels[n] is the first k at which logits[n,k] == m, else 0
// For n >= valid both are 0. Without smoothing the last term does not exist, and a logit of minus infinity
// elsewhere than at the label is a class that is ruled out; with it such a logit makes the loss infinite.
//
// loss: (N) f32.  correct: (N) u32.  logits: (N,K) f32.  labels: (N) u32, each below K.  state: (16) u32.
struct tuff_softmax_cross_entropy_forward_args {
    uint32_t size;
    uint32_t reserved;
    const struct tuff_softmax_cross_entropy_params *params;
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *loss;    // out
    const struct tuff_tensor *correct; // out
    const struct tuff_tensor *logits;
    const struct tuff_tensor *labels;
    const struct tuff_tensor *state;
};

// Backward, of the mean loss over the valid samples, times the loss's scale (step.h) where there is one:
//   dlogits[n,k] = (softmax(logits[n,:])[k] - target[n,k]) / valid * loss_scale  for n < valid, else 0.
// Padding lanes of dlogits become zero.
//
// dlogits: (N,K) f32, in logits' layout; the others as in forward.
struct tuff_softmax_cross_entropy_backward_args {
    uint32_t size;
    uint32_t reserved;
    const struct tuff_softmax_cross_entropy_params *params;
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *dlogits; // out
    const struct tuff_tensor *logits;
    const struct tuff_tensor *labels;
    const struct tuff_tensor *state;
};

#ifdef __cplusplus
}
#endif
#endif
