#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "interrupt.h"

enum { MESSAGE_BYTES = 2048, HELD_MAX = 32 };

static struct {
    pthread_mutex_t lock; // plugins log from threads of their own
    bool verbose, quiet, colours, terminal;
    bool transient;   // a progress line is on the terminal
    bool error_shown; // an error line has been printed
    bool output_lost; // stdout could not be written, which has been said
    bool holding;
    char *held[HELD_MAX];
    bool told[HELD_MAX]; // by somebody who asked for it
    size_t held_count;
} console = {.lock = PTHREAD_MUTEX_INITIALIZER};

void console_open(void)
{
    static const int modes[] = {O_WRONLY, O_RDONLY, O_RDONLY}; // of 0, 1 and 2: the wrong ones
    for (int i = 0; i < 3; i++)
        if (fcntl(i, F_GETFD) == -1 && errno == EBADF && open("/dev/null", modes[i]) != i)
            return;
}

void console_setup(bool verbose, bool quiet)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    console.verbose = verbose;
    console.quiet = quiet;
    console.terminal = isatty(STDERR_FILENO) == 1 && term != NULL && strcmp(term, "dumb") != 0;
    console.colours = console.terminal && (no_color == NULL || no_color[0] == '\0');
}

bool console_quiet(void)
{
    return console.quiet;
}

static void clear_transient(void)
{
    if (console.transient)
        fputs("\r\033[K", stderr);
    console.transient = false;
}

static const char *colour(const char *sequence)
{
    return console.colours ? sequence : "";
}

// Names and texts of files are part of messages, and must not steer the terminal.
static void blank_controls(char *text)
{
    for (; *text != '\0'; text++) {
        const unsigned char byte = (unsigned char)text[0], next = (unsigned char)text[1];
        if ((byte < 0x20 && byte != '\n') || byte == 0x7f)
            *text = '?';
        if (byte == 0xC2 && next >= 0x80 && next < 0xA0) // U+0080 to U+009F, which terminals obey as well
            text[0] = text[1] = '?';
    }
}

// The lock is held.
static void show(enum tuff_log_level level, const char *from)
{
    char message[MESSAGE_BYTES];
    snprintf(message, sizeof message, "%s", from);
    blank_controls(message);
    clear_transient();
    if (level == TUFF_LOG_ERROR) {
        console.error_shown = true;
        fprintf(stderr, "tuff: %serror:%s %s\n", colour("\033[1;31m"), colour("\033[0m"), message);
    } else if (level == TUFF_LOG_WARNING) {
        fprintf(stderr, "tuff: %swarning:%s %s\n", colour("\033[1;33m"), colour("\033[0m"), message);
    } else if (console.verbose) {
        fprintf(stderr, "tuff: %s\n", message);
    }
}

static void log_message(void *user, enum tuff_log_level level, const char *message)
{
    (void)user;
    pthread_mutex_lock(&console.lock);
    char *kept = NULL;
    if (console.holding && level == TUFF_LOG_ERROR && console.held_count < HELD_MAX)
        kept = strdup(message);
    if (kept != NULL) {
        console.told[console.held_count] = false;
        console.held[console.held_count++] = kept;
    } else {
        show(level, message);
    }
    pthread_mutex_unlock(&console.lock);
}

struct tuff_log console_log(void)
{
    return (struct tuff_log){.write = log_message,
                             .level = console.verbose ? TUFF_LOG_INFO : TUFF_LOG_WARNING};
}

static void show_formatted(enum tuff_log_level level, const char *format, va_list arguments)
{
    char message[MESSAGE_BYTES];
    vsnprintf(message, sizeof message, format, arguments);
    pthread_mutex_lock(&console.lock);
    show(level, message);
    pthread_mutex_unlock(&console.lock);
}

void console_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    show_formatted(TUFF_LOG_ERROR, format, arguments);
    va_end(arguments);
}

void console_warning(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    show_formatted(TUFF_LOG_WARNING, format, arguments);
    va_end(arguments);
}

