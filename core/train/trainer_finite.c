// Numbers that are not finite: whether there are any, and where they came from.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device_memory.h"
#include "graph/node_layer.h"
#include "model/layer.h"
#include "op/op_info.h"
#include "pass_state.h"
#include "trainer_parts.h"

// In mixed precision: as often as the loss's scale can be halved from its first value to its least.
enum { MOST_SKIPPED_IN_ROW = 16 };

_Static_assert(sizeof((struct tuff_origin *)0)->layer >= TUFF_LAYER_PATH_BYTES &&
                   sizeof((struct tuff_origin *)0)->tensor >= TUFF_VALUE_NAME_BYTES,
               "an origin has room for any name");

static void hand_over(struct tuff_origin *origin, struct tuff_origin *whole)
{
    whole->size = origin->size;
    memcpy(origin, whole, whole->size < sizeof *whole ? whole->size : sizeof *whole);
}

void tuff_trainer_loss_check(const struct tuff_trainer *trainer, struct tuff_loss_check *check)
{
    struct tuff_loss_check whole = trainer->loss_check;
    const uint64_t most = trainer->options.precision == TUFF_PRECISION_MIXED ? MOST_SKIPPED_IN_ROW : 1;
    whole.size = check->size;
    whole.diverged = whole.in_row >= most;
    memcpy(check, &whole, whole.size < sizeof whole ? whole.size : sizeof whole);
}

// -- What a step changes: the arenas

enum { ARENA_VALUES, ARENA_MOMENTS, ARENA_AVERAGES, ARENA_BUFFERS, ARENA_COUNT };
static const char *const kinds[ARENA_COUNT] = {"parameter", "moment", "average", "buffer"};

struct arena {
    struct tuff_buffer *buffer; // NULL: there is none
    uint64_t bytes;
};

static struct arena arena_of(const struct tuff_trainer *trainer, int which)
{
    const struct tuff_parameters *p = trainer->parameters;
    const struct arena arenas[ARENA_COUNT] = {
        [ARENA_VALUES] = {p->values, p->arena_bytes},
        [ARENA_MOMENTS] = {p->moments, p->moment_count * p->trained_bytes},
        [ARENA_AVERAGES] = {p->averages, p->arena_bytes},
        [ARENA_BUFFERS] = {p->buffers, p->buffer_arena_bytes},
    };
    return arenas[which];
}

// A training as it stands, on the host.
struct snapshot {
    float *arenas[ARENA_COUNT];
    uint32_t epoch, epoch_steps, steps_done;
    struct tuff_loss_scale loss_scale;
};

static void snapshot_free(struct snapshot *snapshot)
{
    for (int a = 0; a < ARENA_COUNT; a++)
        free(snapshot->arenas[a]);
}

static enum tuff_status snapshot_allocate(const struct tuff_trainer *trainer, struct snapshot *snapshot)
{
    for (int a = 0; a < ARENA_COUNT; a++) {
        struct arena arena = arena_of(trainer, a);
        snapshot->arenas[a] = arena.buffer == NULL ? NULL : malloc(arena.bytes);
        if (arena.buffer != NULL && snapshot->arenas[a] == NULL)
            return tuff_fail(trainer->target->log, TUFF_ERROR_MEMORY, "out of memory");
    }
    return TUFF_OK;
}

static enum tuff_status snapshot_take(const struct tuff_trainer *trainer, struct snapshot *snapshot)
{
    enum tuff_status status = TUFF_OK;
    snapshot->epoch = trainer->epoch;
    snapshot->epoch_steps = trainer->epoch_steps;
    snapshot->steps_done = trainer->steps_done;
    snapshot->loss_scale = trainer->loss_scale;
    for (int a = 0; a < ARENA_COUNT && status == TUFF_OK; a++) {
        struct arena arena = arena_of(trainer, a);
        if (arena.buffer != NULL)
            status = tuff_device_read(trainer->target, arena.buffer, 0, snapshot->arenas[a], arena.bytes);
    }
    return status;
}

