// Models made in code, layer by layer, where a model file is not at hand.
//
//   struct tuff_model_builder *builder;
//   struct tuff_model *model;
//   if (tuff_model_builder_create(&log, "small", (uint32_t[]){1, 28, 28}, &builder) != TUFF_OK)
//       return …;
//   tuff_model_add_conv2d(builder, "conv1", &(struct tuff_conv2d_options){.size = sizeof(struct tuff_conv2d_options),
//                                                                         .channels = 8, .kernel = {3, 3}});
//   tuff_model_add_relu(builder, NULL);
//   tuff_model_add_flatten(builder, NULL);
//   tuff_model_add_linear(builder, "fc1", &(struct tuff_linear_options){.size = …, .features = 10});
//   if (tuff_model_builder_finish(&builder, &model) != TUFF_OK)
//       return …;
//
// What holds for model files (docs/model-files.md) holds here: ranges, names, shapes, and the messages about them, with
// the number of the layer in place of a line.
#ifndef TUFF_MODEL_BUILDER_H
#define TUFF_MODEL_BUILDER_H

#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

struct tuff_model_builder;

// log: copied; may be NULL. name: the model's. input: channels, height, width, each 1 to 65535.
// Failure: a name or an input that cannot be; memory.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_model_builder_create(const struct tuff_log *log, const char *name,
                                                                    const uint32_t input[3],
                                                                    struct tuff_model_builder **builder);

// Pairs are height, width; a width of 0 is the height. A zero is the default where there is one.
struct tuff_conv2d_options {
    size_t size;
    uint32_t channels;     // of the output; must be given
    uint32_t kernel[2];    // must be given
    uint32_t stride[2];    // 0: 1
    uint32_t padding[2];   // zeros above and below, left and right; here a width of 0 is 0
    uint32_t dilation[2];  // 0: 1
    uint32_t groups;       // 0: 1
    int same_padding;      // 1: as much as makes the output input / stride, rounded up; padding is then not looked at
    int without_bias;
    uint32_t padding_mode; // enum tuff_padding_mode (op/conv2d.h): what the padding is filled with; 0: zeros
};

struct tuff_max_pool2d_options {
    size_t size;
    uint32_t kernel[2];   // must be given
    uint32_t stride[2];   // 0: the kernel
    uint32_t padding[2];  // as above, but never the greatest
    uint32_t dilation[2]; // 0: 1
    int same_padding;
};

// What lies beyond the input is counted as PyTorch does: padding is, the overhang of ceil mode is not.
struct tuff_avg_pool2d_options {
    size_t size;
    uint32_t kernel[2];  // must be given
    uint32_t stride[2];  // 0: the kernel
    uint32_t padding[2]; // at most half of the kernel
    int same_padding;
    int ceil_mode;       // 1: a last window that begins inside counts too
    int exclude_padding; // 1: padding is not counted (PyTorch's count_include_pad=False)
};

struct tuff_batch_norm2d_options {
    size_t size;
    double epsilon;      // added to the variance; 0: 1e-5
    double momentum;     // weight of a batch's statistics in the running ones, up to 1; 0: 0.1
    int without_affine;  // 1: no weight and no bias
    int keep_statistics; // 1: a momentum of 0 is meant: the running statistics stay as they are
};

struct tuff_linear_options {
    size_t size;
    uint32_t features; // of the output; must be given
    int without_bias;
};

// How parameters begin and are trained: docs/model-files.md, "Initial values and training".
struct tuff_training_options {
    size_t size;
    const char *init;      // of weights, as a file has it: "kaiming_normal", "{normal: 0.01}"; NULL: not said
    const char *init_bias; // of biases, likewise
    double lr_factor;      // of the learning rate, above 0; 0: not said
    int freeze;            // 1: training leaves them as they are; -1: it does not, whatever a block around says; 0: not said
};

