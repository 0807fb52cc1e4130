// The compiled shaders, one per shaders/*.comp, embedded as SPIR-V.
#ifndef TUFF_VULKAN_SHADERS_H
#define TUFF_VULKAN_SHADERS_H

#include <stddef.h>
#include <stdint.h>

// shader_list.h is generated: VK_SHADER(name) for each file shaders/name.comp.
enum vk_shader {
#define VK_SHADER(name) VK_SHADER_##name,
#include "shader_list.h"
#undef VK_SHADER
    VK_SHADER_COUNT
};

struct vk_shader_code {
    const char *name;
    const uint32_t *words;
    size_t bytes;
};

// The form for matrix units of those that have one: compiled before, in shaders/prebuilt/.
struct vk_matrix_code {
    const uint32_t *words; // NULL: none
    size_t bytes;
};

extern const struct vk_matrix_code vk_matrix_shaders[VK_SHADER_COUNT];
extern const struct vk_shader_code vk_shaders[VK_SHADER_COUNT];

#endif
