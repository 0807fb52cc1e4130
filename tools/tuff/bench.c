// tuff bench: how fast a step is, and where its time goes.
#include "bench.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "commands.h"
#include "console.h"
#include "progress.h"
#include "train.h"

// Parts of the measuring time, each between two measurements of the peak and its companions.
enum { ROUNDS = 3 };
static const double PEAK_SECONDS = 0.3, LIMITS_SECONDS = 0.1;

struct measurement {
    const struct bench_settings *settings;
    struct setup setup;
    struct tuff_dataset *made_up;
    struct tuff_bench *bench;
    struct bench_results results;
};

// -- Phases

static double elapsed(const struct bench_results *results)
{
    return progress_clock() - results->start;
}

static void begin_phase(struct bench_results *results, const char *name)
{
    if (results->phase_count < BENCH_PHASES_MAX)
        results->phases[results->phase_count] = (struct bench_phase){.name = name, .begin = elapsed(results)};
}

static void end_phase(struct bench_results *results)
{
    if (results->phase_count < BENCH_PHASES_MAX)
        results->phases[results->phase_count++].end = elapsed(results);
}

// -- What is measured

// Whole batches: evaluation takes up to 16 at once.
static uint64_t least_samples(const struct bench_settings *settings)
{
    return (uint64_t)settings->trainer.batch_size * (settings->evaluation ? 16 : 4);
}

static enum tuff_status load_data(struct measurement *run, const struct tuff_dataset **data)
{
    const struct bench_settings *settings = run->settings;
    struct data_settings set = settings->data;
    const enum tuff_split split = settings->evaluation ? TUFF_SPLIT_TEST : TUFF_SPLIT_TRAIN;
    enum tuff_status status;
    if (set.name == NULL) {
        status =
            bench_make_data(run->setup.model, settings->trainer.seed, least_samples(settings), &run->made_up);
        *data = run->made_up;
        return status;
    }
    tuff_model_input(run->setup.model, set.input);
    status = setup_load_data(&set, split, settings->evaluation ? &run->setup.test : &run->setup.train);
    *data = settings->evaluation ? run->setup.test : run->setup.train;
    return status;
}

static enum tuff_status prepare(struct measurement *run)
{
    const struct bench_settings *settings = run->settings;
    struct bench_results *results = &run->results;
    struct tuff_log log = console_log();
    const struct tuff_dataset *data = NULL;
    begin_phase(results, "model");
    enum tuff_status status = tuff_model_load(&log, settings->model, &run->setup.model);
    end_phase(results);
    begin_phase(results, "device");
    if (status == TUFF_OK)
        status = setup_open_context(&run->setup, &settings->target.plugins);
    if (status == TUFF_OK)
        status = setup_open_target(&run->setup, &settings->target);
    end_phase(results);
    begin_phase(results, "data");
    if (status == TUFF_OK)
        status = load_data(run, &data);
    end_phase(results);
    begin_phase(results, "plan");
    if (status == TUFF_OK)
        status =
            tuff_trainer_create(run->setup.target, run->setup.model, settings->evaluation ? NULL : data,
                                settings->evaluation ? data : NULL, &settings->trainer, &run->setup.trainer);
    if (status == TUFF_OK)
        status = tuff_bench_create(run->setup.trainer,
                                   settings->evaluation ? TUFF_SPLIT_TEST : TUFF_SPLIT_TRAIN, &run->bench);
    end_phase(results);
    begin_phase(results, "step");
    if (status == TUFF_OK)
        status = tuff_bench_run(run->bench, 1, NULL);
    end_phase(results);
    results->first_step = elapsed(results);
    if (status == TUFF_OK) {
        results->data_name = data->name;
        results->data_count = data->count;
        results->data_made_up = run->made_up != NULL;
    }
    return status;
}

// Of the device's details, "key: value" a line, the value of a key.
static bool find_detail(const char *details, const char *key, char *value, size_t size)
{
    const size_t length = strlen(key);
    for (const char *line = details; *line != '\0';) {
        const size_t end = strcspn(line, "\n");
        if (end > length && strncmp(line, key, length) == 0 && line[length] == ':') {
            const size_t skip = length + 1 + strspn(line + length + 1, " ");
            snprintf(value, size, "%.*s", (int)(end > skip ? end - skip : 0), line + skip);
            return true;
        }
        line += end + (line[end] == '\n');
    }
    return false;
}

