// The record of the plugin ABI's growth, and the checks that no parameters grow beside it. Tensors, values of
// enums and fields that take the place of reserved ones get their lines by hand.

// Growth inside of padding would change no struct's size, and nobody would notice: there is none.
#include <stddef.h>
#include <stdint.h>
#if UINTPTR_MAX == UINT64_MAX && defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"
#include "tuff/backend.h"
#pragma GCC diagnostic pop
#else
#include "tuff/backend.h"
#endif

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "growth.h"

// The parameter structs, as the table below knows them. One that fails has got a field: raise TUFF_ABI_MINOR
// if it is that of a release, give the field its lines in the table, and then its struct the new size here.
#define EXPECT_BYTES(name, bytes)                                                                            \
    _Static_assert(sizeof(struct tuff_##name##_params) == (bytes),                                           \
                   "tuff_" #name "_params has changed: see the comment above this line")
EXPECT_BYTES(fill, 8);
EXPECT_BYTES(conv2d, 44);
EXPECT_BYTES(max_pool2d, 44);
EXPECT_BYTES(softmax_cross_entropy, 8);
EXPECT_BYTES(adam, 48);
EXPECT_BYTES(gather_images, 36);
EXPECT_BYTES(sgd, 32);
EXPECT_BYTES(gradient_clip, 8);
EXPECT_BYTES(activation, 12);
EXPECT_BYTES(dropout, 20);
EXPECT_BYTES(batch_norm2d, 12);
EXPECT_BYTES(avg_pool2d, 48);
EXPECT_BYTES(gather_augmented_images, 72);
EXPECT_BYTES(conv2d_relu_max_pool2d, 60);
EXPECT_BYTES(loss_scale_update, 8);
EXPECT_BYTES(gradient_accumulate, 12);

#define FIELD(OP, version, params, field)                                                                    \
    {                                                                                                        \
        .op = TUFF_OP_##OP, .minor = (version), .name = #field,                                              \
        .offset = offsetof(struct tuff_##params##_params, field),                                            \
        .bytes = sizeof((struct tuff_##params##_params){0}.field)                                            \
    }

const struct tuff_growth *tuff_growths(size_t *count)
{
    // Ops are not listed: one that a plugin does not know has no place in its kernel table.
    static const struct tuff_growth table[] = {
        FIELD(CONV2D_FORWARD, 2, conv2d, padding_mode),
        FIELD(CONV2D_BACKWARD_INPUT, 2, conv2d, padding_mode),
        FIELD(CONV2D_BACKWARD_WEIGHT, 2, conv2d, padding_mode),
        FIELD(SOFTMAX_CROSS_ENTROPY_FORWARD, 2, softmax_cross_entropy, label_smoothing),
        FIELD(SOFTMAX_CROSS_ENTROPY_BACKWARD, 2, softmax_cross_entropy, label_smoothing),
        FIELD(ADAM, 2, adam, decoupled),
        FIELD(ADAM, 3, adam, rate_factor),
        FIELD(SGD, 3, sgd, rate_factor),
    };
    *count = sizeof table / sizeof *table;
    return table;
}

// The bit pattern of a field.
static uint64_t bits_of(const struct tuff_growth *growth, const void *params)
{
    const unsigned char *field = (const unsigned char *)params + growth->offset;
    uint32_t narrow;
    uint64_t wide;
    if (growth->bytes == sizeof wide) {
        memcpy(&wide, field, sizeof wide);
        return wide;
    }
    memcpy(&narrow, field, sizeof narrow);
    return narrow;
}

const struct tuff_growth *tuff_growth_beyond(const struct tuff_growth *table, size_t count, uint32_t minor,
                                             enum tuff_op op, const struct tuff_op_args *args)
{
    for (size_t i = 0; i < count; i++) {
        const struct tuff_growth *growth = &table[i];
        if (growth->op != op || growth->minor <= minor)
            continue;
        if (growth->bytes == 0 ? args->tensors[growth->offset] != NULL
                               : args->params != NULL && bits_of(growth, args->params) > growth->known)
            return growth;
    }
    return NULL;
}

struct tuff_growth_text tuff_growth_describe(const struct tuff_growth *growth)
{
    struct tuff_growth_text described;
    if (growth->bytes == 0)
        snprintf(described.text, sizeof described.text, "a tensor '%s'", growth->name);
    else if (growth->known == 0)
        snprintf(described.text, sizeof described.text, "%s other than 0", growth->name);
    else
        snprintf(described.text, sizeof described.text, "%s above %" PRIu64, growth->name, growth->known);
    return described;
}
