#include "graph_lanes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/model_build.h"

static const uint32_t FREE_LANE = UINT32_MAX - 1; // no layer's number, and not TUFF_MODEL_INPUT

// What runs down at the moment.
struct lanes {
    uint32_t values[TUFF_GRAPH_LANES]; // layers, TUFF_MODEL_INPUT, or FREE_LANE
    uint32_t used;                     // lanes so far
    uint32_t *uses_left;               // of the model's input, then of each layer's output
};

static uint32_t *uses_of(struct lanes *lanes, uint32_t value)
{
    return &lanes->uses_left[value == TUFF_MODEL_INPUT ? 0 : value + 1];
}

static uint32_t find_lane(const struct lanes *lanes, uint32_t value)
{
    uint32_t lane = 0;
    while (lane < TUFF_GRAPH_LANES && lanes->values[lane] != value)
        lane++;
    return lane;
}

// The next lane to the right that is free.
static uint32_t next_free(const struct lanes *lanes, uint32_t lane)
{
    while (lane < TUFF_GRAPH_LANES && lanes->values[lane] != FREE_LANE)
        lane++;
    return lane;
}

static uint64_t open_lanes(const struct lanes *lanes)
{
    uint64_t open = 0;
    for (uint32_t lane = 0; lane < TUFF_GRAPH_LANES; lane++)
        open |= (uint64_t)(lanes->values[lane] != FREE_LANE) << lane;
    return open;
}

// A value that is needed further down stays in its lane; its last reader takes that over.
static bool place(struct lanes *lanes, const struct tuff_layer *layer, uint32_t number,
                  struct tuff_graph_row *row)
{
    uint64_t ends = 0, inputs = 0;
    row->open = open_lanes(lanes);
    row->from = row->lane = find_lane(lanes, layer->inputs[0]);
    for (uint32_t i = 0; i < layer->input_count; i++) {
        const uint32_t lane = find_lane(lanes, layer->inputs[i]);
        inputs |= UINT64_C(1) << lane;
        if (--*uses_of(lanes, layer->inputs[i]) == 0)
            ends |= UINT64_C(1) << lane;
    }
    if (ends == 0)
        row->lane = next_free(lanes, row->from);
    for (uint32_t lane = TUFF_GRAPH_LANES; lane-- > 0;)
        if (ends >> lane & 1)
            row->lane = lane;
    if (row->lane == TUFF_GRAPH_LANES)
        return false;
    if (layer->input_count > 1) {
        row->inputs = inputs | UINT64_C(1) << row->lane;
        row->ends = ends & ~(UINT64_C(1) << row->lane);
        row->from = row->lane;
    }
    for (uint32_t lane = 0; lane < TUFF_GRAPH_LANES; lane++)
        if (ends >> lane & 1)
            lanes->values[lane] = FREE_LANE;
    lanes->values[row->lane] = number;
    if (row->lane >= lanes->used)
        lanes->used = row->lane + 1;
    return true;
}

enum tuff_status tuff_graph_rows_make(const struct tuff_log *log, const struct tuff_model *model,
                                      struct tuff_graph_rows *rows)
{
    struct lanes lanes = {.used = 1, .uses_left = calloc(model->layer_count + 1, sizeof(uint32_t))};
    *rows = (struct tuff_graph_rows){.rows = calloc(model->layer_count, sizeof *rows->rows)};
    enum tuff_status status = TUFF_OK;
    if (lanes.uses_left == NULL || rows->rows == NULL)
        status = tuff_fail(log, TUFF_ERROR_MEMORY, "out of memory");
    for (uint32_t lane = 0; lane < TUFF_GRAPH_LANES; lane++)
        lanes.values[lane] = lane == 0 ? TUFF_MODEL_INPUT : FREE_LANE;
    for (uint32_t i = 0; status == TUFF_OK && i < model->layer_count; i++)
        for (uint32_t k = 0; k < model->layers[i].input_count; k++)
            ++*uses_of(&lanes, model->layers[i].inputs[k]);
    for (uint32_t i = 0; status == TUFF_OK && i < model->layer_count; i++)
        if (!place(&lanes, &model->layers[i], i, &rows->rows[i]))
            status = tuff_fail(log, TUFF_ERROR_INVALID,
                               "the graph of model %s has more than %d branches side by side", model->name,
                               TUFF_GRAPH_LANES);
    rows->lanes = lanes.used;
    free(lanes.uses_left);
    if (status != TUFF_OK)
        tuff_graph_rows_free(rows);
    return status;
}

void tuff_graph_rows_free(struct tuff_graph_rows *rows)
{
    free(rows->rows);
    *rows = (struct tuff_graph_rows){.rows = NULL};
}

static size_t add_setting(char *label, size_t used, const struct tuff_layer_key *key,
                          const struct tuff_setting *setting)
{
    const size_t room = TUFF_GRAPH_LABEL_BYTES - used;
    const char *between = strchr(label, ' ') == NULL ? " " : ", ";
    const uint32_t *value = setting->value;
    const bool is_kernel = strcmp(key->name, "kernel") == 0;
    int length = 0;
    if (key->type == TUFF_SETTING_REAL)
        length = snprintf(label + used, room, "%s%s %g", between, key->name, setting->real);
    else if (is_kernel)
        length = snprintf(label + used, room, "%s%ux%u", between, value[0], value[1]);
    else if (key->type == TUFF_SETTING_PAIR && value[0] != value[1])
        length = snprintf(label + used, room, "%s%s %ux%u", between, key->name, value[0], value[1]);
    else
        length = snprintf(label + used, room, "%s%s %u", between, key->name, value[0]);
    return used + ((size_t)length < room ? (size_t)length : room - 1);
}

const char *tuff_graph_label(const struct tuff_layer *layer, char label[TUFF_GRAPH_LABEL_BYTES])
{
    static const char *const shown[] = {"kernel", "stride", "dilation", "groups", "p"};
    size_t used = (size_t)snprintf(label, TUFF_GRAPH_LABEL_BYTES, "%s", layer->kind->name);
    for (size_t k = 0; k < layer->kind->key_count; k++) {
        const struct tuff_layer_key *key = &layer->kind->keys[k];
        const struct tuff_setting *setting = &layer->settings[k];
        const bool is_default = key->type != TUFF_SETTING_REAL && setting->value[0] == key->fallback &&
                                setting->value[1] == key->fallback;
        for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
            if (strcmp(key->name, shown[i]) == 0 && !is_default && setting->value[0] + setting->real > 0)
                used = add_setting(label, used, key, setting);
    }
    return label;
}

const char *tuff_graph_shape(const struct tuff_model *model, uint32_t layer, char text[TUFF_SHAPE_TEXT_BYTES])
{
    const struct tuff_layer_shape shape = tuff_model_shape_of(model, layer);
    return tuff_layer_shape_text(&shape, text);
}
