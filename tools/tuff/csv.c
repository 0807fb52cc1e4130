#include "csv.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "console.h"

bool csv_has_stdout(const char *path)
{
    return path != NULL && strcmp(path, "-") == 0;
}

enum tuff_status csv_open(struct csv *csv, const char *path)
{
    *csv = (struct csv){.path = path};
    csv->file = csv_has_stdout(path) ? stdout : fopen(path, "we");
    if (csv->file != NULL)
        return TUFF_OK;
    console_error("cannot write '%s': %s", path, strerror(errno));
    return TUFF_ERROR_IO;
}

static void begin_field(struct csv *csv)
{
    if (csv->started)
        fputc(',', csv->file);
    csv->started = true;
}

void csv_text(struct csv *csv, const char *text)
{
    begin_field(csv);
    if (strpbrk(text, ",\"\r\n") == NULL) {
        fputs(text, csv->file);
        return;
    }
    fputc('"', csv->file);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"')
            fputc('"', csv->file);
        fputc(*c, csv->file);
    }
    fputc('"', csv->file);
}

void csv_count(struct csv *csv, uint64_t count)
{
    begin_field(csv);
    fprintf(csv->file, "%" PRIu64, count);
}

void csv_real(struct csv *csv, double value)
{
    begin_field(csv);
    if (isfinite(value))
        fprintf(csv->file, "%.9g", value);
}

void csv_end_line(struct csv *csv)
{
    fputc('\n', csv->file);
    csv->started = false;
}

enum tuff_status csv_close(struct csv *csv)
{
    bool written = ferror(csv->file) == 0;
    if (csv->file == stdout)
        written = fflush(stdout) == 0 && written;
    else
        written = fclose(csv->file) == 0 && written;
    if (written)
        return TUFF_OK;
    console_error("cannot write '%s': %s", csv->path, strerror(errno));
    return TUFF_ERROR_IO;
}
