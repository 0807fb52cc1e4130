// Line plots.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "draw.h"
#include "scale.h"

enum {
    WIDTH = 400,
    PLOT_HEIGHT = 176,
    LEGEND_HEIGHT = 34,
    AXIS_HEIGHT = 42,
    MARGIN = 8,
    SMALL = 12, // font size
    MAX_CURVES = TUFF_SERIES_COLOURS,
    MANY_POINTS = 200,  // from here on a line is thin
    MARKED_POINTS = 30, // up to here each point has a mark
};

#define LARGEST 1e30 // of what can be drawn: beyond it is a gap, like what is not finite

struct plot {
    const struct tuff_curve *curves;
    uint32_t count;
    const struct tuff_axes *axes;
    struct tuff_scale x, y;
    double left, right, top, bottom;
};

static const double dashes[MAX_CURVES] = {0, 6, 2, 10};

static enum tuff_colour curve_colour(uint32_t index)
{
    return (enum tuff_colour)((uint32_t)TUFF_COLOUR_SERIES + index);
}

bool tuff_drawable(double value)
{
    return fabs(value) < LARGEST; // false for NaN
}

static bool drawable(const struct tuff_curve *curve, uint32_t i)
{
    return tuff_drawable(curve->x[i]) && tuff_drawable(curve->y[i]);
}

static struct tuff_number value_text(const struct plot *plot, double value)
{
    return plot->axes->percent ? tuff_percent(value) : tuff_significant(value);
}

static struct tuff_number x_text(const struct plot *plot, double value)
{
    return plot->axes->whole_x ? tuff_fixed(value, 0) : tuff_significant(value);
}

// Of many points a thin line, which needs no dashes, and leaves them to no other.
static bool thin(const struct plot *plot, uint32_t index)
{
    return plot->curves[index].count > MANY_POINTS;
}

static double dash(const struct plot *plot, uint32_t index)
{
    return thin(plot, 0) ? 0 : dashes[index];
}

// -- Scales

struct range {
    double low, high;
    bool any;
};

static void extend(struct range *range, double value)
{
    range->low = range->any ? fmin(range->low, value) : value;
    range->high = range->any ? fmax(range->high, value) : value;
    range->any = true;
}

static void choose_y(struct plot *plot, struct range y)
{
    if (!plot->axes->percent && y.low > 0 && y.high > 1000 * y.low) {
        tuff_scale_logarithmic(&plot->y, y.low, y.high);
        return;
    }
    // From 0, unless most of the plot would be empty.
    if (!plot->axes->percent && y.low > 0 && y.low < 0.6 * y.high)
        y.low = 0;
    if (plot->axes->percent && y.low == y.high) {
        y.low = fmax(0, y.low - 0.05);
        y.high = fmin(1, y.high + 0.05);
    }
    tuff_scale_linear(&plot->y, y.low, y.high, 4, false);
}

static bool choose_scales(struct plot *plot)
{
    struct range x = {.any = false}, y = {.any = false};
    for (uint32_t c = 0; c < plot->count; c++) {
        for (uint32_t i = 0; i < plot->curves[c].count; i++) {
            if (!tuff_drawable(plot->curves[c].x[i]))
                continue;
            extend(&x, plot->curves[c].x[i]); // gaps keep their place
            if (drawable(&plot->curves[c], i))
                extend(&y, plot->curves[c].y[i]);
        }
    }
    if (!y.any)
        return false;
    choose_y(plot, y);
    tuff_scale_linear(&plot->x, x.low, x.high, 6, plot->axes->whole_x != 0);
    // The x axis ends where the data do.
    if (x.high > x.low) {
        plot->x.low = x.low;
        plot->x.high = x.high;
    }
    return true;
}

// -- Axes

static unsigned tick_decimals(double step)
{
    unsigned decimals = 0;
    for (; decimals < 9 && fabs(step - round(step)) > 1e-6 * step; decimals++)
        step *= 10;
    return decimals;
}

