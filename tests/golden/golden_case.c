#include "golden_case.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <jansson.h>

static const char PREFIX[] = "case ";

const char *golden_case_name(const struct tuff_metadata *entry)
{
    return strncmp(entry->key, PREFIX, strlen(PREFIX)) == 0 ? entry->key + strlen(PREFIX) : NULL;
}

// -- Parameters

enum field_kind { FIELD_U32, FIELD_F32, FIELD_F64 };

struct field {
    const char *name; // NULL: the end
    enum field_kind kind;
    size_t offset;
};

#define U32(op, member)                                                                                      \
    {                                                                                                        \
#member, FIELD_U32, offsetof(struct tuff_##op##_params, member)                                      \
    }
#define F32(op, member)                                                                                      \
    {                                                                                                        \
#member, FIELD_F32, offsetof(struct tuff_##op##_params, member)                                      \
    }
#define F64(op, member)                                                                                      \
    {                                                                                                        \
#member, FIELD_F64, offsetof(struct tuff_##op##_params, member)                                      \
    }

static const struct field conv2d[] = {
    U32(conv2d, stride_h),
    U32(conv2d, stride_w),
    U32(conv2d, dilation_h),
    U32(conv2d, dilation_w),
    U32(conv2d, pad_top),
    U32(conv2d, pad_bottom),
    U32(conv2d, pad_left),
    U32(conv2d, pad_right),
    U32(conv2d, groups),
    U32(conv2d, padding_mode),
    {NULL},
};
static const struct field max_pool2d[] = {
    U32(max_pool2d, kernel_h),
    U32(max_pool2d, kernel_w),
    U32(max_pool2d, stride_h),
    U32(max_pool2d, stride_w),
    U32(max_pool2d, dilation_h),
    U32(max_pool2d, dilation_w),
    U32(max_pool2d, pad_top),
    U32(max_pool2d, pad_bottom),
    U32(max_pool2d, pad_left),
    U32(max_pool2d, pad_right),
    {NULL},
};
static const struct field avg_pool2d[] = {
    U32(avg_pool2d, kernel_h),   U32(avg_pool2d, kernel_w),          U32(avg_pool2d, stride_h),
    U32(avg_pool2d, stride_w),   U32(avg_pool2d, pad_top),           U32(avg_pool2d, pad_bottom),
    U32(avg_pool2d, pad_left),   U32(avg_pool2d, pad_right),         U32(avg_pool2d, overhang_h),
    U32(avg_pool2d, overhang_w), U32(avg_pool2d, count_include_pad), {NULL},
};
static const struct field activation[] = {U32(activation, kind), F32(activation, slope), {NULL}};
static const struct field batch_norm2d[] = {F32(batch_norm2d, epsilon), F32(batch_norm2d, momentum), {NULL}};
static const struct field softmax_cross_entropy[] = {F32(softmax_cross_entropy, label_smoothing), {NULL}};
static const struct field sgd[] = {U32(sgd, nesterov), F64(sgd, momentum), F64(sgd, weight_decay), {NULL}};
static const struct field adam[] = {
    F64(adam, beta1),        F64(adam, beta2),     F64(adam, epsilon),
    F64(adam, weight_decay), U32(adam, decoupled), {NULL},
};
static const struct field gradient_clip[] = {F32(gradient_clip, max_norm), {NULL}};

