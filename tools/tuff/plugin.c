// tuff plugin new: the skeleton of a backend, to begin with.
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "console.h"
#include "embedded_file.h"
#include "options.h"

static int io_failed(const char *what, const char *path)
{
    console_error("plugin new: cannot %s '%s': %s", what, path, strerror(errno));
    return EXIT_FAILED;
}

// As the loader has it, without the names that mean something else to it.
static bool check_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
    if (strspn(name, allowed) != strlen(name)) {
        console_error("plugin new: name '%s' is not made of lower-case letters, digits, '-' and '_'", name);
        return false;
    }
    if (strcmp(name, "auto") == 0 || strcmp(name, "reference") == 0) {
        console_error("plugin new: name '%s' is taken: %s", name,
                      name[0] == 'a' ? "--backend auto chooses among all backends"
                                     : "tuff check compares with that backend");
        return false;
    }
    return true;
}

// Makes the folder; *created says whether it had to be made. One that is there must be empty.
static int make_folder(const char *folder, bool *created)
{
    *created = mkdir(folder, 0777) == 0;
    if (*created)
        return EXIT_DONE;
    if (errno != EEXIST)
        return io_failed("make the folder", folder);
    DIR *entries = opendir(folder);
    if (entries == NULL)
        return io_failed("write into", folder);
    const struct dirent *entry = NULL;
    do {
        errno = 0;
        entry = readdir(entries);
    } while (entry != NULL && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
    int status = EXIT_DONE;
    if (entry == NULL && errno != 0)
        status = io_failed("read the folder", folder);
    else if (entry != NULL) {
        console_error("plugin new: the folder '%s' is not empty; choose another one with --out", folder);
        status = EXIT_FAILED;
    }
    closedir(entries);
    return status;
}

// Writes the text with the placeholder replaced by the plugin's name.
static bool write_text(FILE *file, const struct embedded_file *text, const char *name)
{
    const size_t length = strlen(PLUGIN_TEMPLATE_NAME);
    const unsigned char *at = text->text, *end = at + text->bytes;
    while (at < end) {
        const unsigned char *found = memmem(at, (size_t)(end - at), PLUGIN_TEMPLATE_NAME, length);
        const size_t before = (size_t)((found == NULL ? end : found) - at);
        if (fwrite(at, 1, before, file) != before || (found != NULL && fputs(name, file) == EOF))
            return false;
        at = found == NULL ? end : found + length;
    }
    return true;
}

static int write_file(const char *path, const struct embedded_file *text, const char *name)
{
    FILE *file = fopen(path, "wx"); // never in place of what is there
    if (file == NULL)
        return io_failed("write", path);
    bool written = write_text(file, text, name);
    int reason = errno;
    if (fclose(file) != 0 && written) {
        written = false;
        reason = errno;
    }
    if (written)
        return EXIT_DONE;
    errno = reason;
    int status = io_failed("write", path);
    unlink(path);
    return status;
}

// path = folder/the template's file.
static bool join(char path[PATH_MAX], const char *folder, size_t index)
{
    int length = snprintf(path, PATH_MAX, "%s/%s", folder, plugin_template[index].name);
    return length > 0 && length < PATH_MAX;
}

// All of the skeleton, or nothing.
static int write_skeleton(const char *folder, const char *name)
{
    char path[PATH_MAX];
    bool created;
    int status = make_folder(folder, &created);
    size_t count = 0;
    if (status != EXIT_DONE)
        return status;
    for (; status == EXIT_DONE && count < plugin_template_count; count++) {
        errno = ENAMETOOLONG;
        status = join(path, folder, count) ? write_file(path, &plugin_template[count], name)
                                           : io_failed("use", folder);
    }
    if (status == EXIT_DONE)
        return EXIT_DONE;
    // The last one failed, and is not there.
    for (size_t i = 0; i + 1 < count; i++)
        if (join(path, folder, i))
            unlink(path);
    if (created)
        rmdir(folder);
    return status;
}

static void print_next(const char *folder, const char *name)
{
    console_print("wrote  ");
    for (size_t i = 0; i < plugin_template_count; i++)
        console_print("%s%s/%s", i == 0 ? "" : ", ", folder, plugin_template[i].name);
    console_print("\nnext   cd %s\n"
                  "       cmake -S . -B build\n"
                  "       cmake --build build\n"
                  "       tuff check --plugin build/tuff-%s.so --backend %s --allow-unsupported\n",
                  folder, name, name);
}

static int plugin_new(const char *name, const char *folder)
{
    if (!check_name(name))
        return EXIT_USAGE;
    if (folder == NULL)
        folder = name;
    int status = write_skeleton(folder, name);
    if (status == EXIT_DONE)
        print_next(folder, name);
    return status;
}

static int command_new(int argc, char **argv)
{
    const char *folder = NULL, *name;
    const struct option options[] = {
        {"out", 'o', OPTION_TEXT, &folder, "DIR", "the new folder; ./NAME if not given"},
    };
    const struct usage usage = {
        .command = "plugin new",
        .operand = "NAME",
        .purpose = "Writes the skeleton of a backend into a new folder: a plugin that builds and\n"
                   "has one op. docs/writing-a-backend.md goes on from there.\n",
        .examples = "  tuff plugin new mine\n"
                    "  tuff plugin new mine --out plugins/mine\n",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    enum options_result parsed = options_parse(&usage, argc, argv, &name);
    if (parsed != OPTIONS_READY)
        return parsed == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    return plugin_new(name, folder);
}

int command_plugin(int argc, char **argv)
{
    static const struct command inner[] = {{"new", "write the skeleton of a backend", command_new}};
    return command_run_inner("plugin", "Begins a backend of your own.\n", inner, sizeof inner / sizeof *inner,
                             argc, argv);
}
