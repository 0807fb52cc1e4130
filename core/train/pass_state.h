// What the files of a pass share: its graph (pass_graph.c, pass_optimizer.c), its memory (pass.c), its steps
// (pass_run.c).
#ifndef TUFF_CORE_PASS_STATE_H
#define TUFF_CORE_PASS_STATE_H

#include "backend/runner.h"
#include "pass.h"

// What the step's graph takes from outside, by its number among the externals.
enum external {
    EXTERNAL_STATE,
    EXTERNAL_ROWS,
    EXTERNAL_INDEX,
    EXTERNAL_IMAGES,
    EXTERNAL_LABELS,
    EXTERNAL_METRICS,
    EXTERNAL_OUTPUTS,                         // of evaluation, where they are wanted
    EXTERNAL_OWN_COUNT,                       // the pass's own end here
    EXTERNAL_PARAMETERS = EXTERNAL_OWN_COUNT, // of the arenas: the part that is trained
    EXTERNAL_GRADIENTS,
    EXTERNAL_MOMENTS,
    EXTERNAL_AVERAGES,
    EXTERNAL_COUNT
};

struct tuff_pass {
    const struct tuff_target *target;
    const struct tuff_dataset *data;
    const struct tuff_parameters *parameters;
    struct tuff_pass_options options;
    uint32_t batch_size, steps, classes;
    struct tuff_graph *graph;
    struct tuff_plan *plan;
    struct tuff_buffer *buffers[EXTERNAL_OWN_COUNT];
    struct tuff_runner *runner;
    double step_seconds; // as last measured; 0 before
};

enum { TUFF_PASS_METRICS_WORDS = 2 };

// Fills pass->graph.
TUFF_MUST_CHECK enum tuff_status tuff_pass_build(struct tuff_pass *pass, const struct tuff_model *model);

// The ops after the backward ones, which change the parameters that are trained (pass_optimizer.c).
TUFF_MUST_CHECK enum tuff_status tuff_pass_add_optimizer(struct tuff_pass *pass,
                                                         const tuff_value_id ids[EXTERNAL_COUNT]);

#endif
