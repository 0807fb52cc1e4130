#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

static const char no_number[] = "\xE2\x80\x93"; // an en dash

struct tuff_number tuff_fixed(double value, unsigned decimals)
{
    struct tuff_number number;
    double scale = 1;
    for (unsigned i = 0; i < decimals && i < 9; i++)
        scale *= 10;
    double scaled = round(fabs(value) * scale);
    if (!isfinite(value)) {
        snprintf(number.s, sizeof number.s, "%s", no_number);
    } else if (!(scaled < 1e17)) {
        snprintf(number.s, sizeof number.s, "%.0e", value); // no decimals, so no point of a locale
    } else {
        int64_t all = (int64_t)scaled, unit = (int64_t)scale;
        const char *sign = value < 0 && all != 0 ? "-" : "";
        if (decimals == 0)
            snprintf(number.s, sizeof number.s, "%s%" PRId64, sign, all);
        else
            snprintf(number.s, sizeof number.s, "%s%" PRId64 ".%0*" PRId64, sign, all / unit, (int)decimals,
                     all % unit);
    }
    return number;
}

struct tuff_number tuff_significant(double value)
{
    double size = fabs(value);
    if (!isfinite(value) || size == 0)
        return tuff_fixed(value, 0);
    if (size >= 1e6 || size < 1e-4) {
        int exponent = (int)floor(log10(size));
        double mantissa = value / pow(10, exponent);
        if (fabs(mantissa) >= 9.95) {
            mantissa /= 10;
            exponent++;
        }
        struct tuff_number number, left = tuff_fixed(mantissa, 1);
        snprintf(number.s, sizeof number.s, "%.32se%d", left.s, exponent);
        return number;
    }
    if (size >= 999.5)
        return tuff_fixed(value, 0);
    // Four digits from 1 on, three below.
    static const double limits[] = {99.995, 9.9995, 0.0995, 0.00995, 0.000995};
    unsigned decimals = 1;
    for (size_t i = 0; i < sizeof limits / sizeof *limits && size < limits[i]; i++)
        decimals++;
    return tuff_fixed(value, decimals);
}

struct tuff_number tuff_percent(double fraction)
{
    struct tuff_number number;
    if (!isfinite(fraction))
        return tuff_fixed(fraction, 0);
    // What is not quite all, or not quite nothing, is not rounded to it.
    double percent = 100 * fraction;
    unsigned decimals = fraction == 0 || fraction == 1 ? 0 : 1;
    const char *sign = "";
    if (fraction > 0 && fraction < 0.0000995) {
        sign = "<";
        percent = 0.01;
        decimals = 2;
    } else if (fraction > 0 && fraction < 0.000995) {
        decimals = 2;
    } else if (fraction < 1 && fraction >= 0.9995) {
        percent = fmin(percent, 99.99);
        decimals = 2;
    }
    snprintf(number.s, sizeof number.s, "%s%.40s\xC2\xA0%%", sign, tuff_fixed(percent, decimals).s);
    return number;
}

struct tuff_number tuff_grouped(uint64_t count)
{
    struct tuff_number number;
    char digits[24];
    size_t length = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, count), used = 0;
    for (size_t i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            number.s[used++] = ',';
        number.s[used++] = digits[i];
    }
    number.s[used] = '\0';
    return number;
}
