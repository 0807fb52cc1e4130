// A figure: a list of marks, drawn first to last, which goes out as SVG (svg.c) or PNG (raster.c).
// Coordinates in CSS pixels, from the upper left. A failed allocation is remembered and reported when the
// figure is written.
#ifndef TUFF_CORE_FIGURE_H
#define TUFF_CORE_FIGURE_H

#include "colours.h"

enum tuff_anchor {
    TUFF_ANCHOR_START,
    TUFF_ANCHOR_MIDDLE,
    TUFF_ANCHOR_END,
};

enum tuff_shape_kind {
    TUFF_SHAPE_RECT,
    TUFF_SHAPE_CIRCLE,
    TUFF_SHAPE_LINE,
    TUFF_SHAPE_TEXT,
    TUFF_SHAPE_IMAGE,
};

struct tuff_point {
    double x, y;
};

// What one mark needs, and of that only what its kind has; the rest stays 0.
struct tuff_shape {
    enum tuff_shape_kind kind;
    double x, y; // upper left; of a circle the centre; of text the anchor, at half the height of digits
    double width, height; // of a rectangle and an image
    double radius;        // of a circle, and of a rectangle's corners
    enum tuff_colour fill, stroke;
    double stroke_width;       // 0: 1
    double opacity;            // 0: 1
    double dash;               // length of dashes and gaps; 0: solid
    struct tuff_point *points; // of a line; owned by the figure
    uint32_t point_count;
    char *text; // owned, clean UTF-8
    double size;
    double angle; // degrees, clockwise, around the anchor
    enum tuff_anchor anchor;
    bool bold;
    uint8_t *pixels; // owned: (channels,rows,columns)
    uint32_t channels, rows, columns;
    char *hover;    // owned: shown under a pointer; NULL: nothing
    bool invisible; // only its hover text is of interest: SVG alone draws it
};

struct tuff_figure {
    double width, height;
    char *title, *description; // owned; for readers that cannot see it
    struct tuff_shape *shapes; // owned
    size_t count, capacity;
    bool failed;
};

void tuff_figure_begin(struct tuff_figure *figure, const char *title);
void tuff_figure_free(struct tuff_figure *figure);
// What the figure shows, in a sentence.
void tuff_figure_describe(struct tuff_figure *figure, const char *format, ...) TUFF_PRINTF(2, 3);

// Each adds one mark; the pointer is good until the next one is added, and never NULL.
struct tuff_shape *tuff_figure_rect(struct tuff_figure *figure, double x, double y, double width,
                                    double height, enum tuff_colour fill);
struct tuff_shape *tuff_figure_circle(struct tuff_figure *figure, double x, double y, double radius,
                                      enum tuff_colour fill);
struct tuff_shape *tuff_figure_line(struct tuff_figure *figure, const struct tuff_point *points,
                                    uint32_t count, enum tuff_colour stroke, double width);
struct tuff_shape *tuff_figure_segment(struct tuff_figure *figure, double x1, double y1, double x2, double y2,
                                       enum tuff_colour stroke);
struct tuff_shape *tuff_figure_text(struct tuff_figure *figure, double x, double y, double size,
                                    enum tuff_colour fill, enum tuff_anchor anchor, const char *text);
struct tuff_shape *tuff_figure_image(struct tuff_figure *figure, double x, double y, double width,
                                     double height, const uint8_t *pixels, uint32_t channels, uint32_t rows,
                                     uint32_t columns);
void tuff_figure_hover(struct tuff_figure *figure, struct tuff_shape *shape, const char *format, ...)
    TUFF_PRINTF(3, 4);

// An estimate from the number of characters, so that a figure's layout is the same everywhere.
double tuff_text_width(const char *text, double size);

// -- Out

// Half the height of digits, as a part of the font's size: from a text's y to its baseline.
#define TUFF_HALF_DIGIT 0.36
// Rules that figures need besides the colours', once in a document.
extern const char tuff_svg_css[];

enum tuff_svg_kind {
    TUFF_SVG_ALONE,  // a document of its own, with the colours' CSS
    TUFF_SVG_FITTED, // part of a page that has the CSS, as wide as there is room, and not much larger than
                     // drawn
    TUFF_SVG_FIXED,  // the same, as large as drawn
};
// A <svg> element.
void tuff_figure_svg(const struct tuff_figure *figure, enum tuff_svg_kind kind, struct tuff_text *text);
enum { TUFF_MOST_PIXELS = 32000 }; // of a side; cairo's images end a little above
// scale: pixels of the image per unit.
TUFF_MUST_CHECK enum tuff_status tuff_figure_png(const struct tuff_log *log, const struct tuff_figure *figure,
                                                 enum tuff_theme theme, double scale, const char *path);
// By the path's ending, .svg or .png.
TUFF_MUST_CHECK enum tuff_status tuff_figure_write(const struct tuff_log *log,
                                                   const struct tuff_figure *figure,
                                                   const struct tuff_figure_options *options,
                                                   const char *path);

// data:image/png;base64,… of an image; channels: 1 or 3, others show their first alone. Sets text->failed on
// failure.
void tuff_image_data(struct tuff_text *text, const uint8_t *pixels, uint32_t channels, uint32_t rows,
                     uint32_t columns);

#endif
