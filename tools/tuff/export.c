// tuff export: a trained network for other programs.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "commands.h"
#include "console.h"
#include "evaluation.h"
#include "format.h"
#include "metadata.h"
#include "options.h"
#include "run.h"
#include "tuff/onnx.h"

struct export_settings {
    const char *operand;        // a run's folder or a checkpoint
    const char *onnx;           // the file to write
    const char *model;          // NULL: the one that the checkpoint names
    struct option_choice which; // of a run's checkpoints
    bool force;
};

// What was written before is not lost by a slip.
static enum tuff_status check_target(const struct export_settings *settings)
{
    struct stat info;
    if (strcmp(settings->onnx, "-") == 0) {
        console_error(
            "--onnx: expected a file's name, found '-': the file is not written to standard output");
        return TUFF_ERROR_INVALID;
    }
    if (stat(settings->onnx, &info) != 0) {
        if (errno == ENOENT)
            return TUFF_OK;
        console_error("--onnx: cannot write '%s': %s", settings->onnx, strerror(errno));
        return TUFF_ERROR_IO;
    }
    if (S_ISDIR(info.st_mode)) {
        console_error("--onnx: expected a file, found the folder '%s'", settings->onnx);
        return TUFF_ERROR_INVALID;
    }
    // A file is written aside and renamed, which would take a device's or a pipe's place.
    if (!S_ISREG(info.st_mode)) {
        console_error("--onnx: expected a regular file, found '%s', which is none", settings->onnx);
        return TUFF_ERROR_INVALID;
    }
    if (settings->force)
        return TUFF_OK;
    console_error("--onnx: '%s' is there already; choose another name, or --force to replace it",
                  settings->onnx);
    return TUFF_ERROR_INVALID;
}

static enum tuff_status load_model(const struct export_settings *settings, const char *checkpoint,
                                   const struct tuff_metadata_list *metadata, struct tuff_model **model)
{
    const struct tuff_log log = console_log();
    const char *name =
        settings->model != NULL ? settings->model : tuff_metadata_find(metadata, METADATA_MODEL);
    *model = NULL;
    if (name != NULL)
        return tuff_model_load(&log, name, model);
    console_error("%s: does not say which model it belongs to; name it with --model", checkpoint);
    return TUFF_ERROR_INVALID;
}

static enum tuff_status write_onnx(const struct export_settings *settings, const char *checkpoint,
                                   const struct tuff_metadata_list *metadata, const struct tuff_model *model)
{
    // What the checkpoint says of itself goes along; where its model and its data lay on this machine does
    // not.
    static const char *const keys[] = {METADATA_DATA, METADATA_EPOCH, METADATA_STEP, METADATA_SEED,
                                       METADATA_VERSION};
    struct tuff_metadata texts[sizeof keys / sizeof *keys];
    struct tuff_onnx_options options = {.size = sizeof options, .metadata = texts};
    const struct tuff_log log = console_log();
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *value = tuff_metadata_find(metadata, keys[i]);
        if (value != NULL && strcmp(keys[i], METADATA_DATA) == 0 && strrchr(value, '/') != NULL)
            value = strrchr(value, '/') + 1;
        if (value != NULL)
            texts[options.metadata_count++] = (struct tuff_metadata){keys[i], value};
    }
    uint64_t elements = tuff_model_parameter_elements(model) + tuff_model_buffer_elements(model);
    float *values = malloc((size_t)(elements + 1) * sizeof *values);
    if (values == NULL) {
        console_error("out of memory");
        return TUFF_ERROR_MEMORY;
    }
    struct tuff_augmentation augmentation;
    uint32_t input[3];
    tuff_model_input(model, input);
    enum tuff_status status = TUFF_ERROR_FORMAT;
    if (evaluation_normalization(metadata, checkpoint, input[0], &augmentation))
        status = tuff_checkpoint_read(&log, checkpoint, model, values);
    if (tuff_metadata_find(metadata, METADATA_NORMALIZE) != NULL) {
        options.mean = augmentation.mean;
        options.deviation = augmentation.deviation;
    }
    if (status == TUFF_OK)
        status = tuff_onnx_save(&log, settings->onnx, model, values, &options);
    free(values);
    return status;
}

static void print_result(const struct export_settings *settings, const char *checkpoint,
                         const struct tuff_model *model)
{
    uint32_t input[3];
    tuff_model_input(model, input);
    console_print("model   %s, %s parameters, from %s\n", tuff_model_name(model),
                  format_count(tuff_model_parameter_elements(model)).s, checkpoint);
    console_print("input   images (batch, %u, %u, %u) of float32 from 0 to 1: bytes divided by 255\n",
                  input[0], input[1], input[2]);
    console_print("output  logits (batch, %u)\n", tuff_model_classes(model));
    console_print("wrote   %s: ONNX, opset %d\n", settings->onnx, TUFF_ONNX_OPSET);
}

static enum tuff_status run_export(const struct export_settings *settings)
{
    char checkpoint[PATH_MAX];
    struct tuff_metadata_list *metadata = NULL;
    struct tuff_model *model = NULL;
    const struct tuff_log log = console_log();
    enum tuff_status status =
        run_find_checkpoint(settings->operand, (enum run_which)settings->which.chosen, checkpoint);
    if (status == TUFF_OK)
        status = check_target(settings);
    if (status == TUFF_OK)
        status = tuff_metadata_read(&log, checkpoint, &metadata);
    if (status == TUFF_OK)
        status = load_model(settings, checkpoint, metadata, &model);
    if (status == TUFF_OK)
        status = write_onnx(settings, checkpoint, metadata, model);
    if (status == TUFF_OK)
        print_result(settings, checkpoint, model);
    tuff_model_destroy(&model);
    tuff_metadata_destroy(&metadata);
    return status;
}

int command_export(int argc, char **argv)
{
    struct export_settings settings = {.which = {run_checkpoints, 2, RUN_WHICH_LAST}};
    const struct option options[] = {
        {"onnx", '\0', OPTION_TEXT, &settings.onnx, "FILE", "the ONNX file to write; must be given"},
        {"model", 'm', OPTION_TEXT, &settings.model, "MODEL", "model, if the checkpoint does not say which"},
        {"checkpoint", 'c', OPTION_CHOICE, &settings.which, "NAME",
         "of a run: the last, or the best evaluation's"},
        {"force", 'f', OPTION_FLAG, &settings.force, NULL, "replace FILE if it is there"},
    };
    const struct usage usage = {
        .command = "export",
        .operand = "CHECKPOINT",
        .purpose = "Writes a trained network as an ONNX file, for other programs to run. CHECKPOINT\n"
                   "is a safetensors file or the folder of a run. The network takes images from 0\n"
                   "to 1 (bytes divided by 255), as many at once as one likes, and gives logits.\n",
        .examples = "  tuff export runs/lenet-mnist-digits-2025-01-31-1 --onnx lenet.onnx\n"
                    "  tuff export lenet.safetensors --model lenet-mnist --onnx lenet.onnx\n",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    enum options_result parsed = options_parse(&usage, argc, argv, &settings.operand);
    if (parsed != OPTIONS_READY)
        return parsed == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    if (settings.onnx == NULL) {
        console_error("export: --onnx FILE is missing (see tuff export --help)");
        return EXIT_USAGE;
    }
    return console_exit_status(run_export(&settings));
}
