#include "options.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "console.h"
#include "help.h"

enum { NAME_BYTES = 64, LIST_BYTES = 512 };

static struct {
    options_describe_fn describe;
    void *user;
} describing;

void options_describe(options_describe_fn describe, void *user)
{
    describing.describe = describe;
    describing.user = user;
}

bool options_described(void)
{
    return describing.describe != NULL;
}

// Help was asked for, and has been given.
static bool give_help(const struct usage *usage, int argc, char **argv)
{
    bool help = false, all = false;
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        help = help || strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0;
        all = all || strcmp(argv[i], "--help-all") == 0;
    }
    if (!help && !all)
        return false;
    if (describing.describe != NULL)
        describing.describe(describing.user, usage);
    else
        help_print(usage, all);
    return true;
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
    double value = 0;
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

static bool set_choice(const struct usage *usage, const struct option *option, const char *text)
{
    struct option_choice *choice = option->value;
    char list[LIST_BYTES] = "";
    for (size_t i = 0, used = 0; i < choice->count; i++) {
        if (strcmp(choice->names[i], text) == 0) {
            choice->chosen = i;
            return true;
        }
        const char *between = i == 0 ? "" : i + 1 < choice->count ? ", " : " or ";
        if (used < sizeof list)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s'%s'", between, choice->names[i]);
    }
    const char *nearest = tuff_suggest(text, choice->names, choice->count);
    console_error("%s: --%s: expected %s, found '%s'%s%s%s", usage->command, option->name, list, text,
                  nearest == NULL ? "" : "; did you mean '", nearest == NULL ? "" : nearest,
                  nearest == NULL ? "" : "'?");
    return false;
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
    case OPTION_CHOICE:
        return set_choice(usage, option, text);
    case OPTION_GROUP:
    case OPTION_RARE:
        break;
    }
    return false;
}

// -- Parsing

static bool is_option(const struct option *option)
{
    return option->kind != OPTION_GROUP && option->kind != OPTION_RARE;
}

