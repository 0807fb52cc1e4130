// Philox against the vectors of its authors (Random123's kat_vectors), and what is built on it.
#include <criterion/criterion.h>
#include <string.h>

#include "tuff/random.h"

// seed, purpose, step and element are the key and the counter: key = seed, counter = element, step, purpose.
Test(philox, known_answers)
{
    static const struct {
        uint64_t key, low;
        uint32_t third, fourth, expected[4];
    } answers[] = {
        {0, 0, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {UINT64_MAX, UINT64_MAX, UINT32_MAX, UINT32_MAX, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {0x299f31d0a4093822,
         0x85a308d3243f6a88,
         0x13198a2e,
         0x03707344,
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        uint32_t out[4];
        tuff_random_block(answers[i].key, (enum tuff_random_purpose)answers[i].fourth, answers[i].third,
                          answers[i].low, out);
        cr_assert_arr_eq(out, answers[i].expected, sizeof out, "vector %zu: %08x %08x %08x %08x", i, out[0],
                         out[1], out[2], out[3]);
    }
}

Test(random, uniform_lies_in_its_interval_with_the_right_mean)
{
    double sum = 0;
    enum { COUNT = 100000 };
    for (uint32_t i = 0; i < COUNT; i++) {
        float u = tuff_random_uniform(7, TUFF_RANDOM_TEST, 3, i);
        cr_assert(u >= 0.0f && u < 1.0f);
        sum += (double)u;
    }
    cr_assert_float_eq(sum / COUNT, 0.5, 5 * 0.2887 / 316.2, "mean %g", sum / COUNT); // five standard errors
}

Test(random, permutation_holds_each_index_once_and_differs_by_epoch)
{
    enum { COUNT = 1000 };
    uint32_t first[COUNT], again[COUNT], other[COUNT];
    uint8_t seen[COUNT] = {0};
    tuff_random_permutation(42, 0, COUNT, first);
    tuff_random_permutation(42, 0, COUNT, again);
    tuff_random_permutation(42, 1, COUNT, other);
    cr_assert_arr_eq(first, again, sizeof first);
    cr_assert_arr_neq(first, other, sizeof first);
    size_t unmoved = 0;
    for (uint32_t i = 0; i < COUNT; i++) {
        cr_assert_lt(first[i], COUNT);
        cr_assert_eq(seen[first[i]]++, 0);
        unmoved += first[i] == i;
    }
    cr_assert_lt(unmoved, 10, "%zu of %d stayed in place", unmoved, COUNT);
}

Test(random, permutations_of_three_are_about_equally_often)
{
    uint32_t counts[6] = {0};
    enum { DRAWS = 6000 };
    for (uint32_t epoch = 0; epoch < DRAWS; epoch++) {
        uint32_t order[3];
        tuff_random_permutation(1, epoch, 3, order);
        counts[order[0] * 2 + (order[1] > order[2])]++;
    }
    for (int i = 0; i < 6; i++)
        cr_assert(counts[i] > 850 && counts[i] < 1150, "order %d: %u of %d", i, counts[i], DRAWS);
}

Test(random, permutation_of_one)
{
    uint32_t order = 9;
    tuff_random_permutation(42, 0, 1, &order);
    cr_assert_eq(order, 0);
}
