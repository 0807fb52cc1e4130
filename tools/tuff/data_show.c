// tuff data show: a data set's images.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "data.h"
#include "evaluation.h"
#include "format.h"
#include "names.h"
#include "picture.h"
#include "tuff/report.h"

enum { COUNT = 16, COUNT_OF_CLASS = 8, NAME_COLUMNS = 24 };

struct show_settings {
    struct data_settings data;
    struct option_choice split;
    const char *classes, *out, *style_name;
    uint64_t index; // the first sample
    uint32_t count; // 0: not given
    uint32_t size;  // of a folder's images; 0: as they are
    enum picture_style style;
};

// The samples to show.
struct choice {
    uint32_t *samples;
    uint32_t count, capacity;
    uint32_t columns; // of a grid in which each class begins a row; 0: as many as fit, in one sequence
};

static void choose(struct choice *choice, uint32_t sample)
{
    if (choice->count < choice->capacity)
        choice->samples[choice->count++] = sample;
}

// -- Which classes

// One of the list's words as a class: its name, or its number.
static enum tuff_status find_class(const struct tuff_dataset *set, const char *word, uint32_t *class)
{
    char *end;
    for (*class = 0; *class < set->classes; ++*class)
        if (strcmp(set->class_names[*class], word) == 0)
            return TUFF_OK;
    errno = 0;
    unsigned long number = strtoul(word, &end, 10);
    if (word[0] >= '0' && word[0] <= '9' && *end == '\0' && errno == 0 && number < set->classes) {
        *class = (uint32_t)number;
        return TUFF_OK;
    }
    console_error("data show: --classes: '%s' is neither a class of %s nor a number below %" PRIu32,
                  name_shown(&word, 0, 60).s, set->name, set->classes);
    return TUFF_ERROR_NOT_FOUND;
}

// The first samples of a class from `index` on.
static void choose_class(const struct show_settings *settings, const struct tuff_dataset *set, uint32_t class,
                         uint32_t count, struct choice *choice)
{
    uint32_t found = 0;
    for (uint32_t n = (uint32_t)settings->index; n < set->count && found < count; n++) {
        if (set->labels[n] == class) {
            choose(choice, n);
            found++;
        }
    }
    if (choice->columns < found)
        choice->columns = found;
}

static enum tuff_status choose_classes(const struct show_settings *settings, const struct tuff_dataset *set,
                                       struct choice *choice)
{
    uint32_t each = settings->count == 0 ? COUNT_OF_CLASS : settings->count;
    enum tuff_status status = TUFF_OK;
    if (strcmp(settings->classes, "all") == 0) {
        for (uint32_t c = 0; c < set->classes; c++)
            choose_class(settings, set, c, each, choice);
        return TUFF_OK;
    }
    char *words = strdup(settings->classes), *rest = words;
    if (words == NULL) {
        console_error("out of memory");
        return TUFF_ERROR_MEMORY;
    }
    for (char *word; status == TUFF_OK && (word = strsep(&rest, ",")) != NULL;) {
        uint32_t class;
        status = find_class(set, word, &class);
        if (status == TUFF_OK)
            choose_class(settings, set, class, each, choice);
    }
    free(words);
    return status;
}

static enum tuff_status choose_samples(const struct show_settings *settings, const struct tuff_dataset *set,
                                       struct choice *choice)
{
    if (settings->index >= set->count) {
        console_error("data show: --index: expected a sample from 0 to %" PRIu32 " of %s %s, found %" PRIu64,
                      set->count - 1, set->name, settings->split.names[settings->split.chosen],
                      settings->index);
        return TUFF_ERROR_INVALID;
    }
    choice->capacity = set->count;
    choice->samples = calloc(set->count, sizeof *choice->samples);
    if (choice->samples == NULL) {
        console_error("out of memory");
        return TUFF_ERROR_MEMORY;
    }
    if (settings->classes != NULL)
        return choose_classes(settings, set, choice);
    uint32_t count = settings->count == 0 ? COUNT : settings->count;
    for (uint64_t n = settings->index; n < set->count && n < settings->index + count; n++)
        choose(choice, (uint32_t)n);
    return TUFF_OK;
}

// -- Showing

struct words {
    char caption[200], note[32];
};

// The place in the grid of sample `i`, if the one before it has the place `before`.
static size_t place_after(const struct tuff_dataset *set, const struct choice *choice, size_t before,
                          uint32_t i)
{
    const uint32_t *sample = choice->samples + i;
    if (choice->columns == 0 || set->labels[sample[0]] == set->labels[sample[-1]])
        return before + 1;
    return before + choice->columns - before % choice->columns;
}

