#include "tuff/random.h"

#include <math.h>
#include <stddef.h>

enum { ROUNDS = 10 };

// Constants of Philox4x32, from the paper's table 2.
static const uint32_t MULTIPLIER_0 = 0xD2511F53u, MULTIPLIER_1 = 0xCD9E8D57u;
static const uint32_t WEYL_0 = 0x9E3779B9u, WEYL_1 = 0xBB67AE85u;

void tuff_random_block(uint64_t seed, enum tuff_random_purpose purpose, uint32_t step, uint64_t element,
                       uint32_t out[4])
{
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    uint32_t c0 = (uint32_t)element, c1 = (uint32_t)(element >> 32), c2 = step, c3 = (uint32_t)purpose;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t p0 = (uint64_t)MULTIPLIER_0 * c0, p1 = (uint64_t)MULTIPLIER_1 * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c0 = n0, c1 = (uint32_t)p1, c2 = n2, c3 = (uint32_t)p0;
        k0 += WEYL_0, k1 += WEYL_1;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

uint32_t tuff_random_u32(uint64_t seed, enum tuff_random_purpose purpose, uint32_t step, uint64_t element)
{
    uint32_t block[4];
    tuff_random_block(seed, purpose, step, element, block);
    return block[0];
}

float tuff_random_uniform(uint64_t seed, enum tuff_random_purpose purpose, uint32_t step, uint64_t element)
{
    return (float)(tuff_random_u32(seed, purpose, step, element) >> 8) * 0x1p-24f;
}

// Horner's rule; the highest power's coefficient first.
static double polynomial(const double *coefficients, size_t count, double x)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum = sum * x + coefficients[i];
    return sum;
}

// The quantile of the normal distribution: algorithm AS 241, PPND16 (Wichura, 1988), without its third case,
// which begins below 1.4e-11. Relative error 1e-16 or so.
static double normal_quantile(double p)
{
    static const double centre[2][8] = {
        {2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
         13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608},
        {5226.495278852854561, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
         5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0}};
    static const double tail[2][8] = {
        {7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258,
         3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734},
        {1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459,
         0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1.0}};
    double q = p - 0.5;
    if (fabs(q) <= 0.425) {
        double r = 0.180625 - q * q;
        return q * polynomial(centre[0], 8, r) / polynomial(centre[1], 8, r);
    }
    double r = sqrt(-log(q < 0 ? p : 1 - p)) - 1.6;
    return copysign(polynomial(tail[0], 8, r) / polynomial(tail[1], 8, r), q);
}

double tuff_random_normal(uint64_t seed, enum tuff_random_purpose purpose, uint32_t step, uint64_t element)
{
    return normal_quantile(((tuff_random_u32(seed, purpose, step, element) >> 8) + 0.5) * 0x1p-24);
}

void tuff_random_permutation(uint64_t seed, uint32_t epoch, uint32_t count, uint32_t *order)
{
    for (uint32_t i = 0; i < count; i++)
        order[i] = i;
    for (uint32_t i = count; i-- > 1;) {
        uint32_t j =
            (uint32_t)(((uint64_t)tuff_random_u32(seed, TUFF_RANDOM_SHUFFLE, epoch, i) * (i + 1)) >> 32);
        uint32_t other = order[j];
        order[j] = order[i];
        order[i] = other;
    }
}
