// The list of marks and its two outputs: a PNG decodes to what was drawn, SVG says the same.
#include "../data/scratch.h"
#include "png.h"
#include "report/figure.h"

TestSuite(figure, .init = scratch_begin, .fini = scratch_end);

enum { BLUE_LIGHT = 0x0069B4, BLUE_DARK = 0x5CB0F0, SURFACE_LIGHT = 0xFFFFFF, SURFACE_DARK = 0x161B22 };

static void draw_marks(struct tuff_figure *figure)
{
    static const uint8_t pixels[] = {255, 0, 10, 200, /* green */ 0, 255, 20, 200, /* blue */ 0, 0, 30, 200};
    static const struct tuff_point line[] = {{5, 70}, {95, 70}};
    tuff_figure_begin(figure, "marks <&>");
    figure->width = 100;
    figure->height = 80;
    tuff_figure_describe(figure, "a \"description\"");
    tuff_figure_hover(figure, tuff_figure_rect(figure, 10, 10, 20, 20, TUFF_COLOUR_BLUE), "<hover>");
    tuff_figure_circle(figure, 50, 20, 8, TUFF_COLOUR_ORANGE)->stroke = TUFF_COLOUR_INK;
    tuff_figure_line(figure, line, 2, TUFF_COLOUR_GREEN, 4);
    tuff_figure_text(figure, 50, 50, 12, TUFF_COLOUR_INK, TUFF_ANCHOR_MIDDLE, "words <b>")->bold = true;
    tuff_figure_image(figure, 70, 10, 20, 20, pixels, 3, 2, 2);
}

Test(figure, png_has_the_colours_in_their_places)
{
    struct tuff_figure figure;
    draw_marks(&figure);
    const struct tuff_figure_options options = {.size = sizeof options, .scale = 3};
    cr_assert_eq(tuff_figure_write(&scratch_log, &figure, &options, scratch_path("a.png")), TUFF_OK);
    struct png png = png_open(scratch_path("a.png"));
    cr_expect(png.width == 300 && png.height == 240, "found %d x %d", png.width, png.height);
    cr_expect_eq(png_pixel(&png, 60, 60), (uint32_t)BLUE_LIGHT);
    cr_expect_eq(png_pixel(&png, 31, 31), (uint32_t)BLUE_LIGHT, "the corner is inside");
    cr_expect_eq(png_pixel(&png, 28, 60), (uint32_t)SURFACE_LIGHT, "beside it nothing");
    cr_expect_eq(png_pixel(&png, 150, 60), 0xC9520Au, "the circle");
    cr_expect_eq(png_pixel(&png, 150, 210), 0x00805Au, "the line");
    cr_expect_eq(png_pixel(&png, 150, 218), (uint32_t)SURFACE_LIGHT, "below the line");
    // Pixels are enlarged without blur: red, (0,0,0), (10,20,30), gray.
    cr_expect_eq(png_pixel(&png, 212, 32), 0xFF0000u);
    cr_expect_eq(png_pixel(&png, 238, 58), 0xFF0000u);
    cr_expect_eq(png_pixel(&png, 242, 32), 0x00FF00u);
    cr_expect_eq(png_pixel(&png, 212, 62), 0x0A141Eu);
    cr_expect_eq(png_pixel(&png, 268, 88), 0xC8C8C8u);
    int inked = 0;
    for (int x = 90; x < 210; x++)
        inked += png_pixel(&png, x, 150) != SURFACE_LIGHT;
    cr_expect(inked > 5, "there is text");
    png_close(&png);
    tuff_figure_free(&figure);
}

Test(figure, png_has_a_dark_theme)
{
    struct tuff_figure figure;
    draw_marks(&figure);
    const struct tuff_figure_options options = {.size = sizeof options, .theme = TUFF_THEME_DARK};
    cr_assert_eq(tuff_figure_write(&scratch_log, &figure, &options, scratch_path("a.png")), TUFF_OK);
    struct png png = png_open(scratch_path("a.png"));
    cr_expect_eq(png.width, 200, "two pixels to one if nothing else is said");
    cr_expect_eq(png_pixel(&png, 40, 40), (uint32_t)BLUE_DARK);
    cr_expect_eq(png_pixel(&png, 2, 2), (uint32_t)SURFACE_DARK);
    png_close(&png);
    tuff_figure_free(&figure);
}

