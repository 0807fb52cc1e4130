// oneDNN's primitives, made once for each op with its shapes and parameters, and kept.
//
// For convolution and the linear layer oneDNN chooses the layout of each operand. Where it is not the host's
// (row-major), a reorder goes before or after the primitive; the reordered operand and oneDNN's scratchpad
// lie in the kernel's workspace. All other primitives take what is row-major as it is.
#ifndef TUFF_ONEDNN_PRIMITIVE_H
#define TUFF_ONEDNN_PRIMITIVE_H

#include "onednn.h"

#include <stdbool.h>

enum { DNN_OPERANDS = 9, DNN_DIMS = 5 };

struct dnn_operand {
    int64_t argument; // DNNL_ARG_…
    int64_t output;   // 1: the primitive computes it
    int64_t rank;     // 0: the operand is absent
    int64_t dims[DNN_DIMS];
};

// What a primitive is made for, and the key that it is found by: compared word by word, so that all fields
// have one width, and those that are not used are zero.
struct dnn_problem {
    int64_t op;      // enum tuff_op
    int64_t variant; // what the family makes of it: an algorithm, flags
    int64_t number;  // the bits of a float parameter
    // Windows; vertical, then horizontal. Dilations are less 1, as oneDNN counts.
    dnnl_dims_t kernel, strides, dilations, pads_before, pads_after; // of int64_t
    struct dnn_operand operands[DNN_OPERANDS];
};

enum dnn_way {
    DNN_PRIMITIVE, // by oneDNN, if it has a primitive for the problem
    DNN_LOOPS,     // by the plugin's own loops
    DNN_REFUSED,   // not at all
};

// How the ops of a family are done. One per family, in its file.
struct dnn_method {
    // Says how, and fills *problem if it is by a primitive. Buffers are not looked at.
    enum dnn_way (*pose)(uint32_t op, const struct tuff_op_args *args, struct dnn_problem *problem);
    // Makes oneDNN's description of the problem. dnnl_unimplemented where oneDNN has none.
    dnnl_status_t (*describe)(struct tuff_device *device, const struct dnn_problem *problem,
                              dnnl_primitive_desc_t *description);
    // Bytes of workspace, before the primitive's, that the kernel itself needs. NULL: none.
    uint64_t (*scratch_bytes)(uint32_t op, const struct tuff_op_args *args);
};

extern const struct dnn_method dnn_activation, dnn_avg_pool2d, dnn_batch_norm2d, dnn_convolution, dnn_linear;

// planning.c. The method of an op; NULL: loops, always.
const struct dnn_method *dnn_method_of(uint32_t op);

// describe.c: parts of posing and describing.
// Puts a tensor among the problem's operands; NULL: it is absent.
void dnn_set_operand(struct dnn_problem *problem, int slot, int argument, bool output,
                     const struct tuff_tensor *tensor);
// The plain layout, the last dimension contiguous.
dnnl_status_t dnn_row_major(const struct dnn_operand *operand, dnnl_memory_desc_t *layout);
// The layout left to oneDNN.
dnnl_status_t dnn_any_layout(const struct dnn_operand *operand, dnnl_memory_desc_t *layout);
// From an operation's description (dnnl_…_desc_t) to the primitive's. hint: the forward one, for backward; or
// NULL.
dnnl_status_t dnn_finish(struct tuff_device *device, const void *operation, dnnl_primitive_desc_t hint,
                         dnnl_primitive_desc_t *description);
float dnn_number(const struct dnn_problem *problem);
void dnn_set_number(struct dnn_problem *problem, float number);

// primitive.c
// Bytes of workspace that the problem's primitive needs, by pointer. Does not make it.
// TUFF_ERROR_UNSUPPORTED, without a message, if oneDNN has none for the problem.
enum tuff_status dnn_primitive_workspace(struct tuff_device *device, const struct dnn_problem *problem,
                                         uint64_t *bytes);
// Makes the primitive, which generates its code, unless that has been done.
enum tuff_status dnn_primitive_prepare(struct tuff_device *device, const struct dnn_problem *problem);
// Runs the primitive, and makes it if nobody has prepared it. data: of each operand, in the problem's order.
// workspace: the kernel's, of which the first scratch_bytes are the kernel's own; NULL: it has none.
enum tuff_status dnn_primitive_run(struct tuff_device *device, const struct dnn_problem *problem,
                                   void *const data[DNN_OPERANDS], const struct tuff_tensor *workspace,
                                   uint64_t scratch_bytes);
// Frees all that the cache holds.
void dnn_primitives_destroy(struct tuff_device *device);
// scratch_bytes as they lie in the workspace: what follows them is aligned.
uint64_t dnn_aligned(uint64_t bytes);

// one_thread.c. oneDNN takes as many threads as OpenMP offers to the calling thread, when a primitive is
// described, made and run; how it divides a sum among them depends on their number. Between these two calls
// that number is 1, and OpenMP is afterwards as the host had it. begin returns what end takes.
int dnn_one_thread_begin(void);
void dnn_one_thread_end(int threads);

#endif
