// What the loader makes of plugins: which files it finds, which it refuses, and what it says about them.
//
// Each test runs in a process of its own, so that its environment, its folder and its plugins are its own
// too.
#include "op/op_info.h"
#include "tuff/context.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/target.h"

enum { MAX_LINES = 64 };

// What has been logged in this test.
static struct {
    enum tuff_log_level level;
    char text[2048];
} lines[MAX_LINES];
static size_t line_count;

static void record(void *user, enum tuff_log_level level, const char *message)
{
    (void)user;
    cr_assert_lt(line_count, (size_t)MAX_LINES, "too many lines, at: %s", message);
    cr_assert_null(strchr(message, '\n'), "a line that is not one: %s", message);
    lines[line_count].level = level;
    snprintf(lines[line_count].text, sizeof lines->text, "%s", message);
    line_count++;
}

// Lines of this level or more severe that contain `part`.
static size_t count_lines(enum tuff_log_level level, const char *part)
{
    size_t count = 0;
    for (size_t i = 0; i < line_count; i++)
        count += lines[i].level <= level && strstr(lines[i].text, part) != NULL;
    return count;
}

// The only line of level error so far.
static const char *only_error(void)
{
    const char *error = NULL;
    for (size_t i = 0; i < line_count; i++) {
        if (lines[i].level != TUFF_LOG_ERROR)
            continue;
        cr_assert_null(error, "expected one error line, found '%s' and '%s'", error, lines[i].text);
        error = lines[i].text;
    }
    cr_assert_not_null(error, "expected one error line, found none");
    return error;
}

static void expect_words(const char *line, const char *words)
{
    cr_expect_not_null(strstr(line, words), "expected '%s' in: %s", words, line);
}

static char *format(const char *pattern, ...) TUFF_PRINTF(1, 2);

static char *format(const char *pattern, ...)
{
    static char texts[8][PATH_MAX]; // the last eight are valid
    static size_t next;
    char *text = texts[next++ % 8];
    va_list arguments;
    va_start(arguments, pattern);
    vsnprintf(text, PATH_MAX, pattern, arguments);
    va_end(arguments);
    return text;
}

static char *plugin_file(const char *name)
{
    return format("%s/tuff-%s.so", BROKEN_PLUGIN_DIR, name);
}

// Without links and dots, as the loader reports the path of a file that exists.
static const char *resolved(const char *path)
{
    const char *text = realpath(path, format("%s", path));
    return text == NULL ? path : text;
}

// files: to open at once.
static enum tuff_status create_context_of(const char *const *files, size_t count,
                                          struct tuff_context **context)
{
    const struct tuff_context_options options = {
        .size = sizeof options,
        .log = {.write = record, .level = TUFF_LOG_DEBUG},
        .plugin_files = files,
        .plugin_file_count = count,
    };
    return tuff_context_create(&options, context);
}

// file: one to open at once, or NULL.
static enum tuff_status create_context(const char *file, struct tuff_context **context)
{
    return create_context_of(&file, file != NULL, context);
}

static struct tuff_context *created_context(const char *file)
{
    struct tuff_context *context = NULL;
    const enum tuff_status status = create_context(file, &context);
    cr_assert_eq(status, TUFF_OK, "no context: %s", tuff_status_name(status));
    return context;
}

// The plugin of that name. False: the context knows none.
static bool find_plugin(const struct tuff_context *context, const char *name, struct tuff_plugin_info *info)
{
    for (size_t i = 0; i < tuff_context_plugin_count(context); i++) {
        tuff_context_plugin_info(context, i, info);
        if (strcmp(info->name, name) == 0)
            return true;
    }
    return false;
}

static void setup(void)
{
    unsetenv("TUFF_PLUGIN_PATH");
    cr_assert_eq(access(plugin_file("sound"), R_OK), 0, "%s has not been built", plugin_file("sound"));
}

TestSuite(plugin_loading, .init = setup, .timeout = 60);

// ---- Plugins that load

