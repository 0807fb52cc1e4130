// The calls of a capture, held back while they are of kinds that the backend can do several of in one kernel.
// When a call of another kind comes, or the capture ends, those are looked for (merge_*.c), by what the calls
// read and write and by their shapes, never by a model's name. What is found becomes one dispatch; the rest
// is recorded call by call. Results agree with the calls' own within the tolerances that hold between
// backends. TUFF_VULKAN_FUSION=0: nothing is held back.
#ifndef TUFF_VULKAN_PROGRAM_H
#define TUFF_VULKAN_PROGRAM_H

#include "recording.h"
#include "tuff/op.h"

enum {
    VK_PROGRAM_PARAMS_BYTES = 128, // of any held op's parameters
    VK_MAX_MERGERS = 16,
    VK_MAX_MEMBERS = VK_MAX_SERVED,
    VK_NO_MERGER = UINT32_MAX,
};

struct vk_call {
    enum tuff_op op;
    uint32_t merger;          // that does it; VK_NO_MERGER
    uint32_t number;          // of the host's calls in the capture
    struct tuff_op_args args; // points into this struct
    struct tuff_tensor tensors[TUFF_OP_MAX_TENSORS];
    struct tuff_tensor workspace;
    _Alignas(16) uint8_t params[VK_PROGRAM_PARAMS_BYTES];
};

// Several calls that one dispatch does.
struct vk_merger {
    struct vk_dispatch dispatch; // once it is added, its push points to the copy below
    uint8_t push[VK_MAX_PUSH];
    uint32_t members[VK_MAX_MEMBERS]; // calls
    uint32_t count;
    uint32_t at; // the member in whose place it is recorded
    // What it leaves is for the merger added after it alone: neither is without the other. That one may have
    // no members, and is recorded right behind it then.
    bool with_next;
};

struct vk_program {
    struct vk_call **calls; // each where it was made, since its args point into it
    uint32_t count, capacity;
    struct vk_merger mergers[VK_MAX_MERGERS];
    uint32_t merger_count;
    bool recording; // what was held back is being recorded
};

// Records what is held back, if anything is.
TUFF_MUST_CHECK enum tuff_status vk_program_flush(struct tuff_stream *stream);
void vk_program_forget(struct vk_program *program); // drops it instead
void vk_program_destroy(struct vk_program *program);

// The first call of this kind from `from` on that no merger does; program->count if there is none.
uint32_t vk_program_find(const struct vk_program *program, enum tuff_op op, uint32_t from);

// Adds a call to the merger's members.
void vk_merger_add(struct vk_merger *merger, uint32_t call);

// Adds a merger to the program. It is dropped again if calls between its members would see other values than
// they should.
void vk_program_merge(struct vk_program *program, const struct vk_merger *merger);

// What looks for mergers, each in a file of its own.
void vk_merge_batch(const struct tuff_device *device, struct vk_program *program);
void vk_merge_dense_gradients(const struct tuff_device *device, struct vk_program *program);
void vk_merge_gradients(const struct tuff_device *device, struct vk_program *program);
void vk_merge_dense(const struct tuff_device *device, struct vk_program *program);

// Whether a linear layer of these is one for the kernels that take several: small enough.
bool vk_dense_width_fits(const struct tuff_device *device, const struct tuff_tensor *x,
                         const struct tuff_tensor *y);
// The largest batch for them: beyond, a sum over it is better split.
enum { VK_DENSE_MAX_BATCH = 512 };

// Whether two tensors share memory.
bool vk_overlap(const struct tuff_tensor *a, const struct tuff_tensor *b);

// Whether two tensors begin in the same place.
bool vk_same_place(const struct tuff_tensor *a, const struct tuff_tensor *b);

// The part of one buffer that holds several tensors, so that they take one binding.
struct vk_span {
    const struct tuff_buffer *buffer;
    uint64_t begin, end;
};
// False if the tensor lies in another buffer.
bool vk_span_add(struct vk_span *span, const struct tuff_tensor *tensor);
// Whether a kernel can bind it.
bool vk_span_fits(const struct vk_span *span, const struct tuff_device *device);
// half: whether the kernel is to be the one for float16.
struct vk_range vk_span_range(const struct vk_span *span, bool half);
// Where in the span the tensor begins, in words.
uint32_t vk_span_word(const struct vk_span *span, const struct tuff_tensor *tensor);

// The slots of the interface for the kinds of calls that are held back.
#define VK_HELD_OPS(X)                                                                                       \
    X(RELU_BACKWARD, relu_backward, 1)                                                                       \
    X(LINEAR_FORWARD, linear_forward, 1)                                                                     \
    X(LINEAR_RELU_FORWARD, linear_relu_forward, 1)                                                           \
    X(LINEAR_BACKWARD_INPUT, linear_backward_input, 1)                                                       \
    X(LINEAR_BACKWARD_WEIGHT, linear_backward_weight, 2)                                                     \
    X(SOFTMAX_CROSS_ENTROPY_FORWARD, softmax_cross_entropy_forward, 2)                                       \
    X(SOFTMAX_CROSS_ENTROPY_BACKWARD, softmax_cross_entropy_backward, 1)                                     \
    X(ADAM, adam, 2)                                                                                         \
    X(GATHER_IMAGES, gather_images, 1)                                                                       \
    X(GATHER_LABELS, gather_labels, 1)                                                                       \
    X(STEP_ADVANCE, step_advance, 1)                                                                         \
    X(METRICS_RECORD, metrics_record, 1)                                                                     \
    X(CONV2D_RELU_MAX_POOL2D_FORWARD, conv2d_relu_max_pool2d_forward, 2)                                     \
    X(CONV2D_RELU_MAX_POOL2D_BACKWARD_INPUT, conv2d_relu_max_pool2d_backward_input, 1)                       \
    X(CONV2D_RELU_MAX_POOL2D_BACKWARD_WEIGHT, conv2d_relu_max_pool2d_backward_weight, 2)

#define VK_HELD_OP(NAME, name, outputs)                                                                      \
    enum tuff_status vk_hold_##name(struct tuff_stream *stream, const struct tuff_##name##_args *args);
VK_HELD_OPS(VK_HELD_OP)
#undef VK_HELD_OP

#endif
