#include "rig.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tuff/half.h"

enum { WORKSPACE = TUFF_OP_MAX_TENSORS, GUARD_BYTES = 256 };

// A NaN as a float and out of every range as an index: reading a guard shows as well as writing it. Each
// tensor's number is added, so that a kernel which copies one guard onto another is seen.
static const uint32_t GUARD_WORD = 0x7fc0be11;

enum tuff_status rig_fail(struct rig *rig, enum tuff_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(rig->message, sizeof rig->message, format, arguments);
    va_end(arguments);
    return status;
}

const char *rig_slot_name(const struct rig *rig, uint32_t slot)
{
    return slot == WORKSPACE ? "workspace" : rig->setup->info->roles[slot].name;
}

// In a float16 tensor each half of the word is such a NaN.
static uint32_t word_for(const struct tuff_tensor *tensor, uint32_t word)
{
    const uint32_t half = 0x7e00u | (word & 0x1ffu);
    return tensor->dtype == TUFF_F16 ? half << 16 | half : word;
}

static void fill_words(unsigned char *bytes, uint64_t count, uint32_t word)
{
    for (uint64_t i = 0; i < count; i++)
        bytes[i] = (unsigned char)(word >> (i % 4 * 8));
}

uint64_t rig_round_up(uint64_t value, uint64_t multiple)
{
    return (value + multiple - 1) / multiple * multiple;
}

static struct tuff_tensor formed(const struct case_setup *setup, const struct tuff_tensor *shape,
                                 enum rig_form form)
{
    struct tuff_tensor tensor = form == RIG_ROW_MAJOR_PADDED ? case_padded_shape(shape) : *shape;
    if (form != RIG_AS_IS) {
        tensor.layout = TUFF_LAYOUT_ROW_MAJOR;
        if (setup->precision != CASE_PRECISION_F32) // else the op itself is about types
            tensor.dtype = case_host_dtype(shape);
    }
    return tensor;
}

// The arguments as they are when only shapes are asked about.
static void planning_args(const struct case_setup *setup, struct tuff_op_args *args)
{
    *args = (struct tuff_op_args){.size = tuff_op_args_size(setup->op), .params = setup->params};
    for (uint32_t i = 0; i < setup->info->tensor_count; i++)
        args->tensors[i] = case_is_present(setup, i) ? &setup->tensors[i].shape : NULL;
}

bool rig_is_supported(struct tuff_target *target, const struct case_setup *setup)
{
    for (uint32_t i = 0; i < setup->info->tensor_count; i++) {
        if (!case_is_present(setup, i))
            continue;
        uint64_t bytes = tuff_tensor_bytes(&setup->tensors[i].shape);
        uint64_t guards = 2 * GUARD_BYTES + 2 * target->info.buffer_alignment;
        if ((bytes > target->info.max_tensor_bytes && !setup->info->roles[i].any_size) ||
            bytes + guards > target->info.max_buffer_bytes)
            return false;
    }
    struct tuff_op_args args;
    planning_args(setup, &args);
    return tuff_target_supports(target, setup->op, &args);
}

static enum tuff_status make_slot(struct rig *rig, uint32_t index)
{
    struct rig_slot *slot = &rig->slots[index];
    uint64_t alignment = rig->target->info.buffer_alignment;
    // An odd multiple of the alignment: a kernel that counts on more than was promised shall notice.
    slot->front = alignment * (GUARD_BYTES / alignment | 1u);
    slot->tensor.offset = slot->front;
    slot->total = slot->front + rig_round_up(tuff_tensor_bytes(&slot->tensor), 4) + GUARD_BYTES;
    enum tuff_status status =
        rig->target->interface->buffer_create(rig->target->device, slot->total, &slot->buffer);
    if (status != TUFF_OK)
        return rig_fail(rig, status, "buffer_create of %" PRIu64 " bytes for %s returned \"%s\"", slot->total,
                        rig_slot_name(rig, index), tuff_status_name(status));
    slot->tensor.buffer = slot->buffer;
    return TUFF_OK;
}

