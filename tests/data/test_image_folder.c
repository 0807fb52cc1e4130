// Folders of images: what is found, how it is cached, and what is refused.
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <zlib.h>

#include "data/places.h"
#include "image_files.h"

static const char *real_folder; // TUFF_DATA as the test was started with
static char warnings[8192];     // all of them, a line each
static char cache_note[2048];   // the last information about the cache

static void note(void *user, enum tuff_log_level level, const char *message)
{
    scratch_note(user, level, message);
    if (level == TUFF_LOG_WARNING && strlen(warnings) + strlen(message) + 2 < sizeof warnings)
        strcat(strcat(warnings, message), "\n");
    if (level == TUFF_LOG_INFO)
        snprintf(cache_note, sizeof cache_note, "%s", message);
}

static const struct tuff_log test_log = {note, NULL, TUFF_LOG_DEBUG};

static void begin(void)
{
    real_folder = getenv("TUFF_DATA");
    scratch_begin();
    unsetenv("TUFF_DATA");
    setenv("XDG_CACHE_HOME", scratch_path("cache"), 1);
}

TestSuite(image_folder, .init = begin, .fini = scratch_end);

// -- Making folders

static void make_parents(const char *path)
{
    char partial[PATH_MAX];
    for (const char *slash = path; (slash = strchr(slash + 1, '/')) != NULL;) {
        snprintf(partial, sizeof partial, "%.*s", (int)(slash - path), path);
        mkdir(partial, 0700);
    }
}

static void store(const char *name, struct file_bytes file)
{
    make_parents(scratch_path(name));
    scratch_write(name, file.bytes, file.count);
    free(file.bytes);
}

// All of one colour.
static void store_png(const char *name, uint32_t width, uint32_t height, uint32_t channels,
                      unsigned char value)
{
    unsigned char *pixels = malloc((size_t)width * height * channels);
    memset(pixels, value, (size_t)width * height * channels);
    store(name, make_simple_png(width, height, channels, pixels));
    free(pixels);
}

static void store_jpeg(const char *name, uint32_t width, uint32_t height, unsigned char value)
{
    unsigned char *pixels = malloc((size_t)width * height * 3);
    memset(pixels, value, (size_t)width * height * 3);
    store(name, make_simple_jpeg(width, height, 3, JCS_RGB, JCS_YCbCr, 95, false, false, pixels));
    free(pixels);
}

// Two classes, two and one images of training, one and one of test.
static void make_set(void)
{
    store_png("set/train/cat/2.png", 8, 8, 3, 20);
    store_jpeg("set/train/cat/10.JPG", 16, 8, 10);
    store_png("set/train/ant/a.png", 4, 4, 1, 30);
    store_png("set/test/cat/1.png", 8, 8, 3, 40);
    store_png("set/test/ant/1.png", 8, 8, 3, 50);
}

// -- Loading

static struct tuff_dataset_options options_of(uint32_t channels, uint32_t side)
{
    return (struct tuff_dataset_options){
        .size = sizeof(struct tuff_dataset_options), .channels = channels, .height = side, .width = side};
}

static enum tuff_status load(enum tuff_split split, const struct tuff_dataset_options *options,
                             struct tuff_dataset **set)
{
    warnings[0] = cache_note[0] = '\0';
    enum tuff_status status = tuff_dataset_load(&test_log, scratch_path("set"), split, options, set);
    cr_assert((status == TUFF_OK) == (*set != NULL));
    return status;
}

static struct tuff_dataset *load_well(enum tuff_split split, const struct tuff_dataset_options *options)
{
    struct tuff_dataset *set;
    cr_assert_eq(load(split, options, &set), TUFF_OK, "%s", scratch_error);
    return set;
}

static void expect_refusal(enum tuff_split split, const struct tuff_dataset_options *options,
                           enum tuff_status status, const char *words)
{
    struct tuff_dataset *set;
    scratch_expect(load(split, options, &set), status, words);
}

static void expect_warning(const char *words)
{
    cr_assert_not_null(strstr(warnings, words), "expected '%s' in: %s", words, warnings);
}

static bool from_cache(void)
{
    return strstr(cache_note, "from the cache") != NULL;
}

