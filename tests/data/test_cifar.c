// CIFAR in binary form: plain files and archives, small ones that the tests make.
#include <stdbool.h>
#include <sys/stat.h>

#include "data/places.h"
#include "idx_bytes.h"
#include "tuff/dataset.h"

enum { IMAGE = 3072 };

static void begin(void)
{
    scratch_begin();
    unsetenv("TUFF_DATA");
    unsetenv("XDG_CACHE_HOME");
    setenv("HOME", scratch_path("home"), 1);
}

TestSuite(cifar, .init = begin, .fini = scratch_end);

// -- Making files

// Records of `labels` bytes of label, the last one (first + i) % classes, and pixels that tell who they are.
static unsigned char *records(int count, int labels, int first, int classes, size_t *bytes)
{
    size_t record = (size_t)labels + IMAGE;
    unsigned char *all = malloc((size_t)count * record), *next = all;
    cr_assert_not_null(all);
    for (int i = 0; i < count; i++, next += record) {
        memset(next, 19, (size_t)labels); // the coarse one
        next[labels - 1] = (unsigned char)((first + i) % classes);
        for (int p = 0; p < IMAGE; p++)
            next[labels + p] = (unsigned char)(first + i * 7 + p % 251);
    }
    *bytes = (size_t)count * record;
    return all;
}

static void store_records(const char *name, int count, int labels, int first, int classes)
{
    size_t bytes;
    unsigned char *all = records(count, labels, first, classes, &bytes);
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s", scratch_path(name));
    for (char *slash = path + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    scratch_write(name, all, bytes);
    free(all);
}

// Batches of 3, 2, 2, 2, 2 images and a test batch of 4.
static void store_cifar10(const char *folder)
{
    char name[PATH_MAX];
    for (int i = 1; i <= 5; i++) {
        snprintf(name, sizeof name, "%s/data_batch_%d.bin", folder, i);
        store_records(name, i == 1 ? 3 : 2, 1, 10 * i, 10);
    }
    snprintf(name, sizeof name, "%s/test_batch.bin", folder);
    store_records(name, 4, 1, 5, 10);
}

struct archive {
    unsigned char *bytes;
    size_t count;
};

static void append(struct archive *archive, const void *bytes, size_t count)
{
    archive->bytes = realloc(archive->bytes, archive->count + count + 1);
    cr_assert_not_null(archive->bytes);
    if (bytes == NULL)
        memset(archive->bytes + archive->count, 0, count);
    else
        memcpy(archive->bytes + archive->count, bytes, count);
    archive->count += count;
}

static void seal(unsigned char header[512])
{
    unsigned sum = 0;
    memset(header + 148, ' ', 8);
    for (int i = 0; i < 512; i++)
        sum += header[i];
    snprintf((char *)header + 148, 8, "%06o", sum);
}

// A member with a header that declares `declared` bytes.
static void append_member(struct archive *archive, const char *name, char type, const void *bytes,
                          size_t count, unsigned long declared)
{
    unsigned char header[512] = {0};
    cr_assert(strlen(name) <= 100);
    memcpy(header, name, strlen(name));
    snprintf((char *)header + 100, 8, "%07o", 0644);
    snprintf((char *)header + 124, 13, "%012lo", declared);
    header[156] = (unsigned char)type;
    memcpy(header + 257, "ustar", 6);
    seal(header);
    append(archive, header, sizeof header);
    append(archive, bytes, count);
    append(archive, NULL, (512 - count % 512) % 512);
}

static void append_records(struct archive *archive, const char *name, int count, int labels, int first,
                           int classes)
{
    size_t bytes;
    unsigned char *all = records(count, labels, first, classes, &bytes);
    append_member(archive, name, '0', all, bytes, bytes);
    free(all);
}

// As the true one: a folder, batches in no order, a page, names.
static struct archive make_archive(void)
{
    static const int order[] = {1, 3, 4, 5, 2};
    static const char names[] =
        "airplane\nautomobile\r\nbird\ncat\ndeer\ndog\nfrog\nhorse\nboat\ntruck\n\n\n";
    struct archive archive = {NULL, 0};
    char name[64];
    append_member(&archive, "cifar-10-batches-bin/", '5', "", 0, 0);
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "cifar-10-batches-bin/data_batch_%d.bin", order[i]);
        append_records(&archive, name, order[i] == 1 ? 3 : 2, 1, 10 * order[i], 10);
        if (i == 0)
            append_member(&archive, "cifar-10-batches-bin/batches.meta.txt", '0', names, sizeof names - 1,
                          sizeof names - 1);
        if (i == 2)
            append_records(&archive, "cifar-10-batches-bin/test_batch.bin", 4, 1, 5, 10);
        if (i == 3)
            append_member(&archive, "cifar-10-batches-bin/readme.html", '0', "<p>", 3, 3);
    }
    append(&archive, NULL, 1024);
    return archive;
}

