#include "processors.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "system_file.h"

static long by_affinity(void)
{
    long count = 0;
    // The kernel refuses a set that is smaller than its own.
    for (int bits = 1024; bits <= 1 << 18; bits *= 2) {
        cpu_set_t *set = CPU_ALLOC((size_t)bits);
        if (!set)
            break;
        const size_t bytes = CPU_ALLOC_SIZE((size_t)bits);
        const int failure = sched_getaffinity(0, bytes, set) != 0 ? errno : 0;
        if (failure == 0)
            count = CPU_COUNT_S(bytes, set);
        CPU_FREE(set);
        if (failure != EINVAL)
            break;
    }
    if (count < 1)
        count = sysconf(_SC_NPROCESSORS_ONLN);
    return count;
}

// Processors that a quota of so many microseconds of each `period` is.
static long whole_processors(double quota, double period)
{
    if (!(quota > 0 && period > 0) || quota / period > CPU_MAX_PROCESSORS)
        return LONG_MAX;
    const long whole = (long)(quota / period);
    return (double)whole * period < quota ? whole + 1 : whole;
}

static void take_quota(void *least, const char *folder)
{
    char path[2 * PATH_MAX];
    double numbers[2];
    snprintf(path, sizeof path, "%s/cpu.max", folder);
    if (cpu_read_numbers(path, numbers) == 2 && whole_processors(numbers[0], numbers[1]) < *(long *)least)
        *(long *)least = whole_processors(numbers[0], numbers[1]);
}

// The tightest quota of this control group and those above it. Version 2 has one file, version 1 two.
static long by_quota(void)
{
    static const char *const version1[] = {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"};
    char path[PATH_MAX];
    long least = LONG_MAX;
    cpu_visit_control_groups(take_quota, &least);
    for (size_t i = 0; i < sizeof version1 / sizeof *version1; i++) {
        double quota[2], period[2];
        snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", version1[i]);
        if (cpu_read_numbers(path, quota) < 1)
            continue;
        snprintf(path, sizeof path, "%s/cpu.cfs_period_us", version1[i]);
        if (cpu_read_numbers(path, period) >= 1 && whole_processors(quota[0], period[0]) < least)
            least = whole_processors(quota[0], period[0]);
    }
    return least;
}

uint32_t cpu_processors(void)
{
    long count = by_affinity();
    const long quota = by_quota();
    if (quota < count)
        count = quota;
    if (count < 1)
        return 1;
    return count > CPU_MAX_PROCESSORS ? CPU_MAX_PROCESSORS : (uint32_t)count;
}
