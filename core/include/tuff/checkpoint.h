// Checkpoints: parameters by name in a safetensors file.
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

// Writes all parameters, named as in a PyTorch state_dict, aside first, and renames once it is whole.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_checkpoint_save(const struct tuff_log *log, const char *path,
                                                               struct tuff_trainer *trainer,
                                                               const struct tuff_metadata *metadata,
                                                               size_t metadata_count);
// Reads all parameters of the trainer's model. Failure changes no parameter: a name that is missing or not the
// model's, a shape or type that differs, a file that is damaged.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_checkpoint_load(const struct tuff_log *log, const char *path,
                                                               struct tuff_trainer *trainer);

#ifdef __cplusplus
}
#endif
#endif
