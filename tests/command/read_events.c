// read_events FILE: checks the records of a TensorBoard file and prints a line for each scalar: step, tag,
// value. Knows nothing of the code that wrote it; the checksum is worked out from the polynomial's division.
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t reversed(uint32_t word)
{
    uint32_t result = 0;
    for (int bit = 0; bit < 32; bit++)
        result |= (word >> bit & 1u) << (31 - bit);
    return result;
}

// CRC-32C with the highest bit first, on bytes that are turned round.
static uint32_t checksum(const uint8_t *bytes, size_t count)
{
    uint32_t remainder = UINT32_MAX;
    for (size_t i = 0; i < count; i++) {
        remainder ^= reversed(bytes[i]);
        for (int bit = 0; bit < 8; bit++)
            remainder = remainder & 0x80000000u ? remainder << 1 ^ 0x1EDC6F41u : remainder << 1;
    }
    return ~reversed(remainder);
}

static uint64_t little(const uint8_t *bytes, int count)
{
    uint64_t value = 0;
    for (int i = 0; i < count; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

static bool is_sum(const uint8_t *stored, const uint8_t *bytes, size_t count)
{
    uint32_t unmasked = (uint32_t)little(stored, 4) - 0xa282ead8u;
    return (unmasked << 15 | unmasked >> 17) == checksum(bytes, count);
}

struct field {
    uint64_t number, value; // value: of a varint or a fixed number, or the length of bytes
    uint64_t wire;
    const uint8_t *bytes;
};

static bool take_varint(const uint8_t **at, const uint8_t *end, uint64_t *value)
{
    *value = 0;
    for (int shift = 0; *at < end && shift < 64; shift += 7) {
        uint8_t byte = *(*at)++;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

static bool take_field(const uint8_t **at, const uint8_t *end, struct field *field)
{
    uint64_t key;
    if (!take_varint(at, end, &key))
        return false;
    field->number = key >> 3;
    field->wire = key & 7;
    if (field->wire == 0)
        return take_varint(at, end, &field->value);
    if (field->wire == 1 || field->wire == 5) {
        int width = field->wire == 1 ? 8 : 4;
        if (end - *at < width)
            return false;
        field->value = little(*at, width);
        *at += width;
        return true;
    }
    if (field->wire != 2 || !take_varint(at, end, &field->value) || field->value > (uint64_t)(end - *at))
        return false;
    field->bytes = *at;
    *at += field->value;
    return true;
}

static bool print_scalar(const struct field *value, uint64_t step)
{
    const uint8_t *at = value->bytes, *end = at + value->value;
    struct field field, tag = {.number = 0};
    float scalar = 0;
    bool found = false;
    while (at < end) {
        if (!take_field(&at, end, &field))
            return false;
        if (field.number == 1 && field.wire == 2)
            tag = field;
        if (field.number == 2 && field.wire == 5) {
            uint32_t bits = (uint32_t)field.value;
            memcpy(&scalar, &bits, sizeof scalar);
            found = true;
        }
    }
    if (!found || tag.number == 0)
        return false;
    printf("%llu %.*s %.6g\n", (unsigned long long)step, (int)tag.value, (const char *)tag.bytes,
           (double)scalar);
    return true;
}

static bool print_event(const uint8_t *at, size_t length, bool first)
{
    const uint8_t *end = at + length;
    struct field field, summary = {.number = 0};
    uint64_t step = 0;
    double seconds = 0;
    bool version = false;
    while (at < end) {
        if (!take_field(&at, end, &field))
            return false;
        if (field.number == 1 && field.wire == 1)
            memcpy(&seconds, &field.value, sizeof seconds);
        else if (field.number == 2 && field.wire == 0)
            step = field.value;
        else if (field.number == 3 && field.wire == 2)
            version = field.value == 13 && memcmp(field.bytes, "brain.Event:2", 13) == 0;
        else if (field.number == 5 && field.wire == 2)
            summary = field;
    }
    if (seconds < 1.6e9 || version != first)
        return false;
    for (at = summary.bytes, end = at + (summary.number == 0 ? 0 : summary.value); at < end;)
        if (!take_field(&at, end, &field) || field.number != 1 || !print_scalar(&field, step))
            return false;
    return true;
}

int main(int argc, char **argv)
{
    static uint8_t content[1 << 20];
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (file == NULL)
        return 2;
    size_t length = fread(content, 1, sizeof content, file), at = 0;
    fclose(file);
    while (at < length) {
        uint64_t bytes = length - at < 16 ? UINT64_MAX : little(content + at, 8);
        if (bytes > length - at - 16 || !is_sum(content + at + 8, content + at, 8) ||
            !is_sum(content + at + 12 + bytes, content + at + 12, bytes) ||
            !print_event(content + at + 12, bytes, at == 0)) {
            fprintf(stderr, "no record at byte %zu\n", at);
            return 1;
        }
        at += 16 + bytes;
    }
    return length == 0;
}
