// A plugin that was built against ABI 0.1, with this host: it loads, and what has been added since is refused
// by name, not ignored.
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "backend/growth.h"
#include "backend/target.h"
#include "graph/plan.h"
#include "op/op_info.h"
#include "tuff/check.h"

// The last message of each level, and the number of them.
static struct {
    char text[2048];
    unsigned count;
} logged[TUFF_LOG_DEBUG + 1];

static void record(void *user, enum tuff_log_level level, const char *message)
{
    (void)user;
    snprintf(logged[level].text, sizeof logged[level].text, "%s", message);
    logged[level].count++;
}

static struct tuff_context *context;
static struct tuff_target *target;
static struct tuff_graph *graph;

static void open_target(const char *name, const struct tuff_device_options *device_options)
{
    char file[4096];
    snprintf(file, sizeof file, "%s/tuff-%s.so", BROKEN_PLUGIN_DIR, name);
    const char *files[] = {file};
    const struct tuff_context_options options = {.size = sizeof options,
                                                 .log = {.write = record, .level = TUFF_LOG_INFO},
                                                 .plugin_files = files,
                                                 .plugin_file_count = 1};
    cr_assert_eq(tuff_context_create(&options, &context), TUFF_OK, "%s", logged[TUFF_LOG_ERROR].text);
    cr_assert_eq(tuff_target_open(context, name, NULL, device_options, &target), TUFF_OK, "%s",
                 logged[TUFF_LOG_ERROR].text);
    cr_assert_eq(tuff_graph_create(target->log, TUFF_LAYOUT_ROW_MAJOR, &graph), TUFF_OK);
}

static void close_target(void)
{
    tuff_graph_destroy(&graph);
    tuff_target_close(&target);
    tuff_context_destroy(&context);
}

TestSuite(plugin_growth, .fini = close_target, .timeout = 60);

static tuff_value_id external(enum tuff_dtype dtype, uint32_t rank, const uint32_t *dims)
{
    static uint32_t index;
    tuff_value_id value = TUFF_NO_VALUE;
    cr_assert_eq(tuff_graph_add_value(graph, TUFF_VALUE_EXTERNAL, index++, "external", dtype, rank, dims,
                                      false, &value),
                 TUFF_OK, "%s", logged[TUFF_LOG_ERROR].text);
    return value;
}

#define EXTERNAL(dtype, rank, ...) external(dtype, rank, (const uint32_t[]){__VA_ARGS__})

static void add_node(enum tuff_op op, const void *params, tuff_value_id *values)
{
    cr_assert_eq(tuff_graph_add_node(graph, op, params, NULL, values), TUFF_OK, "%s",
                 logged[TUFF_LOG_ERROR].text);
}

static void add_convolution(enum tuff_padding_mode mode)
{
    const struct tuff_conv2d_params params = {.size = sizeof params,
                                              .stride_h = 1,
                                              .stride_w = 1,
                                              .dilation_h = 1,
                                              .dilation_w = 1,
                                              .pad_top = 1,
                                              .pad_bottom = 1,
                                              .pad_left = 1,
                                              .pad_right = 1,
                                              .groups = 1,
                                              .padding_mode = mode};
    tuff_value_id values[4] = {TUFF_NO_VALUE, EXTERNAL(TUFF_F32, 4, 2, 3, 8, 7),
                               EXTERNAL(TUFF_F32, 4, 5, 3, 3, 3), TUFF_NO_VALUE};
    add_node(TUFF_OP_CONV2D_FORWARD, &params, values);
}

static void add_loss(float smoothing)
{
    const struct tuff_softmax_cross_entropy_params params = {.size = sizeof params,
                                                             .label_smoothing = smoothing};
    tuff_value_id values[5] = {TUFF_NO_VALUE, TUFF_NO_VALUE, EXTERNAL(TUFF_F32, 2, 4, 10),
                               EXTERNAL(TUFF_U32, 1, 4), EXTERNAL(TUFF_U32, 1, TUFF_STEP_STATE_WORDS)};
    add_node(TUFF_OP_SOFTMAX_CROSS_ENTROPY_FORWARD, &params, values);
}

