#include "run.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "console.h"

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

enum tuff_status run_check(const char *folder, bool force)
{
    static const char *const files[] = {RUN_CONFIG, RUN_METRICS, RUN_CHECKPOINT};
    if (folder == NULL)
        return check_parents("runs");
    for (size_t i = 0; i < sizeof files / sizeof *files && !force; i++) {
        char path[PATH_MAX];
        enum tuff_status status = join(path, folder, files[i]);
        if (status != TUFF_OK)
            return status;
        if (exists(path)) {
            console_error(
                "--out: '%s' holds a run already (%s); choose another folder, or --force to replace it",
                folder, files[i]);
            return TUFF_ERROR_INVALID;
        }
    }
    return check_parents(folder);
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

enum tuff_status run_create(struct run *run, const char *folder, const char *model, const char *data)
{
    char path[PATH_MAX];
    enum tuff_status status = TUFF_OK;
    *run = (struct run){.metrics = NULL};
    if (folder == NULL) {
        status = make_new_folder(run->folder, model, data);
    } else {
        status = make_folder(folder);
        if (status == TUFF_OK)
            snprintf(run->folder, sizeof run->folder, "%s", folder);
        // Without the slashes that a shell's completion leaves at the end.
        for (size_t n = strlen(run->folder); n > 1 && run->folder[n - 1] == '/'; n--)
            run->folder[n - 1] = '\0';
    }
    if (status == TUFF_OK)
        status = join(run->checkpoint, run->folder, RUN_CHECKPOINT);
    if (status == TUFF_OK && unlink(run->checkpoint) != 0 && errno != ENOENT)
        status = io_failed("replace", run->checkpoint);
    if (status == TUFF_OK)
        status = join(path, run->folder, RUN_METRICS);
    if (status != TUFF_OK)
        return status;
    run->metrics = fopen(path, "we");
    return run->metrics == NULL ? io_failed("write", path) : TUFF_OK;
}

enum tuff_status run_write_config(struct run *run, json_t *config)
{
    char path[PATH_MAX], aside[PATH_MAX];
    enum tuff_status status = join(path, run->folder, RUN_CONFIG);
    if (status == TUFF_OK)
        status = join(aside, run->folder, RUN_CONFIG ".new");
    if (status == TUFF_OK && config == NULL)
        status = out_of_memory();
    FILE *file = NULL;
    if (status == TUFF_OK) {
        file = fopen(aside, "we");
        if (file == NULL)
            status = io_failed("write", aside);
    }
    if (file != NULL) {
        bool written = json_dumpf(config, file, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) == 0 &&
                       fputc('\n', file) != EOF;
        written = fclose(file) == 0 && written;
        if (!written || rename(aside, path) != 0) {
            status = io_failed("write", path);
            unlink(aside);
        }
    }
    json_decref(config);
    return status;
}

enum tuff_status run_write_metrics(struct run *run, json_t *line)
{
    if (line == NULL)
        return out_of_memory();
    bool written = json_dumpf(line, run->metrics, JSON_COMPACT | JSON_REAL_PRECISION(9)) == 0 &&
                   fputc('\n', run->metrics) != EOF && fflush(run->metrics) == 0;
    json_decref(line);
    return written ? TUFF_OK : io_failed("write " RUN_METRICS " in", run->folder);
}

enum tuff_status run_close(struct run *run)
{
    FILE *metrics = run->metrics;
    run->metrics = NULL;
    if (metrics != NULL && fclose(metrics) != 0)
        return io_failed("write " RUN_METRICS " in", run->folder);
    return TUFF_OK;
}

json_t *json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}
