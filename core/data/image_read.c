#include "image_read.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fit.h"
#include "places.h"

enum { MOST_THREADS = 256, MOST_BY_ITSELF = 16, FEWEST_PER_THREAD = 4, TELL_NANOSECONDS = 100000000 };

// What a thread needs, and uses from image to image.
struct worker {
    struct tuff_image image;
    struct tuff_fit fit;
    uint8_t *file;
    size_t capacity;
};

struct work {
    struct tuff_image_batch *batch;
    atomic_size_t next, done;
    atomic_bool stop, no_memory;
    pthread_mutex_t lock; // of running
    pthread_cond_t ended; // a thread has ended
    unsigned running;
};

static void free_worker(struct worker *worker)
{
    tuff_image_free(&worker->image);
    tuff_fit_free(&worker->fit);
    free(worker->file);
}

static bool reserve_file(struct worker *worker, size_t bytes)
{
    if (bytes <= worker->capacity)
        return true;
    free(worker->file);
    worker->file = malloc(bytes);
    worker->capacity = worker->file == NULL ? 0 : bytes;
    return worker->file != NULL;
}

static enum tuff_status read_open(int file, struct worker *worker, size_t *bytes,
                                  char why[TUFF_IMAGE_WHY_BYTES])
{
    struct stat info;
    *bytes = 0;
    if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode)) {
        snprintf(why, TUFF_IMAGE_WHY_BYTES, "no regular file");
        return TUFF_ERROR_UNSUPPORTED;
    }
    if (info.st_size > TUFF_IMAGE_MAX_FILE) {
        snprintf(why, TUFF_IMAGE_WHY_BYTES, "a file of more than %d MiB", TUFF_IMAGE_MAX_FILE >> 20);
        return TUFF_ERROR_UNSUPPORTED;
    }
    if (!reserve_file(worker, (size_t)info.st_size)) {
        snprintf(why, TUFF_IMAGE_WHY_BYTES, "out of memory");
        return TUFF_ERROR_MEMORY;
    }
    while (*bytes < (size_t)info.st_size) {
        ssize_t got = read(file, worker->file + *bytes, (size_t)info.st_size - *bytes);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            snprintf(why, TUFF_IMAGE_WHY_BYTES, "cannot read: %s", strerror(errno));
            return TUFF_ERROR_IO;
        }
        if (got == 0) // shorter than it was
            break;
        *bytes += (size_t)got;
    }
    return TUFF_OK;
}

static enum tuff_status decode_file(const char *folder, const char *name, struct worker *worker,
                                    char why[TUFF_IMAGE_WHY_BYTES])
{
    char path[PATH_MAX];
    size_t bytes;
    // O_NONBLOCK: a pipe that nobody writes into would keep us waiting.
    errno = ENAMETOOLONG;
    int file = tuff_path_join(path, folder, name) ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    if (file < 0) {
        const int reason = errno;
        snprintf(why, TUFF_IMAGE_WHY_BYTES, "cannot open: %s", strerror(reason));
        return reason == ENOENT || reason == ENOTDIR ? TUFF_ERROR_NOT_FOUND : TUFF_ERROR_IO;
    }
    enum tuff_status status = read_open(file, worker, &bytes, why);
    close(file);
    if (status == TUFF_OK)
        status = tuff_image_decode(worker->file, bytes, &worker->image, why);
    return status;
}

static enum tuff_status read_one(const struct tuff_image_batch *batch, size_t index, struct worker *worker,
                                 char why[TUFF_IMAGE_WHY_BYTES])
{
    enum tuff_status status = decode_file(batch->folder, batch->list->files[index].name, worker, why);
    if (status != TUFF_OK)
        return status;
    const struct tuff_image *image = &worker->image;
    bool other_size = image->height != batch->height || image->width != batch->width;
    if ((batch->as_they_are && other_size) || (batch->keep_channels && image->channels != batch->channels)) {
        snprintf(why, TUFF_IMAGE_WHY_BYTES,
                 "%" PRIu32 " x %" PRIu32 " pixels, %s, where the first image has %" PRIu32 " x %" PRIu32
                 ", %s",
                 image->width, image->height, image->channels == 1 ? "gray" : "in colour", batch->width,
                 batch->height, batch->channels == 1 ? "gray" : "in colour");
        batch->misfits[index] = true;
        return TUFF_ERROR_INVALID;
    }
    size_t bytes = (size_t)batch->channels * batch->height * batch->width;
    if (!tuff_fit_image(&worker->fit, image, batch->channels, batch->height, batch->width,
                        batch->images + index * bytes)) {
        snprintf(why, TUFF_IMAGE_WHY_BYTES, "out of memory");
        return TUFF_ERROR_MEMORY;
    }
    return TUFF_OK;
}

