// The sections on what the model takes for what.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "page.h"

enum {
    MISS_LIMIT = 40,
    MIX_UPS = 12,
    OPEN_CLASSES = 20,     // the table of more classes is folded
    SCROLLED_CLASSES = 12, // the matrix of more classes keeps its size
    NAME_COLUMNS = 28,
};

const char *const *tuff_report_class_names(const struct tuff_report *report)
{
    return report->data == NULL ? NULL : report->data->class_names;
}

// -- Confusion

static void draw_confusion(struct tuff_figure *figure, const struct tuff_report *report, const char *title)
{
    tuff_draw_confusion(figure, report->scores, tuff_report_class_names(report), title);
}

static void mix_up_table(struct tuff_page *page)
{
    static const char *const columns[] = {"label", "<guess", "images", "of the label's"};
    const char *const *names = tuff_report_class_names(page->report);
    struct tuff_mix_up mix_ups[MIX_UPS];
    uint32_t count = tuff_scores_mix_ups(page->report->scores, mix_ups, MIX_UPS);
    tuff_text_add(&page->html, "<div class=\"card\"><h3>Mixed up most</h3>\n");
    if (count == 0) {
        tuff_text_add(&page->html, "<p class=\"quiet\">Nothing was taken for another class.</p></div>\n");
        return;
    }
    tuff_table_begin(&page->html, "Classes that are mixed up most", columns, 4);
    for (uint32_t i = 0; i < count; i++) {
        tuff_table_head_cell(&page->html, tuff_class_name(names, mix_ups[i].label, NAME_COLUMNS).s);
        tuff_table_text_cell(&page->html, tuff_class_name(names, mix_ups[i].guess, NAME_COLUMNS).s);
        tuff_table_cell(&page->html, tuff_grouped(mix_ups[i].count).s);
        tuff_table_cell(&page->html, tuff_percent(mix_ups[i].share).s);
        tuff_table_end_row(&page->html);
    }
    tuff_table_end(&page->html);
    tuff_text_add(&page->html, "</div>\n");
}

// A share in percent, with a bar where there is room.
static void share_cell(struct tuff_text *html, double share, bool bar)
{
    tuff_text_add(html, "<td>");
    tuff_text_escape(html, tuff_percent(share).s);
    if (bar) {
        tuff_text_add(html, "<span class=\"bar\" aria-hidden=\"true\"><i style=\"width:");
        tuff_text_coordinate(html, isnan(share) ? 0 : 100 * share);
        tuff_text_add(html, "%\"></i></span>");
    }
    tuff_text_add(html, "</td>");
}

static void class_table(struct tuff_page *page)
{
    static const char *const columns[] = {"class", "images", "precision", "recall", "F1"};
    const struct tuff_scores *scores = page->report->scores;
    const char *const *names = tuff_report_class_names(page->report);
    struct tuff_text *html = &page->html;
    bool folded = scores->classes > OPEN_CLASSES;
    if (folded)
        tuff_text_format(html,
                         "<details class=\"card\"><summary>All %" PRIu32 " classes in figures</summary>\n",
                         scores->classes);
    else
        tuff_text_add(html, "<div class=\"card\"><h3>Classes</h3>\n");
    tuff_table_begin(html, "Precision, recall and F1 of each class", columns, 5);
    for (uint32_t c = 0; c < scores->classes; c++) {
        tuff_table_head_cell(html, tuff_class_name(names, c, NAME_COLUMNS).s);
        tuff_table_cell(html, tuff_grouped(scores->per_class[c].support).s);
        share_cell(html, scores->per_class[c].precision, false);
        share_cell(html, scores->per_class[c].recall, false);
        share_cell(html, scores->per_class[c].f1, true);
        tuff_table_end_row(html);
    }
    tuff_text_add(html, "</tbody><tfoot>\n");
    tuff_table_head_cell(html, "mean");
    tuff_table_cell(html, tuff_grouped(scores->samples).s);
    share_cell(html, scores->precision, false);
    share_cell(html, scores->recall, false);
    share_cell(html, scores->f1, true);
    tuff_text_add(html, "</tr></tfoot></table></div>\n");
    tuff_text_add(html, folded ? "</details>\n" : "</div>\n");
}

bool tuff_page_confusion(struct tuff_page *page)
{
    static const struct tuff_page_figure confusion = {"confusion", "Confusion matrix", draw_confusion};
    const struct tuff_scores *scores = page->report->scores;
    if (scores == NULL) {
        tuff_page_no_figure(page, confusion.name);
        return false;
    }
    bool wide = scores->classes > SCROLLED_CLASSES;
    tuff_page_begin_section(page, "classes", "Classes");
    tuff_text_add(&page->html, "<p class=\"quiet\">");
    tuff_text_escape(&page->html, page->report->data_name == NULL ? "The set" : page->report->data_name);
    tuff_text_format(&page->html, ": %s of %s images are right", tuff_grouped(scores->correct).s,
                     tuff_grouped(scores->samples).s);
    if (scores->classes > 5) {
        tuff_text_add(&page->html, "; of ");
        tuff_text_escape(&page->html, tuff_percent((double)scores->top5 / (double)scores->samples).s);
        tuff_text_add(&page->html, " the label is among the five most probable classes");
    }
    if (scores->unguessed > 0)
        tuff_text_format(&page->html, "; for %s the model gives no numbers",
                         tuff_grouped(scores->unguessed).s);
    tuff_text_add(&page->html, ".</p>\n");
    tuff_text_add(&page->html, wide ? "<div>\n" : "<div class=\"sides\">\n");
    tuff_page_figure(page, &confusion, wide ? TUFF_SVG_FIXED : TUFF_SVG_FITTED);
    mix_up_table(page);
    tuff_text_add(&page->html, "</div>\n");
    class_table(page);
    tuff_page_end_section(page);
    return true;
}