static const struct option *find_name(const struct usage *usage, const char *name, size_t length)
{
    for (size_t i = 0; i < usage->option_count; i++)
        if (is_option(&usage->options[i]) && strlen(usage->options[i].name) == length &&
            strncmp(usage->options[i].name, name, length) == 0)
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

static bool unknown_option(const struct usage *usage, const char *argument, const char *name, size_t length)
{
    const char *names[128] = {"help", "help-all"};
    char word[NAME_BYTES] = "";
    size_t count = 2;
    for (size_t i = 0; i < usage->option_count && count < sizeof names / sizeof *names; i++)
        if (is_option(&usage->options[i]))
            names[count++] = usage->options[i].name;
    if (length < sizeof word)
        memcpy(word, name, length);
    const char *nearest = tuff_suggest(word, names, count);
    if (nearest == NULL)
        console_error("%s: unknown option '%s' (see tuff %s --help)", usage->command, argument,
                      usage->command);
    else
        console_error("%s: unknown option '%s'; did you mean '--%s'?", usage->command, argument, nearest);
    return false;
}

// Takes the value that came with the option, or else argv[*i + 1].
static bool take_value(const struct usage *usage, const struct option *option, const char *value, int argc,
                       char **argv, int *i)
{
    if (value == NULL && *i + 1 == argc) {
        console_error("%s: --%s needs a value: --%s %s", usage->command, option->name, option->name,
                      option->placeholder);
        return false;
    }
    return set_value(usage, option, value == NULL ? argv[++*i] : value);
}

static bool parse_long(const struct usage *usage, int argc, char **argv, int *i)
{
    const char *name = argv[*i] + 2;
    size_t length = strcspn(name, "=");
    const char *value = name[length] == '=' ? name + length + 1 : NULL;
    const struct option *option = find_name(usage, name, length);
    if (option == NULL)
        return unknown_option(usage, argv[*i], name, length);
    if (option->kind != OPTION_FLAG)
        return take_value(usage, option, value, argc, argv, i);
    if (value == NULL)
        return set_value(usage, option, NULL);
    console_error("%s: --%s takes no value, found '%s'", usage->command, option->name, value);
    return false;
}

// Letters of flags, and one that takes a value as the last.
static bool parse_short(const struct usage *usage, int argc, char **argv, int *i)
{
    const char *argument = argv[*i];
    size_t length = strcspn(argument + 1, "=");
    // -batch is more likely --batch than -b with the value "atch".
    if (length > 1 && find_name(usage, argument + 1, length) != NULL)
        return unknown_option(usage, argument, argument + 1, length);
    for (const char *letter = argument + 1; *letter != '\0'; letter++) {
        const struct option *option = find_letter(usage, *letter);
        if (option == NULL) {
            char shown[] = {'-', *letter, '\0'};
            console_error("%s: unknown option '%s'%s%s%s (see tuff %s --help)", usage->command, shown,
                          argument[2] == '\0' ? "" : " in '", argument[2] == '\0' ? "" : argument,
                          argument[2] == '\0' ? "" : "'", usage->command);
            return false;
        }
        if (option->kind != OPTION_FLAG)
            return take_value(usage, option, letter[1] == '\0' ? NULL : letter + 1, argc, argv, i);
        if (!set_value(usage, option, NULL))
            return false;
    }
    return true;
}

// -- Operands

// The word of the usage that comes first from *rest on, which moves on; its length is 0 at the end.
static size_t next_word(const char **rest, const char **word)
{
    *word = *rest + strspn(*rest, " ");
    size_t length = strcspn(*word, " ");
    *rest = *word + length;
    return length;
}

static bool has_list(const char *operand)
{
    return operand != NULL && strstr(operand, "...") != NULL;
}

static size_t count_words(const char *operand)
{
    const char *rest = operand, *word;
    size_t count = 0;
    while (operand != NULL && next_word(&rest, &word) > 0)
        count++;
    return count;
}

// An operand that must be there is not, or one is empty.
static bool operand_missing(const struct usage *usage, const struct operands *operands)
{
    const char *rest = usage->operand, *word;
    size_t taken = 0, length;
    while (usage->operand != NULL && (length = next_word(&rest, &word)) > 0) {
        size_t end = memchr(word, '.', length) != NULL ? operands->count : taken + 1;
        bool missing = operands->count <= taken && word[0] != '[';
        for (; taken < end && taken < operands->count; taken++)
            missing = missing || operands->items[taken][0] == '\0';
        if (missing) {
            word += word[0] == '[';
            console_error("%s: %.*s is missing (see tuff %s --help)", usage->command,
                          (int)strcspn(word, ".] "), word, usage->command);
            return true;
        }
    }
    return false;
}

enum options_result options_parse_operands(const struct usage *usage, int argc, char **argv,
                                           struct operands *operands)
{
    size_t most = has_list(usage->operand) ? SIZE_MAX : count_words(usage->operand);
    bool options_ended = false;
    *operands = (struct operands){.items = argv + 1};
    if (give_help(usage, argc, argv))
        return OPTIONS_HELP;
    for (int i = 1; i < argc; i++) {
        if (!options_ended && strcmp(argv[i], "--") == 0) {
            options_ended = true;
        } else if (!options_ended && argv[i][0] == '-' && argv[i][1] != '\0') {
            if (argv[i][1] == '-' ? !parse_long(usage, argc, argv, &i) : !parse_short(usage, argc, argv, &i))
                return OPTIONS_WRONG;
        } else if (operands->count == most) {
            console_error("%s: unexpected argument '%s' (see tuff %s --help)", usage->command, argv[i],
                          usage->command);
            return OPTIONS_WRONG;
        } else {
            operands->items[operands->count++] = argv[i]; // over what has been read already
        }
    }
    return operand_missing(usage, operands) ? OPTIONS_WRONG : OPTIONS_READY;
}

enum options_result options_parse(const struct usage *usage, int argc, char **argv, const char **operand)
{
    struct operands operands;
    enum options_result result = options_parse_operands(usage, argc, argv, &operands);
    *operand = result == OPTIONS_READY && operands.count > 0 ? operands.items[0] : NULL;
    return result;
}

// Whether the argument, which begins with a dash, gives the option: by its name, or among its letters.
static bool gives(const struct usage *usage, const char *argument, const struct option *option)
{
    if (argument[1] == '-')
        return find_name(usage, argument + 2, strcspn(argument + 2, "=")) == option;
    for (const char *letter = argument + 1; *letter != '\0'; letter++) {
        const struct option *found = find_letter(usage, *letter);
        if (found == option || found == NULL || found->kind != OPTION_FLAG)
            return found == option;
    }
    return false;
}

// The option of an argument which takes a value: that of its name, or the last of its letters; NULL: none.
// *value: what the argument has of it; NULL: it is the next one.
static const struct option *find_valued(const struct usage *usage, const char *argument, const char **value)
{
    const struct option *option = NULL;
    if (argument[1] == '-') {
        const size_t length = strcspn(argument + 2, "=");
        option = find_name(usage, argument + 2, length);
        *value = argument[2 + length] == '=' ? argument + 2 + length + 1 : NULL;
        return option != NULL && option->kind != OPTION_FLAG ? option : NULL;
    }
    for (const char *letter = argument + 1; *letter != '\0'; letter++) {
        option = find_letter(usage, *letter);
        *value = letter[1] == '\0' ? NULL : letter + 1;
        if (option == NULL || option->kind != OPTION_FLAG)
            return option;
    }
    return NULL;
}

const char *options_find(const struct usage *usage, int argc, char **argv, const char *name)
{
    const char *found = NULL;
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        const char *value = NULL;
        const struct option *option = argv[i][0] == '-' ? find_valued(usage, argv[i], &value) : NULL;
        if (option == NULL)
            continue;
        if (value == NULL && i + 1 < argc)
            value = argv[++i];
        if (strcmp(option->name, name) == 0)
            found = value;
    }
    return found;
}

static bool is_given(const struct usage *usage, int argc, char **argv, const struct option *option)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        const char *value = NULL;
        if (argv[i][0] != '-')
            continue;
        if (gives(usage, argv[i], option))
            return true;
        if (find_valued(usage, argv[i], &value) != NULL && value == NULL)
            i++;
    }
    return false;
}

const char *options_first_given(const struct usage *usage, int argc, char **argv, const char *const *names)
{
    for (; *names != NULL; names++)
        if (is_given(usage, argc, argv, find_name(usage, *names, strlen(*names))))
            return *names;
    return NULL;
}
