// A data set that goes to the device in chunks gives the bits of one that lies there, on every backend.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "backend/target.h"
#include "fixture.h"

// 38 steps an epoch, the last of one sample; evaluation takes batches of 32, the last of 4.
enum { TRAINED = 75, TESTED = 100, BATCH = 2, STEPS = 38, CLASSES = 10, IMAGE = 28 * 28, TEST_BATCH = 32 };

struct outcome {
    float *parameters, losses[2 * STEPS], logits[TESTED * CLASSES];
    size_t count;
    struct tuff_metrics trained, tested;
};

static struct tuff_trainer_options options_with(uint64_t budget)
{
    struct tuff_trainer_options options;
    tuff_trainer_options_default(&options);
    options.batch_size = BATCH;
    options.keep_outputs = 1;
    options.data_budget_bytes = budget;
    return options;
}

// Two epochs, the second one in parts with an evaluation between them.
static void train(struct tuff_trainer *trainer, const struct fixture *fixture, struct outcome *outcome)
{
    struct tuff_metrics between;
    cr_assert_eq(tuff_trainer_advance(trainer, 0, 0, NULL, NULL, outcome->losses), TUFF_OK);
    cr_assert_eq(tuff_trainer_advance(trainer, 1, 5, NULL, NULL, &outcome->losses[STEPS]), TUFF_OK);
    cr_assert_eq(tuff_trainer_evaluate(trainer, NULL, &between), TUFF_OK);
    cr_assert_eq(tuff_trainer_advance(trainer, 1, 0, NULL, &outcome->trained, &outcome->losses[STEPS + 5]),
                 TUFF_OK);
    cr_assert_eq(tuff_trainer_outputs(trainer, NULL, &outcome->tested, outcome->logits), TUFF_OK);
    outcome->parameters = read_parameters(fixture, trainer, &outcome->count);
}

static void expect_same(const struct outcome *a, const struct outcome *b, unsigned long long budget)
{
    cr_expect_eq(memcmp(a->parameters, b->parameters, a->count * sizeof(float)), 0, "%llu: parameters",
                 budget);
    cr_expect_eq(memcmp(a->losses, b->losses, sizeof a->losses), 0, "%llu: losses", budget);
    cr_expect_eq(memcmp(a->logits, b->logits, sizeof a->logits), 0, "%llu: logits", budget);
    cr_expect_eq(a->trained.loss, b->trained.loss);
    cr_expect_eq(a->trained.correct, b->trained.correct);
    cr_expect_eq(a->tested.loss, b->tested.loss);
    cr_expect_eq(a->tested.correct, b->tested.correct);
}

ParameterizedTestParameters(backend, streamed_sets_give_the_same_bits)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend, streamed_sets_give_the_same_bits,
                  .timeout = 600)
{
    static const struct {
        uint64_t budget;
        bool train, test; // whether it is streamed
    } cases[] = {
        {2 * (BATCH + TEST_BATCH) * IMAGE, true, true},     // chunks of one batch
        {2 * (3 * BATCH + TEST_BATCH) * IMAGE, true, true}, // of three and one
        {(TRAINED + TESTED) * IMAGE - 1, false, true},
        {(4 * TESTED) * IMAGE, false, false},
    };
    struct fixture fixture;
    fixture_open(&fixture, backend->text, 0);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, TRAINED);
    struct tuff_dataset *test = load_digits(TUFF_SPLIT_TEST, TESTED);
    struct outcome resident, streamed;
    struct tuff_memory_plan memory, whole;
    struct tuff_trainer_options options = options_with(0);
    struct tuff_trainer *trainer = make_trainer(&fixture, digits, test, &options);
    cr_assert_eq(tuff_trainer_streams(trainer, TUFF_SPLIT_TRAIN), 0);
    tuff_trainer_memory(trainer, &whole);
    train(trainer, &fixture, &resident);
    tuff_trainer_destroy(&trainer);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        options = options_with(cases[i].budget);
        trainer = make_trainer(&fixture, digits, test, &options);
        cr_expect_eq(tuff_trainer_streams(trainer, TUFF_SPLIT_TRAIN), cases[i].train, "case %zu", i);
        cr_expect_eq(tuff_trainer_streams(trainer, TUFF_SPLIT_TEST), cases[i].test, "case %zu", i);
        tuff_trainer_memory(trainer, &memory);
        if (cases[i].train && cases[i].test)
            cr_expect_lt(memory.data, whole.data, "case %zu", i);
        train(trainer, &fixture, &streamed);
        expect_same(&resident, &streamed, (unsigned long long)cases[i].budget);
        free(streamed.parameters);
        tuff_trainer_destroy(&trainer);
    }
    free(resident.parameters);
    tuff_dataset_destroy(&digits);
    tuff_dataset_destroy(&test);
    fixture_close(&fixture);
}

