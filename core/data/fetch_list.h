// What is fetched for each set that has a name, and whence.
#ifndef TUFF_CORE_FETCH_LIST_H
#define TUFF_CORE_FETCH_LIST_H

#include <stddef.h>
#include <stdint.h>

struct tuff_fetch_file {
    const char *name;
    uint64_t bytes;
    const char *sha256; // of the file as it is downloaded, in lower-case hexadecimal digits
    // Of what the file holds unpacked, for files of which there are packings of several kinds: one that
    // unpacks to this is right as well. NULL: none.
    const char *content_sha256;
    uint64_t content_bytes;
};

struct tuff_fetch_set {
    const char *const *mirrors; // URLs of folders, in the order in which they are tried
    size_t mirror_count;
    const struct tuff_fetch_file *files;
    size_t file_count;
};

extern const struct tuff_fetch_set tuff_fetch_mnist, tuff_fetch_fashion_mnist, tuff_fetch_kmnist,
    tuff_fetch_cifar10, tuff_fetch_cifar100;

#endif