static enum tuff_status make_workspace(struct rig *rig)
{
    struct tuff_tensor shapes[TUFF_OP_MAX_TENSORS];
    struct tuff_op_args args;
    planning_args(rig->setup, &args);
    for (uint32_t i = 0; i < rig->setup->info->tensor_count; i++) {
        if (args.tensors[i] == NULL)
            continue;
        shapes[i] = formed(rig->setup, args.tensors[i], rig->form);
        args.tensors[i] = &shapes[i];
    }
    uint64_t bytes;
    enum tuff_status status = tuff_target_workspace_size(rig->target, rig->setup->op, &args, &bytes);
    if (status != TUFF_OK)
        return rig_fail(rig, status, "workspace_size returned \"%s\"", tuff_status_name(status));
    if (bytes == 0)
        return TUFF_OK;
    if (bytes > UINT32_MAX || bytes > rig->target->info.max_tensor_bytes)
        return rig_fail(rig, TUFF_ERROR_UNSUPPORTED,
                        "a workspace of %" PRIu64 " bytes is more than a tensor may have", bytes);
    rig->slots[WORKSPACE].tensor = (struct tuff_tensor){
        .size = sizeof(struct tuff_tensor), .dtype = TUFF_U8, .rank = 1, .dims = {(uint32_t)bytes, 1, 1, 1}};
    return make_slot(rig, WORKSPACE);
}

enum tuff_status rig_create(struct tuff_target *target, const struct case_setup *setup, enum rig_form form,
                            struct rig *rig)
{
    *rig = (struct rig){.target = target, .setup = setup, .form = form, .alias = RIG_NO_ALIAS};
    for (uint32_t i = 0; i < setup->info->tensor_count; i++) {
        if (!case_is_present(setup, i))
            continue;
        rig->slots[i].tensor = formed(setup, &setup->tensors[i].shape, form);
        enum tuff_status status = make_slot(rig, i);
        if (status != TUFF_OK)
            return status;
    }
    return make_workspace(rig);
}

void rig_destroy(struct rig *rig)
{
    for (uint32_t i = 0; i <= WORKSPACE; i++) {
        struct rig_slot *slot = &rig->slots[i];
        if (slot->buffer != NULL)
            rig->target->interface->buffer_destroy(slot->buffer);
        free(slot->image);
        free(slot->seen);
        *slot = (struct rig_slot){0};
    }
}

// Where sample n's element i of `per` is in a tensor's storage, in elements.
static uint64_t stored_at(const struct tuff_tensor *tensor, uint64_t per, uint64_t n, uint64_t i)
{
    if (tensor->layout == TUFF_LAYOUT_BATCH16)
        return ((n / TUFF_BATCH16_LANES) * per + i) * TUFF_BATCH16_LANES + n % TUFF_BATCH16_LANES;
    return n * per + i;
}

static void halves_from_floats(unsigned char *halves, const unsigned char *floats, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        float value;
        memcpy(&value, floats + i * sizeof value, sizeof value);
        const uint16_t half = tuff_half_from_double((double)value);
        memcpy(halves + i * sizeof half, &half, sizeof half);
    }
}

static void floats_from_halves(unsigned char *floats, const unsigned char *halves, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        uint16_t half;
        memcpy(&half, halves + i * sizeof half, sizeof half);
        const float value = tuff_half_to_float(half);
        memcpy(floats + i * sizeof value, &value, sizeof value);
    }
}

