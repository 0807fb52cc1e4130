#include "digit_strokes.h"

#define CURVE  TUFF_PEN_CURVE
#define CORNER TUFF_PEN_CORNER
#define LIFT   TUFF_PEN_LIFT

static const struct tuff_pen_point zero_round[] = {
    {54, 2, CURVE},  {28, 8, CURVE},  {12, 34, CURVE}, {12, 66, CURVE}, {28, 92, CURVE}, {52, 99, CURVE},
    {76, 90, CURVE}, {90, 64, CURVE}, {88, 34, CURVE}, {72, 9, CURVE},  {50, 2, LIFT},
};
static const struct tuff_pen_point zero_narrow[] = {
    {58, 3, CURVE},  {38, 14, CURVE}, {26, 44, CURVE}, {26, 74, CURVE}, {42, 98, CURVE},
    {62, 88, CURVE}, {74, 56, CURVE}, {74, 24, CURVE}, {58, 2, CURVE},  {44, 10, LIFT},
};
static const struct tuff_pen_point zero_open[] = {
    {60, 10, CURVE}, {34, 8, CURVE},  {14, 36, CURVE}, {14, 72, CURVE}, {38, 98, CURVE},
    {68, 94, CURVE}, {88, 64, CURVE}, {84, 26, CURVE}, {62, 4, CURVE},  {38, 2, LIFT},
};

static const struct tuff_pen_point one_stem[] = {{52, 0, CURVE}, {51, 50, CURVE}, {48, 100, LIFT}};
static const struct tuff_pen_point one_flag[] = {
    {32, 22, CURVE}, {46, 12, CURVE}, {56, 0, CORNER}, {55, 52, CURVE}, {54, 100, LIFT}};
static const struct tuff_pen_point one_base[] = {{32, 20, CURVE}, {52, 1, CORNER}, {52, 50, CURVE},
                                                 {52, 98, LIFT},  {26, 98, CURVE}, {80, 98, LIFT}};

static const struct tuff_pen_point two_plain[] = {
    {14, 26, CURVE}, {26, 7, CURVE},   {52, 0, CURVE},  {78, 12, CURVE}, {80, 36, CURVE},
    {58, 64, CURVE}, {12, 98, CORNER}, {50, 97, CURVE}, {90, 96, LIFT},
};
static const struct tuff_pen_point two_loop[] = {
    {16, 22, CURVE}, {36, 3, CURVE},  {66, 3, CURVE},  {80, 24, CURVE}, {64, 56, CURVE}, {34, 88, CURVE},
    {14, 96, CURVE}, {12, 82, CURVE}, {30, 78, CURVE}, {56, 92, CURVE}, {80, 99, CURVE}, {94, 88, LIFT},
};
static const struct tuff_pen_point two_round[] = {
    {20, 14, CURVE}, {50, 1, CURVE},   {80, 16, CURVE}, {74, 42, CURVE},
    {40, 68, CURVE}, {14, 94, CORNER}, {44, 90, CURVE}, {88, 98, LIFT},
};

static const struct tuff_pen_point three_round[] = {
    {16, 14, CURVE}, {44, 0, CURVE},  {76, 10, CURVE}, {76, 34, CURVE}, {40, 47, CORNER},
    {76, 58, CURVE}, {86, 80, CURVE}, {58, 99, CURVE}, {12, 88, LIFT},
};
static const struct tuff_pen_point three_flat[] = {
    {16, 4, CURVE},  {50, 3, CURVE},  {82, 2, CORNER}, {60, 22, CURVE}, {40, 40, CORNER},
    {74, 48, CURVE}, {86, 72, CURVE}, {60, 98, CURVE}, {14, 92, LIFT},
};
static const struct tuff_pen_point three_looped[] = {
    {20, 12, CURVE}, {50, 0, CURVE},  {78, 16, CURVE}, {64, 40, CURVE},  {42, 50, CURVE}, {40, 42, CURVE},
    {62, 46, CURVE}, {84, 64, CURVE}, {78, 90, CURVE}, {44, 100, CURVE}, {14, 86, LIFT},
};

