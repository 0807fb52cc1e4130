// What a trainer does: epochs and evaluations.
#include <stdlib.h>
#include <string.h>

#include "schedule.h"
#include "trainer_parts.h"
#include "tuff/random.h"

uint32_t tuff_trainer_steps_per_epoch(const struct tuff_trainer *trainer)
{
    return trainer->train == NULL ? 0 : tuff_pass_steps(trainer->train);
}

double tuff_trainer_learning_rate(const struct tuff_trainer *trainer, uint64_t step)
{
    return tuff_schedule_rate(&trainer->options, tuff_trainer_steps_per_epoch(trainer),
                              step == 0 ? 0 : step - 1);
}

void tuff_trainer_position(const struct tuff_trainer *trainer, struct tuff_trainer_position *position)
{
    const struct tuff_trainer_position whole = {
        .size = position->size,
        .epoch = trainer->epoch,
        .step = trainer->epoch_steps,
        .steps_done = trainer->steps_done,
        .metrics = tuff_pass_means(&trainer->epoch_sums),
    };
    memcpy(position, &whole, whole.size < sizeof whole ? whole.size : sizeof whole);
}

void tuff_trainer_loss_scale(const struct tuff_trainer *trainer, struct tuff_loss_scale *scale)
{
    struct tuff_loss_scale whole = trainer->loss_scale;
    whole.size = scale->size;
    memcpy(scale, &whole, whole.size < sizeof whole ? whole.size : sizeof whole);
}

static void begin_epoch(struct tuff_trainer *trainer, uint32_t epoch)
{
    trainer->epoch = epoch;
    trainer->epoch_steps = 0;
    trainer->epoch_sums = (struct tuff_metrics){0};
    trainer->loss_check.not_finite = 0;
}

enum tuff_status tuff_trainer_begin_work(struct tuff_trainer *trainer, uint32_t steps,
                                         struct tuff_pass_work *work)
{
    const struct tuff_trainer_options *options = &trainer->options;
    uint32_t count = trainer->train_data->count;
    uint32_t *order = malloc(count * sizeof *order);
    struct tuff_step_row *rows = calloc(steps, sizeof *rows);
    *work = (struct tuff_pass_work){.order = order,
                                    .rows = rows,
                                    .first = trainer->epoch_steps,
                                    .steps = steps,
                                    .sums = &trainer->epoch_sums,
                                    .loss_scale = &trainer->loss_scale,
                                    .loss_check = &trainer->loss_check,
                                    .steps_before = trainer->steps_done};
    if (order == NULL || rows == NULL)
        return tuff_fail(trainer->target->log, TUFF_ERROR_MEMORY, "out of memory");
    if (options->shuffle)
        tuff_random_permutation(options->seed, trainer->epoch, count, order);
    for (uint32_t i = 0; !options->shuffle && i < count; i++)
        order[i] = i;
    tuff_schedule_rows(options, tuff_pass_steps(trainer->train), trainer->steps_done, rows, steps);
    return TUFF_OK;
}

void tuff_trainer_end_work(struct tuff_pass_work *work)
{
    free((uint32_t *)work->order);
    free((struct tuff_step_row *)work->rows);
}

// The steps of the epoch at hand from the next one to before `to`.
static enum tuff_status run_steps(struct tuff_trainer *trainer, uint32_t to, uint32_t announced,
                                  const struct tuff_observer *observer, struct tuff_metrics *metrics,
                                  float *mean_losses)
{
    struct tuff_pass_work work;
    uint32_t done = 0;
    enum tuff_status status = tuff_trainer_begin_work(trainer, to - trainer->epoch_steps, &work);
    work.announced = announced;
    work.mean_losses = mean_losses;
    if (status == TUFF_OK)
        status = tuff_pass_run(trainer->train, &work, observer, &done, metrics);
    trainer->steps_done += done;
    trainer->epoch_steps += done;
    tuff_trainer_end_work(&work);
    return status;
}

// Checks that there is an epoch, and that it has `steps` steps, which become all of them if they are 0.
static enum tuff_status check_steps(const struct tuff_trainer *trainer, uint32_t *steps)
{
    if (trainer->train == NULL)
        return tuff_fail(trainer->target->log, TUFF_ERROR_INVALID, "this trainer has no training data");
    uint32_t all = tuff_pass_steps(trainer->train);
    if (*steps > all)
        return tuff_fail(trainer->target->log, TUFF_ERROR_INVALID, "%u steps, but an epoch has %u", *steps,
                         all);
    if (*steps == 0)
        *steps = all;
    return TUFF_OK;
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
    enum tuff_status status = check_steps(trainer, &steps);
    if (status != TUFF_OK)
        return status;
    begin_epoch(trainer, epoch);
    return run_steps(trainer, steps, steps, observer, metrics, mean_losses);
}

enum tuff_status tuff_trainer_advance(struct tuff_trainer *trainer, uint32_t epoch, uint32_t to,
                                      const struct tuff_observer *observer, struct tuff_metrics *metrics,
                                      float *mean_losses)
{
    enum tuff_status status = check_steps(trainer, &to);
    if (status != TUFF_OK)
        return status;
    if (epoch != trainer->epoch)
        begin_epoch(trainer, epoch);
    if (to < trainer->epoch_steps)
        return tuff_fail(trainer->target->log, TUFF_ERROR_INVALID,
                         "epoch %u is to go on to step %u, but %u of its steps are done", epoch, to,
                         trainer->epoch_steps);
    if (to > trainer->epoch_steps)
        return run_steps(trainer, to, tuff_pass_steps(trainer->train), observer, metrics, mean_losses);
    if (metrics != NULL)
        *metrics = tuff_pass_means(&trainer->epoch_sums);
    return TUFF_OK;
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
