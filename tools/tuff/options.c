#include "options.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "console.h"

enum { HELP_COLUMN = 24, NAME_BYTES = 64 };

// -- Help

static void default_text(const struct option *option, char *text, size_t size)
{
    text[0] = '\0';
    switch (option->kind) {
    case OPTION_FLAG:
    case OPTION_LIST:
        break;
    case OPTION_TEXT:
        if (*(const char **)option->value != NULL)
            snprintf(text, size, " [%s]", *(const char **)option->value);
        break;
    case OPTION_COUNT:
        if (*(uint32_t *)option->value != 0)
            snprintf(text, size, " [%" PRIu32 "]", *(uint32_t *)option->value);
        break;
    case OPTION_SEED:
        snprintf(text, size, " [%" PRIu64 "]", *(uint64_t *)option->value);
        break;
    case OPTION_POSITIVE:
    case OPTION_AMOUNT:
    case OPTION_FRACTION:
        if (!isnan(*(double *)option->value))
            snprintf(text, size, " [%g]", *(double *)option->value);
        break;
    }
}

static void print_option(char letter, const char *name, const char *placeholder, const char *help,
                         const char *preset)
{
    char left[NAME_BYTES], dash[8] = "    ";
    if (letter != '\0')
        snprintf(dash, sizeof dash, "-%c, ", letter);
    snprintf(left, sizeof left, "  %s--%s%s%s", dash, name, placeholder == NULL ? "" : " ",
             placeholder == NULL ? "" : placeholder);
    console_print("%-*s %s%s\n", HELP_COLUMN, left, help, preset);
}

