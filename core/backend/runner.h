// The runner: a planned graph whose tensors have memory, run on a target again and again.
#ifndef TUFF_CORE_RUNNER_H
#define TUFF_CORE_RUNNER_H

#include "graph/plan.h"

// A place in a device buffer.
struct tuff_place {
    struct tuff_buffer *buffer;
    uint64_t offset;
};

// Where the values lie that the plan does not place.
struct tuff_bindings {
    struct tuff_buffer *activations; // of at least plan->arena_bytes; NULL if that is 0
    struct tuff_buffer *parameters;  // by parameter_offsets[value.index]
    struct tuff_buffer *rounded;     // by half of those; NULL if the graph has no such values
    struct tuff_buffer *gradients;   // as parameters
    const uint64_t *parameter_offsets;
    const struct tuff_place *externals; // by value.index
};

struct tuff_runner;

// Has the backend prepare the graph's ops, and captures them where it can. target, its log and all buffers
// outlive the runner; graph and plan need not.
TUFF_MUST_CHECK enum tuff_status tuff_runner_create(const struct tuff_target *target,
                                                    const struct tuff_graph *graph,
                                                    const struct tuff_plan *plan,
                                                    const struct tuff_bindings *bindings,
                                                    struct tuff_runner **runner);
void tuff_runner_destroy(struct tuff_runner **runner); // NULL-safe, nulls

// Enqueues the whole graph `count` times. Does not wait.
TUFF_MUST_CHECK enum tuff_status tuff_runner_run(struct tuff_runner *runner, uint32_t count);

// Calls the kernel of the graph's node `index` alone, between the stream's begin and submit: for timing it.
// Calls in the order of the nodes, each once, do what one run does.
TUFF_MUST_CHECK enum tuff_status tuff_runner_call(struct tuff_runner *runner, uint32_t index);

// Captures the graph a second time for a profile of its dispatches (backend.h), whose calls are the graph's
// nodes. *capture: of the target's, to be destroyed before the runner; NULL where the backend has no
// profiles.
TUFF_MUST_CHECK enum tuff_status tuff_runner_profile(struct tuff_runner *runner,
                                                     struct tuff_capture **capture);

// Where tensor `argument` of the graph's node `index` lies; NULL: it is absent.
const struct tuff_tensor *tuff_runner_tensor(const struct tuff_runner *runner, uint32_t index,
                                             uint32_t argument);

// Blocks until all that was enqueued is done.
TUFF_MUST_CHECK enum tuff_status tuff_runner_wait(struct tuff_runner *runner);

#endif
