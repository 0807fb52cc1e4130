// How the tensors of an op that may be float16 are stored. A shader that includes this file is compiled twice, as it is
// and with STORED_HALF (backends/vulkan/CMakeLists.txt); what it computes with is float32 either way. Matrix products
// are compiled a third time, with MATRIX as well, which multiplies float16 (gemm_matrix.glsl), and those in matrix/ in that
// form alone. First of all includes, since extensions come before all else.
//
//   STORED x[];          float(x[i])    x[i] = STORED(value)
//   STORED_BITS x[];     BITS(x[i])     x[i] = FROM_BITS(bits)    bits: of a float32, for what must not pass through
//                                                                 arithmetic
//   STORED4 x[];         four at once
//   STORED_IN_WORD       elements in 32 bits
//   VALUE, VALUE4        what a product multiplies
#ifndef STORAGE_GLSL
#define STORAGE_GLSL
#ifdef STORED_HALF
#extension GL_EXT_shader_16bit_storage : require
#define STORED float16_t
#define STORED4 f16vec4
#define STORED_IN_WORD 2u
#define STORED_BITS float16_t
#define BITS(stored) floatBitsToUint(float(stored))
#define FROM_BITS(bits) float16_t(uintBitsToFloat(bits))
#else
#define STORED float
#define STORED4 vec4
#define STORED_IN_WORD 1u
#define STORED_BITS uint
#define BITS(stored) (stored)
#define FROM_BITS(bits) (bits)
#endif
#ifdef MATRIX
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#define VALUE float16_t
#define VALUE4 f16vec4
#else
#define VALUE float
#define VALUE4 vec4
#endif
#endif
