#include "help.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"

enum {
    SCREEN_COLUMNS = 80,
    SCREEN_LINES = 45,
    LEFT_LEAST = 24,
    LEFT_MOST = 32,
    NAME_BYTES = 64,
    TEXT_BYTES = 512
};

const struct help_row help_exit_statuses[] = {
    {"0", "success"},
    {"1", "failure: a file, a device, a model or a data set is not there, is broken, or does not fit; a "
          "check failed; "
          "output could not be written"},
    {"2", "wrong usage: an unknown command or option, a value that cannot be"},
    {"130", "ended by Ctrl+C; 128 + n: ended by signal n"},
    {NULL, NULL},
};

const struct help_row help_environment[] = {
    {"TUFF_DATA", "folder with the data sets' files"},
    {"TUFF_PLUGIN_PATH", "folders with further backends, absolute, separated by colons"},
    {"XDG_CACHE_HOME", "caches and fetched data are in its folder tuff; else in ~/.cache"},
    {"NO_COLOR", "not empty: no colours; nor are there any where TERM is dumb or unset"},
    {NULL, NULL},
};

const char help_overview_purpose[] = "Trains convolutional networks on any Vulkan GPU, or on the CPU.\n";
const char help_overview_examples[] =
    "  tuff train lenet-mnist             train on digits that tuff draws itself\n"
    "  tuff train lenet-mnist -D mnist -b vulkan -e 5\n"
    "  tuff eval runs/lenet-mnist-digits-2025-01-31-1\n";

// -- Texts

void help_option_name(const struct option *option, char *text, size_t size)
{
    snprintf(text, size, "--%s%s%s", option->name, option->placeholder == NULL ? "" : " ",
             option->placeholder == NULL ? "" : option->placeholder);
}

void help_option_default(const struct option *option, char *text, size_t size)
{
    const struct option_choice *choice = option->value;
    text[0] = '\0';
    switch (option->kind) {
    case OPTION_FLAG:
    case OPTION_LIST:
    case OPTION_GROUP:
    case OPTION_RARE:
        break;
    case OPTION_TEXT:
        if (*(const char **)option->value != NULL)
            snprintf(text, size, "%s", *(const char **)option->value);
        break;
    case OPTION_CHOICE:
        if (choice->chosen < choice->count)
            snprintf(text, size, "%s", choice->names[choice->chosen]);
        break;
    case OPTION_COUNT:
        if (*(uint32_t *)option->value != 0)
            snprintf(text, size, "%" PRIu32, *(uint32_t *)option->value);
        break;
    case OPTION_SEED:
        snprintf(text, size, "%" PRIu64, *(uint64_t *)option->value);
        break;
    case OPTION_POSITIVE:
    case OPTION_AMOUNT:
    case OPTION_FRACTION:
        if (!isnan(*(double *)option->value)) // which stands for what another option decides
            snprintf(text, size, "%g", *(double *)option->value);
        break;
    }
}

void help_option_text(const struct option *option, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "%s", option->help);
    const struct option_choice *choice = option->value;
    for (size_t i = 0; option->kind == OPTION_CHOICE && i < choice->count && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i == 0 ? ": " : ", ", choice->names[i]);
}

// -- Layout

// Writes text from column `column` on, where the line is by now at `at`; wrapped at blanks, with a newline at
// the end.
static void write_wrapped(FILE *out, const char *text, size_t at, size_t column)
{
    bool first = true;
    for (text += strspn(text, " "); *text != '\0'; text += strspn(text, " ")) {
        size_t length = strcspn(text, " ");
        if (!first && at + 1 + length > SCREEN_COLUMNS) {
            fprintf(out, "\n%*s", (int)column, "");
            at = column;
            first = true;
        }
        fprintf(out, "%s%.*s", first ? "" : " ", (int)length, text);
        at += length + !first;
        first = false;
        text += length;
    }
    fputc('\n', out);
}

// A name on the left and a text beside it, or below it where the name is too long.
static void write_row(FILE *out, const char *left, const char *text, size_t column)
{
    size_t length = strlen(left);
    if (length + 1 > column)
        fprintf(out, "%s\n%*s", left, (int)column, "");
    else
        fprintf(out, "%-*s", (int)column, left);
    write_wrapped(out, text, column, column);
}

void help_write_rows(FILE *out, const struct help_row *rows, unsigned column)
{
    for (; rows->name != NULL; rows++) {
        char left[NAME_BYTES];
        snprintf(left, sizeof left, "  %s", rows->name);
        write_row(out, left, rows->text, column);
    }
}

