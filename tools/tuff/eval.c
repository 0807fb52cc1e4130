// tuff eval: how good a checkpoint is.
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "console.h"
#include "csv.h"
#include "eval_output.h"
#include "names.h"
#include "tuff/report.h"

struct eval_settings {
    struct evaluation_settings evaluation;
    const char *csv, *heatmap;
    bool json;
};

static enum tuff_status show(const struct eval_settings *settings, const struct evaluation *evaluation,
                             const struct tuff_scores *scores)
{
    const struct tuff_dataset *set = evaluation->setup.test;
    struct tuff_log log = console_log();
    enum tuff_status status = TUFF_OK;
    if (settings->json) {
        status = eval_print_json(&settings->evaluation, evaluation, scores);
    } else if (!csv_has_stdout(settings->csv)) {
        eval_print_summary(&settings->evaluation, evaluation, scores);
        eval_print_classes(scores, set->class_names);
        eval_print_confusion(scores, set->class_names);
    }
    if (status == TUFF_OK && settings->csv != NULL)
        status = eval_write_csv(settings->csv, scores, set->class_names);
    if (status == TUFF_OK && settings->heatmap != NULL) {
        char title[256];
        snprintf(title, sizeof title, "%s on %s %s", tuff_model_name(evaluation->setup.model), set->name,
                 evaluation_split_name(&settings->evaluation));
        struct tuff_figure_options options = {.size = sizeof options, .title = title};
        status = tuff_confusion_write(&log, settings->heatmap, scores, set->class_names, &options);
        if (status == TUFF_OK)
            console_note("wrote %s", settings->heatmap);
    }
    return status;
}

static enum tuff_status run_eval(struct eval_settings *settings, const char *operand)
{
    struct tuff_log log = console_log();
    struct evaluation evaluation;
    struct tuff_scores *scores = NULL;
    settings->evaluation.silent = settings->json || csv_has_stdout(settings->csv);
    enum tuff_status status = evaluation_open(&settings->evaluation, operand, &evaluation);
    if (status == TUFF_OK)
        status = evaluation_run(&settings->evaluation, &evaluation, evaluation.setup.test);
    if (status == TUFF_OK)
        status = tuff_scores_create(&log, evaluation.logits, evaluation.setup.test->labels,
                                    evaluation.setup.test->count, evaluation.classes, &scores);
    if (status == TUFF_OK)
        status = show(settings, &evaluation, scores);
    tuff_scores_destroy(&scores);
    evaluation_close(&evaluation);
    return status;
}

int command_eval(int argc, char **argv)
{
    struct eval_settings s = {.evaluation = EVALUATION_DEFAULTS};
    struct verbosity verbosity = {.quiet = false};
    const struct option options[] = {
        EVALUATION_OPTIONS(s.evaluation),
        {"flip", '\0', OPTION_FLAG, &s.evaluation.flip, NULL, "judge by image and mirror image together"},
        {"csv", '\0', OPTION_TEXT, &s.csv, "FILE", "write figures and confusion of all classes"},
        {"heatmap", '\0', OPTION_TEXT, &s.heatmap, "FILE", "draw the confusion matrix: .png or .svg"},
        {"json", 'j', OPTION_FLAG, &s.json, NULL, "print JSON"},
        TARGET_OPTIONS(s.evaluation.target),
        VERBOSITY_OPTIONS(verbosity),
    };
    const struct usage usage = {
        .command = "eval",
        .operand = "CHECKPOINT",
        .purpose = "Evaluates a checkpoint over a data set: mean loss and accuracy; precision,\n"
                   "recall and F1 of each class; which classes are taken for which. CHECKPOINT is\n"
                   "a safetensors file or the folder of a run. Model and data set are those it\n"
                   "was trained with, unless named.\n",
        .examples = "  tuff eval runs/lenet-mnist-digits-2025-01-31-1\n"
                    "  tuff eval runs/lenet-mnist-digits-2025-01-31-1 --heatmap confusion.png\n"
                    "  tuff eval lenet.safetensors --model lenet-mnist --data mnist --split train\n",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    const char *operand;
    enum options_result parsed = options_parse(&usage, argc, argv, &operand);
    if (parsed != OPTIONS_READY)
        return parsed == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    if (!picture_name_fits("eval", "heatmap", s.heatmap))
        return EXIT_USAGE;
    if (s.json && csv_has_stdout(s.csv)) {
        console_error("eval: --json and --csv - exclude each other");
        return EXIT_USAGE;
    }
    console_setup(verbosity.verbose, verbosity.quiet);
    return console_exit_status(run_eval(&s, operand));
}
