// Training and evaluating a model on a target.
#ifndef TUFF_TRAINER_H
#define TUFF_TRAINER_H

#include "augmentation.h"
#include "context.h"
#include "dataset.h"
#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

struct tuff_trainer;

enum tuff_optimizer {
    TUFF_OPTIMIZER_ADAM = 0,  // weight decay is an L2 penalty, as in torch.optim.Adam
    TUFF_OPTIMIZER_ADAMW = 1, // weight decay apart from the gradient, as in torch.optim.AdamW
    TUFF_OPTIMIZER_SGD = 2,   // as torch.optim.SGD
};

// How the learning rate goes on from step to step. t: optimizer steps before this one; S: steps in an epoch;
// T = epochs * S; W = warmup_epochs * S, rounded. In the first W steps the rate of all but ONE_CYCLE is
// multiplied by (t+1)/(W+1).
enum tuff_schedule {
    TUFF_SCHEDULE_CONSTANT = 0,
    // learning_rate * decay_factor^floor(t / (decay_epochs * S) + 1e-9), and at least least_learning_rate.
    // The 1e-9 is for products that rounding leaves just above a whole number.
    TUFF_SCHEDULE_STEP = 1,
    // From learning_rate at W down to least_learning_rate at T, along half a cosine.
    TUFF_SCHEDULE_COSINE = 2,
    // torch.optim.lr_scheduler.OneCycleLR: up from learning_rate / 25 within W steps (0.3 T where there is no
    // warm-up), then down to least_learning_rate (learning_rate / 250,000 where that is 0), both along half a
    // cosine. The momentum stays.
    TUFF_SCHEDULE_ONE_CYCLE = 3,
};

// What activations, their gradients and the weights of convolutions and linear layers are kept in on the
// device.
enum tuff_precision {
    TUFF_PRECISION_FLOAT32 = 0,
    // float16, with sums in float32 and parameters in float32, of which those weights are a rounded copy. The
    // loss is scaled (struct tuff_loss_scale). For training and for evaluation.
    TUFF_PRECISION_MIXED = 1,
};

struct tuff_trainer_options {
    size_t size;
    uint32_t batch_size;          // at least 1
    uint64_t seed;                // of initial parameters and of the order of samples
    int shuffle;                  // 1: every epoch has an order of its own; 0: the data set's order
    double learning_rate;         // above 0
    double beta1, beta2, epsilon; // of Adam and AdamW; epsilon is none of float32's subnormal numbers
    double weight_decay;          // in [0,1)
    int keep_outputs;             // 1: tuff_trainer_outputs can be asked
    int reserved;                 // not read
    uint32_t optimizer;           // enum tuff_optimizer
    int nesterov;                 // 1: Nesterov's momentum, which needs a momentum
    double momentum;              // of SGD, in [0,1), as a float32 too; 0 for the others
    double label_smoothing;       // in [0,1]; of training alone
    double clip_norm;             // the gradient's greatest Euclidean norm, over all parameters; 0: no limit
    uint32_t schedule;            // enum tuff_schedule
    uint32_t epochs;              // that COSINE and ONE_CYCLE are stretched over; 0: not known
    double warmup_epochs;         // may be a fraction
    double least_learning_rate;   // at least 0, below learning_rate
    double decay_epochs;          // of STEP, above 0; may be a fraction
    double decay_factor;          // of STEP, in (0,1]
    // In [0,1); above 0 there is a moving average of the parameters, which evaluation and checkpoints take in
    // their place: average = d * average + (1-d) * parameters after each step, d = min(average_decay,
    // (1+t)/(10+t)) with t steps done, so that it soon forgets where it began.
    double average_decay;
    // The most that the images of both sets may take on the device; 0: as much as it has. A set that is
    // larger goes there in two parts by turns, in the order of the epoch, while the other one is worked on.
    // The bits are the same, but of the loss of an evaluation that has to take smaller batches for it.
    uint64_t data_budget_bytes;
    // Parameters that training leaves as they are, bit for bit: names ("conv1.weight"), names of layers
    // ("conv1") or blocks ("layer1"), or patterns of any of them, as fnmatch(3) has them ("fc*"). Buffers are
    // no parameters: a frozen batch normalization still follows its batches, as with requires_grad = False in
    // PyTorch. Read by tuff_trainer_create only.
    const char *const *frozen;
    size_t frozen_count;
    // What happens to training images on the device, in an order that the seed decides; its mean and
    // deviation hold for test images too. NULL: pixels from 0 to 1, as they are. Read by tuff_trainer_create
    // only.
    const struct tuff_augmentation *augmentation;
    // 1: every op of the model runs on its own, also where the backend has one for several. The results agree
    // up to rounding. For finding out which kernel is at fault.
    uint32_t no_fusion;
    uint32_t precision; // enum tuff_precision
    // 1: tuff_training_load takes a training that was saved with another learning rate, too, and goes on with
    // the one above: after a training that has come to nothing, say.
    uint32_t new_learning_rate;
    // 1: training keeps few of the forward pass's activations, and computes the others a second time when
    // backward ops need them: about a third more work for a part of the memory. The bits are the same,
    // but where a backend makes one kernel of several ops (Vulkan): the results agree up to rounding there.
    uint32_t recompute_activations;
    // Training samples that are worked on at once, a divisor of batch_size: a step runs its batch in such
    // parts and adds up their gradients, so that a batch takes the memory of a part and one more copy of the
    // gradients. Batch normalization sees the parts, and dropout and augmentation draw anew in each. 0: the
    // whole batch.
    uint32_t micro_batch;
    // 1: evaluation puts each image and its mirror image through the model, and takes the mean of their
    // logits.
    uint32_t flip_average;
};

