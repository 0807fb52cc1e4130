// tuff devices: which backends there are, and which devices they find.
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "console.h"
#include "format.h"
#include "json_output.h"
#include "setup.h"

struct choice {
    bool found;
    size_t plugin;
    uint32_t device;
};

static bool same_device(const struct tuff_device_info *a, const struct tuff_device_info *b)
{
    return strcmp(a->name, b->name) == 0 && memcmp(a->uuid, b->uuid, sizeof a->uuid) == 0;
}

// What `auto` takes, found out by asking for it.
static enum tuff_status find_choice(struct setup *setup, struct choice *choice)
{
    const struct target_settings settings = {.backend = "auto"};
    struct tuff_device_options options = {.size = sizeof options};
    *choice = (struct choice){.found = false};
    if (tuff_target_open(setup->context, settings.backend, NULL, &options, &setup->target) != TUFF_OK)
        return TUFF_OK;
    const char *backend = tuff_target_backend(setup->target);
    const struct tuff_device_info *chosen = tuff_target_info(setup->target);
    for (size_t p = 0; p < tuff_context_plugin_count(setup->context) && !choice->found; p++) {
        struct tuff_plugin_info plugin;
        tuff_context_plugin_info(setup->context, p, &plugin);
        for (uint32_t d = 0; strcmp(plugin.name, backend) == 0 && d < plugin.device_count; d++) {
            struct tuff_device_info info;
            enum tuff_status status = tuff_context_device_info(setup->context, p, d, &info);
            if (status != TUFF_OK)
                return status;
            if (same_device(&info, chosen)) {
                *choice = (struct choice){.found = true, .plugin = p, .device = d};
                break;
            }
        }
    }
    return TUFF_OK;
}

static void uuid_text(const uint8_t uuid[16], char text[40])
{
    size_t used = 0;
    for (size_t i = 0; i < 16; i++)
        used += (size_t)snprintf(text + used, 40 - used, "%s%02x",
                                 i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
}

static bool has_uuid(const struct tuff_device_info *info)
{
    static const uint8_t none[16];
    return memcmp(info->uuid, none, sizeof none) != 0;
}

// -- For people

static void print_line(const char *name, size_t name_length, const char *value, size_t value_length)
{
    console_print("      %-*.*s  %.*s\n", 26, (int)name_length, name, (int)value_length, value);
}

static void print_field(const char *name, const char *value)
{
    print_line(name, strlen(name), value, strlen(value));
}

// Lines of "name: value".
static void print_details(const char *details)
{
    for (const char *line = details; *line != '\0';) {
        size_t length = strcspn(line, "\n"), name = strcspn(line, ":\n");
        size_t skip = name < length ? name + 1 + strspn(line + name + 1, " ") : length;
        if (length > 0)
            print_line(line, name, line + skip, skip < length ? length - skip : 0);
        line += length + (line[length] == '\n');
    }
}

static void print_device(const struct tuff_device_info *info, uint32_t index, bool chosen)
{
    char uuid[40];
    console_print("  %2" PRIu32 "  %s%s\n", index, info->name, chosen ? "  (auto chooses this one)" : "");
    print_field("kind", device_kind_name(info));
    print_field("driver", info->driver);
    if (has_uuid(info)) {
        uuid_text(info->uuid, uuid);
        print_field("UUID", uuid);
    }
    print_field("largest buffer", format_bytes(info->max_buffer_bytes).s);
    print_field("largest tensor", format_bytes(info->max_tensor_bytes).s);
    print_details(info->details);
}

static const char *failure(const struct tuff_plugin_info *plugin)
{
    const char *message = console_held_error(plugin->path);
    return message == NULL ? tuff_status_name(plugin->status) : message;
}

static enum tuff_status print_text(struct setup *setup, const struct choice *choice)
{
    size_t count = tuff_context_plugin_count(setup->context);
    if (count == 0)
        console_print("No backend was found. Plugins are looked for in the folders of TUFF_PLUGIN_PATH and\n"
                      "beside the tuff library; --plugin FILE names one.\n");
    for (size_t p = 0; p < count; p++) {
        struct tuff_plugin_info plugin;
        tuff_context_plugin_info(setup->context, p, &plugin);
        if (plugin.status != TUFF_OK) {
            console_print("%s  (could not be loaded)\n  %s\n  %s\n", plugin.name, plugin.path,
                          failure(&plugin));
        } else {
            console_print("%s %s  %s\n  %s (ABI %" PRIu32 ".%" PRIu32 ")\n", plugin.name, plugin.version,
                          plugin.description, plugin.path, plugin.abi_major, plugin.abi_minor);
            if (plugin.device_count == 0)
                console_print("      no device (tuff devices --verbose may say why)\n");
        }
        for (uint32_t d = 0; plugin.status == TUFF_OK && d < plugin.device_count; d++) {
            struct tuff_device_info info;
            enum tuff_status status = tuff_context_device_info(setup->context, p, d, &info);
            if (status != TUFF_OK)
                return status;
            print_device(&info, d, choice->found && choice->plugin == p && choice->device == d);
        }
        console_print("\n");
    }
    if (choice->found)
        console_print("auto chooses --backend %s --device %" PRIu32 "\n", tuff_target_backend(setup->target),
                      choice->device);
    else
        console_print("auto finds no device; --backend NAME takes one of a backend above\n");
    return TUFF_OK;
}

// -- For programs

static json_t *device_json(const struct tuff_device_info *info, uint32_t index)
{
    char uuid[40];
    uuid_text(info->uuid, uuid);
    return json_pack(
        "{s:i, s:o, s:s, s:o, s:b, s:o, s:I, s:I, s:I, s:i, s:o}", "index", (int)index, "name",
        json_name(info->name), "kind", device_kind_name(info), "driver", json_name(info->driver),
        "software_gpu", (int)info->software_gpu, "uuid", has_uuid(info) ? json_string(uuid) : json_null(),
        "max_buffer_bytes", (json_int_t)info->max_buffer_bytes, "max_tensor_bytes",
        (json_int_t)info->max_tensor_bytes, "buffer_alignment", (json_int_t)info->buffer_alignment,
        "preference", (int)info->preference, "details", json_name(info->details));
}

static json_t *plugin_json(const struct tuff_plugin_info *plugin, json_t *devices)
{
    bool loaded = plugin->status == TUFF_OK;
    char abi[32];
    snprintf(abi, sizeof abi, "%" PRIu32 ".%" PRIu32, plugin->abi_major, plugin->abi_minor);
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name", json_name(plugin->name), "path",
                     json_name(plugin->path), "description",
                     loaded ? json_name(plugin->description) : json_null(), "version",
                     loaded ? json_name(plugin->version) : json_null(), "abi",
                     loaded ? json_string(abi) : json_null(), "error",
                     loaded ? json_null() : json_name(failure(plugin)), "devices", devices);
}

