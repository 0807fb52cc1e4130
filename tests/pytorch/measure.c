// measure CHECKPOINT MODEL FOLDER: loss, with the digits that tuff eval does not print, and number of right answers over
// MNIST's test set, on the reference backend.
#include <inttypes.h>
#include <stdio.h>

#include "tuff/checkpoint.h"

static void write_log(void *user, enum tuff_log_level level, const char *message)
{
    (void)user;
    if (level == TUFF_LOG_ERROR)
        fprintf(stderr, "%s\n", message);
}

struct measure {
    struct tuff_context *context;
    struct tuff_target *target;
    struct tuff_model *model;
    struct tuff_dataset *test;
    struct tuff_trainer *trainer;
};

static enum tuff_status run(struct measure *m, const char *checkpoint, const char *model, const char *folder,
                            struct tuff_metrics *metrics)
{
    const struct tuff_log log = {.write = write_log, .level = TUFF_LOG_WARNING};
    const struct tuff_context_options context = {.size = sizeof context, .log = log};
    const struct tuff_dataset_options data = {.size = sizeof data, .folder = folder};
    struct tuff_trainer_options options;
    tuff_trainer_options_default(&options);
    enum tuff_status status = tuff_context_create(&context, &m->context);
    if (status == TUFF_OK)
        status = tuff_target_open(m->context, "reference", NULL, NULL, &m->target);
    if (status == TUFF_OK)
        status = tuff_model_load(&log, model, &m->model);
    if (status == TUFF_OK)
        status = tuff_dataset_load(&log, "mnist", TUFF_SPLIT_TEST, &data, &m->test);
    if (status == TUFF_OK)
        status = tuff_trainer_create(m->target, m->model, NULL, m->test, &options, &m->trainer);
    if (status == TUFF_OK)
        status = tuff_checkpoint_load(&log, checkpoint, m->trainer);
    if (status == TUFF_OK)
        status = tuff_trainer_evaluate(m->trainer, NULL, metrics);
    return status;
}

int main(int argc, char **argv)
{
    struct measure m = {.context = NULL};
    struct tuff_metrics metrics;
    if (argc != 4) {
        fprintf(stderr, "usage: measure CHECKPOINT MODEL FOLDER\n");
        return 2;
    }
    enum tuff_status status = run(&m, argv[1], argv[2], argv[3], &metrics);
    if (status == TUFF_OK)
        printf("loss %.9g correct %" PRIu64 "\n", metrics.loss, metrics.correct);
    tuff_trainer_destroy(&m.trainer);
    tuff_dataset_destroy(&m.test);
    tuff_model_destroy(&m.model);
    tuff_target_close(&m.target);
    tuff_context_destroy(&m.context);
    return status == TUFF_OK ? 0 : 1;
}
