#include "figure.h"

const char tuff_svg_css[] =
    ".f-none{fill:none}.p{image-rendering:pixelated}.b{font-weight:600}\n"
    ".t{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','DejaVu Sans',sans-serif;"
    "font-variant-numeric:tabular-nums}polyline{stroke-linejoin:round;stroke-linecap:round}\n";

static void attribute(struct tuff_text *text, const char *name, double value)
{
    tuff_text_format(text, " %s=\"", name);
    tuff_text_coordinate(text, value);
    tuff_text_add(text, "\"");
}

// class="t f-ink": whether it is text, and its colours. Without a fill, SVG's default of black must go.
static void classes(struct tuff_text *text, const struct tuff_shape *shape)
{
    tuff_text_add(text, " class=\"");
    if (shape->kind == TUFF_SHAPE_TEXT)
        tuff_text_add(text, shape->bold ? "t b " : "t ");
    tuff_text_add(text, "f-");
    tuff_colour_name(text, shape->fill);
    if (shape->stroke != TUFF_COLOUR_NONE) {
        tuff_text_add(text, " s-");
        tuff_colour_name(text, shape->stroke);
    }
    tuff_text_add(text, "\"");
    if (shape->stroke != TUFF_COLOUR_NONE && shape->stroke_width != 0 && shape->stroke_width != 1)
        attribute(text, "stroke-width", shape->stroke_width);
    if (shape->dash != 0)
        attribute(text, "stroke-dasharray", shape->dash);
    if (shape->opacity != 0)
        attribute(text, "opacity", shape->opacity);
}

// The end of an element, with its hover text inside.
static void end_element(struct tuff_text *text, const struct tuff_shape *shape, const char *name)
{
    if (shape->hover == NULL) {
        tuff_text_add(text, "/>\n");
        return;
    }
    tuff_text_add(text, "><title>");
    tuff_text_escape(text, shape->hover);
    tuff_text_format(text, "</title></%s>\n", name);
}

static void rect(struct tuff_text *text, const struct tuff_shape *shape)
{
    tuff_text_add(text, "<rect");
    attribute(text, "x", shape->x);
    attribute(text, "y", shape->y);
    attribute(text, "width", shape->width);
    attribute(text, "height", shape->height);
    if (shape->radius > 0)
        attribute(text, "rx", shape->radius);
    classes(text, shape);
    if (shape->invisible)
        tuff_text_add(text, " pointer-events=\"all\"");
    end_element(text, shape, "rect");
}

static void circle(struct tuff_text *text, const struct tuff_shape *shape)
{
    tuff_text_add(text, "<circle");
    attribute(text, "cx", shape->x);
    attribute(text, "cy", shape->y);
    attribute(text, "r", shape->radius);
    classes(text, shape);
    if (shape->invisible)
        tuff_text_add(text, " pointer-events=\"all\"");
    end_element(text, shape, "circle");
}

static void line(struct tuff_text *text, const struct tuff_shape *shape)
{
    tuff_text_add(text, "<polyline points=\"");
    for (uint32_t i = 0; i < shape->point_count; i++) {
        tuff_text_add(text, i == 0 ? "" : " ");
        tuff_text_coordinate(text, shape->points[i].x);
        tuff_text_add(text, ",");
        tuff_text_coordinate(text, shape->points[i].y);
    }
    tuff_text_add(text, "\"");
    classes(text, shape);
    end_element(text, shape, "polyline");
}

static void words(struct tuff_text *text, const struct tuff_shape *shape)
{
    static const char *const anchors[] = {"", " text-anchor=\"middle\"", " text-anchor=\"end\""};
    if (shape->text[0] == '\0')
        return;
    tuff_text_add(text, "<text");
    attribute(text, "x", shape->x);
    attribute(text, "y", shape->y);
    attribute(text, "dy", TUFF_HALF_DIGIT * shape->size);
    attribute(text, "font-size", shape->size);
    tuff_text_add(text, anchors[shape->anchor]);
    if (shape->angle != 0) {
        tuff_text_add(text, " transform=\"rotate(");
        tuff_text_coordinate(text, shape->angle);
        tuff_text_add(text, " ");
        tuff_text_coordinate(text, shape->x);
        tuff_text_add(text, " ");
        tuff_text_coordinate(text, shape->y);
        tuff_text_add(text, ")\"");
    }
    classes(text, shape);
    tuff_text_add(text, ">");
    if (shape->hover != NULL) {
        tuff_text_add(text, "<title>");
        tuff_text_escape(text, shape->hover);
        tuff_text_add(text, "</title>");
    }
    tuff_text_escape(text, shape->text);
    tuff_text_add(text, "</text>\n");
}

