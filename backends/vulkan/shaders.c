#include "shaders.h"

// Generated: one array `spirv_<name>` per shader.
#include "shader_code.h"

const struct vk_shader_code vk_shaders[VK_SHADER_COUNT] = {
#define VK_SHADER(name) {#name, spirv_##name, sizeof spirv_##name},
#include "shader_list.h"
#undef VK_SHADER
};
