#include <stdio.h>
#include <string.h>

#include "completion.h"

enum { NAME_BYTES = 64 };

// The name of the function that completes a command: _tuff_plugin_new.
static void function_name(char *name, size_t size, const char *command)
{
    snprintf(name, size, "_tuff_%s", command);
    for (char *c = name; *c != '\0'; c++)
        if (*c == ' ' || *c == '-')
            *c = '_';
}

// Text in single quotes; with a backslash before what means something to _arguments and _describe.
static void write_text(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            printf("'\\''");
        else if (strchr("[]:\\", *text) != NULL)
            printf("\\%c", *text);
        else
            printf("%c", *text);
    }
}

static void write_action(enum completion_kind kind, const struct option *option)
{
    const struct option_choice *choice = option == NULL ? NULL : option->value;
    switch (kind) {
    case COMPLETION_ANY:
        // A message for the value of an option. It would keep an option from being inserted in an operand's
        // place.
        printf(option == NULL ? "()" : " ");
        break;
    case COMPLETION_FILES:
        printf("_files");
        break;
    case COMPLETION_FOLDERS:
        printf("_files -/");
        break;
    case COMPLETION_MODELS:
    case COMPLETION_CHECKPOINTS:
        printf("_tuff_%s", completion_kind_name(kind));
        break;
    case COMPLETION_DATA:
    case COMPLETION_BACKENDS:
    case COMPLETION_OPS:
    case COMPLETION_COMMANDS:
        printf("_tuff_names %s", completion_kind_name(kind));
        break;
    case COMPLETION_WORDS:
        printf("(");
        for (size_t i = 0; i < choice->count; i++)
            printf("%s%s", i == 0 ? "" : " ", choice->names[i]);
        printf(")");
        break;
    }
}

// '(-n --batch)'{-n+,--batch=}'[samples per step]:N: '
static void write_option(const struct option *option)
{
    const char *letter_end = option->kind == OPTION_FLAG ? "" : "+";
    const char *name_end = option->kind == OPTION_FLAG ? "" : "=";
    printf(" \\\n        ");
    if (option->kind == OPTION_LIST)
        printf("'*'");
    else if (option->letter != '\0')
        printf("'(-%c --%s)'", option->letter, option->name);
    if (option->letter != '\0')
        printf("{-%c%s,--%s%s}", option->letter, letter_end, option->name, name_end);
    else
        printf("--%s%s", option->name, name_end);
    printf("'[");
    write_text(option->help);
    printf("]");
    if (option->kind != OPTION_FLAG) {
        printf(":");
        write_text(option->placeholder);
        printf(":");
        write_action(completion_option_kind(option), option);
    }
    printf("'");
}

static void write_operands(const char *operand)
{
    const char *word = operand;
    for (int index = 1; word != NULL && *word != '\0'; index++) {
        size_t length = strcspn(word, " "), bracket = word[0] == '[';
        const char *name = word + bracket;
        printf(" \\\n        '");
        if (memchr(word, '.', length) != NULL)
            printf("*");
        else
            printf("%d%s", index, bracket ? ":" : "");
        printf(":%.*s:", (int)strcspn(name, ".] "), name);
        write_action(completion_operand_kind(word, length), NULL);
        printf("'");
        word += length + strspn(word + length, " ");
    }
}

static void write_function(void *user, const struct usage *usage)
{
    char name[NAME_BYTES];
    (void)user;
    function_name(name, sizeof name, usage->command);
    printf("\n%s() {\n    _arguments -s -S", name);
    for (size_t i = 0; i < usage->option_count; i++)
        if (usage->options[i].kind != OPTION_GROUP && usage->options[i].kind != OPTION_RARE)
            write_option(&usage->options[i]);
    printf(" \\\n        '(- *)'{-h,--help}'[show help]'");
    write_operands(usage->operand);
    printf("\n}\n");
}

static void write_entry(const char *name, const char *purpose)
{
    printf("        '%s:", name);
    write_text(purpose);
    printf("'\n");
}

// -- Commands in a command

static void note_inner(void *user, const struct usage *usage)
{
    bool *found = user;
    *found = *found || strchr(usage->command, ' ') != NULL;
}

static void write_inner_entry(void *user, const struct usage *usage)
{
    char purpose[256];
    (void)user;
    // The first sentence that the usage says, or its first line.
    snprintf(purpose, sizeof purpose, "%.*s", (int)strcspn(usage->purpose, ".:;\n"), usage->purpose);
    write_entry(strchr(usage->command, ' ') + 1, purpose);
}

static void write_command(const struct command *command)
{
    char name[NAME_BYTES];
    bool inner = false;
    command_describe(command, write_function, NULL);
    command_describe(command, note_inner, &inner);
    if (!inner)
        return;
    function_name(name, sizeof name, command->name);
    printf("\n%s() {\n    local -a commands=(\n", name);
    command_describe(command, write_inner_entry, NULL);
    printf("    )\n    _tuff_inner %s\n}\n", name);
}

void completion_write_zsh(void)
{
    size_t count;
    const struct command *commands = command_list(&count);
    for (size_t i = 0; i < count; i++)
        write_command(&commands[i]);
    printf("\n_tuff_help() {\n    _tuff_names commands\n}\n"
           "\n_tuff() {\n    local _tuff_program=$words[1]\n    local -a commands=(\n");
    for (size_t i = 0; i < count; i++)
        write_entry(commands[i].name, commands[i].purpose);
    write_entry("help", "show help");
    // Found by its name in fpath, or sourced.
    printf("    )\n    _tuff_inner _tuff\n}\n\nif [[ $funcstack[1] == _tuff ]]; then\n"
           "    _tuff \"$@\"\nelse\n    compdef _tuff tuff\nfi\n");
}
