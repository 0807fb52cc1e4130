// Fully connected layer: which implementation takes which layout, and the row-major one, by OpenBLAS.
// Products are cut into blocks of fixed size along rows and columns of the result, never along what is summed
// over.
#include "linear.h"

#include <string.h>

#include "gemm.h"
#include "ops.h"

enum { ROW_BLOCK = 256, COLUMN_BLOCK = 256 };

// c (m x n) = a (m x k) * b (k x n) + the same `bias` (n) in every row, or its ReLU.
struct product {
    ptrdiff_t m, n, k;
    struct cpu_matrix a, b;
    const float *bias; // NULL: none
    float *c;
    const struct lanes_table *relu; // by whom; NULL: none
};

static ptrdiff_t blocks_of(ptrdiff_t count, ptrdiff_t block)
{
    return (count + block - 1) / block;
}

// The matrix that begins at a row or column of the product's operand.
static struct cpu_matrix from_row(struct cpu_matrix a, ptrdiff_t row)
{
    a.data += a.transposed ? row : row * a.row;
    return a;
}

static struct cpu_matrix from_column(struct cpu_matrix a, ptrdiff_t column)
{
    a.data += a.transposed ? column * a.row : column;
    return a;
}

static void product_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct product *p = context;
    const ptrdiff_t columns = blocks_of(p->n, COLUMN_BLOCK);
    const ptrdiff_t row = (ptrdiff_t)chunk / columns * ROW_BLOCK,
                    column = (ptrdiff_t)chunk % columns * COLUMN_BLOCK;
    const ptrdiff_t m = p->m - row < ROW_BLOCK ? p->m - row : ROW_BLOCK;
    const ptrdiff_t n = p->n - column < COLUMN_BLOCK ? p->n - column : COLUMN_BLOCK;
    float *c = p->c + row * p->n + column;
    for (ptrdiff_t i = 0; p->bias && i < m; i++)
        memcpy(c + i * p->n, p->bias + column, (size_t)n * sizeof *c);
    cpu_gemm(m, n, p->k, from_row(p->a, row), from_column(p->b, column), p->bias ? 1.0f : 0.0f, c, p->n);
    for (ptrdiff_t i = 0; p->relu && i < m; i++)
        p->relu->relu_forward(c + i * p->n, c + i * p->n, (size_t)n);
}

static void run_product(struct tuff_device *device, struct product *p)
{
    const uint64_t work = (uint64_t)(p->m * p->n) * (uint64_t)p->k / TUFF_BATCH16_LANES;
    cpu_parallel(device, work, (uint64_t)(blocks_of(p->m, ROW_BLOCK) * blocks_of(p->n, COLUMN_BLOCK)),
                 product_chunk, p);
}

static void forward(struct tuff_device *device, const struct tuff_linear_forward_args *args, int relu)
{
    if (args->x->layout == TUFF_LAYOUT_BATCH16) {
        cpu_linear_forward_batch16(device, args, relu);
        return;
    }
    const ptrdiff_t inputs = args->weight->dims[1];
    struct product p = {
        .m = args->x->dims[0],
        .n = args->weight->dims[0],
        .k = inputs,
        .a = {cpu_f32(args->x), inputs, 0},
        .b = {cpu_f32(args->weight), inputs, 1},
        .bias = args->bias ? cpu_f32(args->bias) : NULL,
        .c = cpu_f32(args->y),
        .relu = relu ? device->lanes : NULL,
    };
    run_product(device, &p);
}

void cpu_linear_forward(struct tuff_device *device, const struct tuff_linear_forward_args *args)
{
    forward(device, args, 0);
}

void cpu_linear_relu_forward(struct tuff_device *device, const struct tuff_linear_relu_forward_args *args)
{
    const struct tuff_linear_forward_args linear = {
        .size = sizeof linear, .y = args->y, .x = args->x, .weight = args->weight, .bias = args->bias};
    forward(device, &linear, 1);
}

void cpu_linear_backward_input(struct tuff_device *device, const struct tuff_linear_backward_input_args *args)
{
    if (args->dy->layout == TUFF_LAYOUT_BATCH16) {
        cpu_linear_backward_input_batch16(device, args);
        return;
    }
    const ptrdiff_t outputs = args->weight->dims[0], inputs = args->weight->dims[1];
    struct product p = {
        .m = args->dy->dims[0],
        .n = inputs,
        .k = outputs,
        .a = {cpu_f32(args->dy), outputs, 0},
        .b = {cpu_f32(args->weight), inputs, 0},
        .c = cpu_f32(args->dx),
    };
    run_product(device, &p);
}

uint64_t cpu_linear_backward_input_workspace(struct tuff_device *device,
                                             const struct tuff_linear_backward_input_args *args)
{
    return args->dy->layout == TUFF_LAYOUT_BATCH16 ? cpu_linear_backward_input_workspace_batch16(device, args)
                                                   : 0;
}

void cpu_linear_backward_weight(struct tuff_device *device,
                                const struct tuff_linear_backward_weight_args *args)
{
    if (args->x->layout == TUFF_LAYOUT_BATCH16) {
        cpu_linear_backward_weight_batch16(device, args);
        return;
    }
    const ptrdiff_t outputs = args->dweight->dims[0], inputs = args->dweight->dims[1];
    struct product p = {
        .m = outputs,
        .n = inputs,
        .k = args->x->dims[0],
        .a = {cpu_f32(args->dy), outputs, 1},
        .b = {cpu_f32(args->x), inputs, 0},
        .c = cpu_f32(args->dweight),
    };
    run_product(device, &p);
    if (args->dbias)
        device->lanes->sum_parts(cpu_f32(args->dbias), cpu_f32(args->dy), outputs, (size_t)p.k,
                                 (size_t)outputs);
}

uint64_t cpu_linear_backward_weight_workspace(struct tuff_device *device,
                                              const struct tuff_linear_backward_weight_args *args)
{
    (void)device;
    return args->x->layout == TUFF_LAYOUT_BATCH16 ? cpu_linear_backward_weight_workspace_batch16(args) : 0;
}
