#include "context.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

// found: in a folder.
static enum tuff_status add_plugin(struct tuff_context *context, const char *path, bool found)
{
    if (context->plugin_count == context->plugin_capacity) {
        size_t capacity = context->plugin_capacity == 0 ? 8 : 2 * context->plugin_capacity;
        struct tuff_plugin **grown = realloc(context->plugins, capacity * sizeof(struct tuff_plugin *));
        if (grown == NULL)
            return tuff_fail(&context->log, TUFF_ERROR_MEMORY, "out of memory");
        context->plugins = grown;
        context->plugin_capacity = capacity;
    }
    struct tuff_plugin *plugin;
    enum tuff_status status = tuff_plugin_create(&context->log, path, &plugin);
    if (status != TUFF_OK)
        return status;
    plugin->found = found;
    for (size_t i = 0; i < context->plugin_count; i++) {
        // The same file by two ways, or a second one in the folders for a name: the first counts. The name of
        // a file that was named itself is known when it is open.
        if (strcmp(context->plugins[i]->path, plugin->path) == 0 ||
            (found && strcmp(context->plugins[i]->name, plugin->name) == 0)) {
            tuff_log_message(&context->log, TUFF_LOG_DEBUG, "%s: hidden by %s", path,
                             context->plugins[i]->path);
            tuff_plugin_destroy(&plugin);
            return TUFF_OK;
        }
    }
    context->plugins[context->plugin_count++] = plugin;
    return TUFF_OK;
}

static int is_plugin_file(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length > 8 && strncmp(entry->d_name, "tuff-", 5) == 0 &&
           strcmp(entry->d_name + length - 3, ".so") == 0;
}

static enum tuff_status add_folder(struct tuff_context *context, const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_plugin_file, alphasort);
    if (count < 0) {
        tuff_log_message(&context->log, TUFF_LOG_DEBUG, "%s: no plugins: %s", folder, strerror(errno));
        return TUFF_OK;
    }
    struct stat info;
    if (count > 0 && stat(folder, &info) == 0 && (info.st_mode & S_IWOTH) != 0)
        tuff_log_message(&context->log, TUFF_LOG_WARNING,
                         "%s: plugins are taken from a folder that everybody may write to", folder);
    enum tuff_status status = TUFF_OK;
    for (int i = 0; i < count; i++) {
        char *path;
        if (status == TUFF_OK && asprintf(&path, "%s/%s", folder, entries[i]->d_name) < 0)
            status = tuff_fail(&context->log, TUFF_ERROR_MEMORY, "out of memory");
        else if (status == TUFF_OK) {
            status = add_plugin(context, path, true);
            free(path);
        }
        free(entries[i]);
    }
    free(entries);
    return status;
}

static enum tuff_status add_environment_folders(struct tuff_context *context)
{
    const char *value = getenv("TUFF_PLUGIN_PATH");
    if (value == NULL || value[0] == '\0')
        return TUFF_OK;
    char *folders = strdup(value), *rest = folders, *folder;
    if (folders == NULL)
        return tuff_fail(&context->log, TUFF_ERROR_MEMORY, "out of memory");
    enum tuff_status status = TUFF_OK;
    while (status == TUFF_OK && (folder = strsep(&rest, ":")) != NULL) {
        if (folder[0] == '/')
            status = add_folder(context, folder);
        else
            tuff_log_message(&context->log, TUFF_LOG_WARNING,
                             "TUFF_PLUGIN_PATH: '%s' is skipped: it is not an absolute path", folder);
    }
    free(folders);
    return status;
}

// Beside the file that holds this code: the installation's plugin folder, and the build tree's.
static enum tuff_status add_own_folders(struct tuff_context *context)
{
    static const char *const names[] = {"tuff/plugins", "plugins"};
    Dl_info self;
    // The address of a datum: ISO C has no conversion from a function pointer to void *.
    if (dladdr(names, &self) == 0 || self.dli_fname == NULL)
        return TUFF_OK;
    char *file = realpath(self.dli_fname, NULL);
    if (file == NULL)
        return TUFF_OK;
    *strrchr(file, '/') = '\0';
    enum tuff_status status = TUFF_OK;
    for (size_t i = 0; status == TUFF_OK && i < sizeof names / sizeof *names; i++) {
        char *folder;
        if (asprintf(&folder, "%s/%s", file, names[i]) < 0)
            status = tuff_fail(&context->log, TUFF_ERROR_MEMORY, "out of memory");
        else {
            status = add_folder(context, folder);
            free(folder);
        }
    }
    free(file);
    return status;
}