static struct tuff_number tick_text(const struct tuff_scale *scale, double tick, bool percent)
{
    if (percent) {
        struct tuff_number number = tuff_fixed(100 * tick, tick_decimals(100 * scale->step));
        strcat(number.s, "\xC2\xA0%");
        return number;
    }
    if (scale->logarithmic) {
        // A power of ten has no other digits.
        int exponent = (int)lround(log10(tick));
        struct tuff_number number = tuff_fixed(tick, exponent >= 0 ? 0 : (unsigned)-exponent);
        if (exponent < -4 || exponent > 5)
            snprintf(number.s, sizeof number.s, "1e%d", exponent);
        return number;
    }
    if (fabs(tick) >= 1e6 || (scale->step < 1e-5 && tick != 0))
        return tuff_significant(tick);
    return tuff_fixed(tick, tick_decimals(scale->step));
}

static void draw_axes(struct tuff_figure *figure, struct plot *plot)
{
    bool percent = plot->axes->percent != 0;
    double widest = 0;
    for (uint32_t i = 0; i < plot->y.tick_count; i++)
        widest = fmax(widest, tuff_text_width(tick_text(&plot->y, plot->y.ticks[i], percent).s, SMALL));
    plot->left = MARGIN + widest + 6;
    plot->x.from = plot->left + 6;
    plot->x.to = plot->right - 6;
    plot->y.from = plot->bottom;
    plot->y.to = plot->top;
    for (uint32_t i = 0; i < plot->y.tick_count; i++) {
        double y = tuff_scale_place(&plot->y, plot->y.ticks[i]);
        tuff_figure_segment(figure, plot->left, y, plot->right, y,
                            i == 0 ? TUFF_COLOUR_LINE : TUFF_COLOUR_FAINT);
        tuff_figure_text(figure, plot->left - 6, y, SMALL, TUFF_COLOUR_MUTED, TUFF_ANCHOR_END,
                         tick_text(&plot->y, plot->y.ticks[i], percent).s);
    }
    double taken = -1e9; // up to here another tick's label stands
    for (uint32_t i = 0; i < plot->x.tick_count; i++) {
        double x = tuff_scale_place(&plot->x, plot->x.ticks[i]);
        struct tuff_number label = tick_text(&plot->x, plot->x.ticks[i], false);
        double half = tuff_text_width(label.s, SMALL) / 2;
        if (x < plot->left || x > plot->right || x - half < taken)
            continue;
        taken = x + half + 4;
        tuff_figure_segment(figure, x, plot->bottom, x, plot->bottom + 4, TUFF_COLOUR_LINE);
        tuff_figure_text(figure, x, plot->bottom + 13, SMALL, TUFF_COLOUR_MUTED, TUFF_ANCHOR_MIDDLE, label.s);
    }
    if (plot->axes->x_label != NULL)
        tuff_figure_text(figure, (plot->left + plot->right) / 2, plot->bottom + 31, SMALL, TUFF_COLOUR_MUTED,
                         TUFF_ANCHOR_MIDDLE, plot->axes->x_label);
}

// The name of the y axis, and what belongs to which line; in one row above the plot.
static void draw_legend(struct tuff_figure *figure, const struct plot *plot, double y)
{
    double x = MARGIN;
    if (plot->axes->y_label != NULL) {
        tuff_figure_text(figure, x, y, SMALL, TUFF_COLOUR_MUTED, TUFF_ANCHOR_START, plot->axes->y_label);
        x += tuff_text_width(plot->axes->y_label, SMALL) + 18;
    }
    for (uint32_t c = 0; c < plot->count && plot->count > 1; c++) {
        const struct tuff_point line[2] = {{x, y}, {x + 20, y}};
        tuff_figure_line(figure, line, 2, curve_colour(c), 2)->dash = dash(plot, c);
        tuff_figure_text(figure, x + 26, y, SMALL, TUFF_COLOUR_INK, TUFF_ANCHOR_START, plot->curves[c].name);
        x += 26 + tuff_text_width(plot->curves[c].name, SMALL) + 16;
    }
}

