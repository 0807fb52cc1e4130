// Pictures of a training and of what came of it, and a page that shows them all. All on the host.
//
// Pictures are files: a path that ends in .svg or .png says which; another ending is an error. SVG follows
// the reader's colour scheme, light or dark; PNG has one of them. Files are written aside and renamed once
// they are whole. Names may hold any bytes: what is no UTF-8 or a control character is shown as U+FFFD, and
// long names are cut.
#ifndef TUFF_REPORT_H
#define TUFF_REPORT_H

#include "dataset.h"
#include "model.h"
#include "scores.h"

#ifdef __cplusplus
extern "C" {
#endif

enum tuff_theme {
    TUFF_THEME_LIGHT = 0,
    TUFF_THEME_DARK = 1,
};

// NULL in their place: no title, light, scale 2.
struct tuff_figure_options {
    size_t size;
    const char *title;     // above the picture; NULL: none
    enum tuff_theme theme; // of PNG
    double scale;          // of PNG: pixels per CSS pixel; 0: 2
};

// The confusion matrix: rows are labels, columns guesses, each cell coloured by its part of the label's
// samples. Right ones are blue, from 0 to all; wrong ones orange, from 0 to the greatest part in the matrix
// (at least 1 %), which the legend says. Numbers are in the cells of up to 32 classes, where they fit.
// class_names: (classes), or NULL for numbers.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_confusion_write(const struct tuff_log *log, const char *path,
                                                               const struct tuff_scores *scores,
                                                               const char *const *class_names,
                                                               const struct tuff_figure_options *options);

// A line of a plot. What is not finite is a gap.
struct tuff_curve {
    const char *name;
    uint32_t count;
    const double *x, *y; // (count), x ascending
};

struct tuff_axes {
    size_t size;
    const char *x_label, *y_label; // NULL: none
    int whole_x;                   // 1: x counts, so there are ticks at whole numbers only
    int percent;                   // 1: y is a fraction, shown in percent
};

// At most 4 curves, told apart by colour, dashes and a legend; the last value of each stands at its end. The
// y axis is logarithmic where the values are all above 0 and span more than three powers of ten.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_curves_write(const struct tuff_log *log, const char *path,
                                                            const struct tuff_curve *curves, uint32_t count,
                                                            const struct tuff_axes *axes,
                                                            const struct tuff_figure_options *options);

// A picture with words under it.
struct tuff_picture {
    const uint8_t *pixels; // (channels,height,width); NULL: the place stays empty
    const char *caption;   // NULL: none
    const char *note;      // a second line, smaller; NULL: none
};

// A grid. All pictures have one shape; channels: 1 (gray) or 3 (red, green, blue), of another number the
// first is shown. columns: 0 chooses.
TUFF_API TUFF_MUST_CHECK enum tuff_status
tuff_pictures_write(const struct tuff_log *log, const char *path, const struct tuff_picture *pictures,
                    uint32_t count, uint32_t channels, uint32_t height, uint32_t width, uint32_t columns,
                    const struct tuff_figure_options *options);

// A picture and what a model takes it for.
struct tuff_prediction {
    const uint8_t *pixels; // (channels,height,width)
    const char *name;      // of the picture
    uint32_t label;        // TUFF_NO_GUESS where it is not known
    const float *logits;   // (classes)
};

// One below the other: the picture, and a bar for each of the `top` most probable classes (0: 5).
TUFF_API TUFF_MUST_CHECK enum tuff_status
tuff_predictions_write(const struct tuff_log *log, const char *path,
                       const struct tuff_prediction *predictions, uint32_t count, uint32_t channels,
                       uint32_t height, uint32_t width, uint32_t classes, const char *const *class_names,
                       uint32_t top, const struct tuff_figure_options *options);

// The weights of a convolution as pictures, one per output channel, all on one scale with 0 in the middle:
// three input channels as red, green and blue, else each input channel in a row of its own, orange below and
// blue above 0. weights: (out,in,height,width); dims are these four. At most 64 filters and 8 input channels
// are shown.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_filters_write(const struct tuff_log *log, const char *path,
                                                             const float *weights, const uint32_t dims[4],
                                                             const struct tuff_figure_options *options);

// -- The graph of a model: its layers from the input down, side by side where they branch, with the shapes
// between them.

