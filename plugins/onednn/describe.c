// What the families share in posing and describing their problems.
#include "primitive.h"

#include <string.h>

void dnn_set_operand(struct dnn_problem *problem, int slot, int argument, bool output,
                     const struct tuff_tensor *tensor)
{
    if (tensor == NULL)
        return;
    struct dnn_operand *operand = &problem->operands[slot];
    operand->argument = argument;
    operand->output = output;
    operand->rank = tensor->rank;
    for (uint32_t i = 0; i < tensor->rank; i++)
        operand->dims[i] = tensor->dims[i];
}

dnnl_status_t dnn_row_major(const struct dnn_operand *operand, dnnl_memory_desc_t *layout)
{
    dnnl_dims_t dims, strides;
    int64_t stride = 1;
    for (int64_t i = operand->rank - 1; i >= 0; i--) {
        dims[i] = operand->dims[i];
        strides[i] = stride;
        stride *= dims[i];
    }
    return dnnl_memory_desc_init_by_strides(layout, (int)operand->rank, dims, dnnl_f32, strides);
}

dnnl_status_t dnn_any_layout(const struct dnn_operand *operand, dnnl_memory_desc_t *layout)
{
    dnnl_dims_t dims;
    for (int64_t i = 0; i < operand->rank; i++)
        dims[i] = operand->dims[i];
    return dnnl_memory_desc_init_by_tag(layout, (int)operand->rank, dims, dnnl_f32, dnnl_format_tag_any);
}

dnnl_status_t dnn_finish(struct tuff_device *device, const void *operation, dnnl_primitive_desc_t hint,
                         dnnl_primitive_desc_t *description)
{
    return dnnl_primitive_desc_create(description, operation, device->attributes, device->engine, hint);
}

float dnn_number(const struct dnn_problem *problem)
{
    float number;
    const uint32_t bits = (uint32_t)problem->number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

void dnn_set_number(struct dnn_problem *problem, float number)
{
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    problem->number = bits;
}
