#include "harness.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "rig.h"
#include "tuff/half.h"

// Outputs and workspace start as these; they differ so that what was not written differs from run to run.
static const uint32_t POISON = 0x7fc0dead, OTHER_POISON = 0x7fc0face;

// Everything that one case holds while it is judged.
struct trial {
    const struct conformance_case *c;
    struct case_setup setup;
    struct tuff_target *tested;
    struct rig rig;
    void *expected[TUFF_OP_MAX_TENSORS];
    void *magnitude[TUFF_OP_MAX_TENSORS];
    double *tolerance[TUFF_OP_MAX_TENSORS];
    void *first[TUFF_OP_MAX_TENSORS]; // outputs of the first run
    void *other[TUFF_OP_MAX_TENSORS]; // outputs of a later run
    struct case_result *result;
};

// Returns false, for `return trial_fail(…)`.
TUFF_PRINTF(2, 3) static bool trial_fail(struct trial *trial, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    trial->result->verdict = CASE_FAILED;
    vsnprintf(trial->result->message, sizeof trial->result->message, format, arguments);
    va_end(arguments);
    return false;
}

// "y[n=0,c=1,h=2,w=3]" or "weight[0,1]".
static void print_place(const struct trial *trial, uint32_t output, uint64_t element, char *text,
                        size_t bytes)
{
    static const char *const image_axes[TUFF_MAX_RANK] = {"n=", "c=", "h=", "w="};
    struct tuff_tensor shape = case_padded_shape(&trial->setup.tensors[output].shape);
    const struct tuff_role *role = &trial->setup.info->roles[output];
    bool image = role->batched && shape.rank == TUFF_MAX_RANK;
    uint64_t index[TUFF_MAX_RANK];
    for (uint32_t i = shape.rank; i-- > 0; element /= shape.dims[i])
        index[i] = element % shape.dims[i];
    size_t used = (size_t)snprintf(text, bytes, "%s[", role->name);
    for (uint32_t i = 0; i < shape.rank && used < bytes; i++)
        used += (size_t)snprintf(text + used, bytes - used, "%s%s%" PRIu64, i == 0 ? "" : ",",
                                 image ? image_axes[i] : "", index[i]);
    if (used < bytes)
        snprintf(text + used, bytes - used, "]");
}

static bool fail_mismatch(struct trial *trial, uint32_t output, const void *got, const void *expected,
                          const double *tolerance, const struct comparison *comparison, const char *what)
{
    char place[128], got_text[64], expected_text[64], tolerance_text[64] = "exact";
    uint32_t dtype = case_host_dtype(&trial->setup.tensors[output].shape);
    uint64_t i = comparison->first;
    bool as_float = tolerance != NULL && tolerance[i] >= 0;
    print_place(trial, output, i, place, sizeof place);
    compare_print_element(dtype, got, i, as_float, got_text, sizeof got_text);
    compare_print_element(dtype, expected, i, as_float, expected_text, sizeof expected_text);
    if (as_float)
        snprintf(tolerance_text, sizeof tolerance_text, "%.3g", tolerance[i]);
    return trial_fail(
        trial,
        "%s: first mismatch at %s: got %s, expected %s, tolerance %s; %" PRIu64 " of %" PRIu64 " differ",
        what, place, got_text, expected_text, tolerance_text, comparison->mismatches, comparison->compared);
}

static bool finite_elements(struct trial *trial, uint32_t output, const float *got, uint64_t begin,
                            uint64_t end, const char *what)
{
    for (uint64_t i = begin; i < end; i++)
        if (!isfinite(got[i])) {
            char place[128];
            print_place(trial, output, i, place, sizeof place);
            return trial_fail(trial, "%s: padding lane %s is %g, expected a finite number", what, place,
                              (double)got[i]);
        }
    return true;
}

// Samples from N on, in BATCH16.
static bool judge_padding(struct trial *trial, uint32_t output, const void *got, const char *what)
{
    const struct case_tensor *t = &trial->setup.tensors[output];
    uint64_t begin = tuff_tensor_elements(&t->shape), end = tuff_tensor_stored_elements(&t->shape);
    if (begin == end)
        return true;
    if (t->padding == CASE_PADDING_FINITE)
        return t->shape.dtype != TUFF_F32 || finite_elements(trial, output, got, begin, end, what);
    struct comparison comparison = {0};
    const void *expected = trial->expected[output];
    void *zeros = NULL;
    const double *tolerance = trial->tolerance[output];
    if (t->padding == CASE_PADDING_ZERO) {
        expected = zeros = calloc(end, tuff_dtype_bytes(t->shape.dtype));
        if (zeros == NULL)
            return trial_fail(trial, "no host memory for %" PRIu64 " zeros", end);
        tolerance = NULL;
    }
    // A gradient's zero may have either sign.
    bool good = true;
    if (zeros != NULL && t->shape.dtype == TUFF_F32) {
        const float *values = got;
        for (uint64_t i = begin; i < end; i++)
            if (!(values[i] == 0.0f) && comparison.mismatches++ == 0)
                comparison.first = i;
        comparison.compared = end - begin;
    } else {
        compare_elements(t->shape.dtype, got, expected, tolerance, begin, end, &comparison);
    }
    if (comparison.mismatches != 0) {
        char words[96];
        snprintf(words, sizeof words, "%s: padding lanes", what);
        good = fail_mismatch(trial, output, got, expected, tolerance, &comparison, words);
    }
    free(zeros);
    return good;
}

