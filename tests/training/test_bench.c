// What a bench runs are the trainer's own steps, replayed or op by op; what it tells of them adds up.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "backend/target.h"
#include "fixture.h"
#include "tuff/bench.h"

enum { SAMPLES = 200, BATCH = 16, BATCHES = 12 }; // and half a batch

static struct tuff_trainer_options options_of_batch(uint32_t batch)
{
    struct tuff_trainer_options options;
    tuff_trainer_options_default(&options);
    options.batch_size = batch;
    return options;
}

static void expect_same_parameters(const struct fixture *fixture, struct tuff_trainer *a,
                                   struct tuff_trainer *b, const char *what)
{
    size_t count, same;
    float *x = read_parameters(fixture, a, &count), *y = read_parameters(fixture, b, &same);
    cr_assert_eq(count, same);
    cr_expect_eq(memcmp(x, y, count * sizeof *x), 0, "%s: parameters differ", what);
    free(x);
    free(y);
}

ParameterizedTestParameters(backend, bench_steps_are_training_steps)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend, bench_steps_are_training_steps, .timeout = 600)
{
    struct fixture fixture;
    // Calls that a backend does several of at once are timed one by one, and then round elsewhere.
    setenv("TUFF_VULKAN_FUSION", "0", 1);
    fixture_open(&fixture, backend->text, 0);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    const struct tuff_trainer_options options = options_of_batch(BATCH);
    struct tuff_trainer *trained = make_trainer(&fixture, digits, NULL, &options),
                        *timed = make_trainer(&fixture, digits, NULL, &options);
    struct tuff_bench *bench;
    struct tuff_bench_profile profile = {.size = sizeof profile};
    double seconds = -1;
    cr_assert_eq(tuff_bench_create(timed, TUFF_SPLIT_TRAIN, &bench), TUFF_OK);
    cr_assert_eq(tuff_bench_batch(bench), BATCH);
    cr_assert_eq(tuff_bench_run(bench, 2, NULL), TUFF_OK);
    cr_assert_eq(tuff_bench_run(bench, 3, &seconds), TUFF_OK);
    cr_expect_gt(seconds, 0);
    cr_assert_eq(tuff_trainer_steps(trained, 0, 5, NULL, NULL, NULL), TUFF_OK);
    expect_same_parameters(&fixture, trained, timed, "replayed");
    // The shortest profiles: one step each, and one before to warm up.
    cr_assert_eq(tuff_bench_profile(bench, 1e-9, NULL, NULL, NULL), TUFF_OK);
    cr_assert_eq(tuff_bench_profile(bench, 1e-9, NULL, NULL, &profile), TUFF_OK);
    cr_assert_eq(profile.steps, 2);
    cr_assert_eq(tuff_trainer_advance(trained, 0, 8, NULL, NULL, NULL), TUFF_OK);
    expect_same_parameters(&fixture, trained, timed, "op by op");
    // Beyond the last whole batch it begins anew, and goes on learning.
    cr_assert_eq(tuff_bench_run(bench, 3 * BATCHES + 1, &seconds), TUFF_OK);
    tuff_bench_destroy(&bench);
    cr_expect_null(bench);
    tuff_trainer_destroy(&trained);
    tuff_trainer_destroy(&timed);
    tuff_dataset_destroy(&digits);
    fixture_close(&fixture);
}

struct seen {
    uint32_t ops, steps;
    bool in_order;
};

static void look_at_step(void *user, const struct tuff_bench_step *step)
{
    struct seen *seen = user;
    seen->steps++;
    for (uint32_t i = 0; i < seen->ops; i++)
        seen->in_order = seen->in_order && step->begin[i] <= step->end[i] &&
                         (i == 0 ? step->begin[i] >= 0 : step->begin[i] >= step->end[i - 1]);
}

