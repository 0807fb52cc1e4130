#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "csv.h"
#include "eval_output.h"
#include "json_output.h"
#include "run.h"

static json_t *classes_json(const struct tuff_scores *scores, const char *const *names)
{
    json_t *classes = json_array();
    for (uint32_t c = 0; c < scores->classes; c++) {
        const struct tuff_class_score *score = &scores->per_class[c];
        json_array_append_new(
            classes, json_pack("{s:o, s:I, s:I, s:I, s:o, s:o, s:o}", "name", json_name(names[c]), "samples",
                               (json_int_t)score->support, "guessed", (json_int_t)score->guessed, "correct",
                               (json_int_t)score->correct, "precision", json_number(score->precision),
                               "recall", json_number(score->recall), "f1", json_number(score->f1)));
    }
    return classes;
}

static json_t *confusion_json(const struct tuff_scores *scores)
{
    json_t *rows = json_array();
    for (uint32_t label = 0; label < scores->classes; label++) {
        json_t *row = json_array();
        for (uint32_t guess = 0; guess < scores->classes; guess++)
            json_array_append_new(
                row, json_integer((json_int_t)scores->confusion[(size_t)label * scores->classes + guess]));
        json_array_append_new(rows, row);
    }
    return rows;
}

enum tuff_status eval_print_json(const struct evaluation_settings *settings,
                                 const struct evaluation *evaluation, const struct tuff_scores *scores)
{
    const struct tuff_metrics *metrics = &evaluation->metrics;
    const struct setup *setup = &evaluation->setup;
    double samples = (double)scores->samples;
    json_t *mean = json_pack("{s:o, s:o, s:o}", "precision", json_number(scores->precision), "recall",
                             json_number(scores->recall), "f1", json_number(scores->f1));
    json_t *all = json_pack(
        "{s:s, s:s, s:o, s:o, s:s, s:s, s:o, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "tuff",
        TUFF_VERSION, "model", tuff_model_name(setup->model), "checkpoint", json_name(settings->checkpoint),
        "data", json_name(settings->data.name), "split", evaluation_split_name(settings), "backend",
        tuff_target_backend(setup->target), "device", json_name(tuff_target_info(setup->target)->name),
        "samples", (json_int_t)scores->samples, "correct", (json_int_t)metrics->correct, "unguessed",
        (json_int_t)scores->unguessed, "loss", json_number(metrics->loss), "accuracy",
        json_number((double)metrics->correct / samples), "top5_accuracy",
        scores->classes > 5 ? json_number((double)scores->top5 / samples) : json_null(), "seconds",
        json_number(metrics->seconds), "mean", mean, "classes",
        classes_json(scores, setup->test->class_names), "confusion", confusion_json(scores));
    return json_print(all);
}

enum tuff_status eval_write_csv(const char *path, const struct tuff_scores *scores, const char *const *names)
{
    struct csv csv;
    enum tuff_status status = csv_open(&csv, path);
    if (status != TUFF_OK)
        return status;
    static const char *const columns[] = {"class",     "samples", "guessed", "correct",
                                          "precision", "recall",  "f1"};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        csv_text(&csv, columns[i]);
    for (uint32_t c = 0; c < scores->classes; c++) {
        char heading[512];
        snprintf(heading, sizeof heading, "guess %s", names[c]);
        csv_text(&csv, heading);
    }
    csv_end_line(&csv);
    for (uint32_t c = 0; c < scores->classes; c++) {
        const struct tuff_class_score *score = &scores->per_class[c];
        csv_text(&csv, names[c]);
        csv_count(&csv, score->support);
        csv_count(&csv, score->guessed);
        csv_count(&csv, score->correct);
        csv_real(&csv, score->precision);
        csv_real(&csv, score->recall);
        csv_real(&csv, score->f1);
        for (uint32_t guess = 0; guess < scores->classes; guess++)
            csv_count(&csv, scores->confusion[(size_t)c * scores->classes + guess]);
        csv_end_line(&csv);
    }
    return csv_close(&csv);
}
