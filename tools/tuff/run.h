// The folder of a run: settings, figures, checkpoints.
#ifndef TUFF_TOOL_RUN_H
#define TUFF_TOOL_RUN_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "append_file.h"

#define RUN_CONFIG  "config.json"
#define RUN_METRICS "metrics.jsonl"
#define RUN_TABLE   "metrics.csv"
#define RUN_STATE   "state.safetensors" // what resuming takes
#define RUN_LAST    "last.safetensors"  // the parameters as they are
#define RUN_BEST    "best.safetensors"  // those of the best evaluation
#define RUN_EVENTS  "events.out.tfevents.tuff"
#define RUN_PAGE    "report" // the folder where tuff report writes a page

struct run {
    char folder[PATH_MAX];
    char state[PATH_MAX], last[PATH_MAX], best[PATH_MAX], events[PATH_MAX];
    struct append_file metrics, table;
};

#define RUN_CLOSED ((struct run){.metrics.descriptor = -1, .table.descriptor = -1})

// All of them show an error on failure.

// Whether a run may be made in `folder` (NULL: a new one below runs/): nothing is in its way, and no run is
// in it already, unless `force`. Writes nothing.
TUFF_MUST_CHECK enum tuff_status run_check(const char *folder, bool force);
// Makes the folder and those above it, and starts the metrics. folder NULL: runs/MODEL-DATA-DATE-N, the first
// N that is free. With `force`, what a former run left there is removed, and the page about it; else there
// may be none. Fails if another process writes into it, whose files stay as they are.
TUFF_MUST_CHECK enum tuff_status run_create(struct run *run, const char *folder, bool force,
                                            const char *model, const char *data);
// Opens the folder of a run that is to go on. Fails if another process writes into it.
TUFF_MUST_CHECK enum tuff_status run_open(struct run *run, const char *folder);
// Writes config.json, aside first; takes the reference to `config`.
TUFF_MUST_CHECK enum tuff_status run_write_config(const struct run *run, json_t *config);
// Reads config.json; a JSON object.
TUFF_MUST_CHECK enum tuff_status run_read_config(const char *folder, json_t **config);
// Also a run of RUN_CLOSED, or one that was opened in part.
TUFF_MUST_CHECK enum tuff_status run_close(struct run *run);

enum run_which { RUN_WHICH_LAST, RUN_WHICH_BEST };
extern const char *const run_checkpoints[2]; // their names: "last", "best"

// The checkpoint that `operand` stands for: itself if it is a file; if it is a run's folder, the one in it
// that `which` says. This is how eval and the like find what they are about.
TUFF_MUST_CHECK enum tuff_status run_find_checkpoint(const char *operand, enum run_which which,
                                                     char path[PATH_MAX]);

// -- Figures (run_metrics.c)

// Adds a line to metrics.jsonl, as a whole or not at all; takes the reference to `line`. Epochs and
// evaluations also become a row of metrics.csv, by their keys.
TUFF_MUST_CHECK enum tuff_status run_write_metrics(struct run *run, json_t *line);
// The head of metrics.csv.
TUFF_MUST_CHECK enum tuff_status run_begin_table(struct run *run);

// How long the files are: what a saved training keeps, so that a resumed one goes on behind it.
struct run_lengths {
    uint64_t metrics, table;
};
// Makes sure that they are on the disk as well.
TUFF_MUST_CHECK enum tuff_status run_measure(struct run *run, struct run_lengths *lengths);
// Drops what is behind, and goes on there.
TUFF_MUST_CHECK enum tuff_status run_cut(struct run *run, const struct run_lengths *lengths);

#endif