Test(image_folder, loads_classes_in_the_order_of_their_names)
{
    make_set();
    const struct tuff_dataset_options options = options_of(3, 4);
    struct tuff_dataset *set = load_well(TUFF_SPLIT_TRAIN, &options);
    cr_assert_str_eq(set->name, "set");
    cr_assert_eq(set->count, 3);
    cr_assert(set->channels == 3 && set->height == 4 && set->width == 4);
    cr_assert_eq(set->classes, 2);
    cr_assert_str_eq(set->class_names[0], "ant");
    cr_assert_str_eq(set->class_names[1], "cat");
    cr_assert_arr_eq(set->labels, ((const uint32_t[]){0, 1, 1}), 3 * sizeof(uint32_t));
    cr_assert_str_eq(set->sample_names[0], "ant/a.png");
    cr_assert_str_eq(set->sample_names[1], "cat/10.JPG");
    cr_assert_str_eq(set->sample_names[2], "cat/2.png");
    for (uint32_t i = 0; i < 3 * 48; i++)
        cr_assert(abs(set->images[i] - (i < 48   ? 30
                                        : i < 96 ? 10
                                                 : 20)) <= (i / 48 == 1),
                  "%u: %u", i, set->images[i]);
    tuff_dataset_destroy(&set);
    set = load_well(TUFF_SPLIT_TEST, &options);
    cr_assert_eq(set->count, 2);
    cr_assert_eq(set->images[0], 50);
    tuff_dataset_destroy(&set);
    cr_assert_str_empty(warnings);
}

Test(image_folder, takes_the_images_size_where_none_is_given)
{
    struct tuff_dataset *set;
    store_png("set/train/a/1.png", 7, 5, 1, 1);
    store_png("set/train/b/1.png", 7, 5, 1, 2);
    set = load_well(TUFF_SPLIT_TRAIN, NULL);
    cr_assert(set->channels == 1 && set->height == 5 && set->width == 7);
    tuff_dataset_destroy(&set);
    const struct tuff_dataset_options colour = {.size = sizeof colour, .channels = 3};
    set = load_well(TUFF_SPLIT_TRAIN, &colour);
    cr_assert(set->channels == 3 && set->height == 5 && set->width == 7);
    tuff_dataset_destroy(&set);
    const struct tuff_dataset_options sized = {.size = sizeof sized, .height = 3, .width = 2};
    set = load_well(TUFF_SPLIT_TRAIN, &sized);
    cr_assert(set->channels == 1 && set->height == 3 && set->width == 2);
    tuff_dataset_destroy(&set);
    store_png("set/train/b/2.png", 5, 7, 1, 2);
    store_png("set/train/b/3.png", 7, 5, 3, 2);
    expect_refusal(TUFF_SPLIT_TRAIN, NULL, TUFF_ERROR_INVALID,
                   "2 of 4 images are not of the first one's size");
    expect_warning("b/2.png: 5 x 7 pixels, gray, where the first image has 7 x 5, gray");
    expect_warning("b/3.png: 7 x 5 pixels, in colour, where the first image has 7 x 5, gray");
    // Not even where broken ones may be left out: these are not broken.
    const struct tuff_dataset_options skipping = {.size = sizeof skipping, .skip_broken = 1};
    expect_refusal(TUFF_SPLIT_TRAIN, &skipping, TUFF_ERROR_INVALID, "2 of 4");
    const struct tuff_dataset_options gray = options_of(1, 4);
    set = load_well(TUFF_SPLIT_TRAIN, &gray);
    tuff_dataset_destroy(&set);
    const struct tuff_dataset_options two = options_of(2, 4);
    expect_refusal(TUFF_SPLIT_TRAIN, &two, TUFF_ERROR_INVALID, "expected images of 1 or 3 channels, found 2");
    const struct tuff_dataset_options half = {.size = sizeof half, .height = 4};
    expect_refusal(TUFF_SPLIT_TRAIN, &half, TUFF_ERROR_INVALID, "expected a height and a width");
}

