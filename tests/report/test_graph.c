// The graph of a model: lanes where it branches, shapes where they change, and the same as a picture.
#include <stdlib.h>
#include <string.h>

#include "../data/scratch.h"
#include "tuff/report.h"

TestSuite(graph, .init = scratch_begin, .fini = scratch_end);

static struct tuff_model *parse(const char *layers)
{
    char text[2048];
    struct tuff_model *model;
    snprintf(text, sizeof text, "name: m\ninput: [3, 8, 6]\nlayers:\n%s", layers);
    cr_assert_eq(tuff_model_parse(&scratch_log, "m", text, strlen(text), &model), TUFF_OK);
    return model;
}

static void expect_text(const char *layers, int ascii, const char *expected)
{
    struct tuff_model *model = parse(layers);
    char *text;
    cr_assert_eq(tuff_graph_text(&scratch_log, model, ascii, &text), TUFF_OK);
    cr_expect_str_eq(text, expected);
    free(text);
    tuff_model_destroy(&model);
}

Test(graph, a_row_of_layers)
{
    expect_text("  - conv2d: {channels: 4, kernel: [3, 1], stride: 2}\n"
                "  - relu\n"
                "  - dropout: {p: 0.25}\n"
                "  - flatten\n"
                "  - linear: {features: 5}\n",
                0,
                "●  input\n"
                "│  3x8x6\n"
                "●  conv1  conv2d 3x1, stride 2\n"
                "│  4x3x3\n"
                "●  relu1  relu\n"
                "●  dropout1  dropout p 0.25\n"
                "●  flatten1  flatten\n"
                "│  36 features\n"
                "●  fc1  linear\n"
                "│  5 features\n");
}

Test(graph, residuals)
{
    expect_text(
        "  - residual: {name: a, layers: [conv2d: {channels: 3, kernel: 3, padding: 1, groups: 3}, relu]}\n"
        "  - residual:\n"
        "      name: b\n"
        "      layers: [conv2d: {channels: 4, kernel: 1}, relu]\n"
        "      shortcut: [conv2d: {channels: 4, kernel: 1}]\n"
        "  - flatten\n"
        "  - linear: {features: 5}\n",
        0,
        "●    input\n"
        "├─┐  3x8x6\n"
        "│ ●  a.conv1  conv2d 3x3, groups 3\n"
        "│ ●  a.relu1  relu\n"
        "├─┘  3x8x6\n"
        "●    a.sum1  sum\n"
        "├─┐  3x8x6\n"
        "│ ●  b.conv1  conv2d 1x1\n"
        "│ │  4x8x6\n"
        "│ ●  b.relu1  relu\n"
        "│ │  3x8x6\n"
        "● │  b.conv2  conv2d 1x1\n"
        "├─┘  4x8x6\n"
        "●    b.sum1  sum\n"
        "●    flatten1  flatten\n"
        "│    192 features\n"
        "●    fc1  linear\n"
        "│    5 features\n");
}

// A concatenation of three branches, the first of which passes the input on, with a residual in the last.
Test(graph, branches_in_characters_of_any_terminal)
{
    expect_text("  - concat:\n"
                "      branches:\n"
                "        - []\n"
                "        - [conv2d: {channels: 2, kernel: 1}]\n"
                "        - [residual: {layers: [relu]}]\n"
                "  - flatten\n"
                "  - linear: {features: 5}\n",
                1,
                "o      input\n"
                "+-+    3x8x6\n"
                "| o    conv1  conv2d 1x1\n"
                "+-|-+  3x8x6\n"
                "| | o  relu1  relu\n"
                "+-|-+  3x8x6\n"
                "| | o  sum1  sum\n"
                "+-+-+  8x8x6\n"
                "o      concat1  concat\n"
                "|      8x8x6\n"
                "o      flatten1  flatten\n"
                "|      384 features\n"
                "o      fc1  linear\n"
                "|      5 features\n");
}

Test(graph, pictures)
{
    struct tuff_model *model;
    size_t length;
    cr_assert_eq(tuff_model_load(&scratch_log, "resnet18", &model), TUFF_OK);
    cr_assert_eq(tuff_graph_write(&scratch_log, scratch_path("a.png"), model, NULL), TUFF_OK);
    cr_assert_eq(tuff_graph_write(&scratch_log, scratch_path("a.svg"), model, NULL), TUFF_OK);
    char *svg = (char *)scratch_read(scratch_path("a.svg"), &length);
    svg[length] = '\0';
    for (size_t i = 0; i < tuff_model_layer_count(model); i++) {
        struct tuff_layer_info layer;
        char name[128];
        tuff_model_layer(model, i, &layer);
        snprintf(name, sizeof name, ">%s<", layer.name);
        cr_expect_not_null(strstr(svg, name), "%s", layer.name);
    }
    cr_expect_not_null(strstr(svg, ">conv2d 7x7, stride 2<"));
    cr_expect_not_null(strstr(svg, ">512x7x7<"));
    free(svg);
    tuff_model_destroy(&model);
}
