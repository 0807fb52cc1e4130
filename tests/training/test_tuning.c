// The Vulkan backend's tiles of matrix products: whichever are taken, results are the same bits; what was
// timed is kept on disk, and a file that is not right is not used.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "fixture.h"
#include "scratch.h"

enum { SAMPLES = 13, BATCH = 7, TILES = 23 }; // TILES: as many as the backend's table has, at least

// Too many channels for the direct kernels, no size a multiple of a tile, a stride, a padding, groups and a
// column for the bias. Both convolutions can do with the same pipelines, which take long to make.
static const char products[] = "name: products\ninput: [1, 28, 28]\nlayers:\n"
                               "  - conv2d: {channels: 34, kernel: 3, stride: 2, padding: 1}\n"
                               "  - relu\n"
                               "  - conv2d: {channels: 36, kernel: 3, stride: 2, padding: 1, groups: 2}\n"
                               "  - flatten\n"
                               "  - linear: {features: 10}\n";
// Two products: forward, and the gradient of weights.
static const char small[] = "name: small\ninput: [1, 28, 28]\nlayers:\n"
                            "  - flatten\n"
                            "  - linear: {features: 10}\n";
enum { SMALL_PRODUCTS = 2 };

struct outcome {
    float *parameters, *gradients;
    size_t count;
    struct tuning_log tuning;
};

static struct outcome train(const char *model, enum tuff_precision precision, const struct tuff_dataset *set)
{
    struct outcome outcome = {.count = 0};
    struct fixture fixture;
    struct tuff_trainer_options options;
    struct tuff_metrics metrics;
    fixture_open(&fixture, "vulkan", 0);
    load_model(&fixture, model);
    tuff_trainer_options_default(&options);
    options.batch_size = BATCH;
    options.seed = 11;
    options.precision = (uint32_t)precision;
    struct tuff_trainer *trainer = make_trainer(&fixture, set, NULL, &options);
    cr_assert_eq(tuff_trainer_steps(trainer, 0, 0, NULL, &metrics, NULL), TUFF_OK, "%s", last_error());
    outcome.parameters = read_parameters(&fixture, trainer, &outcome.count);
    outcome.gradients = read_gradients(&fixture, trainer);
    tuff_trainer_destroy(&trainer);
    fixture_close(&fixture);
    outcome.tuning = last_tuning();
    return outcome;
}

static void expect_same_bits(const struct outcome *a, const struct outcome *b, const char *what)
{
    cr_assert_eq(a->count, b->count);
    cr_expect(memcmp(a->gradients, b->gradients, a->count * sizeof *a->gradients) == 0,
              "%s: gradients differ", what);
    cr_expect(memcmp(a->parameters, b->parameters, a->count * sizeof *a->parameters) == 0,
              "%s: parameters differ", what);
}

static void free_outcome(struct outcome *outcome)
{
    free(outcome->parameters);
    free(outcome->gradients);
}

// Trains in that tile and compares with `table`.
static void expect_bits_in_tile(uint32_t tile, enum tuff_precision precision, const struct tuff_dataset *set,
                                const struct outcome *table)
{
    char number[16], what[32];
    snprintf(number, sizeof number, "%u", tile);
    snprintf(what, sizeof what, "tile %u, precision %u", tile, (unsigned)precision);
    setenv("TUFF_VULKAN_TILE", number, 1);
    struct outcome other = train(products, precision, set);
    cr_expect_gt(other.tuning.forced, 0, "%s: no product was made in it", what);
    cr_expect_leq(other.tuning.offered, TILES, "%u tiles, of which %u are tried", other.tuning.offered,
                  TILES);
    expect_same_bits(&other, table, what);
    free_outcome(&other);
    unsetenv("TUFF_VULKAN_TILE");
}

Test(tiles, each_gives_the_same_bits)
{
    setenv("TUFF_VULKAN_FUSION", "0", 1); // the linear layer as products of its own
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    struct outcome table = train(products, TUFF_PRECISION_FLOAT32, digits);
    for (uint32_t tile = 0; tile < TILES; tile++)
        expect_bits_in_tile(tile, TUFF_PRECISION_FLOAT32, digits, &table);
    free_outcome(&table);
    // Of float16 the shaders differ in how they load and store alone.
    table = train(products, TUFF_PRECISION_MIXED, digits);
    for (uint32_t tile = 3; tile < TILES; tile += 8)
        expect_bits_in_tile(tile, TUFF_PRECISION_MIXED, digits, &table);
    free_outcome(&table);
    tuff_dataset_destroy(&digits);
}

// The one file of tiles below the scratch folder.
static const char *tile_file(void)
{
    static char path[2 * PATH_MAX];
    DIR *folder = opendir(scratch_path("tuff"));
    cr_assert_not_null(folder, "nothing was written");
    path[0] = '\0';
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (strstr(entry->d_name, ".tiles"))
            snprintf(path, sizeof path, "%s/tuff/%s", scratch_folder, entry->d_name);
    closedir(folder);
    cr_assert_str_not_empty(path, "no tiles were written");
    return path;
}

// Of the file: a header of 64 bytes, whose checksum is of the entries behind it; an entry is a number of 8
// bytes and a tile, which begins with its rows.
enum { HEADER_BYTES = 64, VENDOR_AT = 12, CHECKSUM_AT = 56, ENTRY_BYTES = 40, ROWS_AT = 8 };

static uint32_t checksum(const unsigned char *bytes, size_t count)
{
    uint32_t sum = UINT32_MAX;
    for (size_t i = 0; i < count; i++) {
        sum ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            sum = (sum >> 1) ^ (UINT32_C(0xedb88320) & (0u - (sum & 1u)));
    }
    return ~sum;
}

