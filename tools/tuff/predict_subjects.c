#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "metadata.h"
#include "names.h"
#include "predict.h"

// -- Samples of the data set

static enum tuff_status read_index(const char *text, const struct tuff_dataset *set, uint32_t *index)
{
    errno = 0;
    unsigned long long value = strtoull(text, NULL, 10); // of digits alone
    if (errno == 0 && value < set->count) {
        *index = (uint32_t)value;
        return TUFF_OK;
    }
    console_error("predict: --index: expected a sample from 0 to %" PRIu32 ", found '%s'", set->count - 1,
                  name_shown(&text, 0, 40).s);
    return TUFF_ERROR_INVALID;
}

static enum tuff_status take_samples(const struct predict_settings *settings, const struct tuff_dataset *from,
                                     struct subjects *subjects)
{
    size_t bytes = (size_t)from->channels * from->height * from->width;
    uint32_t count = (uint32_t)settings->indices.count;
    subjects->samples = calloc(count, sizeof *subjects->samples);
    subjects->labels = calloc(count, sizeof *subjects->labels);
    subjects->images = malloc(count * bytes);
    if (subjects->samples == NULL || subjects->labels == NULL || subjects->images == NULL) {
        console_error("out of memory");
        return TUFF_ERROR_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        enum tuff_status status = read_index(settings->indices.items[i], from, &subjects->samples[i]);
        if (status != TUFF_OK)
            return status;
        subjects->labels[i] = from->labels[subjects->samples[i]];
        memcpy(subjects->images + i * bytes, from->images + subjects->samples[i] * bytes, bytes);
    }
    subjects->set = *from;
    subjects->set.count = count;
    subjects->set.images = subjects->images;
    subjects->set.labels = subjects->labels;
    return TUFF_OK;
}

// -- Files

// The names that the checkpoint holds, one a line; NULL where it has none, or another number than the model's
// classes.
static char **checkpoint_names(const struct evaluation *evaluation)
{
    const char *text = tuff_metadata_find(evaluation->metadata, METADATA_CLASSES);
    uint32_t classes = tuff_model_classes(evaluation->setup.model), count = 0;
    size_t length = text == NULL ? 0 : strlen(text);
    if (length == 0)
        return NULL;
    // The pointers, then the text that they point into.
    char **names = malloc(classes * sizeof *names + length + 1);
    if (names == NULL)
        return NULL;
    char *rest = (char *)(names + classes);
    memcpy(rest, text, length + 1);
    for (char *line; (line = strsep(&rest, "\n")) != NULL; count++)
        if (count < classes)
            names[count] = line;
    if (count == classes)
        return names;
    free(names);
    return NULL;
}

// Of a checkpoint that does not name its classes, the data set's names, if that can be had.
static const char *const *data_names(struct predict_settings *settings, struct evaluation *evaluation)
{
    struct setup *setup = &evaluation->setup;
    if (settings->evaluation.data.name == NULL)
        return NULL;
    console_hold_errors();
    enum tuff_status status = evaluation_load_data(&settings->evaluation, evaluation);
    console_release_errors(true);
    return status == TUFF_OK && setup->test->classes == tuff_model_classes(setup->model)
               ? setup->test->class_names
               : NULL;
}

static enum tuff_status read_files(struct predict_settings *settings, struct evaluation *evaluation,
                                   struct subjects *subjects)
{
    struct tuff_log log = console_log();
    uint32_t input[3];
    tuff_model_input(evaluation->setup.model, input);
    subjects->class_names = checkpoint_names(evaluation);
    const char *const *names = (const char *const *)subjects->class_names;
    if (names == NULL)
        names = data_names(settings, evaluation);
    if (names == NULL)
        console_note("the names of the classes are not known; they are shown as numbers");
    enum tuff_status status =
        tuff_dataset_load_files(&log, (const char *const *)settings->files, settings->file_count, input,
                                tuff_model_classes(evaluation->setup.model), names, &subjects->files);
    if (status == TUFF_OK)
        subjects->set = *subjects->files;
    return status;
}

// -- Both

enum tuff_status subjects_open(struct predict_settings *settings, const char *operand,
                               struct evaluation *evaluation, struct subjects *subjects)
{
    *subjects = (struct subjects){.files = NULL};
    if (settings->file_count == 0) {
        enum tuff_status status = evaluation_open(&settings->evaluation, operand, evaluation);
        return status == TUFF_OK ? take_samples(settings, evaluation->setup.test, subjects) : status;
    }
    enum tuff_status status = evaluation_open_model(&settings->evaluation, operand, evaluation);
    return status == TUFF_OK ? read_files(settings, evaluation, subjects) : status;
}

void subjects_free(struct subjects *subjects)
{
    tuff_dataset_destroy(&subjects->files);
    free(subjects->samples);
    free(subjects->images);
    free(subjects->labels);
    free(subjects->class_names);
}

struct subject_name subject_name(const struct predict_settings *settings, const struct subjects *subjects,
                                 uint32_t i)
{
    struct subject_name name;
    if (subjects->samples == NULL)
        tuff_clean_name(name.s, sizeof name.s, settings->files[i], 100);
    else
        snprintf(name.s, sizeof name.s, "%s %s %" PRIu32, subjects->set.name,
                 evaluation_split_name(&settings->evaluation), subjects->samples[i]);
    return name;
}

uint32_t subject_label(const struct subjects *subjects, uint32_t i)
{
    return subjects->samples == NULL ? TUFF_NO_GUESS : subjects->labels[i];
}
