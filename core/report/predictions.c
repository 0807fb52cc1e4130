// Pictures and what a model takes them for, as bars.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "draw.h"

enum {
    MARGIN = 12,
    SIDE = 140, // of a picture
    BAR_WIDTH = 190,
    BAR_HEIGHT = 14,
    BAR_ROW = 26,
    NAME_COLUMNS = 16,
    FONT = 13,
    HEADING = 28,
    TOP = 5,
};

struct card {
    const struct tuff_prediction *prediction;
    const double *probabilities;
    const uint32_t *order; // classes, the most probable first
    const char *const *names;
    uint32_t top;
    double x, y;       // of the bars
    double name_width; // of classes
};

static void draw_bars(struct tuff_figure *figure, const struct card *card)
{
    double bars = card->x + card->name_width + 8;
    for (uint32_t i = 0; i < card->top; i++) {
        uint32_t class = card->order[i];
        double probability = card->probabilities[class], y = card->y + i * BAR_ROW + BAR_ROW / 2.0;
        bool known = card->prediction->label != TUFF_NO_GUESS, right = class == card->prediction->label;
        enum tuff_colour colour = right || !known ? TUFF_COLOUR_BLUE
                                  : i == 0        ? TUFF_COLOUR_ORANGE
                                                  : TUFF_COLOUR_LINE;
        struct tuff_shape *name =
            tuff_figure_text(figure, bars - 8, y, FONT, TUFF_COLOUR_INK, TUFF_ANCHOR_END,
                             tuff_class_name(card->names, class, NAME_COLUMNS).s);
        name->bold = i == 0 || right;
        tuff_figure_rect(figure, bars, y - BAR_HEIGHT / 2.0, BAR_WIDTH, BAR_HEIGHT, TUFF_COLOUR_FAINT)
            ->radius = 3;
        if (probability > 0)
            tuff_figure_rect(figure, bars, y - BAR_HEIGHT / 2.0, fmax(probability * BAR_WIDTH, 1), BAR_HEIGHT,
                             colour)
                ->radius = 3;
        tuff_figure_text(figure, bars + BAR_WIDTH + 8, y, FONT, TUFF_COLOUR_INK, TUFF_ANCHOR_START,
                         tuff_percent(probability).s);
    }
}

// Returns its width.
static double draw_heading(struct tuff_figure *figure, const struct card *card, double y)
{
    const struct tuff_prediction *prediction = card->prediction;
    char text[512], name[200];
    tuff_clean_name(name, sizeof name, prediction->name == NULL ? "picture" : prediction->name, 40);
    bool decided = !isnan(card->probabilities[card->order[0]]);
    const char *verdict = !decided                              ? "no guess"
                          : prediction->label == TUFF_NO_GUESS  ? ""
                          : prediction->label == card->order[0] ? "right"
                                                                : "wrong";
    if (prediction->label == TUFF_NO_GUESS)
        snprintf(text, sizeof text, "%s%s%s", name, verdict[0] == '\0' ? "" : ": ", verdict);
    else
        snprintf(text, sizeof text, "%s: labelled %s, %s", name,
                 tuff_class_name(card->names, prediction->label, NAME_COLUMNS).s, verdict);
    tuff_figure_text(figure, MARGIN, y, FONT, TUFF_COLOUR_INK, TUFF_ANCHOR_START, text);
    return tuff_text_width(text, FONT);
}

static double draw_prediction(struct tuff_figure *figure, struct card *card, double y, double width,
                              double height, const uint32_t shape[3])
{
    double heading = draw_heading(figure, card, y + HEADING / 2.0 - 2);
    double scale = SIDE / fmax(width, height);
    width *= scale;
    height *= scale;
    tuff_figure_image(figure, MARGIN, y + HEADING, width, height, card->prediction->pixels, shape[0],
                      shape[1], shape[2]);
    tuff_figure_rect(figure, MARGIN, y + HEADING, width, height, TUFF_COLOUR_NONE)->stroke =
        TUFF_COLOUR_FAINT;
    card->x = MARGIN + SIDE + 8;
    card->y = y + HEADING;
    draw_bars(figure, card);
    return heading;
}

// The widest of the names that are shown.
static double widest_name(const struct tuff_prediction *predictions, uint32_t count, uint32_t classes,
                          const char *const *names, uint32_t *order, uint32_t top)
{
    double widest = 0;
    for (uint32_t i = 0; i < count; i++) {
        tuff_top_classes(predictions[i].logits, classes, order, top);
        for (uint32_t k = 0; k < top; k++)
            widest = fmax(widest, tuff_text_width(tuff_class_name(names, order[k], NAME_COLUMNS).s, FONT));
    }
    return widest;
}

static void draw_predictions(struct tuff_figure *figure, const struct tuff_prediction *predictions,
                             uint32_t count, const uint32_t shape[3], uint32_t classes,
                             const char *const *class_names, uint32_t top, const char *title)
{
    double *probabilities = malloc(classes * sizeof *probabilities);
    uint32_t *order = malloc(top * sizeof *order);
    tuff_figure_begin(figure, title != NULL ? title : "Predictions");
    double header = tuff_draw_title(figure, MARGIN, title) + MARGIN;
    double block = HEADING + fmax(SIDE, top * BAR_ROW) + MARGIN;
    figure->failed = figure->failed || probabilities == NULL || order == NULL;
    double names = figure->failed ? 0 : widest_name(predictions, count, classes, class_names, order, top);
    figure->width = 2 * MARGIN + SIDE + 8 + names + 8 + BAR_WIDTH + 8 + tuff_text_width("100.0 %", FONT);
    for (uint32_t i = 0; i < count && !figure->failed; i++) {
        struct card card = {.prediction = &predictions[i],
                            .probabilities = probabilities,
                            .order = order,
                            .names = class_names,
                            .top = top,
                            .name_width = names};
        tuff_softmax(predictions[i].logits, classes, probabilities);
        tuff_top_classes(predictions[i].logits, classes, order, top);
        double heading = draw_prediction(figure, &card, header + i * block, shape[2], shape[1], shape);
        figure->width = fmax(figure->width, 2 * MARGIN + heading);
    }
    figure->height = header + count * block;
    tuff_figure_describe(figure, "%u pictures with the most probable classes of each", count);
    free(order);
    free(probabilities);
}

enum tuff_status tuff_predictions_write(const struct tuff_log *log, const char *path,
                                        const struct tuff_prediction *predictions, uint32_t count,
                                        uint32_t channels, uint32_t height, uint32_t width, uint32_t classes,
                                        const char *const *class_names, uint32_t top,
                                        const struct tuff_figure_options *options)
{
    if (count == 0 || channels == 0 || height == 0 || width == 0 || classes == 0)
        return tuff_fail(
            log, TUFF_ERROR_INVALID,
            "cannot draw '%s': expected pictures and classes, found %u of (%u, %u, %u) and %u classes", path,
            count, channels, height, width, classes);
    const uint32_t shape[3] = {channels, height, width};
    struct tuff_figure figure;
    top = top == 0 ? TOP : top;
    draw_predictions(&figure, predictions, count, shape, classes, class_names, top < classes ? top : classes,
                     tuff_figure_title(options));
    enum tuff_status status = tuff_figure_write(log, &figure, options, path);
    tuff_figure_free(&figure);
    return status;
}
