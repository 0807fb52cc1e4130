#include "samples.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tuff/random.h"

static float draw(uint32_t step, uint64_t element)
{
    return tuff_random_uniform(7, TUFF_RANDOM_TEST, step, element);
}

static void name_classes(struct sample *sample, uint32_t classes, int hostile)
{
    static const char *const names[] = {SAMPLE_HOSTILE,
                                        "a\nb\033[31m",
                                        "\xFF\xFE",
                                        "\xE7\x8C\xAB\xE3\x81\xA8\xE7\x8A\xAC",
                                        "a very long name that no column has room for, not even a wide one",
                                        "</style></svg></title>"};
    for (uint32_t c = 0; c < classes; c++) {
        sample->names[c] = malloc(96);
        if (sample->names[c] == NULL)
            continue;
        if (hostile && c < sizeof names / sizeof *names)
            snprintf(sample->names[c], 96, "%s", names[c]);
        else
            snprintf(sample->names[c], 96, classes > 10 ? "class %u" : "%u", c);
    }
}

// Images of noise, and logits that favour the label; `misled` parts of them another class.
static int make_data(struct sample *sample, uint32_t count, uint32_t classes, uint32_t channels, float misled)
{
    enum { SIDE = 16 };
    size_t bytes = (size_t)count * channels * SIDE * SIDE;
    sample->images = malloc(bytes);
    sample->labels = calloc(count, sizeof *sample->labels);
    sample->logits = calloc((size_t)count * classes, sizeof *sample->logits);
    sample->names = calloc(classes, sizeof *sample->names);
    if (sample->images == NULL || sample->labels == NULL || sample->logits == NULL || sample->names == NULL)
        return 0;
    for (size_t i = 0; i < bytes; i++)
        sample->images[i] = (uint8_t)(255 * draw(0, i));
    for (uint32_t n = 0; n < count; n++) {
        sample->labels[n] = n % classes;
        uint32_t favoured = draw(1, n) < misled ? (n + 1) % classes : n % classes;
        for (uint32_t c = 0; c < classes; c++)
            sample->logits[(size_t)n * classes + c] =
                draw(2, (uint64_t)n * classes + c) + (c == favoured ? 2 : 0);
    }
    name_classes(sample, classes, classes == 100);
    sample->data.size = sizeof sample->data;
    snprintf(sample->data.name, sizeof sample->data.name, "made up");
    sample->data.count = count;
    sample->data.channels = channels;
    sample->data.height = sample->data.width = SIDE;
    sample->data.classes = classes;
    sample->data.images = sample->images;
    sample->data.labels = sample->labels;
    sample->data.class_names = (const char *const *)sample->names;
    return tuff_scores_create(NULL, sample->logits, sample->labels, count, classes, &sample->scores) ==
               TUFF_OK &&
           tuff_misses_create(NULL, sample->logits, sample->labels, count, classes, &sample->misses) ==
               TUFF_OK;
}

static int make_history(struct sample *sample, uint32_t epochs, uint32_t steps, int rates)
{
    sample->history.size = sizeof sample->history;
    sample->history.epochs = calloc(epochs + 1, sizeof *sample->history.epochs);
    sample->history.steps = calloc(steps + 1, sizeof *sample->history.steps);
    sample->history.tests = calloc(epochs + 1, sizeof *sample->history.tests);
    if (sample->history.epochs == NULL || sample->history.steps == NULL || sample->history.tests == NULL)
        return 0;
    for (uint32_t i = 0; i < epochs; i++)
        sample->history.epochs[sample->history.epoch_count++] = (struct tuff_history_epoch){
            .epoch = i + 1,
            .whole = 1,
            .tested = 1,
            .step = 100 * (i + 1),
            .train_loss = 2.0 / (i + 1),
            .train_accuracy = 1 - 0.7 / (i + 1),
            .test_loss = 1.8 / (i + 1) + 0.02 * i,
            .test_accuracy = 1 - 0.6 / (i + 1),
            .train_seconds = 12.5,
            .test_seconds = 1,
            .samples_per_second = 5000,
            .learning_rate = rates ? 1e-3 * pow(0.9, i) : NAN,
        };
    for (uint32_t i = 0; i < epochs; i++) {
        const struct tuff_history_epoch *epoch = &sample->history.epochs[i];
        sample->history.tests[sample->history.test_count++] =
            (struct tuff_history_test){epoch->epoch, 0, epoch->step, epoch->test_loss, epoch->test_accuracy};
    }
    for (uint32_t i = 0; i < steps; i++)
        sample->history.steps[sample->history.step_count++] = (struct tuff_history_step){
            1, i + 1, 2.0 / (1 + 0.01 * i) + (double)draw(3, i), rates ? 1e-3 : NAN};
    sample->report.history = &sample->history;
    return 1;
}

static int make_model(struct sample *sample)
{
    if (tuff_model_load(NULL, "lenet-mnist", &sample->model) != TUFF_OK)
        return 0;
    sample->report.model = sample->model;
    return 1;
}

