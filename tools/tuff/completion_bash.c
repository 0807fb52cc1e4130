#include <stdio.h>
#include <string.h>

#include "completion.h"

// The scripts hold names of options and commands only; none needs quoting.

static const char *last_word(const char *command)
{
    const char *blank = strrchr(command, ' ');
    return blank == NULL ? command : blank + 1;
}

static void write_all_commands(void)
{
    size_t count;
    const struct command *commands = command_list(&count);
    for (size_t i = 0; i < count; i++)
        printf("%s ", commands[i].name);
}

// A usage of a command in a command: adds its last word to the outer one's.
static void add_inner(void *user, const struct usage *usage)
{
    (void)user;
    if (strchr(usage->command, ' ') != NULL)
        printf("%s ", last_word(usage->command));
}

static void note_inner(void *user, const struct usage *usage)
{
    bool *found = user;
    *found = *found || strchr(usage->command, ' ') != NULL;
}

static bool is_option(const struct option *option)
{
    return option->kind != OPTION_GROUP && option->kind != OPTION_RARE;
}

static void write_options(void *user, const struct usage *usage)
{
    (void)user;
    printf("        '%s') echo '", usage->command);
    for (size_t i = 0; i < usage->option_count; i++) {
        const struct option *option = &usage->options[i];
        if (is_option(option) && option->letter != '\0')
            printf("-%c ", option->letter);
        if (is_option(option))
            printf("--%s ", option->name);
    }
    printf("-h --help' ;;\n");
}

static void write_choice(const struct option_choice *choice)
{
    for (size_t i = 0; i < choice->count; i++)
        printf("%s%s", i == 0 ? "" : " ", choice->names[i]);
}

static void write_values(void *user, const struct usage *usage)
{
    (void)user;
    for (size_t i = 0; i < usage->option_count; i++) {
        const struct option *option = &usage->options[i];
        enum completion_kind kind;
        if (!is_option(option) || option->kind == OPTION_FLAG)
            continue;
        kind = completion_option_kind(option);
        printf("        '%s --%s'", usage->command, option->name);
        if (option->letter != '\0')
            printf(" | '%s -%c'", usage->command, option->letter);
        printf(") echo '");
        if (kind == COMPLETION_WORDS)
            write_choice(option->value);
        else
            printf("@%s", completion_kind_name(kind));
        printf("' ;;\n");
    }
}

static void write_operands(void *user, const struct usage *usage)
{
    const char *word = usage->operand;
    (void)user;
    for (int index = 0; word != NULL && *word != '\0'; index++) {
        size_t length = strcspn(word, " ");
        bool list = memchr(word, '.', length) != NULL;
        enum completion_kind kind = completion_operand_kind(word, length);
        // The last pattern fits all that follow.
        if (list)
            printf("        '%s '*", usage->command);
        else
            printf("        '%s %d'", usage->command, index);
        printf(") echo '@%s' ;;\n", completion_kind_name(kind));
        word += length + strspn(word + length, " ");
    }
}

static void for_all(options_describe_fn write)
{
    size_t count;
    const struct command *commands = command_list(&count);
    for (size_t i = 0; i < count; i++)
        command_describe(&commands[i], write, NULL);
}

static void begin(const char *name, const char *argument)
{
    printf("\n%s()\n{\n    case %s in\n", name, argument);
}

static void end(void)
{
    printf("    esac\n}\n");
}

void completion_write_bash(void)
{
    size_t count;
    const struct command *commands = command_list(&count);
    begin("_tuff_commands", "$1");
    printf("        '') echo '");
    write_all_commands();
    printf("help' ;;\n        help) echo '");
    write_all_commands();
    printf("' ;;\n");
    for (size_t i = 0; i < count; i++) {
        bool found = false;
        command_describe(&commands[i], note_inner, &found);
        if (!found)
            continue;
        printf("        %s | 'help %s') echo '", commands[i].name, commands[i].name);
        command_describe(&commands[i], add_inner, NULL);
        printf("' ;;\n");
    }
    end();
    begin("_tuff_options", "$1");
    printf("        '') echo '-h --help --version' ;;\n");
    for_all(write_options);
    end();
    begin("_tuff_value", "\"$1 $2\"");
    for_all(write_values);
    end();
    begin("_tuff_operand", "\"$1 $2\"");
    for_all(write_operands);
    end();
}
