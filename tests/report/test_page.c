// The page: its sections, what it says where something is missing, and that nothing in it is taken for
// markup.
#include <criterion/criterion.h>
#include <math.h>

#include "../data/scratch.h"
#include "samples.h"

TestSuite(page, .init = scratch_begin, .fini = scratch_end);

// The page that was written, as a text.
static char *read_page(void)
{
    size_t count;
    char *page = (char *)scratch_read(scratch_path("page/index.html"), &count);
    page[count] = '\0';
    cr_assert_eq(strlen(page), count);
    return page;
}

static char *write_sample(struct sample *sample)
{
    cr_assert_eq(tuff_report_write(&scratch_log, scratch_path("page"), &sample->report), TUFF_OK, "%s",
                 scratch_error);
    return read_page();
}

static char *write_page(int which, struct sample *sample)
{
    cr_assert(sample_make(which, sample), "no sample %d", which);
    return write_sample(sample);
}

static void expect_sections(const char *page, const char *const *there, size_t count)
{
    static const char *const all[] = {"training", "classes", "misses", "filters", "model", "run"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char section[64], link[64];
        bool expected = false;
        for (size_t k = 0; k < count; k++)
            expected = expected || strcmp(there[k], all[i]) == 0;
        snprintf(section, sizeof section, "<section id=\"%s\"", all[i]);
        snprintf(link, sizeof link, "<a href=\"#%s\">", all[i]);
        cr_expect_eq(strstr(page, section) != NULL, expected, "section %s", all[i]);
        cr_expect_eq(strstr(page, link) != NULL, expected, "link to %s", all[i]);
    }
}

static bool exists(const char *name)
{
    return access(scratch_path(name), F_OK) == 0;
}

static size_t occurrences(const char *page, const char *words)
{
    size_t count = 0;
    for (const char *at = page; (at = strstr(at, words)) != NULL; at += strlen(words))
        count++;
    return count;
}

Test(page, has_all_sections)
{
    static const char *const sections[] = {"training", "classes", "misses", "filters", "model", "run"};
    struct sample sample;
    char *page = write_page(SAMPLE_PLAIN, &sample);
    expect_sections(page, sections, 6);
    cr_expect_not_null(strstr(page, "lenet-mnist on made up digits</h1>"));
    cr_expect_not_null(strstr(page, ">60,074<"), "the model's parameters");
    cr_expect_not_null(strstr(page, ">flatten1</th><td class=\"l\">flatten<"), "the model's layers");
    cr_expect_not_null(
        strstr(page, "tuff train &#39;a b&#39; --data &lt;x&gt; &amp;&amp; echo &quot;y&quot;"));
    cr_expect_eq(occurrences(page, "<img "), 40u, "as many misses as are shown without a limit");
    cr_expect_eq(occurrences(page, " alt=\"image "), 40u);
    cr_expect_eq(occurrences(page, "<table>"), occurrences(page, "<caption>"));
    static const char *const files[] = {"loss", "accuracy", "confusion", "misses", "filters"};
    for (size_t i = 0; i < 5; i++) {
        char name[64];
        snprintf(name, sizeof name, "page/%s.svg", files[i]);
        cr_expect(exists(name), "%s", name);
        snprintf(name, sizeof name, "page/%s.png", files[i]);
        cr_expect(exists(name), "%s", name);
    }
    cr_expect(!exists("page/steps.svg") && !exists("page/learning-rate.png"), "what the metrics do not have");
    free(page);
    sample_free(&sample);
}

Test(page, limits_the_misses)
{
    struct sample sample;
    cr_assert(sample_make(SAMPLE_PLAIN, &sample));
    sample.report.miss_limit = 3;
    char *page = write_sample(&sample);
    cr_expect_eq(occurrences(page, "<img "), 3u);
    free(page);
    sample_free(&sample);
}