static void expect_device(struct tuff_context *context, const char *name)
{
    struct tuff_target *target = NULL;
    cr_assert_eq(tuff_target_open(context, name, NULL, NULL, &target), TUFF_OK);
    cr_expect_str_eq(tuff_target_backend(target), name);
    cr_expect_str_eq(tuff_target_info(target)->name, format("device of %s", name));
    tuff_target_close(&target);
    cr_expect_null(target);
}

// The control: what the broken plugins are apart from what is broken.
Test(plugin_loading, sound)
{
    struct tuff_context *context = created_context(plugin_file("sound"));
    struct tuff_plugin_info info;
    cr_assert(find_plugin(context, "sound", &info));
    cr_expect_eq(info.status, TUFF_OK);
    cr_expect_str_eq(info.path, resolved(plugin_file("sound")));
    cr_expect_str_eq(info.description, "a plugin for tests");
    cr_expect_str_eq(info.version, "1");
    cr_expect_eq(info.abi_major, TUFF_ABI_MAJOR);
    cr_expect_eq(info.abi_minor, TUFF_ABI_MINOR);
    cr_expect_eq(info.device_count, 1);
    expect_device(context, "sound");
    cr_expect_eq(count_lines(TUFF_LOG_WARNING, ""), 0);
    tuff_context_destroy(&context);
    cr_expect_null(context);
}

// An older plugin's kernel table is shorter; what lies beyond it is not a kernel, whatever it is.
Test(plugin_loading, older_minor)
{
    struct tuff_context *context = created_context(plugin_file("older-minor"));
    struct tuff_plugin_info info;
    cr_assert(find_plugin(context, "older-minor", &info));
    cr_expect_eq(info.status, TUFF_OK);
    cr_expect_eq(info.abi_minor, TUFF_ABI_MINOR - 1);
    expect_device(context, "older-minor");

    struct tuff_target *target = NULL;
    cr_assert_eq(tuff_target_open(context, "older-minor", NULL, NULL, &target), TUFF_OK);
    cr_expect(tuff_op_has_kernel(target->interface->kernels, TUFF_OP_FILL));
    cr_expect_not(tuff_op_has_kernel(target->interface->kernels, TUFF_OP_COPY), "its slot is NULL");
    cr_expect_not(tuff_op_has_kernel(target->interface->kernels, TUFF_OP_ADD), "its slot is beyond the end");
    tuff_target_close(&target);
    cr_expect_eq(count_lines(TUFF_LOG_WARNING, ""), 0);
    tuff_context_destroy(&context);
}

// ---- Plugins that are refused

// The file is refused with `status` and one error line that names it, what was expected and what was found.
static void expect_refused(const char *file, enum tuff_status expected_status, const char *expected,
                           const char *found)
{
    struct tuff_context *context = NULL;
    const enum tuff_status status = create_context(file, &context);
    cr_expect_eq(status, expected_status, "expected '%s', found '%s'", tuff_status_name(expected_status),
                 tuff_status_name(status));
    cr_expect_null(context);
    const char *error = only_error();
    expect_words(error, resolved(file));
    expect_words(error, expected);
    expect_words(error, found);
}

Test(plugin_loading, wrong_magic)
{
    expect_refused(plugin_file("broken-wrong-magic"), TUFF_ERROR_PLUGIN, format("%08x", TUFF_PLUGIN_MAGIC),
                   "deadbeef");
}

Test(plugin_loading, wrong_major)
{
    expect_refused(plugin_file("broken-wrong-major"), TUFF_ERROR_PLUGIN,
                   format("expected major version %d", TUFF_ABI_MAJOR),
                   format("ABI %d.%d", TUFF_ABI_MAJOR + 7, TUFF_ABI_MINOR));
}

Test(plugin_loading, newer_minor)
{
    expect_refused(plugin_file("broken-newer-minor"), TUFF_ERROR_PLUGIN,
                   format("%d.%d", TUFF_ABI_MAJOR, TUFF_ABI_MINOR),
                   format("ABI %d.%d", TUFF_ABI_MAJOR, TUFF_ABI_MINOR + 98));
    expect_words(only_error(), "newer");
}

