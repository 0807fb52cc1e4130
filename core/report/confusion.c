// The confusion matrix as a heatmap.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "draw.h"

enum {
    MARGIN = 8,
    FONT = 12,
    AXIS_TITLE = 20,
    LEGEND_HEIGHT = 34,
    LEGEND_WIDTH = 360,
    NAME_COLUMNS = 14,
    NUMBERED_CLASSES = 32, // up to here cells hold numbers where they fit
};

#define SLOPE 0.7071 // of slanted labels: sine and cosine of 45 degrees

struct matrix {
    const struct tuff_scores *scores;
    const char *const *names;
    double cell, left, top, side; // of the cells
    double worst;                 // the share of a label's samples that has the darkest orange
    uint32_t every;               // how many classes go on one label
    bool slanted;                 // column labels
};

static double cell_size(uint32_t classes)
{
    static const struct {
        uint32_t classes;
        double cell;
    } sizes[] = {{5, 60}, {8, 44}, {12, 36}, {20, 30}, {NUMBERED_CLASSES, 25}, {64, 12}, {128, 8}, {400, 3}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (classes <= sizes[i].classes)
            return sizes[i].cell;
    return classes <= 4000 ? 2 : 1;
}

static void lay_out(struct tuff_figure *figure, struct matrix *matrix, double header, const char *title)
{
    uint32_t classes = matrix->scores->classes;
    double widest = 0;
    matrix->cell = cell_size(classes);
    matrix->side = matrix->cell * classes;
    matrix->every = matrix->cell >= FONT ? 1 : (uint32_t)ceil(FONT / matrix->cell);
    for (uint32_t c = 0; c < classes; c += matrix->every)
        widest = fmax(widest, tuff_text_width(tuff_class_name(matrix->names, c, NAME_COLUMNS).s, FONT));
    matrix->slanted = widest > matrix->cell * matrix->every - 4;
    matrix->left = MARGIN + AXIS_TITLE + widest + 8;
    matrix->top = header + MARGIN;
    double below = matrix->slanted ? widest * SLOPE + 12 : FONT + 8;
    const double least = fmax(LEGEND_WIDTH, MARGIN + tuff_title_width(title));
    figure->width = fmax(matrix->left + matrix->side, least) + MARGIN;
    if (figure->width > matrix->left + matrix->side + MARGIN) // in the middle of what the legend takes
        matrix->left += (figure->width - matrix->left - matrix->side - MARGIN) / 2;
    figure->height = matrix->top + matrix->side + below + AXIS_TITLE + LEGEND_HEIGHT + MARGIN;
}

// Where the middle of a label for class c and those after it is.
static double label_middle(const struct matrix *matrix, uint32_t c)
{
    return matrix->cell * (c + 0.5);
}

static void draw_labels(struct tuff_figure *figure, const struct matrix *matrix)
{
    double bottom = matrix->top + matrix->side;
    for (uint32_t c = 0; c < matrix->scores->classes; c += matrix->every) {
        struct tuff_class_name name = tuff_class_name(matrix->names, c, NAME_COLUMNS);
        double middle = label_middle(matrix, c);
        tuff_figure_text(figure, matrix->left - 6, matrix->top + middle, FONT, TUFF_COLOUR_INK,
                         TUFF_ANCHOR_END, name.s);
        struct tuff_shape *column = tuff_figure_text(
            figure, matrix->left + middle + (matrix->slanted ? 2 : 0), bottom + (matrix->slanted ? 9 : 11),
            FONT, TUFF_COLOUR_INK, matrix->slanted ? TUFF_ANCHOR_END : TUFF_ANCHOR_MIDDLE, name.s);
        column->angle = matrix->slanted ? -45 : 0;
    }
    double legend = figure->height - MARGIN - LEGEND_HEIGHT;
    tuff_figure_text(figure, matrix->left + matrix->side / 2, legend - AXIS_TITLE / 2.0, FONT,
                     TUFF_COLOUR_MUTED, TUFF_ANCHOR_MIDDLE, "guess");
    tuff_figure_text(figure, MARGIN + 6, matrix->top + matrix->side / 2, FONT, TUFF_COLOUR_MUTED,
                     TUFF_ANCHOR_MIDDLE, "label")
        ->angle = -90;
}

static void draw_number(struct tuff_figure *figure, const struct matrix *matrix, double x, double y,
                        uint64_t count, enum tuff_colour colour)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, count);
    double size = fmin(FONT, (matrix->cell - 4) / (0.62 * length));
    if (matrix->scores->classes <= NUMBERED_CLASSES && size >= 6.5)
        tuff_figure_text(figure, x + matrix->cell / 2, y + matrix->cell / 2, size, tuff_ramp_text(colour),
                         TUFF_ANCHOR_MIDDLE, digits);
}

