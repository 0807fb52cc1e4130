#include "check_steps.h"

#include <inttypes.h>

#include "console.h"
#include "tuff/check.h"

enum { LOSSES_SHOWN = 20 };

struct printer {
    const struct tuff_target *tested, *oracle;
    uint32_t steps;
    bool losses_begun;
};

static void print_gradient(void *user, const struct tuff_check_gradient *gradient)
{
    (void)user;
    console_print("%-24s %12.4g %10.2e%s\n", gradient->parameter, gradient->greatest, gradient->error,
                  gradient->differs ? "  differs" : "");
}

// The first steps, some of the others evenly, and all that differ.
static void print_loss(void *user, const struct tuff_check_loss *loss)
{
    struct printer *printer = user;
    if (!printer->losses_begun)
        console_print("\n%-6s %14s %14s %10s\n", "step", tuff_target_backend(printer->tested),
                      tuff_target_backend(printer->oracle), "error");
    printer->losses_begun = true;
    uint32_t every = (printer->steps + LOSSES_SHOWN - 1) / LOSSES_SHOWN;
    if (loss->step > LOSSES_SHOWN / 2 && loss->step % every != 0 && !loss->differs)
        return;
    console_print("%-6" PRIu32 " %14.7f %14.7f %10.2e%s\n", loss->step, loss->tested, loss->oracle,
                  loss->error, loss->differs ? "  differs" : "");
}

static enum tuff_status compare(const struct check_steps_settings *settings, struct tuff_target *tested,
                                struct tuff_target *oracle, const struct tuff_model *model,
                                const struct tuff_dataset *data)
{
    struct printer printer = {.tested = tested, .oracle = oracle, .steps = settings->steps};
    const struct tuff_check_steps_options options = {
        .size = sizeof options,
        .trainer = &settings->trainer,
        .steps = settings->steps,
        .gradient_tolerance = settings->gradient_tolerance,
        .loss_tolerance = settings->loss_tolerance,
        .gradient = print_gradient,
        .loss = print_loss,
        .user = &printer,
    };
    struct tuff_check_steps_result result = {.size = sizeof result};
    console_print("%s against %s: %s on %s, batch %" PRIu32 ", %" PRIu32 " steps, seed %" PRIu64 "\n\n",
                  tuff_target_backend(tested), tuff_target_backend(oracle), tuff_model_name(model),
                  data->name, settings->trainer.batch_size, settings->steps, settings->trainer.seed);
    console_print("%-24s %12s %10s\n", "gradient, step 1", "greatest", "error");
    enum tuff_status status = tuff_check_steps(tested, oracle, model, data, &options, &result);
    if (result.first_parameter != NULL)
        console_print("\nFAIL the gradient of %s differs, the first one in backward order\n",
                      result.first_parameter);
    if (result.first_step != 0)
        console_print("\nFAIL the losses differ from step %" PRIu32 " on\n", result.first_step);
    if (status == TUFF_OK)
        console_print("\nthe same: gradients within %.2g (tolerance %g), losses within %.2g (tolerance %g)\n",
                      result.worst_gradient, settings->gradient_tolerance, result.worst_loss,
                      settings->loss_tolerance);
    return status;
}

// As many digits as the steps see, unless told otherwise: to draw them takes longer than to train on a few.
static void size_digits(const struct check_steps_settings *settings, struct data_settings *data)
{
    uint64_t samples = (uint64_t)settings->steps * settings->trainer.batch_size;
    if (data->digits_train == 0)
        data->digits_train = samples < UINT32_MAX ? (uint32_t)samples : UINT32_MAX;
}

enum tuff_status check_steps(const struct check_steps_settings *settings, const struct tuff_log *log,
                             struct tuff_target *tested, struct tuff_target *oracle)
{
    struct tuff_model *model = NULL;
    struct tuff_dataset *train = NULL;
    struct data_settings data = settings->data;
    size_digits(settings, &data);
    enum tuff_status status = tuff_model_load(log, settings->model, &model);
    if (status == TUFF_OK)
        tuff_model_input(model, data.input);
    if (status == TUFF_OK)
        status = setup_load_data(&data, TUFF_SPLIT_TRAIN, &train);
    if (status == TUFF_OK)
        status = compare(settings, tested, oracle, model, train);
    tuff_dataset_destroy(&train);
    tuff_model_destroy(&model);
    return status;
}
