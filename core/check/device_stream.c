// Streams: kernels in a row, each of which has to see what those before it wrote, and the device's clock.
//
// Four tensors are moved in a circle by kernels that copy: t = a, a = b, b = c, c = t. Each kernel reads what
// one before it wrote, or overwrites what one before it read: leaving out any of them, or changing the order
// of any two, puts a tensor into the wrong place.
#include "device.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "draw.h"
#include "op/op_info.h"

// Of each tensor. Enough for many workgroups and threads, and no round number.
enum { ELEMENTS = (1 << 18) + 3, TENSORS = 4, ROUNDS = 5, CIRCLE = 4 };

static const uint32_t circle[CIRCLE][2] = {{3, 0}, {0, 1}, {1, 2}, {2, 3}}; // to, from

// Four tensors on the device, what they have to hold, and a kernel that copies one to another.
struct ring {
    struct tuff_target *target;
    enum tuff_op op;
    struct tuff_tensor tensors[TENSORS], other,
        workspace; // other: an input that changes nothing, for some ops
    struct tuff_buffer *buffers[TENSORS + 2];
    float *expected[TENSORS];
    float *seen;
};

static struct tuff_tensor shape(void)
{
    return (struct tuff_tensor){
        .size = sizeof(struct tuff_tensor), .dtype = TUFF_F32, .rank = 1, .dims = {ELEMENTS, 1, 1, 1}};
}

static struct tuff_op_args arguments(enum tuff_op op, const struct tuff_tensor *to,
                                     const struct tuff_tensor *from, const struct tuff_tensor *other)
{
    struct tuff_op_args args = {.size = tuff_op_args_size(op), .tensors = {to, from}};
    if (tuff_op_info(op)->tensor_count == 3)
        args.tensors[2] = other;
    return args;
}

// An op that the backend has and that copies numbers above 0, given zeros or ones as its other input.
static bool find_op(struct tuff_target *target, enum tuff_op *op, float *other)
{
    static const struct {
        enum tuff_op op;
        float other;
    } movers[] = {{TUFF_OP_COPY, 0}, {TUFF_OP_RELU_FORWARD, 0}, {TUFF_OP_ADD, 0}, {TUFF_OP_MULTIPLY, 1}};
    const struct tuff_tensor tensor = shape();
    for (size_t i = 0; i < sizeof movers / sizeof *movers; i++) {
        const struct tuff_op_args args = arguments(movers[i].op, &tensor, &tensor, &tensor);
        *op = movers[i].op;
        *other = movers[i].other;
        if (tuff_op_has_kernel(target->interface->kernels, *op) && tuff_target_supports(target, *op, &args))
            return true;
    }
    return false;
}

static void ring_clear(struct ring *ring)
{
    for (uint32_t i = 0; i < TENSORS + 2; i++)
        if (ring->buffers[i] != NULL)
            ring->target->interface->buffer_destroy(ring->buffers[i]);
    for (uint32_t i = 0; i < TENSORS; i++)
        free(ring->expected[i]);
    free(ring->seen);
}

static bool make_buffer(struct device_trial *trial, struct ring *ring, uint32_t index, uint64_t bytes)
{
    return device_expect_ok(
        trial, trial->target->interface->buffer_create(ring->target->device, bytes, &ring->buffers[index]),
        "buffer_create");
}

// Places the tensors: one buffer each, or one after the other in one buffer, as a program's activations are.
static bool place(struct device_trial *trial, struct ring *ring, bool arena)
{
    const uint64_t alignment = trial->target->info.buffer_alignment;
    const uint64_t bytes = (ELEMENTS * UINT64_C(4) + alignment - 1) / alignment * alignment;
    for (uint32_t i = 0; i < TENSORS; i++) {
        if ((!arena || i == 0) && !make_buffer(trial, ring, i, arena ? TENSORS * bytes : bytes))
            return false;
        ring->tensors[i] = shape();
        ring->tensors[i].buffer = ring->buffers[arena ? 0 : i];
        ring->tensors[i].offset = arena ? i * bytes : 0;
    }
    return true;
}

