// conformance: is a backend right? Op by op, against the reference.
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conformance.h"

static const char usage[] =
    "usage: conformance --backend NAME [options]\n"
    "Compares each op of a backend with the reference backend's. Exit status 0: cases ran and none failed.\n"
    "\n"
    "  --backend NAME        the backend to test\n"
    "  --plugin FILE         load this plugin (may be repeated); others are found through TUFF_PLUGIN_PATH\n"
    "  --device DEVICE       an index, the beginning of a UUID, or part of a name\n"
    "  --against NAME        the backend that is right (default: reference)\n"
    "  --op NAME             only this op\n"
    "  --case LINE           only this case, as a failure or --list prints it\n"
    "  --seed N              of random cases and data (default: 0)\n"
    "  --count N             random cases per costly op and layout (default: %d)\n"
    "  --large               also cases that need up to 1 GiB of memory\n"
    "  --allow-unsupported   what the backend does not support is counted and no failure\n"
    "  --list                print the cases and run none\n"
    "  --verbose             name each case before it runs\n"
    "  --help\n";

enum { MAX_PLUGIN_FILES = 16 };

struct command {
    const char *backend, *device, *against;
    const char *plugin_files[MAX_PLUGIN_FILES];
    size_t plugin_file_count;
    bool list, help;
    struct conformance_options options;
};

struct log_sink {
    bool verbose;
    volatile sig_atomic_t
        errors; // of any origin; a backend that logs an error has failed, whatever it returned
};

static void write_log(void *user, enum tuff_log_level level, const char *message)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    struct log_sink *sink = user;
    if (level == TUFF_LOG_ERROR)
        sink->errors = 1;
    if (level <= TUFF_LOG_WARNING || sink->verbose)
        fprintf(stderr, "%s: %s\n", names[level <= TUFF_LOG_DEBUG ? level : TUFF_LOG_ERROR], message);
}

static bool parse_number(const char *text, uint64_t most, uint64_t *value)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    *value = strtoull(text, &end, 0);
    return *end == '\0' && *value <= most;
}

enum option_id {
    OPTION_BACKEND = 1,
    OPTION_PLUGIN,
    OPTION_DEVICE,
    OPTION_AGAINST,
    OPTION_OP,
    OPTION_CASE,
    OPTION_SEED,
    OPTION_COUNT,
    OPTION_LARGE,
    OPTION_ALLOW_UNSUPPORTED,
    OPTION_LIST,
    OPTION_VERBOSE,
    OPTION_HELP,
};

static bool apply_option(struct command *command, int option)
{
    uint64_t number;
    switch (option) {
    case OPTION_BACKEND:
        command->backend = optarg;
        return true;
    case OPTION_PLUGIN:
        if (command->plugin_file_count == MAX_PLUGIN_FILES)
            return false;
        command->plugin_files[command->plugin_file_count++] = optarg;
        return true;
    case OPTION_DEVICE:
        command->device = optarg;
        return true;
    case OPTION_AGAINST:
        command->against = optarg;
        return true;
    case OPTION_OP:
        command->options.op = optarg;
        return true;
    case OPTION_CASE:
        command->options.case_line = optarg;
        return true;
    case OPTION_SEED:
        return parse_number(optarg, UINT64_MAX, &command->options.seed);
    case OPTION_COUNT:
        if (!parse_number(optarg, 1000000, &number))
            return false;
        command->options.count = (uint32_t)number;
        return true;
    case OPTION_LARGE:
        return command->options.large = true;
    case OPTION_ALLOW_UNSUPPORTED:
        return command->options.allow_unsupported = true;
    case OPTION_LIST:
        return command->list = true;
    case OPTION_VERBOSE:
        return command->options.verbose = true;
    case OPTION_HELP:
        return command->help = true;
    default:
        return false;
    }
}

