// ONNX files: a trained network for other programs.
#ifndef TUFF_ONNX_H
#define TUFF_ONNX_H

#include "checkpoint.h"
#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    TUFF_ONNX_OPSET = 13,     // of the operators that are used
    TUFF_ONNX_IR_VERSION = 7, // of the format
};

struct tuff_onnx_options {
    size_t size;
    const struct tuff_metadata *metadata; // texts for the file's metadata, in UTF-8, each key once
    size_t metadata_count;
    // Per channel of the model's input: the network was trained on (x - mean) / deviation, and the file does that first,
    // in two nodes "normalize/centre" and "normalize/scale". NULL, both: it was trained on x.
    const double *mean, *deviation;
};

// Writes the network's forward pass, aside first, and renames once the file is whole.
//
// values: parameters and buffers, as tuff_checkpoint_read gives them. options: NULL for none.
// The graph is called as the model. Input "input": float32 images (batch,channels,height,width) from 0 to 1, which is
// their bytes divided by 255. Output "logits": (batch,classes), before softmax. The batch's size is left open. The
// parameters and buffers are initializers that have their own names ("conv1.weight"); every layer is one node called as
// the layer, and its output is "LAYER.output"; where the operators need more than one for it, those before are called
// "LAYER/PART". The metadata say the model's name ("model") and what the input is ("input"), unless
// options give those keys.
//
// Blocking. Failure: a kind of layer that has no form in ONNX; a key that comes twice, or a text that is not UTF-8; a
// file of 2 GiB or more, which the format cannot hold; a file that cannot be written.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_onnx_save(const struct tuff_log *log, const char *path,
                                                         const struct tuff_model *model, const float *values,
                                                         const struct tuff_onnx_options *options);

#ifdef __cplusplus
}
#endif
#endif
