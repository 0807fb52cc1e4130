#include "run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/regular_file.h"
#include "base/whole_file.h"
#include "console.h"
#include "json_output.h"
#include "tuff/report.h"

static enum tuff_status io_failed(const char *what, const char *path)
{
    console_error("cannot %s '%s': %s", what, path, strerror(errno));
    return TUFF_ERROR_IO;
}

static enum tuff_status out_of_memory(void)
{
    console_error("out of memory");
    return TUFF_ERROR_MEMORY;
}

// path = folder/file.
static enum tuff_status join(char path[PATH_MAX], const char *folder, const char *file)
{
    int length = snprintf(path, PATH_MAX, "%s/%s", folder, file);
    if (length > 0 && length < PATH_MAX)
        return TUFF_OK;
    errno = ENAMETOOLONG;
    return io_failed("use", folder);
}

static bool exists(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

// The folder that will hold it can be written to; the nearest that exists counts.
static enum tuff_status check_parents(const char *folder)
{
    char path[PATH_MAX];
    enum tuff_status status = join(path, folder, "");
    if (status != TUFF_OK)
        return status;
    for (;;) {
        struct stat info;
        if (stat(path, &info) == 0) {
            if (!S_ISDIR(info.st_mode)) {
                errno = ENOTDIR;
                return io_failed("write into", path);
            }
            return access(path, W_OK | X_OK) == 0 ? TUFF_OK : io_failed("write into", path);
        }
        if (errno != ENOENT && errno != ENOTDIR)
            return io_failed("write into", path);
        char *slash = strrchr(path, '/');
        if (slash == NULL)
            strcpy(path, ".");
        else if (slash == path)
            path[1] = '\0';
        else
            *slash = '\0';
    }
}

static const char *const files[] = {RUN_CONFIG, RUN_METRICS, RUN_TABLE, RUN_STATE,
                                    RUN_LAST,   RUN_BEST,    RUN_EVENTS};
enum { FILE_COUNT = sizeof files / sizeof *files };

// run: whose metrics.jsonl is open in the folder, and has been made for it if it is empty; NULL: none is.
static enum tuff_status check_empty(const char *folder, const struct run *run)
{
    for (size_t i = 0; i < FILE_COUNT; i++) {
        char path[PATH_MAX];
        enum tuff_status status = join(path, folder, files[i]);
        if (status != TUFF_OK)
            return status;
        if (run != NULL && strcmp(files[i], RUN_METRICS) == 0 ? run->metrics.length > 0 : exists(path)) {
            console_error(
                "--out: '%s' holds a run already (%s); choose another folder, or --force to replace it",
                folder, files[i]);
            return TUFF_ERROR_INVALID;
        }
    }
    return TUFF_OK;
}

enum tuff_status run_check(const char *folder, bool force)
{
    if (folder == NULL)
        return check_parents("runs");
    enum tuff_status status = force ? TUFF_OK : check_empty(folder, NULL);
    return status == TUFF_OK ? check_parents(folder) : status;
}

static enum tuff_status make_folder(const char *folder)
{
    char path[PATH_MAX];
    enum tuff_status status = join(path, folder, "");
    if (status != TUFF_OK)
        return status;
    for (char *c = path + 1; *c != '\0'; c++) {
        if (*c != '/')
            continue;
        *c = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            return io_failed("make the folder", path);
        *c = '/';
    }
    return TUFF_OK;
}

// The first runs/MODEL-DATA-DATE-N that nobody has: mkdir decides, so that two trainings never share one.
static enum tuff_status make_new_folder(char folder[PATH_MAX], const char *model, const char *data)
{
    char date[32] = "";
    time_t now = time(NULL);
    struct tm local;
    if (localtime_r(&now, &local) != NULL)
        strftime(date, sizeof date, "%Y-%m-%d", &local);
    enum tuff_status status = make_folder("runs");
    if (status != TUFF_OK)
        return status;
    for (unsigned n = 1;; n++) {
        int length = snprintf(folder, PATH_MAX, "runs/%s-%s-%s-%u", model, data, date, n);
        if (length < 0 || length >= PATH_MAX)
            errno = ENAMETOOLONG;
        else if (mkdir(folder, 0777) == 0)
            return TUFF_OK;
        if (errno != EEXIST)
            return io_failed("make the folder", folder);
    }
}

static enum tuff_status set_paths(struct run *run)
{
    enum tuff_status status = join(run->state, run->folder, RUN_STATE);
    if (status == TUFF_OK)
        status = join(run->last, run->folder, RUN_LAST);
    if (status == TUFF_OK)
        status = join(run->best, run->folder, RUN_BEST);
    return status == TUFF_OK ? join(run->events, run->folder, RUN_EVENTS) : status;
}

static void set_folder(struct run *run, const char *folder)
{
    snprintf(run->folder, sizeof run->folder, "%s", folder);
    // Without the slashes that a shell's completion leaves at the end.
    for (size_t n = strlen(run->folder); n > 1 && run->folder[n - 1] == '/'; n--)
        run->folder[n - 1] = '\0';
}

// Fails if another process writes into the folder. What is in it is as it was.
static enum tuff_status open_metrics(struct run *run, enum append_start start)
{
    char path[PATH_MAX];
    enum tuff_status status = join(path, run->folder, RUN_METRICS);
    if (status == TUFF_OK)
        status = append_file_open(&run->metrics, path, start);
    if (status != TUFF_OK)
        return status;
    // As long as this process lives. Where locks are not known, nobody is kept away.
    if (flock(run->metrics.descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return TUFF_OK;
    console_error("'%s' is in use by another tuff train", run->folder);
    return TUFF_ERROR_INVALID;
}

static enum tuff_status open_table(struct run *run, enum append_start start)
{
    char path[PATH_MAX];
    enum tuff_status status = join(path, run->folder, RUN_TABLE);
    return status == TUFF_OK ? append_file_open(&run->table, path, start) : status;
}

// The page about a former run. In a folder that holds none it is about another.
static enum tuff_status remove_page(const struct run *run)
{
    char path[PATH_MAX];
    struct tuff_log log = console_log();
    enum tuff_status status = join(path, run->folder, RUN_CONFIG);
    if (status != TUFF_OK || !exists(path))
        return status;
    status = join(path, run->folder, RUN_PAGE);
    return status == TUFF_OK ? tuff_report_remove(&log, path) : status;
}

// What a former run left would not fit to the new one. metrics.jsonl holds the lock, and is emptied instead.
static enum tuff_status remove_former(struct run *run)
{
    char path[PATH_MAX];
    enum tuff_status status = remove_page(run);
    for (size_t i = 0; status == TUFF_OK && i < FILE_COUNT; i++) {
        status = join(path, run->folder, files[i]);
        if (status == TUFF_OK && strcmp(files[i], RUN_METRICS) != 0 && unlink(path) != 0 && errno != ENOENT)
            status = io_failed("remove", path);
    }
    return status == TUFF_OK ? append_file_cut(&run->metrics, 0) : status;
}

// What a process that was killed has left aside; nobody else is at work here.
static void remove_left_aside(const struct run *run)
{
    static const char *const patterns[] = {"*.safetensors.tmp.*", RUN_CONFIG ".tmp.*"};
    DIR *folder = opendir(run->folder);
    if (folder == NULL)
        return;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
            if (fnmatch(patterns[i], entry->d_name, FNM_PERIOD) == 0)
                (void)unlinkat(dirfd(folder), entry->d_name, 0); // in nobody's way if it stays
    closedir(folder);
}

enum tuff_status run_create(struct run *run, const char *folder, bool force, const char *model,
                            const char *data)
{
    enum tuff_status status = TUFF_OK;
    *run = RUN_CLOSED;
    if (folder == NULL) {
        status = make_new_folder(run->folder, model, data);
    } else {
        status = make_folder(folder);
        if (status == TUFF_OK)
            set_folder(run, folder);
    }
    if (status == TUFF_OK)
        status = set_paths(run);
    if (status == TUFF_OK)
        status = open_metrics(run, APPEND_TO_ANY);
    // Another process may have begun and ended one since run_check.
    if (status == TUFF_OK && !force)
        status = check_empty(run->folder, run);
    if (status == TUFF_OK)
        status = remove_former(run);
    if (status == TUFF_OK)
        status = open_table(run, APPEND_TO_NOTHING);
    if (status != TUFF_OK)
        return status;
    remove_left_aside(run);
    return run_begin_table(run);
}

enum tuff_status run_open(struct run *run, const char *folder)
{
    *run = RUN_CLOSED;
    set_folder(run, folder);
    enum tuff_status status = set_paths(run);
    if (status == TUFF_OK)
        status = open_metrics(run, APPEND_TO_EXISTING);
    if (status == TUFF_OK)
        status = open_table(run, APPEND_TO_EXISTING);
    if (status == TUFF_OK)
        remove_left_aside(run);
    return status;
}

// As few digits as give back every number that is in it.
static size_t json_digits(const json_t *config)
{
    char *text = json_text(config, JSON_REAL_PRECISION(15));
    json_t *read = text == NULL ? NULL : json_loads(text, 0, NULL);
    size_t digits = json_equal(read, config) ? 15 : 17;
    json_decref(read);
    free(text);
    return digits;
}

enum tuff_status run_write_config(const struct run *run, json_t *config)
{
    char path[PATH_MAX];
    struct tuff_log log = console_log();
    enum tuff_status status = config == NULL ? out_of_memory() : join(path, run->folder, RUN_CONFIG);
    if (status == TUFF_OK) {
        char *text = json_text(config, JSON_INDENT(2) | JSON_REAL_PRECISION(json_digits(config)));
        const struct tuff_file_part parts[] = {{text, text == NULL ? 0 : strlen(text)}, {"\n", 1}};
        status = text == NULL ? out_of_memory() : tuff_whole_file_write(&log, path, parts, 2);
        free(text);
    }
    json_decref(config);
    return status;
}

enum tuff_status run_read_config(const char *folder, json_t **config)
{
    char path[PATH_MAX];
    json_error_t error;
    *config = NULL;
    enum tuff_status status = join(path, folder, RUN_CONFIG);
    if (status != TUFF_OK)
        return status;
    if (access(path, R_OK) != 0)
        return io_failed("read", path);
    struct tuff_log log = console_log();
    FILE *file;
    status = tuff_regular_file_open(&log, path, &file, NULL);
    if (status != TUFF_OK)
        return status;
    *config = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
    fclose(file);
    if (json_is_object(*config))
        return TUFF_OK;
    console_error("%s:%d:%d: %s", path, *config == NULL ? error.line : 1, *config == NULL ? error.column : 1,
                  *config == NULL ? error.text : "expected a JSON object");
    json_decref(*config);
    *config = NULL;
    return TUFF_ERROR_FORMAT;
}

enum tuff_status run_close(struct run *run)
{
    enum tuff_status status = append_file_close(&run->metrics), other = append_file_close(&run->table);
    return status == TUFF_OK ? other : status;
}

const char *const run_checkpoints[2] = {[RUN_WHICH_LAST] = "last", [RUN_WHICH_BEST] = "best"};

enum tuff_status run_find_checkpoint(const char *operand, enum run_which which, char path[PATH_MAX])
{
    struct stat info;
    if (stat(operand, &info) != 0)
        return io_failed("read", operand);
    if (!S_ISDIR(info.st_mode)) {
        int length = snprintf(path, PATH_MAX, "%s", operand);
        if (length < PATH_MAX)
            return TUFF_OK;
        errno = ENAMETOOLONG;
        return io_failed("read", operand);
    }
    const char *file = which == RUN_WHICH_BEST ? RUN_BEST : RUN_LAST;
    enum tuff_status status = join(path, operand, file);
    if (status == TUFF_OK && !exists(path)) {
        console_error("'%s' holds no %s; %s", operand, file,
                      which == RUN_WHICH_BEST ? "one is written by a training with evaluations"
                                              : "one is written at the end of each epoch");
        return TUFF_ERROR_NOT_FOUND;
    }
    return status;
}
