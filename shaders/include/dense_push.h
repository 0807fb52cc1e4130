// Push constants of dense and dense_gradients: linear layers one after the other. Places are in words from where the
// binding begins; VK_NO_PLACE: there is no such tensor.
#include "push_types.h"

#define VK_DENSE_LAYERS 3 // at most
#define VK_NO_PLACE 0xffffffffu

struct vk_dense_layer {
    PUSH_U32 inputs, outputs;
    PUSH_U32 weight, bias; // of the weights and of the biases
    PUSH_U32 y, dy;        // of the activations: what the layer gives, after its ReLU, and the gradient before that
    PUSH_U32 row;          // of the outputs among a sample's in shared memory, in quads
};

struct vk_dense_push {
    PUSH_STRUCT vk_dense_layer layers[VK_DENSE_LAYERS];
    PUSH_U32 x, dx;
    PUSH_U32 labels, loss, correct;
    PUSH_U32 batch;       // N
    PUSH_F32 rest, share; // with label smoothing s: 1 - s and s/K
};
PUSH_CHECK(vk_dense_push)

struct vk_dense_gradients_layer {
    PUSH_U32 inputs, outputs;
    PUSH_U32 x, dy;          // of the activations
    PUSH_U32 dweight, dbias; // of the gradients
    PUSH_U32 first_group;    // workgroup
};

struct vk_dense_gradients_push {
    PUSH_STRUCT vk_dense_gradients_layer layers[VK_DENSE_LAYERS]; // those that are absent begin with the metrics' workgroup
    PUSH_U32 batch;
    PUSH_U32 loss, correct; // of the activations
    PUSH_U32 metrics_group; // the workgroup that records metrics
};
PUSH_CHECK(vk_dense_gradients_push)
