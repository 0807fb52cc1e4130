// The graph of a model in characters.
#include <stdio.h>
#include <string.h>

#include "graph_lanes.h"
#include "text.h"
#include "tuff/report.h"

// What lanes are drawn with.
struct pen {
    const char *down, *layer, *across, *leave, *enter, *pass, *end, *cross;
};
static const struct pen drawn = {"│", "●", "─", "├", "┐", "┼", "┘", "┬"};
static const struct pen plain = {"|", "o", "-", "+", "+", "+", "+", "+"};

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

// From lane `from` to the right, to the lanes of `to`: a fork, or a join if they end there.
static void add_branches(struct drawing *drawing, uint64_t open, uint32_t from, uint64_t to, bool joins)
{
    const struct pen *pen = drawing->pen;
    uint32_t last = from;
    for (uint32_t lane = from; lane < TUFF_GRAPH_LANES; lane++)
        last = is_open(to, lane) ? lane : last;
    for (uint32_t lane = 0; lane < drawing->rows->lanes; lane++) {
        const bool within = lane > from && lane <= last, target = within && is_open(to, lane);
        if (lane == from)
            add(drawing, pen->leave);
        else if (target)
            add(drawing, lane == last ? (joins ? pen->end : pen->enter) : pen->cross);
        else if (within)
            add(drawing, is_open(open, lane) ? pen->pass : pen->across);
        else
            add(drawing, is_open(open, lane) ? pen->down : " ");
        add(drawing, lane >= from && lane < last ? pen->across : " ");
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
    if (row->joins != 0) {
        add_branches(drawing, row->open, row->lane, row->joins & ~(UINT64_C(1) << row->lane), true);
        add_edge_shape(drawing, number);
    } else if (row->from != row->lane) {
        add_branches(drawing, row->open, row->from, UINT64_C(1) << row->lane, false);
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
    add_lanes(drawing, row->open & ~row->joins, row->lane, drawing->pen->layer);
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
