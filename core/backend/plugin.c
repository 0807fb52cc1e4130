#include "plugin.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "affinity.h"

static const char FILE_PREFIX[] = "tuff-", FILE_SUFFIX[] = ".so";

// "tuff-vulkan.so" is expected to be called vulkan; any other file goes by its own name until it has been
// opened.
static char *name_from_path(const char *path)
{
    const char *slash = strrchr(path, '/'), *file = slash == NULL ? path : slash + 1;
    size_t length = strlen(file), prefix = sizeof FILE_PREFIX - 1, suffix = sizeof FILE_SUFFIX - 1;
    if (length > prefix + suffix && strncmp(file, FILE_PREFIX, prefix) == 0 &&
        strcmp(file + length - suffix, FILE_SUFFIX) == 0)
        return strndup(file + prefix, length - prefix - suffix);
    return strdup(file);
}

enum tuff_status tuff_plugin_create(const struct tuff_log *log, const char *path, struct tuff_plugin **plugin)
{
    struct tuff_plugin *made = calloc(1, sizeof *made);
    *plugin = NULL;
    if (made == NULL)
        return tuff_fail(log, TUFF_ERROR_MEMORY, "out of memory");
    made->log = log;
    made->path = realpath(path, NULL);
    if (made->path == NULL)
        made->path = strdup(path);
    made->name = name_from_path(path);
    if (made->path == NULL || made->name == NULL) {
        tuff_plugin_destroy(&made);
        return tuff_fail(log, TUFF_ERROR_MEMORY, "out of memory");
    }
    *plugin = made;
    return TUFF_OK;
}

void tuff_plugin_destroy(struct tuff_plugin **plugin)
{
    struct tuff_plugin *p = *plugin;
    if (p == NULL)
        return;
    if (p->backend != NULL)
        p->interface.close(p->backend);
    free(p->path);
    free(p->name);
    free(p);
    *plugin = NULL;
}

static bool valid_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
    return name != NULL && name[0] != '\0' && strspn(name, allowed) == strlen(name);
}

static enum tuff_status check_descriptor(const struct tuff_log *log, const char *path,
                                         const struct tuff_plugin_descriptor *d)
{
    if (d->magic != TUFF_PLUGIN_MAGIC)
        return tuff_fail(log, TUFF_ERROR_PLUGIN,
                         "%s: magic number is 0x%08x, expected 0x%08x: not a Tuff plugin", path, d->magic,
                         TUFF_PLUGIN_MAGIC);
    if (d->abi_major != TUFF_ABI_MAJOR)
        return tuff_fail(log, TUFF_ERROR_PLUGIN,
                         "%s: built for ABI %u.%u, expected major version %u: rebuild it", path, d->abi_major,
                         d->abi_minor, (unsigned)TUFF_ABI_MAJOR);
    if (d->abi_minor > TUFF_ABI_MINOR)
        return tuff_fail(log, TUFF_ERROR_PLUGIN,
                         "%s: built for ABI %u.%u, newer than this program's %u.%u: update Tuff", path,
                         d->abi_major, d->abi_minor, (unsigned)TUFF_ABI_MAJOR, (unsigned)TUFF_ABI_MINOR);
    if (d->size < sizeof *d)
        return tuff_fail(log, TUFF_ERROR_PLUGIN, "%s: descriptor has %u bytes, expected at least %zu", path,
                         d->size, sizeof *d);
    if (!valid_name(d->name))
        return tuff_fail(log, TUFF_ERROR_PLUGIN,
                         "%s: name '%s' is not made of lower-case letters, digits, '-' and '_'", path,
                         d->name == NULL ? "" : d->name);
    if (d->open == NULL)
        return tuff_fail(log, TUFF_ERROR_PLUGIN, "%s: descriptor has no open function", path);
    return TUFF_OK;
}

// The name of a mandatory slot that is NULL, or of one that breaks its group; else NULL.
static const char *missing_slot(const struct tuff_backend_interface *i)
{
#define MANDATORY(slot)                                                                                      \
    if (i->slot == NULL)                                                                                     \
        return #slot;
    MANDATORY(close)
    MANDATORY(device_count)
    MANDATORY(device_describe)
    MANDATORY(device_open)
    MANDATORY(device_close)
    MANDATORY(device_memory)
    MANDATORY(buffer_create)
    MANDATORY(buffer_destroy)
    MANDATORY(buffer_write)
    MANDATORY(buffer_read)
    MANDATORY(buffer_copy)
    MANDATORY(buffer_fill)
    MANDATORY(stream_create)
    MANDATORY(stream_destroy)
    MANDATORY(stream_begin)
    MANDATORY(stream_submit)
    MANDATORY(stream_wait)
    MANDATORY(kernels)
    if (i->stream_timestamp != NULL || i->stream_timestamp_read != NULL) {
        MANDATORY(stream_timestamp)
        MANDATORY(stream_timestamp_read)
    }
    if (i->capture_begin != NULL || i->capture_end != NULL || i->capture_replay != NULL ||
        i->capture_destroy != NULL) {
        MANDATORY(capture_begin)
        MANDATORY(capture_end)
        MANDATORY(capture_replay)
        MANDATORY(capture_destroy)
    }
    if (i->profile_begin != NULL || i->profile_read != NULL) {
        MANDATORY(capture_begin)
        MANDATORY(profile_begin)
        MANDATORY(profile_read)
    }
#undef MANDATORY
    return NULL;
}

