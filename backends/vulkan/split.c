#include "gemm.h"
#include "gemm_push.h"
#include "ops.h"

// Enough workgroups to fill a large GPU, chunks long enough that their sum outweighs the adding-up.
enum { SPLIT_GROUPS = 256, SPLIT_MIN_CHUNK = 256, SPLIT_MAX_COUNT = 128 };

struct vk_split vk_split_sum(const struct tuff_device *device, uint64_t length, uint64_t outputs,
                             uint64_t tiles)
{
    uint64_t least = vk_divide_up(length, vk_product_terms(device));
    uint64_t count = vk_divide_up(SPLIT_GROUPS, tiles);
    uint64_t longest = vk_divide_up(length, SPLIT_MIN_CHUNK);
    uint64_t fitting = VK_SPLIT_MAX_BYTES / (outputs * sizeof(float));
    if (count > longest)
        count = longest;
    if (count > SPLIT_MAX_COUNT)
        count = SPLIT_MAX_COUNT;
    if (count < least)
        count = least;
    if (count > fitting) // then chunks may be longer than the driver allows: rounds.c declines those
        count = fitting;
    if (count < 1)
        count = 1;
    uint64_t chunk = vk_divide_up(vk_divide_up(length, count), 16) * 16;
    count = vk_divide_up(length, chunk);
    return (struct vk_split){
        .chunk = (uint32_t)chunk,
        .count = (uint32_t)count,
        .bytes = count > 1 ? count * outputs * sizeof(float) : 0,
    };
}

// As in the shader.
enum { SPLIT_SUM_WIDTH = 32, SPLIT_SUM_LOCAL_SIZE = 128 };

enum tuff_status vk_sum_partials(struct tuff_stream *stream, const struct tuff_tensor *dweight,
                                 const struct tuff_tensor *dbias, const struct tuff_tensor *partial,
                                 uint32_t rows, uint32_t columns, const struct vk_split *split)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_split_sum,
        .storage_count = 3,
        .written = 3,
        .push_bytes = sizeof(struct vk_split_sum_push),
        .constant_count = 1,
    };
    struct vk_split_sum_push push = {
        .rows = rows, .columns = columns, .splits = split->count, .bias = dbias != NULL};
    struct vk_range sums = vk_range_within(partial, 0, split->bytes);
    return vk_dispatch(stream,
                       &(struct vk_dispatch){
                           .kernel = &kernel,
                           .constants = {VK_LOCAL_SIZE},
                           .storage = {vk_range_of(dweight), vk_range_of(dbias ? dbias : dweight), sums},
                           .push = &push,
                           .groups = vk_divide_up((uint64_t)rows * columns, SPLIT_SUM_WIDTH),
                       });
}
