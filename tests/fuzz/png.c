// PNG files. First a byte: bit 0: the chunks' checksums are put right before; bit 1: to gray. Then two
// numbers: the height and width that the image is scaled to.
#include <zlib.h>

#include "fuzz_image.h"

enum { MOST = 1 << 16, SIGNATURE_BYTES = 8, AROUND = 12 };

static uint32_t big_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

// A chunk: the length of its data, its type, the data, and a checksum of type and data.
static void mend_chunks(uint8_t *png, size_t count)
{
    for (size_t at = SIGNATURE_BYTES; at + AROUND <= count;) {
        uint32_t length = big_endian(png + at);
        if (length > count - at - AROUND)
            return;
        uint32_t sum = (uint32_t)crc32_z(0, png + at + 4, (z_size_t)length + 4);
        for (size_t i = 0; i < 4; i++)
            png[at + 8 + length + i] = (uint8_t)(sum >> (24 - 8 * i));
        at += AROUND + (size_t)length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t png[MOST];
    struct fuzz_input input = {data, size};
    uint8_t how = fuzz_byte(&input);
    uint32_t height = 1 + fuzz_number(&input) % FUZZ_MOST_SIDE,
             width = 1 + fuzz_number(&input) % FUZZ_MOST_SIDE;
    if (input.left == 0 || input.left > MOST)
        return -1;
    memcpy(png, input.next, input.left);
    if ((how & 1) != 0)
        mend_chunks(png, input.left);
    fuzz_image(png, input.left, (how & 2) != 0 ? 1 : 3, height, width);
    return 0;
}
