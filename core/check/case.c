#include "case.h"

#include <stdlib.h>
#include <string.h>

#define TUFF_OP(NAME, name) extern const struct conformance_op conformance_op_##name;
#include "tuff/op_list.h"
#undef TUFF_OP

const struct conformance_op *conformance_op_cases(enum tuff_op op)
{
    static const struct conformance_op *const all[TUFF_OP_COUNT] = {
#define TUFF_OP(NAME, name) [TUFF_OP_##NAME] = &conformance_op_##name,
#include "tuff/op_list.h"
#undef TUFF_OP
    };
    return all[op];
}

bool conformance_op_has_precision(const struct conformance_op *op, enum case_precision precision)
{
    const struct tuff_op_info *info = tuff_op_info(op->op);
    bool floats = false, apart = false;
    for (uint32_t i = 0; i < info->tensor_count; i++) {
        floats = floats || info->roles[i].dtype == TUFF_DTYPE_FLOAT;
        apart = apart || info->roles[i].dtype == TUFF_DTYPE_FLOAT_OR_F32;
    }
    return precision == CASE_PRECISION_F32 || (floats && (apart || precision == CASE_PRECISION_F16));
}

uint32_t conformance_random_cases(const struct conformance_op *op, uint32_t count)
{
    if (op->draw == NULL)
        return 0;
    return op->costly ? count : (count + 3) / 4;
}

enum tuff_status conformance_case_create(const struct tuff_log *log, const struct conformance_op *op,
                                         enum tuff_layout layout, uint64_t seed, const void *shape,
                                         struct conformance_case *result)
{
    *result = (struct conformance_case){.op = op, .layout = layout, .seed = seed};
    result->shape = malloc(op->shape_size);
    if (result->shape == NULL)
        return tuff_fail(log, TUFF_ERROR_MEMORY, "no memory for a case of %zu bytes", op->shape_size);
    memcpy(result->shape, shape, op->shape_size);
    return TUFF_OK;
}

void conformance_case_clear(struct conformance_case *c)
{
    free(c->shape);
    *c = (struct conformance_case){0};
}

// Params and shapes as the core wants to see them.
static struct tuff_op_args args_of(const struct case_setup *setup)
{
    struct tuff_op_args args = {.size = tuff_op_args_size(setup->op), .params = setup->params};
    for (uint32_t i = 0; i < setup->info->tensor_count; i++)
        args.tensors[i] = case_is_present(setup, i) ? &setup->tensors[i].shape : NULL;
    return args;
}

enum tuff_status conformance_case_describe(const struct tuff_log *log, const struct conformance_case *c,
                                           struct case_setup *setup)
{
    case_setup_init(setup, log, c->op->op, c->layout, c->seed);
    setup->precision = c->precision;
    enum tuff_status status = c->op->describe(c->shape, setup);
    const struct tuff_op_args args = args_of(setup);
    return status == TUFF_OK ? tuff_op_check(log, setup->op, &args) : status;
}

enum tuff_status conformance_case_fill(const struct conformance_case *c, struct case_setup *setup,
                                       struct tuff_target *oracle)
{
    enum tuff_status status = case_setup_allocate(setup);
    if (status == TUFF_OK && c->op->fill != NULL)
        status = c->op->fill(c->shape, setup, oracle);
    if (status == TUFF_OK)
        case_setup_round(setup);
    if (status == TUFF_OK)
        case_setup_zero_padding(setup);
    return status;
}

struct tuff_work conformance_case_work(const struct case_setup *setup)
{
    const struct tuff_op_args args = args_of(setup);
    return tuff_op_work(setup->op, &args);
}
