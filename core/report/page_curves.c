// The section on how the training went.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "page.h"

enum { STEP_POINTS = 600, SMOOTH_POINTS = 60, RATE_POINTS = 200 };

uint32_t tuff_report_epochs(const struct tuff_report *report)
{
    uint32_t epochs = 0;
    for (uint32_t i = 0; report->history != NULL && i < report->history->epoch_count; i++)
        epochs += report->history->epochs[i].whole != 0;
    return epochs;
}

// -- Curves over epochs

enum figure_kind {
    FIGURE_LOSS,
    FIGURE_ACCURACY,
    FIGURE_RATE, // has no test
};

static double epoch_figure(const struct tuff_history_epoch *epoch, enum figure_kind kind)
{
    return kind == FIGURE_LOSS       ? epoch->train_loss
           : kind == FIGURE_ACCURACY ? epoch->train_accuracy
                                     : epoch->learning_rate;
}

// Where there are evaluations within epochs the curves are over steps.
static bool tests_within(const struct tuff_history *history)
{
    bool within = false;
    for (uint32_t i = 0; i < history->test_count; i++)
        within = within || history->tests[i].within;
    return within;
}

// Room for two curves of `count` points each: x, y, x, y.
static double *make_points(struct tuff_figure *figure, uint32_t count)
{
    double *points = calloc((size_t)count * 4 + 1, sizeof *points);
    if (points == NULL) {
        tuff_figure_begin(figure, NULL);
        figure->failed = true;
    }
    return points;
}

// Of whole epochs, and of evaluations.
static void draw_epochs(struct tuff_figure *figure, const struct tuff_report *report, const char *title,
                        const char *y_label, enum figure_kind kind)
{
    const struct tuff_history *history = report->history;
    bool over_steps = tests_within(history), percent = kind == FIGURE_ACCURACY;
    const struct tuff_axes axes = {sizeof axes, over_steps ? "step" : "epoch", y_label, 1, percent};
    uint32_t capacity = history->epoch_count + history->test_count, counts[2] = {0, 0};
    double *points = make_points(figure, capacity);
    if (points == NULL)
        return;
    double *x[2] = {points, points + 2 * (size_t)capacity}, *y[2] = {x[0] + capacity, x[1] + capacity};
    for (uint32_t i = 0; i < history->epoch_count; i++) {
        const struct tuff_history_epoch *epoch = &history->epochs[i];
        if (!epoch->whole)
            continue;
        x[0][counts[0]] = over_steps ? (double)epoch->step : epoch->epoch;
        y[0][counts[0]++] = epoch_figure(epoch, kind);
    }
    for (uint32_t i = 0; i < history->test_count && kind != FIGURE_RATE; i++) {
        const struct tuff_history_test *test = &history->tests[i];
        x[1][counts[1]] = over_steps ? (double)test->step : test->epoch;
        y[1][counts[1]++] = kind == FIGURE_LOSS ? test->loss : test->accuracy;
    }
    const struct tuff_curve curves[2] = {{kind == FIGURE_RATE ? y_label : "training", counts[0], x[0], y[0]},
                                         {"test", counts[1], x[1], y[1]}};
    tuff_draw_curves(figure, curves, counts[1] > 0 ? 2 : 1, &axes, title, NULL);
    free(points);
}

static void draw_loss(struct tuff_figure *figure, const struct tuff_report *report, const char *title)
{
    draw_epochs(figure, report, title, "loss", FIGURE_LOSS);
}

static void draw_accuracy(struct tuff_figure *figure, const struct tuff_report *report, const char *title)
{
    draw_epochs(figure, report, title, "accuracy", FIGURE_ACCURACY);
}

// -- Curves over steps

// Of many steps the least and the greatest of each bucket, so that no spike is lost. *count: how many there
// are.
static void thin_out(const struct tuff_history *history, double *x, double *y, uint32_t *count)
{
    uint32_t buckets = STEP_POINTS / 2, all = history->step_count;
    *count = 0;
    for (uint32_t b = 0; b < buckets; b++) {
        uint32_t from = (uint32_t)((uint64_t)all * b / buckets),
                 to = (uint32_t)((uint64_t)all * (b + 1) / buckets);
        uint32_t least = from, greatest = from;
        for (uint32_t i = from; i < to; i++) {
            double loss = history->steps[i].loss;
            if (isnan(loss))
                continue;
            if (!(history->steps[least].loss <= loss)) // leaves a NaN at `from` behind as well
                least = i;
            if (!(history->steps[greatest].loss >= loss))
                greatest = i;
        }
        const uint32_t both[2] = {least < greatest ? least : greatest, least < greatest ? greatest : least};
        for (int i = 0; i < (least == greatest ? 1 : 2) && from < to; i++) {
            x[*count] = (double)history->steps[both[i]].step;
            y[(*count)++] = history->steps[both[i]].loss;
        }
    }
}

