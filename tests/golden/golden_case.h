// One case of ops.safetensors: a call of an op, its inputs, and what PyTorch got. make-golden-ops says what
// the file holds.
#ifndef TUFF_TESTS_GOLDEN_CASE_H
#define TUFF_TESTS_GOLDEN_CASE_H

#include "model/safetensors.h"
#include "setup.h"

struct golden_case {
    const char *name; // GROUP/CALL; lives as long as the file
    struct case_setup setup;
    const void *expected[TUFF_OP_MAX_TENSORS]; // outputs: row-major, of the logical shape, maybe unaligned
};

// The name in a metadata entry, NULL if the entry is not a case.
const char *golden_case_name(const struct tuff_metadata *entry);

// The op that the case is about.
enum tuff_op golden_case_op(const struct tuff_metadata *entry);

// Reads the case, for tensors of that layout. Fails the test if a role that the op needs has no tensor, if
// the op does not know a role or a parameter, or lacks one, or if the file has not what the case names. used:
// per tensor of the file, set where the case needs it; may be NULL. golden_case_clear frees what the case
// holds.
void golden_case_read(const struct tuff_log *log, const struct tuff_safetensors *file,
                      const struct tuff_metadata *entry, enum tuff_layout layout, bool *used,
                      struct golden_case *result);
void golden_case_clear(struct golden_case *c);

#endif
