#include "shaders.h"

// Generated: one array `spirv_<name>` per shader, and `spirv_half_<name>` for some.
#include "shader_code.h"

const struct vk_shader_code vk_shaders[VK_SHADER_COUNT] = {
#define VK_SHADER(name) {#name, spirv_##name, sizeof spirv_##name, NULL, 0},
#define VK_SHADER_PAIR(name)                                                                                 \
    {#name, spirv_##name, sizeof spirv_##name, spirv_half_##name, sizeof spirv_half_##name},
#include "shader_list.h"
#undef VK_SHADER
#undef VK_SHADER_PAIR
};