// -- Lines

static struct tuff_point place(const struct plot *plot, const struct tuff_curve *curve, uint32_t i)
{
    return (struct tuff_point){tuff_scale_place(&plot->x, curve->x[i]),
                               tuff_scale_place(&plot->y, curve->y[i])};
}

static void draw_line(struct tuff_figure *figure, const struct plot *plot, uint32_t index)
{
    const struct tuff_curve *curve = &plot->curves[index];
    struct tuff_point *points = malloc((curve->count + 1u) * sizeof *points);
    if (points == NULL) {
        figure->failed = true;
        return;
    }
    uint32_t run = 0;
    for (uint32_t i = 0; i <= curve->count; i++) {
        if (i < curve->count && drawable(curve, i)) {
            points[run++] = place(plot, curve, i);
            continue;
        }
        bool many = thin(plot, index);
        if (run > 1) {
            struct tuff_shape *line =
                tuff_figure_line(figure, points, run, curve_colour(index), many ? 1 : 2);
            line->dash = dash(plot, index);
            line->opacity = many ? 0.5 : 0;
        } else if (run == 1 && curve->count > MARKED_POINTS) {
            tuff_figure_circle(figure, points[0].x, points[0].y, many ? 1 : 2, curve_colour(index));
        }
        run = 0;
    }
    free(points);
}

static void draw_points(struct tuff_figure *figure, const struct plot *plot, uint32_t index)
{
    const struct tuff_curve *curve = &plot->curves[index];
    for (uint32_t i = 0; i < curve->count && curve->count <= MANY_POINTS; i++) {
        if (!drawable(curve, i))
            continue;
        struct tuff_point at = place(plot, curve, i);
        if (curve->count <= MARKED_POINTS)
            tuff_figure_circle(figure, at.x, at.y, 3, curve_colour(index))->stroke = TUFF_COLOUR_SURFACE;
        struct tuff_shape *target = tuff_figure_circle(figure, at.x, at.y, 9, TUFF_COLOUR_NONE);
        target->invisible = true;
        tuff_figure_hover(figure, target, "%s %s, %s: %s",
                          plot->axes->x_label == NULL ? "at" : plot->axes->x_label,
                          x_text(plot, curve->x[i]).s, curve->name, value_text(plot, curve->y[i]).s);
    }
}

// The last value of each line stands beside its end; labels that would overlap are pushed apart.
static void draw_ends(struct tuff_figure *figure, const struct plot *plot)
{
    struct {
        double y, value;
        uint32_t curve;
    } ends[MAX_CURVES];
    uint32_t count = 0;
    for (uint32_t c = 0; c < plot->count; c++) {
        const struct tuff_curve *curve = &plot->curves[c];
        uint32_t last = thin(plot, c) && plot->count > 1 ? 0 : curve->count; // one of many says little
        while (last > 0 && !drawable(curve, last - 1))
            last--;
        if (last == 0)
            continue;
        double y = place(plot, curve, last - 1).y;
        uint32_t at = count++;
        for (; at > 0 && ends[at - 1].y > y; at--)
            ends[at] = ends[at - 1];
        ends[at].y = y;
        ends[at].value = curve->y[last - 1];
        ends[at].curve = c;
    }
    const double apart = SMALL + 2;
    for (uint32_t i = 1; i < count; i++)
        ends[i].y = fmax(ends[i].y, ends[i - 1].y + apart);
    double limit = plot->bottom;
    for (uint32_t i = count; i-- > 0; limit = ends[i].y - apart)
        ends[i].y = fmin(ends[i].y, limit);
    for (uint32_t i = 0; i < count; i++)
        tuff_figure_text(figure, plot->right + 4, ends[i].y, SMALL, curve_colour(ends[i].curve),
                         TUFF_ANCHOR_START, value_text(plot, ends[i].value).s)
            ->bold = true;
}

