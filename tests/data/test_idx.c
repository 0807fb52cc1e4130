#include "data/idx.h"

#include <criterion/criterion.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "idx_bytes.h"

TestSuite(idx, .init = scratch_begin, .fini = scratch_end);

static enum tuff_status read_images(const char *path)
{
    struct tuff_idx_images images;
    enum tuff_status status = tuff_idx_read_images(&scratch_log, path, &images);
    cr_assert((status == TUFF_OK) == (images.pixels != NULL));
    free(images.pixels);
    return status;
}

static enum tuff_status read_labels(const char *path)
{
    uint32_t count, *labels;
    enum tuff_status status = tuff_idx_read_labels(&scratch_log, path, 10, &count, &labels);
    cr_assert((status == TUFF_OK) == (labels != NULL));
    free(labels);
    return status;
}

static void expect_images(const char *path, uint32_t n, uint32_t height, uint32_t width)
{
    struct tuff_idx_images images;
    enum tuff_status status = tuff_idx_read_images(&scratch_log, path, &images);
    cr_assert_eq(status, TUFF_OK, "%s", scratch_error);
    cr_assert_eq(images.count, n);
    cr_assert_eq(images.height, height);
    cr_assert_eq(images.width, width);
    for (size_t i = 0; i < (size_t)n * height * width; i++)
        cr_assert_eq(images.pixels[i], i * 7 % 251, "pixel %zu", i);
    cr_assert_eq(scratch_errors, 0);
    free(images.pixels);
}

Test(idx, reads_plain_images)
{
    size_t count;
    unsigned char *bytes = image_bytes(3, 2, 5, &count);
    expect_images(scratch_write("images", bytes, count), 3, 2, 5);
    expect_images(scratch_write("images.gz", bytes, count), 3, 2, 5); // the content counts, not the name
    free(bytes);
}

Test(idx, reads_gzip_images)
{
    size_t count;
    unsigned char *bytes = image_bytes(3, 2, 5, &count);
    expect_images(write_gzip("images.gz", bytes, count), 3, 2, 5);
    expect_images(write_gzip("images", bytes, count), 3, 2, 5);
    free(bytes);
}

Test(idx, reads_more_than_the_first_piece_of_memory)
{
    size_t count;
    unsigned char *bytes = image_bytes(5000, 28, 29, &count); // 4 MB
    expect_images(write_gzip("images.gz", bytes, count), 5000, 28, 29);
    expect_images(scratch_write("images", bytes, count), 5000, 28, 29);
    free(bytes);
}

Test(idx, reads_gzip_members_one_after_the_other)
{
    size_t count, first, second;
    unsigned char *bytes = image_bytes(7, 4, 3, &count);
    unsigned char *a = gzip_bytes(bytes, 10, &first), *b = gzip_bytes(bytes + 10, count - 10, &second);
    unsigned char *both = malloc(first + second);
    memcpy(both, a, first);
    memcpy(both + first, b, second);
    expect_images(scratch_write("images.gz", both, first + second), 7, 4, 3);
    free(both), free(a), free(b), free(bytes);
}

Test(idx, reads_labels)
{
    size_t bytes_count;
    unsigned char *bytes = label_bytes(23, &bytes_count);
    for (int packed = 0; packed < 2; packed++) {
        const char *path =
            packed ? write_gzip("l", bytes, bytes_count) : scratch_write("l", bytes, bytes_count);
        uint32_t count, *labels;
        cr_assert_eq(tuff_idx_read_labels(&scratch_log, path, 10, &count, &labels), TUFF_OK, "%s",
                     scratch_error);
        cr_assert_eq(count, 23);
        for (uint32_t i = 0; i < count; i++)
            cr_assert_eq(labels[i], i * 7 % 10);
        free(labels);
    }
    free(bytes);
}

Test(idx, refuses_another_magic_number)
{
    size_t count;
    unsigned char *images = image_bytes(3, 2, 5, &count);
    scratch_expect(read_labels(scratch_write("f", images, count)), TUFF_ERROR_FORMAT,
                   "expected an IDX file of labels (magic number 0x00000801), found 0x00000803 (images)");
    scratch_expect(read_labels(write_gzip("f", images, count)), TUFF_ERROR_FORMAT,
                   "found 0x00000803 (images)");
    put_word(images, 0x0d03); // floats
    scratch_expect(read_images(scratch_write("f", images, count)), TUFF_ERROR_FORMAT,
                   "found 0x00000d03 (something else)");
    free(images);
}

Test(idx, refuses_files_of_another_length)
{
    size_t count;
    unsigned char *bytes = image_bytes(3, 2, 5, &count);
    unsigned char more[64] = {0};
    memcpy(more, bytes, count);
    for (size_t length = 0; length < count; length++) {
        scratch_expect(read_images(scratch_write("short", bytes, length)), TUFF_ERROR_FORMAT, "truncated");
        scratch_expect(read_images(write_gzip("short.gz", bytes, length)), TUFF_ERROR_FORMAT, "truncated");
    }
    scratch_expect(read_images(scratch_write("short", bytes, count - 1)), TUFF_ERROR_FORMAT,
                   "expected 46 bytes by what the header declares, found 45");
    scratch_expect(read_images(scratch_write("long", more, count + 1)), TUFF_ERROR_FORMAT, "trailing bytes");
    scratch_expect(read_images(write_gzip("long.gz", more, count + 1)), TUFF_ERROR_FORMAT, "trailing bytes");
    free(bytes);
}

