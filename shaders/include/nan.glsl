#ifndef NAN_GLSL
#define NAN_GLSL
// Whether bits are a NaN's. Of bits, since drivers may take NaN for absent.
bool is_nan(uint bits)
{
    return (bits & 0x7fffffffu) > 0x7f800000u;
}
#endif