// -- A command's help

struct layout {
    const struct usage *usage;
    bool rare;       // show rare options
    size_t column;   // where the texts begin
    size_t left_out; // options that are not shown
};

static void option_left(char *left, size_t size, char letter, const char *name)
{
    char dash[8] = "    ";
    if (letter != '\0')
        snprintf(dash, sizeof dash, "-%c, ", letter);
    snprintf(left, size, "  %s%s", dash, name);
}

static size_t find_column(const struct usage *usage)
{
    size_t column = LEFT_LEAST;
    for (size_t i = 0; i < usage->option_count; i++) {
        char name[NAME_BYTES], left[NAME_BYTES + 8];
        if (usage->options[i].kind == OPTION_GROUP || usage->options[i].kind == OPTION_RARE)
            continue;
        help_option_name(&usage->options[i], name, sizeof name);
        option_left(left, sizeof left, '\0', name);
        if (strlen(left) + 2 > column && strlen(left) + 2 <= LEFT_MOST)
            column = strlen(left) + 2;
    }
    return column;
}

static void write_option(FILE *out, const struct layout *layout, const struct option *option)
{
    char name[NAME_BYTES], left[NAME_BYTES + 8], preset[NAME_BYTES], text[TEXT_BYTES];
    help_option_name(option, name, sizeof name);
    option_left(left, sizeof left, option->letter, name);
    help_option_default(option, preset, sizeof preset);
    help_option_text(option, text, sizeof text);
    size_t used = strlen(text);
    if (preset[0] != '\0')
        snprintf(text + used, sizeof text - used, " [%s]", preset);
    write_row(out, left, text, layout->column);
}

static bool shows_any(const struct layout *layout, size_t from)
{
    const struct option *options = layout->usage->options;
    for (size_t i = from; i < layout->usage->option_count && options[i].kind != OPTION_GROUP; i++) {
        if (options[i].kind == OPTION_RARE)
            return layout->rare && i + 1 < layout->usage->option_count && options[i + 1].kind != OPTION_GROUP;
        return true;
    }
    return false;
}

static void write_options(FILE *out, struct layout *layout)
{
    const struct usage *usage = layout->usage;
    bool hidden = false;
    layout->left_out = 0;
    if (usage->option_count == 0 || usage->options[0].kind != OPTION_GROUP)
        fputs("\nOptions:\n", out);
    for (size_t i = 0; i < usage->option_count; i++) {
        const struct option *option = &usage->options[i];
        if (option->kind == OPTION_GROUP) {
            hidden = false;
            if (shows_any(layout, i + 1))
                fprintf(out, "\n%s:\n", option->name);
        } else if (option->kind == OPTION_RARE) {
            hidden = !layout->rare;
        } else if (hidden) {
            layout->left_out++;
        } else {
            write_option(out, layout, option);
        }
    }
    write_row(out, "  -h, --help", "show this", layout->column);
    if (layout->left_out > 0) {
        char text[NAME_BYTES];
        snprintf(text, sizeof text, "show %zu more options", layout->left_out);
        write_row(out, "      --help-all", text, layout->column);
    }
}

static void write_help(FILE *out, struct layout *layout)
{
    const struct usage *usage = layout->usage;
    fprintf(out, "Usage: tuff %s [options]%s%s\n%s", usage->command, usage->operand == NULL ? "" : " ",
            usage->operand == NULL ? "" : usage->operand, usage->purpose);
    write_options(out, layout);
    fprintf(out, "\nExamples:\n%s", usage->examples);
    fputs("\nExit status: 0 success, 1 failure, 2 wrong usage, 130 interrupted.\n", out);
}

static size_t count_lines(const char *text)
{
    size_t lines = 0;
    for (; *text != '\0'; text++)
        lines += *text == '\n';
    return lines;
}

// The help as text, for the caller to free; NULL if there is no memory.
static char *help_text(struct layout *layout)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return NULL;
    write_help(out, layout);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

void help_print(const struct usage *usage, bool all)
{
    struct layout layout = {.usage = usage, .rare = true, .column = find_column(usage)};
    char *text = help_text(&layout);
    if (text != NULL && !all && count_lines(text) > SCREEN_LINES) {
        free(text);
        layout.rare = false;
        text = help_text(&layout);
    }
    if (text == NULL)
        console_error("out of memory");
    else
        console_print("%s", text);
    free(text);
}
