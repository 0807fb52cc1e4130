#include "check_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "console.h"
#include "tuff/check.h"

enum { CELL_BYTES = 64, TEXT_BYTES = 160 };

struct list {
    struct tuff_context *context;
    struct tuff_target **targets; // by name
    size_t count;
};

// -- What an op does, from its name.

// `name` up to `end` in words: those known, else with spaces for underscores.
static void put_words(const char *name, size_t length, char text[TEXT_BYTES])
{
    static const struct {
        const char *name, *words;
    } known[] = {
        {"activation", "leaky ReLU, GELU, SiLU, sigmoid or tanh"},
        {"adam", "Adam's update of the parameters"},
        {"adaptive_avg_pool2d", "average pooling to a given size"},
        {"add", "sum of two tensors"},
        {"avg_pool2d", "average pooling"},
        {"batch_norm2d", "batch normalization"},
        {"batch_norm2d_eval", "batch normalization by running statistics"},
        {"batch_norm2d_relu", "batch normalization and ReLU"},
        {"batch_norm2d_relu_eval", "batch normalization by running statistics, and ReLU"},
        {"batch_norm2d_relu_train", "batch normalization, running statistics, and ReLU"},
        {"batch_norm2d_train", "batch normalization, and running statistics"},
        {"cast", "from float32 to float16, or back"},
        {"concat", "concatenation of channels"},
        {"conv2d", "convolution"},
        {"conv2d_relu", "convolution and ReLU"},
        {"conv2d_relu_max_pool2d", "convolution, ReLU and maximum pooling"},
        {"copy", "copy, between layouts too"},
        {"fill", "fill with one value"},
        {"gather_augmented_images", "a batch's images by index, changed at random"},
        {"gather_images", "a batch's images, out of the set by index"},
        {"gather_labels", "a batch's labels, out of the set by index"},
        {"gradient_accumulate", "gradients of a batch's parts, added up"},
        {"gradient_clip", "gradients, scaled down to a greatest norm"},
        {"gradient_norm", "norm of all gradients"},
        {"gradient_unscale", "gradients divided by the loss's scale"},
        {"linear", "fully connected layer"},
        {"linear_relu", "fully connected layer and ReLU"},
        {"log_softmax", "logarithm of softmax"},
        {"loss_scale_update", "the loss's scale after a step"},
        {"max_pool2d", "maximum pooling"},
        {"metrics_record", "record of a step's loss and correct count"},
        {"moving_average", "a moving average of the parameters"},
        {"multiply", "product of two tensors"},
        {"relu", "rectified linear unit"},
        {"sgd", "stochastic gradient descent's update of the parameters"},
        {"softmax_cross_entropy", "softmax and cross-entropy"},
        {"step_advance", "step state of the next step"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i].name) == length && strncmp(known[i].name, name, length) == 0) {
            snprintf(text, TEXT_BYTES, "%s", known[i].words);
            return;
        }
    snprintf(text, TEXT_BYTES, "%.*s", (int)length, name);
    for (char *c = text; *c != '\0'; c++)
        if (*c == '_')
            *c = ' ';
}

// Returns the direction.
static const char *describe(const char *name, char text[TEXT_BYTES])
{
    const char *forward = strstr(name, "_forward"), *backward = strstr(name, "_backward");
    const char *end = forward != NULL ? forward : backward;
    put_words(name, end != NULL ? (size_t)(end - name) : strlen(name), text);
    if (backward == NULL)
        return forward != NULL ? "forward" : "-";
    const char *wrt = backward + strlen("_backward");
    size_t used = strlen(text);
    snprintf(text + used, TEXT_BYTES - used, ": gradient of its %s", *wrt == '_' ? wrt + 1 : "input");
    return "backward";
}

// -- Cells.

static const char *word(const struct tuff_check_support *support)
{
    if (support->supported == 0)
        return "not supported";
    return support->supported == support->cases ? "supported" : "partly";
}

