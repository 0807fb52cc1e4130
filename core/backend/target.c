#include "target.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "context.h"
#include "growth.h"
#include "op/op_info.h"

// What `auto` and a missing --device prefer; greater is better.
static uint32_t kind_rank(const struct tuff_device_info *info)
{
    if (info->software_gpu)
        return 0;
    switch ((enum tuff_device_kind)info->kind) {
    case TUFF_DEVICE_DISCRETE_GPU:
        return 5;
    case TUFF_DEVICE_INTEGRATED_GPU:
        return 4;
    case TUFF_DEVICE_VIRTUAL_GPU:
        return 3;
    case TUFF_DEVICE_CPU:
        return 2;
    case TUFF_DEVICE_OTHER:
        return 1;
    }
    return 1;
}

static bool better(const struct tuff_device_info *a, const struct tuff_device_info *b)
{
    uint32_t rank_a = kind_rank(a), rank_b = kind_rank(b);
    return rank_a != rank_b ? rank_a > rank_b : a->preference > b->preference;
}

static bool contains_ignoring_case(const char *text, const char *part)
{
    return strcasestr(text, part) != NULL;
}

static void uuid_text(const uint8_t uuid[16], char text[33])
{
    for (int i = 0; i < 16; i++)
        snprintf(text + 2 * i, 3, "%02x", uuid[i]);
}

// Hexadecimal digits, with the dashes that people write left out; "" if it is anything else or shorter
// than 4.
static void uuid_prefix(const char *selector, char digits[33])
{
    size_t n = 0;
    for (const char *c = selector; *c != '\0'; c++) {
        if (*c == '-')
            continue;
        if (!isxdigit((unsigned char)*c) || n == 32) {
            n = 0;
            break;
        }
        digits[n++] = (char)tolower((unsigned char)*c);
    }
    digits[n < 4 ? 0 : n] = '\0';
}

// One to three digits are an index and nothing else: more may begin a UUID.
static bool is_index(const char *selector, uint32_t *index)
{
    const size_t length = strlen(selector);
    *index = (uint32_t)strtoul(selector, NULL, 10);
    return length > 0 && length <= 3 && strspn(selector, "0123456789") == length;
}

// automatic: of those that may be taken although nobody named their backend. TUFF_ERROR_NOT_FOUND, and no
// message: there is none.
static enum tuff_status best_device(struct tuff_plugin *plugin, bool automatic, uint32_t *index)
{
    struct tuff_device_info best;
    bool any = false;
    for (uint32_t i = 0; i < plugin->device_count; i++) {
        struct tuff_device_info info;
        enum tuff_status status = tuff_plugin_describe(plugin, i, &info);
        if (status != TUFF_OK)
            return status;
        if ((automatic && info.preference == 0) || (any && !better(&info, &best)))
            continue;
        best = info;
        *index = i;
        any = true;
    }
    return any ? TUFF_OK : TUFF_ERROR_NOT_FOUND;
}

static enum tuff_status select_device(const struct tuff_log *log, struct tuff_plugin *plugin,
                                      const char *selector, bool automatic, uint32_t *index)
{
    struct tuff_device_info info;
    if (plugin->device_count == 0)
        return tuff_fail(log, TUFF_ERROR_NOT_FOUND, "backend %s finds no device on this machine",
                         plugin->name);
    if (selector == NULL)
        return best_device(plugin, automatic, index);
    if (is_index(selector, index))
        return *index < plugin->device_count
                   ? TUFF_OK
                   : tuff_fail(log, TUFF_ERROR_NOT_FOUND, "%s has no device %u, only %u (see tuff devices)",
                               plugin->name, *index, plugin->device_count);
    char prefix[33];
    uuid_prefix(selector, prefix);
    uint32_t matches = 0;
    for (uint32_t i = 0; i < plugin->device_count; i++) {
        enum tuff_status status = tuff_plugin_describe(plugin, i, &info);
        if (status != TUFF_OK)
            return status;
        char uuid[33];
        uuid_text(info.uuid, uuid);
        bool match = contains_ignoring_case(info.name, selector) ||
                     (prefix[0] != '\0' && strncmp(uuid, prefix, strlen(prefix)) == 0);
        if (match && matches++ == 0)
            *index = i;
    }
    if (matches == 1 && selector[0] != '\0')
        return TUFF_OK;
    return tuff_fail(
        log, TUFF_ERROR_NOT_FOUND,
        "%s: '%s' fits %u devices, expected one: an index below %u, the beginning of a UUID or a part of "
        "the name (see tuff devices)",
        plugin->name, selector, matches, plugin->device_count);
}

