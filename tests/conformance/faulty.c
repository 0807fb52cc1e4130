// A backend with one fault: the reference plugin with a kernel or a slot replaced. The environment variable
// TUFF_FAULT says which fault; "none" is the control. The tests run the conformance program on each and
// expect it to fail, and to say why.
//
// The reference computes within the kernel's call, so a fault can read and write buffers right after it.
// Faults of buffers and streams are in faulty_device.c.
#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "faulty_device.h"
#include "tuff/backend.h"
#include "tuff/half.h"

static struct tuff_backend_interface interface; // the reference's, changed
static struct tuff_kernels kernels;
static const struct tuff_kernels *sound; // the reference's
static const struct tuff_host *host;

enum { WORKSPACE_BYTES = 64 };

static enum tuff_status read_word(const struct tuff_tensor *t, uint64_t byte, void *word)
{
    return interface.buffer_read(t->buffer, t->offset + byte, word, 4);
}

static enum tuff_status write_word(const struct tuff_tensor *t, int64_t byte, uint32_t word)
{
    return interface.buffer_write(t->buffer, (uint64_t)((int64_t)t->offset + byte), &word, 4);
}

static uint64_t last_word(const struct tuff_tensor *t)
{
    return tuff_tensor_bytes(t) - 4;
}

// -- Wrong results.

// Windows lie one column too far to the left. Other paddings than zeros may be at their limit already.
static enum tuff_status shifted_conv2d(struct tuff_stream *stream,
                                       const struct tuff_conv2d_forward_args *args)
{
    struct tuff_conv2d_params params = *args->params;
    struct tuff_conv2d_forward_args changed = *args;
    if (params.pad_right > 0 && params.padding_mode == TUFF_PADDING_ZEROS) {
        params.pad_left++;
        params.pad_right--;
    }
    changed.params = &params;
    return sound->conv2d_forward(stream, &changed);
}

static void fault_edge(void)
{
    kernels.conv2d_forward = shifted_conv2d;
}

// The last sample of the batch is left out of the sums.
static enum tuff_status short_linear(struct tuff_stream *stream,
                                     const struct tuff_linear_backward_weight_args *args)
{
    struct tuff_linear_backward_weight_args changed = *args;
    struct tuff_tensor dy = *args->dy, x = *args->x;
    if (dy.dims[0] > 1 && dy.layout == TUFF_LAYOUT_ROW_MAJOR) {
        dy.dims[0]--;
        x.dims[0]--;
    }
    changed.dy = &dy;
    changed.x = &x;
    return sound->linear_backward_weight(stream, &changed);
}

static void fault_missing_term(void)
{
    kernels.linear_backward_weight = short_linear;
}

// The last element is not written.
static enum tuff_status incomplete_linear(struct tuff_stream *stream,
                                          const struct tuff_linear_forward_args *args)
{
    uint32_t before;
    enum tuff_status status = read_word(args->y, last_word(args->y), &before);
    if (status == TUFF_OK)
        status = sound->linear_forward(stream, args);
    return status == TUFF_OK ? write_word(args->y, (int64_t)last_word(args->y), before) : status;
}

static void fault_last_element(void)
{
    kernels.linear_forward = incomplete_linear;
}

// max(x, 0) as many would write it.
static enum tuff_status nan_blind_relu(struct tuff_stream *stream, const struct tuff_relu_forward_args *args)
{
    enum tuff_status status = sound->relu_forward(stream, args);
    for (uint64_t at = 0; status == TUFF_OK && at < tuff_tensor_bytes(args->y); at += 4) {
        float value;
        status = read_word(args->y, at, &value);
        if (status == TUFF_OK && isnan(value))
            status = write_word(args->y, (int64_t)at, 0);
    }
    return status;
}

static void fault_nan_blind(void)
{
    kernels.relu_forward = nan_blind_relu;
}