static const struct tuff_pen_point four_open[] = {
    {24, 4, CURVE}, {18, 34, CURVE}, {16, 56, CORNER}, {54, 55, CURVE},
    {92, 53, LIFT}, {70, 8, CURVE},  {68, 54, CURVE},  {64, 100, LIFT},
};
static const struct tuff_pen_point four_closed[] = {
    {66, 98, CURVE}, {67, 48, CURVE}, {68, 2, CORNER}, {36, 38, CURVE},
    {8, 66, CORNER}, {50, 66, CURVE}, {94, 65, LIFT},
};
static const struct tuff_pen_point four_rounded[] = {
    {22, 4, CURVE}, {16, 30, CURVE}, {28, 50, CURVE}, {54, 52, CURVE},
    {82, 42, LIFT}, {82, 2, CURVE},  {78, 52, CURVE}, {72, 100, LIFT},
};

static const struct tuff_pen_point five_two_strokes[] = {
    {26, 4, CURVE},  {22, 24, CURVE}, {20, 44, CORNER}, {48, 36, CURVE}, {80, 50, CURVE}, {84, 76, CURVE},
    {56, 98, CURVE}, {14, 92, LIFT},  {25, 4, CURVE},   {56, 3, CURVE},  {86, 1, LIFT},
};
static const struct tuff_pen_point five_one_stroke[] = {
    {86, 2, CURVE},  {56, 4, CURVE},  {28, 5, CORNER}, {24, 25, CURVE}, {20, 44, CORNER},
    {48, 38, CURVE}, {80, 52, CURVE}, {82, 78, CURVE}, {52, 99, CURVE}, {14, 90, LIFT},
};
static const struct tuff_pen_point five_curved[] = {
    {88, 4, CURVE},  {54, 6, CURVE},  {30, 14, CURVE},  {24, 36, CURVE}, {50, 46, CURVE},
    {78, 62, CURVE}, {74, 88, CURVE}, {44, 100, CURVE}, {12, 90, LIFT},
};

static const struct tuff_pen_point six_round[] = {
    {72, 2, CURVE},  {42, 16, CURVE}, {20, 48, CURVE}, {18, 78, CURVE}, {42, 99, CURVE},
    {72, 94, CURVE}, {82, 74, CURVE}, {64, 56, CURVE}, {38, 60, CURVE}, {20, 78, LIFT},
};
static const struct tuff_pen_point six_straight[] = {
    {50, 0, CURVE},  {32, 30, CURVE}, {20, 64, CURVE}, {26, 92, CURVE}, {52, 99, CURVE},
    {76, 84, CURVE}, {72, 62, CURVE}, {46, 58, CURVE}, {24, 74, LIFT},
};
static const struct tuff_pen_point six_tall[] = {
    {80, 6, CURVE},  {54, 4, CURVE},  {30, 26, CURVE}, {18, 62, CURVE}, {30, 96, CURVE},
    {62, 98, CURVE}, {80, 78, CURVE}, {66, 56, CURVE}, {42, 56, CURVE}, {30, 76, LIFT},
};

static const struct tuff_pen_point seven_plain[] = {
    {10, 5, CURVE}, {48, 4, CURVE}, {88, 3, CORNER}, {66, 48, CURVE}, {46, 100, LIFT}};
static const struct tuff_pen_point seven_bar[] = {
    {12, 4, CURVE},  {50, 4, CURVE},  {88, 3, CORNER}, {64, 50, CURVE},
    {42, 100, LIFT}, {34, 52, CURVE}, {84, 48, LIFT},
};
static const struct tuff_pen_point seven_serif[] = {
    {12, 20, CURVE}, {13, 4, CORNER}, {50, 6, CURVE},  {90, 5, CURVE},
    {66, 38, CURVE}, {54, 70, CURVE}, {50, 100, LIFT},
};

