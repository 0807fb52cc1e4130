// The context: the log, and the plugins that can be opened.
#ifndef TUFF_CONTEXT_H
#define TUFF_CONTEXT_H

#include "log.h"

#ifdef __cplusplus
extern "C" {
#endif

struct tuff_context;

struct tuff_context_options {
    size_t size;
    struct tuff_log log;             // copied
    const char *const *plugin_files; // opened at once, in order; a plugin named here comes before those found
    size_t plugin_file_count;
};

// Opens the files named in options, and notes every `tuff-*.so` in the folders of TUFF_PLUGIN_PATH
// (colon-separated), in the folder `tuff/plugins` beside libtuff and in the folder `plugins` beside it, in this
// order; those are opened when somebody asks for them. The current folder is never searched, and an empty or
// relative part of TUFF_PLUGIN_PATH is skipped with a warning. Of two plugins of one name the first counts.
// Failure: a file named in options that cannot be loaded.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_context_create(const struct tuff_context_options *options,
                                                              struct tuff_context **context);
// All targets have been closed. NULL-safe, and *context becomes NULL.
TUFF_API void tuff_context_destroy(struct tuff_context **context);
TUFF_API const struct tuff_log *tuff_context_log(const struct tuff_context *context);

struct tuff_plugin_info {
    const char *name; // from its descriptor, or its file's name where it could not be loaded
    const char *path; // absolute
    const char *description;
    const char *version;
    uint32_t abi_major, abi_minor;
    enum tuff_status status; // TUFF_OK, or why it could not be opened (which was logged)
    uint32_t device_count;
};

// Opens every plugin that was found; one that fails is logged and listed with its status.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_context_open_all(struct tuff_context *context);
// Plugins known by now. info's strings live as long as the context.
TUFF_API size_t tuff_context_plugin_count(const struct tuff_context *context);
TUFF_API void tuff_context_plugin_info(const struct tuff_context *context, size_t index,
                                       struct tuff_plugin_info *info);
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_context_device_info(struct tuff_context *context, size_t plugin,
                                                                   uint32_t device, struct tuff_device_info *info);

// A target: a device of a backend, opened, with a stream. Programs run on it.
struct tuff_target;

// backend: a plugin's name, or "auto" for the best device of any: discrete GPU, integrated GPU, virtual GPU, CPU,
//   any other, a GPU that is emulated in software; a device of preference 0 only when its backend is named.
// device: NULL for the best one; an index (one to three digits are nothing else), the beginning of a UUID (at least 4
//   hexadecimal digits), or a part of the name, whatever its case, that fits one device only.
// options: NULL for defaults.
// Failure: no such backend (the message lists those there are, and the nearest name), no such device.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_target_open(struct tuff_context *context, const char *backend,
                                                           const char *device,
                                                           const struct tuff_device_options *options,
                                                           struct tuff_target **target);
// All programs on it have been destroyed. NULL-safe, and *target becomes NULL.
TUFF_API void tuff_target_close(struct tuff_target **target);
TUFF_API const char *tuff_target_backend(const struct tuff_target *target);
TUFF_API const struct tuff_device_info *tuff_target_info(const struct tuff_target *target);

#ifdef __cplusplus
}
#endif
#endif
