// The parts of tuff predict: which images, and how it tells what they are taken for.
#ifndef TUFF_TOOL_PREDICT_H
#define TUFF_TOOL_PREDICT_H

#include <jansson.h>

#include "evaluation.h"
#include "picture.h"

struct predict_settings {
    struct evaluation_settings evaluation;
    struct option_list indices;
    char *const *files;
    uint32_t file_count;
    uint32_t top;
    const char *save, *style_name;
    enum picture_style style;
    bool json;
};

// The images that were asked for, as a small test set: samples of the data set, or files.
struct subjects {
    struct tuff_dataset set;    // its labels count for samples only
    struct tuff_dataset *files; // owns what set points to; NULL: samples
    uint32_t *samples;          // where each is in the data set; NULL: files
    uint8_t *images;            // of samples, owned
    uint32_t *labels;
    char **class_names; // of files, where they are the checkpoint's own
};

// Opens what `operand` names, as far as it is needed, and reads the images. Says what is wrong on failure and
// leaves what has been opened to evaluation_close and subjects_free.
TUFF_MUST_CHECK enum tuff_status subjects_open(struct predict_settings *settings, const char *operand,
                                               struct evaluation *evaluation, struct subjects *subjects);
void subjects_free(struct subjects *subjects);

struct subject_name {
    char s[256];
};
struct subject_name subject_name(const struct predict_settings *settings, const struct subjects *subjects,
                                 uint32_t i);
// TUFF_NO_GUESS for a file.
uint32_t subject_label(const struct subjects *subjects, uint32_t i);

// What the model says of one image.
struct prediction {
    const float *logits;         // (classes)
    const double *probabilities; // (classes)
    const uint32_t *order;       // the settings' top classes
};

void predict_print(const struct predict_settings *settings, const struct subjects *subjects, uint32_t i,
                   const struct prediction *prediction);
json_t *predict_json(const struct predict_settings *settings, const struct subjects *subjects, uint32_t i,
                     const struct prediction *prediction);
// The whole document; takes the reference to the list of predictions.
TUFF_MUST_CHECK enum tuff_status predict_print_json(const struct predict_settings *settings,
                                                    const struct evaluation *evaluation,
                                                    const struct subjects *subjects, json_t *predictions);
TUFF_MUST_CHECK enum tuff_status predict_save(const struct predict_settings *settings,
                                              const struct subjects *subjects, const float *logits);

#endif
