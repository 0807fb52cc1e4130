// tuff report: a run as a page.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "commands.h"
#include "console.h"
#include "evaluation.h"
#include "report_facts.h"
#include "run.h"
#include "tuff/report.h"

struct report_settings {
    struct evaluation_settings evaluation;
    const char *out; // NULL: RUN/report
    uint32_t limit;
    bool no_eval;
};

// What is read, found out or computed for a page.
struct material {
    char folder[PATH_MAX];
    struct report_facts facts;
    struct tuff_history *history;
    struct evaluation evaluation;
    struct tuff_model *model; // without an evaluation
    struct tuff_scores *scores;
    struct tuff_misses *misses;
    float *filters;
    char title[256], subtitle[512], data_name[PATH_MAX + 128];
};

// The run's folder is what was named; a report of a checkpoint's file alone would have no curves.
static enum tuff_status check_folder(const char *operand)
{
    struct stat info;
    if (stat(operand, &info) != 0) {
        console_error("cannot read '%s': %s", operand, strerror(errno));
        return TUFF_ERROR_NOT_FOUND;
    }
    if (S_ISDIR(info.st_mode))
        return TUFF_OK;
    console_error("report: expected the folder of a run, found the file '%s'", operand);
    return TUFF_ERROR_INVALID;
}

static enum tuff_status read_history(const char *operand, struct material *material)
{
    struct tuff_log log = console_log();
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s/" RUN_METRICS, operand);
    if (length < 0 || (size_t)length >= sizeof path) {
        console_error("'%s': the path is too long", operand);
        return TUFF_ERROR_INVALID;
    }
    return tuff_history_read(&log, path, &material->history);
}

// The weights of the first layer that looks at pixels: a convolution, or a linear layer on the whole image.
static enum tuff_status read_filters(struct material *material, struct tuff_report *report)
{
    const struct setup *setup = &material->evaluation.setup;
    struct tuff_parameter_info info;
    uint32_t input[3];
    if (tuff_model_parameter_count(setup->model) == 0)
        return TUFF_OK;
    tuff_model_input(setup->model, input);
    tuff_model_parameter(setup->model, 0, &info);
    if (info.rank == 4) {
        memcpy(report->filter_dims, info.dims, sizeof report->filter_dims);
    } else if (info.rank == 2 && info.dims[1] == (uint64_t)input[0] * input[1] * input[2]) {
        report->filter_dims[0] = info.dims[0];
        memcpy(report->filter_dims + 1, input, sizeof input);
    } else {
        return TUFF_OK;
    }
    size_t count = 1;
    for (int i = 0; i < 4; i++)
        count *= report->filter_dims[i];
    material->filters = calloc(count, sizeof *material->filters);
    if (material->filters == NULL) {
        console_error("out of memory");
        return TUFF_ERROR_MEMORY;
    }
    report->filters = material->filters;
    report->filter_name = info.name;
    return tuff_trainer_read_parameter(setup->trainer, 0, material->filters);
}

static enum tuff_status judge(struct report_settings *settings, const char *operand,
                              struct material *material, struct tuff_report *report)
{
    struct tuff_log log = console_log();
    struct evaluation *evaluation = &material->evaluation;
    // As the training's own evaluations, whose figures are in the curves.
    settings->evaluation.flip = json_is_true(json_object_get(material->facts.config, "eval_flip"));
    enum tuff_status status = evaluation_open(&settings->evaluation, operand, evaluation);
    if (status == TUFF_OK)
        status = evaluation_run(&settings->evaluation, evaluation, evaluation->setup.test);
    if (status != TUFF_OK)
        return status;
    const struct tuff_dataset *set = evaluation->setup.test;
    status = tuff_scores_create(&log, evaluation->logits, set->labels, set->count, set->classes,
                                &material->scores);
    if (status == TUFF_OK)
        status = tuff_misses_create(&log, evaluation->logits, set->labels, set->count, set->classes,
                                    &material->misses);
    if (status == TUFF_OK)
        status = read_filters(material, report);
    const char *slash = strrchr(settings->evaluation.checkpoint, '/');
    snprintf(material->data_name, sizeof material->data_name, "%s %s by %s%s", set->name,
             evaluation_split_name(&settings->evaluation),
             slash == NULL ? settings->evaluation.checkpoint : slash + 1,
             settings->evaluation.flip ? ", image and mirror image together" : "");
    report->model = evaluation->setup.model;
    report->data = set;
    report->data_name = material->data_name;
    report->scores = material->scores;
    report->misses = material->misses;
    return status;
}

