// tuff predict: what a checkpoint takes single images for.
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "console.h"
#include "evaluation.h"
#include "json_output.h"
#include "names.h"
#include "picture.h"
#include "run.h"
#include "terminal.h"
#include "tuff/report.h"

enum { TOP = 5, NAME_COLUMNS = 24, BAR_COLUMNS = 30 };

struct predict_settings {
    struct evaluation_settings evaluation;
    struct option_list indices;
    uint32_t top;
    const char *save, *style_name;
    enum picture_style style;
    bool json;
};

// The images that were asked for, as a small test set.
struct subjects {
    struct tuff_dataset set;
    uint32_t *samples; // where each is in the set that it was taken from
    uint8_t *images;
    uint32_t *labels;
};

// -- Which images

static enum tuff_status read_index(const char *text, const struct tuff_dataset *set, uint32_t *index)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && value < set->count) {
        *index = (uint32_t)value;
        return TUFF_OK;
    }
    console_error("predict: --index: expected a sample from 0 to %" PRIu32 ", found '%s'", set->count - 1,
                  name_shown(&text, 0, 40).s);
    return TUFF_ERROR_INVALID;
}

static enum tuff_status take_samples(const struct predict_settings *settings, const struct tuff_dataset *from,
                                     struct subjects *subjects)
{
    size_t bytes = (size_t)from->channels * from->height * from->width;
    uint32_t count = (uint32_t)settings->indices.count;
    subjects->samples = calloc(count, sizeof *subjects->samples);
    subjects->labels = calloc(count, sizeof *subjects->labels);
    subjects->images = malloc(count * bytes);
    if (subjects->samples == NULL || subjects->labels == NULL || subjects->images == NULL) {
        console_error("out of memory");
        return TUFF_ERROR_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        enum tuff_status status = read_index(settings->indices.items[i], from, &subjects->samples[i]);
        if (status != TUFF_OK)
            return status;
        subjects->labels[i] = from->labels[subjects->samples[i]];
        memcpy(subjects->images + i * bytes, from->images + subjects->samples[i] * bytes, bytes);
    }
    subjects->set = *from;
    subjects->set.count = count;
    subjects->set.images = subjects->images;
    subjects->set.labels = subjects->labels;
    return TUFF_OK;
}

static void free_subjects(struct subjects *subjects)
{
    free(subjects->samples);
    free(subjects->labels);
    free(subjects->images);
}

struct subject_name {
    char s[256];
};

static struct subject_name name_subject(const struct predict_settings *settings,
                                        const struct subjects *subjects, uint32_t i)
{
    struct subject_name name;
    snprintf(name.s, sizeof name.s, "%s %s %" PRIu32, name_shown(&settings->evaluation.data.name, 0, 60).s,
             evaluation_split_name(&settings->evaluation), subjects->samples[i]);
    return name;
}

// -- Text

static void print_bar(double probability)
{
    static const char *const eighths[] = {"",
                                          "\xE2\x96\x8F",
                                          "\xE2\x96\x8E",
                                          "\xE2\x96\x8D",
                                          "\xE2\x96\x8C",
                                          "\xE2\x96\x8B",
                                          "\xE2\x96\x8A",
                                          "\xE2\x96\x89"};
    bool utf8 = terminal_utf8();
    unsigned length = probability > 0 ? (unsigned)(probability * BAR_COLUMNS * 8 + 0.5) : 0;
    for (unsigned i = 0; i < length / 8; i++)
        console_print("%s", utf8 ? "\xE2\x96\x88" : "#");
    console_print("%s\n", utf8 ? eighths[length % 8] : "");
}

static void print_classes(const float *logits, uint32_t classes, const char *const *names,
                          const uint32_t *order, uint32_t top, const double *probabilities)
{
    unsigned width = 1;
    for (uint32_t i = 0; i < top; i++) {
        unsigned columns = tuff_columns(name_shown(names, order[i], NAME_COLUMNS).s);
        width = columns > width ? columns : width;
    }
    if (tuff_guess(logits, classes) == TUFF_NO_GUESS) {
        console_print("  The model gives no numbers for it.\n");
        return;
    }
    for (uint32_t i = 0; i < top; i++) {
        double probability = probabilities[order[i]];
        console_print("  %s  %7.2f%%  ",
                      name_padded(name_shown(names, order[i], NAME_COLUMNS).s, width, true).s,
                      100 * probability);
        print_bar(probability);
    }
}

static void print_subject(const struct predict_settings *settings, const struct subjects *subjects,
                          uint32_t i, const float *logits, const uint32_t *order, const double *probabilities)
{
    const struct tuff_dataset *set = &subjects->set;
    const struct picture_shape shape = {set->channels, set->height, set->width};
    uint32_t guess = tuff_guess(logits, set->classes), label = set->labels[i];
    struct name guessed = name_shown(set->class_names, guess, NAME_COLUMNS);
    const struct picture picture = {set->images + (size_t)i * set->channels * set->height * set->width, ""};
    console_print("%s%s: %s, labelled %s: %s\n", i == 0 ? "" : "\n", name_subject(settings, subjects, i).s,
                  guessed.s, name_shown(set->class_names, label, NAME_COLUMNS).s,
                  guess == label ? "right" : "wrong");
    if (!console_quiet()) {
        console_print("\n");
        picture_print(settings->style, &shape, &picture, 1);
    }
    print_classes(logits, set->classes, set->class_names, order, settings->top, probabilities);
}

// -- JSON

static json_t *class_json(const char *const *names, uint32_t class, double probability)
{
    return json_pack("{s:I, s:o, s:o}", "class", (json_int_t) class, "name", json_name(names[class]),
                     "probability", json_number(probability));
}

