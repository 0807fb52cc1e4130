#include "model/safetensors.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "../data/scratch.h"

TestSuite(safetensors, .init = scratch_begin, .fini = scratch_end);

static const float floats[6] = {1.0f, -2.5f, 0.0f, 3e38f, -0.0f, 1e-40f};
static const unsigned char bytes[5] = {0, 1, 127, 128, 255};
static const int64_t number = -2;

static const struct tuff_safetensor sample[] = {
    {.name = "conv1.weight", .dtype = "F32", .rank = 2, .dims = {2, 3}, .bytes = 24, .data = floats},
    {.name = "picture", .dtype = "U8", .rank = 1, .dims = {5}, .bytes = 5, .data = bytes},
    {.name = "empty", .dtype = "F16", .rank = 2, .dims = {0, 4}, .bytes = 0, .data = floats},
    {.name = "scalar", .dtype = "I64", .rank = 0, .bytes = 8, .data = &number},
};
enum { SAMPLE_COUNT = sizeof sample / sizeof *sample };

static const struct tuff_metadata notes[] = {
    {"format", "pt"},
    {"quote \" and \\", "line\nbreak \xc3\xa9"},
    {"nothing", ""},
};
enum { NOTE_COUNT = sizeof notes / sizeof *notes };

static enum tuff_status write_sample(const char *path)
{
    return tuff_safetensors_write(&scratch_log, path, sample, SAMPLE_COUNT, notes, NOTE_COUNT);
}

static enum tuff_status read_and_free(const char *path)
{
    struct tuff_safetensors *file;
    enum tuff_status status = tuff_safetensors_read(&scratch_log, path, &file);
    cr_assert((status == TUFF_OK) == (file != NULL));
    tuff_safetensors_destroy(&file);
    return status;
}

// A file of this header, with as many bytes of data.
static const char *write_raw(const char *header, size_t header_bytes, size_t data_bytes)
{
    unsigned char *all = calloc(1, 8 + header_bytes + data_bytes);
    cr_assert_not_null(all);
    for (int i = 0; i < 8; i++)
        all[i] = (unsigned char)((uint64_t)header_bytes >> (8 * i));
    memcpy(all + 8, header, header_bytes);
    for (size_t i = 0; i < data_bytes; i++)
        all[8 + header_bytes + i] = (unsigned char)(i + 1);
    const char *path = scratch_write("raw.safetensors", all, 8 + header_bytes + data_bytes);
    free(all);
    return path;
}

Test(safetensors, come_back_as_they_were_written)
{
    const char *path = scratch_path("a.safetensors");
    cr_assert_eq(write_sample(path), TUFF_OK, "%s", scratch_error);
    struct tuff_safetensors *file;
    cr_assert_eq(tuff_safetensors_read(&scratch_log, path, &file), TUFF_OK, "%s", scratch_error);
    cr_assert_eq(file->count, SAMPLE_COUNT);
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        const struct tuff_safetensor *found = tuff_safetensors_find(file, sample[i].name);
        cr_assert_not_null(found, "%s", sample[i].name);
        cr_assert_str_eq(found->name, sample[i].name);
        cr_assert_str_eq(found->dtype, sample[i].dtype);
        cr_assert_eq(found->rank, sample[i].rank);
        cr_assert_eq(memcmp(found->dims, sample[i].dims, sizeof found->dims), 0);
        cr_assert_eq(found->bytes, sample[i].bytes);
        cr_assert_eq(memcmp(found->data, sample[i].data, found->bytes), 0, "%s", sample[i].name);
    }
    cr_assert_null(tuff_safetensors_find(file, "conv1"));
    cr_assert_eq(file->metadata_count, NOTE_COUNT);
    for (size_t i = 0; i < NOTE_COUNT; i++) {
        cr_assert_str_eq(file->metadata[i].key, notes[i].key);
        cr_assert_str_eq(file->metadata[i].value, notes[i].value);
    }
    tuff_safetensors_destroy(&file);
    cr_assert_null(file);
    tuff_safetensors_destroy(&file);
    tuff_safetensors_destroy(NULL);
    cr_assert_eq(scratch_files(), 1);
}

