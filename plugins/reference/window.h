// Sliding windows along one axis, as convolution and pooling use them: tap t of the window at output position
// o lies at input position
//   i = o*stride + t*dilation - pad
// where the input has `size` positions and anything else is padding.
#ifndef REFERENCE_WINDOW_H
#define REFERENCE_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

struct ref_axis {
    uint32_t stride, dilation;
    uint32_t pad; // before the first input position
};

// Where tap `tap` of window `output` lies, on the input or around it.
static inline int64_t ref_axis_position(struct ref_axis axis, uint32_t output, uint32_t tap)
{
    return (int64_t)output * axis.stride + (int64_t)tap * axis.dilation - axis.pad;
}

// The input position under tap `tap` of window `output`. False: it is padding.
static inline bool ref_axis_input(struct ref_axis axis, uint32_t output, uint32_t tap, uint32_t input_size,
                                  uint32_t *input)
{
    const int64_t i = ref_axis_position(axis, output, tap);
    *input = (uint32_t)i;
    return i >= 0 && i < input_size;
}

// The other way round: the window whose tap `tap` lies on `position`, on the input or around it. False: there
// is none.
static inline bool ref_axis_output(struct ref_axis axis, int64_t position, uint32_t tap, uint32_t output_size,
                                   uint32_t *output)
{
    const int64_t distance = position + axis.pad - (int64_t)tap * axis.dilation;
    *output = (uint32_t)(distance / axis.stride);
    return distance >= 0 && distance % axis.stride == 0 && distance / axis.stride < output_size;
}

#endif
