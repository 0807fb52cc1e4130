// A batch that does not fit its device is refused before anything is allocated for it, with the largest one
// that does.
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
