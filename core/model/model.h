// A model from the inside.
#ifndef TUFF_CORE_MODEL_H
#define TUFF_CORE_MODEL_H

#include "graph/graph.h"
#include "tuff/model.h"

// What a model becomes ops with, besides the batch.
struct tuff_model_values {
    const tuff_value_id *parameters; // one per parameter, in the model's order
    const tuff_value_id *buffers;    // one per buffer; may be NULL where there is none
    bool training;                   // batch normalization takes the batch's statistics, dropout drops
    tuff_value_id state;             // the step state; needed in training
    uint64_t seed;                   // of what is random in training
};

// Appends the model's forward ops. input: (N,C,H,W), batched, of the model's input shape. *logits:
// (N,classes).
TUFF_MUST_CHECK enum tuff_status tuff_model_lower(const struct tuff_model *model, struct tuff_graph *graph,
                                                  tuff_value_id input, const struct tuff_model_values *values,
                                                  tuff_value_id *logits);

// A number that follows from the layers, their settings and their order, and not from any name: the same for
// files that describe the same model. A setting that has its default counts for nothing.
uint64_t tuff_model_digest(const struct tuff_model *model);
// The same of what the layers compute: factors of the learning rate, which only a training knows, do not count.
uint64_t tuff_model_forward_digest(const struct tuff_model *model);

#endif
