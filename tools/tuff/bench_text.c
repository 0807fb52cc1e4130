// The figures of tuff bench, for people.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "console.h"
#include "format.h"

static int descending(const void *a, const void *b)
{
    const struct bench_kind *x = a, *y = b;
    return x->seconds != y->seconds ? (x->seconds < y->seconds) - (x->seconds > y->seconds)
                                    : strcmp(x->op, y->op);
}

size_t bench_kinds(const struct bench_results *results, struct bench_kind *kinds)
{
    size_t count = 0;
    for (uint32_t i = 0; i < results->op_count; i++) {
        const struct tuff_bench_op *op = &results->ops[i];
        size_t k = 0;
        while (k < count && strcmp(kinds[k].op, op->op) != 0)
            k++;
        if (k == count)
            kinds[count++] = (struct bench_kind){.op = op->op};
        kinds[k].calls++;
        kinds[k].seconds += op->median;
        kinds[k].flops += op->flops;
        kinds[k].bytes += op->bytes;
    }
    qsort(kinds, count, sizeof *kinds, descending);
    return count;
}

double bench_sum(const struct bench_results *results)
{
    double sum = 0;
    for (uint32_t i = 0; i < results->op_count; i++)
        sum += results->ops[i].median;
    return sum;
}

double bench_dispatch_sum(const struct bench_results *results)
{
    double sum = 0;
    for (uint32_t i = 0; i < results->dispatch_count; i++)
        sum += results->dispatches[i].median;
    return sum;
}

static bool knows_shares(const struct bench_results *results)
{
    return results->peak.flops_per_second > 0 && results->limits.bytes_per_second > 0;
}

struct bench_share bench_share(const struct bench_results *results, double flops, double bytes,
                               double seconds)
{
    if (!(seconds > 0) || !knows_shares(results))
        return (struct bench_share){0, false};
    const double of_flops = flops / seconds / results->peak.flops_per_second,
                 of_bytes = bytes / seconds / results->limits.bytes_per_second;
    return of_bytes > of_flops ? (struct bench_share){of_bytes, true} : (struct bench_share){of_flops, false};
}

static struct text rate(double amount, double seconds)
{
    return amount > 0 && seconds > 0 ? format_digits(1e-9 * amount / seconds) : (struct text){"-"};
}

// 160, 62.8 k, 1.233 M
static struct text amount(double value)
{
    static const char *const units[] = {"", " k", " M", " G", " T"};
    struct text text;
    size_t unit = 0;
    for (; value >= 999.95 && unit + 1 < sizeof units / sizeof *units; unit++)
        value /= 1000;
    if (value <= 0)
        return (struct text){"-"};
    if (unit == 0)
        snprintf(text.s, sizeof text.s, "%.0f", value);
    else
        snprintf(text.s, sizeof text.s, "%.16s%s", format_digits(value).s, units[unit]);
    return text;
}

static void print_subject(FILE *out, const struct bench_settings *settings, const struct setup *setup,
                          const struct bench_results *results)
{
    const struct tuff_device_info *device = tuff_target_info(setup->target);
    uint32_t shape[3];
    tuff_model_input(setup->model, shape);
    fprintf(out, "model    %s, %s parameters\n", tuff_model_name(setup->model),
            format_count(tuff_model_parameter_elements(setup->model)).s);
    fprintf(out, "backend  %s: %s", tuff_target_backend(setup->target), device->name);
    if (device->kind != TUFF_DEVICE_CPU || device->software_gpu)
        fprintf(out, ", %s", device_kind_name(device));
    if (results->instruction_set[0] != '\0')
        fprintf(out, ", %s", results->instruction_set);
    if (results->threads != 0)
        fprintf(out, ", %" PRIu32 " thread%s", results->threads, results->threads == 1 ? "" : "s");
    fprintf(out, "\ndata     %s, %s images %s%s\n", results->data_name, format_count(results->data_count).s,
            format_shape(3, shape).s,
            tuff_trainer_streams(setup->trainer, settings->evaluation ? TUFF_SPLIT_TEST : TUFF_SPLIT_TRAIN)
                ? ", streamed: what fits is used"
                : "");
    if (settings->evaluation)
        fprintf(out, "batch    %s, evaluation", format_count(results->batch).s);
    else
        fprintf(out, "batch    %s, training with %s", format_count(results->batch).s,
                settings->optimizer.names[settings->optimizer.chosen]);
    fprintf(out, "%s\n", settings->trainer.precision == TUFF_PRECISION_MIXED ? ", in mixed precision" : "");
}

