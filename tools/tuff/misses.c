// tuff misses: which images a checkpoint takes for something else.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "console.h"
#include "csv.h"
#include "evaluation.h"
#include "format.h"
#include "names.h"
#include "picture.h"
#include "tuff/report.h"

enum { LISTED = 20, DRAWN = 40, NAME_COLUMNS = 24 };

struct misses_settings {
    struct evaluation_settings evaluation;
    uint32_t limit; // 0: not given
    const char *csv, *out, *style_name;
    enum picture_style style;
    bool show;
};

static uint32_t how_many(const struct misses_settings *settings, const struct tuff_misses *misses,
                         uint32_t usual)
{
    uint32_t limit = settings->limit != 0 ? settings->limit : usual;
    return misses->count < limit ? misses->count : limit;
}

static struct text probability(double value)
{
    struct text text = {"-"};
    if (value >= 0)
        snprintf(text.s, sizeof text.s, "%.2f%%", 100 * value);
    return text;
}

static void print_list(const struct tuff_misses *misses, uint32_t count, const char *const *names)
{
    int width = 5;
    for (uint32_t i = 0; i < count; i++) {
        int label = (int)tuff_columns(name_shown(names, misses->items[i].label, NAME_COLUMNS).s),
            guess = (int)tuff_columns(name_shown(names, misses->items[i].guess, NAME_COLUMNS).s);
        width = label > width ? label : width;
        width = guess > width ? guess : width;
    }
    if (count > 0)
        console_print("%10s  %-*s  %-*s  %10s  %10s\n", "index", width, "label", width, "guess", "confidence",
                      "label's");
    for (uint32_t i = 0; i < count; i++) {
        const struct tuff_miss *miss = &misses->items[i];
        console_print("%10" PRIu32 "  %s  %s  %10s  %10s\n", miss->index,
                      name_padded(name_shown(names, miss->label, NAME_COLUMNS).s, (unsigned)width, false).s,
                      name_padded(name_shown(names, miss->guess, NAME_COLUMNS).s, (unsigned)width, false).s,
                      probability(miss->confidence).s, probability(miss->label_probability).s);
    }
}

static enum tuff_status write_csv(const char *path, const struct tuff_misses *misses, uint32_t count,
                                  const char *const *names)
{
    static const char *const columns[] = {"index",      "label",      "label_name",       "guess",
                                          "guess_name", "confidence", "label_probability"};
    struct csv csv;
    enum tuff_status status = csv_open(&csv, path);
    if (status != TUFF_OK)
        return status;
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        csv_text(&csv, columns[i]);
    csv_end_line(&csv);
    for (uint32_t i = 0; i < count; i++) {
        const struct tuff_miss *miss = &misses->items[i];
        csv_count(&csv, miss->index);
        csv_count(&csv, miss->label);
        csv_text(&csv, names[miss->label]);
        if (miss->guess == TUFF_NO_GUESS)
            csv_text(&csv, "");
        else
            csv_count(&csv, miss->guess);
        csv_text(&csv, miss->guess == TUFF_NO_GUESS ? "" : names[miss->guess]);
        csv_real(&csv, miss->confidence);
        csv_real(&csv, miss->label_probability);
        csv_end_line(&csv);
    }
    return csv_close(&csv);
}

// -- Pictures

struct words {
    char caption[400], note[64];
};

static enum tuff_status draw(const struct misses_settings *settings, const struct evaluation *evaluation,
                             const struct tuff_misses *misses, uint32_t count, bool file)
{
    const struct tuff_dataset *set = evaluation->setup.test;
    const struct picture_shape shape = {set->channels, set->height, set->width};
    struct tuff_log log = console_log();
    struct tuff_picture *drawn = calloc(count, sizeof *drawn);
    struct picture *shown = calloc(count, sizeof *shown);
    struct words *words = calloc(count, sizeof *words);
    enum tuff_status status = TUFF_OK;
    if (drawn == NULL || shown == NULL || words == NULL) {
        console_error("out of memory");
        status = TUFF_ERROR_MEMORY;
    }
    for (uint32_t i = 0; status == TUFF_OK && i < count; i++) {
        const struct tuff_miss *miss = &misses->items[i];
        const uint8_t *pixels = set->images + (size_t)miss->index * set->channels * set->height * set->width;
        snprintf(words[i].caption, sizeof words[i].caption, "%s %s %s",
                 name_shown(set->class_names, miss->label, NAME_COLUMNS).s, file ? "\xE2\x86\x92" : "->",
                 name_shown(set->class_names, miss->guess, NAME_COLUMNS).s);
        snprintf(words[i].note, sizeof words[i].note, "%s  #%" PRIu32, probability(miss->confidence).s,
                 miss->index);
        drawn[i] = (struct tuff_picture){pixels, words[i].caption, words[i].note};
        shown[i] = (struct picture){pixels, words[i].caption};
    }
    if (status == TUFF_OK && !file) {
        console_print("\n");
        picture_print(settings->style, &shape, shown, count, 0);
    } else if (status == TUFF_OK) {
        char title[256];
        snprintf(title, sizeof title, "Misses of %s on %s %s", tuff_model_name(evaluation->setup.model),
                 set->name, evaluation_split_name(&settings->evaluation));
        struct tuff_figure_options options = {.size = sizeof options, .title = title};
        status = tuff_pictures_write(&log, settings->out, drawn, count, set->channels, set->height,
                                     set->width, 0, &options);
        if (status == TUFF_OK)
            console_note("wrote %s", settings->out);
    }
    free(words);
    free(shown);
    free(drawn);
    return status;
}

