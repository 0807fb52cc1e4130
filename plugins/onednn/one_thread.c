#include "primitive.h"

#if DNNL_CPU_RUNTIME != DNNL_RUNTIME_OMP && DNNL_CPU_RUNTIME != DNNL_RUNTIME_SEQ
#error "this plugin is for a oneDNN whose CPU runtime is OpenMP or sequential"
#endif

// Of the OpenMP runtime that libdnnl itself is linked with, be it GCC's or LLVM's, so that neither omp.h nor
// a compiler's -fopenmp has to match it. Weak: a sequential oneDNN brings none, and then these are NULL.
__attribute__((weak)) int omp_get_max_threads(void);
__attribute__((weak)) void omp_set_num_threads(int threads);

int dnn_one_thread_begin(void)
{
    if (omp_get_max_threads == NULL || omp_set_num_threads == NULL)
        return 0;
    const int threads = omp_get_max_threads();
    omp_set_num_threads(1);
    return threads;
}

void dnn_one_thread_end(int threads)
{
    if (threads > 0)
        omp_set_num_threads(threads);
}