static enum tuff_status snapshot_restore(struct tuff_trainer *trainer, const struct snapshot *snapshot)
{
    enum tuff_status status = tuff_parameters_clear(trainer->parameters); // gradients, too
    trainer->epoch = snapshot->epoch;
    trainer->epoch_steps = snapshot->epoch_steps;
    trainer->steps_done = snapshot->steps_done;
    trainer->loss_scale = snapshot->loss_scale;
    for (int a = 0; a < ARENA_COUNT && status == TUFF_OK; a++) {
        struct arena arena = arena_of(trainer, a);
        if (arena.buffer != NULL)
            status = tuff_device_write(trainer->target, arena.buffer, 0, snapshot->arenas[a], arena.bytes);
    }
    return status;
}

// -- Names

// The parameter that has the byte at `offset` of an arena of their layout.
static void name_parameter(const struct tuff_trainer *trainer, uint64_t offset, char *name, size_t size)
{
    const struct tuff_parameters *p = trainer->parameters;
    for (size_t i = 0; i < p->count; i++) {
        struct tuff_parameter_info info;
        tuff_model_parameter(trainer->model, i, &info);
        if (offset >= p->offsets[i] && offset < p->offsets[i] + p->bytes[i])
            snprintf(name, size, "%s", info.name);
    }
}

// Where in the parameters' arena the parameter lies that has a moment at that place: each group's moments lie
// together.
static uint64_t parameter_of_moment(const struct tuff_parameters *p, uint64_t offset)
{
    for (size_t g = 0; g < p->group_count; g++) {
        const uint64_t begin = p->moment_count * p->groups[g].offset;
        if (offset >= begin && offset < begin + p->moment_count * p->groups[g].bytes)
            return p->groups[g].offset + (offset - begin) % p->groups[g].bytes;
    }
    return UINT64_MAX;
}

// What the optimizer of a group works on (EXTERNALS_OF_GROUP).
static void name_in_group(const struct tuff_trainer *trainer, uint32_t which, uint64_t offset,
                          struct tuff_origin *origin)
{
    const struct tuff_parameters *p = trainer->parameters;
    const uint64_t begin = p->groups[which / EXTERNALS_OF_GROUP].offset;
    static const char *const kinds_of_group[EXTERNALS_OF_GROUP] = {"parameter", "gradient", "moment"};
    const uint32_t kind = which % EXTERNALS_OF_GROUP;
    origin->kind = kinds_of_group[kind];
    name_parameter(trainer,
                   kind == 2 ? parameter_of_moment(p, p->moment_count * begin + offset) : begin + offset,
                   origin->tensor, sizeof origin->tensor);
}

static void name_in_arena(const struct tuff_trainer *trainer, int arena, uint64_t offset,
                          struct tuff_origin *origin)
{
    const struct tuff_parameters *p = trainer->parameters;
    origin->kind = kinds[arena];
    if (arena != ARENA_BUFFERS) {
        name_parameter(trainer, arena == ARENA_MOMENTS ? parameter_of_moment(p, offset) : offset,
                       origin->tensor, sizeof origin->tensor);
        return;
    }
    for (size_t i = 0; i < p->buffer_count; i++) {
        struct tuff_parameter_info info;
        tuff_model_buffer(trainer->model, i, &info);
        if (offset >= p->buffer_offsets[i] && offset < p->buffer_offsets[i] + p->buffer_bytes[i])
            snprintf(origin->tensor, sizeof origin->tensor, "%s", info.name);
    }
}

// What tuff_node_layer calls the node, if that is a layer.
static void name_layer(const struct tuff_trainer *trainer, const struct tuff_graph *graph,
                       const struct tuff_node *node, struct tuff_origin *origin)
{
    char name[TUFF_VALUE_NAME_BYTES] = "";
    tuff_node_layer(graph, node, name, sizeof name);
    for (size_t i = 0; i < tuff_model_layer_count(trainer->model); i++) {
        struct tuff_layer_info info;
        tuff_model_layer(trainer->model, i, &info);
        if (strcmp(info.name, name) == 0)
            snprintf(origin->layer, sizeof origin->layer, "%s", info.name);
    }
}

