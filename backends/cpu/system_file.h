// What the kernel says about itself in text files.
#ifndef TUFF_CPU_SYSTEM_FILE_H
#define TUFF_CPU_SYSTEM_FILE_H

#include <stddef.h>

// The value behind the first line of `path` that starts with `key`, without the colon and blanks before it;
// 0 if there is none.
int cpu_read_line(const char *path, const char *key, char *value, size_t size);

// The first two words of a file, as numbers; 0 where it is none ("max"). How many were numbers.
int cpu_read_numbers(const char *path, double numbers[2]);

// Calls `visit` with the folder of this process's control group (version 2), and of each above it, as far as
// they can be seen from here.
void cpu_visit_control_groups(void (*visit)(void *context, const char *folder), void *context);

#endif
