// tuff summary: what a model is made of.
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "console.h"
#include "format.h"
#include "names.h"
#include "options.h"
#include "terminal.h"
#include "train.h"
#include "tuff/model.h"
#include "tuff/report.h"

struct totals {
    uint64_t parameters, buffers, multiply_adds, outputs;
};

enum { INDENT = 2 };

struct table {
    const struct tuff_model *model;
    int name_width, kind_width;
    bool buffers; // there are some, which get a column
};

// A row: of the head, of a layer, of the totals.
static void print_row(const struct table *table, int indent, const char *name, const char *kind,
                      const char *output, const char *parameters, const char *buffers,
                      const char *multiply_adds)
{
    console_print("%*s%-*s  %-*s  %-16s  %12s%s%*s  %16s\n", indent, "", table->name_width - indent, name,
                  table->kind_width, kind, output, parameters, table->buffers ? "  " : "",
                  table->buffers ? 9 : 0, table->buffers ? buffers : "", multiply_adds);
}

// What is left of a name within a block.
static const char *within(const char *name, const char *block)
{
    size_t length = strlen(block);
    return length > 0 && strncmp(name, block, length) == 0 && name[length] == '.' ? name + length + 1 : name;
}

// The blocks around what is at hand, outermost first, and the next one to begin.
struct nesting {
    struct tuff_block_info around[TUFF_MODEL_MAX_DEPTH];
    size_t depth, next;
};

// The name of the innermost block that has one.
static const char *scope_of(const struct nesting *nesting)
{
    for (size_t i = nesting->depth; i-- > 0;)
        if (nesting->around[i].name[0] != '\0')
            return nesting->around[i].name;
    return "";
}

// Leaves the blocks that end before layer `index`, then enters the next one that begins there. False if there
// is none.
static bool enter(const struct tuff_model *model, size_t index, struct nesting *nesting,
                  struct tuff_block_info *block)
{
    while (nesting->depth > 0) {
        const struct tuff_block_info *last = &nesting->around[nesting->depth - 1];
        if (index < last->first + last->count)
            break;
        nesting->depth--;
    }
    if (nesting->next == tuff_model_block_count(model))
        return false;
    tuff_model_block(model, nesting->next, block);
    if (block->first != index)
        return false;
    nesting->next++;
    return true;
}

static void measure(struct table *table)
{
    const struct tuff_model *model = table->model;
    struct nesting nesting = {.depth = 0};
    struct tuff_block_info block;
    size_t name = strlen("layer"), kind = 12;
    for (size_t i = 0; i < tuff_model_layer_count(model); i++) {
        struct tuff_layer_info layer;
        tuff_model_layer(model, i, &layer);
        while (enter(model, i, &nesting, &block)) {
            size_t width = nesting.depth * INDENT + strlen(within(block.name, scope_of(&nesting)));
            name = width > name ? width : name;
            nesting.around[nesting.depth++] = block;
        }
        size_t width = nesting.depth * INDENT + strlen(within(layer.name, scope_of(&nesting)));
        name = width > name ? width : name;
        kind = strlen(layer.kind) > kind ? strlen(layer.kind) : kind;
        table->buffers = table->buffers || layer.buffers != 0;
    }
    table->name_width = (int)name;
    table->kind_width = (int)kind;
}

static struct totals print_layers(const struct tuff_model *model)
{
    struct totals totals = {0};
    struct table table = {.model = model};
    struct nesting nesting = {.depth = 0};
    struct tuff_block_info block;
    measure(&table);
    print_row(&table, 0, "layer", "kind", "output", "parameters", "buffers", "multiply-adds");
    for (size_t i = 0; i < tuff_model_layer_count(model); i++) {
        struct tuff_layer_info layer;
        tuff_model_layer(model, i, &layer);
        while (enter(model, i, &nesting, &block)) {
            console_print("%*s%-*s  %s\n", (int)nesting.depth * INDENT, "",
                          table.name_width - (int)nesting.depth * INDENT,
                          within(block.name, scope_of(&nesting)), block.kind);
            nesting.around[nesting.depth++] = block;
        }
        uint64_t outputs = 1;
        for (uint32_t d = 0; d < layer.output_rank; d++)
            outputs *= layer.output_dims[d];
        print_row(&table, (int)nesting.depth * INDENT, within(layer.name, scope_of(&nesting)), layer.kind,
                  format_shape(layer.output_rank, layer.output_dims).s, format_count(layer.parameters).s,
                  format_count(layer.buffers).s, format_count(layer.multiply_adds).s);
        totals.parameters += layer.parameters;
        totals.buffers += layer.buffers;
        totals.multiply_adds += layer.multiply_adds;
        totals.outputs += outputs;
    }
    print_row(&table, 0, "total", "", "", format_count(totals.parameters).s, format_count(totals.buffers).s,
              format_count(totals.multiply_adds).s);
    return totals;
}

