// write_pages FOLDER: the sample reports, each in a folder of its name.
#include <limits.h>
#include <stdio.h>

#include "samples.h"

static void log_error(void *user, enum tuff_log_level level, const char *message)
{
    (void)user, (void)level;
    fprintf(stderr, "%s\n", message);
}

int main(int argc, char **argv)
{
    const struct tuff_log log = {log_error, NULL, TUFF_LOG_WARNING};
    if (argc != 2)
        return 2;
    for (int which = 0; which < SAMPLE_COUNT; which++) {
        struct sample sample;
        char folder[PATH_MAX];
        int made = sample_make(which, &sample);
        snprintf(folder, sizeof folder, "%s/%s", argv[1], sample.name);
        if (!made || tuff_report_write(&log, folder, &sample.report) != TUFF_OK) {
            fprintf(stderr, "no page '%s'\n", sample.name);
            return 1;
        }
        printf("%s\n", sample.name);
        sample_free(&sample);
    }
    return 0;
}
