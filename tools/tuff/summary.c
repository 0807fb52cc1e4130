// tuff summary: what a model is made of.
#include <inttypes.h>
#include <string.h>

#include "commands.h"
#include "console.h"
#include "format.h"
#include "options.h"
#include "tuff/model.h"

struct totals {
    uint64_t parameters, multiply_adds, outputs;
};

static int name_width(const struct tuff_model *model)
{
    size_t width = strlen("layer");
    for (size_t i = 0; i < tuff_model_layer_count(model); i++) {
        struct tuff_layer_info layer;
        tuff_model_layer(model, i, &layer);
        if (strlen(layer.name) > width)
            width = strlen(layer.name);
    }
    return (int)width;
}

static struct totals print_layers(const struct tuff_model *model)
{
    struct totals totals = {0};
    int width = name_width(model);
    console_print("%-*s  %-12s  %-16s  %12s  %16s\n", width, "layer", "kind", "output", "parameters",
                  "multiply-adds");
    for (size_t i = 0; i < tuff_model_layer_count(model); i++) {
        struct tuff_layer_info layer;
        tuff_model_layer(model, i, &layer);
        uint64_t outputs = 1;
        for (uint32_t d = 0; d < layer.output_rank; d++)
            outputs *= layer.output_dims[d];
        console_print("%-*s  %-12s  %-16s  %12s  %16s\n", width, layer.name, layer.kind,
                      format_shape(layer.output_rank, layer.output_dims).s, format_count(layer.parameters).s,
                      format_count(layer.multiply_adds).s);
        totals.parameters += layer.parameters;
        totals.multiply_adds += layer.multiply_adds;
        totals.outputs += outputs;
    }
    console_print("%-*s  %-12s  %-16s  %12s  %16s\n", width, "total", "", "",
                  format_count(totals.parameters).s, format_count(totals.multiply_adds).s);
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
    char label[64];
    snprintf(label, sizeof label, "layer outputs, batch of %" PRIu32, batch);
    console_print("  %-28s %12s\n", label, format_bytes(outputs).s);
}

int command_summary(int argc, char **argv)
{
    uint32_t batch = 16;
    const struct option options[] = {
        {"batch", 'n', OPTION_COUNT, &batch, "N", "samples per step, for the memory of layer outputs"},
    };
    const struct usage usage = {
        .command = "summary",
        .operand = "MODEL",
        .purpose = "Shows a model's layers: output shapes (channels, height, width), parameters,\n"
                   "multiply-adds of the forward pass per sample, and the memory that training\n"
                   "takes. MODEL is a model that ships with tuff or the path of a .yaml file.\n",
        .examples = "  tuff summary lenet-mnist\n"
                    "  tuff summary ./my-model.yaml --batch 128\n",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    const char *name;
    enum options_result parsed = options_parse(&usage, argc, argv, &name);
    if (parsed != OPTIONS_READY)
        return parsed == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    struct tuff_log log = console_log();
    struct tuff_model *model;
    enum tuff_status status = tuff_model_load(&log, name, &model);
    if (status != TUFF_OK)
        return console_exit_status(status);
    uint32_t input[3];
    tuff_model_input(model, input);
    console_print("%s: input %s, %" PRIu32 " classes\n\n", tuff_model_name(model), format_shape(3, input).s,
                  tuff_model_classes(model));
    struct totals totals = print_layers(model);
    print_memory(&totals, batch);
    tuff_model_destroy(&model);
    return EXIT_DONE;
}