// Devices may take float16's subnormal numbers for zero, as they write or, which shows in a cast, as they
// read.
static double flushed_of(const struct case_setup *setup, uint32_t output)
{
    static const double least_normal = 0x1p-14;
    const bool from_f16 = setup->op == TUFF_OP_CAST && setup->tensors[output].shape.dtype == TUFF_F32;
    return from_f16 || setup->tensors[output].shape.dtype == TUFF_F16 ? least_normal : 0;
}

// All outputs against the oracle's.
static bool judge_outputs(struct trial *trial, void *const got[TUFF_OP_MAX_TENSORS], const char *what)
{
    for (uint32_t i = 0; i < trial->setup.info->tensor_count; i++) {
        if (!case_is_output(&trial->setup, i))
            continue;
        const struct tuff_tensor *shape = &trial->setup.tensors[i].shape;
        struct comparison comparison = {.flushed = flushed_of(&trial->setup, i)};
        compare_elements(case_host_dtype(shape), got[i], trial->expected[i], trial->tolerance[i], 0,
                         tuff_tensor_elements(shape), &comparison);
        if (comparison.worst_ratio > trial->result->worst_ratio)
            trial->result->worst_ratio = comparison.worst_ratio;
        if (comparison.mismatches != 0)
            return fail_mismatch(trial, i, got[i], trial->expected[i], trial->tolerance[i], &comparison,
                                 what);
        if (!judge_padding(trial, i, got[i], what))
            return false;
    }
    return true;
}

// All outputs against those of the first run: the same bits, padding lanes included.
static bool judge_same_bits(struct trial *trial, const char *what)
{
    for (uint32_t i = 0; i < trial->setup.info->tensor_count; i++) {
        if (!case_is_output(&trial->setup, i))
            continue;
        uint32_t dtype = case_host_dtype(&trial->setup.tensors[i].shape);
        struct comparison comparison = {0};
        // As integers, so that a NaN in another guise counts.
        compare_elements(dtype == TUFF_F32 ? TUFF_U32 : dtype, trial->other[i], trial->first[i], NULL, 0,
                         case_stored(&trial->setup, i), &comparison);
        if (comparison.mismatches != 0)
            return fail_mismatch(trial, i, trial->other[i], trial->first[i], NULL, &comparison, what);
    }
    return true;
}

static bool run_once(struct trial *trial, struct rig *rig, enum rig_run how, uint32_t poison,
                     void *outputs[TUFF_OP_MAX_TENSORS], const char *what)
{
    enum tuff_status status = rig_run(rig, how, poison);
    if (status == TUFF_OK)
        status = rig_verify(rig);
    if (status != TUFF_OK) {
        trial->result->device_lost = status == TUFF_ERROR_DEVICE;
        return trial_fail(trial, "%s: %s", what, rig->message);
    }
    for (uint32_t i = 0; i < trial->setup.info->tensor_count; i++)
        if (case_is_output(&trial->setup, i))
            rig_output(rig, i, outputs[i]);
    return true;
}

static bool try_in_place(struct trial *trial, uint32_t input)
{
    char what[64];
    struct rig rig;
    snprintf(what, sizeof what, "in place (%s is %s)", trial->setup.info->roles[0].name,
             trial->setup.info->roles[input].name);
    bool good = true;
    if (rig_create(trial->tested, &trial->setup, RIG_AS_IS, &rig) != TUFF_OK)
        good = trial_fail(trial, "%s: %s", what, rig.message);
    rig.alias = input;
    good = good && run_once(trial, &rig, RIG_RUN_NOW, POISON, trial->other, what) &&
           judge_outputs(trial, trial->other, what);
    rig_destroy(&rig);
    return good;
}

static bool try_all(struct trial *trial)
{
    if (rig_create(trial->tested, &trial->setup, RIG_AS_IS, &trial->rig) != TUFF_OK)
        return trial_fail(trial, "%s", trial->rig.message);
    if (!run_once(trial, &trial->rig, RIG_RUN_NOW, POISON, trial->first, "first run") ||
        !judge_outputs(trial, trial->first, "first run"))
        return false;
    if (!run_once(trial, &trial->rig, RIG_RUN_NOW, OTHER_POISON, trial->other, "second run") ||
        !judge_same_bits(trial, "second run differs from the first with the same inputs"))
        return false;
    if (tuff_target_can_capture(trial->tested) &&
        (!run_once(trial, &trial->rig, RIG_RUN_CAPTURED, OTHER_POISON, trial->other,
                   "captured and replayed") ||
         !judge_same_bits(trial, "the captured run differs from the first")))
        return false;
    for (uint32_t i = 1; i < trial->setup.info->tensor_count; i++)
        if ((trial->setup.info->in_place >> i & 1u) != 0 && case_is_present(&trial->setup, i) &&
            !try_in_place(trial, i))
            return false;
    return true;
}

