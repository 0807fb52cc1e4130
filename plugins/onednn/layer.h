// What convolution and the linear layer share: the same operands, in the same three passes.
#ifndef TUFF_ONEDNN_LAYER_H
#define TUFF_ONEDNN_LAYER_H

#include "primitive.h"

// The operands, and their slots in the problem. In a backward op those that are computed, and dst, are
// gradients.
enum dnn_role { DNN_SRC, DNN_WEIGHTS, DNN_BIAS, DNN_DST, DNN_ROLES };

enum dnn_pass { DNN_FORWARD, DNN_BACKWARD_INPUT, DNN_BACKWARD_WEIGHT };

enum dnn_pass dnn_pass_of(int64_t op);

// The tensors of such an op by role, NULL for those that are absent.
void dnn_layer_sort(uint32_t op, const struct tuff_op_args *args,
                    const struct tuff_tensor *tensors[DNN_ROLES]);
// Clears the problem and fills in op and operands.
void dnn_layer_pose(uint32_t op, const struct tuff_tensor *const tensors[DNN_ROLES],
                    struct dnn_problem *problem);
// The kernel: runs the op's primitive on the tensors. src: where the data of DNN_SRC is, if not in its
// tensor.
enum tuff_status dnn_layer_run(struct tuff_device *device, const struct dnn_problem *problem,
                               const struct tuff_tensor *const tensors[DNN_ROLES], void *src,
                               const struct tuff_tensor *workspace, uint64_t scratch_bytes);

// Describes one pass with these operands; bias is NULL if there is none. hint: the forward one, for backward.
typedef dnnl_status_t dnn_describe_pass(struct tuff_device *device, enum dnn_pass pass,
                                        const struct dnn_problem *problem,
                                        const dnnl_memory_desc_t operands[DNN_ROLES],
                                        const dnnl_memory_desc_t *bias, dnnl_primitive_desc_t hint,
                                        dnnl_primitive_desc_t *description);
// Describes the problem with layouts left open, and the forward pass before, if it is a backward one.
dnnl_status_t dnn_layer_describe(struct tuff_device *device, const struct dnn_problem *problem,
                                 dnn_describe_pass *describe, dnnl_primitive_desc_t *description);

#endif