static struct tuff_gaps count_gaps(const struct plot *plot)
{
    struct tuff_gaps gaps = {.gaps = 0};
    for (uint32_t c = 0; c < plot->count; c++) {
        gaps.values += plot->curves[c].count;
        for (uint32_t i = 0; i < plot->curves[c].count; i++)
            gaps.gaps += !drawable(&plot->curves[c], i);
    }
    return gaps;
}

// Said where the curves are least likely to be: below the legend, to the right.
static void draw_gaps(struct tuff_figure *figure, const struct plot *plot, struct tuff_gaps gaps)
{
    if (gaps.gaps == 0)
        return;
    struct tuff_text note = {.bytes = NULL};
    tuff_text_format(&note, "%u of %u values are no numbers", gaps.gaps, gaps.values);
    if (note.failed)
        figure->failed = true;
    else
        tuff_figure_text(figure, plot->right - 6, plot->top + 8, SMALL, TUFF_COLOUR_MUTED, TUFF_ANCHOR_END,
                         note.bytes);
    tuff_text_free(&note);
}

void tuff_draw_curves(struct tuff_figure *figure, const struct tuff_curve *curves, uint32_t count,
                      const struct tuff_axes *axes, const char *title, const struct tuff_gaps *gaps)
{
    struct plot plot = {.curves = curves, .count = count < MAX_CURVES ? count : MAX_CURVES, .axes = axes};
    const char *y_name = axes->y_label == NULL ? "values" : axes->y_label;
    tuff_figure_begin(figure, title != NULL ? title : y_name);
    double header = tuff_draw_title(figure, MARGIN, title);
    figure->width = WIDTH;
    figure->height = header + LEGEND_HEIGHT + PLOT_HEIGHT + AXIS_HEIGHT;
    plot.top = header + LEGEND_HEIGHT;
    plot.bottom = plot.top + PLOT_HEIGHT;
    plot.left = MARGIN;
    plot.right = WIDTH - MARGIN - tuff_text_width("100.00 %", SMALL);
    draw_legend(figure, &plot, header + 14);
    if (!choose_scales(&plot)) {
        tuff_figure_rect(figure, MARGIN, plot.top, WIDTH - 2 * MARGIN, PLOT_HEIGHT, TUFF_COLOUR_FAINT)
            ->radius = 4;
        tuff_figure_text(figure, WIDTH / 2.0, (plot.top + plot.bottom) / 2, 13, TUFF_COLOUR_MUTED,
                         TUFF_ANCHOR_MIDDLE, "no value is a number");
        tuff_figure_describe(figure, "%s: no value is a number", y_name);
        return;
    }
    draw_axes(figure, &plot);
    for (uint32_t c = 0; c < plot.count; c++)
        draw_line(figure, &plot, c);
    for (uint32_t c = 0; c < plot.count; c++)
        draw_points(figure, &plot, c);
    draw_ends(figure, &plot);
    draw_gaps(figure, &plot, gaps == NULL ? count_gaps(&plot) : *gaps);
    tuff_figure_describe(figure, "%s over %s, %u curves, from %s to %s", y_name,
                         axes->x_label == NULL ? "x" : axes->x_label, plot.count,
                         value_text(&plot, plot.y.low).s, value_text(&plot, plot.y.high).s);
}

enum tuff_status tuff_curves_write(const struct tuff_log *log, const char *path,
                                   const struct tuff_curve *curves, uint32_t count,
                                   const struct tuff_axes *axes, const struct tuff_figure_options *options)
{
    struct tuff_axes whole = {.size = sizeof whole};
    if (axes != NULL)
        memcpy(&whole, axes, axes->size < sizeof whole ? axes->size : sizeof whole);
    if (count == 0 || count > MAX_CURVES)
        return tuff_fail(log, TUFF_ERROR_INVALID, "cannot draw '%s': expected 1 to %d curves, found %u", path,
                         MAX_CURVES, count);
    struct tuff_figure figure;
    tuff_draw_curves(&figure, curves, count, &whole, tuff_figure_title(options), NULL);
    enum tuff_status status = tuff_figure_write(log, &figure, options, path);
    tuff_figure_free(&figure);
    return status;
}
