#include "kernels.h"
#include "onednn.h"

#include <math.h>
#include <string.h>

// The greatest of K logits; NaN if one of them is.
static double greatest_of(const float *logits, uint32_t count)
{
    double greatest = (double)logits[0];
    for (uint32_t k = 1; k < count; k++)
        if ((double)logits[k] > greatest || isnan(logits[k]))
            greatest = (double)logits[k];
    return greatest;
}

static double sum_of_exps(const float *logits, uint32_t count, double greatest)
{
    double sum = 0;
    for (uint32_t k = 0; k < count; k++)
        sum += exp((double)logits[k] - greatest);
    return sum;
}

static double loss_of(const float *logits, uint32_t count, uint32_t label, double smoothing)
{
    const double greatest = greatest_of(logits, count);
    double loss =
        log(sum_of_exps(logits, count, greatest)) - (1 - smoothing) * ((double)logits[label] - greatest);
    if (smoothing > 0) { // zero times a logit of minus infinity would be NaN
        double distances = 0;
        for (uint32_t k = 0; k < count; k++)
            distances += (double)logits[k] - greatest;
        loss -= smoothing / count * distances;
    }
    return loss;
}

// The first k whose logit is the greatest; K if there is none (NaN).
static uint32_t guess_of(const float *logits, uint32_t count)
{
    const double greatest = greatest_of(logits, count);
    uint32_t k = 0;
    while (k < count && (double)logits[k] != greatest)
        k++;
    return k;
}

enum tuff_status dnn_softmax_cross_entropy_forward(struct tuff_stream *stream,
                                                   const struct tuff_softmax_cross_entropy_forward_args *args)
{
    (void)stream;
    const uint32_t classes = args->logits->dims[1];
    const struct tuff_step_state *state = dnn_data(args->state);
    const float *logits = dnn_data(args->logits);    // (N,K)
    const uint32_t *labels = dnn_data(args->labels); // (N)
    float *loss = dnn_data(args->loss);              // (N)
    uint32_t *correct = dnn_data(args->correct);     // (N)
    for (uint32_t n = 0; n < args->loss->dims[0]; n++, logits += classes) {
        const int valid = n < state->row.valid;
        loss[n] =
            valid ? (float)loss_of(logits, classes, labels[n], (double)args->params->label_smoothing) : 0.0f;
        correct[n] = valid && guess_of(logits, classes) == labels[n];
    }
    return TUFF_OK;
}

enum tuff_status
dnn_softmax_cross_entropy_backward(struct tuff_stream *stream,
                                   const struct tuff_softmax_cross_entropy_backward_args *args)
{
    (void)stream;
    const uint32_t classes = args->logits->dims[1];
    const struct tuff_step_state *state = dnn_data(args->state);
    const double smoothing = (double)args->params->label_smoothing;
    const float *logits = dnn_data(args->logits);    // (N,K)
    const uint32_t *labels = dnn_data(args->labels); // (N)
    float *dlogits = dnn_data(args->dlogits);        // (N,K)
    const double scale = (double)tuff_step_loss_scale(state) / state->row.valid;
    for (uint32_t n = 0; n < args->logits->dims[0]; n++, logits += classes, dlogits += classes) {
        if (n >= state->row.valid) {
            memset(dlogits, 0, classes * sizeof *dlogits);
            continue;
        }
        const double greatest = greatest_of(logits, classes);
        const double sum = sum_of_exps(logits, classes, greatest);
        for (uint32_t k = 0; k < classes; k++) {
            const double softmax = exp((double)logits[k] - greatest) / sum;
            const double target = (1 - smoothing) * (k == labels[n]) + smoothing / classes;
            dlogits[k] = (float)((softmax - target) * scale);
        }
    }
    return TUFF_OK;
}