Test(plugin_loading, short_descriptor)
{
    expect_refused(plugin_file("broken-short-descriptor"), TUFF_ERROR_PLUGIN,
                   format("%zu", sizeof(struct tuff_plugin_descriptor)),
                   format("%zu bytes", offsetof(struct tuff_plugin_descriptor, version)));
}

Test(plugin_loading, bad_name)
{
    expect_refused(plugin_file("broken-bad-name"), TUFF_ERROR_PLUGIN, "lower-case", "'Bad Name!'");
}

Test(plugin_loading, no_open)
{
    expect_refused(plugin_file("broken-no-open"), TUFF_ERROR_PLUGIN, "open", "no");
}

// The plugin has said why; the host adds the file's name to that line and no line of its own.
Test(plugin_loading, failing_open)
{
    expect_refused(plugin_file("broken-failing-open"), TUFF_ERROR_DEVICE, "expected a driver", "found none");
}

Test(plugin_loading, silent_open)
{
    expect_refused(plugin_file("broken-silent-open"), TUFF_ERROR_DEVICE, "open",
                   tuff_status_name(TUFF_ERROR_DEVICE));
}

Test(plugin_loading, no_interface)
{
    expect_refused(plugin_file("broken-no-interface"), TUFF_ERROR_PLUGIN, "interface", "without");
}

Test(plugin_loading, missing_slot)
{
    expect_refused(plugin_file("broken-missing-slot"), TUFF_ERROR_PLUGIN, "mandatory", "'buffer_read'");
}

Test(plugin_loading, short_interface)
{
    expect_refused(plugin_file("broken-short-interface"), TUFF_ERROR_PLUGIN, "mandatory", "'kernels'");
}

Test(plugin_loading, half_capture)
{
    expect_refused(plugin_file("broken-half-capture"), TUFF_ERROR_PLUGIN, "mandatory", "'capture_end'");
}

Test(plugin_loading, failing_count)
{
    expect_refused(plugin_file("broken-failing-count"), TUFF_ERROR_DEVICE, "expected a device tree",
                   "found a shrub");
}

Test(plugin_loading, no_symbol)
{
    expect_refused(plugin_file("broken-no-symbol"), TUFF_ERROR_PLUGIN, TUFF_PLUGIN_SYMBOL,
                   "not a Tuff plugin");
}

Test(plugin_loading, no_such_file)
{
    expect_refused(plugin_file("absent"), TUFF_ERROR_PLUGIN, "plugin", "No such file");
}

// A bare name is a file in the current folder and no other: the dynamic linker's folders are not searched for
// it.
Test(plugin_loading, bare_name)
{
    expect_refused("libm.so.6", TUFF_ERROR_PLUGIN, "plugin", "no such");
}

// The dynamic linker's own words are passed on.
Test(plugin_loading, no_shared_object)
{
    char *file = format("%s/plugin-XXXXXX", P_tmpdir);
    const int descriptor = mkstemp(file);
    static const char text[] = "This is a text file.\n";
    cr_assert_geq(descriptor, 0);
    cr_assert_eq(write(descriptor, text, sizeof text - 1), (ssize_t)(sizeof text - 1));
    close(descriptor);
    expect_refused(file, TUFF_ERROR_PLUGIN, "loaded", "file too short");
    unlink(file);
}

// Found in a folder, a broken plugin is nobody's failure but its own: it is listed with its status.
Test(plugin_loading, broken_plugins_in_a_folder)
{
    setenv("TUFF_PLUGIN_PATH", BROKEN_PLUGIN_DIR, 1);
    struct tuff_context *context = created_context(NULL);
    cr_expect_eq(count_lines(TUFF_LOG_ERROR, ""), 0, "nothing is opened before somebody asks");
    cr_assert_eq(tuff_context_open_all(context), TUFF_OK);
    size_t broken = 0;
    for (size_t i = 0; i < tuff_context_plugin_count(context); i++) {
        struct tuff_plugin_info info;
        tuff_context_plugin_info(context, i, &info);
        if (strstr(info.path, "/tuff-broken-") == NULL)
            continue;
        broken++;
        cr_expect_neq(info.status, TUFF_OK, "%s was not refused", info.path);
        cr_expect_eq(count_lines(TUFF_LOG_ERROR, info.path), 1, "expected one error line about %s, found %zu",
                     info.path, count_lines(TUFF_LOG_ERROR, info.path));
    }
    cr_expect_eq(broken, BROKEN_PLUGIN_COUNT, "expected %d broken plugins, found %zu", BROKEN_PLUGIN_COUNT,
                 broken);
    const size_t errors = count_lines(TUFF_LOG_ERROR, "");
    cr_assert_eq(tuff_context_open_all(context), TUFF_OK);
    cr_expect_eq(count_lines(TUFF_LOG_ERROR, ""), errors, "a refusal is said once");
    expect_device(context, "sound");
    tuff_context_destroy(&context);
}

