// A case made concrete: the op's params, its tensors' shapes, and the content of its inputs on the host.
//
// On the host every tensor is in row-major order. In a BATCH16 case the host holds the padded batch: padding
// lanes are the samples from N on, which is what they are to kernels as well. A tensor that is float16 to the
// tested backend is float32 on the host and to the oracle, with numbers that float16 has.
#ifndef TUFF_CONFORMANCE_SETUP_H
#define TUFF_CONFORMANCE_SETUP_H

#include <stdbool.h>

#include "op/op_info.h"

// What padding lanes hold (inputs), or must hold (outputs).
enum case_padding {
    CASE_PADDING_FINITE,   // inputs: numbers that mean nothing; outputs: any finite number
    CASE_PADDING_ZERO,     // zero
    CASE_PADDING_COMPUTED, // outputs: what the oracle computes for them as samples
};

// What float tensors are to the tested backend.
enum case_precision {
    CASE_PRECISION_F32,
    CASE_PRECISION_F16,     // those that may be (op.h) are float16
    CASE_PRECISION_F16_F32, // the same, but for one that may be float32 beside float16
};

struct case_tensor {
    // rank 0: the tensor is absent. layout, dtype: of the tested backend's tensor; see case_host_dtype.
    struct tuff_tensor shape;
    enum case_padding padding;
    void *values; // inputs and inout: stored elements of case_host_dtype, in row-major order of the padded
                  // batch
};

struct case_setup {
    const struct tuff_log *log;
    enum tuff_op op;
    const struct tuff_op_info *info;
    enum tuff_layout layout;
    uint64_t seed;
    enum case_precision precision;
    bool timed; // for timing: kernels run many times in a row, so fill leaves out what wears away to nothing
    void *params; // NULL: none
    struct case_tensor tensors[TUFF_OP_MAX_TENSORS];
};

// An empty setup of an op, of float32 throughout.
void case_setup_init(struct case_setup *setup, const struct tuff_log *log, enum tuff_op op,
                     enum tuff_layout layout, uint64_t seed);
// Frees what it holds.
void case_setup_clear(struct case_setup *setup);

// Copies the op's params.
TUFF_MUST_CHECK enum tuff_status case_setup_params(struct case_setup *setup, const void *params,
                                                   size_t bytes);
// Describes tensor `index`. Its layout is the case's if the tensor is batched (as the core says), else
// row-major.
void case_setup_tensor(struct case_setup *setup, uint32_t index, uint32_t dtype, uint32_t rank,
                       const uint32_t *dims, enum case_padding padding);
// Allocates the content of inputs and inout tensors, zeroed.
TUFF_MUST_CHECK enum tuff_status case_setup_allocate(struct case_setup *setup);
// Frees the content.
void case_setup_drop_values(struct case_setup *setup);
// Rounds the content of float16 tensors to numbers that float16 has.
void case_setup_round(struct case_setup *setup);
// Zeroes the padding lanes of inputs that are to have zeros there.
void case_setup_zero_padding(struct case_setup *setup);

// The element type that a tensor has on the host: float32 for float16.
uint32_t case_host_dtype(const struct tuff_tensor *shape);
// Bytes of its stored elements there.
uint64_t case_host_bytes(const struct tuff_tensor *shape);

float *case_floats(struct case_setup *setup, uint32_t index);
uint32_t *case_words(struct case_setup *setup, uint32_t index);
// Elements, without padding.
double case_elements(const struct case_setup *setup, uint32_t index);
// Elements of the padded batch.
uint64_t case_stored(const struct case_setup *setup, uint32_t index);
// Fills an f32 tensor by draw_signed, its own stream.
void case_fill_signed(struct case_setup *setup, uint32_t index);
// The stream of tensor `index`'s data.
uint32_t case_stream(uint32_t index);

bool case_is_present(const struct case_setup *setup, uint32_t index);
bool case_is_output(const struct case_setup *setup, uint32_t index); // out or inout
bool case_uses_batch16(const struct case_setup *setup);
bool case_uses_f16(const struct case_setup *setup);
// The row-major shape of the padded batch.
struct tuff_tensor case_padded_shape(const struct tuff_tensor *shape);

#endif
