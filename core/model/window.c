#include "window.h"

#include <stdio.h>

// One dimension, 0 height, 1 width. Returns the output size, 0 if the kernel does not fit. An input is below
// 2^31 and each setting below 2^16, so that nothing here overflows 64 bits.
static uint32_t resolve(const struct tuff_layer *layer, const struct tuff_window_keys *keys, int dimension,
                        struct tuff_window *window)
{
    const struct tuff_setting *settings = layer->settings;
    uint64_t input = layer->input.dims[1 + dimension];
    uint32_t kernel = settings[keys->kernel].value[dimension];
    uint32_t stride = settings[keys->stride].value[dimension];
    uint32_t dilation = keys->dilation < 0 ? 1 : settings[keys->dilation].value[dimension];
    if (stride == 0)
        stride = kernel;
    uint64_t reach = (uint64_t)dilation * (kernel - 1) + 1; // rows from a window's first to its last
    uint64_t before = settings[keys->padding].value[dimension], after = before;
    if (settings[keys->padding].same) {
        uint64_t windows = (input + stride - 1) / stride;
        uint64_t needed = (windows - 1) * stride + reach;
        uint64_t total = needed > input ? needed - input : 0;
        before = total / 2;
        after = total - before;
    }
    window->kernel[dimension] = kernel;
    window->stride[dimension] = stride;
    window->dilation[dimension] = dilation;
    window->pad_before[dimension] = (uint32_t)before;
    window->pad_after[dimension] = (uint32_t)after;
    uint64_t padded = input + before + after;
    return padded < reach ? 0 : (uint32_t)((padded - reach) / stride + 1);
}

void tuff_window_get(const struct tuff_layer *layer, const struct tuff_window_keys *keys,
                     struct tuff_window *window)
{
    for (int i = 0; i < 2; i++)
        window->output[i] = resolve(layer, keys, i, window);
}

void tuff_window_simplify(struct tuff_layer *layer, const struct tuff_window_keys *keys)
{
    const uint32_t *kernel = layer->settings[keys->kernel].value;
    uint32_t *stride = layer->settings[keys->stride].value;
    if (stride[0] == kernel[0] && stride[1] == kernel[1])
        stride[0] = stride[1] = 0;
}

enum tuff_status tuff_window_infer(const struct tuff_source *source, const struct tuff_layer *layer,
                                   const struct tuff_window_keys *keys, struct tuff_window *window)
{
    tuff_window_get(layer, keys, window);
    uint64_t reach[2];
    uint32_t padded[2];
    for (int i = 0; i < 2; i++) {
        reach[i] = (uint64_t)window->dilation[i] * (window->kernel[i] - 1) + 1;
        // Keeps the arithmetic of kernels within 32 bits.
        if (reach[i] > TUFF_MAX_EXTENT)
            return tuff_layer_fail(source, layer, keys->dilation,
                                   "a kernel of %u spread by dilation %u covers %llu, more than %d",
                                   window->kernel[i], window->dilation[i], (unsigned long long)reach[i],
                                   TUFF_MAX_EXTENT);
        padded[i] = layer->input.dims[1 + i] + window->pad_before[i] + window->pad_after[i];
    }
    if (window->output[0] != 0 && window->output[1] != 0)
        return TUFF_OK;
    char dilated[64] = "";
    if (window->dilation[0] != 1 || window->dilation[1] != 1)
        snprintf(dilated, sizeof dilated, ", %llux%llu with its dilation,", (unsigned long long)reach[0],
                 (unsigned long long)reach[1]);
    bool is_padded = padded[0] != layer->input.dims[1] || padded[1] != layer->input.dims[2];
    return tuff_layer_fail(source, layer, keys->kernel,
                           "a kernel of %ux%u%s does not fit into its %sinput of %ux%u", window->kernel[0],
                           window->kernel[1], dilated, is_padded ? "padded " : "", padded[0], padded[1]);
}
