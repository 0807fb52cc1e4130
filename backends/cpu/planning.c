#include "planning.h"

#include <string.h>

#include "ops.h"

// Every op takes every shape and both layouts. Only what a newer host adds can be beyond this plugin: an op,
// or a tensor that means something when it is there.
int cpu_supports(struct tuff_device *device, uint32_t op, const struct tuff_op_args *args)
{
    (void)device;
    if (op >= TUFF_OP_COUNT || cpu_ops[op].args_size == 0)
        return 0;
    for (size_t at = cpu_ops[op].args_size; at + sizeof(void *) <= args->size; at += sizeof(void *)) {
        const struct tuff_tensor *tensor;
        memcpy(&tensor, (const unsigned char *)args + at, sizeof tensor);
        if (tensor)
            return 0;
    }
    return 1;
}

uint64_t cpu_workspace_size(struct tuff_device *device, uint32_t op, const struct tuff_op_args *args)
{
    if (op >= TUFF_OP_COUNT || !cpu_ops[op].workspace)
        return 0;
    return cpu_ops[op].workspace(device, args);
}

// The batch in the vector lanes: every op then works on whole vectors, whatever the images' shape.
uint32_t cpu_activation_layout(struct tuff_device *device, uint32_t batch_size)
{
    (void)device;
    (void)batch_size;
    return TUFF_LAYOUT_BATCH16;
}
