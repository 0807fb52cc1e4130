// Types of push constant members. These headers are read by GLSL and by C, so members are 32-bit scalars alone, or
// structs of such: their layout is then the same in both.
#ifndef TUFF_PUSH_TYPES_H
#define TUFF_PUSH_TYPES_H

#ifdef VULKAN // GLSL for Vulkan defines it
#define PUSH_U32 uint
#define PUSH_F32 float
#define PUSH_STRUCT
#define PUSH_CHECK(name)
#else
#include <stdint.h>
#define PUSH_U32 uint32_t
#define PUSH_F32 float
#define PUSH_STRUCT struct
#define PUSH_CHECK(name) _Static_assert(sizeof(struct name) <= 128, "more push constants than every device has");
#endif

#endif