static char *read_svg(const struct tuff_figure *figure)
{
    size_t count;
    cr_assert_eq(tuff_figure_write(&scratch_log, figure, NULL, scratch_path("a.svg")), TUFF_OK);
    char *text = (char *)scratch_read(scratch_path("a.svg"), &count);
    text[count] = '\0';
    return text;
}

Test(figure, svg_says_the_same)
{
    struct tuff_figure figure;
    draw_marks(&figure);
    char *svg = read_svg(&figure);
    static const char *const parts[] = {
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100\" height=\"80\" viewBox=\"0 0 100 80\" "
        "role=\"img\">",
        "<title>marks &lt;&amp;&gt;</title>\n<desc>a &quot;description&quot;</desc>",
        "<rect x=\"10\" y=\"10\" width=\"20\" height=\"20\" "
        "class=\"f-blue\"><title>&lt;hover&gt;</title></rect>",
        "<circle cx=\"50\" cy=\"20\" r=\"8\" class=\"f-orange s-ink\"/>",
        "<polyline points=\"5,70 95,70\" class=\"f-none s-green\" stroke-width=\"4\"/>",
        " font-size=\"12\" text-anchor=\"middle\" class=\"t b f-ink\">words &lt;b&gt;</text>",
        "<image x=\"70\" y=\"10\" width=\"20\" height=\"20\" class=\"p\" preserveAspectRatio=\"none\" "
        "href=\"data:image/png;base64,iVBORw0KGgo",
        "--blue:#0069b4;",
        "@media(prefers-color-scheme:dark){:root{",
        "--blue:#5cb0f0;",
        ".f-blue{fill:#0069b4;fill:var(--blue)}",
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        cr_expect_not_null(strstr(svg, parts[i]), "missing: %s\n%s", parts[i], svg);
    cr_expect_null(strstr(svg, "--purple"), "only the colours that are used");
    free(svg);
    tuff_figure_free(&figure);
}

Test(figure, svg_has_fractions)
{
    struct tuff_figure figure;
    tuff_figure_begin(&figure, "x");
    figure.width = figure.height = 10.5;
    tuff_figure_rect(&figure, 0.25, 1.75, 3.5, 4, TUFF_COLOUR_INK);
    char *svg = read_svg(&figure);
    cr_expect_not_null(strstr(svg, "x=\"0.25\" y=\"1.75\" width=\"3.5\""));
    free(svg);
    tuff_figure_free(&figure);
}

Test(figure, refuses_what_it_cannot_write)
{
    struct tuff_figure figure;
    draw_marks(&figure);
    scratch_expect(tuff_figure_write(&scratch_log, &figure, NULL, scratch_path("a.jpg")), TUFF_ERROR_INVALID,
                   "ends in .png or .svg");
    scratch_expect(tuff_figure_write(&scratch_log, &figure, NULL, scratch_path("none/a.png")), TUFF_ERROR_IO,
                   "none/a.png");
    scratch_expect(tuff_figure_write(&scratch_log, &figure, NULL, scratch_path("none/a.svg")), TUFF_ERROR_IO,
                   "none/a.svg");
    figure.width = 1e6;
    scratch_expect(tuff_figure_write(&scratch_log, &figure, NULL, scratch_path("a.png")), TUFF_ERROR_INVALID,
                   "at most 32000 pixels a side, found 2000000 x 160; a .svg may be larger");
    figure.failed = true;
    scratch_expect(tuff_figure_write(&scratch_log, &figure, NULL, scratch_path("a.svg")), TUFF_ERROR_MEMORY,
                   "out of memory");
    cr_expect_eq(scratch_files(), 0, "nothing is left");
    tuff_figure_free(&figure);
}
