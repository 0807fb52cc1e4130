// Safetensors files: as such, their texts, and as the parameters of a small model. First a byte: 0: what
// follows is the file; else its header, up to a zero byte, and its data, and the header's length is put
// before it.
#include <string.h>

#include "fuzz.h"
#include "model/safetensors.h"
#include "tuff/checkpoint.h"

enum { MOST = 1 << 16, LENGTH_BYTES = 8, MOST_VALUES = 256 };

static const char model_text[] = "name: small\ninput: [1, 3, 3]\nlayers:\n"
                                 "  - conv2d: {name: c, channels: 2, kernel: 3, bias: false}\n"
                                 "  - batch_norm2d: {name: n}\n"
                                 "  - flatten\n"
                                 "  - linear: {name: f, features: 2}\n";

static void read_file(const char *path)
{
    struct tuff_safetensors *file;
    if (fuzz_succeeded(tuff_safetensors_read(&fuzz_log, path, &file))) {
        for (size_t i = 0; i < file->count; i++) {
            fuzz_read(file->tensors[i].data, file->tensors[i].bytes);
            fuzz_read(file->tensors[i].name, strlen(file->tensors[i].name));
            fuzz_demand(tuff_safetensors_find(file, file->tensors[i].name) == &file->tensors[i],
                        "names are unique");
        }
        for (size_t i = 0; i < file->metadata_count; i++)
            fuzz_read(file->metadata[i].value, strlen(file->metadata[i].value));
    }
    tuff_safetensors_destroy(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tuff_model *model;
    static uint8_t file[MOST + LENGTH_BYTES];
    float values[MOST_VALUES];
    struct fuzz_input input = {data, size};
    bool whole = fuzz_byte(&input) == 0;
    if (model == NULL)
        fuzz_demand(
            tuff_model_parse(&fuzz_log, "small", model_text, sizeof model_text - 1, &model) == TUFF_OK &&
                tuff_model_parameter_elements(model) + tuff_model_buffer_elements(model) <= MOST_VALUES,
            "the fuzzer has a small model");
    if (input.left == 0 || input.left > MOST)
        return -1;
    const uint8_t *zero = memchr(input.next, 0, input.left);
    size_t header = zero == NULL ? input.left : (size_t)(zero - input.next),
           rest = input.left - header - (zero != NULL);
    for (int i = 0; i < LENGTH_BYTES; i++)
        file[i] = (uint8_t)(header >> (8 * i));
    memcpy(file + LENGTH_BYTES, input.next, header);
    memcpy(file + LENGTH_BYTES + header, input.next + input.left - rest, rest);
    const char *path =
        whole ? fuzz_file(input.next, input.left) : fuzz_file(file, LENGTH_BYTES + header + rest);
    read_file(path);
    fuzz_succeeded(tuff_checkpoint_read(&fuzz_log, path, model, values));
    return 0;
}
