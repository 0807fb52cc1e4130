// The kernels as this backend calls them: at once, on a device, after the stream has decided to run rather
// than to record. They cannot fail: the core has validated the arguments, and scratch memory is the caller's.
#ifndef TUFF_CPU_OPS_H
#define TUFF_CPU_OPS_H

#include "tuff/op.h"

#include "device.h"

// cpu_<name>: computes the op as op/<family>.h says.
// cpu_<name>_workspace: bytes of scratch that it needs; asked with tensors that have no buffer.
#define CPU_OP(NAME, name) void cpu_##name(struct tuff_device *device, const struct tuff_##name##_args *args);
#define CPU_OP_WORKSPACE(NAME, name)                                                                         \
    CPU_OP(NAME, name)                                                                                       \
    uint64_t cpu_##name##_workspace(struct tuff_device *device, const struct tuff_##name##_args *args);
#include "cpu_op_list.h"
#undef CPU_OP
#undef CPU_OP_WORKSPACE

struct cpu_op {
    void (*run)(struct tuff_device *device, const struct tuff_op_args *args);
    uint64_t (*workspace)(struct tuff_device *device, const struct tuff_op_args *args); // NULL: none
};

// Indexed by enum tuff_op.
extern const struct cpu_op cpu_ops[TUFF_OP_COUNT];
extern const struct tuff_kernels cpu_kernels;

#endif
