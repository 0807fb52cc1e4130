// tuff check --model: whole training steps of two backends, side by side.
#ifndef TUFF_TOOL_CHECK_STEPS_H
#define TUFF_TOOL_CHECK_STEPS_H

#include "setup.h"

struct check_steps_settings {
    const char *model; // NULL: no such check
    struct data_settings data;
    struct tuff_trainer_options trainer;
    uint32_t steps;
    double gradient_tolerance, loss_tolerance;
};

// Prints gradients and losses of both, and whether they agree. On failure the reason has been logged.
TUFF_MUST_CHECK enum tuff_status check_steps(const struct check_steps_settings *settings,
                                             const struct tuff_log *log, struct tuff_target *tested,
                                             struct tuff_target *oracle);

#endif
