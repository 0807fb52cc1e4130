// Memory: a training takes what was planned, and a batch that does not fit its device is refused before
// anything is allocated for it, with the largest one that does.
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "backend/target.h"
#include "fixture.h"

enum { TRAINED = 200, TESTED = 100 };
// As small as Adam's moments of all parameters allow: more than 30 samples' conv1, less than 200 images.
enum { TENSOR_BYTES = 170 * 28 * 28 * sizeof(float) };

static uint64_t pretended_budget;

static enum tuff_status pretend_memory(struct tuff_device *device, struct tuff_device_memory *memory)
{
    (void)device;
    memory->budget = pretended_budget;
    memory->used = 0;
    return TUFF_OK;
}

struct subject {
    struct fixture fixture;
    struct tuff_dataset *train, *test;
    struct tuff_trainer_options options;
};

static void open_subject(struct subject *subject, const char *backend)
{
    fixture_open(&subject->fixture, backend, 0);
    subject->train = load_digits(TUFF_SPLIT_TRAIN, TRAINED);
    subject->test = load_digits(TUFF_SPLIT_TEST, TESTED);
    tuff_trainer_options_default(&subject->options);
}

static void close_subject(struct subject *subject)
{
    tuff_dataset_destroy(&subject->train);
    tuff_dataset_destroy(&subject->test);
    fixture_close(&subject->fixture);
}

static enum tuff_status try_batch(struct subject *subject, uint32_t batch)
{
    struct tuff_trainer *trainer;
    subject->options.batch_size = batch;
    const enum tuff_status status =
        tuff_trainer_create(subject->fixture.target, subject->fixture.model, subject->train, subject->test,
                            &subject->options, &trainer);
    tuff_trainer_destroy(&trainer);
    return status;
}

// The batch that the refusal of a larger one names: it fits, and the next one does not. `words`: why.
static void expect_advice(struct subject *subject, const char *words)
{
    uint32_t asked = 0, largest = 0, again = 0;
    cr_assert_eq(try_batch(subject, 100000), TUFF_ERROR_MEMORY);
    const char *advice = strstr(last_error(), "; the largest that fits is ");
    cr_assert_not_null(advice, "%s", last_error());
    cr_assert_eq(sscanf(last_error(), "a batch of %u does not fit: ", &asked), 1, "%s", last_error());
    cr_assert_eq(sscanf(advice, "; the largest that fits is %u", &largest), 1);
    cr_expect_eq(asked, TRAINED, "no batch is larger than the set: %s", last_error());
    cr_expect_not_null(strstr(last_error(), words), "%s", last_error());
    cr_assert(largest >= 1 && largest < TRAINED);
    cr_expect_eq(try_batch(subject, largest), TUFF_OK, "%u: %s", largest, last_error());
    cr_assert_eq(try_batch(subject, largest + 1), TUFF_ERROR_MEMORY, "%u", largest + 1);
    advice = strstr(last_error(), "; the largest that fits is ");
    cr_assert_not_null(advice, "%s", last_error());
    cr_assert_eq(sscanf(advice, "; the largest that fits is %u", &again), 1);
    cr_expect_eq(again, largest);
}

ParameterizedTestParameters(backend, too_large_a_batch_is_refused_with_one_that_fits)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend,
                  too_large_a_batch_is_refused_with_one_that_fits, .timeout = 600)
{
    struct subject subject;
    open_subject(&subject, backend->text);
    struct tuff_device_info *info = &subject.fixture.target->info;
    const struct tuff_device_info whole = *info;
    info->max_tensor_bytes = TENSOR_BYTES;
    expect_advice(&subject, "takes tensors of at most 0.5 MiB");
    *info = whole;
    info->max_buffer_bytes = 1 << 20;
    expect_advice(&subject, "for activations, but ");
    *info = whole;

    // The host's own copy of the interface.
    struct tuff_backend_interface *interface =
        (struct tuff_backend_interface *)subject.fixture.target->interface;
    interface->device_memory = pretend_memory;
    pretended_budget = 2 << 20;
    expect_advice(&subject, " has 2.0 MiB left; ");
    pretended_budget = 1000;
    cr_expect_eq(try_batch(&subject, 2), TUFF_ERROR_MEMORY);
    cr_expect_not_null(strstr(last_error(), "; a batch of 1 does not either"), "%s", last_error());
    close_subject(&subject);
}

static enum tuff_status (*create_buffer)(struct tuff_device *device, uint64_t bytes,
                                         struct tuff_buffer **buffer);
static uint64_t created_bytes;

static enum tuff_status count_buffer(struct tuff_device *device, uint64_t bytes, struct tuff_buffer **buffer)
{
    const enum tuff_status status = create_buffer(device, bytes, buffer);
    if (status == TUFF_OK)
        created_bytes += bytes;
    return status;
}

