#include "blas_threads.h"

#include <pthread.h>

#include <cblas.h>

// Of the OpenMP runtime that an OpenBLAS for OpenMP is linked with; weak: NULL with others. There each
// calling thread has a number of its own, and products ask for it each time.
__attribute__((weak)) int omp_get_max_threads(void);
__attribute__((weak)) void omp_set_num_threads(int threads);

// BLAS is the process's, and so are these: several contexts may have opened this backend.
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int users, threads_before;

void cpu_blas_one_thread_begin(void)
{
    if (openblas_get_parallel() != OPENBLAS_THREAD)
        return;
    pthread_mutex_lock(&mutex);
    if (users++ == 0)
        threads_before = openblas_get_num_threads();
    openblas_set_num_threads(1);
    pthread_mutex_unlock(&mutex);
}

void cpu_blas_one_thread_end(void)
{
    if (openblas_get_parallel() != OPENBLAS_THREAD)
        return;
    pthread_mutex_lock(&mutex);
    if (--users == 0)
        openblas_set_num_threads(threads_before);
    pthread_mutex_unlock(&mutex);
}

int cpu_blas_one_thread_enter(void)
{
    if (!omp_get_max_threads || !omp_set_num_threads)
        return 0;
    const int threads = omp_get_max_threads();
    omp_set_num_threads(1);
    return threads;
}

void cpu_blas_one_thread_leave(int threads)
{
    if (threads > 0)
        omp_set_num_threads(threads);
}

// A sequential OpenBLAS may have been built without locks about the memory that it packs into.
static pthread_mutex_t product = PTHREAD_MUTEX_INITIALIZER;

bool cpu_blas_begin_product(void)
{
    return openblas_get_parallel() == OPENBLAS_SEQUENTIAL && pthread_mutex_lock(&product) == 0;
}

void cpu_blas_end_product(bool locked)
{
    if (locked)
        pthread_mutex_unlock(&product);
}