// What a cell says of float16.
static const char *f16_word(const struct tuff_check_support *support)
{
    if (support->supported == 0)
        return "";
    return support->supported == support->cases ? ", f16" : ", partly f16";
}

// "row-major / BATCH16", or row-major alone for an op without a batch; then whether float16 is supported.
static enum tuff_status make_cell(struct tuff_target *target, size_t op, char cell[CELL_BYTES])
{
    struct tuff_check_support row = {.size = sizeof row}, batch = {.size = sizeof batch},
                              half = {.size = sizeof half};
    enum tuff_status status = tuff_check_support(target, op, TUFF_LAYOUT_ROW_MAJOR, &row);
    if (status == TUFF_OK)
        status = tuff_check_support(target, op, TUFF_LAYOUT_BATCH16, &batch);
    if (status == TUFF_OK)
        status = tuff_check_support_f16(target, op, &half);
    if (status == TUFF_OK && batch.cases > 0)
        snprintf(cell, CELL_BYTES, "%s / %s%s", word(&row), word(&batch), f16_word(&half));
    else if (status == TUFF_OK)
        snprintf(cell, CELL_BYTES, "%s%s", word(&row), f16_word(&half));
    return status;
}

static void print_header(const struct list *list, bool markdown)
{
    console_print(markdown ? "| Op | Direction | What it computes | Cases |" : "%-32s", "op");
    for (size_t i = 0; i < list->count; i++) {
        const char *name = tuff_target_backend(list->targets[i]);
        console_print(markdown ? " %s |" : i + 1 < list->count ? "  %-34s" : "  %s", name);
    }
    console_print(markdown ? "\n|---|---|---|---:|" : "\n");
    for (size_t i = 0; markdown && i < list->count; i++)
        console_print("---|");
    if (markdown)
        console_print("\n");
}

static enum tuff_status print_op(const struct list *list, size_t index, const struct tuff_check_op *op,
                                 bool markdown)
{
    char text[TEXT_BYTES], cell[CELL_BYTES];
    enum tuff_status status = TUFF_OK;
    if (markdown) {
        const char *direction = describe(op->name, text);
        console_print("| `%s` | %s | %s | %" PRIu64 " |", op->name, direction, text, op->cases);
    } else {
        console_print("%-32s", op->name);
    }
    for (size_t i = 0; i < list->count && status == TUFF_OK; i++) {
        status = make_cell(list->targets[i], index, cell);
        if (status == TUFF_OK)
            console_print(markdown ? " %s |" : i + 1 < list->count ? "  %-34s" : "  %s", cell);
    }
    console_print("\n");
    return status;
}

// How many of the hand-written cases each backend takes, of all of them.
static enum tuff_status print_totals(const struct list *list, bool markdown)
{
    struct tuff_check_op op = {.size = sizeof op};
    uint64_t cases = 0;
    for (size_t i = 0; tuff_check_op(i, &op); i++)
        cases += op.cases;
    if (markdown)
        console_print("| all | | hand-written cases that a backend takes | %" PRIu64 " |", cases);
    else
        console_print("%-32s", "cases taken");
    for (size_t i = 0; i < list->count; i++) {
        uint64_t taken = 0, known = 0;
        for (size_t index = 0; tuff_check_op(index, &op); index++) {
            const enum tuff_layout layouts[] = {TUFF_LAYOUT_ROW_MAJOR, TUFF_LAYOUT_BATCH16};
            for (int l = 0; l < 2; l++) {
                struct tuff_check_support support = {.size = sizeof support};
                enum tuff_status status = tuff_check_support(list->targets[i], index, layouts[l], &support);
                if (status != TUFF_OK)
                    return status;
                taken += support.supported;
                known += support.cases;
            }
        }
        char cell[CELL_BYTES];
        snprintf(cell, sizeof cell, "%" PRIu64 " of %" PRIu64, taken, known);
        console_print(markdown ? " %s |" : i + 1 < list->count ? "  %-34s" : "  %s", cell);
    }
    console_print("\n");
    return TUFF_OK;
}

