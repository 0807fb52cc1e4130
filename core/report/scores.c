#include "tuff/scores.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "outputs.h"

enum { TOP = 5 };

uint32_t tuff_guess(const float *logits, uint32_t classes)
{
    uint32_t best = 0;
    for (uint32_t c = 0; c < classes; c++) {
        if (isnan(logits[c]))
            return TUFF_NO_GUESS;
        if (logits[c] > logits[best])
            best = c;
    }
    return best;
}

// log(sum over c of exp(logits[c])); NaN where a logit is.
static double log_sum_exp(const float *logits, uint32_t classes)
{
    uint32_t best = tuff_guess(logits, classes);
    if (best == TUFF_NO_GUESS)
        return NAN;
    double greatest = (double)logits[best], sum = 0;
    for (uint32_t c = 0; c < classes; c++)
        sum += exp((double)logits[c] - greatest);
    return greatest + log(sum);
}

void tuff_softmax(const float *logits, uint32_t classes, double *probabilities)
{
    double total = log_sum_exp(logits, classes);
    for (uint32_t c = 0; c < classes; c++)
        probabilities[c] = exp((double)logits[c] - total);
}

double tuff_probability(const float *logits, uint32_t classes, uint32_t class)
{
    return exp((double)logits[class] - log_sum_exp(logits, classes));
}

// Whether class a comes before class b.
static bool precedes(const float *logits, uint32_t a, uint32_t b)
{
    if (isnan(logits[a]) || isnan(logits[b]) || logits[a] == logits[b])
        return isnan(logits[a]) == isnan(logits[b]) ? a < b : isnan(logits[b]);
    return logits[a] > logits[b];
}

void tuff_top_classes(const float *logits, uint32_t classes, uint32_t *order, uint32_t count)
{
    uint32_t filled = 0;
    for (uint32_t c = 0; c < classes && count > 0; c++) {
        uint32_t place = filled;
        while (place > 0 && precedes(logits, c, order[place - 1]))
            place--;
        if (place == count)
            continue;
        if (filled < count)
            filled++;
        for (uint32_t i = filled - 1; i > place; i--)
            order[i] = order[i - 1];
        order[place] = c;
    }
}

enum tuff_status tuff_outputs_check(const struct tuff_log *log, const uint32_t *labels, uint32_t count,
                                    uint32_t classes)
{
    if (count == 0 || classes == 0)
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "scores: expected samples and classes, found %" PRIu32 " samples of %" PRIu32
                         " classes",
                         count, classes);
    for (uint32_t n = 0; n < count; n++)
        if (labels[n] >= classes)
            return tuff_fail(log, TUFF_ERROR_INVALID,
                             "scores: expected labels below %" PRIu32 ", found %" PRIu32
                             " at sample %" PRIu32,
                             classes, labels[n], n);
    return TUFF_OK;
}

// How many classes come before `label` when the logits are sorted, the greatest first.
static uint32_t rank_of(const float *logits, uint32_t classes, uint32_t label)
{
    uint32_t rank = 0;
    for (uint32_t c = 0; c < classes; c++)
        rank += logits[c] > logits[label] || (c < label && logits[c] == logits[label]);
    return rank;
}

static void count_sample(struct tuff_scores *scores, const float *logits, uint32_t label)
{
    uint32_t guess = tuff_guess(logits, scores->classes);
    scores->per_class[label].support++;
    if (guess == TUFF_NO_GUESS) {
        scores->unguessed++;
        return;
    }
    scores->confusion[(size_t)label * scores->classes + guess]++;
    scores->per_class[guess].guessed++;
    if (guess == label) {
        scores->per_class[label].correct++;
        scores->correct++;
    }
    scores->top5 += rank_of(logits, scores->classes, label) < TOP;
}

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : NAN;
}

static double or_zero(double value)
{
    return isnan(value) ? 0.0 : value;
}

static void judge_classes(struct tuff_scores *scores)
{
    double present = 0;
    for (uint32_t c = 0; c < scores->classes; c++) {
        struct tuff_class_score *score = &scores->per_class[c];
        double correct = (double)score->correct;
        score->precision = ratio(correct, (double)score->guessed);
        score->recall = ratio(correct, (double)score->support);
        score->f1 = ratio(2 * correct, (double)score->guessed + (double)score->support);
        present += score->guessed + score->support > 0;
        scores->precision += or_zero(score->precision);
        scores->recall += or_zero(score->recall);
        scores->f1 += or_zero(score->f1);
    }
    scores->precision /= present;
    scores->recall /= present;
    scores->f1 /= present;
}

enum tuff_status tuff_scores_create(const struct tuff_log *log, const float *logits, const uint32_t *labels,
                                    uint32_t count, uint32_t classes, struct tuff_scores **scores)
{
    *scores = NULL;
    enum tuff_status status = tuff_outputs_check(log, labels, count, classes);
    if (status != TUFF_OK)
        return status;
    struct tuff_scores *made = calloc(1, sizeof *made);
    if (made != NULL) {
        made->confusion = calloc((size_t)classes * classes, sizeof *made->confusion);
        made->per_class = calloc(classes, sizeof *made->per_class);
    }
    if (made == NULL || made->confusion == NULL || made->per_class == NULL) {
        tuff_scores_destroy(&made);
        return tuff_fail(log, TUFF_ERROR_MEMORY, "scores of %" PRIu32 " classes: out of memory", classes);
    }
    made->size = sizeof *made;
    made->classes = classes;
    made->samples = count;
    for (uint32_t n = 0; n < count; n++) {
        const float *row = logits + (size_t)n * classes;
        count_sample(made, row, labels[n]);
        made->loss += log_sum_exp(row, classes) - (double)row[labels[n]];
    }
    made->loss /= (double)count;
    judge_classes(made);
    *scores = made;
    return TUFF_OK;
}

void tuff_scores_destroy(struct tuff_scores **scores)
{
    if (scores == NULL || *scores == NULL)
        return;
    free((*scores)->confusion);
    free((*scores)->per_class);
    free(*scores);
    *scores = NULL;
}

uint32_t tuff_scores_mix_ups(const struct tuff_scores *scores, struct tuff_mix_up *mix_ups, uint32_t capacity)
{
    uint32_t filled = 0;
    for (uint32_t label = 0; label < scores->classes; label++) {
        for (uint32_t guess = 0; guess < scores->classes; guess++) {
            uint64_t count = scores->confusion[(size_t)label * scores->classes + guess];
            if (guess == label || count == 0)
                continue;
            // Insertion from behind: one of the same count stays where it is, so the lower label comes first.
            uint32_t place = filled;
            while (place > 0 && mix_ups[place - 1].count < count)
                place--;
            if (place == capacity)
                continue;
            if (filled < capacity)
                filled++;
            for (uint32_t i = filled - 1; i > place; i--)
                mix_ups[i] = mix_ups[i - 1];
            mix_ups[place] = (struct tuff_mix_up){
                label, guess, count, ratio((double)count, (double)scores->per_class[label].support)};
        }
    }
    return filled;
}
