#include "names.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "console.h"
#include "tuff/scores.h"

struct name name_shown(const char *const *names, uint32_t class, unsigned columns)
{
    struct name name;
    char number[16];
    snprintf(number, sizeof number, "%" PRIu32, class);
    tuff_clean_name(name.s, sizeof name.s,
                    class == TUFF_NO_GUESS ? "none"
                    : names == NULL        ? number
                                           : names[class],
                    columns);
    return name;
}

struct name name_padded(const char *name, unsigned columns, bool right)
{
    struct name padded;
    unsigned width = tuff_columns(name), space = width < columns ? columns - width : 0;
    snprintf(padded.s, sizeof padded.s, "%*s%s%*s", right ? (int)space : 0, "", name, right ? 0 : (int)space,
             "");
    return padded;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);
    return length > end_length && strcmp(text + length - end_length, end) == 0;
}

bool picture_name_fits(const char *command, const char *option, const char *path)
{
    if (path == NULL || ends_with(path, ".png") || ends_with(path, ".svg"))
        return true;
    console_error("%s: --%s: expected a file that ends in .png or .svg, found '%s'", command, option, path);
    return false;
}
