// The faults of the faulty backend that lie in its buffers and streams.
#ifndef TUFF_TEST_FAULTY_DEVICE_H
#define TUFF_TEST_FAULTY_DEVICE_H

#include <stdbool.h>

#include "tuff/backend.h"

// Puts the fault of that name into the reference's interface and kernels. False: there is none.
bool faulty_device_apply(const char *fault, struct tuff_backend_interface *interface,
                         struct tuff_kernels *kernels);

#endif
