// What the fuzzers share: taking an input apart, files in memory, and what is demanded of every parser.
#ifndef TUFF_TESTS_FUZZ_H
#define TUFF_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tuff/dataset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// -- Inputs

struct fuzz_input {
    const uint8_t *next;
    size_t left;
};

// What is beyond the end is 0.
uint8_t fuzz_byte(struct fuzz_input *input);
uint32_t fuzz_number(struct fuzz_input *input); // two bytes, little-endian
// The bytes up to the next `end`, which is passed over, or all: a text in static memory, which the next call
// with this `slot` (0 to 3) writes over. Zeros end it early.
const char *fuzz_text(struct fuzz_input *input, char end, int slot);

// -- Files

// A file in memory that holds these bytes. Its path, which stays the same; the next call writes the file
// anew.
const char *fuzz_file(const void *bytes, size_t count);
// A folder of this process, in memory where there is such a file system, and empty at first. Removed at the
// end.
const char *fuzz_folder(void);
// Writes folder/name, making the folders on the way. False if there is a file where a folder ought to be, or
// the like.
bool fuzz_write(const char *name, const void *bytes, size_t count);
// Removes all that is in folder/name, and itself.
void fuzz_remove(const char *name);
// gzip, in static memory.
const uint8_t *fuzz_pack(const uint8_t *bytes, size_t count, size_t *packed);
// folder/name, in static memory.
const char *fuzz_path(const char *name);

// -- Demands

// Ends the process with a message if a parser broke a promise.
void fuzz_demand(bool kept, const char *promise);
// Takes messages, and reads them to their ends.
extern const struct tuff_log fuzz_log;
// A failure says in exactly one error why, and a success in none. Returns whether it was a success; forgets
// the errors.
bool fuzz_succeeded(enum tuff_status status);
// An error that did not come through fuzz_log.
void fuzz_count_error(void);
// Reads all bytes, so that what is not there is found.
void fuzz_read(const void *bytes, size_t count);
// Reads all of it: labels are below the classes, and names are lines without control characters.
void fuzz_demand_dataset(const struct tuff_dataset *dataset);

#endif
