// Logarithm of softmax of one block, and the mean squared error's sums and differences.
#include <math.h>

#include "kernels.h"
#include "present.h"
#include "softmax.h"

void LANES_FN(log_softmax_forward)(float *y, const float *x, ptrdiff_t classes)
{
    float logs[LANES_BLOCK];
    for (int h = 0; h < LANES_PARTS; h++) {
        const float *from = x + h * LANES_WIDTH;
        v_store(logs + h * LANES_WIDTH, sum_of_exponentials(from, classes, greatest(from, classes)));
    }
    for (int lane = 0; lane < LANES_BLOCK; lane++)
        logs[lane] = logf(logs[lane]);
    for (int h = 0; h < LANES_PARTS; h++) {
        const float *from = x + h * LANES_WIDTH;
        const vf m = greatest(from, classes), log_of_sum = v_load(logs + h * LANES_WIDTH);
        for (ptrdiff_t k = 0; k < classes; k++)
            v_store(y + k * LANES_BLOCK + h * LANES_WIDTH, (v_load(from + k * LANES_BLOCK) - m) - log_of_sum);
    }
}

void LANES_FN(log_softmax_backward)(float *dx, const float *dy, const float *y, ptrdiff_t classes)
{
    for (int h = 0; h < LANES_PARTS; h++) {
        vf sum = v_zero();
        for (ptrdiff_t k = 0; k < classes; k++)
            sum += v_load(dy + k * LANES_BLOCK + h * LANES_WIDTH);
        for (ptrdiff_t k = 0; k < classes; k++) {
            const ptrdiff_t at = k * LANES_BLOCK + h * LANES_WIDTH;
            v_store(dx + at, v_load(dy + at) - exp_of_negative(v_load(y + at)) * sum);
        }
    }
}

float LANES_FN(squared_distance)(const float *a, const float *b, size_t count)
{
    vf sum[4] = {v_zero(), v_zero(), v_zero(), v_zero()};
    size_t i = 0;
    for (; i + PRESENT_STEP <= count; i += PRESENT_STEP) {
        LANES_UNROLL
        for (int q = 0; q < 4; q++) {
            const vf d = v_load(a + i + q * LANES_WIDTH) - v_load(b + i + q * LANES_WIDTH);
            sum[q] += d * d;
        }
    }
    for (; i < count; i += LANES_WIDTH) {
        const vf d = v_load_first(a + i, count - i) - v_load_first(b + i, count - i);
        sum[0] += d * d;
    }
    return v_sum((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

// In runs, whose sums are then added: one long sum would outgrow the terms that are still to come.
void LANES_FN(squared_distance_lanes)(const float *a, const float *b, ptrdiff_t positions, float *sums)
{
    enum { RUN = 512 };
    for (int h = 0; h < LANES_PARTS; h++) {
        vf total = v_zero();
        for (ptrdiff_t begin = 0; begin < positions; begin += RUN) {
            const ptrdiff_t end = positions - begin < RUN ? positions : begin + RUN;
            vf sum = v_zero();
            for (ptrdiff_t k = begin; k < end; k++) {
                const ptrdiff_t at = k * LANES_BLOCK + h * LANES_WIDTH;
                const vf d = v_load(a + at) - v_load(b + at);
                sum += d * d;
            }
            total += sum;
        }
        v_store(sums + h * LANES_WIDTH, total);
    }
}

void LANES_FN(scaled_difference)(float *y, const float *a, const float *b, float scale, size_t count,
                                 uint32_t present)
{
    const vf factor = v_splat(scale);
    vm there[4];
    LANES_UNROLL
    for (int q = 0; q < 4; q++)
        there[q] = present_lanes(present, q);
    size_t i = 0;
    for (; i + PRESENT_STEP <= count; i += PRESENT_STEP) {
        LANES_UNROLL
        for (int q = 0; q < 4; q++) {
            const size_t at = i + (size_t)q * LANES_WIDTH;
            v_store(y + at, v_keep(there[q], factor * (v_load(a + at) - v_load(b + at))));
        }
    }
    for (int q = 0; i < count; i += LANES_WIDTH, q++) {
        const vf d = v_load_first(a + i, count - i) - v_load_first(b + i, count - i);
        v_store_first(y + i, v_keep(there[q], factor * d), count - i);
    }
}
