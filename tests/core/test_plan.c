// Planning: no two tensors that live at once overlap, and memory is reused.
#include <criterion/criterion.h>
#include <string.h>

#include "fake_target.h"
#include "graph/autodiff.h"
#include "graph/fusion.h"
#include "graph/plan.h"
#include "model/model.h"
#include "op/op_info.h"

struct fixture {
    struct fake_target fake;
    struct tuff_graph *graph;
    tuff_value_id logits;
};

static void build_lenet(struct fixture *f, uint32_t batch, bool fused)
{
    fake_target_init(&f->fake);
    struct tuff_model *model;
    cr_assert_eq(tuff_model_load(NULL, "lenet-mnist", &model), TUFF_OK);
    cr_assert_eq(tuff_graph_create(NULL, TUFF_LAYOUT_ROW_MAJOR, &f->graph), TUFF_OK);
    tuff_value_id x, labels, state, parameters[10];
    cr_assert_eq(tuff_graph_add_value(f->graph, TUFF_VALUE_ACTIVATION, 0, "x", TUFF_F32, 4,
                                      (uint32_t[]){batch, 1, 28, 28}, true, &x),
                 TUFF_OK);
    cr_assert_eq(
        tuff_graph_add_value(f->graph, TUFF_VALUE_EXTERNAL, 0, "labels", TUFF_U32, 1, &batch, false, &labels),
        TUFF_OK);
    cr_assert_eq(tuff_graph_add_value(f->graph, TUFF_VALUE_EXTERNAL, 1, "state", TUFF_U32, 1,
                                      (uint32_t[]){16}, false, &state),
                 TUFF_OK);
    cr_assert_eq(tuff_model_parameter_count(model), 10);
    for (uint32_t i = 0; i < 10; i++) {
        struct tuff_parameter_info info;
        tuff_model_parameter(model, i, &info);
        cr_assert_eq(tuff_graph_add_value(f->graph, TUFF_VALUE_PARAMETER, i, info.name, TUFF_F32, info.rank,
                                          info.dims, false, &parameters[i]),
                     TUFF_OK);
    }
    struct tuff_fill_params fill = {.size = sizeof fill};
    cr_assert_eq(tuff_graph_add_node(f->graph, TUFF_OP_FILL, &fill, NULL, &x), TUFF_OK);
    cr_assert_eq(tuff_model_lower(model, f->graph, x,
                                  &(struct tuff_model_values){.parameters = parameters, .training = true},
                                  &f->logits),
                 TUFF_OK);
    if (fused)
        cr_assert_eq(tuff_graph_fuse(f->graph, &f->fake.target, true), TUFF_OK);
    tuff_value_id loss[5] = {TUFF_NO_VALUE, TUFF_NO_VALUE, f->logits, labels, state};
    const struct tuff_softmax_cross_entropy_params smoothing = {.size = sizeof smoothing};
    cr_assert_eq(tuff_graph_add_node(f->graph, TUFF_OP_SOFTMAX_CROSS_ENTROPY_FORWARD, &smoothing, NULL, loss),
                 TUFF_OK);
    cr_assert_eq(tuff_graph_differentiate(f->graph), TUFF_OK);
    tuff_model_destroy(&model);
}

