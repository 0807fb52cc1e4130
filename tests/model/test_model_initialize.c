// Initial values: the right distribution, and the same bits on every machine.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tuff/model.h"

static struct tuff_model *model;

static void load_model(void)
{
    cr_assert_eq(tuff_model_load(NULL, "lenet-mnist", &model), TUFF_OK);
}

static void destroy_model(void)
{
    tuff_model_destroy(&model);
}

// *count values of a parameter; the caller frees them.
static float *initialize(size_t index, uint64_t seed, size_t *count)
{
    struct tuff_parameter_info info;
    tuff_model_parameter(model, index, &info);
    *count = (size_t)info.dims[0] * info.dims[1] * info.dims[2] * info.dims[3];
    float *values = malloc((*count + 1) * sizeof *values);
    cr_assert_not_null(values);
    for (size_t i = 0; i <= *count; i++)
        values[i] = NAN;
    tuff_model_initialize(model, index, seed, values);
    cr_expect(isnan(values[*count]), "parameter %zu: written past its end", index);
    return values;
}

Test(model_initialize, uniform_within_the_bound, .init = load_model, .fini = destroy_model)
{
    size_t parameters = tuff_model_parameter_count(model);
    cr_assert_eq(parameters, 10);
    for (size_t index = 0; index < parameters; index++) {
        struct tuff_parameter_info info;
        tuff_model_parameter(model, index, &info);
        size_t count;
        float *values = initialize(index, 42, &count);
        double bound = 1 / sqrt((double)info.fan_in), sum = 0, squares = 0, greatest = 0;
        for (size_t i = 0; i < count; i++) {
            cr_assert(values[i] >= -(float)bound && values[i] < (float)bound, "%s[%zu] is %g", info.name, i,
                      (double)values[i]);
            sum += (double)values[i];
            squares += (double)values[i] * (double)values[i];
            greatest = fmax(greatest, fabs((double)values[i]));
        }
        // Variance bound^2 / 3; five standard deviations of the mean, and of the mean square (bound^2
        // sqrt(4/45)).
        double n = (double)count;
        cr_expect_lt(fabs(sum / n), 5 * bound / sqrt(3 * n), "%s: mean %g", info.name, sum / n);
        cr_expect_lt(fabs(squares / n - bound * bound / 3), 5 * bound * bound * sqrt(4.0 / 45 / n),
                     "%s: mean square %g", info.name, squares / n);
        if (count > 1000)
            cr_expect_gt(greatest, 0.99 * bound, "%s: the greatest is %g of %g", info.name, greatest, bound);
        free(values);
    }
}

Test(model_initialize, same_seed_same_bits, .init = load_model, .fini = destroy_model)
{
    size_t count, other_count;
    float *first = initialize(4, 7, &count), *again = initialize(4, 7, &other_count);
    cr_expect_eq(memcmp(first, again, count * sizeof *first), 0);
    free(again);

    // Another seed (its upper word counts too) and another parameter give other numbers.
    static const uint64_t seeds[] = {8, UINT64_C(0x100000007)};
    for (int s = 0; s < 2; s++) {
        float *other = initialize(4, seeds[s], &other_count);
        size_t equal = 0;
        for (size_t i = 0; i < count; i++)
            equal += first[i] == other[i];
        cr_expect_lt(equal, count / 100);
        free(other);
    }
    float *weight = initialize(8, 7, &count), *bias = initialize(9, 7, &other_count); // of one fan-in
    cr_expect_neq(weight[0], bias[0]);
    free(weight);
    free(bias);
    free(first);
}

Test(model_initialize, golden, .init = load_model, .fini = destroy_model)
{
    // By a Philox4x32-10 in Python that gives the known answers of the Random123 distribution.
    static const struct {
        uint64_t seed;
        size_t index;
        float values[4];
    } golden[] = {
        {0, 0, {-0x1.b65d9cp-3f, 0x1.18de48p-2f, -0x1.14720ep-2f, 0x1.46928p-4f}},
        {0, 4, {0x1.7c18e6p-6f, -0x1.81391ap-5f, -0x1.2e99cp-6f, -0x1.9cd89ap-8f}},
        {UINT64_C(0x123456789abcdef0), 9, {-0x1.87cf06p-4f, 0x1.0fb768p-5f, 0x1.7e695ap-4f, -0x1.292e18p-4f}},
    };
    for (size_t g = 0; g < sizeof golden / sizeof golden[0]; g++) {
        size_t count;
        float *values = initialize(golden[g].index, golden[g].seed, &count);
        for (size_t i = 0; i < 4; i++)
            cr_expect_eq(values[i], golden[g].values[i], "parameter %zu, element %zu: %a, not %a",
                         golden[g].index, i, (double)values[i], (double)golden[g].values[i]);
        free(values);
    }
}
