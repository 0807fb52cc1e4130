// IDX files, plain and gzip. First byte: 0: what follows is the file; else its content, which is packed
// before.
#include <stdlib.h>

#include "data/idx.h"
#include "fuzz.h"

enum { CLASSES = 10 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    bool packed = fuzz_byte(&input) != 0;
    size_t count = input.left;
    const uint8_t *bytes = packed ? fuzz_pack(input.next, input.left, &count) : input.next;
    const char *path = fuzz_file(bytes, count);
    struct tuff_idx_images images;
    if (fuzz_succeeded(tuff_idx_read_images(&fuzz_log, path, &images)))
        fuzz_read(images.pixels, (size_t)images.count * images.height * images.width);
    free(images.pixels);
    uint32_t label_count, *labels;
    if (fuzz_succeeded(tuff_idx_read_labels(&fuzz_log, path, CLASSES, &label_count, &labels)))
        for (uint32_t i = 0; i < label_count; i++)
            fuzz_demand(labels[i] < CLASSES, "labels are below the classes");
    free(labels);
    return 0;
}