static void add_adam(uint32_t decoupled)
{
    const struct tuff_adam_params params = {.size = sizeof params,
                                            .beta1 = 0.9,
                                            .beta2 = 0.999,
                                            .epsilon = 1e-8,
                                            .weight_decay = 0.01,
                                            .decoupled = decoupled};
    tuff_value_id values[4] = {EXTERNAL(TUFF_F32, 1, 100), EXTERNAL(TUFF_F32, 2, 2, 100),
                               EXTERNAL(TUFF_F32, 1, 100), EXTERNAL(TUFF_U32, 1, TUFF_STEP_STATE_WORDS)};
    add_node(TUFF_OP_ADAM, &params, values);
}

// workspace_bytes: of the only node.
static void expect_planned(uint64_t workspace_bytes)
{
    struct tuff_plan *plan = NULL;
    cr_assert_eq(tuff_plan_create(target, graph, false, target->log, &plan), TUFF_OK, "%s",
                 logged[TUFF_LOG_ERROR].text);
    cr_expect_eq(plan->workspace_bytes[0], workspace_bytes);
    tuff_plan_destroy(&plan);
    cr_expect_eq(logged[TUFF_LOG_ERROR].count, 0);
}

static void expect_refused(const char *message)
{
    struct tuff_plan *plan = NULL;
    cr_expect_eq(tuff_plan_create(target, graph, false, target->log, &plan), TUFF_ERROR_UNSUPPORTED);
    cr_expect_null(plan);
    cr_expect_str_eq(logged[TUFF_LOG_ERROR].text, message);
    cr_expect_eq(logged[TUFF_LOG_ERROR].count, 1);
}

#define SINCE_0_2 ": that came with plugin ABI 0.2, and the backend was built for 0.1"

// ---- Fields

// Its workspace_size returns the bytes, as that of 0.1 did.
Test(plugin_growth, what_it_knows_is_planned)
{
    open_target("minor-1", NULL);
    add_convolution(TUFF_PADDING_ZEROS);
    expect_planned(4321);
}

Test(plugin_growth, reflect_padding_is_refused_by_name)
{
    open_target("minor-1", NULL);
    add_convolution(TUFF_PADDING_REFLECT);
    expect_refused(
        "backend minor-1 does not support conv2d_forward with padding_mode other than 0" SINCE_0_2);
}

Test(plugin_growth, label_smoothing_is_refused_by_name)
{
    open_target("minor-1", NULL);
    add_loss(0.1f);
    expect_refused(
        "backend minor-1 does not support softmax_cross_entropy_forward with label_smoothing other than "
        "0" SINCE_0_2);
}

Test(plugin_growth, no_label_smoothing_is_as_before)
{
    open_target("minor-1", NULL);
    add_loss(0);
    expect_planned(0);
}

Test(plugin_growth, decoupled_decay_is_refused_by_name)
{
    open_target("minor-1", NULL);
    add_adam(1);
    expect_refused("backend minor-1 does not support adam with decoupled other than 0" SINCE_0_2);
}

Test(plugin_growth, coupled_decay_is_as_before)
{
    open_target("minor-1", NULL);
    add_adam(0);
    expect_planned(0);
}

// The host decides, and asks the plugin only what the plugin can answer.
Test(plugin_growth, supports_is_not_asked_about_what_it_cannot_know)
{
    open_target("minor-1-supports", NULL);
    add_convolution(TUFF_PADDING_REFLECT);
    expect_refused("backend minor-1-supports does not support conv2d_forward with padding_mode other than "
                   "0" SINCE_0_2);
    cr_expect_eq(logged[TUFF_LOG_INFO].count, 0);
}

Test(plugin_growth, supports_is_asked_about_what_it_can_know)
{
    open_target("minor-1-supports", NULL);
    add_convolution(TUFF_PADDING_ZEROS);
    expect_planned(4321);
    cr_expect_eq(logged[TUFF_LOG_INFO].count, 1);
}

