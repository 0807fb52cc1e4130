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
// - A float tensor of an op may be float16 where the list below has it; the others of that op that are in the list
//   are float16, too. What is computed is as with float32, from the values as they are stored, and rounded to the
//   nearest, ties to even, when it is stored. A backend may lack float16, of any op.
//     activations and their gradients (x, y, dx, dy, a, b, da, db) of conv2d_*, linear_*, relu_*, activation_*, add,
//     multiply, concat_*, dropout_*, max_pool2d_*, avg_pool2d_*, adaptive_avg_pool2d_*, batch_norm2d_* and of what is
//     fused from them; weight of conv2d_* and linear_*, but not dweight; x of gather_images and
//     gather_augmented_images; dlogits of softmax_cross_entropy_backward, while the logits are float32.
//   linear_forward's y may be float32 while the others are float16. cast goes from one to the other.
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
#include "op/loss_scale.h"
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

// Whether some tensor is float16: what supports() of a backend without float16 asks.
static inline int tuff_op_args_use_f16(const struct tuff_op_args *args)
{
    const size_t count = (args->size - offsetof(struct tuff_op_args, tensors)) / sizeof args->tensors[0];
    for (size_t i = 0; i < count; i++)
        if (args->tensors[i] != NULL && args->tensors[i]->dtype == TUFF_F16)
            return 1;
    return 0;
}

#ifdef __cplusplus
}
#endif
#endif
