// The ops: their numbers, and the arguments of each.
//
// Every argument struct has the same beginning (struct tuff_op_args): its size, a pointer to typed parameters,
// a workspace, then pointers to tensors in the order outputs, inputs. A tensor marked optional may be NULL, and
// so may a workspace of zero bytes. Growth is at the end: of the argument struct by further optional tensors,
// of a parameter struct by further fields whose zero means what was before (backend.h). Fields called reserved are 0.
//
// What holds for every op unless its header says otherwise:
// - Outputs are overwritten whole, whatever they held; inputs are unchanged. A tensor marked inout is updated.
// - No tensor overlaps another, except that an op which says "in place" allows the named pair to be the same.
// - The tensors that share a batch dimension share one layout, row-major or BATCH16 (tensor.h).
// - Sums run in an order that depends on shapes and the device alone: the same inputs give the same bits.
// - A fused op computes what a sequence of others does; a backend may lack any of them.
// - float32 with float32 accumulation at least. NaN and infinity propagate as in IEEE 754.
#ifndef TUFF_OP_H
#define TUFF_OP_H

#include <stddef.h>
#include <stdint.h>

#include "tensor.h"

#include "op/activation.h"
#include "op/augment.h"
#include "op/avg_pool2d.h"
#include "op/basic.h"
#include "op/batch_norm2d.h"
#include "op/branch.h"
#include "op/conv2d.h"
#include "op/conv2d_relu_max_pool2d.h"
#include "op/dropout.h"
#include "op/gather.h"
#include "op/linear.h"
#include "op/loss.h"
#include "op/max_pool2d.h"
#include "op/optimizer.h"
#include "op/relu.h"
#include "op/softmax_cross_entropy.h"
#include "op/step.h"

#ifdef __cplusplus
extern "C" {
#endif

enum tuff_op {
#define TUFF_OP(NAME, name) TUFF_OP_##NAME,
#include "op_list.h"
#undef TUFF_OP
    TUFF_OP_COUNT
};

enum { TUFF_OP_MAX_TENSORS = 12 };

// The common beginning of every argument struct.
struct tuff_op_args {
    uint32_t size;                         // of the whole typed struct, as its filler knows it
    uint32_t reserved;                     // 0
    const void *params;                    // the op's parameter struct; NULL if it has none
    const struct tuff_tensor *workspace;   // u8 scratch of at least workspace_size() bytes; NULL if that is 0
    const struct tuff_tensor *tensors[TUFF_OP_MAX_TENSORS];
};

#ifdef __cplusplus
}
#endif
#endif
