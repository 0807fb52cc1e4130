// The graph of a model as a picture.
#include <inttypes.h>
#include <math.h>

#include "draw.h"
#include "graph_lanes.h"

enum {
    MARGIN = 12,
    FONT = 12,
    SMALL = 11,
    BOX_HEIGHT = 40,
    ROW = 66, // from one box to the next
    LANE_GAP = 24,
    BOX_LEAST = 120,
    PADDING = 10,
};

struct drawing {
    struct tuff_figure *figure;
    const struct tuff_model *model;
    const struct tuff_graph_rows *rows;
    double top, box; // where the input's box begins; width of all boxes
};

static double centre(const struct drawing *drawing, uint32_t lane)
{
    return MARGIN + drawing->box / 2 + lane * (drawing->box + LANE_GAP);
}

// Of a layer's box, or the input's for TUFF_MODEL_INPUT.
static double top_of(const struct drawing *drawing, uint32_t layer)
{
    return drawing->top + (layer == TUFF_MODEL_INPUT ? 0 : layer + 1) * ROW;
}

// Boxes are as wide as the widest words.
static double widest(const struct tuff_model *model)
{
    double most = BOX_LEAST;
    for (uint32_t i = 0; i < model->layer_count; i++) {
        char label[TUFF_GRAPH_LABEL_BYTES];
        most = fmax(most, tuff_text_width(model->layers[i].name, FONT) + 2 * PADDING);
        most = fmax(most, tuff_text_width(tuff_graph_label(&model->layers[i], label), SMALL) + 2 * PADDING);
    }
    return most;
}

static enum tuff_colour colour_of(const struct tuff_layer *layer)
{
    if (layer->input_count > 1)
        return TUFF_COLOUR_ORANGE;
    return layer->parameter_count > 0 ? TUFF_COLOUR_BLUE : TUFF_COLOUR_LINE;
}

static void draw_box(const struct drawing *drawing, uint32_t lane, double y, const char *name,
                     const char *label, enum tuff_colour colour)
{
    const double x = centre(drawing, lane);
    struct tuff_shape *box = tuff_figure_rect(drawing->figure, x - drawing->box / 2, y, drawing->box,
                                              BOX_HEIGHT, TUFF_COLOUR_SURFACE);
    box->stroke = colour;
    box->stroke_width = 1.5;
    box->radius = 5;
    tuff_figure_text(drawing->figure, x, y + 13, FONT, TUFF_COLOUR_INK, TUFF_ANCHOR_MIDDLE, name)->bold =
        true;
    tuff_figure_text(drawing->figure, x, y + 28, SMALL, TUFF_COLOUR_MUTED, TUFF_ANCHOR_MIDDLE, label);
}

static void draw_arrow(const struct drawing *drawing, double x, double y)
{
    const struct tuff_point head[] = {{x - 4, y - 6}, {x, y}, {x + 4, y - 6}};
    tuff_figure_line(drawing->figure, head, 3, TUFF_COLOUR_LINE, 1.5);
}

// From a value's box down its lane, and into the layer that reads it.
static void draw_edge(const struct drawing *drawing, uint32_t value, uint32_t layer)
{
    char shape[TUFF_SHAPE_TEXT_BYTES];
    const uint32_t from = value == TUFF_MODEL_INPUT ? 0 : drawing->rows->rows[value].lane;
    const double x = centre(drawing, from), to = centre(drawing, drawing->rows->rows[layer].lane);
    const double y = top_of(drawing, value) + BOX_HEIGHT, end = top_of(drawing, layer);
    // Lanes part and meet above the layer that does it.
    const double turn = end - (ROW - BOX_HEIGHT) / 2.0;
    const struct tuff_point points[] = {{x, y}, {x, turn}, {to, turn}, {to, end}};
    tuff_figure_line(drawing->figure, points, 4, TUFF_COLOUR_LINE, 1.5);
    draw_arrow(drawing, to, end);
    // Beside the end that is its own: of a value that two layers read, the shape stands at both.
    tuff_figure_text(drawing->figure, (to > x ? to : x) + 6, to > x ? end - 7 : y + 7, SMALL,
                     TUFF_COLOUR_MUTED, TUFF_ANCHOR_START, tuff_graph_shape(drawing->model, value, shape));
}

static void draw(const struct drawing *drawing)
{
    const struct tuff_model *model = drawing->model;
    char label[TUFF_GRAPH_LABEL_BYTES], shape[TUFF_SHAPE_TEXT_BYTES];
    for (uint32_t i = 0; i < model->layer_count; i++)
        for (uint32_t k = 0; k < model->layers[i].input_count; k++)
            draw_edge(drawing, model->layers[i].inputs[k], i);
    draw_box(drawing, 0, top_of(drawing, TUFF_MODEL_INPUT), "input", model->name, TUFF_COLOUR_INK);
    for (uint32_t i = 0; i < model->layer_count; i++)
        draw_box(drawing, drawing->rows->rows[i].lane, top_of(drawing, i), model->layers[i].name,
                 tuff_graph_label(&model->layers[i], label), colour_of(&model->layers[i]));
    const uint32_t last = model->layer_count - 1;
    const double x = centre(drawing, drawing->rows->rows[last].lane), y = top_of(drawing, last) + BOX_HEIGHT;
    tuff_figure_segment(drawing->figure, x, y, x, y + 20, TUFF_COLOUR_LINE);
    draw_arrow(drawing, x, y + 20);
    tuff_figure_text(drawing->figure, x + 6, y + 9, SMALL, TUFF_COLOUR_MUTED, TUFF_ANCHOR_START,
                     tuff_graph_shape(model, last, shape));
}

enum tuff_status tuff_graph_write(const struct tuff_log *log, const char *path,
                                  const struct tuff_model *model, const struct tuff_figure_options *options)
{
    struct tuff_graph_rows rows;
    struct tuff_figure figure;
    enum tuff_status status = tuff_graph_rows_make(log, model, &rows);
    if (status != TUFF_OK)
        return status;
    const char *title = tuff_figure_title(options);
    tuff_figure_begin(&figure, title != NULL ? title : model->name);
    struct drawing drawing = {.figure = &figure, .model = model, .rows = &rows, .box = widest(model)};
    drawing.top = tuff_draw_title(&figure, MARGIN, title) + MARGIN;
    // To the right of the last lane there are shapes.
    figure.width = 2 * MARGIN + rows.lanes * (drawing.box + LANE_GAP);
    figure.height = top_of(&drawing, model->layer_count - 1) + BOX_HEIGHT + 20 + MARGIN;
    draw(&drawing);
    tuff_figure_describe(&figure, "%" PRIu32 " layers of model %s, from its input down", model->layer_count,
                         model->name);
    status = tuff_figure_write(log, &figure, options, path);
    tuff_figure_free(&figure);
    tuff_graph_rows_free(&rows);
    return status;
}
