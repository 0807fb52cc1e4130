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

// Plans the same trainer for another batch, and forgets the plan.
static enum tuff_status try_batch(const struct tuff_trainer *trainer,
                                  const struct tuff_trainer_options *options, uint32_t batch)
{
    struct tuff_trainer trial = *trainer;
    struct tuff_trainer_options smaller = *options;
    trial.train = trial.test = NULL;
    trial.shortage.log = (struct tuff_log){.write = NULL};
    trial.options.batch_size = smaller.batch_size = batch;
    trial.options.micro_batch = smaller.micro_batch = 0;
    const enum tuff_status status = tuff_trainer_plan(&trial, &smaller);
    tuff_pass_destroy(&trial.train);
    tuff_pass_destroy(&trial.test);
    return status;
}

// The largest batch below `most`, which does not fit, that does; 0: none. A larger batch needs more memory,
// but for a few bytes of rounding here and there.
static enum tuff_status find_largest(const struct tuff_trainer *trainer,
                                     const struct tuff_trainer_options *options, uint32_t most,
                                     uint32_t *largest)
{
    uint32_t fits = 0;
    while (most - fits > 1) {
        const uint32_t middle = fits + (most - fits) / 2;
        const enum tuff_status status = try_batch(trainer, options, middle);
        if (status == TUFF_OK)
            fits = middle;
        else if (status == TUFF_ERROR_MEMORY)
            most = middle;
        else
            return status;
    }
    *largest = fits;
    return TUFF_OK;
}

// What is worked on at once. No batch is larger than the set.
static uint32_t batch_of(const struct tuff_trainer *trainer)
{
    const struct tuff_dataset *data = trainer->train_data != NULL ? trainer->train_data : trainer->test_data;
    const uint32_t part = trainer->options.micro_batch,
                   batch = part != 0 ? part : trainer->options.batch_size;
    return data != NULL && data->count < batch ? data->count : batch;
}

enum tuff_status tuff_trainer_plan_or_advise(struct tuff_trainer *trainer,
                                             const struct tuff_trainer_options *options)
{
    struct tuff_shortage *shortage = &trainer->shortage;
    const struct tuff_log *log = trainer->target->log;
    const uint32_t batch = batch_of(trainer);
    uint32_t largest;
    *shortage = (struct tuff_shortage){
        .log = {.write = keep_shortage, .user = shortage, .level = TUFF_LOG_ERROR},
    };
    enum tuff_status status = tuff_trainer_plan(trainer, options);
    if (status != TUFF_ERROR_MEMORY || shortage->text[0] == '\0')
        return status;
    status = find_largest(trainer, options, batch, &largest);
    if (status != TUFF_OK)
        return status;
    const char *const what = options->micro_batch != 0 ? "micro-batch" : "batch";
    if (largest == 0)
        return tuff_fail(log, TUFF_ERROR_MEMORY, "a %s of %u does not fit: %s; a batch of 1 does not either",
                         what, batch, shortage->text);
    return tuff_fail(log, TUFF_ERROR_MEMORY, "a %s of %u does not fit: %s; the largest that fits is %u%s",
                     what, batch, shortage->text, largest,
                     options->micro_batch != 0 ? "" : ", or micro-batches of at most that");
}