// A file's name says what it holds only once it is open: the last plugin may have the name of another.
static void drop_second(struct tuff_context *context)
{
    struct tuff_plugin *last = context->plugins[context->plugin_count - 1];
    for (size_t i = 0; i + 1 < context->plugin_count; i++)
        if (strcmp(context->plugins[i]->name, last->name) == 0) {
            tuff_log_message(&context->log, TUFF_LOG_WARNING,
                             "%s holds the backend '%s', as %s does, which comes first: it is not used",
                             last->path, last->name, context->plugins[i]->path);
            tuff_plugin_destroy(&context->plugins[--context->plugin_count]);
            return;
        }
}

enum tuff_status tuff_context_create(const struct tuff_context_options *options,
                                     struct tuff_context **context)
{
    // As this library knows them, whatever its caller was built with.
    struct tuff_context_options known = {0};
    memcpy(&known, options, options->size < sizeof known ? options->size : sizeof known);
    *context = NULL;
    struct tuff_context *made = calloc(1, sizeof *made);
    if (made == NULL)
        return tuff_fail(&known.log, TUFF_ERROR_MEMORY, "out of memory");
    made->log = known.log;
    enum tuff_status status = TUFF_OK;
    for (size_t i = 0; status == TUFF_OK && i < known.plugin_file_count; i++) {
        size_t before = made->plugin_count;
        status = add_plugin(made, known.plugin_files[i], false);
        if (status == TUFF_OK && made->plugin_count > before)
            status = tuff_plugin_open(made->plugins[before]);
        if (status == TUFF_OK && made->plugin_count > before)
            drop_second(made);
    }
    if (status == TUFF_OK)
        status = add_environment_folders(made);
    if (status == TUFF_OK)
        status = add_own_folders(made);
    if (status != TUFF_OK) {
        tuff_context_destroy(&made);
        return status;
    }
    *context = made;
    return TUFF_OK;
}

void tuff_context_destroy(struct tuff_context **context)
{
    struct tuff_context *c = *context;
    if (c == NULL)
        return;
    if (c->target_count != 0)
        tuff_log_message(&c->log, TUFF_LOG_ERROR, "context destroyed while %zu targets are open",
                         c->target_count);
    for (size_t i = 0; i < c->plugin_count; i++)
        tuff_plugin_destroy(&c->plugins[i]);
    free(c->plugins);
    free(c);
    *context = NULL;
}

const struct tuff_log *tuff_context_log(const struct tuff_context *context)
{
    return &context->log;
}

enum tuff_status tuff_context_open_all(struct tuff_context *context)
{
    for (size_t i = 0; i < context->plugin_count; i++)
        if (tuff_plugin_open(context->plugins[i]) != TUFF_OK)
            continue; // logged; its status is listed
    return TUFF_OK;
}

size_t tuff_context_plugin_count(const struct tuff_context *context)
{
    return context->plugin_count;
}

void tuff_context_plugin_info(const struct tuff_context *context, size_t index, struct tuff_plugin_info *info)
{
    const struct tuff_plugin *plugin = context->plugins[index];
    const struct tuff_plugin_descriptor *descriptor = plugin->descriptor;
    *info = (struct tuff_plugin_info){
        .name = plugin->name,
        .path = plugin->path,
        .description = descriptor == NULL || descriptor->description == NULL ? "" : descriptor->description,
        .version = descriptor == NULL || descriptor->version == NULL ? "" : descriptor->version,
        .abi_major = descriptor == NULL ? 0 : descriptor->abi_major,
        .abi_minor = descriptor == NULL ? 0 : descriptor->abi_minor,
        .status = plugin->status,
        .device_count = plugin->device_count,
    };
}

enum tuff_status tuff_context_device_info(struct tuff_context *context, size_t plugin, uint32_t device,
                                          struct tuff_device_info *info)
{
    struct tuff_plugin *p = context->plugins[plugin];
    enum tuff_status status = tuff_plugin_open(p);
    if (status != TUFF_OK)
        return status;
    if (device >= p->device_count)
        return tuff_fail(&context->log, TUFF_ERROR_NOT_FOUND, "%s has no device %u, only %u", p->name, device,
                         p->device_count);
    return tuff_plugin_describe(p, device, info);
}
