#include "tuff/trainer.h"

#include <math.h>
#include <stdlib.h>

#include "device_memory.h"
#include "pass.h"
#include "tuff/random.h"

struct tuff_trainer {
    const struct tuff_target *target;
    const struct tuff_model *model;
    const struct tuff_dataset *train_data, *test_data;
    struct tuff_trainer_options options;
    struct tuff_parameters *parameters;
    struct tuff_pass *train, *test;  // NULL where there is no such data
    struct tuff_buffer *activations; // shared by both passes, which never run at once
    uint64_t activation_bytes;
    uint32_t steps_done; // of the optimizer
};

void tuff_trainer_options_default(struct tuff_trainer_options *options)
{
    *options = (struct tuff_trainer_options){
        .size = sizeof *options,
        .batch_size = 16,
        .seed = 42,
        .shuffle = 1,
        .learning_rate = 1e-3,
        .beta1 = 0.9,
        .beta2 = 0.999,
        .epsilon = 1e-8,
    };
}

static enum tuff_status check_data(const struct tuff_log *log, const struct tuff_model *model,
                                   const struct tuff_dataset *data)
{
    uint32_t chw[3];
    if (data == NULL)
        return TUFF_OK;
    tuff_model_input(model, chw);
    if (data->channels != chw[0] || data->height != chw[1] || data->width != chw[2])
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "model %s takes images of %u x %u x %u, but %s has %u x %u x %u",
                         tuff_model_name(model), chw[0], chw[1], chw[2], data->name, data->channels,
                         data->height, data->width);
    if (data->classes != tuff_model_classes(model))
        return tuff_fail(log, TUFF_ERROR_INVALID, "model %s has %u outputs, but %s has %u classes",
                         tuff_model_name(model), tuff_model_classes(model), data->name, data->classes);
    return TUFF_OK;
}

static enum tuff_status check_options(const struct tuff_log *log, const struct tuff_trainer_options *options)
{
    if (options->batch_size == 0)
        return tuff_fail(log, TUFF_ERROR_INVALID, "batch size is 0, expected at least 1");
    if (!(isfinite(options->learning_rate) && options->learning_rate > 0))
        return tuff_fail(log, TUFF_ERROR_INVALID, "learning rate is %g, expected a number above 0",
                         options->learning_rate);
    return TUFF_OK;
}

