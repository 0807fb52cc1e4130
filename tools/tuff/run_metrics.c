// The figures of a run: metrics.jsonl and metrics.csv.
#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "console.h"
#include "run.h"

static const char *const columns[] = {
    "epoch",          "step",          "learning_rate", "train_loss",
    "train_accuracy", "train_samples", "train_seconds", "samples_per_second",
    "test_loss",      "test_accuracy", "test_samples",  "test_seconds"};
enum { COLUMN_COUNT = sizeof columns / sizeof *columns };

static enum tuff_status write_failed(const struct run *run, const char *file)
{
    console_error("cannot write %s in '%s': %s", file, run->folder, strerror(errno));
    return TUFF_ERROR_IO;
}

enum tuff_status run_begin_table(struct run *run)
{
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        fprintf(run->table, "%s%s", i == 0 ? "" : ",", columns[i]);
    fputc('\n', run->table);
    return fflush(run->table) == 0 ? TUFF_OK : write_failed(run, RUN_TABLE);
}

static enum tuff_status write_row(struct run *run, const json_t *line)
{
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        const json_t *value = json_object_get(line, columns[i]);
        if (i > 0)
            fputc(',', run->table);
        if (json_is_integer(value))
            fprintf(run->table, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        else if (json_is_real(value))
            fprintf(run->table, "%.9g", json_real_value(value));
        else if (value != NULL)
            fputs("nan", run->table);
    }
    fputc('\n', run->table);
    return fflush(run->table) == 0 ? TUFF_OK : write_failed(run, RUN_TABLE);
}

enum tuff_status run_write_metrics(struct run *run, json_t *line)
{
    if (line == NULL) {
        console_error("out of memory");
        return TUFF_ERROR_MEMORY;
    }
    const char *type = json_string_value(json_object_get(line, "type"));
    bool row = type != NULL && (strcmp(type, "epoch") == 0 || strcmp(type, "evaluation") == 0);
    enum tuff_status status = TUFF_OK;
    if (json_dumpf(line, run->metrics, JSON_COMPACT | JSON_REAL_PRECISION(9)) != 0 ||
        fputc('\n', run->metrics) == EOF || fflush(run->metrics) != 0)
        status = write_failed(run, RUN_METRICS);
    else if (row)
        status = write_row(run, line);
    json_decref(line);
    return status;
}

// What is no file on a disk cannot be synchronized (EINVAL), and need not be.
static bool measure(FILE *file, uint64_t *length)
{
    if (fflush(file) != 0 || (fsync(fileno(file)) != 0 && errno != EINVAL))
        return false;
    long at = ftell(file);
    *length = at < 0 ? 0 : (uint64_t)at;
    return true;
}

enum tuff_status run_measure(struct run *run, struct run_lengths *lengths)
{
    if (!measure(run->metrics, &lengths->metrics))
        return write_failed(run, RUN_METRICS);
    return measure(run->table, &lengths->table) ? TUFF_OK : write_failed(run, RUN_TABLE);
}

// A file that is shorter, because somebody has edited it, is gone on with where it ends.
static bool cut(FILE *file, uint64_t length)
{
    if (fseek(file, 0, SEEK_END) != 0)
        return false;
    long end = ftell(file);
    if (end < 0 || (uint64_t)end <= length)
        return end >= 0;
    return ftruncate(fileno(file), (off_t)length) == 0 && fseek(file, 0, SEEK_END) == 0;
}

enum tuff_status run_cut(struct run *run, const struct run_lengths *lengths)
{
    if (!cut(run->metrics, lengths->metrics))
        return write_failed(run, RUN_METRICS);
    return cut(run->table, lengths->table) ? TUFF_OK : write_failed(run, RUN_TABLE);
}

json_t *json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}