// A guess counts as correct whenever the label's logit is the greatest, although it is not the first such.
static enum tuff_status generous_softmax(struct tuff_stream *stream,
                                         const struct tuff_softmax_cross_entropy_forward_args *args)
{
    const uint64_t valid_at = offsetof(struct tuff_step_state, row) + offsetof(struct tuff_step_row, valid);
    const uint32_t classes = args->logits->dims[1];
    uint32_t valid = 0, label = 0;
    enum tuff_status status = sound->softmax_cross_entropy_forward(stream, args);
    if (status == TUFF_OK)
        status = read_word(args->state, valid_at, &valid);
    for (uint64_t n = 0; n < valid && args->logits->layout == TUFF_LAYOUT_ROW_MAJOR; n++) {
        float greatest = -INFINITY, own = 0, value = 0;
        if (status == TUFF_OK)
            status = read_word(args->labels, n * 4, &label);
        for (uint32_t k = 0; status == TUFF_OK && k < classes; k++) {
            status = read_word(args->logits, (n * classes + k) * 4, &value);
            greatest = fmaxf(greatest, value);
            own = k == label ? value : own;
        }
        if (status == TUFF_OK && own == greatest)
            status = write_word(args->correct, (int64_t)n * 4, 1);
    }
    return status;
}

static void fault_ties(void)
{
    kernels.softmax_cross_entropy_forward = generous_softmax;
}

// Clears the other rows.
static enum tuff_status clearing_record(struct tuff_stream *stream,
                                        const struct tuff_metrics_record_args *args)
{
    enum tuff_status status = interface.buffer_fill(args->metrics->buffer, args->metrics->offset,
                                                    tuff_tensor_bytes(args->metrics), 0);
    return status == TUFF_OK ? sound->metrics_record(stream, args) : status;
}

static void fault_other_rows(void)
{
    kernels.metrics_record = clearing_record;
}

// -- All kernels at once.

#define TUFF_OP(NAME, name)                                                                                  \
    static enum tuff_status idle_##name(struct tuff_stream *stream, const struct tuff_##name##_args *args)   \
    {                                                                                                        \
        (void)stream;                                                                                        \
        (void)args;                                                                                          \
        return TUFF_OK;                                                                                      \
    }
#include "tuff/op_list.h"
#undef TUFF_OP

// The byte at which the last element of the last sample is, padding lanes left aside.
static uint64_t last_element(const struct tuff_tensor *t)
{
    uint64_t per = tuff_tensor_elements(t) / t->dims[0], n = t->dims[0] - 1;
    if (t->layout == TUFF_LAYOUT_ROW_MAJOR)
        return tuff_tensor_elements(t) - 1;
    return ((n / TUFF_BATCH16_LANES) * per + per - 1) * TUFF_BATCH16_LANES + n % TUFF_BATCH16_LANES;
}

static float wrong(float value)
{
    return !isfinite(value) ? 0.5f : value == 0 ? 0.01f : value + (fabsf(value) + 0.01f) / 64;
}

// Makes one element wrong: a float by a sixty-fourth, or a hundredth if it is zero (what ReLU made zero had a
// size), an integer by one.
static enum tuff_status spoil(const struct tuff_tensor *t)
{
    const uint64_t byte = last_element(t) * tuff_dtype_bytes(t->dtype);
    const uint32_t shift = byte % 4 * 8;
    uint32_t word = 0;
    enum tuff_status status = read_word(t, byte / 4 * 4, &word);
    if (t->dtype == TUFF_F32) {
        float value;
        memcpy(&value, &word, sizeof value);
        value = wrong(value);
        memcpy(&word, &value, sizeof word);
    } else if (t->dtype == TUFF_F16) {
        const uint32_t half = word >> shift & 0xffff;
        word ^= (half ^ tuff_half_from_double((double)wrong(tuff_half_to_float((uint16_t)half)))) << shift;
    } else {
        word += UINT32_C(1) << shift;
    }
    return status == TUFF_OK ? write_word(t, (int64_t)(byte / 4 * 4), word) : status;
}

#define TUFF_OP(NAME, name)                                                                                  \
    static enum tuff_status spoilt_##name(struct tuff_stream *stream, const struct tuff_##name##_args *args) \
    {                                                                                                        \
        const struct tuff_op_args *common = (const void *)args;                                              \
        enum tuff_status status = sound->name(stream, args);                                                 \
        return status == TUFF_OK ? spoil(common->tensors[0]) : status;                                       \
    }
#include "tuff/op_list.h"
#undef TUFF_OP

