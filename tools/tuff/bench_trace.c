// A trace of tuff bench: the Chrome trace event format, which chrome://tracing and Perfetto show.
#include <stdlib.h>

#include "bench.h"
#include "json_output.h"

enum { PROCESS = 1, HOST_THREAD = 1, OPS_THREAD = 2, DISPATCHES_THREAD = 3 };

static void add(json_t *events, json_t *event)
{
    json_array_append_new(events, event);
}

static json_t *span(const char *name, const char *category, int thread, double begin, double end)
{
    return json_pack("{s:s, s:s, s:s, s:i, s:i, s:f, s:f}", "name", name, "cat", category, "ph", "X", "pid",
                     PROCESS, "tid", thread, "ts", 1e6 * begin, "dur", 1e6 * (end - begin));
}

static void add_name(json_t *events, const char *what, int thread, json_t *name)
{
    add(events, json_pack("{s:s, s:s, s:i, s:i, s:{s:o}}", "name", what, "ph", "M", "pid", PROCESS, "tid",
                          thread, "args", "name", name));
}

static void add_step(json_t *events, const struct bench_results *results, const struct bench_timeline *step)
{
    for (uint32_t i = 0; i < results->op_count; i++) {
        const struct tuff_bench_op *op = &results->ops[i];
        json_t *event = span(op->op, "op", OPS_THREAD, step->at + step->begin[i], step->at + step->end[i]);
        json_object_set_new(event, "args",
                            json_pack("{s:o, s:f, s:f}", "layer", json_name(op->layer), "flops", op->flops,
                                      "bytes", op->bytes));
        add(events, event);
    }
}

static void add_dispatches(json_t *events, const struct bench_results *results,
                           const struct bench_timeline *step)
{
    for (uint32_t i = 0; i < results->dispatch_count; i++) {
        const struct tuff_bench_dispatch *dispatch = &results->dispatches[i];
        json_t *event = span(dispatch->kernel, "dispatch", DISPATCHES_THREAD, step->at + step->begin[i],
                             step->at + step->end[i]);
        json_object_set_new(event, "args", json_pack("{s:o}", "ops", bench_ops_json(results, dispatch)));
        add(events, event);
    }
}

enum tuff_status bench_write_trace(const struct bench_settings *settings, const struct setup *setup,
                                   const struct bench_results *results)
{
    json_t *events = json_array();
    add_name(events, "process_name", HOST_THREAD,
             json_sprintf("tuff bench %s", tuff_model_name(setup->model)));
    add_name(events, "thread_name", HOST_THREAD, json_string("command"));
    add_name(events, "thread_name", OPS_THREAD,
             json_sprintf("ops of single steps, %s: %s", tuff_target_backend(setup->target),
                          tuff_target_info(setup->target)->name));
    for (size_t i = 0; i < results->phase_count; i++)
        add(events, span(results->phases[i].name, "phase", HOST_THREAD, results->phases[i].begin,
                         results->phases[i].end));
    if (results->dispatch_lines.count > 0)
        add_name(events, "thread_name", DISPATCHES_THREAD, json_string("dispatches of replayed steps"));
    for (size_t i = 0; i < results->op_lines.count; i++)
        add_step(events, results, &results->op_lines.steps[i]);
    for (size_t i = 0; i < results->dispatch_lines.count; i++)
        add_dispatches(events, results, &results->dispatch_lines.steps[i]);
    return json_write(settings->trace,
                      json_pack("{s:s, s:o}", "displayTimeUnit", "ms", "traceEvents", events));
}