static const struct tuff_pen_point eight_one_stroke[] = {
    {76, 14, CURVE}, {50, 0, CURVE},  {24, 12, CURVE},  {30, 36, CURVE}, {54, 50, CURVE},
    {80, 70, CURVE}, {76, 92, CURVE}, {48, 100, CURVE}, {20, 90, CURVE}, {24, 68, CURVE},
    {52, 48, CURVE}, {74, 32, CURVE}, {78, 16, LIFT},
};
static const struct tuff_pen_point eight_two_rings[] = {
    {52, 46, CURVE}, {28, 36, CURVE}, {30, 10, CURVE}, {52, 1, CURVE},  {76, 12, CURVE},
    {74, 36, CURVE}, {50, 47, LIFT},  {52, 48, CURVE}, {22, 62, CURVE}, {22, 88, CURVE},
    {50, 99, CURVE}, {80, 86, CURVE}, {78, 60, CURVE}, {50, 47, LIFT},
};
static const struct tuff_pen_point eight_open[] = {
    {84, 8, CURVE},   {54, 2, CURVE},  {26, 14, CURVE}, {34, 38, CURVE}, {66, 58, CURVE}, {74, 84, CURVE},
    {50, 100, CURVE}, {26, 86, CURVE}, {38, 58, CURVE}, {66, 36, CURVE}, {88, 6, LIFT},
};

static const struct tuff_pen_point nine_stem[] = {
    {78, 18, CURVE}, {56, 2, CURVE},   {28, 10, CURVE}, {18, 34, CURVE}, {36, 52, CURVE},
    {62, 44, CURVE}, {80, 10, CORNER}, {78, 54, CURVE}, {74, 100, LIFT},
};
static const struct tuff_pen_point nine_hook[] = {
    {78, 20, CURVE},  {54, 1, CURVE},  {24, 12, CURVE}, {22, 38, CURVE},  {50, 50, CURVE}, {76, 30, CURVE},
    {80, 12, CORNER}, {82, 52, CURVE}, {68, 88, CURVE}, {40, 100, CURVE}, {16, 90, LIFT},
};
static const struct tuff_pen_point nine_curl[] = {
    {80, 12, CURVE}, {52, 2, CURVE},  {24, 20, CURVE}, {30, 46, CURVE},
    {60, 46, CURVE}, {82, 18, CURVE}, {74, 58, CURVE}, {52, 100, LIFT},
};

#define STYLE(weight, points)                                                                                \
    {                                                                                                        \
        weight, sizeof(points) / sizeof(points)[0], points                                                   \
    }

const struct tuff_digit_styles tuff_digit_styles[TUFF_DIGITS_CLASSES] = {
    {3, {STYLE(8, zero_round), STYLE(4, zero_narrow), STYLE(4, zero_open)}},
    {3, {STYLE(9, one_stem), STYLE(4, one_flag), STYLE(3, one_base)}},
    {3, {STYLE(7, two_plain), STYLE(5, two_loop), STYLE(4, two_round)}},
    {3, {STYLE(8, three_round), STYLE(4, three_flat), STYLE(4, three_looped)}},
    {3, {STYLE(7, four_open), STYLE(4, four_closed), STYLE(5, four_rounded)}},
    {3, {STYLE(6, five_two_strokes), STYLE(5, five_one_stroke), STYLE(5, five_curved)}},
    {3, {STYLE(7, six_round), STYLE(5, six_straight), STYLE(4, six_tall)}},
    {3, {STYLE(8, seven_plain), STYLE(4, seven_bar), STYLE(4, seven_serif)}},
    {3, {STYLE(8, eight_one_stroke), STYLE(4, eight_two_rings), STYLE(4, eight_open)}},
    {3, {STYLE(6, nine_stem), STYLE(5, nine_hook), STYLE(5, nine_curl)}},
};
