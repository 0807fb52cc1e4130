// Random sizes and random data, from Philox: the same seed draws the same on every machine.
#ifndef TUFF_CONFORMANCE_DRAW_H
#define TUFF_CONFORMANCE_DRAW_H

#include <stddef.h>
#include <stdint.h>

// A sequence of draws.
struct draw {
    uint64_t seed;
    uint32_t stream; // sequences with different streams are independent; below DRAW_DATA
    uint64_t next;
};

enum { DRAW_DATA = 1 << 16 }; // streams from here on are the data of tensors

uint32_t draw_between(struct draw *draw, uint32_t low, uint32_t high); // both included
uint32_t draw_one_of(struct draw *draw, const uint32_t *choices, size_t count);
// A batch size: often one at the edges of 16 lanes.
uint32_t draw_batch(struct draw *draw);

// Random bytes, `count` of them; `stream` says which sequence.
void draw_bytes(uint64_t seed, uint32_t stream, uint8_t *bytes, uint64_t count);
// Random words.
void draw_words(uint64_t seed, uint32_t stream, uint32_t *words, uint64_t count);
// Floats of either sign with magnitudes in [0.25, 1): no single term of a sum is small enough to go missing
// unseen.
void draw_signed(uint64_t seed, uint32_t stream, float *values, uint64_t count);
// Uniform in [low, high].
void draw_uniform(uint64_t seed, uint32_t stream, float low, float high, float *values, uint64_t count);
// Integers below `bound`.
void draw_below(uint64_t seed, uint32_t stream, uint32_t bound, uint32_t *values, uint64_t count);

#endif