Test(image_folder, does_not_depend_on_the_number_of_threads)
{
    char name[64];
    struct tuff_dataset *first = NULL, *set;
    for (unsigned i = 0; i < 300; i++) {
        unsigned char *pixels = make_pixels(31 * 17 * 3, i);
        snprintf(name, sizeof name, "set/train/%c/%u.%s", 'a' + i % 3, i, i % 2 == 0 ? "png" : "jpg");
        store(name, i % 2 == 0 ? make_simple_png(31, 17, 3, pixels)
                               : make_simple_jpeg(31, 17, 3, JCS_RGB, JCS_YCbCr, 80, false, false, pixels));
        free(pixels);
    }
    for (uint32_t threads = 0; threads < 9; threads++) {
        struct tuff_dataset_options options = options_of(3, 12);
        options.threads = threads;
        options.no_cache = 1;
        set = load_well(TUFF_SPLIT_TRAIN, &options);
        if (first == NULL) {
            first = set;
            continue;
        }
        cr_assert_arr_eq(set->images, first->images, (size_t)300 * 3 * 12 * 12, "%u threads", threads);
        cr_assert_arr_eq(set->labels, first->labels, 300 * sizeof(uint32_t));
        tuff_dataset_destroy(&set);
    }
    tuff_dataset_destroy(&first);
    cr_assert_eq(access(scratch_path("cache"), F_OK), -1, "no_cache has written a cache");
}

// -- The cache

// The only file in the cache.
static const char *cache_file(void)
{
    static char path[PATH_MAX];
    DIR *folder = opendir(scratch_path("cache/tuff/images"));
    cr_assert_not_null(folder);
    int count = 0;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (entry->d_name[0] != '.') {
            cr_assert(tuff_path_join(path, scratch_path("cache/tuff/images"), entry->d_name));
            count++;
        }
    closedir(folder);
    cr_assert_eq(count, 1, "expected one file in the cache, found %d", count);
    return path;
}

static void expect_load(const struct tuff_dataset_options *options, bool cached)
{
    struct tuff_dataset *set = load_well(TUFF_SPLIT_TRAIN, options);
    cr_assert_eq(from_cache(), cached, "expected it %s: %s", cached ? "from the cache" : "decoded",
                 cache_note);
    cr_assert_eq(set->count, 3);
    cr_assert_eq(set->classes, 2);
    cr_assert_str_eq(set->class_names[1], "cat");
    cr_assert_str_eq(set->sample_names[2], "cat/2.png");
    cr_assert_arr_eq(set->labels, ((const uint32_t[]){0, 1, 1}), 3 * sizeof(uint32_t));
    cr_assert_eq(set->images[2 * 48], 20);
    tuff_dataset_destroy(&set);
}

