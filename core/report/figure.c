#include "figure.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Where marks go once memory is exhausted; nobody reads it.
static struct tuff_shape *lost_shape(struct tuff_figure *figure)
{
    static _Thread_local struct tuff_shape shape;
    figure->failed = true;
    shape = (struct tuff_shape){.kind = TUFF_SHAPE_RECT};
    return &shape;
}

static char *keep_text(struct tuff_figure *figure, const char *text)
{
    // A byte that is no UTF-8 becomes the three of U+FFFD.
    size_t capacity = 3 * strlen(text) + 8;
    char *kept = malloc(capacity);
    if (kept == NULL)
        figure->failed = true;
    else
        tuff_clean_name(kept, capacity, text, UINT32_MAX);
    return kept;
}

static struct tuff_shape *add_shape(struct tuff_figure *figure, struct tuff_shape shape)
{
    if (figure->count == figure->capacity) {
        size_t capacity = figure->capacity == 0 ? 64 : 2 * figure->capacity;
        struct tuff_shape *shapes = realloc(figure->shapes, capacity * sizeof *shapes);
        if (shapes == NULL)
            return lost_shape(figure);
        figure->shapes = shapes;
        figure->capacity = capacity;
    }
    figure->shapes[figure->count] = shape;
    return &figure->shapes[figure->count++];
}

void tuff_figure_begin(struct tuff_figure *figure, const char *title)
{
    *figure = (struct tuff_figure){.width = 0};
    figure->title = keep_text(figure, title == NULL ? "" : title);
}

void tuff_figure_free(struct tuff_figure *figure)
{
    for (size_t i = 0; i < figure->count; i++) {
        free(figure->shapes[i].points);
        free(figure->shapes[i].text);
        free(figure->shapes[i].pixels);
        free(figure->shapes[i].hover);
    }
    free(figure->shapes);
    free(figure->title);
    free(figure->description);
    *figure = (struct tuff_figure){.width = 0};
}

static char *keep_formatted(struct tuff_figure *figure, const char *format, va_list arguments)
{
    char text[512];
    vsnprintf(text, sizeof text, format, arguments);
    return keep_text(figure, text);
}

void tuff_figure_describe(struct tuff_figure *figure, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    free(figure->description);
    figure->description = keep_formatted(figure, format, arguments);
    va_end(arguments);
}

void tuff_figure_hover(struct tuff_figure *figure, struct tuff_shape *shape, const char *format, ...)
{
    va_list arguments;
    if (figure->failed) // the shape may be nobody's
        return;
    va_start(arguments, format);
    free(shape->hover);
    shape->hover = keep_formatted(figure, format, arguments);
    va_end(arguments);
}

struct tuff_shape *tuff_figure_rect(struct tuff_figure *figure, double x, double y, double width,
                                    double height, enum tuff_colour fill)
{
    return add_shape(
        figure, (struct tuff_shape){
                    .kind = TUFF_SHAPE_RECT, .x = x, .y = y, .width = width, .height = height, .fill = fill});
}

struct tuff_shape *tuff_figure_circle(struct tuff_figure *figure, double x, double y, double radius,
                                      enum tuff_colour fill)
{
    return add_shape(figure, (struct tuff_shape){
                                 .kind = TUFF_SHAPE_CIRCLE, .x = x, .y = y, .radius = radius, .fill = fill});
}

struct tuff_shape *tuff_figure_line(struct tuff_figure *figure, const struct tuff_point *points,
                                    uint32_t count, enum tuff_colour stroke, double width)
{
    struct tuff_point *kept = malloc((count == 0 ? 1 : count) * sizeof *kept);
    if (kept == NULL)
        return lost_shape(figure);
    memcpy(kept, points, count * sizeof *kept);
    struct tuff_shape *shape = add_shape(figure, (struct tuff_shape){.kind = TUFF_SHAPE_LINE,
                                                                     .points = kept,
                                                                     .point_count = count,
                                                                     .stroke = stroke,
                                                                     .stroke_width = width});
    if (shape->points != kept)
        free(kept);
    return shape;
}

struct tuff_shape *tuff_figure_segment(struct tuff_figure *figure, double x1, double y1, double x2, double y2,
                                       enum tuff_colour stroke)
{
    const struct tuff_point points[2] = {{x1, y1}, {x2, y2}};
    return tuff_figure_line(figure, points, 2, stroke, 1);
}

struct tuff_shape *tuff_figure_text(struct tuff_figure *figure, double x, double y, double size,
                                    enum tuff_colour fill, enum tuff_anchor anchor, const char *text)
{
    char *kept = keep_text(figure, text);
    if (kept == NULL)
        return lost_shape(figure);
    struct tuff_shape *shape = add_shape(figure, (struct tuff_shape){.kind = TUFF_SHAPE_TEXT,
                                                                     .x = x,
                                                                     .y = y,
                                                                     .size = size,
                                                                     .fill = fill,
                                                                     .anchor = anchor,
                                                                     .text = kept});
    if (shape->text != kept)
        free(kept);
    return shape;
}

struct tuff_shape *tuff_figure_image(struct tuff_figure *figure, double x, double y, double width,
                                     double height, const uint8_t *pixels, uint32_t channels, uint32_t rows,
                                     uint32_t columns)
{
    size_t bytes = (size_t)channels * rows * columns;
    uint8_t *kept = malloc(bytes == 0 ? 1 : bytes);
    if (kept == NULL)
        return lost_shape(figure);
    memcpy(kept, pixels, bytes);
    struct tuff_shape *shape = add_shape(figure, (struct tuff_shape){.kind = TUFF_SHAPE_IMAGE,
                                                                     .x = x,
                                                                     .y = y,
                                                                     .width = width,
                                                                     .height = height,
                                                                     .pixels = kept,
                                                                     .channels = channels,
                                                                     .rows = rows,
                                                                     .columns = columns});
    if (shape->pixels != kept)
        free(kept);
    return shape;
}

double tuff_text_width(const char *text, double size)
{
    return 0.6 * size * tuff_columns(text); // a little more than most fonts take
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);
    return length > end_length && strcmp(text + length - end_length, end) == 0;
}

enum tuff_status tuff_figure_write(const struct tuff_log *log, const struct tuff_figure *figure,
                                   const struct tuff_figure_options *options, const char *path)
{
    struct tuff_figure_options whole = {.size = 0};
    if (options != NULL)
        memcpy(&whole, options, options->size < sizeof whole ? options->size : sizeof whole);
    if (figure->failed)
        return tuff_fail(log, TUFF_ERROR_MEMORY, "cannot draw '%s': out of memory", path);
    if (ends_with(path, ".png"))
        return tuff_figure_png(log, figure, whole.theme, whole.scale > 0 ? whole.scale : 2, path);
    if (!ends_with(path, ".svg"))
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "cannot write '%s': expected a picture's name that ends in .png or .svg", path);
    struct tuff_text text = {.bytes = NULL};
    tuff_figure_svg(figure, TUFF_SVG_ALONE, &text);
    enum tuff_status status = tuff_text_save(log, path, &text);
    tuff_text_free(&text);
    return status;
}
