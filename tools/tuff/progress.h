// How far something is, an epoch for instance: a bar on a terminal, plain lines elsewhere.
#ifndef TUFF_TOOL_PROGRESS_H
#define TUFF_TOOL_PROGRESS_H

#include <stdint.h>

#include "tuff/trainer.h"

struct progress {
    char label[48];       // "epoch 3/10"
    double drawn_at;      // seconds on the monotonic clock
    uint32_t drawn_tenth; // tenths of the whole that have had their line
};

void progress_begin(struct progress *progress, const char *label);
// Shows it if it is time to: ten times a second at most on a terminal; elsewhere at each tenth of the steps,
// a line a second at most, and after ten seconds without one.
void progress_update(struct progress *progress, const struct tuff_progress *now);
// The same of anything. fraction: 0 to 1. parts: what stands behind the bar, each with two spaces before it;
// the first are the last to go where there is no room. line: what stands behind the label where there is no
// terminal.
void progress_show(struct progress *progress, double fraction, const char *const *parts, size_t part_count,
                   const char *line);
// Takes the bar away.
void progress_end(struct progress *progress);

double progress_clock(void); // seconds on a clock that only goes forward

#endif
