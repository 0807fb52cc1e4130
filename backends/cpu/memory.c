#include "memory.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "system_file.h"

// Of all control groups above the process.
struct limits {
    double most, left;
};

static void take(struct limits *limits, double most, double used)
{
    if (most < limits->most)
        limits->most = most;
    if (most - used < limits->left)
        limits->left = most > used ? most - used : 0;
}

// What the group uses, less the files that the kernel would give up first.
static double used_of(const char *folder, const char *usage, const char *inactive)
{
    char path[PATH_MAX + 64], value[64];
    double numbers[2];
    snprintf(path, sizeof path, "%s/%s", folder, usage);
    const double used = cpu_read_numbers(path, numbers) >= 1 ? numbers[0] : 0;
    snprintf(path, sizeof path, "%s/memory.stat", folder);
    const double files = cpu_read_line(path, inactive, value, sizeof value) ? strtod(value, NULL) : 0;
    return used > files ? used - files : 0;
}

static void visit(void *context, const char *folder)
{
    char path[PATH_MAX + 64];
    double most[2];
    snprintf(path, sizeof path, "%s/memory.max", folder);
    if (cpu_read_numbers(path, most) >= 1)
        take(context, most[0], used_of(folder, "memory.current", "inactive_file "));
}

static struct limits find_limits(void)
{
    static const char version1[] = "/sys/fs/cgroup/memory";
    struct limits limits = {.most = 0x1p63, .left = 0x1p63};
    double most[2];
    cpu_visit_control_groups(visit, &limits);
    if (cpu_read_numbers("/sys/fs/cgroup/memory/memory.limit_in_bytes", most) >= 1)
        take(&limits, most[0], used_of(version1, "memory.usage_in_bytes", "total_inactive_file "));
    return limits;
}

static uint64_t of_machine(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    return pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : UINT64_C(1) << 30;
}

// Of so many bytes, those that the process can address: a 32-bit one not all that its machine has.
static uint64_t addressable(uint64_t bytes)
{
    return bytes < PTRDIFF_MAX ? bytes : PTRDIFF_MAX;
}

uint64_t cpu_memory_physical(void)
{
    const uint64_t machine = of_machine(), most = (uint64_t)find_limits().most;
    return addressable(most < machine ? most : machine);
}

uint64_t cpu_memory_available(void)
{
    char value[64];
    const uint64_t left = (uint64_t)find_limits().left;
    const uint64_t machine = cpu_read_line("/proc/meminfo", "MemAvailable", value, sizeof value)
                                 ? strtoull(value, NULL, 10) * 1024
                                 : of_machine() / 2;
    return addressable(left < machine ? left : machine);
}
