// What a backend says it supports, asked without running anything.
#include "tuff/check.h"

#include "case.h"
#include "rig.h"

bool tuff_check_op(size_t index, struct tuff_check_op *op)
{
    if (index >= TUFF_OP_COUNT)
        return false;
    const struct conformance_op *cases = conformance_op_cases((enum tuff_op)index);
    op->name = tuff_op_info((enum tuff_op)index)->name;
    op->cases = 0;
    for (enum case_precision p = CASE_PRECISION_F32; p <= CASE_PRECISION_F16_F32; p++) {
        const uint64_t layouts = p == CASE_PRECISION_F32 && cases->batched ? 2 : 1;
        if (conformance_op_has_precision(cases, p))
            op->cases += layouts *
                         (cases->corner_count + conformance_random_cases(cases, p, TUFF_CHECK_DEFAULT_COUNT));
    }
    return true;
}

// Adds one case to `support`.
static enum tuff_status ask(struct tuff_target *target, const struct conformance_case *c,
                            struct tuff_check_support *support)
{
    struct case_setup setup;
    enum tuff_status status = conformance_case_describe(target->log, c, &setup);
    // A case without a batched tensor is the same in either layout.
    if (status == TUFF_OK && case_uses_batch16(&setup) == (c->layout == TUFF_LAYOUT_BATCH16)) {
        support->cases++;
        support->supported += rig_is_supported(target, &setup) ? 1 : 0;
    }
    case_setup_clear(&setup);
    return status;
}

// Adds the hand-written cases of a layout and a precision to `support`.
static enum tuff_status ask_all(struct tuff_target *target, const struct conformance_op *cases,
                                enum tuff_layout layout, enum case_precision precision,
                                struct tuff_check_support *support)
{
    const char *shape = cases->corners;
    enum tuff_status status = TUFF_OK;
    for (size_t i = 0; i < cases->corner_count && status == TUFF_OK; i++) {
        struct conformance_case c;
        status = conformance_case_create(target->log, cases, layout, 0, shape + i * cases->shape_size, &c);
        if (status != TUFF_OK)
            return status;
        c.precision = precision;
        status = ask(target, &c, support);
        conformance_case_clear(&c);
    }
    return status;
}

enum tuff_status tuff_check_support(struct tuff_target *target, size_t op, enum tuff_layout layout,
                                    struct tuff_check_support *support)
{
    const struct conformance_op *cases = conformance_op_cases((enum tuff_op)op);
    support->cases = 0;
    support->supported = 0;
    if (layout == TUFF_LAYOUT_BATCH16 && !cases->batched)
        return TUFF_OK;
    return ask_all(target, cases, layout, CASE_PRECISION_F32, support);
}

enum tuff_status tuff_check_support_f16(struct tuff_target *target, size_t op,
                                        struct tuff_check_support *support)
{
    const struct conformance_op *cases = conformance_op_cases((enum tuff_op)op);
    enum tuff_status status = TUFF_OK;
    support->cases = 0;
    support->supported = 0;
    for (enum case_precision p = CASE_PRECISION_F16; p <= CASE_PRECISION_F16_F32 && status == TUFF_OK; p++)
        if (conformance_op_has_precision(cases, p))
            status = ask_all(target, cases, TUFF_LAYOUT_ROW_MAJOR, p, support);
    return status;
}
