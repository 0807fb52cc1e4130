// tuff completion: what completes commands, options and names in a shell.
#include "completion.h"

#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "console.h"
#include "embedded_file.h"
#include "setup.h"
#include "tuff/check.h"
#include "tuff/model.h"

static const char *const kind_names[] = {
    [COMPLETION_ANY] = "any",
    [COMPLETION_FILES] = "files",
    [COMPLETION_FOLDERS] = "folders",
    [COMPLETION_MODELS] = "models",
    [COMPLETION_CHECKPOINTS] = "checkpoints",
    [COMPLETION_DATA] = "data",
    [COMPLETION_BACKENDS] = "backends",
    [COMPLETION_OPS] = "ops",
    [COMPLETION_COMMANDS] = "commands",
    [COMPLETION_WORDS] = "words",
};

const char *completion_kind_name(enum completion_kind kind)
{
    return kind_names[kind];
}

static enum completion_kind kind_of_word(const char *word, size_t length)
{
    static const struct {
        const char *word;
        enum completion_kind kind;
    } words[] = {
        {"FILE", COMPLETION_FILES},
        {"IMAGE", COMPLETION_FILES},
        {"DIR", COMPLETION_FOLDERS},
        {"RUN", COMPLETION_CHECKPOINTS},
        {"CHECKPOINT", COMPLETION_CHECKPOINTS},
        {"MODEL", COMPLETION_MODELS},
        {"COMMAND", COMPLETION_COMMANDS},
        {"BACKEND", COMPLETION_BACKENDS},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i].word) == length && strncmp(words[i].word, word, length) == 0)
            return words[i].kind;
    return COMPLETION_ANY;
}

enum completion_kind completion_option_kind(const struct option *option)
{
    // Options whose placeholder, NAME, says less than their own name.
    static const struct {
        const char *option;
        enum completion_kind kind;
    } names[] = {
        {"data", COMPLETION_DATA},
        {"backend", COMPLETION_BACKENDS},
        {"against", COMPLETION_BACKENDS},
        {"op", COMPLETION_OPS},
    };
    if (option->kind == OPTION_CHOICE)
        return COMPLETION_WORDS;
    if (option->kind != OPTION_TEXT && option->kind != OPTION_LIST)
        return COMPLETION_ANY;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].option, option->name) == 0)
            return names[i].kind;
    return kind_of_word(option->placeholder, strlen(option->placeholder));
}

enum completion_kind completion_operand_kind(const char *word, size_t length)
{
    size_t begin = length > 0 && word[0] == '[';
    size_t end = begin;
    while (end < length && word[end] != '.' && word[end] != ']')
        end++;
    return kind_of_word(word + begin, end - begin);
}

// -- Scripts

static int print_script(const char *name, void (*write_tables)(void))
{
    for (size_t i = 0; i < completion_scripts_count; i++)
        if (strcmp(completion_scripts[i].name, name) == 0)
            console_print("%.*s", (int)completion_scripts[i].bytes, (const char *)completion_scripts[i].text);
    write_tables();
    return EXIT_DONE;
}

static int command_bash(int argc, char **argv)
{
    const struct usage usage = {
        .command = "completion bash",
        .purpose = "Prints the script by which bash completes tuff's commands, options and names.\n"
                   "An installation puts it where bash finds it.\n",
        .examples = "  source <(tuff completion bash)\n"
                    "  tuff completion bash > ~/.local/share/bash-completion/completions/tuff\n",
    };
    const char *none;
    enum options_result parsed = options_parse(&usage, argc, argv, &none);
    if (parsed != OPTIONS_READY)
        return parsed == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    return print_script("tuff.bash", completion_write_bash);
}