static void name_result(const struct tuff_trainer *trainer, const struct tuff_pass_origin *found,
                        struct tuff_origin *origin)
{
    static const char *const phases[] = {"forward", "backward", "update"};
    const struct tuff_graph *graph = found->graph;
    const struct tuff_node *node = &graph->nodes[found->node];
    const struct tuff_value *value = &graph->values[node->values[found->argument]];
    const enum tuff_phase phase = tuff_pass_phase(graph, found->node);
    const uint64_t offset = found->element * sizeof(float);
    const bool gradient = value->kind == TUFF_VALUE_GRADIENT ||
                          (phase == TUFF_PHASE_BACKWARD && value->kind == TUFF_VALUE_ACTIVATION);
    origin->op = tuff_op_info(node->op)->name;
    origin->phase = phases[phase];
    origin->value = (double)found->value;
    if (phase != TUFF_PHASE_UPDATE)
        name_layer(trainer, graph, node, origin);
    origin->kind = gradient ? "gradient" : value->kind == TUFF_VALUE_ROUNDED ? "parameter" : "activation";
    // Gradients are called "d" and what they belong to.
    snprintf(origin->tensor, sizeof origin->tensor, "%s", value->name + (gradient && value->name[0] == 'd'));
    if (value->kind != TUFF_VALUE_EXTERNAL)
        return;
    switch (value->index) {
    case EXTERNAL_ROUNDED:
    case EXTERNAL_ARENA:
    case EXTERNAL_PARAMETERS:
        name_in_arena(trainer, ARENA_VALUES, offset, origin);
        break;
    case EXTERNAL_MOMENTS:
        name_in_arena(trainer, ARENA_MOMENTS, offset, origin);
        break;
    case EXTERNAL_AVERAGES:
        name_in_arena(trainer, ARENA_AVERAGES, offset, origin);
        break;
    case EXTERNAL_GRADIENTS:
    case EXTERNAL_SUMS:
        origin->kind = "gradient";
        name_parameter(trainer, offset, origin->tensor, sizeof origin->tensor);
        break;
    default:
        if (value->index >= tuff_pass_group_external(trainer->parameters, 0))
            name_in_group(trainer, value->index - tuff_pass_group_external(trainer->parameters, 0), offset,
                          origin);
        else if (value->index >= EXTERNAL_BUFFERS)
            origin->kind = "buffer";
    }
}

// -- Looking

static void look_at_snapshot(const struct tuff_trainer *trainer, const struct snapshot *snapshot,
                             struct tuff_origin *origin)
{
    for (int a = 0; a < ARENA_COUNT; a++) {
        struct arena arena = arena_of(trainer, a);
        for (uint64_t i = 0; arena.buffer != NULL && i < arena.bytes / sizeof(float); i++) {
            if (isfinite(snapshot->arenas[a][i]))
                continue;
            name_in_arena(trainer, a, i * sizeof(float), origin);
            if (origin->tensor[0] == '\0') // between two tensors, where nobody looks
                continue;
            origin->value = (double)snapshot->arenas[a][i];
            return;
        }
    }
    origin->kind = NULL;
}

enum tuff_status tuff_trainer_check_finite(struct tuff_trainer *trainer, struct tuff_origin *origin)
{
    struct snapshot now = {.epoch = 0};
    struct tuff_origin found = {.step = 0};
    enum tuff_status status = snapshot_allocate(trainer, &now);
    if (status == TUFF_OK)
        status = snapshot_take(trainer, &now);
    if (status == TUFF_OK)
        look_at_snapshot(trainer, &now, &found);
    snapshot_free(&now);
    hand_over(origin, &found);
    return status;
}

// The step that is next, op by op.
static enum tuff_status find_in_step(struct tuff_trainer *trainer, struct tuff_origin *origin)
{
    struct tuff_pass_work work;
    struct tuff_pass_origin found = {.found = false};
    enum tuff_status status = tuff_trainer_begin_work(trainer, 1, &work);
    if (status == TUFF_OK)
        status = tuff_pass_find_origin(trainer->train, &work, &found);
    if (status == TUFF_OK && found.found) {
        name_result(trainer, &found, origin);
        origin->step = (uint64_t)trainer->steps_done + 1;
    }
    tuff_trainer_end_work(&work);
    return status;
}