// Compares what is planned without data with what a trainer asks its device for.
static void expect_planned(struct subject *subject, const char *what)
{
    struct tuff_target *target = subject->fixture.target;
    const struct tuff_model *model = subject->fixture.model;
    struct tuff_memory_plan plan, whole;
    struct tuff_trainer *trainer;
    cr_assert_eq(tuff_training_memory(target, model, &subject->options, &plan), TUFF_OK, "%s: %s", what,
                 last_error());
    created_bytes = 0;
    cr_assert_eq(
        tuff_trainer_create(target, model, subject->train, subject->test, &subject->options, &trainer),
        TUFF_OK, "%s: %s", what, last_error());
    tuff_trainer_memory(trainer, &whole);
    tuff_trainer_destroy(&trainer);
    cr_expect_eq(plan.parameters, whole.parameters, "%s", what);
    cr_expect_eq(plan.gradients, whole.gradients, "%s", what);
    cr_expect_eq(plan.optimizer, whole.optimizer, "%s", what);
    cr_expect_eq(plan.activations, whole.activations, "%s: %llu planned, %llu taken", what,
                 (unsigned long long)plan.activations, (unsigned long long)whole.activations);
    cr_expect_eq(plan.data, 0, "%s", what);
    const uint64_t planned = plan.parameters + plan.gradients + plan.optimizer + plan.activations;
    cr_expect(within((double)(created_bytes - whole.data), (double)planned, 0.05),
              "%s: %llu bytes planned, and buffers of %llu made, %llu of it for data", what,
              (unsigned long long)planned, (unsigned long long)created_bytes, (unsigned long long)whole.data);
}

// What is said of too large a batch does not depend on sets that nobody has.
static void expect_planned_advice(struct subject *subject)
{
    struct tuff_target *target = subject->fixture.target;
    const struct tuff_device_info whole = target->info;
    struct tuff_trainer_options options = subject->options;
    struct tuff_memory_plan plan;
    uint32_t largest = 0;
    target->info.max_tensor_bytes = TENSOR_BYTES;
    options.batch_size = 100000;
    cr_assert_eq(tuff_training_memory(target, subject->fixture.model, &options, &plan), TUFF_ERROR_MEMORY);
    const char *advice = strstr(last_error(), "; the largest that fits is ");
    cr_assert_not_null(advice, "%s", last_error());
    cr_assert_eq(sscanf(advice, "; the largest that fits is %u", &largest), 1);
    options.batch_size = largest;
    cr_expect_eq(tuff_training_memory(target, subject->fixture.model, &options, &plan), TUFF_OK, "%u: %s",
                 largest, last_error());
    options.batch_size = largest + 1;
    cr_expect_eq(tuff_training_memory(target, subject->fixture.model, &options, &plan), TUFF_ERROR_MEMORY,
                 "%u", largest + 1);
    target->info = whole;
    options.batch_size = UINT32_MAX;
    cr_expect_eq(tuff_training_memory(target, subject->fixture.model, &options, &plan), TUFF_ERROR_INVALID);
}

ParameterizedTestParameters(backend, a_training_takes_what_was_planned)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend, a_training_takes_what_was_planned,
                  .timeout = 600)
{
    struct subject subject;
    open_subject(&subject, backend->text);
    struct tuff_backend_interface *interface =
        (struct tuff_backend_interface *)subject.fixture.target->interface;
    create_buffer = interface->buffer_create;
    interface->buffer_create = count_buffer;
    subject.options.batch_size = 6; // sixteen of them are no more than the test set
    expect_planned(&subject, "a batch of 6");
    subject.options.micro_batch = 3;
    subject.options.average_decay = 0.5;
    expect_planned(&subject, "in parts, with averages");
    subject.options.micro_batch = 0;
    subject.options.recompute_activations = 1;
    subject.options.optimizer = TUFF_OPTIMIZER_SGD;
    expect_planned(&subject, "with activations computed anew");
    if (has_float16(backend->text)) {
        subject.options.precision = TUFF_PRECISION_MIXED;
        expect_planned(&subject, "mixed");
    }
    tuff_trainer_options_default(&subject.options);
    expect_planned_advice(&subject);
    close_subject(&subject);
}

// Micro-batches that do not fit: the one that is named divides the batch.
Test(trainer, too_large_a_micro_batch_is_refused_with_one_that_fits, .timeout = 120)
{
    struct subject subject;
    open_subject(&subject, "reference");
    subject.fixture.target->info.max_tensor_bytes = TENSOR_BYTES; // conv1 of 32 samples fits, of 33 not
    subject.options.no_fusion = 1;
    subject.options.micro_batch = 48;
    cr_assert_eq(try_batch(&subject, 144), TUFF_ERROR_MEMORY);
    cr_expect_not_null(strstr(last_error(), "a micro-batch of 48 does not fit: "), "%s", last_error());
    cr_expect_not_null(strstr(last_error(), "; the largest that fits is 24"), "%s", last_error());
    subject.options.micro_batch = 24;
    cr_expect_eq(try_batch(&subject, 144), TUFF_OK, "%s", last_error());
    close_subject(&subject);
}

// Evaluation takes several batches at once where it can: a tensor's limit is no reason to refuse those of
// one.
Test(trainer, evaluation_keeps_to_the_largest_tensor, .timeout = 120)
{
    struct subject subject;
    open_subject(&subject, "reference");
    subject.fixture.target->info.max_tensor_bytes =
        TENSOR_BYTES; // conv1 of 32 samples fits, that of 64 does not
    cr_expect_eq(try_batch(&subject, 32), TUFF_OK, "%s", last_error());
    close_subject(&subject);
}