static void store_archive(const char *name, struct archive archive)
{
    write_gzip(name, archive.bytes, archive.count);
    free(archive.bytes);
}

// -- Loading

static enum tuff_status load(const char *name, const char *folder, enum tuff_split split,
                             struct tuff_dataset **set)
{
    const struct tuff_dataset_options options = {.size = sizeof options, .folder = folder};
    enum tuff_status status = tuff_dataset_load(&scratch_log, name, split, &options, set);
    cr_assert((status == TUFF_OK) == (*set != NULL));
    return status;
}

static void expect_refusal(const char *name, const char *folder, enum tuff_split split,
                           enum tuff_status status, const char *words)
{
    struct tuff_dataset *set;
    scratch_expect(load(name, folder, split, &set), status, words);
}

// The set that store_cifar10 and make_archive make.
static void expect_cifar10(const char *name, const char *folder, const char *ninth)
{
    struct tuff_dataset *set;
    cr_assert_eq(load(name, folder, TUFF_SPLIT_TRAIN, &set), TUFF_OK, "%s", scratch_error);
    cr_assert(set->channels == 3 && set->height == 32 && set->width == 32 && set->classes == 10);
    cr_assert_eq(set->count, 11);
    cr_assert_str_eq(set->class_names[8], ninth);
    cr_assert_str_eq(set->class_names[1], "automobile");
    uint32_t at = 0;
    for (int batch = 1; batch <= 5; batch++)
        for (int i = 0; i < (batch == 1 ? 3 : 2); i++, at++) {
            cr_assert_eq(set->labels[at], (uint32_t)i);
            for (int p = 0; p < IMAGE; p++)
                cr_assert_eq(set->images[at * IMAGE + (uint32_t)p],
                             (unsigned char)(10 * batch + i * 7 + p % 251));
        }
    tuff_dataset_destroy(&set);
    cr_assert_eq(load(name, folder, TUFF_SPLIT_TEST, &set), TUFF_OK, "%s", scratch_error);
    cr_assert_eq(set->count, 4);
    cr_assert_arr_eq(set->labels, ((const uint32_t[]){5, 6, 7, 8}), 16);
    tuff_dataset_destroy(&set);
}

Test(cifar, loads_cifar10_from_plain_files)
{
    char path[PATH_MAX];
    store_cifar10("plain");
    expect_cifar10("cifar10", scratch_path("plain"), "ship");
    expect_cifar10(scratch_path("plain"), NULL, "ship");
    // As the archive is unpacked in a folder of the set's name.
    store_cifar10("data/cifar10/cifar-10-batches-bin");
    expect_cifar10("cifar10", scratch_path("data"), "ship");
    const struct tuff_dataset_options options = {.size = sizeof options, .folder = scratch_path("data")};
    cr_assert_eq(tuff_dataset_find(&scratch_log, "cifar10", TUFF_SPLIT_TEST, &options, path, sizeof path),
                 TUFF_OK);
    cr_assert_str_eq(path, scratch_path("data/cifar10"));
}

Test(cifar, loads_cifar10_from_the_archive)
{
    mkdir(scratch_path("a"), 0700);
    store_archive("a/cifar-10-binary.tar.gz", make_archive());
    expect_cifar10("cifar10", scratch_path("a"), "boat");
    expect_cifar10(scratch_path("a"), NULL, "boat");
    cr_assert_eq(access(scratch_path("a/cifar-10-batches-bin"), F_OK), -1);
    // Plain files come first.
    store_cifar10("a/cifar-10-batches-bin");
    expect_cifar10("cifar10", scratch_path("a"), "ship");
}

