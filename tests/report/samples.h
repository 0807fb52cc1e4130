// Reports that put the page to the test.
#ifndef TUFF_TESTS_REPORT_SAMPLES_H
#define TUFF_TESTS_REPORT_SAMPLES_H

#include "tuff/report.h"

// Everything that a report names, owned.
struct sample {
    const char *name; // of its folder
    struct tuff_report report;
    struct tuff_dataset data;
    struct tuff_scores *scores;
    struct tuff_misses *misses;
    struct tuff_model *model;
    struct tuff_history history;
    float *logits, *filters;
    uint8_t *images;
    uint32_t *labels;
    char **names;
};

enum {
    SAMPLE_PLAIN,       // ten classes, gray, all sections
    SAMPLE_TWO,         // two classes, no miss
    SAMPLE_HUNDRED,     // a hundred classes, in colour, names that mean something to HTML
    SAMPLE_NAN,         // a training that diverged
    SAMPLE_INTERRUPTED, // in its first epoch; nothing but that
    SAMPLE_LONG,        // many epochs and steps, one learning rate for each
    SAMPLE_COUNT,
};

// 0 if memory is exhausted or the model is none.
int sample_make(int which, struct sample *sample);
void sample_free(struct sample *sample);

// A class name of SAMPLE_HUNDRED that would run a script if it were not escaped.
#define SAMPLE_HOSTILE "<script>alert('x')</script>\" onload=\"alert(1)&amp;"

#endif
