// What the host asks while it plans a program.
#ifndef TUFF_CPU_PLANNING_H
#define TUFF_CPU_PLANNING_H

#include "device.h"

// The interface's slots; see backend.h.
enum tuff_status cpu_workspace_size(struct tuff_device *device, uint32_t op, const struct tuff_op_args *args,
                                    uint64_t *bytes);
uint32_t cpu_activation_layout(struct tuff_device *device, uint32_t batch_size);

#endif
