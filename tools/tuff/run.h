// The folder of a run: config.json, metrics.jsonl, checkpoint.safetensors.
#ifndef TUFF_TOOL_RUN_H
#define TUFF_TOOL_RUN_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

#include "tuff/status.h"

#define RUN_CONFIG     "config.json"
#define RUN_METRICS    "metrics.jsonl"
#define RUN_CHECKPOINT "checkpoint.safetensors"

struct run {
    char folder[PATH_MAX];
    char checkpoint[PATH_MAX];
    FILE *metrics;
};

// All of them show an error on failure.

// Whether a run may be made in `folder` (NULL: a new one below runs/): nothing is in its way, and no run is
// in it already, unless `force`. Writes nothing.
TUFF_MUST_CHECK enum tuff_status run_check(const char *folder, bool force);
// Makes the folder and those above it, and starts the metrics. folder NULL: runs/MODEL-DATA-DATE-N, the first
// N that is free. What a former run left there is removed.
TUFF_MUST_CHECK enum tuff_status run_create(struct run *run, const char *folder, const char *model,
                                            const char *data);
// Writes config.json, aside first; takes the reference to `config`.
TUFF_MUST_CHECK enum tuff_status run_write_config(struct run *run, json_t *config);
// Adds a line to metrics.jsonl and flushes it; takes the reference to `line`.
TUFF_MUST_CHECK enum tuff_status run_write_metrics(struct run *run, json_t *line);
// NULL-safe in run->metrics.
TUFF_MUST_CHECK enum tuff_status run_close(struct run *run);

// A number, or null for one that JSON cannot say.
json_t *json_number(double value);

#endif
