// A plugin file: opened, checked against the ABI, and its backend made.
#ifndef TUFF_CORE_PLUGIN_H
#define TUFF_CORE_PLUGIN_H

#include <stdatomic.h>
#include <stdbool.h>

#include "tuff/log.h"

struct tuff_plugin {
    char *path; // absolute, where that can be had
    char *name; // from the descriptor; before it has been opened, from the file name
    enum tuff_status status;
    bool found;                                      // in a folder: the file's name has to be the backend's
    bool opened;                                     // status is final
    const struct tuff_plugin_descriptor *descriptor; // NULL if there is none that can be trusted
    struct tuff_host host;
    const struct tuff_log *log;
    atomic_uint errors_logged; // by the plugin, through its host
    atomic_bool named;         // its messages go by its name; it may log from any thread, and while it opens
    // A copy as large as this host's, with NULL in the slots that an older plugin does not know.
    struct tuff_backend_interface interface;
    struct tuff_backend *backend;
    uint32_t device_count;
};

// Notes a plugin file without opening it. path is copied; log outlives the plugin.
TUFF_MUST_CHECK enum tuff_status tuff_plugin_create(const struct tuff_log *log, const char *path,
                                                    struct tuff_plugin **plugin);
// Closes its backend; the shared object stays loaded. NULL-safe, nulls.
void tuff_plugin_destroy(struct tuff_plugin **plugin);

// Loads and checks the file and opens the backend, once: later calls return the first one's status.
// Failure: one error line with the path, what was expected and what was found.
TUFF_MUST_CHECK enum tuff_status tuff_plugin_open(struct tuff_plugin *plugin);

// device_describe of a device that there is, whose failure is one error line.
TUFF_MUST_CHECK enum tuff_status tuff_plugin_describe(struct tuff_plugin *plugin, uint32_t device,
                                                      struct tuff_device_info *info);

// Returns `status` of a failed call into the plugin; logs it as "name: cannot <what>: <status>" unless the
// plugin has logged an error of its own since `errors_before`: one failure, one line.
enum tuff_status tuff_plugin_fail(struct tuff_plugin *plugin, unsigned errors_before, enum tuff_status status,
                                  const char *what);

#endif
