// What the host computes for each step ahead of time: learning rates, Adam's corrections, the decay of the
// moving average.
#ifndef TUFF_CORE_SCHEDULE_H
#define TUFF_CORE_SCHEDULE_H

#include "tuff/op/step.h"
#include "tuff/trainer.h"

// Checks what the schedule's settings say, without a training set.
TUFF_MUST_CHECK enum tuff_status tuff_schedule_check(const struct tuff_log *log,
                                                     const struct tuff_trainer_options *options);

// The learning rate of the step before which `done` steps were done, in a training of `steps_per_epoch`.
double tuff_schedule_rate(const struct tuff_trainer_options *options, uint32_t steps_per_epoch,
                          uint64_t done);

// Fills in what an optimizer takes from the rows of the steps done+1, done+2, …; the rest becomes 0.
void tuff_schedule_rows(const struct tuff_trainer_options *options, uint32_t steps_per_epoch, uint32_t done,
                        struct tuff_step_row *rows, uint32_t count);

#endif