static enum tuff_status print_table(const struct list *list, const char *only, bool markdown)
{
    enum tuff_status status = TUFF_OK;
    struct tuff_check_op op = {.size = sizeof op};
    print_header(list, markdown);
    for (size_t i = 0; status == TUFF_OK && tuff_check_op(i, &op); i++)
        if (only == NULL || strcmp(op.name, only) == 0)
            status = print_op(list, i, &op, markdown);
    if (status == TUFF_OK && only == NULL)
        status = print_totals(list, markdown);
    if (!markdown)
        console_print(
            "\nrow-major / BATCH16, of the hand-written cases; one word: the op has no batch; f16: in "
            "float16, too\n");
    return status;
}

static bool is_op(const char *name)
{
    const char *names[256];
    size_t count = 0;
    struct tuff_check_op op = {.size = sizeof op};
    for (size_t i = 0; count < sizeof names / sizeof *names && tuff_check_op(i, &op); i++) {
        if (strcmp(op.name, name) == 0)
            return true;
        names[count++] = op.name;
    }
    const char *nearest = tuff_suggest(name, names, count);
    if (nearest != NULL)
        console_error("unknown op '%s'; did you mean '%s'?", name, nearest);
    else
        console_error("unknown op '%s'", name);
    return false;
}

// -- Backends.

static int by_name(const void *a, const void *b)
{
    const struct tuff_target *const *x = a, *const *y = b;
    return strcmp(tuff_target_backend(*x), tuff_target_backend(*y));
}

// Every backend that has a device; one that cannot be opened is worth a warning.
static enum tuff_status open_all(struct list *list, const struct tuff_device_options *options)
{
    enum tuff_status status = tuff_context_open_all(list->context);
    size_t plugins = tuff_context_plugin_count(list->context);
    if (status != TUFF_OK)
        return status;
    list->targets = calloc(plugins + 1, sizeof *list->targets);
    if (list->targets == NULL)
        return TUFF_ERROR_MEMORY;
    for (size_t i = 0; i < plugins; i++) {
        struct tuff_plugin_info info;
        tuff_context_plugin_info(list->context, i, &info);
        if (info.status == TUFF_OK &&
            tuff_target_open(list->context, info.name, NULL, options, &list->targets[list->count]) == TUFF_OK)
            list->count++;
    }
    qsort(list->targets, list->count, sizeof *list->targets, by_name);
    return TUFF_OK;
}

static enum tuff_status open_one(struct list *list, const struct target_settings *settings,
                                 const struct tuff_device_options *options)
{
    list->targets = calloc(1, sizeof *list->targets);
    if (list->targets == NULL)
        return TUFF_ERROR_MEMORY;
    enum tuff_status status =
        tuff_target_open(list->context, settings->backend, settings->device, options, &list->targets[0]);
    list->count = status == TUFF_OK ? 1 : 0;
    return status;
}

int check_list(const struct target_settings *settings, const char *op, bool markdown)
{
    struct setup setup = {.context = NULL};
    struct list list = {.count = 0};
    const struct tuff_device_options options = {.size = sizeof options, .threads = settings->threads};
    if (op != NULL && !is_op(op))
        return EXIT_FAILED;
    enum tuff_status status = setup_open_context(&setup, &settings->plugins);
    list.context = setup.context;
    if (status == TUFF_OK) {
        console_hold_errors();
        status = settings->backend == NULL ? open_all(&list, &options) : open_one(&list, settings, &options);
        console_release_errors(status == TUFF_OK);
    }
    if (status == TUFF_OK && list.count == 0) {
        console_error("no backend can be opened (see tuff devices)");
        status = TUFF_ERROR_NOT_FOUND;
    }
    if (status == TUFF_OK)
        status = print_table(&list, op, markdown);
    for (size_t i = 0; i < list.count; i++)
        tuff_target_close(&list.targets[i]);
    free(list.targets);
    setup_close(&setup);
    return console_exit_status(status);
}
