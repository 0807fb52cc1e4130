// metrics.jsonl as it is read back.
#include <math.h>

#include <criterion/criterion.h>

#include "../data/scratch.h"
#include "tuff/report.h"

static struct tuff_history *read_text(const char *text)
{
    struct tuff_history *history;
    const char *path = scratch_write("metrics.jsonl", text, strlen(text));
    cr_assert_eq(tuff_history_read(&scratch_log, path, &history), TUFF_OK, "%s", scratch_error);
    return history;
}

TestSuite(history, .init = scratch_begin, .fini = scratch_end);

Test(history, of_epochs_and_steps)
{
    struct tuff_history *history = read_text(
        "{\"type\":\"step\",\"epoch\":1,\"step\":5,\"loss\":2.25,\"learning_rate\":0.001}\n"
        "{\"type\":\"epoch\",\"epoch\":1,\"step\":10,\"train_loss\":0.5,\"train_accuracy\":0.75,\"train_"
        "seconds\":2,"
        "\"samples_per_second\":80,\"test_loss\":0.25,\"test_accuracy\":0.875,\"test_seconds\":1,"
        "\"learning_rate\":0.0005}\n"
        "{\"type\":\"from another version\",\"x\":1}\n"
        "{\"type\":\"epoch\",\"epoch\":2,\"step\":20,\"train_loss\":null,\"train_accuracy\":0.1}\n");
    cr_assert_eq(history->epoch_count, 2u);
    cr_assert_eq(history->step_count, 1u);
    const struct tuff_history_epoch *first = &history->epochs[0], *second = &history->epochs[1];
    cr_expect(first->whole && first->tested && first->epoch == 1 && first->step == 10);
    cr_expect(first->train_loss == 0.5 && first->train_accuracy == 0.75 && first->test_loss == 0.25 &&
              first->test_accuracy == 0.875 && first->learning_rate == 0.0005 &&
              first->samples_per_second == 80);
    cr_expect(isnan(second->train_loss) && isnan(second->test_loss) && !second->tested);
    cr_expect(isnan(second->learning_rate));
    cr_assert_eq(history->test_count, 1u);
    cr_expect(history->tests[0].step == 10 && !history->tests[0].within &&
              history->tests[0].accuracy == 0.875);
    cr_expect(history->steps[0].loss == 2.25 && history->steps[0].learning_rate == 0.001);
    tuff_history_destroy(&history);
    cr_expect_null(history);
    tuff_history_destroy(&history);
}

// A test figure that is no number was measured all the same.
Test(history, knows_a_test_that_gave_no_number)
{
    struct tuff_history *history = read_text(
        "{\"type\":\"epoch\",\"epoch\":1,\"train_loss\":1,\"test_loss\":null,\"test_accuracy\":0.1}\n");
    cr_expect(history->epochs[0].tested && isnan(history->epochs[0].test_loss));
    tuff_history_destroy(&history);
}

Test(history, of_a_training_that_was_gone_on_with)
{
    struct tuff_history *history =
        read_text("{\"type\":\"epoch\",\"epoch\":1,\"step\":10,\"train_loss\":3}\n"
                  "{\"type\":\"step\",\"epoch\":2,\"step\":12,\"loss\":9}\n"
                  "{\"type\":\"step\",\"epoch\":2,\"step\":14,\"loss\":8}\n"
                  "{\"type\":\"interrupted\",\"epoch\":2,\"step\":15,\"train_loss\":2}\n"
                  "{\"type\":\"step\",\"epoch\":2,\"step\":12,\"loss\":7}\n"
                  "{\"type\":\"epoch\",\"epoch\":2,\"step\":20,\"train_loss\":1}\n");
    cr_assert_eq(history->epoch_count, 2u);
    cr_expect(history->epochs[1].whole && history->epochs[1].train_loss == 1);
    cr_assert_eq(history->step_count, 1u);
    cr_expect_eq(history->steps[0].loss, 7);
    tuff_history_destroy(&history);
}

