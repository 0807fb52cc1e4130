#include "ops.h"

#include "stream.h"

#define CPU_OP(NAME, name)                                                                                   \
    static void run_##name(struct tuff_device *device, const struct tuff_op_args *args)                      \
    {                                                                                                        \
        cpu_##name(device, (const struct tuff_##name##_args *)(const void *)args);                           \
    }                                                                                                        \
    static enum tuff_status call_##name(struct tuff_stream *stream, const struct tuff_##name##_args *args)   \
    {                                                                                                        \
        return cpu_stream_call(stream, TUFF_OP_##NAME, (const struct tuff_op_args *)(const void *)args);     \
    }
#define CPU_OP_WORKSPACE(NAME, name)                                                                         \
    CPU_OP(NAME, name)                                                                                       \
    static uint64_t workspace_##name(struct tuff_device *device, const struct tuff_op_args *args)            \
    {                                                                                                        \
        return cpu_##name##_workspace(device, (const struct tuff_##name##_args *)(const void *)args);        \
    }
#include "cpu_op_list.h"
#undef CPU_OP
#undef CPU_OP_WORKSPACE

const struct cpu_op cpu_ops[TUFF_OP_COUNT] = {
#define CPU_OP(NAME, name)           [TUFF_OP_##NAME] = {run_##name, NULL},
#define CPU_OP_WORKSPACE(NAME, name) [TUFF_OP_##NAME] = {run_##name, workspace_##name},
#include "cpu_op_list.h"
#undef CPU_OP
#undef CPU_OP_WORKSPACE
};

const struct tuff_kernels cpu_kernels = {
    .size = sizeof(struct tuff_kernels),
#define CPU_OP(NAME, name)           .name = call_##name,
#define CPU_OP_WORKSPACE(NAME, name) .name = call_##name,
#include "cpu_op_list.h"
#undef CPU_OP
#undef CPU_OP_WORKSPACE
};
