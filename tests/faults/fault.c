// Preloaded into tuff (LD_PRELOAD): makes calls of the C library fail. Only calls that tuff's own objects
// make are counted: the command, the library and the plugins, not what the C library, OpenBLAS or a driver do
// within.
//
// clang-format off
//   TUFF_FAULT_KIND    memory: what takes memory, and threads; file: what touches files
//   TUFF_FAULT_WITH    other shared objects whose calls count too, by the beginnings of their names: "libjansson,libyaml"
//   TUFF_FAULT_AT      the number of the call that fails; the first is 1; 0: none does
//   TUFF_FAULT_STAY    1: all calls after it fail, too
//   TUFF_FAULT_DISK    how many bytes may be written to files until the disk is full
//   TUFF_FAULT_REPORT  a file that is told, at the end: "points N", the call that failed, "descriptors N" that are open,
//                      and "live N OBJECT OFFSET" for memory that tuff took there and nobody gave back
// clang-format on
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRAPPER __attribute__((visibility("default")))
#define CALLER  __builtin_return_address(0)

// The C library's own, which need not be looked up.
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t), __libc_free(void *);

enum kind { MEMORY, FILES };

static struct {
    bool ready, stay;
    const char *with; // further objects that count as ours
    enum kind kind;
    uint64_t at;
    _Atomic uint64_t points;
    _Atomic int64_t disk; // bytes that are left; below 0: no limit was set
    const char *failed;   // the function that failed, and who had called it
    void *caller;
} fault = {.disk = INT64_MIN};

// What _FORTIFY_SOURCE makes of calls in tuff; no header has them where it is off.
int __vasprintf_chk(char **text, int flag, const char *format, va_list arguments);
int __asprintf_chk(char **text, int flag, const char *format, ...);
int __fprintf_chk(FILE *stream, int flag, const char *format, ...);
int __open_2(const char *path, int flags);

// -- Who calls

enum { CALLERS = 1 << 13 };
static _Atomic uintptr_t known[CALLERS]; // an address and, in its lowest bit, whether it is ours

static bool find_out(const void *caller)
{
    Dl_info info;
    if (dladdr(caller, &info) == 0 || info.dli_fname == NULL)
        return false;
    const char *slash = strrchr(info.dli_fname, '/');
    const char *name = slash == NULL ? info.dli_fname : slash + 1;
    for (const char *other = fault.with; other != NULL && *other != '\0';) {
        size_t length = strcspn(other, ",");
        if (strncmp(name, other, length) == 0)
            return true;
        other += length + (other[length] == ',');
    }
    return strncmp(name, "tuff", 4) == 0 ||
           (strncmp(name, "libtuff", 7) == 0 && strstr(name, "fault") == NULL);
}

static bool is_ours(const void *caller)
{
    const uintptr_t address = (uintptr_t)caller << 1;
    _Atomic uintptr_t *entry = &known[(uintptr_t)caller % CALLERS];
    uintptr_t found = atomic_load_explicit(entry, memory_order_relaxed);
    if ((found & ~(uintptr_t)1) != address) {
        found = address | find_out(caller);
        atomic_store_explicit(entry, found, memory_order_relaxed);
    }
    return (found & 1) != 0;
}

// Whether this call is to fail.
static bool hits(enum kind kind, const char *function, void *caller)
{
    if (!fault.ready || kind != fault.kind || !is_ours(caller))
        return false;
    uint64_t number = atomic_fetch_add(&fault.points, 1) + 1;
    if (fault.at == 0 || number < fault.at || (number > fault.at && !fault.stay))
        return false;
    if (number == fault.at) {
        fault.failed = function;
        fault.caller = caller;
    }
    return true;
}

#define FAIL_IF_HIT(kind, function, error, result)                                                           \
    if (hits(kind, function, CALLER)) {                                                                      \
        errno = error;                                                                                       \
        return result;                                                                                       \
    }

