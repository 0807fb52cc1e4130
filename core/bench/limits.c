// What bounds a target's ops beside arithmetic: how fast it copies, and what an op costs that does next to
// nothing.
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "op/op_info.h"
#include "train/device_memory.h"

// The copy: tensors grow fourfold until one is larger than what caches hold, or a call takes this long.
static const uint64_t LEAST_BYTES = UINT64_C(4) << 20, MOST_BYTES = UINT64_C(256) << 20;
static const double CALL_SECONDS = 0.05;
// Calls of a submission, so that its own cost is spread over many.
static const double SUBMISSION_SECONDS = 0.02;
enum { MOST_CALLS = 64 };

// The tiny ops: one workgroup each, captured by hundreds, so that what a replay costs is spread as well.
enum { TINY_ELEMENTS = 64, TINY_OPS = 256, TINY_TENSORS = TINY_OPS + 2 };
static const double REPLAY_SECONDS = 0.005;
enum { MOST_REPLAYS = 1024, LEAST_SAMPLES = 3 };

enum chain { DEPENDENT, INDEPENDENT, CHAINS };

struct tuff_bench_limits {
    struct tuff_target *target;
    uint32_t samples;
    // The copy; bytes is 0: the backend has none.
    struct tuff_buffer *from, *to;
    uint64_t bytes;
    uint32_t calls;
    double copy; // the best seconds of a call
    // The tiny ops; NULL: the backend cannot capture, or has no such op.
    struct tuff_buffer *tiny;
    struct tuff_capture *captures[CHAINS];
    uint32_t replays[CHAINS];
    double dispatch[CHAINS]; // the best seconds of an op
};

static enum tuff_status expect_ok(const struct tuff_bench_limits *limits, unsigned errors,
                                  enum tuff_status status, const char *what)
{
    return status == TUFF_OK ? TUFF_OK : tuff_target_fail(limits->target, errors, status, what);
}

static struct tuff_tensor row_of_floats(struct tuff_buffer *buffer, uint64_t offset, uint32_t count)
{
    return (struct tuff_tensor){
        .size = sizeof(struct tuff_tensor),
        .dtype = TUFF_F32,
        .layout = TUFF_LAYOUT_ROW_MAJOR,
        .rank = 1,
        .dims = {count, 1, 1, 1},
        .buffer = buffer,
        .offset = offset,
    };
}

// -- Copying

// b: NULL for an op with one input.
static struct tuff_op_args arguments(enum tuff_op op, const struct tuff_tensor *y,
                                     const struct tuff_tensor *a, const struct tuff_tensor *b)
{
    return (struct tuff_op_args){.size = tuff_op_args_size(op), .tensors = {y, a, b}};
}

// Whether the target has the op for these tensors. Neither op of this file has a reason to want a workspace:
// where one does, it is not measured.
static bool takes(const struct tuff_target *target, enum tuff_op op, const struct tuff_op_args *args)
{
    uint64_t workspace = 0;
    return tuff_target_supports(target, op, args) &&
           tuff_target_workspace_size(target, op, args, &workspace) == TUFF_OK && workspace == 0;
}

// The largest tensor that may be copied: two of them leave half of what is free.
static enum tuff_status most_bytes(const struct tuff_bench_limits *limits, uint64_t *most)
{
    const struct tuff_target *target = limits->target;
    const unsigned errors = tuff_target_errors(target);
    struct tuff_device_memory memory = {.size = sizeof memory};
    const enum tuff_status status = target->interface->device_memory(target->device, &memory);
    const uint64_t free_bytes = memory.budget > memory.used ? memory.budget - memory.used : 0;
    *most = MOST_BYTES;
    if (*most > target->info.max_buffer_bytes)
        *most = target->info.max_buffer_bytes;
    if (*most > target->info.max_tensor_bytes)
        *most = target->info.max_tensor_bytes;
    if (memory.budget != 0 && *most > free_bytes / 4)
        *most = free_bytes / 4;
    *most -= *most % sizeof(float);
    return expect_ok(limits, errors, status, "tell its memory");
}

// seconds: of a call, in a submission of `calls`.
static enum tuff_status run_copies(const struct tuff_bench_limits *limits, uint32_t calls, double *seconds)
{
    const struct tuff_target *target = limits->target;
    const struct tuff_backend_interface *interface = target->interface;
    const unsigned errors = tuff_target_errors(target);
    const uint32_t count = (uint32_t)(limits->bytes / sizeof(float));
    const struct tuff_tensor y = row_of_floats(limits->to, 0, count),
                             x = row_of_floats(limits->from, 0, count);
    const struct tuff_op_args args = arguments(TUFF_OP_COPY, &y, &x, NULL);
    const double begin = tuff_bench_clock();
    enum tuff_status status =
        expect_ok(limits, errors, interface->stream_begin(target->stream), "begin copies");
    if (status != TUFF_OK)
        return status;
    for (uint32_t i = 0; status == TUFF_OK && i < calls; i++)
        status = tuff_op_call(interface->kernels, TUFF_OP_COPY, target->stream, &args);
    // Also after a failure: the stream has to be left as it was.
    const enum tuff_status submitted = interface->stream_submit(target->stream);
    const enum tuff_status waited = interface->stream_wait(target->stream);
    *seconds = (tuff_bench_clock() - begin) / calls;
    status = status == TUFF_OK ? submitted : status;
    return expect_ok(limits, errors, status == TUFF_OK ? waited : status, "copy a tensor");
}

