// Figures of a classifier, against values computed by hand or by another way of counting.
#include <math.h>

#include <criterion/criterion.h>

#include "../data/scratch.h"
#include "tuff/random.h"
#include "tuff/scores.h"

enum { SAMPLES = 500, CLASSES = 7 };

static bool near(double found, double expected)
{
    return fabs(found - expected) <= 1e-12 * fmax(1, fabs(expected));
}

Test(scores, of_three_classes_by_hand)
{
    // Labels 0 0 0 1 1 2, guesses 0 0 1 1 1 0: class 2 is never guessed.
    static const float logits[] = {3, 1, 0, 2, 1, 0, 0, 4, 1, 0, 1, 0, 0, 9, 8, 5, 1, 2};
    static const uint32_t labels[] = {0, 0, 0, 1, 1, 2};
    static const uint64_t confusion[] = {2, 1, 0, 0, 2, 0, 1, 0, 0};
    struct tuff_scores *scores;
    cr_assert_eq(tuff_scores_create(NULL, logits, labels, 6, 3, &scores), TUFF_OK);
    for (int i = 0; i < 9; i++)
        cr_expect_eq(scores->confusion[i], confusion[i], "cell %d", i);
    cr_expect_eq(scores->correct, 4u);
    cr_expect_eq(scores->samples, 6u);
    cr_expect_eq(scores->top5, 6u, "with three classes the label is always among five");
    cr_expect(near(scores->per_class[0].precision, 2.0 / 3) && near(scores->per_class[0].recall, 2.0 / 3));
    cr_expect(near(scores->per_class[1].precision, 2.0 / 3) && near(scores->per_class[1].recall, 1));
    cr_expect(near(scores->per_class[1].f1, 0.8));
    cr_expect(isnan(scores->per_class[2].precision), "never guessed");
    cr_expect_eq(scores->per_class[2].recall, 0);
    cr_expect_eq(scores->per_class[2].f1, 0);
    cr_expect(near(scores->precision, (2.0 / 3 + 2.0 / 3) / 3), "what is undefined counts as 0");
    cr_expect(near(scores->f1, (2.0 / 3 + 0.8) / 3));
    tuff_scores_destroy(&scores);
    cr_expect_null(scores);
    tuff_scores_destroy(&scores);
}

// The same from a list of guesses, class by class, without a matrix.
Test(scores, of_random_logits_agree_with_counting)
{
    static float logits[SAMPLES * CLASSES];
    static uint32_t labels[SAMPLES], guesses[SAMPLES];
    double loss = 0, f1 = 0;
    uint64_t top5 = 0;
    for (uint32_t n = 0; n < SAMPLES; n++) {
        double sum = 0;
        labels[n] = tuff_random_u32(1, TUFF_RANDOM_TEST, 0, n) % CLASSES;
        guesses[n] = 0;
        for (uint32_t c = 0; c < CLASSES; c++) {
            float value = 6 * tuff_random_uniform(1, TUFF_RANDOM_TEST, 1, n * CLASSES + c) - 3;
            logits[n * CLASSES + c] = value + (c == labels[n] ? 1.0f : 0.0f);
            sum += exp((double)logits[n * CLASSES + c]);
            guesses[n] = logits[n * CLASSES + c] > logits[n * CLASSES + guesses[n]] ? c : guesses[n];
        }
        loss += log(sum) - (double)logits[n * CLASSES + labels[n]];
        uint32_t above = 0;
        for (uint32_t c = 0; c < CLASSES; c++)
            above += logits[n * CLASSES + c] > logits[n * CLASSES + labels[n]];
        top5 += above < 5;
    }
    struct tuff_scores *scores;
    cr_assert_eq(tuff_scores_create(NULL, logits, labels, SAMPLES, CLASSES, &scores), TUFF_OK);
    cr_expect(fabs(scores->loss - loss / SAMPLES) < 1e-10);
    cr_expect_eq(scores->top5, top5);
    cr_expect(top5 < SAMPLES && top5 > scores->correct);
    for (uint32_t c = 0; c < CLASSES; c++) {
        double hits = 0, label = 0, guess = 0;
        for (uint32_t n = 0; n < SAMPLES; n++) {
            hits += labels[n] == c && guesses[n] == c;
            label += labels[n] == c;
            guess += guesses[n] == c;
        }
        double precision = hits / guess, recall = hits / label;
        cr_expect(near(scores->per_class[c].precision, precision));
        cr_expect(near(scores->per_class[c].recall, recall));
        cr_expect(near(scores->per_class[c].f1, 2 * precision * recall / (precision + recall)));
        cr_expect_eq(scores->per_class[c].support, (uint64_t)label);
        f1 += 2 * precision * recall / (precision + recall) / CLASSES;
    }
    cr_expect(near(scores->f1, f1));
    tuff_scores_destroy(&scores);
}

