#include "shaders.h"

// Generated: one array `spirv_<name>` per shader, and `spirv_half_<name>` for some.
#include "shader_code.h"

const struct vk_shader_code vk_shaders[VK_SHADER_COUNT] = {
#define VK_SHADER(name) {#name, spirv_##name, sizeof spirv_##name, NULL, 0},
#define VK_SHADER_PAIR(name)                                                                                 \
    {#name, spirv_##name, sizeof spirv_##name, spirv_half_##name, sizeof spirv_half_##name},
#define VK_SHADER_MATRIX(name) {#name, NULL, 0, NULL, 0},
#include "shader_list.h"
#undef VK_SHADER
#undef VK_SHADER_PAIR
#undef VK_SHADER_MATRIX
};

// Generated: VK_MATRIX_SHADER(name) for each file shaders/prebuilt/name.spv, and its array.
#include "matrix_code.h"

const struct vk_matrix_code vk_matrix_shaders[VK_SHADER_COUNT] = {
#define VK_MATRIX_SHADER(name) [VK_SHADER_##name] = {spirv_matrix_##name, sizeof spirv_matrix_##name},
#include "matrix_list.h"
#undef VK_MATRIX_SHADER
};
