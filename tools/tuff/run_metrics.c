// The figures of a run: metrics.jsonl and metrics.csv.
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "json_output.h"
#include "run.h"

static const char *const columns[] = {
    "epoch",          "step",          "learning_rate", "train_loss",
    "train_accuracy", "train_samples", "train_seconds", "samples_per_second",
    "test_loss",      "test_accuracy", "test_samples",  "test_seconds"};
enum { COLUMN_COUNT = sizeof columns / sizeof *columns };

static enum tuff_status out_of_memory(void)
{
    console_error("out of memory");
    return TUFF_ERROR_MEMORY;
}

enum tuff_status run_begin_table(struct run *run)
{
    char head[32 * COLUMN_COUNT];
    size_t used = 0;
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        used += (size_t)snprintf(head + used, sizeof head - used, "%s%s", columns[i],
                                 i + 1 == COLUMN_COUNT ? "\n" : ",");
    return append_file_write(&run->table, head, used);
}

static enum tuff_status write_row(struct run *run, const json_t *line)
{
    char row[32 * COLUMN_COUNT];
    size_t used = 0;
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        const json_t *value = json_object_get(line, columns[i]);
        const char *end = i + 1 == COLUMN_COUNT ? "\n" : ",";
        char *at = row + used;
        size_t left = sizeof row - used;
        if (json_is_integer(value))
            used += (size_t)snprintf(at, left, "%" JSON_INTEGER_FORMAT "%s", json_integer_value(value), end);
        else if (json_is_real(value))
            used += (size_t)snprintf(at, left, "%.9g%s", json_real_value(value), end);
        else
            used += (size_t)snprintf(at, left, "%s%s", value == NULL ? "" : "nan", end);
    }
    return append_file_write(&run->table, row, used);
}

enum tuff_status run_write_metrics(struct run *run, json_t *line)
{
    if (line == NULL)
        return out_of_memory();
    const char *type = json_string_value(json_object_get(line, "type"));
    bool row = type != NULL && (strcmp(type, "epoch") == 0 || strcmp(type, "evaluation") == 0);
    char *text = json_text(line, JSON_COMPACT | JSON_REAL_PRECISION(9));
    enum tuff_status status = TUFF_OK;
    if (text == NULL) {
        status = out_of_memory();
    } else {
        size_t length = strlen(text);
        text[length] = '\n'; // in the place of the 0
        status = append_file_write(&run->metrics, text, length + 1);
    }
    free(text);
    if (status == TUFF_OK && row)
        status = write_row(run, line);
    json_decref(line);
    return status;
}

enum tuff_status run_measure(struct run *run, struct run_lengths *lengths)
{
    *lengths = (struct run_lengths){.metrics = run->metrics.length, .table = run->table.length};
    enum tuff_status status = append_file_sync(&run->metrics);
    return status == TUFF_OK ? append_file_sync(&run->table) : status;
}

enum tuff_status run_cut(struct run *run, const struct run_lengths *lengths)
{
    enum tuff_status status = append_file_cut(&run->metrics, lengths->metrics);
    return status == TUFF_OK ? append_file_cut(&run->table, lengths->table) : status;
}
