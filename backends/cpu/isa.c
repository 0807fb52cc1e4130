#include "isa.h"

#include <stdlib.h>
#include <string.h>

#ifdef TUFF_CPU_X86

const char cpu_isa_names[] = "avx512, avx2 or baseline";

static int has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static int has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
}

#else

const char cpu_isa_names[] = "baseline";

#endif

const struct lanes_table *cpu_isa_choose(void)
{
    // Best first.
    const struct lanes_table *runnable[3];
    int count = 0;
#ifdef TUFF_CPU_X86
    __builtin_cpu_init();
    if (has_avx512())
        runnable[count++] = &lanes_table_avx512;
    if (has_avx2())
        runnable[count++] = &lanes_table_avx2;
#endif
    runnable[count++] = &lanes_table_baseline;

    const char *wanted = getenv(CPU_ISA_VARIABLE);
    if (!wanted || !*wanted)
        return runnable[0];
    for (int i = 0; i < count; i++) {
        if (strcmp(wanted, runnable[i]->name) == 0)
            return runnable[i];
    }
    return NULL;
}