// Plays the program on the arena with a tag per byte range: what a node reads must still be what was written
// for it.
static void play(const struct tuff_graph *graph, const struct tuff_plan *plan)
{
    enum { GRAIN = 64 };
    size_t cells = (plan->arena_bytes + GRAIN - 1) / GRAIN;
    uint32_t *owner = calloc(cells, sizeof *owner);
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct tuff_node *node = &graph->nodes[n];
        const struct tuff_op_info *info = tuff_op_info(node->op);
        for (int writing = 0; writing < 2; writing++) {
            for (uint32_t i = 0; i < node->tensor_count; i++) {
                tuff_value_id id = node->values[i];
                if (id == TUFF_NO_VALUE || graph->values[id].kind != TUFF_VALUE_ACTIVATION)
                    continue;
                tuff_value_id storage = graph->values[id].storage;
                uint64_t bytes = tuff_tensor_bytes(&graph->values[id].shape), offset = plan->offsets[id];
                cr_assert_neq(offset, UINT64_MAX, "%s has no place", graph->values[id].name);
                cr_assert_leq(offset + bytes, plan->arena_bytes);
                cr_assert_eq(offset % 256, 0);
                for (uint64_t c = offset / GRAIN; c < (offset + bytes + GRAIN - 1) / GRAIN; c++) {
                    if (writing && info->roles[i].access != TUFF_ACCESS_IN)
                        owner[c] = storage + 1;
                    else if (!writing && info->roles[i].access != TUFF_ACCESS_OUT)
                        cr_assert_eq(owner[c], storage + 1, "node %u (%s): %s was overwritten by %s", n,
                                     info->name, graph->values[id].name,
                                     owner[c] == 0 ? "nobody" : graph->values[owner[c] - 1].name);
                }
            }
            // A workspace is overwritten while the node runs, after its inputs are known and before its
            // outputs are.
            for (uint64_t c = plan->workspace_offsets[n] / GRAIN;
                 !writing && c < (plan->workspace_offsets[n] + plan->workspace_bytes[n] + GRAIN - 1) / GRAIN;
                 c++) {
                for (uint32_t i = 0; i < node->tensor_count; i++) {
                    tuff_value_id id = node->values[i];
                    if (id != TUFF_NO_VALUE && graph->values[id].kind == TUFF_VALUE_ACTIVATION)
                        cr_assert(c * GRAIN + GRAIN <= plan->offsets[id] ||
                                      c * GRAIN >=
                                          plan->offsets[id] + tuff_tensor_bytes(&graph->values[id].shape),
                                  "node %u: its workspace overlaps %s", n, graph->values[id].name);
                }
                owner[c] = 0;
            }
        }
    }
    free(owner);
}

static void check_no_overlap(bool fused)
{
    static const uint32_t batches[] = {1, 3, 16, 500};
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        struct fixture f;
        struct tuff_plan *plan;
        build_lenet(&f, batches[i], fused);
        cr_assert_eq(tuff_plan_create(&f.fake.target, f.graph, false, f.fake.target.log, &plan), TUFF_OK);
        play(f.graph, plan);
        cr_assert_lt(plan->arena_bytes, plan->unshared_bytes * 3 / 4, "%llu of %llu bytes: nothing is reused",
                     (unsigned long long)plan->arena_bytes, (unsigned long long)plan->unshared_bytes);
        tuff_plan_destroy(&plan);
        tuff_graph_destroy(&f.graph);
    }
}

Test(plan, tensors_that_live_at_once_do_not_overlap)
{
    check_no_overlap(false);
}

Test(plan, tensors_of_fused_ops_do_not_overlap)
{
    check_no_overlap(true);
}

