#include "fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

static char error_text[2048];

const char *last_error(void)
{
    return error_text;
}

// From the layer, while devices open and close too, where no call is left to fail.
static unsigned validation_errors;

static uint32_t captured;

uint32_t last_capture(void)
{
    return captured;
}

static struct tuning_log tuning;

struct tuning_log last_tuning(void)
{
    return tuning;
}

static void note_tuning(const char *message)
{
    uint32_t count;
    const char *tiles = strstr(message, ": tiles of ");
    if (tiles && sscanf(tiles, ": tiles of %u products timed", &count) == 1 && strstr(tiles, " timed in "))
        tuning.timed += count;
    if (tiles && sscanf(tiles, ": tiles of %u products known", &count) == 1 && strstr(tiles, " known"))
        tuning.known = count;
    const char *forced = strstr(message, ": tile ");
    uint32_t tile;
    if (forced && sscanf(forced, ": tile %u of %u is forced", &tile, &count) == 2) {
        tuning.forced++;
        tuning.offered = count > tuning.offered ? count : tuning.offered;
    }
    if (strstr(message, "not used") && strstr(message, "tile"))
        tuning.refused++;
}

static void (*log_listener)(enum tuff_log_level level, const char *message);

void listen_to_log(void (*listener)(enum tuff_log_level level, const char *message))
{
    log_listener = listener;
}

static void write_log(void *user, enum tuff_log_level level, const char *message)
{
    (void)user;
    if (log_listener)
        log_listener(level, message);
    const char *capture = strstr(message, ": captured ");
    if (capture)
        sscanf(capture, ": captured %u dispatches", &captured);
    note_tuning(message);
    if (level > TUFF_LOG_WARNING)
        return;
    if (level == TUFF_LOG_ERROR)
        snprintf(error_text, sizeof error_text, "%s", message);
    validation_errors += strstr(message, "vulkan validation: ") != NULL;
    fprintf(stderr, "%s: %s\n", level == TUFF_LOG_ERROR ? "error" : "warning", message);
}

// Copies the part of the comma-separated *rest up to the next comma; false at its end.
static bool next_name(const char **rest, char name[32])
{
    while (**rest == ',' || **rest == ' ')
        (*rest)++;
    size_t length = strcspn(*rest, ", ");
    if (length == 0)
        return false;
    snprintf(name, 32, "%.*s", (int)length, *rest);
    *rest += length;
    return true;
}

static bool is_listed(const char *list, const char *wanted)
{
    char name[32];
    while (list && next_name(&list, name)) {
        if (strcmp(name, wanted) == 0)
            return true;
    }
    return false;
}

struct criterion_test_params backends_under_test(void)
{
    enum { MAX_BACKENDS = 8 };
    struct backend_name *names = cr_calloc(MAX_BACKENDS, sizeof *names);
    const char *list = getenv("TUFF_BACKENDS");
    if (!list)
        list = TUFF_TEST_BACKENDS;
    size_t count = 0;
    while (count < MAX_BACKENDS && next_name(&list, names[count].text))
        count++;
    return cr_make_param_array(struct backend_name, names, count > 0 ? count : 1);
}

void fixture_open(struct fixture *fixture, const char *backend, uint32_t threads)
{
    *fixture = (struct fixture){.context = NULL};
    tuning = (struct tuning_log){.timed = 0};
    cr_assert_neq(backend[0], '\0', "no backend to test: TUFF_BACKENDS is empty");
    struct tuff_context_options options = {
        .size = sizeof options,
        .log = {.write = write_log, .level = TUFF_LOG_DEBUG},
    };
    cr_assert_eq(tuff_context_create(&options, &fixture->context), TUFF_OK);
    fixture->log = tuff_context_log(fixture->context);

    struct tuff_device_options device = {.size = sizeof device, .threads = threads};
    enum tuff_status status = tuff_target_open(fixture->context, backend, NULL, &device, &fixture->target);
    if (status != TUFF_OK && is_listed(getenv("TUFF_SKIP_BACKENDS"), backend)) {
        tuff_context_destroy(&fixture->context);
        fprintf(stderr, "skipped: %s cannot be opened, and TUFF_SKIP_BACKENDS names it\n", backend);
        cr_skip_test("TUFF_SKIP_BACKENDS names %s", backend);
    }
    cr_assert_eq(status, TUFF_OK, "%s cannot be opened: %s", backend, error_text);
    fprintf(stderr, "%s: %s\n", backend, tuff_target_info(fixture->target)->name);
    cr_assert_eq(tuff_model_load(fixture->log, "lenet-mnist", &fixture->model), TUFF_OK);
}