// The input that changes nothing, and a workspace.
static bool place_others(struct device_trial *trial, struct ring *ring, float other)
{
    const struct tuff_op_args args =
        arguments(ring->op, &ring->tensors[0], &ring->tensors[1], &ring->tensors[2]);
    uint64_t workspace;
    if (!device_expect_ok(trial, tuff_target_workspace_size(ring->target, ring->op, &args, &workspace),
                          "workspace_size"))
        return false;
    uint32_t word;
    memcpy(&word, &other, sizeof word);
    ring->other = shape();
    ring->workspace = (struct tuff_tensor){.size = sizeof(struct tuff_tensor),
                                           .dtype = TUFF_U8,
                                           .rank = 1,
                                           .dims = {(uint32_t)workspace, 1, 1, 1}};
    if (workspace > 0 && !make_buffer(trial, ring, TENSORS + 1, (workspace + 3) / 4 * 4))
        return false;
    ring->workspace.buffer = ring->buffers[TENSORS + 1];
    if (tuff_op_info(ring->op)->tensor_count < 3)
        return true;
    if (!make_buffer(trial, ring, TENSORS, ELEMENTS * UINT64_C(4)))
        return false;
    ring->other.buffer = ring->buffers[TENSORS];
    return device_expect_ok(
        trial, trial->target->interface->buffer_fill(ring->other.buffer, 0, ELEMENTS * UINT64_C(4), word),
        "buffer_fill");
}

// Gives each tensor a content of its own. draw: another one for each number.
static bool write_tensors(struct device_trial *trial, struct ring *ring, uint32_t draw)
{
    for (uint32_t i = 0; i < TENSORS; i++) {
        draw_uniform(trial->seed, DRAW_DATA + draw * TENSORS + i, 0.25f, 1.0f, ring->expected[i], ELEMENTS);
        enum tuff_status status = trial->target->interface->buffer_write(
            ring->tensors[i].buffer, ring->tensors[i].offset, ring->expected[i], ELEMENTS * UINT64_C(4));
        if (!device_expect_ok(trial, status, "buffer_write"))
            return false;
    }
    return true;
}

static struct tuff_op_args call_arguments(const struct ring *ring, uint32_t to, uint32_t from)
{
    struct tuff_op_args args = arguments(ring->op, &ring->tensors[to], &ring->tensors[from], &ring->other);
    if (ring->workspace.buffer != NULL)
        args.workspace = &ring->workspace;
    return args;
}

// As the core does before a program runs. What the kernels will overwrite may be written.
static bool prepare_circle(struct device_trial *trial, const struct ring *ring)
{
    for (uint32_t i = 0; i < CIRCLE; i++) {
        const struct tuff_op_args args = call_arguments(ring, circle[i][0], circle[i][1]);
        if (!device_expect_ok(trial, tuff_target_prepare(ring->target, ring->op, &args), "prepare"))
            return false;
    }
    return true;
}

// The caller clears the ring also on failure. An unsupported trial is one, too.
static bool ring_create(struct device_trial *trial, bool arena, struct ring *ring)
{
    float other;
    *ring = (struct ring){.target = trial->target};
    if (!find_op(trial->target, &ring->op, &other)) {
        trial->result->verdict = CASE_UNSUPPORTED;
        return false;
    }
    ring->seen = malloc(ELEMENTS * sizeof(float));
    bool good = ring->seen != NULL;
    for (uint32_t i = 0; i < TENSORS && good; i++) {
        ring->expected[i] = malloc(ELEMENTS * sizeof(float));
        good = ring->expected[i] != NULL;
    }
    if (!good)
        return device_fail(trial, "no host memory for %d tensors of %d elements", TENSORS, ELEMENTS);
    return place(trial, ring, arena) && place_others(trial, ring, other) && prepare_circle(trial, ring) &&
           write_tensors(trial, ring, 0);
}

static bool call(struct device_trial *trial, struct ring *ring, uint32_t to, uint32_t from)
{
    const struct tuff_op_args args = call_arguments(ring, to, from);
    return device_expect_ok(
        trial, tuff_op_call(ring->target->interface->kernels, ring->op, ring->target->stream, &args),
        "the kernel");
}

