// What the files of a pass share: its graphs (pass_graph.c, pass_optimizer.c), planned (pass_plan.c), its
// memory (pass.c), its steps (pass_run.c), its chunks (pass_stream.c), numbers that are not finite
// (pass_finite.c).
#ifndef TUFF_CORE_PASS_STATE_H
#define TUFF_CORE_PASS_STATE_H

#include "backend/runner.h"
#include "pass.h"

// What the step's graph takes from outside, by its number among the externals.
enum external {
    EXTERNAL_STATE,
    EXTERNAL_ROWS,
    EXTERNAL_INDEX,
    EXTERNAL_SLOTS, // of a set that is streamed: where each position of the index lies in its chunk
    EXTERNAL_IMAGES,
    EXTERNAL_LABELS,
    EXTERNAL_METRICS,
    EXTERNAL_OUTPUTS,                    // of evaluation, where they are wanted
    EXTERNAL_OWN_COUNT,                  // the pass's own end here
    EXTERNAL_ARENA = EXTERNAL_OWN_COUNT, // all parameters that the pass takes, and as float16
    EXTERNAL_ROUNDED,
    EXTERNAL_PARAMETERS, // of the arenas: the part that is trained
    EXTERNAL_GRADIENTS,
    EXTERNAL_SUMS, // of the gradients of a batch's parts
    EXTERNAL_MOMENTS,
    EXTERNAL_AVERAGES,
    EXTERNAL_COUNT,
    EXTERNAL_BUFFERS = EXTERNAL_COUNT // the model's buffers, one after the other, from here on
};
// Behind those, where there are several: parameters, gradients and moments of each group with a learning rate
// of its own, parts of the arenas above.
enum { EXTERNALS_OF_GROUP = 3 };

static inline uint32_t tuff_pass_group_external(const struct tuff_parameters *parameters, size_t group)
{
    return (uint32_t)(EXTERNAL_BUFFERS + parameters->buffer_count + EXTERNALS_OF_GROUP * group);
}

// A set that is streamed. Positions of the index from k * samples to before (k+1) * samples are chunk k,
// which lies in images[k % 2]; each of the two has runners of its own, since a buffer may not be written
// while it is worked on.
struct chunks {
    uint32_t samples; // of a chunk; 0: the set lies on the device
    struct tuff_buffer *images[2];
    uint32_t loaded[2]; // the chunk that is in each; NO_CHUNK
    uint8_t *staging;   // one chunk on the host
};
enum { NO_CHUNK = UINT32_MAX };

// What a pass runs: a step, or one part of a step's batch that is not the last, which ends with adding its
// gradients to those of the parts before.
enum program_kind { PROGRAM_STEP, PROGRAM_PART, PROGRAM_COUNT };

struct program {
    struct tuff_graph *graph;
    struct tuff_plan *plan;
    uint64_t value_bytes;           // plan.h's, the least of all plans that were tried
    struct tuff_runner *runners[2]; // of each chunk; of a set that lies on the device the first alone
};

struct tuff_pass {
    const struct tuff_target *target;
    const struct tuff_model *model;
    const struct tuff_dataset *data;
    const struct tuff_parameters *parameters;
    struct tuff_pass_options options;
    uint32_t batch_size, steps, classes;    // batch_size: of a step
    uint32_t part_size, parts;              // batch_size = part_size * parts
    uint32_t part_count;                    // of all steps: rows on the device
    struct program programs[PROGRAM_COUNT]; // PROGRAM_PART: only where a batch has parts
    struct tuff_buffer *images;             // of a set that lies on the device
    struct tuff_buffer
        *records; // the other externals, so that a kernel that needs several of them binds one buffer
    uint64_t offsets[EXTERNAL_OWN_COUNT]; // where in it each lies
    struct chunks chunks;
    double step_seconds; // as last measured; 0 before
};

enum { TUFF_PASS_METRICS_WORDS = 2 };

// -- pass.c

// Makes every program's runner number `chunk` on these bindings.
TUFF_MUST_CHECK enum tuff_status
tuff_pass_create_runners(struct tuff_pass *pass, const struct tuff_bindings *bindings, uint32_t chunk);

// -- pass_stream.c. None of it is called for a set that lies on the device.

// Takes the memory for two chunks, and makes their runners. places, bindings: of the pass, but for its
// images.
TUFF_MUST_CHECK enum tuff_status tuff_pass_bind_chunks(struct tuff_pass *pass, struct tuff_place *places,
                                                       const struct tuff_bindings *bindings);
void tuff_pass_release_chunks(struct tuff_pass *pass);
// What is loaded is of another order from now on.
void tuff_pass_forget_chunks(struct tuff_pass *pass);
uint32_t tuff_pass_chunk_of(const struct tuff_pass *pass, uint32_t step);
// Steps from `step` on that lie in its chunk.
uint32_t tuff_pass_steps_in_chunk(const struct tuff_pass *pass, uint32_t step);
// Sees to it that the chunk is on the device; beyond the last one there is nothing to do. The work on the
// chunk that it takes the place of, the second to last one, is done.
TUFF_MUST_CHECK enum tuff_status tuff_pass_load_chunk(struct tuff_pass *pass, const uint32_t *order,
                                                      uint32_t chunk);

// The parts before step `step`, which may be the one after the last.
static inline uint32_t tuff_pass_parts_before(const struct tuff_pass *pass, uint32_t step)
{
    return step == pass->steps ? pass->part_count : step * pass->parts;
}

// -- pass_run.c

// Makes the rows whole and hands them, the order and a fresh state to the device: work->steps steps can run
// from then on. No chunk is loaded.
TUFF_MUST_CHECK enum tuff_status tuff_pass_prepare(struct tuff_pass *pass, const struct tuff_pass_work *work);

// -- pass_graph.c

// Makes a program's graph. segment_bytes: of the activations that are computed a second time for backward
// (graph/recompute.h); 0: none are. *forward_bytes: of all that the model's forward ops make.
TUFF_MUST_CHECK enum tuff_status tuff_pass_build(struct tuff_pass *pass, enum program_kind kind,
                                                 uint64_t segment_bytes, uint64_t *forward_bytes);

// -- pass_plan.c

// All programs' graphs and plans, in the place of those that there are. With the option `recompute` the size
// of segments is the one that needs the least memory.
TUFF_MUST_CHECK enum tuff_status tuff_pass_build_and_plan(struct tuff_pass *pass);

// -- pass_optimizer.c

// The ops after the backward ones: those that add up the gradients of a batch's parts, and those that change
// the parameters that are trained.
TUFF_MUST_CHECK enum tuff_status tuff_pass_add_accumulation(struct tuff_pass *pass, struct tuff_graph *graph,
                                                            const tuff_value_id ids[EXTERNAL_COUNT]);
TUFF_MUST_CHECK enum tuff_status tuff_pass_add_optimizer(struct tuff_pass *pass, struct tuff_graph *graph,
                                                         const tuff_value_id ids[EXTERNAL_COUNT]);

#endif