// Means of neighbouring steps.
static void smooth(const struct tuff_history *history, double *x, double *y, uint32_t *count)
{
    uint32_t all = history->step_count;
    *count = all < SMOOTH_POINTS * 4 ? 0 : SMOOTH_POINTS;
    for (uint32_t b = 0; b < *count; b++) {
        uint32_t from = (uint32_t)((uint64_t)all * b / *count),
                 to = (uint32_t)((uint64_t)all * (b + 1) / *count);
        double steps = 0, losses = 0;
        for (uint32_t i = from; i < to; i++) {
            steps += (double)history->steps[i].step;
            losses += history->steps[i].loss;
        }
        x[b] = steps / (to - from);
        y[b] = losses / (to - from);
    }
}

static void draw_steps(struct tuff_figure *figure, const struct tuff_report *report, const char *title)
{
    const struct tuff_history *history = report->history;
    const struct tuff_axes axes = {sizeof axes, "step", "loss", 1, 0};
    uint32_t capacity = STEP_POINTS, counts[2];
    double *points = make_points(figure, capacity);
    if (points == NULL)
        return;
    double *x[2] = {points, points + 2 * (size_t)capacity}, *y[2] = {x[0] + capacity, x[1] + capacity};
    if (history->step_count <= STEP_POINTS) {
        counts[0] = history->step_count;
        for (uint32_t i = 0; i < counts[0]; i++) {
            x[0][i] = (double)history->steps[i].step;
            y[0][i] = history->steps[i].loss;
        }
    } else {
        thin_out(history, x[0], y[0], &counts[0]);
    }
    smooth(history, x[1], y[1], &counts[1]);
    // Of all steps: those that were left out count, and the means do not.
    struct tuff_gaps gaps = {.values = history->step_count};
    for (uint32_t i = 0; i < history->step_count; i++)
        gaps.gaps += !tuff_drawable(history->steps[i].loss);
    const struct tuff_curve curves[2] = {{"of a batch", counts[0], x[0], y[0]},
                                         {"mean", counts[1], x[1], y[1]}};
    tuff_draw_curves(figure, curves, counts[1] > 0 ? 2 : 1, &axes, title, &gaps);
    free(points);
}

static bool any_rate(const struct tuff_history *history, bool steps)
{
    bool any = false;
    for (uint32_t i = 0; steps && i < history->step_count; i++)
        any = any || isfinite(history->steps[i].learning_rate);
    for (uint32_t i = 0; !steps && i < history->epoch_count; i++)
        any = any || (history->epochs[i].whole && isfinite(history->epochs[i].learning_rate));
    return any;
}

// Over steps where they tell it, since it may change within an epoch.
static void draw_rate(struct tuff_figure *figure, const struct tuff_report *report, const char *title)
{
    const struct tuff_history *history = report->history;
    const struct tuff_axes axes = {sizeof axes, "step", "learning rate", 1, 0};
    if (!any_rate(history, true)) {
        draw_epochs(figure, report, title, "learning rate", FIGURE_RATE);
        return;
    }
    uint32_t all = history->step_count, count = all < RATE_POINTS ? all : RATE_POINTS;
    double *points = make_points(figure, RATE_POINTS);
    if (points == NULL)
        return;
    for (uint32_t i = 0; i < count; i++) {
        // From the first to the last, whose value stands at the end.
        const struct tuff_history_step *step =
            &history->steps[i + 1 == count ? all - 1 : (uint64_t)i * (all - 1) / (count - 1)];
        points[i] = (double)step->step;
        points[RATE_POINTS + i] = step->learning_rate;
    }
    const struct tuff_curve curve = {"learning rate", count, points, points + RATE_POINTS};
    tuff_draw_curves(figure, &curve, 1, &axes, title, NULL);
    free(points);
}

// -- The section

static void optional_figure(struct tuff_page *page, bool there, const struct tuff_page_figure *figure)
{
    if (there)
        tuff_page_figure(page, figure, TUFF_SVG_FITTED);
    else
        tuff_page_no_figure(page, figure->name);
}

// The evaluation with the greatest accuracy, of equals the one with the least loss, as tuff train chooses
// best.safetensors; NULL if there is none.
static const struct tuff_history_test *best_test(const struct tuff_history *history)
{
    const struct tuff_history_test *best = NULL;
    for (uint32_t i = 0; i < history->test_count; i++)
        if (!isnan(history->tests[i].accuracy) && isfinite(history->tests[i].loss) &&
            (best == NULL || history->tests[i].accuracy > best->accuracy ||
             (history->tests[i].accuracy == best->accuracy && history->tests[i].loss < best->loss)))
            best = &history->tests[i];
    return best;
}

