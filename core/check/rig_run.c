#include "rig.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { WORKSPACE = TUFF_OP_MAX_TENSORS };

static enum tuff_status write_slot(struct rig *rig, uint32_t index, uint32_t poison, bool filled)
{
    const struct rig_slot *slot = &rig->slots[index];
    enum tuff_status status = rig_make_image(rig, index, poison, filled);
    if (status != TUFF_OK)
        return status;
    status = rig->target->interface->buffer_write(slot->buffer, 0, slot->image, slot->total);
    if (status != TUFF_OK)
        return rig_fail(rig, status, "buffer_write of %s returned \"%s\"", rig_slot_name(rig, index),
                        tuff_status_name(status));
    return TUFF_OK;
}

static enum tuff_status write_all(struct rig *rig, uint32_t poison, bool filled)
{
    enum tuff_status status = TUFF_OK;
    for (uint32_t i = 0; i <= WORKSPACE && status == TUFF_OK; i++)
        if (rig->slots[i].buffer != NULL)
            status = write_slot(rig, i, poison, filled);
    return status;
}

enum tuff_status rig_load(struct rig *rig, uint32_t poison)
{
    enum tuff_status status = TUFF_OK;
    for (uint32_t i = 0; i <= WORKSPACE && status == TUFF_OK; i++) {
        if (rig->slots[i].buffer == NULL)
            continue;
        status = write_slot(rig, i, poison, true);
        free(rig->slots[i].image);
        rig->slots[i].image = NULL;
    }
    return status;
}

static enum tuff_status read_all(struct rig *rig)
{
    for (uint32_t i = 0; i <= WORKSPACE; i++) {
        struct rig_slot *slot = &rig->slots[i];
        if (slot->buffer == NULL)
            continue;
        if (slot->seen == NULL)
            slot->seen = malloc(slot->total);
        if (slot->seen == NULL)
            return rig_fail(rig, TUFF_ERROR_MEMORY, "no host memory for the %" PRIu64 " bytes of %s",
                            slot->total, rig_slot_name(rig, i));
        enum tuff_status status =
            rig->target->interface->buffer_read(slot->buffer, 0, slot->seen, slot->total);
        if (status != TUFF_OK)
            return rig_fail(rig, status, "buffer_read of %s returned \"%s\"", rig_slot_name(rig, i),
                            tuff_status_name(status));
    }
    return TUFF_OK;
}

// Not memset: a compiler leaves out what is stored into memory that is freed next.
static void destroy_bytes(void *bytes, size_t count)
{
    volatile unsigned char *at = bytes;
    for (size_t i = 0; i < count; i++)
        at[i] = 0xdd;
}

enum tuff_status rig_fill_call(struct rig *rig, const void *params, struct rig_call *call)
{
    const struct case_setup *setup = rig->setup;
    *call = (struct rig_call){.args = {.size = tuff_op_args_size(setup->op), .params = params}};
    for (uint32_t i = 0; i <= WORKSPACE; i++) {
        if (rig->slots[i].buffer == NULL)
            continue;
        call->tensors[i] = rig->slots[i == 0 && rig->alias != RIG_NO_ALIAS ? rig->alias : i].tensor;
        if (i == WORKSPACE)
            call->args.workspace = &call->tensors[i];
        else
            call->args.tensors[i] = &call->tensors[i];
    }
    enum tuff_status status = tuff_op_check(setup->log, setup->op, &call->args);
    if (status != TUFF_OK)
        rig_fail(rig, status, "the core's check refuses the arguments");
    return status;
}

static enum tuff_status call_kernel(struct rig *rig, const struct tuff_op_args *args)
{
    enum tuff_status status =
        tuff_op_call(rig->target->interface->kernels, rig->setup->op, rig->target->stream, args);
    return status == TUFF_OK ? TUFF_OK
                             : rig_fail(rig, status, "the kernel returned \"%s\"", tuff_status_name(status));
}

