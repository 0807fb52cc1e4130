// tuff check: is a backend right? Op by op, against the reference. And how fast is it?
#include "tuff/check.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check_json.h"
#include "check_list.h"
#include "check_perf.h"
#include "check_steps.h"
#include "commands.h"
#include "console.h"
#include "interrupt.h"
#include "options.h"
#include "setup.h"
#include "train.h"

static const char REFERENCE[] = "reference";

struct check_settings {
    struct target_settings target;
    const char *against; // REFERENCE itself if not given
    const char *json;    // a file, "-" for stdout, or NULL
    bool list_cases;
    bool list, markdown;
    uint32_t count;
    struct tuff_check_options options;
    struct check_steps_settings steps;
    struct check_perf_settings perf;
};

// A backend that logs an error has failed, whatever it returned.
struct error_watch {
    struct tuff_log console;
    volatile sig_atomic_t errors;
};

static void watch_log(void *user, enum tuff_log_level level, const char *message)
{
    struct error_watch *watch = user;
    if (level == TUFF_LOG_ERROR)
        watch->errors = 1;
    watch->console.write(watch->console.user, level, message);
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SANITIZED
#endif

#ifndef SANITIZED
static volatile sig_atomic_t timing;

// A kernel that crashes takes this process along; the case it was in is what its author needs.
static void report_crash(int signal_number)
{
    static const char before[] = "\nFAIL crashed\n  replay: ", perf[] = "--perf ", option[] = "--case \"",
                      after[] = "\"\n";
    const char *line = tuff_check_current_case();
    ssize_t ignored = write(STDERR_FILENO, before, sizeof before - 1);
    if (timing)
        ignored = write(STDERR_FILENO, perf, sizeof perf - 1);
    ignored = write(STDERR_FILENO, option, sizeof option - 1);
    ignored = write(STDERR_FILENO, line, strlen(line));
    ignored = write(STDERR_FILENO, after, sizeof after - 1);
    (void)ignored;
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void catch_crashes(bool perf)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    timing = perf;
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        signal(signals[i], report_crash);
}
#else
static void catch_crashes(bool perf) // the sanitizer reports better
{
    (void)perf;
}
#endif

static bool json_on_stdout(const struct check_settings *settings)
{
    return settings->json != NULL && strcmp(settings->json, "-") == 0;
}

// Runs the cases and tells `report`, unless that is NULL.
static enum tuff_status judge(const struct check_settings *settings, struct tuff_context *context,
                              struct tuff_target *tested, struct tuff_target *oracle,
                              struct check_report *report)
{
    struct tuff_check_options options = settings->options;
    const struct tuff_check_observer observer = check_report_observer(report);
    const struct tuff_device_info *info = tuff_target_info(tested);
    // What is for people gives way to the document.
    FILE *out = json_on_stdout(settings) ? stderr : stdout;
    fprintf(out, "%s on %s (%s), seed %llu\n", tuff_target_backend(tested), info->name, info->driver,
            (unsigned long long)options.seed);
    if (report != NULL) {
        check_report_begin(report, context, tested, oracle, &options);
        options.observer = &observer;
    }
    struct tuff_check_totals totals = {0};
    enum tuff_status status = tuff_check_run(tested, oracle, &options, out, &totals);
    check_report_end(report, status, &totals);
    return status;
}

static enum tuff_status run_cases(const struct check_settings *settings, const struct tuff_log *log,
                                  struct check_report *report)
{
    struct tuff_context *context = NULL;
    struct tuff_target *tested = NULL, *oracle = NULL;
    const struct tuff_context_options context_options = {.size = sizeof context_options,
                                                         .log = *log,
                                                         .plugin_files = settings->target.plugins.items,
                                                         .plugin_file_count = settings->target.plugins.count};
    const struct tuff_device_options device_options = {.size = sizeof device_options,
                                                       .threads = settings->target.threads};
    enum tuff_status status = tuff_context_create(&context_options, &context);
    if (status == TUFF_OK)
        status = tuff_target_open(context, settings->target.backend, settings->target.device, &device_options,
                                  &tested);
    // Times are compared only where somebody asks for that, and then with as many threads.
    if (status == TUFF_OK && (!settings->perf.wanted || settings->against != REFERENCE))
        status = tuff_target_open(context, settings->against, NULL,
                                  settings->perf.wanted ? &device_options : NULL, &oracle);
    if (status == TUFF_OK && settings->perf.wanted)
        status = check_perf(&settings->perf, &settings->options, context, tested, oracle, report,
                            json_on_stdout(settings));
    else if (status == TUFF_OK && settings->steps.model != NULL)
        status = check_steps(&settings->steps, log, tested, oracle);
    else if (status == TUFF_OK)
        status = judge(settings, context, tested, oracle, report);
    tuff_target_close(&oracle);
    tuff_target_close(&tested);
    tuff_context_destroy(&context);
    return status;
}

static int check_and_report(struct check_settings *settings)
{
    struct error_watch watch = {.console = console_log()};
    const struct tuff_log log = {.write = watch_log, .user = &watch, .level = watch.console.level};
    settings->options.count = settings->count;
    if (settings->list)
        return check_list(&settings->target, settings->options.op, settings->markdown);
    if (settings->list_cases)
        return console_exit_status(settings->perf.wanted
                                       ? check_perf_list_cases(&log, &settings->options)
                                       : tuff_check_list_cases(&log, &settings->options, stdout));
    struct check_report *report = NULL;
    if (settings->json != NULL &&
        check_report_create(settings->json, settings->perf.wanted, &report) != TUFF_OK)
        return EXIT_FAILED;
    if (settings->steps.model == NULL)
        catch_crashes(settings->perf.wanted);
    setvbuf(stdout, NULL, _IOLBF, 0); // in order with the log, and not lost in a crash
    enum tuff_status status = run_cases(settings, &log, report);
    enum tuff_status written = check_report_write(&report, status == TUFF_OK && watch.errors != 0);
    if (status == TUFF_ERROR_INTERRUPTED && interrupt_signal() != 0)
        return EXIT_SIGNAL + interrupt_signal();
    // What failed has been printed with the cases: no further line for it.
    if (status != TUFF_OK || written != TUFF_OK)
        return EXIT_FAILED;
    if (watch.errors != 0) {
        fprintf(settings->json != NULL ? stderr : stdout, "FAIL errors were logged although %s\n",
                settings->steps.model != NULL ? "both trained the same"
                : settings->perf.wanted       ? "every call succeeded"
                                              : "every case passed");
        return EXIT_FAILED;
    }
    return EXIT_DONE;
}

// The first options given of those that go with --model only, and of those that do not go with it; NULL:
// none.
struct check_given {
    const char *of_steps, *of_cases;
};

static struct check_given find_given(const struct usage *usage, int argc, char **argv)
{
    static const char *const of_steps[] = {"data",
                                           "steps",
                                           "data-dir",
                                           "digits-train",
                                           "batch",
                                           "lr",
                                           "gradient-tolerance",
                                           "loss-tolerance",
                                           "precision",
                                           "no-fusion",
                                           NULL};
    static const char *const of_cases[] = {"op",    "case",    "cases", "allow-unsupported",
                                           "count", "corners", "large", "perf",
                                           "json",  "list",    NULL};
    return (struct check_given){
        .of_steps = options_first_given(usage, argc, argv, of_steps),
        .of_cases = options_first_given(usage, argc, argv, of_cases),
    };
}

static bool usable(const struct check_settings *settings, const struct check_given *given)
{
    const char *wrong = NULL;
    char text[80];
    if (settings->target.backend == NULL && !settings->list_cases && !settings->list)
        wrong = "--backend is missing (see tuff check --help)";
    else if (settings->list && settings->list_cases)
        wrong = "--list and --cases exclude each other";
    else if (settings->options.op != NULL && settings->options.case_line != NULL)
        wrong = "--op and --case exclude each other: a case names its op";
    else if (settings->markdown && !settings->list)
        wrong = "--markdown goes with --list only";
    else if (settings->json != NULL && (settings->list_cases || settings->list))
        wrong = "--json goes with neither --list nor --cases: they have no results";
    else if (settings->perf.wanted &&
             (settings->list || settings->options.large || settings->count != TUFF_CHECK_DEFAULT_COUNT))
        wrong = "--perf goes with neither --list, --large, --count nor --corners";
    else if (!settings->perf.wanted && settings->perf.seconds != TUFF_CHECK_DEFAULT_SECONDS)
        wrong = "--seconds goes with --perf only";
    if (wrong == NULL && settings->steps.model == NULL && given->of_steps != NULL) {
        snprintf(text, sizeof text, "--%s goes with --model only", given->of_steps);
        wrong = text;
    } else if (wrong == NULL && settings->steps.model != NULL && given->of_cases != NULL) {
        snprintf(text, sizeof text, "--model and --%s exclude each other", given->of_cases);
        wrong = text;
    }
    if (wrong != NULL)
        console_error("check: %s", wrong);
    return wrong == NULL;
}

// Those that are not given. Numbers of 11 bits, and sums that begin with other ones of them, differ by more.
static void choose_tolerances(struct check_steps_settings *steps)
{
    const bool mixed = steps->trainer.precision == TUFF_PRECISION_MIXED;
    if (isnan(steps->gradient_tolerance))
        steps->gradient_tolerance = mixed ? 2e-2 : 1e-4;
    if (isnan(steps->loss_tolerance))
        steps->loss_tolerance = mixed ? 1e-2 : 1e-3;
}

int command_check(int argc, char **argv)
{
    struct check_settings settings = {
        .target.backend = NULL,
        .against = REFERENCE,
        .count = TUFF_CHECK_DEFAULT_COUNT,
        .options.size = sizeof settings.options,
        .perf.seconds = TUFF_CHECK_DEFAULT_SECONDS,
        .steps = {.data.name = "digits", .steps = 10, .gradient_tolerance = NAN, .loss_tolerance = NAN}};
    struct check_steps_settings *steps = &settings.steps;
    tuff_trainer_options_default(&steps->trainer);
    struct verbosity verbosity = {.quiet = false};
    struct option_choice precision = {train_precisions, TRAIN_PRECISION_COUNT, TUFF_PRECISION_FLOAT32};
    bool corners = false, no_fusion = false;
    const struct option options[] = {
        OPTIONS_GROUP("Backend"),
        {"backend", 'b', OPTION_TEXT, &settings.target.backend, "NAME", "the backend to check"},
        {"device", 'd', OPTION_TEXT, &settings.target.device, "D",
         "index, part of the name, or UUID's begin"},
        {"threads", 't', OPTION_COUNT, &settings.target.threads, "N",
         "CPU threads; all of them if not given"},
        {"plugin", '\0', OPTION_LIST, &settings.target.plugins, "FILE",
         "load a backend from FILE; may be repeated"},
        {"against", '\0', OPTION_TEXT, &settings.against, "NAME", "the right one; --perf: the other"},
        OPTIONS_GROUP("Cases"),
        {"op", '\0', OPTION_TEXT, &settings.options.op, "NAME", "only this op; or buffers, or stream"},
        {"case", '\0', OPTION_TEXT, &settings.options.case_line, "LINE", "only the case a failure printed"},
        {"perf", '\0', OPTION_FLAG, &settings.perf.wanted, NULL, "time ops instead, at sizes of real nets"},
        {"seconds", '\0', OPTION_POSITIVE, &settings.perf.seconds, "X", "--perf's time for each case"},
        {"seed", '\0', OPTION_SEED, &settings.options.seed, "N", "of random cases and of all data"},
        {"allow-unsupported", '\0', OPTION_FLAG, &settings.options.allow_unsupported, NULL,
         "what is unsupported is no failure"},
        OPTIONS_RARE,
        {"count", '\0', OPTION_COUNT, &settings.count, "N", "random cases per costly op and layout"},
        {"corners", '\0', OPTION_FLAG, &corners, NULL, "no random cases"},
        {"large", '\0', OPTION_FLAG, &settings.options.large, NULL, "also cases that take up to 1 GiB"},
        OPTIONS_GROUP("Output"),
        {"json", '\0', OPTION_TEXT, &settings.json, "FILE",
         "also write the results to FILE as JSON; - is stdout"},
        {"cases", '\0', OPTION_FLAG, &settings.list_cases, NULL, "print the cases and run none"},
        {"list", '\0', OPTION_FLAG, &settings.list, NULL, "which backend supports which op; runs nothing"},
        {"markdown", '\0', OPTION_FLAG, &settings.markdown, NULL, "--list as a Markdown table"},
        OPTIONS_GROUP("Whole training steps"),
        {"model", 'm', OPTION_TEXT, &steps->model, "MODEL", "compare whole training steps instead"},
        {"data", 'D', OPTION_TEXT, &steps->data.name, "SET", "--model's data: a name or a folder"},
        {"steps", '\0', OPTION_COUNT, &steps->steps, "N", "training steps"},
        OPTIONS_RARE,
        {"data-dir", '\0', OPTION_TEXT, &steps->data.folder, "DIR", "folder of the data set's files"},
        {"digits-train", '\0', OPTION_COUNT, &steps->data.digits_train, "N",
         "digits; else what the steps take"},
        {"batch", 'n', OPTION_COUNT, &steps->trainer.batch_size, "N", "samples per step"},
        {"lr", 'l', OPTION_POSITIVE, &steps->trainer.learning_rate, "X", "learning rate"},
        {"precision", '\0', OPTION_CHOICE, &precision, "NAME", "of activations; mixed: float16"},
        {"no-fusion", '\0', OPTION_FLAG, &no_fusion, NULL, "run every op of the model on its own"},
        {"gradient-tolerance", '\0', OPTION_AMOUNT, &steps->gradient_tolerance, "X",
         "relative to a parameter's greatest; if not given 1e-4, mixed 0.02"},
        {"loss-tolerance", '\0', OPTION_AMOUNT, &steps->loss_tolerance, "X",
         "relative to the loss, or to 1; if not given 1e-3, mixed 0.01"},
        OPTIONS_GROUP("Messages"),
        VERBOSITY_OPTIONS(verbosity),
    };
    const struct usage usage = {
        .command = "check",
        .purpose = "Compares each op of a backend with the reference's; a failure prints a line that\n"
                   "--case replays. --perf: how fast instead. --model: whole training steps instead.\n",
        .examples = "  tuff check --backend vulkan\n"
                    "  tuff check --plugin ./tuff-mine.so --backend mine --op conv2d_forward\n"
                    "  tuff check -b vulkan --perf --against cpu\n"
                    "  tuff check -b vulkan --model lenet-mnist --steps 20 --against cpu\n",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    const struct check_given given = find_given(&usage, argc, argv);
    const char *none;
    enum options_result parsed = options_parse(&usage, argc, argv, &none);
    if (parsed != OPTIONS_READY)
        return parsed == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    if (corners)
        settings.count = 0;
    steps->trainer.no_fusion = no_fusion;
    steps->trainer.precision = (uint32_t)precision.chosen;
    choose_tolerances(steps);
    if (!usable(&settings, &given))
        return EXIT_USAGE;
    settings.options.verbose = verbosity.verbose;
    steps->trainer.seed = settings.options.seed;
    console_setup(verbosity.verbose, verbosity.quiet);
    return check_and_report(&settings);
}
