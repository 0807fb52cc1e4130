// Whether a batch fits its device, and if not, which does: found by planning, so that nothing is allocated
// for it.
#include <stdio.h>

#include "trainer_parts.h"

static void keep_shortage(void *user, enum tuff_log_level level, const char *message)
{
    struct tuff_shortage *shortage = user;
    (void)level;
    snprintf(shortage->text, sizeof shortage->text, "%s", message);
}

// Whether a step runs its batch in parts.
static bool works_in_parts(const struct tuff_trainer *trainer)
{
    return trainer->parameters->sums != NULL;
}

// Plans the same trainer for another batch, or for other parts of its batch, and forgets the plan.
static enum tuff_status try_size(const struct tuff_trainer *trainer,
                                 const struct tuff_trainer_options *options, uint32_t size)
{
    struct tuff_trainer trial = *trainer;
    struct tuff_trainer_options smaller = *options;
    if (!works_in_parts(trainer))
        smaller.batch_size = size;
    smaller.micro_batch = works_in_parts(trainer) ? size : 0;
    trial.train = trial.test = NULL;
    struct tuff_dataset train, test;
    if (trainer->imagined) {
        tuff_trainer_imagine(trainer->model, smaller.batch_size, &train, &test);
        trial.train_data = &train;
        trial.test_data = &test;
    }
    trial.shortage.log = (struct tuff_log){.write = NULL};
    trial.options.batch_size = smaller.batch_size;
    trial.options.micro_batch = smaller.micro_batch;
    const enum tuff_status status = tuff_trainer_plan(&trial, &smaller);
    tuff_pass_destroy(&trial.train);
    tuff_pass_destroy(&trial.test);
    return status;
}

// The largest size below `most`, which does not fit, that does; 0: none. A larger one needs more memory, but
// for a few bytes of rounding here and there.
static enum tuff_status find_largest(const struct tuff_trainer *trainer,
                                     const struct tuff_trainer_options *options, uint32_t most,
                                     uint32_t *largest)
{
    uint32_t fits = 0;
    while (most - fits > 1) {
        const uint32_t middle = fits + (most - fits) / 2;
        const enum tuff_status status = try_size(trainer, options, middle);
        if (status == TUFF_OK)
            fits = middle;
        else if (status == TUFF_ERROR_MEMORY)
            most = middle;
        else
            return status;
    }
    while (fits != 0 && works_in_parts(trainer) && options->batch_size % fits != 0)
        fits--;
    *largest = fits;
    return TUFF_OK;
}

// What is worked on at once. No batch is larger than the set.
static uint32_t size_of(const struct tuff_trainer *trainer, const struct tuff_trainer_options *options)
{
    const struct tuff_dataset *data = trainer->train_data != NULL ? trainer->train_data : trainer->test_data;
    if (works_in_parts(trainer))
        return options->micro_batch;
    return data != NULL && data->count < options->batch_size ? data->count : options->batch_size;
}

enum tuff_status tuff_trainer_plan_or_advise(struct tuff_trainer *trainer,
                                             const struct tuff_trainer_options *options)
{
    struct tuff_shortage *shortage = &trainer->shortage;
    const struct tuff_log *log = trainer->target->log;
    const uint32_t size = size_of(trainer, options);
    const bool in_parts = works_in_parts(trainer);
    const char *const what = in_parts ? "micro-batch" : "batch";
    uint32_t largest;
    *shortage = (struct tuff_shortage){
        .log = {.write = keep_shortage, .user = shortage, .level = TUFF_LOG_ERROR},
    };
    enum tuff_status status = tuff_trainer_plan(trainer, options);
    if (status != TUFF_ERROR_MEMORY || shortage->text[0] == '\0')
        return status;
    status = find_largest(trainer, options, size, &largest);
    if (status != TUFF_OK)
        return status;
    if (largest == 0 && size == 1)
        return tuff_fail(log, TUFF_ERROR_MEMORY, "a %s of 1 does not fit: %s", what, shortage->text);
    if (largest == 0)
        return tuff_fail(log, TUFF_ERROR_MEMORY, "a %s of %u does not fit: %s; a %s of 1 does not either",
                         what, size, shortage->text, what);
    return tuff_fail(log, TUFF_ERROR_MEMORY, "a %s of %u does not fit: %s; the largest that fits is %u%s",
                     what, size, shortage->text, largest,
                     in_parts ? "" : ", and larger ones may in micro-batches");
}
