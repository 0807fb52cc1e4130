// The graph of a pass's step, planned.
#include "pass_state.h"

static enum tuff_status build_and_plan(struct tuff_pass *pass, uint64_t segment_bytes,
                                       uint64_t *forward_bytes)
{
    tuff_plan_destroy(&pass->plan);
    tuff_graph_destroy(&pass->graph);
    enum tuff_status status = tuff_pass_build(pass, segment_bytes, forward_bytes);
    return status == TUFF_OK ? tuff_plan_create(pass->target, pass->graph, pass->options.recompute,
                                                pass->options.shortage, &pass->plan)
                             : status;
}

enum tuff_status tuff_pass_build_and_plan(struct tuff_pass *pass)
{
    // Parts of the forward pass that a segment may be. Many small ones keep much of what passes between them,
    // few large ones make much anew at a time; where the least lies depends on the model.
    static const uint32_t parts[] = {2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64};
    uint64_t forward_bytes, best = 0, last = 0, least;
    enum tuff_status status = build_and_plan(pass, 0, &forward_bytes);
    if (status != TUFF_OK || !pass->options.recompute)
        return status;
    least = pass->plan->arena_bytes;
    for (size_t i = 0; status == TUFF_OK && i < sizeof parts / sizeof *parts; i++) {
        last = forward_bytes / parts[i] + 1;
        status = build_and_plan(pass, last, &forward_bytes);
        if (status == TUFF_OK && pass->plan->arena_bytes < least) {
            least = pass->plan->arena_bytes;
            best = last;
        }
    }
    return status == TUFF_OK && best != last ? build_and_plan(pass, best, &forward_bytes) : status;
}
