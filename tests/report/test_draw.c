// What is drawn: ticks, cells, pictures, bars.
#include <math.h>

#include "../data/scratch.h"
#include "png.h"
#include "report/draw.h"
#include "report/scale.h"
#include "samples.h"

TestSuite(draw, .init = scratch_begin, .fini = scratch_end);

// -- Ticks

static void expect_ticks(double low, double high, bool whole, const double *ticks, uint32_t count)
{
    struct tuff_scale scale;
    tuff_scale_linear(&scale, low, high, 4, whole);
    cr_assert_eq(scale.tick_count, count, "%g to %g: %u ticks", low, high, scale.tick_count);
    for (uint32_t i = 0; i < count; i++)
        cr_expect(fabs(scale.ticks[i] - ticks[i]) < 1e-9 * fabs(ticks[count - 1]), "%g to %g: tick %u is %g",
                  low, high, i, scale.ticks[i]);
}

Test(draw, ticks_are_round)
{
    expect_ticks(0, 2.3, false, (const double[]){0, 1, 2, 3}, 4);
    expect_ticks(0, 0.201, false, (const double[]){0, 0.1, 0.2, 0.3}, 4);
    expect_ticks(0.936, 0.987, false, (const double[]){0.92, 0.94, 0.96, 0.98, 1}, 5);
    expect_ticks(-3, 3, false, (const double[]){-4, -2, 0, 2, 4}, 5);
    expect_ticks(1, 3, true, (const double[]){1, 2, 3}, 3);
    expect_ticks(1, 2, true, (const double[]){1, 2}, 2);
    expect_ticks(5, 5, true, (const double[]){4, 5, 6}, 3);
    expect_ticks(0, 0, false, (const double[]){-1, -0.5, 0, 0.5, 1}, 5);
}

Test(draw, ticks_of_powers)
{
    struct tuff_scale scale;
    tuff_scale_logarithmic(&scale, 0.002, 30);
    cr_assert_eq(scale.tick_count, 6u);
    cr_expect(fabs(scale.ticks[0] - 0.001) < 1e-9 && fabs(scale.ticks[5] - 100) < 1e-9);
    scale.from = 0;
    scale.to = 5;
    cr_expect(fabs(tuff_scale_place(&scale, 0.1) - 2) < 1e-9);
}

// -- Curves

static char *curves_svg(const struct tuff_curve *curves, uint32_t count, const struct tuff_axes *axes)
{
    size_t length;
    cr_assert_eq(tuff_curves_write(&scratch_log, scratch_path("a.svg"), curves, count, axes, NULL), TUFF_OK);
    char *svg = (char *)scratch_read(scratch_path("a.svg"), &length);
    svg[length] = '\0';
    return svg;
}

static size_t occurrences(const char *text, const char *words)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, words)) != NULL; at += strlen(words))
        count++;
    return count;
}

static const double counting[] = {1, 2, 3, 4, 5, 6};

Test(draw, curves_have_legend_and_last_values)
{
    static const double train[] = {0.5, 0.25}, test[] = {0.4, 0.375};
    const struct tuff_curve curves[] = {{"training", 2, counting, train}, {"a < b", 2, counting, test}};
    const struct tuff_axes axes = {sizeof axes, "epoch", "loss", 1, 0};
    char *svg = curves_svg(curves, 2, &axes);
    static const char *const parts[] = {">training</text>",
                                        ">a &lt; b</text>",
                                        ">0.250</text>",
                                        ">0.375</text>",
                                        ">epoch</text>",
                                        ">1</text>",
                                        ">2</text>",
                                        "<title>epoch 2, a &lt; b: 0.375<",
                                        "s-blue",
                                        "s-orange",
                                        "stroke-dasharray=\"6\""};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        cr_expect_not_null(strstr(svg, parts[i]), "missing: %s\n%s", parts[i], svg);
    cr_expect_null(strstr(svg, ">1.5</text>"), "half an epoch is no tick");
    free(svg);
}

