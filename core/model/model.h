// A model from the inside.
#ifndef TUFF_CORE_MODEL_H
#define TUFF_CORE_MODEL_H

#include "graph/graph.h"
#include "tuff/model.h"

// Appends the model's forward ops. input: (N,C,H,W), batched, of the model's input shape. parameters: one
// value per parameter, in the model's order. *logits: (N,classes).
TUFF_MUST_CHECK enum tuff_status tuff_model_lower(const struct tuff_model *model, struct tuff_graph *graph,
                                                  tuff_value_id input, const tuff_value_id *parameters,
                                                  tuff_value_id *logits);

// A number that follows from the layers, their settings and their order, and not from any name: the same for
// files that describe the same model. A setting that has its default counts for nothing.
uint64_t tuff_model_digest(const struct tuff_model *model);

#endif