static enum tuff_status show(const struct show_settings *settings, const struct tuff_dataset *set,
                             const struct choice *choice)
{
    const struct picture_shape shape = {set->channels, set->height, set->width};
    struct tuff_log log = console_log();
    size_t places = 1, place = 0;
    for (uint32_t i = 1; i < choice->count; i++)
        places = place_after(set, choice, places - 1, i) + 1;
    struct tuff_picture *drawn = calloc(places, sizeof *drawn);
    struct picture *shown = calloc(places, sizeof *shown);
    struct words *words = calloc(choice->count + 1u, sizeof *words);
    enum tuff_status status = TUFF_OK;
    if (drawn == NULL || shown == NULL || words == NULL) {
        console_error("out of memory");
        status = TUFF_ERROR_MEMORY;
    }
    for (uint32_t i = 0; status == TUFF_OK && i < choice->count; i++) {
        uint32_t n = choice->samples[i];
        place = i == 0 ? 0 : place_after(set, choice, place, i);
        const uint8_t *pixels = set->images + (size_t)n * set->channels * set->height * set->width;
        snprintf(words[i].caption, sizeof words[i].caption, "%s",
                 name_shown(set->class_names, set->labels[n], NAME_COLUMNS).s);
        snprintf(words[i].note, sizeof words[i].note, "#%" PRIu32, n);
        drawn[place] = (struct tuff_picture){pixels, words[i].caption, words[i].note};
        size_t used = strlen(words[i].caption);
        shown[place] = (struct picture){pixels, words[i].caption};
        if (settings->out == NULL && used + 16 < sizeof words[i].caption)
            snprintf(words[i].caption + used, sizeof words[i].caption - used, "  #%" PRIu32, n);
    }
    if (status == TUFF_OK && settings->out == NULL) {
        picture_print(settings->style, &shape, shown, places, choice->columns);
    } else if (status == TUFF_OK) {
        char title[256];
        snprintf(title, sizeof title, "%s %s", set->name, settings->split.names[settings->split.chosen]);
        struct tuff_figure_options options = {.size = sizeof options, .title = title};
        status = tuff_pictures_write(&log, settings->out, drawn, (uint32_t)places, set->channels, set->height,
                                     set->width, choice->columns, &options);
        if (status == TUFF_OK)
            console_note("wrote %s", settings->out);
    }
    free(words);
    free(shown);
    free(drawn);
    return status;
}

static enum tuff_status run_show(const struct show_settings *settings)
{
    struct tuff_dataset *set = NULL;
    struct choice choice = {.samples = NULL};
    enum tuff_status status = setup_load_data(&settings->data, (enum tuff_split)settings->split.chosen, &set);
    if (status == TUFF_OK)
        status = choose_samples(settings, set, &choice);
    if (status == TUFF_OK && choice.count == 0) {
        console_error("data show: no sample of these classes from %" PRIu64 " on", settings->index);
        status = TUFF_ERROR_NOT_FOUND;
    }
    if (status == TUFF_OK) {
        console_print("%s %s: %s images (%" PRIu32 ", %" PRIu32 ", %" PRIu32 "), %s classes\n\n", set->name,
                      settings->split.names[settings->split.chosen], format_count(set->count).s,
                      set->channels, set->height, set->width, format_count(set->classes).s);
        status = show(settings, set, &choice);
    }
    free(choice.samples);
    tuff_dataset_destroy(&set);
    return status;
}

int data_show(int argc, char **argv)
{
    struct show_settings s = {.split = {evaluation_splits, 2, TUFF_SPLIT_TRAIN}, .style_name = "auto"};
    struct verbosity verbosity = {.quiet = false};
    const struct option options[] = {
        {"split", 's', OPTION_CHOICE, &s.split, "NAME", "which part of it"},
        {"index", 'i', OPTION_SEED, &s.index, "N", "the first sample"},
        {"count", 'c', OPTION_COUNT, &s.count, "N", "samples, or samples of each class; else 16 or 8"},
        {"classes", '\0', OPTION_TEXT, &s.classes, "LIST", "a row for each of these classes, or 'all'"},
        {"out", 'o', OPTION_TEXT, &s.out, "FILE", "draw them: .png or .svg"},
        {"style", '\0', OPTION_TEXT, &s.style_name, "NAME", PICTURE_STYLES},
        OPTIONS_GROUP("Data"),
        {"data-dir", '\0', OPTION_TEXT, &s.data.folder, "DIR", "where the files of a set with a name are"},
        {"size", '\0', OPTION_COUNT, &s.size, "N", "scale a folder's images to N x N"},
        {"digits-train", '\0', OPTION_COUNT, &s.data.digits_train, "N",
         "training digits to draw; else 60,000"},
        {"digits-test", '\0', OPTION_COUNT, &s.data.digits_test, "N", "test digits to draw; else 10,000"},
        {"test-fraction", '\0', OPTION_FRACTION, &s.data.test_fraction, "X",
         "part of a folder that has no test split"},
        {"no-cache", '\0', OPTION_FLAG, &s.data.no_cache, NULL, "decode a folder's images anew"},
        {"skip-broken", '\0', OPTION_FLAG, &s.data.skip_broken, NULL, "leave out images that cannot be read"},
        OPTIONS_GROUP("Messages"),
        VERBOSITY_OPTIONS(verbosity),
    };
    const struct usage usage = {
        .command = "data show",
        .operand = "NAME",
        .purpose = "Shows images of a data set with their labels: on the terminal, in colours where\n"
                   "it has them, or in a file. LIST holds names or numbers, separated by commas.\n",
        .examples = "  tuff data show digits\n"
                    "  tuff data show mnist --split test --index 2019 --count 1 --style inverted\n"
                    "  tuff data show mnist --classes 3,5,8 --out look-alike.png\n",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    enum options_result parsed = options_parse(&usage, argc, argv, &s.data.name);
    if (parsed != OPTIONS_READY)
        return parsed == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    if (!picture_name_fits("data show", "out", s.out) ||
        !picture_style_named("data show", s.style_name, &s.style))
        return EXIT_USAGE;
    s.data.input[1] = s.data.input[2] = s.size;
    console_setup(verbosity.verbose, verbosity.quiet);
    return console_exit_status(run_show(&s));
}
