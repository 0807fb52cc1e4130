// The graphs of a pass's programs, planned.
#include "pass_state.h"

static enum tuff_status build_and_plan(struct tuff_pass *pass, enum program_kind kind, uint64_t segment_bytes,
                                       uint64_t *forward_bytes)
{
    struct program *program = &pass->programs[kind];
    tuff_plan_destroy(&program->plan);
    tuff_graph_destroy(&program->graph);
    enum tuff_status status = tuff_pass_build(pass, kind, segment_bytes, forward_bytes);
    return status == TUFF_OK ? tuff_plan_create(pass->target, program->graph, pass->options.recompute,
                                                pass->options.shortage, &program->plan)
                             : status;
}

static enum tuff_status build_smallest(struct tuff_pass *pass, enum program_kind kind)
{
    // Parts of the forward pass that a segment may be. Many small ones keep much of what passes between them,
    // few large ones make much anew at a time; where the least lies depends on the model.
    static const uint32_t parts[] = {2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64};
    struct program *program = &pass->programs[kind];
    struct tuff_plan **plan = &program->plan;
    uint64_t forward_bytes, best = 0, last = 0, least;
    enum tuff_status status = build_and_plan(pass, kind, 0, &forward_bytes);
    if (status != TUFF_OK)
        return status;
    program->value_bytes = (*plan)->value_bytes;
    if (!pass->options.recompute)
        return status;
    least = (*plan)->arena_bytes;
    for (size_t i = 0; status == TUFF_OK && i < sizeof parts / sizeof *parts; i++) {
        last = forward_bytes / parts[i] + 1;
        status = build_and_plan(pass, kind, last, &forward_bytes);
        if (status == TUFF_OK && (*plan)->arena_bytes < least) {
            least = (*plan)->arena_bytes;
            best = last;
        }
        if (status == TUFF_OK && (*plan)->value_bytes < program->value_bytes)
            program->value_bytes = (*plan)->value_bytes;
    }
    return status == TUFF_OK && best != last ? build_and_plan(pass, kind, best, &forward_bytes) : status;
}

enum tuff_status tuff_pass_build_and_plan(struct tuff_pass *pass)
{
    enum tuff_status status = build_smallest(pass, PROGRAM_STEP);
    return status == TUFF_OK && pass->parts > 1 ? build_smallest(pass, PROGRAM_PART) : status;
}

uint64_t tuff_pass_arena_bytes(const struct tuff_pass *pass)
{
    uint64_t bytes = 0;
    for (int i = 0; i < PROGRAM_COUNT; i++)
        if (pass->programs[i].plan != NULL && pass->programs[i].plan->arena_bytes > bytes)
            bytes = pass->programs[i].plan->arena_bytes;
    return bytes;
}

uint64_t tuff_pass_value_bytes(const struct tuff_pass *pass)
{
    uint64_t bytes = 0;
    for (int i = 0; i < PROGRAM_COUNT; i++)
        if (pass->programs[i].value_bytes > bytes)
            bytes = pass->programs[i].value_bytes;
    return bytes;
}

uint64_t tuff_pass_unshared_bytes(const struct tuff_pass *pass)
{
    return pass->programs[PROGRAM_STEP].plan->unshared_bytes;
}