Test(page, removes_what_an_earlier_one_had)
{
    struct sample sample;
    char *page = write_page(SAMPLE_PLAIN, &sample);
    free(page);
    sample_free(&sample);
    cr_assert(exists("page/misses.png"));
    page = write_page(SAMPLE_INTERRUPTED, &sample);
    cr_expect(!exists("page/misses.png") && !exists("page/loss.svg") && !exists("page/confusion.svg"));
    free(page);
    sample_free(&sample);
}

Test(page, leaves_alone_what_is_no_page_of_tuffs)
{
    static const char mine[] = "<meta name=\"generator\" content=\"mine\">";
    struct sample sample;
    size_t count;
    cr_assert(sample_make(SAMPLE_PLAIN, &sample));
    cr_assert_eq(mkdir(scratch_path("page"), 0777), 0);
    scratch_write("page/index.html", mine, sizeof mine - 1);
    scratch_write("page/steps.png", "mine", 4);
    scratch_expect(tuff_report_write(&scratch_log, scratch_path("page"), &sample.report), TUFF_ERROR_INVALID,
                   "page/index.html' is no page of tuff's; choose another folder");
    scratch_expect(tuff_report_check(&scratch_log, scratch_path("page")), TUFF_ERROR_INVALID,
                   "page/index.html' is no page of tuff's; choose another folder");
    char *page = (char *)scratch_read(scratch_path("page/index.html"), &count);
    cr_expect(count == sizeof mine - 1 && memcmp(page, mine, count) == 0);
    free(page);
    cr_expect(!exists("page/loss.svg"));
    // Where there is no page nothing is an earlier one's.
    cr_assert_eq(unlink(scratch_path("page/index.html")), 0);
    cr_assert_eq(tuff_report_write(&scratch_log, scratch_path("page"), &sample.report), TUFF_OK);
    cr_expect(exists("page/index.html") && exists("page/steps.png"));
    cr_assert_eq(mkdir(scratch_path("other"), 0777), 0);
    cr_assert_eq(mkdir(scratch_path("other/index.html"), 0777), 0);
    scratch_expect(tuff_report_write(&scratch_log, scratch_path("other"), &sample.report), TUFF_ERROR_IO,
                   "a regular file was expected");
    sample_free(&sample);
}

// What was written before it failed is known for tuff's.
Test(page, that_was_not_finished_says_so)
{
    struct sample sample;
    cr_assert(sample_make(SAMPLE_LONG, &sample));
    cr_assert_eq(mkdir(scratch_path("page"), 0777), 0);
    cr_assert_eq(mkdir(scratch_path("page/misses.png"), 0777), 0);
    scratch_expect(tuff_report_write(&scratch_log, scratch_path("page"), &sample.report), TUFF_ERROR_IO,
                   "misses.png");
    char *page = read_page();
    cr_expect_not_null(strstr(page, "This report was not finished."));
    free(page);
    cr_assert(exists("page/loss.svg"));
    cr_assert_eq(rmdir(scratch_path("page/misses.png")), 0);
    cr_expect_eq(tuff_report_remove(&scratch_log, scratch_path("page")), TUFF_OK, "%s", scratch_error);
    cr_expect(!exists("page"));
    sample_free(&sample);
}

// The one with all pictures; the folder would stay if one of them did.
Test(page, is_removed_as_a_whole)
{
    struct sample sample;
    free(write_page(SAMPLE_LONG, &sample));
    cr_assert(exists("page/misses.png") && exists("page/learning-rate.svg") && exists("page/filters.svg"));
    cr_expect_eq(tuff_report_remove(&scratch_log, scratch_path("page")), TUFF_OK, "%s", scratch_error);
    cr_expect(!exists("page"));
    cr_expect_eq(tuff_report_remove(&scratch_log, scratch_path("page")), TUFF_OK, "there is none");
    sample_free(&sample);
}

