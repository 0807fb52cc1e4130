// Buffers: ranges at all sorts of offsets, compared with a copy of their content on the host.
#include "device.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "draw.h"

// Small enough to be compared after each call, and large enough that a backend works piece by piece.
enum { SMALL_BYTES = 64 << 10, LARGE_BYTES = (24 << 20) + 12, RANDOM_RANGES = 24, AROUND = 64 };

struct range {
    uint64_t offset, bytes;
};

// A buffer and what it has to hold.
struct mirror {
    const char *name;
    struct tuff_buffer *buffer;
    uint64_t bytes;
    unsigned char *expected, *seen;
};

static void mirror_clear(struct device_trial *trial, struct mirror *mirror)
{
    if (mirror->buffer != NULL)
        trial->target->interface->buffer_destroy(mirror->buffer);
    free(mirror->expected);
    free(mirror->seen);
    *mirror = (struct mirror){0};
}

// A buffer of random bytes. The caller clears it also on failure.
static bool mirror_create(struct device_trial *trial, const char *name, uint64_t bytes, uint32_t stream,
                          struct mirror *mirror)
{
    const struct tuff_backend_interface *interface = trial->target->interface;
    const uint64_t most = trial->target->info.max_buffer_bytes / 4 * 4;
    bytes = bytes < most ? bytes : most;
    *mirror = (struct mirror){.name = name, .bytes = bytes, .expected = malloc(bytes), .seen = malloc(bytes)};
    if (mirror->expected == NULL || mirror->seen == NULL)
        return device_fail(trial, "no host memory for %" PRIu64 " bytes", bytes);
    draw_bytes(trial->seed, DRAW_DATA + stream, mirror->expected, bytes);
    return device_expect_ok(trial, interface->buffer_create(trial->target->device, bytes, &mirror->buffer),
                            "buffer_create") &&
           device_expect_ok(trial, interface->buffer_write(mirror->buffer, 0, mirror->expected, bytes),
                            "buffer_write of a whole buffer");
}

// Whether the whole buffer holds what it should. what: the call before, and its range.
static bool mirror_verify(struct device_trial *trial, struct mirror *mirror, const char *what,
                          const struct range *range)
{
    if (!device_expect_ok(
            trial, trial->target->interface->buffer_read(mirror->buffer, 0, mirror->seen, mirror->bytes),
            "buffer_read of a whole buffer"))
        return false;
    for (uint64_t i = 0; i < mirror->bytes; i++)
        if (mirror->seen[i] != mirror->expected[i])
            return device_fail(trial,
                               "%s, offset %" PRIu64 ", %" PRIu64 " bytes: then byte %" PRIu64
                               " of %s, %" PRIu64 " bytes long, is 0x%02x, expected 0x%02x",
                               what, range->offset, range->bytes, i, mirror->name, mirror->bytes,
                               (unsigned)mirror->seen[i], (unsigned)mirror->expected[i]);
    return true;
}

// Range number `index` of a buffer: first those at the edges, then random ones.
static struct range pick_range(struct draw *draw, uint32_t index, uint64_t total)
{
    const struct range edges[] = {{0, 4},
                                  {4, 4},
                                  {8, 12},
                                  {total - 4, 4},
                                  {256, 256},
                                  {252, 520},
                                  {total / 8 * 4, total / 16 * 4},
                                  {4, total - 4},
                                  {0, total - 4},
                                  {0, total}};
    if (index < sizeof edges / sizeof *edges)
        return edges[index];
    const uint32_t words = (uint32_t)(total / 4);
    const uint32_t first = draw_between(draw, 0, words - 1);
    const uint32_t most = words - first < 900 ? words - first : 900;
    return (struct range){4 * (uint64_t)first, 4 * (uint64_t)draw_between(draw, 1, most)};
}

enum { RANGES = 10 + RANDOM_RANGES };

// Goes through the ranges of a small buffer, then the first ones of a large one. step: one range, verified.
static void for_ranges(struct device_trial *trial,
                       bool (*step)(struct device_trial *trial, struct mirror *mirror, uint32_t index,
                                    const struct range *range))
{
    const uint64_t sizes[] = {SMALL_BYTES, LARGE_BYTES};
    for (uint32_t size = 0; size < 2; size++) {
        struct mirror mirror;
        struct draw draw = {.seed = trial->seed, .stream = 9 + size};
        bool good = mirror_create(trial, "the buffer", sizes[size], 0, &mirror);
        for (uint32_t i = 0; good && i < (size == 0 ? RANGES : 10); i++) {
            const struct range range = pick_range(&draw, i, mirror.bytes);
            good = step(trial, &mirror, i, &range);
        }
        mirror_clear(trial, &mirror);
        if (!good)
            return;
    }
}

static bool write_range(struct device_trial *trial, struct mirror *mirror, uint32_t index,
                        const struct range *range)
{
    draw_bytes(trial->seed, DRAW_DATA + 16 + index, mirror->expected + range->offset, range->bytes);
    enum tuff_status status = trial->target->interface->buffer_write(
        mirror->buffer, range->offset, mirror->expected + range->offset, range->bytes);
    return device_expect_ok(trial, status, "buffer_write") &&
           mirror_verify(trial, mirror, "buffer_write", range);
}

void device_check_buffer_write(struct device_trial *trial)
{
    for_ranges(trial, write_range);
}

