// Each of these begins a figure and draws it; the caller writes and frees it. A title that is NULL draws
// none.
#ifndef TUFF_CORE_DRAW_H
#define TUFF_CORE_DRAW_H

#include "figure.h"

// How many of the values are no numbers.
struct tuff_gaps {
    uint32_t gaps, values;
};
bool tuff_drawable(double value); // false: it is a gap
// gaps: of what the curves stand for, where they hold less or more than that; NULL: of the curves.
void tuff_draw_curves(struct tuff_figure *figure, const struct tuff_curve *curves, uint32_t count,
                      const struct tuff_axes *axes, const char *title, const struct tuff_gaps *gaps);
void tuff_draw_confusion(struct tuff_figure *figure, const struct tuff_scores *scores,
                         const char *const *class_names, const char *title);
void tuff_draw_pictures(struct tuff_figure *figure, const struct tuff_picture *pictures, uint32_t count,
                        uint32_t channels, uint32_t height, uint32_t width, uint32_t columns,
                        const char *title);
void tuff_draw_filters(struct tuff_figure *figure, const float *weights, const uint32_t dims[4],
                       const char *title);

// The title at the upper left; returns the height that it takes, 0 for NULL.
double tuff_draw_title(struct tuff_figure *figure, double x, const char *title);
double tuff_title_width(const char *title); // of what that draws; NULL: 0

// The title in the options, which may be NULL.
const char *tuff_figure_title(const struct tuff_figure_options *options);

// A class's name, or its number where there are no names; cut at `columns`.
struct tuff_class_name {
    char s[200];
};
struct tuff_class_name tuff_class_name(const char *const *names, uint32_t class, unsigned columns);

#endif