// The lock is held. error: why stdout could not be written.
static void lose_output(int error)
{
    char message[MESSAGE_BYTES];
    if (console.output_lost)
        return;
    console.output_lost = true;
    if (error == EPIPE && interrupt_signal() == SIGPIPE)
        return;
    snprintf(message, sizeof message, "cannot write to standard output: %s", strerror(error));
    show(TUFF_LOG_ERROR, message);
}

static void write_line(FILE *file, const char *prefix, const char *format, va_list arguments, const char *end)
{
    pthread_mutex_lock(&console.lock);
    clear_transient();
    fputs(prefix, file);
    vfprintf(file, format, arguments);
    fputs(end, file);
    if (fflush(file) != 0 && file == stdout)
        lose_output(errno);
    pthread_mutex_unlock(&console.lock);
}

void console_note(const char *format, ...)
{
    va_list arguments;
    if (console.quiet)
        return;
    va_start(arguments, format);
    write_line(stderr, "tuff: ", format, arguments, "\n");
    va_end(arguments);
}

void console_progress(const char *format, ...)
{
    va_list arguments;
    if (console.quiet)
        return;
    va_start(arguments, format);
    write_line(stderr, "", format, arguments, "\n");
    va_end(arguments);
}

void console_print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line(stdout, "", format, arguments, "");
    va_end(arguments);
}

void console_transient(const char *text)
{
    if (console.quiet || !console.terminal)
        return;
    pthread_mutex_lock(&console.lock);
    if (text == NULL) {
        clear_transient();
    } else {
        // Over the old text and then clear what is left of it: no flicker.
        fprintf(stderr, "\r%s\033[K", text);
        console.transient = true;
    }
    fflush(stderr);
    pthread_mutex_unlock(&console.lock);
}

bool console_stderr_is_terminal(void)
{
    return console.terminal;
}

unsigned console_stderr_columns(void)
{
    struct winsize window;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col == 0)
        return 80;
    return window.ws_col;
}

void console_hold_errors(void)
{
    pthread_mutex_lock(&console.lock);
    console.holding = true;
    pthread_mutex_unlock(&console.lock);
}

const char *console_held_error(const char *part)
{
    const char *message = NULL;
    pthread_mutex_lock(&console.lock);
    for (size_t i = 0; message == NULL && i < console.held_count; i++) {
        message = strstr(console.held[i], part);
        if (message != NULL) {
            console.told[i] = true;
            message += strlen(part);
            message += strspn(message, ": ");
        }
    }
    pthread_mutex_unlock(&console.lock);
    return message;
}

void console_release_errors(bool succeeded)
{
    pthread_mutex_lock(&console.lock);
    console.holding = false;
    for (size_t i = 0; i < console.held_count; i++) {
        enum tuff_log_level level = succeeded ? TUFF_LOG_WARNING : i == 0 ? TUFF_LOG_ERROR : TUFF_LOG_INFO;
        if (!succeeded || !console.told[i])
            show(level, console.held[i]);
        free(console.held[i]);
    }
    console.held_count = 0;
    pthread_mutex_unlock(&console.lock);
}

int console_exit_status(enum tuff_status status)
{
    if (status == TUFF_OK)
        return EXIT_DONE;
    console_transient(NULL);
    if (status == TUFF_ERROR_INTERRUPTED && interrupt_signal() != 0) {
        console_note("interrupted");
        return EXIT_SIGNAL + interrupt_signal();
    }
    if (!console.error_shown)
        console_error("%s", tuff_status_name(status));
    return EXIT_FAILED;
}

int console_finish(int exit_status)
{
    console_transient(NULL);
    errno = 0;
    bool failed = ferror(stdout) != 0;
    // What was lost earlier, and why, nobody has kept: one more byte meets the same reason.
    if (failed)
        fputc('\n', stdout);
    if (fflush(stdout) != 0)
        failed = true;
    // Some file systems say only now that the disk is full.
    if (fclose(stdout) != 0)
        failed = true;
    if (failed)
        lose_output(errno != 0 ? errno : EIO);
    if (!failed && !console.output_lost)
        return exit_status;
    if (interrupt_signal() == SIGPIPE)
        return EXIT_SIGNAL + SIGPIPE;
    return exit_status == EXIT_DONE ? EXIT_FAILED : exit_status;
}
