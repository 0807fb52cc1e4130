// Vectors of float32 lanes, and the few operations on them that C's own operators do not spell. Every source
// that includes this is compiled once per instruction set; LANES_WIDTH is what that instruction set's
// registers hold. A batch block of 16 lanes is LANES_PARTS vectors.
//
// All functions are inlined by force: a vector that crosses a call would need an ABI that the other variants
// lack.
#ifndef TUFF_CPU_LANES_H
#define TUFF_CPU_LANES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__) || defined(__AVX2__) || defined(__SSE2__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define LANES_WIDTH 16
#elif defined(__AVX2__)
#define LANES_WIDTH 8
#else
#define LANES_WIDTH 4
#endif

enum { LANES_BLOCK = 16, LANES_PARTS = LANES_BLOCK / LANES_WIDTH };

#define LANES_INLINE static inline __attribute__((always_inline))

// Before a loop of constant length whose body indexes registers.
#if defined(__clang__)
#define LANES_UNROLL _Pragma("clang loop unroll(full)")
#else
#define LANES_UNROLL _Pragma("GCC unroll 32")
#endif

typedef float vf __attribute__((vector_size(LANES_WIDTH * 4)));
typedef int32_t vi __attribute__((vector_size(LANES_WIDTH * 4)));
typedef uint32_t vu __attribute__((vector_size(LANES_WIDTH * 4)));

// A choice per lane: a bit each with AVX-512, all ones or all zeros else.
#if LANES_WIDTH == 16
typedef __mmask16 vm;
#else
typedef vi vm;
#endif

LANES_INLINE vf v_load(const float *from)
{
    vf v;
    memcpy(&v, from, sizeof v);
    return v;
}

LANES_INLINE void v_store(float *to, vf v)
{
    memcpy(to, &v, sizeof v);
}

LANES_INLINE vu v_load_u32(const uint32_t *from)
{
    vu v;
    memcpy(&v, from, sizeof v);
    return v;
}

LANES_INLINE void v_store_u32(uint32_t *to, vu v)
{
    memcpy(to, &v, sizeof v);
}

// Keeps a vector that was loaded for several uses in a register: gcc else loads it anew for each of them.
LANES_INLINE vf v_hold(vf v)
{
#if defined(__AVX512F__)
    __asm__("" : "+v"(v));
#elif defined(__SSE2__)
    __asm__("" : "+x"(v));
#endif
    return v;
}

// a * b + sum, with the result in the register of `sum`: gcc else lets it wander between registers, and where
// accumulators fill the register file, through the stack.
LANES_INLINE vf v_multiply_add(vf a, vf b, vf sum)
{
#if defined(__AVX512F__)
    __asm__("vfmadd231ps %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
    return sum;
#elif defined(__FMA__)
    __asm__("vfmadd231ps %2, %1, %0" : "+x"(sum) : "x"(a), "x"(b));
    return sum;
#else
    return sum + a * b;
#endif
}

// Keeps a pointer in a register of its own; gcc else derives several from one, with a register or a load from
// the stack for each distance.
LANES_INLINE const float *hold_pointer(const float *p)
{
    __asm__("" : "+r"(p));
    return p;
}

LANES_INLINE vf v_zero(void)
{
    return (vf){0};
}

LANES_INLINE vf v_splat(float x)
{
#if LANES_WIDTH == 16
    return (vf)_mm512_set1_ps(x);
#elif LANES_WIDTH == 8
    return (vf)_mm256_set1_ps(x);
#else
    return (vf){x, x, x, x};
#endif
}

LANES_INLINE vu v_splat_u32(uint32_t x)
{
    return (vu){0} + x;
}

#if LANES_WIDTH == 16

LANES_INLINE vm v_greater(vf a, vf b) // false if either is NaN
{
    return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_GT_OQ);
}

LANES_INLINE vm v_not_at_most(vf a, vf b) // a > b, or either is NaN
{
    return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_NLE_UQ);
}

LANES_INLINE vm v_equal(vf a, vf b)
{
    return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_EQ_OQ);
}

LANES_INLINE vm v_is_number(vf a)
{
    return _mm512_cmp_ps_mask((__m512)a, (__m512)a, _CMP_ORD_Q);
}

LANES_INLINE vm v_equal_u32(vu a, vu b)
{
    return _mm512_cmpeq_epi32_mask((__m512i)a, (__m512i)b);
}

LANES_INLINE vm v_and(vm a, vm b)
{
    return (vm)(a & b);
}

LANES_INLINE vm v_not(vm a)
{
    return (vm)~a;
}

LANES_INLINE vf v_select(vm choice, vf yes, vf no)
{
    return (vf)_mm512_mask_blend_ps(choice, (__m512)no, (__m512)yes);
}

LANES_INLINE vu v_select_u32(vm choice, vu yes, vu no)
{
    return (vu)_mm512_mask_blend_epi32(choice, (__m512i)no, (__m512i)yes);
}

LANES_INLINE vf v_keep(vm choice, vf x) // x, or 0 where not chosen
{
    return (vf)_mm512_maskz_mov_ps(choice, (__m512)x);
}

