// The page's head, and what was trained.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "page.h"

void tuff_page_head(struct tuff_page *page)
{
    struct tuff_text *html = &page->html;
    const struct tuff_report *report = page->report;
    tuff_text_add(html,
                  "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\" />\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />\n"
                  "<meta name=\"color-scheme\" content=\"light dark\" />\n"
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
                  "'unsafe-inline'; img-src data:\" />\n"
                  "<meta name=\"generator\" content=\"tuff " TUFF_VERSION "\" />\n<title>");
    tuff_text_escape(html, report->title == NULL ? "Training" : report->title);
    tuff_text_add(html, "</title>\n<style>\n");
    tuff_colours_css(html, ":root", NULL);
    tuff_text_add(html, tuff_svg_css);
    tuff_text_add(html, tuff_page_css);
    tuff_text_add(html, "</style>\n</head>\n<body>\n<header>\n<h1>");
    tuff_text_escape(html, report->title == NULL ? "Training" : report->title);
    tuff_text_add(html, "</h1>\n");
    if (report->subtitle != NULL) {
        tuff_text_add(html, "<p class=\"quiet\">");
        tuff_text_escape(html, report->subtitle);
        tuff_text_add(html, "</p>\n");
    }
}

static void tile(struct tuff_text *html, const char *name, const char *value, const char *detail)
{
    tuff_text_format(html, "<div><dt>%s</dt><dd>", name);
    tuff_text_escape(html, value);
    if (detail != NULL)
        tuff_text_format(html, " <small>%s</small>", detail);
    tuff_text_add(html, "</dd></div>\n");
}

// Long times as a clock shows them, so that they fit.
static void time_tile(struct tuff_text *html, double seconds)
{
    char clock[32];
    if (seconds < 99.95) {
        tile(html, "training time", tuff_duration(seconds).s, NULL);
        return;
    }
    uint64_t whole = (uint64_t)fmin(round(seconds), 1e12);
    bool hours = whole >= 3600;
    whole = hours ? whole / 60 : whole;
    snprintf(clock, sizeof clock, "%" PRIu64 ":%02" PRIu64, whole / 60, whole % 60);
    tile(html, "training time", clock, hours ? "h" : "min");
}

static void score_tiles(struct tuff_text *html, const struct tuff_scores *scores)
{
    char of[64];
    snprintf(of, sizeof of, "of %s", tuff_grouped(scores->samples).s);
    tile(html, "accuracy", tuff_percent((double)scores->correct / (double)scores->samples).s, NULL);
    if (scores->classes >= 20)
        tile(html, "in the top 5", tuff_percent((double)scores->top5 / (double)scores->samples).s, NULL);
    tile(html, "loss", tuff_significant(scores->loss).s, NULL);
    tile(html, "misses", tuff_grouped(scores->samples - scores->correct).s, of);
}

// Without an evaluation, what the training says of its last epoch.
static void last_tiles(struct tuff_text *html, const struct tuff_history *history)
{
    const struct tuff_history_epoch *last = NULL;
    for (uint32_t i = 0; i < history->epoch_count; i++)
        if (history->epochs[i].whole)
            last = &history->epochs[i];
    if (last == NULL)
        return;
    tile(html, last->tested ? "test accuracy" : "training accuracy",
         tuff_percent(last->tested ? last->test_accuracy : last->train_accuracy).s, NULL);
    tile(html, last->tested ? "test loss" : "training loss",
         tuff_significant(last->tested ? last->test_loss : last->train_loss).s, NULL);
}

static void history_tiles(struct tuff_text *html, const struct tuff_report *report)
{
    double seconds = 0, speed = NAN;
    for (uint32_t i = 0; i < report->history->epoch_count; i++) {
        const struct tuff_history_epoch *epoch = &report->history->epochs[i];
        seconds += isfinite(epoch->train_seconds) ? epoch->train_seconds : 0;
        speed = isfinite(epoch->samples_per_second) ? epoch->samples_per_second : speed;
    }
    tile(html, "epochs", tuff_grouped(tuff_report_epochs(report)).s, NULL);
    if (seconds > 0)
        time_tile(html, seconds);
    if (isfinite(speed) && speed >= 0)
        tile(html, "images/s", tuff_grouped((uint64_t)fmin(speed, 1e15)).s, NULL);
}

