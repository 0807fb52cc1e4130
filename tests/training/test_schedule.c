// Learning rates against those of torch.optim.lr_scheduler, computed once by PyTorch 1.13 with lr = 0.1.
#include <math.h>

#include <criterion/criterion.h>

#include "fixture.h"
#include "train/schedule.h"

enum { STEPS = 20, PER_EPOCH = 5 };

static struct tuff_trainer_options options_of(enum tuff_schedule schedule)
{
    struct tuff_trainer_options options;
    tuff_trainer_options_default(&options);
    options.schedule = schedule;
    options.learning_rate = 0.1;
    options.epochs = STEPS / PER_EPOCH;
    return options;
}

static void expect_rates(const struct tuff_trainer_options *options, const double *rates, uint64_t count)
{
    for (uint64_t t = 0; t < count; t++) {
        double rate = tuff_schedule_rate(options, PER_EPOCH, t);
        cr_expect(within(rate, rates[t], 1e-12), "step %llu: %.17g, expected %.17g", (unsigned long long)t,
                  rate, rates[t]);
    }
}

Test(schedule, one_cycle)
{
    static const double rates[STEPS] = {
        0.0040000000000000036, 0.013167184270002533,  0.037167184270002526,  0.066832815729997469,
        0.090832815729997476,  0.10000000000000001,   0.098746400623508743,  0.095048463201347383,
        0.089091617757105002,  0.081174565394976306,  0.071694300179130088,  0.06112620219362893,
        0.050000200000000002,  0.038874197806371073,  0.028306099820869922,  0.018825834605023701,
        0.010908782242895003,  0.0049519367986526289, 0.0012539993764912555, 4e-7,
    };
    struct tuff_trainer_options options = options_of(TUFF_SCHEDULE_ONE_CYCLE);
    expect_rates(&options, rates, STEPS);
    cr_expect(within(tuff_schedule_rate(&options, PER_EPOCH, STEPS + 3), 4e-7, 1e-12), "after its end");
    options.warmup_epochs = 0.3 * STEPS / PER_EPOCH; // says the same
    expect_rates(&options, rates, STEPS);
    options.least_learning_rate = 0.01;
    cr_expect(within(tuff_schedule_rate(&options, PER_EPOCH, STEPS - 1), 0.01, 1e-12));
}

Test(schedule, cosine)
{
    static const double rates[STEPS] = {
        0.10000000000000001,
        0.099445975326781205,
        0.097797543233281922,
        0.095095293588476557,
        0.091405764746872648,
        0.086819805153394644,
        0.081450336353161304,
        0.075429572488279611,
        0.068905764746872641,
        0.062039550926810398,
        0.055,
        0.047960449073189623,
        0.041094235253127366,
        0.034570427511720389,
        0.02854966364683871,
        0.02318019484660536,
        0.018594235253127367,
        0.014904706411523447,
        0.01220245676671809,
        0.010554024673218806,
    };
    struct tuff_trainer_options options = options_of(TUFF_SCHEDULE_COSINE);
    options.least_learning_rate = 0.01;
    expect_rates(&options, rates, STEPS);
    cr_expect_eq(tuff_schedule_rate(&options, PER_EPOCH, STEPS), 0.01);
    // After a warm-up, the same over the steps that are left.
    options.epochs = 5;
    options.warmup_epochs = 1;
    for (uint64_t t = 0; t < STEPS; t++)
        cr_expect(within(tuff_schedule_rate(&options, PER_EPOCH, PER_EPOCH + t), rates[t], 1e-12));
    for (uint64_t t = 0; t < PER_EPOCH; t++)
        cr_expect(within(tuff_schedule_rate(&options, PER_EPOCH, t), 0.1 * (double)(t + 1) / 6, 1e-12));
}

