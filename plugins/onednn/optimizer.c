#include "kernels.h"
#include "onednn.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

// What is one minus another is taken in double and rounded once.
enum tuff_status dnn_adam(struct tuff_stream *stream, const struct tuff_adam_args *args)
{
    (void)stream;
    const struct tuff_adam_params *params = args->params;
    const struct tuff_step_state *state = dnn_data(args->state);
    const uint32_t count = args->parameters->dims[0];
    const float *gradients = dnn_data(args->gradients); // (P)
    float *parameters = dnn_data(args->parameters);     // (P)
    float *m = dnn_data(args->moments);                 // (2,P): m, then v
    float *v = m + count;
    const float beta1 = (float)params->beta1, rest1 = (float)(1 - params->beta1);
    const float beta2 = (float)params->beta2, rest2 = (float)(1 - params->beta2);
    const float epsilon = (float)params->epsilon, decay = (float)params->weight_decay;
    const float learning_rate = state->row.learning_rate * tuff_rate_factor(params->rate_factor);
    const float step_size = learning_rate / state->row.bias_correction1;
    const float shrink = learning_rate * decay, correction2 = state->row.bias_correction2_sqrt;
    if (state->skip != 0)
        return TUFF_OK;
    for (uint32_t i = 0; i < count; i++) {
        float p = parameters[i], g = gradients[i];
        if (params->decoupled)
            p -= shrink * p;
        else
            g += decay * p;
        m[i] = beta1 * m[i] + rest1 * g;
        v[i] = beta2 * v[i] + rest2 * g * g;
        parameters[i] = p - step_size * m[i] / (sqrtf(v[i]) / correction2 + epsilon);
    }
    return TUFF_OK;
}

enum tuff_status dnn_sgd(struct tuff_stream *stream, const struct tuff_sgd_args *args)
{
    (void)stream;
    const struct tuff_sgd_params *params = args->params;
    const struct tuff_step_state *state = dnn_data(args->state);
    const float *gradients = dnn_data(args->gradients);                         // (P)
    float *parameters = dnn_data(args->parameters);                             // (P)
    float *velocity = args->velocity != NULL ? dnn_data(args->velocity) : NULL; // (P)
    const float momentum = (float)params->momentum, decay = (float)params->weight_decay;
    const float learning_rate = state->row.learning_rate * tuff_rate_factor(params->rate_factor);
    if (state->skip != 0)
        return TUFF_OK;
    for (uint32_t i = 0; i < args->parameters->dims[0]; i++) {
        float g = gradients[i] + decay * parameters[i];
        if (velocity != NULL) {
            velocity[i] = momentum * velocity[i] + g;
            g = params->nesterov ? g + momentum * velocity[i] : velocity[i];
        }
        parameters[i] -= learning_rate * g;
    }
    return TUFF_OK;
}

enum tuff_status dnn_gradient_norm(struct tuff_stream *stream, const struct tuff_gradient_norm_args *args)
{
    (void)stream;
    const float *gradients = dnn_data(args->gradients); // (P)
    float *norm = dnn_data(args->norm);                 // (1)
    double sum = 0;
    for (uint32_t i = 0; i < args->gradients->dims[0]; i++)
        sum += (double)gradients[i] * (double)gradients[i];
    *norm = sum > (double)FLT_MAX ? INFINITY : (float)sqrt(sum);
    return TUFF_OK;
}

enum tuff_status dnn_gradient_clip(struct tuff_stream *stream, const struct tuff_gradient_clip_args *args)
{
    (void)stream;
    float *gradients = dnn_data(args->gradients); // (P)
    const float *norm = dnn_data(args->norm);     // (1)
    const float scale = args->params->max_norm / (*norm + 1e-6f);
    if (scale >= 1)
        return TUFF_OK;
    for (uint32_t i = 0; i < args->gradients->dims[0]; i++) // a NaN scale comes here, too
        gradients[i] *= scale;
    return TUFF_OK;
}

enum tuff_status dnn_moving_average(struct tuff_stream *stream, const struct tuff_moving_average_args *args)
{
    (void)stream;
    const struct tuff_step_state *state = dnn_data(args->state);
    const float *parameters = dnn_data(args->parameters); // (P)
    float *average = dnn_data(args->average);             // (P)
    const float decay = state->row.average_decay, rest = 1 - decay;
    if (state->skip != 0)
        return TUFF_OK;
    for (uint32_t i = 0; i < args->average->dims[0]; i++)
        average[i] = decay * average[i] + rest * parameters[i];
    return TUFF_OK;
}

enum tuff_status dnn_gradient_accumulate(struct tuff_stream *stream,
                                         const struct tuff_gradient_accumulate_args *args)
{
    (void)stream;
    const struct tuff_step_state *state = dnn_data(args->state);
    const float *gradients = dnn_data(args->gradients); // (P)
    float *sum = dnn_data(args->sum);                   // (P)
    const float part = tuff_gradient_part(args->params, state->row.begin, state->row.valid);
    const bool first = state->row.begin % args->params->batch == 0;
    for (uint32_t i = 0; i < args->sum->dims[0]; i++)
        sum[i] = (first ? 0.0f : sum[i]) + part * gradients[i];
    return TUFF_OK;
}
