#include "tuff/statistics.h"

#include <math.h>

// As many bytes as have a sum of squares below 2^32.
enum { CHUNK = 65536, LARGEST = 255 };

_Static_assert((uint64_t)CHUNK *LARGEST *LARGEST <= UINT32_MAX, "a chunk's sum of squares");

// Adds up `count` bytes and their squares.
static void add_bytes(const uint8_t *bytes, uint64_t count, uint64_t *sum, uint64_t *squares)
{
    for (uint64_t begin = 0; begin < count; begin += CHUNK) {
        const uint64_t end = count - begin < CHUNK ? count : begin + CHUNK;
        uint32_t chunk_sum = 0, chunk_squares = 0;
        for (uint64_t i = begin; i < end; i++) {
            chunk_sum += bytes[i];
            chunk_squares += (uint32_t)bytes[i] * bytes[i];
        }
        *sum += chunk_sum;
        *squares += chunk_squares;
    }
}

void tuff_dataset_statistics(const struct tuff_dataset *dataset, double *mean, double *deviation)
{
    const uint64_t plane = (uint64_t)dataset->height * dataset->width, pixels = plane * dataset->count;
    for (uint32_t c = 0; c < dataset->channels; c++) {
        uint64_t sum = 0, squares = 0;
        for (uint64_t n = 0; n < dataset->count; n++)
            add_bytes(dataset->images + (n * dataset->channels + c) * plane, plane, &sum, &squares);
        // Squares of the distances from a whole number near the mean, still exact: nothing is left to cancel
        // then.
        const uint64_t centre = sum / pixels, rest = sum % pixels;
        const uint64_t spread = squares + centre * centre * pixels - 2 * centre * sum;
        const double offset = (double)rest / (double)pixels;
        mean[c] = ((double)centre + offset) / LARGEST;
        deviation[c] = sqrt(fmax((double)spread / (double)pixels - offset * offset, 0)) / LARGEST;
    }
}