// As a process leaves it that was killed while it wrote, and another one that still writes.
Test(image_folder, removes_what_was_left_beside_the_cache)
{
    char left[PATH_MAX + 8], held[PATH_MAX + 8];
    make_set();
    struct tuff_dataset_options options = options_of(3, 4);
    expect_load(&options, false);
    const char *path = cache_file();
    snprintf(left, sizeof left, "%s.aBcD12", path);
    snprintf(held, sizeof held, "%s.aBcD13", path);
    cr_assert_eq(rename(path, left), 0);
    int file = open(held, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    cr_assert(file >= 0 && flock(file, LOCK_EX) == 0);
    expect_load(&options, false);
    cr_expect(access(left, F_OK) != 0 && access(held, F_OK) == 0);
    close(file);
    cr_assert_eq(unlink(held), 0);
    cache_file();
    expect_load(&options, true);
}

Test(image_folder, is_decoded_once)
{
    make_set();
    struct tuff_dataset_options options = options_of(3, 4);
    expect_load(&options, false);
    expect_load(&options, true);
    options.skip_broken = 1;
    expect_load(&options, true);
    options.no_cache = 1;
    expect_load(&options, false);
    cache_file();
    // By whatever name the folder goes.
    struct tuff_dataset *set;
    char path[PATH_MAX];
    cr_assert(tuff_path_join(path, scratch_folder, "set/../set/"));
    options.no_cache = 0;
    cr_assert_eq(tuff_dataset_load(&test_log, path, TUFF_SPLIT_TRAIN, &options, &set), TUFF_OK);
    cr_assert(from_cache());
    tuff_dataset_destroy(&set);
}

Test(image_folder, notices_that_files_have_changed)
{
    make_set();
    const struct tuff_dataset_options options = options_of(3, 4);
    struct tuff_dataset *set;
    expect_load(&options, false);
    // The same size and another time.
    const struct timeval times[2] = {{1000000000, 0}, {1000000000, 0}};
    cr_assert_eq(utimes(scratch_path("set/train/ant/a.png"), times), 0);
    expect_load(&options, false);
    expect_load(&options, true);
    // Another name.
    cr_assert_eq(rename(scratch_path("set/train/ant/a.png"), scratch_path("set/train/ant/b.png")), 0);
    expect_load(&options, false);
    // One more.
    store_png("set/train/cat/3.png", 8, 8, 3, 60);
    set = load_well(TUFF_SPLIT_TRAIN, &options);
    cr_assert_eq(set->count, 4);
    cr_assert_not(from_cache());
    tuff_dataset_destroy(&set);
    unlink(scratch_path("set/train/cat/3.png"));
    expect_load(&options, false);
    expect_load(&options, true);
    // Another class of the same images.
    cr_assert_eq(rename(scratch_path("set/train/ant"), scratch_path("set/train/bee")), 0);
    cr_assert_eq(rename(scratch_path("set/test/ant"), scratch_path("set/test/bee")), 0);
    expect_load(&options, false);
    cache_file(); // what was before has been written over
    const struct tuff_dataset_options other = options_of(3, 5);
    set = load_well(TUFF_SPLIT_TRAIN, &other);
    cr_assert_not(from_cache());
    tuff_dataset_destroy(&set);
    expect_load(&options, true);
}

// Fields of its header.
enum { CACHE_CLASSES = 56, CACHE_CONTENT_SUM = 80, CACHE_HEADER_SUM = 84, CACHE_HEADER_BYTES = 88 };

// Gives the file right checksums.
static void seal_cache(unsigned char *bytes, size_t count)
{
    uint32_t sum = (uint32_t)crc32_z(0, bytes + CACHE_HEADER_BYTES, count - CACHE_HEADER_BYTES);
    memcpy(bytes + CACHE_CONTENT_SUM, &sum, sizeof sum);
    sum = (uint32_t)crc32_z(0, bytes, CACHE_HEADER_SUM);
    memcpy(bytes + CACHE_HEADER_SUM, &sum, sizeof sum);
}

Test(image_folder, notices_a_damaged_cache)
{
    make_set();
    size_t count;
    const struct tuff_dataset_options options = options_of(3, 4);
    expect_load(&options, false);
    unsigned char *bytes = scratch_read(cache_file(), &count);
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s", cache_file());
    const char *name = path + strlen(scratch_folder) + 1;
    size_t step = 1 + count / 150;
    for (size_t i = 0; i < count; i += step) { // a byte is another
        bytes[i] ^= 0x10;
        scratch_write(name, bytes, count);
        expect_load(&options, false);
        // Of another key: a byte of the key is found by the header's sum, too.
        expect_warning("made anew: its ");
        bytes[i] ^= 0x10;
    }
    for (size_t i = 0; i < count; i += step) { // cut off
        scratch_write(name, bytes, i);
        expect_load(&options, false);
        expect_warning("made anew: ");
    }
    unsigned char *more = calloc(1, count + 1);
    memcpy(more, bytes, count);
    scratch_write(name, more, count + 1);
    expect_load(&options, false);
    expect_warning("sizes do not fit");
    expect_load(&options, true);
    cr_assert_str_empty(warnings);
    // Whole by its sums, but with a name that nobody has written, or more classes than it has bytes for.
    size_t at = 0;
    while (memcmp(bytes + at, "ant", 4) != 0)
        at++;
    bytes[at] = 0x1b;
    seal_cache(bytes, count);
    scratch_write(name, bytes, count);
    expect_load(&options, false);
    expect_warning("names are missing or damaged");
    bytes[at] = 'a';
    memset(bytes + CACHE_CLASSES, 0x7f, 4);
    seal_cache(bytes, count);
    scratch_write(name, bytes, count);
    expect_load(&options, false);
    expect_warning("sizes do not fit");
    free(more);
    free(bytes);
}

Test(image_folder, goes_on_without_a_cache)
{
    make_set();
    const struct tuff_dataset_options options = options_of(3, 4);
    scratch_write("file", "", 0);
    setenv("XDG_CACHE_HOME", scratch_path("file"), 1);
    expect_load(&options, false);
    expect_warning("cannot write the cache: Not a directory");
    unsetenv("XDG_CACHE_HOME");
    unsetenv("HOME");
    expect_load(&options, false);
    cr_assert_str_empty(warnings);
}

// -- What is wrong with folders

Test(image_folder, refuses_classes_that_differ)
{
    make_set();
    const struct tuff_dataset_options options = options_of(3, 4);
    store_png("set/train/dog/1.png", 4, 4, 1, 1);
    for (int split = 0; split < 2; split++)
        expect_refusal((enum tuff_split)split, &options, TUFF_ERROR_FORMAT,
                       "train and test must have the same classes: test has no 'dog'");
    store_png("set/test/dog/1.png", 4, 4, 1, 1);
    store_png("set/test/eel/1.png", 4, 4, 1, 1);
    for (int split = 0; split < 2; split++)
        expect_refusal((enum tuff_split)split, &options, TUFF_ERROR_FORMAT,
                       "train and test must have the same classes: train has no 'eel'");
}

Test(image_folder, refuses_what_is_empty_or_missing)
{
    const struct tuff_dataset_options options = options_of(3, 4);
    make_parents(scratch_path("set/x"));
    expect_refusal(TUFF_SPLIT_TRAIN, &options, TUFF_ERROR_NOT_FOUND,
                   "expected folders of images (train/CLASS/");
    make_parents(scratch_path("set/train/x"));
    expect_refusal(TUFF_SPLIT_TRAIN, &options, TUFF_ERROR_FORMAT,
                   "expected a folder for each class, found none");
    make_parents(scratch_path("set/train/a/x"));
    expect_refusal(TUFF_SPLIT_TRAIN, &options, TUFF_ERROR_FORMAT,
                   "expected PNG or JPEG files in each class, found none in 'a'");
    store_png("set/train/a/1.png", 4, 4, 1, 1);
    struct tuff_dataset *set = load_well(TUFF_SPLIT_TRAIN, &options); // one split may be enough
    tuff_dataset_destroy(&set);
    expect_refusal(TUFF_SPLIT_TEST, &options, TUFF_ERROR_NOT_FOUND,
                   "expected the folders train and test, found no test");
}

Test(image_folder, names_what_is_broken)
{
    make_set();
    struct tuff_dataset_options options = options_of(3, 4);
    struct tuff_dataset *set;
    make_parents(scratch_path("set/train/cat/x"));
    scratch_write("set/train/cat/3.png", "no image", 8);
    scratch_write("set/train/cat/1.jpg", "\xff\xd8\xff\xe0", 4);
    scratch_write("set/train/cat/0.png", "", 0);
    cr_assert_eq(symlink("nowhere", scratch_path("set/train/cat/4.png")), 0);
    cr_assert_eq(mkfifo(scratch_path("set/train/cat/5.png"), 0600), 0);
    expect_refusal(TUFF_SPLIT_TRAIN, &options, TUFF_ERROR_FORMAT, "5 of 8 images cannot be read; ");
    expect_warning("/set/train/cat/3.png: neither PNG nor JPEG\n");
    expect_warning("/set/train/cat/1.jpg: truncated JPEG\n");
    expect_warning("/set/train/cat/0.png: an empty file\n");
    expect_warning("/set/train/cat/4.png: cannot open: No such file or directory\n");
    expect_warning("/set/train/cat/5.png: no regular file\n");
    cr_assert_eq(access(scratch_path("cache/tuff/images"), F_OK), -1, "what failed was kept");

    options.skip_broken = 1;
    for (int pass = 0; pass < 2; pass++) {
        expect_load(&options, pass == 1);
        expect_warning("/set/train: 5 of 8 images are left out\n");
    }
    // The cache of that does not make them whole.
    options.skip_broken = 0;
    expect_refusal(TUFF_SPLIT_TRAIN, &options, TUFF_ERROR_FORMAT, "5 of 8 images cannot be read; ");
    expect_warning("/set/train/cat/3.png: neither PNG nor JPEG\n");
    // A class of which nothing is left.
    options.skip_broken = 1;
    scratch_write("set/train/ant/a.png", "", 0);
    cr_assert_eq(load(TUFF_SPLIT_TRAIN, &options, &set), TUFF_ERROR_FORMAT);
    cr_assert_not_null(strstr(scratch_error, "found none in 'ant'"), "%s", scratch_error);
    // All of them, without a size.
    scratch_errors = 0;
    make_parents(scratch_path("other/train/a/x"));
    scratch_write("other/train/a/1.png", "", 0);
    scratch_expect(tuff_dataset_load(&test_log, scratch_path("other"), TUFF_SPLIT_TRAIN, NULL, &set),
                   TUFF_ERROR_FORMAT, "1 of 1 images cannot be read");
}

Test(image_folder, names_no_more_than_twenty)
{
    char name[64];
    const struct tuff_dataset_options options = options_of(3, 4);
    make_parents(scratch_path("set/train/a/x"));
    for (int i = 0; i < 33; i++) {
        snprintf(name, sizeof name, "set/train/a/%d.png", i);
        scratch_write(name, "?", 1);
    }
    expect_refusal(TUFF_SPLIT_TRAIN, &options, TUFF_ERROR_FORMAT, "33 of 33 images cannot be read; ");
    expect_warning("/set/train: and 13 more\n");
}

Test(image_folder, follows_links_and_prints_odd_names)
{
    struct tuff_dataset_options options = options_of(3, 4);
    store_png("elsewhere/1.png", 8, 8, 1, 9);
    store_png("set/train/\x1b[31m\xff caf\xc3\xa9\n/ %s \x7f.png", 8, 8, 1, 7);
    cr_assert_eq(symlink("../../elsewhere", scratch_path("set/train/z link")), 0);
    cr_assert_eq(
        symlink("../../../elsewhere/1.png", scratch_path("set/train/\x1b[31m\xff caf\xc3\xa9\n/b.png")), 0);
    store_png("set/train/.hidden/1.png", 8, 8, 1, 8);
    store_png("set/train/z link/.hidden.png", 8, 8, 1, 8);
    scratch_write("set/train/z link/notes\n.txt", "", 0);
    mkdir(scratch_path("set/train/z link/folder.png"), 0700);
    struct tuff_dataset *set = load_well(TUFF_SPLIT_TRAIN, &options);
    cr_assert_eq(set->classes, 2);
    cr_assert_str_eq(set->class_names[0], "\\x1B[31m\\xFF caf\xc3\xa9\\x0A");
    cr_assert_str_eq(set->class_names[1], "z link");
    cr_assert_eq(set->count, 3);
    cr_assert_str_eq(set->sample_names[0], "\\x1B[31m\\xFF caf\xc3\xa9\\x0A/ %s \\x7F.png");
    cr_assert_eq(set->images[48], 9);
    expect_warning(
        "2 files are passed over, neither PNG nor JPEG by their names: z link/folder.png and others\n");
    cr_assert_null(strchr(strchr(warnings, '\n') + 1, '\n'), "expected one line: %s", warnings);
    tuff_dataset_destroy(&set);
    // A loop of links is a class without images, and no loop for us.
    cr_assert_eq(symlink(".", scratch_path("set/train/loop")), 0);
    expect_refusal(TUFF_SPLIT_TRAIN, &options, TUFF_ERROR_FORMAT, "found none in 'loop'");
}

// -- Dividing

static bool has_sample(const struct tuff_dataset *set, const char *name)
{
    for (uint32_t i = 0; i < set->count; i++)
        if (strcmp(set->sample_names[i], name) == 0)
            return true;
    return false;
}

// A disk that is not mounted, say: training with one class fewer would go unnoticed.
Test(image_folder, refuses_a_class_that_leads_nowhere)
{
    store_png("set/train/a/1.png", 4, 4, 1, 1);
    store_png("set/train/b/1.png", 4, 4, 1, 2);
    cr_assert_eq(symlink("nowhere", scratch_path("set/train/c")), 0);
    expect_refusal(TUFF_SPLIT_TRAIN, NULL, TUFF_ERROR_IO, "set/train/c: cannot look at it: No such file");
}

Test(image_folder, divides_a_folder_without_a_test_split)
{
    char name[64];
    struct tuff_dataset *train, *test, *more;
    struct tuff_dataset_options options = options_of(1, 4);
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "set/%s/%d.png", i < 31 ? "a" : i < 38 ? "b" : "c", i);
        store_png(name, 4, 4, 1, (unsigned char)i);
    }
    options.test_fraction = 0.2;
    train = load_well(TUFF_SPLIT_TRAIN, &options);
    test = load_well(TUFF_SPLIT_TEST, &options);
    // 6.2 of 31, 1.4 of 7, and 0.4 of 2, of which one is the least.
    uint32_t counts[3] = {0};
    for (uint32_t i = 0; i < test->count; i++)
        counts[test->labels[i]]++;
    cr_assert_arr_eq(counts, ((const uint32_t[]){6, 1, 1}), sizeof counts);
    cr_assert_eq(train->count + test->count, 40);
    cr_assert(train->classes == 3 && test->classes == 3);
    uint64_t seen = 0; // by what the images hold
    for (uint32_t i = 0; i < train->count; i++)
        seen |= UINT64_C(1) << train->images[i * 16];
    for (uint32_t i = 0; i < test->count; i++) {
        cr_assert_not(has_sample(train, test->sample_names[i]));
        seen |= UINT64_C(1) << test->images[i * 16];
    }
    cr_assert_eq(seen, (UINT64_C(1) << 40) - 1);
    // In a folder train it is the same.
    cr_assert_eq(rename(scratch_path("set"), scratch_path("classes")), 0);
    mkdir(scratch_path("set"), 0700);
    cr_assert_eq(rename(scratch_path("classes"), scratch_path("set/train")), 0);
    more = load_well(TUFF_SPLIT_TEST, &options);
    cr_assert_eq(more->count, test->count);
    for (uint32_t i = 0; i < test->count; i++)
        cr_assert_str_eq(more->sample_names[i], test->sample_names[i]);
    tuff_dataset_destroy(&more);
    // More files: those that were for test stay so, as far as the fraction goes.
    for (int i = 40; i < 44; i++) {
        snprintf(name, sizeof name, "set/train/a/%d.png", i);
        store_png(name, 4, 4, 1, (unsigned char)i);
    }
    more = load_well(TUFF_SPLIT_TEST, &options);
    cr_assert_eq(more->count, 7 + 2);
    tuff_dataset_destroy(&more);
    options.test_fraction = 0.99; // one is left to train on
    more = load_well(TUFF_SPLIT_TRAIN, &options);
    cr_assert_eq(more->count, 3);
    tuff_dataset_destroy(&more);
    tuff_dataset_destroy(&train);
    tuff_dataset_destroy(&test);

    store_png("set/train/d/1.png", 4, 4, 1, 1);
    expect_refusal(TUFF_SPLIT_TEST, &options, TUFF_ERROR_FORMAT, "expected at least 2 images in each class");
    store_png("set/test/d/1.png", 4, 4, 1, 1);
    expect_refusal(TUFF_SPLIT_TEST, &options, TUFF_ERROR_INVALID, "nothing to divide");
    options.test_fraction = 1;
    expect_refusal(TUFF_SPLIT_TEST, &options, TUFF_ERROR_INVALID, "expected a fraction");
}