static enum tuff_status call_prepare(struct rig *rig, const struct tuff_op_args *args)
{
    enum tuff_status status = rig->target->interface->prepare(rig->target->device, rig->setup->op, args);
    return status == TUFF_OK ? TUFF_OK
                             : rig_fail(rig, status, "prepare returned \"%s\"", tuff_status_name(status));
}

// Calls one of the two with arguments that do not outlive the call.
static enum tuff_status call_with_mortal_args(struct rig *rig,
                                              enum tuff_status (*call)(struct rig *rig,
                                                                       const struct tuff_op_args *args))
{
    const struct case_setup *setup = rig->setup;
    struct rig_call *mortal = malloc(sizeof *mortal);
    void *params = setup->params == NULL ? NULL : malloc(setup->info->params_size);
    if (mortal == NULL || (setup->params != NULL && params == NULL)) {
        free(mortal);
        free(params);
        return rig_fail(rig, TUFF_ERROR_MEMORY, "no host memory for arguments");
    }
    if (params != NULL)
        memcpy(params, setup->params, setup->info->params_size);
    enum tuff_status status = rig_fill_call(rig, params, mortal);
    if (status == TUFF_OK)
        status = call(rig, &mortal->args);
    destroy_bytes(mortal, sizeof *mortal);
    if (params != NULL)
        destroy_bytes(params, setup->info->params_size);
    free(mortal);
    free(params);
    return status;
}

static enum tuff_status expect_ok(struct rig *rig, enum tuff_status status, const char *slot)
{
    return status == TUFF_OK ? TUFF_OK
                             : rig_fail(rig, status, "%s returned \"%s\"", slot, tuff_status_name(status));
}

static enum tuff_status run_now(struct rig *rig)
{
    const struct tuff_backend_interface *interface = rig->target->interface;
    struct tuff_stream *stream = rig->target->stream;
    enum tuff_status status = expect_ok(rig, interface->stream_begin(stream), "stream_begin");
    if (status != TUFF_OK)
        return status;
    enum tuff_status called = call_with_mortal_args(rig, call_kernel);
    // Also after a failed kernel: the stream has to be left as it was.
    status = interface->stream_submit(stream);
    if (called != TUFF_OK) {
        if (status == TUFF_OK)
            status = interface->stream_wait(stream);
        return status == TUFF_ERROR_DEVICE ? status : called;
    }
    status = expect_ok(rig, status, "stream_submit");
    return status == TUFF_OK ? expect_ok(rig, interface->stream_wait(stream), "stream_wait") : status;
}

static bool has_inout(const struct case_setup *setup)
{
    for (uint32_t i = 0; i < setup->info->tensor_count; i++)
        if (setup->info->roles[i].access == TUFF_ACCESS_INOUT)
            return true;
    return false;
}

// Nothing may have run between capture_begin and the first replay.
static enum tuff_status expect_untouched(struct rig *rig)
{
    enum tuff_status status = read_all(rig);
    for (uint32_t i = 0; status == TUFF_OK && i <= WORKSPACE; i++)
        if (rig->slots[i].buffer != NULL &&
            memcmp(rig->slots[i].seen, rig->slots[i].image, rig->slots[i].total) != 0)
            return rig_fail(rig, TUFF_ERROR_PLUGIN,
                            "%s was written while the kernel was captured, before any replay",
                            rig_slot_name(rig, i));
    return status;
}

static enum tuff_status run_captured(struct rig *rig)
{
    const struct tuff_backend_interface *interface = rig->target->interface;
    struct tuff_stream *stream = rig->target->stream;
    struct tuff_capture *capture = NULL;
    enum tuff_status status = expect_ok(rig, interface->capture_begin(stream), "capture_begin");
    if (status != TUFF_OK)
        return status;
    enum tuff_status called = call_with_mortal_args(rig, call_kernel);
    status = interface->capture_end(stream, &capture);
    if (called != TUFF_OK)
        status = called;
    else if (status != TUFF_OK || capture == NULL)
        status = expect_ok(rig, status == TUFF_OK ? TUFF_ERROR_PLUGIN : status, "capture_end");
    if (status == TUFF_OK)
        status = expect_untouched(rig);
    if (status == TUFF_OK)
        status = expect_ok(rig, interface->capture_replay(stream, capture, has_inout(rig->setup) ? 1 : 2),
                           "capture_replay");
    if (status == TUFF_OK)
        status = expect_ok(rig, interface->stream_wait(stream), "stream_wait after capture_replay");
    if (capture != NULL)
        interface->capture_destroy(capture);
    return status;
}

