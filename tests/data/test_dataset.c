#include "tuff/dataset.h"

#include <criterion/criterion.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "idx_bytes.h"

static const char *real_folder; // TUFF_DATA as the test was started with

static void begin(void)
{
    real_folder = getenv("TUFF_DATA");
    scratch_begin();
    unsetenv("TUFF_DATA");
    unsetenv("XDG_CACHE_HOME");
    setenv("HOME", scratch_path("home"), 1);
}

TestSuite(dataset, .init = begin, .fini = scratch_end);

static enum tuff_status load(const char *name, enum tuff_split split, const char *folder, uint32_t *count)
{
    const struct tuff_dataset_options options = {.size = sizeof options, .folder = folder};
    struct tuff_dataset *set;
    enum tuff_status status = tuff_dataset_load(&scratch_log, name, split, &options, &set);
    cr_assert((status == TUFF_OK) == (set != NULL));
    *count = set != NULL ? set->count : 0;
    tuff_dataset_destroy(&set);
    return status;
}

static void make_folders(const char *name)
{
    const char *path = scratch_path(name);
    char partial[PATH_MAX];
    for (const char *slash = path; (slash = strchr(slash + 1, '/')) != NULL;) {
        snprintf(partial, sizeof partial, "%.*s", (int)(slash - path), path);
        mkdir(partial, 0700);
    }
    mkdir(path, 0700);
}

static void write_idx(const char *folder, const char *name, bool images, uint32_t n)
{
    char path[PATH_MAX];
    size_t count;
    unsigned char *bytes = images ? image_bytes(n, 28, 28, &count) : label_bytes(n, &count);
    make_folders(folder);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (strstr(name, ".gz") != NULL)
        write_gzip(path, bytes, count);
    else
        scratch_write(path, bytes, count);
    free(bytes);
}

// A training split of n samples.
static void write_train(const char *folder, uint32_t n)
{
    write_idx(folder, "train-images-idx3-ubyte", true, n);
    write_idx(folder, "train-labels-idx1-ubyte", false, n);
}

static void expect_count(const char *folder, uint32_t expected)
{
    uint32_t count;
    enum tuff_status status = load("mnist", TUFF_SPLIT_TRAIN, folder, &count);
    cr_assert_eq(status, TUFF_OK, "%s", scratch_error);
    cr_assert_eq(count, expected, "expected the set of %u, found that of %u", expected, count);
}

Test(dataset, refuses_names_that_there_are_not)
{
    uint32_t count;
    scratch_expect(load("mnits", TUFF_SPLIT_TRAIN, NULL, &count), TUFF_ERROR_NOT_FOUND,
                   "unknown data set 'mnits'; did you mean 'mnist'? (there are: mnist, fashion-mnist, ");
    scratch_expect(load("imagenet", TUFF_SPLIT_TRAIN, NULL, &count), TUFF_ERROR_NOT_FOUND,
                   "unknown data set 'imagenet' (there are: mnist, fashion-mnist, ");
    scratch_expect(load(NULL, TUFF_SPLIT_TRAIN, NULL, &count), TUFF_ERROR_INVALID, "a data set's name");
}

Test(dataset, refuses_other_arguments_that_do_not_fit)
{
    uint32_t count;
    scratch_expect(load("digits", (enum tuff_split)2, NULL, &count), TUFF_ERROR_INVALID, "found 2");
    scratch_expect(load("mnist", TUFF_SPLIT_TRAIN, "", &count), TUFF_ERROR_INVALID, "empty name");
    const struct tuff_dataset_options options = {.digits_train = 3};
    struct tuff_dataset *set;
    scratch_expect(tuff_dataset_load(&scratch_log, "digits", TUFF_SPLIT_TRAIN, &options, &set),
                   TUFF_ERROR_INVALID, "size is not set");
}

