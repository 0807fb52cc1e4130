// The step state (tuff/op/step.h) as a uniform buffer, so that it takes none of the four storage buffers.
layout(std140, set = 0, binding = 4) uniform StepState
{
    uvec4 words[4];
}
step_state;

uint step_cursor()
{
    return step_state.words[0].x;
}

bool step_is_skipped()
{
    return step_state.words[0].y != 0u;
}

float step_loss_scale()
{
    float scale = uintBitsToFloat(step_state.words[0].z);
    return scale > 0.0 ? scale : 1.0;
}

float step_unscale()
{
    return uintBitsToFloat(step_state.words[0].w);
}

uint step_begin()
{
    return step_state.words[2].y;
}

uint step_valid()
{
    return step_state.words[2].z;
}

float step_learning_rate()
{
    return uintBitsToFloat(step_state.words[3].x);
}

float step_bias_correction1()
{
    return uintBitsToFloat(step_state.words[3].y);
}

float step_bias_correction2_sqrt()
{
    return uintBitsToFloat(step_state.words[3].z);
}

float step_average_decay()
{
    return uintBitsToFloat(step_state.words[3].w);
}

uint step_number()
{
    return step_state.words[2].x;
}
