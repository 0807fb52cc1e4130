// Ops that treat every element alike, and sums in a fixed order.
#include "kernels.h"
#include "lanes.h"

void LANES_FN(relu_forward)(float *y, const float *x, size_t count)
{
    size_t i = 0;
    for (; i + LANES_WIDTH <= count; i += LANES_WIDTH)
        v_store(y + i, v_relu(v_load(x + i)));
    if (i < count)
        v_store_first(y + i, v_relu(v_load_first(x + i, count - i)), count - i);
}

LANES_INLINE vf relu_gradient(vf dy, vf y)
{
    return v_keep(v_greater(y, v_zero()), dy);
}

void LANES_FN(relu_backward)(float *dx, const float *dy, const float *y, size_t count)
{
    size_t i = 0;
    for (; i + LANES_WIDTH <= count; i += LANES_WIDTH)
        v_store(dx + i, relu_gradient(v_load(dy + i), v_load(y + i)));
    if (i < count) {
        const vf rest = relu_gradient(v_load_first(dy + i, count - i), v_load_first(y + i, count - i));
        v_store_first(dx + i, rest, count - i);
    }
}

void LANES_FN(add)(float *y, const float *a, const float *b, size_t count)
{
    size_t i = 0;
    for (; i + LANES_WIDTH <= count; i += LANES_WIDTH)
        v_store(y + i, v_load(a + i) + v_load(b + i));
    if (i < count)
        v_store_first(y + i, v_load_first(a + i, count - i) + v_load_first(b + i, count - i), count - i);
}

void LANES_FN(multiply)(float *y, const float *a, const float *b, size_t count)
{
    size_t i = 0;
    for (; i + LANES_WIDTH <= count; i += LANES_WIDTH)
        v_store(y + i, v_load(a + i) * v_load(b + i));
    if (i < count)
        v_store_first(y + i, v_load_first(a + i, count - i) * v_load_first(b + i, count - i), count - i);
}

LANES_INLINE void adam_step(const struct lanes_adam *a, vf *p, vf *m, vf *v, vf g)
{
    g += v_splat(a->weight_decay) * *p;
    if (a->decay != 0) // the compiler takes this out of the loop
        *p -= v_splat(a->decay) * *p;
    *m = v_splat(a->beta1) * *m + v_splat(a->one_minus_beta1) * g;
    *v = v_splat(a->beta2) * *v + v_splat(a->one_minus_beta2) * (g * g);
    const vf denominator = v_sqrt(*v) * v_splat(a->reciprocal_correction2_sqrt) + v_splat(a->epsilon);
    *p -= v_splat(a->step_size) * *m / denominator;
}

void LANES_FN(adam)(const struct lanes_adam *a, float *parameters, float *m, float *v, const float *gradients,
                    size_t count)
{
    size_t i = 0;
    for (; i + LANES_WIDTH <= count; i += LANES_WIDTH) {
        vf p = v_load(parameters + i), mean = v_load(m + i), square = v_load(v + i);
        adam_step(a, &p, &mean, &square, v_load(gradients + i));
        v_store(parameters + i, p);
        v_store(m + i, mean);
        v_store(v + i, square);
    }
    if (i < count) {
        const size_t rest = count - i;
        vf p = v_load_first(parameters + i, rest), mean = v_load_first(m + i, rest);
        vf square = v_load_first(v + i, rest);
        adam_step(a, &p, &mean, &square, v_load_first(gradients + i, rest));
        v_store_first(parameters + i, p, rest);
        v_store_first(m + i, mean, rest);
        v_store_first(v + i, square, rest);
    }
}

LANES_INLINE void sgd_step(const struct lanes_sgd *s, vf *p, vf *velocity, vf g)
{
    g += v_splat(s->weight_decay) * *p;
    if (velocity) {
        *velocity = v_splat(s->momentum) * *velocity + g;
        g = s->nesterov ? g + v_splat(s->momentum) * *velocity : *velocity;
    }
    *p -= v_splat(s->learning_rate) * g;
}

void LANES_FN(sgd)(const struct lanes_sgd *s, float *parameters, float *velocity, const float *gradients,
                   size_t count)
{
    for (size_t i = 0; i < count; i += LANES_WIDTH) {
        const size_t lanes = count - i < LANES_WIDTH ? count - i : LANES_WIDTH;
        vf p = v_load_first(parameters + i, lanes);
        const vf g = v_load_first(gradients + i, lanes);
        if (velocity) {
            vf v = v_load_first(velocity + i, lanes);
            sgd_step(s, &p, &v, g);
            v_store_first(velocity + i, v, lanes);
        } else {
            sgd_step(s, &p, NULL, g);
        }
        v_store_first(parameters + i, p, lanes);
    }
}

void LANES_FN(sum_parts)(float *y, const float *parts, ptrdiff_t part, size_t part_count, size_t count)
{
    for (size_t i = 0; i < count; i += LANES_WIDTH) {
        const size_t lanes = count - i < LANES_WIDTH ? count - i : LANES_WIDTH;
        vf sum = v_load_first(parts + i, lanes);
        for (size_t k = 1; k < part_count; k++)
            sum += v_load_first(parts + (ptrdiff_t)k * part + i, lanes);
        v_store_first(y + i, sum, lanes);
    }
}

float LANES_FN(sum)(const float *x, size_t count)
{
    vf sum[4] = {v_zero(), v_zero(), v_zero(), v_zero()};
    size_t i = 0;
    for (; i + 4 * LANES_WIDTH <= count; i += 4 * LANES_WIDTH) {
        LANES_UNROLL
        for (int q = 0; q < 4; q++)
            sum[q] += v_load(x + i + q * LANES_WIDTH);
    }
    for (; i < count; i += LANES_WIDTH)
        sum[0] += v_load_first(x + i, count - i);
    return v_sum((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

float LANES_FN(sum_of_squares)(const float *x, size_t count)
{
    vf sum[4] = {v_zero(), v_zero(), v_zero(), v_zero()};
    size_t i = 0;
    for (; i + 4 * LANES_WIDTH <= count; i += 4 * LANES_WIDTH) {
        LANES_UNROLL
        for (int q = 0; q < 4; q++) {
            const vf v = v_load(x + i + q * LANES_WIDTH);
            sum[q] += v * v;
        }
    }
    for (; i < count; i += LANES_WIDTH) {
        const vf v = v_load_first(x + i, count - i);
        sum[0] += v * v;
    }
    return v_sum((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

void LANES_FN(scale)(float *x, float factor, size_t count)
{
    for (size_t i = 0; i < count; i += LANES_WIDTH)
        v_store_first(x + i, v_load_first(x + i, count - i) * v_splat(factor), count - i);
}

void LANES_FN(moving_average)(float *average, const float *x, float decay, size_t count)
{
    const vf kept = v_splat(decay), rest = v_splat(1 - decay);
    for (size_t i = 0; i < count; i += LANES_WIDTH) {
        const vf a = v_load_first(average + i, count - i), value = v_load_first(x + i, count - i);
        v_store_first(average + i, kept * a + rest * value, count - i);
    }
}

void LANES_FN(accumulate)(float *sum, const float *x, float part, int first, size_t count)
{
    const vf factor = v_splat(part);
    for (size_t i = 0; i < count; i += LANES_WIDTH) {
        const vf value = factor * v_load_first(x + i, count - i);
        v_store_first(sum + i, first ? value : v_load_first(sum + i, count - i) + value, count - i);
    }
}