static void read_some(struct work *work)
{
    struct worker worker = {.file = NULL};
    struct tuff_image_batch *batch = work->batch;
    while (!atomic_load(&work->stop)) {
        size_t index = atomic_fetch_add(&work->next, 1);
        char why[TUFF_IMAGE_WHY_BYTES];
        if (index >= batch->list->file_count)
            break;
        enum tuff_status status = read_one(batch, index, &worker, why);
        if (status != TUFF_OK)
            batch->reasons[index] = strdup(why);
        if (status == TUFF_ERROR_IO)
            atomic_store(&batch->unreadable, true);
        if (status == TUFF_ERROR_MEMORY || (status != TUFF_OK && batch->reasons[index] == NULL)) {
            atomic_store(&work->no_memory, true);
            atomic_store(&work->stop, true);
        }
        atomic_fetch_add(&work->done, 1);
    }
    free_worker(&worker);
}

static void *run(void *argument)
{
    struct work *work = argument;
    read_some(work);
    pthread_mutex_lock(&work->lock);
    work->running--;
    pthread_cond_signal(&work->ended);
    pthread_mutex_unlock(&work->lock);
    return NULL;
}

static unsigned count_threads(uint32_t wanted, size_t files)
{
    cpu_set_t cpus;
    size_t count = wanted < MOST_THREADS ? wanted : MOST_THREADS, useful = 1 + files / FEWEST_PER_THREAD;
    if (count == 0) {
        count = 1;
        if (sched_getaffinity(0, sizeof cpus, &cpus) == 0)
            count = (size_t)CPU_COUNT(&cpus);
        if (count > MOST_BY_ITSELF)
            count = MOST_BY_ITSELF;
    }
    return (unsigned)(count < useful ? count : useful);
}

// Returns when all threads have ended; tells how far they are meanwhile.
static void wait_and_tell(struct work *work, const struct tuff_dataset_options *options)
{
    const uint32_t total = (uint32_t)work->batch->list->file_count;
    pthread_mutex_lock(&work->lock);
    while (work->running > 0) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += TELL_NANOSECONDS;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        if (pthread_cond_timedwait(&work->ended, &work->lock, &until) != ETIMEDOUT ||
            options->progress == NULL)
            continue;
        const struct tuff_dataset_progress now = {(uint32_t)atomic_load(&work->done), total};
        pthread_mutex_unlock(&work->lock);
        if (options->progress(options->user, &now) != 0)
            atomic_store(&work->stop, true);
        pthread_mutex_lock(&work->lock);
    }
    pthread_mutex_unlock(&work->lock);
}

enum tuff_status tuff_image_read_all(const struct tuff_log *log, struct tuff_image_batch *batch,
                                     const struct tuff_dataset_options *options)
{
    struct work work = {.batch = batch, .lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_t threads[MOST_THREADS];
    unsigned wanted = count_threads(options->threads, batch->list->file_count), started = 0;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&work.ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    for (unsigned i = 0; i < wanted; i++) {
        pthread_mutex_lock(&work.lock);
        work.running++;
        pthread_mutex_unlock(&work.lock);
        if (pthread_create(&threads[started], NULL, run, &work) == 0) {
            started++;
            continue;
        }
        pthread_mutex_lock(&work.lock);
        work.running--;
        pthread_mutex_unlock(&work.lock);
        break;
    }
    if (started == 0)
        read_some(&work);
    wait_and_tell(&work, options);
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    pthread_cond_destroy(&work.ended);
    if (atomic_load(&work.no_memory))
        return tuff_fail(log, TUFF_ERROR_MEMORY, "%s: no memory to decode its images", batch->folder);
    return atomic_load(&work.stop) ? TUFF_ERROR_INTERRUPTED : TUFF_OK;
}

enum tuff_status tuff_image_read_first(const struct tuff_log *log, const char *folder,
                                       const struct tuff_folder_list *list, size_t *index, uint32_t *channels,
                                       uint32_t *height, uint32_t *width)
{
    struct worker worker = {.file = NULL};
    enum tuff_status status = TUFF_OK;
    for (*index = 0; *index < list->file_count; (*index)++) {
        char why[TUFF_IMAGE_WHY_BYTES];
        status = decode_file(folder, list->files[*index].name, &worker, why);
        if (status == TUFF_OK || status == TUFF_ERROR_MEMORY)
            break;
    }
    *channels = worker.image.channels;
    *height = worker.image.height;
    *width = worker.image.width;
    free_worker(&worker);
    if (status == TUFF_ERROR_MEMORY)
        return tuff_fail(log, status, "%s: no memory to decode its images", folder);
    return TUFF_OK;
}
