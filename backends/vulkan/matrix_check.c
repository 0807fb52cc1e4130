// The self-check of the matrix units: layers of small whole numbers, whose sums float16 and float32 hold
// exactly, forward and backward, against the same sums on the host.
#include <stdlib.h>
#include <string.h>

#include "gemm.h"
#include "matrix.h"
#include "ops.h"
#include "tuff/half.h"

enum role { X, WEIGHT, BIAS, DY, Y, DX, DWEIGHT, DBIAS, WORKSPACE, ROLE_COUNT };
enum { FIRST_OUTPUT = Y };

// A layer: a convolution, or a linear layer if the image and the window are one pixel.
struct layer {
    uint32_t batch, channels, filters, height, width, window;
    struct tuff_conv2d_params params;
};

// Sizes that leave parts of tiles, and one that fills one of the largest.
// NHWC: in octets of channels, which go to kernels of their own (conv2d_nhwc.c).
enum { SMALL_LINEAR, LARGE_LINEAR, STRIDED_CONV2D, PADDED_CONV2D, STRIDED_NHWC, PADDED_NHWC };
static const struct layer layers[] = {
    [SMALL_LINEAR] = {21, 37, 19, 1, 1, 1, {.stride_h = 1, .stride_w = 1}},
    [LARGE_LINEAR] = {150, 72, 140, 1, 1, 1, {.stride_h = 1, .stride_w = 1}},
    [STRIDED_CONV2D] =
        {2, 20, 18, 9, 7, 3, {.stride_h = 1, .stride_w = 2, .pad_top = 1, .pad_left = 1, .pad_right = 1}},
    [PADDED_CONV2D] =
        {3,
         25,
         36,
         8,
         8,
         3,
         {.stride_h = 1, .stride_w = 1, .pad_top = 1, .pad_bottom = 1, .pad_left = 1, .pad_right = 1}},
    [STRIDED_NHWC] =
        {2, 24, 16, 9, 7, 3, {.stride_h = 1, .stride_w = 2, .pad_top = 1, .pad_left = 1, .pad_right = 1}},
    [PADDED_NHWC] =
        {3,
         24,
         40,
         8,
         8,
         3,
         {.stride_h = 1, .stride_w = 1, .pad_top = 1, .pad_bottom = 1, .pad_left = 1, .pad_right = 1}},
};

// A layer on the device, and what it should give.
struct trial {
    struct tuff_device *device;
    struct layer layer;
    struct tuff_buffer *buffer;
    struct tuff_tensor tensors[ROLE_COUNT];
    float *values[ROLE_COUNT]; // on the host
    uint8_t *bytes;            // of the buffer
    uint64_t used;
};

static bool is_linear(const struct layer *layer)
{
    return layer->height == 1 && layer->width == 1 && layer->window == 1;
}

static uint32_t outputs_of(uint32_t size, uint32_t pads, uint32_t window, uint32_t stride)
{
    return (size + pads - window) / stride + 1;
}

// Gives a tensor its place behind those before it.
static void place(struct trial *trial, enum role role, uint32_t dtype, const uint32_t *dims, uint32_t rank)
{
    const uint64_t alignment = trial->device->physical->limits.alignment;
    struct tuff_tensor *tensor = &trial->tensors[role];
    *tensor =
        (struct tuff_tensor){.size = sizeof *tensor, .dtype = dtype, .rank = rank, .offset = trial->used};
    for (uint32_t i = 0; i < TUFF_MAX_RANK; i++)
        tensor->dims[i] = i < rank ? dims[i] : 1;
    trial->used += vk_divide_up(tuff_tensor_bytes(tensor), alignment) * alignment;
}

