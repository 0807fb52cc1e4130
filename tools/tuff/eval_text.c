#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "eval_output.h"
#include "format.h"
#include "names.h"
#include "terminal.h"

enum {
    TABLE_CLASSES = 40, // more than these are not all shown
    WEAKEST = 20,
    MIX_UPS = 15,
    NAME_COLUMNS = 24,
    HEADING_COLUMNS = 8, // of names above the matrix
};

void eval_print_summary(const struct evaluation_settings *settings, const struct evaluation *evaluation,
                        const struct tuff_scores *scores)
{
    const struct tuff_metrics *metrics = &evaluation->metrics;
    char top5[48] = "", unguessed[64] = "";
    if (scores->classes > 5)
        snprintf(top5, sizeof top5, ", top 5 %.2f%%", 100.0 * (double)scores->top5 / (double)scores->samples);
    if (scores->unguessed != 0)
        snprintf(unguessed, sizeof unguessed, ", %s without a guess (NaN)",
                 format_count(scores->unguessed).s);
    console_print("%s %s: loss %.4f, accuracy %.2f%% (%s of %s images)%s%s, %s\n",
                  evaluation->setup.test->name, evaluation_split_name(settings), metrics->loss,
                  100.0 * (double)metrics->correct / (double)metrics->samples,
                  format_count(metrics->correct).s, format_count(metrics->samples).s, top5, unguessed,
                  format_seconds(metrics->seconds).s);
}

// -- Classes

static struct text percent(double fraction)
{
    struct text text = {"-"};
    if (!isnan(fraction))
        snprintf(text.s, sizeof text.s, "%.2f%%", 100 * fraction);
    return text;
}

static unsigned widest_name(const char *const *names, uint32_t classes)
{
    unsigned widest = (unsigned)strlen("class");
    for (uint32_t c = 0; c < classes; c++) {
        unsigned columns = tuff_columns(name_shown(names, c, NAME_COLUMNS).s);
        widest = columns > widest ? columns : widest;
    }
    return widest;
}

static void print_class(const struct tuff_class_score *score, const char *name, unsigned width)
{
    console_print("%s  %10s  %9s  %9s  %9s\n", name_padded(name, width, false).s,
                  format_count(score->support).s, percent(score->precision).s, percent(score->recall).s,
                  percent(score->f1).s);
}

struct ranked {
    double f1;
    uint32_t class;
};

// The least F1 first; classes that do not occur at all come last.
static int compare_ranked(const void *first, const void *second)
{
    const struct ranked *a = first, *b = second;
    if (isnan(a->f1) != isnan(b->f1))
        return isnan(a->f1) ? 1 : -1;
    if (a->f1 != b->f1 && !isnan(a->f1))
        return a->f1 < b->f1 ? -1 : 1;
    return a->class < b->class ? -1 : a->class > b->class;
}

void eval_print_classes(const struct tuff_scores *scores, const char *const *names)
{
    uint32_t shown = scores->classes <= TABLE_CLASSES ? scores->classes : WEAKEST;
    unsigned width = widest_name(names, scores->classes);
    struct ranked *ranked = malloc(scores->classes * sizeof *ranked);
    if (ranked == NULL)
        return console_error("out of memory");
    for (uint32_t c = 0; c < scores->classes; c++)
        ranked[c] = (struct ranked){scores->per_class[c].f1, c};
    if (shown < scores->classes)
        qsort(ranked, scores->classes, sizeof *ranked, compare_ranked);
    console_print("\n%-*s  %10s  %9s  %9s  %9s\n", (int)width, "class", "samples", "precision", "recall",
                  "F1");
    for (uint32_t i = 0; i < shown; i++) {
        uint32_t c = ranked[i].class;
        print_class(&scores->per_class[c], name_shown(names, c, NAME_COLUMNS).s, width);
    }
    free(ranked);
    struct tuff_class_score mean = {.support = scores->samples,
                                    .precision = scores->precision,
                                    .recall = scores->recall,
                                    .f1 = scores->f1};
    print_class(&mean, "mean", width);
    if (shown < scores->classes)
        console_print("The %" PRIu32 " classes with the least F1 of %" PRIu32
                      "; --csv and --json have all.\n",
                      shown, scores->classes);
}

// -- Confusion

static void print_mix_ups(const struct tuff_scores *scores, const char *const *names)
{
    struct tuff_mix_up mix_ups[MIX_UPS];
    uint32_t count = tuff_scores_mix_ups(scores, mix_ups, MIX_UPS);
    unsigned width = widest_name(names, scores->classes);
    console_print("\nThe matrix of %" PRIu32
                  " classes is wider than the terminal; --csv and --heatmap have all.\n",
                  scores->classes);
    if (count == 0)
        return;
    console_print("Mixed up most:\n%-*s  %-*s  %10s  %s\n", (int)width, "label", (int)width, "guess",
                  "samples", "of the label's");
    for (uint32_t i = 0; i < count; i++)
        console_print("%s  %s  %10s  %9s\n",
                      name_padded(name_shown(names, mix_ups[i].label, NAME_COLUMNS).s, width, false).s,
                      name_padded(name_shown(names, mix_ups[i].guess, NAME_COLUMNS).s, width, false).s,
                      format_count(mix_ups[i].count).s, percent(mix_ups[i].share).s);
}

void eval_print_confusion(const struct tuff_scores *scores, const char *const *names)
{
    uint32_t classes = scores->classes;
    uint64_t greatest = 1;
    unsigned cell = 1, width = widest_name(names, classes);
    for (size_t i = 0; i < (size_t)classes * classes; i++)
        greatest = scores->confusion[i] > greatest ? scores->confusion[i] : greatest;
    cell = (unsigned)snprintf(NULL, 0, "%" PRIu64, greatest);
    for (uint32_t c = 0; c < classes; c++) {
        unsigned columns = tuff_columns(name_shown(names, c, HEADING_COLUMNS).s);
        cell = columns > cell ? columns : cell;
    }
    cell += 2;
    if (width + (uint64_t)cell * classes > terminal_columns()) {
        print_mix_ups(scores, names);
        return;
    }
    console_print("\nLabels down, guesses across:\n%*s", (int)width, "");
    for (uint32_t c = 0; c < classes; c++)
        console_print("%s", name_padded(name_shown(names, c, HEADING_COLUMNS).s, cell, true).s);
    console_print("\n");
    for (uint32_t label = 0; label < classes; label++) {
        console_print("%s", name_padded(name_shown(names, label, NAME_COLUMNS).s, width, false).s);
        for (uint32_t guess = 0; guess < classes; guess++) {
            uint64_t count = scores->confusion[(size_t)label * classes + guess];
            // Zeros would hide the others.
            if (count == 0)
                console_print("%*s", (int)cell, ".");
            else
                console_print("%*" PRIu64, (int)cell, count);
        }
        console_print("\n");
    }
}
