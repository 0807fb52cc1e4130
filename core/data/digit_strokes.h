// The skeletons that the drawn digits start from: how a pen moves.
#ifndef TUFF_CORE_DIGIT_STROKES_H
#define TUFF_CORE_DIGIT_STROKES_H

#include <stddef.h>
#include <stdint.h>

#include "tuff/digits.h"

// How the pen goes on after a point.
enum tuff_pen {
    TUFF_PEN_CURVE,  // smoothly
    TUFF_PEN_CORNER, // with a sharp turn at this point
    TUFF_PEN_LIFT,   // not at all: the next point begins another stroke
};

// x to the right and y down, in percent of the digit's box.
struct tuff_pen_point {
    uint8_t x, y;
    uint8_t pen; // enum tuff_pen
};

enum { TUFF_STYLE_MAX_POINTS = 20, TUFF_DIGIT_MAX_STYLES = 3 };

// One way to write a digit. Its last point lifts the pen.
struct tuff_digit_style {
    uint32_t weight; // of 16: how often people write it so; the weights of a digit's styles sum to 16
    uint32_t count;
    const struct tuff_pen_point *points;
};

struct tuff_digit_styles {
    uint32_t count;
    struct tuff_digit_style styles[TUFF_DIGIT_MAX_STYLES];
};

extern const struct tuff_digit_styles tuff_digit_styles[TUFF_DIGITS_CLASSES];

#endif