Test(image_folder, is_found_before_it_is_read)
{
    char path[PATH_MAX];
    struct tuff_dataset_options options = {.size = sizeof options};
    make_set();
    cr_assert_eq(
        tuff_dataset_find(&test_log, scratch_path("set"), TUFF_SPLIT_TEST, &options, path, sizeof path),
        TUFF_OK);
    cr_assert_str_eq(path, scratch_path("set/test"));
    cr_assert_eq(rename(scratch_path("set/test"), scratch_path("set/validation")), 0);
    scratch_expect(
        tuff_dataset_find(&test_log, scratch_path("set"), TUFF_SPLIT_TEST, &options, path, sizeof path),
        TUFF_ERROR_NOT_FOUND, "found no test; --test-fraction 0.2");
    options.test_fraction = 0.5;
    cr_assert_eq(
        tuff_dataset_find(&test_log, scratch_path("set"), TUFF_SPLIT_TEST, &options, path, sizeof path),
        TUFF_OK);
    cr_assert_str_eq(path, scratch_path("set/train"));
    options.test_fraction = 0;
    scratch_expect(
        tuff_dataset_find(&test_log, scratch_path("set/train"), TUFF_SPLIT_TEST, &options, path, sizeof path),
        TUFF_ERROR_NOT_FOUND, "found none for test");
    scratch_expect(tuff_dataset_find(&test_log, "./nowhere", TUFF_SPLIT_TEST, &options, path, sizeof path),
                   TUFF_ERROR_NOT_FOUND, "No such file");
}

