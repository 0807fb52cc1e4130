// Softmax cross-entropy of one block, a sample per lane.
#include <math.h>

#include "kernels.h"
#include "softmax.h"

LANES_INLINE vf sum_of_distances(const float *logits, ptrdiff_t classes, vf best)
{
    vf sum = v_zero();
    for (ptrdiff_t k = 0; k < classes; k++)
        sum += v_load(logits + k * LANES_BLOCK) - best;
    return sum;
}

void LANES_FN(cross_entropy_forward)(const float *logits, const uint32_t *labels, ptrdiff_t classes,
                                     uint32_t valid, const struct lanes_smoothing *smoothing, float *loss,
                                     uint32_t *correct)
{
    float best[LANES_BLOCK], sum[LANES_BLOCK], distance[LANES_BLOCK];
    uint32_t first[LANES_BLOCK];
    for (int h = 0; h < LANES_PARTS; h++) {
        const vf m = greatest(logits + h * LANES_WIDTH, classes);
        v_store(best + h * LANES_WIDTH, m);
        v_store(sum + h * LANES_WIDTH, sum_of_exponentials(logits + h * LANES_WIDTH, classes, m));
        if (smoothing->share != 0)
            v_store(distance + h * LANES_WIDTH, sum_of_distances(logits + h * LANES_WIDTH, classes, m));
        vu where = v_splat_u32(UINT32_MAX); // what no label is: a NaN is nobody's guess
        for (ptrdiff_t k = classes - 1; k >= 0; k--) {
            const vm is_best = v_equal(v_load(logits + k * LANES_BLOCK + h * LANES_WIDTH), m);
            where = v_select_u32(is_best, v_splat_u32((uint32_t)k), where);
        }
        v_store_u32(first + h * LANES_WIDTH, where);
    }
    for (uint32_t lane = 0; lane < LANES_BLOCK; lane++) {
        if (lane < valid) {
            const float z = logits[(ptrdiff_t)labels[lane] * LANES_BLOCK + lane];
            if (smoothing->share != 0)
                loss[lane] =
                    logf(sum[lane]) - smoothing->rest * (z - best[lane]) - smoothing->share * distance[lane];
            else
                loss[lane] = logf(sum[lane]) - (z - best[lane]);
            correct[lane] = first[lane] == labels[lane];
        } else {
            loss[lane] = 0.0f;
            correct[lane] = 0;
        }
    }
}

void LANES_FN(cross_entropy_backward)(const float *logits, const uint32_t *labels, ptrdiff_t classes,
                                      uint32_t valid, const struct lanes_smoothing *smoothing, float scale,
                                      float *dlogits)
{
    const vf at_label = v_splat(smoothing->rest + smoothing->share), elsewhere = v_splat(smoothing->share);
    float present[LANES_BLOCK];
    uint32_t label[LANES_BLOCK];
    for (uint32_t lane = 0; lane < LANES_BLOCK; lane++) {
        present[lane] = lane < valid ? 1.0f : 0.0f;
        label[lane] = lane < valid ? labels[lane] : UINT32_MAX;
    }
    for (int h = 0; h < LANES_PARTS; h++) {
        const float *z = logits + h * LANES_WIDTH;
        float *d = dlogits + h * LANES_WIDTH;
        const vm is_present = v_greater(v_load(present + h * LANES_WIDTH), v_zero());
        const vu right = v_load_u32(label + h * LANES_WIDTH);
        const vf m = greatest(z, classes);
        vf sum = v_zero();
        for (ptrdiff_t k = 0; k < classes; k++) {
            const vf e = exp_of_negative(v_load(z + k * LANES_BLOCK) - m);
            v_store(d + k * LANES_BLOCK, e);
            sum += e;
        }
        for (ptrdiff_t k = 0; k < classes; k++) {
            const vf target = v_select(v_equal_u32(right, v_splat_u32((uint32_t)k)), at_label, elsewhere);
            const vf gradient = (v_load(d + k * LANES_BLOCK) / sum - target) * v_splat(scale);
            v_store(d + k * LANES_BLOCK, v_keep(is_present, gradient));
        }
    }
}
