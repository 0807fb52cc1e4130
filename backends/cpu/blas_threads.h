// Products are cut into chunks that threads of this backend compute; BLAS must not start more within them.
#ifndef TUFF_CPU_BLAS_THREADS_H
#define TUFF_CPU_BLAS_THREADS_H

#include <stdbool.h>

// For the process, as far as the number of BLAS's threads is the process's. The last end gives BLAS back the
// number that it had before the first begin: the host may use it itself.
void cpu_blas_one_thread_begin(void);
void cpu_blas_one_thread_end(void);

// For the calling thread, as far as the number is each thread's own. Returns what _leave needs to give the
// thread its number back; a thread of the pool stays so.
int cpu_blas_one_thread_enter(void);
void cpu_blas_one_thread_leave(int threads);

// About each product: one at a time where BLAS may not be for several threads.
bool cpu_blas_begin_product(void);
void cpu_blas_end_product(bool locked);

#endif
