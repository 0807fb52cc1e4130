// float16 as bits.
#include <criterion/criterion.h>
#include <math.h>

#include "tuff/half.h"

static uint16_t rounded(double value)
{
    return tuff_half_from_double(value);
}

Test(half, every_number_comes_back)
{
    for (uint32_t bits = 0; bits <= UINT16_MAX; bits++) {
        const float value = tuff_half_to_float((uint16_t)bits);
        if (isnan(value))
            cr_assert((bits & 0x7c00) == 0x7c00 && (bits & 0x3ff) != 0 &&
                      isnan(tuff_half_to_float(rounded((double)value))));
        else
            cr_assert_eq(rounded((double)value), bits);
    }
}

Test(half, known_values)
{
    cr_assert_eq(tuff_half_to_float(0x3c00), 1.0f);
    cr_assert_eq(tuff_half_to_float(0xc000), -2.0f);
    cr_assert_eq(tuff_half_to_float(0x7bff), 65504.0f);
    cr_assert_eq(tuff_half_to_float(0x0001), 0x1p-24f);
    cr_assert_eq(tuff_half_to_float(0x0400), 0x1p-14f);
    cr_assert(isinf(tuff_half_to_float(0xfc00)) && signbit(tuff_half_to_float(0xfc00)));
}

// Between each two neighbours: below the middle down, above it up, the middle itself to the even one.
Test(half, rounds_to_the_nearest_and_ties_to_even)
{
    for (uint32_t bits = 0; bits < 0x7bff; bits++) {
        const double low = (double)tuff_half_to_float((uint16_t)bits),
                     high = (double)tuff_half_to_float((uint16_t)(bits + 1)), middle = (low + high) / 2;
        const uint32_t even = bits + (bits & 1);
        cr_assert_eq(rounded(middle), even, "at 0x%04x", bits);
        cr_assert_eq(rounded(nextafter(middle, 0)), bits);
        cr_assert_eq(rounded(nextafter(middle, INFINITY)), bits + 1);
        cr_assert_eq(rounded(-middle), even | 0x8000);
    }
}

Test(half, ends_of_the_range)
{
    cr_assert_eq(rounded(65519.999), 0x7bff);
    cr_assert_eq(rounded(65520), 0x7c00);
    cr_assert_eq(rounded(-1e300), 0xfc00);
    cr_assert_eq(rounded(INFINITY), 0x7c00);
    cr_assert_eq(rounded(0x1p-25), 0x0000);
    cr_assert_eq(rounded(0x1.000001p-25), 0x0001);
    cr_assert_eq(rounded(-1e-300), 0x8000);
    cr_assert_eq(rounded(-0.0), 0x8000);
}
