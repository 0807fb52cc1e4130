// kill_run TUFF BACKEND KILLS [SEED]: kills trainings at random moments, resumes them, and compares what
// comes out in the end with a training that nobody disturbed: bit for bit the same parameters, and the same
// figures.
//
// The moments are spread over the time that an undisturbed training takes. After each kill, whatever files
// are there must be whole. Works in an empty folder of its own.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <ftw.h>
#include <jansson.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "model/safetensors.h"
#include "tuff/random.h"

extern char **environ;

enum { MOST_ARGUMENTS = 40, MOST_WAITING_SECONDS = 300 };

// Where a kill has hit, by what it left.
enum phase { BEFORE_FIRST, WRITING, BETWEEN, ELSEWHERE, PHASE_COUNT };
static const char *const phase_names[PHASE_COUNT] = {
    [BEFORE_FIRST] = "before the first checkpoint",
    [WRITING] = "while a file of a checkpoint was written",
    [BETWEEN] = "between the files of a checkpoint",
    [ELSEWHERE] = "in training or while it was resumed",
};

struct test {
    const char *tuff, *backend;
    uint64_t seed, draws;
    double duration; // seconds of a training as it is
    unsigned kills, finished;
    unsigned by_phase[PHASE_COUNT];
};

static bool complain(const char *what, const char *which)
{
    fprintf(stderr, "%s: %s\n", which, what);
    return false;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void log_to_stderr(void *user, enum tuff_log_level level, const char *message)
{
    (void)user;
    if (level == TUFF_LOG_ERROR)
        fprintf(stderr, "%s\n", message);
}

static const struct tuff_log errors_only = {.write = log_to_stderr};

// -- Running tuff

// Starts a training into `folder`, or goes on with the one that is there.
static pid_t start(const struct test *test, const char *folder, bool resume)
{
    const char *const fresh[] = {
        test->tuff, "train",         "lenet-mnist", "--backend",     test->backend, "--digits-train",
        "96",       "--batch",       "8",           "--digits-test", "16",          "--epochs",
        "2",        "--eval-every",  "0.5",         "--save-every",  "0.25",        "--log-every",
        "1",        "--ema",         "0.9",         "--schedule",    "cosine",      "--augment",
        "crop=2",   "--tensorboard", "--force",     "--out",         folder,        NULL};
    const char *const again[] = {test->tuff, "train", "--resume", folder, NULL};
    char *arguments[MOST_ARGUMENTS] = {NULL};
    const char *const *chosen = resume ? again : fresh;
    for (size_t i = 0; chosen[i] != NULL; i++)
        arguments[i] = (char *)chosen[i]; // posix_spawn leaves them as they are
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "out", O_WRONLY | O_CREAT | O_TRUNC, 0666);
    posix_spawn_file_actions_addopen(&actions, 2, "err", O_WRONLY | O_CREAT | O_TRUNC, 0666);
    pid_t process = -1;
    if (posix_spawn(&process, test->tuff, &actions, NULL, arguments, environ) != 0)
        process = -1;
    posix_spawn_file_actions_destroy(&actions);
    return process;
}

// Waits until the process ends, or `seconds` have passed. Returns whether it has ended.
static bool wait_for(pid_t process, double seconds, int *status)
{
    const struct timespec little = {.tv_nsec = 500000};
    for (double end = now() + seconds;;) {
        if (waitpid(process, status, WNOHANG) == process)
            return true;
        if (now() >= end)
            return false;
        nanosleep(&little, NULL);
    }
}

static bool has_text(const char *path, const char *text)
{
    char content[4096];
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return false;
    content[fread(content, 1, sizeof content - 1, file)] = '\0';
    fclose(file);
    return strstr(content, text) != NULL;
}

static bool ended_well(int status)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    // It was killed after its last checkpoint; resuming has put the files right.
    if (WIFEXITED(status) && WEXITSTATUS(status) == 1 && has_text("err", "has its 2 epochs already"))
        return true;
    FILE *file = fopen("err", "r");
    char line[512];
    fprintf(stderr, "tuff ended with status %#x\n", (unsigned)status);
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        fputs(line, stderr);
    if (file != NULL)
        fclose(file);
    return false;
}

