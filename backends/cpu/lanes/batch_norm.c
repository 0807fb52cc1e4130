// Batch normalization of one channel of one block or sample. Absent lanes are masked rather than multiplied
// by 0: what stands there may be anything. Blocks that lack none, nearly all of them, go without masks.
#include "kernels.h"
#include "present.h"

LANES_INLINE float sum_of_four(const vf sum[4])
{
    return v_sum((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

// x, or 0 where a lane is absent. whole: constant; none is.
LANES_INLINE vf keep_present(const int whole, vm there, vf x)
{
    return whole ? x : v_keep(there, x);
}

// The sum of x - shift, or of the squares of x - shift - mean. Deviations are taken from a value of the
// channel's own, so that a mean far from zero costs no digits.
LANES_INLINE float sum_deviations(const int whole, const float *x, size_t count, uint32_t present, vf shift,
                                  vf mean, int squared)
{
    vf sum[4] = {v_zero(), v_zero(), v_zero(), v_zero()};
    vm there[4];
    LANES_UNROLL
    for (int q = 0; q < 4; q++)
        there[q] = present_lanes(present, q);
    size_t i = 0;
    for (; i + PRESENT_STEP <= count; i += PRESENT_STEP) {
        LANES_UNROLL
        for (int q = 0; q < 4; q++) {
            const vf d = (v_load(x + i + q * LANES_WIDTH) - shift) - mean;
            sum[q] += keep_present(whole, there[q], squared ? d * d : d);
        }
    }
    for (int q = 0; i < count; i += LANES_WIDTH, q++) {
        const vf d = (v_load_first(x + i, count - i) - shift) - mean;
        sum[0] += v_keep(v_and(there[q], first_lanes(count - i)), squared ? d * d : d);
    }
    return sum_of_four(sum);
}

LANES_INLINE void moments_of(const int whole, const float *x, size_t count, uint32_t present, float shift,
                             float *mean, float *squares)
{
    const float of = (float)present_count(count, present);
    *mean = sum_deviations(whole, x, count, present, v_splat(shift), v_zero(), 0) / of;
    *squares = sum_deviations(whole, x, count, present, v_splat(shift), v_splat(*mean), 1);
}

void LANES_FN(moments)(const float *x, size_t count, uint32_t present, float shift, float *mean,
                       float *squares)
{
    if (present == LANES_BLOCK)
        moments_of(1, x, count, present, shift, mean, squares);
    else
        moments_of(0, x, count, present, shift, mean, squares);
}

LANES_INLINE void normalize_of(const int whole, const int relu, float *y, const float *x, size_t count,
                               uint32_t present, const struct lanes_normalize *n)
{
    const vf mean = v_splat(n->mean), scale = v_splat(n->scale), offset = v_splat(n->offset);
    vm there[4];
    LANES_UNROLL
    for (int q = 0; q < 4; q++)
        there[q] = present_lanes(present, q);
    size_t i = 0;
    for (; i + PRESENT_STEP <= count; i += PRESENT_STEP) {
        LANES_UNROLL
        for (int q = 0; q < 4; q++) {
            const vf value = (v_load(x + i + q * LANES_WIDTH) - mean) * scale + offset;
            v_store(y + i + q * LANES_WIDTH, keep_present(whole, there[q], relu ? v_relu(value) : value));
        }
    }
    for (int q = 0; i < count; i += LANES_WIDTH, q++) {
        const vf value = (v_load_first(x + i, count - i) - mean) * scale + offset;
        v_store_first(y + i, v_keep(there[q], relu ? v_relu(value) : value), count - i);
    }
}

void LANES_FN(normalize)(float *y, const float *x, size_t count, uint32_t present,
                         const struct lanes_normalize *n)
{
    if (present == LANES_BLOCK && n->relu)
        normalize_of(1, 1, y, x, count, present, n);
    else if (present == LANES_BLOCK)
        normalize_of(1, 0, y, x, count, present, n);
    else if (n->relu)
        normalize_of(0, 1, y, x, count, present, n);
    else
        normalize_of(0, 0, y, x, count, present, n);
}

// dy, or 0 where the ReLU behind it let nothing through. relu: constant; there is one, and y is its output.
LANES_INLINE vf through_relu(const int relu, vf dy, const float *y, size_t at)
{
    return relu ? v_keep(v_greater(v_load(y + at), v_zero()), dy) : dy;
}

LANES_INLINE vf through_relu_first(const int relu, vf dy, const float *y, size_t at, size_t count)
{
    return relu ? v_keep(v_greater(v_load_first(y + at, count), v_zero()), dy) : dy;
}

LANES_INLINE void normalize_sums_of(const int whole, const int relu, const float *dy, const float *x,
                                    size_t count, uint32_t present, float mean, const float *y,
                                    float *sum_out, float *product_sum)
{
    const vf center = v_splat(mean);
    vf sum[4] = {v_zero(), v_zero(), v_zero(), v_zero()},
       product[4] = {v_zero(), v_zero(), v_zero(), v_zero()};
    vm there[4];
    LANES_UNROLL
    for (int q = 0; q < 4; q++)
        there[q] = present_lanes(present, q);
    size_t i = 0;
    for (; i + PRESENT_STEP <= count; i += PRESENT_STEP) {
        LANES_UNROLL
        for (int q = 0; q < 4; q++) {
            const size_t at = i + (size_t)q * LANES_WIDTH;
            const vf gradient = through_relu(relu, v_load(dy + at), y, at);
            const vf d = v_load(x + at) - center;
            sum[q] += keep_present(whole, there[q], gradient);
            product[q] += keep_present(whole, there[q], gradient * d);
        }
    }
    for (int q = 0; i < count; i += LANES_WIDTH, q++) {
        const vm here = v_and(there[q], first_lanes(count - i));
        const vf gradient = through_relu_first(relu, v_load_first(dy + i, count - i), y, i, count - i);
        sum[0] += v_keep(here, gradient);
        product[0] += v_keep(here, gradient * (v_load_first(x + i, count - i) - center));
    }
    *sum_out = sum_of_four(sum);
    *product_sum = sum_of_four(product);
}

void LANES_FN(normalize_sums)(const float *dy, const float *x, size_t count, uint32_t present, float mean,
                              const float *y, float *sum, float *product_sum)
{
    if (present == LANES_BLOCK && y)
        normalize_sums_of(1, 1, dy, x, count, present, mean, y, sum, product_sum);
    else if (present == LANES_BLOCK)
        normalize_sums_of(1, 0, dy, x, count, present, mean, NULL, sum, product_sum);
    else if (y)
        normalize_sums_of(0, 1, dy, x, count, present, mean, y, sum, product_sum);
    else
        normalize_sums_of(0, 0, dy, x, count, present, mean, NULL, sum, product_sum);
}

LANES_INLINE vf gradient_of(vf dy, vf x, const struct lanes_normalize_backward *n)
{
    return v_splat(n->scale) * ((dy - v_splat(n->offset)) - (x - v_splat(n->mean)) * v_splat(n->slope));
}

LANES_INLINE void normalize_backward_of(const int whole, const int relu, float *dx, const float *dy,
                                        const float *x, size_t count, uint32_t present, const float *y,
                                        const struct lanes_normalize_backward *n)
{
    const struct lanes_normalize_backward of = *n; // dx could alias *n for all the compiler knows
    vm there[4];
    LANES_UNROLL
    for (int q = 0; q < 4; q++)
        there[q] = present_lanes(present, q);
    size_t i = 0;
    for (; i + PRESENT_STEP <= count; i += PRESENT_STEP) {
        LANES_UNROLL
        for (int q = 0; q < 4; q++) {
            const size_t at = i + (size_t)q * LANES_WIDTH;
            const vf value = gradient_of(through_relu(relu, v_load(dy + at), y, at), v_load(x + at), &of);
            v_store(dx + at, keep_present(whole, there[q], value));
        }
    }
    for (int q = 0; i < count; i += LANES_WIDTH, q++) {
        const vf gradient = through_relu_first(relu, v_load_first(dy + i, count - i), y, i, count - i);
        const vf value = gradient_of(gradient, v_load_first(x + i, count - i), &of);
        v_store_first(dx + i, v_keep(there[q], value), count - i);
    }
}

void LANES_FN(normalize_backward)(float *dx, const float *dy, const float *x, size_t count, uint32_t present,
                                  const float *y, const struct lanes_normalize_backward *n)
{
    if (present == LANES_BLOCK && y)
        normalize_backward_of(1, 1, dx, dy, x, count, present, y, n);
    else if (present == LANES_BLOCK)
        normalize_backward_of(1, 0, dx, dy, x, count, present, NULL, n);
    else if (y)
        normalize_backward_of(0, 1, dx, dy, x, count, present, y, n);
    else
        normalize_backward_of(0, 0, dx, dy, x, count, present, NULL, n);
}