// The expectation is written by hand from the format's description.
Test(safetensors, have_the_bytes_that_the_format_says)
{
    const float values[] = {1.0f, -2.0f};
    const struct tuff_safetensor tensor = {
        .name = "fc.bias", .dtype = "F32", .rank = 1, .dims = {2}, .bytes = 8, .data = values};
    const struct tuff_metadata note = {"format", "pt"};
    const char expected[] = "\x60\0\0\0\0\0\0\0" // 91 bytes of text, filled up to 96
                            "{\"__metadata__\":{\"format\":\"pt\"},"
                            "\"fc.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}"
                            "     "
                            "\0\0\x80\x3f\0\0\0\xc0";
    const char *path = scratch_path("a.safetensors");
    cr_assert_eq(tuff_safetensors_write(&scratch_log, path, &tensor, 1, &note, 1), TUFF_OK, "%s",
                 scratch_error);
    size_t count;
    unsigned char *found = scratch_read(path, &count);
    cr_assert_eq(count, sizeof expected - 1, "%zu bytes", count);
    cr_assert_arr_eq(found, expected, count);
    free(found);

    cr_assert_eq(tuff_safetensors_write(&scratch_log, path, NULL, 0, NULL, 0), TUFF_OK, "%s", scratch_error);
    found = scratch_read(path, &count);
    cr_assert_eq(count, 16);
    cr_assert_arr_eq(found, "\x08\0\0\0\0\0\0\0{}      ", 16);
    free(found);
    cr_assert_eq(read_and_free(path), TUFF_OK);
}

Test(safetensors, are_the_same_bytes_for_the_same_content)
{
    const char *a = scratch_path("a"), *b = scratch_path("b");
    cr_assert_eq(write_sample(a), TUFF_OK);
    cr_assert_eq(write_sample(b), TUFF_OK);
    cr_assert_eq(write_sample(b), TUFF_OK); // in the place of the file before
    size_t a_count, b_count;
    unsigned char *a_bytes = scratch_read(a, &a_count), *b_bytes = scratch_read(b, &b_count);
    cr_assert_eq(a_count, b_count);
    cr_assert_arr_eq(a_bytes, b_bytes, a_count);
    size_t header = a_bytes[0] | (size_t)a_bytes[1] << 8;
    cr_assert_eq(header % 8, 0);
    free(a_bytes), free(b_bytes);
}

// Keys in any order, white space, unknown keys of an entry, entries in another order than the data.
Test(safetensors, are_read_from_other_writers)
{
    const char header[] =
        "{ \"b\" : {\"shape\": [1, 2],\n \"data_offsets\": [3, 11], \"dtype\": \"F32\"},"
        "\"note\\u0041\": {\"data_offsets\":[3,3],\"shape\":[7,0,9],\"dtype\":\"F64\",\"more\":{}},"
        "\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]}}     \n";
    struct tuff_safetensors *file;
    const char *path = write_raw(header, sizeof header - 1, 11);
    cr_assert_eq(tuff_safetensors_read(&scratch_log, path, &file), TUFF_OK, "%s", scratch_error);
    cr_assert_eq(file->count, 3);
    cr_assert_eq(file->metadata_count, 0);
    cr_assert_str_eq(file->tensors[0].name, "a");
    cr_assert_str_eq(file->tensors[1].name, "noteA");
    cr_assert_str_eq(file->tensors[2].name, "b");
    cr_assert_eq(file->tensors[1].bytes, 0);
    cr_assert_arr_eq(file->tensors[0].data, "\x01\x02\x03", 3);
    cr_assert_arr_eq(file->tensors[2].data, "\x04\x05\x06\x07\x08\x09\x0a\x0b", 8);
    tuff_safetensors_destroy(&file);
}

#define U8(name, begin, end, size)                                                                           \
    "\"" name "\":{\"dtype\":\"U8\",\"shape\":[" #size "],\"data_offsets\":[" #begin "," #end "]}"
#define ENTRY(text) "{\"a\":{" text "}}"

