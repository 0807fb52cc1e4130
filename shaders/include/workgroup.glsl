// The workgroup's size is specialization constant 0, and dispatches are flat: a grid of rows stands for one number,
// since one dimension may not have more than 65535 groups.
layout(local_size_x_id = 0) in;

uint workgroup_number()
{
    return gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x;
}

uint element_number()
{
    return workgroup_number() * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
}
