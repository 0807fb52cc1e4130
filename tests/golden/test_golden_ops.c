// Every backend's ops against PyTorch's: ops.safetensors, made once by make-golden-ops, holds single calls
// with their inputs, and what PyTorch got for them in float64.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "fixture.h"
#include "golden_case.h"
#include "rig.h"

// How many cases the file has of an op, and how near its outputs have to be:
//   |got - expected| <= relative * |expected| + absolute * (the greatest |expected| of that tensor)
// Both 0: equal. u32 outputs (the index of a maximum, right guesses) have to be equal in any case.
//
// Inputs that forward ops made (a mean, say) are rounded to float32 in the file, and so are the expected
// values: 6e-8 each. Sums of some ten to two hundred terms in float32 add a few of these roundings of the
// greatest partial sum, which is near the greatest element; pointwise functions a few of the element itself.
struct golden_op {
    enum tuff_op op;
    unsigned cases;
    double relative, absolute;
    const char *none; // why there are no cases
};

static const struct golden_op golden_ops[] = {
    {TUFF_OP_CONV2D_FORWARD, 24, 0, 1e-6, NULL},
    {TUFF_OP_CONV2D_BACKWARD_INPUT, 24, 0, 1e-6, NULL},
    {TUFF_OP_CONV2D_BACKWARD_WEIGHT, 24, 0, 1e-6, NULL},
    {TUFF_OP_LINEAR_FORWARD, 5, 0, 1e-6, NULL},
    {TUFF_OP_LINEAR_BACKWARD_INPUT, 5, 0, 1e-6, NULL},
    {TUFF_OP_LINEAR_BACKWARD_WEIGHT, 5, 0, 1e-6, NULL},
    {TUFF_OP_MAX_POOL2D_FORWARD, 9, 0, 0, NULL},
    {TUFF_OP_MAX_POOL2D_BACKWARD, 9, 0, 5e-7, NULL},
    {TUFF_OP_AVG_POOL2D_FORWARD, 8, 0, 5e-7, NULL},
    {TUFF_OP_AVG_POOL2D_BACKWARD, 8, 0, 5e-7, NULL},
    {TUFF_OP_ADAPTIVE_AVG_POOL2D_FORWARD, 4, 0, 5e-7, NULL},
    {TUFF_OP_ADAPTIVE_AVG_POOL2D_BACKWARD, 4, 0, 5e-7, NULL},
    {TUFF_OP_RELU_FORWARD, 1, 0, 0, NULL},
    {TUFF_OP_RELU_BACKWARD, 1, 0, 0, NULL},
    {TUFF_OP_ACTIVATION_FORWARD, 6, 4e-6, 1e-8, NULL},
    {TUFF_OP_ACTIVATION_BACKWARD, 6, 1e-6, 2e-6, NULL},
    {TUFF_OP_ADD, 2, 1e-7, 0, NULL},
    {TUFF_OP_MULTIPLY, 6, 1e-7, 0, NULL},
    {TUFF_OP_CONCAT_FORWARD, 2, 0, 0, NULL},
    {TUFF_OP_CONCAT_BACKWARD, 2, 0, 0, NULL},
    {TUFF_OP_BATCH_NORM2D_TRAIN, 5, 0, 1e-6, NULL},
    {TUFF_OP_BATCH_NORM2D_EVAL, 5, 0, 1e-6, NULL},
    {TUFF_OP_BATCH_NORM2D_BACKWARD, 5, 0, 1e-6, NULL},
    {TUFF_OP_LOG_SOFTMAX_FORWARD, 3, 1e-6, 1e-7, NULL},
    {TUFF_OP_LOG_SOFTMAX_BACKWARD, 3, 0, 1e-6, NULL},
    {TUFF_OP_SOFTMAX_CROSS_ENTROPY_FORWARD, 5, 1e-6, 1e-7, NULL},
    {TUFF_OP_SOFTMAX_CROSS_ENTROPY_BACKWARD, 5, 0, 1e-6, NULL},
    {TUFF_OP_MEAN_SQUARED_ERROR_FORWARD, 3, 1e-6, 0, NULL},
    {TUFF_OP_MEAN_SQUARED_ERROR_BACKWARD, 3, 0, 2e-7, NULL},
    {TUFF_OP_SGD, 18, 0, 3e-7, NULL},
    {TUFF_OP_ADAM, 12, 0, 3e-7, NULL},
    {TUFF_OP_GRADIENT_NORM, 2, 5e-7, 0, NULL},
    {TUFF_OP_GRADIENT_CLIP, 2, 5e-7, 0, NULL},
    {TUFF_OP_FILL, 0, 0, 0, "moves data"},
    {TUFF_OP_COPY, 0, 0, 0, "moves data"},
    {TUFF_OP_GATHER_IMAGES, 0, 0, 0, "moves data"},
    {TUFF_OP_GATHER_AUGMENTED_IMAGES, 0, 0, 0, "moves data, by random numbers of its own"},
    {TUFF_OP_MOVING_AVERAGE, 0, 0, 0, "PyTorch 1.13 has none; the oracle tests work it out"},
    {TUFF_OP_GATHER_LABELS, 0, 0, 0, "moves data"},
    {TUFF_OP_STEP_ADVANCE, 0, 0, 0, "Tuff's own"},
    {TUFF_OP_METRICS_RECORD, 0, 0, 0, "Tuff's own"},
    {TUFF_OP_CAST, 0, 0, 0, "changes the type; float16 is compared with the reference backend"},
    {TUFF_OP_LOSS_SCALE_UPDATE, 0, 0, 0, "of the step state, which is Tuff's own"},
    {TUFF_OP_GRADIENT_ACCUMULATE, 0, 0, 0,
     "of the step state, which is Tuff's own; the oracle tests work it out"},
    {TUFF_OP_GRADIENT_UNSCALE, 0, 0, 0, "of the step state, which is Tuff's own"},
    {TUFF_OP_DROPOUT_FORWARD, 0, 0, 0, "random numbers of Tuff's own"},
    {TUFF_OP_DROPOUT_BACKWARD, 0, 0, 0, "random numbers of Tuff's own"},
    // tuff check compares these with the reference backend, which makes them of its parts, whose cases are
    // above.
    {TUFF_OP_CONV2D_RELU_FORWARD, 0, 0, 0, "fused of conv2d_forward and relu_forward"},
    {TUFF_OP_LINEAR_RELU_FORWARD, 0, 0, 0, "fused of linear_forward and relu_forward"},
    {TUFF_OP_CONV2D_RELU_MAX_POOL2D_FORWARD, 0, 0, 0, "fused of ops that have cases"},
    {TUFF_OP_CONV2D_RELU_MAX_POOL2D_BACKWARD_INPUT, 0, 0, 0, "fused of ops that have cases"},
    {TUFF_OP_CONV2D_RELU_MAX_POOL2D_BACKWARD_WEIGHT, 0, 0, 0, "fused of ops that have cases"},
    {TUFF_OP_BATCH_NORM2D_RELU_TRAIN, 0, 0, 0, "fused of ops that have cases"},
    {TUFF_OP_BATCH_NORM2D_RELU_EVAL, 0, 0, 0, "fused of ops that have cases"},
    {TUFF_OP_BATCH_NORM2D_RELU_BACKWARD, 0, 0, 0, "fused of ops that have cases"},
};