static void find_facts(struct measurement *run)
{
    const struct tuff_device_info *device = tuff_target_info(run->setup.target);
    struct bench_results *results = &run->results;
    char threads[32] = "";
    if (!find_detail(device->details, "instruction set", results->instruction_set,
                     sizeof results->instruction_set))
        (void)find_detail(device->details, "ISA", results->instruction_set, sizeof results->instruction_set);
    // Of a backend that takes a number, the one that it was given.
    results->threads = device->max_threads > 0 && run->settings->target.threads != 0
                           ? run->settings->target.threads
                       : find_detail(device->details, "threads", threads, sizeof threads)
                           ? (uint32_t)strtoul(threads, NULL, 10)
                           : 0;
    if (device->max_threads > 0 && results->threads > device->max_threads)
        results->threads = device->max_threads;
    results->batch = tuff_bench_batch(run->bench);
    tuff_trainer_memory(run->setup.trainer, &results->memory);
}

// The most memory that the process has had. getrusage alone would count what was there before this program
// began.
static uint64_t resident_bytes(void)
{
    char line[128];
    unsigned long long kibibytes = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "VmHWM:", 6) == 0)
            kibibytes = strtoull(line + 6, NULL, 10);
    if (file != NULL)
        fclose(file);
    struct rusage usage;
    if (kibibytes == 0 && getrusage(RUSAGE_SELF, &usage) == 0)
        kibibytes = (unsigned long long)usage.ru_maxrss;
    return kibibytes * 1024;
}

// -- Measuring

// What steps are compared with.
struct ceilings {
    struct tuff_bench_peak *peak;
    struct tuff_bench_limits *limits;
};

static enum tuff_status measure_ceilings(struct measurement *run, struct ceilings *ceilings)
{
    enum tuff_status status = TUFF_OK;
    if (run->settings->no_peak)
        return TUFF_OK;
    begin_phase(&run->results, "matrix product");
    if (ceilings->peak == NULL)
        status = tuff_bench_peak_create(run->setup.target, &ceilings->peak);
    if (status == TUFF_OK)
        status = tuff_bench_peak_measure(ceilings->peak, PEAK_SECONDS);
    end_phase(&run->results);
    begin_phase(&run->results, "copy and dispatch");
    if (status == TUFF_OK && ceilings->limits == NULL)
        status = tuff_bench_limits_create(run->setup.target, &ceilings->limits);
    if (status == TUFF_OK)
        status = tuff_bench_limits_measure(ceilings->limits, LIMITS_SECONDS);
    end_phase(&run->results);
    return status;
}

static void take_ceilings(struct ceilings *ceilings, struct bench_results *results)
{
    results->peak.size = sizeof results->peak;
    results->limits.size = sizeof results->limits;
    if (ceilings->peak != NULL)
        tuff_bench_peak_result(ceilings->peak, &results->peak);
    if (ceilings->limits != NULL)
        tuff_bench_limits_result(ceilings->limits, &results->limits);
    tuff_bench_peak_destroy(&ceilings->peak);
    tuff_bench_limits_destroy(&ceilings->limits);
}

static enum tuff_status measure_steps(struct measurement *run, double seconds)
{
    begin_phase(&run->results, "steps");
    enum tuff_status status = tuff_bench_measure(run->bench, seconds);
    end_phase(&run->results);
    return status;
}

static void keep_line(const struct measurement *run, struct bench_timelines *lines, uint32_t count,
                      const struct tuff_bench_step *step)
{
    if (run->settings->trace == NULL || lines->count == BENCH_TIMELINES_MAX)
        return;
    struct bench_timeline *line = &lines->steps[lines->count];
    line->at = step->at - run->results.start;
    line->begin = malloc(2 * (size_t)count * sizeof *line->begin);
    if (line->begin == NULL)
        return;
    line->end = line->begin + count;
    memcpy(line->begin, step->begin, count * sizeof *line->begin);
    memcpy(line->end, step->end, count * sizeof *line->end);
    lines->count++;
}

static void keep_ops(void *user, const struct tuff_bench_step *step)
{
    struct measurement *run = user;
    keep_line(run, &run->results.op_lines, tuff_bench_op_count(run->bench), step);
}

static void keep_dispatches(void *user, const struct tuff_bench_step *step)
{
    struct measurement *run = user;
    keep_line(run, &run->results.dispatch_lines, tuff_bench_dispatch_count(run->bench), step);
}

static enum tuff_status measure_ops(struct measurement *run, double seconds)
{
    if (!run->settings->profile && run->settings->trace == NULL)
        return TUFF_OK;
    run->results.profile.size = sizeof run->results.profile;
    begin_phase(&run->results, "ops");
    enum tuff_status status = tuff_bench_profile(run->bench, seconds, keep_ops, run, &run->results.profile);
    end_phase(&run->results);
    begin_phase(&run->results, "dispatches");
    if (status == TUFF_OK)
        status =
            tuff_bench_profile_dispatches(run->bench, seconds, keep_dispatches, run, &run->results.replay);
    end_phase(&run->results);
    return status;
}

