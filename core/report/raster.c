// Figures and images as PNG, through cairo.
#include <cairo.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "figure.h"

static cairo_status_t write_bytes(void *text, const unsigned char *bytes, unsigned count)
{
    tuff_text_add_bytes(text, bytes, count);
    return CAIRO_STATUS_SUCCESS; // a failure stays in the text
}

static void set_colour(cairo_t *cairo, enum tuff_colour colour, enum tuff_theme theme, double opacity)
{
    uint32_t rgb = tuff_colour_rgb(colour, theme);
    cairo_set_source_rgba(cairo, (rgb >> 16) / 255.0, (rgb >> 8 & 0xFF) / 255.0, (rgb & 0xFF) / 255.0,
                          opacity == 0 ? 1 : opacity);
}

// Fills and strokes the path at hand.
static void paint(cairo_t *cairo, const struct tuff_shape *shape, enum tuff_theme theme)
{
    if (shape->fill != TUFF_COLOUR_NONE) {
        set_colour(cairo, shape->fill, theme, shape->opacity);
        cairo_fill_preserve(cairo);
    }
    if (shape->stroke != TUFF_COLOUR_NONE) {
        set_colour(cairo, shape->stroke, theme, shape->opacity);
        cairo_set_line_width(cairo, shape->stroke_width == 0 ? 1 : shape->stroke_width);
        cairo_set_dash(cairo, &shape->dash, shape->dash > 0, 0);
        cairo_stroke_preserve(cairo);
    }
    cairo_new_path(cairo);
}

static void rounded(cairo_t *cairo, const struct tuff_shape *s)
{
    double r = fmin(s->radius, fmin(s->width, s->height) / 2), right = s->x + s->width,
           bottom = s->y + s->height;
    cairo_new_sub_path(cairo);
    cairo_arc(cairo, right - r, s->y + r, r, -M_PI_2, 0);
    cairo_arc(cairo, right - r, bottom - r, r, 0, M_PI_2);
    cairo_arc(cairo, s->x + r, bottom - r, r, M_PI_2, M_PI);
    cairo_arc(cairo, s->x + r, s->y + r, r, M_PI, 3 * M_PI_2);
    cairo_close_path(cairo);
}

static void words(cairo_t *cairo, const struct tuff_shape *shape, enum tuff_theme theme)
{
    cairo_text_extents_t extents;
    cairo_select_font_face(cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           shape->bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cairo, shape->size);
    cairo_text_extents(cairo, shape->text, &extents);
    cairo_save(cairo);
    cairo_translate(cairo, shape->x, shape->y);
    cairo_rotate(cairo, shape->angle * M_PI / 180);
    double part = shape->anchor == TUFF_ANCHOR_MIDDLE ? 0.5 : shape->anchor == TUFF_ANCHOR_END ? 1 : 0;
    cairo_move_to(cairo, -part * extents.x_advance, TUFF_HALF_DIGIT * shape->size);
    set_colour(cairo, shape->fill, theme, shape->opacity);
    cairo_show_text(cairo, shape->text);
    cairo_restore(cairo);
    cairo_new_path(cairo);
}

// The caller destroys it and looks at its status.
static cairo_surface_t *make_image(const uint8_t *pixels, uint32_t channels, uint32_t rows, uint32_t columns)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)columns, (int)rows);
    if (cairo_surface_status(surface) != CAIRO_STATUS_SUCCESS)
        return surface;
    unsigned char *data = cairo_image_surface_get_data(surface);
    int stride = cairo_image_surface_get_stride(surface);
    size_t plane = (size_t)rows * columns;
    for (uint32_t y = 0; y < rows; y++) {
        for (uint32_t x = 0; x < columns; x++) {
            const uint8_t *pixel = pixels + (size_t)y * columns + x;
            uint32_t rgb = channels >= 3
                               ? (uint32_t)pixel[0] << 16 | (uint32_t)pixel[plane] << 8 | pixel[2 * plane]
                               : pixel[0] * UINT32_C(0x010101);
            memcpy(data + (ptrdiff_t)y * stride + (ptrdiff_t)x * 4, &rgb, sizeof rgb);
        }
    }
    cairo_surface_mark_dirty(surface);
    return surface;
}