static void release_copies(struct tuff_bench_limits *limits)
{
    tuff_device_release(limits->target, &limits->from);
    tuff_device_release(limits->target, &limits->to);
    limits->bytes = 0;
}

// Makes tensors of a size, and copies twice: the first time may cost more.
static enum tuff_status make_copies(struct tuff_bench_limits *limits, uint64_t bytes, double *seconds)
{
    const uint32_t count = (uint32_t)(bytes / sizeof(float));
    release_copies(limits);
    enum tuff_status status = tuff_device_zeroed(limits->target, "a tensor to copy", bytes, &limits->from);
    if (status == TUFF_OK)
        status = tuff_device_zeroed(limits->target, "a copy", bytes, &limits->to);
    const struct tuff_tensor y = row_of_floats(limits->to, 0, count),
                             x = row_of_floats(limits->from, 0, count);
    const struct tuff_op_args args = arguments(TUFF_OP_COPY, &y, &x, NULL);
    if (status != TUFF_OK || !takes(limits->target, TUFF_OP_COPY, &args))
        return status;
    status = tuff_target_prepare(limits->target, TUFF_OP_COPY, &args);
    limits->bytes = bytes;
    if (status == TUFF_OK)
        status = run_copies(limits, 1, seconds);
    return status == TUFF_OK ? run_copies(limits, 1, seconds) : status;
}

static enum tuff_status set_up_copies(struct tuff_bench_limits *limits)
{
    uint64_t most;
    double seconds = 0;
    enum tuff_status status = most_bytes(limits, &most);
    if (status != TUFF_OK || most == 0)
        return status;
    uint64_t bytes = most < LEAST_BYTES ? most : LEAST_BYTES;
    for (status = make_copies(limits, bytes, &seconds);
         status == TUFF_OK && limits->bytes != 0 && bytes < most && 4 * seconds <= CALL_SECONDS;
         status = make_copies(limits, bytes, &seconds))
        bytes = bytes > most / 4 ? most : 4 * bytes;
    const double calls = seconds > 0 ? SUBMISSION_SECONDS / seconds : MOST_CALLS;
    limits->calls = calls < 1 ? 1 : calls < MOST_CALLS ? (uint32_t)calls : MOST_CALLS;
    return status;
}

// -- Tiny ops

// Sums of two tiny tensors into a third. Dependent: each adds to what the one before wrote; independent: all
// read the same and each writes a tensor of its own.
static struct tuff_op_args tiny_op(const struct tuff_tensor tensors[TINY_TENSORS], enum chain chain,
                                   uint32_t index)
{
    const struct tuff_tensor *zero = &tensors[TINY_OPS], *start = &tensors[TINY_OPS + 1];
    return arguments(TUFF_OP_ADD, &tensors[index],
                     chain == DEPENDENT && index > 0 ? &tensors[index - 1] : start, zero);
}

static enum tuff_status capture_ops(struct tuff_bench_limits *limits,
                                    const struct tuff_tensor tensors[TINY_TENSORS], enum chain chain)
{
    const struct tuff_target *target = limits->target;
    const struct tuff_backend_interface *interface = target->interface;
    const unsigned errors = tuff_target_errors(target);
    enum tuff_status status =
        expect_ok(limits, errors, interface->capture_begin(target->stream), "begin a capture");
    if (status != TUFF_OK)
        return status;
    for (uint32_t i = 0; status == TUFF_OK && i < TINY_OPS; i++) {
        const struct tuff_op_args args = tiny_op(tensors, chain, i);
        status = tuff_op_call(interface->kernels, TUFF_OP_ADD, target->stream, &args);
    }
    const enum tuff_status ended = interface->capture_end(target->stream, &limits->captures[chain]);
    return expect_ok(limits, errors, status == TUFF_OK ? ended : status, "capture small ops");
}

// seconds: of an op.
static enum tuff_status replay_ops(const struct tuff_bench_limits *limits, enum chain chain, uint32_t replays,
                                   double *seconds)
{
    const struct tuff_target *target = limits->target;
    const unsigned errors = tuff_target_errors(target);
    const double begin = tuff_bench_clock();
    enum tuff_status status =
        target->interface->capture_replay(target->stream, limits->captures[chain], replays);
    const enum tuff_status waited = target->interface->stream_wait(target->stream);
    *seconds = (tuff_bench_clock() - begin) / TINY_OPS / replays;
    return expect_ok(limits, errors, status == TUFF_OK ? waited : status, "replay small ops");
}

