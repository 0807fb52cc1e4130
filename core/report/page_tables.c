#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "page.h"

void tuff_table_begin(struct tuff_text *html, const char *caption, const char *const *columns, uint32_t count)
{
    // What may be scrolled can be reached with the keyboard.
    tuff_text_add(html, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
    tuff_text_escape(html, caption);
    tuff_text_add(html, "\"><table><caption>");
    tuff_text_escape(html, caption);
    tuff_text_add(html, "</caption>\n<thead><tr>");
    for (uint32_t i = 0; i < count; i++) {
        bool words = columns[i][0] == '<';
        tuff_text_add(html, words ? "<th scope=\"col\" class=\"l\">" : "<th scope=\"col\">");
        tuff_text_escape(html, columns[i] + words);
        tuff_text_add(html, "</th>");
    }
    tuff_text_add(html, "</tr></thead>\n<tbody>\n");
}

void tuff_table_head_cell(struct tuff_text *html, const char *text)
{
    tuff_text_add(html, "<tr><th scope=\"row\">");
    tuff_text_escape(html, text);
    tuff_text_add(html, "</th>");
}

void tuff_table_cell(struct tuff_text *html, const char *text)
{
    tuff_text_add(html, "<td>");
    tuff_text_escape(html, text);
    tuff_text_add(html, "</td>");
}

void tuff_table_text_cell(struct tuff_text *html, const char *text)
{
    tuff_text_add(html, "<td class=\"l\">");
    tuff_text_escape(html, text);
    tuff_text_add(html, "</td>");
}

void tuff_table_end_row(struct tuff_text *html)
{
    tuff_text_add(html, "</tr>\n");
}

void tuff_table_end(struct tuff_text *html)
{
    tuff_text_add(html, "</tbody></table></div>\n");
}

struct tuff_number tuff_duration(double seconds)
{
    struct tuff_number number;
    if (!isfinite(seconds) || seconds < 99.95) {
        number = tuff_fixed(seconds, seconds < 9.995 ? 2 : 1);
        if (isfinite(seconds))
            strcat(number.s, " s");
        return number;
    }
    uint64_t whole = (uint64_t)fmin(round(seconds), 1e15);
    if (whole < 3600)
        snprintf(number.s, sizeof number.s, "%" PRIu64 " min %02" PRIu64 " s", whole / 60, whole % 60);
    else
        snprintf(number.s, sizeof number.s, "%" PRIu64 " h %02" PRIu64 " min", whole / 3600,
                 whole % 3600 / 60);
    return number;
}