// Says that of the layer that comes next, or, where a block begins next, of the layers in it that do not say it
// themselves. What is wrong with it is found like what is wrong with a layer.
TUFF_API void tuff_model_train(struct tuff_model_builder *builder, const struct tuff_training_options *options);

// Each appends a layer. name: begins the names of its parameters; NULL: the kind and a number, "conv1".
// What is wrong is logged at once; the model is then void, later layers are passed over, and
// tuff_model_builder_finish fails: nothing need be checked in between.
TUFF_API void tuff_model_add_conv2d(struct tuff_model_builder *builder, const char *name,
                                    const struct tuff_conv2d_options *options);
TUFF_API void tuff_model_add_max_pool2d(struct tuff_model_builder *builder, const char *name,
                                        const struct tuff_max_pool2d_options *options);
TUFF_API void tuff_model_add_avg_pool2d(struct tuff_model_builder *builder, const char *name,
                                        const struct tuff_avg_pool2d_options *options);
// To an output of height x width, whatever the input; a width of 0 is the height. (1,1) is global average pooling.
TUFF_API void tuff_model_add_adaptive_avg_pool2d(struct tuff_model_builder *builder, const char *name,
                                                 uint32_t height, uint32_t width);
// options: NULL for the defaults.
TUFF_API void tuff_model_add_batch_norm2d(struct tuff_model_builder *builder, const char *name,
                                          const struct tuff_batch_norm2d_options *options);
// p: of dropping an element, from 0 to below 1. Evaluation drops none.
TUFF_API void tuff_model_add_dropout(struct tuff_model_builder *builder, const char *name, double p);
// x where x is above 0, else negative_slope * x.
TUFF_API void tuff_model_add_leaky_relu(struct tuff_model_builder *builder, const char *name,
                                        double negative_slope);
TUFF_API void tuff_model_add_gelu(struct tuff_model_builder *builder, const char *name);
TUFF_API void tuff_model_add_silu(struct tuff_model_builder *builder, const char *name);
TUFF_API void tuff_model_add_sigmoid(struct tuff_model_builder *builder, const char *name);
TUFF_API void tuff_model_add_tanh(struct tuff_model_builder *builder, const char *name);
TUFF_API void tuff_model_add_relu(struct tuff_model_builder *builder, const char *name);
TUFF_API void tuff_model_add_flatten(struct tuff_model_builder *builder, const char *name);
TUFF_API void tuff_model_add_linear(struct tuff_model_builder *builder, const char *name,
                                    const struct tuff_linear_options *options);

// Blocks of layers: what is added between begin and tuff_model_end belongs to the block. name: its layers' names begin
// with it and a dot; NULL: it adds nothing to their names. Blocks may stand within blocks, eight deep.
TUFF_API void tuff_model_begin(struct tuff_model_builder *builder, const char *name);
// The sum of what its layers give and of its input; or, after tuff_model_branch, of what the layers from there on make of
// that input, its shortcut.
TUFF_API void tuff_model_begin_residual(struct tuff_model_builder *builder, const char *name);
// The channels of its branches one after the other. Each of them, the first too, begins with tuff_model_branch, and takes
// the block's input; one without layers passes it on.
TUFF_API void tuff_model_begin_concat(struct tuff_model_builder *builder, const char *name);
TUFF_API void tuff_model_branch(struct tuff_model_builder *builder);
// Ends the innermost block. What it joins has to have one shape, but for the channels of a concat.
TUFF_API void tuff_model_end(struct tuff_model_builder *builder);

// Ends the builder, whatever it returns: *builder becomes NULL. *model becomes the model, or NULL on failure: that of
// the first layer that failed; no layer; tuff_model_train that nothing follows; a block that has not ended; a last layer that does not give features; no parameters.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_model_builder_finish(struct tuff_model_builder **builder,
                                                                    struct tuff_model **model);
// For a builder that is not to be finished. NULL-safe, and *builder becomes NULL.
TUFF_API void tuff_model_builder_destroy(struct tuff_model_builder **builder);

#ifdef __cplusplus
}
#endif
#endif