Test(cifar, loads_cifar100_with_the_fine_labels)
{
    struct tuff_dataset *set;
    for (int named = 0; named < 2; named++) {
        store_records("h/train.bin", 130, 2, 0, 100);
        store_records("h/test.bin", 3, 2, 97, 100);
        const char *name = named != 0 ? "cifar100" : scratch_path("h");
        cr_assert_eq(load(name, named != 0 ? scratch_path("h") : NULL, TUFF_SPLIT_TRAIN, &set), TUFF_OK);
        cr_assert(set->count == 130 && set->classes == 100);
        cr_assert_eq(set->labels[99], 99);
        cr_assert_str_eq(set->class_names[0], "apple");
        cr_assert_str_eq(set->class_names[71], "sea");
        cr_assert_str_eq(set->class_names[99], "worm");
        cr_assert_eq(set->images[IMAGE * 5 + 4], 5 * 7 + 4);
        tuff_dataset_destroy(&set);
        cr_assert_eq(load(name, named != 0 ? scratch_path("h") : NULL, TUFF_SPLIT_TEST, &set), TUFF_OK);
        cr_assert_eq(set->labels[2], 99);
        tuff_dataset_destroy(&set);
    }
    struct archive archive = {NULL, 0};
    append_records(&archive, "cifar-100-binary/train.bin", 130, 2, 0, 100);
    append_records(&archive, "cifar-100-binary/test.bin", 3, 2, 97, 100);
    append(&archive, NULL, 1024);
    mkdir(scratch_path("i"), 0700);
    store_archive("i/cifar-100-binary.tar.gz", archive);
    cr_assert_eq(load("cifar100", scratch_path("i"), TUFF_SPLIT_TEST, &set), TUFF_OK, "%s", scratch_error);
    cr_assert_eq(set->labels[0], 97);
    tuff_dataset_destroy(&set);
}

Test(cifar, takes_fewer_batches_in_a_folder_of_ones_own)
{
    struct tuff_dataset *set;
    store_records("own/data_batch_1.bin", 3, 1, 0, 10);
    store_records("own/data_batch_2.bin", 2, 1, 0, 10);
    cr_assert_eq(load(scratch_path("own"), NULL, TUFF_SPLIT_TRAIN, &set), TUFF_OK, "%s", scratch_error);
    cr_assert_eq(set->count, 5);
    tuff_dataset_destroy(&set);
    expect_refusal("cifar10", scratch_path("own"), TUFF_SPLIT_TRAIN, TUFF_ERROR_NOT_FOUND,
                   "data_batch_3.bin");
    store_records("own/data_batch_4.bin", 2, 1, 0, 10);
    expect_refusal(scratch_path("own"), NULL, TUFF_SPLIT_TRAIN, TUFF_ERROR_NOT_FOUND, "data_batch_3.bin");
    expect_refusal(scratch_path("own"), NULL, TUFF_SPLIT_TEST, TUFF_ERROR_NOT_FOUND,
                   "expected test_batch.bin beside data_batch_1.bin");
}

Test(cifar, refuses_files_that_are_no_whole_records)
{
    store_cifar10("t");
    for (int length = 0; length < 2 * (IMAGE + 1); length += 97) {
        if (length == IMAGE + 1)
            continue;
        cr_assert_eq(truncate(scratch_path("t/test_batch.bin"), length), 0);
        expect_refusal("cifar10", scratch_path("t"), TUFF_SPLIT_TEST, TUFF_ERROR_FORMAT,
                       "test_batch.bin: truncated: expected records of 3073 bytes");
        store_records("t/test_batch.bin", 4, 1, 5, 10);
    }
    store_records("t/test_batch.bin", 4, 1, 5, 12);
    expect_cifar10("cifar10", scratch_path("t"), "ship");
    store_records("t/test_batch.bin", 4, 1, 8, 12);
    expect_refusal("cifar10", scratch_path("t"), TUFF_SPLIT_TEST, TUFF_ERROR_FORMAT,
                   "test_batch.bin: expected labels below 10, found 10 as number 2");
    scratch_write("t/batches.meta.txt", "one\ntwo\n", 8);
    expect_refusal("cifar10", scratch_path("t"), TUFF_SPLIT_TRAIN, TUFF_ERROR_FORMAT,
                   "batches.meta.txt: expected 10 names of classes, found 2");
    expect_refusal(
        "cifar10", scratch_path("nowhere"), TUFF_SPLIT_TRAIN, TUFF_ERROR_NOT_FOUND,
        "neither data_batch_1.bin nor cifar-10-binary.tar.gz was found: run tuff data fetch cifar10");
}

// -- Hostile archives

static void expect_archive_refusal(struct archive archive, enum tuff_status status, const char *words)
{
    mkdir(scratch_path("x"), 0700);
    store_archive("x/cifar-10-binary.tar.gz", archive);
    expect_refusal("cifar10", scratch_path("x"), TUFF_SPLIT_TEST, status, words);
}

