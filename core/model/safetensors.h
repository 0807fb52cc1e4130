// The safetensors format: an 8-byte little-endian header length, a JSON header, then tensors' bytes.
// https://huggingface.co/docs/safetensors/index#format
#ifndef TUFF_CORE_SAFETENSORS_H
#define TUFF_CORE_SAFETENSORS_H

#include "tuff/checkpoint.h"

struct tuff_safetensor {
    const char *name;
    const char *dtype; // "F32", "U8", "I64", … as the format names them
    uint32_t rank;
    uint64_t dims[8];
    uint64_t bytes;
    const void *data; // little-endian, row-major
};

struct tuff_safetensors {
    size_t count;
    struct tuff_safetensor *tensors; // in the order of their data
    size_t metadata_count;
    struct tuff_metadata *metadata;
    void *storage; // private
};

// Reads and checks a whole file: header within the file, at most 16 MiB, valid JSON, offsets that tile the
// data part exactly, sizes that match shape and type. Failure: one line that names the file and what is
// wrong.
TUFF_MUST_CHECK enum tuff_status tuff_safetensors_read(const struct tuff_log *log, const char *path,
                                                       struct tuff_safetensors **file);
void tuff_safetensors_destroy(struct tuff_safetensors **file); // NULL-safe, nulls

const struct tuff_safetensor *tuff_safetensors_find(const struct tuff_safetensors *file, const char *name);

// Writes to "path.tmp.<pid>" in the same folder, fsync, rename, fsync of the folder. On failure nothing is
// left behind and what stood at `path` before still does.
TUFF_MUST_CHECK enum tuff_status tuff_safetensors_write(const struct tuff_log *log, const char *path,
                                                        const struct tuff_safetensor *tensors, size_t count,
                                                        const struct tuff_metadata *metadata,
                                                        size_t metadata_count);

#endif
