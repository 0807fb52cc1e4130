// Folders of images: what names and files do to the list, the classes and their division. Not what is in the
// images: that is for png.c and jpeg.c. A file is a text up to a line feed, "split/CLASS/FILE", and a byte
// that chooses what it is; all of that after four bytes of options.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

enum { MOST_FILES = 12, MOST_NAME = 60 };

// 1 x 1, gray; 2 x 1, in colour.
static const uint8_t gray_png[] = {
    0x89, 'P',  'N',  'G',  '\r', '\n', 0x1a, '\n', 0,    0,    0,    13,  'I',  'H',  'D',  'R',  0,
    0,    0,    1,    0,    0,    0,    1,    8,    0,    0,    0,    0,   0x3a, 0x7e, 0x9b, 0x55, 0,
    0,    0,    10,   'I',  'D',  'A',  'T',  0x78, 0x9c, 0x63, 0x68, 0,   0,    0,    0x82, 0,    0x81,
    0x77, 0xcd, 0x72, 0xb6, 0,    0,    0,    0,    'I',  'E',  'N',  'D', 0xae, 0x42, 0x60, 0x82};

static bool is_safe(const char *name)
{
    return name[0] != '\0' && name[0] != '/' && strstr(name, "..") == NULL && strlen(name) <= MOST_NAME;
}

static void make_file(const char *name, uint8_t what)
{
    char path[MOST_NAME + 8];
    snprintf(path, sizeof path, "set/%s", name);
    switch (what % 4) {
    case 0:
        fuzz_write(path, gray_png, sizeof gray_png);
        break;
    case 1:
        fuzz_write(path, gray_png, sizeof gray_png / 2);
        break;
    case 2:
        fuzz_write(path, "", 0);
        break;
    default:
        if (fuzz_write(path, "", 0) && unlink(fuzz_path(path)) == 0)
            fuzz_demand(symlink("no/where", fuzz_path(path)) == 0, "the fuzzer can make links");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    struct tuff_dataset_options options = {.size = sizeof options, .threads = 1, .no_cache = 1};
    uint8_t how = fuzz_byte(&input);
    options.channels = (how & 1) != 0 ? 3 : 0;
    options.skip_broken = (how & 2) != 0;
    options.height = options.width = fuzz_byte(&input) % 5;
    options.test_fraction = fuzz_byte(&input) / 300.0;
    fuzz_remove("set");
    fuzz_write("set/.keep", "", 0);
    for (int i = 0; i < MOST_FILES && input.left > 0; i++) {
        const char *name = fuzz_text(&input, '\n', 0);
        if (is_safe(name))
            make_file(name, fuzz_byte(&input));
    }
    struct tuff_dataset *dataset;
    for (int split = 0; split < 2; split++) {
        if (fuzz_succeeded(
                tuff_dataset_load(&fuzz_log, fuzz_path("set"), (enum tuff_split)split, &options, &dataset)))
            fuzz_demand_dataset(dataset);
        tuff_dataset_destroy(&dataset);
    }
    return 0;
}
