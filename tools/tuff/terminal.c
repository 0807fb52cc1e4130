#include "terminal.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

unsigned terminal_columns(void)
{
    const char *columns = getenv("COLUMNS");
    struct winsize window;
    if (columns != NULL) {
        char *end;
        unsigned long value = strtoul(columns, &end, 10);
        if (*end == '\0' && value >= 20 && value <= 10000)
            return (unsigned)value;
    }
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col != 0)
        return window.ws_col;
    return 80;
}

enum terminal_colours terminal_colours_forced(void)
{
    const char *colorterm = getenv("COLORTERM"), *term = getenv("TERM");
    if (colorterm != NULL && (strcmp(colorterm, "truecolor") == 0 || strcmp(colorterm, "24bit") == 0))
        return TERMINAL_TRUE;
    if (term != NULL && strstr(term, "direct") != NULL)
        return TERMINAL_TRUE;
    return TERMINAL_256;
}

enum terminal_colours terminal_colours(void)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    if ((no_color != NULL && no_color[0] != '\0') || isatty(STDOUT_FILENO) != 1 || term == NULL ||
        strcmp(term, "dumb") == 0)
        return TERMINAL_PLAIN;
    enum terminal_colours colours = terminal_colours_forced();
    return colours == TERMINAL_TRUE || strstr(term, "256color") != NULL ? colours : TERMINAL_PLAIN;
}

bool terminal_utf8(void)
{
    locale_t locale = newlocale(LC_CTYPE_MASK, "", NULL);
    if (locale == NULL)
        return false;
    bool utf8 = strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
    freelocale(locale);
    return utf8;
}
