#include <stdlib.h>
#include <string.h>

#include "device_memory.h"
#include "trainer_parts.h"

static enum tuff_status check_data(const struct tuff_log *log, const struct tuff_model *model,
                                   const struct tuff_dataset *data)
{
    uint32_t chw[3];
    if (data == NULL)
        return TUFF_OK;
    tuff_model_input(model, chw);
    if (data->channels != chw[0] || data->height != chw[1] || data->width != chw[2])
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "model %s takes images of %u x %u x %u, but %s has %u x %u x %u",
                         tuff_model_name(model), chw[0], chw[1], chw[2], data->name, data->channels,
                         data->height, data->width);
    if (data->classes != tuff_model_classes(model))
        return tuff_fail(log, TUFF_ERROR_INVALID, "model %s has %u outputs, but %s has %u classes",
                         tuff_model_name(model), tuff_model_classes(model), data->name, data->classes);
    return TUFF_OK;
}

// Training samples that are worked on at once; 0: the whole batch.
static uint32_t part_size(const struct tuff_trainer *trainer, const struct tuff_trainer_options *options)
{
    const uint32_t part = options->micro_batch;
    return trainer->train_data == NULL || part >= options->batch_size || part >= trainer->train_data->count
               ? 0
               : part;
}

// Evaluation keeps no activations for a backward pass, so it can take larger batches than training in no more
// memory: the largest of these multiples that fits, with the images of both sets as far as they have to be on
// the device. Workspaces do not count as long as there is memory for them: a backend may have them grow with
// its threads, and the batch, on which the last digits of the loss depend, must not.
static const uint32_t evaluation_multiples[] = {16, 8, 4, 2, 1};

static enum tuff_status create_test_pass(struct tuff_trainer *trainer)
{
    static const uint64_t always_fine = UINT64_C(8) << 20;
    uint64_t limit = trainer->train == NULL ? 0 : tuff_pass_value_bytes(trainer->train);
    const uint32_t part = trainer->options.micro_batch;
    if (limit < always_fine)
        limit = always_fine;
    enum tuff_status status = TUFF_OK;
    for (size_t i = 0; i < sizeof evaluation_multiples / sizeof *evaluation_multiples; i++) {
        const bool last = evaluation_multiples[i] == 1;
        uint64_t batch = (uint64_t)(part != 0 ? part : trainer->options.batch_size) * evaluation_multiples[i];
        if (!last && batch > trainer->test_data->count)
            continue;
        if (batch > trainer->test_data->count)
            batch = trainer->test_data->count;
        struct tuff_pass_options options = {.batch_size = (uint32_t)batch,
                                            .augmentation = &trainer->augmentation,
                                            .outputs = trainer->options.keep_outputs != 0,
                                            .flip_average = trainer->options.flip_average != 0,
                                            .no_fusion = trainer->options.no_fusion != 0,
                                            .mixed = trainer->options.precision == TUFF_PRECISION_MIXED,
                                            .shortage = last ? &trainer->shortage.log : NULL};
        tuff_pass_destroy(&trainer->test);
        status = tuff_pass_create(trainer->target, trainer->model, trainer->test_data, trainer->parameters,
                                  &options, &trainer->test);
        if (status == TUFF_ERROR_MEMORY && !last)
            continue;
        bool holds = false;
        if (status == TUFF_OK && !last && tuff_pass_value_bytes(trainer->test) <= limit)
            status = tuff_trainer_holds_batches(trainer, &holds);
        if (status != TUFF_OK || holds)
            break;
    }
    return status;
}

static enum tuff_status create_parameters(struct tuff_trainer *trainer,
                                          const struct tuff_trainer_options *options)
{
    bool *frozen;
    enum tuff_status status = tuff_trainer_options_frozen(trainer->target->log, options, trainer->model,
                                                          trainer->train_data != NULL, &frozen);
    const struct tuff_parameters_options layout = {
        .seed = options->seed,
        .training = trainer->train_data != NULL,
        .frozen = frozen,
        .averages = options->average_decay > 0,
        .mixed = options->precision == TUFF_PRECISION_MIXED,
        .sums = part_size(trainer, options) != 0,
        .moment_count = options->optimizer != TUFF_OPTIMIZER_SGD ? 2
                        : options->momentum > 0                  ? 1
                                                                 : 0,
    };
    if (status == TUFF_OK)
        status = tuff_parameters_create(trainer->target, trainer->model, &layout, &trainer->parameters);
    free(frozen);
    return status;
}