// The kernels of `rounds` circles.
static bool call_circles(struct device_trial *trial, struct ring *ring, uint32_t rounds)
{
    for (uint32_t i = 0; i < rounds * CIRCLE; i++)
        if (!call(trial, ring, circle[i % CIRCLE][0], circle[i % CIRCLE][1]))
            return false;
    return true;
}

// What those kernels do, on the host.
static void turn_expected(struct ring *ring, uint32_t rounds)
{
    for (uint32_t i = 0; i < rounds * CIRCLE; i++)
        memcpy(ring->expected[circle[i % CIRCLE][0]], ring->expected[circle[i % CIRCLE][1]],
               ELEMENTS * sizeof(float));
}

static bool begin(struct device_trial *trial)
{
    return device_expect_ok(trial, trial->target->interface->stream_begin(trial->target->stream),
                            "stream_begin");
}

static bool submit(struct device_trial *trial)
{
    return device_expect_ok(trial, trial->target->interface->stream_submit(trial->target->stream),
                            "stream_submit");
}

static bool await(struct device_trial *trial)
{
    return device_expect_ok(trial, trial->target->interface->stream_wait(trial->target->stream),
                            "stream_wait");
}

// Also after a kernel that failed: the stream has to be left as it was.
static bool submit_circles(struct device_trial *trial, struct ring *ring, uint32_t rounds)
{
    if (!begin(trial))
        return false;
    if (!call_circles(trial, ring, rounds)) {
        struct case_result first = *trial->result;
        (void)(submit(trial) && await(trial));
        *trial->result = first;
        return false;
    }
    return submit(trial);
}

static bool verify(struct device_trial *trial, struct ring *ring, const char *what)
{
    static const char names[TENSORS] = {'a', 'b', 'c', 't'};
    for (uint32_t k = 0; k < TENSORS; k++) {
        enum tuff_status status = trial->target->interface->buffer_read(
            ring->tensors[k].buffer, ring->tensors[k].offset, ring->seen, ELEMENTS * UINT64_C(4));
        if (!device_expect_ok(trial, status, "buffer_read"))
            return false;
        for (uint32_t i = 0; i < ELEMENTS; i++)
            if (!(ring->seen[i] == ring->expected[k][i]))
                return device_fail(
                    trial,
                    "%s, t = a, a = b, b = c, c = t by %s: then %c[%u] is %.9g, expected %.9g: a kernel "
                    "was left out, or did not see what those before it wrote",
                    what, tuff_op_info(ring->op)->name, names[k], i, (double)ring->seen[i],
                    (double)ring->expected[k][i]);
    }
    return true;
}

// Kernels in one submission; then the same again, with a content that the host wrote in between.
static void check_order(struct device_trial *trial, bool arena, const char *what)
{
    struct ring ring;
    bool good = ring_create(trial, arena, &ring);
    for (uint32_t i = 0; i < 2 && good; i++) {
        good = (i == 0 || write_tensors(trial, &ring, i)) && submit_circles(trial, &ring, ROUNDS) &&
               await(trial);
        turn_expected(&ring, good ? ROUNDS : 0);
        good = good && verify(trial, &ring, what);
    }
    ring_clear(&ring);
}

void device_check_stream_order(struct device_trial *trial)
{
    check_order(trial, false, "20 kernels in one submission");
}

void device_check_stream_arena(struct device_trial *trial)
{
    check_order(trial, true, "20 kernels in one submission, on tensors in one buffer");
}

void device_check_stream_submits(struct device_trial *trial)
{
    struct ring ring;
    bool good = ring_create(trial, false, &ring);
    for (uint32_t i = 0; i < ROUNDS * CIRCLE && good; i++) {
        good = begin(trial);
        if (!good)
            break;
        const bool called = call(trial, &ring, circle[i % CIRCLE][0], circle[i % CIRCLE][1]);
        struct case_result first = *trial->result;
        good = submit(trial) && called;
        if (!called)
            *trial->result = first;
    }
    if (good && await(trial)) {
        turn_expected(&ring, ROUNDS);
        verify(trial, &ring, "20 kernels in 20 submissions without a wait");
    }
    ring_clear(&ring);
}

