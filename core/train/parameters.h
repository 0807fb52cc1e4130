// The parameters of a model on a device: three arenas of one layout, so that one op updates them all.
#ifndef TUFF_CORE_PARAMETERS_H
#define TUFF_CORE_PARAMETERS_H

#include "backend/target.h"
#include "tuff/model.h"

struct tuff_parameters {
    const struct tuff_target *target;
    size_t count;
    uint64_t *offsets; // of each parameter in its arena, bytes
    uint64_t *bytes;   // of each
    uint64_t arena_bytes;
    struct tuff_buffer *values, *gradients,
        *moments; // moments: twice the arena; gradients and moments may be NULL
};

// Takes memory and sets the initial values for `seed`; gaps between parameters, gradients and moments are
// zero. for_training: with gradients and moments.
TUFF_MUST_CHECK enum tuff_status tuff_parameters_create(const struct tuff_target *target,
                                                        const struct tuff_model *model, uint64_t seed,
                                                        bool for_training,
                                                        struct tuff_parameters **parameters);
void tuff_parameters_destroy(struct tuff_parameters **parameters); // NULL-safe, nulls

// values: the parameter's elements, row-major. The target's stream is idle.
TUFF_MUST_CHECK enum tuff_status tuff_parameters_read(struct tuff_parameters *parameters, size_t index,
                                                      float *values);
// The same from the gradients, which there must be.
TUFF_MUST_CHECK enum tuff_status tuff_parameters_read_gradient(struct tuff_parameters *parameters,
                                                               size_t index, float *values);
TUFF_MUST_CHECK enum tuff_status tuff_parameters_write(struct tuff_parameters *parameters, size_t index,
                                                       const float *values);

#endif
