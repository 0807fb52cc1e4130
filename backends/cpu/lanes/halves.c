// Half a block, eight samples, from the batch in the lanes to image behind image, and back.
#include "half.h"
#include "kernels.h"

// Copies rows [begin, end) of all eight images, `to_images` or from them. Of both sides eight elements at a
// time are taken: in an image they lie side by side, in x they are eight places of eight lanes each.
LANES_INLINE void copy_rows(const struct lanes_half *h, float *x, float *images, const int to_images,
                            ptrdiff_t begin, ptrdiff_t end)
{
    const ptrdiff_t channels = h->channels, plane = h->height * h->width * LANES_BLOCK;
    const ptrdiff_t count = h->width * channels;
    for (ptrdiff_t row = begin; row < end; row++) {
        float *in = x + row * h->width * LANES_BLOCK;
        float *out = images + ((row + h->pad_top) * h->padded_width + h->pad_left) * channels;
        ptrdiff_t column = 0, channel = 0, done = 0;
        for (; done + LANES_HALF <= count; done += LANES_HALF) {
            float *place[LANES_HALF], *sample[LANES_HALF];
            LANES_UNROLL
            for (int i = 0; i < LANES_HALF; i++) {
                place[i] = in + channel * plane + column * LANES_BLOCK;
                sample[i] = out + i * h->image + done;
                if (++channel == channels) {
                    channel = 0;
                    column++;
                }
            }
            if (to_images)
                half_transpose((const float *const *)place, sample);
            else
                half_transpose((const float *const *)sample, place);
        }
        for (; done < count; done++) {
            float *place = in + channel * plane + column * LANES_BLOCK;
            for (ptrdiff_t i = 0; i < LANES_HALF; i++) {
                if (to_images)
                    out[i * h->image + done] = place[i];
                else
                    place[i] = out[i * h->image + done];
            }
            if (++channel == channels) {
                channel = 0;
                column++;
            }
        }
    }
}

void LANES_FN(gather_half)(const float *x, const struct lanes_half *h, float *images)
{
    const ptrdiff_t inside = h->padded_height * h->padded_width * h->channels;
    const int padded = h->padded_height > h->height || h->padded_width > h->width;
    for (ptrdiff_t i = 0; i < LANES_HALF; i++) {
        const ptrdiff_t from = padded ? 0 : inside;
        memset(images + i * h->image + from, 0, (size_t)(h->image - from) * sizeof *images);
    }
    copy_rows(h, (float *)(uintptr_t)x, images, 1, 0, h->height);
}

void LANES_FN(scatter_half)(const float *images, const struct lanes_half *h, ptrdiff_t row_begin,
                            ptrdiff_t row_end, float *x)
{
    copy_rows(h, x, (float *)(uintptr_t)images, 0, row_begin, row_end);
}
