// A sum over the invocations of a workgroup, as a tree.
const uint WIDTH = 64u; // invocations; the order of the sum hangs on it, so it is fixed

shared float tree[WIDTH];

// Called by all invocations; all get the sum.
float sum_of_workgroup(float value)
{
    uint lane = gl_LocalInvocationID.x;
    tree[lane] = value;
    for (uint half_width = WIDTH / 2u; half_width > 0u; half_width /= 2u) {
        barrier();
        if (lane < half_width) {
            precise float pair = tree[lane] + tree[lane + half_width];
            tree[lane] = pair;
        }
    }
    barrier();
    float sum = tree[0];
    barrier(); // before the tree is used again
    return sum;
}