ParameterizedTestParameters(backend, bench_times_add_up)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend, bench_times_add_up, .timeout = 600)
{
    struct fixture fixture;
    fixture_open(&fixture, backend->text, 0);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    struct tuff_trainer_options options = options_of_batch(BATCH);
    options.no_fusion = 1; // fused gradients count fewer operations: those that are done
    struct tuff_trainer *trainer = make_trainer(&fixture, digits, NULL, &options);
    struct tuff_bench *bench;
    struct tuff_bench_times times = {.size = sizeof times};
    struct tuff_bench_profile profile = {.size = sizeof profile};
    struct seen seen = {.in_order = true};
    cr_assert_eq(tuff_bench_create(trainer, TUFF_SPLIT_TRAIN, &bench), TUFF_OK);
    tuff_bench_times(bench, &times);
    cr_expect_eq(times.groups, 0);
    cr_assert_eq(tuff_bench_measure(bench, 0.02), TUFF_OK);
    tuff_bench_times(bench, &times);
    const uint32_t groups = times.groups;
    cr_expect(groups >= 1 && times.steps >= 1 && times.steps <= BATCHES);
    cr_expect(times.best > 0 && times.best <= times.median && times.median <= times.percentile_90);
    cr_assert_eq(tuff_bench_measure(bench, 0.02), TUFF_OK);
    tuff_bench_times(bench, &times);
    cr_expect_gt(times.groups, groups);

    seen.ops = tuff_bench_op_count(bench);
    cr_assert_eq(tuff_bench_profile(bench, 0.02, look_at_step, &seen, &profile), TUFF_OK);
    cr_expect(seen.in_order);
    cr_expect_eq(seen.steps, profile.steps);
    cr_expect_gt(profile.median, 0);
    double flops = 0;
    for (uint32_t i = 0; i < seen.ops; i++) {
        struct tuff_bench_op op = {.size = sizeof op};
        tuff_bench_op(bench, i, &op);
        cr_expect_eq(op.samples, profile.steps, "%s", op.op);
        cr_expect(op.best >= 0 && op.best <= op.median, "%s", op.op);
        cr_expect_gt(op.bytes, 0, "%s", op.op);
        cr_expect_neq(op.layer[0], '\0', "%s", op.op);
        flops += op.flops;
    }
    // By hand, a sample: the outputs of convolutions and linear layers times twice what each sums, and one
    // for the bias, forward and for the weights' gradient; once more without the bias for the input's, except
    // for conv1's.
    const double conv1 = 2.0 * 6 * 26 * 26 * (2 * 9 + 1), conv2 = 16 * 11 * 11 * (2.0 * 109 + 108),
                 fc1 = 120 * (2.0 * 801 + 800), fc2 = 84 * (2.0 * 241 + 240), fc3 = 10 * (2.0 * 169 + 168);
    // ReLU and pooling, forward and backward; 13 of Adam for each parameter, once.
    const double rest = 2.0 * (4056 + 1936 + 120 + 84) + 5.0 * (1014 + 400), adam = 13.0 * 60074;
    const double expected = BATCH * (conv1 + conv2 + fc1 + fc2 + fc3 + rest) + adam;
    cr_expect(within(flops, expected, 0.02), "%g FLOP, by hand %g", flops, expected);
    tuff_bench_destroy(&bench);
    tuff_trainer_destroy(&trainer);
    tuff_dataset_destroy(&digits);
    fixture_close(&fixture);
}