static void fault_idle(void)
{
#define TUFF_OP(NAME, name) kernels.name = idle_##name;
#include "tuff/op_list.h"
#undef TUFF_OP
    // To do nothing is right where there is nothing to clip, or a step to skip, which some cases are about.
    kernels.gradient_clip = spoilt_gradient_clip;
    kernels.gradient_unscale = spoilt_gradient_unscale;
    kernels.adam = spoilt_adam;
    kernels.sgd = spoilt_sgd;
    kernels.moving_average = spoilt_moving_average;
}

static void fault_wrong_element(void)
{
#define TUFF_OP(NAME, name) kernels.name = spoilt_##name;
#include "tuff/op_list.h"
#undef TUFF_OP
}

// The parameters stay as they are.
static void fault_no_update(void)
{
    kernels.adam = idle_adam;
}

// -- Wrong manners.

static enum tuff_status long_relu(struct tuff_stream *stream, const struct tuff_relu_forward_args *args)
{
    enum tuff_status status = sound->relu_forward(stream, args);
    return status == TUFF_OK ? write_word(args->y, (int64_t)tuff_tensor_bytes(args->y), 0) : status;
}

static void fault_past_end(void)
{
    kernels.relu_forward = long_relu;
}

// Rounds its loop up: what it writes past the end is what it finds past the input's.
static enum tuff_status rounding_relu(struct tuff_stream *stream, const struct tuff_relu_forward_args *args)
{
    uint32_t word = 0;
    enum tuff_status status = sound->relu_forward(stream, args);
    if (status == TUFF_OK)
        status = read_word(args->x, tuff_tensor_bytes(args->x), &word);
    return status == TUFF_OK ? write_word(args->y, (int64_t)tuff_tensor_bytes(args->y), word) : status;
}

static void fault_copies_past_end(void)
{
    kernels.relu_forward = rounding_relu;
}

static enum tuff_status early_relu(struct tuff_stream *stream, const struct tuff_relu_forward_args *args)
{
    enum tuff_status status = sound->relu_forward(stream, args);
    return status == TUFF_OK ? write_word(args->y, -4, 0) : status;
}

static void fault_before_begin(void)
{
    kernels.relu_forward = early_relu;
}

static enum tuff_status failing_relu(struct tuff_stream *stream, const struct tuff_relu_forward_args *args)
{
    (void)stream;
    (void)args;
    return TUFF_ERROR_MEMORY;
}

static void fault_returns_error(void)
{
    kernels.relu_forward = failing_relu;
}

static enum tuff_status lost_relu(struct tuff_stream *stream, const struct tuff_relu_forward_args *args)
{
    (void)stream;
    (void)args;
    return TUFF_ERROR_DEVICE;
}

static void fault_device_lost(void)
{
    kernels.relu_forward = lost_relu;
}

static enum tuff_status meddling_relu(struct tuff_stream *stream, const struct tuff_relu_backward_args *args)
{
    enum tuff_status status = sound->relu_backward(stream, args);
    return status == TUFF_OK && args->dy->buffer != args->dx->buffer ? write_word(args->dy, 0, 0) : status;
}

static void fault_changes_input(void)
{
    kernels.relu_backward = meddling_relu;
}

// Every other call is off by a unit in the last place, which is within the tolerance.
static enum tuff_status moody_softmax(struct tuff_stream *stream,
                                      const struct tuff_softmax_cross_entropy_forward_args *args)
{
    static unsigned calls;
    uint32_t loss = 0;
    enum tuff_status status = sound->softmax_cross_entropy_forward(stream, args);
    if (status == TUFF_OK)
        status = read_word(args->loss, 0, &loss);
    return status == TUFF_OK && calls++ % 2 == 1 ? write_word(args->loss, 0, loss + 1) : status;
}

static void fault_nondeterministic(void)
{
    kernels.softmax_cross_entropy_forward = moody_softmax;
}

static enum tuff_status small_workspace(struct tuff_device *device, uint32_t op,
                                        const struct tuff_op_args *args, uint64_t *bytes)
{
    (void)device;
    (void)args;
    *bytes = op == TUFF_OP_RELU_FORWARD ? WORKSPACE_BYTES : 0;
    return TUFF_OK;
}