// -- Misses

static uint32_t shown_misses(const struct tuff_report *report)
{
    uint32_t limit = report->miss_limit == 0 ? MISS_LIMIT : report->miss_limit;
    return report->misses->count < limit ? report->misses->count : limit;
}

static const uint8_t *pixels_of(const struct tuff_dataset *data, uint32_t index)
{
    return data->images + (size_t)index * data->channels * data->height * data->width;
}

struct words {
    char caption[448], note[96];
};

static void draw_misses(struct tuff_figure *figure, const struct tuff_report *report, const char *title)
{
    const struct tuff_dataset *data = report->data;
    uint32_t count = shown_misses(report);
    struct tuff_picture *pictures = calloc(count, sizeof *pictures);
    struct words *words = calloc(count, sizeof *words);
    for (uint32_t i = 0; i < count && pictures != NULL && words != NULL; i++) {
        const struct tuff_miss *miss = &report->misses->items[i];
        snprintf(words[i].caption, sizeof words[i].caption, "%s \xE2\x86\x92 %s",
                 tuff_class_name(data->class_names, miss->label, NAME_COLUMNS).s,
                 tuff_class_name(data->class_names, miss->guess, NAME_COLUMNS).s);
        snprintf(words[i].note, sizeof words[i].note, "%s", tuff_percent(miss->confidence).s);
        pictures[i] = (struct tuff_picture){pixels_of(data, miss->index), words[i].caption, words[i].note};
    }
    if (pictures != NULL && words != NULL) {
        tuff_draw_pictures(figure, pictures, count, data->channels, data->height, data->width, 0, title);
    } else {
        tuff_figure_begin(figure, title);
        figure->failed = true;
    }
    free(words);
    free(pictures);
}

static void miss_item(struct tuff_page *page, const struct tuff_miss *miss)
{
    const struct tuff_dataset *data = page->report->data;
    struct tuff_text *html = &page->html;
    struct tuff_class_name label = tuff_class_name(data->class_names, miss->label, NAME_COLUMNS),
                           guess = tuff_class_name(data->class_names, miss->guess, NAME_COLUMNS);
    tuff_text_format(html,
                     "<li><figure><img width=\"%" PRIu32 "\" height=\"%" PRIu32 "\"%s alt=\"image %" PRIu32
                     ": labelled ",
                     data->width, data->height, data->width < 128 ? " class=\"p\"" : "", miss->index);
    tuff_text_escape(html, label.s);
    tuff_text_add(html, ", taken for ");
    tuff_text_escape(html, guess.s);
    tuff_text_add(html, "\" src=\"");
    tuff_image_data(html, pixels_of(data, miss->index), data->channels, data->height, data->width);
    tuff_text_add(html, "\" /><figcaption><b>");
    tuff_text_escape(html, label.s);
    tuff_text_add(html,
                  "</b> <span class=\"quiet\" aria-label=\"taken for\">\xE2\x86\x92</span> <b class=\"g\">");
    tuff_text_escape(html, guess.s);
    tuff_text_add(html, "</b><small>");
    tuff_text_escape(html, tuff_percent(miss->confidence).s);
    tuff_text_format(html, "</small><small>image %" PRIu32 "</small></figcaption></figure></li>\n",
                     miss->index);
}

bool tuff_page_misses(struct tuff_page *page)
{
    static const struct tuff_page_figure misses = {"misses", "Misses", draw_misses};
    const struct tuff_report *report = page->report;
    bool there = report->misses != NULL && report->data != NULL;
    if (!there || report->misses->count == 0)
        tuff_page_no_figure(page, misses.name);
    if (!there)
        return false;
    uint32_t shown = shown_misses(report);
    tuff_page_begin_section(page, "misses", "Misses");
    if (report->misses->count == 0) {
        tuff_text_add(&page->html, "<p class=\"card\">There is none: every image got its label.</p>\n");
    } else {
        tuff_text_add(&page->html, "<p class=\"quiet\">");
        if (shown < report->misses->count)
            tuff_text_format(&page->html, "The first %s of ", tuff_grouped(shown).s);
        tuff_text_format(&page->html,
                         "%s misses, the most confident first: label, guess, and the probability that the "
                         "model gave to its guess.</p>\n<ul class=\"grid card\">\n",
                         tuff_grouped(report->misses->count).s);
        for (uint32_t i = 0; i < shown; i++)
            miss_item(page, &report->misses->items[i]);
        tuff_text_add(&page->html, "</ul>\n");
        tuff_page_figure_files(page, &misses);
    }
    tuff_page_end_section(page);
    return true;
}

// -- Filters

static void draw_filters(struct tuff_figure *figure, const struct tuff_report *report, const char *title)
{
    tuff_draw_filters(figure, report->filters, report->filter_dims, title);
}

bool tuff_page_filters(struct tuff_page *page)
{
    static const struct tuff_page_figure filters = {"filters", "First layer", draw_filters};
    if (page->report->filters == NULL) {
        tuff_page_no_figure(page, filters.name);
        return false;
    }
    tuff_page_begin_section(page, "filters", "What the first layer looks for");
    tuff_page_figure(page, &filters, TUFF_SVG_FIXED);
    tuff_page_end_section(page);
    return true;
}
