// The end of a training step: from gradients to new parameters.
#include "pass_state.h"

static enum tuff_status add_norm(struct tuff_graph *graph, tuff_value_id gradients, tuff_value_id *norm)
{
    tuff_value_id values[2] = {TUFF_NO_VALUE, gradients};
    enum tuff_status status = tuff_graph_add_node(graph, TUFF_OP_GRADIENT_NORM, NULL, NULL, values);
    *norm = values[0];
    return status;
}

// norm: of the gradients; TUFF_NO_VALUE: to be found.
static enum tuff_status add_clip(struct tuff_graph *graph, double max_norm, tuff_value_id gradients,
                                 tuff_value_id norm)
{
    const struct tuff_gradient_clip_params clip = {.size = sizeof clip, .max_norm = (float)max_norm};
    enum tuff_status status = norm == TUFF_NO_VALUE ? add_norm(graph, gradients, &norm) : TUFF_OK;
    if (status == TUFF_OK)
        status = tuff_graph_add_node(graph, TUFF_OP_GRADIENT_CLIP, &clip, NULL,
                                     (tuff_value_id[]){gradients, norm});
    return status;
}

// Of a loss that was scaled: finds out whether the gradients have overflowed, and frees them of the scale.
// *norm: theirs after that.
static enum tuff_status add_unscale(struct tuff_graph *graph, tuff_value_id gradients, tuff_value_id state,
                                    tuff_value_id *norm)
{
    const struct tuff_loss_scale_update_params update = {.size = sizeof update,
                                                         .interval = TUFF_LOSS_SCALE_INTERVAL};
    enum tuff_status status = add_norm(graph, gradients, norm);
    if (status == TUFF_OK)
        status = tuff_graph_add_node(graph, TUFF_OP_LOSS_SCALE_UPDATE, &update, NULL,
                                     (tuff_value_id[]){state, *norm});
    if (status == TUFF_OK)
        status = tuff_graph_add_node(graph, TUFF_OP_GRADIENT_UNSCALE, NULL, NULL,
                                     (tuff_value_id[]){gradients, state});
    return status;
}

enum tuff_status tuff_pass_add_accumulation(struct tuff_pass *pass, struct tuff_graph *graph,
                                            const tuff_value_id ids[EXTERNAL_COUNT])
{
    const struct tuff_gradient_accumulate_params params = {
        .size = sizeof params, .batch = pass->batch_size, .samples = pass->data->count};
    return tuff_graph_add_node(
        graph, TUFF_OP_GRADIENT_ACCUMULATE, &params, NULL,
        (tuff_value_id[]){ids[EXTERNAL_SUMS], ids[EXTERNAL_GRADIENTS], ids[EXTERNAL_STATE]});
}

enum tuff_status tuff_pass_add_optimizer(struct tuff_pass *pass, struct tuff_graph *graph,
                                         const tuff_value_id ids[EXTERNAL_COUNT])
{
    const struct tuff_trainer_options *o = pass->options.training;
    bool sgd = o->optimizer == TUFF_OPTIMIZER_SGD;
    const struct tuff_adam_params adam = {
        .size = sizeof adam,
        .beta1 = o->beta1,
        .beta2 = o->beta2,
        .epsilon = o->epsilon,
        .weight_decay = o->weight_decay,
        .decoupled = o->optimizer == TUFF_OPTIMIZER_ADAMW,
    };
    const struct tuff_sgd_params descent = {
        .size = sizeof descent,
        .nesterov = o->nesterov != 0,
        .momentum = o->momentum,
        .weight_decay = o->weight_decay,
    };
    tuff_value_id moments = pass->parameters->moment_count == 0 ? TUFF_NO_VALUE : ids[EXTERNAL_MOMENTS];
    const tuff_value_id gradients = ids[pass->parts > 1 ? EXTERNAL_SUMS : EXTERNAL_GRADIENTS];
    tuff_value_id values[4] = {ids[EXTERNAL_PARAMETERS], moments, gradients, ids[EXTERNAL_STATE]};
    tuff_value_id norm = TUFF_NO_VALUE;
    enum tuff_status status = TUFF_OK;
    if (pass->options.mixed)
        status = add_unscale(graph, gradients, ids[EXTERNAL_STATE], &norm);
    if (status == TUFF_OK && o->clip_norm > 0)
        status = add_clip(graph, o->clip_norm, gradients, norm);
    if (status == TUFF_OK)
        status = tuff_graph_add_node(graph, sgd ? TUFF_OP_SGD : TUFF_OP_ADAM,
                                     sgd ? (const void *)&descent : &adam, NULL, values);
    if (status == TUFF_OK && pass->parameters->averages != NULL)
        status = tuff_graph_add_node(
            graph, TUFF_OP_MOVING_AVERAGE, NULL, NULL,
            (tuff_value_id[]){ids[EXTERNAL_AVERAGES], ids[EXTERNAL_PARAMETERS], ids[EXTERNAL_STATE]});
    return status;
}
