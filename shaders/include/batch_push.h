// Push constants of gather_batch. Places are in words from where the binding begins.
#include "push_types.h"

struct vk_batch_push {
    PUSH_U32 state, rows, index, slots, set_labels; // of the pass's records; slots: where an image lies in the set
    PUSH_U32 batch;                                 // N
    PUSH_U32 plane_words, sample_words;             // H*W/4 and C*H*W/4
    PUSH_U32 strands;                               // invocations that share a sample
    PUSH_U32 groups;                                // workgroups that have work
    PUSH_F32 scale0, scale1, scale2, scale3;
    PUSH_F32 shift0, shift1, shift2, shift3;
};
PUSH_CHECK(vk_batch_push)
