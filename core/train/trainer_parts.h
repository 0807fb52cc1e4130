// What the files of a trainer share: its options (trainer_options.c), its parts (trainer.c), its memory
// (trainer_memory.c) and the batch that fits it (trainer_batch.c), its work (trainer_run.c), numbers that are
// not finite (trainer_finite.c), its saving (training_facts.c, training_state.c).
#ifndef TUFF_CORE_TRAINER_PARTS_H
#define TUFF_CORE_TRAINER_PARTS_H

#include "parameters.h"
#include "pass.h"
#include "tuff/trainer.h"

// What a device lacks for a batch: in words, once planning has told its log.
struct tuff_shortage {
    char text[512]; // "" before
    struct tuff_log log;
};

struct tuff_trainer {
    const struct tuff_target *target;
    const struct tuff_model *model;
    const struct tuff_dataset *train_data, *test_data;
    bool imagined;                       // the sets are only planned with: their images take no memory
    struct tuff_trainer_options options; // frozen and augmentation are NULL: the caller's
    struct tuff_augmentation augmentation;
    struct tuff_shortage shortage;
    struct tuff_parameters *parameters;
    struct tuff_pass *train, *test;  // NULL where there is no such data
    struct tuff_buffer *activations; // shared by both passes, which never run at once
    uint64_t activation_bytes;
    bool data_summed; // data_sum: CRC-32 of the training data
    uint32_t data_sum;
    uint32_t steps_done;               // of the optimizer
    uint32_t epoch, epoch_steps;       // the epoch at hand and its steps that are done
    struct tuff_metrics epoch_sums;    // of those; the loss is a sum over the samples
    struct tuff_loss_scale loss_scale; // as the steps that are done have left it
    struct tuff_loss_check loss_check; // of them, too
};

// The next `steps` steps of the epoch at hand as work for the training pass. tuff_trainer_end_work frees it,
// also after a failure (trainer_run.c).
TUFF_MUST_CHECK enum tuff_status tuff_trainer_begin_work(struct tuff_trainer *trainer, uint32_t steps,
                                                         struct tuff_pass_work *work);
void tuff_trainer_end_work(struct tuff_pass_work *work);

// Plans both passes of a trainer that has its parameters, for batches of options->batch_size: takes no memory
// on the device. What the device lacks is told to trainer->shortage alone (trainer.c).
TUFF_MUST_CHECK enum tuff_status tuff_trainer_plan(struct tuff_trainer *trainer,
                                                   const struct tuff_trainer_options *options);

// Sets with images that nobody has, for planning batches of this size and their evaluation (trainer.c).
void tuff_trainer_imagine(const struct tuff_model *model, uint32_t batch, struct tuff_dataset *train,
                          struct tuff_dataset *test);

// *holds: whether there is room for the images that both passes, which are planned and not bound, take at
// least (trainer_memory.c). There is a test pass.
TUFF_MUST_CHECK enum tuff_status tuff_trainer_holds_batches(struct tuff_trainer *trainer, bool *holds);

// Whether the sets lie on the device or are streamed, and whether all of it fits (trainer_memory.c). Both
// passes are planned and not bound.
TUFF_MUST_CHECK enum tuff_status tuff_trainer_fit(struct tuff_trainer *trainer);

// The same as tuff_trainer_plan, but what the device lacks becomes an error, which names the largest batch,
// or part of one, that it has room for (trainer_batch.c).
TUFF_MUST_CHECK enum tuff_status tuff_trainer_plan_or_advise(struct tuff_trainer *trainer,
                                                             const struct tuff_trainer_options *options);

// The caller's options, whatever size they have, as a whole struct; checked as far as they can be without a
// model.
TUFF_MUST_CHECK enum tuff_status tuff_trainer_options_take(const struct tuff_log *log,
                                                           const struct tuff_trainer_options *given,
                                                           struct tuff_trainer_options *options);

// Which parameters of the model the options freeze: *frozen has one entry for each; free() it. Failure: a
// pattern that fits none, or nothing left for a trainer that trains.
TUFF_MUST_CHECK enum tuff_status tuff_trainer_options_frozen(const struct tuff_log *log,
                                                             const struct tuff_trainer_options *options,
                                                             const struct tuff_model *model, bool trains,
                                                             bool **frozen);

#endif
