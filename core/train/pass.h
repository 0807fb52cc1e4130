// A pass over a data set on a device: of training, or of evaluation. The set lies on the device, or goes
// there in chunks; a planned step is run as often as there are batches.
#ifndef TUFF_CORE_PASS_H
#define TUFF_CORE_PASS_H

#include "graph/plan.h"
#include "parameters.h"
#include "tuff/trainer.h"

struct tuff_pass;

struct tuff_pass_options {
    uint32_t batch_size; // samples of a step
    // Of training: samples that are worked on at once. Below batch_size, of which it is a divisor, a step
    // runs its batch in parts and adds up their gradients; 0: batch_size.
    uint32_t part_size;
    const struct tuff_trainer_options *training;  // NULL: evaluation; read by tuff_pass_create only
    const struct tuff_augmentation *augmentation; // read by tuff_pass_create and tuff_pass_stream only
    bool outputs;                                 // keep each batch's logits for tuff_pass_work's outputs
    bool no_fusion;
    bool recompute;    // of training: compute activations anew for backward where that takes less memory
    bool flip_average; // of evaluation: logits are the means of an image's and its mirror image's
    bool mixed;        // float16 wherever it may be; the parameters have room for it
    const struct tuff_log *shortage; // told of tensors that the device has no room for, as by
                                     // tuff_plan_create; read by tuff_pass_create and tuff_pass_stream only
};

// Builds and plans the step. Takes no memory on the device yet: tuff_pass_arena_bytes tells how much it
// wants.
TUFF_MUST_CHECK enum tuff_status
tuff_pass_create(const struct tuff_target *target, const struct tuff_model *model,
                 const struct tuff_dataset *data, const struct tuff_parameters *parameters,
                 const struct tuff_pass_options *options, struct tuff_pass **pass);
void tuff_pass_destroy(struct tuff_pass **pass); // NULL-safe, nulls
// Before tuff_pass_bind, and while the options of tuff_pass_create are alive: plans anew for a set whose
// images do not lie on the device. They come in chunks of `samples`, a multiple of the batch size, two of
// which the device holds.
TUFF_MUST_CHECK enum tuff_status tuff_pass_stream(struct tuff_pass *pass, uint32_t samples);
bool tuff_pass_streams(const struct tuff_pass *pass);
uint64_t tuff_pass_arena_bytes(const struct tuff_pass *pass); // of activations and workspaces
// Of activations alone (plan.h), in the plan that has least of them.
uint64_t tuff_pass_value_bytes(const struct tuff_pass *pass);
uint64_t tuff_pass_unshared_bytes(const struct tuff_pass *pass); // what they would take without sharing
uint64_t tuff_pass_data_bytes(const struct tuff_pass *pass);
uint64_t tuff_pass_sample_bytes(const struct tuff_pass *pass); // of one image
uint64_t tuff_pass_image_bytes(const struct tuff_pass *pass);  // of all images of the set
uint32_t tuff_pass_batch_size(const struct tuff_pass *pass);
uint32_t tuff_pass_steps(const struct tuff_pass *pass); // ceil(samples / batch size)

// Uploads the data set, unless it is streamed, and makes the step ready. activations: of at least
// tuff_pass_arena_bytes; it outlives the pass.
TUFF_MUST_CHECK enum tuff_status tuff_pass_bind(struct tuff_pass *pass, struct tuff_buffer *activations);

// Steps of a pass, from number `first` on.
struct tuff_pass_work {
    const uint32_t *order;            // of the data set's samples, all of them
    const struct tuff_step_row *rows; // one per step: learning rates, corrections and the step's number
    uint32_t first, steps;
    uint32_t announced; // steps in all that progress is told of; 0: `steps`
    // Figures of the steps before `first`, to which those of these steps are added, the loss as a sum over
    // the samples; NULL: they count for nothing.
    struct tuff_metrics *sums;
    // Of a mixed training: the loss's scale to begin with, and as it is after the steps. NULL: none.
    struct tuff_loss_scale *loss_scale;
    struct tuff_loss_check *loss_check; // is told of each step's loss; NULL: nobody is
    uint64_t steps_before;              // of the optimizer, for its numbers
    float *mean_losses;                 // room for `steps`, or NULL
    float *outputs; // room for the logits of every sample of the steps, in order; NULL: not wanted
};

// *done: steps that were run, also on failure. *metrics: means over all that work->sums has in the end.
TUFF_MUST_CHECK enum tuff_status tuff_pass_run(struct tuff_pass *pass, const struct tuff_pass_work *work,
                                               const struct tuff_observer *observer, uint32_t *done,
                                               struct tuff_metrics *metrics);

// Where in a step a number first was not finite.
struct tuff_pass_origin {
    bool found;
    const struct tuff_graph *graph; // a program's of the pass
    uint32_t node, argument;        // of it
    uint64_t element;               // as it is stored
    float value;
};
// Runs the one step of `work` op by op, with a look at all that each op has made, but for gradients in mixed
// precision (pass_finite.c).
TUFF_MUST_CHECK enum tuff_status tuff_pass_find_origin(struct tuff_pass *pass,
                                                       const struct tuff_pass_work *work,
                                                       struct tuff_pass_origin *origin);
enum tuff_phase { TUFF_PHASE_FORWARD, TUFF_PHASE_BACKWARD, TUFF_PHASE_UPDATE };
// The part of a training step that a node belongs to.
enum tuff_phase tuff_pass_phase(const struct tuff_graph *graph, uint32_t node);

// Sums as means: loss per sample.
struct tuff_metrics tuff_pass_means(const struct tuff_metrics *sums);

#endif