// Sets the first `size` bytes of *options: batch 16, seed 42, shuffled, Adam with lr 1e-3, beta 0.9 and 0.999
// and epsilon 1e-8, a constant learning rate (a step schedule would decay it by 0.1 every 10 epochs), and all
// else off.
TUFF_API void tuff_trainer_options_fill(struct tuff_trainer_options *options, size_t size);
// The same for the struct as the caller knows it, which may be smaller than the library's.
static inline void tuff_trainer_options_default(struct tuff_trainer_options *options)
{
    tuff_trainer_options_fill(options, sizeof *options);
}
// Whether the options can be, as far as neither model nor data is needed to tell; tuff_trainer_create asks
// too.
TUFF_API TUFF_MUST_CHECK enum tuff_status
tuff_trainer_options_check(const struct tuff_log *log, const struct tuff_trainer_options *options);

// Plans the training step and the evaluation of `model` for one batch size, takes memory for them, uploads
// the data sets as far as they fit, and initializes the parameters. model, train, test and target outlive the
// trainer. train may be NULL (only evaluation), test may be NULL (only training). Options beyond
// options->size are the default's. Failure: options that cannot be; shapes or classes that do not fit the
// model; an op the backend lacks, by name; memory.
TUFF_API TUFF_MUST_CHECK enum tuff_status
tuff_trainer_create(struct tuff_target *target, const struct tuff_model *model,
                    const struct tuff_dataset *train, const struct tuff_dataset *test,
                    const struct tuff_trainer_options *options, struct tuff_trainer **trainer);
// NULL-safe, and *trainer becomes NULL.
TUFF_API void tuff_trainer_destroy(struct tuff_trainer **trainer);

TUFF_API const struct tuff_model *tuff_trainer_model(const struct tuff_trainer *trainer);

struct tuff_metrics {
    uint64_t samples;
    uint64_t correct;
    double loss;    // mean over the samples
    double seconds; // wall-clock time
};

// Called between submissions, about ten times a second at most; what it is given covers the epoch so
// far. A return value other than 0 stops after the steps at hand: the call returns TUFF_ERROR_INTERRUPTED.
struct tuff_progress {
    uint32_t step, steps; // done and in all, of this epoch or evaluation
    struct tuff_metrics metrics;
};
struct tuff_observer {
    int (*progress)(void *user, const struct tuff_progress *progress); // NULL: not told
    void *user;
};

// Steps in an epoch: ceil(samples / batch size); the last one may be short.
TUFF_API uint32_t tuff_trainer_steps_per_epoch(const struct tuff_trainer *trainer);

