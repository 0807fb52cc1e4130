// oneDNN's primitives, made once for each op with its shapes and parameters, and kept.
//
// oneDNN chooses the layout of each operand. Where it is not the host's (row-major), a reorder goes before or
// after the primitive; the reordered operand and oneDNN's scratchpad lie in the kernel's workspace.
#ifndef TUFF_ONEDNN_PRIMITIVE_H
#define TUFF_ONEDNN_PRIMITIVE_H

#include "onednn.h"

#include <stdbool.h>

// The operands of a layer; in a backward op those that are computed, and dst, are gradients.
enum dnn_role { DNN_SRC, DNN_WEIGHTS, DNN_BIAS, DNN_DST, DNN_ROLES };

enum dnn_pass { DNN_FORWARD, DNN_BACKWARD_INPUT, DNN_BACKWARD_WEIGHT };

struct dnn_shape {
    int64_t rank; // 0: the operand is absent
    dnnl_dims_t dims;
};

// What a primitive is made for, and the key that it is found by: compared bytewise, so that all fields have
// one width, and those that are not used are zero.
struct dnn_problem {
    int64_t op; // enum tuff_op: a convolution's or the linear layer's, forward or backward
    struct dnn_shape shapes[DNN_ROLES];
    dnnl_dims_t strides;   // these only for convolution; vertical, then horizontal
    dnnl_dims_t dilations; // less 1, as oneDNN counts
    dnnl_dims_t pads_before;
    dnnl_dims_t pads_after;
};

// problem.c. Whether the op is one of oneDNN's, so that there is a problem for its arguments.
bool dnn_is_problem(uint32_t op);
enum dnn_pass dnn_pass_of(int64_t op);
bool dnn_is_convolution(int64_t op);
// Fills *problem from the arguments of such an op; buffers are not looked at.
void dnn_problem_fill(uint32_t op, const struct tuff_op_args *args, struct dnn_problem *problem);
// The tensors of such an op by role, NULL for those that are absent.
void dnn_tensors_sort(uint32_t op, const struct tuff_op_args *args,
                      const struct tuff_tensor *tensors[DNN_ROLES]);
// The argument of oneDNN's that the role is in the op, DNNL_ARG_…; *output: whether the op computes it.
int dnn_argument(int64_t op, enum dnn_role role, bool *output);

// describe.c. Makes oneDNN's description of the problem. dnnl_unimplemented where oneDNN has none.
dnnl_status_t dnn_describe(struct tuff_device *device, const struct dnn_problem *problem,
                           dnnl_primitive_desc_t *description);

// Bytes of workspace that the problem's primitive needs, by pointer. Makes the primitive if it is not in the
// cache. TUFF_ERROR_UNSUPPORTED, without a message, if oneDNN has none for the problem.
enum tuff_status dnn_primitive_workspace(struct tuff_device *device, const struct dnn_problem *problem,
                                         uint64_t *bytes);
// A kernel: runs the op's primitive on the tensors of args.
enum tuff_status dnn_primitive_run(struct tuff_device *device, uint32_t op, const struct tuff_op_args *args);
// Frees all that the cache holds.
void dnn_primitives_destroy(struct tuff_device *device);

// one_thread.c. oneDNN takes as many threads as OpenMP offers to the calling thread, when a primitive is made
// and when it runs; how it divides a sum among them depends on their number. Between these two calls that
// number is 1, and OpenMP is afterwards as the host had it. begin returns what end takes.
int dnn_one_thread_begin(void);
void dnn_one_thread_end(int threads);

#endif