// -- Stopping

static int stop(void *user, const struct tuff_dataset_progress *now)
{
    atomic_int *calls = user;
    cr_assert(now->done <= now->total && now->total == 400);
    atomic_fetch_add(calls, 1);
    return 1;
}

Test(image_folder, stops_when_it_is_told_to)
{
    char name[64];
    unsigned char *pixels = make_pixels(512 * 512 * 3, 5);
    struct file_bytes file = make_simple_png(512, 512, 3, pixels);
    make_parents(scratch_path("set/train/a/x"));
    for (int i = 0; i < 400; i++) {
        snprintf(name, sizeof name, "set/train/a/%d.png", i);
        if (i == 0)
            scratch_write("set/train/a/0.png", file.bytes, file.count);
        else
            cr_assert_eq(link(scratch_path("set/train/a/0.png"), scratch_path(name)), 0);
    }
    atomic_int calls = 0;
    struct tuff_dataset_options options = options_of(3, 4);
    options.threads = 1;
    options.progress = stop;
    options.user = &calls;
    struct tuff_dataset *set;
    cr_assert_eq(load(TUFF_SPLIT_TRAIN, &options, &set), TUFF_ERROR_INTERRUPTED);
    cr_assert_eq(calls, 1);
    cr_assert_eq(access(scratch_path("cache/tuff/images"), F_OK), -1, "what was interrupted was kept");
    free(file.bytes);
    free(pixels);
}