#define REAL(name) ((__typeof__(&name))find_real(#name))
static void *find_real(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

// -- Memory that tuff has taken

enum { LIVE_SLOTS = 1 << 18 };
static struct {
    void *memory, *caller;
} live[LIVE_SLOTS];
static atomic_flag live_lock = ATOMIC_FLAG_INIT;
static void *const gone = &live_lock; // marks a slot that was used

static void lock_live(void)
{
    while (atomic_flag_test_and_set_explicit(&live_lock, memory_order_acquire))
        ;
}

static void unlock_live(void)
{
    atomic_flag_clear_explicit(&live_lock, memory_order_release);
}

static size_t slot_of(const void *memory)
{
    return ((uintptr_t)memory >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> (64 - 18);
}

static void *keep(void *memory, void *caller)
{
    if (memory == NULL || !fault.ready || !is_ours(caller))
        return memory;
    lock_live();
    size_t slot = slot_of(memory);
    while (live[slot].memory != NULL && live[slot].memory != gone)
        slot = (slot + 1) % LIVE_SLOTS;
    live[slot].memory = memory;
    live[slot].caller = caller;
    unlock_live();
    return memory;
}

static void forget(const void *memory)
{
    if (memory == NULL || !fault.ready)
        return;
    lock_live();
    for (size_t slot = slot_of(memory); live[slot].memory != NULL; slot = (slot + 1) % LIVE_SLOTS)
        if (live[slot].memory == memory) {
            live[slot].memory = gone;
            break;
        }
    unlock_live();
}

WRAPPER void *malloc(size_t size)
{
    FAIL_IF_HIT(MEMORY, "malloc", ENOMEM, NULL)
    return keep(__libc_malloc(size), CALLER);
}

WRAPPER void *calloc(size_t count, size_t size)
{
    FAIL_IF_HIT(MEMORY, "calloc", ENOMEM, NULL)
    return keep(__libc_calloc(count, size), CALLER);
}

WRAPPER void *realloc(void *memory, size_t size)
{
    FAIL_IF_HIT(MEMORY, "realloc", ENOMEM, NULL)
    forget(memory);
    return keep(__libc_realloc(memory, size), CALLER);
}

WRAPPER void *aligned_alloc(size_t alignment, size_t size)
{
    FAIL_IF_HIT(MEMORY, "aligned_alloc", ENOMEM, NULL)
    return keep(__libc_memalign(alignment, size), CALLER);
}

WRAPPER void free(void *memory)
{
    forget(memory);
    __libc_free(memory);
}

WRAPPER char *strdup(const char *text)
{
    FAIL_IF_HIT(MEMORY, "strdup", ENOMEM, NULL)
    size_t bytes = strlen(text) + 1;
    char *copy = keep(__libc_malloc(bytes), CALLER);
    return copy == NULL ? NULL : memcpy(copy, text, bytes);
}

WRAPPER char *strndup(const char *text, size_t most)
{
    FAIL_IF_HIT(MEMORY, "strndup", ENOMEM, NULL)
    size_t length = strnlen(text, most);
    char *copy = keep(__libc_malloc(length + 1), CALLER);
    if (copy == NULL)
        return NULL;
    copy[length] = '\0';
    return memcpy(copy, text, length);
}

WRAPPER int __vasprintf_chk(char **text, int flag, const char *format, va_list arguments)
{
    (void)flag;
    *text = NULL;
    FAIL_IF_HIT(MEMORY, "vasprintf", ENOMEM, -1)
    int length = vasprintf(text, format, arguments);
    if (length >= 0)
        keep(*text, CALLER);
    return length;
}

WRAPPER int __asprintf_chk(char **text, int flag, const char *format, ...)
{
    (void)flag;
    *text = NULL;
    FAIL_IF_HIT(MEMORY, "asprintf", ENOMEM, -1)
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(text, format, arguments);
    va_end(arguments);
    if (length >= 0)
        keep(*text, CALLER);
    return length;
}

WRAPPER FILE *open_memstream(char **text, size_t *size)
{
    FAIL_IF_HIT(MEMORY, "open_memstream", ENOMEM, NULL)
    return REAL(open_memstream)(text, size);
}

WRAPPER int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                           void *argument)
{
    if (hits(MEMORY, "pthread_create", CALLER))
        return EAGAIN;
    return REAL(pthread_create)(thread, attributes, start, argument);
}

// -- Files

static int open_file(const char *path, int flags, mode_t mode)
{
    return openat(AT_FDCWD, path, flags, mode);
}

WRAPPER int open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    FAIL_IF_HIT(FILES, "open", EMFILE, -1)
    return open_file(path, flags, mode);
}

WRAPPER int __open_2(const char *path, int flags)
{
    FAIL_IF_HIT(FILES, "open", EMFILE, -1)
    return open_file(path, flags, 0);
}