Test(draw, curves_have_gaps_where_there_is_no_number)
{
    static const double y[] = {1, 2, NAN, 3, INFINITY, 1e300};
    const struct tuff_curve curve = {"y", 6, counting, y};
    char *svg = curves_svg(&curve, 1, NULL);
    // One line of the first two; the fourth stands alone.
    cr_expect_eq(occurrences(svg, "f-none s-blue"), 1u);
    const char *last = svg; // the curve comes after the axes
    for (const char *at; (at = strstr(last + 1, "<polyline points=\"")) != NULL;)
        last = at;
    double x1, y1, x2, y2;
    char behind;
    cr_expect_eq(sscanf(last, "<polyline points=\"%lf,%lf %lf,%lf%c", &x1, &y1, &x2, &y2, &behind), 5);
    cr_expect(behind == '"' && x1 < x2 && y1 > y2, "a line from the first to the second and no further");
    cr_expect_not_null(strstr(svg, ">3 of 6 values are no numbers</text>"));
    cr_expect_not_null(strstr(svg, ">3.000</text>"), "the last value that is one");
    cr_expect_null(strstr(svg, "nan"));
    free(svg);
}

Test(draw, curves_of_nothing_say_so)
{
    static const double y[] = {NAN, NAN};
    const struct tuff_curve none = {"y", 2, counting, y}, empty = {"y", 0, NULL, NULL};
    char *svg = curves_svg(&none, 1, NULL);
    cr_expect_not_null(strstr(svg, ">no value is a number</text>"));
    free(svg);
    svg = curves_svg(&empty, 1, NULL);
    cr_expect_not_null(strstr(svg, ">no value is a number</text>"));
    free(svg);
    scratch_expect(tuff_curves_write(&scratch_log, scratch_path("a.svg"), &none, 0, NULL, NULL),
                   TUFF_ERROR_INVALID, "1 to 4 curves, found 0");
}

Test(draw, curves_that_span_powers_of_ten_are_logarithmic)
{
    static const double y[] = {10, 1, 0.1, 0.01, 0.002, 0.003};
    const struct tuff_curve curve = {"y", 6, counting, y};
    char *svg = curves_svg(&curve, 1, NULL);
    cr_expect_not_null(strstr(svg, ">0.001</text>"));
    cr_expect_not_null(strstr(svg, ">10</text>"));
    free(svg);
    static const double small[] = {1, 0.1, 0.01, 0.001, 0.0001, 0.00002};
    const struct tuff_curve deep = {"y", 6, counting, small};
    svg = curves_svg(&deep, 1, NULL);
    cr_expect_not_null(strstr(svg, ">1e-5</text>"));
    cr_expect_not_null(strstr(svg, ">0.0001</text>"));
    free(svg);
}

Test(draw, a_single_point_is_seen)
{
    static const double y[] = {0.75};
    const struct tuff_curve curve = {"y", 1, counting, y};
    const struct tuff_axes axes = {sizeof axes, "epoch", "accuracy", 1, 1};
    cr_assert_eq(tuff_curves_write(&scratch_log, scratch_path("a.png"), &curve, 1, &axes, NULL), TUFF_OK);
    struct png png = png_open(scratch_path("a.png"));
    cr_expect(png_has(&png, 0x0069B4));
    png_close(&png);
}

// -- Confusion

// Where the cell of (label,guess) of a matrix without a title is: the side of a cell is 60 for few classes.
static uint32_t cell_colour(const struct png *png, const struct tuff_figure *figure, uint32_t label,
                            uint32_t guess)
{
    // The ground of the cells is the first mark.
    double left = figure->shapes[0].x + 1, top = figure->shapes[0].y + 1;
    return png_pixel(png, (int)(2 * (left + 60 * guess + 8)), (int)(2 * (top + 60 * label + 8)));
}

