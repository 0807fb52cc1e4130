// Single files as a data set: in their order, scaled and cropped, and refused by name.
#include "image_files.h"

#include "tuff/dataset.h"

TestSuite(image_files, .init = scratch_begin, .fini = scratch_end);

// A PNG of 2 x 2 pixels, gray.
static const char *store(const char *name, unsigned char first)
{
    const unsigned char pixels[4] = {first, 20, 30, 40};
    struct file_bytes file = make_simple_png(2, 2, 1, pixels);
    const char *path = scratch_write(name, file.bytes, file.count);
    free(file.bytes);
    return path;
}

Test(image_files, come_in_their_order)
{
    const uint32_t chw[3] = {1, 2, 2};
    static const char *const classes[] = {"cat", "dog", "hen"};
    char second[PATH_MAX];
    snprintf(second, sizeof second, "%s", store("b.png", 200));
    const char *const paths[] = {second, store("a.png", 10)};
    struct tuff_dataset *set;
    cr_assert_eq(tuff_dataset_load_files(&scratch_log, paths, 2, chw, 3, classes, &set), TUFF_OK, "%s",
                 scratch_error);
    static const uint8_t expected[] = {200, 20, 30, 40, 10, 20, 30, 40};
    cr_expect(set->count == 2 && set->channels == 1 && set->height == 2 && set->width == 2);
    cr_expect_eq(memcmp(set->images, expected, sizeof expected), 0);
    cr_expect(set->labels[0] == 0 && set->labels[1] == 0);
    cr_expect_eq(set->classes, 3u);
    cr_expect_str_eq(set->class_names[2], "hen");
    cr_expect_str_eq(set->sample_names[0], second);
    tuff_dataset_destroy(&set);
    cr_expect_null(set);
}

Test(image_files, are_scaled_and_coloured)
{
    const uint32_t chw[3] = {3, 1, 1};
    const char *const paths[] = {store("a.png", 10)};
    struct tuff_dataset *set;
    cr_assert_eq(tuff_dataset_load_files(&scratch_log, paths, 1, chw, 2, NULL, &set), TUFF_OK);
    cr_expect(set->images[0] == 25 && set->images[1] == 25 && set->images[2] == 25, "the mean, three times");
    cr_expect_str_eq(set->class_names[1], "1", "numbers where there are no names");
    tuff_dataset_destroy(&set);
}

Test(image_files, may_have_relative_names)
{
    const uint32_t chw[3] = {1, 2, 2};
    static const char *const paths[] = {"here.png", "./here.png"};
    struct tuff_dataset *set;
    store("here.png", 7);
    cr_assert_eq(chdir(scratch_folder), 0);
    cr_assert_eq(tuff_dataset_load_files(&scratch_log, paths, 2, chw, 1, NULL, &set), TUFF_OK, "%s",
                 scratch_error);
    cr_expect(set->images[0] == 7 && set->images[4] == 7);
    tuff_dataset_destroy(&set);
}

Test(image_files, are_refused_by_name)
{
    const uint32_t chw[3] = {1, 2, 2};
    char good[PATH_MAX];
    snprintf(good, sizeof good, "%s", store("good.png", 1));
    struct tuff_dataset *set = (struct tuff_dataset *)good;
    const char *missing[] = {good, scratch_path("missing.png")};
    scratch_expect(tuff_dataset_load_files(&scratch_log, missing, 2, chw, 1, NULL, &set), TUFF_ERROR_FORMAT,
                   "missing.png: cannot open: No such file");
    cr_expect_null(set);
    const char *text[] = {scratch_write("text.png", "no image", 8)};
    scratch_expect(tuff_dataset_load_files(&scratch_log, text, 1, chw, 1, NULL, &set), TUFF_ERROR_FORMAT,
                   "text.png: neither PNG nor JPEG");
    const char *folder[] = {scratch_folder};
    scratch_expect(tuff_dataset_load_files(&scratch_log, folder, 1, chw, 1, NULL, &set), TUFF_ERROR_FORMAT,
                   "no regular file");
    const uint32_t two_channels[3] = {2, 2, 2};
    scratch_expect(tuff_dataset_load_files(&scratch_log, missing, 1, two_channels, 1, NULL, &set),
                   TUFF_ERROR_INVALID, "(2, 2, 2)");
    scratch_expect(tuff_dataset_load_files(&scratch_log, missing, 0, chw, 1, NULL, &set), TUFF_ERROR_INVALID,
                   "found 0 files");
}
