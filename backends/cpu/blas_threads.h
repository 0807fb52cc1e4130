// Products are cut into chunks that threads of this backend compute; BLAS must not start more within them.
#ifndef TUFF_CPU_BLAS_THREADS_H
#define TUFF_CPU_BLAS_THREADS_H

// For the process and the calling thread. Returns how many it had, for the end: the host may use BLAS itself.
int cpu_blas_one_thread_begin(void);
void cpu_blas_one_thread_end(int threads);

// For a thread of the pool, which stays so.
void cpu_blas_one_thread_here(void);

#endif