Test(history, of_evaluations_within_epochs)
{
    struct tuff_history *history =
        read_text("{\"type\":\"evaluation\",\"epoch\":1,\"step\":5,\"test_loss\":0.9,\"test_accuracy\":0.5}\n"
                  "{\"type\":\"evaluation\",\"epoch\":1,\"step\":8,\"test_loss\":0.8,\"test_accuracy\":0.6}\n"
                  "{\"type\":\"evaluation\",\"epoch\":1,\"step\":8,\"test_loss\":0.7,\"test_accuracy\":0.7}\n"
                  "{\"type\":\"epoch\",\"epoch\":1,\"step\":10,\"train_loss\":1,\"test_loss\":0.6,\"test_"
                  "accuracy\":0.8}\n");
    cr_assert_eq(history->test_count, 3u);
    cr_expect(history->tests[0].within && history->tests[0].step == 5 && history->tests[0].loss == 0.9);
    cr_expect(history->tests[1].loss == 0.7, "the last word about a step counts");
    cr_expect(!history->tests[2].within && history->tests[2].step == 10 && history->tests[2].accuracy == 0.8);
    tuff_history_destroy(&history);
}

Test(history, of_an_interruption_and_of_nothing)
{
    struct tuff_history *history =
        read_text("{\"type\":\"interrupted\",\"epoch\":1,\"step\":3,\"train_loss\":2.5}\n");
    cr_assert_eq(history->epoch_count, 1u);
    cr_expect(!history->epochs[0].whole && history->epochs[0].train_loss == 2.5);
    tuff_history_destroy(&history);
    history = read_text("");
    cr_expect(history->epoch_count == 0 && history->step_count == 0);
    tuff_history_destroy(&history);
}

// --steps may end an epoch, which a greater --steps goes on with.
Test(history, of_a_part_of_an_epoch)
{
    struct tuff_history *history =
        read_text("{\"type\":\"epoch\",\"epoch\":1,\"step\":3,\"train_loss\":2,\"partial\":true}\n");
    cr_assert_eq(history->epoch_count, 1u);
    cr_expect(history->epochs[0].partial && !history->epochs[0].whole && history->epochs[0].train_loss == 2);
    tuff_history_destroy(&history);
    history = read_text("{\"type\":\"epoch\",\"epoch\":1,\"step\":3,\"partial\":true}\n"
                        "{\"type\":\"epoch\",\"epoch\":1,\"step\":4}\n");
    cr_assert_eq(history->epoch_count, 1u);
    cr_expect(!history->epochs[0].partial && history->epochs[0].whole && history->epochs[0].step == 4);
    tuff_history_destroy(&history);
    history = read_text("{\"type\":\"interrupted\",\"epoch\":1,\"step\":3,\"partial\":true}\n");
    cr_expect(!history->epochs[0].partial && !history->epochs[0].whole);
    tuff_history_destroy(&history);
}

static int warnings;

static void count_warnings(void *user, enum tuff_log_level level, const char *message)
{
    (void)user;
    warnings += level == TUFF_LOG_WARNING && strstr(message, ":2: the last line is not whole") != NULL;
}

Test(history, leaves_out_a_line_that_is_being_written)
{
    static const char text[] = "{\"type\":\"epoch\",\"epoch\":1}\n{\"type\":\"epo";
    const struct tuff_log log = {count_warnings, NULL, TUFF_LOG_DEBUG};
    struct tuff_history *history;
    const char *path = scratch_write("metrics.jsonl", text, strlen(text));
    cr_assert_eq(tuff_history_read(&log, path, &history), TUFF_OK);
    cr_expect_eq(history->epoch_count, 1u);
    cr_expect_eq(warnings, 1);
    tuff_history_destroy(&history);
}

Test(history, refuses_what_is_none)
{
    struct tuff_history *history;
    scratch_expect(tuff_history_read(&scratch_log, scratch_path("absent"), &history), TUFF_ERROR_NOT_FOUND,
                   "absent");
    cr_expect_null(history);
    const char *path = scratch_write("words", "{\"type\":\"epoch\"}\nwords\n", 24);
    scratch_expect(tuff_history_read(&scratch_log, path, &history), TUFF_ERROR_FORMAT, "words:2: ");
    path = scratch_write("list", "[1]\n", 4);
    scratch_expect(tuff_history_read(&scratch_log, path, &history), TUFF_ERROR_FORMAT, "list:1: ");
}
