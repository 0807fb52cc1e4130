// Pictures on the terminal: two pixels to a character, the upper one its foreground, the lower one its
// background; where there are no colours, one of ten characters for both.
#ifndef TUFF_TOOL_PICTURE_H
#define TUFF_TOOL_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum picture_style {
    PICTURE_AUTO,     // colours where the terminal has them, else characters
    PICTURE_COLOUR,   // colours wherever the output goes
    PICTURE_GRAY,     // as auto, but of the brightness alone
    PICTURE_INVERTED, // the same, dark for bright
    PICTURE_PLAIN,    // characters
};

#define PICTURE_STYLES "auto, colour, gray, inverted, plain"

// Whether `name` is one of PICTURE_STYLES; else says so: wrong usage.
bool picture_style_named(const char *command, const char *name, enum picture_style *style);

struct picture_shape {
    uint32_t channels, height, width;
};

struct picture {
    // (channels,height,width); 3 channels are red, green, blue, of others the first is shown. NULL: the place
    // stays empty, and so do those behind it in its row.
    const uint8_t *pixels;
    const char *caption; // one line, cut to the picture's width
};

// Side by side in rows of `columns`, 0: of all, which are broken where the terminal ends. Those that are
// wider than 64 of its columns are scaled down.
void picture_print(enum picture_style style, const struct picture_shape *shape,
                   const struct picture *pictures, size_t count, size_t columns);

#endif
