// Denormal numbers as zero while kernels run: gradients and Adam's moments visit them, at a hundred times the
// cost.
#ifndef TUFF_CPU_FLOAT_MODE_H
#define TUFF_CPU_FLOAT_MODE_H

#if defined(__SSE2__)
#include <immintrin.h>

enum { CPU_FLUSH_TO_ZERO = 0x8000, CPU_DENORMALS_ARE_ZERO = 0x0040 };

// The mode that was, for cpu_float_mode_leave.
static inline unsigned cpu_float_mode_enter(void)
{
    const unsigned before = _mm_getcsr();
    _mm_setcsr(before | CPU_FLUSH_TO_ZERO | CPU_DENORMALS_ARE_ZERO);
    return before;
}

static inline void cpu_float_mode_leave(unsigned before)
{
    _mm_setcsr(before);
}

#else

static inline unsigned cpu_float_mode_enter(void)
{
    return 0;
}

static inline void cpu_float_mode_leave(unsigned before)
{
    (void)before;
}

#endif

#endif
