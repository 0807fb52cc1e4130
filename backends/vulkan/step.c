// step_advance, metrics_record
#include "ops.h"

enum tuff_status vk_step_advance(struct tuff_stream *stream, const struct tuff_step_advance_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_step_advance,
        .storage_count = 2,
        .written = 1,
        .constant_count = 1,
    };
    return vk_dispatch(stream, &(struct vk_dispatch){
                                   .kernel = &kernel,
                                   .constants = {1},
                                   .storage = {vk_range_of(args->state), vk_range_of(args->rows)},
                                   .groups = 1,
                               });
}

// The shader's tree of sums is this wide.
enum { METRICS_LOCAL_SIZE = 64 };

enum tuff_status vk_metrics_record(struct tuff_stream *stream, const struct tuff_metrics_record_args *args)
{
    static const struct vk_kernel kernel = {
        .shader = VK_SHADER_metrics_record,
        .storage_count = 3,
        .written = 1,
        .uniform = true,
        .push_bytes = sizeof(struct vk_softmax_push),
        .constant_count = 1,
    };
    struct vk_softmax_push push = {.batch = args->loss->dims[0]};
    return vk_dispatch(stream, &(struct vk_dispatch){
                                   .kernel = &kernel,
                                   .constants = {METRICS_LOCAL_SIZE},
                                   .storage = {vk_range_of(args->metrics), vk_range_of(args->loss),
                                               vk_range_of(args->correct)},
                                   .uniform = vk_uniform_of(args->state),
                                   .push = &push,
                                   .groups = 1,
                               });
}