// One epoch of training in the epoch's own order (Philox, purpose SHUFFLE, step = epoch; the first is 0).
// Blocking. observer may be NULL.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_trainer_epoch(struct tuff_trainer *trainer, uint32_t epoch,
                                                             const struct tuff_observer *observer,
                                                             struct tuff_metrics *metrics);
// The first `steps` steps of an epoch (0: all of them), whatever was done of it before. mean_losses: room for
// as many floats, or NULL.
TUFF_API TUFF_MUST_CHECK enum tuff_status
tuff_trainer_steps(struct tuff_trainer *trainer, uint32_t epoch, uint32_t steps,
                   const struct tuff_observer *observer, struct tuff_metrics *metrics, float *mean_losses);

// Where a training stands.
struct tuff_trainer_position {
    size_t size;                 // set by the caller; no more than that is written
    uint32_t epoch;              // the one at hand, or the last one; the first is 0
    uint32_t step;               // steps of it that are done: from 0 to tuff_trainer_steps_per_epoch
    uint64_t steps_done;         // of the optimizer, in all epochs
    struct tuff_metrics metrics; // of those steps of the epoch
};
TUFF_API void tuff_trainer_position(const struct tuff_trainer *trainer,
                                    struct tuff_trainer_position *position);

// Trains epoch `epoch` up to its step number `to` (0: to its end), from where it stands: after the steps that
// are done if it is the epoch at hand, else from its beginning. An epoch in parts, each followed by an
// evaluation or not, gives the same bits as in one. metrics and progress cover the epoch from its first step.
// mean_losses: room for as many floats as steps are run, or NULL; they are filled in before the observer is
// told of their steps.
TUFF_API TUFF_MUST_CHECK enum tuff_status
tuff_trainer_advance(struct tuff_trainer *trainer, uint32_t epoch, uint32_t to,
                     const struct tuff_observer *observer, struct tuff_metrics *metrics, float *mean_losses);

// The loss's scale of a training in mixed precision: it begins at 65536, is doubled after 2000 steps without
// an overflow, and halved at one. Such a step is skipped: parameters, moments and averages stay as they are,
// though the step counts in learning rates and in Adam's corrections, and running statistics follow it as far
// as it has finite ones.
struct tuff_loss_scale {
    size_t size;         // set by the caller; no more than that is written
    float scale;         // 0: the training is not in mixed precision
    uint32_t good_steps; // in a row, since the scale was changed
    uint64_t skipped;    // steps, of all that were run
};
TUFF_API void tuff_trainer_loss_scale(const struct tuff_trainer *trainer, struct tuff_loss_scale *scale);

// Losses that were not finite.
struct tuff_loss_check {
    size_t size;         // set by the caller; no more than that is written
    uint64_t not_finite; // steps of the epoch at hand
    uint64_t in_row;     // up to the last step that was run, in whatever epoch
    uint64_t first;      // of those in a row, by the optimizer's count; the first is 1
    // 1: no training any more. In float32 a single such loss is enough, since every parameter has it in its
    // gradient. In mixed precision such a step is skipped as if its gradients had overflowed; as many as
    // bring the loss's scale from its first value to its least, one after the other, are no overflow of the
    // scale.
    int diverged;
    int reserved;
};
// What is known after each submission, and so in an observer.
TUFF_API void tuff_trainer_loss_check(const struct tuff_trainer *trainer, struct tuff_loss_check *check);

// Where a number that is not finite first appeared.
struct tuff_origin {
    size_t size;    // set by the caller; no more than that is written
    uint64_t step;  // of the optimizer; the first is 1. 0: it was there before the first step that was tried
    const char *op; // whose result it was; NULL: of none
    const char *phase; // "forward", "backward" or "update"
    const char *kind;  // of tensor: "parameter", "gradient", "activation", "moment", "average", "buffer";
                       // NULL: there is none
    char layer[112];   // "" if the op belongs to none
    char tensor[136];  // its name; of a gradient, moment or average that of what it belongs to
    double value;      // an infinity, or NaN
};
// Whether parameters, moments, averages and buffers are finite: origin->kind is NULL, or tells of the first
// that is not. Blocking.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_trainer_check_finite(struct tuff_trainer *trainer,
                                                                    struct tuff_origin *origin);
