#include "picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "names.h"
#include "terminal.h"

enum { WIDEST = 64, GAP = 2, LEAST_CAPTION = 10 };

struct rgb {
    uint8_t red, green, blue;
};

// How pictures are put into characters.
struct screen {
    enum terminal_colours colours;
    bool utf8, gray, inverted;
    uint32_t columns, lines; // of one picture, in characters
    uint32_t width, height;  // of one picture, in pixels as they are shown
};

bool picture_style_named(const char *command, const char *name, enum picture_style *style)
{
    static const char *const names[] = {"auto", "colour", "gray", "inverted", "plain"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        *style = (enum picture_style)i;
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    console_error("%s: --style: expected one of " PICTURE_STYLES ", found '%s'", command, name);
    return false;
}

// -- Pixels

static uint8_t brightness(struct rgb c)
{
    return (uint8_t)((299u * c.red + 587u * c.green + 114u * c.blue + 500) / 1000);
}

// The mean of a channel over the pixels that become pixel (x,y) of the screen.
static uint8_t mean(const struct screen *screen, const struct picture_shape *shape, const uint8_t *plane,
                    uint32_t x, uint32_t y)
{
    uint32_t left = (uint32_t)((uint64_t)x * shape->width / screen->width),
             right = (uint32_t)((uint64_t)(x + 1) * shape->width / screen->width),
             top = (uint32_t)((uint64_t)y * shape->height / screen->height),
             bottom = (uint32_t)((uint64_t)(y + 1) * shape->height / screen->height);
    uint64_t sum = 0, count = 0;
    for (uint32_t row = top; row < bottom || row == top; row++) {
        for (uint32_t column = left; column < right || column == left; column++) {
            sum += plane[(size_t)row * shape->width + column];
            count++;
        }
    }
    return (uint8_t)((sum + count / 2) / count);
}

// Below the last row of an odd height there is the one above it again.
static struct rgb pixel(const struct screen *screen, const struct picture_shape *shape, const uint8_t *pixels,
                        uint32_t x, uint32_t y)
{
    size_t plane = (size_t)shape->height * shape->width;
    y = y < screen->height ? y : screen->height - 1;
    struct rgb c = {.red = mean(screen, shape, pixels, x, y)};
    c.green = c.blue = c.red;
    if (shape->channels == 3) {
        c.green = mean(screen, shape, pixels + plane, x, y);
        c.blue = mean(screen, shape, pixels + 2 * plane, x, y);
    }
    if (screen->gray) {
        uint8_t value = brightness(c);
        if (screen->inverted)
            value = (uint8_t)(255 - value);
        c = (struct rgb){value, value, value};
    }
    return c;
}

// -- Characters

static unsigned squared(int a, int b)
{
    return (unsigned)((a - b) * (a - b));
}

// The nearest of the 6 x 6 x 6 cube and the 24 grays of the 256 colours.
static unsigned nearest_of_256(struct rgb c)
{
    static const uint8_t levels[6] = {0, 95, 135, 175, 215, 255};
    const uint8_t values[3] = {c.red, c.green, c.blue};
    unsigned index[3], cube = 0, gray_distance = 0;
    for (int i = 0; i < 3; i++) {
        index[i] = 0;
        for (unsigned k = 1; k < 6; k++)
            if (squared(levels[k], values[i]) < squared(levels[index[i]], values[i]))
                index[i] = k;
        cube += squared(levels[index[i]], values[i]);
    }
    int mid = (c.red + c.green + c.blue) / 3, gray = mid < 8 ? 0 : mid > 238 ? 23 : (mid - 8 + 5) / 10;
    for (int i = 0; i < 3; i++)
        gray_distance += squared(8 + 10 * gray, values[i]);
    return gray_distance < cube ? 232 + (unsigned)gray : 16 + 36 * index[0] + 6 * index[1] + index[2];
}

// ground: 38 sets the foreground, 48 the background.
static void set_colour(FILE *out, const struct screen *screen, int ground, struct rgb c)
{
    if (screen->colours == TERMINAL_TRUE)
        fprintf(out, "\033[%d;2;%u;%u;%um", ground, c.red, c.green, c.blue);
    else
        fprintf(out, "\033[%d;5;%um", ground, nearest_of_256(c));
}

static struct rgb between(struct rgb a, struct rgb b)
{
    return (struct rgb){(uint8_t)((a.red + b.red + 1) / 2), (uint8_t)((a.green + b.green + 1) / 2),
                        (uint8_t)((a.blue + b.blue + 1) / 2)};
}

static bool same(const struct rgb *a, struct rgb b)
{
    return a != NULL && a->red == b.red && a->green == b.green && a->blue == b.blue;
}

// before: the two pixels of the character before it, whose colours still hold; NULL at the beginning of a
// line.
static void put_character(FILE *out, const struct screen *screen, struct rgb upper, struct rgb lower,
                          const struct rgb *before)
{
    static const char ramp[] = " .:-=+*#%@";
    if (screen->colours == TERMINAL_PLAIN) {
        unsigned value = ((unsigned)brightness(upper) + brightness(lower)) / 2;
        fputc(ramp[value * (sizeof ramp - 2) / 255], out);
    } else if (screen->utf8) {
        if (!same(before, upper))
            set_colour(out, screen, 38, upper);
        if (!same(before == NULL ? NULL : before + 1, lower))
            set_colour(out, screen, 48, lower);
        fputs("\xE2\x96\x80", out); // the upper half
    } else {
        set_colour(out, screen, 48, between(upper, lower));
        fputc(' ', out);
    }
}

static void put_line(FILE *out, const struct screen *screen, const struct picture_shape *shape,
                     const uint8_t *pixels, uint32_t line)
{
    struct rgb before[2];
    for (uint32_t x = 0; x < screen->width; x++) {
        struct rgb upper = pixel(screen, shape, pixels, x, 2 * line),
                   lower = pixel(screen, shape, pixels, x, 2 * line + 1);
        put_character(out, screen, upper, lower, x == 0 ? NULL : before);
        before[0] = upper;
        before[1] = lower;
    }
    if (screen->colours != TERMINAL_PLAIN)
        fputs("\033[0m", out);
}

static struct screen choose_screen(enum picture_style style, const struct picture_shape *shape)
{
    struct screen screen = {
        .colours = style == PICTURE_PLAIN    ? TERMINAL_PLAIN
                   : style == PICTURE_COLOUR ? terminal_colours_forced()
                                             : terminal_colours(),
        .utf8 = terminal_utf8(),
        .gray = style == PICTURE_GRAY || style == PICTURE_INVERTED,
        .inverted = style == PICTURE_INVERTED,
        .width = shape->width,
        .height = shape->height,
    };
    uint32_t most = terminal_columns() < WIDEST ? terminal_columns() : WIDEST;
    if (screen.width > most) {
        screen.width = most;
        screen.height = (uint32_t)((uint64_t)shape->height * most / shape->width);
        screen.height = screen.height == 0 ? 1 : screen.height;
    }
    screen.columns = screen.width < LEAST_CAPTION ? LEAST_CAPTION : screen.width;
    screen.lines = (screen.height + 1) / 2;
    return screen;
}

static void print_row(FILE *out, const struct screen *screen, const struct picture_shape *shape,
                      const struct picture *pictures, size_t count)
{
    while (count > 0 && pictures[count - 1].pixels == NULL)
        count--;
    if (count == 0)
        return;
    for (uint32_t line = 0; line < screen->lines; line++) {
        for (size_t i = 0; i < count; i++) {
            put_line(out, screen, shape, pictures[i].pixels, line);
            if (i + 1 < count)
                fprintf(out, "%*s", (int)(screen->columns - screen->width + GAP), "");
        }
        fputc('\n', out);
    }
    for (size_t i = 0; i < count; i++) {
        char caption[160];
        tuff_clean_name(caption, sizeof caption, pictures[i].caption, screen->columns);
        if (i + 1 < count)
            fprintf(out, "%s%*s", caption, (int)(screen->columns - tuff_columns(caption) + GAP), "");
        else
            fputs(caption, out);
    }
    fputs("\n\n", out);
}

void picture_print(enum picture_style style, const struct picture_shape *shape,
                   const struct picture *pictures, size_t count, size_t columns)
{
    struct screen screen = choose_screen(style, shape);
    size_t across = (terminal_columns() + GAP) / (screen.columns + GAP);
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (out == NULL) {
        console_error("out of memory");
        return;
    }
    across = across == 0 ? 1 : across;
    columns = columns == 0 ? count : columns;
    for (size_t row = 0; row < count; row += columns) {
        size_t end = count - row < columns ? count : row + columns;
        for (size_t i = row; i < end; i += across)
            print_row(out, &screen, shape, pictures + i, end - i < across ? end - i : across);
    }
    if (fclose(out) == 0)
        console_print("%s", text);
    free(text);
}
