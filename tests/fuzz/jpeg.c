// JPEG files. First a byte: bit 0: to gray. Then two numbers: the height and width that the image is scaled
// to.
#include "fuzz_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    uint32_t channels = (fuzz_byte(&input) & 1) != 0 ? 1 : 3;
    uint32_t height = 1 + fuzz_number(&input) % FUZZ_MOST_SIDE,
             width = 1 + fuzz_number(&input) % FUZZ_MOST_SIDE;
    if (input.left == 0)
        return -1;
    fuzz_image(input.next, input.left, channels, height, width);
    return 0;
}