Test(draw, confusion_colours_right_and_wrong)
{
    // Label 0: three of four are right; label 1: all are right.
    static const float logits[] = {1, 0, 1, 0, 1, 0, 0, 1, 0, 1};
    static const uint32_t labels[] = {0, 0, 0, 0, 1};
    struct tuff_scores *scores;
    struct tuff_figure figure;
    cr_assert_eq(tuff_scores_create(&scratch_log, logits, labels, 5, 2, &scores), TUFF_OK);
    tuff_draw_confusion(&figure, scores, NULL, NULL);
    cr_assert_eq(tuff_confusion_write(&scratch_log, scratch_path("a.png"), scores, NULL, NULL), TUFF_OK);
    struct png png = png_open(scratch_path("a.png"));
    cr_expect_eq(cell_colour(&png, &figure, 0, 0), tuff_colour_rgb(TUFF_COLOUR_RIGHT + 9, TUFF_THEME_LIGHT));
    cr_expect_eq(cell_colour(&png, &figure, 0, 1), tuff_colour_rgb(TUFF_COLOUR_WRONG + 11, TUFF_THEME_LIGHT));
    cr_expect_eq(cell_colour(&png, &figure, 1, 1), tuff_colour_rgb(TUFF_COLOUR_RIGHT + 11, TUFF_THEME_LIGHT));
    cr_expect_neq(cell_colour(&png, &figure, 1, 0), tuff_colour_rgb(TUFF_COLOUR_WRONG, TUFF_THEME_LIGHT));
    png_close(&png);
    tuff_figure_free(&figure);
    tuff_scores_destroy(&scores);
}

static char *confusion_svg(const struct sample *sample)
{
    size_t count;
    cr_assert_eq(tuff_confusion_write(&scratch_log, scratch_path("a.svg"), sample->scores,
                                      sample->data.class_names, NULL),
                 TUFF_OK);
    char *svg = (char *)scratch_read(scratch_path("a.svg"), &count);
    svg[count] = '\0';
    return svg;
}

Test(draw, confusion_of_ten_classes_has_numbers)
{
    struct sample sample;
    char cell[64];
    cr_assert(sample_make(SAMPLE_PLAIN, &sample));
    char *svg = confusion_svg(&sample);
    for (uint32_t c = 0; c < 10; c++) {
        snprintf(cell, sizeof cell, ">%u</text>", (unsigned)sample.scores->confusion[c * 11]);
        cr_expect_not_null(strstr(svg, cell), "no cell with %s", cell);
    }
    cr_expect_eq(occurrences(svg, " taken for "), occurrences(svg, "<rect") - 2 - 24, "a word for each cell");
    free(svg);
    sample_free(&sample);
}

Test(draw, confusion_of_a_hundred_classes_has_fewer_labels_than_classes)
{
    struct sample sample;
    cr_assert(sample_make(SAMPLE_HUNDRED, &sample));
    char *svg = confusion_svg(&sample);
    cr_expect_not_null(strstr(svg, "&lt;script&gt;"));
    cr_expect(occurrences(svg, "</text>") <= 2 * 50 + 8, "%zu texts", occurrences(svg, "</text>"));
    cr_assert_eq(tuff_confusion_write(&scratch_log, scratch_path("a.png"), sample.scores,
                                      sample.data.class_names, NULL),
                 TUFF_OK);
    struct png png = png_open(scratch_path("a.png"));
    cr_expect(png.width > 1600 && png.width < 2400, "%d pixels", png.width);
    cr_expect(png_has(&png, tuff_colour_rgb(TUFF_COLOUR_RIGHT + 9, TUFF_THEME_LIGHT)));
    png_close(&png);
    free(svg);
    sample_free(&sample);
}

// Text on a cell can be read: a contrast of at least 3 for its size in both themes.
static double luminance(uint32_t rgb)
{
    static const double parts[] = {0.2126, 0.7152, 0.0722};
    double sum = 0;
    for (int i = 0; i < 3; i++) {
        double value = (double)(rgb >> (16 - 8 * i) & 0xFF) / 255;
        sum += parts[i] * (value <= 0.03928 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4));
    }
    return sum;
}

