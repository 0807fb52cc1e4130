// How tuff eval tells what it found: text, JSON, CSV.
#ifndef TUFF_TOOL_EVAL_OUTPUT_H
#define TUFF_TOOL_EVAL_OUTPUT_H

#include "evaluation.h"

// One line: loss, accuracy, top 5.
void eval_print_summary(const struct evaluation_settings *settings, const struct evaluation *evaluation,
                        const struct tuff_scores *scores);
// A line per class; where there are many, those with the least F1.
void eval_print_classes(const struct tuff_scores *scores, const char *const *names);
// The matrix, or what is mixed up most where it is too wide.
void eval_print_confusion(const struct tuff_scores *scores, const char *const *names);

TUFF_MUST_CHECK enum tuff_status eval_print_json(const struct evaluation_settings *settings,
                                                 const struct evaluation *evaluation,
                                                 const struct tuff_scores *scores);
// A line per class: its figures, and how often it was taken for each class.
TUFF_MUST_CHECK enum tuff_status eval_write_csv(const char *path, const struct tuff_scores *scores,
                                                const char *const *names);

#endif