enum tuff_status tuff_trainer_plan(struct tuff_trainer *trainer, const struct tuff_trainer_options *options)
{
    struct tuff_pass_options training = {.batch_size = options->batch_size,
                                         .part_size = part_size(trainer, options),
                                         .training = options,
                                         .augmentation = &trainer->augmentation,
                                         .no_fusion = options->no_fusion != 0,
                                         .recompute = options->recompute_activations != 0,
                                         .mixed = options->precision == TUFF_PRECISION_MIXED,
                                         .shortage = &trainer->shortage.log};
    enum tuff_status status = TUFF_OK;
    // A batch that is larger than the set would only compute absent samples; one in parts does not.
    const uint32_t count = trainer->train_data == NULL ? 0 : trainer->train_data->count;
    if (count != 0 && training.batch_size > count && training.part_size == 0)
        training.batch_size = count;
    if (trainer->train_data != NULL)
        status = tuff_pass_create(trainer->target, trainer->model, trainer->train_data, trainer->parameters,
                                  &training, &trainer->train);
    if (status == TUFF_OK && trainer->test_data != NULL)
        status = create_test_pass(trainer);
    return status == TUFF_OK ? tuff_trainer_fit(trainer) : status;
}

// Takes the activations of a trainer that is planned.
static enum tuff_status bind(struct tuff_trainer *trainer)
{
    // Zeroed: padding lanes must be finite from the start (tensor.h).
    enum tuff_status status =
        tuff_device_zeroed(trainer->target, "activations", trainer->activation_bytes, &trainer->activations);
    if (status == TUFF_OK && trainer->train != NULL)
        status = tuff_pass_bind(trainer->train, trainer->activations);
    if (status == TUFF_OK && trainer->test != NULL)
        status = tuff_pass_bind(trainer->test, trainer->activations);
    return status;
}

// given: the caller's, whatever size it has, or NULL.
static void take_augmentation(struct tuff_augmentation *whole, const struct tuff_augmentation *given)
{
    tuff_augmentation_default(whole);
    if (given != NULL)
        memcpy(whole, given, given->size < sizeof *whole ? given->size : sizeof *whole);
    whole->size = sizeof *whole;
}

// A trainer with its parameters and its passes planned; the images of the sets are not looked at yet.
static enum tuff_status create_planned(struct tuff_target *target, const struct tuff_model *model,
                                       const struct tuff_dataset *train, const struct tuff_dataset *test,
                                       bool imagined, const struct tuff_trainer_options *options,
                                       struct tuff_trainer **trainer)
{
    *trainer = NULL;
    struct tuff_trainer_options whole;
    enum tuff_status status = tuff_trainer_options_take(target->log, options, &whole);
    if (status == TUFF_OK)
        status = check_data(target->log, model, train);
    if (status == TUFF_OK)
        status = check_data(target->log, model, test);
    if (status != TUFF_OK)
        return status;
    struct tuff_trainer *made = calloc(1, sizeof *made);
    if (made == NULL)
        return tuff_fail(target->log, TUFF_ERROR_MEMORY, "out of memory");
    made->target = target;
    made->model = model;
    made->train_data = train;
    made->test_data = test;
    made->imagined = imagined;
    made->options = whole;
    made->options.frozen = NULL;
    made->options.augmentation = NULL;
    made->options.frozen_count = 0;
    take_augmentation(&made->augmentation, whole.augmentation);
    if (whole.precision == TUFF_PRECISION_MIXED)
        made->loss_scale.scale = TUFF_LOSS_SCALE_FIRST;
    status = create_parameters(made, &whole);
    if (status == TUFF_OK)
        status = tuff_trainer_plan_or_advise(made, &whole);
    if (status != TUFF_OK)
        tuff_trainer_destroy(&made);
    *trainer = made;
    return status;
}