// -- What is in a folder

static const char *text_of(const struct tuff_safetensors *file, const char *key)
{
    for (size_t i = 0; i < file->metadata_count; i++)
        if (strcmp(file->metadata[i].key, key) == 0)
            return file->metadata[i].value;
    return "";
}

// step: of the file, by its metadata `key`.
static bool is_whole_checkpoint(const char *path, const char *key, char step[32])
{
    struct tuff_safetensors *file;
    if (tuff_safetensors_read(&errors_only, path, &file) != TUFF_OK)
        return complain("does not load", path);
    snprintf(step, 32, "%s", text_of(file, key));
    tuff_safetensors_destroy(&file);
    return true;
}

// Lines of metrics.jsonl; *torn: the last one has no end.
static json_t *read_metrics(const char *path, bool *torn)
{
    static const char *const of_time[] = {"train_seconds", "test_seconds", "samples_per_second"};
    FILE *file = fopen(path, "r");
    json_t *lines = json_array();
    char *text = NULL;
    size_t capacity = 0;
    ssize_t length;
    *torn = false;
    while (file != NULL && (length = getline(&text, &capacity, file)) > 0) {
        *torn = text[length - 1] != '\n';
        json_t *line = *torn ? NULL : json_loadb(text, (size_t)length, 0, NULL);
        if (line == NULL && !*torn) {
            complain("a line that is no JSON", path);
            json_decref(lines);
            lines = NULL;
            break;
        }
        for (size_t i = 0; line != NULL && i < sizeof of_time / sizeof *of_time; i++)
            json_object_del(line, of_time[i]);
        if (line != NULL)
            json_array_append_new(lines, line);
    }
    free(text);
    if (file != NULL)
        fclose(file);
    return lines;
}

static bool left_aside(const char *folder)
{
    DIR *open = opendir(folder);
    bool found = false;
    for (struct dirent *entry = open == NULL ? NULL : readdir(open); entry != NULL; entry = readdir(open))
        found = found || fnmatch("*.tmp.*", entry->d_name, 0) == 0 || fnmatch("*.new", entry->d_name, 0) == 0;
    if (open != NULL)
        closedir(open);
    return found;
}

// Whatever is in the folder is whole.
static bool check_killed(struct test *test, const char *folder)
{
    static const struct {
        const char *file, *key;
    } checkpoints[] = {{"state.safetensors", "position.steps_done"},
                       {"last.safetensors", "step"},
                       {"best.safetensors", "step"}};
    char path[512], steps[3][32] = {""};
    bool torn, there[3];
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, checkpoints[i].file);
        there[i] = access(path, F_OK) == 0;
        if (there[i] && !is_whole_checkpoint(path, checkpoints[i].key, steps[i]))
            return false;
    }
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    json_t *metrics = read_metrics(path, &torn);
    json_decref(metrics);
    if (metrics == NULL)
        return false;
    if (torn)
        return complain("ends within a line", path);
    snprintf(path, sizeof path, "%s/config.json", folder);
    json_t *config = json_load_file(path, 0, NULL);
    json_decref(config);
    if (config == NULL && access(path, F_OK) == 0)
        return complain("is not whole", path);
    enum phase phase = left_aside(folder)                             ? WRITING
                       : !there[0]                                    ? BEFORE_FIRST
                       : !there[1] || strcmp(steps[0], steps[1]) != 0 ? BETWEEN
                                                                      : ELSEWHERE;
    test->by_phase[phase]++;
    return true;
}

static bool same_bytes(const char *file)
{
    char command[256];
    snprintf(command, sizeof command, "cmp whole/%s killed/%s >&2", file, file);
    return system(command) == 0 || complain("differs from that of a training that nobody disturbed", file);
}

static bool check_finished(void)
{
    bool torn, torn_too;
    json_t *whole = read_metrics("whole/metrics.jsonl", &torn);
    json_t *killed = read_metrics("killed/metrics.jsonl", &torn_too);
    bool same = json_equal(whole, killed) && !torn && !torn_too && json_array_size(whole) > 0;
    json_decref(whole);
    json_decref(killed);
    if (!same)
        complain("differs from that of a training that nobody disturbed", "metrics.jsonl");
    if (left_aside("killed"))
        same = complain("something is left aside", "killed");
    return same_bytes("last.safetensors") && same_bytes("best.safetensors") && same;
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *at)
{
    (void)info, (void)type, (void)at;
    return remove(path);
}