static uint64_t pretended_budget;

static enum tuff_status pretend_memory(struct tuff_device *device, struct tuff_device_memory *memory)
{
    (void)device;
    memory->budget = pretended_budget;
    memory->used = 0;
    return TUFF_OK;
}

// A device that says that it has less memory than the set takes.
Test(trainer, streams_what_the_device_has_no_room_for, .timeout = 120)
{
    struct fixture fixture;
    fixture_open(&fixture, "reference", 0);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, TRAINED);
    struct tuff_dataset *test = load_digits(TUFF_SPLIT_TEST, TESTED);
    struct tuff_trainer_options options = options_with(0);
    struct outcome resident, streamed;
    struct tuff_memory_plan memory;
    struct tuff_trainer *trainer = make_trainer(&fixture, digits, test, &options);
    tuff_trainer_memory(trainer, &memory);
    train(trainer, &fixture, &resident);
    tuff_trainer_destroy(&trainer);

    // The host's own copy of the interface.
    struct tuff_backend_interface *interface = (struct tuff_backend_interface *)fixture.target->interface;
    interface->device_memory = pretend_memory;
    pretended_budget = memory.activations + memory.data;
    trainer = make_trainer(&fixture, digits, test, &options);
    cr_expect_eq(tuff_trainer_streams(trainer, TUFF_SPLIT_TRAIN), 0, "all of it just fits");
    cr_expect_eq(tuff_trainer_streams(trainer, TUFF_SPLIT_TEST), 0, "all of it just fits");
    tuff_trainer_destroy(&trainer);
    pretended_budget -= TRAINED * IMAGE / 2;
    trainer = make_trainer(&fixture, digits, test, &options);
    cr_expect(tuff_trainer_streams(trainer, TUFF_SPLIT_TRAIN) ||
              tuff_trainer_streams(trainer, TUFF_SPLIT_TEST));
    tuff_trainer_memory(trainer, &memory);
    cr_expect_leq(memory.activations + memory.data, pretended_budget);
    train(trainer, &fixture, &streamed);
    expect_same(&resident, &streamed, (unsigned long long)pretended_budget);
    tuff_trainer_destroy(&trainer);

    pretended_budget = UINT64_MAX;
    trainer = make_trainer(&fixture, digits, NULL, &options);
    tuff_trainer_memory(trainer, &memory);
    tuff_trainer_destroy(&trainer);
    pretended_budget = memory.activations;
    cr_expect_eq(tuff_trainer_create(fixture.target, fixture.model, digits, NULL, &options, &trainer),
                 TUFF_ERROR_MEMORY, "no room for images");
    free(resident.parameters);
    free(streamed.parameters);
    tuff_dataset_destroy(&digits);
    tuff_dataset_destroy(&test);
    fixture_close(&fixture);
}

Test(trainer, refuses_a_budget_that_holds_no_two_batches, .timeout = 60)
{
    struct fixture fixture;
    fixture_open(&fixture, "reference", 0);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, TRAINED);
    struct tuff_trainer_options options = options_with(2 * BATCH * IMAGE - 1);
    struct tuff_trainer *trainer = NULL;
    cr_expect_eq(tuff_trainer_create(fixture.target, fixture.model, digits, NULL, &options, &trainer),
                 TUFF_ERROR_MEMORY);
    cr_expect_null(trainer);
    cr_expect_not_null(strstr(last_error(), "a batch of 2 does not fit: the images of two batches take"),
                       "%s", last_error());
    options.data_budget_bytes++;
    trainer = make_trainer(&fixture, digits, NULL, &options);
    cr_expect_eq(tuff_trainer_streams(trainer, TUFF_SPLIT_TRAIN), 1);
    tuff_trainer_destroy(&trainer);
    tuff_dataset_destroy(&digits);
    fixture_close(&fixture);
}

