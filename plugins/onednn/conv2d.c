#include "kernels.h"
#include "primitive.h"

enum tuff_status dnn_conv2d_forward(struct tuff_stream *stream, const struct tuff_conv2d_forward_args *args)
{
    return dnn_primitive_run(stream->device, TUFF_OP_CONV2D_FORWARD, (const void *)args);
}

enum tuff_status dnn_conv2d_backward_input(struct tuff_stream *stream,
                                           const struct tuff_conv2d_backward_input_args *args)
{
    return dnn_primitive_run(stream->device, TUFF_OP_CONV2D_BACKWARD_INPUT, (const void *)args);
}

enum tuff_status dnn_conv2d_backward_weight(struct tuff_stream *stream,
                                            const struct tuff_conv2d_backward_weight_args *args)
{
    return dnn_primitive_run(stream->device, TUFF_OP_CONV2D_BACKWARD_WEIGHT, (const void *)args);
}
