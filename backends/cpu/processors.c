#include "processors.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

// The first two words of a file, as numbers; 0 where it is none ("max"). How many were numbers.
static int read_numbers(const char *path, double numbers[2])
{
    char line[128];
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    const char *at = fgets(line, sizeof line, file);
    fclose(file);
    int count = 0;
    for (char *end; at && count < 2; at = end, count++) {
        numbers[count] = strtod(at, &end);
        if (end == at)
            break;
    }
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

// The tightest quota of this control group and those above it, as far as they can be seen from here. Version
// 2 has one file, version 1 two.
static long by_quota(void)
{
    static const char *const version1[] = {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"};
    char line[PATH_MAX] = "", group[PATH_MAX] = "/", path[2 * PATH_MAX];
    double numbers[2];
    long least = LONG_MAX;
    FILE *file = fopen("/proc/self/cgroup", "re");
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, "0::", 3) == 0)
            snprintf(group, sizeof group, "%.*s", (int)strcspn(line + 3, "\n"), line + 3);
    }
    if (file)
        fclose(file);
    for (;;) {
        snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group);
        if (read_numbers(path, numbers) == 2 && whole_processors(numbers[0], numbers[1]) < least)
            least = whole_processors(numbers[0], numbers[1]);
        char *slash = strrchr(group, '/');
        if (!slash || !*group)
            break;
        *slash = '\0';
    }
    for (size_t i = 0; i < sizeof version1 / sizeof *version1; i++) {
        double quota[2], period[2];
        snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", version1[i]);
        if (read_numbers(path, quota) < 1)
            continue;
        snprintf(path, sizeof path, "%s/cpu.cfs_period_us", version1[i]);
        if (read_numbers(path, period) >= 1 && whole_processors(quota[0], period[0]) < least)
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