static void image(struct tuff_text *text, const struct tuff_shape *shape)
{
    tuff_text_add(text, "<image");
    attribute(text, "x", shape->x);
    attribute(text, "y", shape->y);
    attribute(text, "width", shape->width);
    attribute(text, "height", shape->height);
    // Pixels are shown as such while they are enlarged.
    if (shape->width >= shape->columns)
        tuff_text_add(text, " class=\"p\"");
    tuff_text_add(text, " preserveAspectRatio=\"none\" href=\"");
    tuff_image_data(text, shape->pixels, shape->channels, shape->rows, shape->columns);
    tuff_text_add(text, "\"");
    end_element(text, shape, "image");
}

static void begin_alone(const struct tuff_figure *figure, struct tuff_text *text)
{
    bool used[TUFF_COLOUR_COUNT] = {[TUFF_COLOUR_SURFACE] = true};
    for (size_t i = 0; i < figure->count; i++) {
        used[figure->shapes[i].fill] = true;
        used[figure->shapes[i].stroke] = true;
    }
    tuff_text_add(text, "<svg xmlns=\"http://www.w3.org/2000/svg\"");
    attribute(text, "width", figure->width);
    attribute(text, "height", figure->height);
    tuff_text_add(text, " viewBox=\"0 0 ");
    tuff_text_coordinate(text, figure->width);
    tuff_text_add(text, " ");
    tuff_text_coordinate(text, figure->height);
    tuff_text_add(text, "\" role=\"img\">\n<title>");
    tuff_text_escape(text, figure->title == NULL ? "" : figure->title);
    tuff_text_add(text, "</title>\n<desc>");
    tuff_text_escape(text, figure->description == NULL ? "" : figure->description);
    tuff_text_add(text, "</desc>\n<style>\n");
    tuff_colours_css(text, ":root", used);
    tuff_text_add(text, tuff_svg_css);
    tuff_text_add(text, "</style>\n");
    tuff_text_add(text, "<rect class=\"f-surface\" width=\"100%\" height=\"100%\"/>\n");
}

// Part of a page: what a reader cannot see is an aria-label, since a <title> would follow the pointer
// everywhere.
static void begin_inside(const struct tuff_figure *figure, enum tuff_svg_kind kind, struct tuff_text *text)
{
    tuff_text_add(text, "<svg viewBox=\"0 0 ");
    tuff_text_coordinate(text, figure->width);
    tuff_text_add(text, " ");
    tuff_text_coordinate(text, figure->height);
    tuff_text_add(text, "\" role=\"img\" aria-label=\"");
    tuff_text_escape(text, figure->title == NULL ? "" : figure->title);
    if (figure->description != NULL) {
        tuff_text_add(text, ". ");
        tuff_text_escape(text, figure->description);
    }
    tuff_text_add(text, kind == TUFF_SVG_FIXED ? "\" style=\"width:" : "\" style=\"max-width:");
    tuff_text_coordinate(text, kind == TUFF_SVG_FIXED ? figure->width : 1.3 * figure->width);
    tuff_text_add(text, "px\">\n");
}

void tuff_figure_svg(const struct tuff_figure *figure, enum tuff_svg_kind kind, struct tuff_text *text)
{
    if (figure->failed)
        text->failed = true;
    if (kind == TUFF_SVG_ALONE)
        begin_alone(figure, text);
    else
        begin_inside(figure, kind, text);
    for (size_t i = 0; i < figure->count; i++) {
        const struct tuff_shape *shape = &figure->shapes[i];
        switch (shape->kind) {
        case TUFF_SHAPE_RECT:
            rect(text, shape);
            break;
        case TUFF_SHAPE_CIRCLE:
            circle(text, shape);
            break;
        case TUFF_SHAPE_LINE:
            line(text, shape);
            break;
        case TUFF_SHAPE_TEXT:
            words(text, shape);
            break;
        case TUFF_SHAPE_IMAGE:
            image(text, shape);
            break;
        }
    }
    tuff_text_add(text, "</svg>\n");
}