// Copies between row-major order of the padded batch, as the host has it, and a tensor's storage.
static void reorder(const struct tuff_tensor *tensor, unsigned char *storage, unsigned char *values,
                    bool to_storage)
{
    uint64_t bytes = tuff_dtype_bytes(tensor->dtype);
    uint64_t per = tuff_tensor_elements(tensor) / tensor->dims[0];
    uint64_t samples = tuff_tensor_stored_elements(tensor) / per;
    if (tensor->dtype == TUFF_F16) { // row-major
        if (to_storage)
            halves_from_floats(storage, values, samples * per);
        else
            floats_from_halves(values, storage, samples * per);
        return;
    }
    if (tensor->layout == TUFF_LAYOUT_ROW_MAJOR) {
        memcpy(to_storage ? storage : values, to_storage ? values : storage, samples * per * bytes);
        return;
    }
    for (uint64_t n = 0; n < samples; n++)
        for (uint64_t i = 0; i < per; i++) {
            unsigned char *stored = storage + stored_at(tensor, per, n, i) * bytes;
            unsigned char *value = values + (n * per + i) * bytes;
            memcpy(to_storage ? stored : value, to_storage ? value : stored, bytes);
        }
}

static void make_absolute(unsigned char *bytes, uint64_t elements)
{
    for (uint64_t i = 0; i < elements; i++)
        bytes[i * 4 + 3] &=
            0x7f; // the sign is the top bit of the last byte, little-endian as the ABI's magic is
}

enum tuff_status rig_make_image(struct rig *rig, uint32_t index, uint32_t poison, bool filled)
{
    struct rig_slot *slot = &rig->slots[index];
    if (slot->image == NULL)
        slot->image = malloc(slot->total);
    if (slot->image == NULL)
        return rig_fail(rig, TUFF_ERROR_MEMORY, "no host memory for the %" PRIu64 " bytes of %s", slot->total,
                        rig_slot_name(rig, index));
    fill_words(slot->image, slot->total, word_for(&slot->tensor, GUARD_WORD + index));
    unsigned char *content = slot->image + slot->front;
    unsigned char *values = index == WORKSPACE || !filled ? NULL : rig->setup->tensors[index].values;
    if (values == NULL) {
        fill_words(content, tuff_tensor_bytes(&slot->tensor), word_for(&slot->tensor, poison));
        return TUFF_OK;
    }
    reorder(&slot->tensor, content, values, true);
    if (rig->magnitude && slot->tensor.dtype == TUFF_F32)
        make_absolute(content, tuff_tensor_stored_elements(&slot->tensor));
    return TUFF_OK;
}

void rig_output(const struct rig *rig, uint32_t index, void *values)
{
    const struct rig_slot *slot = &rig->slots[index == 0 && rig->alias != RIG_NO_ALIAS ? rig->alias : index];
    reorder(&slot->tensor, slot->seen + slot->front, values, false);
}

enum tuff_status rig_oracle(struct tuff_target *target, const struct case_setup *setup, bool padded,
                            bool magnitude, void *outputs[TUFF_OP_MAX_TENSORS])
{
    struct rig rig;
    enum tuff_status status = rig_create(target, setup, padded ? RIG_ROW_MAJOR_PADDED : RIG_ROW_MAJOR, &rig);
    rig.magnitude = magnitude;
    if (status == TUFF_OK)
        status = rig_run(&rig, RIG_RUN_NOW, 0x7fc0dead);
    if (status == TUFF_OK)
        status = rig_verify(&rig);
    for (uint32_t i = 0; status == TUFF_OK && i < setup->info->tensor_count; i++) {
        if (!case_is_output(setup, i))
            continue;
        outputs[i] = calloc(case_host_bytes(&setup->tensors[i].shape), 1);
        if (outputs[i] == NULL)
            status = rig_fail(&rig, TUFF_ERROR_MEMORY, "no host memory for %s", rig_slot_name(&rig, i));
        else
            rig_output(&rig, i, outputs[i]);
    }
    if (status != TUFF_OK)
        status =
            tuff_fail(setup->log, status, "the oracle, %s, failed: %s", target->backend_name, rig.message);
    rig_destroy(&rig);
    return status;
}
