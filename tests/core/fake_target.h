// A target without a device, for planning and fusion: it has every kernel, of which none may be called.
#ifndef TUFF_TESTS_CORE_FAKE_TARGET_H
#define TUFF_TESTS_CORE_FAKE_TARGET_H

#include "backend/plugin.h"
#include "backend/target.h"

// Not to be moved: its parts point to each other.
struct fake_target {
    struct tuff_plugin plugin; // counts the errors that it logs: none
    struct tuff_kernels kernels;
    struct tuff_backend_interface interface;
    struct tuff_target target;
};

void fake_target_init(struct fake_target *fake);

// As if the backend did not have this op.
void fake_target_lacks(struct fake_target *fake, enum tuff_op op);

#endif