// The folder of CIFAR-10 as JPEG files, where TUFF_DATA has its archive; says what it used. It is unpacked
// beside the tests, once; the test images are enough.
Test(image_folder, loads_cifar10_as_jpeg, .timeout = 300)
{
    char archive[PATH_MAX], command[3 * PATH_MAX];
    snprintf(archive, sizeof archive, "%s/cifar10-jpeg.tar.gz", real_folder == NULL ? "" : real_folder);
    if (real_folder == NULL || access(archive, R_OK) != 0) {
        fprintf(stderr, "data: small folders made here (TUFF_DATA has no cifar10-jpeg.tar.gz)\n");
        return;
    }
    // In the build folder, from wherever the test is started.
    if (access(UNPACK_FOLDER "/cifar10-jpeg/whole", F_OK) != 0) {
        snprintf(command, sizeof command,
                 "mkdir -p '" UNPACK_FOLDER "/cifar10-jpeg' && tar -xzf '%s' -C '" UNPACK_FOLDER
                 "/cifar10-jpeg' test && "
                 "touch '" UNPACK_FOLDER "/cifar10-jpeg/whole'",
                 archive);
        cr_assert_eq(system(command), 0);
    }
    fprintf(stderr, "data: CIFAR-10 as JPEG files, from %s\n", archive);
    struct tuff_dataset *set;
    for (int pass = 0; pass < 2; pass++) {
        cr_assert_eq(tuff_dataset_load(&test_log, UNPACK_FOLDER "/cifar10-jpeg", TUFF_SPLIT_TEST, NULL, &set),
                     TUFF_OK, "%s", scratch_error);
        cr_assert_eq(set->count, 10000);
        cr_assert(set->channels == 3 && set->height == 32 && set->width == 32 && set->classes == 10);
        cr_assert_str_eq(set->class_names[0], "airplane");
        cr_assert_str_eq(set->class_names[9], "truck");
        cr_assert_eq(from_cache(), pass == 1);
        // As another decoder has them: computed once with Pillow.
        uLong sum = crc32(0, set->images, 10000 * 3072);
        cr_assert_eq(sum, 0xaeb76712, "found 0x%08lx", sum);
        tuff_dataset_destroy(&set);
    }
}
