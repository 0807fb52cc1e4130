#include "pass.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/runner.h"
#include "device_memory.h"
#include "graph/autodiff.h"
#include "model/model.h"

// What the step's graph takes from outside, by its number among the externals.
enum external {
    EXTERNAL_STATE,
    EXTERNAL_ROWS,
    EXTERNAL_INDEX,
    EXTERNAL_IMAGES,
    EXTERNAL_LABELS,
    EXTERNAL_METRICS,
    EXTERNAL_OWN_COUNT, // the pass's own end here
    EXTERNAL_PARAMETERS = EXTERNAL_OWN_COUNT,
    EXTERNAL_GRADIENTS,
    EXTERNAL_MOMENTS,
    EXTERNAL_COUNT
};

struct tuff_pass {
    const struct tuff_target *target;
    const struct tuff_dataset *data;
    const struct tuff_parameters *parameters;
    uint32_t batch_size, steps;
    struct tuff_graph *graph;
    struct tuff_plan *plan;
    struct tuff_buffer *buffers[EXTERNAL_OWN_COUNT];
    struct tuff_runner *runner;
    double step_seconds; // as last measured; 0 before
};

enum { METRICS_WORDS = 2 };

static uint64_t external_bytes(const struct tuff_pass *pass, enum external external)
{
    const struct tuff_dataset *data = pass->data;
    switch (external) {
    case EXTERNAL_STATE:
        return sizeof(struct tuff_step_state);
    case EXTERNAL_ROWS:
        return (uint64_t)pass->steps * sizeof(struct tuff_step_row);
    case EXTERNAL_METRICS:
        return (uint64_t)pass->steps * METRICS_WORDS * sizeof(uint32_t);
    case EXTERNAL_INDEX:
    case EXTERNAL_LABELS:
        return (uint64_t)data->count * sizeof(uint32_t);
    case EXTERNAL_IMAGES:
        return (uint64_t)data->count * data->channels * data->height * data->width;
    default:
        return 0;
    }
}

uint64_t tuff_pass_data_bytes(const struct tuff_pass *pass)
{
    uint64_t bytes = 0;
    for (enum external e = 0; e < EXTERNAL_OWN_COUNT; e++)
        bytes += external_bytes(pass, e);
    return bytes;
}

static enum tuff_status add_externals(struct tuff_pass *pass, bool training,
                                      tuff_value_id ids[EXTERNAL_COUNT])
{
    const struct tuff_dataset *data = pass->data;
    uint32_t elements = (uint32_t)(pass->parameters->arena_bytes / sizeof(float));
    const struct {
        const char *name;
        enum tuff_dtype dtype;
        uint32_t rank, dims[4];
    } externals[EXTERNAL_COUNT] = {
        [EXTERNAL_STATE] = {"state", TUFF_U32, 1, {TUFF_STEP_STATE_WORDS}},
        [EXTERNAL_ROWS] = {"rows", TUFF_U32, 2, {pass->steps, TUFF_STEP_ROW_WORDS}},
        [EXTERNAL_INDEX] = {"index", TUFF_U32, 1, {data->count}},
        [EXTERNAL_IMAGES] = {"images", TUFF_U8, 4, {data->count, data->channels, data->height, data->width}},
        [EXTERNAL_LABELS] = {"set labels", TUFF_U32, 1, {data->count}},
        [EXTERNAL_METRICS] = {"metrics", TUFF_U32, 2, {pass->steps, METRICS_WORDS}},
        [EXTERNAL_PARAMETERS] = {"parameters", TUFF_F32, 1, {elements}},
        [EXTERNAL_GRADIENTS] = {"gradients", TUFF_F32, 1, {elements}},
        [EXTERNAL_MOMENTS] = {"moments", TUFF_F32, 2, {2, elements}},
    };
    enum tuff_status status = TUFF_OK;
    uint32_t count = training ? EXTERNAL_COUNT : EXTERNAL_OWN_COUNT;
    for (uint32_t e = 0; status == TUFF_OK && e < count; e++)
        status =
            tuff_graph_add_value(pass->graph, TUFF_VALUE_EXTERNAL, e, externals[e].name, externals[e].dtype,
                                 externals[e].rank, externals[e].dims, false, &ids[e]);
    return status;
}