// What rounding to float16 adds to a tolerance: half a unit in the last place, and as much of the least
// subnormal one. A result that float16 has, and that was to be exact, stays so; one beyond its range is
// infinite.
static void allow_for_f16(struct trial *trial, uint32_t output)
{
    static const double half_unit = 0x1p-11, half_least = 0x1p-25;
    float *expected = trial->expected[output];
    double *tolerance = trial->tolerance[output];
    for (uint64_t i = 0; i < case_stored(&trial->setup, output); i++) {
        const float rounded = tuff_half_to_float(tuff_half_from_double((double)expected[i]));
        const double before = tolerance[i] < 0 ? 0 : tolerance[i];
        const bool exact = rounded == expected[i] || isnan(rounded);
        if (exact && tolerance[i] < 0)
            continue;
        if (isinf(rounded))
            expected[i] = rounded;
        else
            tolerance[i] = before + (fabs((double)expected[i]) + before) * half_unit + half_least;
    }
}

static bool make_tolerances(struct trial *trial)
{
    struct case_view view = {.setup = &trial->setup,
                             .expected = (const void *const *)trial->expected,
                             .magnitude = (const void *const *)trial->magnitude};
    for (uint32_t i = 0; i < trial->setup.info->tensor_count; i++) {
        if (!case_is_output(&trial->setup, i))
            continue;
        uint64_t elements = case_stored(&trial->setup, i);
        trial->tolerance[i] = malloc(elements * sizeof(double));
        trial->first[i] = malloc(elements * sizeof(uint32_t));
        trial->other[i] = malloc(elements * sizeof(uint32_t));
        if (trial->tolerance[i] == NULL || trial->first[i] == NULL || trial->other[i] == NULL)
            return trial_fail(trial, "no host memory for %" PRIu64 " results", elements);
        for (uint64_t e = 0; e < elements; e++)
            trial->tolerance[i][e] = CASE_EXACT;
        if (trial->c->op->tolerance != NULL)
            trial->c->op->tolerance(trial->c->shape, &view, i, trial->tolerance[i]);
        if (trial->setup.tensors[i].shape.dtype == TUFF_F16)
            allow_for_f16(trial, i);
    }
    return true;
}

// Inputs, and what the oracle makes of them.
static bool prepare(struct trial *trial, struct tuff_target *oracle)
{
    bool padded = false;
    for (uint32_t i = 0; i < trial->setup.info->tensor_count; i++)
        padded |=
            case_is_output(&trial->setup, i) && trial->setup.tensors[i].padding == CASE_PADDING_COMPUTED;
    if (conformance_case_fill(trial->c, &trial->setup, oracle) != TUFF_OK)
        return trial_fail(trial, "the harness could not make the inputs");
    if (rig_oracle(oracle, &trial->setup, padded, false, trial->expected) != TUFF_OK ||
        (trial->c->op->needs_magnitude &&
         rig_oracle(oracle, &trial->setup, padded, true, trial->magnitude) != TUFF_OK))
        return trial_fail(trial, "the oracle failed");
    return make_tolerances(trial);
}

// What the backend says of the case before it is run. It is asked for BATCH16 only where it wants that
// layout, and for float16 only by who wants that.
static enum case_verdict consult(const struct trial *trial)
{
    if (rig_is_supported(trial->tested, &trial->setup))
        return CASE_PASSED;
    if (case_uses_f16(&trial->setup))
        return CASE_UNUSED;
    for (uint32_t i = 0; i < trial->setup.info->tensor_count; i++) {
        const struct tuff_tensor *shape = &trial->setup.tensors[i].shape;
        if (shape->rank != 0 && shape->layout == TUFF_LAYOUT_BATCH16 &&
            tuff_target_activation_layout(trial->tested, shape->dims[0]) != TUFF_LAYOUT_BATCH16)
            return CASE_UNUSED;
    }
    return CASE_UNSUPPORTED;
}

static void clear(struct trial *trial)
{
    rig_destroy(&trial->rig);
    for (uint32_t i = 0; i < TUFF_OP_MAX_TENSORS; i++) {
        free(trial->expected[i]);
        free(trial->magnitude[i]);
        free(trial->tolerance[i]);
        free(trial->first[i]);
        free(trial->other[i]);
    }
    case_setup_clear(&trial->setup);
}

void conformance_case_run(const struct tuff_log *log, const struct conformance_case *c,
                          struct tuff_target *tested, struct tuff_target *oracle, struct case_result *result)
{
    *result = (struct case_result){.verdict = CASE_PASSED};
    struct trial trial = {.c = c, .tested = tested, .result = result};
    if (conformance_case_describe(log, c, &trial.setup) != TUFF_OK) {
        trial_fail(&trial, "the core's check refuses the case: an error of the case, not of the backend");
    } else {
        result->batch16 = case_uses_batch16(&trial.setup);
        result->f16 = case_uses_f16(&trial.setup);
        result->verdict = consult(&trial);
        if (result->verdict == CASE_PASSED && prepare(&trial, oracle))
            try_all(&trial);
    }
    clear(&trial);
}