ParameterizedTestParameters(backend, bench_dispatches_do_what_the_ops_are)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend, bench_dispatches_do_what_the_ops_are,
                  .timeout = 600)
{
    struct fixture fixture;
    fixture_open(&fixture, backend->text, 0);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    const struct tuff_trainer_options options = options_of_batch(BATCH);
    struct tuff_trainer *trained = make_trainer(&fixture, digits, NULL, &options),
                        *timed = make_trainer(&fixture, digits, NULL, &options);
    struct tuff_bench *bench;
    struct seen seen = {.in_order = true};
    double median = -1;
    cr_assert_eq(tuff_bench_create(timed, TUFF_SPLIT_TRAIN, &bench), TUFF_OK);
    cr_expect_eq(tuff_bench_dispatch_count(bench), 0);
    cr_assert_eq(tuff_bench_profile_dispatches(bench, 1e-9, NULL, NULL, NULL), TUFF_OK);
    seen.ops = tuff_bench_dispatch_count(bench);
    cr_expect_eq(seen.ops > 0, fixture.target->interface->profile_begin != NULL);
    cr_assert_eq(tuff_bench_profile_dispatches(bench, 1e-9, look_at_step, &seen, &median), TUFF_OK);
    if (seen.ops > 0) {
        // One to begin with, and one of each call.
        cr_expect_eq(seen.steps, 1);
        cr_expect(seen.in_order);
        cr_expect_gt(median, 0);
        cr_assert_eq(tuff_trainer_steps(trained, 0, 3, NULL, NULL, NULL), TUFF_OK);
        expect_same_parameters(&fixture, trained, timed, "profiled");
        cr_expect_eq(seen.ops, last_capture());
    }
    bool *done = calloc(tuff_bench_op_count(bench), sizeof *done);
    double flops = 0, all = 0;
    for (uint32_t i = 0; i < seen.ops; i++) {
        struct tuff_bench_dispatch dispatch = {.size = sizeof dispatch};
        tuff_bench_dispatch(bench, i, &dispatch);
        cr_assert_geq(dispatch.op_count, 1, "%s", dispatch.kernel);
        cr_expect_eq(dispatch.samples, 2, "%s", dispatch.kernel);
        cr_expect(dispatch.best >= 0 && dispatch.best <= dispatch.median, "%s", dispatch.kernel);
        for (uint32_t k = 0; k < dispatch.op_count; k++)
            done[dispatch.ops[k]] = true;
        flops += dispatch.flops;
    }
    for (uint32_t i = 0; i < tuff_bench_op_count(bench); i++) {
        struct tuff_bench_op op = {.size = sizeof op};
        tuff_bench_op(bench, i, &op);
        cr_expect_eq(done[i], seen.ops > 0, "%s", op.op);
        all += op.flops;
    }
    cr_expect(flops <= all * (1 + 1e-12) && (seen.ops == 0 || flops > 0), "%g of %g FLOP", flops, all);
    free(done);
    tuff_bench_destroy(&bench);
    tuff_trainer_destroy(&trained);
    tuff_trainer_destroy(&timed);
    tuff_dataset_destroy(&digits);
    fixture_close(&fixture);
}

ParameterizedTestParameters(backend, bench_peak_is_of_a_product)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend, bench_peak_is_of_a_product, .timeout = 600)
{
    struct fixture fixture;
    fixture_open(&fixture, backend->text, 0);
    struct tuff_bench_peak *peak;
    struct tuff_bench_peak_result result = {.size = sizeof result};
    cr_assert_eq(tuff_bench_peak_create(fixture.target, &peak), TUFF_OK);
    tuff_bench_peak_result(peak, &result);
    cr_expect_eq(result.samples, 0);
    cr_assert_eq(tuff_bench_peak_measure(peak, 0.001), TUFF_OK);
    tuff_bench_peak_result(peak, &result);
    const uint32_t samples = result.samples;
    const double first = result.seconds, side = result.side;
    cr_expect_geq(samples, 3);
    cr_expect(side >= 256 && side <= 2048);
    cr_expect(within(result.flops_per_second, 2 * side * side * side / first, 1e-12));
    cr_assert_eq(tuff_bench_peak_measure(peak, 0.001), TUFF_OK);
    tuff_bench_peak_result(peak, &result);
    cr_expect_gt(result.samples, samples);
    cr_expect_leq(result.seconds, first);
    tuff_bench_peak_destroy(&peak);
    cr_expect_null(peak);
    fixture_close(&fixture);
}