static void print_bytes(const char *what, uint64_t bytes)
{
    console_print("  %-28s %12s\n", what, format_bytes(bytes).s);
}

// What can be told without a device.
static void print_memory(const struct totals *totals, uint32_t batch)
{
    uint64_t parameters = totals->parameters * sizeof(float);
    uint64_t outputs = totals->outputs * batch * sizeof(float);
    console_print("\nMemory for training, in float32:\n");
    print_bytes("parameters", parameters);
    print_bytes("gradients", parameters);
    print_bytes("Adam's two moments", 2 * parameters);
    print_bytes("these three together", 4 * parameters);
    if (totals->buffers != 0)
        print_bytes("buffers", totals->buffers * sizeof(float));
    char label[64];
    snprintf(label, sizeof label, "layer outputs, batch of %" PRIu32, batch);
    print_bytes(label, outputs);
}

// name: the model's, or its file's, as given.
static void print_recipe(const struct tuff_model *model, const char *name)
{
    struct tuff_recipe_setting setting;
    if (tuff_model_recipe_count(model) > 0)
        console_print("\nRecipe, which tuff train %s --recipe takes:\n", name);
    for (size_t i = 0; i < tuff_model_recipe_count(model); i++) {
        tuff_model_recipe(model, i, &setting);
        console_print("  %-28s %s\n", setting.key, setting.value);
    }
}

// What the command was asked for.
struct summary_settings {
    const char *name; // of the model, or its file
    uint32_t batch;   // 0: no training is planned
    bool graph;
    const char *picture; // a file's name; NULL: none
    struct target_settings target;
    struct tuff_trainer_options training; // of a batch
    struct option_choice optimizer, precision;
    bool checkpoint_activations;
};

// Whether something is asked of a training that is not planned. Shows an error.
static bool plans_nothing(const struct summary_settings *s)
{
    const struct tuff_trainer_options *t = &s->training;
    const bool asked = strcmp(s->target.backend, "auto") != 0 || s->target.device != NULL ||
                       s->target.threads != 0 || s->target.plugins.count != 0 ||
                       s->optimizer.chosen != TUFF_OPTIMIZER_ADAM || t->momentum > 0 ||
                       t->average_decay > 0 || s->precision.chosen != TUFF_PRECISION_FLOAT32 ||
                       t->micro_batch != 0 || s->checkpoint_activations;
    if (!asked || s->batch != 0)
        return false;
    console_error("summary: no training is planned without --batch");
    return true;
}

static void print_plan(const struct tuff_model *model, const struct tuff_target *target, uint32_t batch,
                       const struct tuff_memory_plan *plan)
{
    uint32_t input[3];
    tuff_model_input(model, input);
    console_print("\nMemory that training takes on %s: %s, batch of %" PRIu32 ":\n",
                  tuff_target_backend(target), tuff_target_info(target)->name, batch);
    print_bytes("parameters and buffers", plan->parameters);
    print_bytes("gradients", plan->gradients);
    print_bytes("optimizer", plan->optimizer);
    print_bytes("activations", plan->activations);
    print_bytes("all of it", plan->parameters + plan->gradients + plan->optimizer + plan->activations);
    print_bytes("and for each image", (uint64_t)input[0] * input[1] * input[2]);
}

// Plans a training of the batch as tuff train does, on its device, which setup_close closes.
static enum tuff_status plan_training(const struct tuff_model *model, const struct summary_settings *settings,
                                      struct setup *setup, struct tuff_memory_plan *plan)
{
    struct tuff_trainer_options training = settings->training;
    training.batch_size = settings->batch;
    training.optimizer = (uint32_t)settings->optimizer.chosen;
    training.precision = (uint32_t)settings->precision.chosen;
    training.recompute_activations = settings->checkpoint_activations;
    enum tuff_status status = setup_open_context(setup, &settings->target.plugins);
    if (status == TUFF_OK)
        status = setup_open_target(setup, &settings->target);
    if (status == TUFF_OK)
        status = tuff_training_memory(setup->target, model, &training, plan);
    return status;
}