static bool read_range(struct device_trial *trial, struct mirror *mirror, uint32_t index,
                       const struct range *range)
{
    (void)index;
    // More than is asked for is there, so that writing it shows.
    unsigned char *seen = malloc(range->bytes + 2 * (uint64_t)AROUND);
    if (seen == NULL)
        return device_fail(trial, "no host memory for %" PRIu64 " bytes", range->bytes);
    memset(seen, 0xa5, range->bytes + 2 * (uint64_t)AROUND);
    bool good = device_expect_ok(
        trial,
        trial->target->interface->buffer_read(mirror->buffer, range->offset, seen + AROUND, range->bytes),
        "buffer_read");
    for (uint64_t i = 0; good && i < range->bytes + 2 * (uint64_t)AROUND; i++) {
        const bool inside = i >= AROUND && i < AROUND + range->bytes;
        const unsigned expected = inside ? mirror->expected[range->offset + i - AROUND] : 0xa5;
        if (seen[i] != expected)
            good = device_fail(trial,
                               "buffer_read, offset %" PRIu64 ", %" PRIu64 " bytes: byte %" PRId64
                               " is 0x%02x, expected 0x%02x",
                               range->offset, range->bytes, (int64_t)i - AROUND, (unsigned)seen[i], expected);
    }
    free(seen);
    return good;
}

void device_check_buffer_read(struct device_trial *trial)
{
    for_ranges(trial, read_range);
}

static bool fill_range(struct device_trial *trial, struct mirror *mirror, uint32_t index,
                       const struct range *range)
{
    const uint32_t word = index == 0 ? 0 : index == 1 ? UINT32_MAX : 0x01234567u * (index + 1);
    for (uint64_t i = 0; i < range->bytes; i += 4)
        memcpy(mirror->expected + range->offset + i, &word, 4);
    enum tuff_status status =
        trial->target->interface->buffer_fill(mirror->buffer, range->offset, range->bytes, word);
    return device_expect_ok(trial, status, "buffer_fill") &&
           mirror_verify(trial, mirror, "buffer_fill", range);
}

void device_check_buffer_fill(struct device_trial *trial)
{
    for_ranges(trial, fill_range);
}

// Copies a range to another offset, perhaps in the same buffer, and verifies both buffers.
static bool copy_range(struct device_trial *trial, struct mirror *to, uint64_t to_offset, struct mirror *from,
                       const struct range *range)
{
    memcpy(to->expected + to_offset, from->expected + range->offset, range->bytes);
    enum tuff_status status = trial->target->interface->buffer_copy(to->buffer, to_offset, from->buffer,
                                                                    range->offset, range->bytes);
    const struct range written = {to_offset, range->bytes};
    return device_expect_ok(trial, status, "buffer_copy") &&
           mirror_verify(trial, to, "buffer_copy to", &written) &&
           (to == from || mirror_verify(trial, from, "buffer_copy from", range));
}

static bool copy_between(struct device_trial *trial, struct mirror *a, struct mirror *b)
{
    struct draw draw = {.seed = trial->seed, .stream = 11};
    for (uint32_t i = 0; i < RANGES; i++) {
        struct mirror *from = i % 2 == 0 ? a : b, *to = i % 2 == 0 ? b : a;
        struct range range = pick_range(&draw, i, from->bytes);
        if (range.bytes > to->bytes)
            range.bytes = to->bytes;
        const uint32_t room = (uint32_t)((to->bytes - range.bytes) / 4);
        if (!copy_range(trial, to, 4 * (uint64_t)draw_between(&draw, 0, room), from, &range))
            return false;
    }
    // Within one buffer: neighbours, and ends that change places.
    const struct range first = {0, 512}, later = {a->bytes / 8 * 4, 1028};
    return copy_range(trial, a, first.bytes, a, &first) && copy_range(trial, a, 8, a, &later) &&
           copy_range(trial, a, a->bytes - first.bytes, a, &first);
}

void device_check_buffer_copy(struct device_trial *trial)
{
    const uint64_t sizes[2][2] = {{SMALL_BYTES, SMALL_BYTES / 2 + 4}, {LARGE_BYTES, 9 << 20}};
    for (uint32_t i = 0; i < 2 && trial->result->verdict == CASE_PASSED; i++) {
        struct mirror a, b = {0};
        if (mirror_create(trial, "the first buffer", sizes[i][0], 0, &a) &&
            mirror_create(trial, "the second buffer", sizes[i][1], 1, &b)) {
            const struct range whole = {0, b.bytes};
            if (i == 0)
                copy_between(trial, &a, &b);
            else // in pieces, if the backend has to
                copy_range(trial, &a, a.bytes - b.bytes, &b, &whole);
        }
        mirror_clear(trial, &a);
        mirror_clear(trial, &b);
    }
}

// Buffers of all sizes at a time, each with a content of its own, of which every other one is destroyed.
void device_check_buffer_sizes(struct device_trial *trial)
{
    static const uint64_t sizes[] = {4, 8, 12, 60, 64, 68, 252, 256, 260, 4092, 4096, 4100, 1 << 20, 4};
    enum { COUNT = sizeof sizes / sizeof *sizes };
    struct mirror mirrors[COUNT] = {{0}};
    bool good = true;
    for (uint32_t i = 0; good && i < COUNT; i++)
        good = mirror_create(trial, "a buffer of several", sizes[i], i, &mirrors[i]);
    for (uint32_t i = 0; good && i < COUNT; i++) {
        const struct range whole = {0, mirrors[i].bytes};
        good = mirror_verify(trial, &mirrors[i], "buffer_write", &whole);
    }
    for (uint32_t i = 1; i < COUNT; i += 2)
        mirror_clear(trial, &mirrors[i]);
    for (uint32_t i = 0; good && i < COUNT; i += 2) {
        const struct range whole = {0, mirrors[i].bytes};
        good = mirror_verify(trial, &mirrors[i], "buffer_write, and buffer_destroy of others", &whole);
    }
    for (uint32_t i = 0; i < COUNT; i++)
        mirror_clear(trial, &mirrors[i]);
}
