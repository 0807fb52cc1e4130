// The compiled shaders, one per shaders/*.comp and shaders/matrix/*.comp, embedded as SPIR-V.
#ifndef TUFF_VULKAN_SHADERS_H
#define TUFF_VULKAN_SHADERS_H

#include <stddef.h>
#include <stdint.h>

// shader_list.h is generated: VK_SHADER(name) for each file shaders/name.comp, or VK_SHADER_PAIR(name) if it
// is compiled for float16 as well (shaders/include/storage.glsl), and VK_SHADER_MATRIX(name) for each file
// shaders/matrix/name.comp, which has a form for matrix units alone.
enum vk_shader {
#define VK_SHADER(name)        VK_SHADER_##name,
#define VK_SHADER_PAIR(name)   VK_SHADER(name)
#define VK_SHADER_MATRIX(name) VK_SHADER(name)
#include "shader_list.h"
#undef VK_SHADER
#undef VK_SHADER_PAIR
#undef VK_SHADER_MATRIX
    VK_SHADER_COUNT
};

struct vk_shader_code {
    const char *name;
    const uint32_t *words; // NULL: it has a form for matrix units alone
    size_t bytes;
    const uint32_t *half_words; // for float16; NULL: there is one form alone
    size_t half_bytes;
};

// The form for matrix units of those that have one: compiled before, in shaders/prebuilt/.
struct vk_matrix_code {
    const uint32_t *words; // NULL: none
    size_t bytes;
};

extern const struct vk_matrix_code vk_matrix_shaders[VK_SHADER_COUNT];
extern const struct vk_shader_code vk_shaders[VK_SHADER_COUNT];

#endif
