#include "blas_threads.h"

#include <pthread.h>

#include <cblas.h>

// Of the OpenMP runtime that an OpenBLAS for OpenMP is linked with; weak: NULL with others. There each
// calling thread has a number of its own, and openblas_set_num_threads sets that of its caller alone.
__attribute__((weak)) void omp_set_num_threads(int threads);

// BLAS is the process's, and so are these: several contexts may have opened this backend.
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int users, threads_before;

void cpu_blas_one_thread_begin(void)
{
    pthread_mutex_lock(&mutex);
    if (users++ == 0)
        threads_before = openblas_get_num_threads();
    openblas_set_num_threads(1);
    pthread_mutex_unlock(&mutex);
}

void cpu_blas_one_thread_end(void)
{
    pthread_mutex_lock(&mutex);
    if (--users == 0)
        openblas_set_num_threads(threads_before);
    pthread_mutex_unlock(&mutex);
}

void cpu_blas_one_thread_here(void)
{
    if (omp_set_num_threads)
        omp_set_num_threads(1);
}