LANES_INLINE vf v_sqrt(vf x)
{
    return (vf)_mm512_sqrt_ps((__m512)x);
}

LANES_INLINE float v_sum(vf x)
{
    return _mm512_reduce_add_ps((__m512)x);
}

// LANES_WIDTH bytes, each as a float.
LANES_INLINE vf v_from_u8(const uint8_t *from)
{
    return (vf)_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i_u *)from)));
}

#else

LANES_INLINE vm v_greater(vf a, vf b)
{
    return a > b;
}

LANES_INLINE vm v_not_at_most(vf a, vf b)
{
    return ~(a <= b);
}

LANES_INLINE vm v_equal(vf a, vf b)
{
    return a == b;
}

LANES_INLINE vm v_is_number(vf a)
{
    return a == a;
}

LANES_INLINE vm v_equal_u32(vu a, vu b)
{
    return a == b;
}

LANES_INLINE vm v_and(vm a, vm b)
{
    return a & b;
}

LANES_INLINE vm v_not(vm a)
{
    return ~a;
}

LANES_INLINE vf v_select(vm choice, vf yes, vf no)
{
    return (vf)((choice & (vi)yes) | (~choice & (vi)no));
}

LANES_INLINE vu v_select_u32(vm choice, vu yes, vu no)
{
    return ((vu)choice & yes) | (~(vu)choice & no);
}

LANES_INLINE vf v_keep(vm choice, vf x)
{
    return (vf)(choice & (vi)x);
}

LANES_INLINE vf v_sqrt(vf x)
{
#if LANES_WIDTH == 8
    return (vf)_mm256_sqrt_ps((__m256)x);
#elif defined(__SSE2__)
    return (vf)_mm_sqrt_ps((__m128)x);
#else
    LANES_UNROLL
    for (int i = 0; i < LANES_WIDTH; i++)
        x[i] = __builtin_sqrtf(x[i]);
    return x;
#endif
}

LANES_INLINE float v_sum(vf x)
{
#if LANES_WIDTH == 8
    return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]));
#else
    return (x[0] + x[2]) + (x[1] + x[3]);
#endif
}

LANES_INLINE vf v_from_u8(const uint8_t *from)
{
#if LANES_WIDTH == 8
    return (vf)_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i_u *)from)));
#else
    return (vf){(float)from[0], (float)from[1], (float)from[2], (float)from[3]};
#endif
}

#endif

LANES_INLINE vf v_relu(vf x)
{
    return v_keep(v_not_at_most(x, v_zero()), x); // NaN is not at most 0: it stays
}

// The sums of four vectors at once: a third of the work of four single ones.
LANES_INLINE void v_sum4(vf a, vf b, vf c, vf d, float *sums)
{
#if LANES_WIDTH == 16
    const __m512 ab = _mm512_unpacklo_ps((__m512)a, (__m512)b) + _mm512_unpackhi_ps((__m512)a, (__m512)b);
    const __m512 cd = _mm512_unpacklo_ps((__m512)c, (__m512)d) + _mm512_unpackhi_ps((__m512)c, (__m512)d);
    const __m512d low = _mm512_unpacklo_pd(_mm512_castps_pd(ab), _mm512_castps_pd(cd));
    const __m512d high = _mm512_unpackhi_pd(_mm512_castps_pd(ab), _mm512_castps_pd(cd));
    const __m512 quarters = _mm512_castpd_ps(low) + _mm512_castpd_ps(high); // of a, b, c, d, four times
    const __m256 halves = _mm512_castps512_ps256(quarters) + _mm512_extractf32x8_ps(quarters, 1);
    _mm_storeu_ps(sums, _mm256_castps256_ps128(halves) + _mm256_extractf128_ps(halves, 1));
#elif LANES_WIDTH == 8
    const __m256 ab = _mm256_hadd_ps((__m256)a, (__m256)b), cd = _mm256_hadd_ps((__m256)c, (__m256)d);
    const __m256 halves = _mm256_hadd_ps(ab, cd);
    _mm_storeu_ps(sums, _mm256_castps256_ps128(halves) + _mm256_extractf128_ps(halves, 1));
#else
    sums[0] = v_sum(a);
    sums[1] = v_sum(b);
    sums[2] = v_sum(c);
    sums[3] = v_sum(d);
#endif
}

// The first `count` lanes, 1 to LANES_WIDTH, and nothing beyond.
LANES_INLINE void v_store_first(float *to, vf v, size_t count)
{
    if (count >= LANES_WIDTH) {
        v_store(to, v);
        return;
    }
    float lanes[LANES_WIDTH];
    v_store(lanes, v);
    memcpy(to, lanes, count * sizeof *to);
}

LANES_INLINE vf v_load_first(const float *from, size_t count) // the others become 0
{
    if (count >= LANES_WIDTH)
        return v_load(from);
    float lanes[LANES_WIDTH] = {0};
    memcpy(lanes, from, count * sizeof *from);
    return v_load(lanes);
}

#endif
