// Small functions of numbers.
#ifndef TUFF_VULKAN_ARITHMETIC_H
#define TUFF_VULKAN_ARITHMETIC_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t vk_divide_up(uint64_t a, uint64_t b)
{
    return (a + b - 1) / b;
}

static inline uint64_t vk_least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t vk_greatest(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

// FNV-1a, word by word: the hash of nothing, and with so many more words.
#define VK_HASH_BEGIN UINT64_C(0xcbf29ce484222325)

static inline uint64_t vk_hash_words(uint64_t hash, const uint32_t *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        hash = (hash ^ words[i]) * UINT64_C(0x100000001b3);
    return hash;
}

#endif
