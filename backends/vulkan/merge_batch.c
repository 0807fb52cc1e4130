// step_advance, gather_images and gather_labels in one dispatch.
#include "batch_push.h"
#include "gemm.h"
#include "ops.h"

#include <stddef.h>

enum {
    QUAD = 4,    // pixels that an invocation gathers at a time
    CPU_RUN = 8, // times, on a driver that computes on the CPU; elsewhere once
};

// The shader counts its workgroups there.
_Static_assert(offsetof(struct tuff_step_state, reserved) == 6 * sizeof(uint32_t),
               "COUNTER of gather_batch.comp");

static const struct vk_kernel kernel = {
    .shader = VK_SHADER_gather_batch,
    .storage_count = 4,
    .written = 1 | 4 | 8,
    .push_bytes = sizeof(struct vk_batch_push),
    .constant_count = 1,
};

void vk_merge_batch(const struct tuff_device *device, struct vk_program *program)
{
    const uint32_t first = vk_program_find(program, TUFF_OP_STEP_ADVANCE, 0);
    if (first + 2 >= program->count || program->calls[first + 1]->op != TUFF_OP_GATHER_IMAGES ||
        program->calls[first + 2]->op != TUFF_OP_GATHER_LABELS)
        return;
    const struct tuff_step_advance_args *advance = (const void *)&program->calls[first]->args;
    const struct tuff_gather_images_args *images = (const void *)&program->calls[first + 1]->args;
    const struct tuff_gather_labels_args *labels = (const void *)&program->calls[first + 2]->args;
    const struct tuff_tensor *x = images->x;
    struct vk_span records = {0};
    // Four pixels are one word of the set, of one channel.
    if (!vk_same_place(advance->state, images->state) || !vk_same_place(advance->state, labels->state) ||
        !vk_span_add(&records, advance->state) || !vk_span_add(&records, advance->rows) ||
        !vk_span_add(&records, images->index) || !vk_span_add(&records, labels->index) ||
        !vk_span_add(&records, labels->set_labels) || !vk_span_fits(&records, device) ||
        x->dims[2] * x->dims[3] % QUAD != 0 ||
        tuff_tensor_bytes(images->images) > device->physical->limits.range_bytes)
        return;
    const float *scale = images->params->scale, *shift = images->params->shift;
    const uint32_t sample_words = x->dims[1] * x->dims[2] * x->dims[3] / QUAD;
    const uint32_t strands = vk_on_cpu(device) ? (uint32_t)vk_divide_up(sample_words, CPU_RUN) : sample_words;
    const struct vk_batch_push push = {
        .state = vk_span_word(&records, advance->state),
        .rows = vk_span_word(&records, advance->rows),
        .index = vk_span_word(&records, labels->index),
        .slots = vk_span_word(&records, images->index),
        .set_labels = vk_span_word(&records, labels->set_labels),
        .batch = x->dims[0],
        .plane_words = x->dims[2] * x->dims[3] / QUAD,
        .sample_words = sample_words,
        .strands = strands,
        .groups = (uint32_t)vk_element_groups((uint64_t)x->dims[0] * strands),
        .scale0 = scale[0],
        .scale1 = scale[1],
        .scale2 = scale[2],
        .scale3 = scale[3],
        .shift0 = shift[0],
        .shift1 = shift[1],
        .shift2 = shift[2],
        .shift3 = shift[3],
    };
    vk_program_merge(program,
                     &(struct vk_merger){
                         .dispatch = {.kernel = &kernel,
                                      .constants = {VK_LOCAL_SIZE},
                                      .storage = {vk_span_range(&records, false), vk_range_of(images->images),
                                                  vk_range_of(x), vk_range_of(labels->labels)},
                                      .push = &push,
                                      .groups = push.groups},
                         .members = {first, first + 1, first + 2},
                         .count = 3,
                         .at = first,
                     });
}
