// tuff man: manual pages, made of what --help says.
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "commands.h"
#include "console.h"
#include "help.h"

enum { NAME_BYTES = 64, TEXT_BYTES = 512, COMMANDS_MAX = 64 };

// -- Roff

static void write_char(FILE *out, char c)
{
    switch (c) {
    case '\\':
        fputs("\\(rs", out);
        break;
    case '-':
        fputs("\\-", out);
        break;
    case '\'':
        fputs("\\(aq", out);
        break;
    case '`':
        fputs("\\(ga", out);
        break;
    case '^':
        fputs("\\(ha", out);
        break;
    case '~':
        fputs("\\(ti", out);
        break;
    default:
        fputc(c, out);
    }
}

static void write_text(FILE *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        write_char(out, text[i]);
}

static void write_string(FILE *out, const char *text)
{
    write_text(out, text, strlen(text));
}

// A dot or a quote at the begin of a line would be a request.
static void guard(FILE *out, const char *line)
{
    if (*line == '.' || *line == '\'')
        fputs("\\&", out);
}

// Lines that may be filled; an empty one ends a paragraph.
static void write_paragraphs(FILE *out, const char *text)
{
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        guard(out, text);
        if (length == 0)
            fputs(".PP", out);
        else
            write_text(out, text, length);
        fputc('\n', out);
        text += length + (text[length] == '\n');
    }
}

// Lines as they are.
static void write_examples(FILE *out, const char *text)
{
    fputs(".SH EXAMPLES\n.nf\n", out);
    while (*text != '\0') {
        text += strspn(text, " ");
        size_t length = strcspn(text, "\n");
        guard(out, text);
        write_text(out, text, length);
        fputc('\n', out);
        text += length + (text[length] == '\n');
    }
    fputs(".fi\n", out);
}

static void write_upper(FILE *out, const char *text)
{
    for (; *text != '\0'; text++)
        write_char(out, *text >= 'a' && *text <= 'z' ? (char)(*text - 'a' + 'A') : *text);
}

static void write_rows(FILE *out, const char *heading, const struct help_row *rows)
{
    fprintf(out, ".SH %s\n", heading);
    for (; rows->name != NULL; rows++) {
        fputs(".TP\n.B ", out);
        write_string(out, rows->name);
        fputc('\n', out);
        write_string(out, rows->text);
        fputc('\n', out);
    }
}

static void write_begin(FILE *out, const char *page, const char *purpose)
{
    fputs(".TH \"", out);
    write_upper(out, page);
    fprintf(out, "\" 1 \"\" \"tuff %s\" \"Tuff\"\n.SH NAME\n", TUFF_VERSION);
    write_string(out, page);
    fputs(" \\- ", out);
    write_string(out, purpose);
    fputc('\n', out);
}

static void write_end(FILE *out)
{
    write_rows(out, "EXIT STATUS", help_exit_statuses);
    write_rows(out, "ENVIRONMENT", help_environment);
}

// -- A command's page

static void write_synopsis(void *user, const struct usage *usage)
{
    FILE *out = user;
    fputs(".PP\n.B tuff ", out);
    write_string(out, usage->command);
    fputs("\n[\\fIoptions\\fR]", out);
    if (usage->operand != NULL) {
        fputs(" \\fI", out);
        write_string(out, usage->operand);
        fputs("\\fR", out);
    }
    fputc('\n', out);
}

static void write_option(FILE *out, const struct option *option)
{
    char preset[NAME_BYTES], text[TEXT_BYTES];
    help_option_default(option, preset, sizeof preset);
    help_option_text(option, text, sizeof text);
    fputs(".TP\n", out);
    if (option->letter != '\0')
        fprintf(out, "\\fB\\-%c\\fR, ", option->letter);
    fputs("\\fB\\-\\-", out);
    write_string(out, option->name);
    fputs("\\fR", out);
    if (option->placeholder != NULL) {
        fputs(" \\fI", out);
        write_string(out, option->placeholder);
        fputs("\\fR", out);
    }
    fputc('\n', out);
    guard(out, text);
    write_string(out, text);
    if (preset[0] != '\0') {
        fputs(" [", out);
        write_string(out, preset);
        fputc(']', out);
    }
    fputc('\n', out);
}

static void write_details(void *user, const struct usage *usage)
{
    FILE *out = user;
    bool inner = strchr(usage->command, ' ') != NULL;
    if (inner) {
        fputs(".SH \"TUFF ", out);
        write_upper(out, usage->command);
        fputs("\"\n", out);
    } else {
        fputs(".SH DESCRIPTION\n", out);
    }
    write_paragraphs(out, usage->purpose);
    if (!inner)
        fputs(".SH OPTIONS\n", out);
    for (size_t i = 0; i < usage->option_count; i++) {
        if (usage->options[i].kind == OPTION_GROUP)
            fprintf(out, ".SS %s\n", usage->options[i].name);
        else if (usage->options[i].kind != OPTION_RARE)
            write_option(out, &usage->options[i]);
    }
    fputs(".TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nshow help\n", out);
}

