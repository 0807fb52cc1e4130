// Whole training steps of two backends, side by side.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend/target.h"
#include "tuff/check.h"

struct comparison_run {
    const struct tuff_log *log;
    struct tuff_target *tested, *oracle;
    const struct tuff_model *model;
    const struct tuff_dataset *data;
    const struct tuff_check_steps_options *options;
    struct tuff_check_steps_result result;
};

// Two trainings from the beginning.
struct pair {
    struct tuff_trainer *tested, *oracle;
    float *tested_values, *oracle_values; // losses, or the gradient of one parameter
};

static void pair_clear(struct pair *pair)
{
    tuff_trainer_destroy(&pair->tested);
    tuff_trainer_destroy(&pair->oracle);
    free(pair->tested_values);
    free(pair->oracle_values);
}

// values: room for that many, and at least for one per step.
static enum tuff_status pair_train(const struct comparison_run *run, uint32_t steps, uint64_t values,
                                   struct pair *pair)
{
    const struct tuff_trainer_options *options = run->options->trainer;
    *pair = (struct pair){0};
    if (values < steps)
        values = steps;
    pair->tested_values = calloc(values, sizeof(float));
    pair->oracle_values = calloc(values, sizeof(float));
    if (pair->tested_values == NULL || pair->oracle_values == NULL)
        return tuff_fail(run->log, TUFF_ERROR_MEMORY, "no memory for %u losses", steps);
    enum tuff_status status =
        tuff_trainer_create(run->tested, run->model, run->data, NULL, options, &pair->tested);
    if (status == TUFF_OK)
        status = tuff_trainer_create(run->oracle, run->model, run->data, NULL, options, &pair->oracle);
    if (status == TUFF_OK)
        status = tuff_trainer_steps(pair->tested, 0, steps, NULL, NULL, pair->tested_values);
    if (status == TUFF_OK)
        status = tuff_trainer_steps(pair->oracle, 0, steps, NULL, NULL, pair->oracle_values);
    return status;
}

// What is no number is beyond every tolerance.
static double error_of(double difference, double scale)
{
    double error = difference == 0 ? 0 : fabs(difference) / scale;
    return isfinite(error) ? error : INFINITY;
}

static double greatest(const float *values, uint64_t count)
{
    double most = 0;
    for (uint64_t i = 0; i < count; i++)
        if (fabs((double)values[i]) > most)
            most = fabs((double)values[i]);
    return most;
}

static uint64_t elements(const struct tuff_parameter_info *info)
{
    uint64_t count = 1;
    for (uint32_t i = 0; i < info->rank; i++)
        count *= info->dims[i];
    return count;
}

static void judge_gradient(struct comparison_run *run, const struct pair *pair,
                           const struct tuff_parameter_info *info, double *overall)
{
    const uint64_t count = elements(info);
    struct tuff_check_gradient gradient = {.parameter = info->name,
                                           .greatest = greatest(pair->oracle_values, count)};
    for (uint64_t i = 0; i < count; i++) {
        double error =
            error_of((double)pair->tested_values[i] - (double)pair->oracle_values[i], gradient.greatest);
        if (error > gradient.error)
            gradient.error = error;
    }
    gradient.differs = !(gradient.error <= run->options->gradient_tolerance);
    if (gradient.differs && run->result.first_parameter == NULL)
        run->result.first_parameter = info->name;
    if (gradient.error > run->result.worst_gradient)
        run->result.worst_gradient = gradient.error;
    if (gradient.greatest > *overall)
        *overall = gradient.greatest;
    if (run->options->gradient != NULL)
        run->options->gradient(run->options->user, &gradient);
}

static enum tuff_status compare_gradients(struct comparison_run *run)
{
    struct pair pair;
    double overall = 0;
    // Room for any parameter.
    enum tuff_status status = pair_train(run, 1, tuff_model_parameter_elements(run->model), &pair);
    for (size_t i = tuff_model_parameter_count(run->model); i-- > 0 && status == TUFF_OK;) {
        struct tuff_parameter_info info;
        tuff_model_parameter(run->model, i, &info);
        status = tuff_trainer_read_gradient(pair.tested, i, pair.tested_values);
        if (status == TUFF_OK)
            status = tuff_trainer_read_gradient(pair.oracle, i, pair.oracle_values);
        if (status == TUFF_OK)
            judge_gradient(run, &pair, &info, &overall);
    }
    if (status == TUFF_OK && !(overall > 0))
        status = tuff_fail(run->log, TUFF_ERROR_INVALID,
                           "all gradients of %s are 0 on %s: there is nothing to compare",
                           tuff_model_name(run->model), run->oracle->backend_name);
    pair_clear(&pair);
    return status;
}

static enum tuff_status compare_losses(struct comparison_run *run)
{
    struct pair pair;
    enum tuff_status status = pair_train(run, run->options->steps, 0, &pair);
    for (uint32_t i = 0; i < run->options->steps && status == TUFF_OK; i++) {
        struct tuff_check_loss loss = {
            .step = i + 1, .tested = (double)pair.tested_values[i], .oracle = (double)pair.oracle_values[i]};
        loss.error = error_of(loss.tested - loss.oracle, loss.oracle > 1 ? loss.oracle : 1);
        loss.differs = !(loss.error <= run->options->loss_tolerance);
        if (loss.differs && run->result.first_step == 0)
            run->result.first_step = loss.step;
        if (loss.error > run->result.worst_loss)
            run->result.worst_loss = loss.error;
        if (run->options->loss != NULL)
            run->options->loss(run->options->user, &loss);
    }
    pair_clear(&pair);
    return status;
}

enum tuff_status tuff_check_steps(struct tuff_target *tested, struct tuff_target *oracle,
                                  const struct tuff_model *model, const struct tuff_dataset *data,
                                  const struct tuff_check_steps_options *options,
                                  struct tuff_check_steps_result *result)
{
    // As this library knows them, whatever its caller was built with.
    struct tuff_check_steps_options known = {0};
    memcpy(&known, options, options->size < sizeof known ? options->size : sizeof known);
    struct comparison_run run = {.log = tested->log,
                                 .tested = tested,
                                 .oracle = oracle,
                                 .model = model,
                                 .data = data,
                                 .options = &known,
                                 .result.size = sizeof run.result};
    if (known.steps == 0)
        return tuff_fail(run.log, TUFF_ERROR_INVALID, "0 steps to compare, expected at least 1");
    enum tuff_status status = compare_gradients(&run);
    if (status == TUFF_OK)
        status = compare_losses(&run);
    if (status != TUFF_OK)
        return status;
    if (result != NULL) {
        const size_t size = result->size;
        memcpy(result, &run.result, size < sizeof run.result ? size : sizeof run.result);
        result->size = size;
    }
    if (run.result.first_parameter != NULL)
        return tuff_fail(run.log, TUFF_ERROR_PLUGIN,
                         "the gradient of %s differs in the first step, the first one in backward order",
                         run.result.first_parameter);
    if (run.result.first_step != 0)
        return tuff_fail(run.log, TUFF_ERROR_PLUGIN, "the losses differ from step %u on",
                         run.result.first_step);
    return TUFF_OK;
}
