#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "console.h"
#include "json_output.h"
#include "names.h"
#include "predict.h"
#include "run.h"
#include "terminal.h"
#include "tuff/report.h"

enum { NAME_COLUMNS = 24, BAR_COLUMNS = 30 };

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

static void print_classes(const struct prediction *prediction, uint32_t classes, const char *const *names,
                          uint32_t top)
{
    const uint32_t *order = prediction->order;
    unsigned width = 1;
    for (uint32_t i = 0; i < top; i++) {
        unsigned columns = tuff_columns(name_shown(names, order[i], NAME_COLUMNS).s);
        width = columns > width ? columns : width;
    }
    if (tuff_guess(prediction->logits, classes) == TUFF_NO_GUESS) {
        console_print("  The model gives no numbers for it.\n");
        return;
    }
    for (uint32_t i = 0; i < top; i++) {
        double probability = prediction->probabilities[order[i]];
        console_print("  %s  %7.2f%%  ",
                      name_padded(name_shown(names, order[i], NAME_COLUMNS).s, width, true).s,
                      100 * probability);
        print_bar(probability);
    }
}

void predict_print(const struct predict_settings *settings, const struct subjects *subjects, uint32_t i,
                   const struct prediction *prediction)
{
    const struct tuff_dataset *set = &subjects->set;
    const struct picture_shape shape = {set->channels, set->height, set->width};
    uint32_t guess = tuff_guess(prediction->logits, set->classes), label = subject_label(subjects, i);
    struct name guessed = name_shown(set->class_names, guess, NAME_COLUMNS);
    const struct picture picture = {set->images + (size_t)i * set->channels * set->height * set->width, ""};
    console_print("%s%s: %s", i == 0 ? "" : "\n", subject_name(settings, subjects, i).s, guessed.s);
    if (label != TUFF_NO_GUESS)
        console_print(", labelled %s: %s", name_shown(set->class_names, label, NAME_COLUMNS).s,
                      guess == label ? "right" : "wrong");
    console_print("\n");
    if (!console_quiet()) {
        console_print("\n");
        picture_print(settings->style, &shape, &picture, 1, 0);
    }
    print_classes(prediction, set->classes, set->class_names, settings->top);
}

// -- JSON

static json_t *class_json(const char *const *names, uint32_t class, double probability)
{
    return json_pack("{s:I, s:o, s:o}", "class", (json_int_t) class, "name", json_name(names[class]),
                     "probability", json_number(probability));
}

// {key: class, key_name: its name}; null for none.
static void set_class(json_t *object, const char *key, const char *const *names, uint32_t class)
{
    char name_key[32];
    snprintf(name_key, sizeof name_key, "%s_name", key);
    bool none = class == TUFF_NO_GUESS;
    json_object_set_new(object, key, none ? json_null() : json_integer((json_int_t) class));
    json_object_set_new(object, name_key, none ? json_null() : json_name(names[class]));
}

json_t *predict_json(const struct predict_settings *settings, const struct subjects *subjects, uint32_t i,
                     const struct prediction *prediction)
{
    const struct tuff_dataset *set = &subjects->set;
    const double *probabilities = prediction->probabilities;
    uint32_t guess = tuff_guess(prediction->logits, set->classes);
    json_t *object = json_object(), *top = json_array(), *logits = json_array(), *all = json_array();
    for (uint32_t k = 0; k < settings->top; k++)
        json_array_append_new(
            top, class_json(set->class_names, prediction->order[k], probabilities[prediction->order[k]]));
    for (uint32_t c = 0; c < set->classes; c++) {
        json_array_append_new(logits, json_number((double)prediction->logits[c]));
        json_array_append_new(all, json_number(probabilities[c]));
    }
    if (subjects->samples == NULL)
        json_object_set_new(object, "file", json_name(settings->files[i]));
    else
        json_object_set_new(object, "index", json_integer((json_int_t)subjects->samples[i]));
    set_class(object, "label", set->class_names, subject_label(subjects, i));
    set_class(object, "guess", set->class_names, guess);
    json_object_set_new(object, "probability",
                        guess == TUFF_NO_GUESS ? json_null() : json_number(probabilities[guess]));
    json_object_set_new(object, "top", top);
    json_object_set_new(object, "logits", logits);
    json_object_set_new(object, "probabilities", all);
    return object;
}

enum tuff_status predict_print_json(const struct predict_settings *settings,
                                    const struct evaluation *evaluation, const struct subjects *subjects,
                                    json_t *predictions)
{
    const struct setup *setup = &evaluation->setup;
    bool files = subjects->samples == NULL;
    return json_print(
        json_pack("{s:s, s:s, s:o, s:o, s:o, s:s, s:o, s:o}", "tuff", TUFF_VERSION, "model",
                  tuff_model_name(setup->model), "checkpoint", json_name(settings->evaluation.checkpoint),
                  "data", files ? json_null() : json_name(settings->evaluation.data.name), "split",
                  files ? json_null() : json_string(evaluation_split_name(&settings->evaluation)), "backend",
                  tuff_target_backend(setup->target), "device",
                  json_name(tuff_target_info(setup->target)->name), "predictions", predictions));
}

// -- The picture

enum tuff_status predict_save(const struct predict_settings *settings, const struct subjects *subjects,
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
            names[i] = subject_name(settings, subjects, i);
            predictions[i] =
                (struct tuff_prediction){set->images + i * bytes, names[i].s, subject_label(subjects, i),
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