void load_model(struct fixture *fixture, const char *model)
{
    tuff_model_destroy(&fixture->model);
    const enum tuff_status status =
        strchr(model, '\n') ? tuff_model_parse(fixture->log, "network", model, strlen(model), &fixture->model)
                            : tuff_model_load(fixture->log, model, &fixture->model);
    cr_assert_eq(status, TUFF_OK, "%s", last_error());
}

void fixture_close(struct fixture *fixture)
{
    tuff_model_destroy(&fixture->model);
    tuff_target_close(&fixture->target);
    tuff_context_destroy(&fixture->context);
    cr_expect_eq(validation_errors, 0, "the validation layer had something to say: %s", error_text);
}

struct tuff_trainer *make_trainer(const struct fixture *fixture, const struct tuff_dataset *train,
                                  const struct tuff_dataset *test, const struct tuff_trainer_options *options)
{
    struct tuff_trainer *trainer = NULL;
    cr_assert_eq(tuff_trainer_create(fixture->target, fixture->model, train, test, options, &trainer),
                 TUFF_OK);
    return trainer;
}

float *read_parameters(const struct fixture *fixture, struct tuff_trainer *trainer, size_t *count)
{
    *count = (size_t)tuff_model_parameter_elements(fixture->model);
    cr_assert_gt(*count, 0);
    float *values = malloc(*count * sizeof *values);
    cr_assert_not_null(values);
    // What is not written stays NaN, and NaN equals nothing.
    for (size_t i = 0; i < *count; i++)
        values[i] = NAN;
    size_t at = 0;
    for (size_t i = 0; i < tuff_model_parameter_count(fixture->model); i++) {
        struct tuff_parameter_info info;
        tuff_model_parameter(fixture->model, i, &info);
        size_t elements = 1;
        for (uint32_t k = 0; k < info.rank; k++)
            elements *= info.dims[k];
        cr_assert_leq(at + elements, *count);
        cr_assert_eq(tuff_trainer_read_parameter(trainer, i, values + at), TUFF_OK);
        at += elements;
    }
    cr_assert_eq(at, *count);
    for (size_t i = 0; i < *count; i++)
        cr_assert(isfinite(values[i]), "parameter element %zu is not finite", i);
    return values;
}

float *read_gradients(const struct fixture *fixture, struct tuff_trainer *trainer)
{
    size_t count = (size_t)tuff_model_parameter_elements(fixture->model), at = 0;
    float *values = malloc(count * sizeof *values);
    cr_assert_not_null(values);
    for (size_t i = 0; i < count; i++)
        values[i] = NAN;
    for (size_t i = 0; i < tuff_model_parameter_count(fixture->model); i++) {
        struct tuff_parameter_info info;
        size_t elements = 1;
        tuff_model_parameter(fixture->model, i, &info);
        for (uint32_t k = 0; k < info.rank; k++)
            elements *= info.dims[k];
        cr_assert_eq(tuff_trainer_read_gradient(trainer, i, values + at), TUFF_OK);
        at += elements;
    }
    cr_assert_eq(at, count);
    return values;
}

double norm_of_gradient(const struct fixture *fixture, struct tuff_trainer *trainer)
{
    float *gradients = read_gradients(fixture, trainer);
    const uint64_t count = tuff_model_parameter_elements(fixture->model);
    double sum = 0;
    for (uint64_t i = 0; i < count; i++)
        sum += (double)gradients[i] * (double)gradients[i];
    free(gradients);
    return sqrt(sum);
}

struct tuff_dataset *load_digits(enum tuff_split split, uint32_t count)
{
    struct tuff_dataset_options options = {
        .size = sizeof options,
        .digits_train = count,
        .digits_test = count,
    };
    struct tuff_log log = {.write = write_log, .level = TUFF_LOG_WARNING};
    struct tuff_dataset *dataset = NULL;
    cr_assert_eq(tuff_dataset_load(&log, "digits", split, &options, &dataset), TUFF_OK);
    cr_assert_eq(dataset->count, count);
    return dataset;
}

bool within(double actual, double expected, double relative)
{
    return fabs(actual - expected) <= relative * fabs(expected);
}

double distance(const float *a, const float *b, size_t count)
{
    double worst = 0, greatest = 0;
    for (size_t i = 0; i < count; i++) {
        const double difference = fabs((double)a[i] - (double)b[i]);
        worst = difference >= 0 ? fmax(worst, difference) : INFINITY;
        greatest = fmax(greatest, fabs((double)b[i]));
    }
    return worst / greatest;
}

bool has_float16(const char *backend)
{
    return strcmp(backend, "reference") == 0 || strcmp(backend, "vulkan") == 0;
}
