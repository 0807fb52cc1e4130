// A rig: the tensors of a case on a device, each in a buffer of its own between two guard bands.
#ifndef TUFF_CONFORMANCE_RIG_H
#define TUFF_CONFORMANCE_RIG_H

#include "backend/target.h"

#include "setup.h"

enum rig_form {
    RIG_AS_IS,            // layouts as in the setup
    RIG_ROW_MAJOR,        // the same shapes, all row-major
    RIG_ROW_MAJOR_PADDED, // all row-major, the padded batch as the batch
};

enum rig_run {
    RIG_RUN_NOW,
    RIG_RUN_CAPTURED, // captured, then replayed twice, or once if a tensor is inout
};

enum { RIG_MESSAGE_BYTES = 512, RIG_NO_ALIAS = TUFF_OP_MAX_TENSORS };

struct rig_slot {
    struct tuff_tensor tensor;
    struct tuff_buffer *buffer;
    uint64_t front;       // bytes of the guard before
    uint64_t total;       // bytes of the buffer
    unsigned char *image; // what was written before the run; NULL after rig_load
    unsigned char *seen;  // what the buffer held after it; NULL before the first run
};

struct rig {
    struct tuff_target *target;
    const struct case_setup *setup;
    enum rig_form form;
    bool magnitude;                                 // inputs are the absolute values of the setup's
    bool prepared;                                  // the backend has been asked to get ready for the op
    uint32_t alias;                                 // output 0 is this tensor as well; RIG_NO_ALIAS: none
    struct rig_slot slots[TUFF_OP_MAX_TENSORS + 1]; // the last one is the workspace
    char message[RIG_MESSAGE_BYTES];                // what is wrong, when rig_run or rig_verify has failed
};

// Makes the buffers. rig->alias and rig->magnitude may be set afterwards, before the first run.
// The caller destroys the rig also on failure.
TUFF_MUST_CHECK enum tuff_status rig_create(struct tuff_target *target, const struct case_setup *setup,
                                            enum rig_form form, struct rig *rig);
void rig_destroy(struct rig *rig);

// Whether the target's device takes tensors of these sizes at all, and the backend the op with these
// arguments.
bool rig_is_supported(struct tuff_target *target, const struct case_setup *setup);

// Writes inputs, guards and poison, runs the op, reads everything back. poison: the word that outputs and
// workspace are filled with. The arguments are destroyed as soon as the kernel has returned. Before the rig's
// first run the backend prepares, with tensors that hold nothing yet, and may have changed outputs and
// workspace only.
TUFF_MUST_CHECK enum tuff_status rig_run(struct rig *rig, enum rig_run how, uint32_t poison);

// Whether guards and inputs are as they were.
TUFF_MUST_CHECK enum tuff_status rig_verify(struct rig *rig);

// Copies an output out of what was read back: row-major, of the padded batch unless the form is
// RIG_ROW_MAJOR.
void rig_output(const struct rig *rig, uint32_t index, void *values);

// Runs the op on `target` in row-major order and returns its outputs, one allocation per output tensor (the
// caller frees them, also on failure). padded: for the padded batch, else for the logical one, at the
// beginning of an allocation that has room for the padded one. magnitude: with the absolute values of all f32
// inputs.
TUFF_MUST_CHECK enum tuff_status rig_oracle(struct tuff_target *target, const struct case_setup *setup,
                                            bool padded, bool magnitude, void *outputs[TUFF_OP_MAX_TENSORS]);

// What a kernel is called with.
struct rig_call {
    struct tuff_op_args args; // points into this struct
    struct tuff_tensor tensors[TUFF_OP_MAX_TENSORS + 1];
};

// For runs that are not judged. rig_load writes inputs, guards and poison and keeps no copy; rig_fill_call
// sets up the arguments, which the core checks. params: the op's, or a copy of them.
TUFF_MUST_CHECK enum tuff_status rig_load(struct rig *rig, uint32_t poison);
TUFF_MUST_CHECK enum tuff_status rig_fill_call(struct rig *rig, const void *params, struct rig_call *call);

// -- Between rig.c and rig_run.c.

// Sets the message and returns `status`.
enum tuff_status rig_fail(struct rig *rig, enum tuff_status status, const char *format, ...)
    TUFF_PRINTF(3, 4);
const char *rig_slot_name(const struct rig *rig, uint32_t slot);
// Composes what a slot's buffer holds before a run: guards around poison, or around content if `filled` and
// if it has any. Failure: memory.
TUFF_MUST_CHECK enum tuff_status rig_make_image(struct rig *rig, uint32_t slot, uint32_t poison, bool filled);
uint64_t rig_round_up(uint64_t value, uint64_t multiple);

#endif