static const struct hostile {
    const char *header;
    size_t data_bytes;
    const char *words;
} hostile[] = {
    {"", 0, "begins with '{'"},
    {" {}", 0, "begins with '{'"},
    {"[]", 0, "begins with '{'"},
    {"{", 0, "header byte"},
    {"{}x", 0, "header byte"},
    {"{\"a\\u0000b\":{}}", 0, "header byte"},
    {"{\"\xff\":{}}", 0, "header byte"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[99999999999999999999],\"data_offsets\":[0,0]}}", 0, "header byte"},
    {"{" U8("a", 0, 2, 2) "," U8("a", 2, 4, 2) "}", 4, "duplicate"},
    {"{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "duplicate"},
    {"{\"a\":7}", 0, "'a': expected an object"},
    {ENTRY("\"shape\":[1],\"data_offsets\":[0,1]"), 1, "expected a dtype such as F32, found ''"},
    {ENTRY("\"dtype\":\"F33\",\"shape\":[1],\"data_offsets\":[0,4]"), 4,
     "expected a dtype such as F32, found 'F33'"},
    {ENTRY("\"dtype\":\"U8\",\"data_offsets\":[0,1]"), 1, "expected a shape"},
    {ENTRY("\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,1]"), 1,
     "at most 8 dimensions"},
    {ENTRY("\"dtype\":\"U8\",\"shape\":[-1],\"data_offsets\":[0,1]"), 1, "shape: expected whole numbers"},
    {ENTRY("\"dtype\":\"U8\",\"shape\":[1.0],\"data_offsets\":[0,1]"), 1, "shape: expected whole numbers"},
    {ENTRY("\"dtype\":\"U8\",\"shape\":[\"1\"],\"data_offsets\":[0,1]"), 1, "shape: expected whole numbers"},
    {ENTRY("\"dtype\":\"U8\",\"shape\":[1]"), 1, "data_offsets: expected two"},
    {ENTRY("\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0]"), 1, "data_offsets: expected two"},
    {ENTRY("\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1,1]"), 1, "data_offsets: expected two"},
    {ENTRY("\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[-1,0]"), 1, "data_offsets: expected two"},
    {ENTRY("\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1e0]"), 1, "data_offsets: expected two"},
    {"{" U8("a", 1, 0, 1) "}", 1, "expected data within"},
    {"{" U8("a", 0, 2, 2) "}", 1, "expected data within"},
    {"{" U8("a", 0, 9223372036854775807, 9223372036854775807) "}", 1, "expected data within"},
    {"{" U8("a", 0, 2, 1) "}", 2, "do not fit the 2 bytes"},
    {ENTRY("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,2]"), 2, "do not fit the 2 bytes"},
    {ENTRY("\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,1]"), 1, "do not fit the 1 bytes"},
    // 2^64 elements: 0 in 64 bits. 2^62 floats: 2^64 bytes.
    {ENTRY("\"dtype\":\"U8\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]"), 0,
     "do not fit the 0 bytes"},
    {ENTRY("\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,0]"), 0,
     "do not fit the 0 bytes"},
    {"{" U8("a", 0, 3, 3) "," U8("b", 2, 4, 2) "}", 4, "it overlaps another"},
    {"{" U8("a", 0, 4, 4) "," U8("b", 0, 4, 4) "}", 4, "it overlaps another"},
    {"{" U8("a", 0, 1, 1) "," U8("b", 2, 4, 2) "}", 4, "there is a gap"},
    {"{" U8("a", 1, 4, 3) "}", 4, "there is a gap"},
    {"{" U8("a", 0, 3, 3) "}", 4, "expected 3 bytes of data after the header, found 4"},
    {"{}", 1, "expected 0 bytes of data after the header, found 1"},
    {"{\"__metadata__\":[]}", 0, "__metadata__: expected an object"},
    {"{\"__metadata__\":{\"epoch\":7}}", 0, "__metadata__: expected a text for 'epoch'"},
    {"{\"line\\nbreak \\u001b[31m\":7}", 0, "'line\\x0Abreak \\x1B[31m'"},
};

Test(safetensors, refuse_hostile_headers)
{
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++)
        scratch_expect(
            read_and_free(write_raw(hostile[i].header, strlen(hostile[i].header), hostile[i].data_bytes)),
            TUFF_ERROR_FORMAT, hostile[i].words);
}

Test(safetensors, refuse_deep_nesting_and_long_names)
{
    enum { DEPTH = 1000000 };
    char *text = malloc(DEPTH + 5);
    cr_assert_not_null(text);
    memcpy(text, "{\"a\":", 5);
    memset(text + 5, '[', DEPTH);
    scratch_expect(read_and_free(write_raw(text, DEPTH + 5, 0)), TUFF_ERROR_FORMAT, "header byte");
    memset(text, 'n', DEPTH);
    memcpy(text, "{\"", 2);
    memcpy(text + DEPTH, "\":7}", 5);
    scratch_expect(read_and_free(write_raw(text, DEPTH + 4, 0)), TUFF_ERROR_FORMAT,
                   "nnn...': expected an object");
    free(text);
}