// Counts on zeros in the workspace.
static enum tuff_status trusting_relu(struct tuff_stream *stream, const struct tuff_relu_forward_args *args)
{
    float scratch = 0, y = 0;
    enum tuff_status status = sound->relu_forward(stream, args);
    if (status == TUFF_OK)
        status = read_word(args->workspace, 0, &scratch);
    if (status == TUFF_OK)
        status = read_word(args->y, 0, &y);
    y += scratch;
    uint32_t word;
    memcpy(&word, &y, sizeof word);
    return status == TUFF_OK ? write_word(args->y, 0, word) : status;
}

static void fault_reads_workspace(void)
{
    interface.workspace_size = small_workspace;
    kernels.relu_forward = trusting_relu;
}

static enum tuff_status sprawling_relu(struct tuff_stream *stream, const struct tuff_relu_forward_args *args)
{
    enum tuff_status status = sound->relu_forward(stream, args);
    return status == TUFF_OK ? write_word(args->workspace, WORKSPACE_BYTES, 0) : status;
}

static void fault_past_workspace(void)
{
    interface.workspace_size = small_workspace;
    kernels.relu_forward = sprawling_relu;
}

// Logs why.
static enum tuff_status no_workspace(struct tuff_device *device, uint32_t op, const struct tuff_op_args *args,
                                     uint64_t *bytes)
{
    (void)device, (void)op, (void)args, (void)bytes;
    host->log(host->user, TUFF_LOG_ERROR, "faulty: no plan for this op");
    return TUFF_ERROR_MEMORY;
}

static void fault_workspace_fails(void)
{
    interface.workspace_size = no_workspace;
}

// -- Preparation, of relu_forward.

static enum tuff_status prepare_relu(uint32_t op, const struct tuff_op_args *args, int input)
{
    if (op != TUFF_OP_RELU_FORWARD)
        return TUFF_OK;
    return write_word(args->tensors[input], 0, 0); // y, x
}

// No fault: what the op only writes may be scribbled on.
static enum tuff_status scribbling_prepare(struct tuff_device *device, uint32_t op,
                                           const struct tuff_op_args *args)
{
    (void)device;
    return prepare_relu(op, args, 0);
}

static enum tuff_status spoiling_prepare(struct tuff_device *device, uint32_t op,
                                         const struct tuff_op_args *args)
{
    (void)device;
    return prepare_relu(op, args, 1);
}

// Says nothing.
static enum tuff_status failing_prepare(struct tuff_device *device, uint32_t op,
                                        const struct tuff_op_args *args)
{
    (void)device, (void)args;
    return op == TUFF_OP_RELU_FORWARD ? TUFF_ERROR_MEMORY : TUFF_OK;
}

// Reads an index out of memory that holds nothing yet.
static enum tuff_status trusting_prepare(struct tuff_device *device, uint32_t op,
                                         const struct tuff_op_args *args)
{
    (void)device;
    uint32_t first = 0;
    if (op != TUFF_OP_GATHER_LABELS)
        return TUFF_OK;
    enum tuff_status status = read_word(args->tensors[2], 0, &first); // labels, set_labels, index
    if (first >= args->tensors[1]->dims[0])
        abort();
    return status;
}

static void fault_prepare_none(void)
{
    interface.prepare = scribbling_prepare;
}

static void fault_prepare_changes_input(void)
{
    interface.prepare = spoiling_prepare;
}

static void fault_prepare_fails(void)
{
    interface.prepare = failing_prepare;
}

static void fault_prepare_trusts(void)
{
    interface.prepare = trusting_prepare;
}

// Cannot work in place.
static enum tuff_status separate_add(struct tuff_stream *stream, const struct tuff_add_args *args)
{
    return args->y->buffer == args->a->buffer ? TUFF_OK : sound->add(stream, args);
}

static void fault_in_place(void)
{
    kernels.add = separate_add;
}

// Leaves the padding lanes as they are: the last lane of the last block, here.
static enum tuff_status bare_gather(struct tuff_stream *stream, const struct tuff_gather_images_args *args)
{
    uint32_t before;
    enum tuff_status status = read_word(args->x, last_word(args->x), &before);
    if (status == TUFF_OK)
        status = sound->gather_images(stream, args);
    return status == TUFF_OK && tuff_tensor_stored_elements(args->x) != tuff_tensor_elements(args->x)
               ? write_word(args->x, (int64_t)last_word(args->x), before)
               : status;
}

static void fault_padding(void)
{
    kernels.gather_images = bare_gather;
}