// `changeable`: what may have been written between a slot's guards.
static enum tuff_status verify_slot(struct rig *rig, uint32_t index, bool changeable)
{
    const struct rig_slot *slot = &rig->slots[index];
    uint64_t end = slot->front + rig_round_up(tuff_tensor_bytes(&slot->tensor), 4);
    for (uint64_t i = 0; i < slot->front; i++)
        if (slot->seen[i] != slot->image[i])
            return rig_fail(rig, TUFF_ERROR_PLUGIN,
                            "%s: the guard band before it was written, %" PRIu64
                            " bytes before its beginning",
                            rig_slot_name(rig, index), slot->front - i);
    for (uint64_t i = end; i < slot->total; i++)
        if (slot->seen[i] != slot->image[i])
            return rig_fail(rig, TUFF_ERROR_PLUGIN,
                            "%s: the guard band after it was written, %" PRIu64 " bytes past its end",
                            rig_slot_name(rig, index), i - end);
    bool not_given = index == 0 && rig->alias != RIG_NO_ALIAS;
    if (changeable && !not_given)
        return TUFF_OK;
    for (uint64_t i = slot->front; i < end; i++)
        if (slot->seen[i] != slot->image[i])
            return rig_fail(rig, TUFF_ERROR_PLUGIN, "%s %s was changed, at byte %" PRIu64,
                            not_given ? "unused" : "input", rig_slot_name(rig, index), i - slot->front);
    return TUFF_OK;
}

// Only an output and the workspace may have changed, and, of a kernel, what it updates.
static enum tuff_status verify_all(struct rig *rig, bool of_kernel)
{
    for (uint32_t i = 0; i <= WORKSPACE; i++) {
        if (rig->slots[i].buffer == NULL)
            continue;
        enum tuff_access access = i == WORKSPACE ? TUFF_ACCESS_OUT : rig->setup->info->roles[i].access;
        bool changeable =
            access == TUFF_ACCESS_OUT || (access == TUFF_ACCESS_INOUT && of_kernel) || i == rig->alias;
        enum tuff_status status = verify_slot(rig, i, changeable);
        if (status != TUFF_OK)
            return status;
    }
    return TUFF_OK;
}

enum tuff_status rig_verify(struct rig *rig)
{
    return verify_all(rig, true);
}

static enum tuff_status prepare(struct rig *rig, uint32_t poison)
{
    if (rig->prepared || rig->target->interface->prepare == NULL)
        return TUFF_OK;
    rig->prepared = true;
    enum tuff_status status = write_all(rig, poison, false);
    if (status == TUFF_OK)
        status = call_with_mortal_args(rig, call_prepare);
    if (status == TUFF_OK)
        status = read_all(rig);
    if (status != TUFF_OK || (status = verify_all(rig, false)) == TUFF_OK)
        return status;
    char what[RIG_MESSAGE_BYTES];
    memcpy(what, rig->message, sizeof what);
    return rig_fail(rig, status, "after prepare, %.400s", what);
}

enum tuff_status rig_run(struct rig *rig, enum rig_run how, uint32_t poison)
{
    enum tuff_status status = prepare(rig, poison);
    if (status == TUFF_OK)
        status = write_all(rig, poison, true);
    if (status == TUFF_OK)
        status = how == RIG_RUN_CAPTURED ? run_captured(rig) : run_now(rig);
    return status == TUFF_OK ? read_all(rig) : status;
}
