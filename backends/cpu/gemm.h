// Matrix products by OpenBLAS, on the thread that calls.
#ifndef TUFF_CPU_GEMM_H
#define TUFF_CPU_GEMM_H

#include <stddef.h>

#include <cblas.h>

#include "blas_threads.h"

// A matrix in row-major order; transposed: the product takes it with rows and columns exchanged.
struct cpu_matrix {
    const float *data;
    ptrdiff_t row; // floats from one row to the next, as it is stored
    int transposed;
};

// c (m x n, rows c_row apart) = a (m x k) * b (k x n) + beta * c; beta 0 ignores what c held.
static inline void cpu_gemm(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, struct cpu_matrix a, struct cpu_matrix b,
                            float beta, float *c, ptrdiff_t c_row)
{
    const bool locked = cpu_blas_begin_product();
    cblas_sgemm(CblasRowMajor, a.transposed ? CblasTrans : CblasNoTrans,
                b.transposed ? CblasTrans : CblasNoTrans, (blasint)m, (blasint)n, (blasint)k, 1.0f, a.data,
                (blasint)a.row, b.data, (blasint)b.row, beta, c, (blasint)c_row);
    cpu_blas_end_product(locked);
}

#endif