Test(dataset, takes_no_option_beyond_the_struct_s_size)
{
    const struct tuff_dataset_options options = {
        .size = offsetof(struct tuff_dataset_options, digits_test), .digits_train = 11, .digits_test = 12};
    struct tuff_dataset *set;
    cr_assert_eq(tuff_dataset_load(&scratch_log, "digits", TUFF_SPLIT_TRAIN, &options, &set), TUFF_OK);
    cr_assert_eq(set->count, 11);
    tuff_dataset_destroy(&set);
    cr_assert_eq(tuff_dataset_load(&scratch_log, "digits", TUFF_SPLIT_TEST, &options, &set), TUFF_OK);
    cr_assert_eq(set->count, 10000);
    tuff_dataset_destroy(&set);
}

Test(dataset, looks_in_the_given_folder_and_nowhere_else)
{
    uint32_t count;
    write_train("given", 3);
    write_train("given/mnist", 4);
    write_train("data", 5);
    write_train("home/.cache/tuff/mnist", 6);
    make_folders("empty");
    setenv("TUFF_DATA", scratch_path("data"), 1);
    expect_count(scratch_path("given"), 4);
    unlink(scratch_path("given/mnist/train-images-idx3-ubyte"));
    unlink(scratch_path("given/mnist/train-labels-idx1-ubyte"));
    expect_count(scratch_path("given"), 3);
    scratch_expect(load("mnist", TUFF_SPLIT_TRAIN, scratch_path("empty"), &count), TUFF_ERROR_NOT_FOUND,
                   "empty/mnist, ");
}

Test(dataset, looks_in_the_usual_places_in_order)
{
    const char *order[] = {"data/mnist", "data", "xdg/tuff/mnist", "home/.cache/tuff/mnist"};
    char path[PATH_MAX];
    setenv("TUFF_DATA", scratch_path("data"), 1);
    setenv("XDG_CACHE_HOME", scratch_path("xdg"), 1);
    for (uint32_t i = 0; i < 4; i++)
        write_train(order[i], 3 + i);
    for (uint32_t i = 0; i < 4; i++) {
        expect_count(NULL, 3 + i);
        snprintf(path, sizeof path, "%s/train-images-idx3-ubyte", order[i]);
        unlink(scratch_path(path));
        snprintf(path, sizeof path, "%s/train-labels-idx1-ubyte", order[i]);
        unlink(scratch_path(path));
    }
    uint32_t count;
    enum tuff_status status = load("mnist", TUFF_SPLIT_TEST, NULL, &count);
    for (uint32_t i = 0; i < 4; i++)
        cr_assert_not_null(strstr(scratch_error, order[i]), "expected %s in: %s", order[i], scratch_error);
    cr_assert_not_null(
        strstr(scratch_error, "t10k-images-idx3-ubyte (or t10k-images-idx3-ubyte.gz) was not found"));
    cr_assert_not_null(strstr(scratch_error, "--data-dir"));
    cr_assert_not_null(strstr(scratch_error, "--data digits"));
    scratch_expect(status, TUFF_ERROR_NOT_FOUND, "tuff data fetch mnist");
}

// mnist's files in TUFF_DATA itself are not those of a set whose files have the same names.
Test(dataset, takes_no_set_for_another)
{
    uint32_t count;
    write_train("data", 5);
    write_train("data/fashion-mnist", 6);
    setenv("TUFF_DATA", scratch_path("data"), 1);
    expect_count(NULL, 5);
    cr_assert_eq(load("fashion-mnist", TUFF_SPLIT_TRAIN, NULL, &count), TUFF_OK, "%s", scratch_error);
    cr_assert_eq(count, 6);
    scratch_expect(load("kmnist", TUFF_SPLIT_TRAIN, NULL, &count), TUFF_ERROR_NOT_FOUND,
                   "tuff data fetch kmnist");
}

