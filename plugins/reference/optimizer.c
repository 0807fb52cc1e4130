#include "element.h"
#include "kernels.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

// The moments are rounded to float32 when they are stored; the step of a parameter is computed from what was
// stored, so that it can be computed again from the moments.
enum tuff_status ref_adam(struct tuff_stream *stream, const struct tuff_adam_args *args)
{
    (void)stream;
    const struct tuff_adam_params *params = args->params;
    const struct tuff_step_state *state = ref_data(args->state);
    const float *gradients = ref_data(args->gradients); // (P)
    float *parameters = ref_data(args->parameters);     // (P)
    const uint32_t count = args->parameters->dims[0];
    float *m = ref_data(args->moments); // (2,P): m, then v
    float *v = m + count;
    const float learning_rate = state->row.learning_rate * tuff_rate_factor(params->rate_factor);
    const double step_size = (double)learning_rate / state->row.bias_correction1;
    if (state->skip != 0)
        return TUFF_OK;
    for (uint32_t i = 0; i < count; i++) {
        double p = parameters[i], g = gradients[i];
        if (params->decoupled)
            p -= (double)learning_rate * params->weight_decay * p;
        else
            g += params->weight_decay * p;
        m[i] = (float)(params->beta1 * m[i] + (1 - params->beta1) * g);
        v[i] = (float)(params->beta2 * v[i] + (1 - params->beta2) * g * g);
        const double denominator = sqrt(v[i]) / state->row.bias_correction2_sqrt + params->epsilon;
        parameters[i] = (float)(p - step_size * m[i] / denominator);
    }
    return TUFF_OK;
}

// The velocity, too, is rounded to float32 when it is stored, and the step computed from what was stored.
enum tuff_status ref_sgd(struct tuff_stream *stream, const struct tuff_sgd_args *args)
{
    (void)stream;
    const struct tuff_sgd_params *params = args->params;
    const struct tuff_step_state *state = ref_data(args->state);
    const float *gradients = ref_data(args->gradients);                         // (P)
    float *parameters = ref_data(args->parameters);                             // (P)
    float *velocity = args->velocity != NULL ? ref_data(args->velocity) : NULL; // (P)
    const float learning_rate = state->row.learning_rate * tuff_rate_factor(params->rate_factor);
    if (state->skip != 0)
        return TUFF_OK;
    for (uint32_t i = 0; i < args->parameters->dims[0]; i++) {
        double g = gradients[i] + params->weight_decay * parameters[i];
        if (velocity != NULL) {
            velocity[i] = (float)(params->momentum * velocity[i] + g);
            g = params->nesterov ? g + params->momentum * velocity[i] : velocity[i];
        }
        parameters[i] = (float)(parameters[i] - (double)learning_rate * g);
    }
    return TUFF_OK;
}

enum tuff_status ref_gradient_norm(struct tuff_stream *stream, const struct tuff_gradient_norm_args *args)
{
    (void)stream;
    const float *gradients = ref_data(args->gradients); // (P)
    double sum = 0;
    for (uint32_t i = 0; i < args->gradients->dims[0]; i++)
        sum += (double)gradients[i] * gradients[i];
    ref_set(args->norm, 0, 0, 0, 0, sum > (double)FLT_MAX ? INFINITY : sqrt(sum));
    return TUFF_OK;
}

enum tuff_status ref_gradient_clip(struct tuff_stream *stream, const struct tuff_gradient_clip_args *args)
{
    (void)stream;
    float *gradients = ref_data(args->gradients); // (P)
    const double scale = args->params->max_norm / (ref_get(args->norm, 0, 0, 0, 0) + 1e-6);
    if (scale >= 1)
        return TUFF_OK;
    for (uint32_t i = 0; i < args->gradients->dims[0]; i++) // a NaN scale comes here, too
        gradients[i] = (float)(gradients[i] * scale);
    return TUFF_OK;
}

enum tuff_status ref_moving_average(struct tuff_stream *stream, const struct tuff_moving_average_args *args)
{
    (void)stream;
    const struct tuff_step_state *state = ref_data(args->state);
    const float *parameters = ref_data(args->parameters); // (P)
    float *average = ref_data(args->average);             // (P)
    const double decay = state->row.average_decay;
    if (state->skip != 0)
        return TUFF_OK;
    for (uint32_t i = 0; i < args->average->dims[0]; i++)
        average[i] = (float)(decay * average[i] + (1 - decay) * parameters[i]);
    return TUFF_OK;
}

enum tuff_status ref_gradient_accumulate(struct tuff_stream *stream,
                                         const struct tuff_gradient_accumulate_args *args)
{
    (void)stream;
    const struct tuff_step_state *state = ref_data(args->state);
    const float *gradients = ref_data(args->gradients); // (P)
    float *sum = ref_data(args->sum);                   // (P)
    const double part = (double)tuff_gradient_part(args->params, state->row.begin, state->row.valid);
    const bool first = state->row.begin % args->params->batch == 0;
    for (uint32_t i = 0; i < args->sum->dims[0]; i++)
        sum[i] = (float)((first ? 0.0 : (double)sum[i]) + part * (double)gradients[i]);
    return TUFF_OK;
}