Test(schedule, step)
{
    struct tuff_trainer_options options = options_of(TUFF_SCHEDULE_STEP);
    options.decay_epochs = 1.2; // six steps
    options.decay_factor = 0.3;
    double rates[STEPS];
    for (int t = 0; t < STEPS; t++)
        rates[t] = 0.1 * pow(0.3, t / 6);
    expect_rates(&options, rates, STEPS);
    options.least_learning_rate = 0.02;
    for (int t = 0; t < STEPS; t++)
        rates[t] = fmax(rates[t], 0.02);
    expect_rates(&options, rates, STEPS);
    // 1.1 times 100 is more than 110 as doubles have it.
    options.least_learning_rate = 0;
    options.decay_epochs = 1.1;
    cr_expect_eq(tuff_schedule_rate(&options, 100, 109), 0.1);
    cr_expect(within(tuff_schedule_rate(&options, 100, 110), 0.1 * 0.3, 1e-12));
    cr_expect(within(tuff_schedule_rate(&options, 100, 220), 0.1 * 0.3 * 0.3, 1e-12));
}

Test(schedule, constant)
{
    struct tuff_trainer_options options = options_of(TUFF_SCHEDULE_CONSTANT);
    options.epochs = 0;
    options.warmup_epochs = 0.5; // 2.5 steps: 3
    const double rates[STEPS] = {0.025, 0.05, 0.075, 0.1, 0.1, 0.1};
    expect_rates(&options, rates, 6);
    cr_expect_eq(tuff_schedule_rate(&options, PER_EPOCH, UINT64_C(1) << 40), 0.1);
}

Test(schedule, rows)
{
    struct tuff_trainer_options options = options_of(TUFF_SCHEDULE_COSINE);
    struct tuff_step_row rows[3];
    tuff_schedule_rows(&options, PER_EPOCH, 7, rows, 3);
    for (uint32_t i = 0; i < 3; i++) {
        cr_expect_eq(rows[i].step, 8 + i);
        cr_expect_eq(rows[i].learning_rate, (float)tuff_schedule_rate(&options, PER_EPOCH, 7 + i));
        cr_expect(within((double)rows[i].bias_correction1, 1 - pow(0.9, 8 + i), 1e-6));
        cr_expect(within((double)rows[i].bias_correction2_sqrt, sqrt(1 - pow(0.999, 8 + i)), 1e-6));
    }
}

Test(schedule, refusals)
{
    struct tuff_trainer_options o = options_of(TUFF_SCHEDULE_COSINE);
    cr_expect_eq(tuff_schedule_check(NULL, &o), TUFF_OK);
    o.epochs = 0;
    cr_expect_eq(tuff_schedule_check(NULL, &o), TUFF_ERROR_INVALID, "cosine without an end");
    o = options_of(TUFF_SCHEDULE_COSINE);
    o.warmup_epochs = o.epochs;
    cr_expect_eq(tuff_schedule_check(NULL, &o), TUFF_ERROR_INVALID, "nothing but warm-up");
    o = options_of(TUFF_SCHEDULE_COSINE);
    o.least_learning_rate = o.learning_rate;
    cr_expect_eq(tuff_schedule_check(NULL, &o), TUFF_ERROR_INVALID, "no way down");
    o = options_of(TUFF_SCHEDULE_STEP);
    o.decay_factor = 1.5;
    cr_expect_eq(tuff_schedule_check(NULL, &o), TUFF_ERROR_INVALID, "a decay that grows");
    o = options_of(TUFF_SCHEDULE_STEP);
    o.decay_epochs = 0;
    cr_expect_eq(tuff_schedule_check(NULL, &o), TUFF_ERROR_INVALID, "a decay at every moment");
    o = options_of((enum tuff_schedule)4);
    cr_expect_eq(tuff_schedule_check(NULL, &o), TUFF_ERROR_INVALID, "no such schedule");
    o = options_of(TUFF_SCHEDULE_CONSTANT);
    o.learning_rate = NAN;
    cr_expect_eq(tuff_schedule_check(NULL, &o), TUFF_ERROR_INVALID, "no number");
}