static int make_filters(struct sample *sample, uint32_t filters, uint32_t channels, uint32_t side)
{
    size_t count = (size_t)filters * channels * side * side;
    const uint32_t dims[4] = {filters, channels, side, side};
    sample->filters = calloc(count, sizeof *sample->filters);
    if (sample->filters == NULL)
        return 0;
    for (size_t i = 0; i < count; i++)
        sample->filters[i] = draw(4, i) - 0.5f;
    memcpy(sample->report.filter_dims, dims, sizeof dims);
    sample->report.filters = sample->filters;
    sample->report.filter_name = "conv1.weight";
    return 1;
}

static void show_data(struct sample *sample)
{
    sample->report.data = &sample->data;
    sample->report.data_name = "made up test";
    sample->report.scores = sample->scores;
    sample->report.misses = sample->misses;
}

static int make_nan(struct sample *sample)
{
    if (!make_history(sample, 5, 300, 0) || !make_data(sample, 40, 4, 1, 0))
        return 0;
    for (uint32_t i = 2; i < 5; i++)
        sample->history.epochs[i].train_loss = sample->history.tests[i].loss = NAN;
    for (uint32_t i = 100; i < 300; i++)
        sample->history.steps[i].loss = i % 2 == 0 ? NAN : INFINITY;
    tuff_scores_destroy(&sample->scores);
    tuff_misses_destroy(&sample->misses);
    for (size_t i = 0; i < 40 * 4; i++)
        sample->logits[i] = NAN;
    show_data(sample);
    if (!make_filters(sample, 4, 1, 3))
        return 0;
    sample->filters[0] = NAN;
    sample->filters[1] = INFINITY;
    int made = tuff_scores_create(NULL, sample->logits, sample->labels, 40, 4, &sample->scores) == TUFF_OK &&
               tuff_misses_create(NULL, sample->logits, sample->labels, 40, 4, &sample->misses) == TUFF_OK;
    show_data(sample);
    return made;
}

static int make_interrupted(struct sample *sample)
{
    if (!make_history(sample, 1, 0, 0))
        return 0;
    sample->history.epochs[0].whole = 0;
    sample->history.epochs[0].tested = 0;
    sample->history.test_count = 0;
    sample->history.epochs[0].test_loss = sample->history.epochs[0].test_accuracy = NAN;
    return 1;
}

int sample_make(int which, struct sample *sample)
{
    static const char *const names[SAMPLE_COUNT] = {"plain", "two", "hundred", "nan", "interrupted", "long"};
    static const struct tuff_report_fact facts[] = {{"device", "some device"},
                                                    {"<b>seed</b>", "42 & \"more\""},
                                                    {"file",
                                                     "/a/path/that/is/long/and/has/no/spaces/at/all/"
                                                     "so/that/it/would/widen/a/page/on/a/phone.yaml"}};
    *sample = (struct sample){.name = names[which], .report = {.size = sizeof sample->report}};
    sample->report.title =
        which == SAMPLE_HUNDRED ? "hostile " SAMPLE_HOSTILE : "lenet-mnist on made up digits";
    sample->report.subtitle = "Trained 2026-01-31 12:00 with the cpu backend on <some & device>";
    sample->report.command = "tuff train 'a b' --data <x> && echo \"y\"";
    sample->report.facts = facts;
    sample->report.fact_count = 3;
    int made = 0;
    switch (which) {
    case SAMPLE_PLAIN:
        made = make_history(sample, 3, 0, 0) && make_data(sample, 300, 10, 1, 0.3f) && make_model(sample) &&
               make_filters(sample, 6, 1, 3);
        break;
    case SAMPLE_TWO:
        made = make_history(sample, 1, 0, 1) && make_data(sample, 60, 2, 1, 0);
        break;
    case SAMPLE_HUNDRED:
        made = make_history(sample, 2, 50, 0) && make_data(sample, 1000, 100, 3, 0.2f) &&
               make_filters(sample, 64, 3, 7);
        break;
    case SAMPLE_NAN:
        return make_nan(sample);
    case SAMPLE_INTERRUPTED:
        return make_interrupted(sample);
    case SAMPLE_LONG:
        made = make_history(sample, 120, 5000, 1) && make_data(sample, 90, 30, 3, 0.4f) &&
               make_filters(sample, 16, 5, 5);
        break;
    default:
        break;
    }
    if (made)
        show_data(sample);
    return made;
}

void sample_free(struct sample *sample)
{
    for (uint32_t c = 0; sample->names != NULL && c < sample->data.classes; c++)
        free(sample->names[c]);
    free(sample->names);
    free(sample->images);
    free(sample->labels);
    free(sample->logits);
    free(sample->filters);
    free(sample->history.epochs);
    free(sample->history.steps);
    free(sample->history.tests);
    tuff_scores_destroy(&sample->scores);
    tuff_misses_destroy(&sample->misses);
    tuff_model_destroy(&sample->model);
}