static const struct golden_op *golden_op_of(enum tuff_op op)
{
    for (size_t i = 0; i < sizeof golden_ops / sizeof *golden_ops; i++)
        if (golden_ops[i].op == op)
            return &golden_ops[i];
    return NULL;
}

// What came of the cases on one backend, in one layout.
struct tally {
    const char *backend, *layout;
    unsigned compared;
    unsigned declined[TUFF_OP_COUNT];
    double error; // the greatest |got - expected|, as a part of its tensor's greatest |expected|
    double share; // of its tolerance
    char error_at[160], share_at[160];
};

static float float_at(const void *values, uint64_t i)
{
    float value;
    memcpy(&value, (const char *)values + i * sizeof value, sizeof value);
    return value;
}

static uint32_t word_at(const void *values, uint64_t i)
{
    uint32_t value;
    memcpy(&value, (const char *)values + i * sizeof value, sizeof value);
    return value;
}

static void compare_words(const struct golden_case *c, uint32_t index, const void *got)
{
    for (uint64_t i = 0; i < tuff_tensor_elements(&c->setup.tensors[index].shape); i++)
        cr_assert_eq(word_at(got, i), word_at(c->expected[index], i),
                     "%s: %s[%" PRIu64 "] is %u, PyTorch has %u", c->name, c->setup.info->roles[index].name,
                     i, word_at(got, i), word_at(c->expected[index], i));
}

