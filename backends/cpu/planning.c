#include "planning.h"

#include "ops.h"

enum tuff_status cpu_workspace_size(struct tuff_device *device, uint32_t op, const struct tuff_op_args *args,
                                    uint64_t *bytes)
{
    *bytes = cpu_ops[op].workspace ? cpu_ops[op].workspace(device, args) : 0;
    return TUFF_OK;
}

// The batch in the vector lanes: every op then works on whole vectors, whatever the images' shape. But lanes
// without a sample are work all the same; up to here row-major order and OpenBLAS take less time, as measured
// on LeNets.
enum { ROW_MAJOR_BATCH = 2 };

uint32_t cpu_activation_layout(struct tuff_device *device, uint32_t batch_size)
{
    (void)device;
    return batch_size <= ROW_MAJOR_BATCH ? TUFF_LAYOUT_ROW_MAJOR : TUFF_LAYOUT_BATCH16;
}
