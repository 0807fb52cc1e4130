#include "setup.h"

#include <stdlib.h>
#include <string.h>

#include "draw.h"
#include "tuff/half.h"

void case_setup_init(struct case_setup *setup, const struct tuff_log *log, enum tuff_op op,
                     enum tuff_layout layout, uint64_t seed)
{
    *setup =
        (struct case_setup){.log = log, .op = op, .info = tuff_op_info(op), .layout = layout, .seed = seed};
}

void case_setup_clear(struct case_setup *setup)
{
    free(setup->params);
    setup->params = NULL;
    case_setup_drop_values(setup);
}

void case_setup_drop_values(struct case_setup *setup)
{
    for (uint32_t i = 0; i < TUFF_OP_MAX_TENSORS; i++) {
        free(setup->tensors[i].values);
        setup->tensors[i].values = NULL;
    }
}

enum tuff_status case_setup_params(struct case_setup *setup, const void *params, size_t bytes)
{
    setup->params = malloc(bytes);
    if (setup->params == NULL)
        return tuff_fail(setup->log, TUFF_ERROR_MEMORY, "no memory for %zu bytes of parameters", bytes);
    memcpy(setup->params, params, bytes);
    return TUFF_OK;
}

void case_setup_tensor(struct case_setup *setup, uint32_t index, uint32_t dtype, uint32_t rank,
                       const uint32_t *dims, enum case_padding padding)
{
    struct case_tensor *t = &setup->tensors[index];
    const struct tuff_role *role = &setup->info->roles[index];
    const bool half = role->dtype == TUFF_DTYPE_FLOAT          ? setup->precision != CASE_PRECISION_F32
                      : role->dtype == TUFF_DTYPE_FLOAT_OR_F32 ? setup->precision == CASE_PRECISION_F16
                                                               : false;
    if (half && dtype == TUFF_F32)
        dtype = TUFF_F16;
    t->padding = padding;
    t->shape = (struct tuff_tensor){.size = sizeof(struct tuff_tensor), .dtype = dtype, .rank = rank};
    t->shape.layout = role->batched ? setup->layout : TUFF_LAYOUT_ROW_MAJOR;
    for (uint32_t i = 0; i < TUFF_MAX_RANK; i++)
        t->shape.dims[i] = i < rank ? dims[i] : 1;
}

enum tuff_status case_setup_allocate(struct case_setup *setup)
{
    for (uint32_t i = 0; i < setup->info->tensor_count; i++) {
        struct case_tensor *t = &setup->tensors[i];
        if (!case_is_present(setup, i) || setup->info->roles[i].access == TUFF_ACCESS_OUT)
            continue;
        uint64_t bytes = case_host_bytes(&t->shape);
        t->values = calloc(bytes, 1);
        if (t->values == NULL)
            return tuff_fail(setup->log, TUFF_ERROR_MEMORY, "no memory for the %llu bytes of %s",
                             (unsigned long long)bytes, setup->info->roles[i].name);
    }
    return TUFF_OK;
}

void case_setup_zero_padding(struct case_setup *setup)
{
    for (uint32_t i = 0; i < setup->info->tensor_count; i++) {
        struct case_tensor *t = &setup->tensors[i];
        if (t->values == NULL || t->padding != CASE_PADDING_ZERO)
            continue;
        uint64_t logical = tuff_tensor_elements(&t->shape) * tuff_dtype_bytes(case_host_dtype(&t->shape));
        memset((char *)t->values + logical, 0, case_host_bytes(&t->shape) - logical);
    }
}

void case_setup_round(struct case_setup *setup)
{
    for (uint32_t i = 0; i < setup->info->tensor_count; i++) {
        float *values = setup->tensors[i].values;
        if (values == NULL || setup->tensors[i].shape.dtype != TUFF_F16)
            continue;
        for (uint64_t k = 0; k < case_stored(setup, i); k++)
            values[k] = tuff_half_to_float(tuff_half_from_double((double)values[k]));
    }
}

uint32_t case_host_dtype(const struct tuff_tensor *shape)
{
    return shape->dtype == TUFF_F16 ? (uint32_t)TUFF_F32 : shape->dtype;
}

uint64_t case_host_bytes(const struct tuff_tensor *shape)
{
    return tuff_tensor_stored_elements(shape) * tuff_dtype_bytes(case_host_dtype(shape));
}

float *case_floats(struct case_setup *setup, uint32_t index)
{
    return setup->tensors[index].values;
}

uint32_t *case_words(struct case_setup *setup, uint32_t index)
{
    return setup->tensors[index].values;
}

double case_elements(const struct case_setup *setup, uint32_t index)
{
    return (double)tuff_tensor_elements(&setup->tensors[index].shape);
}

uint64_t case_stored(const struct case_setup *setup, uint32_t index)
{
    return tuff_tensor_stored_elements(&setup->tensors[index].shape);
}

uint32_t case_stream(uint32_t index)
{
    return DRAW_DATA + index;
}

void case_fill_signed(struct case_setup *setup, uint32_t index)
{
    draw_signed(setup->seed, case_stream(index), case_floats(setup, index), case_stored(setup, index));
}

bool case_is_present(const struct case_setup *setup, uint32_t index)
{
    return setup->tensors[index].shape.rank != 0;
}

bool case_is_output(const struct case_setup *setup, uint32_t index)
{
    return case_is_present(setup, index) && setup->info->roles[index].access != TUFF_ACCESS_IN;
}

bool case_uses_batch16(const struct case_setup *setup)
{
    for (uint32_t i = 0; i < setup->info->tensor_count; i++)
        if (case_is_present(setup, i) && setup->tensors[i].shape.layout == TUFF_LAYOUT_BATCH16)
            return true;
    return false;
}

bool case_uses_f16(const struct case_setup *setup)
{
    for (uint32_t i = 0; i < setup->info->tensor_count; i++)
        if (case_is_present(setup, i) && setup->tensors[i].shape.dtype == TUFF_F16)
            return true;
    return false;
}

struct tuff_tensor case_padded_shape(const struct tuff_tensor *shape)
{
    struct tuff_tensor padded = *shape;
    if (shape->layout == TUFF_LAYOUT_BATCH16)
        padded.dims[0] = (shape->dims[0] + TUFF_BATCH16_LANES - 1) / TUFF_BATCH16_LANES * TUFF_BATCH16_LANES;
    padded.layout = TUFF_LAYOUT_ROW_MAJOR;
    return padded;
}