static json_t *subject_json(const struct predict_settings *settings, const struct subjects *subjects,
                            uint32_t i, const float *logits, const uint32_t *order,
                            const double *probabilities)
{
    const struct tuff_dataset *set = &subjects->set;
    uint32_t guess = tuff_guess(logits, set->classes), label = set->labels[i];
    json_t *top = json_array(), *numbers = json_array(), *all = json_array();
    for (uint32_t k = 0; k < settings->top; k++)
        json_array_append_new(top, class_json(set->class_names, order[k], probabilities[order[k]]));
    for (uint32_t c = 0; c < set->classes; c++) {
        json_array_append_new(numbers, json_number((double)logits[c]));
        json_array_append_new(all, json_number(probabilities[c]));
    }
    return json_pack("{s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "index",
                     (json_int_t)subjects->samples[i], "label", (json_int_t)label, "label_name",
                     json_name(set->class_names[label]), "guess",
                     guess == TUFF_NO_GUESS ? json_null() : json_integer((json_int_t)guess), "guess_name",
                     guess == TUFF_NO_GUESS ? json_null() : json_name(set->class_names[guess]), "probability",
                     guess == TUFF_NO_GUESS ? json_null() : json_number(probabilities[guess]), "top", top,
                     "logits", numbers, "probabilities", all);
}

static enum tuff_status print_json(const struct predict_settings *settings,
                                   const struct evaluation *evaluation, json_t *predictions)
{
    const struct setup *setup = &evaluation->setup;
    return json_print(
        json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:o}", "tuff", TUFF_VERSION, "model",
                  tuff_model_name(setup->model), "checkpoint", json_name(settings->evaluation.checkpoint),
                  "data", json_name(settings->evaluation.data.name), "split",
                  evaluation_split_name(&settings->evaluation), "backend", tuff_target_backend(setup->target),
                  "device", tuff_target_info(setup->target)->name, "predictions", predictions));
}

// -- The picture

static enum tuff_status save(const struct predict_settings *settings, const struct subjects *subjects,
                             const float *logits)
{
    const struct tuff_dataset *set = &subjects->set;
    size_t bytes = (size_t)set->channels * set->height * set->width;
    struct tuff_log log = console_log();
    struct tuff_prediction *predictions = calloc(set->count, sizeof *predictions);
    struct subject_name *names = calloc(set->count, sizeof *names);
    enum tuff_status status = TUFF_ERROR_MEMORY;
    if (predictions == NULL || names == NULL) {
        console_error("out of memory");
    } else {
        for (uint32_t i = 0; i < set->count; i++) {
            names[i] = name_subject(settings, subjects, i);
            predictions[i] = (struct tuff_prediction){set->images + i * bytes, names[i].s, set->labels[i],
                                                      logits + (size_t)i * set->classes};
        }
        status =
            tuff_predictions_write(&log, settings->save, predictions, set->count, set->channels, set->height,
                                   set->width, set->classes, set->class_names, settings->top, NULL);
        if (status == TUFF_OK)
            console_note("wrote %s", settings->save);
    }
    free(names);
    free(predictions);
    return status;
}

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
        const float *logits = evaluation->logits + (size_t)i * classes;
        tuff_softmax(logits, classes, probabilities);
        tuff_top_classes(logits, classes, order, settings->top);
        if (settings->json)
            json_array_append_new(predictions,
                                  subject_json(settings, subjects, i, logits, order, probabilities));
        else
            print_subject(settings, subjects, i, logits, order, probabilities);
    }
    if (status == TUFF_OK && settings->json)
        status = print_json(settings, evaluation, json_incref(predictions));
    if (status == TUFF_OK && settings->save != NULL)
        status = save(settings, subjects, evaluation->logits);
    json_decref(predictions);
    free(probabilities);
    free(order);
    return status;
}

static enum tuff_status run_predict(struct predict_settings *settings, const char *operand)
{
    struct evaluation evaluation;
    struct subjects subjects = {.samples = NULL};
    settings->evaluation.silent = true;
    enum tuff_status status = evaluation_open(&settings->evaluation, operand, &evaluation);
    if (status == TUFF_OK)
        status = take_samples(settings, evaluation.setup.test, &subjects);
    if (status == TUFF_OK)
        status = evaluation_run(&settings->evaluation, &evaluation, &subjects.set);
    if (status == TUFF_OK)
        status = show(settings, &evaluation, &subjects);
    evaluation_close(&evaluation);
    free_subjects(&subjects);
    return status;
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
        .operand = "CHECKPOINT",
        .purpose = "Shows single images, and what a checkpoint takes them for: its most probable\n"
                   "classes. CHECKPOINT is a safetensors file or the folder of a run.\n",
        .examples = "  tuff predict runs/lenet-mnist-digits-2025-01-31-1 --index 2019\n"
                    "  tuff predict runs/lenet-mnist-digits-2025-01-31-1 -i 3 -i 14 --save two.png\n",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    const char *operand;
    enum options_result parsed = options_parse(&usage, argc, argv, &operand);
    if (parsed != OPTIONS_READY)
        return parsed == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    if (!picture_name_fits("predict", "save", s.save) ||
        !picture_style_named("predict", s.style_name, &s.style))
        return EXIT_USAGE;
    if (s.indices.count == 0) {
        console_error("predict: --index is missing (see tuff predict --help)");
        return EXIT_USAGE;
    }
    console_setup(verbosity.verbose, verbosity.quiet);
    return console_exit_status(run_predict(&s, operand));
}
