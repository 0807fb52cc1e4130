// Grids of labelled pictures.
#include <math.h>

#include "draw.h"

enum {
    MARGIN = 8,
    GAP = 12,
    CAPTION = 13,
    NOTE = 11,
    LEAST_SIDE = 84, // of a picture as it is drawn
    GREATEST_SIDE = 160,
    GRID_WIDTH = 960,
};

struct grid {
    double width, height; // of a picture
    double caption, note; // heights
    uint32_t columns;
};

static struct grid lay_out(const struct tuff_picture *pictures, uint32_t count, uint32_t height,
                           uint32_t width, uint32_t columns)
{
    struct grid grid = {.caption = 0};
    for (uint32_t i = 0; i < count; i++) {
        if (pictures[i].caption != NULL)
            grid.caption = CAPTION + 7;
        if (pictures[i].note != NULL)
            grid.note = NOTE + 5;
    }
    // Whole multiples of small pictures' pixels, so that all pixels have one size.
    uint32_t side = width > height ? width : height;
    double scale =
        side >= LEAST_SIDE ? fmin(1, (double)GREATEST_SIDE / side) : ceil((double)LEAST_SIDE / side);
    grid.width = width * scale;
    grid.height = height * scale;
    uint32_t fit = (uint32_t)((GRID_WIDTH + GAP) / (grid.width + GAP));
    grid.columns = columns != 0 ? columns : fit > 10 ? 10 : fit == 0 ? 1 : fit;
    if (grid.columns > count)
        grid.columns = count;
    return grid;
}

static void draw_words(struct tuff_figure *figure, double x, double y, double width, double size,
                       enum tuff_colour colour, const char *words)
{
    char text[256];
    if (words == NULL)
        return;
    tuff_clean_name(text, sizeof text, words, (unsigned)fmax(4, width / (0.6 * size)));
    tuff_figure_text(figure, x, y, size, colour, TUFF_ANCHOR_START, text);
}

void tuff_draw_pictures(struct tuff_figure *figure, const struct tuff_picture *pictures, uint32_t count,
                        uint32_t channels, uint32_t height, uint32_t width, uint32_t columns,
                        const char *title)
{
    struct grid grid = lay_out(pictures, count, height, width, columns);
    tuff_figure_begin(figure, title != NULL ? title : "Pictures");
    double header = tuff_draw_title(figure, MARGIN, title) + MARGIN;
    double cell = grid.width + GAP, row = grid.height + grid.caption + grid.note + GAP;
    uint32_t rows = (count + grid.columns - 1) / grid.columns;
    figure->width = 2 * MARGIN + grid.columns * cell - GAP;
    figure->height = header + rows * row - GAP + MARGIN;
    figure->width = fmax(figure->width, 2 * MARGIN + tuff_title_width(title));
    uint32_t drawn = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (pictures[i].pixels == NULL)
            continue;
        drawn++;
        double x = MARGIN + (i % grid.columns) * cell, y = header + (i / grid.columns) * row;
        tuff_figure_image(figure, x, y, grid.width, grid.height, pictures[i].pixels, channels, height, width);
        // A frame, so that white pictures have an edge.
        tuff_figure_rect(figure, x, y, grid.width, grid.height, TUFF_COLOUR_NONE)->stroke = TUFF_COLOUR_FAINT;
        draw_words(figure, x, y + grid.height + 11, grid.width, CAPTION, TUFF_COLOUR_INK,
                   pictures[i].caption);
        draw_words(figure, x, y + grid.height + grid.caption + 7, grid.width, NOTE, TUFF_COLOUR_MUTED,
                   pictures[i].note);
    }
    tuff_figure_describe(figure, "%u pictures", drawn);
}

enum tuff_status tuff_pictures_write(const struct tuff_log *log, const char *path,
                                     const struct tuff_picture *pictures, uint32_t count, uint32_t channels,
                                     uint32_t height, uint32_t width, uint32_t columns,
                                     const struct tuff_figure_options *options)
{
    if (count == 0 || channels == 0 || height == 0 || width == 0)
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "cannot draw '%s': expected pictures, found %u of (%u, %u, %u)", path, count,
                         channels, height, width);
    struct tuff_figure figure;
    tuff_draw_pictures(&figure, pictures, count, channels, height, width, columns,
                       tuff_figure_title(options));
    enum tuff_status status = tuff_figure_write(log, &figure, options, path);
    tuff_figure_free(&figure);
    return status;
}