static void place_all(struct trial *trial)
{
    const struct layer *l = &trial->layer;
    const uint32_t out_h =
        outputs_of(l->height, l->params.pad_top + l->params.pad_bottom, l->window, l->params.stride_h);
    const uint32_t out_w =
        outputs_of(l->width, l->params.pad_left + l->params.pad_right, l->window, l->params.stride_w);
    const uint32_t x[4] = {l->batch, l->channels, l->height, l->width};
    const uint32_t y[4] = {l->batch, l->filters, out_h, out_w};
    const uint32_t weight[4] = {l->filters, l->channels, l->window, l->window};
    const uint32_t rank = is_linear(l) ? 2 : 4;
    place(trial, X, TUFF_F16, x, rank);
    place(trial, WEIGHT, TUFF_F16, weight, rank);
    place(trial, BIAS, TUFF_F32, &l->filters, 1);
    place(trial, DY, TUFF_F16, y, rank);
    place(trial, Y, TUFF_F16, y, rank);
    place(trial, DX, TUFF_F16, x, rank);
    place(trial, DWEIGHT, TUFF_F32, weight, rank);
    place(trial, DBIAS, TUFF_F32, &l->filters, 1);
}

static struct tuff_conv2d_backward_input_args conv2d_input_args(const struct trial *trial)
{
    const struct tuff_tensor *t = trial->tensors;
    return (struct tuff_conv2d_backward_input_args){sizeof(struct tuff_conv2d_backward_input_args),
                                                    0,
                                                    &trial->layer.params,
                                                    &t[WORKSPACE],
                                                    &t[DX],
                                                    &t[DY],
                                                    &t[WEIGHT]};
}

static struct tuff_conv2d_backward_weight_args conv2d_weight_args(const struct trial *trial)
{
    const struct tuff_tensor *t = trial->tensors;
    return (struct tuff_conv2d_backward_weight_args){sizeof(struct tuff_conv2d_backward_weight_args),
                                                     0,
                                                     &trial->layer.params,
                                                     &t[WORKSPACE],
                                                     &t[DWEIGHT],
                                                     &t[DBIAS],
                                                     &t[DY],
                                                     &t[X]};
}

static struct tuff_linear_backward_weight_args linear_weight_args(const struct trial *trial)
{
    const struct tuff_tensor *t = trial->tensors;
    return (struct tuff_linear_backward_weight_args){sizeof(struct tuff_linear_backward_weight_args),
                                                     0,
                                                     NULL,
                                                     &t[WORKSPACE],
                                                     &t[DWEIGHT],
                                                     &t[DBIAS],
                                                     &t[DY],
                                                     &t[X]};
}

// Bytes of workspace that the layer's ops take at most.
static uint64_t workspace_of(const struct trial *trial)
{
    const struct tuff_tensor *t = trial->tensors;
    if (is_linear(&trial->layer)) {
        const struct tuff_linear_backward_weight_args linear = linear_weight_args(trial);
        return vk_linear_backward_weight_workspace(trial->device, &linear);
    }
    const struct tuff_conv2d_backward_input_args input = conv2d_input_args(trial);
    const struct tuff_conv2d_backward_weight_args weight = conv2d_weight_args(trial);
    uint64_t most =
        vk_conv2d_forward_workspace(trial->device, &trial->layer.params, &t[Y], &t[X], &t[WEIGHT], 0);
    most = vk_greatest(most, vk_conv2d_backward_input_workspace(trial->device, &input, 0));
    return vk_greatest(most, vk_conv2d_backward_weight_workspace(trial->device, &weight, 0));
}

static void place_workspace(struct trial *trial)
{
    const uint64_t bytes = workspace_of(trial);
    const uint32_t dims[1] = {bytes ? (uint32_t)bytes : 1};
    place(trial, WORKSPACE, TUFF_U8, dims, 1);
}

static float input_value(enum role role, uint64_t i)
{
    // -2 to 2, without a period that a tile could hide.
    const uint32_t hash = ((uint32_t)i + 1000u * (uint32_t)role) * 2654435761u;
    return (float)((int)((hash >> 16) % 5) - 2);
}

// What one output passes on and takes in. x's index and weight's: of one term of its sum.
static void add_terms(struct trial *trial, uint64_t y, uint32_t image, uint32_t filter, int top, int left)
{
    const struct layer *l = &trial->layer;
    float *const *v = trial->values;
    for (uint32_t c = 0; c < l->channels; c++)
        for (uint32_t r = 0; r < l->window; r++)
            for (uint32_t s = 0; s < l->window; s++) {
                const int row = top + (int)r, column = left + (int)s;
                if (row < 0 || row >= (int)l->height || column < 0 || column >= (int)l->width)
                    continue;
                const size_t x =
                    (((size_t)image * l->channels + c) * l->height + (size_t)row) * l->width + (size_t)column;
                const size_t w = (((size_t)filter * l->channels + c) * l->window + r) * l->window + s;
                v[Y][y] += v[X][x] * v[WEIGHT][w];
                v[DX][x] += v[DY][y] * v[WEIGHT][w];
                v[DWEIGHT][w] += v[DY][y] * v[X][x];
            }
}

