// What the ops' arguments have gained from one minor version of the plugin ABI to the next, so that the host
// can keep an older plugin from what it cannot know (backend.h has the rule).
#ifndef TUFF_CORE_GROWTH_H
#define TUFF_CORE_GROWTH_H

#include <stddef.h>
#include <stdint.h>

#include "tuff/op.h"

// A field of an op's parameters, values of one, or a tensor.
struct tuff_growth {
    enum tuff_op op;
    uint32_t minor;   // the version that it came with
    const char *name; // as the header has it
    // A field: bytes into the parameter struct, and its size, 4 or 8. A tensor: its place among
    // args->tensors, and 0.
    uint32_t offset, bytes;
    // Bit patterns up to this one meant something before: 0 for a new field, the last value for an enum that
    // grew.
    uint64_t known;
};

// The table.
const struct tuff_growth *tuff_growths(size_t *count);

// The version that float16 tensors came with. An older plugin would take their bits for something else.
enum { TUFF_MINOR_OF_F16 = 3 };

// The first entry of the table that these arguments use and a plugin built for `minor` cannot know; NULL:
// none.
const struct tuff_growth *tuff_growth_beyond(const struct tuff_growth *table, size_t count, uint32_t minor,
                                             enum tuff_op op, const struct tuff_op_args *args);

// "padding_mode other than 0", "kind above 4", "a tensor 'mask'".
struct tuff_growth_text {
    char text[96];
};
struct tuff_growth_text tuff_growth_describe(const struct tuff_growth *growth);

#endif