// A circle that is captured; before and between its replays, and without a wait, one that is not. Three
// circles change nothing but t: neither number of replays is one that would look like another one, or like
// none.
void device_check_stream_captured(struct device_trial *trial)
{
    const struct tuff_backend_interface *interface = trial->target->interface;
    struct tuff_stream *stream = trial->target->stream;
    struct tuff_capture *capture = NULL;
    struct ring ring;
    if (!tuff_target_can_capture(trial->target)) {
        trial->result->verdict = CASE_UNUSED;
        return;
    }
    bool good = ring_create(trial, true, &ring) &&
                device_expect_ok(trial, interface->capture_begin(stream), "capture_begin");
    if (good) {
        const bool called = call_circles(trial, &ring, 1);
        enum tuff_status status = interface->capture_end(stream, &capture);
        good = called && device_expect_ok(trial, status, "capture_end");
    }
    good = good && submit_circles(trial, &ring, 1) &&
           device_expect_ok(trial, interface->capture_replay(stream, capture, 2), "capture_replay") &&
           submit_circles(trial, &ring, 1) &&
           device_expect_ok(trial, interface->capture_replay(stream, capture, 5), "capture_replay") &&
           await(trial);
    if (good) {
        turn_expected(&ring, 1 + 2 + 1 + 5);
        verify(trial, &ring, "submissions and replays without a wait");
    }
    if (capture != NULL)
        interface->capture_destroy(capture);
    ring_clear(&ring);
}

// -- The device's clock.

static uint64_t host_nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

// Reads the clock into `slot`, after a kernel where there is one, and waits.
static bool read_clock(struct device_trial *trial, struct ring *ring, uint32_t slot, uint64_t *nanoseconds)
{
    const struct tuff_backend_interface *interface = trial->target->interface;
    struct tuff_stream *stream = trial->target->stream;
    if (!begin(trial))
        return false;
    bool good = call_circles(trial, ring, 1) &&
                device_expect_ok(trial, interface->stream_timestamp(stream, slot), "stream_timestamp");
    struct case_result first = *trial->result;
    bool done = submit(trial) && await(trial);
    if (!good)
        *trial->result = first;
    return good && done &&
           device_expect_ok(trial, interface->stream_timestamp_read(stream, slot, nanoseconds),
                            "stream_timestamp_read");
}

// Two readings with a pause between them, which both clocks have to see.
static bool compare_clocks(struct device_trial *trial, struct ring *ring)
{
    static const struct timespec pause = {.tv_nsec = 20000000};
    const uint32_t last = trial->target->info.timestamp_slots - 1;
    uint64_t first = 0, second = 0;
    const uint64_t before = host_nanoseconds();
    if (!read_clock(trial, ring, 0, &first))
        return false;
    const uint64_t between = host_nanoseconds();
    nanosleep(&pause, NULL);
    const uint64_t shortest = host_nanoseconds() - between;
    if (!read_clock(trial, ring, last, &second))
        return false;
    const uint64_t longest = host_nanoseconds() - before;
    if (first == 0 || second == 0)
        return device_fail(trial, "a timestamp is 0 (slot 0: %" PRIu64 ", slot %u: %" PRIu64 ")", first, last,
                           second);
    if (second <= first)
        return device_fail(trial,
                           "the timestamp of slot %u is %" PRIu64 ", expected more than slot 0's %" PRIu64
                           ", which was taken %" PRIu64 " ns before it",
                           last, second, first, shortest);
    if (second - first < shortest / 2 || second - first > 2 * longest)
        return device_fail(trial,
                           "the timestamps of slots 0 and %u are %" PRIu64 " apart, expected between %" PRIu64
                           " and %" PRIu64 " ns, as the host's clock has it",
                           last, second - first, shortest, longest);
    return true;
}

void device_check_stream_timestamps(struct device_trial *trial)
{
    const struct tuff_backend_interface *interface = trial->target->interface;
    struct ring ring;
    if (trial->target->info.timestamp_slots == 0) {
        trial->result->verdict = CASE_UNUSED;
        return;
    }
    if (interface->stream_timestamp == NULL || interface->stream_timestamp_read == NULL) {
        device_fail(trial, "timestamp_slots is %u, but there is no stream_timestamp",
                    trial->target->info.timestamp_slots);
        return;
    }
    if (ring_create(trial, false, &ring))
        compare_clocks(trial, &ring);
    ring_clear(&ring);
}
