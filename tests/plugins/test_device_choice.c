// Which device --backend and --device mean, of a backend that has one of each kind and several of some
// (broken.c).
#include "tuff/context.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/target.h"

static char error[2048];

static void record(void *user, enum tuff_log_level level, const char *message)
{
    (void)user;
    if (level == TUFF_LOG_ERROR)
        snprintf(error, sizeof error, "%s", message);
}

// The name of the device that is opened; NULL, and why in `error`, if none is. The last four are valid.
static const char *choose(const char *backend, const char *device)
{
    static char names[4][256];
    static int next;
    const char *files[] = {BROKEN_PLUGIN_DIR "/tuff-many-devices.so"};
    const struct tuff_context_options options = {.size = sizeof options,
                                                 .log = {.write = record, .level = TUFF_LOG_INFO},
                                                 .plugin_files = files,
                                                 .plugin_file_count = 1};
    struct tuff_context *context = NULL;
    struct tuff_target *target = NULL;
    char *name = NULL;
    error[0] = '\0';
    setenv("TUFF_PLUGIN_PATH", "", 1);
    cr_assert_eq(tuff_context_create(&options, &context), TUFF_OK, "%s", error);
    const enum tuff_status status = tuff_target_open(context, backend, device, NULL, &target);
    if (status == TUFF_OK) {
        name = names[next++ % 4];
        snprintf(name, sizeof *names, "%s", tuff_target_info(target)->name);
        cr_expect_str_empty(error);
    } else {
        cr_expect_eq(status, TUFF_ERROR_NOT_FOUND);
    }
    tuff_target_close(&target);
    tuff_context_destroy(&context);
    return name;
}

static void expect(const char *device, const char *name)
{
    const char *chosen = choose("many-devices", device);
    cr_expect(chosen != NULL && strcmp(chosen, name) == 0, "'%s': expected %s, found %s%s",
              device == NULL ? "none" : device, name, chosen == NULL ? "no device: " : chosen, error);
}

static void expect_none(const char *device, const char *words)
{
    cr_expect_null(choose("many-devices", device), "'%s'", device);
    cr_expect_not_null(strstr(error, words), "expected '%s' in: %s", words, error);
}

Test(device_choice, the_best_is_a_discrete_gpu_of_the_greatest_preference)
{
    expect(NULL, "Arc 300");
    cr_expect_str_eq(choose("auto", NULL), "Arc 300");
}

Test(device_choice, by_index)
{
    expect("0", "Softpipe");
    expect("6", "Oddity");
    expect("003", "Arc 200");
    expect_none("7", "many-devices has no device 7, only 7");
}

Test(device_choice, by_a_part_of_the_name)
{
    expect("iris", "Iris 100");
    expect("C 2", "Arc 200");
    expect_none("arc", "'arc' fits 2 devices, expected one");
    expect_none("quark", "'quark' fits 0 devices, expected one");
    expect_none("", "expected one: an index below 7, the beginning of a UUID or a part of the name");
}

Test(device_choice, by_the_beginning_of_the_uuid)
{
    expect("abcd02", "Arc 200");
    expect("ABCE", "Arc 300");
    expect("ab-cd-01", "Iris 100");
    expect("c0ffee0000000000", "Ticker CPU");
    expect("1000050", "Oddity");
    expect("10000400", "Cloud 7");
    expect_none("1000", "'1000' fits 2 devices");
    expect_none("abcd", "'abcd' fits 2 devices");
    expect_none("abc", "'abc' fits 0 devices"); // too short
    expect_none("c0fe", "'c0fe' fits 0 devices");
}

Test(device_choice, auto_looks_for_the_name_in_all_backends)
{
    cr_expect_str_eq(choose("auto", "ticker"), "Ticker CPU");
    cr_expect_null(choose("auto", "quark"));
    cr_expect_not_null(strstr(error, "no backend has a device that 'quark' names"), "%s", error);
}
