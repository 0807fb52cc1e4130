// Gradients that are partial sums yet, added up: LANES invocations share one. Push constants p have the sums.
// The order of the sum hangs on it.
layout(constant_id = 1) const uint LANES = 4u;
layout(constant_id = 2) const uint LOCAL_SIZE = 128u; // the workgroup's

shared float lane_sums[LOCAL_SIZE];

// The sums that the workgroup takes; first_group tells where those of each begin.
uint find_sums(uint group)
{
    uint which = 0u;
    for (uint other = 1u; other < uint(VK_POOLED_CONVOLUTIONS); other++)
        which = group >= p.sums[other].first_group ? other : which;
    return which;
}

// Called by the whole workgroup. Whether this invocation has a sum, and then in `i` its place among the gradients.
bool add_up(uint which, uint group, out uint i, out float gradient)
{
    uint filters = p.sums[which].filters;
    uint columns = p.sums[which].columns;
    uint lane = gl_LocalInvocationID.x % LANES;
    uint element =
        ((group - p.sums[which].first_group) * gl_WorkGroupSize.x + gl_LocalInvocationID.x) / LANES;
    bool inside = element < filters * columns;
    precise float sum = 0.0;
    if (inside)
        for (uint worker = lane; worker < p.sums[which].workers; worker += LANES)
            sum += partial[p.sums[which].partial + worker * filters * columns + element];
    if (LANES > 1u) {
        lane_sums[gl_LocalInvocationID.x] = sum;
        barrier();
    }
    i = 0u;
    gradient = 0.0;
    if (lane != 0u || !inside)
        return false;
    for (uint other = 1u; other < LANES; other++)
        sum += lane_sums[gl_LocalInvocationID.x + other];
    uint filter_number = element / columns;
    uint column = element - filter_number * columns;
    uint weights = columns - (p.sums[which].bias != VK_NO_PLACE ? 1u : 0u);
    i = column < weights ? p.sums[which].weight + filter_number * weights + column
                         : p.sums[which].bias + filter_number;
    gradient = sum;
    return true;
}