static void draw_cell(struct tuff_figure *figure, const struct matrix *matrix, uint32_t label, uint32_t guess)
{
    const struct tuff_scores *scores = matrix->scores;
    uint64_t count = scores->confusion[(size_t)label * scores->classes + guess];
    if (count == 0)
        return;
    double gap = matrix->cell >= 24 ? 2 : matrix->cell >= 8 ? 0.5 : 0;
    double x = matrix->left + matrix->cell * guess, y = matrix->top + matrix->cell * label;
    double share = (double)count / (double)scores->per_class[label].support;
    enum tuff_colour colour = label == guess ? tuff_ramp(TUFF_COLOUR_RIGHT, share)
                                             : tuff_ramp(TUFF_COLOUR_WRONG, share / matrix->worst);
    struct tuff_shape *shape =
        tuff_figure_rect(figure, x + gap / 2, y + gap / 2, matrix->cell - gap, matrix->cell - gap, colour);
    shape->radius = gap >= 2 ? 3 : 0;
    tuff_figure_hover(figure, shape, "%s taken for %s: %s of %s (%s)",
                      tuff_class_name(matrix->names, label, 60).s,
                      tuff_class_name(matrix->names, guess, 60).s, tuff_grouped(count).s,
                      tuff_grouped(scores->per_class[label].support).s, tuff_percent(share).s);
    draw_number(figure, matrix, x, y, count, colour);
}

// The greatest part of a label's samples that was taken for one other class; at least a hundredth, so that a
// few misses of a good model do not look like many.
static double worst_share(const struct tuff_scores *scores)
{
    double worst = 0.01;
    for (uint32_t label = 0; label < scores->classes; label++) {
        for (uint32_t guess = 0; guess < scores->classes; guess++) {
            uint64_t count = scores->confusion[(size_t)label * scores->classes + guess];
            if (label != guess && count != 0)
                worst = fmax(worst, (double)count / (double)scores->per_class[label].support);
        }
    }
    return worst;
}

static void draw_ramp(struct tuff_figure *figure, double x, double y, const char *name, enum tuff_colour ramp,
                      double end)
{
    struct tuff_number number = tuff_percent(end);
    char range[64];
    tuff_figure_text(figure, x, y, FONT, TUFF_COLOUR_MUTED, TUFF_ANCHOR_START, name);
    x += tuff_text_width(name, FONT) + 6;
    for (int i = 0; i < TUFF_RAMP; i++, x += 5)
        tuff_figure_rect(figure, x, y - 6, 5, 12, (enum tuff_colour)((int)ramp + i));
    snprintf(range, sizeof range, "0\xE2\x80\x93%s", number.s);
    tuff_figure_text(figure, x + 6, y, FONT, TUFF_COLOUR_MUTED, TUFF_ANCHOR_START, range);
}

static void draw_legend(struct tuff_figure *figure, double y, double worst)
{
    double x = (figure->width - LEGEND_WIDTH) / 2;
    draw_ramp(figure, x, y, "right", TUFF_COLOUR_RIGHT, 1);
    draw_ramp(figure, x + LEGEND_WIDTH / 2.0, y, "wrong", TUFF_COLOUR_WRONG, worst);
}

void tuff_draw_confusion(struct tuff_figure *figure, const struct tuff_scores *scores,
                         const char *const *class_names, const char *title)
{
    struct matrix matrix = {.scores = scores, .names = class_names, .worst = worst_share(scores)};
    tuff_figure_begin(figure, title != NULL ? title : "Confusion matrix");
    lay_out(figure, &matrix, tuff_draw_title(figure, MARGIN, title), title);
    tuff_figure_describe(figure, "Confusion matrix of %u classes: %s of %s samples are right",
                         scores->classes, tuff_grouped(scores->correct).s, tuff_grouped(scores->samples).s);
    struct tuff_shape *ground = tuff_figure_rect(figure, matrix.left - 1, matrix.top - 1, matrix.side + 2,
                                                 matrix.side + 2, TUFF_COLOUR_FAINT);
    ground->radius = 4;
    ground->opacity = 0.7;
    for (uint32_t label = 0; label < scores->classes; label++)
        for (uint32_t guess = 0; guess < scores->classes; guess++)
            draw_cell(figure, &matrix, label, guess);
    draw_labels(figure, &matrix);
    draw_legend(figure, figure->height - MARGIN - LEGEND_HEIGHT / 2.0 + 4, matrix.worst);
}

enum tuff_status tuff_confusion_write(const struct tuff_log *log, const char *path,
                                      const struct tuff_scores *scores, const char *const *class_names,
                                      const struct tuff_figure_options *options)
{
    struct tuff_figure figure;
    tuff_draw_confusion(&figure, scores, class_names, tuff_figure_title(options));
    enum tuff_status status = tuff_figure_write(log, &figure, options, path);
    tuff_figure_free(&figure);
    return status;
}