Test(safetensors, refuse_lengths_that_lie)
{
    scratch_expect(read_and_free(scratch_write("f", "\2\0\0\0\0\0\0", 7)), TUFF_ERROR_FORMAT,
                   "at least 8 bytes, found 7");
    scratch_expect(read_and_free(scratch_write("f", "\3\0\0\0\0\0\0\0{}", 10)), TUFF_ERROR_FORMAT,
                   "truncated: expected a header of 3 bytes, found 2");
    scratch_expect(read_and_free(scratch_write("f", "\1\0\0\1\0\0\0\0{}", 10)), TUFF_ERROR_FORMAT,
                   "at most 16777216 bytes, found 16777217");
    scratch_expect(read_and_free(scratch_write("f", "\xff\xff\xff\xff\xff\xff\xff\xff{}", 10)),
                   TUFF_ERROR_FORMAT, "found 18446744073709551615");
    scratch_expect(read_and_free(scratch_path("absent")), TUFF_ERROR_NOT_FOUND, "No such file");
    scratch_expect(read_and_free(scratch_folder), TUFF_ERROR_IO, "found a folder");
}

// Cut anywhere, the file is refused; with any byte changed, it is read whole or refused in one line.
Test(safetensors, survive_damage)
{
    size_t count;
    cr_assert_eq(write_sample(scratch_path("good")), TUFF_OK);
    unsigned char *good = scratch_read(scratch_path("good"), &count), *bad = malloc(count);
    cr_assert_not_null(bad);
    for (size_t length = 0; length < count; length++)
        scratch_expect(read_and_free(scratch_write("bad", good, length)), TUFF_ERROR_FORMAT, "bad: ");
    const unsigned char changes[] = {0x01, 0x10, 0x80, 0xff};
    for (size_t i = 0; i < count; i++)
        for (size_t change = 0; change < sizeof changes; change++) {
            memcpy(bad, good, count);
            bad[i] ^= changes[change];
            enum tuff_status status = read_and_free(scratch_write("bad", bad, count));
            if (status != TUFF_OK)
                scratch_expect(status, TUFF_ERROR_FORMAT, "bad: ");
            else
                cr_assert_eq(scratch_errors, 0);
        }
    free(good), free(bad);
}

// -- Failing to write

static unsigned char *old_bytes;
static size_t old_count;

static const char *write_old(void)
{
    const char *path = scratch_path("checkpoint.safetensors");
    cr_assert_eq(write_sample(path), TUFF_OK);
    old_bytes = scratch_read(path, &old_count);
    return path;
}

static void expect_old(const char *path)
{
    size_t count;
    unsigned char *now = scratch_read(path, &count);
    cr_assert_eq(count, old_count);
    cr_assert_arr_eq(now, old_bytes, count);
    cr_assert_eq(scratch_files(), 1, "something is left behind");
    free(now);
}

Test(safetensors, keep_the_old_file_when_the_disk_is_full)
{
    const char *path = write_old();
    const size_t big = 1 << 20;
    float *values = calloc(big, sizeof *values);
    cr_assert_not_null(values);
    const struct tuff_safetensor tensor = {
        .name = "w", .dtype = "F32", .rank = 1, .dims = {big}, .bytes = 4 * big, .data = values};
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit before, limit;
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = (struct rlimit){100000, before.rlim_max}; // a write beyond fails, as on a full disk
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    enum tuff_status status = tuff_safetensors_write(&scratch_log, path, &tensor, 1, NULL, 0);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    scratch_expect(status, TUFF_ERROR_IO, "cannot write: File too large");
    expect_old(path);
    cr_assert_eq(tuff_safetensors_write(&scratch_log, path, &tensor, 1, NULL, 0), TUFF_OK);
    free(values), free(old_bytes);
}

