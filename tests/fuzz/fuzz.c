#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { PACKED_MOST = 1 << 18, SLOTS = 4, TEXT_BYTES = 1 << 12, TOGETHER = 16 };

// -- Demands

static unsigned errors;

void fuzz_demand(bool kept, const char *promise)
{
    if (kept)
        return;
    fprintf(stderr, "broken promise: %s\n", promise);
    abort();
}

void fuzz_count_error(void)
{
    errors++;
}

static void take_message(void *user, enum tuff_log_level level, const char *message)
{
    (void)user;
    fuzz_demand(message[0] != '\0', "a message says something");
    fuzz_demand(strlen(message) < 2048, "a message has at most 2047 bytes");
    if (level == TUFF_LOG_ERROR)
        errors++;
}

const struct tuff_log fuzz_log = {.write = take_message, .level = TUFF_LOG_DEBUG};

bool fuzz_succeeded(enum tuff_status status)
{
    if (status == TUFF_OK)
        fuzz_demand(errors == 0, "a success logs no error");
    else
        fuzz_demand(errors == 1, "a failure logs one error");
    errors = 0;
    return status == TUFF_OK;
}

void fuzz_read(const void *bytes, size_t count)
{
    const uint8_t *next = bytes;
    uint8_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum = (uint8_t)(sum ^ next[i]);
    __asm__ volatile("" : : "r"(sum)); // somebody needs it, as far as the compiler knows
}

static void demand_names(const char *const *names, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        for (const char *c = names[i]; *c != '\0'; c++)
            fuzz_demand((unsigned char)*c >= 0x20 && *c != 0x7f, "names have no control characters");
}

void fuzz_demand_dataset(const struct tuff_dataset *dataset)
{
    fuzz_demand(dataset->count > 0 && dataset->classes > 0, "a data set has samples and classes");
    fuzz_read(dataset->images, (size_t)dataset->count * dataset->channels * dataset->height * dataset->width);
    for (uint32_t i = 0; i < dataset->count; i++)
        fuzz_demand(dataset->labels[i] < dataset->classes, "labels are below the classes");
    demand_names(dataset->class_names, dataset->classes);
    if (dataset->sample_names != NULL)
        demand_names(dataset->sample_names, dataset->count);
}

// -- Inputs

uint8_t fuzz_byte(struct fuzz_input *input)
{
    if (input->left == 0)
        return 0;
    input->left--;
    return *input->next++;
}

uint32_t fuzz_number(struct fuzz_input *input)
{
    uint32_t low = fuzz_byte(input);
    return low | (uint32_t)fuzz_byte(input) << 8;
}

const char *fuzz_text(struct fuzz_input *input, char end, int slot)
{
    static char texts[SLOTS][TEXT_BYTES];
    const uint8_t *stop = input->left == 0 ? NULL : memchr(input->next, end, input->left);
    size_t length = stop == NULL ? input->left : (size_t)(stop - input->next);
    size_t kept = length < TEXT_BYTES - 1 ? length : TEXT_BYTES - 1;
    if (kept > 0)
        memcpy(texts[slot], input->next, kept);
    texts[slot][kept] = '\0';
    input->next += length + (stop != NULL);
    input->left -= length + (stop != NULL);
    return texts[slot];
}

// -- Files

static void write_all(int file, const uint8_t *bytes, size_t count)
{
    while (count > 0) {
        ssize_t written = write(file, bytes, count);
        fuzz_demand(written > 0, "the fuzzer can write its files");
        bytes += written;
        count -= (size_t)written;
    }
}

const char *fuzz_file(const void *bytes, size_t count)
{
    static int file = -1;
    static char path[64];
    if (file < 0) {
        file = memfd_create("input", MFD_CLOEXEC);
        fuzz_demand(file >= 0, "there are files in memory");
        snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    }
    fuzz_demand(ftruncate(file, 0) == 0 && lseek(file, 0, SEEK_SET) == 0, "the fuzzer can empty its file");
    write_all(file, bytes, count);
    return path;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info, (void)kind, (void)place;
    return remove(path);
}

static void remove_tree(const char *path)
{
    fuzz_demand(nftw(path, remove_entry, TOGETHER, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT,
                "the fuzzer can remove its files");
}

static char folder[64];

static void remove_folder(void)
{
    remove_tree(folder);
}

const char *fuzz_folder(void)
{
    if (folder[0] == '\0') {
        snprintf(folder, sizeof folder, "%s/tuff-fuzz-XXXXXX",
                 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        fuzz_demand(mkdtemp(folder) != NULL, "the fuzzer can make a folder");
        atexit(remove_folder);
    }
    return folder;
}

const uint8_t *fuzz_pack(const uint8_t *bytes, size_t count, size_t *packed)
{
    static uint8_t memory[PACKED_MOST];
    z_stream z = {.next_in = (Bytef *)(uintptr_t)bytes,
                  .avail_in = (uInt)count,
                  .next_out = memory,
                  .avail_out = PACKED_MOST};
    // 16: with a gzip header and trailer.
    fuzz_demand(deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK &&
                    deflate(&z, Z_FINISH) == Z_STREAM_END,
                "zlib can pack an input");
    *packed = z.total_out;
    deflateEnd(&z);
    return memory;
}

const char *fuzz_path(const char *name)
{
    static char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
    fuzz_demand(length > 0 && length < PATH_MAX, "paths are short");
    return path;
}

bool fuzz_write(const char *name, const void *bytes, size_t count)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s", fuzz_path(name));
    for (char *slash = path + strlen(fuzz_folder()) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0)
        return false;
    write_all(file, bytes, count);
    close(file);
    return true;
}

void fuzz_remove(const char *name)
{
    remove_tree(fuzz_path(name));
}