static const struct field *fields_of(enum tuff_op op)
{
    switch (op) {
    case TUFF_OP_CONV2D_FORWARD:
    case TUFF_OP_CONV2D_BACKWARD_INPUT:
    case TUFF_OP_CONV2D_BACKWARD_WEIGHT:
        return conv2d;
    case TUFF_OP_MAX_POOL2D_FORWARD:
    case TUFF_OP_MAX_POOL2D_BACKWARD:
        return max_pool2d;
    case TUFF_OP_AVG_POOL2D_FORWARD:
    case TUFF_OP_AVG_POOL2D_BACKWARD:
        return avg_pool2d;
    case TUFF_OP_ACTIVATION_FORWARD:
    case TUFF_OP_ACTIVATION_BACKWARD:
        return activation;
    case TUFF_OP_BATCH_NORM2D_TRAIN:
    case TUFF_OP_BATCH_NORM2D_EVAL:
        return batch_norm2d;
    case TUFF_OP_SOFTMAX_CROSS_ENTROPY_FORWARD:
    case TUFF_OP_SOFTMAX_CROSS_ENTROPY_BACKWARD:
        return softmax_cross_entropy;
    case TUFF_OP_SGD:
        return sgd;
    case TUFF_OP_ADAM:
        return adam;
    case TUFF_OP_GRADIENT_CLIP:
        return gradient_clip;
    default:
        return NULL;
    }
}

static void set_field(unsigned char *params, const struct field *field, const json_t *value)
{
    const double number = json_number_value(value);
    const float single = (float)number;
    const uint32_t word = (uint32_t)number;
    if (field->kind == FIELD_U32)
        memcpy(params + field->offset, &word, sizeof word);
    else if (field->kind == FIELD_F32)
        memcpy(params + field->offset, &single, sizeof single);
    else
        memcpy(params + field->offset, &number, sizeof number);
}

// Every field has to be given, and nothing else.
static void read_params(struct case_setup *setup, const char *name, const json_t *given)
{
    const struct field *field = fields_of(setup->op);
    const uint32_t bytes = setup->info->params_size;
    if (bytes == 0) {
        cr_assert_null(given, "%s: %s has no parameters", name, setup->info->name);
        return;
    }
    cr_assert_not_null(field, "%s: the fields of %s's parameters are not known here", name,
                       setup->info->name);
    unsigned char *params = calloc(1, bytes);
    cr_assert_not_null(params);
    memcpy(params, &bytes, sizeof bytes);
    size_t count = 0;
    for (; field->name != NULL; field++, count++) {
        const json_t *value = json_object_get(given, field->name);
        cr_assert(json_is_number(value), "%s: parameter %s is missing", name, field->name);
        set_field(params, field, value);
    }
    cr_assert_eq(json_object_size(given), count, "%s: %s has %zu parameters", name, setup->info->name, count);
    cr_assert_eq(case_setup_params(setup, params, bytes), TUFF_OK);
    free(params);
}

// -- Tensors

struct reader {
    const struct tuff_safetensors *file;
    const char *name; // the case's
    bool *used;
    const json_t *tensors, *before;
};

// The tensor of the case's group that `names` gives for a role; NULL if there is none.
static const struct tuff_safetensor *find(const struct reader *reader, const json_t *names, const char *role)
{
    const char *own = json_string_value(json_object_get(names, role));
    if (own == NULL)
        return NULL;
    char full[160];
    const int group = (int)strcspn(reader->name, "/");
    snprintf(full, sizeof full, "%.*s.%s", group, reader->name, own);
    const struct tuff_safetensor *tensor = tuff_safetensors_find(reader->file, full);
    cr_assert_not_null(tensor, "%s: the file has no tensor %s", reader->name, full);
    if (reader->used != NULL)
        reader->used[tensor - reader->file->tensors] = true;
    return tensor;
}

static void describe(const struct reader *reader, struct case_setup *setup, uint32_t index,
                     const struct tuff_safetensor *tensor)
{
    const struct tuff_role *role = &setup->info->roles[index];
    uint32_t dims[TUFF_MAX_RANK];
    cr_assert_leq(tensor->rank, (uint32_t)TUFF_MAX_RANK, "%s: %s", reader->name, tensor->name);
    for (uint32_t i = 0; i < tensor->rank; i++)
        dims[i] = (uint32_t)tensor->dims[i];
    cr_assert_str_eq(tensor->dtype, role->dtype == TUFF_U32 ? "U32" : "F32", "%s: %s", reader->name,
                     tensor->name);
    case_setup_tensor(setup, index, tuff_role_plain_dtype(role), tensor->rank, dims, CASE_PADDING_FINITE);
}