static void print_peak(FILE *out, const struct bench_results *results)
{
    const struct tuff_bench_peak_result *peak = &results->peak;
    const double rate_of_step = results->flops / results->times.median;
    if (peak->samples == 0)
        return;
    fprintf(out, "peak     %s GFLOP/s, of which the step has %.1f%%\n",
            format_digits(1e-9 * peak->flops_per_second).s, 100 * rate_of_step / peak->flops_per_second);
    fprintf(out,
            "         measured: linear_forward of this backend, %" PRIu32 " x %" PRIu32 " x %" PRIu32
            ", row-major, best of %" PRIu32 " samples before, amid and after\n",
            peak->side, peak->side, peak->side, peak->samples);
}

static void print_limits(FILE *out, const struct bench_results *results)
{
    const struct tuff_bench_limits_result *limits = &results->limits;
    if (limits->bytes_per_second > 0)
        fprintf(out, "copy     %s GB/s read and written, tensors of %s\n",
                format_digits(1e-9 * limits->bytes_per_second).s, format_bytes(limits->copied_bytes).s);
    if (limits->dependent_seconds > 0)
        fprintf(out, "dispatch %s dependent, %s independent: the least that an op of a replayed step costs\n",
                format_duration(limits->dependent_seconds).s, format_duration(limits->independent_seconds).s);
}

// "63% F"
static struct text share_text(const struct bench_results *results, double flops, double bytes, double seconds)
{
    const struct bench_share share = bench_share(results, flops, bytes, seconds);
    struct text text = {"-"};
    if (share.part > 0)
        snprintf(text.s, sizeof text.s, "%.0f%% %c", 100 * share.part, share.of_bytes ? 'B' : 'F');
    return text;
}

// Ends a row of a table.
static void print_share(FILE *out, const struct bench_results *results, struct text share)
{
    if (knows_shares(results))
        fprintf(out, " %8s", share.s);
    fprintf(out, "\n");
}

static void print_memory(FILE *out, const struct bench_results *results)
{
    const struct tuff_memory_plan *m = &results->memory;
    const uint64_t sum = m->parameters + m->gradients + m->optimizer + m->activations + m->data;
    fprintf(out, "memory   %s on the device: parameters %s, gradients %s, optimizer %s,\n",
            format_bytes(sum).s, format_bytes(m->parameters).s, format_bytes(m->gradients).s,
            format_bytes(m->optimizer).s);
    fprintf(out, "         activations %s, data %s; the process: %s resident at most\n",
            format_bytes(m->activations).s, format_bytes(m->data).s, format_bytes(results->resident).s);
}

static void print_start(FILE *out, const struct bench_results *results)
{
    fprintf(out, "start    %s to the end of the first step:", format_duration(results->first_step).s);
    for (size_t i = 0; i < results->phase_count && results->phases[i].end <= results->first_step; i++)
        fprintf(out, "%s %s %s", i == 0 ? "" : ",", results->phases[i].name,
                format_duration(results->phases[i].end - results->phases[i].begin).s);
    fprintf(out, "\n");
}

static void print_ops(FILE *out, const struct bench_results *results)
{
    const double sum = bench_sum(results);
    fprintf(out, "\n%3s  %-37s %-16s %5s %11s %7s %8s %8s %8s %8s", "#", "op", "layer", "timed", "median",
            "share", "FLOP", "bytes", "GFLOP/s", "GB/s");
    print_share(out, results, (struct text){"of peak"});
    for (uint32_t i = 0; i < results->op_count; i++) {
        const struct tuff_bench_op *op = &results->ops[i];
        fprintf(out, "%3" PRIu32 "  %-37s %-16s %5" PRIu32 " %11s %6.2f%% %8s %8s %8s %8s", i + 1, op->op,
                op->layer, op->samples, format_duration(op->median).s, 100 * op->median / sum,
                amount(op->flops).s, amount(op->bytes).s, rate(op->flops, op->median).s,
                rate(op->bytes, op->median).s);
        print_share(out, results, share_text(results, op->flops, op->bytes, op->median));
    }
}

