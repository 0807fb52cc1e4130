#include "op_info.h"

#include <string.h>

#include "check.h"

// Every args struct begins like struct tuff_op_args and holds nothing but tensors after that.
#define TUFF_OP(NAME, name)                                                                                  \
    _Static_assert(offsetof(struct tuff_##name##_args, params) == offsetof(struct tuff_op_args, params) &&   \
                       offsetof(struct tuff_##name##_args, workspace) ==                                     \
                           offsetof(struct tuff_op_args, workspace) &&                                       \
                       sizeof(struct tuff_##name##_args) <= sizeof(struct tuff_op_args),                     \
                   #name "'s arguments must begin like tuff_op_args");                                       \
    extern const struct tuff_op_info tuff_op_info_##name;
#include "tuff/op_list.h"
#undef TUFF_OP

const struct tuff_op_info *tuff_op_info(enum tuff_op op)
{
    static const struct tuff_op_info *const infos[TUFF_OP_COUNT] = {
#define TUFF_OP(NAME, name) &tuff_op_info_##name,
#include "tuff/op_list.h"
#undef TUFF_OP
    };
    return infos[op];
}

enum tuff_op tuff_op_find(const char *name)
{
    for (enum tuff_op op = 0; op < TUFF_OP_COUNT; op++)
        if (strcmp(tuff_op_info(op)->name, name) == 0)
            return op;
    return TUFF_OP_COUNT;
}

uint32_t tuff_op_args_size(enum tuff_op op)
{
    static const uint32_t sizes[TUFF_OP_COUNT] = {
#define TUFF_OP(NAME, name) sizeof(struct tuff_##name##_args),
#include "tuff/op_list.h"
#undef TUFF_OP
    };
    return sizes[op];
}

static enum tuff_status check_tensor(const struct tuff_log *log, const char *op, const struct tuff_role *role,
                                     const struct tuff_tensor *tensor)
{
    if (tensor == NULL) {
        if (role->optional)
            return TUFF_OK;
        return tuff_fail(log, TUFF_ERROR_INVALID, "%s: tensor %s is missing", op, role->name);
    }
    const uint32_t plain = tuff_role_plain_dtype(role);
    const bool half = tensor->dtype == TUFF_F16 && tuff_role_takes_f16(role);
    if (!half && (tensor->dtype > TUFF_U8 || (plain != TUFF_DTYPE_ANY && tensor->dtype != plain)))
        return tuff_fail(log, TUFF_ERROR_INVALID, "%s: %s has element type %s, expected %s%s", op, role->name,
                         tuff_dtype_name(tensor->dtype), tuff_dtype_name(plain),
                         tuff_role_takes_f16(role) ? " or f16" : "");
    if (tensor->rank < 1 || tensor->rank > TUFF_MAX_RANK || (role->rank != 0 && tensor->rank != role->rank))
        return tuff_fail(log, TUFF_ERROR_INVALID, "%s: %s has %u dimensions, expected %u", op, role->name,
                         tensor->rank, role->rank);
    uint64_t elements = 1;
    for (uint32_t i = 0; i < TUFF_MAX_RANK; i++) {
        if (tensor->dims[i] == 0 || (i >= tensor->rank && tensor->dims[i] != 1))
            return tuff_fail(log, TUFF_ERROR_INVALID, "%s: dimension %u of %s is %u", op, i, role->name,
                             tensor->dims[i]);
        if (elements > UINT64_MAX / 4 / TUFF_BATCH16_LANES / tensor->dims[i])
            return tuff_fail(log, TUFF_ERROR_INVALID, "%s: %s is too large", op, role->name);
        elements *= tensor->dims[i];
    }
    if (tensor->layout > TUFF_LAYOUT_BATCH16 ||
        (tensor->layout != TUFF_LAYOUT_ROW_MAJOR && (!role->batched || half)))
        return tuff_fail(log, TUFF_ERROR_INVALID, "%s: %s has a layout it may not have", op, role->name);
    return TUFF_OK;
}

// The float tensors that go together are all float32 or all float16.
static enum tuff_status check_floats(const struct tuff_log *log, const struct tuff_op_info *info,
                                     const struct tuff_tensor *const tensors[TUFF_OP_MAX_TENSORS])
{
    const struct tuff_tensor *first = NULL;
    for (uint32_t i = 0; i < info->tensor_count; i++) {
        if (tensors[i] == NULL || info->roles[i].dtype != TUFF_DTYPE_FLOAT)
            continue;
        if (first == NULL)
            first = tensors[i];
        if (tensors[i]->dtype != first->dtype)
            return tuff_fail(log, TUFF_ERROR_INVALID, "%s: %s has element type %s, but others have %s",
                             info->name, info->roles[i].name, tuff_dtype_name(tensors[i]->dtype),
                             tuff_dtype_name(first->dtype));
    }
    for (uint32_t i = 0; first != NULL && i < info->tensor_count; i++)
        if (tensors[i] != NULL && info->roles[i].dtype == TUFF_DTYPE_FLOAT_OR_F32 &&
            tensors[i]->dtype == TUFF_F16 && first->dtype != TUFF_F16)
            return tuff_fail(log, TUFF_ERROR_INVALID, "%s: %s has element type f16, but others have f32",
                             info->name, info->roles[i].name);
    return TUFF_OK;
}

enum tuff_status tuff_op_check(const struct tuff_log *log, enum tuff_op op, const struct tuff_op_args *args)
{
    const struct tuff_op_info *info = tuff_op_info(op);
    const struct tuff_tensor *tensors[TUFF_OP_MAX_TENSORS] = {NULL};
    const struct tuff_tensor *batched = NULL;
    for (uint32_t i = 0; i < info->tensor_count; i++) {
        tensors[i] = args->tensors[i];
        enum tuff_status status = check_tensor(log, info->name, &info->roles[i], tensors[i]);
        if (status != TUFF_OK)
            return status;
        if (tensors[i] == NULL || !info->roles[i].batched || op == TUFF_OP_COPY)
            continue;
        if (batched != NULL && batched->layout != tensors[i]->layout)
            return tuff_fail(log, TUFF_ERROR_INVALID,
                             "%s: the layout of %s differs from that of the other tensors", info->name,
                             info->roles[i].name);
        batched = tensors[i];
    }
    enum tuff_status floats = check_floats(log, info, tensors);
    if (floats != TUFF_OK)
        return floats;
    if (info->params_size != 0) {
        uint32_t size = 0;
        if (args->params != NULL)
            memcpy(&size, args->params, sizeof size);
        if (size < info->params_size)
            return tuff_fail(log, TUFF_ERROR_INVALID, "%s: parameters of %u bytes, expected %u", info->name,
                             size, info->params_size);
    }
    return info->check(log, args->params, tensors);
}

struct tuff_work tuff_op_work(enum tuff_op op, const struct tuff_op_args *args)
{
    const struct tuff_op_info *info = tuff_op_info(op);
    const struct tuff_tensor *tensors[TUFF_OP_MAX_TENSORS] = {NULL};
    struct tuff_work work = {0};
    for (uint32_t i = 0; i < info->tensor_count; i++) {
        tensors[i] = args->tensors[i];
        if (tensors[i] != NULL)
            work.bytes += tuff_elements(tensors[i]) * tuff_dtype_bytes(tensors[i]->dtype) *
                          (info->roles[i].access == TUFF_ACCESS_INOUT ? 2 : 1);
    }
    if (info->work != NULL)
        info->work(args->params, tensors, &work);
    return work;
}

enum tuff_status tuff_op_call(const struct tuff_kernels *kernels, enum tuff_op op, struct tuff_stream *stream,
                              const struct tuff_op_args *args)
{
    if (!tuff_op_has_kernel(kernels, op))
        return TUFF_ERROR_UNSUPPORTED;
    // The typed struct is the beginning of the common one, field for field (asserted above).
    const void *typed = args;
    switch (op) {
#define TUFF_OP(NAME, name)                                                                                  \
    case TUFF_OP_##NAME:                                                                                     \
        return kernels->name(stream, typed);
#include "tuff/op_list.h"
#undef TUFF_OP
    case TUFF_OP_COUNT:
        break;
    }
    return TUFF_ERROR_UNSUPPORTED;
}

bool tuff_op_has_kernel(const struct tuff_kernels *kernels, enum tuff_op op)
{
    switch (op) {
#define TUFF_OP(NAME, name)                                                                                  \
    case TUFF_OP_##NAME:                                                                                     \
        return kernels->size >= offsetof(struct tuff_kernels, name) + sizeof kernels->name &&                \
               kernels->name != NULL;
#include "tuff/op_list.h"
#undef TUFF_OP
    case TUFF_OP_COUNT:
        break;
    }
    return false;
}
