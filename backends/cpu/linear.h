// What the linear layer's sources share: one implementation per layout.
#ifndef TUFF_CPU_LINEAR_H
#define TUFF_CPU_LINEAR_H

#include "tuff/op.h"

#include "device.h"

// The op in TUFF_LAYOUT_BATCH16, and the bytes of workspace that it needs.
void cpu_linear_forward_batch16(struct tuff_device *device, const struct tuff_linear_forward_args *args,
                                int relu);
void cpu_linear_backward_input_batch16(struct tuff_device *device,
                                       const struct tuff_linear_backward_input_args *args);
uint64_t cpu_linear_backward_input_workspace_batch16(const struct tuff_device *device,
                                                     const struct tuff_linear_backward_input_args *args);
void cpu_linear_backward_weight_batch16(struct tuff_device *device,
                                        const struct tuff_linear_backward_weight_args *args);
uint64_t cpu_linear_backward_weight_workspace_batch16(const struct tuff_linear_backward_weight_args *args);

#endif