// tuff check counts the cases that the plugin is too old for, and takes the others.
Test(plugin_growth, check_counts_refused_cases_as_unsupported)
{
    open_target("minor-1", NULL);
    struct tuff_check_support support;
    cr_assert_eq(tuff_check_support(target, TUFF_OP_CONV2D_FORWARD, TUFF_LAYOUT_ROW_MAJOR, &support),
                 TUFF_OK);
    cr_expect_gt(support.supported, 0u);
    cr_expect_lt(support.supported, support.cases);
}

// ---- Float16

Test(plugin_growth, float16_is_refused)
{
    open_target("minor-1-supports", NULL);
    tuff_value_id values[3] = {TUFF_NO_VALUE, EXTERNAL(TUFF_F16, 2, 3, 5), EXTERNAL(TUFF_F16, 2, 3, 5)};
    add_node(TUFF_OP_ADD, NULL, values);
    expect_refused("backend minor-1-supports has no float16 add, which mixed precision needs "
                   "(--precision float32)");
    cr_expect_eq(logged[TUFF_LOG_INFO].count, 0, "it was asked");
}

// ---- Ops

// It fills the slot beyond its table's size, which must not help it.
Test(plugin_growth, an_op_beyond_its_table_is_refused)
{
    open_target("minor-1", NULL);
    const struct tuff_sgd_params params = {.size = sizeof params};
    tuff_value_id values[4] = {EXTERNAL(TUFF_F32, 1, 100), TUFF_NO_VALUE, EXTERNAL(TUFF_F32, 1, 100),
                               EXTERNAL(TUFF_U32, 1, TUFF_STEP_STATE_WORDS)};
    add_node(TUFF_OP_SGD, &params, values);
    expect_refused("backend minor-1 does not support sgd");
    struct tuff_check_support support;
    cr_assert_eq(tuff_check_support(target, TUFF_OP_SGD, TUFF_LAYOUT_ROW_MAJOR, &support), TUFF_OK);
    cr_expect_eq(support.supported, 0);
    cr_expect_gt(support.cases, 0u);
}

// Its interface ends before prepare, whatever lies there.
Test(plugin_growth, a_slot_beyond_its_interface_is_not_called)
{
    open_target("minor-1", NULL);
    const struct tuff_op_args args = {.size = tuff_op_args_size(TUFF_OP_FILL)};
    cr_expect_eq(tuff_target_prepare(target, TUFF_OP_FILL, &args), TUFF_OK);
}

// ---- The table

Test(plugin_growth, table_names_known_ops_and_versions)
{
    size_t count;
    const struct tuff_growth *table = tuff_growths(&count);
    cr_assert_gt(count, 0u);
    for (size_t i = 0; i < count; i++) {
        const struct tuff_op_info *info = tuff_op_info(table[i].op);
        cr_expect(table[i].minor > 1 && table[i].minor <= TUFF_ABI_MINOR, "%s", table[i].name);
        if (table[i].bytes == 0)
            cr_expect_lt(table[i].offset, info->tensor_count, "%s", table[i].name);
        else
            cr_expect_leq(table[i].offset + table[i].bytes, info->params_size, "%s", table[i].name);
        cr_expect(table[i].bytes == 0 || table[i].bytes == 4 || table[i].bytes == 8, "%s", table[i].name);
    }
}

// Kinds of growth that there has not been: a tensor, and values of an enum.
static const struct tuff_growth imagined[] = {
    {.op = TUFF_OP_ADAM, .minor = 3, .name = "mask", .offset = 4},
    {.op = TUFF_OP_ACTIVATION_FORWARD,
     .minor = 3,
     .name = "kind",
     .offset = offsetof(struct tuff_activation_params, kind),
     .bytes = 4,
     .known = TUFF_ACTIVATION_TANH},
    {.op = TUFF_OP_SGD,
     .minor = 4,
     .name = "decay",
     .offset = offsetof(struct tuff_sgd_params, weight_decay),
     .bytes = 8},
};

