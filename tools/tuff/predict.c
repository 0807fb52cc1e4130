// tuff predict: what a checkpoint takes single images for.
#include "predict.h"

#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "console.h"
#include "names.h"

enum { TOP = 5 };

static enum tuff_status show(struct predict_settings *settings, const struct evaluation *evaluation,
                             const struct subjects *subjects)
{
    uint32_t classes = subjects->set.classes;
    settings->top = settings->top < classes ? settings->top : classes;
    uint32_t *order = calloc(settings->top, sizeof *order);
    double *probabilities = calloc(classes, sizeof *probabilities);
    json_t *predictions = json_array();
    enum tuff_status status = TUFF_OK;
    if (order == NULL || probabilities == NULL || predictions == NULL) {
        console_error("out of memory");
        status = TUFF_ERROR_MEMORY;
    }
    for (uint32_t i = 0; status == TUFF_OK && i < subjects->set.count; i++) {
        const struct prediction prediction = {evaluation->logits + (size_t)i * classes, probabilities, order};
        tuff_softmax(prediction.logits, classes, probabilities);
        tuff_top_classes(prediction.logits, classes, order, settings->top);
        if (settings->json)
            json_array_append_new(predictions, predict_json(settings, subjects, i, &prediction));
        else
            predict_print(settings, subjects, i, &prediction);
    }
    if (status == TUFF_OK && settings->json)
        status = predict_print_json(settings, evaluation, subjects, json_incref(predictions));
    if (status == TUFF_OK && settings->save != NULL)
        status = predict_save(settings, subjects, evaluation->logits);
    json_decref(predictions);
    free(probabilities);
    free(order);
    return status;
}

static enum tuff_status run_predict(struct predict_settings *settings, const char *operand)
{
    struct evaluation evaluation;
    struct subjects subjects;
    settings->evaluation.silent = true;
    enum tuff_status status = subjects_open(settings, operand, &evaluation, &subjects);
    if (status == TUFF_OK)
        status = evaluation_run(&settings->evaluation, &evaluation, &subjects.set);
    if (status == TUFF_OK)
        status = show(settings, &evaluation, &subjects);
    evaluation_close(&evaluation);
    subjects_free(&subjects);
    return status;
}

static bool is_number(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static bool usable(struct predict_settings *settings)
{
    if (!picture_name_fits("predict", "save", settings->save) ||
        !picture_style_named("predict", settings->style_name, &settings->style))
        return false;
    for (size_t i = 0; i < settings->indices.count; i++)
        if (!is_number(settings->indices.items[i])) {
            console_error("predict: --index: expected a whole number, found '%s'",
                          name_shown(settings->indices.items, (uint32_t)i, 40).s);
            return false;
        }
    if (settings->indices.count != 0 && settings->file_count != 0)
        console_error("predict: images and --index exclude each other");
    else if (settings->indices.count == 0 && settings->file_count == 0)
        console_error("predict: an image or --index is missing (see tuff predict --help)");
    else
        return true;
    return false;
}

int command_predict(int argc, char **argv)
{
    struct predict_settings s = {.evaluation = EVALUATION_DEFAULTS, .top = TOP, .style_name = "auto"};
    struct verbosity verbosity = {.quiet = false};
    const struct option options[] = {
        {"index", 'i', OPTION_LIST, &s.indices, "N", "a sample of the data set; may be repeated"},
        {"top", 'k', OPTION_COUNT, &s.top, "K", "the K most probable classes"},
        {"save", 'o', OPTION_TEXT, &s.save, "FILE", "draw it: .png or .svg"},
        {"json", 'j', OPTION_FLAG, &s.json, NULL, "print JSON, logits included"},
        {"style", '\0', OPTION_TEXT, &s.style_name, "NAME", PICTURE_STYLES},
        EVALUATION_OPTIONS(s.evaluation),
        TARGET_OPTIONS(s.evaluation.target),
        VERBOSITY_OPTIONS(verbosity),
    };
    const struct usage usage = {
        .command = "predict",
        .operand = "CHECKPOINT [IMAGE...]",
        .purpose = "Shows single images, and what a checkpoint takes them for: its most probable\n"
                   "classes. Images are PNG or JPEG files, scaled and cropped to the model's\n"
                   "input, or samples of the data set. CHECKPOINT is a safetensors file or the\n"
                   "folder of a run.\n",
        .examples = "  tuff predict runs/first photo.jpg\n"
                    "  tuff predict runs/lenet-mnist-digits-2025-01-31-1 --index 2019\n"
                    "  tuff predict runs/lenet-mnist-digits-2025-01-31-1 -i 3 -i 14 --save two.png\n",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    struct operands operands;
    enum options_result parsed = options_parse_operands(&usage, argc, argv, &operands);
    if (parsed != OPTIONS_READY)
        return parsed == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    s.files = operands.items + 1;
    s.file_count = (uint32_t)(operands.count - 1);
    if (!usable(&s))
        return EXIT_USAGE;
    console_setup(verbosity.verbose, verbosity.quiet);
    return console_exit_status(run_predict(&s, operands.items[0]));
}