// Without an evaluation the model is still worth a table; its file may be gone.
static void load_model(struct material *material, struct tuff_report *report)
{
    const struct tuff_log silent = {.write = NULL};
    const char *source = report_facts_model(&material->facts);
    if (source != NULL && tuff_model_load(&silent, source, &material->model) == TUFF_OK)
        report->model = material->model;
}

// Where the page goes, which is known to take one before anything is computed for it.
static enum tuff_status find_place(const struct report_settings *settings, const char *operand,
                                   struct material *material)
{
    struct tuff_log log = console_log();
    int length = settings->out != NULL ? snprintf(material->folder, PATH_MAX, "%s", settings->out)
                                       : snprintf(material->folder, PATH_MAX, "%s/" RUN_PAGE, operand);
    if (length < 0 || length >= PATH_MAX) {
        console_error("'%s': the path is too long", operand);
        return TUFF_ERROR_INVALID;
    }
    // A run's folder may come from anybody, and what is written into it stays there.
    struct stat info;
    if (settings->out == NULL && lstat(material->folder, &info) == 0 && S_ISLNK(info.st_mode)) {
        console_error("'%s' is a link; name the page's folder with --out", material->folder);
        return TUFF_ERROR_INVALID;
    }
    return tuff_report_check(&log, material->folder);
}

static enum tuff_status write_page(const struct report_settings *settings, struct material *material,
                                   struct tuff_report *report)
{
    struct tuff_log log = console_log();
    report_facts_title(&material->facts, material->title, sizeof material->title);
    report_facts_subtitle(&material->facts, material->subtitle, sizeof material->subtitle);
    report->title = material->title;
    report->subtitle = material->subtitle;
    report->command = material->facts.command;
    report->facts = material->facts.items;
    report->fact_count = material->facts.count;
    report->history = material->history;
    report->miss_limit = settings->limit;
    enum tuff_status status = tuff_report_write(&log, material->folder, report);
    if (status == TUFF_OK)
        console_print("report  %s/index.html\n", material->folder);
    return status;
}

static enum tuff_status run_report(struct report_settings *settings, const char *operand)
{
    struct material material = {.history = NULL};
    struct tuff_report report = {.size = sizeof report};
    enum tuff_status status = check_folder(operand);
    if (status == TUFF_OK)
        status = find_place(settings, operand, &material);
    if (status == TUFF_OK)
        status = report_facts_read(operand, &material.facts);
    if (status == TUFF_OK)
        status = read_history(operand, &material);
    if (status == TUFF_OK && settings->no_eval)
        load_model(&material, &report);
    else if (status == TUFF_OK)
        status = judge(settings, operand, &material, &report);
    if (status == TUFF_OK)
        status = write_page(settings, &material, &report);
    free(material.filters);
    tuff_misses_destroy(&material.misses);
    tuff_scores_destroy(&material.scores);
    tuff_model_destroy(&material.model);
    tuff_history_destroy(&material.history);
    evaluation_close(&material.evaluation);
    report_facts_free(&material.facts);
    return status;
}

int command_report(int argc, char **argv)
{
    struct report_settings s = {.evaluation = EVALUATION_DEFAULTS, .limit = 40};
    struct verbosity verbosity = {.quiet = false};
    const struct option options[] = {
        {"out", 'o', OPTION_TEXT, &s.out, "DIR", "folder of the page; else RUN/report"},
        {"limit", '\0', OPTION_COUNT, &s.limit, "N", "misses to show"},
        {"no-eval", '\0', OPTION_FLAG, &s.no_eval, NULL, "only what the run's folder tells"},
        EVALUATION_OPTIONS(s.evaluation),
        TARGET_OPTIONS(s.evaluation.target),
        VERBOSITY_OPTIONS(verbosity),
    };
    const struct usage usage = {
        .command = "report",
        .operand = "RUN",
        .purpose = "Writes a page about a run: curves, what is taken for what, misses, the first\n"
                   "layer's weights, the model, settings. One HTML file that needs no other and\n"
                   "no network; the pictures lie beside it as SVG and PNG. RUN is the folder\n"
                   "of a run.\n",
        .examples = "  tuff report runs/lenet-mnist-digits-2025-01-31-1\n"
                    "  tuff report runs/first --no-eval --out /tmp/first\n",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    const char *operand;
    enum options_result parsed = options_parse(&usage, argc, argv, &operand);
    if (parsed != OPTIONS_READY)
        return parsed == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    console_setup(verbosity.verbose, verbosity.quiet);
    return console_exit_status(run_report(&s, operand));
}