Test(scores, of_what_is_no_number)
{
    // The second sample has no guess; it counts as wrong and is in no column.
    static const float logits[] = {1, 2, NAN, 5, INFINITY, 0};
    static const uint32_t labels[] = {1, 1, 0};
    struct tuff_scores *scores;
    struct tuff_misses *misses;
    cr_assert_eq(tuff_scores_create(NULL, logits, labels, 3, 2, &scores), TUFF_OK);
    cr_expect_eq(scores->unguessed, 1u);
    cr_expect_eq(scores->correct, 2u);
    cr_expect_eq(scores->confusion[2] + scores->confusion[3], 1u);
    cr_expect(near(scores->per_class[1].recall, 0.5));
    cr_expect(isnan(scores->loss));
    cr_assert_eq(tuff_misses_create(NULL, logits, labels, 3, 2, &misses), TUFF_OK);
    cr_assert_eq(misses->count, 1u);
    cr_expect_eq(misses->items[0].index, 1u);
    cr_expect_eq(misses->items[0].guess, TUFF_NO_GUESS);
    cr_expect(isnan(misses->items[0].confidence));
    tuff_misses_destroy(&misses);
    cr_expect_null(misses);
    tuff_scores_destroy(&scores);
}

Test(scores, guess_is_the_first_of_the_greatest)
{
    static const float ties[] = {1, 3, 3, 2}, lowest[] = {-INFINITY, -INFINITY}, none[] = {1, NAN};
    uint32_t order[4];
    cr_expect_eq(tuff_guess(ties, 4), 1u);
    cr_expect_eq(tuff_guess(lowest, 2), 0u);
    cr_expect_eq(tuff_guess(none, 2), TUFF_NO_GUESS);
    tuff_top_classes(ties, 4, order, 4);
    cr_expect(order[0] == 1 && order[1] == 2 && order[2] == 3 && order[3] == 0);
    tuff_top_classes(ties, 4, order, 2);
    cr_expect(order[0] == 1 && order[1] == 2);
    static const float holes[] = {NAN, 1, NAN, 2};
    tuff_top_classes(holes, 4, order, 4);
    cr_expect(order[0] == 3 && order[1] == 1 && order[2] == 0 && order[3] == 2);
}

Test(scores, softmax_of_great_logits)
{
    static const float logits[] = {1000, 1001, 999};
    double p[3], whole = 1 + exp(1) + exp(2);
    tuff_softmax(logits, 3, p);
    cr_expect(near(p[0], exp(1) / whole) && near(p[1], exp(2) / whole) && near(p[2], 1 / whole));
    static const float broken[] = {NAN, 1};
    tuff_softmax(broken, 2, p);
    cr_expect(isnan(p[0]) && isnan(p[1]));
}

Test(scores, misses_come_the_most_confident_first)
{
    static const float logits[] = {0, 1, 0, 3, 5, 0, 0, 3, 0, 2};
    static const uint32_t labels[] = {0, 0, 0, 0, 0}; // all but the third are misses, two of one confidence
    struct tuff_misses *misses;
    cr_assert_eq(tuff_misses_create(NULL, logits, labels, 5, 2, &misses), TUFF_OK);
    static const uint32_t order[] = {1, 3, 4, 0};
    cr_assert_eq(misses->count, 4u);
    for (int i = 0; i < 4; i++)
        cr_expect_eq(misses->items[i].index, order[i]);
    cr_expect(near(misses->items[0].confidence, 1 / (1 + exp(-3))));
    cr_expect(near(misses->items[0].label_probability, 1 / (1 + exp(3))));
    tuff_misses_destroy(&misses);
    static const uint32_t right[] = {1};
    cr_assert_eq(tuff_misses_create(NULL, logits, right, 1, 2, &misses), TUFF_OK);
    cr_expect_eq(misses->count, 0u);
    tuff_misses_destroy(&misses);
}

Test(scores, mix_ups_come_the_most_frequent_first)
{
    uint64_t confusion[] = {5, 2, 3, 3, 1, 0, 0, 9, 0};
    struct tuff_class_score classes[] = {{.support = 10}, {.support = 4}, {.support = 9}};
    const struct tuff_scores scores = {.classes = 3, .confusion = confusion, .per_class = classes};
    struct tuff_mix_up found[9];
    cr_assert_eq(tuff_scores_mix_ups(&scores, found, 9), 4u);
    cr_expect(found[0].label == 2 && found[0].guess == 1 && found[0].count == 9 && near(found[0].share, 1));
    cr_expect(found[1].label == 0 && found[1].guess == 2 && near(found[1].share, 0.3));
    cr_expect(found[2].label == 1 && found[2].guess == 0);
    cr_expect(found[3].label == 0 && found[3].guess == 1 && found[3].count == 2);
    cr_assert_eq(tuff_scores_mix_ups(&scores, found, 2), 2u);
    cr_expect(found[0].count == 9 && found[1].count == 3 && found[1].label == 0);
    cr_expect_eq(tuff_scores_mix_ups(&scores, found, 0), 0u);
}

Test(scores, refuse_labels_that_are_no_classes)
{
    static const float logits[] = {0, 1, 0, 1};
    static const uint32_t labels[] = {0, 2};
    struct tuff_scores *scores = (struct tuff_scores *)&scratch_errors;
    scratch_expect(tuff_scores_create(&scratch_log, logits, labels, 2, 2, &scores), TUFF_ERROR_INVALID,
                   "expected labels below 2, found 2 at sample 1");
    cr_expect_null(scores);
    scratch_expect(tuff_scores_create(&scratch_log, logits, labels, 0, 2, &scores), TUFF_ERROR_INVALID,
                   "0 samples");
}