static cairo_status_t image(cairo_t *cairo, const struct tuff_shape *shape)
{
    cairo_surface_t *surface = make_image(shape->pixels, shape->channels, shape->rows, shape->columns);
    cairo_status_t status = cairo_surface_status(surface);
    if (status == CAIRO_STATUS_SUCCESS) {
        cairo_save(cairo);
        cairo_rectangle(cairo, shape->x, shape->y, shape->width, shape->height);
        cairo_clip(cairo);
        cairo_translate(cairo, shape->x, shape->y);
        cairo_scale(cairo, shape->width / shape->columns, shape->height / shape->rows);
        cairo_set_source_surface(cairo, surface, 0, 0);
        cairo_pattern_set_extend(cairo_get_source(cairo), CAIRO_EXTEND_PAD);
        cairo_pattern_set_filter(cairo_get_source(cairo),
                                 shape->width >= shape->columns ? CAIRO_FILTER_NEAREST : CAIRO_FILTER_GOOD);
        cairo_paint(cairo);
        cairo_restore(cairo);
    }
    cairo_surface_destroy(surface);
    return status;
}

static cairo_status_t draw(cairo_t *cairo, const struct tuff_figure *figure, enum tuff_theme theme)
{
    cairo_status_t status = CAIRO_STATUS_SUCCESS;
    set_colour(cairo, TUFF_COLOUR_SURFACE, theme, 1);
    cairo_paint(cairo);
    cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
    cairo_set_line_cap(cairo, CAIRO_LINE_CAP_ROUND);
    for (size_t i = 0; i < figure->count && status == CAIRO_STATUS_SUCCESS; i++) {
        const struct tuff_shape *shape = &figure->shapes[i];
        switch (shape->kind) {
        case TUFF_SHAPE_RECT:
            if (shape->radius > 0)
                rounded(cairo, shape);
            else
                cairo_rectangle(cairo, shape->x, shape->y, shape->width, shape->height);
            paint(cairo, shape, theme);
            break;
        case TUFF_SHAPE_CIRCLE:
            cairo_arc(cairo, shape->x, shape->y, shape->radius, 0, 2 * M_PI);
            paint(cairo, shape, theme);
            break;
        case TUFF_SHAPE_LINE:
            for (uint32_t p = 0; p < shape->point_count; p++)
                cairo_line_to(cairo, shape->points[p].x, shape->points[p].y);
            paint(cairo, shape, theme);
            break;
        case TUFF_SHAPE_TEXT:
            words(cairo, shape, theme);
            break;
        case TUFF_SHAPE_IMAGE:
            status = image(cairo, shape);
            break;
        }
    }
    return status == CAIRO_STATUS_SUCCESS ? cairo_status(cairo) : status;
}

enum tuff_status tuff_figure_png(const struct tuff_log *log, const struct tuff_figure *figure,
                                 enum tuff_theme theme, double scale, const char *path)
{
    double width = ceil(figure->width * scale), height = ceil(figure->height * scale);
    if (figure->failed)
        return tuff_fail(log, TUFF_ERROR_MEMORY, "cannot draw '%s': out of memory", path);
    if (!(width >= 1 && width <= TUFF_MOST_PIXELS && height >= 1 && height <= TUFF_MOST_PIXELS))
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "cannot draw '%s': expected a picture of at most %d pixels a side, found %.0f x "
                         "%.0f; a .svg may be larger",
                         path, TUFF_MOST_PIXELS, width, height);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)width, (int)height);
    cairo_t *cairo = cairo_create(surface);
    cairo_scale(cairo, scale, scale);
    cairo_status_t status = draw(cairo, figure, theme);
    cairo_destroy(cairo);
    struct tuff_text png = {.bytes = NULL};
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_write_to_png_stream(surface, write_bytes, &png);
    cairo_surface_destroy(surface);
    enum tuff_status result =
        status == CAIRO_STATUS_SUCCESS
            ? tuff_text_save(log, path, &png)
            : tuff_fail(log, status == CAIRO_STATUS_NO_MEMORY ? TUFF_ERROR_MEMORY : TUFF_ERROR_INTERNAL,
                        "cannot draw '%s': %s", path, cairo_status_to_string(status));
    tuff_text_free(&png);
    return result;
}

void tuff_image_data(struct tuff_text *text, const uint8_t *pixels, uint32_t channels, uint32_t rows,
                     uint32_t columns)
{
    struct tuff_text png = {.bytes = NULL};
    cairo_surface_t *surface = make_image(pixels, channels, rows, columns);
    if (cairo_surface_status(surface) != CAIRO_STATUS_SUCCESS ||
        cairo_surface_write_to_png_stream(surface, write_bytes, &png) != CAIRO_STATUS_SUCCESS || png.failed)
        text->failed = true;
    cairo_surface_destroy(surface);
    tuff_text_add(text, "data:image/png;base64,");
    tuff_text_base64(text, png.bytes, png.length);
    tuff_text_free(&png);
}
