// What conformance checks of a device apart from its kernels' results: buffers, and work in order on a
// stream.
#ifndef TUFF_CONFORMANCE_DEVICE_H
#define TUFF_CONFORMANCE_DEVICE_H

#include "backend/target.h"

#include "harness.h"

enum device_row { DEVICE_BUFFERS, DEVICE_STREAM, DEVICE_ROW_COUNT };

// One check at work.
struct device_trial {
    struct tuff_target *target;
    uint64_t seed; // of the data
    struct case_result *result;
};

struct device_check {
    enum device_row row;
    const char *what;
    // Sets the result, which is CASE_PASSED before.
    void (*run)(struct device_trial *trial);
};

enum { DEVICE_CHECK_COUNT = 10 };

// check < DEVICE_CHECK_COUNT; those of a row follow each other.
const struct device_check *device_check_at(size_t check);

// The name that the table has, and --op takes. row < DEVICE_ROW_COUNT.
const char *device_row_name(enum device_row row);
// The row of that name; DEVICE_ROW_COUNT: there is none.
enum device_row device_row_find(const char *name);

// The line that --case takes: "buffers(check=write)".
void device_check_format(const struct device_check *check, char line[CONFORMANCE_LINE_BYTES]);
// The check of that line; NULL: it is none.
const struct device_check *device_check_find(const char *line);

// -- For the checks themselves.

// Sets the verdict to CASE_FAILED. Returns false, for `return device_fail(…)`.
bool device_fail(struct device_trial *trial, const char *format, ...) TUFF_PRINTF(2, 3);
// Whether a call succeeded; if not, the trial has failed.
bool device_expect_ok(struct device_trial *trial, enum tuff_status status, const char *slot);

void device_check_buffer_write(struct device_trial *trial);
void device_check_buffer_read(struct device_trial *trial);
void device_check_buffer_copy(struct device_trial *trial);
void device_check_buffer_fill(struct device_trial *trial);
void device_check_buffer_sizes(struct device_trial *trial);
void device_check_stream_order(struct device_trial *trial);
void device_check_stream_arena(struct device_trial *trial);
void device_check_stream_submits(struct device_trial *trial);
void device_check_stream_captured(struct device_trial *trial);
void device_check_stream_timestamps(struct device_trial *trial);

#endif
