// Products are cut into chunks that threads of this backend compute; BLAS must not start more within them.
#ifndef TUFF_CPU_BLAS_THREADS_H
#define TUFF_CPU_BLAS_THREADS_H

// For the process and the calling thread. The last end gives BLAS back the number that it had before the first
// begin: the host may use it itself.
void cpu_blas_one_thread_begin(void);
void cpu_blas_one_thread_end(void);

// For a thread of the pool, which stays so.
void cpu_blas_one_thread_here(void);

#endif
