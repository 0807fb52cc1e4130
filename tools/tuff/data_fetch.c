// tuff data fetch: gets the files of a data set.
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "console.h"
#include "data.h"
#include "format.h"
#include "interrupt.h"
#include "progress.h"
#include "setup.h"

struct display {
    struct progress progress;
    const char *file; // whose bar it is; NULL: none
    double began;     // on the clock
    uint64_t first;   // bytes that had come by then
};

static int show(void *user, const struct tuff_fetch_progress *now)
{
    enum { PARTS = 3, PART_BYTES = 80 };
    struct display *display = user;
    if (display->file == NULL || strcmp(display->file, now->file) != 0) {
        char label[48];
        if (display->file != NULL)
            progress_end(&display->progress);
        snprintf(label, sizeof label, "%s", now->file);
        progress_begin(&display->progress, label);
        display->file = now->file;
        display->began = progress_clock();
        display->first = now->bytes;
    }
    double seconds = progress_clock() - display->began, come = (double)(now->bytes - display->first);
    double rate = now->bytes > display->first && seconds > 0 ? come / seconds : 0;
    double fraction = now->total == 0 ? 0 : (double)now->bytes / (double)now->total;
    char texts[PARTS][PART_BYTES] = {"", "", ""}, line[PARTS * PART_BYTES];
    const char *const parts[PARTS] = {texts[0], texts[1], texts[2]};
    snprintf(texts[0], PART_BYTES, "  %s of %s", format_bytes(now->bytes).s, format_bytes(now->total).s);
    if (rate > 0 && fraction <= 1)
        snprintf(texts[1], PART_BYTES, "  %s left", format_clock((double)(now->total - now->bytes) / rate).s);
    if (rate > 0)
        snprintf(texts[2], PART_BYTES, "  %s/s", format_bytes((uint64_t)rate).s);
    snprintf(line, sizeof line, "%s%s%s", texts[0] + 2, texts[2], texts[1]);
    progress_show(&display->progress, fraction > 1 ? 1 : fraction, parts, PARTS, line);
    return interrupt_signal() != 0;
}

static enum tuff_status fetch(const char *name, const char *folder, const struct option_list *mirrors,
                              bool allow_http)
{
    struct tuff_log log = console_log();
    struct display display = {.file = NULL};
    char path[PATH_MAX];
    const struct tuff_fetch_options options = {
        .size = sizeof options,
        .folder = folder,
        .mirrors = mirrors->count == 0 ? NULL : mirrors->items,
        .mirror_count = mirrors->count,
        .allow_http = allow_http,
        .progress = show,
        .user = &display,
    };
    interrupt_catch();
    enum tuff_status status = tuff_dataset_fetch(&log, name, &options, path, sizeof path);
    progress_end(&display.progress);
    if (status == TUFF_OK)
        console_print("%s is in %s\n", name, path);
    else if (status == TUFF_ERROR_INTERRUPTED)
        console_note("what has come is kept; the same command goes on from there");
    return status;
}

int data_fetch(int argc, char **argv)
{
    const char *folder = NULL, *name;
    struct option_list mirrors = {.count = 0};
    struct verbosity verbosity = {.quiet = false};
    bool allow_http = false;
    const struct option options[] = {
        {"from", '\0', OPTION_LIST, &mirrors, "PLACE", "a folder or URL that has the files; may be repeated"},
        {"data-dir", '\0', OPTION_TEXT, &folder, "DIR", "put them into DIR/SET; else into the cache"},
        {"allow-http", '\0', OPTION_FLAG, &allow_http, NULL, "take http:// as well as https://"},
        VERBOSITY_OPTIONS(verbosity),
    };
    const struct usage usage = {
        .command = "data fetch",
        .operand = "SET",
        .purpose = "Fetches the files of a data set over HTTPS, checks their SHA-256, and puts them\n"
                   "where --data finds them. Files that are there and right are kept; what was\n"
                   "interrupted goes on where it ended. tuff data list shows the sets.\n",
        .examples = "  tuff data fetch mnist\n"
                    "  tuff data fetch cifar10 --data-dir data\n"
                    "  tuff data fetch kmnist --from /mnt/data/kmnist --from https://example.org/kmnist\n",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    enum options_result parsed = options_parse(&usage, argc, argv, &name);
    if (parsed != OPTIONS_READY)
        return parsed == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    console_setup(verbosity.verbose, verbosity.quiet);
    return console_exit_status(fetch(name, folder, &mirrors, allow_http));
}