// One step of the training on. *finite: whether all is that it leaves.
static enum tuff_status step_on(struct tuff_trainer *trainer, struct snapshot *after, bool last, bool *finite)
{
    const uint32_t steps = tuff_pass_steps(trainer->train);
    const bool next_epoch = trainer->epoch_steps == steps;
    struct tuff_origin found = {.kind = NULL};
    float loss = 0;
    enum tuff_status status = tuff_trainer_advance(
        trainer, trainer->epoch + next_epoch, next_epoch ? 1 : trainer->epoch_steps + 1, NULL, NULL, &loss);
    if (status == TUFF_OK)
        status = snapshot_take(trainer, after);
    if (status == TUFF_OK)
        look_at_snapshot(trainer, after, &found);
    // A step of mixed precision that is skipped leaves nothing behind.
    const bool may_skip = trainer->options.precision == TUFF_PRECISION_MIXED && !last;
    *finite = found.kind == NULL && (isfinite(loss) || may_skip);
    return status;
}

static enum tuff_status tell(const struct tuff_trainer *trainer, const struct tuff_observer *observer,
                             uint64_t first, uint64_t last)
{
    if (observer == NULL || observer->progress == NULL)
        return TUFF_OK;
    const struct tuff_progress progress = {(uint32_t)(trainer->steps_done - first), (uint32_t)(last - first),
                                           tuff_pass_means(&trainer->epoch_sums)};
    return observer->progress(observer->user, &progress) == 0 ? TUFF_OK : TUFF_ERROR_INTERRUPTED;
}

static enum tuff_status search(struct tuff_trainer *trainer, uint64_t last,
                               const struct tuff_observer *observer, struct snapshot states[2],
                               struct tuff_origin *origin)
{
    const uint64_t first = trainer->steps_done;
    enum tuff_status status = snapshot_take(trainer, &states[0]);
    if (status == TUFF_OK)
        look_at_snapshot(trainer, &states[0], origin);
    for (int before = 0; status == TUFF_OK && origin->kind == NULL && trainer->steps_done < last;
         before ^= 1) {
        bool finite;
        status = step_on(trainer, &states[before ^ 1], trainer->steps_done + 1 == last, &finite);
        if (status == TUFF_OK)
            status = tell(trainer, observer, first, last);
        if (status != TUFF_OK || finite)
            continue;
        status = snapshot_restore(trainer, &states[before]);
        // The end of an epoch is no place to look from: its next step is in the following one.
        if (trainer->epoch_steps == tuff_pass_steps(trainer->train)) {
            trainer->epoch++;
            trainer->epoch_steps = 0;
        }
        return status == TUFF_OK ? find_in_step(trainer, origin) : status;
    }
    return status;
}

enum tuff_status tuff_trainer_find_origin(struct tuff_trainer *trainer, uint64_t last,
                                          const struct tuff_observer *observer, struct tuff_origin *origin)
{
    struct snapshot states[2] = {{.epoch = 0}, {.epoch = 0}};
    struct tuff_origin found = {.step = 0};
    enum tuff_status status = TUFF_OK;
    if (trainer->train == NULL)
        return tuff_fail(trainer->target->log, TUFF_ERROR_INVALID, "this trainer has no training data");
    for (int i = 0; i < 2 && status == TUFF_OK; i++)
        status = snapshot_allocate(trainer, &states[i]);
    if (status == TUFF_OK)
        status = search(trainer, last, observer, states, &found);
    snapshot_free(&states[0]);
    snapshot_free(&states[1]);
    hand_over(origin, &found);
    return status;
}

enum tuff_status tuff_trainer_restart(struct tuff_trainer *trainer)
{
    enum tuff_status status = tuff_parameters_clear(trainer->parameters);
    if (status == TUFF_OK)
        status = tuff_parameters_initialize(trainer->parameters, trainer->model, trainer->options.seed);
    trainer->epoch = trainer->epoch_steps = trainer->steps_done = 0;
    trainer->epoch_sums = (struct tuff_metrics){0};
    trainer->loss_check = (struct tuff_loss_check){0};
    trainer->loss_scale = (struct tuff_loss_scale){0};
    if (trainer->options.precision == TUFF_PRECISION_MIXED)
        trainer->loss_scale.scale = TUFF_LOSS_SCALE_FIRST;
    return status;
}