static void epoch_row(struct tuff_text *html, const struct tuff_history_epoch *epoch, bool rates, bool best)
{
    char name[64];
    int length = snprintf(name, sizeof name, "%" PRIu32, epoch->epoch);
    if (epoch->partial)
        snprintf(name + length, sizeof name - (size_t)length, " (%s step%s)", tuff_grouped(epoch->step).s,
                 epoch->step == 1 ? "" : "s");
    else if (!epoch->whole)
        snprintf(name + length, sizeof name - (size_t)length, " (interrupted)");
    tuff_text_add(html, best ? "<tr class=\"best\"><th scope=\"row\">" : "<tr><th scope=\"row\">");
    tuff_text_escape(html, name);
    tuff_text_add(html, "</th>");
    tuff_table_cell(html, tuff_significant(epoch->train_loss).s);
    tuff_table_cell(html, tuff_percent(epoch->train_accuracy).s);
    tuff_table_cell(html, tuff_significant(epoch->test_loss).s);
    tuff_table_cell(html, tuff_percent(epoch->test_accuracy).s);
    tuff_table_cell(html, isfinite(epoch->samples_per_second)
                              ? tuff_grouped((uint64_t)fmin(fmax(epoch->samples_per_second, 0), 1e15)).s
                              : tuff_fixed(NAN, 0).s);
    tuff_table_cell(html, tuff_duration(epoch->train_seconds).s);
    tuff_table_cell(html, tuff_grouped(epoch->step).s);
    if (rates)
        tuff_table_cell(html, tuff_significant(epoch->learning_rate).s);
    tuff_table_end_row(html);
}

// Folded, or a card among the plots.
static void epoch_table(struct tuff_page *page, bool folded)
{
    const struct tuff_history *history = page->report->history;
    bool rates = any_rate(history, false);
    const char *const columns[] = {"epoch",     "training loss", "training accuracy",
                                   "test loss", "test accuracy", "images/s",
                                   "time",      "steps",         "learning rate"};
    uint32_t count = rates ? 9 : 8;
    const struct tuff_history_test *best = best_test(history);
    tuff_text_add(&page->html, folded ? "<details class=\"card\"><summary>Every epoch in figures</summary>\n"
                                      : "<div class=\"card\"><h3>Every epoch</h3>\n");
    tuff_table_begin(&page->html, "Figures of every epoch", columns, count);
    for (uint32_t i = 0; i < history->epoch_count; i++)
        epoch_row(&page->html, &history->epochs[i], rates,
                  best != NULL && !best->within && best->epoch == history->epochs[i].epoch);
    tuff_table_end(&page->html);
    if (best != NULL && history->test_count > 1) {
        tuff_text_add(&page->html, "<p class=\"quiet note\">The best test accuracy, ");
        tuff_text_escape(&page->html, tuff_percent(best->accuracy).s);
        if (best->within)
            tuff_text_format(&page->html, ", is that of step %s, in epoch %" PRIu32 ".</p>\n",
                             tuff_grouped(best->step).s, best->epoch);
        else
            tuff_text_format(&page->html, ", is that of epoch %" PRIu32 ".</p>\n", best->epoch);
    }
    tuff_text_add(&page->html, folded ? "</details>\n" : "</div>\n");
}

static void explain_absence(struct tuff_page *page)
{
    const struct tuff_history *history = page->report->history;
    tuff_text_add(&page->html, "<p class=\"card\">No epoch was finished");
    if (history->epoch_count > 0) {
        const struct tuff_history_epoch *epoch = &history->epochs[history->epoch_count - 1];
        tuff_text_format(&page->html,
                         ": the training %s in epoch %" PRIu32
                         ", after %s step%s, at a training loss of %s and an accuracy of ",
                         epoch->partial ? "ended, as was asked for," : "was interrupted", epoch->epoch,
                         tuff_grouped(epoch->step).s, epoch->step == 1 ? "" : "s",
                         tuff_significant(epoch->train_loss).s);
        tuff_text_escape(&page->html, tuff_percent(epoch->train_accuracy).s);
    }
    tuff_text_add(&page->html, ".</p>\n");
}

bool tuff_page_curves(struct tuff_page *page)
{
    static const struct tuff_page_figure loss = {"loss", "Loss", draw_loss},
                                         accuracy = {"accuracy", "Accuracy", draw_accuracy},
                                         rate = {"learning-rate", "Learning rate", draw_rate},
                                         steps = {"steps", "Loss of single batches", draw_steps};
    const struct tuff_history *history = page->report->history;
    bool epochs = history != NULL && tuff_report_epochs(page->report) > 0;
    bool rates = history != NULL && (any_rate(history, true) || (epochs && any_rate(history, false)));
    bool curves = epochs || (history != NULL && history->test_count > 0);
    bool batches = history != NULL && history->step_count > 1;
    if (history != NULL) {
        tuff_page_begin_section(page, "training", "Training");
        if (!epochs)
            explain_absence(page);
        tuff_text_add(&page->html, "<div class=\"plots\">\n");
    }
    optional_figure(page, curves, &loss);
    optional_figure(page, curves, &accuracy);
    optional_figure(page, batches, &steps);
    optional_figure(page, rates, &rate);
    if (history == NULL)
        return false;
    // Two columns of an odd number of plots have room for the table.
    bool room = (2 * curves + batches + rates) % 2 == 1;
    if (history->epoch_count > 0 && room)
        epoch_table(page, false);
    tuff_text_add(&page->html, "</div>\n");
    if (history->epoch_count > 0 && !room)
        epoch_table(page, true);
    tuff_page_end_section(page);
    return true;
}
