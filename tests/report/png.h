// A PNG as cairo reads it back.
#ifndef TUFF_TESTS_REPORT_PNG_H
#define TUFF_TESTS_REPORT_PNG_H

#include <cairo.h>
#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

struct png {
    cairo_surface_t *surface;
    int width, height;
};

static inline struct png png_open(const char *path)
{
    struct png png = {.surface = cairo_image_surface_create_from_png(path)};
    cr_assert_eq(cairo_surface_status(png.surface), CAIRO_STATUS_SUCCESS, "%s is no PNG", path);
    png.width = cairo_image_surface_get_width(png.surface);
    png.height = cairo_image_surface_get_height(png.surface);
    return png;
}

static inline uint32_t png_pixel(const struct png *png, int x, int y)
{
    uint32_t rgb;
    cr_assert(x >= 0 && x < png->width && y >= 0 && y < png->height, "(%d,%d) is outside", x, y);
    memcpy(&rgb,
           cairo_image_surface_get_data(png->surface) +
               (ptrdiff_t)y * cairo_image_surface_get_stride(png->surface) + (ptrdiff_t)x * 4,
           4);
    return rgb & 0xFFFFFF;
}

// Whether any pixel has this colour.
static inline bool png_has(const struct png *png, uint32_t rgb)
{
    for (int y = 0; y < png->height; y++)
        for (int x = 0; x < png->width; x++)
            if (png_pixel(png, x, y) == rgb)
                return true;
    return false;
}

static inline void png_close(struct png *png)
{
    cairo_surface_destroy(png->surface);
}

#endif
