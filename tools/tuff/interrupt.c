#include "interrupt.h"

#include <signal.h>
#include <stddef.h>

#include "console.h"

static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
enum { NUMBER_COUNT = sizeof numbers / sizeof *numbers };

static volatile sig_atomic_t received;
static volatile sig_atomic_t caught[NUMBER_COUNT];

// Lets the next signal end the program, even if the device hangs; but for SIGPIPE, which only says that
// nobody reads.
static void note(int number)
{
    received = number;
    for (size_t i = 0; i < NUMBER_COUNT; i++)
        if (caught[i])
            signal(numbers[i], numbers[i] == SIGPIPE ? SIG_IGN : SIG_DFL);
}

void interrupt_catch(void)
{
    for (size_t i = 0; i < NUMBER_COUNT; i++) {
        struct sigaction before, action = {.sa_handler = note, .sa_flags = SA_RESTART};
        if (sigaction(numbers[i], NULL, &before) != 0 || before.sa_handler == SIG_IGN)
            continue;
        // One after the other: the first is what counts.
        sigfillset(&action.sa_mask);
        caught[i] = 1;
        sigaction(numbers[i], &action, NULL);
    }
}

bool interrupt_catching(void)
{
    for (size_t i = 0; i < NUMBER_COUNT; i++)
        if (caught[i])
            return true;
    return false;
}

void interrupt_release(void)
{
    for (size_t i = 0; i < NUMBER_COUNT; i++) {
        if (caught[i])
            signal(numbers[i], SIG_DFL);
        caught[i] = 0;
    }
}

int interrupt_signal(void)
{
    return received;
}

void interrupt_end(int exit_status)
{
    int number = received;
    if (number == 0 || exit_status != EXIT_SIGNAL + number)
        return;
    signal(number, SIG_DFL);
    raise(number);
}
