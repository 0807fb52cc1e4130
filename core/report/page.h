// The parts of a report's page. Each writes HTML into page->html.
#ifndef TUFF_CORE_PAGE_H
#define TUFF_CORE_PAGE_H

#include "draw.h"

struct tuff_page {
    const struct tuff_log *log;
    const struct tuff_report *report;
    const char *folder;
    bool renews; // there is a page of tuff's in the folder, which this one takes the place of
    struct tuff_text html;
    enum tuff_status status; // of the pictures beside it
};

// A picture of the page: drawn without a title into the page, and with one into folder/name.svg and .png.
struct tuff_page_figure {
    const char *name, *heading;
    void (*draw)(struct tuff_figure *figure, const struct tuff_report *report, const char *title);
};
void tuff_page_figure(struct tuff_page *page, const struct tuff_page_figure *figure, enum tuff_svg_kind kind);
// The files alone.
void tuff_page_figure_files(struct tuff_page *page, const struct tuff_page_figure *figure);
// Removes folder/name.svg and .png of the page that this one takes the place of.
void tuff_page_no_figure(struct tuff_page *page, const char *name);

// Each of these ends with a newline; a section that the report has nothing for is left out, and says so by
// false.
void tuff_page_head(struct tuff_page *page);
void tuff_page_tiles(struct tuff_page *page);
bool tuff_page_curves(struct tuff_page *page);
bool tuff_page_confusion(struct tuff_page *page);
bool tuff_page_misses(struct tuff_page *page);
bool tuff_page_filters(struct tuff_page *page);
bool tuff_page_model(struct tuff_page *page);
bool tuff_page_run(struct tuff_page *page);

// <section id=… > and its heading.
void tuff_page_begin_section(struct tuff_page *page, const char *id, const char *heading);
void tuff_page_end_section(struct tuff_page *page);

// -- Tables

// A table with a caption for those who do not see it. columns: the first heads the rows; '<' before one that
// holds words and no numbers.
void tuff_table_begin(struct tuff_text *html, const char *caption, const char *const *columns,
                      uint32_t count);
void tuff_table_head_cell(struct tuff_text *html, const char *text); // begins a row
void tuff_table_cell(struct tuff_text *html, const char *text);      // a number
void tuff_table_text_cell(struct tuff_text *html, const char *text);
void tuff_table_end_row(struct tuff_text *html);
void tuff_table_end(struct tuff_text *html);

extern const char tuff_page_css[];

// The class names that the report has, or NULL.
const char *const *tuff_report_class_names(const struct tuff_report *report);
// Whole epochs of the history.
uint32_t tuff_report_epochs(const struct tuff_report *report);
// Durations for people: 4.2 s, 2 min 05 s, 1 h 02 min.
struct tuff_number tuff_duration(double seconds);

#endif