ParameterizedTestParameters(backend, bench_limits)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend, bench_limits, .timeout = 600)
{
    struct fixture fixture;
    fixture_open(&fixture, backend->text, 0);
    const struct tuff_device_info *info = tuff_target_info(fixture.target);
    struct tuff_bench_limits *limits;
    struct tuff_bench_limits_result result = {.size = sizeof result};
    cr_assert_eq(tuff_bench_limits_create(fixture.target, &limits), TUFF_OK);
    tuff_bench_limits_result(limits, &result);
    cr_expect_eq(result.samples, 0);
    cr_expect_eq(result.bytes_per_second, 0);
    cr_assert_eq(tuff_bench_limits_measure(limits, 0.001), TUFF_OK);
    tuff_bench_limits_result(limits, &result);
    cr_expect_geq(result.samples, 3);
    cr_expect(result.copied_bytes > 0 && result.copied_bytes <= info->max_tensor_bytes);
    cr_expect(within(result.bytes_per_second, 2 * (double)result.copied_bytes / result.copy_seconds, 1e-12));
    if (tuff_target_can_capture(fixture.target))
        cr_expect(result.dependent_seconds > 0 && result.independent_seconds > 0);
    else
        cr_expect(result.dependent_seconds == 0 && result.independent_seconds == 0);
    const struct tuff_bench_limits_result first = result;
    cr_assert_eq(tuff_bench_limits_measure(limits, 0.001), TUFF_OK);
    tuff_bench_limits_result(limits, &result);
    cr_expect_gt(result.samples, first.samples);
    cr_expect_leq(result.copy_seconds, first.copy_seconds);
    cr_expect_leq(result.dependent_seconds, first.dependent_seconds);
    tuff_bench_limits_destroy(&limits);
    cr_expect_null(limits);
    fixture_close(&fixture);
}

ParameterizedTestParameters(backend, bench_of_streamed_and_tested_sets)
{
    return backends_under_test();
}

// A set that does not fit the device: the part that does is timed, again and again. And evaluation, with a
// set that is smaller than a batch.
ParameterizedTest(const struct backend_name *backend, backend, bench_of_streamed_and_tested_sets,
                  .timeout = 600)
{
    struct fixture fixture;
    fixture_open(&fixture, backend->text, 0);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES),
                        *few = load_digits(TUFF_SPLIT_TEST, 5);
    struct tuff_trainer_options options = options_of_batch(BATCH);
    options.data_budget_bytes = 2 * 3 * BATCH * 28 * 28; // three batches in each of two chunks
    struct tuff_trainer *trainer = make_trainer(&fixture, digits, NULL, &options);
    struct tuff_bench *bench;
    struct tuff_bench_times times = {.size = sizeof times};
    cr_assert(tuff_trainer_streams(trainer, TUFF_SPLIT_TRAIN));
    cr_assert_neq(tuff_bench_create(trainer, TUFF_SPLIT_TEST, &bench), TUFF_OK);
    cr_expect_null(bench);
    cr_expect_str_eq(last_error(), "this trainer has no test data");
    cr_assert_eq(tuff_bench_create(trainer, TUFF_SPLIT_TRAIN, &bench), TUFF_OK);
    cr_assert_eq(tuff_bench_measure(bench, 0.02), TUFF_OK);
    tuff_bench_times(bench, &times);
    cr_expect(times.steps >= 1 && times.steps <= 3, "%u steps", times.steps);
    cr_expect_neq(tuff_bench_measure(bench, 0), TUFF_OK);
    tuff_bench_destroy(&bench);
    tuff_trainer_destroy(&trainer);

    options.data_budget_bytes = 0;
    trainer = make_trainer(&fixture, NULL, few, &options);
    cr_assert_eq(tuff_bench_create(trainer, TUFF_SPLIT_TEST, &bench), TUFF_OK);
    cr_expect_eq(tuff_bench_batch(bench), 5);
    cr_assert_eq(tuff_bench_run(bench, 4, NULL), TUFF_OK);
    for (uint32_t i = 0; i < tuff_bench_op_count(bench); i++) {
        struct tuff_bench_op op = {.size = sizeof op};
        tuff_bench_op(bench, i, &op);
        cr_expect(strstr(op.op, "backward") == NULL && strcmp(op.op, "adam") != 0, "%s", op.op);
        cr_expect_eq(op.samples, 0);
    }
    tuff_bench_destroy(&bench);
    tuff_trainer_destroy(&trainer);
    tuff_dataset_destroy(&digits);
    tuff_dataset_destroy(&few);
    fixture_close(&fixture);
}
