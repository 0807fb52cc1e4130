#include "kernels.h"
#include "primitive.h"

enum tuff_status dnn_linear_forward(struct tuff_stream *stream, const struct tuff_linear_forward_args *args)
{
    return dnn_primitive_run(stream->device, TUFF_OP_LINEAR_FORWARD, (const void *)args);
}

enum tuff_status dnn_linear_backward_input(struct tuff_stream *stream,
                                           const struct tuff_linear_backward_input_args *args)
{
    return dnn_primitive_run(stream->device, TUFF_OP_LINEAR_BACKWARD_INPUT, (const void *)args);
}

enum tuff_status dnn_linear_backward_weight(struct tuff_stream *stream,
                                            const struct tuff_linear_backward_weight_args *args)
{
    return dnn_primitive_run(stream->device, TUFF_OP_LINEAR_BACKWARD_WEIGHT, (const void *)args);
}