// Takes every tensor for row-major.
static enum tuff_status flat_copy(struct tuff_stream *stream, const struct tuff_copy_args *args)
{
    struct tuff_copy_args changed = *args;
    struct tuff_tensor y = *args->y, x = *args->x;
    if (y.layout == TUFF_LAYOUT_ROW_MAJOR)
        x.layout = TUFF_LAYOUT_ROW_MAJOR;
    changed.y = &y;
    changed.x = &x;
    return sound->copy(stream, &changed);
}

static void fault_layout(void)
{
    kernels.copy = flat_copy;
}

static enum tuff_status complaining_relu(struct tuff_stream *stream,
                                         const struct tuff_relu_forward_args *args)
{
    host->log(host->user, TUFF_LOG_ERROR, "faulty: something is amiss");
    return sound->relu_forward(stream, args);
}

static void fault_logs_error(void)
{
    kernels.relu_forward = complaining_relu;
}

static enum tuff_status crashing_relu(struct tuff_stream *stream, const struct tuff_relu_forward_args *args)
{
    (void)stream;
    (void)args;
    abort();
}

static void fault_crash(void)
{
    kernels.relu_forward = crashing_relu;
}

static const struct tuff_relu_forward_args *kept;

static enum tuff_status keeping_relu(struct tuff_stream *stream, const struct tuff_relu_forward_args *args)
{
    (void)stream;
    kept = args;
    return TUFF_OK;
}

static enum tuff_status late_submit(struct tuff_stream *stream)
{
    return sound->relu_forward(stream, kept);
}

static void fault_keeps_arguments(void)
{
    kernels.relu_forward = keeping_relu;
    interface.stream_submit = late_submit;
}

static void fault_no_kernel(void)
{
    kernels.relu_forward = NULL;
}

static int picky_supports(struct tuff_device *device, uint32_t op, const struct tuff_op_args *args)
{
    (void)device;
    return op != TUFF_OP_RELU_FORWARD || args->tensors[0]->dims[0] != 17;
}

static void fault_unsupported_shape(void)
{
    interface.supports = picky_supports;
}

// No fault in a backend that keeps activations row-major; one in a backend that wants BATCH16.
static int row_major_only(struct tuff_device *device, uint32_t op, const struct tuff_op_args *args)
{
    (void)device;
    for (uint32_t i = 0; op < TUFF_OP_COUNT && i < TUFF_OP_MAX_TENSORS; i++) {
        const size_t slot = offsetof(struct tuff_op_args, tensors) + i * sizeof args->tensors[0];
        if (slot < args->size && args->tensors[i] != NULL && args->tensors[i]->layout == TUFF_LAYOUT_BATCH16)
            return 0;
    }
    return 1;
}

static uint32_t always_batch16(struct tuff_device *device, uint32_t batch_size)
{
    (void)device;
    (void)batch_size;
    return TUFF_LAYOUT_BATCH16;
}

static void fault_layout_unused(void)
{
    interface.supports = row_major_only;
}

static void fault_layout_refused(void)
{
    interface.supports = row_major_only;
    interface.activation_layout = always_batch16;
}

// -- Capture, of one relu_forward. The reference has none, so that of the control is here as well.

struct tuff_capture {
    struct tuff_tensor y, x;
};

static struct tuff_capture *recording;
static int runs_while_capturing, replays_nothing;

static enum tuff_status captured_relu(struct tuff_stream *stream, const struct tuff_relu_forward_args *args)
{
    if (recording == NULL)
        return sound->relu_forward(stream, args);
    recording->y = *args->y;
    recording->x = *args->x;
    return runs_while_capturing ? sound->relu_forward(stream, args) : TUFF_OK;
}

static enum tuff_status begin_capture(struct tuff_stream *stream)
{
    (void)stream;
    recording = calloc(1, sizeof *recording);
    return recording == NULL ? TUFF_ERROR_MEMORY : TUFF_OK;
}

static enum tuff_status end_capture(struct tuff_stream *stream, struct tuff_capture **capture)
{
    (void)stream;
    *capture = recording;
    recording = NULL;
    return TUFF_OK;
}

static enum tuff_status replay(struct tuff_stream *stream, struct tuff_capture *capture, uint32_t count)
{
    const struct tuff_relu_forward_args args = {.size = sizeof args, .y = &capture->y, .x = &capture->x};
    enum tuff_status status = TUFF_OK;
    for (uint32_t i = 0; i < count && status == TUFF_OK && !replays_nothing; i++)
        status = sound->relu_forward(stream, &args);
    return status;
}

