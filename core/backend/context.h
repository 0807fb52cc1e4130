// The context from the inside.
#ifndef TUFF_CORE_CONTEXT_H
#define TUFF_CORE_CONTEXT_H

#include "plugin.h"
#include "tuff/context.h"

struct tuff_context {
    struct tuff_log log;
    struct tuff_plugin **plugins; // those named first, then those found, in the order of search
    size_t plugin_count, plugin_capacity;
    size_t target_count; // open now
};

#endif
