// The parameters of a model on a device: arenas of one layout, so that one op updates all that share a
// learning rate.
#ifndef TUFF_CORE_PARAMETERS_H
#define TUFF_CORE_PARAMETERS_H

#include "backend/target.h"
#include "tuff/model.h"

// Parameters that share a learning rate: a part of the arenas.
struct tuff_rate_group {
    double factor; // of the learning rate
    uint64_t offset, bytes;
};

struct tuff_parameters {
    const struct tuff_target *target;
    size_t count;
    uint64_t *offsets; // of each parameter in its arena, bytes
    uint64_t *bytes;   // of each
    bool *wanted;      // whether its gradient is computed
    // Those that are trained come first, so that an op on the arena's beginning reaches them and no other.
    uint64_t arena_bytes, trained_bytes;
    size_t group_count;             // one, where the model says nothing of learning rates
    struct tuff_rate_group *groups; // of what is trained, one after the other
    uint32_t moment_count;
    bool mixed;
    // gradients: of the arena's layout. moments: moment_count times the arena's trained part, those of a
    // group beginning at moment_count times its offset. Both may be NULL.
    struct tuff_buffer *values, *gradients, *moments;
    struct tuff_buffer
        *sums; // of the gradients of a batch's parts: of the arena's trained part; NULL: no parts
    struct tuff_buffer *rounded;  // float16 of values or averages, each at half its offset; NULL: not mixed
    struct tuff_buffer *averages; // moving ones of the values, in the arena's layout; NULL: none are kept
    // The model's buffers in an arena of their own, which no optimizer sees; NULL if the model has none.
    size_t buffer_count;
    uint64_t *buffer_offsets, *buffer_bytes, buffer_arena_bytes;
    struct tuff_buffer *buffers;
};

struct tuff_parameters_options {
    uint64_t seed;         // of the initial values
    bool training;         // with gradients and moments
    const bool *frozen;    // of each parameter; NULL: none is
    bool averages;         // keep them, if for training
    bool sums;             // with room for sums of gradients, if for training
    bool mixed;            // with room for values rounded to float16
    uint32_t moment_count; // of the optimizer: values that it keeps for each parameter
};

// Takes memory and sets the initial values; gaps between parameters, gradients and moments are zero.
TUFF_MUST_CHECK enum tuff_status tuff_parameters_create(const struct tuff_target *target,
                                                        const struct tuff_model *model,
                                                        const struct tuff_parameters_options *options,
                                                        struct tuff_parameters **parameters);
// The initial values again, of parameters, averages and buffers; moments stay.
TUFF_MUST_CHECK enum tuff_status tuff_parameters_initialize(struct tuff_parameters *parameters,
                                                            const struct tuff_model *model, uint64_t seed);
// Zero in parameters, gradients, their sums, moments, averages and buffers, and in the gaps between them,
// where a step whose gradient had no finite norm leaves NaN.
TUFF_MUST_CHECK enum tuff_status tuff_parameters_clear(struct tuff_parameters *parameters);
void tuff_parameters_destroy(struct tuff_parameters **parameters); // NULL-safe, nulls

// Where in the moments number `moment` of a parameter that is trained begins, in bytes.
uint64_t tuff_parameters_moment_offset(const struct tuff_parameters *parameters, size_t index,
                                       uint32_t moment);

// values: the parameter's elements, row-major. The target's stream is idle.
TUFF_MUST_CHECK enum tuff_status tuff_parameters_read(struct tuff_parameters *parameters, size_t index,
                                                      float *values);
// The same from the gradients, which there must be: the sums, where there are any.
TUFF_MUST_CHECK enum tuff_status tuff_parameters_read_gradient(struct tuff_parameters *parameters,
                                                               size_t index, float *values);
// The same from the averages; from the values where there are none.
TUFF_MUST_CHECK enum tuff_status tuff_parameters_read_average(struct tuff_parameters *parameters,
                                                              size_t index, float *values);
// Its average becomes the same. Zero in the gaps behind its gradient and behind the sum of its gradients.
TUFF_MUST_CHECK enum tuff_status tuff_parameters_write(struct tuff_parameters *parameters, size_t index,
                                                       const float *values);

// The same of the model's buffer `index`.
TUFF_MUST_CHECK enum tuff_status tuff_parameters_read_buffer(struct tuff_parameters *parameters, size_t index,
                                                             float *values);
TUFF_MUST_CHECK enum tuff_status tuff_parameters_write_buffer(struct tuff_parameters *parameters,
                                                              size_t index, const float *values);

#endif