Test(page, is_removed_from_beside_files_of_others)
{
    struct sample sample;
    free(write_page(SAMPLE_PLAIN, &sample));
    scratch_write("page/notes.txt", "mine", 4);
    cr_expect_eq(tuff_report_remove(&scratch_log, scratch_path("page")), TUFF_OK, "%s", scratch_error);
    cr_expect(!exists("page/index.html") && !exists("page/loss.svg") && exists("page/notes.txt"));
    scratch_write("page/index.html", "<html>mine</html>", 17);
    scratch_write("page/loss.svg", "mine", 4);
    cr_expect_eq(tuff_report_remove(&scratch_log, scratch_path("page")), TUFF_OK, "%s", scratch_error);
    cr_expect(exists("page/index.html") && exists("page/loss.svg"), "no page of tuff's");
    cr_expect_eq(scratch_errors, 0);
    sample_free(&sample);
}

Test(page, is_not_removed_through_a_link)
{
    struct sample sample;
    free(write_page(SAMPLE_PLAIN, &sample));
    cr_assert_eq(symlink("page", scratch_path("link")), 0);
    cr_expect_eq(tuff_report_remove(&scratch_log, scratch_path("link")), TUFF_OK);
    cr_assert_eq(rename(scratch_path("page/index.html"), scratch_path("index.html")), 0);
    cr_assert_eq(symlink("../index.html", scratch_path("page/index.html")), 0);
    cr_expect_eq(tuff_report_remove(&scratch_log, scratch_path("page")), TUFF_OK);
    cr_expect(exists("page/index.html") && exists("page/loss.svg"));
    sample_free(&sample);
}

// Of many steps some are left out, of the learning rate's neither the first nor the last.
Test(page, of_more_steps_than_are_drawn)
{
    struct sample sample;
    cr_assert(sample_make(SAMPLE_LONG, &sample));
    cr_assert_eq(sample.history.step_count, 5000u);
    sample.history.steps[0].learning_rate = 0.25;
    sample.history.steps[4999].learning_rate = 0.005;
    for (uint32_t i = 1000; i < 1100; i++)
        sample.history.steps[i].loss = NAN;
    char *page = write_sample(&sample);
    cr_expect_not_null(strstr(page, "step 1, learning rate: 0.250"));
    cr_expect_not_null(strstr(page, "step 5000, learning rate: 0.00500"));
    cr_expect_not_null(strstr(page, ">0.00500</text>"), "the last value stands at the end");
    cr_expect_not_null(strstr(page, ">100 of 5000 values are no numbers</text>"));
    free(page);
    sample_free(&sample);
}

// --steps: no epoch, and nothing that went wrong.
Test(page, of_some_steps_of_an_epoch)
{
    struct sample sample;
    cr_assert(sample_make(SAMPLE_INTERRUPTED, &sample));
    sample.history.epochs[0].partial = 1;
    char *page = write_sample(&sample);
    cr_expect_not_null(strstr(
        page, "No epoch was finished: the training ended, as was asked for, in epoch 1, after 100 steps"));
    cr_expect_not_null(strstr(page, "<dt>epochs</dt><dd>0</dd>"));
    cr_expect_not_null(strstr(page, ">1 (100 steps)</th>"));
    cr_expect_null(strstr(page, "interrupted"));
    free(page);
    sample_free(&sample);
}

Test(page, of_a_training_interrupted_in_its_first_epoch)
{
    static const char *const sections[] = {"training", "run"};
    struct sample sample;
    char *page = write_page(SAMPLE_INTERRUPTED, &sample);
    expect_sections(page, sections, 2);
    cr_expect_not_null(strstr(page, "No epoch was finished: the training was interrupted in epoch 1"));
    cr_expect_null(strstr(page, "<svg"), "there is nothing to draw");
    free(page);
    sample_free(&sample);
}

// Curves of evaluations within epochs are over steps.
Test(page, of_evaluations_within_epochs)
{
    struct sample sample;
    cr_assert(sample_make(SAMPLE_PLAIN, &sample));
    sample.history.tests[1].within = 1;
    sample.history.tests[1].step = 150;
    sample.history.tests[1].accuracy = 0.995;
    char *page = write_sample(&sample);
    cr_expect_not_null(strstr(page, "step 150, test: 99.5"));
    cr_expect_not_null(strstr(page, "is that of step 150, in epoch 2."));
    cr_expect_null(strstr(page, "epoch 2, test"));
    cr_expect_null(strstr(page, "<tr class=\"best\">"));
    free(page);
    sample_free(&sample);
}

