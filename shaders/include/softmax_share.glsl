// How many invocations work on a sample: one where there are few classes; else a whole workgroup, whose invocations
// take every SHARE-th class, so that neighbours read neighbours, and then add up what they have as a tree.
layout(constant_id = 1) const uint SHARE = 1u; // 1, or the workgroup's size

shared float share_values[64]; // the workgroup's size, at most
shared uint share_places[64];

uint sample_number()
{
    return SHARE == 1u ? element_number() : workgroup_number();
}

// The first class that this invocation takes.
uint first_class()
{
    return SHARE == 1u ? 0u : gl_LocalInvocationID.x;
}

// Called by all invocations of the sample; all get the sum.
float sum_of_share(float value)
{
    if (SHARE == 1u)
        return value;
    uint lane = gl_LocalInvocationID.x;
    share_values[lane] = value;
    for (uint half_share = SHARE / 2u; half_share > 0u; half_share /= 2u) {
        barrier();
        if (lane < half_share) {
            precise float pair = share_values[lane] + share_values[lane + half_share];
            share_values[lane] = pair;
        }
    }
    barrier();
    float sum = share_values[0];
    barrier(); // before the values are used again
    return sum;
}

// The greatest value, and the least of its places. Likewise.
float greatest_of_share(float value, inout uint place)
{
    if (SHARE == 1u)
        return value;
    uint lane = gl_LocalInvocationID.x;
    share_values[lane] = value;
    share_places[lane] = place;
    for (uint half_share = SHARE / 2u; half_share > 0u; half_share /= 2u) {
        barrier();
        if (lane < half_share) {
            float other = share_values[lane + half_share];
            uint other_place = share_places[lane + half_share];
            bool first = other == share_values[lane] && other_place < share_places[lane];
            if (other > share_values[lane] || first) {
                share_values[lane] = other;
                share_places[lane] = other_place;
            }
        }
    }
    barrier();
    float greatest = share_values[0];
    place = share_places[0];
    barrier();
    return greatest;
}