static void compare_floats(const struct golden_case *c, uint32_t index, const void *got, struct tally *tally)
{
    const struct golden_op *op = golden_op_of(c->setup.op);
    const char *role = c->setup.info->roles[index].name;
    const uint64_t count = tuff_tensor_elements(&c->setup.tensors[index].shape);
    double greatest = 0;
    for (uint64_t i = 0; i < count; i++)
        greatest = fmax(greatest, fabs((double)float_at(c->expected[index], i)));
    for (uint64_t i = 0; i < count; i++) {
        const double actual = (double)float_at(got, i), expected = (double)float_at(c->expected[index], i),
                     difference = fabs(actual - expected),
                     tolerance = op->relative * fabs(expected) + op->absolute * greatest;
        cr_assert(difference <= tolerance, "%s: %s[%" PRIu64 "] is %.9g, PyTorch has %.9g, tolerance %.1e",
                  c->name, role, i, actual, expected, tolerance);
        if (difference > tally->error * greatest) {
            tally->error = difference / greatest;
            snprintf(tally->error_at, sizeof tally->error_at, "%s, %s", c->name, role);
        }
        if (difference > tally->share * tolerance) {
            tally->share = difference / tolerance;
            snprintf(tally->share_at, sizeof tally->share_at, "%s, %s", c->name, role);
        }
    }
}

// Runs one case and compares every output; counts it as declined if the backend does not take it.
static void run_case(const struct golden_case *c, struct tuff_target *target, struct tally *tally)
{
    if (!rig_is_supported(target, &c->setup)) {
        tally->declined[c->setup.op]++;
        return;
    }
    struct rig rig;
    enum tuff_status status = rig_create(target, &c->setup, RIG_AS_IS, &rig);
    if (status == TUFF_OK)
        status = rig_run(&rig, RIG_RUN_NOW, 0x7fc0dead); // a NaN: what is not written is no number
    if (status == TUFF_OK)
        status = rig_verify(&rig);
    cr_assert_eq(status, TUFF_OK, "%s: %s", c->name, rig.message);
    for (uint32_t i = 0; i < c->setup.info->tensor_count; i++) {
        if (c->expected[i] == NULL)
            continue;
        void *got = malloc(tuff_tensor_bytes(&c->setup.tensors[i].shape));
        cr_assert_not_null(got);
        rig_output(&rig, i, got);
        if (c->setup.info->roles[i].dtype == TUFF_U32)
            compare_words(c, i, got);
        else
            compare_floats(c, i, got, tally);
        free(got);
    }
    rig_destroy(&rig);
    tally->compared++;
}

// Prints what was compared and what was not. Returns the number of cases that the backend declined.
static unsigned report(const struct tally *tally, bool layout_wanted)
{
    unsigned declined = 0;
    for (enum tuff_op op = 0; op < TUFF_OP_COUNT; op++)
        declined += tally->declined[op];
    if (tally->compared == 0 && !layout_wanted) {
        fprintf(stderr, "golden ops: %s does not use %s\n", tally->backend, tally->layout);
        return declined;
    }
    fprintf(stderr, "golden ops: %s %s: %u cases compared, %u declined\n", tally->backend, tally->layout,
            tally->compared, declined);
    fprintf(stderr, "  greatest error: %.1e of the tensor's greatest (%s); %.2f of its tolerance (%s)\n",
            tally->error, tally->error_at, tally->share, tally->share_at);
    for (enum tuff_op op = 0; op < TUFF_OP_COUNT; op++)
        if (tally->declined[op] > 0)
            fprintf(stderr, "  declined: %s, %u of %u cases\n", tuff_op_info(op)->name, tally->declined[op],
                    golden_op_of(op)->cases);
    return declined;
}

static struct tuff_safetensors *open_file(const struct tuff_log *log)
{
    struct tuff_safetensors *file = NULL;
    cr_assert_eq(tuff_safetensors_read(log, TUFF_GOLDEN_FILE, &file), TUFF_OK);
    return file;
}