Test(dataset, has_names_of_classes_of_its_own)
{
    struct tuff_dataset *set;
    write_train("fashion-mnist", 3);
    const struct tuff_dataset_options options = {.size = sizeof options, .folder = scratch_folder};
    cr_assert_eq(tuff_dataset_load(&scratch_log, "fashion-mnist", TUFF_SPLIT_TRAIN, &options, &set), TUFF_OK);
    cr_assert_str_eq(set->class_names[0], "T-shirt/top");
    cr_assert_str_eq(set->class_names[9], "Ankle boot");
    cr_assert_null(set->sample_names);
    tuff_dataset_destroy(&set);
    cr_assert_null(set);
}

Test(dataset, loads_any_idx_files_by_their_folder)
{
    struct tuff_dataset *set;
    uint32_t count;
    size_t bytes_count;
    make_folders("my set");
    unsigned char *bytes = image_bytes(4, 5, 7, &bytes_count);
    scratch_write("my set/train-images-idx3-ubyte", bytes, bytes_count);
    scratch_write("my set/t10k-images-idx3-ubyte", bytes, bytes_count);
    scratch_write("my set/train-labels-idx1-ubyte", "\0\0\x08\x01\0\0\0\4\0\3\x0c\1", 12);
    scratch_write("my set/t10k-labels-idx1-ubyte", "\0\0\x08\x01\0\0\0\4\0\3\2\1", 12);
    for (int split = 0; split < 2; split++) {
        cr_assert_eq(
            tuff_dataset_load(&scratch_log, scratch_path("my set"), (enum tuff_split)split, NULL, &set),
            TUFF_OK);
        cr_assert_str_eq(set->name, "my set");
        cr_assert_eq(set->classes, 13); // the greatest label of training, and one
        cr_assert_str_eq(set->class_names[12], "12");
        cr_assert_eq(set->height, 5);
        cr_assert_eq(set->width, 7);
        cr_assert_arr_eq(set->images, bytes + 16, bytes_count - 16);
        tuff_dataset_destroy(&set);
    }
    free(bytes);
    scratch_write("my set/t10k-labels-idx1-ubyte", "\0\0\x08\x01\0\0\0\4\0\3\x0d\1", 12);
    scratch_expect(load(scratch_path("my set"), TUFF_SPLIT_TEST, NULL, &count), TUFF_ERROR_FORMAT,
                   "expected labels below 13, found 13");
    unlink(scratch_path("my set/t10k-labels-idx1-ubyte"));
    scratch_expect(load(scratch_path("my set"), TUFF_SPLIT_TEST, NULL, &count), TUFF_ERROR_NOT_FOUND,
                   "t10k-labels-idx1-ubyte (or");
    scratch_expect(load(scratch_path("my set"), TUFF_SPLIT_TEST, "elsewhere", &count), TUFF_ERROR_INVALID,
                   "is a folder");
    scratch_expect(load("./nowhere", TUFF_SPLIT_TEST, NULL, &count), TUFF_ERROR_NOT_FOUND, "No such file");
    // A folder of a set's name must be written with a slash.
    cr_assert_eq(chdir(scratch_folder), 0);
    cr_assert_eq(load("my set", TUFF_SPLIT_TRAIN, NULL, &count), TUFF_OK, "%s", scratch_error);
    write_train("digits", 3);
    cr_assert_eq(load("digits", TUFF_SPLIT_TRAIN, NULL, &count), TUFF_OK);
    cr_assert_eq(count, 60000);
    cr_assert_eq(load("./digits", TUFF_SPLIT_TRAIN, NULL, &count), TUFF_OK);
    cr_assert_eq(count, 3);
    cr_assert_eq(chdir("/"), 0);
}

