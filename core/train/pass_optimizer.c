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

// What an optimizer works on.
struct trained {
    tuff_value_id parameters, gradients, moments;
    double factor; // of the learning rate
};

static enum tuff_status add_update(const struct tuff_pass *pass, struct tuff_graph *graph,
                                   const struct trained *trained, tuff_value_id state)
{
    const struct tuff_trainer_options *o = pass->options.training;
    bool sgd = o->optimizer == TUFF_OPTIMIZER_SGD;
    // A plugin that does not know the field is asked to do without it where it says nothing.
    const float factor = trained->factor == 1 ? 0 : (float)trained->factor;
    const struct tuff_adam_params adam = {
        .size = sizeof adam,
        .beta1 = o->beta1,
        .beta2 = o->beta2,
        .epsilon = o->epsilon,
        .weight_decay = o->weight_decay,
        .decoupled = o->optimizer == TUFF_OPTIMIZER_ADAMW,
        .rate_factor = factor,
    };
    const struct tuff_sgd_params descent = {
        .size = sizeof descent,
        .nesterov = o->nesterov != 0,
        .momentum = o->momentum,
        .weight_decay = o->weight_decay,
        .rate_factor = factor,
    };
    tuff_value_id moments = pass->parameters->moment_count == 0 ? TUFF_NO_VALUE : trained->moments;
    tuff_value_id values[4] = {trained->parameters, moments, trained->gradients, state};
    return tuff_graph_add_node(graph, sgd ? TUFF_OP_SGD : TUFF_OP_ADAM, sgd ? (const void *)&descent : &adam,
                               NULL, values);
}

// The parts of the arenas that belong to a group.
static enum tuff_status add_group_values(const struct tuff_pass *pass, struct tuff_graph *graph, size_t g,
                                         struct trained *trained)
{
    const struct tuff_parameters *p = pass->parameters;
    const uint32_t count = (uint32_t)(p->groups[g].bytes / sizeof(float)), two = p->moment_count == 2;
    const uint32_t external = tuff_pass_group_external(p, g), moments[2] = {two ? 2 : count, count};
    trained->factor = p->groups[g].factor;
    enum tuff_status status = tuff_graph_add_value(graph, TUFF_VALUE_EXTERNAL, external, "parameters",
                                                   TUFF_F32, 1, &count, false, &trained->parameters);
    if (status == TUFF_OK)
        status = tuff_graph_add_value(graph, TUFF_VALUE_EXTERNAL, external + 1, "gradients", TUFF_F32, 1,
                                      &count, false, &trained->gradients);
    if (status == TUFF_OK && p->moment_count != 0)
        status = tuff_graph_add_value(graph, TUFF_VALUE_EXTERNAL, external + 2, "moments", TUFF_F32, 1 + two,
                                      moments, false, &trained->moments);
    return status;
}

static enum tuff_status add_updates(const struct tuff_pass *pass, struct tuff_graph *graph,
                                    const tuff_value_id ids[EXTERNAL_COUNT], tuff_value_id gradients)
{
    const struct tuff_parameters *p = pass->parameters;
    struct trained trained = {ids[EXTERNAL_PARAMETERS], gradients, ids[EXTERNAL_MOMENTS],
                              p->groups[0].factor};
    enum tuff_status status = TUFF_OK;
    for (size_t g = 0; status == TUFF_OK && g < p->group_count; g++) {
        if (p->group_count > 1)
            status = add_group_values(pass, graph, g, &trained);
        if (status == TUFF_OK)
            status = add_update(pass, graph, &trained, ids[EXTERNAL_STATE]);
    }
    return status;
}

enum tuff_status tuff_pass_add_optimizer(struct tuff_pass *pass, struct tuff_graph *graph,
                                         const tuff_value_id ids[EXTERNAL_COUNT])
{
    const struct tuff_trainer_options *o = pass->options.training;
    const tuff_value_id gradients = ids[pass->parts > 1 ? EXTERNAL_SUMS : EXTERNAL_GRADIENTS];
    tuff_value_id norm = TUFF_NO_VALUE;
    enum tuff_status status = TUFF_OK;
    if (pass->options.mixed)
        status = add_unscale(graph, gradients, ids[EXTERNAL_STATE], &norm);
    if (status == TUFF_OK && o->clip_norm > 0)
        status = add_clip(graph, o->clip_norm, gradients, norm);
    if (status == TUFF_OK)
        status = add_updates(pass, graph, ids, gradients);
    if (status == TUFF_OK && pass->parameters->averages != NULL)
        status = tuff_graph_add_node(
            graph, TUFF_OP_MOVING_AVERAGE, NULL, NULL,
            (tuff_value_id[]){ids[EXTERNAL_AVERAGES], ids[EXTERNAL_PARAMETERS], ids[EXTERNAL_STATE]});
    return status;
}