static enum tuff_status find_named(struct tuff_context *context, const char *name, struct tuff_plugin **found)
{
    for (size_t i = 0; i < context->plugin_count; i++) {
        struct tuff_plugin *plugin = context->plugins[i];
        if (strcmp(plugin->name, name) != 0)
            continue;
        *found = plugin;
        return tuff_plugin_open(plugin);
    }
    const char **names = calloc(context->plugin_count + 1, sizeof *names);
    char list[512] = "none";
    size_t used = 0;
    for (size_t i = 0; names != NULL && i < context->plugin_count; i++) {
        names[i] = context->plugins[i]->name;
        if (used + strlen(names[i]) + 3 < sizeof list)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i == 0 ? "" : ", ", names[i]);
    }
    const char *nearest = names == NULL ? NULL : tuff_suggest(name, names, context->plugin_count);
    enum tuff_status status =
        nearest == NULL
            ? tuff_fail(&context->log, TUFF_ERROR_NOT_FOUND, "unknown backend '%s'; there are: %s", name,
                        list)
            : tuff_fail(&context->log, TUFF_ERROR_NOT_FOUND,
                        "unknown backend '%s'; did you mean '%s'? There are: %s", name, nearest, list);
    free(names);
    return status;
}

// The plugin that has the best device of all; failing plugins have logged why and are passed over.
static enum tuff_status find_best(struct tuff_context *context, const char *device,
                                  struct tuff_plugin **found)
{
    struct tuff_device_info best = {.size = sizeof best};
    *found = NULL;
    for (size_t i = 0; i < context->plugin_count; i++) {
        struct tuff_plugin *plugin = context->plugins[i];
        struct tuff_device_info info;
        uint32_t index;
        if (tuff_plugin_open(plugin) != TUFF_OK ||
            select_device(NULL, plugin, device, true, &index) != TUFF_OK ||
            tuff_plugin_describe(plugin, index, &info) != TUFF_OK || info.preference == 0)
            continue;
        if (*found == NULL || better(&info, &best)) {
            *found = plugin;
            best = info;
        }
    }
    if (*found != NULL)
        return TUFF_OK;
    if (device != NULL)
        return tuff_fail(&context->log, TUFF_ERROR_NOT_FOUND,
                         "no backend has a device that '%s' names (see tuff devices)", device);
    return tuff_fail(&context->log, TUFF_ERROR_NOT_FOUND,
                     "no backend with a device was found (see tuff devices)");
}

// The options as this host knows them, whatever its caller was built with: a plugin never sees a shorter
// struct than its own.
static struct tuff_device_options known_options(const struct tuff_device_options *options)
{
    struct tuff_device_options known = {0};
    if (options != NULL)
        memcpy(&known, options, options->size < sizeof known ? options->size : sizeof known);
    known.size = sizeof known;
    return known;
}

// Of a number of threads that the device will not take. Plugins older than the field do not say.
static void warn_of_threads(const struct tuff_target *target, uint32_t threads)
{
    const struct tuff_device_info *info = &target->info;
    if (target->abi_minor < 2 || threads <= info->max_threads)
        return;
    if (info->max_threads == 0)
        tuff_log_message(
            target->log, TUFF_LOG_WARNING,
            "%s: %s takes no number of host threads; the %u that were asked for make no difference",
            target->backend_name, info->name, threads);
    else
        tuff_log_message(target->log, TUFF_LOG_WARNING,
                         "%s: %s takes at most %u host thread%s, but %u were asked for", target->backend_name,
                         info->name, info->max_threads, info->max_threads == 1 ? "" : "s", threads);
}