// Evaluation takes fewer batches at once where more would leave training, or itself, no room for images.
Test(trainer, evaluation_leaves_room_for_the_images_of_training, .timeout = 60)
{
    struct fixture fixture;
    fixture_open(&fixture, "reference", 0);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, TRAINED);
    struct tuff_dataset *test = load_digits(TUFF_SPLIT_TEST, TESTED);
    struct tuff_trainer_options options = options_with(0);
    float whole[TESTED * CLASSES], small[TESTED * CLASSES];
    struct tuff_metrics metrics;
    struct tuff_trainer *trainer = make_trainer(&fixture, digits, test, &options);
    cr_assert_eq(tuff_trainer_outputs(trainer, NULL, &metrics, whole), TUFF_OK);
    tuff_trainer_destroy(&trainer);
    static const uint64_t budgets[] = {2 * (BATCH + BATCH) * IMAGE, 2 * TEST_BATCH * IMAGE,
                                       2 * (BATCH + TEST_BATCH) * IMAGE - 1};
    for (size_t i = 0; i < sizeof budgets / sizeof *budgets; i++) {
        options.data_budget_bytes = budgets[i];
        trainer = make_trainer(&fixture, digits, test, &options);
        cr_expect_eq(tuff_trainer_streams(trainer, TUFF_SPLIT_TRAIN), 1, "budget %zu", i);
        cr_expect_eq(tuff_trainer_streams(trainer, TUFF_SPLIT_TEST), 1, "budget %zu", i);
        cr_assert_eq(tuff_trainer_outputs(trainer, NULL, &metrics, small), TUFF_OK);
        cr_expect_eq(memcmp(small, whole, sizeof whole), 0, "budget %zu", i);
        tuff_trainer_destroy(&trainer);
    }
    options.data_budget_bytes = 2 * (BATCH + BATCH) * IMAGE - 1;
    cr_expect_eq(tuff_trainer_create(fixture.target, fixture.model, digits, test, &options, &trainer),
                 TUFF_ERROR_MEMORY);
    cr_expect_not_null(strstr(last_error(), "the images of two batches of each set take 0.01 MiB"), "%s",
                       last_error());
    tuff_dataset_destroy(&digits);
    tuff_dataset_destroy(&test);
    fixture_close(&fixture);
}

// A batch of more images than a chunk has otherwise, in parts: it is a chunk of its own.
Test(trainer, streams_a_batch_that_is_larger_than_a_chunk, .timeout = 60)
{
    enum { LARGE = 90000, PART = 100 }; // 67 MiB
    struct fixture fixture;
    fixture_open(&fixture, "reference", 0);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, 1);
    struct tuff_dataset many = *digits; // black ones
    many.count = 2 * LARGE + 1;
    many.images = calloc(many.count, IMAGE);
    many.labels = calloc(many.count, sizeof *many.labels);
    cr_assert(many.images != NULL && many.labels != NULL);
    const uint64_t two = UINT64_C(2) * LARGE * IMAGE;
    struct tuff_trainer_options options = options_with(two);
    options.batch_size = LARGE;
    options.micro_batch = PART;
    struct tuff_trainer *trainer = make_trainer(&fixture, &many, NULL, &options);
    cr_expect_eq(tuff_trainer_streams(trainer, TUFF_SPLIT_TRAIN), 1);
    tuff_trainer_destroy(&trainer);
    // Whatever the parts are.
    options.data_budget_bytes = two - 1;
    cr_expect_eq(tuff_trainer_create(fixture.target, fixture.model, &many, NULL, &options, &trainer),
                 TUFF_ERROR_MEMORY);
    cr_expect_not_null(strstr(last_error(), "a micro-batch of 100 does not fit: the images of two batches"),
                       "%s", last_error());
    cr_expect_not_null(strstr(last_error(), "; a micro-batch of 1 does not either"), "%s", last_error());
    free((void *)many.images);
    free((void *)many.labels);
    tuff_dataset_destroy(&digits);
    fixture_close(&fixture);
}
