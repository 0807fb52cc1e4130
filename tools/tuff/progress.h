// How far an epoch or an evaluation is: a bar on a terminal, plain lines elsewhere.
#ifndef TUFF_TOOL_PROGRESS_H
#define TUFF_TOOL_PROGRESS_H

#include <stdint.h>

#include "tuff/trainer.h"

struct progress {
    char label[48];       // "epoch 3/10"
    double drawn_at;      // seconds on the monotonic clock
    uint32_t drawn_tenth; // tenths of the steps that have had their line
};

void progress_begin(struct progress *progress, const char *label);
// Shows it if it is time to: ten times a second at most on a terminal; elsewhere at each tenth of the steps,
// a line a second at most, and after ten seconds without one.
void progress_update(struct progress *progress, const struct tuff_progress *now);
// Takes the bar away.
void progress_end(struct progress *progress);

double progress_clock(void); // seconds on a clock that only goes forward

#endif