WRAPPER FILE *fopen(const char *path, const char *mode)
{
    FAIL_IF_HIT(FILES, "fopen", EMFILE, NULL)
    return REAL(fopen)(path, mode);
}

WRAPPER ssize_t read(int file, void *data, size_t bytes)
{
    FAIL_IF_HIT(FILES, "read", EIO, -1)
    return REAL(read)(file, data, bytes);
}

// The disk has room for *bytes at most; what it has no room for is cut off.
static bool disk_is_full(int file, size_t *bytes)
{
    struct stat info;
    if (atomic_load(&fault.disk) == INT64_MIN || *bytes == 0 || fstat(file, &info) != 0 ||
        !S_ISREG(info.st_mode))
        return false;
    int64_t before = atomic_fetch_sub(&fault.disk, (int64_t)*bytes);
    if (before >= (int64_t)*bytes)
        return false;
    atomic_store(&fault.disk, 0);
    *bytes = before > 0 ? (size_t)before : 0;
    return *bytes == 0;
}

WRAPPER ssize_t write(int file, const void *data, size_t bytes)
{
    FAIL_IF_HIT(FILES, "write", ENOSPC, -1)
    if (is_ours(CALLER) && disk_is_full(file, &bytes)) {
        errno = ENOSPC;
        return -1;
    }
    return REAL(write)(file, data, bytes);
}

WRAPPER int close(int file)
{
    bool hit = hits(FILES, "close", CALLER);
    int result = REAL(close)(file);
    if (hit)
        errno = EIO;
    return hit ? -1 : result;
}

WRAPPER int fclose(FILE *stream)
{
    bool hit = hits(FILES, "fclose", CALLER);
    int result = REAL(fclose)(stream);
    if (hit)
        errno = EIO;
    return hit ? EOF : result;
}