// step_advance and the gathers: *x and *labels are the batch.
static enum tuff_status add_batch(struct tuff_pass *pass, const tuff_value_id ids[EXTERNAL_COUNT],
                                  tuff_value_id *x, tuff_value_id *labels)
{
    const struct tuff_dataset *data = pass->data;
    struct tuff_graph *graph = pass->graph;
    const uint32_t dims[4] = {pass->batch_size, data->channels, data->height, data->width};
    struct tuff_gather_images_params scale = {.size = sizeof scale};
    for (int c = 0; c < TUFF_MAX_IMAGE_CHANNELS; c++)
        scale.scale[c] = 1.0f / 255.0f; // bytes to [0,1], as torchvision's ToTensor does
    enum tuff_status status = tuff_graph_add_node(graph, TUFF_OP_STEP_ADVANCE, NULL, NULL,
                                                  (tuff_value_id[]){ids[EXTERNAL_STATE], ids[EXTERNAL_ROWS]});
    if (status == TUFF_OK)
        status = tuff_graph_add_value(graph, TUFF_VALUE_ACTIVATION, 0, "x", TUFF_F32, 4, dims, true, x);
    if (status == TUFF_OK)
        status =
            tuff_graph_add_value(graph, TUFF_VALUE_ACTIVATION, 0, "labels", TUFF_U32, 1, dims, false, labels);
    if (status == TUFF_OK)
        status = tuff_graph_add_node(
            graph, TUFF_OP_GATHER_IMAGES, &scale, NULL,
            (tuff_value_id[]){*x, ids[EXTERNAL_IMAGES], ids[EXTERNAL_INDEX], ids[EXTERNAL_STATE]});
    if (status == TUFF_OK)
        status = tuff_graph_add_node(
            graph, TUFF_OP_GATHER_LABELS, NULL, NULL,
            (tuff_value_id[]){*labels, ids[EXTERNAL_LABELS], ids[EXTERNAL_INDEX], ids[EXTERNAL_STATE]});
    return status;
}

static enum tuff_status add_model(struct tuff_pass *pass, const struct tuff_model *model, tuff_value_id x,
                                  tuff_value_id *logits)
{
    size_t count = pass->parameters->count;
    tuff_value_id *parameters = calloc(count + 1, sizeof *parameters);
    enum tuff_status status = TUFF_OK;
    if (parameters == NULL)
        return tuff_fail(pass->target->log, TUFF_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; status == TUFF_OK && i < count; i++) {
        struct tuff_parameter_info info;
        tuff_model_parameter(model, i, &info);
        status = tuff_graph_add_value(pass->graph, TUFF_VALUE_PARAMETER, (uint32_t)i, info.name, TUFF_F32,
                                      info.rank, info.dims, false, &parameters[i]);
    }
    if (status == TUFF_OK)
        status = tuff_model_lower(model, pass->graph, x, parameters, logits);
    free(parameters);
    return status;
}

static enum tuff_status build(struct tuff_pass *pass, const struct tuff_model *model,
                              const struct tuff_adam_params *adam)
{
    tuff_value_id ids[EXTERNAL_COUNT], x, labels, logits;
    enum tuff_layout layout = tuff_target_activation_layout(pass->target, pass->batch_size);
    enum tuff_status status = tuff_graph_create(pass->target->log, layout, &pass->graph);
    struct tuff_graph *graph = pass->graph;
    if (status == TUFF_OK)
        status = add_externals(pass, adam != NULL, ids);
    if (status == TUFF_OK)
        status = add_batch(pass, ids, &x, &labels);
    if (status == TUFF_OK)
        status = add_model(pass, model, x, &logits);
    if (status != TUFF_OK)
        return status;
    const struct tuff_softmax_cross_entropy_params smoothing = {.size = sizeof smoothing};
    tuff_value_id loss[5] = {TUFF_NO_VALUE, TUFF_NO_VALUE, logits, labels, ids[EXTERNAL_STATE]};
    status = tuff_graph_add_node(graph, TUFF_OP_SOFTMAX_CROSS_ENTROPY_FORWARD, &smoothing, NULL, loss);
    if (status == TUFF_OK)
        status = tuff_graph_add_node(
            graph, TUFF_OP_METRICS_RECORD, NULL, NULL,
            (tuff_value_id[]){ids[EXTERNAL_METRICS], loss[0], loss[1], ids[EXTERNAL_STATE]});
    if (status != TUFF_OK || adam == NULL)
        return status;
    status = tuff_graph_differentiate(graph);
    if (status == TUFF_OK)
        status = tuff_graph_add_node(graph, TUFF_OP_ADAM, adam, NULL,
                                     (tuff_value_id[]){ids[EXTERNAL_PARAMETERS], ids[EXTERNAL_MOMENTS],
                                                       ids[EXTERNAL_GRADIENTS], ids[EXTERNAL_STATE]});
    return status;
}

