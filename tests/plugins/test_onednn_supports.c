// What the oneDNN plugin refuses: other layouts, other paddings. What it is too old for the host refuses.
#include <criterion/criterion.h>
#include <dlfcn.h>

#include "tuff/backend.h"

static const struct tuff_backend_interface *interface;
static struct tuff_backend *backend;
static struct tuff_device *device;

static void discard(void *user, enum tuff_log_level level, const char *message)
{
    (void)user;
    (void)level;
    (void)message;
}

static void open_device(void)
{
    static const struct tuff_host host = {.size = sizeof host, .abi_minor = TUFF_ABI_MINOR, .log = discard};
    const struct tuff_device_options options = {.size = sizeof options};
    void *object = dlopen(ONEDNN_PLUGIN, RTLD_NOW | RTLD_LOCAL);
    cr_assert_not_null(object, "%s", dlerror());
    const struct tuff_plugin_descriptor *descriptor = dlsym(object, TUFF_PLUGIN_SYMBOL);
    cr_assert_not_null(descriptor);
    cr_assert_eq(descriptor->open(&host, &interface, &backend), TUFF_OK);
    cr_assert_eq(interface->device_open(backend, 0, &options, &device), TUFF_OK);
}

static void close_device(void)
{
    interface->device_close(device);
    interface->close(backend);
}

TestSuite(onednn_supports, .init = open_device, .fini = close_device, .timeout = 60);

struct convolution {
    struct tuff_tensor x, weight, y;
    struct tuff_conv2d_params params;
    struct tuff_conv2d_forward_args args;
};

static void fill(struct convolution *c)
{
    *c = (struct convolution){
        .x = {.size = sizeof c->x, .rank = 4, .dims = {2, 3, 8, 7}},
        .weight = {.size = sizeof c->x, .rank = 4, .dims = {5, 3, 3, 3}},
        .y = {.size = sizeof c->x, .rank = 4, .dims = {2, 5, 6, 5}},
        .params = {.size = sizeof c->params,
                   .stride_h = 1,
                   .stride_w = 1,
                   .dilation_h = 1,
                   .dilation_w = 1,
                   .groups = 1},
        .args = {.size = sizeof c->args, .params = &c->params, .y = &c->y, .x = &c->x, .weight = &c->weight},
    };
}

static int supported(const struct convolution *c)
{
    return interface->supports(device, TUFF_OP_CONV2D_FORWARD, (const void *)&c->args);
}

Test(onednn_supports, takes_a_plain_convolution)
{
    struct convolution c;
    fill(&c);
    cr_assert_eq(supported(&c), 1);
}

Test(onednn_supports, refuses_batch16)
{
    struct convolution c;
    fill(&c);
    c.x.layout = c.y.layout = TUFF_LAYOUT_BATCH16;
    cr_assert_eq(supported(&c), 0);
}

Test(onednn_supports, refuses_padding_that_is_not_of_zeros)
{
    struct convolution c;
    fill(&c);
    c.params.padding_mode = TUFF_PADDING_REFLECT;
    cr_assert_eq(supported(&c), 0);
}