enum tuff_status tuff_target_open(struct tuff_context *context, const char *backend, const char *device,
                                  const struct tuff_device_options *options, struct tuff_target **target)
{
    *target = NULL;
    struct tuff_plugin *plugin;
    uint32_t index = 0;
    const bool automatic = strcmp(backend, "auto") == 0;
    enum tuff_status status =
        automatic ? find_best(context, device, &plugin) : find_named(context, backend, &plugin);
    if (status == TUFF_OK)
        status = select_device(&context->log, plugin, device, automatic, &index);
    if (status != TUFF_OK)
        return status;
    struct tuff_target *made = calloc(1, sizeof *made);
    if (made == NULL)
        return tuff_fail(&context->log, TUFF_ERROR_MEMORY, "out of memory");
    made->context = context;
    made->log = &context->log;
    made->plugin = plugin;
    made->backend_name = plugin->name;
    made->abi_minor = plugin->descriptor->abi_minor;
    made->interface = &plugin->interface;
    made->backend = plugin->backend;
    context->target_count++;
    status = tuff_plugin_describe(plugin, index, &made->info);
    if (status != TUFF_OK) {
        tuff_target_close(&made);
        return status;
    }
    unsigned errors = atomic_load(&plugin->errors_logged);
    uint64_t alignment = made->info.buffer_alignment;
    if (alignment < 4 || (alignment & (alignment - 1)) != 0) {
        tuff_target_close(&made);
        return tuff_fail(&context->log, TUFF_ERROR_PLUGIN,
                         "%s: device %u has a buffer alignment of %llu, expected a power of two from 4 on",
                         plugin->name, index, (unsigned long long)alignment);
    }
    struct tuff_device_options known = known_options(options);
    warn_of_threads(made, known.threads);
    if (made->abi_minor >= 2 && known.threads > made->info.max_threads)
        known.threads = made->info.max_threads;
    status = plugin->interface.device_open(plugin->backend, index, &known, &made->device);
    if (status == TUFF_OK)
        status = plugin->interface.stream_create(made->device, &made->stream);
    if (status != TUFF_OK) {
        tuff_target_close(&made);
        return tuff_plugin_fail(plugin, errors, status, "open the device");
    }
    if (made->info.software_gpu)
        tuff_log_message(&context->log, TUFF_LOG_WARNING,
                         "%s is a driver that emulates a GPU on the CPU; --backend cpu is faster",
                         made->info.name);
    *target = made;
    return TUFF_OK;
}

void tuff_target_close(struct tuff_target **target)
{
    struct tuff_target *t = *target;
    if (t == NULL)
        return;
    t->interface->stream_destroy(t->stream);
    t->interface->device_close(t->device);
    t->context->target_count--;
    free(t);
    *target = NULL;
}

const char *tuff_target_backend(const struct tuff_target *target)
{
    return target->backend_name;
}

const struct tuff_device_info *tuff_target_info(const struct tuff_target *target)
{
    return &target->info;
}

unsigned tuff_target_errors(const struct tuff_target *target)
{
    return atomic_load(&target->plugin->errors_logged);
}

enum tuff_status tuff_target_fail(const struct tuff_target *target, unsigned errors_before,
                                  enum tuff_status status, const char *what)
{
    return tuff_plugin_fail(target->plugin, errors_before, status, what);
}

// What the target's plugin is too old for in these arguments; NULL: nothing.
static const struct tuff_growth *beyond(const struct tuff_target *target, enum tuff_op op,
                                        const struct tuff_op_args *args)
{
    size_t count;
    const struct tuff_growth *table = tuff_growths(&count);
    return tuff_growth_beyond(table, count, target->abi_minor, op, args);
}

// Whether the plugin is too old for float16, which these arguments have.
static bool beyond_f16(const struct tuff_target *target, const struct tuff_op_args *args)
{
    return target->abi_minor < TUFF_MINOR_OF_F16 && tuff_op_args_use_f16(args) != 0;
}

static bool takes(const struct tuff_target *target, enum tuff_op op, const struct tuff_op_args *args)
{
    return target->interface->supports == NULL || target->interface->supports(target->device, op, args) != 0;
}

bool tuff_target_supports(const struct tuff_target *target, enum tuff_op op, const struct tuff_op_args *args)
{
    return tuff_op_has_kernel(target->interface->kernels, op) && beyond(target, op, args) == NULL &&
           !beyond_f16(target, args) && takes(target, op, args);
}

