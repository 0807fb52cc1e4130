#include "event_file.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "append_file.h"
#include "console.h"
#include "crc32c.h"

struct event_file {
    struct append_file file;
};

// -- Protocol buffers: https://protobuf.dev/programming-guides/encoding

enum {
    TAG_BYTES = 64,
    MESSAGE_BYTES = EVENT_SCALARS * (TAG_BYTES + 16) + 64,
    WIRE_VARINT = 0,
    WIRE_64 = 1,
    WIRE_LENGTH = 2,
    WIRE_32 = 5,
};

struct message {
    size_t length;
    uint8_t bytes[MESSAGE_BYTES];
};

static void put_varint(struct message *message, uint64_t value)
{
    do {
        uint8_t low = value & 0x7f;
        value >>= 7;
        message->bytes[message->length++] = (uint8_t)(value != 0 ? low | 0x80 : low);
    } while (value != 0);
}

static void put_fixed(struct message *message, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        message->bytes[message->length++] = (uint8_t)(value >> (8 * i));
}

static void put_key(struct message *message, uint32_t field, uint32_t wire)
{
    put_varint(message, field << 3 | wire);
}

static void put_bytes(struct message *message, uint32_t field, const void *bytes, size_t length)
{
    put_key(message, field, WIRE_LENGTH);
    put_varint(message, length);
    memcpy(message->bytes + message->length, bytes, length);
    message->length += length;
}

static void put_double(struct message *message, uint32_t field, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_key(message, field, WIRE_64);
    put_fixed(message, bits, 8);
}

static void put_float(struct message *message, uint32_t field, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_key(message, field, WIRE_32);
    put_fixed(message, bits, 4);
}

// -- Events. Fields of Event: 1 wall_time, 2 step, 3 file_version, 5 summary.
// Of Summary: 1 value; of Summary.Value: 1 tag, 2 simple_value.

static void put_scalar(struct message *summary, const struct event_scalar *scalar)
{
    struct message value = {.length = 0};
    put_bytes(&value, 1, scalar->tag, strnlen(scalar->tag, TAG_BYTES));
    put_float(&value, 2, (float)scalar->value);
    put_bytes(summary, 1, value.bytes, value.length);
}

// https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
static uint32_t masked_crc(const void *data, size_t bytes)
{
    uint32_t crc = crc32c(data, bytes);
    return (crc >> 15 | crc << 17) + UINT32_C(0xa282ead8);
}

static enum tuff_status write_record(struct event_file *file, const struct message *event)
{
    enum { FRAME_BYTES = 16 };
    struct message head = {.length = 0}, tail = {.length = 0};
    uint8_t record[MESSAGE_BYTES + FRAME_BYTES];
    put_fixed(&head, event->length, 8);
    put_fixed(&head, masked_crc(head.bytes, 8), 4);
    put_fixed(&tail, masked_crc(event->bytes, event->length), 4);
    memcpy(record, head.bytes, head.length);
    memcpy(record + head.length, event->bytes, event->length);
    memcpy(record + head.length + event->length, tail.bytes, tail.length);
    return append_file_write(&file->file, record, head.length + event->length + tail.length);
}

enum tuff_status event_file_write(struct event_file *file, double seconds, uint64_t step,
                                  const struct event_scalar *scalars, size_t count)
{
    struct message event = {.length = 0}, summary = {.length = 0};
    for (size_t i = 0; i < count && i < EVENT_SCALARS; i++)
        put_scalar(&summary, &scalars[i]);
    put_double(&event, 1, seconds);
    put_key(&event, 2, WIRE_VARINT);
    put_varint(&event, step);
    put_bytes(&event, 5, summary.bytes, summary.length);
    return write_record(file, &event);
}

// Every event file begins with this.
static enum tuff_status write_version(struct event_file *file)
{
    static const char version[] = "brain.Event:2";
    struct message event = {.length = 0};
    put_double(&event, 1, (double)time(NULL));
    put_bytes(&event, 3, version, sizeof version - 1);
    return write_record(file, &event);
}

enum tuff_status event_file_open(const char *path, uint64_t length, struct event_file **file)
{
    struct event_file *made = calloc(1, sizeof *made);
    *file = made;
    if (made == NULL) {
        console_error("out of memory");
        return TUFF_ERROR_MEMORY;
    }
    enum tuff_status status = append_file_open(&made->file, path, APPEND_TO_ANY);
    if (status == TUFF_OK)
        status = append_file_cut(&made->file, length);
    return status == TUFF_OK && made->file.length == 0 ? write_version(made) : status;
}

enum tuff_status event_file_measure(struct event_file *file, uint64_t *length)
{
    *length = file->file.length;
    return append_file_sync(&file->file);
}

enum tuff_status event_file_close(struct event_file **file)
{
    struct event_file *f = *file;
    if (f == NULL)
        return TUFF_OK;
    enum tuff_status status = append_file_close(&f->file);
    free(f);
    *file = NULL;
    return status;
}