static void destroy_capture(struct tuff_capture *capture)
{
    free(capture);
}

static void fault_capture_none(void)
{
    interface.capture_begin = begin_capture;
    interface.capture_end = end_capture;
    interface.capture_replay = replay;
    interface.capture_destroy = destroy_capture;
    kernels.relu_forward = captured_relu;
}

static void fault_capture_runs(void)
{
    fault_capture_none();
    runs_while_capturing = 1;
}

static void fault_capture_lost(void)
{
    fault_capture_none();
    replays_nothing = 1;
}

static void fault_none(void) {}

static const struct {
    const char *name;
    void (*apply)(void);
} faults[] = {
    {"none", fault_none},
    {"edge", fault_edge},
    {"missing-term", fault_missing_term},
    {"idle", fault_idle},
    {"no-update", fault_no_update},
    {"wrong-element", fault_wrong_element},
    {"last-element", fault_last_element},
    {"nan-blind", fault_nan_blind},
    {"ties", fault_ties},
    {"other-rows", fault_other_rows},
    {"past-end", fault_past_end},
    {"copies-past-end", fault_copies_past_end},
    {"before-begin", fault_before_begin},
    {"returns-error", fault_returns_error},
    {"device-lost", fault_device_lost},
    {"changes-input", fault_changes_input},
    {"nondeterministic", fault_nondeterministic},
    {"reads-workspace", fault_reads_workspace},
    {"past-workspace", fault_past_workspace},
    {"workspace-fails", fault_workspace_fails},
    {"prepare-none", fault_prepare_none},
    {"prepare-changes-input", fault_prepare_changes_input},
    {"prepare-fails", fault_prepare_fails},
    {"prepare-trusts", fault_prepare_trusts},
    {"in-place", fault_in_place},
    {"padding", fault_padding},
    {"layout", fault_layout},
    {"logs-error", fault_logs_error},
    {"crash", fault_crash},
    {"keeps-arguments", fault_keeps_arguments},
    {"no-kernel", fault_no_kernel},
    {"unsupported-shape", fault_unsupported_shape},
    {"layout-unused", fault_layout_unused},
    {"layout-refused", fault_layout_refused},
    {"capture-none", fault_capture_none},
    {"capture-runs", fault_capture_runs},
    {"capture-lost", fault_capture_lost},
};

static enum tuff_status fail(const char *message)
{
    host->log(host->user, TUFF_LOG_ERROR, message);
    return TUFF_ERROR_PLUGIN;
}

static enum tuff_status open_faulty(const struct tuff_host *lender, const struct tuff_backend_interface **out,
                                    struct tuff_backend **backend)
{
    const struct tuff_backend_interface *reference = NULL;
    const char *fault = getenv("TUFF_FAULT");
    host = lender;
    void *library = dlopen(FAULTY_REFERENCE, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        return fail(dlerror());
    const struct tuff_plugin_descriptor *descriptor = dlsym(library, TUFF_PLUGIN_SYMBOL);
    if (descriptor == NULL)
        return fail(dlerror());
    enum tuff_status status = descriptor->open(lender, &reference, backend);
    if (status != TUFF_OK)
        return status;
    interface = *reference;
    sound = reference->kernels;
    kernels = *sound;
    interface.kernels = &kernels;
    *out = &interface;
    for (size_t i = 0; fault != NULL && i < sizeof faults / sizeof faults[0]; i++)
        if (strcmp(fault, faults[i].name) == 0) {
            faults[i].apply();
            return TUFF_OK;
        }
    if (fault != NULL && faulty_device_apply(fault, &interface, &kernels))
        return TUFF_OK;
    return fail("faulty: TUFF_FAULT names no fault");
}

TUFF_PLUGIN_EXPORT const struct tuff_plugin_descriptor tuff_plugin = {
    .magic = TUFF_PLUGIN_MAGIC,
    .abi_major = TUFF_ABI_MAJOR,
    .abi_minor = TUFF_ABI_MINOR,
    .size = sizeof tuff_plugin,
    .name = "faulty",
    .description = "the reference with a fault",
    .version = "0",
    .open = open_faulty,
};