static void compute_on_host(struct trial *trial)
{
    const struct tuff_conv2d_params *params = &trial->layer.params;
    const uint32_t *dims = trial->tensors[Y].dims;
    uint64_t y = 0;
    for (uint32_t image = 0; image < dims[0]; image++)
        for (uint32_t filter = 0; filter < dims[1]; filter++)
            for (uint32_t row = 0; row < dims[2]; row++)
                for (uint32_t column = 0; column < dims[3]; column++, y++) {
                    trial->values[Y][y] += trial->values[BIAS][filter];
                    trial->values[DBIAS][filter] += trial->values[DY][y];
                    add_terms(trial, y, image, filter, (int)(row * params->stride_h) - (int)params->pad_top,
                              (int)(column * params->stride_w) - (int)params->pad_left);
                }
}

// Inputs in bytes; all else is NaN until the device has written it.
static void fill_bytes(struct trial *trial)
{
    memset(trial->bytes, 0xff, trial->used);
    for (int role = 0; role < FIRST_OUTPUT; role++) {
        const struct tuff_tensor *tensor = &trial->tensors[role];
        uint8_t *to = trial->bytes + tensor->offset;
        for (uint64_t i = 0; i < tuff_tensor_elements(tensor); i++) {
            const float value = trial->values[role][i] = input_value((enum role)role, i);
            const uint16_t half = tuff_half_from_double(value);
            if (tensor->dtype == TUFF_F16)
                memcpy(to + 2 * i, &half, sizeof half);
            else
                memcpy(to + 4 * i, &value, sizeof value);
        }
    }
}

static enum tuff_status run_kernels(struct trial *trial, struct tuff_stream *stream)
{
    const struct tuff_tensor *t = trial->tensors;
    const struct tuff_conv2d_params *params = &trial->layer.params;
    enum tuff_status status;
    if (is_linear(&trial->layer)) {
        const struct tuff_linear_forward_args forward = {sizeof forward, 0,     NULL,       &t[WORKSPACE],
                                                         &t[Y],          &t[X], &t[WEIGHT], &t[BIAS]};
        const struct tuff_linear_backward_input_args input = {sizeof input, 0,      NULL,      &t[WORKSPACE],
                                                              &t[DX],       &t[DY], &t[WEIGHT]};
        const struct tuff_linear_backward_weight_args weight = linear_weight_args(trial);
        status = vk_linear_forward(stream, &forward);
        if (status == TUFF_OK)
            status = vk_linear_backward_input(stream, &input);
        return status == TUFF_OK ? vk_linear_backward_weight(stream, &weight) : status;
    }
    const struct tuff_conv2d_forward_args forward = {sizeof forward, 0,     params,     &t[WORKSPACE],
                                                     &t[Y],          &t[X], &t[WEIGHT], &t[BIAS]};
    const struct tuff_conv2d_backward_input_args input = conv2d_input_args(trial);
    const struct tuff_conv2d_backward_weight_args weight = conv2d_weight_args(trial);
    status = vk_conv2d_forward(stream, &forward);
    if (status == TUFF_OK)
        status = vk_conv2d_backward_input(stream, &input);
    return status == TUFF_OK ? vk_conv2d_backward_weight(stream, &weight) : status;
}

static enum tuff_status run_on_device(struct trial *trial)
{
    struct tuff_stream *stream = NULL;
    enum tuff_status status = vk_buffer_write(trial->buffer, 0, trial->bytes, trial->used);
    if (status == TUFF_OK)
        status = vk_stream_create(trial->device, &stream);
    if (status == TUFF_OK)
        status = vk_stream_begin(stream);
    if (status == TUFF_OK)
        status = run_kernels(trial, stream);
    if (status == TUFF_OK)
        status = vk_stream_submit(stream);
    if (status == TUFF_OK)
        status = vk_stream_wait(stream);
    vk_stream_destroy(stream);
    return status == TUFF_OK ? vk_buffer_read(trial->buffer, 0, trial->bytes, trial->used) : status;
}