Test(dataset, describes_the_sets_that_have_names)
{
    struct tuff_dataset_info info = {.size = sizeof info};
    size_t count = 0;
    char path[PATH_MAX];
    while (tuff_dataset_describe(count, &info)) {
        cr_assert(info.name != NULL && info.description != NULL && info.homepage != NULL &&
                  info.licence != NULL);
        cr_assert(info.channels > 0 && info.height > 0 && info.width > 0 && info.classes > 1);
        count++;
    }
    cr_assert(count >= 4);
    cr_assert_not(tuff_dataset_describe(SIZE_MAX, &info));
    // No more than the caller has room for.
    memset(&info, 0x55, sizeof info);
    info.size = offsetof(struct tuff_dataset_info, description);
    cr_assert(tuff_dataset_describe(0, &info));
    cr_assert_str_eq(info.name, "mnist");
    cr_assert_eq(((const unsigned char *)&info.description)[0], 0x55);

    write_train("given/mnist", 3);
    const struct tuff_dataset_options options = {.size = sizeof options, .folder = scratch_path("given")};
    cr_assert_eq(tuff_dataset_find(&scratch_log, "mnist", TUFF_SPLIT_TRAIN, &options, path, sizeof path),
                 TUFF_OK);
    cr_assert_str_eq(path, scratch_path("given/mnist"));
    scratch_expect(tuff_dataset_find(&scratch_log, "mnist", TUFF_SPLIT_TRAIN, &options, path, 4),
                   TUFF_ERROR_INVALID, "expected room for");
    scratch_expect(tuff_dataset_find(&scratch_log, "mnist", TUFF_SPLIT_TEST, &options, path, sizeof path),
                   TUFF_ERROR_NOT_FOUND, "was not found");
    cr_assert_eq(tuff_dataset_find(&scratch_log, "digits", TUFF_SPLIT_TEST, NULL, path, sizeof path),
                 TUFF_OK);
    cr_assert_str_eq(path, "");
}

Test(dataset, ignores_a_relative_cache_folder)
{
    uint32_t count;
    write_train("xdg/tuff/mnist", 3);
    cr_assert_eq(chdir(scratch_folder), 0);
    setenv("XDG_CACHE_HOME", "xdg", 1);
    enum tuff_status status = load("mnist", TUFF_SPLIT_TRAIN, NULL, &count);
    cr_assert_eq(chdir("/"), 0);
    scratch_expect(status, TUFF_ERROR_NOT_FOUND, "home/.cache/tuff/mnist)");
}

Test(dataset, finds_files_under_all_their_names)
{
    // Each comes before those that were written earlier.
    const char *images[] = {"train-images.idx3-ubyte.gz", "train-images-idx3-ubyte.gz",
                            "train-images.idx3-ubyte", "train-images-idx3-ubyte"};
    const char *labels[] = {"train-labels.idx1-ubyte.gz", "train-labels-idx1-ubyte.gz",
                            "train-labels.idx1-ubyte", "train-labels-idx1-ubyte"};
    for (uint32_t i = 0; i < 4; i++) {
        write_idx("set", images[i], true, 3 + i);
        write_idx("set", labels[i], false, 3 + i);
        expect_count(scratch_path("set"), 3 + i);
    }
}

Test(dataset, names_the_file_that_a_half_set_lacks)
{
    uint32_t count;
    write_idx("set", "train-images-idx3-ubyte", true, 3);
    scratch_expect(load("mnist", TUFF_SPLIT_TRAIN, scratch_path("set"), &count), TUFF_ERROR_NOT_FOUND,
                   "mnist: train-labels-idx1-ubyte (or train-labels-idx1-ubyte.gz) was not found");
    write_idx("set", "t10k-labels-idx1-ubyte.gz", false, 3);
    scratch_expect(load("mnist", TUFF_SPLIT_TEST, scratch_path("set"), &count), TUFF_ERROR_NOT_FOUND,
                   "mnist: t10k-images-idx3-ubyte (or");
}

