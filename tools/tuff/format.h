// Numbers as people read them.
#ifndef TUFF_TOOL_FORMAT_H
#define TUFF_TOOL_FORMAT_H

#include <stdint.h>

struct text {
    char s[32];
};

struct text format_count(uint64_t count);    // 60,074
struct text format_bytes(uint64_t bytes);    // 938.7 KiB
struct text format_seconds(double seconds);  // 4.2 ms, 0.42 s, 12.3 s, 2 min 05 s, 1 h 02 min
struct text format_digits(double value);     // 0.00123, 0.123, 1.234, 12.34, 123.4, 1234
struct text format_duration(double seconds); // 12.34 us, 1.234 ms, 12.34 s: with the digits of a measurement
struct text format_clock(double seconds);    // 0:07, 12:30, 1:02:03
struct text format_rate(double per_second);  // 51,234; 12.3 below a hundred
struct text format_shape(uint32_t rank, const uint32_t *dims); // (6, 26, 26)

#endif
