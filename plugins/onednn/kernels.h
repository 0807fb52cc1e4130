// The kernels: dnn_<op>, with the type that its slot in struct tuff_kernels has, for the ops of op_list.h
// that plugin.c's table has; the others are declared here and defined nowhere. What each of them does, and
// with which shapes, is written in tuff/op/<family>.h.
#ifndef TUFF_ONEDNN_KERNELS_H
#define TUFF_ONEDNN_KERNELS_H

#include "tuff/backend.h"

#define TUFF_OP(NAME, name)                                                                                  \
    enum tuff_status dnn_##name(struct tuff_stream *stream, const struct tuff_##name##_args *args);
#include "tuff/op_list.h"
#undef TUFF_OP

#endif
