// A conformance case: an op, a layout, a precision, and typed sizes and parameters. Its printable form parses
// back:
//   max_pool2d_forward(layout=batch16,n=3,c=2,h=7,w=9,kernel=2x2,stride=2x2,dilation=1x1,pad=0,0,0,0,values=ties)
#ifndef TUFF_CONFORMANCE_CASE_H
#define TUFF_CONFORMANCE_CASE_H

#include <stdbool.h>
#include <stddef.h>

#include "op/op_info.h"

#include "draw.h"
#include "setup.h"

struct tuff_target;

enum case_field_kind {
    CASE_U32,  // `count` numbers with `separator` between them
    CASE_HEX,  // one u32, printed in base 16
    CASE_F64,  // one double
    CASE_NAME, // one u32, the position of a word in `names`
    CASE_DIMS, // a struct case_dims, sizes separated by 'x'
};

// One member of a shape struct.
struct case_field {
    const char *name;
    enum case_field_kind kind;
    uint32_t count;
    char separator;
    size_t offset;
    const char *const *names; // ends with NULL
};

#define CASE_FIELD_U32(type, member)                                                                         \
    {                                                                                                        \
        .name = #member, .kind = CASE_U32, .count = 1, .separator = ',', .offset = offsetof(type, member)    \
    }
#define CASE_FIELD_LIST(type, member, how_many, between)                                                     \
    {                                                                                                        \
        .name = #member, .kind = CASE_U32, .count = how_many, .separator = between,                          \
        .offset = offsetof(type, member)                                                                     \
    }
#define CASE_FIELD_HEX(type, member)                                                                         \
    {                                                                                                        \
        .name = #member, .kind = CASE_HEX, .offset = offsetof(type, member)                                  \
    }
#define CASE_FIELD_F64(type, member)                                                                         \
    {                                                                                                        \
        .name = #member, .kind = CASE_F64, .offset = offsetof(type, member)                                  \
    }
#define CASE_FIELD_DIMS(type, member)                                                                        \
    {                                                                                                        \
        .name = #member, .kind = CASE_DIMS, .offset = offsetof(type, member)                                 \
    }
#define CASE_FIELD_NAME(type, member, words)                                                                 \
    {                                                                                                        \
        .name = #member, .kind = CASE_NAME, .offset = offsetof(type, member), .names = words                 \
    }

struct case_dims {
    uint32_t rank;
    uint32_t sizes[TUFF_MAX_RANK];
};

#define CASE_COUNT(array) (sizeof(array) / sizeof((array)[0]))

// What the tolerance of a case may depend on. Element order: row-major.
struct case_view {
    const struct case_setup *setup;
    const void *const *expected; // per tensor, the oracle's outputs
    const void *const
        *magnitude; // per tensor, the oracle's outputs for the absolute values of all f32 inputs
};

// A tolerance that asks for equal bits (any NaN equals any NaN if the dtype is f32).
#define CASE_EXACT (-1.0)

// The cases of one op: conformance_op_<name>, in cases/<family>.c.
struct conformance_op {
    enum tuff_op op;
    bool batched; // its cases are run in BATCH16 too
    bool costly;  // gets the full number of random cases
    const struct case_field *fields;
    uint32_t field_count;
    size_t shape_size;
    const void *corners; // hand-written shapes
    size_t corner_count;
    const void *large; // hand-written shapes that need much memory
    size_t large_count;
    // Draws a shape.
    void (*draw)(struct draw *draw, void *shape);
    // Sets params and the shapes of all tensors. Fails, with a message, for shapes that make no sense.
    enum tuff_status (*describe)(const void *shape, struct case_setup *setup);
    // Fills inputs and inout tensors, for the padded batch. oracle: for inputs that other ops make; NULL if
    // setup->timed.
    enum tuff_status (*fill)(const void *shape, struct case_setup *setup, struct tuff_target *oracle);
    bool needs_magnitude; // tolerance reads view->magnitude
    // The tolerance of each element of output `output`; NULL: CASE_EXACT throughout. An element of a u32
    // tensor that has a tolerance is compared as the bits of a float.
    void (*tolerance)(const void *shape, const struct case_view *view, uint32_t output, double *tolerance);
    const void *perf; // hand-written shapes of real nets, to be timed
    size_t perf_count;
    // Calls in a row until the inputs have to be written anew. NULL: any number.
    uint32_t (*most_calls)(const void *shape);
};

// op < TUFF_OP_COUNT.
const struct conformance_op *conformance_op_cases(enum tuff_op op);

// Whether the op has cases of this precision: tensors that it makes another type of.
bool conformance_op_has_precision(const struct conformance_op *op, enum case_precision precision);

// Random cases of an op and layout in a run with `count` of them.
uint32_t conformance_random_cases(const struct conformance_op *op, uint32_t count);

struct conformance_case {
    const struct conformance_op *op;
    enum tuff_layout layout;       // of activations
    enum case_precision precision; // of what may be float16; else than float32 in row-major order only
    uint64_t seed;                 // of the data
    void *shape;                   // op->shape_size bytes, owned
};

// Copies the shape. The precision is float32.
TUFF_MUST_CHECK enum tuff_status conformance_case_create(const struct tuff_log *log,
                                                         const struct conformance_op *op,
                                                         enum tuff_layout layout, uint64_t seed,
                                                         const void *shape, struct conformance_case *result);
void conformance_case_clear(struct conformance_case *c);

// The op of that name. Failure: there is none; the message has the nearest name.
TUFF_MUST_CHECK enum tuff_status conformance_op_find(const struct tuff_log *log, const char *name,
                                                     enum tuff_op *op);

enum { CONFORMANCE_LINE_BYTES = 512 };

// The printable form; cut to CONFORMANCE_LINE_BYTES, which no op's fields reach.
void conformance_case_format(const struct conformance_case *c, char line[CONFORMANCE_LINE_BYTES]);

// The same for people: sizes and parameters as "name=value" with spaces between them. What is 0, or 1x1, is
// left out, and so are the kind of data and the layout.
void conformance_case_format_short(const struct conformance_case *c, char text[CONFORMANCE_LINE_BYTES]);

// Reads the printable form. Failure: an unknown op or field, a field that is missing, given twice or
// malformed.
TUFF_MUST_CHECK enum tuff_status conformance_case_parse(const struct tuff_log *log, const char *line,
                                                        struct conformance_case *result);

// Makes the setup of a case: describe, check by the core, fill. The caller destroys it also on failure.
TUFF_MUST_CHECK enum tuff_status conformance_case_describe(const struct tuff_log *log,
                                                           const struct conformance_case *c,
                                                           struct case_setup *setup);
TUFF_MUST_CHECK enum tuff_status conformance_case_fill(const struct conformance_case *c,
                                                       struct case_setup *setup, struct tuff_target *oracle);

// What one call computes and moves. setup: described.
struct tuff_work conformance_case_work(const struct case_setup *setup);

#endif
