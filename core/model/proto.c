#include "proto.h"

#include "floats.h"

#include <stdlib.h>
#include <string.h>

enum { WIRE_VARINT = 0, WIRE_LENGTH = 2, WIRE_FOUR_BYTES = 5, VARINT_BYTES = 10, LEAST_CAPACITY = 256 };

uint8_t *tuff_proto_room(struct tuff_proto *message, size_t length)
{
    if (message->failed)
        return NULL;
    if (length > message->capacity - message->length) {
        size_t capacity = message->capacity < LEAST_CAPACITY ? LEAST_CAPACITY : message->capacity;
        while (capacity - message->length < length && capacity <= SIZE_MAX / 2)
            capacity *= 2;
        uint8_t *bytes = capacity - message->length < length ? NULL : realloc(message->bytes, capacity);
        if (bytes == NULL) {
            message->failed = true;
            return NULL;
        }
        message->bytes = bytes;
        message->capacity = capacity;
    }
    message->length += length;
    return message->bytes + message->length - length;
}

static void add_bytes(struct tuff_proto *message, const void *bytes, size_t length)
{
    uint8_t *room = tuff_proto_room(message, length);
    if (room != NULL && length > 0)
        memcpy(room, bytes, length);
}

// Seven bits a byte, the lowest first; the highest bit says that more follow.
static void add_varint(struct tuff_proto *message, uint64_t value)
{
    uint8_t bytes[VARINT_BYTES];
    size_t length = 0;
    for (; value >= 0x80; value >>= 7)
        bytes[length++] = (uint8_t)(value | 0x80);
    bytes[length++] = (uint8_t)value;
    add_bytes(message, bytes, length);
}

void tuff_proto_int(struct tuff_proto *message, uint32_t field, uint64_t value)
{
    add_varint(message, field << 3 | WIRE_VARINT);
    add_varint(message, value);
}

void tuff_proto_float(struct tuff_proto *message, uint32_t field, float value)
{
    uint8_t bytes[4];
    tuff_floats_encode(bytes, &value, 1);
    add_varint(message, field << 3 | WIRE_FOUR_BYTES);
    add_bytes(message, bytes, sizeof bytes);
}

void tuff_proto_begin(struct tuff_proto *message, uint32_t field, uint64_t length)
{
    add_varint(message, field << 3 | WIRE_LENGTH);
    add_varint(message, length);
}

void tuff_proto_text(struct tuff_proto *message, uint32_t field, const char *text)
{
    size_t length = strlen(text);
    tuff_proto_begin(message, field, length);
    add_bytes(message, text, length);
}

void tuff_proto_message(struct tuff_proto *message, uint32_t field, struct tuff_proto *inner)
{
    message->failed = message->failed || inner->failed;
    tuff_proto_begin(message, field, inner->length);
    add_bytes(message, inner->bytes, inner->length);
    tuff_proto_clear(inner);
}

void tuff_proto_clear(struct tuff_proto *message)
{
    free(message->bytes);
    *message = (struct tuff_proto){.bytes = NULL};
}