enum tuff_status tuff_pass_create(const struct tuff_target *target, const struct tuff_model *model,
                                  const struct tuff_dataset *data, const struct tuff_parameters *parameters,
                                  const struct tuff_pass_options *options, struct tuff_pass **pass)
{
    struct tuff_pass *made = calloc(1, sizeof *made);
    *pass = NULL;
    if (made == NULL)
        return tuff_fail(target->log, TUFF_ERROR_MEMORY, "out of memory");
    made->target = target;
    made->data = data;
    made->parameters = parameters;
    made->batch_size = options->batch_size;
    made->steps = data->count / options->batch_size + (data->count % options->batch_size != 0);
    enum tuff_status status = build(made, model, options->adam);
    if (status == TUFF_OK)
        status = tuff_plan_create(target, made->graph, &made->plan);
    if (status != TUFF_OK)
        tuff_pass_destroy(&made);
    *pass = made;
    return status;
}

void tuff_pass_destroy(struct tuff_pass **pass)
{
    struct tuff_pass *p = *pass;
    if (p == NULL)
        return;
    tuff_runner_destroy(&p->runner);
    for (enum external e = 0; e < EXTERNAL_OWN_COUNT; e++)
        tuff_device_release(p->target, &p->buffers[e]);
    tuff_plan_destroy(&p->plan);
    tuff_graph_destroy(&p->graph);
    free(p);
    *pass = NULL;
}

const struct tuff_plan *tuff_pass_plan(const struct tuff_pass *pass)
{
    return pass->plan;
}

uint32_t tuff_pass_steps(const struct tuff_pass *pass)
{
    return pass->steps;
}