// The file's values, and behind them what the padding lanes hold: zeros for gradients, for all others the
// first sample over and over, so that indices stay within their windows.
static void fill(struct case_tensor *t, bool gradient, const struct tuff_safetensor *tensor)
{
    const uint64_t all = tuff_tensor_bytes(&t->shape), sample = tensor->bytes / t->shape.dims[0];
    unsigned char *values = t->values;
    memcpy(values, tensor->data, tensor->bytes);
    for (uint64_t at = tensor->bytes; at < all && !gradient; at += sample)
        memcpy(values + at, tensor->data, sample);
}

static void read_tensors(const struct reader *reader, struct golden_case *c)
{
    struct case_setup *setup = &c->setup;
    const struct tuff_safetensor *content[TUFF_OP_MAX_TENSORS] = {NULL};
    size_t named = 0, updated = 0;
    for (uint32_t i = 0; i < setup->info->tensor_count; i++) {
        const struct tuff_role *role = &setup->info->roles[i];
        const struct tuff_safetensor *tensor = find(reader, reader->tensors, role->name);
        cr_assert(tensor != NULL || role->optional, "%s: no tensor for %s", reader->name, role->name);
        if (tensor == NULL)
            continue;
        named++;
        describe(reader, setup, i, tensor);
        if (role->access == TUFF_ACCESS_IN) {
            content[i] = tensor;
            continue;
        }
        c->expected[i] = tensor->data;
        if (role->access == TUFF_ACCESS_INOUT) {
            updated++;
            content[i] = find(reader, reader->before, role->name);
            cr_assert_not_null(content[i], "%s: not said what %s holds before", reader->name, role->name);
            cr_assert_eq(content[i]->bytes, tensor->bytes, "%s: %s", reader->name, role->name);
        }
    }
    cr_assert_eq(json_object_size(reader->tensors), named, "%s names a tensor that %s has not", reader->name,
                 setup->info->name);
    cr_assert_eq(json_object_size(reader->before), updated, "%s: before", reader->name);
    cr_assert_eq(case_setup_allocate(setup), TUFF_OK);
    for (uint32_t i = 0; i < setup->info->tensor_count; i++)
        if (content[i] != NULL)
            fill(&setup->tensors[i], setup->info->roles[i].name[0] == 'd', content[i]);
}

// -- The case

static json_t *parse(const struct tuff_metadata *entry)
{
    json_error_t error;
    json_t *text = json_loads(entry->value, 0, &error);
    cr_assert_not_null(text, "%s: %s", entry->key, error.text);
    return text;
}

static enum tuff_op op_of(const struct tuff_metadata *entry, const json_t *text)
{
    const char *name = json_string_value(json_object_get(text, "op"));
    cr_assert_not_null(name, "%s: no op", entry->key);
    const enum tuff_op op = tuff_op_find(name);
    cr_assert_neq(op, TUFF_OP_COUNT, "%s: there is no op %s", entry->key, name);
    return op;
}

enum tuff_op golden_case_op(const struct tuff_metadata *entry)
{
    json_t *text = parse(entry);
    const enum tuff_op op = op_of(entry, text);
    json_decref(text);
    return op;
}

void golden_case_read(const struct tuff_log *log, const struct tuff_safetensors *file,
                      const struct tuff_metadata *entry, enum tuff_layout layout, bool *used,
                      struct golden_case *result)
{
    json_t *text = parse(entry);
    *result = (struct golden_case){.name = golden_case_name(entry)};
    case_setup_init(&result->setup, log, op_of(entry, text), layout, 0);
    read_params(&result->setup, result->name, json_object_get(text, "params"));
    const struct reader reader = {.file = file,
                                  .name = result->name,
                                  .used = used,
                                  .tensors = json_object_get(text, "tensors"),
                                  .before = json_object_get(text, "before")};
    read_tensors(&reader, result);
    json_decref(text);
}

void golden_case_clear(struct golden_case *c)
{
    case_setup_clear(&c->setup);
}