static int command_zsh(int argc, char **argv)
{
    const struct usage usage = {
        .command = "completion zsh",
        .purpose = "Prints the function by which zsh completes tuff's commands, options and names.\n"
                   "An installation puts it where zsh finds it.\n",
        .examples = "  source <(tuff completion zsh)\n"
                    "  tuff completion zsh > ~/.zsh/_tuff         where fpath has ~/.zsh\n",
    };
    const char *none;
    enum options_result parsed = options_parse(&usage, argc, argv, &none);
    if (parsed != OPTIONS_READY)
        return parsed == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    return print_script("tuff.zsh", completion_write_zsh);
}

// -- Names

static void print_models(void)
{
    for (size_t i = 0; tuff_model_shipped(i) != NULL; i++)
        console_print("%s\n", tuff_model_shipped(i));
}

static void print_data(void)
{
    struct tuff_dataset_info info = {.size = sizeof info};
    for (size_t i = 0; tuff_dataset_describe(i, &info); i++)
        console_print("%s\n", info.name);
}

static void print_ops(void)
{
    struct tuff_check_op op;
    for (size_t i = 0; tuff_check_op(i, &op); i++)
        console_print("%s\n", op.name);
}

static void print_commands(void)
{
    size_t count;
    const struct command *commands = command_list(&count);
    for (size_t i = 0; i < count; i++)
        console_print("%s\n", commands[i].name);
}

// Plugins that cannot be opened are none of the shell's business.
static enum tuff_status print_backends(void)
{
    const struct tuff_context_options options = {.size = sizeof options};
    struct tuff_context *context;
    enum tuff_status status = tuff_context_create(&options, &context);
    if (status != TUFF_OK)
        return status;
    status = tuff_context_open_all(context);
    console_print("auto\n");
    for (size_t i = 0; i < tuff_context_plugin_count(context); i++) {
        struct tuff_plugin_info plugin;
        tuff_context_plugin_info(context, i, &plugin);
        if (plugin.status == TUFF_OK)
            console_print("%s\n", plugin.name);
    }
    tuff_context_destroy(&context);
    return status;
}

static int print_names(const char *kind)
{
    static const struct {
        enum completion_kind kind;
        void (*print)(void);
    } lists[] = {{COMPLETION_MODELS, print_models},
                 {COMPLETION_DATA, print_data},
                 {COMPLETION_OPS, print_ops},
                 {COMPLETION_COMMANDS, print_commands}};
    const char *known[sizeof lists / sizeof *lists + 1] = {kind_names[COMPLETION_BACKENDS]};
    if (strcmp(kind, kind_names[COMPLETION_BACKENDS]) == 0)
        return console_exit_status(print_backends());
    // A checkpoint has no list: it is found among the files.
    if (strcmp(kind, kind_names[COMPLETION_CHECKPOINTS]) == 0)
        return EXIT_DONE;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        known[i + 1] = kind_names[lists[i].kind];
        if (strcmp(kind, known[i + 1]) != 0)
            continue;
        lists[i].print();
        return EXIT_DONE;
    }
    const char *nearest = tuff_suggest(kind, known, sizeof known / sizeof *known);
    if (nearest != NULL)
        console_error("completion names: unknown kind '%s'; did you mean '%s'?", kind, nearest);
    else
        console_error("completion names: unknown kind '%s' (see tuff completion names --help)", kind);
    return EXIT_USAGE;
}

static int command_names(int argc, char **argv)
{
    const struct usage usage = {
        .command = "completion names",
        .operand = "KIND",
        .purpose = "Prints names, one a line, as the scripts ask for them.\n"
                   "KIND: models, data, backends, ops or commands.\n",
        .examples = "  tuff completion names models\n",
    };
    const char *kind;
    enum options_result parsed = options_parse(&usage, argc, argv, &kind);
    if (parsed != OPTIONS_READY)
        return parsed == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    return print_names(kind);
}

int command_completion(int argc, char **argv)
{
    static const struct command inner[] = {
        {"bash", "print the script for bash", command_bash},
        {"zsh", "print the function for zsh", command_zsh},
        {"names", "print the names that the scripts ask for", command_names},
    };
    return command_run_inner("completion", "Prints what completes commands in a shell.\n", inner,
                             sizeof inner / sizeof *inner, argc, argv);
}