// TUFF_GOLDEN_PARTIAL=1: the backend under test does not claim to take every case.
static bool may_decline(void)
{
    const char *partial = getenv("TUFF_GOLDEN_PARTIAL");
    return partial != NULL && strcmp(partial, "1") == 0;
}

static void run_all(const char *backend, enum tuff_layout layout)
{
    struct fixture fixture;
    fixture_open(&fixture, backend, 0);
    struct tuff_safetensors *file = open_file(fixture.log);
    struct tally tally = {.backend = backend,
                          .layout = layout == TUFF_LAYOUT_ROW_MAJOR ? "row-major" : "batch16"};
    unsigned cases = 0;
    for (size_t i = 0; i < file->metadata_count; i++) {
        if (golden_case_name(&file->metadata[i]) == NULL)
            continue;
        struct golden_case c;
        golden_case_read(fixture.log, file, &file->metadata[i], layout, NULL, &c);
        cr_assert_not_null(golden_op_of(c.setup.op), "%s: no tolerance for the op", c.name);
        // Without a batched tensor it is the row-major case once more.
        if (layout == TUFF_LAYOUT_ROW_MAJOR || case_uses_batch16(&c.setup)) {
            run_case(&c, fixture.target, &tally);
            cases++;
        }
        golden_case_clear(&c);
    }
    cr_assert_geq(cases, 60u, "the file has %u cases", cases);
    // BATCH16 is for backends that ask for it.
    const bool wanted = layout == TUFF_LAYOUT_ROW_MAJOR ||
                        tuff_target_activation_layout(fixture.target, TUFF_BATCH16_LANES) == layout;
    const unsigned declined = report(&tally, wanted);
    if (wanted)
        cr_assert_gt(tally.compared, 0u, "%s took no case", backend);
    if (wanted && !may_decline())
        cr_assert_eq(declined, 0u, "%s declined %u cases", backend, declined);
    tuff_safetensors_destroy(&file);
    fixture_close(&fixture);
}

ParameterizedTestParameters(golden_ops, row_major)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, golden_ops, row_major, .timeout = 300)
{
    run_all(backend->text, TUFF_LAYOUT_ROW_MAJOR);
}

ParameterizedTestParameters(golden_ops, batch16)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, golden_ops, batch16, .timeout = 300)
{
    run_all(backend->text, TUFF_LAYOUT_BATCH16);
}

static void write_log(void *user, enum tuff_log_level level, const char *message)
{
    (void)user;
    (void)level;
    fprintf(stderr, "%s\n", message);
}

// The file has the cases that the table says, of every op; each of them can be read, and every tensor belongs
// to one.
Test(golden_ops, completeness)
{
    const struct tuff_log log = {.write = write_log, .level = TUFF_LOG_WARNING};
    struct tuff_safetensors *file = open_file(&log);
    unsigned found[TUFF_OP_COUNT] = {0};
    bool *used = calloc(file->count, sizeof *used);
    cr_assert_not_null(used);
    for (size_t i = 0; i < file->metadata_count; i++) {
        if (golden_case_name(&file->metadata[i]) == NULL)
            continue;
        struct golden_case c;
        found[golden_case_op(&file->metadata[i])]++;
        golden_case_read(&log, file, &file->metadata[i], TUFF_LAYOUT_ROW_MAJOR, used, &c);
        golden_case_clear(&c);
    }
    for (enum tuff_op op = 0; op < TUFF_OP_COUNT; op++) {
        const struct golden_op *row = golden_op_of(op);
        cr_assert_not_null(row, "%s has neither golden cases nor a reason for having none",
                           tuff_op_info(op)->name);
        cr_assert((row->cases > 0) != (row->none != NULL), "%s", tuff_op_info(op)->name);
        cr_expect_eq(found[op], row->cases, "the file has %u cases of %s, expected %u", found[op],
                     tuff_op_info(op)->name, row->cases);
    }
    for (size_t i = 0; i < file->count; i++)
        cr_expect(used[i], "no case uses the tensor %s", file->tensors[i].name);
    free(used);
    tuff_safetensors_destroy(&file);
}