// Of calls that tell by their result alone.
#define WRAP_FILE(type, name, parameters, arguments, error, result)                                          \
    WRAPPER type name parameters                                                                             \
    {                                                                                                        \
        FAIL_IF_HIT(FILES, #name, error, result)                                                             \
        return REAL(name) arguments;                                                                         \
    }
WRAP_FILE(int, fsync, (int file), (file), EIO, -1)
WRAP_FILE(int, rename, (const char *from, const char *to), (from, to), EIO, -1)
WRAP_FILE(int, mkdir, (const char *path, mode_t mode), (path, mode), ENOSPC, -1)
WRAP_FILE(int, unlink, (const char *path), (path), EIO, -1)
WRAP_FILE(int, ftruncate, (int file, off_t length), (file, length), EIO, -1)
WRAP_FILE(off_t, lseek, (int file, off_t to, int whence), (file, to, whence), EIO, -1)
WRAP_FILE(DIR *, opendir, (const char *path), (path), EMFILE, NULL)
WRAP_FILE(struct dirent *, readdir, (DIR * folder), (folder), EIO, NULL)
WRAP_FILE(int, stat, (const char *path, struct stat *info), (path, info), EIO, -1)
WRAP_FILE(int, lstat, (const char *path, struct stat *info), (path, info), EIO, -1)
WRAP_FILE(int, access, (const char *path, int how), (path, how), EIO, -1)
WRAP_FILE(int, flock, (int file, int how), (file, how), ENOLCK, -1)
WRAP_FILE(int, mkostemp, (char *path, int flags), (path, flags), EMFILE, -1)

WRAPPER int fstat(int file, struct stat *info)
{
    FAIL_IF_HIT(FILES, "fstat", EIO, -1)
    return fstatat(file, "", info, AT_EMPTY_PATH);
}

WRAPPER char *realpath(const char *path, char *resolved)
{
    FAIL_IF_HIT(FILES, "realpath", EIO, NULL)
    char *result = REAL(realpath)(path, resolved);
    return resolved == NULL ? keep(result, CALLER) : result;
}

// -- Streams: a failure shows in ferror, too. What goes to the terminal is not counted line by line.

#define FAIL_STREAM_IF_HIT(stream, function, error, result)                                                  \
    if (stream != stdout && stream != stderr && hits(FILES, function, CALLER)) {                             \
        stream->_flags |= _IO_ERR_SEEN;                                                                      \
        errno = error;                                                                                       \
        return result;                                                                                       \
    }

WRAPPER size_t fread(void *data, size_t size, size_t count, FILE *stream)
{
    FAIL_STREAM_IF_HIT(stream, "fread", EIO, 0)
    return REAL(fread)(data, size, count, stream);
}

WRAPPER char *fgets(char *text, int size, FILE *stream)
{
    FAIL_STREAM_IF_HIT(stream, "fgets", EIO, NULL)
    return REAL(fgets)(text, size, stream);
}

WRAPPER ssize_t __getdelim(char **text, size_t *size, int delimiter, FILE *stream)
{
    FAIL_STREAM_IF_HIT(stream, "getline", EIO, -1)
    char *before = *text;
    ssize_t length = REAL(__getdelim)(text, size, delimiter, stream);
    if (*text != before)
        keep(*text, CALLER);
    return length;
}

WRAPPER size_t fwrite(const void *data, size_t size, size_t count, FILE *stream)
{
    FAIL_STREAM_IF_HIT(stream, "fwrite", ENOSPC, 0)
    return REAL(fwrite)(data, size, count, stream);
}

WRAPPER int fputs(const char *text, FILE *stream)
{
    FAIL_STREAM_IF_HIT(stream, "fputs", ENOSPC, EOF)
    return REAL(fputs)(text, stream);
}

WRAPPER int fputc(int character, FILE *stream)
{
    FAIL_STREAM_IF_HIT(stream, "fputc", ENOSPC, EOF)
    return REAL(fputc)(character, stream);
}

WRAPPER int __fprintf_chk(FILE *stream, int flag, const char *format, ...)
{
    (void)flag;
    FAIL_STREAM_IF_HIT(stream, "fprintf", ENOSPC, -1)
    va_list arguments;
    va_start(arguments, format);
    int length = vfprintf(stream, format, arguments);
    va_end(arguments);
    return length;
}

WRAPPER int fflush(FILE *stream)
{
    if (stream != NULL && stream != stderr && hits(FILES, "fflush", CALLER)) {
        stream->_flags |= _IO_ERR_SEEN;
        errno = ENOSPC;
        return EOF;
    }
    return REAL(fflush)(stream);
}

// -- Begin and end

static uint64_t number_of(const char *name)
{
    const char *text = getenv(name);
    return text == NULL ? 0 : strtoull(text, NULL, 10);
}

__attribute__((constructor)) static void begin(void)
{
    const char *kind = getenv("TUFF_FAULT_KIND");
    fault.kind = kind != NULL && strcmp(kind, "file") == 0 ? FILES : MEMORY;
    fault.with = getenv("TUFF_FAULT_WITH");
    fault.at = number_of("TUFF_FAULT_AT");
    fault.stay = number_of("TUFF_FAULT_STAY") != 0;
    if (getenv("TUFF_FAULT_DISK") != NULL)
        fault.disk = (int64_t)number_of("TUFF_FAULT_DISK");
    fault.ready = true;
}

static void tell_place(FILE *report, const void *caller)
{
    Dl_info info;
    if (dladdr(caller, &info) != 0)
        fprintf(report, " %s %#tx\n", info.dli_fname,
                (const char *)caller - (const char *)info.dli_fbase - 1);
    else
        fprintf(report, " ? 0\n");
}

static int descriptors(void)
{
    int count = 0;
    for (int file = 0; file < 256; file++)
        count += fcntl(file, F_GETFD) != -1;
    return count;
}

static void tell_live(FILE *report)
{
    for (size_t i = 0; i < LIVE_SLOTS; i++) {
        unsigned count = 0;
        if (live[i].memory == NULL || live[i].memory == gone)
            continue;
        void *caller = live[i].caller;
        for (size_t k = i; k < LIVE_SLOTS; k++)
            if (live[k].memory != NULL && live[k].memory != gone && live[k].caller == caller) {
                live[k].memory = gone;
                count++;
            }
        fprintf(report, "live %u", count);
        tell_place(report, caller);
    }
}

__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("TUFF_FAULT_REPORT");
    int open_files = descriptors();
    fault.ready = false;
    FILE *report = path == NULL ? NULL : REAL(fopen)(path, "we");
    if (report == NULL)
        return;
    fprintf(report, "points %llu\n", (unsigned long long)fault.points);
    if (fault.failed != NULL) {
        fprintf(report, "failed %s", fault.failed);
        tell_place(report, fault.caller);
    }
    fprintf(report, "descriptors %d\n", open_files);
    tell_live(report);
    REAL(fclose)(report);
}
