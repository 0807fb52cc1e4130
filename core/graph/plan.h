// Planning: where each activation lies in one arena, so that memory is reused as soon as nobody reads it any
// more.
#ifndef TUFF_CORE_PLAN_H
#define TUFF_CORE_PLAN_H

#include "backend/target.h"
#include "graph.h"

struct tuff_plan {
    uint64_t arena_bytes;        // of activations and workspaces, shared by lifetime
    uint64_t unshared_bytes;     // what they would take without sharing
    uint64_t value_bytes;        // of activations that are alive at one node, at most; no backend's workspaces
    uint64_t *offsets;           // of each value's storage in the arena; UINT64_MAX for what lies elsewhere
    uint64_t *workspace_offsets; // of each node's workspace; valid where workspace_bytes is not 0
    uint64_t *workspace_bytes;
};

// Checks that the target has a kernel for every node that takes its shapes, and places all activations.
// Two tensors share memory only if no node uses both, or if the op works in place; on a GPU small arenas are
// not shared but in place, unless `least` asks for as little memory as can be. Failure:
// TUFF_ERROR_UNSUPPORTED names the op and the backend. TUFF_ERROR_MEMORY for a tensor that is larger than the
// device takes any: this alone is told to `shortage`, since a caller may know of something smaller to try.
TUFF_MUST_CHECK enum tuff_status tuff_plan_create(const struct tuff_target *target,
                                                  const struct tuff_graph *graph, bool least,
                                                  const struct tuff_log *shortage, struct tuff_plan **plan);
void tuff_plan_destroy(struct tuff_plan **plan); // NULL-safe, nulls

#endif