enum tuff_status tuff_trainer_create(struct tuff_target *target, const struct tuff_model *model,
                                     const struct tuff_dataset *train, const struct tuff_dataset *test,
                                     const struct tuff_trainer_options *options,
                                     struct tuff_trainer **trainer)
{
    enum tuff_status status = create_planned(target, model, train, test, false, options, trainer);
    if (status == TUFF_OK)
        status = bind(*trainer);
    if (status != TUFF_OK)
        tuff_trainer_destroy(trainer);
    return status;
}

// Images that a tensor may have; at least one, as models are checked for.
static uint32_t most_images(const uint32_t chw[3])
{
    return (uint32_t)(INT32_MAX / ((uint64_t)chw[0] * chw[1] * chw[2]));
}

static struct tuff_dataset imagine(const struct tuff_model *model, uint64_t count)
{
    uint32_t chw[3];
    tuff_model_input(model, chw);
    return (struct tuff_dataset){.size = sizeof(struct tuff_dataset),
                                 .count = (uint32_t)(count < most_images(chw) ? count : most_images(chw)),
                                 .channels = chw[0],
                                 .height = chw[1],
                                 .width = chw[2],
                                 .classes = tuff_model_classes(model)};
}

void tuff_trainer_imagine(const struct tuff_model *model, uint32_t batch, struct tuff_dataset *train,
                          struct tuff_dataset *test)
{
    *train = imagine(model, batch);
    *test = imagine(model, (uint64_t)batch * evaluation_multiples[0]);
}

enum tuff_status tuff_training_memory(struct tuff_target *target, const struct tuff_model *model,
                                      const struct tuff_trainer_options *options,
                                      struct tuff_memory_plan *plan)
{
    struct tuff_trainer *trainer;
    struct tuff_trainer_options whole;
    enum tuff_status status = tuff_trainer_options_take(target->log, options, &whole);
    if (status != TUFF_OK)
        return status;
    uint32_t chw[3];
    tuff_model_input(model, chw);
    if (whole.batch_size > most_images(chw))
        return tuff_fail(target->log, TUFF_ERROR_INVALID,
                         "a batch of %u does not fit a tensor, which has at most %d elements, so of such "
                         "images at most %u",
                         whole.batch_size, INT32_MAX, most_images(chw));
    struct tuff_dataset train, test;
    tuff_trainer_imagine(model, whole.batch_size, &train, &test);
    status = create_planned(target, model, &train, &test, true, &whole, &trainer);
    if (status == TUFF_OK) {
        tuff_trainer_memory(trainer, plan);
        plan->data = 0;
    }
    tuff_trainer_destroy(&trainer);
    return status;
}

void tuff_trainer_destroy(struct tuff_trainer **trainer)
{
    struct tuff_trainer *t = *trainer;
    if (t == NULL)
        return;
    tuff_pass_destroy(&t->train);
    tuff_pass_destroy(&t->test);
    tuff_device_release(t->target, &t->activations);
    tuff_parameters_destroy(&t->parameters);
    free(t);
    *trainer = NULL;
}

const struct tuff_model *tuff_trainer_model(const struct tuff_trainer *trainer)
{
    return trainer->model;
}

enum tuff_status tuff_trainer_read_parameter(struct tuff_trainer *trainer, size_t index, float *values)
{
    return tuff_parameters_read(trainer->parameters, index, values);
}

enum tuff_status tuff_trainer_read_average(struct tuff_trainer *trainer, size_t index, float *values)
{
    return tuff_parameters_read_average(trainer->parameters, index, values);
}

enum tuff_status tuff_trainer_write_parameter(struct tuff_trainer *trainer, size_t index, const float *values)
{
    return tuff_parameters_write(trainer->parameters, index, values);
}

enum tuff_status tuff_trainer_read_gradient(struct tuff_trainer *trainer, size_t index, float *values)
{
    if (trainer->train == NULL)
        return tuff_fail(trainer->target->log, TUFF_ERROR_INVALID,
                         "this trainer has no training data, and so no gradients");
    return tuff_parameters_read_gradient(trainer->parameters, index, values);
}

enum tuff_status tuff_trainer_read_buffer(struct tuff_trainer *trainer, size_t index, float *values)
{
    return tuff_parameters_read_buffer(trainer->parameters, index, values);
}

enum tuff_status tuff_trainer_write_buffer(struct tuff_trainer *trainer, size_t index, const float *values)
{
    return tuff_parameters_write_buffer(trainer->parameters, index, values);
}
