// Losses that are not finite, and where they came from.
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "console.h"
#include "interrupt.h"
#include "train_loop.h"
#include "tuff/checkpoint.h"

bool train_diverged(const struct train_loop *loop)
{
    struct tuff_loss_check check = {.size = sizeof check};
    tuff_trainer_loss_check(loop->setup->trainer, &check);
    return loop->settings->on_nan.chosen == TRAIN_NAN_STOP && check.diverged;
}

// "parameter fc1.weight became inf in adam, the update of step 4".
static void tell_origin(const struct tuff_origin *origin, char *text, size_t size)
{
    const char *of = origin->phase != NULL && strcmp(origin->phase, "update") == 0     ? "the update"
                     : origin->phase != NULL && strcmp(origin->phase, "backward") == 0 ? "the backward pass"
                                                                                       : "the forward pass";
    const char *value = isnan(origin->value) ? "nan"
                        : origin->value < 0  ? "-inf"
                                             : "inf"; // whatever a NaN's sign
    if (origin->kind == NULL)
        snprintf(text, size, "the same steps once more did not show where it came from");
    else if (origin->op == NULL)
        snprintf(text, size, "%s %s was %s before", origin->kind, origin->tensor, value);
    else
        snprintf(text, size, "%s %s became %s in %s%s%s, in %s of step %" PRIu64, origin->kind,
                 origin->tensor, value, origin->op, origin->layer[0] == '\0' ? "" : " of layer ",
                 origin->layer, of, origin->step);
}

static json_t *text_or_null(const char *text)
{
    return text == NULL || text[0] == '\0' ? json_null() : json_string(text);
}

static enum tuff_status log_origin(struct train_loop *loop, uint64_t step, const struct tuff_origin *origin)
{
    return run_write_metrics(
        loop->run, json_pack("{s:s, s:I, s:o, s:I, s:o, s:o, s:o, s:o, s:o}", "type", "not_finite", "step",
                             (json_int_t)step, "loss", json_null(), "origin_step", (json_int_t)origin->step,
                             "op", text_or_null(origin->op), "layer", text_or_null(origin->layer), "phase",
                             text_or_null(origin->phase), "kind", text_or_null(origin->kind), "tensor",
                             text_or_null(origin->tensor)));
}

static int show_search(void *user, const struct tuff_progress *now)
{
    struct train_loop *loop = user;
    char line[64], part[sizeof line + 2];
    const char *const parts[] = {part};
    snprintf(line, sizeof line, "%" PRIu32 "/%" PRIu32 " steps", now->step, now->steps);
    snprintf(part, sizeof part, "  %s", line);
    progress_show(&loop->progress, (double)now->step / now->steps, parts, 1, line);
    return interrupt_signal() != 0;
}

// The steps from the saved training, or from the beginning, up to `last` once more.
static enum tuff_status find_origin(struct train_loop *loop, uint64_t last, struct tuff_origin *origin)
{
    struct tuff_log log = console_log();
    struct tuff_trainer *trainer = loop->setup->trainer;
    enum tuff_status status = loop->result->saved_steps != 0
                                  ? tuff_training_load(&log, loop->run->state, trainer)
                                  : tuff_trainer_restart(trainer);
    const struct tuff_observer observer = {.progress = show_search, .user = loop};
    if (status != TUFF_OK)
        return status;
    progress_begin(&loop->progress, "once more");
    status = tuff_trainer_find_origin(trainer, last, &observer, origin);
    progress_end(&loop->progress);
    return status;
}

// Says what is not finite after step `step`, and ends the training.
static enum tuff_status explain(struct train_loop *loop, const char *what, uint64_t step)
{
    struct tuff_origin origin = {.size = sizeof origin};
    char text[512];
    console_note("%s at step %" PRIu64 ": going through the steps since %s once more", what, step,
                 loop->result->saved_steps != 0 ? "the last checkpoint" : "the beginning");
    enum tuff_status status = find_origin(loop, step, &origin);
    if (status == TUFF_OK)
        tell_origin(&origin, text, sizeof text);
    else
        snprintf(text, sizeof text, "where it came from %s",
                 status == TUFF_ERROR_INTERRUPTED ? "was not looked for to the end"
                                                  : "could not be found out");
    console_error("%s at step %" PRIu64 ": %s", what, step, text);
    enum tuff_status logged = log_origin(loop, step, &origin);
    return logged == TUFF_OK ? TUFF_ERROR_INVALID : logged;
}

enum tuff_status train_explain_loss(struct train_loop *loop)
{
    struct tuff_loss_check check = {.size = sizeof check};
    tuff_trainer_loss_check(loop->setup->trainer, &check);
    // In mixed precision the training may have been saved since the first such loss: what a step that is
    // skipped leaves is finite.
    const uint64_t next = loop->result->saved_steps + 1;
    return explain(loop, "the loss is not finite", check.first > next ? check.first : next);
}

enum tuff_status train_check_parameters(struct train_loop *loop)
{
    struct tuff_origin origin = {.size = sizeof origin};
    char what[192];
    if (loop->settings->on_nan.chosen != TRAIN_NAN_STOP)
        return TUFF_OK;
    enum tuff_status status = tuff_trainer_check_finite(loop->setup->trainer, &origin);
    if (status != TUFF_OK || origin.kind == NULL)
        return status;
    snprintf(what, sizeof what, "%s %s is not finite", origin.kind, origin.tensor);
    return explain(loop, what, loop->result->steps);
}
