// The ops that this backend computes: CPU_OP(NAME, name), or CPU_OP_WORKSPACE(NAME, name) for those that need
// scratch memory. One line per op makes its entry in the kernel table, its recording by captures and its
// planning; cpu_<name> (and cpu_<name>_workspace) are declared in ops.h and defined in the op family's
// source.
CPU_OP(FILL, fill)
CPU_OP(COPY, copy)
CPU_OP(ADD, add)
CPU_OP_WORKSPACE(CONV2D_FORWARD, conv2d_forward)
CPU_OP_WORKSPACE(CONV2D_BACKWARD_INPUT, conv2d_backward_input)
CPU_OP_WORKSPACE(CONV2D_BACKWARD_WEIGHT, conv2d_backward_weight)
CPU_OP(MAX_POOL2D_FORWARD, max_pool2d_forward)
CPU_OP(MAX_POOL2D_BACKWARD, max_pool2d_backward)
CPU_OP(RELU_FORWARD, relu_forward)
CPU_OP(RELU_BACKWARD, relu_backward)
CPU_OP(LINEAR_FORWARD, linear_forward)
CPU_OP_WORKSPACE(LINEAR_BACKWARD_INPUT, linear_backward_input)
CPU_OP_WORKSPACE(LINEAR_BACKWARD_WEIGHT, linear_backward_weight)
CPU_OP(SOFTMAX_CROSS_ENTROPY_FORWARD, softmax_cross_entropy_forward)
CPU_OP(SOFTMAX_CROSS_ENTROPY_BACKWARD, softmax_cross_entropy_backward)
CPU_OP(ADAM, adam)
CPU_OP(GATHER_IMAGES, gather_images)
CPU_OP(GATHER_LABELS, gather_labels)
CPU_OP(STEP_ADVANCE, step_advance)
CPU_OP(METRICS_RECORD, metrics_record)