Test(page, of_a_model_that_never_errs)
{
    struct sample sample;
    char *page = write_page(SAMPLE_TWO, &sample);
    cr_expect_not_null(strstr(page, "There is none: every image got its label."));
    cr_expect_not_null(strstr(page, "Nothing was taken for another class."));
    cr_expect_not_null(strstr(page, "<dd>100\xC2\xA0%</dd>"));
    cr_expect(exists("page/learning-rate.svg"));
    free(page);
    sample_free(&sample);
}

Test(page, of_a_training_that_diverged)
{
    struct sample sample;
    char *page = write_page(SAMPLE_NAN, &sample);
    cr_expect_not_null(strstr(page, "of 10 values are no numbers"));
    cr_expect_not_null(strstr(page, ">200 of 300 values are no numbers"),
                       "steps, and not their means as well");
    cr_expect_not_null(strstr(page, "for 40 the model gives no numbers"));
    cr_expect_null(strstr(page, "nan"), "NaN is shown as a dash");
    cr_expect_null(strstr(page, ">inf"));
    free(page);
    sample_free(&sample);
}

// Everything that a user has named is text, wherever it stands.
Test(page, escapes_names)
{
    struct sample sample;
    char *page = write_page(SAMPLE_HUNDRED, &sample);
    cr_expect_null(strstr(page, "<script"));
    cr_expect_null(strstr(page, "onload=\""));
    cr_expect_null(strstr(page, "<b>seed"));
    cr_expect_null(strstr(page, "\033"));
    cr_expect_null(strstr(page, "\xFF"));
    cr_expect_eq(occurrences(page, "</style>"), 1u);
    cr_expect_eq(occurrences(page, "</title>"), occurrences(page, "<title>"));
    cr_expect_geq(occurrences(page, "&lt;script&gt;alert("), 3u);
    cr_expect_not_null(strstr(page, "&lt;b&gt;seed&lt;/b&gt;</dt><dd>42 &amp; &quot;more&quot;</dd>"));
    free(page);
    sample_free(&sample);
}

Test(page, of_nothing_at_all)
{
    const struct tuff_report report = {.size = sizeof report};
    cr_assert_eq(tuff_report_write(&scratch_log, scratch_path("page"), &report), TUFF_OK);
    cr_expect(exists("page/index.html"));
}

Test(page, needs_a_folder_that_can_be)
{
    struct sample sample;
    cr_assert(sample_make(SAMPLE_PLAIN, &sample));
    scratch_expect(tuff_report_write(&scratch_log, scratch_path("none/page"), &sample.report), TUFF_ERROR_IO,
                   "cannot make the folder");
    scratch_write("file", "x", 1);
    scratch_expect(tuff_report_write(&scratch_log, scratch_path("file"), &sample.report), TUFF_ERROR_IO,
                   "file");
    sample_free(&sample);
    scratch_expect(tuff_report_check(&scratch_log, scratch_path("none/page")), TUFF_ERROR_IO,
                   "cannot make the folder");
    scratch_expect(tuff_report_check(&scratch_log, scratch_path("file")), TUFF_ERROR_IO, "Not a directory");
    scratch_expect(tuff_report_check(&scratch_log, ""), TUFF_ERROR_IO, "cannot make the folder ''");
    cr_assert_eq(symlink("nowhere", scratch_path("link")), 0);
    scratch_expect(tuff_report_check(&scratch_log, scratch_path("link")), TUFF_ERROR_IO,
                   "cannot make the folder");
    cr_expect_eq(tuff_report_check(&scratch_log, scratch_path("page/")), TUFF_OK);
    cr_expect(!exists("page"));
}
