// Declares the layer kinds that layer_list.h lists.
#ifndef TUFF_CORE_LAYER_KINDS_H
#define TUFF_CORE_LAYER_KINDS_H

#include "layer.h"

#define TUFF_LAYER(kind) extern const struct tuff_layer_kind tuff_layer_##kind;
#include "layer_list.h"
#undef TUFF_LAYER

// What ends a block: no kind that a file could name.
extern const struct tuff_layer_kind tuff_layer_sum, tuff_layer_concat;

#endif
