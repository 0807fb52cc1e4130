// A target from the inside: what programs and checks call.
#ifndef TUFF_CORE_TARGET_H
#define TUFF_CORE_TARGET_H

#include <stdbool.h>

#include "tuff/context.h"

struct tuff_target {
    struct tuff_context *context;
    struct tuff_plugin *plugin;
    const struct tuff_log *log; // the context's
    const char *backend_name;
    uint32_t abi_minor; // that the plugin was built for
    const struct tuff_backend_interface *interface;
    struct tuff_backend *backend;
    struct tuff_device *device;
    struct tuff_stream *stream;
    struct tuff_device_info info;
};

// One failure, one line: as tuff_plugin_fail, for calls on a target. errors_before: tuff_target_errors before
// the call.
unsigned tuff_target_errors(const struct tuff_target *target);
enum tuff_status tuff_target_fail(const struct tuff_target *target, unsigned errors_before,
                                  enum tuff_status status, const char *what);

// Whether the backend has a kernel for `op`, knows all that these arguments use, and takes them.
bool tuff_target_supports(const struct tuff_target *target, enum tuff_op op, const struct tuff_op_args *args);
// The same as a status: TUFF_ERROR_UNSUPPORTED, and the message says which of the three it is.
TUFF_MUST_CHECK enum tuff_status tuff_target_require(const struct tuff_target *target, enum tuff_op op,
                                                     const struct tuff_op_args *args);

// Optional slots as functions that know the defaults. The two that return a status name the op when they
// fail.
TUFF_MUST_CHECK enum tuff_status tuff_target_workspace_size(const struct tuff_target *target, enum tuff_op op,
                                                            const struct tuff_op_args *args, uint64_t *bytes);
TUFF_MUST_CHECK enum tuff_status tuff_target_prepare(const struct tuff_target *target, enum tuff_op op,
                                                     const struct tuff_op_args *args);
enum tuff_layout tuff_target_activation_layout(const struct tuff_target *target, uint32_t batch_size);
bool tuff_target_can_capture(const struct tuff_target *target);

#endif
