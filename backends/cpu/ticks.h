// A clock that is cheap to read: for differences of a few microseconds, in a unit of its own.
#ifndef TUFF_CPU_TICKS_H
#define TUFF_CPU_TICKS_H

#include <stdint.h>
#include <time.h>

#if defined(__x86_64__) || defined(__i386__)
#include <x86intrin.h>
#endif

// The processor's time stamp counter, which counts at 1 to 5 GHz; nanoseconds where there is none.
static inline uint64_t cpu_ticks(void)
{
#if defined(__x86_64__) || defined(__i386__)
    return __rdtsc();
#else
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
#endif
}

// Lets the processor's other thread, or its power supply, have this moment of waiting.
static inline void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#endif
