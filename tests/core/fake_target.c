#include "fake_target.h"

#include <string.h>

#include "op/op_info.h"

static enum tuff_status some_workspace(struct tuff_device *device, uint32_t op,
                                       const struct tuff_op_args *args, uint64_t *bytes)
{
    (void)device, (void)args;
    *bytes = op == TUFF_OP_CONV2D_BACKWARD_WEIGHT ? 5000 : 0;
    return TUFF_OK;
}

static enum tuff_status never_called(struct tuff_stream *stream, const struct tuff_conv2d_forward_args *args)
{
    (void)stream, (void)args;
    return TUFF_ERROR_INTERNAL;
}

// Every slot holds a function pointer, in the order of the ops.
static size_t slot_of(enum tuff_op op)
{
    return offsetof(struct tuff_kernels, fill) + (size_t)op * sizeof &never_called;
}

static void set_kernel(struct fake_target *fake, enum tuff_op op,
                       enum tuff_status (*kernel)(struct tuff_stream *,
                                                  const struct tuff_conv2d_forward_args *))
{
    memcpy((char *)&fake->kernels + slot_of(op), &kernel, sizeof kernel);
}

void fake_target_init(struct fake_target *fake)
{
    *fake = (struct fake_target){.kernels = {.size = sizeof fake->kernels}};
    for (enum tuff_op op = 0; op < TUFF_OP_COUNT; op++)
        set_kernel(fake, op, never_called);
    fake->interface = (struct tuff_backend_interface){
        .size = sizeof fake->interface, .workspace_size = some_workspace, .kernels = &fake->kernels};
    fake->target = (struct tuff_target){.backend_name = "test",
                                        .abi_minor = TUFF_ABI_MINOR,
                                        .plugin = &fake->plugin,
                                        .interface = &fake->interface,
                                        .info = {.buffer_alignment = 256, .max_tensor_bytes = UINT32_MAX}};
}

void fake_target_lacks(struct fake_target *fake, enum tuff_op op)
{
    set_kernel(fake, op, NULL);
}