struct example_list {
    FILE *out;
    char text[4096];
};

static void collect_examples(void *user, const struct usage *usage)
{
    struct example_list *list = user;
    size_t used = strlen(list->text);
    snprintf(list->text + used, sizeof list->text - used, "%s", usage->examples);
}

static void write_command(FILE *out, const struct command *command)
{
    char page[NAME_BYTES];
    struct example_list examples = {.text = ""};
    snprintf(page, sizeof page, "tuff-%s", command->name);
    write_begin(out, page, command->purpose);
    fputs(".SH SYNOPSIS\n", out);
    command_describe(command, write_synopsis, out);
    command_describe(command, write_details, out);
    command_describe(command, collect_examples, &examples);
    write_examples(out, examples.text);
    write_end(out);
    fputs(".SH \"SEE ALSO\"\n.BR tuff (1)\n", out);
}

// -- The page of tuff itself

static void write_overview(FILE *out)
{
    size_t count;
    const struct command *commands = command_list(&count);
    write_begin(out, "tuff", "train convolutional networks on any Vulkan GPU, or on the CPU");
    fputs(".SH SYNOPSIS\n.B tuff\n\\fICOMMAND\\fR [\\fIoptions\\fR]\n.SH DESCRIPTION\n", out);
    write_paragraphs(out, help_overview_purpose);
    fputs("Each command has a page of its own.\n.SH COMMANDS\n", out);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, ".TP\n.BR tuff\\-%s (1)\n", commands[i].name);
        write_string(out, commands[i].purpose);
        fputc('\n', out);
    }
    fputs(".SH OPTIONS\n.TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nshow help; also of a command\n"
          ".TP\n.B \\-\\-version\nshow the versions of tuff and of its plugin ABI\n",
          out);
    write_examples(out, help_overview_examples);
    write_end(out);
}

// -- The command

// name: a command's, or "tuff".
static enum tuff_status write_page_to(const char *folder, const char *name, const struct command *command)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s/%s%s.1", folder, command == NULL ? "" : "tuff-", name);
    FILE *file = NULL;
    errno = ENAMETOOLONG;
    if (length > 0 && (size_t)length < sizeof path)
        file = fopen(path, "we");
    if (file == NULL) {
        console_error("man: cannot write '%s': %s", path, strerror(errno));
        return TUFF_ERROR_IO;
    }
    if (command == NULL)
        write_overview(file);
    else
        write_command(file, command);
    bool failed = ferror(file) != 0;
    if (fclose(file) != 0 || failed) {
        console_error("man: cannot write '%s': %s", path, strerror(errno));
        return TUFF_ERROR_IO;
    }
    return TUFF_OK;
}

static int write_all(const char *folder)
{
    size_t count;
    const struct command *commands = command_list(&count);
    enum tuff_status status = write_page_to(folder, "tuff", NULL);
    for (size_t i = 0; i < count && status == TUFF_OK; i++)
        status = write_page_to(folder, commands[i].name, &commands[i]);
    return console_exit_status(status);
}

static int print_page(const char *name)
{
    const char *names[COMMANDS_MAX];
    size_t count, named = 0;
    const struct command *commands = command_list(&count),
                         *command = name == NULL ? NULL : command_find(name);
    if (name == NULL)
        write_overview(stdout);
    else if (command != NULL)
        write_command(stdout, command);
    if (name == NULL || command != NULL)
        return EXIT_DONE;
    for (size_t i = 0; i < count && named < COMMANDS_MAX; i++)
        names[named++] = commands[i].name;
    const char *nearest = tuff_suggest(name, names, named);
    if (nearest != NULL)
        console_error("man: unknown command '%s'; did you mean '%s'?", name, nearest);
    else
        console_error("man: unknown command '%s' (see tuff --help)", name);
    return EXIT_USAGE;
}

int command_man(int argc, char **argv)
{
    const char *folder = NULL, *name;
    const struct option options[] = {
        {"out", 'o', OPTION_TEXT, &folder, "DIR", "write all pages into DIR, tuff.1 and tuff-COMMAND.1"},
    };
    const struct usage usage = {
        .command = "man",
        .operand = "[COMMAND]",
        .purpose = "Prints the manual page of a command, or of tuff, as man reads it. An\n"
                   "installation puts them where man finds them: man tuff-train.\n",
        .examples = "  tuff man train | man -l -\n"
                    "  tuff man --out ~/.local/share/man/man1\n",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    enum options_result parsed = options_parse(&usage, argc, argv, &name);
    if (parsed != OPTIONS_READY)
        return parsed == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    if (folder != NULL && name != NULL) {
        console_error("man: --out writes all pages: expected no COMMAND, found '%s'", name);
        return EXIT_USAGE;
    }
    return folder != NULL ? write_all(folder) : print_page(name);
}
