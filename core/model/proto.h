// Writing protocol buffers, the wire format of ONNX files: fields of a message one after the other.
#ifndef TUFF_CORE_PROTO_H
#define TUFF_CORE_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A message. All zero is an empty one. Once there was no memory, `failed` stays set and nothing is added any
// more.
struct tuff_proto {
    uint8_t *bytes;
    size_t length, capacity;
    bool failed;
};

void tuff_proto_int(struct tuff_proto *message, uint32_t field, uint64_t value);
void tuff_proto_float(struct tuff_proto *message, uint32_t field, float value);
void tuff_proto_text(struct tuff_proto *message, uint32_t field, const char *text);
// Adds `inner`, and clears it.
void tuff_proto_message(struct tuff_proto *message, uint32_t field, struct tuff_proto *inner);
// The begin of a field of `length` bytes, which follow.
void tuff_proto_begin(struct tuff_proto *message, uint32_t field, uint64_t length);
// Room for bytes, which the caller fills; NULL if there is no memory.
uint8_t *tuff_proto_room(struct tuff_proto *message, size_t length);
void tuff_proto_clear(struct tuff_proto *message);

#endif