static enum tuff_status show(const struct misses_settings *settings, const struct evaluation *evaluation,
                             const struct tuff_misses *misses)
{
    const struct tuff_dataset *set = evaluation->setup.test;
    uint32_t listed = how_many(settings, misses, LISTED), drawn = how_many(settings, misses, DRAWN);
    enum tuff_status status = TUFF_OK;
    if (csv_has_stdout(settings->csv))
        listed = 0;
    else
        console_print("%s of %s images of %s %s are misses%s\n", format_count(misses->count).s,
                      format_count(set->count).s, set->name, evaluation_split_name(&settings->evaluation),
                      listed < misses->count ? "; the most confident:"
                      : listed > 0           ? ":"
                                             : "");
    print_list(misses, listed, set->class_names);
    if (settings->show && listed > 0)
        status = draw(settings, evaluation, misses, listed, false);
    if (status == TUFF_OK && settings->csv != NULL)
        status = write_csv(settings->csv, misses, how_many(settings, misses, UINT32_MAX), set->class_names);
    if (status == TUFF_OK && settings->out != NULL && misses->count == 0)
        console_warning("no picture was written: there is no miss");
    else if (status == TUFF_OK && settings->out != NULL)
        status = draw(settings, evaluation, misses, drawn, true);
    return status;
}

static enum tuff_status run_misses(struct misses_settings *settings, const char *operand)
{
    struct tuff_log log = console_log();
    struct evaluation evaluation;
    struct tuff_misses *misses = NULL;
    settings->evaluation.silent = csv_has_stdout(settings->csv);
    enum tuff_status status = evaluation_open(&settings->evaluation, operand, &evaluation);
    const struct tuff_dataset *set = evaluation.setup.test;
    if (status == TUFF_OK)
        status = evaluation_run(&settings->evaluation, &evaluation, set);
    if (status == TUFF_OK)
        status = tuff_misses_create(&log, evaluation.logits, set->labels, set->count, set->classes, &misses);
    if (status == TUFF_OK)
        status = show(settings, &evaluation, misses);
    tuff_misses_destroy(&misses);
    evaluation_close(&evaluation);
    return status;
}

int command_misses(int argc, char **argv)
{
    struct misses_settings s = {.evaluation = EVALUATION_DEFAULTS, .style_name = "auto"};
    struct verbosity verbosity = {.quiet = false};
    const struct option options[] = {
        {"limit", '\0', OPTION_COUNT, &s.limit, "N", "so many; else 20 listed, 40 drawn, all in a table"},
        {"out", 'o', OPTION_TEXT, &s.out, "FILE", "draw them: .png or .svg"},
        {"csv", '\0', OPTION_TEXT, &s.csv, "FILE", "write a table"},
        {"show", '\0', OPTION_FLAG, &s.show, NULL, "show them on the terminal"},
        {"style", '\0', OPTION_TEXT, &s.style_name, "NAME", PICTURE_STYLES},
        EVALUATION_OPTIONS(s.evaluation),
        TARGET_OPTIONS(s.evaluation.target),
        VERBOSITY_OPTIONS(verbosity),
    };
    const struct usage usage = {
        .command = "misses",
        .operand = "CHECKPOINT",
        .purpose = "Lists the images that a checkpoint takes for another class than their label:\n"
                   "index, label, guess and the probability of both, the most confident first.\n"
                   "CHECKPOINT is a safetensors file or the folder of a run.\n",
        .examples = "  tuff misses runs/lenet-mnist-digits-2025-01-31-1 --show\n"
                    "  tuff misses runs/lenet-mnist-digits-2025-01-31-1 --out misses.png --limit 100\n",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    const char *operand;
    enum options_result parsed = options_parse(&usage, argc, argv, &operand);
    if (parsed != OPTIONS_READY)
        return parsed == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    if (!picture_name_fits("misses", "out", s.out) || !picture_style_named("misses", s.style_name, &s.style))
        return EXIT_USAGE;
    console_setup(verbosity.verbose, verbosity.quiet);
    return console_exit_status(run_misses(&s, operand));
}