enum tuff_status tuff_pass_bind(struct tuff_pass *pass, struct tuff_buffer *activations)
{
    const struct tuff_target *target = pass->target;
    enum tuff_status status = TUFF_OK;
    struct tuff_place places[EXTERNAL_COUNT] = {
        [EXTERNAL_PARAMETERS] = {pass->parameters->values, 0},
        [EXTERNAL_GRADIENTS] = {pass->parameters->gradients, 0},
        [EXTERNAL_MOMENTS] = {pass->parameters->moments, 0},
    };
    for (enum external e = 0; status == TUFF_OK && e < EXTERNAL_OWN_COUNT; e++) {
        uint64_t bytes = external_bytes(pass, e);
        if (e == EXTERNAL_IMAGES || e == EXTERNAL_LABELS)
            status = tuff_device_upload(target, "the data set",
                                        e == EXTERNAL_IMAGES ? (const void *)pass->data->images
                                                             : pass->data->labels,
                                        bytes, &pass->buffers[e]);
        else
            status = tuff_device_zeroed(target, "the steps of a pass", bytes, &pass->buffers[e]);
        places[e].buffer = pass->buffers[e];
    }
    struct tuff_bindings bindings = {
        .activations = activations,
        .parameters = pass->parameters->values,
        .gradients = pass->parameters->gradients,
        .parameter_offsets = pass->parameters->offsets,
        .externals = places,
    };
    if (status == TUFF_OK)
        status = tuff_runner_create(target, pass->graph, pass->plan, &bindings, &pass->runner);
    return status;
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static uint32_t steps_in(double seconds, double step_seconds, uint32_t most)
{
    if (step_seconds <= 0)
        return 1;
    double steps = seconds / step_seconds;
    return steps < 1 ? 1 : steps > most ? most : (uint32_t)steps;
}

// Runs `steps` steps, as several submissions that are short enough for any watchdog, and waits for them.
static enum tuff_status run_and_wait(struct tuff_pass *pass, uint32_t steps)
{
    static const double submission_seconds = 0.02;
    uint32_t per_submission = steps_in(submission_seconds, pass->step_seconds, 1024);
    double start = seconds_now();
    enum tuff_status status = TUFF_OK;
    for (uint32_t begun = 0; status == TUFF_OK && begun < steps; begun += per_submission)
        status =
            tuff_runner_run(pass->runner, steps - begun < per_submission ? steps - begun : per_submission);
    enum tuff_status waited = tuff_runner_wait(pass->runner); // also after a failure: the buffers are in use
    if (status == TUFF_OK)
        status = waited;
    pass->step_seconds = (seconds_now() - start) / steps;
    return status;
}

static enum tuff_status collect(struct tuff_pass *pass, const struct tuff_step_row *rows, uint32_t from,
                                uint32_t to, struct tuff_metrics *metrics, float *mean_losses)
{
    enum { ROWS_AT_ONCE = 512 };
    while (from < to) {
        uint32_t words[ROWS_AT_ONCE][METRICS_WORDS],
            count = to - from < ROWS_AT_ONCE ? to - from : ROWS_AT_ONCE;
        enum tuff_status status = tuff_device_read(pass->target, pass->buffers[EXTERNAL_METRICS],
                                                   from * sizeof words[0], words, count * sizeof words[0]);
        if (status != TUFF_OK)
            return status;
        for (uint32_t i = 0; i < count; i++) {
            float loss;
            memcpy(&loss, &words[i][0], sizeof loss);
            // metrics->loss is a sum until the pass ends.
            metrics->loss += (double)loss;
            metrics->correct += words[i][1];
            metrics->samples += rows[from + i].valid;
            if (mean_losses != NULL)
                mean_losses[from + i] = loss / (float)rows[from + i].valid;
        }
        from += count;
    }
    return TUFF_OK;
}

static struct tuff_metrics averaged(struct tuff_metrics sums, double seconds)
{
    if (sums.samples != 0)
        sums.loss /= (double)sums.samples;
    sums.seconds = seconds;
    return sums;
}

enum tuff_status tuff_pass_run(struct tuff_pass *pass, const uint32_t *order, struct tuff_step_row *rows,
                               uint32_t steps, const struct tuff_observer *observer, uint32_t *done,
                               struct tuff_metrics *metrics, float *mean_losses)
{
    static const double report_seconds = 0.1;
    const struct tuff_target *target = pass->target;
    const struct tuff_step_state fresh = {0};
    struct tuff_metrics sums = {0};
    uint32_t collected = 0;
    double start = seconds_now();
    *done = 0;
    for (uint32_t s = 0; s < steps; s++) {
        rows[s].begin = s * pass->batch_size;
        rows[s].valid = s + 1 == pass->steps ? pass->data->count - rows[s].begin : pass->batch_size;
    }
    enum tuff_status status =
        tuff_device_write(target, pass->buffers[EXTERNAL_ROWS], 0, rows, steps * sizeof *rows);
    if (status == TUFF_OK)
        status = tuff_device_write(target, pass->buffers[EXTERNAL_INDEX], 0, order,
                                   pass->data->count * sizeof *order);
    if (status == TUFF_OK)
        status = tuff_device_write(target, pass->buffers[EXTERNAL_STATE], 0, &fresh, sizeof fresh);
    while (status == TUFF_OK && *done < steps) {
        uint32_t count = steps_in(report_seconds, pass->step_seconds, steps - *done);
        status = run_and_wait(pass, count);
        if (status != TUFF_OK)
            break;
        *done += count;
        if (observer == NULL || observer->progress == NULL)
            continue;
        status = collect(pass, rows, collected, *done, &sums, mean_losses);
        collected = *done;
        struct tuff_progress progress = {*done, steps, averaged(sums, seconds_now() - start)};
        if (status == TUFF_OK && observer->progress(observer->user, &progress) != 0 && *done < steps)
            status = TUFF_ERROR_INTERRUPTED;
    }
    if (status == TUFF_OK)
        status = collect(pass, rows, collected, *done, &sums, mean_losses);
    if (metrics != NULL)
        *metrics = averaged(sums, seconds_now() - start);
    return status;
}
