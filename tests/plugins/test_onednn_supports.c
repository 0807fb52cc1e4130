// What the oneDNN plugin says before a kernel is called: what it refuses, what workspace it needs, and when
// it makes oneDNN's primitives.
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <string.h>

#include "tuff/backend.h"

static const struct tuff_backend_interface *interface;
static struct tuff_backend *backend;
static struct tuff_device *device;
static void *object; // the plugin

// The plugin's calls of oneDNN's come here first: the executable's symbols are found before a library's.
static unsigned primitives_made;
__attribute__((visibility("default"))) int dnnl_primitive_create(void **primitive, const void *description);

int dnnl_primitive_create(void **primitive, const void *description)
{
    int (*create)(void **, const void *);
    void *found = dlsym(object, "dnnl_primitive_create"); // of the plugin's own libraries
    memcpy(&create, &found, sizeof create);
    primitives_made++;
    return create(primitive, description);
}

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
    object = dlopen(ONEDNN_PLUGIN, RTLD_NOW | RTLD_LOCAL);
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

Test(onednn_supports, refuses_a_padding_mode_that_it_does_not_know)
{
    struct convolution c;
    fill(&c);
    c.params.padding_mode = TUFF_PADDING_CIRCULAR;
    cr_expect_eq(supported(&c), 1);
    c.params.padding_mode++;
    cr_expect_eq(supported(&c), 0);
}

Test(onednn_supports, refuses_an_activation_that_it_does_not_know)
{
    const struct tuff_tensor y = {.size = sizeof y, .rank = 2, .dims = {2, 3, 1, 1}};
    struct tuff_activation_params params = {.size = sizeof params};
    const struct tuff_activation_forward_args args = {
        .size = sizeof args, .params = &params, .y = &y, .x = &y};
    for (params.kind = TUFF_ACTIVATION_LEAKY_RELU; params.kind <= TUFF_ACTIVATION_TANH; params.kind++)
        cr_expect_eq(interface->supports(device, TUFF_OP_ACTIVATION_FORWARD, (const void *)&args), 1, "%u",
                     params.kind);
    params.kind = 1000;
    cr_expect_eq(interface->supports(device, TUFF_OP_ACTIVATION_FORWARD, (const void *)&args), 0);
}

// ---- Workspace

static uint64_t workspace_of(const struct convolution *c)
{
    uint64_t bytes = UINT64_MAX;
    cr_assert_eq(interface->workspace_size(device, TUFF_OP_CONV2D_FORWARD, (const void *)&c->args, &bytes),
                 TUFF_OK);
    return bytes;
}

// The padded image lies there.
Test(onednn_supports, other_padding_than_zeros_takes_workspace)
{
    struct convolution c, padded;
    fill(&c);
    c.x.dims[2] = 10;
    c.x.dims[3] = 9;
    fill(&padded); // the same convolution, once its image is padded
    padded.params.pad_top = padded.params.pad_bottom = padded.params.pad_left = padded.params.pad_right = 1;
    padded.params.padding_mode = TUFF_PADDING_REPLICATE;
    c.y.dims[2] = padded.y.dims[2] = 8;
    c.y.dims[3] = padded.y.dims[3] = 7;
    const uint64_t image_bytes = UINT64_C(2) * 3 * 10 * 9 * 4;
    cr_expect_eq(workspace_of(&padded), workspace_of(&c) + (image_bytes + 63) / 64 * 64);
}

Test(onednn_supports, an_op_of_plain_loops_takes_no_workspace)
{
    const struct tuff_tensor y = {.size = sizeof y, .rank = 2, .dims = {2, 3, 1, 1}};
    const struct tuff_relu_forward_args args = {.size = sizeof args, .y = &y, .x = &y};
    uint64_t bytes = UINT64_MAX;
    cr_assert_eq(interface->workspace_size(device, TUFF_OP_RELU_FORWARD, (const void *)&args, &bytes),
                 TUFF_OK);
    cr_expect_eq(bytes, 0);
}

// ---- Preparation

static struct tuff_buffer *buffer_for(struct tuff_tensor *tensor)
{
    struct tuff_buffer *buffer = NULL;
    cr_assert_eq(interface->buffer_create(device, (tuff_tensor_bytes(tensor) + 3) / 4 * 4, &buffer), TUFF_OK);
    cr_assert_eq(interface->buffer_fill(buffer, 0, (tuff_tensor_bytes(tensor) + 3) / 4 * 4, 0), TUFF_OK);
    tensor->buffer = buffer;
    return buffer;
}

// Questions make no primitive, prepare makes it, and so the kernel finds it.
Test(onednn_supports, primitives_are_made_in_prepare)
{
    struct convolution c;
    struct tuff_stream *stream;
    fill(&c);
    primitives_made = 0;
    cr_assert_eq(supported(&c), 1);
    struct tuff_tensor workspace = {
        .size = sizeof workspace, .dtype = TUFF_U8, .rank = 1, .dims = {(uint32_t)workspace_of(&c), 1, 1, 1}};
    cr_expect_eq(primitives_made, 0, "%u primitives were made by questions", primitives_made);

    struct tuff_buffer *buffers[4] = {buffer_for(&c.x), buffer_for(&c.weight), buffer_for(&c.y), NULL};
    if (workspace.dims[0] != 0) {
        buffers[3] = buffer_for(&workspace);
        c.args.workspace = &workspace;
    }
    cr_assert_eq(interface->prepare(device, TUFF_OP_CONV2D_FORWARD, (const void *)&c.args), TUFF_OK);
    const unsigned prepared = primitives_made;
    cr_expect_gt(prepared, 0);
    cr_assert_eq(interface->prepare(device, TUFF_OP_CONV2D_FORWARD, (const void *)&c.args), TUFF_OK);
    cr_expect_eq(primitives_made, prepared, "made again");

    cr_assert_eq(interface->stream_create(device, &stream), TUFF_OK);
    cr_assert_eq(interface->stream_begin(stream), TUFF_OK);
    cr_expect_eq(interface->kernels->conv2d_forward(stream, &c.args), TUFF_OK);
    cr_assert_eq(interface->stream_submit(stream), TUFF_OK);
    cr_assert_eq(interface->stream_wait(stream), TUFF_OK);
    cr_expect_eq(primitives_made, prepared, "the kernel made %u", primitives_made - prepared);
    interface->stream_destroy(stream);
    for (int i = 0; i < 4; i++)
        interface->buffer_destroy(buffers[i]);
}
