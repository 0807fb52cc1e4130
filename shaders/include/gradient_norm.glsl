// What the two halves of gradient_norm share. All runs are short, so that the sums' rounding errors are those of a few
// dozen terms, however many there are.
#include "optimizer_push.h"
#include "workgroup.glsl"

// As in backends/vulkan/optimizer.c. The order of the sums hangs on them, so they are fixed.
const uint WIDTH = 128u; // invocations
const uint RUN = 16u;    // terms that one invocation adds up at a time; a chunk is a run of each

layout(push_constant) uniform Push
{
    vk_gradient_norm_push p;
};

shared float sums[WIDTH];

// The sum of all invocations' values, as a tree; valid in invocation 0.
float sum_of_workgroup(float value)
{
    uint lane = gl_LocalInvocationID.x;
    sums[lane] = value;
    for (uint half_width = WIDTH / 2u; half_width > 0u; half_width /= 2u) {
        barrier();
        if (lane < half_width) {
            precise float pair = sums[lane] + sums[lane + half_width];
            sums[lane] = pair;
        }
    }
    return sums[lane];
}
