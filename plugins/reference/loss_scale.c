#include "element.h"
#include "kernels.h"

#include <math.h>

enum tuff_status ref_loss_scale_update(struct tuff_stream *stream,
                                       const struct tuff_loss_scale_update_args *args)
{
    (void)stream;
    struct tuff_step_state *state = ref_data(args->state);
    const float scale = state->loss_scale;
    const double norm = ref_get(args->norm, 0, 0, 0, 0);
    state->unscale = 1 / scale;
    if (!isfinite(norm)) {
        ref_set(args->norm, 0, 0, 0, 0, 0);
        state->skip = 1;
        state->skipped += 1;
        state->good_steps = 0;
        state->loss_scale = fmaxf(scale / 2, TUFF_LOSS_SCALE_LEAST);
        return TUFF_OK;
    }
    state->skip = 0;
    ref_set(args->norm, 0, 0, 0, 0, norm / scale);
    state->good_steps += 1;
    if (state->good_steps == args->params->interval) {
        state->good_steps = 0;
        state->loss_scale = fminf(scale * 2, TUFF_LOSS_SCALE_MOST);
    }
    return TUFF_OK;
}

enum tuff_status ref_gradient_unscale(struct tuff_stream *stream,
                                      const struct tuff_gradient_unscale_args *args)
{
    (void)stream;
    const struct tuff_step_state *state = ref_data(args->state);
    float *gradients = ref_data(args->gradients); // (P)
    for (uint32_t i = 0; i < args->gradients->dims[0]; i++)
        gradients[i] *= state->unscale;
    return TUFF_OK;
}