static bool output_is_right(const struct trial *trial, enum role role)
{
    const struct tuff_tensor *tensor = &trial->tensors[role];
    const uint8_t *from = trial->bytes + tensor->offset;
    for (uint64_t i = 0; i < tuff_tensor_elements(tensor); i++) {
        float value;
        uint16_t half;
        memcpy(&half, from + 2 * i, sizeof half);
        if (tensor->dtype == TUFF_F16)
            value = tuff_half_to_float(half);
        else
            memcpy(&value, from + 4 * i, sizeof value);
        if (!(value == trial->values[role][i]))
            return false;
    }
    return true;
}

// The kernel that computed a wrong output; NULL if all are right.
static const char *find_wrong(const struct trial *trial)
{
    static const char *const kernels[2][ROLE_COUNT] = {
        {[Y] = "conv2d_forward",
         [DX] = "conv2d_backward_input",
         [DWEIGHT] = "conv2d_backward_weight",
         [DBIAS] = "conv2d_backward_weight"},
        {[Y] = "linear_forward",
         [DX] = "linear_backward_input",
         [DWEIGHT] = "linear_backward_weight",
         [DBIAS] = "linear_backward_weight"},
    };
    for (int role = FIRST_OUTPUT; role <= DBIAS; role++)
        if (!output_is_right(trial, (enum role)role))
            return kernels[is_linear(&trial->layer)][role];
    return NULL;
}

static enum tuff_status run_trial(struct trial *trial, const char **wrong)
{
    place_all(trial);
    place_workspace(trial);
    bool memory = (trial->bytes = malloc(trial->used)) != NULL;
    for (int role = 0; role < ROLE_COUNT; role++) {
        trial->values[role] = calloc(tuff_tensor_elements(&trial->tensors[role]), sizeof(float));
        memory = memory && trial->values[role];
    }
    if (!memory)
        return vk_device_error(trial->device, TUFF_ERROR_MEMORY, "no memory for a self-check");
    enum tuff_status status = vk_buffer_create(trial->device, trial->used, &trial->buffer);
    if (status != TUFF_OK)
        return status;
    for (int role = 0; role < ROLE_COUNT; role++)
        trial->tensors[role].buffer = trial->buffer;
    fill_bytes(trial);
    compute_on_host(trial);
    status = run_on_device(trial);
    if (status == TUFF_OK)
        *wrong = find_wrong(trial);
    return status;
}

static enum tuff_status check_layer(struct tuff_device *device, const struct layer *layer, const char **wrong)
{
    struct trial trial = {.device = device, .layer = *layer};
    trial.layer.params.size = sizeof trial.layer.params;
    trial.layer.params.dilation_h = trial.layer.params.dilation_w = trial.layer.params.groups = 1;
    const enum tuff_status status = run_trial(&trial, wrong);
    vk_buffer_destroy(trial.buffer);
    free(trial.bytes);
    for (int role = 0; role < ROLE_COUNT; role++)
        free(trial.values[role]);
    return status;
}

enum tuff_status vk_matrix_check(struct tuff_device *device, const char **wrong)
{
    enum tuff_status status = TUFF_OK;
    *wrong = NULL;
    for (size_t i = 0; i < sizeof layers / sizeof *layers && status == TUFF_OK && !*wrong; i++)
        status = check_layer(device, &layers[i], wrong);
    // These are too small for the tiles of real layers, which a driver may get wrong alone.
    while (status == TUFF_OK && !*wrong && vk_next_matrix_shape(device)) {
        status = check_layer(device, &layers[LARGE_LINEAR], wrong);
        if (status == TUFF_OK && !*wrong)
            status = check_layer(device, &layers[PADDED_CONV2D], wrong);
        if (status == TUFF_OK && !*wrong)
            status = check_layer(device, &layers[PADDED_NHWC], wrong);
        if (status != TUFF_OK && !device->lost) { // also for want of memory, as some drivers put it
            vk_drop_matrix_shape(device);
            status = TUFF_OK;
        }
    }
    device->matrix_shape = 0;
    return status;
}
