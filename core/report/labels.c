// Words that several figures have.
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "draw.h"

enum { TITLE_COLUMNS = 42, TITLE_SIZE = 15 };

double tuff_draw_title(struct tuff_figure *figure, double x, const char *title)
{
    if (title == NULL || title[0] == '\0')
        return 0;
    char text[256];
    tuff_clean_name(text, sizeof text, title, TITLE_COLUMNS);
    tuff_figure_text(figure, x, 18, TITLE_SIZE, TUFF_COLOUR_INK, TUFF_ANCHOR_START, text)->bold = true;
    return 34;
}

double tuff_title_width(const char *title)
{
    char text[256];
    if (title == NULL)
        return 0;
    tuff_clean_name(text, sizeof text, title, TITLE_COLUMNS);
    return tuff_text_width(text, TITLE_SIZE);
}

const char *tuff_figure_title(const struct tuff_figure_options *options)
{
    if (options == NULL ||
        options->size < offsetof(struct tuff_figure_options, title) + sizeof options->title)
        return NULL;
    return options->title;
}

struct tuff_class_name tuff_class_name(const char *const *names, uint32_t class, unsigned columns)
{
    struct tuff_class_name name;
    char number[16];
    snprintf(number, sizeof number, "%" PRIu32, class);
    if (class == TUFF_NO_GUESS)
        tuff_clean_name(name.s, sizeof name.s, "none", columns);
    else
        tuff_clean_name(name.s, sizeof name.s, names == NULL ? number : names[class], columns);
    return name;
}
