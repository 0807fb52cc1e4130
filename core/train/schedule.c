#include "schedule.h"

#include <math.h>
#include <stdbool.h>

static const double PI = 3.14159265358979323846;
// Of OneCycleLR, as PyTorch has them by default.
static const double RISING_SHARE = 0.3, INITIAL_DIVISOR = 25, FINAL_DIVISOR = 1e4;

enum tuff_status tuff_schedule_check(const struct tuff_log *log, const struct tuff_trainer_options *options)
{
    const struct tuff_trainer_options *o = options;
    bool stretched = o->schedule == TUFF_SCHEDULE_COSINE || o->schedule == TUFF_SCHEDULE_ONE_CYCLE;
    if (o->schedule > TUFF_SCHEDULE_ONE_CYCLE)
        return tuff_fail(log, TUFF_ERROR_INVALID, "schedule is %u, expected one of enum tuff_schedule",
                         o->schedule);
    if (!(isfinite(o->learning_rate) && o->learning_rate > 0))
        return tuff_fail(log, TUFF_ERROR_INVALID, "learning rate is %g, expected a number above 0",
                         o->learning_rate);
    if (!(o->least_learning_rate >= 0 && o->least_learning_rate < o->learning_rate))
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "least learning rate is %g, expected at least 0 and less than the learning rate, %g",
                         o->least_learning_rate, o->learning_rate);
    if (o->least_learning_rate > 0 && o->schedule == TUFF_SCHEDULE_CONSTANT)
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "a constant learning rate has no use for a least learning rate, %g",
                         o->least_learning_rate);
    if (o->schedule == TUFF_SCHEDULE_STEP && !(isfinite(o->decay_epochs) && o->decay_epochs > 0))
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "the learning rate decays every %g epochs, expected a number above 0",
                         o->decay_epochs);
    if (o->schedule == TUFF_SCHEDULE_STEP && !(o->decay_factor > 0 && o->decay_factor <= 1))
        return tuff_fail(log, TUFF_ERROR_INVALID, "decay factor is %g, expected above 0 and at most 1",
                         o->decay_factor);
    if (!(isfinite(o->warmup_epochs) && o->warmup_epochs >= 0))
        return tuff_fail(log, TUFF_ERROR_INVALID, "warm-up takes %g epochs, expected a number of at least 0",
                         o->warmup_epochs);
    if (stretched && o->epochs == 0)
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "a cosine or one-cycle schedule needs to know the number of epochs");
    if (o->epochs != 0 && o->warmup_epochs >= o->epochs)
        return tuff_fail(log, TUFF_ERROR_INVALID, "warm-up takes %g epochs, but the training has %u",
                         o->warmup_epochs, o->epochs);
    return TUFF_OK;
}

// Half a cosine from `from` at part 0 to `to` at part 1.
static double anneal(double from, double to, double part)
{
    return to + (from - to) / 2 * (1 + cos(PI * part));
}

static double one_cycle(const struct tuff_trainer_options *options, double total, double warmup, double done)
{
    double initial = options->learning_rate / INITIAL_DIVISOR;
    double least = options->least_learning_rate > 0 ? options->least_learning_rate : initial / FINAL_DIVISOR;
    double top = (warmup > 0 ? warmup : RISING_SHARE * total) - 1, end = total - 1;
    if (end <= 0)
        return options->learning_rate;
    if (done >= end)
        return least;
    if (done <= top && top > 0)
        return anneal(initial, options->learning_rate, done / top);
    return anneal(options->learning_rate, least, top > 0 ? (done - top) / (end - top) : done / end);
}

double tuff_schedule_rate(const struct tuff_trainer_options *options, uint32_t steps_per_epoch, uint64_t done)
{
    const struct tuff_trainer_options *o = options;
    double t = (double)done, total = (double)o->epochs * steps_per_epoch;
    double warmup = round(o->warmup_epochs * steps_per_epoch), rate = o->learning_rate;
    switch ((enum tuff_schedule)o->schedule) {
    case TUFF_SCHEDULE_CONSTANT:
        break;
    case TUFF_SCHEDULE_STEP:
        rate *= pow(o->decay_factor,
                    floor(t / (o->decay_epochs * steps_per_epoch) + 1e-9)); // 1.1 epochs of 100 steps are 110
        rate = fmax(rate, o->least_learning_rate);
        break;
    case TUFF_SCHEDULE_COSINE:
        if (t >= total)
            rate = o->least_learning_rate;
        else if (t > warmup)
            rate = anneal(rate, o->least_learning_rate, (t - warmup) / (total - warmup));
        break;
    case TUFF_SCHEDULE_ONE_CYCLE:
        return one_cycle(o, total, warmup, t);
    }
    return t < warmup ? rate * (t + 1) / (warmup + 1) : rate;
}

void tuff_schedule_rows(const struct tuff_trainer_options *options, uint32_t steps_per_epoch, uint32_t done,
                        struct tuff_step_row *rows, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t step = done + i + 1;
        rows[i] = (struct tuff_step_row){
            .step = step,
            .learning_rate = (float)tuff_schedule_rate(options, steps_per_epoch, done + i),
            .bias_correction1 = (float)(1 - pow(options->beta1, step)),
            .bias_correction2_sqrt = (float)sqrt(1 - pow(options->beta2, step)),
            .average_decay = (float)fmin(options->average_decay, (1.0 + step) / (10.0 + step)),
        };
    }
}