static bool parse_command(int argc, char **argv, struct command *command)
{
    static const struct option options[] = {
        {"backend", required_argument, NULL, OPTION_BACKEND},
        {"plugin", required_argument, NULL, OPTION_PLUGIN},
        {"device", required_argument, NULL, OPTION_DEVICE},
        {"against", required_argument, NULL, OPTION_AGAINST},
        {"op", required_argument, NULL, OPTION_OP},
        {"case", required_argument, NULL, OPTION_CASE},
        {"seed", required_argument, NULL, OPTION_SEED},
        {"count", required_argument, NULL, OPTION_COUNT},
        {"large", no_argument, NULL, OPTION_LARGE},
        {"allow-unsupported", no_argument, NULL, OPTION_ALLOW_UNSUPPORTED},
        {"list", no_argument, NULL, OPTION_LIST},
        {"verbose", no_argument, NULL, OPTION_VERBOSE},
        {"help", no_argument, NULL, OPTION_HELP},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        if (!apply_option(command, option)) {
            if (option != '?')
                fprintf(stderr, "conformance: '%s' does not fit this option\n", optarg != NULL ? optarg : "");
            return false;
        }
    if (optind < argc) {
        fprintf(stderr, "conformance: unexpected argument '%s'\n", argv[optind]);
        return false;
    }
    if (command->backend == NULL && !command->list && !command->help) {
        fprintf(stderr, "conformance: --backend is missing\n");
        return false;
    }
    return true;
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SANITIZED
#endif

#ifndef SANITIZED
// A kernel that crashes takes this process along; the case it was in is what its author needs.
static void report_crash(int signal_number)
{
    static const char before[] = "\nFAIL crashed\n  replay: --case \"", after[] = "\"\n";
    const char *line = conformance_current_case();
    ssize_t ignored = write(STDERR_FILENO, before, sizeof before - 1);
    ignored = write(STDERR_FILENO, line, strlen(line));
    ignored = write(STDERR_FILENO, after, sizeof after - 1);
    (void)ignored;
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void catch_crashes(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        signal(signals[i], report_crash);
}
#else
static void catch_crashes(void) // the sanitizer reports better
{
}
#endif

static enum tuff_status run(const struct command *command, const struct tuff_log *log)
{
    struct tuff_context *context = NULL;
    struct tuff_target *tested = NULL, *oracle = NULL;
    const struct tuff_context_options options = {.size = sizeof options,
                                                 .log = *log,
                                                 .plugin_files = command->plugin_files,
                                                 .plugin_file_count = command->plugin_file_count};
    if (command->list)
        return conformance_list(log, &command->options, stdout);
    enum tuff_status status = tuff_context_create(&options, &context);
    if (status == TUFF_OK)
        status = tuff_target_open(context, command->backend, command->device, NULL, &tested);
    if (status == TUFF_OK)
        status = tuff_target_open(context, command->against, NULL, NULL, &oracle);
    if (status == TUFF_OK) {
        const struct tuff_device_info *info = tuff_target_info(tested);
        printf("%s on %s (%s)\n", tuff_target_backend(tested), info->name, info->driver);
        status = conformance_run(tested, oracle, &command->options, stdout, NULL);
    }
    tuff_target_close(&oracle);
    tuff_target_close(&tested);
    tuff_context_destroy(&context);
    return status;
}

int main(int argc, char **argv)
{
    struct command command = {.against = "reference", .options = {.count = CONFORMANCE_DEFAULT_COUNT}};
    if (!parse_command(argc, argv, &command)) {
        fprintf(stderr, usage, CONFORMANCE_DEFAULT_COUNT);
        return 2;
    }
    if (command.help) {
        printf(usage, CONFORMANCE_DEFAULT_COUNT);
        return 0;
    }
    struct log_sink sink = {.verbose = command.options.verbose};
    const struct tuff_log log = {.write = write_log, .user = &sink, .level = TUFF_LOG_DEBUG};
    catch_crashes();
    setvbuf(stdout, NULL, _IOLBF, 0); // in order with the log, and not lost in a crash
    enum tuff_status status = run(&command, &log);
    if (fflush(stdout) != 0)
        return 1;
    if (status == TUFF_OK && sink.errors != 0) {
        fputs("FAIL errors were logged although every case passed\n", stderr);
        return 1;
    }
    return status == TUFF_OK ? 0 : 1;
}