static const struct tuff_growth *beyond(uint32_t minor, enum tuff_op op, const struct tuff_op_args *args)
{
    return tuff_growth_beyond(imagined, sizeof imagined / sizeof *imagined, minor, op, args);
}

Test(plugin_growth, a_new_tensor_counts_when_it_is_there)
{
    struct tuff_tensor mask = {.size = sizeof mask};
    struct tuff_op_args args = {.size = sizeof args};
    cr_expect_null(beyond(2, TUFF_OP_ADAM, &args));
    args.tensors[4] = &mask;
    cr_assert_eq(beyond(2, TUFF_OP_ADAM, &args), &imagined[0]);
    cr_expect_null(beyond(3, TUFF_OP_ADAM, &args));
    cr_expect_null(beyond(2, TUFF_OP_SGD, &args));
    cr_expect_str_eq(tuff_growth_describe(&imagined[0]).text, "a tensor 'mask'");
}

Test(plugin_growth, new_values_of_an_enum_count)
{
    struct tuff_activation_params params = {.size = sizeof params, .kind = TUFF_ACTIVATION_TANH};
    const struct tuff_op_args args = {.size = sizeof args, .params = &params};
    cr_expect_null(beyond(2, TUFF_OP_ACTIVATION_FORWARD, &args));
    params.kind++;
    cr_assert_eq(beyond(2, TUFF_OP_ACTIVATION_FORWARD, &args), &imagined[1]);
    cr_expect_null(beyond(3, TUFF_OP_ACTIVATION_FORWARD, &args));
    cr_expect_str_eq(tuff_growth_describe(&imagined[1]).text, "kind above 4");
}

Test(plugin_growth, a_double_counts_when_it_is_not_zero)
{
    struct tuff_sgd_params params = {.size = sizeof params};
    const struct tuff_op_args args = {.size = sizeof args, .params = &params};
    cr_expect_null(beyond(3, TUFF_OP_SGD, &args));
    params.weight_decay = 0x1p-1074; // whose low half alone is not zero
    cr_assert_eq(beyond(3, TUFF_OP_SGD, &args), &imagined[2]);
    cr_expect_null(beyond(4, TUFF_OP_SGD, &args));
}

// ---- Threads

Test(plugin_growth, more_threads_than_a_device_takes_are_a_warning)
{
    const struct tuff_device_options options = {.size = sizeof options, .threads = 8};
    open_target("one-thread", &options);
    cr_expect_str_eq(logged[TUFF_LOG_WARNING].text,
                     "one-thread: device of one-thread takes at most 1 host thread, but 8 were asked for");
    cr_expect_eq(logged[TUFF_LOG_WARNING].count, 1);
}

Test(plugin_growth, as_many_threads_as_a_device_takes_are_none)
{
    const struct tuff_device_options options = {.size = sizeof options, .threads = 1};
    open_target("one-thread", &options);
    cr_expect_eq(logged[TUFF_LOG_WARNING].count, 0);
}

Test(plugin_growth, threads_of_a_device_that_takes_no_number)
{
    const struct tuff_device_options options = {.size = sizeof options, .threads = 2};
    open_target("no-threads", &options);
    cr_expect_str_eq(
        logged[TUFF_LOG_WARNING].text,
        "no-threads: device of no-threads takes no number of host threads; the 2 that were asked for "
        "make no difference");
}

// It cannot have said how many it takes.
Test(plugin_growth, threads_of_a_plugin_that_is_older_than_the_field)
{
    const struct tuff_device_options options = {.size = sizeof options, .threads = 8};
    open_target("minor-1", &options);
    cr_expect_eq(logged[TUFF_LOG_WARNING].count, 0);
}

// A caller of an older libtuff may know fewer options than the plugin.
Test(plugin_growth, short_options_are_made_whole)
{
    const struct tuff_device_options options = {.size = sizeof options.size, .threads = 8};
    open_target("one-thread", &options);
    cr_expect_eq(logged[TUFF_LOG_WARNING].count, 0, "%s", logged[TUFF_LOG_WARNING].text);
}