// Failure, too: TUFF_ERROR_INVALID if more than 64 outputs of layers are yet to be read somewhere, or if a
// .png would have more than 32,000 pixels on a side, which .svg may.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_graph_write(const struct tuff_log *log, const char *path,
                                                           const struct tuff_model *model,
                                                           const struct tuff_figure_options *options);
// The same as lines of text, which the caller frees; NULL on failure. ascii: 1: without lines that are drawn,
// for terminals that show none.
TUFF_API TUFF_MUST_CHECK enum tuff_status
tuff_graph_text(const struct tuff_log *log, const struct tuff_model *model, int ascii, char **text);

// -- What a training has left in its run's metrics.jsonl. Figures that are not there, or are no numbers, are
// NaN.

struct tuff_history_epoch {
    uint32_t epoch; // from 1
    int whole;      // 0: interrupted, or partial
    int tested;     // the test figures are there
    int partial;    // ended before its end, as it was to: tuff train --steps
    uint64_t step;  // optimizer steps so far
    double train_loss, train_accuracy, test_loss, test_accuracy;
    double train_seconds, test_seconds, samples_per_second;
    double learning_rate; // of the epoch's last step
};

// An evaluation: at the end of an epoch, whose entry has it too, or within one.
struct tuff_history_test {
    uint32_t epoch; // from 1
    int within;     // 1: within the epoch
    uint64_t step;
    double loss, accuracy;
};

struct tuff_history_step {
    uint32_t epoch;
    uint64_t step;
    double loss, learning_rate;
};

struct tuff_history {
    size_t size;
    uint32_t epoch_count, step_count, test_count;
    struct tuff_history_epoch *epochs; // ascending, each once: of two lines about one epoch the last counts
    struct tuff_history_step *steps;   // ascending, each once likewise
    struct tuff_history_test *tests;   // ascending by step, likewise
};

// Lines of other types are passed over, and so is a last line that is not whole, with a warning. Failure:
// TUFF_ERROR_NOT_FOUND, TUFF_ERROR_IO; TUFF_ERROR_FORMAT with the line's number.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_history_read(const struct tuff_log *log, const char *path,
                                                            struct tuff_history **history);
// NULL-safe, and *history becomes NULL.
TUFF_API void tuff_history_destroy(struct tuff_history **history);

// -- The page

struct tuff_report_fact {
    const char *name, *value;
};

// What the page tells. Sections whose part is NULL are left out, or say what is missing.
struct tuff_report {
    size_t size;
    const char *title;                    // "lenet-mnist on mnist"
    const char *subtitle;                 // a line under it; NULL: none
    const char *command;                  // that made the run; NULL: not shown
    const struct tuff_report_fact *facts; // (fact_count): settings, device, versions, in this order
    size_t fact_count;
    const struct tuff_model *model;     // its layers
    const struct tuff_history *history; // the curves
    const struct tuff_scores *scores;   // confusion and per-class figures
    const struct tuff_misses *misses;   // with data: their pictures, the first `miss_limit` (0: 40)
    const struct tuff_dataset *data;    // that was judged: pictures and class names
    const char *data_name;              // "mnist test"
    uint32_t miss_limit;
    const float *filters; // (filter_dims), as for tuff_filters_write
    uint32_t filter_dims[4];
    const char *filter_name; // "conv1.weight"
};

// Writes folder/index.html, one file that needs no other and no network, and its pictures as .svg and .png
// beside it: loss, accuracy, learning-rate, steps, confusion, misses, filters, those that there are. Makes
// the folder, not those above it. Over an earlier report, whole or not: files that are no longer part of it
// are removed. Failure, too: TUFF_ERROR_INVALID if folder/index.html is there and none of tuff's; nothing is
// written then.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_report_write(const struct tuff_log *log, const char *folder,
                                                            const struct tuff_report *report);
// Whether that would begin to write into the folder, so that nobody computes for a page that has no place:
// fails as it would, and changes nothing.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_report_check(const struct tuff_log *log, const char *folder);
// Removes what tuff_report_write has written, and the folder if nothing else is in it. Where
// folder/index.html is no such page, or either of them is a link, all stays. Failure: TUFF_ERROR_IO.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_report_remove(const struct tuff_log *log, const char *folder);

#ifdef __cplusplus
}
#endif
#endif
