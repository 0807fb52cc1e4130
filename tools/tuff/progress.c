#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "console.h"
#include "format.h"

enum { BAR_LEAST = 10, BAR_MOST = 40, LINE_BYTES = 512 };

double progress_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void progress_begin(struct progress *progress, const char *label)
{
    *progress = (struct progress){.drawn_at = 0};
    snprintf(progress->label, sizeof progress->label, "%s", label);
    if (!console_stderr_is_terminal())
        progress->drawn_at = progress_clock();
}

struct figures {
    double fraction, loss, accuracy, rate, left;
};

static struct figures figures(const struct tuff_progress *now)
{
    double samples = (double)now->metrics.samples, seconds = now->metrics.seconds;
    struct figures f = {.fraction = now->steps == 0 ? 1.0 : (double)now->step / now->steps,
                        .loss = now->metrics.loss};
    if (samples > 0)
        f.accuracy = 100.0 * (double)now->metrics.correct / samples;
    if (seconds > 0)
        f.rate = samples / seconds;
    if (f.fraction > 0)
        f.left = seconds * (1.0 - f.fraction) / f.fraction;
    return f;
}

// Adds a part if it leaves room for those that matter more; columns: what the line may have in all.
static void add_part(char *line, const char *part, size_t columns)
{
    if (strlen(line) + strlen(part) <= columns)
        strcat(line, part);
}

static void draw_bar(const struct progress *progress, double fraction, const char *const *texts, size_t count)
{
    // The last column stays empty: some terminals wrap as soon as it is written.
    size_t columns = console_stderr_columns() - 1;
    if (columns > LINE_BYTES - 1)
        columns = LINE_BYTES - 1;
    char parts[LINE_BYTES] = "", line[2 * LINE_BYTES];
    size_t fixed = strlen(progress->label) + strlen(" [] 100%");
    size_t room = columns > fixed + BAR_LEAST ? columns - fixed - BAR_LEAST : 0;
    for (size_t i = 0; i < count; i++)
        add_part(parts, texts[i], room);
    int percent = (int)(100.0 * fraction);
    if (columns < fixed + BAR_LEAST) {
        snprintf(line, columns + 1, "%s %3d%%", progress->label, percent);
        console_transient(line);
        return;
    }
    size_t width = columns - fixed - strlen(parts);
    if (width > BAR_MOST)
        width = BAR_MOST;
    char bar[BAR_MOST + 1];
    size_t filled = (size_t)(fraction * (double)width);
    memset(bar, ' ', width);
    memset(bar, '=', filled);
    if (filled < width)
        bar[filled] = '>';
    bar[width] = '\0';
    snprintf(line, sizeof line, "%s [%s] %3d%%%s", progress->label, bar, percent, parts);
    console_transient(line);
}

void progress_show(struct progress *progress, double fraction, const char *const *parts, size_t part_count,
                   const char *line)
{
    double clock = progress_clock(), since = clock - progress->drawn_at;
    uint32_t tenth = (uint32_t)(10 * fraction);
    if (console_quiet())
        return;
    if (console_stderr_is_terminal()) {
        if (since < 0.095)
            return;
        draw_bar(progress, fraction, parts, part_count);
    } else {
        // What is whole is said by the line of results.
        if (fraction >= 1 || ((tenth <= progress->drawn_tenth || since < 1) && since < 10))
            return;
        console_progress("%s  %s", progress->label, line);
    }
    progress->drawn_at = clock;
    progress->drawn_tenth = tenth;
}

void progress_update(struct progress *progress, const struct tuff_progress *now)
{
    enum { PARTS = 4, PART_BYTES = 64 };
    const struct figures f = figures(now);
    char texts[PARTS][PART_BYTES], line[LINE_BYTES];
    const char *const parts[PARTS] = {texts[0], texts[1], texts[2], texts[3]};
    snprintf(texts[0], PART_BYTES, "  loss %.4f", f.loss);
    snprintf(texts[1], PART_BYTES, "  acc %.2f%%", f.accuracy);
    snprintf(texts[2], PART_BYTES, "  %s left", format_clock(f.left).s);
    snprintf(texts[3], PART_BYTES, "  %s samples/s", format_rate(f.rate).s);
    snprintf(line, sizeof line, "%" PRIu32 "/%" PRIu32 " steps%s%s%s%s", now->step, now->steps, texts[0],
             texts[1], texts[3], texts[2]);
    progress_show(progress, f.fraction, parts, PARTS, line);
}

void progress_end(struct progress *progress)
{
    console_transient(NULL);
    progress->drawn_at = 0;
}