// Its path until it is open, then its name.
static const char *known_as(const struct tuff_plugin *plugin)
{
    return atomic_load(&plugin->named) ? plugin->name : plugin->path;
}

// What a plugin calls to log.
static void log_for_plugin(void *user, enum tuff_log_level level, const char *message)
{
    struct tuff_plugin *plugin = user;
    if (level == TUFF_LOG_ERROR)
        atomic_fetch_add(&plugin->errors_logged, 1);
    tuff_log_message(plugin->log, level, "%s: %s", known_as(plugin), message);
}

enum tuff_status tuff_plugin_fail(struct tuff_plugin *plugin, unsigned errors_before, enum tuff_status status,
                                  const char *what)
{
    if (atomic_load(&plugin->errors_logged) == errors_before)
        return tuff_fail(plugin->log, status, "%s: cannot %s: %s", known_as(plugin), what,
                         tuff_status_name(status));
    return status;
}

enum tuff_status tuff_plugin_describe(struct tuff_plugin *plugin, uint32_t device,
                                      struct tuff_device_info *info)
{
    const unsigned errors = atomic_load(&plugin->errors_logged);
    *info = (struct tuff_device_info){.size = sizeof *info};
    const enum tuff_status status = plugin->interface.device_describe(plugin->backend, device, info);
    return status == TUFF_OK ? TUFF_OK : tuff_plugin_fail(plugin, errors, status, "describe a device");
}

static enum tuff_status open_backend(struct tuff_plugin *plugin)
{
    const struct tuff_log *log = plugin->log;
    const struct tuff_plugin_descriptor *descriptor = plugin->descriptor;
    plugin->host = (struct tuff_host){
        .size = sizeof plugin->host, .abi_minor = TUFF_ABI_MINOR, .user = plugin, .log = log_for_plugin};
    const struct tuff_backend_interface *interface = NULL;
    struct tuff_backend *backend = NULL;
    unsigned errors = atomic_load(&plugin->errors_logged);
    enum tuff_status status = descriptor->open(&plugin->host, &interface, &backend);
    if (status != TUFF_OK)
        return tuff_plugin_fail(plugin, errors, status, "open the backend");
    if (interface == NULL || backend == NULL)
        return tuff_fail(log, TUFF_ERROR_PLUGIN, "%s: plugin %s opened without an interface or a backend",
                         plugin->path, descriptor->name);
    size_t known = interface->size < sizeof plugin->interface ? interface->size : sizeof plugin->interface;
    memcpy(&plugin->interface, interface, known);
    const char *missing = missing_slot(&plugin->interface);
    if (missing != NULL)
        status = tuff_fail(log, TUFF_ERROR_PLUGIN, "%s: plugin %s lacks the slot '%s', which is mandatory%s",
                           plugin->path, descriptor->name, missing,
                           strncmp(missing, "capture_", 8) == 0 || strncmp(missing, "profile_", 8) == 0 ||
                                   strncmp(missing, "stream_timestamp", 16) == 0
                               ? " beside the others of its group"
                               : "");
    if (status == TUFF_OK) {
        status = plugin->interface.device_count(backend, &plugin->device_count);
        if (status != TUFF_OK)
            status = tuff_plugin_fail(plugin, errors, status, "count its devices");
    }
    if (status == TUFF_OK) {
        plugin->backend = backend;
        atomic_store(&plugin->named, true);
    } else if (plugin->interface.close != NULL)
        plugin->interface.close(backend);
    return status;
}

static enum tuff_status load(struct tuff_plugin *plugin)
{
    const struct tuff_log *log = plugin->log;
    // Absolute, so that dlopen does not go looking for it.
    if (plugin->path[0] != '/')
        return tuff_fail(log, TUFF_ERROR_PLUGIN, "%s: no such plugin file", plugin->path);
    void *handle = dlopen(plugin->path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return tuff_fail(log, TUFF_ERROR_PLUGIN, "%s: cannot be loaded as a plugin: %s", plugin->path,
                         dlerror());
    // Never dlclose'd: threads, handlers and strings of the plugin may outlive any use that we know of.
    const struct tuff_plugin_descriptor *descriptor = dlsym(handle, TUFF_PLUGIN_SYMBOL);
    if (descriptor == NULL) {
        const char *why = dlerror(); // NULL where the symbol is there, but is NULL
        return tuff_fail(log, TUFF_ERROR_PLUGIN, "%s: not a Tuff plugin: %s", plugin->path,
                         why == NULL ? "the symbol " TUFF_PLUGIN_SYMBOL " is NULL" : why);
    }
    enum tuff_status status = check_descriptor(log, plugin->path, descriptor);
    if (status != TUFF_OK)
        return status;
    if (plugin->found && strcmp(descriptor->name, plugin->name) != 0)
        return tuff_fail(log, TUFF_ERROR_PLUGIN, "%s: holds the backend '%s', expected '%s'", plugin->path,
                         descriptor->name, plugin->name);
    char *name = strdup(descriptor->name);
    if (name == NULL)
        return tuff_fail(log, TUFF_ERROR_MEMORY, "out of memory");
    free(plugin->name);
    plugin->name = name;
    plugin->descriptor = descriptor;
    return open_backend(plugin);
}

enum tuff_status tuff_plugin_open(struct tuff_plugin *plugin)
{
    if (!plugin->opened) {
        struct tuff_affinity affinity;
        tuff_affinity_keep(&affinity);
        plugin->status = load(plugin);
        tuff_affinity_restore(&affinity);
        plugin->opened = true;
    }
    return plugin->status;
}
