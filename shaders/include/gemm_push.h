// Push constants of the matrix products and of the sum over their splits.
#include "push_types.h"

struct vk_linear_push {
    PUSH_U32 m, n, k;      // rows, columns and length of the sum
    PUSH_U32 tiles_m, tiles_n;
    PUSH_U32 chunk;        // of k, summed by one workgroup; where that is not all of k, a multiple of 16
    PUSH_U32 bias;         // forward: add it; backward_weight: n has one column more, which is dbias
    PUSH_U32 split;        // 1: there are several chunks, so partial sums go to binding 0
    PUSH_U32 first;        // of the terms that are summed now; where it is not 0, what was before lies in the output
};
PUSH_CHECK(vk_linear_push)

struct vk_split_sum_push {
    PUSH_U32 rows, columns; // of one partial result; the last column is the bias's if `bias`
    PUSH_U32 splits;
    PUSH_U32 bias;
};
PUSH_CHECK(vk_split_sum_push)