// The process's memory is looked at before there are matrices and copies, which are no part of a training.
static enum tuff_status measure(struct measurement *run)
{
    struct bench_results *results = &run->results;
    struct ceilings ceilings = {NULL, NULL};
    begin_phase(results, "second step");
    enum tuff_status status = tuff_bench_run(run->bench, 1, NULL);
    end_phase(results);
    results->resident = resident_bytes();
    if (status == TUFF_OK)
        status = measure_ceilings(run, &ceilings);
    for (int round = 0; status == TUFF_OK && round < ROUNDS; round++) {
        status = measure_steps(run, run->settings->seconds / ROUNDS);
        if (status == TUFF_OK)
            status = measure_ops(run, run->settings->seconds / ROUNDS);
        if (status == TUFF_OK)
            status = measure_ceilings(run, &ceilings);
    }
    results->times.size = sizeof results->times;
    tuff_bench_times(run->bench, &results->times);
    take_ceilings(&ceilings, results);
    return status;
}

static enum tuff_status take_ops(struct measurement *run)
{
    struct bench_results *results = &run->results;
    results->op_count = tuff_bench_op_count(run->bench);
    results->ops = calloc(results->op_count, sizeof *results->ops);
    if (results->ops == NULL) {
        console_error("out of memory");
        return TUFF_ERROR_MEMORY;
    }
    for (uint32_t i = 0; i < results->op_count; i++) {
        results->ops[i].size = sizeof results->ops[i];
        tuff_bench_op(run->bench, i, &results->ops[i]);
        results->flops += results->ops[i].flops;
        results->bytes += results->ops[i].bytes;
    }
    return TUFF_OK;
}

static enum tuff_status take_dispatches(struct measurement *run)
{
    struct bench_results *results = &run->results;
    results->dispatch_count = tuff_bench_dispatch_count(run->bench);
    if (results->dispatch_count == 0)
        return TUFF_OK;
    results->dispatches = calloc(results->dispatch_count, sizeof *results->dispatches);
    if (results->dispatches == NULL) {
        console_error("out of memory");
        return TUFF_ERROR_MEMORY;
    }
    for (uint32_t i = 0; i < results->dispatch_count; i++) {
        results->dispatches[i].size = sizeof results->dispatches[i];
        tuff_bench_dispatch(run->bench, i, &results->dispatches[i]);
    }
    return TUFF_OK;
}

static void free_lines(struct bench_timelines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        free(lines->steps[i].begin);
}

static void close_all(struct measurement *run)
{
    free_lines(&run->results.op_lines);
    free_lines(&run->results.dispatch_lines);
    free(run->results.dispatches);
    free(run->results.ops);
    tuff_bench_destroy(&run->bench);
    setup_close(&run->setup);
    bench_free_data(&run->made_up);
}

// -- The command

// Whether the file can be written, before anything is measured.
static bool is_writable(const char *path)
{
    if (path == NULL || strcmp(path, "-") == 0)
        return true;
    FILE *file = fopen(path, "a");
    if (file == NULL)
        console_error("cannot write '%s': %s", path, strerror(errno));
    else
        fclose(file);
    return file != NULL;
}

static bool is_stdout(const char *path)
{
    return path != NULL && strcmp(path, "-") == 0;
}

static int run_bench(const struct bench_settings *settings, double start)
{
    struct measurement run = {.settings = settings, .results = {.start = start}};
    if (!is_writable(settings->json) || !is_writable(settings->trace))
        return EXIT_FAILED;
    enum tuff_status status = prepare(&run);
    if (status == TUFF_OK) {
        find_facts(&run);
        console_transient("measuring");
        status = measure(&run);
    }
    if (status == TUFF_OK)
        status = take_ops(&run);
    if (status == TUFF_OK)
        status = take_dispatches(&run);
    console_transient(NULL);
    if (status == TUFF_OK) {
        // What is for people gives way to the document.
        const bool document = is_stdout(settings->json) || is_stdout(settings->trace);
        bench_print(document ? stderr : stdout, settings, &run.setup, &run.results);
    }
    if (status == TUFF_OK && settings->json != NULL)
        status = bench_write_json(settings, &run.setup, &run.results);
    if (status == TUFF_OK && settings->trace != NULL)
        status = bench_write_trace(settings, &run.setup, &run.results);
    close_all(&run);
    return console_exit_status(status);
}

