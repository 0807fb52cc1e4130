// The figures of tuff bench as one JSON document.
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "console.h"
#include "json_output.h"

static json_t *rate(double amount, double seconds)
{
    return seconds > 0 ? json_real(1e-9 * amount / seconds) : json_null();
}

static json_t *peak_json(const struct bench_results *results)
{
    const struct tuff_bench_peak_result *peak = &results->peak;
    if (peak->samples == 0)
        return json_null();
    return json_pack("{s:s, s:s, s:I, s:I, s:f, s:f, s:f}", "op", "linear_forward", "layout", "row_major",
                     "side", (json_int_t)peak->side, "samples", (json_int_t)peak->samples, "seconds",
                     peak->seconds, "gflops", 1e-9 * peak->flops_per_second, "share_of_step",
                     results->flops / results->times.median / peak->flops_per_second);
}

static json_t *copy_json(const struct bench_results *results)
{
    const struct tuff_bench_limits_result *limits = &results->limits;
    if (!(limits->bytes_per_second > 0))
        return json_null();
    return json_pack("{s:I, s:I, s:f, s:f}", "tensor_bytes", (json_int_t)limits->copied_bytes, "samples",
                     (json_int_t)limits->samples, "seconds", limits->copy_seconds, "gbytes_per_second",
                     1e-9 * limits->bytes_per_second);
}

static json_t *dispatch_json(const struct bench_results *results)
{
    const struct tuff_bench_limits_result *limits = &results->limits;
    if (!(limits->dependent_seconds > 0))
        return json_null();
    return json_pack("{s:I, s:f, s:f}", "samples", (json_int_t)limits->samples, "dependent_seconds",
                     limits->dependent_seconds, "independent_seconds", limits->independent_seconds);
}

// Sets what part of what bounds it an op reaches, and what that is.
static json_t *with_share(json_t *op, struct bench_share share)
{
    json_object_set_new(op, "of_peak", share.part > 0 ? json_real(share.part) : json_null());
    json_object_set_new(op, "bound_by",
                        share.part > 0 ? json_string(share.of_bytes ? "bytes" : "flops") : json_null());
    return op;
}

static json_t *memory_json(const struct bench_results *results)
{
    const struct tuff_memory_plan *m = &results->memory;
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "parameters", (json_int_t)m->parameters,
                     "gradients", (json_int_t)m->gradients, "optimizer", (json_int_t)m->optimizer,
                     "activations", (json_int_t)m->activations, "activations_unshared",
                     (json_int_t)m->activations_unshared, "data", (json_int_t)m->data, "process_resident",
                     (json_int_t)results->resident);
}

// begin: on the monotonic clock of this machine, for who started the command and wants to count from then.
static json_t *start_json(const struct bench_results *results)
{
    json_t *phases = json_object();
    for (size_t i = 0; i < results->phase_count && results->phases[i].end <= results->first_step; i++)
        json_object_set_new(phases, results->phases[i].name,
                            json_real(results->phases[i].end - results->phases[i].begin));
    return json_pack("{s:f, s:f, s:o}", "seconds", results->first_step, "begin", results->start, "phases",
                     phases);
}

static json_t *op_json(const struct tuff_bench_op *op, double sum)
{
    return json_pack("{s:s, s:o, s:I, s:f, s:f, s:f, s:f, s:f, s:o, s:o}", "op", op->op, "layer",
                     json_name(op->layer), "samples", (json_int_t)op->samples, "median_seconds", op->median,
                     "best_seconds", op->best, "share", op->median / sum, "flops", op->flops, "bytes",
                     op->bytes, "gflops", rate(op->flops, op->median), "gbytes_per_second",
                     rate(op->bytes, op->median));
}

json_t *bench_ops_json(const struct bench_results *results, const struct tuff_bench_dispatch *dispatch)
{
    json_t *ops = json_array();
    for (uint32_t i = 0; i < dispatch->op_count; i++) {
        const struct tuff_bench_op *op = &results->ops[dispatch->ops[i]];
        json_array_append_new(ops, json_sprintf("%s %s", op->op, op->layer));
    }
    return ops;
}

// indices: of the profile's ops.
static json_t *dispatch_json_of(const struct bench_results *results, const struct tuff_bench_dispatch *d)
{
    const bool counted = d->flops > 0 || d->bytes > 0;
    json_t *indices = json_array();
    for (uint32_t i = 0; i < d->op_count; i++)
        json_array_append_new(indices, json_integer(d->ops[i]));
    json_t *dispatch = json_pack(
        "{s:o, s:o, s:o, s:I, s:f, s:f, s:f, s:o, s:o, s:o, s:o, s:o}", "kernel", json_name(d->kernel), "ops",
        bench_ops_json(results, d), "indices", indices, "samples", (json_int_t)d->samples, "median_seconds",
        d->median, "best_seconds", d->best, "share", d->median / bench_dispatch_sum(results), "flops",
        counted ? json_real(d->flops) : json_null(), "bytes", counted ? json_real(d->bytes) : json_null(),
        "gflops", counted ? rate(d->flops, d->median) : json_null(), "gbytes_per_second",
        counted ? rate(d->bytes, d->median) : json_null(), "invocations",
        d->invocations == 0 ? json_null() : json_integer((json_int_t)d->invocations));
    return with_share(dispatch, bench_share(results, d->flops, d->bytes, d->median));
}