// ---- Names

static const char *unknown_backend(const char *name)
{
    setenv("TUFF_PLUGIN_PATH", BROKEN_PLUGIN_DIR, 1);
    struct tuff_context *context = created_context(NULL);
    struct tuff_target *target = NULL;
    cr_expect_eq(tuff_target_open(context, name, NULL, NULL, &target), TUFF_ERROR_NOT_FOUND);
    cr_expect_null(target);
    tuff_context_destroy(&context);
    expect_words(only_error(), format("'%s'", name));
    expect_words(only_error(), "older-minor");
    return only_error();
}

Test(plugin_loading, unknown_backend_near_a_known_one)
{
    expect_words(unknown_backend("suond"), "did you mean 'sound'?");
}

Test(plugin_loading, unknown_backend_near_none)
{
    const char *error = unknown_backend("zzzzzzzzzz");
    cr_expect_null(strstr(error, "did you mean"), "%s", error);
}

// Of two plugins of one name the first counts: the file that was named, then the folders in their order.
Test(plugin_loading, first_of_a_name)
{
    struct tuff_plugin_info info;
    char *second = format("%s/second", resolved(BROKEN_PLUGIN_DIR));
    setenv("TUFF_PLUGIN_PATH", format("%s:%s", second, BROKEN_PLUGIN_DIR), 1);
    struct tuff_context *context = created_context(NULL);
    cr_assert(find_plugin(context, "sound", &info));
    cr_expect_str_eq(info.path, format("%s/tuff-sound.so", second));
    tuff_context_destroy(&context);

    context = created_context(plugin_file("sound"));
    cr_assert(find_plugin(context, "sound", &info));
    cr_expect_str_eq(info.path, resolved(plugin_file("sound")));
    size_t count = 0;
    for (size_t i = 0; i < tuff_context_plugin_count(context); i++) {
        tuff_context_plugin_info(context, i, &info);
        count += strcmp(info.name, "sound") == 0;
    }
    cr_expect_eq(count, 1);
    tuff_context_destroy(&context);
}

// What a named file holds is known once it is open, whatever it is called.
Test(plugin_loading, files_of_one_name)
{
    struct tuff_context *context = NULL;
    struct tuff_plugin_info info;
    char *folder = mkdtemp(format("%s/tuff-names-XXXXXX", P_tmpdir));
    cr_assert_not_null(folder);
    char *file = format("%s/tuff-sound.so", folder);
    const char *const files[] = {plugin_file("sound"), file};
    cr_expect_eq(create_context_of(files, 2, &context), TUFF_ERROR_PLUGIN);
    expect_words(only_error(), "tuff-sound.so: ");
    cr_assert_eq(symlink(plugin_file("one-thread"), file), 0);
    cr_assert_eq(create_context_of(files, 2, &context), TUFF_OK);
    cr_expect(find_plugin(context, "sound", &info) && find_plugin(context, "one-thread", &info));
    tuff_context_destroy(&context);
    cr_expect_eq(unlink(file), 0);
    cr_expect_eq(rmdir(folder), 0);
}