static enum tuff_status print_json(struct setup *setup, const struct choice *choice)
{
    json_t *backends = json_array();
    enum tuff_status status = TUFF_OK;
    for (size_t p = 0; status == TUFF_OK && p < tuff_context_plugin_count(setup->context); p++) {
        struct tuff_plugin_info plugin;
        json_t *devices = json_array();
        tuff_context_plugin_info(setup->context, p, &plugin);
        for (uint32_t d = 0; status == TUFF_OK && plugin.status == TUFF_OK && d < plugin.device_count; d++) {
            struct tuff_device_info info;
            status = tuff_context_device_info(setup->context, p, d, &info);
            if (status == TUFF_OK && json_array_append_new(devices, device_json(&info, d)) != 0)
                status = TUFF_ERROR_MEMORY;
        }
        if (json_array_append_new(backends, plugin_json(&plugin, devices)) != 0 && status == TUFF_OK)
            status = TUFF_ERROR_MEMORY;
    }
    json_t *chosen = choice->found ? json_pack("{s:s, s:i}", "backend", tuff_target_backend(setup->target),
                                               "device", (int)choice->device)
                                   : json_null();
    json_t *all = json_pack("{s:s, s:o, s:o}", "tuff", TUFF_VERSION, "auto", chosen, "backends", backends);
    char *text = all == NULL ? NULL : json_text(all, JSON_INDENT(2));
    if (text == NULL && status == TUFF_OK)
        status = TUFF_ERROR_MEMORY;
    if (status == TUFF_OK)
        console_print("%s\n", text);
    free(text);
    json_decref(all);
    return status;
}

int command_devices(int argc, char **argv)
{
    struct option_list plugins = {.count = 0};
    struct verbosity verbosity = {.quiet = false};
    bool json = false;
    const struct option options[] = {
        {"json", 'j', OPTION_FLAG, &json, NULL, "print JSON"},
        {"plugin", '\0', OPTION_LIST, &plugins, "FILE", "load a backend from FILE; may be repeated"},
        {"verbose", 'v', OPTION_FLAG, &verbosity.verbose, NULL, "say more about what happens"},
    };
    const struct usage usage = {
        .command = "devices",
        .purpose = "Lists the backends that tuff finds, the devices of each with their limits, and\n"
                   "the one that --backend auto chooses. A plugin that cannot be loaded is listed\n"
                   "with the reason.\n",
        .examples = "  tuff devices\n"
                    "  tuff devices --plugin ./build/tuff-mine.so --json\n",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    const char *none;
    enum options_result parsed = options_parse(&usage, argc, argv, &none);
    if (parsed != OPTIONS_READY)
        return parsed == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    console_setup(verbosity.verbose, verbosity.quiet);
    struct setup setup = {.context = NULL};
    struct choice choice;
    enum tuff_status status = setup_open_context(&setup, &plugins);
    if (status == TUFF_OK) {
        // What goes wrong with a plugin is part of the list.
        console_hold_errors();
        status = tuff_context_open_all(setup.context);
        if (status == TUFF_OK)
            status = find_choice(&setup, &choice);
        if (status == TUFF_OK)
            status = json ? print_json(&setup, &choice) : print_text(&setup, &choice);
        console_release_errors(status == TUFF_OK);
    }
    setup_close(&setup);
    return console_exit_status(status);
}