Test(plan, small_arenas_are_not_shared_on_a_gpu)
{
    static const struct {
        uint32_t batch;
        bool apart;
    } cases[] = {{16, true}, {64, true}, {2000, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        struct tuff_plan *plan;
        build_lenet(&f, cases[i].batch, true);
        f.fake.target.info.kind = TUFF_DEVICE_DISCRETE_GPU;
        cr_assert_eq(tuff_plan_create(&f.fake.target, f.graph, false, f.fake.target.log, &plan), TUFF_OK);
        play(f.graph, plan);
        cr_expect_eq(plan->arena_bytes == plan->unshared_bytes, cases[i].apart,
                     "batch %u: %llu of %llu bytes", cases[i].batch, (unsigned long long)plan->arena_bytes,
                     (unsigned long long)plan->unshared_bytes);
        tuff_plan_destroy(&plan);
        tuff_graph_destroy(&f.graph);
    }
}

Test(plan, relu_works_in_place)
{
    struct fixture f;
    struct tuff_plan *plan;
    build_lenet(&f, 16, false);
    cr_assert_eq(tuff_plan_create(&f.fake.target, f.graph, false, f.fake.target.log, &plan), TUFF_OK);
    uint32_t relus = 0;
    for (uint32_t n = 0; n < f.graph->node_count; n++) {
        const struct tuff_node *node = &f.graph->nodes[n];
        if (node->op != TUFF_OP_RELU_FORWARD && node->op != TUFF_OP_RELU_BACKWARD)
            continue;
        relus++;
        cr_assert_eq(plan->offsets[node->values[0]], plan->offsets[node->values[1]]);
    }
    cr_assert_eq(relus, 8);
    tuff_plan_destroy(&plan);
    tuff_graph_destroy(&f.graph);
}

// v = u + relu(linear(u)), three times: sums share their gradient with both summands, and each must last as
// long as the slower of the two needs it.
Test(plan, a_shared_gradient_lasts_as_long_as_it_is_read)
{
    struct fixture f;
    struct tuff_plan *plan;
    build_lenet(&f, 3, false);
    tuff_graph_destroy(&f.graph);
    cr_assert_eq(tuff_graph_create(NULL, TUFF_LAYOUT_ROW_MAJOR, &f.graph), TUFF_OK);
    tuff_value_id u, weight, labels, state;
    const uint32_t dims[2] = {33, 33}, words = TUFF_STEP_STATE_WORDS;
    cr_assert_eq(tuff_graph_add_value(f.graph, TUFF_VALUE_ACTIVATION, 0, "x", TUFF_F32, 2, dims, true, &u),
                 TUFF_OK);
    cr_assert_eq(
        tuff_graph_add_value(f.graph, TUFF_VALUE_EXTERNAL, 0, "labels", TUFF_U32, 1, dims, false, &labels),
        TUFF_OK);
    cr_assert_eq(
        tuff_graph_add_value(f.graph, TUFF_VALUE_EXTERNAL, 1, "state", TUFF_U32, 1, &words, false, &state),
        TUFF_OK);
    const struct tuff_fill_params fill = {.size = sizeof fill};
    cr_assert_eq(tuff_graph_add_node(f.graph, TUFF_OP_FILL, &fill, NULL, &u), TUFF_OK);
    for (uint32_t i = 0; i < 3; i++) {
        cr_assert_eq(
            tuff_graph_add_value(f.graph, TUFF_VALUE_PARAMETER, i, "w", TUFF_F32, 2, dims, false, &weight),
            TUFF_OK);
        tuff_value_id linear[4] = {TUFF_NO_VALUE, u, weight, TUFF_NO_VALUE};
        cr_assert_eq(tuff_graph_add_node(f.graph, TUFF_OP_LINEAR_FORWARD, NULL, NULL, linear), TUFF_OK);
        tuff_value_id relu[2] = {TUFF_NO_VALUE, linear[0]};
        cr_assert_eq(tuff_graph_add_node(f.graph, TUFF_OP_RELU_FORWARD, NULL, NULL, relu), TUFF_OK);
        tuff_value_id sum[3] = {TUFF_NO_VALUE, u, relu[0]};
        cr_assert_eq(tuff_graph_add_node(f.graph, TUFF_OP_ADD, NULL, NULL, sum), TUFF_OK);
        u = sum[0];
    }
    tuff_value_id loss[5] = {TUFF_NO_VALUE, TUFF_NO_VALUE, u, labels, state};
    const struct tuff_softmax_cross_entropy_params smoothing = {.size = sizeof smoothing};
    cr_assert_eq(tuff_graph_add_node(f.graph, TUFF_OP_SOFTMAX_CROSS_ENTROPY_FORWARD, &smoothing, NULL, loss),
                 TUFF_OK);
    cr_assert_eq(tuff_graph_differentiate(f.graph), TUFF_OK);
    cr_assert_eq(tuff_plan_create(&f.fake.target, f.graph, false, f.fake.target.log, &plan), TUFF_OK);
    play(f.graph, plan);
    tuff_plan_destroy(&plan);
    tuff_graph_destroy(&f.graph);
}

static char last_message[256];

static void keep_message(void *user, enum tuff_log_level level, const char *message)
{
    (void)user, (void)level;
    snprintf(last_message, sizeof last_message, "%s", message);
}

Test(plan, an_op_without_a_kernel_is_named)
{
    struct fixture f;
    struct tuff_plan *plan;
    const struct tuff_log log = {keep_message, NULL, TUFF_LOG_ERROR};
    build_lenet(&f, 2, false);
    fake_target_lacks(&f.fake, TUFF_OP_MAX_POOL2D_BACKWARD);
    f.fake.target.log = &log;
    cr_assert_eq(tuff_plan_create(&f.fake.target, f.graph, false, f.fake.target.log, &plan),
                 TUFF_ERROR_UNSUPPORTED);
    cr_assert_null(plan);
    cr_assert_str_eq(last_message, "backend test does not support max_pool2d_backward");
    tuff_graph_destroy(&f.graph);
}
