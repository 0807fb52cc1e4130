// Softmax and cross-entropy of N samples over K classes. The greatest logit is subtracted before exp, which
// then neither overflows nor leaves a sum of zero.
#include "element.h"
#include "kernels.h"

#include <math.h>

// The greatest logits[n,k] over k. One NaN makes it NaN, so that loss and gradients are NaN and no guess is
// correct.
static double greatest_logit(const struct tuff_tensor *logits, uint32_t n)
{
    double greatest = ref_get(logits, n, 0, 0, 0);
    for (uint32_t k = 1; k < logits->dims[1]; k++) {
        const double logit = ref_get(logits, n, k, 0, 0);
        if (logit > greatest || isnan(logit))
            greatest = logit;
    }
    return greatest;
}

// The sum over k of exp(logits[n,k] - greatest)
static double sum_of_exps(const struct tuff_tensor *logits, uint32_t n, double greatest)
{
    double sum = 0;
    for (uint32_t k = 0; k < logits->dims[1]; k++)
        sum += exp(ref_get(logits, n, k, 0, 0) - greatest);
    return sum;
}

// The sum over k of logits[n,k] - greatest
static double sum_of_distances(const struct tuff_tensor *logits, uint32_t n, double greatest)
{
    double sum = 0;
    for (uint32_t k = 0; k < logits->dims[1]; k++)
        sum += ref_get(logits, n, k, 0, 0) - greatest;
    return sum;
}

// The first k at which logits[n,k] == greatest; K if there is none (NaN).
static uint32_t first_at(const struct tuff_tensor *logits, uint32_t n, double greatest)
{
    uint32_t k = 0;
    while (k < logits->dims[1] && ref_get(logits, n, k, 0, 0) != greatest)
        k++;
    return k;
}

enum tuff_status ref_softmax_cross_entropy_forward(struct tuff_stream *stream,
                                                   const struct tuff_softmax_cross_entropy_forward_args *args)
{
    (void)stream;
    const struct tuff_tensor *logits = args->logits; // (N,K)
    const struct tuff_step_state *state = ref_data(args->state);
    const double smoothing = args->params->label_smoothing;
    for (uint32_t n = 0; n < ref_stored_batch(args->loss); n++) {
        double loss = 0;
        uint32_t correct = 0;
        if (n < state->row.valid) {
            const uint32_t label = *ref_u32(args->labels, n, 0, 0, 0);
            const double greatest = greatest_logit(logits, n);
            loss = log(sum_of_exps(logits, n, greatest)) -
                   (1 - smoothing) * (ref_get(logits, n, label, 0, 0) - greatest);
            if (smoothing > 0) // zero times a logit of minus infinity would be NaN
                loss -= smoothing / logits->dims[1] * sum_of_distances(logits, n, greatest);
            correct = first_at(logits, n, greatest) == label;
        }
        ref_set(args->loss, n, 0, 0, 0, loss);         // (N)
        *ref_u32(args->correct, n, 0, 0, 0) = correct; // (N)
    }
    return TUFF_OK;
}

enum tuff_status
ref_softmax_cross_entropy_backward(struct tuff_stream *stream,
                                   const struct tuff_softmax_cross_entropy_backward_args *args)
{
    (void)stream;
    const struct tuff_tensor *logits = args->logits;   // (N,K)
    const struct tuff_tensor *dlogits = args->dlogits; // (N,K)
    const struct tuff_step_state *state = ref_data(args->state);
    const uint32_t valid = state->row.valid;
    const double scale = (double)tuff_step_loss_scale(state);
    const double smoothing = args->params->label_smoothing;
    for (uint32_t n = 0; n < ref_stored_batch(dlogits); n++) {
        if (n >= valid) { // an absent sample or a padding lane: sums over the batch rely on the zeros
            for (uint32_t k = 0; k < dlogits->dims[1]; k++)
                ref_set(dlogits, n, k, 0, 0, 0);
            continue;
        }
        const uint32_t label = *ref_u32(args->labels, n, 0, 0, 0);
        const double greatest = greatest_logit(logits, n);
        const double sum = sum_of_exps(logits, n, greatest);
        for (uint32_t k = 0; k < dlogits->dims[1]; k++) {
            const double softmax = exp(ref_get(logits, n, k, 0, 0) - greatest) / sum;
            const double target = (1 - smoothing) * (k == label) + smoothing / dlogits->dims[1];
            ref_set(dlogits, n, k, 0, 0, (softmax - target) / valid * scale);
        }
    }
    return TUFF_OK;
}