enum tuff_status tuff_target_require(const struct tuff_target *target, enum tuff_op op,
                                     const struct tuff_op_args *args)
{
    const char *name = tuff_op_info(op)->name;
    const bool half = tuff_op_args_use_f16(args) != 0,
               has_kernel = tuff_op_has_kernel(target->interface->kernels, op);
    if (half && (!has_kernel || beyond_f16(target, args)))
        return tuff_fail(target->log, TUFF_ERROR_UNSUPPORTED,
                         "backend %s has no float16 %s, which mixed precision needs (--precision float32)",
                         target->backend_name, name);
    if (half && !takes(target, op, args))
        return tuff_fail(target->log, TUFF_ERROR_UNSUPPORTED,
                         "backend %s has no float16 %s for these shapes and parameters; float32 may do "
                         "(--precision float32)",
                         target->backend_name, name);
    if (!has_kernel)
        return tuff_fail(target->log, TUFF_ERROR_UNSUPPORTED, "backend %s does not support %s",
                         target->backend_name, name);
    const struct tuff_growth *newer = beyond(target, op, args);
    if (newer != NULL)
        return tuff_fail(target->log, TUFF_ERROR_UNSUPPORTED,
                         "backend %s does not support %s with %s: that came with plugin ABI %d.%u, and the "
                         "backend was built for %d.%u",
                         target->backend_name, name, tuff_growth_describe(newer).text, TUFF_ABI_MAJOR,
                         newer->minor, TUFF_ABI_MAJOR, target->abi_minor);
    if (!takes(target, op, args))
        return tuff_fail(target->log, TUFF_ERROR_UNSUPPORTED,
                         "backend %s does not support %s with these shapes and parameters",
                         target->backend_name, name);
    return TUFF_OK;
}

// A slot that was asked about an op has failed.
static enum tuff_status fail_for_op(const struct tuff_target *target, unsigned errors,
                                    enum tuff_status status, const char *what, enum tuff_op op)
{
    char text[128];
    snprintf(text, sizeof text, "%s %s", what, tuff_op_info(op)->name);
    return tuff_target_fail(target, errors, status, text);
}

enum tuff_status tuff_target_workspace_size(const struct tuff_target *target, enum tuff_op op,
                                            const struct tuff_op_args *args, uint64_t *bytes)
{
    *bytes = 0;
    if (target->interface->workspace_size == NULL)
        return TUFF_OK;
    if (target->abi_minor < 2) {
        typedef uint64_t (*slot_of_0_1)(struct tuff_device *, uint32_t, const struct tuff_op_args *);
        void (*slot)(void) = (void (*)(void))target->interface->workspace_size;
        *bytes = ((slot_of_0_1)slot)(target->device, op, args);
        return TUFF_OK;
    }
    unsigned errors = tuff_target_errors(target);
    enum tuff_status status = target->interface->workspace_size(target->device, op, args, bytes);
    return status == TUFF_OK ? TUFF_OK : fail_for_op(target, errors, status, "tell the workspace of", op);
}

enum tuff_status tuff_target_prepare(const struct tuff_target *target, enum tuff_op op,
                                     const struct tuff_op_args *args)
{
    if (target->interface->prepare == NULL)
        return TUFF_OK;
    unsigned errors = tuff_target_errors(target);
    enum tuff_status status = target->interface->prepare(target->device, op, args);
    return status == TUFF_OK ? TUFF_OK : fail_for_op(target, errors, status, "prepare", op);
}

enum tuff_layout tuff_target_activation_layout(const struct tuff_target *target, uint32_t batch_size)
{
    uint32_t layout = TUFF_LAYOUT_ROW_MAJOR;
    if (target->interface->activation_layout != NULL)
        layout = target->interface->activation_layout(target->device, batch_size);
    return layout == TUFF_LAYOUT_BATCH16 ? TUFF_LAYOUT_BATCH16 : TUFF_LAYOUT_ROW_MAJOR;
}

bool tuff_target_can_capture(const struct tuff_target *target)
{
    return target->interface->capture_begin != NULL;
}
