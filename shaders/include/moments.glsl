// Mean and squared deviations from it, of parts that are joined (Chan, Golub & LeVeque, 1979): as good as two passes.
const uint WIDTH = 64u; // invocations of a workgroup; the order of the sums hangs on it, so it is fixed

struct moments {
    float count, mean, squares;
};

moments join(moments a, moments b)
{
    float count = a.count + b.count;
    precise float share = b.count / max(count, 1.0);
    precise float distance = b.mean - a.mean;
    precise float mean = a.mean + distance * share;
    precise float squares = a.squares + (b.squares + distance * distance * a.count * share);
    return moments(count, mean, squares);
}

shared float shared_counts[WIDTH], shared_means[WIDTH], shared_squares[WIDTH];

// Of all invocations, as a tree; valid in invocation 0.
moments join_workgroup(moments own)
{
    uint lane = gl_LocalInvocationID.x;
    shared_counts[lane] = own.count;
    shared_means[lane] = own.mean;
    shared_squares[lane] = own.squares;
    for (uint half_width = WIDTH / 2u; half_width > 0u; half_width /= 2u) {
        barrier();
        if (lane < half_width) {
            uint other = lane + half_width;
            own = join(own, moments(shared_counts[other], shared_means[other], shared_squares[other]));
            shared_counts[lane] = own.count;
            shared_means[lane] = own.mean;
            shared_squares[lane] = own.squares;
        }
    }
    return own;
}
