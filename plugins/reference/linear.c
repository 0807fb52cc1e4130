// Fully connected layer: N samples, I inputs, O outputs.
#include "element.h"
#include "kernels.h"

enum tuff_status ref_linear_forward(struct tuff_stream *stream, const struct tuff_linear_forward_args *args)
{
    (void)stream;
    const struct tuff_tensor *x = args->x;           // (N,I)
    const struct tuff_tensor *weight = args->weight; // (O,I)
    const struct tuff_tensor *y = args->y;           // (N,O)
    for (uint32_t n = 0; n < ref_stored_batch(y); n++)
        for (uint32_t o = 0; o < y->dims[1]; o++) {
            double sum = args->bias != NULL ? ref_get(args->bias, o, 0, 0, 0) : 0;
            for (uint32_t i = 0; i < x->dims[1]; i++)
                sum += ref_get(x, n, i, 0, 0) * ref_get(weight, o, i, 0, 0);
            ref_set(y, n, o, 0, 0, sum);
        }
    return TUFF_OK;
}

enum tuff_status ref_linear_relu_forward(struct tuff_stream *stream,
                                         const struct tuff_linear_relu_forward_args *args)
{
    const struct tuff_linear_forward_args linear = {
        .size = sizeof linear, .y = args->y, .x = args->x, .weight = args->weight, .bias = args->bias};
    const struct tuff_relu_forward_args relu = {.size = sizeof relu, .y = args->y, .x = args->y};
    enum tuff_status status = ref_linear_forward(stream, &linear);
    return status == TUFF_OK ? ref_relu_forward(stream, &relu) : status;
}

enum tuff_status ref_linear_backward_input(struct tuff_stream *stream,
                                           const struct tuff_linear_backward_input_args *args)
{
    (void)stream;
    const struct tuff_tensor *dy = args->dy;         // (N,O)
    const struct tuff_tensor *weight = args->weight; // (O,I)
    const struct tuff_tensor *dx = args->dx;         // (N,I)
    for (uint32_t n = 0; n < ref_stored_batch(dx); n++)
        for (uint32_t i = 0; i < dx->dims[1]; i++) {
            double sum = 0;
            for (uint32_t o = 0; o < dy->dims[1]; o++)
                sum += ref_get(dy, n, o, 0, 0) * ref_get(weight, o, i, 0, 0);
            ref_set(dx, n, i, 0, 0, sum);
        }
    return TUFF_OK;
}

// The sums run over the N samples; padding lanes are left out.
enum tuff_status ref_linear_backward_weight(struct tuff_stream *stream,
                                            const struct tuff_linear_backward_weight_args *args)
{
    (void)stream;
    const struct tuff_tensor *dy = args->dy;           // (N,O)
    const struct tuff_tensor *x = args->x;             // (N,I)
    const struct tuff_tensor *dweight = args->dweight; // (O,I)
    for (uint32_t o = 0; o < dweight->dims[0]; o++) {
        for (uint32_t i = 0; i < dweight->dims[1]; i++) {
            double sum = 0;
            for (uint32_t n = 0; n < dy->dims[0]; n++)
                sum += ref_get(dy, n, o, 0, 0) * ref_get(x, n, i, 0, 0);
            ref_set(dweight, o, i, 0, 0, sum);
        }
        if (args->dbias != NULL) { // (O)
            double sum = 0;
            for (uint32_t n = 0; n < dy->dims[0]; n++)
                sum += ref_get(dy, n, o, 0, 0);
            ref_set(args->dbias, o, 0, 0, 0, sum);
        }
    }
    return TUFF_OK;
}
