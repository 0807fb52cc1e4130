// tuff data list: which data sets there are, and where their files lie.
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "data.h"
#include "format.h"
#include "json_output.h"
#include "options.h"
#include "tuff/dataset.h"

enum place {
    PLACE_BUILT_IN, // needs no files
    PLACE_HERE,
    PLACE_PARTLY, // one of the two splits
    PLACE_ABSENT,
};

static enum place find_place(const char *name, const char *folder, char path[PATH_MAX])
{
    const struct tuff_dataset_options options = {.size = sizeof options, .folder = folder};
    char test[PATH_MAX];
    bool has_train = tuff_dataset_find(NULL, name, TUFF_SPLIT_TRAIN, &options, path, PATH_MAX) == TUFF_OK;
    bool has_test = tuff_dataset_find(NULL, name, TUFF_SPLIT_TEST, &options, test, sizeof test) == TUFF_OK;
    if (!has_train && has_test)
        memcpy(path, test, sizeof test);
    if (has_train && has_test)
        return path[0] == '\0' ? PLACE_BUILT_IN : PLACE_HERE;
    return has_train || has_test ? PLACE_PARTLY : PLACE_ABSENT;
}

// -- For people

static void print_set(const struct tuff_dataset_info *info, enum place place, const char *path)
{
    const uint32_t shape[3] = {info->channels, info->height, info->width};
    console_print("%-14s %s\n", info->name, info->description);
    console_print("  images       %s training, %s test, %s, %" PRIu32 " classes\n",
                  format_count(info->train_count).s, format_count(info->test_count).s,
                  format_shape(3, shape).s, info->classes);
    if (place == PLACE_BUILT_IN)
        console_print("  files        none are needed\n");
    else if (place == PLACE_HERE)
        console_print("  files        in %s\n", path);
    else if (place == PLACE_PARTLY)
        console_print("  files        some in %s; tuff data fetch %s gets the others\n", path, info->name);
    else
        console_print("  files        not here; tuff data fetch %s gets them: %s\n", info->name,
                      format_bytes(info->download_bytes).s);
    if (place != PLACE_BUILT_IN)
        console_print("  source       %s\n  licence      %s\n", info->homepage, info->licence);
    console_print("\n");
}

static void print_text(const char *folder)
{
    struct tuff_dataset_info info = {.size = sizeof info};
    for (size_t i = 0; tuff_dataset_describe(i, &info); i++) {
        char path[PATH_MAX] = "";
        enum place place = find_place(info.name, folder, path);
        print_set(&info, place, path);
    }
    console_print(
        "Besides these --data takes a folder: with train/CLASS/ and test/CLASS/ full of PNG or JPEG\n"
        "files, with IDX files, or with those of CIFAR in binary form.\n");
}

// -- For programs

static json_t *set_json(const struct tuff_dataset_info *info, enum place place, const char *path)
{
    static const char *const names[] = {"built in", "here", "partly", "absent"};
    return json_pack("{s:s, s:s, s:s, s:s, s:[I, I, I], s:I, s:I, s:I, s:I, s:s, s:o}", "name", info->name,
                     "description", info->description, "source", info->homepage, "licence", info->licence,
                     "shape", (json_int_t)info->channels, (json_int_t)info->height, (json_int_t)info->width,
                     "classes", (json_int_t)info->classes, "train_samples", (json_int_t)info->train_count,
                     "test_samples", (json_int_t)info->test_count, "download_bytes",
                     (json_int_t)info->download_bytes, "files", names[place], "folder",
                     path[0] == '\0' ? json_null() : json_name(path));
}

static enum tuff_status print_json(const char *folder)
{
    struct tuff_dataset_info info = {.size = sizeof info};
    json_t *sets = json_array();
    enum tuff_status status = TUFF_OK;
    for (size_t i = 0; status == TUFF_OK && tuff_dataset_describe(i, &info); i++) {
        char path[PATH_MAX] = "";
        enum place place = find_place(info.name, folder, path);
        if (json_array_append_new(sets, set_json(&info, place, place == PLACE_ABSENT ? "" : path)) != 0)
            status = TUFF_ERROR_MEMORY;
    }
    json_t *all = json_pack("{s:s, s:o}", "tuff", TUFF_VERSION, "sets", sets);
    char *text = status == TUFF_OK && all != NULL ? json_text(all, JSON_INDENT(2)) : NULL;
    if (text == NULL)
        status = TUFF_ERROR_MEMORY;
    else
        console_print("%s\n", text);
    free(text);
    json_decref(all);
    return status;
}

int data_list(int argc, char **argv)
{
    const char *folder = NULL, *none;
    bool json = false;
    const struct option options[] = {
        {"data-dir", '\0', OPTION_TEXT, &folder, "DIR", "look in DIR and in its folders of their names"},
        {"json", 'j', OPTION_FLAG, &json, NULL, "print JSON"},
    };
    const struct usage usage = {
        .command = "data list",
        .purpose = "Lists the data sets that have names: what is in them, where their files lie, and\n"
                   "whence they come. Files are looked for in TUFF_DATA and in the cache.\n",
        .examples = "  tuff data list\n"
                    "  tuff data list --json\n",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    enum options_result parsed = options_parse(&usage, argc, argv, &none);
    if (parsed != OPTIONS_READY)
        return parsed == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    enum tuff_status status = TUFF_OK;
    if (json)
        status = print_json(folder);
    else
        print_text(folder);
    return console_exit_status(status);
}
