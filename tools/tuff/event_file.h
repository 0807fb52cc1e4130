// Scalars for TensorBoard: a file of TFRecords, each an Event of tensorflow/core/util/event.proto.
#ifndef TUFF_TOOL_EVENT_FILE_H
#define TUFF_TOOL_EVENT_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "tuff/status.h"

struct event_file;

struct event_scalar {
    const char *tag; // "train/loss"
    double value;
};

// All of them show an error on failure.

// Makes the file, or goes on with the one that is there, from its byte `length` on: what is behind is
// dropped.
TUFF_MUST_CHECK enum tuff_status event_file_open(const char *path, uint64_t length, struct event_file **file);
// One event with `count` scalars, at most EVENT_SCALARS of them. seconds: since 1970.
enum { EVENT_SCALARS = 8 };
TUFF_MUST_CHECK enum tuff_status event_file_write(struct event_file *file, double seconds, uint64_t step,
                                                  const struct event_scalar *scalars, size_t count);
// Makes sure that all of it is on the disk, and says how long it is.
TUFF_MUST_CHECK enum tuff_status event_file_measure(struct event_file *file, uint64_t *length);
// NULL-safe, and *file becomes NULL.
TUFF_MUST_CHECK enum tuff_status event_file_close(struct event_file **file);

#endif