Test(safetensors, keep_the_old_file_when_the_content_is_wrong)
{
    const char *path = write_old();
    const struct {
        struct tuff_safetensor tensors[2];
        const char *words;
    } cases[] = {
        {{{.name = "x", .dtype = "F32", .rank = 1, .dims = {2}, .bytes = 4, .data = floats},
          {.name = "y", .dtype = "U8", .rank = 1, .dims = {1}, .bytes = 1, .data = bytes}},
         "4 bytes of type 'F32' do not fit its shape"},
        {{{.name = "x", .dtype = "float", .rank = 1, .dims = {1}, .bytes = 4, .data = floats},
          {.name = "y", .dtype = "U8", .rank = 1, .dims = {1}, .bytes = 1, .data = bytes}},
         "of type 'float' do not fit"},
        {{{.name = "x", .dtype = "F32", .rank = 9, .bytes = 0, .data = floats},
          {.name = "y", .dtype = "U8", .rank = 1, .dims = {1}, .bytes = 1, .data = bytes}},
         "do not fit its shape"},
        {{{.name = "x", .dtype = "U8", .rank = 1, .dims = {1}, .bytes = 1, .data = bytes},
          {.name = "x", .dtype = "U8", .rank = 1, .dims = {1}, .bytes = 1, .data = bytes}},
         "the name 'x' comes twice"},
        {{{.name = "x", .dtype = "U8", .rank = 1, .dims = {1}, .bytes = 1, .data = bytes},
          {.name = "__metadata__", .dtype = "U8", .rank = 1, .dims = {1}, .bytes = 1, .data = bytes}},
         "cannot be called '__metadata__'"},
        {{{.name = "x", .dtype = "U8", .rank = 1, .dims = {1}, .bytes = 1, .data = bytes},
          {.name = "\xff", .dtype = "U8", .rank = 1, .dims = {1}, .bytes = 1, .data = bytes}},
         "not UTF-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scratch_expect(tuff_safetensors_write(&scratch_log, path, cases[i].tensors, 2, NULL, 0),
                       TUFF_ERROR_INVALID, cases[i].words);
        expect_old(path);
    }
    const struct tuff_metadata twice[] = {{"a", "b"}, {"a", "c"}}, not_utf8[] = {{"a", "\x80"}};
    scratch_expect(tuff_safetensors_write(&scratch_log, path, sample, 1, twice, 2), TUFF_ERROR_INVALID,
                   "'a' comes twice");
    scratch_expect(tuff_safetensors_write(&scratch_log, path, sample, 1, not_utf8, 1), TUFF_ERROR_INVALID,
                   "not UTF-8");
    expect_old(path);
    free(old_bytes);
}

Test(safetensors, leave_nothing_behind_where_they_cannot_be_written)
{
    scratch_expect(write_sample(scratch_path("absent/a.safetensors")), TUFF_ERROR_IO,
                   "cannot write: No such file");
    cr_assert_eq(mkdir(scratch_path("folder"), 0700), 0);
    scratch_expect(write_sample(scratch_path("folder")), TUFF_ERROR_IO, "cannot write: Is a directory");
    cr_assert_eq(scratch_files(), 1);
    char *name = malloc(PATH_MAX + 1);
    memset(name, 'a', PATH_MAX);
    name[PATH_MAX] = '\0';
    scratch_expect(write_sample(name), TUFF_ERROR_IO, "the path is too long: aaa");
    free(name);
}

// What a process that died left under the same name is no hindrance, and a link there is not followed.
Test(safetensors, replace_what_was_left_aside)
{
    char aside[NAME_MAX];
    snprintf(aside, sizeof aside, "a.tmp.%ld", (long)getpid());
    scratch_write("victim", "untouched", 9);
    cr_assert_eq(symlink(scratch_path("victim"), scratch_path(aside)), 0);
    cr_assert_eq(write_sample(scratch_path("a")), TUFF_OK, "%s", scratch_error);
    cr_assert_eq(read_and_free(scratch_path("a")), TUFF_OK);
    size_t count;
    unsigned char *victim = scratch_read(scratch_path("victim"), &count);
    cr_assert_eq(count, 9);
    cr_assert_arr_eq(victim, "untouched", 9);
    cr_assert_eq(scratch_files(), 2);
    free(victim);
}

// A name without a folder is in the current one.
Test(safetensors, are_written_to_the_current_folder)
{
    cr_assert_eq(chdir(scratch_folder), 0);
    cr_assert_eq(write_sample("a"), TUFF_OK, "%s", scratch_error);
    cr_assert_eq(read_and_free("a"), TUFF_OK);
    cr_assert_eq(chdir("/"), 0);
    cr_assert_eq(scratch_files(), 1);
}
