// The graph of a model in characters.
#include <stdio.h>
#include <string.h>

#include "graph_lanes.h"
#include "text.h"
#include "tuff/report.h"

// What lanes are drawn with.
struct pen {
    const char *down, *layer, *across, *pass;
    const char *leftmost, *rightmost; // of lanes that run on
    const char *begins, *ends;        // the rightmost one
    const char *ends_within;          // one between those
};
static const struct pen drawn = {"│", "●", "─", "┼", "├", "┤", "┐", "┘", "┴"};
static const struct pen plain = {"|", "o", "-", "|", "+", "+", "+", "+", "+"};

struct drawing {
    const struct tuff_model *model;
    const struct tuff_graph_rows *rows;
    const struct pen *pen;
    struct tuff_text text;
};

static bool is_open(uint64_t lanes, uint32_t lane)
{
    return lane < TUFF_GRAPH_LANES && (lanes >> lane & 1) != 0;
}

static void add(struct drawing *drawing, const char *words)
{
    tuff_text_add(&drawing->text, words);
}

// Lanes that run on, with `mark` in one of them.
static void add_lanes(struct drawing *drawing, uint64_t open, uint32_t marked, const char *mark)
{
    for (uint32_t lane = 0; lane < drawing->rows->lanes; lane++) {
        add(drawing, lane == marked ? mark : is_open(open, lane) ? drawing->pen->down : " ");
        add(drawing, " ");
    }
}

// A line across, from the leftmost of `lanes` to the rightmost. begins, ends: those of them below which, or
// above which, there is nothing.
static void add_across(struct drawing *drawing, uint64_t open, uint64_t lanes, uint64_t begins, uint64_t ends)
{
    const struct pen *pen = drawing->pen;
    uint32_t first = TUFF_GRAPH_LANES, last = 0;
    for (uint32_t lane = 0; lane < drawing->rows->lanes; lane++) {
        first = is_open(lanes, lane) && first == TUFF_GRAPH_LANES ? lane : first;
        last = is_open(lanes, lane) ? lane : last;
    }
    for (uint32_t lane = 0; lane < drawing->rows->lanes; lane++) {
        const bool runs = is_open(open, lane);
        const char *mark = runs ? pen->down : " ";
        if (lane == first)
            mark = pen->leftmost;
        else if (lane == last)
            mark = is_open(begins, lane) ? pen->begins : is_open(ends, lane) ? pen->ends : pen->rightmost;
        else if (lane > first && lane < last)
            mark = is_open(ends, lane) ? pen->ends_within : runs ? pen->pass : pen->across;
        add(drawing, mark);
        add(drawing, lane >= first && lane < last ? pen->across : " ");
    }
}

static void add_edge_shape(struct drawing *drawing, uint32_t value)
{
    char shape[TUFF_SHAPE_TEXT_BYTES];
    add(drawing, " ");
    add(drawing, tuff_graph_shape(drawing->model, value, shape));
    add(drawing, "\n");
}

static bool same_shape(const struct tuff_model *model, uint32_t a, uint32_t b)
{
    char texts[2][TUFF_SHAPE_TEXT_BYTES];
    return strcmp(tuff_graph_shape(model, a, texts[0]), tuff_graph_shape(model, b, texts[1])) == 0;
}

// The edge into a layer: drawn where it is not that of the layer above, and where the shape is not what it
// was.
static void add_edge(struct drawing *drawing, uint32_t number)
{
    const struct tuff_layer *layer = &drawing->model->layers[number];
    const struct tuff_graph_row *row = &drawing->rows->rows[number];
    const uint32_t input = layer->inputs[0];
    if (row->inputs != 0) {
        add_across(drawing, row->open, row->inputs, 0, row->ends);
        add_edge_shape(drawing, number);
    } else if (row->from != row->lane) {
        const uint64_t own = UINT64_C(1) << row->lane;
        add_across(drawing, row->open, own | UINT64_C(1) << row->from, own, 0);
        add_edge_shape(drawing, input);
    } else if (input == TUFF_MODEL_INPUT || input + 1 != number ||
               !same_shape(drawing->model, input, drawing->model->layers[input].inputs[0])) {
        add_lanes(drawing, row->open, TUFF_GRAPH_LANES, "");
        add_edge_shape(drawing, input);
    }
}

static void add_layer(struct drawing *drawing, uint32_t number)
{
    char label[TUFF_GRAPH_LABEL_BYTES];
    const struct tuff_layer *layer = &drawing->model->layers[number];
    const struct tuff_graph_row *row = &drawing->rows->rows[number];
    add_lanes(drawing, row->open & ~row->ends, row->lane, drawing->pen->layer);
    add(drawing, " ");
    add(drawing, layer->name);
    add(drawing, "  ");
    add(drawing, tuff_graph_label(layer, label));
    add(drawing, "\n");
}

enum tuff_status tuff_graph_text(const struct tuff_log *log, const struct tuff_model *model, int ascii,
                                 char **text)
{
    struct tuff_graph_rows rows;
    *text = NULL;
    enum tuff_status status = tuff_graph_rows_make(log, model, &rows);
    if (status != TUFF_OK)
        return status;
    struct drawing drawing = {.model = model, .rows = &rows, .pen = ascii ? &plain : &drawn};
    add_lanes(&drawing, 1, 0, drawing.pen->layer);
    add(&drawing, " input\n");
    for (uint32_t i = 0; i < model->layer_count; i++) {
        add_edge(&drawing, i);
        add_layer(&drawing, i);
    }
    add_lanes(&drawing, 1, TUFF_GRAPH_LANES, "");
    add_edge_shape(&drawing, model->layer_count - 1);
    tuff_graph_rows_free(&rows);
    if (drawing.text.failed) {
        tuff_text_free(&drawing.text);
        return tuff_fail(log, TUFF_ERROR_MEMORY, "out of memory");
    }
    *text = drawing.text.bytes;
    return TUFF_OK;
}
