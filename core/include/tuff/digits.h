// Digits that the program draws itself: a data set where there is none.
#ifndef TUFF_DIGITS_H
#define TUFF_DIGITS_H

#include <stdint.h>

#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { TUFF_DIGITS_SIZE = 28, TUFF_DIGITS_CLASSES = 10 };

// Draws sample number `index` of the endless set that `seed` names: strokes of a digit's skeleton under a random
// affine and elastic distortion, of random thickness, with noise. Philox and integer or exactly rounded arithmetic
// only, so the same bytes on every machine. Classes come in a random order, each about as often as the others.
// image: 28 x 28, 0 background to 255 ink. label: 0 to 9.
TUFF_API void tuff_digits_draw(uint64_t seed, uint64_t index, uint8_t *image, uint32_t *label);

#ifdef __cplusplus
}
#endif
#endif
