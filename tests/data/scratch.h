// What tests of files share: a folder of their own, and the errors that were logged. Criterion runs every
// test in a process of its own, so there is one of each.
#ifndef TUFF_TESTS_SCRATCH_H
#define TUFF_TESTS_SCRATCH_H

#include <criterion/criterion.h>
#include <dirent.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tuff/log.h"

static char scratch_folder[PATH_MAX];
static char scratch_error[2048]; // the last error's words
static int scratch_errors;       // how many there were

static inline void scratch_note(void *user, enum tuff_log_level level, const char *message)
{
    (void)user;
    if (level != TUFF_LOG_ERROR)
        return;
    scratch_errors++;
    snprintf(scratch_error, sizeof scratch_error, "%s", message);
}

static const struct tuff_log scratch_log = {scratch_note, NULL, TUFF_LOG_DEBUG};

static inline void scratch_begin(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(scratch_folder, sizeof scratch_folder, "%s/tuff-test-XXXXXX", base != NULL ? base : "/tmp");
    cr_assert_not_null(mkdtemp(scratch_folder), "cannot make %s", scratch_folder);
}

static inline int scratch_remove(const char *path, const struct stat *info, int type, struct FTW *place)
{
    (void)info, (void)type, (void)place;
    return remove(path);
}

static inline void scratch_end(void)
{
    nftw(scratch_folder, scratch_remove, 8, FTW_DEPTH | FTW_PHYS);
}

// The path of a file in the folder; good until four further calls.
static inline const char *scratch_path(const char *name)
{
    static char paths[4][PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 4];
    int length = snprintf(path, sizeof paths[0], "%s/%s", scratch_folder, name);
    cr_assert(length > 0 && length < PATH_MAX);
    return path;
}

static inline const char *scratch_write(const char *name, const void *bytes, size_t count)
{
    const char *path = scratch_path(name);
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file, "cannot make %s", path);
    cr_assert_eq(fwrite(bytes, 1, count, file), count);
    cr_assert_eq(fclose(file), 0);
    return path;
}

// All of a file, of malloc.
static inline unsigned char *scratch_read(const char *path, size_t *count)
{
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "cannot open %s", path);
    cr_assert_eq(fseek(file, 0, SEEK_END), 0);
    *count = (size_t)ftell(file);
    rewind(file);
    unsigned char *bytes = malloc(*count + 1);
    cr_assert_not_null(bytes);
    cr_assert_eq(fread(bytes, 1, *count, file), *count);
    fclose(file);
    return bytes;
}

static inline int scratch_files(void)
{
    DIR *folder = opendir(scratch_folder);
    cr_assert_not_null(folder);
    int count = 0;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

// The call failed with that status and logged one line, which has `words` in it.
static inline void scratch_expect(enum tuff_status found, enum tuff_status expected, const char *words)
{
    cr_assert_eq(found, expected, "expected '%s' (%s), found '%s': %s", tuff_status_name(expected), words,
                 tuff_status_name(found), scratch_error);
    cr_assert_eq(scratch_errors, 1, "expected one error line, found %d", scratch_errors);
    cr_assert_null(strchr(scratch_error, '\n'), "expected one line: %s", scratch_error);
    cr_assert_not_null(strstr(scratch_error, words), "expected '%s' in: %s", words, scratch_error);
    scratch_errors = 0;
}

#endif