static bool usable(struct bench_settings *settings)
{
    const char *wrong = NULL;
    if (is_stdout(settings->json) && is_stdout(settings->trace))
        wrong = "--json - and --trace - exclude each other";
    else if (settings->data.name == NULL && settings->data.folder != NULL)
        wrong = "--data-dir goes with --data only";
    if (wrong != NULL)
        console_error("bench: %s", wrong);
    settings->trainer.no_fusion = settings->no_fusion;
    settings->trainer.recompute_activations = settings->checkpoint_activations;
    settings->trainer.optimizer = (uint32_t)settings->optimizer.chosen;
    settings->trainer.precision = (uint32_t)settings->precision.chosen;
    settings->trainer.weight_decay =
        settings->trainer.optimizer == TUFF_OPTIMIZER_ADAMW ? TRAIN_ADAMW_DECAY : 0;
    return wrong == NULL;
}

int command_bench(int argc, char **argv)
{
    const double start = progress_clock();
    struct bench_settings s = {
        .target.backend = "auto",
        .optimizer = {train_optimizers, TRAIN_OPTIMIZER_COUNT, TUFF_OPTIMIZER_ADAM},
        .precision = {train_precisions, TRAIN_PRECISION_COUNT, TUFF_PRECISION_FLOAT32},
        .seconds = 3,
    };
    struct verbosity verbosity = {.quiet = false};
    tuff_trainer_options_default(&s.trainer);
    const struct option options[] = {
        OPTIONS_GROUP("Device"),
        TARGET_OPTIONS(s.target),
        OPTIONS_GROUP("Steps"),
        {"batch", 'n', OPTION_COUNT, &s.trainer.batch_size, "N", "samples per step"},
        {"eval", '\0', OPTION_FLAG, &s.evaluation, NULL, "time evaluation instead of training"},
        {"precision", '\0', OPTION_CHOICE, &s.precision, "NAME", "of activations; mixed: float16"},
        {"optimizer", '\0', OPTION_CHOICE, &s.optimizer, "NAME", "how parameters are updated"},
        {"lr", 'l', OPTION_POSITIVE, &s.trainer.learning_rate, "X", "learning rate"},
        {"data", 'D', OPTION_TEXT, &s.data.name, "SET", "a name or a folder; else made-up images"},
        {"data-dir", '\0', OPTION_TEXT, &s.data.folder, "DIR", "where the files of a set with a name are"},
        {"seed", '\0', OPTION_SEED, &s.trainer.seed, "N", "of weights, order and made-up images"},
        OPTIONS_RARE,
        {"checkpoint-activations", '\0', OPTION_FLAG, &s.checkpoint_activations, NULL,
         "less memory, more work: compute activations anew"},
        {"no-fusion", '\0', OPTION_FLAG, &s.no_fusion, NULL, "run every op of the model on its own"},
        OPTIONS_GROUP("Measuring"),
        {"seconds", '\0', OPTION_POSITIVE, &s.seconds, "X", "that steps are timed for"},
        {"profile", 'p', OPTION_FLAG, &s.profile, NULL,
         "time every op of a step as well, and every dispatch"},
        {"no-peak", '\0', OPTION_FLAG, &s.no_peak, NULL, "leave out matrix product, copy and dispatch"},
        OPTIONS_GROUP("Output"),
        {"json", 'j', OPTION_TEXT, &s.json, "FILE", "write the figures to FILE as JSON; - is stdout"},
        {"trace", '\0', OPTION_TEXT, &s.trace, "FILE", "write a trace for chrome://tracing or Perfetto"},
        VERBOSITY_OPTIONS(verbosity),
    };
    const struct usage usage = {
        .command = "bench",
        .operand = "MODEL",
        .purpose = "Times the steps of a training as tuff train runs them, tells how much of the\n"
                   "machine's peak they reach, by a matrix product, a copy and small ops that are\n"
                   "measured as well, and what memory they take. --profile: where the time goes.\n"
                   "Nothing is kept.\n",
        .examples = "  tuff bench lenet-mnist\n"
                    "  tuff bench lenet-mnist -b vulkan -n 512 --profile\n"
                    "  tuff bench lenet-cifar10 --threads 1 --json figures.json\n"
                    "  tuff bench lenet-mnist --eval --data mnist --trace trace.json\n",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    const char *operand;
    enum options_result parsed = options_parse(&usage, argc, argv, &operand);
    if (parsed != OPTIONS_READY)
        return parsed == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    s.model = operand;
    console_setup(verbosity.verbose, verbosity.quiet);
    return usable(&s) ? run_bench(&s, start) : EXIT_USAGE;
}