// Finds how many replays make a sample, which is the warm-up.
static enum tuff_status calibrate_ops(struct tuff_bench_limits *limits, enum chain chain)
{
    double seconds;
    uint32_t replays = 1;
    enum tuff_status status = replay_ops(limits, chain, replays, &seconds);
    while (status == TUFF_OK) {
        status = replay_ops(limits, chain, replays, &seconds);
        if (seconds * TINY_OPS * replays >= REPLAY_SECONDS || replays == MOST_REPLAYS)
            break;
        replays *= 2;
    }
    limits->replays[chain] = replays;
    return status;
}

static enum tuff_status set_up_ops(struct tuff_bench_limits *limits)
{
    const struct tuff_target *target = limits->target;
    const uint64_t alignment = target->info.buffer_alignment, bytes = TINY_ELEMENTS * sizeof(float);
    const uint64_t stride = (bytes + alignment - 1) / alignment * alignment;
    struct tuff_tensor tensors[TINY_TENSORS];
    if (!tuff_target_can_capture(target))
        return TUFF_OK;
    enum tuff_status status =
        tuff_device_zeroed(target, "small tensors", stride * TINY_TENSORS, &limits->tiny);
    for (uint32_t i = 0; i < TINY_TENSORS; i++)
        tensors[i] = row_of_floats(limits->tiny, i * stride, TINY_ELEMENTS);
    const struct tuff_op_args first = tiny_op(tensors, INDEPENDENT, 0);
    if (status != TUFF_OK || !takes(target, TUFF_OP_ADD, &first))
        return status;
    status = tuff_target_prepare(target, TUFF_OP_ADD, &first);
    for (enum chain chain = 0; status == TUFF_OK && chain < CHAINS; chain++) {
        status = capture_ops(limits, tensors, chain);
        if (status == TUFF_OK)
            status = calibrate_ops(limits, chain);
    }
    return status;
}

// -- Both

enum tuff_status tuff_bench_limits_create(struct tuff_target *target, struct tuff_bench_limits **limits)
{
    struct tuff_bench_limits *made = calloc(1, sizeof *made);
    *limits = NULL;
    if (made == NULL)
        return tuff_fail(target->log, TUFF_ERROR_MEMORY, "out of memory");
    made->target = target;
    enum tuff_status status = set_up_copies(made);
    if (status == TUFF_OK)
        status = set_up_ops(made);
    if (status != TUFF_OK)
        tuff_bench_limits_destroy(&made);
    *limits = made;
    return status;
}

void tuff_bench_limits_destroy(struct tuff_bench_limits **limits)
{
    struct tuff_bench_limits *l = *limits;
    if (l == NULL)
        return;
    for (enum chain chain = 0; chain < CHAINS; chain++)
        if (l->captures[chain] != NULL)
            l->target->interface->capture_destroy(l->captures[chain]);
    release_copies(l);
    tuff_device_release(l->target, &l->tiny);
    free(l);
    *limits = NULL;
}

static void keep_best(const struct tuff_bench_limits *limits, double *best, double seconds)
{
    if (limits->samples == 0 || seconds < *best)
        *best = seconds;
}

static enum tuff_status take_sample(struct tuff_bench_limits *limits)
{
    double seconds;
    enum tuff_status status = TUFF_OK;
    if (limits->bytes != 0) {
        status = run_copies(limits, limits->calls, &seconds);
        keep_best(limits, &limits->copy, seconds);
    }
    for (enum chain chain = 0; status == TUFF_OK && chain < CHAINS; chain++) {
        if (limits->captures[chain] == NULL)
            continue;
        status = replay_ops(limits, chain, limits->replays[chain], &seconds);
        keep_best(limits, &limits->dispatch[chain], seconds);
    }
    limits->samples++;
    return status;
}

enum tuff_status tuff_bench_limits_measure(struct tuff_bench_limits *limits, double seconds)
{
    const double begin = tuff_bench_clock();
    enum tuff_status status = TUFF_OK;
    for (uint32_t i = 0; status == TUFF_OK && (i < LEAST_SAMPLES || tuff_bench_clock() - begin < seconds);
         i++)
        status = take_sample(limits);
    return status;
}

void tuff_bench_limits_result(const struct tuff_bench_limits *limits, struct tuff_bench_limits_result *result)
{
    const struct tuff_bench_limits_result whole = {
        .size = result->size,
        .samples = limits->samples,
        .copied_bytes = limits->bytes,
        .copy_seconds = limits->copy,
        .bytes_per_second = limits->copy > 0 ? 2 * (double)limits->bytes / limits->copy : 0,
        .dependent_seconds = limits->dispatch[DEPENDENT],
        .independent_seconds = limits->dispatch[INDEPENDENT],
    };
    memcpy(result, &whole, whole.size < sizeof whole ? whole.size : sizeof whole);
}
