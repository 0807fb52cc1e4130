// Augmentation of training images: what is asked for, and the parameters of the op that does it on the device
// (op/augment.h, which says what each change is).
#ifndef TUFF_AUGMENTATION_H
#define TUFF_AUGMENTATION_H

#include "log.h"
#include "op.h"

#ifdef __cplusplus
extern "C" {
#endif

struct tuff_augmentation {
    size_t size;
    double flip_probability;                   // of a horizontal flip, from 0 to 1
    uint32_t crop_y, crop_x;                   // padding of the random crop, in pixels; 0: none
    enum tuff_padding_mode crop_mode;          // zeros, reflect or replicate
    uint32_t translate_y, translate_x;         // greatest translation, in pixels; 0: none
    uint32_t cutout;                           // side of the square, in pixels; 0: none
    double mean[TUFF_MAX_IMAGE_CHANNELS];      // per channel, of pixels from 0 to 1
    double deviation[TUFF_MAX_IMAGE_CHANNELS]; // above 0
};

// Nothing is changed; mean 0 and deviation 1: pixels from 0 to 1.
TUFF_API void tuff_augmentation_default(struct tuff_augmentation *augmentation);

// Reads what a command line says, "flip,crop=4:reflect,translate=2,cutout=8":
//   flip[=P]          flip with probability P, 0.5 without it
//   crop=N[:MODE]     pad by N pixels and crop at random; MODE: zero (the default), reflect or edge
//   translate=N       move by up to N pixels, filling with black
//   cutout=N          cut out a square with a side of N pixels
//   none              nothing; alone
// For crop and translate N may be "YxX", rows and columns. What the text does not name is off. augmentation:
// set before (tuff_augmentation_default); mean and deviation stay. Failure: a word that is unknown (with the
// nearest one), given twice, or with a value that is none; augmentation is then as it was.
TUFF_API TUFF_MUST_CHECK enum tuff_status
tuff_augmentation_parse(const struct tuff_log *log, const char *text, struct tuff_augmentation *augmentation);

// 1 if pictures are changed at all; 0: gather_images does the same.
TUFF_API int tuff_augmentation_is_on(const struct tuff_augmentation *augmentation);

// The parameters of gather_augmented_images for images of height x width. Runs with different seeds see
// different pictures. Failure: a probability outside of [0,1], a mode that a crop does not have, a reach
// beyond the images, a mean or deviation that is none.
TUFF_API TUFF_MUST_CHECK enum tuff_status
tuff_augmentation_params(const struct tuff_log *log, const struct tuff_augmentation *augmentation,
                         uint64_t seed, uint32_t height, uint32_t width,
                         struct tuff_gather_augmented_images_params *params);

// The same normalization for images that are not changed, those of the test set above all. Failure: a mean or
// deviation that is none.
TUFF_API TUFF_MUST_CHECK enum tuff_status
tuff_augmentation_plain_params(const struct tuff_log *log, const struct tuff_augmentation *augmentation,
                               struct tuff_gather_images_params *params);

#ifdef __cplusplus
}
#endif
#endif
