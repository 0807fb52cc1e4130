// Where the layers of a model stand when its graph is drawn: one below the other, in lanes that run down
// beside each other where there are branches.
#ifndef TUFF_CORE_GRAPH_LANES_H
#define TUFF_CORE_GRAPH_LANES_H

#include "model/layer.h"

enum { TUFF_GRAPH_LANES = 64 }; // at most: as many branches as blocks within each other can have go in fewer

struct tuff_graph_row {
    uint32_t lane;   // the layer's own
    uint32_t from;   // the lane that its input comes from; another one than its own where the graph forks
    uint64_t open;   // lanes that a value runs down in, between the layer before and this one
    uint64_t inputs; // lanes that meet in this layer where it takes several values
    uint64_t ends;   // those of them that end there
};

struct tuff_graph_rows {
    struct tuff_graph_row *rows; // one for each layer
    uint32_t lanes;              // in all
};

// Failure: memory; more lanes than there may be.
TUFF_MUST_CHECK enum tuff_status tuff_graph_rows_make(const struct tuff_log *log,
                                                      const struct tuff_model *model,
                                                      struct tuff_graph_rows *rows);
void tuff_graph_rows_free(struct tuff_graph_rows *rows);

// "conv2d 3x3, stride 2": the kind, and of its settings those that the shapes do not say.
enum { TUFF_GRAPH_LABEL_BYTES = 96 };
const char *tuff_graph_label(const struct tuff_layer *layer, char label[TUFF_GRAPH_LABEL_BYTES]);
// The shape of what a layer gives, or of the model's input for TUFF_MODEL_INPUT: "64x32x32".
const char *tuff_graph_shape(const struct tuff_model *model, uint32_t layer,
                             char text[TUFF_SHAPE_TEXT_BYTES]);

#endif
