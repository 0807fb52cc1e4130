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

static void print_memory(const struct totals *totals, uint32_t batch)
{
    uint64_t parameters = totals->parameters * sizeof(float);
    uint64_t outputs = totals->outputs * batch * sizeof(float);
    console_print("\nMemory for training, in float32:\n");
    console_print("  %-28s %12s\n", "parameters", format_bytes(parameters).s);
    console_print("  %-28s %12s\n", "gradients", format_bytes(parameters).s);
    console_print("  %-28s %12s\n", "Adam's two moments", format_bytes(2 * parameters).s);
    console_print("  %-28s %12s\n", "these three together", format_bytes(4 * parameters).s);
    if (totals->buffers != 0)
        console_print("  %-28s %12s\n", "buffers", format_bytes(totals->buffers * sizeof(float)).s);
    char label[64];
    snprintf(label, sizeof label, "layer outputs, batch of %" PRIu32, batch);
    console_print("  %-28s %12s\n", label, format_bytes(outputs).s);
}

static void print_recipe(const struct tuff_model *model)
{
    struct tuff_recipe_setting setting;
    if (tuff_model_recipe_count(model) > 0)
        console_print("\nRecipe, which tuff train %s --recipe takes:\n", tuff_model_name(model));
    for (size_t i = 0; i < tuff_model_recipe_count(model); i++) {
        tuff_model_recipe(model, i, &setting);
        console_print("  %-28s %s\n", setting.key, setting.value);
    }
}

// What the command was asked for.
struct summary_settings {
    uint32_t batch;
    bool graph;
    const char *picture; // a file's name; NULL: none
};

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

static void show_table(const struct tuff_model *model, uint32_t batch)
{
    uint32_t input[3];
    tuff_model_input(model, input);
    console_print("%s: input %s, %" PRIu32 " classes\n\n", tuff_model_name(model), format_shape(3, input).s,
                  tuff_model_classes(model));
    struct totals totals = print_layers(model);
    print_memory(&totals, batch);
    print_recipe(model);
}

int command_summary(int argc, char **argv)
{
    struct summary_settings settings = {.batch = 16};
    const struct option options[] = {
        {"batch", 'n', OPTION_COUNT, &settings.batch, "N",
         "samples per step, for the memory of layer outputs"},
        {"graph", 'g', OPTION_FLAG, &settings.graph, NULL, "print the graph instead: layers and branches"},
        {"graph-out", 'o', OPTION_TEXT, &settings.picture, "FILE", "draw the graph: .svg or .png"},
    };
    const struct usage usage = {
        .command = "summary",
        .operand = "MODEL",
        .purpose = "Shows a model's layers and the blocks around them: output shapes (channels,\n"
                   "height, width), parameters, buffers (running statistics, which no optimizer\n"
                   "changes), multiply-adds of the forward pass per sample, the memory that\n"
                   "training takes, and the recipe that the model file has. MODEL is a model that\n"
                   "ships with tuff or the path of a .yaml file.\n",
        .examples = "  tuff summary lenet-mnist\n"
                    "  tuff summary resnet18 --graph --graph-out resnet18.svg\n"
                    "  tuff summary ./my-model.yaml --batch 128\n",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    const char *name;
    enum options_result parsed = options_parse(&usage, argc, argv, &name);
    if (parsed != OPTIONS_READY)
        return parsed == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    if (!picture_name_fits("summary", "graph-out", settings.picture))
        return EXIT_USAGE;
    struct tuff_log log = console_log();
    struct tuff_model *model;
    enum tuff_status status = tuff_model_load(&log, name, &model);
    if (status != TUFF_OK)
        return console_exit_status(status);
    status = show_graph(model, &settings);
    if (status == TUFF_OK && !settings.graph)
        show_table(model, settings.batch);
    tuff_model_destroy(&model);
    return console_exit_status(status);
}
