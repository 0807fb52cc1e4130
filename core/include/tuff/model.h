// Models: layers with inferred shapes, read from a YAML file.
#ifndef TUFF_MODEL_H
#define TUFF_MODEL_H

#include <stdio.h>

#include "log.h"

#ifdef __cplusplus
extern "C" {
#endif

struct tuff_model;

// name: a model that ships ("lenet-mnist"), or the path of a model file (it has a '/' or ends in .yaml or .yml).
// Failure: TUFF_ERROR_NOT_FOUND with the nearest name; TUFF_ERROR_FORMAT or TUFF_ERROR_INVALID with
// file:line:column for what the file says that cannot be.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_model_load(const struct tuff_log *log, const char *name,
                                                          struct tuff_model **model);
// The same from text; `source` is what messages call it.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_model_parse(const struct tuff_log *log, const char *source,
                                                           const char *text, size_t length,
                                                           struct tuff_model **model);
// NULL-safe, and *model becomes NULL.
TUFF_API void tuff_model_destroy(struct tuff_model **model);

TUFF_API const char *tuff_model_name(const struct tuff_model *model);
TUFF_API void tuff_model_input(const struct tuff_model *model, uint32_t chw[3]);
TUFF_API uint32_t tuff_model_classes(const struct tuff_model *model); // features of the last layer

// Models that ship; NULL from the count on.
TUFF_API const char *tuff_model_shipped(size_t index);

struct tuff_layer_info {
    const char *name;       // "conv1", or the kind's name and a number for layers without one; in a block of the name
                            // "layer1" "layer1.conv1"
    const char *kind;       // "conv2d"
    uint32_t output_rank;   // without the batch: 3 for C,H,W; 1 for features
    uint32_t output_dims[3];
    uint64_t parameters;    // elements
    uint64_t multiply_adds; // per sample, forward
    uint64_t buffers;       // elements of what is kept and not trained: running statistics
};
TUFF_API size_t tuff_model_layer_count(const struct tuff_model *model);
TUFF_API void tuff_model_layer(const struct tuff_model *model, size_t index, struct tuff_layer_info *info);

// What a layer takes: the numbers of layers before it, whose outputs these are, or TUFF_LAYER_MODEL_INPUT. Returns how many
// there are; writes at most `capacity` of them.
#define TUFF_LAYER_MODEL_INPUT ((size_t)-1)
TUFF_API size_t tuff_model_layer_inputs(const struct tuff_model *model, size_t index, size_t *inputs, size_t capacity);

// Layers that a model file puts together. They come one after the other; the last of a "residual" is the layer of kind
// "sum" that adds its branches, that of a "concat" the one of kind "concat".
enum { TUFF_MODEL_MAX_DEPTH = 8 }; // blocks within each other
struct tuff_block_info {
    const char *name;    // whole: "layer1.0"; empty if it has none
    const char *kind;    // "block", "residual" or "concat"
    uint32_t depth;      // blocks around it, less than TUFF_MODEL_MAX_DEPTH
    size_t first, count; // its layers, those of blocks within it among them
};
TUFF_API size_t tuff_model_block_count(const struct tuff_model *model);
// In the order in which they begin; the outer one first.
TUFF_API void tuff_model_block(const struct tuff_model *model, size_t index, struct tuff_block_info *info);

// The recipe of a model file: settings with which it is to be trained, by the names of tuff train's options, with '_' for
// '-'. A file without one has none of them.
struct tuff_recipe_setting {
    const char *key;   // "weight_decay"
    const char *value; // as the file has it: "5e-4", "one-cycle"; "true" or "false" of what is on or off
};
TUFF_API size_t tuff_model_recipe_count(const struct tuff_model *model);
TUFF_API void tuff_model_recipe(const struct tuff_model *model, size_t index, struct tuff_recipe_setting *setting);

struct tuff_parameter_info {
    const char *name; // as in a PyTorch state_dict: "conv1.weight"
    uint32_t rank;
    uint32_t dims[4]; // canonical: (out,in,kh,kw), (out,in), (out)
    uint32_t fan_in;  // inputs of one output, by which it is initialized; 0: it begins as a constant
};
TUFF_API size_t tuff_model_parameter_count(const struct tuff_model *model); // tensors
TUFF_API void tuff_model_parameter(const struct tuff_model *model, size_t index, struct tuff_parameter_info *info);
TUFF_API uint64_t tuff_model_parameter_elements(const struct tuff_model *model); // all of them
// 1 if the model says that training leaves it as it is.
TUFF_API int tuff_model_parameter_frozen(const struct tuff_model *model, size_t index);
// What the learning rate is multiplied by for it; 1 where the model says nothing.
TUFF_API double tuff_model_parameter_rate_factor(const struct tuff_model *model, size_t index);

// Buffers: tensors that belong to a trained model and that no optimizer changes, such as the running_mean and
// running_var of batch normalization. Named as in a state_dict, too; their fan_in is 0.
TUFF_API size_t tuff_model_buffer_count(const struct tuff_model *model); // tensors
TUFF_API void tuff_model_buffer(const struct tuff_model *model, size_t index, struct tuff_parameter_info *info);
TUFF_API uint64_t tuff_model_buffer_elements(const struct tuff_model *model); // all of them
// Initial values of buffer `index`: a running mean of 0, a running variance of 1.
TUFF_API void tuff_model_initialize_buffer(const struct tuff_model *model, size_t index, float *values);

// Initial values of parameter `index`, as the model says (docs/model-files.md); where it says nothing: uniform in [-b,b), b = 1/sqrt(fan_in), as PyTorch's conv and linear layers
// start (kaiming_uniform with a = sqrt(5), and the bias); from Philox, purpose INITIALIZE, step = index. A weight of batch
// normalization starts as 1, its bias as 0.
TUFF_API void tuff_model_initialize(const struct tuff_model *model, size_t index, uint64_t seed, float *values);

#ifdef __cplusplus
}
#endif
#endif