Test(idx, refuses_sizes_of_zero)
{
    for (int which = 0; which < 3; which++) {
        uint32_t dims[3] = {3, 2, 5};
        dims[which] = 0;
        size_t count;
        unsigned char *bytes = idx_bytes(0x803, 3, dims, 0, 251, &count);
        scratch_expect(read_images(scratch_write("f", bytes, count)), TUFF_ERROR_FORMAT,
                       "expected at least 1");
        scratch_expect(read_images(write_gzip("f", bytes, count)), TUFF_ERROR_FORMAT, "expected at least 1");
        free(bytes);
    }
    scratch_expect(read_labels(scratch_write("f", "\0\0\x08\x01\0\0\0\0", 8)), TUFF_ERROR_FORMAT,
                   "expected at least 1");
}

Test(idx, refuses_sizes_that_overflow)
{
    const uint32_t cases[][3] = {{0xffffffff, 0xffffffff, 0xffffffff}, // 2^96
                                 {0x80000000, 0x80000000, 4},          // 2^64: 0 in 64 bits
                                 {0x10000, 0x10000, 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t count;
        unsigned char *bytes = idx_bytes(0x803, 3, cases[i], 9, 251, &count);
        scratch_expect(read_images(scratch_write("f", bytes, count)), TUFF_ERROR_FORMAT,
                       "declares more than");
        scratch_expect(read_images(write_gzip("f", bytes, count)), TUFF_ERROR_FORMAT, "declares more than");
        free(bytes);
    }
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define LIMIT_MEMORY 0 // sanitizers reserve more address space than any limit leaves
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LIMIT_MEMORY 0
#endif
#ifndef LIMIT_MEMORY
#define LIMIT_MEMORY 1
#endif

Test(idx, takes_no_memory_on_a_lying_headers_word)
{
    size_t count;
    unsigned char *bytes =
        idx_bytes(0x803, 3, (const uint32_t[]){0xffff, 256, 256}, 1000, 251, &count); // 4 GiB
    const char *plain = scratch_write("f", bytes, count), *packed = write_gzip("f.gz", bytes, count);
    if (LIMIT_MEMORY) {
        struct rlimit limit = {UINT64_C(1) << 30, UINT64_C(1) << 30};
        cr_assert_eq(setrlimit(RLIMIT_AS, &limit), 0);
    }
    scratch_expect(read_images(plain), TUFF_ERROR_FORMAT, "truncated");
    scratch_expect(read_images(packed), TUFF_ERROR_FORMAT, "truncated");
    free(bytes);
}

Test(idx, tells_cut_gzip_data_from_damaged)
{
    size_t count, packed_count;
    unsigned char *bytes = image_bytes(9, 6, 5, &count);
    unsigned char *packed = gzip_bytes(bytes, count, &packed_count);
    for (size_t length = 1; length < packed_count; length++)
        scratch_expect(read_images(scratch_write("cut.gz", packed, length)), TUFF_ERROR_FORMAT, "truncated");

    unsigned char *other = malloc(packed_count + 8);
    memcpy(other, packed, packed_count);
    other[packed_count - 6] ^= 1; // of the checksum
    scratch_expect(read_images(scratch_write("damaged.gz", other, packed_count)), TUFF_ERROR_FORMAT,
                   "damaged gzip data after 286 bytes of content: incorrect data check");
    memcpy(other, packed, packed_count);
    memcpy(other + packed_count, "garbage", 8);
    scratch_expect(read_images(scratch_write("more.gz", other, packed_count + 8)), TUFF_ERROR_FORMAT,
                   "trailing bytes after the gzip data");

    // Whatever single byte is changed: refused, or a byte of the gzip header that means nothing to us.
    for (size_t i = 0; i < packed_count; i++) {
        memcpy(other, packed, packed_count);
        other[i] ^= 0x41;
        const char *path = scratch_write("changed.gz", other, packed_count);
        struct tuff_idx_images images;
        enum tuff_status status = tuff_idx_read_images(&scratch_log, path, &images);
        if (status != TUFF_OK) {
            scratch_expect(status, TUFF_ERROR_FORMAT, path);
            continue;
        }
        cr_assert(i >= 3 && i < 10, "a change at byte %zu went unseen", i);
        cr_assert_arr_eq(images.pixels, bytes + 16, count - 16);
        free(images.pixels);
    }
    free(other), free(packed), free(bytes);
}

Test(idx, refuses_more_labels_than_memory_is_taken_for)
{
    const unsigned char bytes[] = {0, 0, 8, 1, 0x40, 0, 0, 1, 0}; // 2^30 + 1
    scratch_expect(read_labels(write_gzip("f.gz", bytes, sizeof bytes)), TUFF_ERROR_FORMAT,
                   "declares more than 1073741824 bytes");
}

Test(idx, refuses_labels_beyond_the_classes)
{
    const unsigned char bytes[] = {0, 0, 8, 1, 0, 0, 0, 4, 0, 9, 10, 3};
    scratch_expect(read_labels(scratch_write("f", bytes, sizeof bytes)), TUFF_ERROR_FORMAT,
                   "expected labels below 10, found 10 as number 2");
}

Test(idx, names_what_cannot_be_opened)
{
    scratch_expect(read_images(scratch_path("absent")), TUFF_ERROR_NOT_FOUND, "No such file");
    scratch_expect(read_images(scratch_folder), TUFF_ERROR_IO, "found a folder");
    const char *pipe_path = scratch_path("pipe");
    cr_assert_eq(mkfifo(pipe_path, 0600), 0);
    scratch_expect(read_images(pipe_path), TUFF_ERROR_IO, "found a special file"); // and does not hang
}