static void print_kinds(FILE *out, const struct bench_results *results)
{
    struct bench_kind *kinds = calloc(results->op_count, sizeof *kinds);
    const double sum = bench_sum(results);
    const size_t count = kinds == NULL ? 0 : bench_kinds(results, kinds);
    fprintf(out, "\n%-37s %5s %11s %7s %8s %8s %8s %8s", "all of a kind", "calls", "median", "share", "FLOP",
            "bytes", "GFLOP/s", "GB/s");
    print_share(out, results, (struct text){"of peak"});
    for (size_t i = 0; i < count; i++) {
        const struct bench_kind *kind = &kinds[i];
        fprintf(out, "%-37s %5" PRIu32 " %11s %6.2f%% %8s %8s %8s %8s", kind->op, kind->calls,
                format_duration(kind->seconds).s, 100 * kind->seconds / sum, amount(kind->flops).s,
                amount(kind->bytes).s, rate(kind->flops, kind->seconds).s,
                rate(kind->bytes, kind->seconds).s);
        print_share(out, results, share_text(results, kind->flops, kind->bytes, kind->seconds));
    }
    free(kinds);
    fprintf(out, "\n%s: the sum of the ops, timed one by one by the %s clock in %" PRIu32 " steps;\n",
            format_duration(sum).s, results->profile.device_clock ? "backend's" : "host's",
            results->profile.steps);
    fprintf(out, "%s: such a step as a whole; %s: a replayed step, in which no op is timed\n",
            format_duration(results->profile.median).s, format_duration(results->times.median).s);
    if (knows_shares(results))
        fprintf(out, "of peak: F, of the matrix product's FLOP; B, of the copy's bytes, more than 100%% out "
                     "of a cache\n");
}

// The numbers of the ops in the table of them: "4", "4-6", "1-3,9,12-14"; "+" at the end if that is not all.
static struct text numbers(const struct tuff_bench_dispatch *dispatch)
{
    struct text text = {"-"};
    size_t used = 0;
    for (uint32_t i = 0, last; i < dispatch->op_count && used < sizeof text.s; i = last + 1) {
        last = i;
        while (last + 1 < dispatch->op_count && dispatch->ops[last + 1] == dispatch->ops[last] + 1)
            last++;
        used += (size_t)snprintf(text.s + used, sizeof text.s - used, "%s%" PRIu32, i == 0 ? "" : ",",
                                 dispatch->ops[i] + 1);
        if (last > i && used < sizeof text.s)
            used +=
                (size_t)snprintf(text.s + used, sizeof text.s - used, "-%" PRIu32, dispatch->ops[last] + 1);
    }
    return text;
}

static void print_dispatches(FILE *out, const struct bench_results *results)
{
    const double sum = bench_dispatch_sum(results);
    fprintf(out, "\n%-39s %-16s %-16s %5s %11s %7s %8s %8s %8s", "dispatch", "does", "layer", "timed",
            "median", "share", "invoked", "GFLOP/s", "GB/s");
    print_share(out, results, (struct text){"of peak"});
    for (uint32_t i = 0; i < results->dispatch_count; i++) {
        const struct tuff_bench_dispatch *d = &results->dispatches[i];
        fprintf(out, "%-39s %-16s %-16s %5" PRIu32 " %11s %6.2f%% %8s %8s %8s", d->kernel, numbers(d).s,
                d->op_count == 0 ? "-" : results->ops[d->ops[0]].layer, d->samples,
                format_duration(d->median).s, 100 * d->median / sum, amount((double)d->invocations).s,
                rate(d->flops, d->median).s, rate(d->bytes, d->median).s);
        print_share(out, results, share_text(results, d->flops, d->bytes, d->median));
    }
    fprintf(out,
            "\n%s: the sum of %" PRIu32 " dispatches, timed by the device's clock in replayed steps;\n"
            "%s: such a step as a whole. does: ops by their numbers above, several that were made one or\n"
            "one that takes several dispatches, which has no rate then; invoked: a shader, as the device "
            "counts\n",
            format_duration(sum).s, results->dispatch_count, format_duration(results->replay).s);
}

void bench_print(FILE *out, const struct bench_settings *settings, const struct setup *setup,
                 const struct bench_results *results)
{
    const struct tuff_bench_times *times = &results->times;
    print_subject(out, settings, setup, results);
    fprintf(out, "step     %s median, %s p90, %s best, of %" PRIu32 " groups of %" PRIu32 " step%s\n",
            format_duration(times->median).s, format_duration(times->percentile_90).s,
            format_duration(times->best).s, times->groups, times->steps, times->steps == 1 ? "" : "s");
    fprintf(out, "samples  %s a second\n", format_rate(results->batch / times->median).s);
    fprintf(out, "work     %s MFLOP a step, %s GFLOP/s\n", format_digits(1e-6 * results->flops).s,
            rate(results->flops, times->median).s);
    print_peak(out, results);
    print_limits(out, results);
    print_memory(out, results);
    print_start(out, results);
    if (settings->profile) {
        print_ops(out, results);
        print_kinds(out, results);
        if (results->dispatch_count > 0)
            print_dispatches(out, results);
    }
}