static double contrast(uint32_t a, uint32_t b)
{
    double first = luminance(a), second = luminance(b);
    return (fmax(first, second) + 0.05) / (fmin(first, second) + 0.05);
}

Test(draw, colours_can_be_read)
{
    for (int t = 0; t < 2; t++) {
        enum tuff_theme theme = (enum tuff_theme)t;
        uint32_t surface = tuff_colour_rgb(TUFF_COLOUR_SURFACE, theme);
        for (int c = TUFF_COLOUR_RIGHT; c < TUFF_COLOUR_COUNT; c++) {
            enum tuff_colour text = tuff_ramp_text((enum tuff_colour)c);
            double found =
                contrast(tuff_colour_rgb((enum tuff_colour)c, theme), tuff_colour_rgb(text, theme));
            cr_expect(found >= 3, "theme %d, colour %d: contrast %.2f", t, c, found);
        }
        static const enum tuff_colour words[] = {TUFF_COLOUR_INK,    TUFF_COLOUR_MUTED, TUFF_COLOUR_BLUE,
                                                 TUFF_COLOUR_ORANGE, TUFF_COLOUR_GREEN, TUFF_COLOUR_PURPLE};
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            cr_expect(contrast(surface, tuff_colour_rgb(words[i], theme)) >= 4.4, "theme %d, colour %d", t,
                      (int)words[i]);
    }
}

// -- Pictures

Test(draw, pictures_keep_their_pixels)
{
    // Two gray pictures of 2 x 1 pixels, 84 or more wide as they are drawn: 42 to a pixel.
    static const uint8_t pixels[] = {0, 255, 128, 64};
    const struct tuff_picture pictures[] = {{pixels, "first <i>", "#0"}, {pixels + 2, "second", NULL}};
    cr_assert_eq(tuff_pictures_write(&scratch_log, scratch_path("a.png"), pictures, 2, 1, 1, 2, 2, NULL),
                 TUFF_OK);
    struct png png = png_open(scratch_path("a.png"));
    cr_expect_eq(png.width, 2 * (8 + 84 + 12 + 84 + 8));
    cr_expect_eq(png_pixel(&png, 2 * (8 + 20), 2 * (8 + 20)), 0x000000u);
    cr_expect_eq(png_pixel(&png, 2 * (8 + 60), 2 * (8 + 20)), 0xFFFFFFu);
    cr_expect_eq(png_pixel(&png, 2 * (104 + 20), 2 * (8 + 20)), 0x808080u);
    cr_expect_eq(png_pixel(&png, 2 * (104 + 60), 2 * (8 + 20)), 0x404040u);
    png_close(&png);
    size_t count;
    cr_assert_eq(tuff_pictures_write(&scratch_log, scratch_path("a.svg"), pictures, 2, 1, 1, 2, 0, NULL),
                 TUFF_OK);
    char *svg = (char *)scratch_read(scratch_path("a.svg"), &count);
    svg[count] = '\0';
    cr_expect_not_null(strstr(svg, "first &lt;i"));
    cr_expect_eq(occurrences(svg, "<image"), 2u);
    free(svg);
    scratch_expect(tuff_pictures_write(&scratch_log, scratch_path("a.png"), pictures, 0, 1, 1, 2, 0, NULL),
                   TUFF_ERROR_INVALID, "found 0 of (1, 1, 2)");
}