// Evaluation keeps no activations for a backward pass, so it can take larger batches than training in no more
// memory: the largest of a few multiples that fits.
static enum tuff_status create_test_pass(struct tuff_trainer *trainer)
{
    static const uint32_t multiples[] = {16, 8, 4, 2, 1};
    static const uint64_t always_fine = UINT64_C(8) << 20;
    uint64_t limit = trainer->train == NULL ? 0 : tuff_pass_plan(trainer->train)->arena_bytes;
    if (limit < always_fine)
        limit = always_fine;
    enum tuff_status status = TUFF_OK;
    for (size_t i = 0; i < sizeof multiples / sizeof *multiples; i++) {
        uint64_t batch = (uint64_t)trainer->options.batch_size * multiples[i];
        if (multiples[i] > 1 && batch > trainer->test_data->count)
            continue;
        if (batch > trainer->test_data->count)
            batch = trainer->test_data->count;
        struct tuff_pass_options options = {.batch_size = (uint32_t)batch,
                                            .outputs = trainer->options.keep_outputs != 0};
        tuff_pass_destroy(&trainer->test);
        status = tuff_pass_create(trainer->target, trainer->model, trainer->test_data, trainer->parameters,
                                  &options, &trainer->test);
        if (status != TUFF_OK || tuff_pass_plan(trainer->test)->arena_bytes <= limit)
            break;
    }
    return status;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static enum tuff_status check_budget(struct tuff_trainer *trainer)
{
    const struct tuff_target *target = trainer->target;
    struct tuff_device_memory memory = {.size = sizeof memory};
    unsigned errors = tuff_target_errors(target);
    enum tuff_status status = target->interface->device_memory(target->device, &memory);
    if (status != TUFF_OK)
        return tuff_target_fail(target, errors, status, "tell its memory");
    struct tuff_memory_plan plan;
    tuff_trainer_memory(trainer, &plan);
    uint64_t taken =
        plan.parameters + plan.gradients + plan.optimizer; // allocated by now, and in memory.used
    uint64_t needed = plan.activations + plan.data;
    if (memory.budget != 0 && memory.used + needed > memory.budget)
        return tuff_fail(
            target->log, TUFF_ERROR_MEMORY,
            "training needs %.1f MiB at batch size %u, but %s has %.1f MiB to give: use a smaller batch or "
            "data set",
            (double)(needed + taken) / 0x1p20, trainer->options.batch_size, target->info.name,
            (double)memory.budget / 0x1p20);
    return TUFF_OK;
}

static enum tuff_status set_up(struct tuff_trainer *trainer)
{
    const struct tuff_trainer_options *options = &trainer->options;
    const struct tuff_adam_params adam = {
        .size = sizeof adam,
        .beta1 = options->beta1,
        .beta2 = options->beta2,
        .epsilon = options->epsilon,
        .weight_decay = options->weight_decay,
    };
    struct tuff_pass_options training = {.batch_size = options->batch_size, .adam = &adam};
    // A batch that is larger than the set would only compute absent samples.
    if (trainer->train_data != NULL && training.batch_size > trainer->train_data->count)
        training.batch_size = trainer->train_data->count;
    enum tuff_status status = tuff_parameters_create(trainer->target, trainer->model, options->seed,
                                                     trainer->train_data != NULL, &trainer->parameters);
    if (status == TUFF_OK && trainer->train_data != NULL)
        status = tuff_pass_create(trainer->target, trainer->model, trainer->train_data, trainer->parameters,
                                  &training, &trainer->train);
    if (status == TUFF_OK && trainer->test_data != NULL)
        status = create_test_pass(trainer);
    if (status != TUFF_OK)
        return status;
    if (trainer->train != NULL)
        trainer->activation_bytes = tuff_pass_plan(trainer->train)->arena_bytes;
    if (trainer->test != NULL)
        trainer->activation_bytes =
            larger(trainer->activation_bytes, tuff_pass_plan(trainer->test)->arena_bytes);
    status = check_budget(trainer);
    // Zeroed: padding lanes must be finite from the start (tensor.h).
    if (status == TUFF_OK)
        status = tuff_device_zeroed(trainer->target, "activations", trainer->activation_bytes,
                                    &trainer->activations);
    if (status == TUFF_OK && trainer->train != NULL)
        status = tuff_pass_bind(trainer->train, trainer->activations);
    if (status == TUFF_OK && trainer->test != NULL)
        status = tuff_pass_bind(trainer->test, trainer->activations);
    return status;
}

enum tuff_status tuff_trainer_create(struct tuff_target *target, const struct tuff_model *model,
                                     const struct tuff_dataset *train, const struct tuff_dataset *test,
                                     const struct tuff_trainer_options *options,
                                     struct tuff_trainer **trainer)
{
    *trainer = NULL;
    enum tuff_status status = check_options(target->log, options);
    if (status == TUFF_OK)
        status = check_data(target->log, model, train);
    if (status == TUFF_OK)
        status = check_data(target->log, model, test);
    if (status != TUFF_OK)
        return status;
    struct tuff_trainer *made = calloc(1, sizeof *made);
    if (made == NULL)
        return tuff_fail(target->log, TUFF_ERROR_MEMORY, "out of memory");
    made->target = target;
    made->model = model;
    made->train_data = train;
    made->test_data = test;
    made->options = *options;
    status = set_up(made);
    if (status != TUFF_OK)
        tuff_trainer_destroy(&made);
    *trainer = made;
    return status;
}

void tuff_trainer_destroy(struct tuff_trainer **trainer)
{
    struct tuff_trainer *t = *trainer;
    if (t == NULL)
        return;
    tuff_pass_destroy(&t->train);
    tuff_pass_destroy(&t->test);
    tuff_device_release(t->target, &t->activations);
    tuff_parameters_destroy(&t->parameters);
    free(t);
    *trainer = NULL;
}

const struct tuff_model *tuff_trainer_model(const struct tuff_trainer *trainer)
{
    return trainer->model;
}

uint32_t tuff_trainer_steps_per_epoch(const struct tuff_trainer *trainer)
{
    return trainer->train == NULL ? 0 : tuff_pass_steps(trainer->train);
}

enum tuff_status tuff_trainer_epoch(struct tuff_trainer *trainer, uint32_t epoch,
                                    const struct tuff_observer *observer, struct tuff_metrics *metrics)
{
    return tuff_trainer_steps(trainer, epoch, 0, observer, metrics, NULL);
}

enum tuff_status tuff_trainer_steps(struct tuff_trainer *trainer, uint32_t epoch, uint32_t steps,
                                    const struct tuff_observer *observer, struct tuff_metrics *metrics,
                                    float *mean_losses)
{
    const struct tuff_trainer_options *options = &trainer->options;
    if (trainer->train == NULL)
        return tuff_fail(trainer->target->log, TUFF_ERROR_INVALID, "this trainer has no training data");
    uint32_t count = trainer->train_data->count, all = tuff_pass_steps(trainer->train), done = 0;
    if (steps > all)
        return tuff_fail(trainer->target->log, TUFF_ERROR_INVALID, "%u steps, but an epoch has %u", steps,
                         all);
    if (steps == 0)
        steps = all;
    uint32_t *order = malloc(count * sizeof *order);
    struct tuff_step_row *rows = calloc(steps, sizeof *rows);
    enum tuff_status status = TUFF_OK;
    if (order == NULL || rows == NULL) {
        status = tuff_fail(trainer->target->log, TUFF_ERROR_MEMORY, "out of memory");
    } else {
        if (options->shuffle)
            tuff_random_permutation(options->seed, epoch, count, order);
        for (uint32_t i = 0; !options->shuffle && i < count; i++)
            order[i] = i;
        for (uint32_t i = 0; i < steps; i++) {
            uint32_t step = trainer->steps_done + i + 1;
            rows[i] = (struct tuff_step_row){
                .step = step,
                .learning_rate = (float)options->learning_rate,
                .bias_correction1 = (float)(1 - pow(options->beta1, step)),
                .bias_correction2_sqrt = (float)sqrt(1 - pow(options->beta2, step)),
            };
        }
        const struct tuff_pass_work work = {
            .order = order, .rows = rows, .steps = steps, .mean_losses = mean_losses};
        status = tuff_pass_run(trainer->train, &work, observer, &done, metrics);
    }
    trainer->steps_done += done;
    free(order);
    free(rows);
    return status;
}

// The test set in order. outputs: NULL, or room for all logits.
static enum tuff_status run_test(struct tuff_trainer *trainer, const struct tuff_observer *observer,
                                 struct tuff_metrics *metrics, float *outputs)
{
    if (trainer->test == NULL)
        return tuff_fail(trainer->target->log, TUFF_ERROR_INVALID, "this trainer has no test data");
    uint32_t count = trainer->test_data->count, steps = tuff_pass_steps(trainer->test), done;
    uint32_t *order = malloc(count * sizeof *order);
    struct tuff_step_row *rows = calloc(steps, sizeof *rows);
    enum tuff_status status = TUFF_OK;
    if (order == NULL || rows == NULL) {
        status = tuff_fail(trainer->target->log, TUFF_ERROR_MEMORY, "out of memory");
    } else {
        for (uint32_t i = 0; i < count; i++)
            order[i] = i;
        const struct tuff_pass_work work = {.order = order, .rows = rows, .steps = steps, .outputs = outputs};
        status = tuff_pass_run(trainer->test, &work, observer, &done, metrics);
    }
    free(order);
    free(rows);
    return status;
}

enum tuff_status tuff_trainer_evaluate(struct tuff_trainer *trainer, const struct tuff_observer *observer,
                                       struct tuff_metrics *metrics)
{
    return run_test(trainer, observer, metrics, NULL);
}

enum tuff_status tuff_trainer_outputs(struct tuff_trainer *trainer, const struct tuff_observer *observer,
                                      struct tuff_metrics *metrics, float *logits)
{
    if (!trainer->options.keep_outputs)
        return tuff_fail(trainer->target->log, TUFF_ERROR_INVALID,
                         "this trainer keeps no outputs: its option keep_outputs is 0");
    return run_test(trainer, observer, metrics, logits);
}
enum tuff_status tuff_trainer_read_parameter(struct tuff_trainer *trainer, size_t index, float *values)
{
    return tuff_parameters_read(trainer->parameters, index, values);
}

enum tuff_status tuff_trainer_write_parameter(struct tuff_trainer *trainer, size_t index, const float *values)
{
    return tuff_parameters_write(trainer->parameters, index, values);
}

enum tuff_status tuff_trainer_read_gradient(struct tuff_trainer *trainer, size_t index, float *values)
{
    if (trainer->train == NULL)
        return tuff_fail(trainer->target->log, TUFF_ERROR_INVALID,
                         "this trainer has no training data, and so no gradients");
    return tuff_parameters_read_gradient(trainer->parameters, index, values);
}

void tuff_trainer_memory(const struct tuff_trainer *trainer, struct tuff_memory_plan *plan)
{
    const struct tuff_parameters *parameters = trainer->parameters;
    *plan = (struct tuff_memory_plan){
        .parameters = parameters->arena_bytes,
        .gradients = parameters->gradients == NULL ? 0 : parameters->arena_bytes,
        .optimizer = parameters->moments == NULL ? 0 : 2 * parameters->arena_bytes,
        .activations = trainer->activation_bytes,
    };
    if (trainer->train != NULL) {
        plan->data += tuff_pass_data_bytes(trainer->train);
        plan->activations_unshared = tuff_pass_plan(trainer->train)->unshared_bytes;
    }
    if (trainer->test != NULL)
        plan->data += tuff_pass_data_bytes(trainer->test);
}
