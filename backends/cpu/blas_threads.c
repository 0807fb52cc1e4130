#include "blas_threads.h"

#include <cblas.h>

// Of the OpenMP runtime that an OpenBLAS for OpenMP is linked with; weak: NULL with others. There each
// calling thread has a number of its own, and openblas_set_num_threads sets that of its caller alone.
__attribute__((weak)) void omp_set_num_threads(int threads);

int cpu_blas_one_thread_begin(void)
{
    const int threads = openblas_get_num_threads();
    openblas_set_num_threads(1);
    return threads;
}

void cpu_blas_one_thread_end(int threads)
{
    openblas_set_num_threads(threads);
}

void cpu_blas_one_thread_here(void)
{
    if (omp_set_num_threads)
        omp_set_num_threads(1);
}
