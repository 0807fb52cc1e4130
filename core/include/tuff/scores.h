// How good a classifier is: what its logits say of a labelled set (tuff_trainer_outputs gives them). All on the host.
#ifndef TUFF_SCORES_H
#define TUFF_SCORES_H

#include "log.h"

#ifdef __cplusplus
extern "C" {
#endif

// The class of a sample whose logits contain NaN: the model has not decided.
#define TUFF_NO_GUESS UINT32_MAX

// The class that the logits name, the first of the greatest ones, as the loss counts it; or TUFF_NO_GUESS.
// logits: (classes), at least 1.
TUFF_API uint32_t tuff_guess(const float *logits, uint32_t classes);

// exp(logits[k]) / sum over j of exp(logits[j]), in double, with the greatest logit subtracted first; all NaN where a
// logit is NaN. logits, probabilities: (classes).
TUFF_API void tuff_softmax(const float *logits, uint32_t classes, double *probabilities);

// The classes of the greatest logits, the greatest first, of equal ones the lower class first; NaN comes last. order:
// room for `count` of them, at most `classes`.
TUFF_API void tuff_top_classes(const float *logits, uint32_t classes, uint32_t *order, uint32_t count);

struct tuff_class_score {
    uint64_t support;   // samples that have this label
    uint64_t guessed;   // samples that were taken for it
    uint64_t correct;   // both
    double precision;   // correct / guessed; NaN if it was never guessed
    double recall;      // correct / support; NaN if it has no samples
    double f1;          // 2 correct / (support + guessed), the harmonic mean of both; NaN if there is neither
};

struct tuff_scores {
    size_t size;
    uint32_t classes;
    uint64_t samples;
    uint64_t correct;
    uint64_t top5;      // samples whose label is among the five greatest logits
    uint64_t unguessed; // samples without a guess; they are in no column of the matrix
    double loss;        // mean of -log(softmax(logits)[label]), in nats
    // Means over the classes that have samples or were guessed, each of the same weight; a figure that is NaN counts
    // as 0 in them.
    double precision, recall, f1;
    uint64_t *confusion;                // (classes,classes): row label, column guess
    struct tuff_class_score *per_class; // (classes)
};

// logits: (count,classes) row-major. labels: (count), each below classes. Failure: no sample, no class, a label that
// is no class, memory; then *scores is NULL.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_scores_create(const struct tuff_log *log, const float *logits,
                                                             const uint32_t *labels, uint32_t count,
                                                             uint32_t classes, struct tuff_scores **scores);
// NULL-safe, and *scores becomes NULL.
TUFF_API void tuff_scores_destroy(struct tuff_scores **scores);

// A sample that was taken for another class.
struct tuff_miss {
    uint32_t index;           // in the set
    uint32_t label;
    uint32_t guess;           // may be TUFF_NO_GUESS
    double confidence;        // the probability of the guess; NaN without one
    double label_probability; // of the label
};

struct tuff_misses {
    size_t size;
    uint32_t count;
    struct tuff_miss *items; // (count): the most confident first, then by index; those without a guess at the end
};

// All of them. Arguments and failure as of tuff_scores_create; no miss at all is success with a count of 0.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_misses_create(const struct tuff_log *log, const float *logits,
                                                             const uint32_t *labels, uint32_t count,
                                                             uint32_t classes, struct tuff_misses **misses);
// NULL-safe, and *misses becomes NULL.
TUFF_API void tuff_misses_destroy(struct tuff_misses **misses);

// Two classes that are mixed up.
struct tuff_mix_up {
    uint32_t label, guess;
    uint64_t count;
    double share; // of the label's samples
};

// The most frequent ones off the matrix's diagonal, by count, then by label and guess. Fills at most `capacity`
// entries and returns how many it filled.
TUFF_API uint32_t tuff_scores_mix_ups(const struct tuff_scores *scores, struct tuff_mix_up *mix_ups,
                                      uint32_t capacity);

#ifdef __cplusplus
}
#endif
#endif