static void print_help(const struct usage *usage)
{
    console_print("Usage: tuff %s [options]%s%s\n%s\n", usage->command, usage->operand == NULL ? "" : " ",
                  usage->operand == NULL ? "" : usage->operand, usage->purpose);
    for (size_t i = 0; i < usage->option_count; i++) {
        char preset[NAME_BYTES];
        default_text(&usage->options[i], preset, sizeof preset);
        print_option(usage->options[i].letter, usage->options[i].name, usage->options[i].placeholder,
                     usage->options[i].help, preset);
    }
    print_option('h', "help", NULL, "show this", "");
    console_print("\nExamples:\n%s", usage->examples);
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

// -- Values

// Digits only: strtoull takes signs and blanks as well.
static bool read_whole(const char *text, uint64_t low, uint64_t high, uint64_t *value)
{
    char *end;
    if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0')
        return false;
    errno = 0;
    unsigned long long read = strtoull(text, &end, 10);
    *value = read;
    return errno == 0 && *value >= low && *value <= high;
}

// Decimal notation only: strtod takes hexadecimal, infinity and NaN as well.
static bool read_real(const char *text, double *value)
{
    char *end;
    if (text[0] == '\0' || text[strspn(text, "0123456789.eE+-")] != '\0')
        return false;
    *value = strtod(text, &end);
    return *end == '\0' && isfinite(*value);
}

static bool wrong_value(const struct usage *usage, const struct option *option, const char *expected,
                        const char *text)
{
    console_error("%s: --%s: expected %s, found '%s'", usage->command, option->name, expected, text);
    return false;
}

static bool set_real(const struct usage *usage, const struct option *option, const char *text)
{
    double value;
    bool number = read_real(text, &value);
    if (option->kind == OPTION_POSITIVE && !(number && value > 0))
        return wrong_value(usage, option, "a number above 0", text);
    if (option->kind == OPTION_AMOUNT && !(number && value >= 0))
        return wrong_value(usage, option, "a number of at least 0", text);
    if (option->kind == OPTION_FRACTION && !(number && value >= 0 && value < 1))
        return wrong_value(usage, option, "a number from 0 to below 1", text);
    *(double *)option->value = value;
    return true;
}

// text: NULL for flags.
static bool set_value(const struct usage *usage, const struct option *option, const char *text)
{
    uint64_t whole;
    struct option_list *list = option->value;
    switch (option->kind) {
    case OPTION_FLAG:
        *(bool *)option->value = true;
        return true;
    case OPTION_TEXT:
        if (text[0] == '\0')
            return wrong_value(usage, option, "a text", text);
        *(const char **)option->value = text;
        return true;
    case OPTION_LIST:
        if (list->count == OPTION_LIST_MAX) {
            console_error("%s: --%s: at most %d of them", usage->command, option->name, OPTION_LIST_MAX);
            return false;
        }
        list->items[list->count++] = text;
        return true;
    case OPTION_COUNT:
        if (!read_whole(text, 1, UINT32_MAX, &whole))
            return wrong_value(usage, option, "a whole number from 1 to 4294967295", text);
        *(uint32_t *)option->value = (uint32_t)whole;
        return true;
    case OPTION_SEED:
        if (!read_whole(text, 0, UINT64_MAX, &whole))
            return wrong_value(usage, option, "a whole number from 0 to 18446744073709551615", text);
        *(uint64_t *)option->value = whole;
        return true;
    case OPTION_POSITIVE:
    case OPTION_AMOUNT:
    case OPTION_FRACTION:
        return set_real(usage, option, text);
    }
    return false;
}

// -- Parsing

static const struct option *find_name(const struct usage *usage, const char *name, size_t length)
{
    for (size_t i = 0; i < usage->option_count; i++)
        if (strlen(usage->options[i].name) == length && strncmp(usage->options[i].name, name, length) == 0)
            return &usage->options[i];
    return NULL;
}

static const struct option *find_letter(const struct usage *usage, char letter)
{
    for (size_t i = 0; i < usage->option_count; i++)
        if (letter != '\0' && usage->options[i].letter == letter)
            return &usage->options[i];
    return NULL;
}

static void unknown_option(const struct usage *usage, const char *argument, const char *name, size_t length)
{
    const char *names[64];
    char word[NAME_BYTES] = "";
    size_t count = 0;
    for (size_t i = 0; i < usage->option_count && count < sizeof names / sizeof *names; i++)
        names[count++] = usage->options[i].name;
    if (length < sizeof word)
        memcpy(word, name, length);
    const char *nearest = tuff_suggest(word, names, count);
    if (nearest == NULL)
        console_error("%s: unknown option '%s' (see tuff %s --help)", usage->command, argument,
                      usage->command);
    else
        console_error("%s: unknown option '%s'; did you mean '--%s'?", usage->command, argument, nearest);
}

// Takes argv[*i], and the argument after it where that is its value.
static bool parse_option(const struct usage *usage, int argc, char **argv, int *i)
{
    const char *argument = argv[*i], *value = NULL;
    const struct option *option;
    if (argument[1] == '-') {
        const char *name = argument + 2;
        size_t length = strcspn(name, "=");
        option = find_name(usage, name, length);
        if (name[length] == '=')
            value = name + length + 1;
        if (option == NULL) {
            unknown_option(usage, argument, name, length);
            return false;
        }
    } else {
        option = find_letter(usage, argument[1]);
        if (option == NULL) {
            console_error("%s: unknown option '%s' (see tuff %s --help)", usage->command, argument,
                          usage->command);
            return false;
        }
        if (argument[2] != '\0')
            value = argument + 2;
    }
    if (option->kind == OPTION_FLAG) {
        if (value == NULL)
            return set_value(usage, option, NULL);
        console_error("%s: --%s takes no value, found '%s'", usage->command, option->name, value);
        return false;
    }
    if (value == NULL && *i + 1 == argc) {
        console_error("%s: --%s needs a value: --%s %s", usage->command, option->name, option->name,
                      option->placeholder);
        return false;
    }
    return set_value(usage, option, value == NULL ? argv[++*i] : value);
}

enum options_result options_parse(const struct usage *usage, int argc, char **argv, const char **operand)
{
    bool options_ended = false;
    *operand = NULL;
    if (asks_for_help(argc, argv)) {
        print_help(usage);
        return OPTIONS_HELP;
    }
    for (int i = 1; i < argc; i++) {
        if (!options_ended && strcmp(argv[i], "--") == 0) {
            options_ended = true;
        } else if (!options_ended && argv[i][0] == '-' && argv[i][1] != '\0') {
            if (!parse_option(usage, argc, argv, &i))
                return OPTIONS_WRONG;
        } else if (usage->operand == NULL || *operand != NULL) {
            console_error("%s: unexpected argument '%s' (see tuff %s --help)", usage->command, argv[i],
                          usage->command);
            return OPTIONS_WRONG;
        } else {
            *operand = argv[i];
        }
    }
    if (usage->operand != NULL && (*operand == NULL || (*operand)[0] == '\0')) {
        console_error("%s: %s is missing (see tuff %s --help)", usage->command, usage->operand,
                      usage->command);
        return OPTIONS_WRONG;
    }
    return OPTIONS_READY;
}