static enum tuff_status show_graph(const struct tuff_model *model, const struct summary_settings *settings)
{
    struct tuff_log log = console_log();
    char *text = NULL;
    enum tuff_status status = TUFF_OK;
    if (settings->picture != NULL)
        status = tuff_graph_write(&log, settings->picture, model, NULL);
    if (status == TUFF_OK && settings->graph)
        status = tuff_graph_text(&log, model, !terminal_utf8(), &text);
    if (text != NULL)
        console_print("%s", text);
    free(text);
    return status;
}

static enum tuff_status show_table(const struct tuff_model *model, const struct summary_settings *settings)
{
    enum { USUAL_BATCH = 16 };
    uint32_t input[3];
    struct setup setup = {.context = NULL};
    struct tuff_memory_plan plan;
    enum tuff_status status = settings->batch == 0 ? TUFF_OK : plan_training(model, settings, &setup, &plan);
    if (status == TUFF_OK) {
        tuff_model_input(model, input);
        console_print("%s: input %s, %" PRIu32 " classes\n\n", tuff_model_name(model),
                      format_shape(3, input).s, tuff_model_classes(model));
        struct totals totals = print_layers(model);
        if (settings->batch == 0)
            print_memory(&totals, USUAL_BATCH);
        else
            print_plan(model, setup.target, settings->batch, &plan);
        print_recipe(model, settings->name);
    }
    setup_close(&setup);
    return status;
}

int command_summary(int argc, char **argv)
{
    struct summary_settings settings = {
        .target.backend = "auto",
        .optimizer = {train_optimizers, TRAIN_OPTIMIZER_COUNT, TUFF_OPTIMIZER_ADAM},
        .precision = {train_precisions, TRAIN_PRECISION_COUNT, TUFF_PRECISION_FLOAT32},
    };
    tuff_trainer_options_default(&settings.training);
    const struct option options[] = {
        {"batch", 'n', OPTION_COUNT, &settings.batch, "N",
         "plan a training of N samples per step, and tell its memory"},
        {"graph", 'g', OPTION_FLAG, &settings.graph, NULL, "print the graph instead: layers and branches"},
        {"graph-out", 'o', OPTION_TEXT, &settings.picture, "FILE", "draw the graph: .svg or .png"},
        OPTIONS_GROUP("Planning, with --batch"),
        TARGET_OPTIONS(settings.target),
        {"optimizer", '\0', OPTION_CHOICE, &settings.optimizer, "NAME", "how parameters are updated"},
        {"momentum", '\0', OPTION_FRACTION, &settings.training.momentum, "X", "of sgd"},
        {"ema", '\0', OPTION_FRACTION, &settings.training.average_decay, "X",
         "keep a moving average of decay X"},
        {"precision", '\0', OPTION_CHOICE, &settings.precision, "NAME", "of activations; mixed: float16"},
        {"micro-batch", '\0', OPTION_COUNT, &settings.training.micro_batch, "N",
         "add up a batch's gradients, N samples at once"},
        {"checkpoint-activations", '\0', OPTION_FLAG, &settings.checkpoint_activations, NULL,
         "less memory, more work: compute activations anew"},
    };
    const struct usage usage = {
        .command = "summary",
        .operand = "MODEL",
        .purpose = "Shows a model's layers and the blocks around them: output shapes (channels,\n"
                   "height, width), parameters, buffers (running statistics, which no optimizer\n"
                   "changes), multiply-adds of the forward pass per sample, the memory that\n"
                   "training takes, and the recipe that the model file has. With --batch a training\n"
                   "is planned as tuff train would run it on the device, and its memory there told\n"
                   "to the byte. MODEL is a model that ships with tuff or the path of a .yaml file.\n",
        .examples = "  tuff summary lenet-mnist\n"
                    "  tuff summary resnet18 --graph --graph-out resnet18.svg\n"
                    "  tuff summary ./my-model.yaml --batch 128 --backend vulkan\n",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    enum options_result parsed = options_parse(&usage, argc, argv, &settings.name);
    if (parsed != OPTIONS_READY)
        return parsed == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    if (!picture_name_fits("summary", "graph-out", settings.picture) || plans_nothing(&settings))
        return EXIT_USAGE;
    struct tuff_log log = console_log();
    struct tuff_model *model;
    enum tuff_status status = tuff_model_load(&log, settings.name, &model);
    if (status != TUFF_OK)
        return console_exit_status(status);
    status = show_graph(model, &settings);
    if (status == TUFF_OK && !settings.graph)
        status = show_table(model, &settings);
    tuff_model_destroy(&model);
    return console_exit_status(status);
}