static void remove_folder(const char *folder)
{
    nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

// -- The test

static bool run_whole(struct test *test)
{
    // The first run may fill caches; the second one tells how long a run is.
    for (int i = 0; i < 2; i++) {
        int status = 0;
        double begun = now();
        pid_t process = start(test, "whole", false);
        if (process < 0 || !wait_for(process, MOST_WAITING_SECONDS, &status) || !ended_well(status))
            return complain("the training that nobody disturbs failed", test->backend);
        test->duration = now() - begun;
    }
    return true;
}

// One process: until it ends, or is killed.
static bool run_once(struct test *test, bool may_kill)
{
    bool resume = access("killed/state.safetensors", F_OK) == 0;
    double drawn = (double)tuff_random_uniform(test->seed, TUFF_RANDOM_TEST, 0, test->draws++);
    double delay = may_kill ? drawn * test->duration : MOST_WAITING_SECONDS;
    int status = 0;
    pid_t process = start(test, "killed", resume);
    if (process < 0)
        return complain("cannot be started", test->tuff);
    if (wait_for(process, delay, &status)) {
        bool fine = ended_well(status) && check_finished();
        remove_folder("killed");
        test->finished++;
        return fine;
    }
    kill(process, SIGKILL);
    waitpid(process, &status, 0);
    if (!may_kill)
        return complain("did not end", test->tuff);
    test->kills++;
    return check_killed(test, "killed");
}

// A machine without the backend's device may say so.
static bool is_skipped(const struct test *test)
{
    const char *skipped = getenv("TUFF_SKIP_BACKENDS");
    char list[256], name[64];
    if (skipped == NULL || test->duration > 0)
        return false;
    snprintf(list, sizeof list, ",%s,", skipped);
    snprintf(name, sizeof name, ",%s,", test->backend);
    if (strstr(list, name) == NULL)
        return false;
    printf("skipped: %s cannot be opened, and TUFF_SKIP_BACKENDS names it\n", test->backend);
    return true;
}

static bool survive(struct test *test, unsigned kills)
{
    if (!run_whole(test))
        return false;
    while (test->kills < kills)
        if (!run_once(test, true))
            return false;
    if (access("killed", F_OK) == 0 && !run_once(test, false))
        return false;
    // Or nothing was tried: as many kills hit a run of which something was saved already.
    if (test->by_phase[BEFORE_FIRST] == test->kills)
        return complain("every kill came before its first checkpoint", "killed");
    return true;
}

int main(int argc, char **argv)
{
    struct test test = {.seed = argc > 4 ? strtoull(argv[4], NULL, 10) : (uint64_t)time(NULL)};
    char folder[] = "/tmp/tuff-kill-XXXXXX";
    unsigned kills = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;
    if (kills == 0) {
        fprintf(stderr, "usage: kill_run TUFF BACKEND KILLS [SEED]\n");
        return 2;
    }
    test.tuff = realpath(argv[1], NULL);
    test.backend = argv[2];
    if (test.tuff == NULL || mkdtemp(folder) == NULL || chdir(folder) != 0) {
        perror(argv[1]);
        return 2;
    }
    double begun = now();
    bool survived = survive(&test, kills);
    if (!survived && is_skipped(&test))
        return 0;
    printf("%s: %u kills, %u trainings came to their end, seed %llu, %.0f seconds; %s\n", test.backend,
           test.kills, test.finished, (unsigned long long)test.seed, now() - begun,
           survived ? "nothing lost" : "FAILED");
    for (int i = 0; i < PHASE_COUNT; i++)
        printf("  %4u %s\n", test.by_phase[i], phase_names[i]);
    if (survived)
        remove_folder(folder);
    else
        fprintf(stderr, "what was found is left in %s\n", folder);
    free((char *)test.tuff);
    return survived ? 0 : 1;
}