void tuff_page_tiles(struct tuff_page *page)
{
    const struct tuff_report *report = page->report;
    if (report->scores == NULL && report->history == NULL && report->model == NULL)
        return;
    tuff_text_add(&page->html, "<dl class=\"tiles\">\n");
    if (report->scores != NULL)
        score_tiles(&page->html, report->scores);
    else if (report->history != NULL)
        last_tiles(&page->html, report->history);
    if (report->history != NULL)
        history_tiles(&page->html, report);
    if (report->model != NULL)
        tile(&page->html, "parameters", tuff_grouped(tuff_model_parameter_elements(report->model)).s, NULL);
    tuff_text_add(&page->html, "</dl>\n");
}

bool tuff_page_model(struct tuff_page *page)
{
    static const char *const columns[] = {"layer", "<kind", "output", "parameters", "multiply-adds"};
    const struct tuff_model *model = page->report->model;
    struct tuff_text *html = &page->html;
    uint64_t parameters = 0, multiply_adds = 0;
    uint32_t input[3];
    if (model == NULL)
        return false;
    tuff_model_input(model, input);
    tuff_page_begin_section(page, "model", "Model");
    tuff_text_add(html, "<p class=\"quiet\">");
    tuff_text_escape(html, tuff_model_name(model));
    tuff_text_format(html,
                     ": images of %" PRIu32 " \xC3\x97 %" PRIu32 " pixels in %" PRIu32 " channel%s, %" PRIu32
                     " classes. Multiply-adds are those of one image, forward.</p>\n<div class=\"card\">\n",
                     input[1], input[2], input[0], input[0] == 1 ? "" : "s", tuff_model_classes(model));
    tuff_table_begin(html, "Layers of the model", columns, 5);
    for (size_t i = 0; i < tuff_model_layer_count(model); i++) {
        struct tuff_layer_info layer;
        char shape[64] = "";
        tuff_model_layer(model, i, &layer);
        for (uint32_t d = 0, used = 0; d < layer.output_rank; d++)
            used += (uint32_t)snprintf(shape + used, sizeof shape - used, "%s%" PRIu32,
                                       d == 0 ? "" : " \xC3\x97 ", layer.output_dims[d]);
        tuff_table_head_cell(html, layer.name);
        tuff_table_text_cell(html, layer.kind);
        tuff_table_cell(html, shape);
        tuff_table_cell(html, tuff_grouped(layer.parameters).s);
        tuff_table_cell(html, tuff_grouped(layer.multiply_adds).s);
        tuff_table_end_row(html);
        parameters += layer.parameters;
        multiply_adds += layer.multiply_adds;
    }
    tuff_text_add(html, "</tbody><tfoot>\n");
    tuff_table_head_cell(html, "all");
    tuff_table_cell(html, "");
    tuff_table_cell(html, "");
    tuff_table_cell(html, tuff_grouped(parameters).s);
    tuff_table_cell(html, tuff_grouped(multiply_adds).s);
    tuff_text_add(html, "</tr></tfoot></table></div>\n</div>\n");
    tuff_page_end_section(page);
    return true;
}

bool tuff_page_run(struct tuff_page *page)
{
    const struct tuff_report *report = page->report;
    struct tuff_text *html = &page->html;
    if (report->command == NULL && report->fact_count == 0)
        return false;
    tuff_page_begin_section(page, "run", "How it was made");
    tuff_text_add(html, "<div class=\"card\">\n");
    if (report->command != NULL) {
        tuff_text_add(html, "<pre><code>");
        tuff_text_escape(html, report->command);
        tuff_text_add(html, "</code></pre>\n");
    }
    if (report->fact_count > 0) {
        tuff_text_add(html, "<dl class=\"facts\">\n");
        for (size_t i = 0; i < report->fact_count; i++) {
            tuff_text_add(html, "<dt>");
            tuff_text_escape(html, report->facts[i].name);
            tuff_text_add(html, "</dt><dd>");
            tuff_text_escape(html, report->facts[i].value);
            tuff_text_add(html, "</dd>\n");
        }
        tuff_text_add(html, "</dl>\n");
    }
    tuff_text_add(html, "</div>\n");
    tuff_page_end_section(page);
    return true;
}