Test(dataset, refuses_files_that_do_not_fit_each_other)
{
    uint32_t count;
    write_train("set", 3);
    write_idx("set", "train-labels-idx1-ubyte", false, 4);
    scratch_expect(load("mnist", TUFF_SPLIT_TRAIN, scratch_path("set"), &count), TUFF_ERROR_FORMAT,
                   "train-images-idx3-ubyte has images, found 4");
    size_t bytes_count;
    unsigned char *bytes = image_bytes(4, 32, 28, &bytes_count);
    scratch_write("set/train-images-idx3-ubyte", bytes, bytes_count);
    free(bytes);
    scratch_expect(load("mnist", TUFF_SPLIT_TRAIN, scratch_path("set"), &count), TUFF_ERROR_FORMAT,
                   "expected images of 28 x 28, found 32 x 28");
    write_train("set", 4);
    bytes = idx_bytes(0x801, 1, (const uint32_t[]){4}, 4, 251, &bytes_count); // 0, 7, 14, …
    scratch_write("set/train-labels-idx1-ubyte", bytes, bytes_count);
    free(bytes);
    scratch_expect(load("mnist", TUFF_SPLIT_TRAIN, scratch_path("set"), &count), TUFF_ERROR_FORMAT,
                   "expected labels below 10, found 14 as number 2");
}

// Loads a split and compares its size and checksums.
static void expect_set(const char *folder, enum tuff_split split, uint32_t count, uLong images, uLong labels)
{
    const struct tuff_dataset_options options = {.size = sizeof options, .folder = folder};
    struct tuff_dataset *set;
    enum tuff_status status = tuff_dataset_load(&scratch_log, "mnist", split, &options, &set);
    cr_assert_eq(status, TUFF_OK, "%s", scratch_error);
    cr_assert_str_eq(set->name, "mnist");
    cr_assert_eq(set->count, count);
    cr_assert_eq(set->channels, 1);
    cr_assert_eq(set->height, 28);
    cr_assert_eq(set->width, 28);
    cr_assert_eq(set->classes, 10);
    uLong found = crc32(crc32(0, NULL, 0), set->images, (uInt)(count * 28 * 28));
    cr_assert_eq(found, images, "images: expected 0x%08lx, found 0x%08lx", images, found);
    found = crc32(0, NULL, 0);
    for (uint32_t i = 0; i < count; i++)
        found = crc32(found, &(const unsigned char){(unsigned char)set->labels[i]}, 1);
    cr_assert_eq(found, labels, "labels: expected 0x%08lx, found 0x%08lx", labels, found);
    tuff_dataset_destroy(&set);
}

// The real one where TUFF_DATA has it, else small ones; says which.
Test(dataset, loads_mnist)
{
    struct tuff_dataset *set;
    const struct tuff_dataset_options options = {.size = sizeof options, .folder = real_folder};
    enum tuff_status status = TUFF_ERROR_NOT_FOUND;
    for (int split = 0; split < 2 && real_folder != NULL && real_folder[0] != '\0'; split++) {
        status = tuff_dataset_load(&scratch_log, "mnist", (enum tuff_split)split, &options, &set);
        tuff_dataset_destroy(&set);
        cr_assert(status == TUFF_OK || status == TUFF_ERROR_NOT_FOUND, "%s", scratch_error);
        if (status != TUFF_OK)
            break;
    }
    if (status == TUFF_OK) {
        fprintf(stderr, "mnist: the real one, in %s\n", real_folder);
        expect_set(real_folder, TUFF_SPLIT_TRAIN, 60000, 0xf3639b56, 0xba07e8ef);
        expect_set(real_folder, TUFF_SPLIT_TEST, 10000, 0xe4ca5f57, 0xee8604d9);
        return;
    }
    fprintf(stderr, "mnist: small files made here (TUFF_DATA names no folder with the real ones)\n");
    write_train("set", 60);
    write_idx("set", "t10k-images-idx3-ubyte.gz", true, 10);
    write_idx("set", "t10k-labels-idx1-ubyte.gz", false, 10);
    size_t bytes_count;
    const uint32_t counts[] = {60, 10};
    for (int split = 0; split < 2; split++) {
        unsigned char *images = image_bytes(counts[split], 28, 28, &bytes_count);
        uLong image_sum = crc32(0, images + 16, (uInt)(bytes_count - 16));
        unsigned char *labels = label_bytes(counts[split], &bytes_count);
        expect_set(scratch_path("set"), (enum tuff_split)split, counts[split], image_sum,
                   crc32(0, labels + 8, (uInt)(bytes_count - 8)));
        free(images), free(labels);
    }
}