// Libraries bind the thread that loads them, as OpenMP's do for OMP_PROC_BIND; the loader's is given back
// what it had.
Test(plugin_loading, processors_stay)
{
    cpu_set_t before, after;
    // Of one processor, or of more than fit here, there is nothing to see.
    if (sched_getaffinity(0, sizeof before, &before) != 0 || CPU_COUNT(&before) == 1)
        cr_skip_test("needs 2 to %d processors", CPU_SETSIZE);
    struct tuff_context *context = created_context(plugin_file("binding"));
    cr_assert_not_null(getenv("TUFF_TEST_BOUND"));
    cr_assert_eq(sched_getaffinity(0, sizeof after, &after), 0);
    cr_expect(CPU_EQUAL(&before, &after));
    tuff_context_destroy(&context);
}

// ---- Folders

// Makes a folder for a test and enters it. Its plugins are links to the sound one, wherever a careless search
// that starts from the current folder would look.
static char *enter_folder_of_lures(void)
{
    static const char *const folders[] = {"plugins", "tuff", "tuff/plugins"};
    static const char *const lures[] = {"tuff-lure.so", "plugins/tuff-lure.so", "tuff/plugins/tuff-lure.so"};
    char *folder = mkdtemp(format("%s/tuff-lures-XXXXXX", P_tmpdir));
    cr_assert_not_null(folder);
    cr_assert_eq(chdir(folder), 0);
    for (size_t i = 0; i < 3; i++)
        cr_assert_eq(mkdir(folders[i], 0755), 0);
    for (size_t i = 0; i < 3; i++)
        cr_assert_eq(symlink(plugin_file("sound"), lures[i]), 0);
    return folder;
}

static void remove_folder_of_lures(const char *folder)
{
    static const char *const entries[] = {"tuff/plugins/tuff-lure.so",
                                          "plugins/tuff-lure.so",
                                          "tuff-lure.so",
                                          "tuff/plugins",
                                          "tuff",
                                          "plugins"};
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        cr_expect_eq(remove(entries[i]), 0, "cannot remove %s", entries[i]);
    cr_expect_eq(chdir("/"), 0);
    cr_expect_eq(rmdir(folder), 0);
}

// plugin_path: of the environment; NULL to leave it unset.
static void expect_no_lure(const char *plugin_path)
{
    struct tuff_plugin_info info;
    if (plugin_path != NULL)
        setenv("TUFF_PLUGIN_PATH", plugin_path, 1);
    struct tuff_context *context = created_context(NULL);
    cr_expect_not(find_plugin(context, "lure", &info) || find_plugin(context, "sound", &info),
                  "found %s with TUFF_PLUGIN_PATH=%s", info.path, plugin_path);
    tuff_context_destroy(&context);
}

Test(plugin_loading, current_folder_is_never_searched)
{
    char *folder = enter_folder_of_lures();
    expect_no_lure(NULL);
    expect_no_lure("");
    cr_expect_eq(count_lines(TUFF_LOG_WARNING, ""), 0);
    expect_no_lure(".");
    expect_no_lure(":");
    expect_no_lure("plugins");
    expect_no_lure("./tuff/plugins:..");

    // And the lures would do: an absolute path leads to them.
    struct tuff_plugin_info info;
    setenv("TUFF_PLUGIN_PATH", folder, 1);
    struct tuff_context *context = created_context(NULL);
    cr_expect(find_plugin(context, "lure", &info));
    tuff_context_destroy(&context);
    remove_folder_of_lures(folder);
}

Test(plugin_loading, relative_parts_are_skipped_with_a_warning)
{
    setenv("TUFF_PLUGIN_PATH", "plugins:./nearby::" BROKEN_PLUGIN_DIR ":/nonexistent/folder", 1);
    struct tuff_context *context = created_context(NULL);
    cr_expect_eq(count_lines(TUFF_LOG_WARNING, "TUFF_PLUGIN_PATH"), 3);
    cr_expect_eq(count_lines(TUFF_LOG_WARNING, "'plugins'"), 1);
    cr_expect_eq(count_lines(TUFF_LOG_WARNING, "'./nearby'"), 1);
    cr_expect_eq(count_lines(TUFF_LOG_WARNING, "''"), 1);
    cr_expect_eq(count_lines(TUFF_LOG_ERROR, ""), 0);
    struct tuff_plugin_info info;
    cr_expect(find_plugin(context, "sound", &info), "the absolute part is searched");
    tuff_context_destroy(&context);
}
