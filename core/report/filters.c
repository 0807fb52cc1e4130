// The weights of a convolution as pictures.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "draw.h"

enum { MARGIN = 8, GAP = 8, FONT = 12, MOST_FILTERS = 64, MOST_CHANNELS = 8, SIDE = 56, GRID_WIDTH = 660 };

// The three colours of a scale around 0: orange, nearly white, blue; the ends are those of the ramps.
static const uint8_t below[3] = {0xC2, 0x57, 0x0C}, zero[3] = {0xF7, 0xF7, 0xF5},
                     above[3] = {0x1F, 0x6D, 0xB3};

// value: -1 to 1, or NaN, which is gray.
static void scale_colour(double value, uint8_t rgb[3])
{
    const uint8_t *end = value < 0 ? below : above;
    for (int c = 0; c < 3; c++)
        rgb[c] = isnan(value) ? 0x80 : (uint8_t)lround(zero[c] + fabs(value) * ((double)end[c] - zero[c]));
}

// One picture, (3,height,width), of a filter's three channels or of its channel `channel`.
static void paint_filter(const float *filter, uint32_t channels, uint32_t channel, size_t plane,
                         double greatest, uint8_t *pixels)
{
    for (size_t i = 0; i < plane; i++) {
        uint8_t rgb[3];
        if (channels == 3) {
            for (size_t c = 0; c < 3; c++) {
                double value = 127.5 + 127.5 * (double)filter[c * plane + i] / greatest;
                rgb[c] = isnan(value) ? 0x80 : (uint8_t)lround(fmin(fmax(value, 0), 255));
            }
        } else {
            const double value = (double)filter[channel * plane + i] / greatest;
            scale_colour(isnan(value) ? value : fmin(fmax(value, -1), 1), rgb);
        }
        for (size_t c = 0; c < 3; c++)
            pixels[c * plane + i] = rgb[c];
    }
}

static double greatest_weight(const float *weights, size_t count)
{
    double greatest = 0;
    for (size_t i = 0; i < count; i++)
        if (isfinite(weights[i]))
            greatest = fmax(greatest, fabs((double)weights[i]));
    return greatest > 0 ? greatest : 1;
}

static void draw_legend(struct tuff_figure *figure, double y, double greatest, bool colours)
{
    char text[160];
    struct tuff_number end = tuff_significant(greatest);
    if (colours) {
        snprintf(text, sizeof text, "red, green, blue from -%s to %s; 0 is gray", end.s, end.s);
        tuff_figure_text(figure, MARGIN, y, FONT, TUFF_COLOUR_MUTED, TUFF_ANCHOR_START, text);
        return;
    }
    snprintf(text, sizeof text, "-%s", end.s);
    double x = MARGIN + tuff_text_width(text, FONT) + 6;
    uint8_t pixels[3 * 33];
    tuff_figure_text(figure, MARGIN, y, FONT, TUFF_COLOUR_MUTED, TUFF_ANCHOR_START, text);
    for (int i = 0; i < 33; i++) {
        uint8_t rgb[3];
        scale_colour((i - 16) / 16.0, rgb);
        for (int c = 0; c < 3; c++)
            pixels[c * 33 + i] = rgb[c];
    }
    tuff_figure_image(figure, x, y - 6, 99, 12, pixels, 3, 1, 33);
    tuff_figure_text(figure, x + 105, y, FONT, TUFF_COLOUR_MUTED, TUFF_ANCHOR_START, end.s);
}

static double picture_scale(uint32_t height, uint32_t width)
{
    uint32_t side = height > width ? height : width;
    return side >= SIDE ? 1 : ceil((double)SIDE / side);
}

void tuff_draw_filters(struct tuff_figure *figure, const float *weights, const uint32_t dims[4],
                       const char *title)
{
    uint32_t filters = dims[0] < MOST_FILTERS ? dims[0] : MOST_FILTERS;
    uint32_t rows = dims[1] == 3 ? 1 : dims[1] < MOST_CHANNELS ? dims[1] : MOST_CHANNELS;
    size_t plane = (size_t)dims[2] * dims[3];
    double scale = picture_scale(dims[2], dims[3]), width = dims[3] * scale, height = dims[2] * scale;
    tuff_figure_begin(figure, title != NULL ? title : "Filters");
    double header = tuff_draw_title(figure, MARGIN, title) + MARGIN;
    uint32_t columns = (uint32_t)fmax(1, floor((GRID_WIDTH + GAP) / (width + GAP)));
    if (columns > filters)
        columns = filters;
    // The channels of a filter stand close together, one below the other.
    double block = rows * (height + 2) - 2 + GAP;
    double greatest = greatest_weight(weights, dims[0] * dims[1] * plane);
    uint8_t *pixels = malloc(3 * plane);
    figure->failed = figure->failed || pixels == NULL;
    for (uint32_t f = 0; f < filters && pixels != NULL; f++) {
        for (uint32_t c = 0; c < rows; c++) {
            double x = MARGIN + (f % columns) * (width + GAP);
            double y = header + (f / columns) * block + c * (height + 2);
            paint_filter(weights + f * dims[1] * plane, dims[1], c, plane, greatest, pixels);
            struct tuff_shape *image =
                tuff_figure_image(figure, x, y, width, height, pixels, 3, dims[2], dims[3]);
            tuff_figure_hover(figure, image, "filter %" PRIu32, f);
            tuff_figure_rect(figure, x, y, width, height, TUFF_COLOUR_NONE)->stroke = TUFF_COLOUR_FAINT;
        }
    }
    free(pixels);
    double bottom = header + (filters + columns - 1) / columns * block;
    figure->width =
        fmax(2 * MARGIN + columns * (width + GAP) - GAP, fmax(300, 2 * MARGIN + tuff_title_width(title)));
    figure->height = bottom + 24 + MARGIN;
    draw_legend(figure, bottom + 12, greatest, dims[1] == 3);
    tuff_figure_describe(figure,
                         "%" PRIu32 " of %" PRIu32 " filters of %" PRIu32 " x %" PRIu32 " weights in %" PRIu32
                         " channels",
                         filters, dims[0], dims[2], dims[3], dims[1]);
}

enum tuff_status tuff_filters_write(const struct tuff_log *log, const char *path, const float *weights,
                                    const uint32_t dims[4], const struct tuff_figure_options *options)
{
    for (int i = 0; i < 4; i++)
        if (dims[i] == 0)
            return tuff_fail(log, TUFF_ERROR_INVALID, "cannot draw '%s': expected weights, found none", path);
    struct tuff_figure figure;
    tuff_draw_filters(&figure, weights, dims, tuff_figure_title(options));
    enum tuff_status status = tuff_figure_write(log, &figure, options, path);
    tuff_figure_free(&figure);
    return status;
}
