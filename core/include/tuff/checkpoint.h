// Checkpoints: parameters by name in a safetensors file; and whole trainings, to go on with later.
#ifndef TUFF_CHECKPOINT_H
#define TUFF_CHECKPOINT_H

#include "model.h"
#include "trainer.h"

#ifdef __cplusplus
extern "C" {
#endif

// A text that goes into the file's header (__metadata__).
struct tuff_metadata {
    const char *key, *value;
};

// Writes all parameters and buffers, named as in a PyTorch state_dict, aside first, and renames once it is whole: the
// parameters' moving averages, if the trainer keeps those. The header gets a digest of the layers as well. metadata: further
// texts for it, with keys that have no dot.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_checkpoint_save(const struct tuff_log *log, const char *path,
                                                               struct tuff_trainer *trainer,
                                                               const struct tuff_metadata *metadata,
                                                               size_t metadata_count);
// Reads all parameters and buffers of the trainer's model. Failure changes none: a name that is missing or not the
// model's, a shape or type that differs, a file that is damaged. What PyTorch counts beside running statistics
// (num_batches_tracked) is passed over. Layers that fit but differ from those of the file in kind or setting, by its
// digest if it has one, are worth a warning.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_checkpoint_load(const struct tuff_log *log, const char *path,
                                                               struct tuff_trainer *trainer);
// The same without a trainer: values has room for tuff_model_parameter_elements + tuff_model_buffer_elements floats, and
// takes the parameters one after the other, in the model's order, each in its canonical layout, then the buffers.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_checkpoint_read(const struct tuff_log *log, const char *path,
                                                               const struct tuff_model *model, float *values);

// Writes all that a training needs to go on as if it had never stopped: parameters, the optimizer's moments,
// where it stands (tuff_trainer_position) with the sums of the epoch at hand, and in the header what decides
// its bits: the trainer's options, the model's layers and a checksum of the training data. One safetensors
// file, written aside first and renamed once it is whole. metadata: further texts for its header, with keys
// that have no dot.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_training_save(const struct tuff_log *log, const char *path,
                                                             struct tuff_trainer *trainer,
                                                             const struct tuff_metadata *metadata,
                                                             size_t metadata_count);
// Brings a trainer to where the saved one was: what it trains from here on has the bits that the other would
// have had, on the same backend and device; another one is worth a warning. The trainer's options have to be
// those of the saved one, except for epochs, keep_outputs, flip_average, data_budget_bytes and, with
// new_learning_rate, the learning rate. Failure changes nothing: an option, the model's layers or the training
// data that differ, which the message names; a file that is no saved training, or damaged.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_training_load(const struct tuff_log *log, const char *path,
                                                             struct tuff_trainer *trainer);

// The texts in a checkpoint's header, without a trainer: what it was made from, say.
struct tuff_metadata_list;
// Failure: a file that cannot be read, or that is no safetensors file.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_metadata_read(const struct tuff_log *log, const char *path,
                                                             struct tuff_metadata_list **list);
// NULL if there is no such key. The text lives as long as the list.
TUFF_API const char *tuff_metadata_find(const struct tuff_metadata_list *list, const char *key);
// NULL-safe, and *list becomes NULL.
TUFF_API void tuff_metadata_destroy(struct tuff_metadata_list **list);

#ifdef __cplusplus
}
#endif
#endif
