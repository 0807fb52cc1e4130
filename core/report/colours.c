#include "colours.h"

#include <math.h>

// Text and lines keep a contrast of at least 4.5 to the surface (secondary marks: 3), in both themes.
static const struct {
    const char *name;
    uint32_t light, dark;
} named[TUFF_COLOUR_RIGHT] = {
    [TUFF_COLOUR_NONE] = {"none", 0, 0},
    [TUFF_COLOUR_SURFACE] = {"surface", 0xFFFFFF, 0x161B22},
    [TUFF_COLOUR_INK] = {"ink", 0x1B1F24, 0xE6E9ED},
    [TUFF_COLOUR_MUTED] = {"muted", 0x5C6670, 0x9AA5B1},
    [TUFF_COLOUR_LINE] = {"line", 0x8B949E, 0x6E7681},
    [TUFF_COLOUR_FAINT] = {"faint", 0xE7EAEE, 0x2A313A},
    [TUFF_COLOUR_ON] = {"on", 0xFFFFFF, 0x0E1319},
    [TUFF_COLOUR_BLUE] = {"blue", 0x0069B4, 0x5CB0F0},
    [TUFF_COLOUR_ORANGE] = {"orange", 0xC9520A, 0xF5A04C},
    [TUFF_COLOUR_GREEN] = {"green", 0x00805A, 0x3FC79A},
    [TUFF_COLOUR_PURPLE] = {"purple", 0x9B4A86, 0xDD94C8},
};

enum { STOPS = 5 };

static const uint32_t right_stops[2][STOPS] = {{0xE9F2FB, 0xA9CDEC, 0x5B9FD6, 0x1F6DB3, 0x0B3F78},
                                               {0x1A2733, 0x1D4469, 0x2A6FAE, 0x62ABEA, 0xC4E2FF}};
static const uint32_t wrong_stops[2][STOPS] = {{0xFDF0E2, 0xFBC793, 0xEE8F43, 0xC2570C, 0x7D3203},
                                               {0x2C2118, 0x5F3513, 0xA8590F, 0xEE9440, 0xFFD9B3}};

enum tuff_colour tuff_ramp(enum tuff_colour ramp, double value)
{
    double level = value * TUFF_RAMP;
    uint32_t step = !(level > 0) ? 0 : level >= TUFF_RAMP ? TUFF_RAMP - 1 : (uint32_t)level;
    return (enum tuff_colour)((uint32_t)ramp + step);
}

enum tuff_colour tuff_ramp_text(enum tuff_colour colour)
{
    uint32_t level = ((uint32_t)colour - TUFF_COLOUR_RIGHT) % TUFF_RAMP;
    return level > TUFF_RAMP / 2 ? TUFF_COLOUR_ON : TUFF_COLOUR_INK;
}

static uint32_t mix(const uint32_t stops[STOPS], uint32_t level)
{
    double place = (double)level * (STOPS - 1) / (TUFF_RAMP - 1);
    uint32_t below = place >= STOPS - 1 ? STOPS - 2 : (uint32_t)place, rgb = 0;
    double part = place - below;
    for (int shift = 0; shift < 24; shift += 8) {
        double from = (double)(stops[below] >> shift & 0xFF), to = (double)(stops[below + 1] >> shift & 0xFF);
        rgb |= (uint32_t)lround(from + part * (to - from)) << shift;
    }
    return rgb;
}

uint32_t tuff_colour_rgb(enum tuff_colour colour, enum tuff_theme theme)
{
    int dark = theme == TUFF_THEME_DARK;
    if (colour >= TUFF_COLOUR_WRONG)
        return mix(wrong_stops[dark], (uint32_t)colour - TUFF_COLOUR_WRONG);
    if (colour >= TUFF_COLOUR_RIGHT)
        return mix(right_stops[dark], (uint32_t)colour - TUFF_COLOUR_RIGHT);
    return dark ? named[colour].dark : named[colour].light;
}

void tuff_colour_name(struct tuff_text *text, enum tuff_colour colour)
{
    if (colour >= TUFF_COLOUR_WRONG)
        tuff_text_format(text, "w%d", (int)colour - (int)TUFF_COLOUR_WRONG);
    else if (colour >= TUFF_COLOUR_RIGHT)
        tuff_text_format(text, "r%d", (int)colour - (int)TUFF_COLOUR_RIGHT);
    else
        tuff_text_add(text, named[colour].name);
}

static void variables(struct tuff_text *text, const char *root, const bool *used, enum tuff_theme theme)
{
    tuff_text_format(text, "%s{", root);
    for (int c = TUFF_COLOUR_NONE + 1; c < TUFF_COLOUR_COUNT; c++) {
        if (used != NULL && !used[c])
            continue;
        tuff_text_add(text, "--");
        tuff_colour_name(text, (enum tuff_colour)c);
        tuff_text_format(text, ":#%06x;", (unsigned)tuff_colour_rgb((enum tuff_colour)c, theme));
    }
    tuff_text_add(text, "}");
}

void tuff_colours_css(struct tuff_text *text, const char *root, const bool *used)
{
    static const char *const properties[] = {"fill", "stroke"};
    variables(text, root, used, TUFF_THEME_LIGHT);
    tuff_text_add(text, "\n@media(prefers-color-scheme:dark){");
    variables(text, root, used, TUFF_THEME_DARK);
    tuff_text_add(text, "}\n");
    for (int c = TUFF_COLOUR_NONE + 1; c < TUFF_COLOUR_COUNT; c++) {
        if (used != NULL && !used[c])
            continue;
        for (int p = 0; p < 2; p++) {
            tuff_text_format(text, ".%c-", properties[p][0]);
            tuff_colour_name(text, (enum tuff_colour)c);
            tuff_text_format(text, "{%s:#%06x;%s:var(--", properties[p],
                             (unsigned)tuff_colour_rgb((enum tuff_colour)c, TUFF_THEME_LIGHT), properties[p]);
            tuff_colour_name(text, (enum tuff_colour)c);
            tuff_text_add(text, ")}");
        }
    }
    tuff_text_add(text, "\n");
}
