// Colours by what they stand for. Each has a light and a dark value; SVG and HTML choose by the reader's
// colour scheme, PNG by the theme that is asked for. Blue and orange, which colour-blind readers tell apart.
#ifndef TUFF_CORE_COLOURS_H
#define TUFF_CORE_COLOURS_H

#include "text.h"
#include "tuff/report.h"

enum { TUFF_RAMP = 12 };

enum tuff_colour {
    TUFF_COLOUR_NONE,
    TUFF_COLOUR_SURFACE, // what figures stand on
    TUFF_COLOUR_INK,
    TUFF_COLOUR_MUTED, // secondary text
    TUFF_COLOUR_LINE,  // frames and axes
    TUFF_COLOUR_FAINT, // grid lines, empty cells
    TUFF_COLOUR_ON,    // text on the upper half of a ramp
    TUFF_COLOUR_SERIES,
    TUFF_COLOUR_BLUE = TUFF_COLOUR_SERIES,
    TUFF_COLOUR_ORANGE,
    TUFF_COLOUR_GREEN,
    TUFF_COLOUR_PURPLE,
    TUFF_COLOUR_RIGHT,                                 // a ramp from almost nothing to blue: what is right
    TUFF_COLOUR_WRONG = TUFF_COLOUR_RIGHT + TUFF_RAMP, // the same to orange: what is wrong
    TUFF_COLOUR_COUNT = TUFF_COLOUR_WRONG + TUFF_RAMP,
};

enum { TUFF_SERIES_COLOURS = TUFF_COLOUR_RIGHT - TUFF_COLOUR_SERIES };

// The colour of a ramp for 0 to 1, and of text on it.
enum tuff_colour tuff_ramp(enum tuff_colour ramp, double value);
enum tuff_colour tuff_ramp_text(enum tuff_colour colour);

uint32_t tuff_colour_rgb(enum tuff_colour colour, enum tuff_theme theme); // 0xRRGGBB

// CSS for the colours that `used` names, NULL for all: variables on `root`, light and dark, and the classes
// f-NAME and s-NAME, which fill and stroke. The classes name the light value as well, for readers that know
// no variables.
void tuff_colours_css(struct tuff_text *text, const char *root, const bool *used);
// "ink", "r4".
void tuff_colour_name(struct tuff_text *text, enum tuff_colour colour);

#endif
