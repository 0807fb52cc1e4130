// What a trainer does: epochs and evaluations.
#include <stdlib.h>

#include "schedule.h"
#include "trainer_parts.h"
#include "tuff/random.h"

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
        tuff_schedule_rows(options, all, trainer->steps_done, rows, steps);
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