// Trains from where it stands up to the optimizer's step number `last`, one step after the other, and looks
// for the first that makes a loss, a parameter, a moment, an average or a buffer that is not finite; runs
// this step again, op by op, and looks at the results of each. The same steps of the same training give the
// same bits, so this finds out what happened to one that was saved before. origin->kind is NULL if nothing
// was found. Slow; the training is not to be gone on with. The observer, which may be NULL, is told after
// each step how many of those up to `last` have been tried, with the metrics of the epoch so far. Failure: as
// of tuff_trainer_advance. Blocking.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_trainer_find_origin(struct tuff_trainer *trainer,
                                                                   uint64_t last,
                                                                   const struct tuff_observer *observer,
                                                                   struct tuff_origin *origin);
// Back to where tuff_trainer_create has left it. Blocking.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_trainer_restart(struct tuff_trainer *trainer);

// The learning rate of the optimizer's step number `step`; the first is 1.
TUFF_API double tuff_trainer_learning_rate(const struct tuff_trainer *trainer, uint64_t step);

// The test set in order. Blocking; changes nothing that training sees.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_trainer_evaluate(struct tuff_trainer *trainer,
                                                                const struct tuff_observer *observer,
                                                                struct tuff_metrics *metrics);

// The same, and what the model says of each sample: logits (count,classes), row-major, in the set's order,
// before softmax. To predict images of one's own, hand them to the trainer as a test set. Blocking.
// Failure: a trainer without the option keep_outputs.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_trainer_outputs(struct tuff_trainer *trainer,
                                                               const struct tuff_observer *observer,
                                                               struct tuff_metrics *metrics, float *logits);

// Parameters by the model's index, canonical layout, tuff_model_parameter's size. Blocking.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_trainer_read_parameter(struct tuff_trainer *trainer,
                                                                      size_t index, float *values);
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_trainer_write_parameter(struct tuff_trainer *trainer,
                                                                       size_t index, const float *values);
// The moving average of a parameter, by the same layout; the parameter itself without the option
// average_decay. It is what evaluation takes. tuff_trainer_write_parameter sets it as well. Blocking.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_trainer_read_average(struct tuff_trainer *trainer,
                                                                    size_t index, float *values);

// The model's buffers by its index (tuff_model_buffer): running statistics of batch normalization. Training
// steps change them, evaluation takes them as they are; there are no averages of them. Blocking.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_trainer_read_buffer(struct tuff_trainer *trainer, size_t index,
                                                                   float *values);
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_trainer_write_buffer(struct tuff_trainer *trainer,
                                                                    size_t index, const float *values);

// The gradient of parameter `index` as the last training step left it: of its batch's mean loss, clipped if
// there is a clip_norm, by the same layout as tuff_trainer_read_parameter; zeros before the first step. Not
// defined for a parameter that is frozen. For looking at a training, not for taking part in it. Failure: a
// trainer without training data has none. Blocking.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_trainer_read_gradient(struct tuff_trainer *trainer,
                                                                     size_t index, float *values);

struct tuff_memory_plan {
    uint64_t parameters, gradients, optimizer, activations,
        data;                      // bytes on the device; parameters: buffers too
    uint64_t activations_unshared; // what activations would take if no memory were reused
};
// 1 if a set does not lie on the device as a whole (data_budget_bytes).
TUFF_API int tuff_trainer_streams(const struct tuff_trainer *trainer, enum tuff_split split);
TUFF_API void tuff_trainer_memory(const struct tuff_trainer *trainer, struct tuff_memory_plan *plan);
// What a training with these options would take, with an evaluation of at least 16 batches, before there is
// any data: plan->data is 0. Parameters, gradients and moments are taken for as long as this lasts, the rest
// is planned alone. Failure: as of tuff_trainer_create; too large a batch is one. Blocking.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_training_memory(struct tuff_target *target,
                                                               const struct tuff_model *model,
                                                               const struct tuff_trainer_options *options,
                                                               struct tuff_memory_plan *plan);

#ifdef __cplusplus
}
#endif
#endif
