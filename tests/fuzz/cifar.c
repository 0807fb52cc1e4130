// CIFAR's binary files and its tar archives. The first byte says how the rest is taken, see below.
#include <stdio.h>
#include <string.h>

#include "fuzz.h"

enum {
    KIND_RECORDS = 0, // names of classes up to a zero, then a byte for each record: its label
    KIND_BATCH = 1,   // a batch as it is
    KIND_ARCHIVE = 2, // an archive as it is, plain or gzip
    KIND_TAR = 3,     // a tar archive that gets right checksums
    KINDS = 4,
    HUNDRED = 4, // bits of the first byte: CIFAR-100; test; the tar archive is packed
    TEST = 8,
    PACKED = 16,
    IMAGE_BYTES = 3072,
    MOST_RECORDS = 8,
    TAR_MOST = 1 << 16,
    BLOCK = 512,
    SIZE = 124, // fields of a tar header
    SUM = 148,
    SUM_BYTES = 8,
};

static const char *in_set(const char *name)
{
    static char path[64];
    snprintf(path, sizeof path, "set/%s", name);
    return path;
}

static void write_records(struct fuzz_input *input, const char *batch, const char *meta, size_t label_bytes)
{
    static uint8_t records[MOST_RECORDS * (2 + IMAGE_BYTES)];
    size_t used = 0;
    const char *names = fuzz_text(input, '\0', 0);
    if (names[0] != '\0')
        fuzz_write(in_set(meta), names, strlen(names));
    for (int i = 0; i < MOST_RECORDS && input->left > 0; i++) {
        memset(records + used, i, label_bytes + IMAGE_BYTES);
        records[used + label_bytes - 1] = fuzz_byte(input);
        used += label_bytes + IMAGE_BYTES;
    }
    fuzz_write(in_set(batch), records, used);
}

// Puts right checksums into the headers of an archive.
static void mend_tar(uint8_t *tar, size_t bytes)
{
    for (size_t at = 0; at + BLOCK <= bytes;) {
        unsigned sum = 0;
        unsigned long long content = 0;
        memset(tar + at + SUM, ' ', SUM_BYTES);
        for (size_t i = 0; i < BLOCK; i++)
            sum += tar[at + i];
        if (sum != SUM_BYTES * ' ')
            snprintf((char *)tar + at + SUM, SUM_BYTES, "%06o", sum);
        else
            memset(tar + at + SUM, 0, SUM_BYTES);
        for (size_t i = SIZE; i < SIZE + 12 && tar[at + i] >= '0' && tar[at + i] <= '7'; i++)
            content = content * 8 + (unsigned)(tar[at + i] - '0');
        if (content > bytes)
            break;
        at += BLOCK + ((size_t)content + BLOCK - 1) / BLOCK * BLOCK;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t tar[TAR_MOST];
    struct fuzz_input input = {data, size};
    uint8_t how = fuzz_byte(&input);
    bool hundred = (how & HUNDRED) != 0, test = (how & TEST) != 0;
    const char *batch = hundred ? test ? "test.bin" : "train.bin"
                        : test  ? "test_batch.bin"
                                : "data_batch_1.bin";
    const char *archive = hundred ? "cifar-100-binary.tar.gz" : "cifar-10-binary.tar.gz";
    size_t count = input.left < TAR_MOST ? input.left : TAR_MOST;
    fuzz_remove("set");
    switch (how % KINDS) {
    case KIND_RECORDS:
        write_records(&input, batch, hundred ? "fine_label_names.txt" : "batches.meta.txt", hundred ? 2 : 1);
        break;
    case KIND_BATCH:
        fuzz_write(in_set(batch), input.next, input.left);
        break;
    case KIND_ARCHIVE:
        fuzz_write(in_set(archive), input.next, input.left);
        break;
    default:
        memcpy(tar, input.next, count);
        mend_tar(tar, count);
        if ((how & PACKED) != 0)
            fuzz_write(in_set(archive), fuzz_pack(tar, count, &count), count);
        else
            fuzz_write(in_set(archive), tar, count);
    }
    struct tuff_dataset *dataset;
    if (fuzz_succeeded(tuff_dataset_load(&fuzz_log, fuzz_path("set"),
                                         test ? TUFF_SPLIT_TEST : TUFF_SPLIT_TRAIN, NULL, &dataset)))
        fuzz_demand_dataset(dataset);
    tuff_dataset_destroy(&dataset);
    return 0;
}