Test(draw, empty_places_stay_empty)
{
    static const uint8_t pixels[] = {0, 0, 128, 64};
    const struct tuff_picture pictures[] = {{.pixels = pixels}, {.pixels = NULL}, {.pixels = pixels + 2}};
    cr_assert_eq(tuff_pictures_write(&scratch_log, scratch_path("a.png"), pictures, 3, 1, 1, 2, 2, NULL),
                 TUFF_OK);
    struct png png = png_open(scratch_path("a.png"));
    cr_expect_eq(png.width, 2 * (8 + 84 + 12 + 84 + 8));
    cr_expect_eq(png_pixel(&png, 2 * (8 + 20), 2 * (8 + 20)), 0x000000u);
    cr_expect_eq(png_pixel(&png, 2 * 104, 2 * (8 + 20)), 0xFFFFFFu, "no frame either");
    cr_expect_eq(png_pixel(&png, 2 * (104 + 20), 2 * (8 + 20)), 0xFFFFFFu);
    cr_expect_eq(png_pixel(&png, 2 * (8 + 20), 2 * (8 + 42 + 12 + 20)), 0x808080u);
    png_close(&png);
    size_t count;
    cr_assert_eq(tuff_pictures_write(&scratch_log, scratch_path("a.svg"), pictures, 3, 1, 1, 2, 2, NULL),
                 TUFF_OK);
    char *svg = (char *)scratch_read(scratch_path("a.svg"), &count);
    svg[count] = '\0';
    cr_expect_eq(occurrences(svg, "<image"), 2u);
    cr_expect_not_null(strstr(svg, "2 pictures"));
    free(svg);
}

Test(draw, filters_have_a_scale_around_zero)
{
    // One filter of 1 x 3 weights: the greatest below, none, the greatest above.
    static const float weights[] = {-2, 0, 2};
    static const uint32_t dims[] = {1, 1, 1, 3};
    cr_assert_eq(tuff_filters_write(&scratch_log, scratch_path("a.png"), weights, dims, NULL), TUFF_OK);
    struct png png = png_open(scratch_path("a.png"));
    // 19 to a pixel: the least whole number that makes it 56 wide.
    cr_expect_eq(png_pixel(&png, 2 * (8 + 9), 2 * (8 + 9)), 0xC2570Cu);
    cr_expect_eq(png_pixel(&png, 2 * (8 + 28), 2 * (8 + 9)), 0xF7F7F5u);
    cr_expect_eq(png_pixel(&png, 2 * (8 + 47), 2 * (8 + 9)), 0x1F6DB3u);
    png_close(&png);
    static const float colours[] = {1, 0, -1}; // red all, green none, blue the contrary
    static const uint32_t coloured[] = {1, 3, 1, 1};
    cr_assert_eq(tuff_filters_write(&scratch_log, scratch_path("a.png"), colours, coloured, NULL), TUFF_OK);
    png = png_open(scratch_path("a.png"));
    cr_expect_eq(png_pixel(&png, 2 * (8 + 20), 2 * (8 + 20)), 0xFF8000u);
    png_close(&png);
}

Test(draw, predictions_have_bars)
{
    static const uint8_t pixel[] = {77};
    static const float logits[] = {0, 3, 1, -2};
    static const char *const names[] = {"cat", "dog", "<cow>", "hen"};
    const struct tuff_prediction right = {pixel, "right", 1, logits}, wrong = {pixel, "wrong", 0, logits},
                                 unknown = {pixel, "a&b.png", TUFF_NO_GUESS, logits};
    const struct tuff_prediction all[] = {right, wrong, unknown};
    size_t count;
    cr_assert_eq(
        tuff_predictions_write(&scratch_log, scratch_path("a.svg"), all, 3, 1, 1, 1, 4, names, 3, NULL),
        TUFF_OK);
    char *svg = (char *)scratch_read(scratch_path("a.svg"), &count);
    svg[count] = '\0';
    double sum = exp(-3) + 1 + exp(-2) + exp(-5);
    char share[64];
    snprintf(share, sizeof share, ">%.1f\xC2\xA0%%</text>", 100 / sum);
    cr_expect_eq(occurrences(svg, share), 3u, "%s", share);
    cr_expect_not_null(strstr(svg, ">right: labelled dog, right</text>"));
    cr_expect_not_null(strstr(svg, ">wrong: labelled cat, wrong</text>"));
    cr_expect_not_null(strstr(svg, ">a&amp;b.png</text>"));
    cr_expect_not_null(strstr(svg, ">&lt;cow&gt;</text>"));
    cr_expect_null(strstr(svg, ">hen</text>"), "three were asked for");
    free(svg);
}