static void write_file(const char *path, const unsigned char *bytes, size_t count)
{
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, count, file), count);
    cr_assert_eq(fclose(file), 0);
}

// What can be wrong with a file. Returns how much of it is left.
static size_t shorten(unsigned char *bytes, size_t count)
{
    (void)bytes;
    return count - 1;
}
static size_t cut_header(unsigned char *bytes, size_t count)
{
    (void)bytes, (void)count;
    return HEADER_BYTES / 2;
}
static size_t damage(unsigned char *bytes, size_t count)
{
    bytes[HEADER_BYTES + ROWS_AT] ^= 1;
    return count;
}
static size_t rename_vendor(unsigned char *bytes, size_t count)
{
    bytes[VENDOR_AT] ^= 1;
    return count;
}
static size_t invent_tiles(unsigned char *bytes, size_t count)
{
    for (size_t at = HEADER_BYTES; at < count; at += ENTRY_BYTES)
        memset(bytes + at + ROWS_AT, 0xff, ENTRY_BYTES - ROWS_AT);
    const uint32_t sum = checksum(bytes + HEADER_BYTES, count - HEADER_BYTES);
    memcpy(bytes + CHECKSUM_AT, &sum, sizeof sum);
    return count;
}

Test(tiles, are_timed_once)
{
    scratch_begin();
    setenv("TUFF_VULKAN_FUSION", "0", 1);
    setenv("XDG_CACHE_HOME", scratch_folder, 1);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    setenv("TUFF_VULKAN_TUNE", "0", 1);
    struct outcome off = train(small, TUFF_PRECISION_FLOAT32, digits);
    cr_expect_eq(off.tuning.timed, 0);
    setenv("TUFF_VULKAN_TUNE", "1", 1);
    struct outcome first = train(small, TUFF_PRECISION_FLOAT32, digits);
    cr_expect_eq(first.tuning.known, 0);
    cr_expect_eq(first.tuning.timed, SMALL_PRODUCTS, "%u products timed", first.tuning.timed);
    expect_same_bits(&first, &off, "timed");
    struct outcome again = train(small, TUFF_PRECISION_FLOAT32, digits);
    cr_expect_eq(again.tuning.known, SMALL_PRODUCTS);
    cr_expect_eq(again.tuning.timed, 0, "%u products timed again", again.tuning.timed);
    cr_expect_eq(again.tuning.refused, 0);
    expect_same_bits(&again, &off, "known");

    const struct {
        const char *what;
        size_t (*spoil)(unsigned char *bytes, size_t count);
        uint32_t refused;
    } spoilt[] = {
        {"a byte is missing", shorten, 1},
        {"the header is cut", cut_header, 1},
        {"a byte differs", damage, 1},
        {"another vendor's", rename_vendor, 1},
        {"tiles that are none", invent_tiles, SMALL_PRODUCTS},
    };
    for (size_t i = 0; i < sizeof spoilt / sizeof *spoilt; i++) {
        size_t count;
        const char *path = tile_file();
        unsigned char *bytes = scratch_read(path, &count);
        cr_assert_eq(count, HEADER_BYTES + SMALL_PRODUCTS * ENTRY_BYTES);
        write_file(path, bytes, spoilt[i].spoil(bytes, count));
        free(bytes);
        struct outcome anew = train(small, TUFF_PRECISION_FLOAT32, digits);
        cr_expect_eq(anew.tuning.refused, spoilt[i].refused, "%s: refused %u times", spoilt[i].what,
                     anew.tuning.refused);
        cr_expect_eq(anew.tuning.timed, SMALL_PRODUCTS, "%s: %u products timed", spoilt[i].what,
                     anew.tuning.timed);
        expect_same_bits(&anew, &off, spoilt[i].what);
        free_outcome(&anew);
    }
    free_outcome(&off);
    free_outcome(&first);
    free_outcome(&again);
    tuff_dataset_destroy(&digits);
    scratch_end();
}

// As a process of this one's number does that shares the folder from another container. *path: the file.
static void begin_writing(char path[static 3 * PATH_MAX])
{
    snprintf(path, 3 * PATH_MAX, "%s.%ld", tile_file(), (long)getpid());
    write_file(path, (const unsigned char *)"part", 4);
}

Test(tiles, are_timed_at_a_later_start_where_time_runs_out)
{
    scratch_begin();
    setenv("TUFF_VULKAN_FUSION", "0", 1);
    setenv("XDG_CACHE_HOME", scratch_folder, 1);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    struct outcome off = train(small, TUFF_PRECISION_FLOAT32, digits);
    setenv("TUFF_VULKAN_TUNE", "1", 1);
    char foreign[3 * PATH_MAX];
    setenv("TUFF_VULKAN_TUNE_MS", "1", 1); // no product can do with that: each start is done with one
    for (uint32_t start = 0; start <= SMALL_PRODUCTS; start++) {
        struct outcome outcome = train(small, TUFF_PRECISION_FLOAT32, digits);
        cr_expect_eq(outcome.tuning.known, start, "start %u: %u products known", start, outcome.tuning.known);
        cr_expect_eq(outcome.tuning.timed, start < SMALL_PRODUCTS, "start %u: %u products timed", start,
                     outcome.tuning.timed);
        expect_same_bits(&outcome, &off, "timed in part");
        free_outcome(&outcome);
        if (start == 0)
            begin_writing(foreign);
    }
    cr_expect_eq(access(foreign, F_OK), 0, "another container's file was taken away");
    free_outcome(&off);
    tuff_dataset_destroy(&digits);
    scratch_end();
}
