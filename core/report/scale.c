#include "scale.h"

#include <math.h>

// The least of 1, 2, 5 times a power of ten that is not below `step`.
static double round_up(double step)
{
    double power = pow(10, floor(log10(step)));
    double part = step / power;
    // A little slack, so that 2.0000001 is 2.
    return power * (part <= 1.000001 ? 1 : part <= 2.000001 ? 2 : part <= 5.000001 ? 5 : 10);
}

void tuff_scale_linear(struct tuff_scale *scale, double low, double high, uint32_t wanted, bool whole)
{
    if (!(high - low > 1e-9 * fmax(fabs(low), fabs(high)))) {
        double margin = whole ? 1 : low == 0 ? 1 : fabs(low) / 2;
        low -= margin;
        high += margin;
    }
    double step = round_up((high - low) / wanted);
    if (whole && step < 1)
        step = 1;
    double first = floor(low / step + 1e-9), last = ceil(high / step - 1e-9);
    *scale = (struct tuff_scale){.low = first * step, .high = last * step, .step = step};
    for (double i = first; i <= last && scale->tick_count < TUFF_MAX_TICKS; i++)
        scale->ticks[scale->tick_count++] = i * step;
}

void tuff_scale_logarithmic(struct tuff_scale *scale, double low, double high)
{
    double first = floor(log10(low) + 1e-9), last = ceil(log10(high) - 1e-9);
    if (last <= first)
        last = first + 1;
    // Every power, or every second, third … where they are many.
    double stride = ceil((last - first) / 6);
    *scale = (struct tuff_scale){.logarithmic = true, .low = pow(10, first), .high = pow(10, last)};
    for (double i = first; i <= last && scale->tick_count < TUFF_MAX_TICKS; i += stride)
        scale->ticks[scale->tick_count++] = pow(10, i);
}

double tuff_scale_place(const struct tuff_scale *scale, double value)
{
    double low = scale->low, high = scale->high;
    if (scale->logarithmic) {
        low = log10(low);
        high = log10(high);
        value = log10(value);
    }
    return scale->from + (value - low) / (high - low) * (scale->to - scale->from);
}