Test(cifar, refuses_archives_that_lack_something)
{
    struct archive archive = {NULL, 0};
    append_records(&archive, "data_batch_1.bin", 1, 1, 0, 10);
    append(&archive, NULL, 1024);
    expect_archive_refusal(archive, TUFF_ERROR_FORMAT, "expected test_batch.bin in the archive");
    archive = (struct archive){NULL, 0};
    append_records(&archive, "a/test_batch.bin", 1, 1, 0, 10);
    append_records(&archive, "b/test_batch.bin", 1, 1, 0, 10);
    append(&archive, NULL, 1024);
    expect_archive_refusal(archive, TUFF_ERROR_FORMAT, "test_batch.bin is in it twice");
    archive = (struct archive){NULL, 0};
    append_records(&archive, "test_batch.bin", 1, 1, 0, 10);
    expect_archive_refusal(archive, TUFF_ERROR_FORMAT, "truncated: the archive has no end");
    archive = (struct archive){NULL, 0};
    append(&archive, "no archive at all", 17);
    append(&archive, NULL, 1024);
    expect_archive_refusal(archive, TUFF_ERROR_FORMAT, "expected a tar archive");
    archive = (struct archive){NULL, 0};
    append(&archive, NULL, 0);
    expect_archive_refusal(archive, TUFF_ERROR_FORMAT, "truncated");
}

Test(cifar, takes_no_memory_on_an_archives_word)
{
    struct archive archive = {NULL, 0};
    append_member(&archive, "test_batch.bin", '0', "", 0, 0777777777777);
    append(&archive, NULL, 1024);
    expect_archive_refusal(archive, TUFF_ERROR_FORMAT, "a file of more than");
    archive = (struct archive){NULL, 0};
    append_member(&archive, "test_batch.bin", '0', "", 0, 0xf0000000);
    append(&archive, NULL, 1024);
    expect_archive_refusal(archive, TUFF_ERROR_FORMAT, "test_batch.bin: expected at most 858993459 bytes");
    archive = (struct archive){NULL, 0};
    append_member(&archive, "batches.meta.txt", '0', "", 0, 65537);
    append(&archive, NULL, 1024);
    expect_archive_refusal(archive, TUFF_ERROR_FORMAT, "batches.meta.txt: expected at most 65536 bytes");
    archive = (struct archive){NULL, 0};
    append_member(&archive, "test_batch.bin", '0', "", 0, 0x30000000);
    append(&archive, NULL, 1024);
    expect_archive_refusal(archive, TUFF_ERROR_FORMAT, "truncated");
    archive = (struct archive){NULL, 0};
    append_member(&archive, "other.bin", '0', "", 0, 0xf0000000);
    append(&archive, NULL, 1024);
    expect_archive_refusal(archive, TUFF_ERROR_FORMAT, "truncated");
    // Sizes in another notation are none of ours.
    archive = (struct archive){NULL, 0};
    append_member(&archive, "test_batch.bin", '0', "", 0, 0);
    archive.bytes[124] = 0x80;
    seal(archive.bytes);
    append(&archive, NULL, 1024);
    expect_archive_refusal(archive, TUFF_ERROR_FORMAT, "a file of more than");
}

Test(cifar, takes_only_regular_files_of_an_archive)
{
    struct archive archive = {NULL, 0};
    append_member(&archive, "test_batch.bin", '2', "", 0, 0); // a link
    append_member(&archive, "../../../test_batch.bin", '0', "x", 1, 1);
    append(&archive, NULL, 1024);
    expect_archive_refusal(archive, TUFF_ERROR_FORMAT, "test_batch.bin: truncated: expected records");
    cr_assert_eq(access(scratch_path("../test_batch.bin"), F_OK), -1);
}

Test(cifar, refuses_archives_that_are_cut_or_damaged)
{
    struct archive archive = make_archive();
    size_t count;
    unsigned char *packed = gzip_bytes(archive.bytes, archive.count, &count);
    struct tuff_dataset *set;
    mkdir(scratch_path("x"), 0700);
    for (size_t length = 1; length < count; length += 11) {
        scratch_write("x/cifar-10-binary.tar.gz", packed, length);
        expect_refusal("cifar10", scratch_path("x"), TUFF_SPLIT_TEST, TUFF_ERROR_FORMAT,
                       "cifar-10-binary.tar.gz: ");
    }
    size_t unseen = 0;
    for (size_t i = 0; i < count; i += 5) {
        packed[i] ^= 0x22;
        scratch_write("x/cifar-10-binary.tar.gz", packed, count);
        if (load("cifar10", scratch_path("x"), TUFF_SPLIT_TEST, &set) == TUFF_OK) {
            unseen++;
            cr_assert(i >= 3 && i < 10, "a change at byte %zu went unseen", i);
        }
        tuff_dataset_destroy(&set);
        packed[i] ^= 0x22;
    }
    cr_assert(unseen <= 7);
    free(packed);
    free(archive.bytes);
}
