// What the core knows of each op: its tensors and their roles, how to check arguments, how shapes follow, and
// how its gradient is formed. One struct tuff_op_info per line of op_list.h, in core/op/<family>.c.
#ifndef TUFF_CORE_OP_INFO_H
#define TUFF_CORE_OP_INFO_H

#include <stdbool.h>

#include "tuff/log.h"
#include "tuff/op.h"

struct tuff_graph;
struct tuff_node;

enum tuff_access {
    TUFF_ACCESS_OUT,
    TUFF_ACCESS_INOUT,
    TUFF_ACCESS_IN,
};

// Element types of a role, beside those of enum tuff_dtype.
enum {
    TUFF_DTYPE_ANY = 255,         // any but float16
    TUFF_DTYPE_FLOAT = 254,       // float32 or float16, the same of all such tensors of the op
    TUFF_DTYPE_FLOAT_OR_F32 = 253 // float32, or as those
};

// What one call computes and moves, as tuff/check.h defines it.
struct tuff_work {
    double flops, bytes;
};

struct tuff_role {
    const char *name;
    enum tuff_access access;
    uint32_t dtype; // enum tuff_dtype, or one of the above
    uint32_t rank;  // 0: any
    bool optional;
    bool batched;  // first dimension is the batch: it has the program's activation layout
    bool any_size; // it may be larger than the device's max_tensor_bytes
};

struct tuff_op_info {
    const char *name;
    uint32_t params_size; // 0: none
    uint32_t tensor_count;
    struct tuff_role roles[TUFF_OP_MAX_TENSORS]; // in the order of the argument struct
    bool fused;   // the host does with other ops what a backend without this one lacks
    bool for_f16; // only programs with float16 tensors have it
    // Bit i: output 0 may be the same tensor as tensor i.
    uint32_t in_place;
    // Forward ops: sets rank and dims of the outputs from inputs and params; else NULL. Logs what does not
    // fit.
    enum tuff_status (*infer)(const struct tuff_log *log, const void *params,
                              struct tuff_tensor *const tensors[TUFF_OP_MAX_TENSORS]);
    // Checks shapes and params against each other; roles have been checked before. Logs what does not fit.
    enum tuff_status (*check)(const struct tuff_log *log, const void *params,
                              const struct tuff_tensor *const tensors[TUFF_OP_MAX_TENSORS]);
    // Forward ops on the way from parameters to the loss: appends the ops that turn the gradients of the
    // outputs into those of the inputs (graph/autodiff.h); else NULL.
    enum tuff_status (*gradient)(struct tuff_graph *graph, const struct tuff_node *node);
    // Sets work->flops, which are 0 before, from params and shapes of checked arguments; and work->bytes
    // where they are not those of all tensors, an updated one twice, which they are before. NULL: it computes
    // nothing.
    void (*work)(const void *params, const struct tuff_tensor *const tensors[TUFF_OP_MAX_TENSORS],
                 struct tuff_work *work);
};

// Whether tensors of this role may be float16.
static inline bool tuff_role_takes_f16(const struct tuff_role *role)
{
    return role->dtype == TUFF_DTYPE_FLOAT || role->dtype == TUFF_DTYPE_FLOAT_OR_F32;
}

// The element type of this role where nothing is float16; TUFF_DTYPE_ANY stays.
static inline uint32_t tuff_role_plain_dtype(const struct tuff_role *role)
{
    return tuff_role_takes_f16(role) ? (uint32_t)TUFF_F32 : role->dtype;
}

// op < TUFF_OP_COUNT.
const struct tuff_op_info *tuff_op_info(enum tuff_op op);

// The op of that name; TUFF_OP_COUNT if there is none.
enum tuff_op tuff_op_find(const char *name);

// Checks arguments wholly: presence, types, ranks, layouts, shapes, params. The single check that kernels
// rely on.
TUFF_MUST_CHECK enum tuff_status tuff_op_check(const struct tuff_log *log, enum tuff_op op,
                                               const struct tuff_op_args *args);

// Calls the kernel of `op`; TUFF_ERROR_UNSUPPORTED if the table has none. Arguments have been checked.
TUFF_MUST_CHECK enum tuff_status tuff_op_call(const struct tuff_kernels *kernels, enum tuff_op op,
                                              struct tuff_stream *stream, const struct tuff_op_args *args);

// Whether the table has a kernel for `op` (a table of an older plugin may be shorter).
bool tuff_op_has_kernel(const struct tuff_kernels *kernels, enum tuff_op op);

// What a call with these arguments computes and moves, whatever a kernel does. They have been checked;
// buffers are not looked at.
struct tuff_work tuff_op_work(enum tuff_op op, const struct tuff_op_args *args);

// Bytes of the typed argument struct of `op`.
uint32_t tuff_op_args_size(enum tuff_op op);

#endif