// null if the backend does not tell of them.
static json_t *dispatches_json(const struct bench_results *results)
{
    if (results->dispatch_count == 0)
        return json_null();
    json_t *dispatches = json_array();
    for (uint32_t i = 0; i < results->dispatch_count; i++)
        json_array_append_new(dispatches, dispatch_json_of(results, &results->dispatches[i]));
    return json_pack("{s:f, s:f, s:o}", "step_seconds", results->replay, "sum_seconds",
                     bench_dispatch_sum(results), "list", dispatches);
}

static json_t *profile_json(const struct bench_results *results)
{
    const double sum = bench_sum(results);
    if (results->profile.steps == 0)
        return json_null();
    json_t *ops = json_array(), *kinds = json_array();
    struct bench_kind *of_kind = calloc(results->op_count, sizeof *of_kind);
    const size_t count = of_kind == NULL ? 0 : bench_kinds(results, of_kind);
    for (uint32_t i = 0; i < results->op_count; i++)
        json_array_append_new(ops, with_share(op_json(&results->ops[i], sum),
                                              bench_share(results, results->ops[i].flops,
                                                          results->ops[i].bytes, results->ops[i].median)));
    for (size_t i = 0; i < count; i++)
        json_array_append_new(
            kinds,
            with_share(json_pack("{s:s, s:I, s:f, s:f, s:f, s:f, s:o, s:o}", "op", of_kind[i].op, "calls",
                                 (json_int_t)of_kind[i].calls, "seconds", of_kind[i].seconds, "share",
                                 of_kind[i].seconds / sum, "flops", of_kind[i].flops, "bytes",
                                 of_kind[i].bytes, "gflops", rate(of_kind[i].flops, of_kind[i].seconds),
                                 "gbytes_per_second", rate(of_kind[i].bytes, of_kind[i].seconds)),
                       bench_share(results, of_kind[i].flops, of_kind[i].bytes, of_kind[i].seconds)));
    free(of_kind);
    return json_pack("{s:s, s:I, s:f, s:f, s:o, s:o, s:o}", "clock",
                     results->profile.device_clock ? "backend" : "host", "steps",
                     (json_int_t)results->profile.steps, "step_seconds", results->profile.median,
                     "sum_seconds", sum, "ops", ops, "kinds", kinds, "dispatches", dispatches_json(results));
}

static json_t *step_json(const struct bench_results *results)
{
    const struct tuff_bench_times *times = &results->times;
    return json_pack("{s:f, s:f, s:f, s:I, s:I, s:f, s:f, s:f, s:o}", "median_seconds", times->median,
                     "p90_seconds", times->percentile_90, "best_seconds", times->best, "groups",
                     (json_int_t)times->groups, "steps_per_group", (json_int_t)times->steps,
                     "samples_per_second", results->batch / times->median, "flops", results->flops, "bytes",
                     results->bytes, "gflops", rate(results->flops, times->median));
}

static json_t *document(const struct bench_settings *settings, const struct setup *setup,
                        const struct bench_results *results)
{
    const struct tuff_device_info *device = tuff_target_info(setup->target);
    char seed[32];
    // As text: JSON's numbers end at 2^53 in many readers.
    snprintf(seed, sizeof seed, "%" PRIu64, settings->trainer.seed);
    return json_pack(
        "{s:s, s:o, s:I, s:s, s:{s:s, s:o, s:o, s:o}, s:o, s:I, s:s, s:o, s:s, s:b, s:b, s:s, s:{s:o, s:I, "
        "s:b}, "
        "s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
        "tuff", TUFF_VERSION, "model", json_name(tuff_model_name(setup->model)), "parameters",
        (json_int_t)tuff_model_parameter_elements(setup->model), "backend",
        tuff_target_backend(setup->target), "device", "kind", device_kind_name(device), "details",
        json_name(device->details), "name", json_name(device->name), "driver", json_name(device->driver),
        "threads", results->threads == 0 ? json_null() : json_integer((json_int_t)results->threads), "batch",
        (json_int_t)results->batch, "work", settings->evaluation ? "evaluation" : "training", "optimizer",
        settings->evaluation ? json_null()
                             : json_string(settings->optimizer.names[settings->optimizer.chosen]),
        "seed", seed, "fusion", !settings->no_fusion, "checkpoint_activations",
        settings->checkpoint_activations, "precision", settings->precision.names[settings->precision.chosen],
        "data", "name", json_name(results->data_name), "samples", (json_int_t)results->data_count, "made_up",
        results->data_made_up, "step", step_json(results), "peak", peak_json(results), "copy",
        copy_json(results), "dispatch", dispatch_json(results), "memory", memory_json(results), "first_step",
        start_json(results), "profile", profile_json(results));
}

enum tuff_status bench_write_json(const struct bench_settings *settings, const struct setup *setup,
                                  const struct bench_results *results)
{
    return json_write(settings->json, document(settings, setup, results));
}
