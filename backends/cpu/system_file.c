#include "system_file.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int cpu_read_line(const char *path, const char *key, char *value, size_t size)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    char line[PATH_MAX + 16]; // a control group's path is the longest
    int found = 0;
    while (!found && fgets(line, sizeof line, file)) {
        if (strncmp(line, key, strlen(key)) != 0)
            continue;
        const char *start = line + strlen(key);
        start += strspn(start, " \t:");
        snprintf(value, size, "%.*s", (int)strcspn(start, "\n"), start);
        found = *value != '\0';
    }
    fclose(file);
    return found;
}

int cpu_read_numbers(const char *path, double numbers[2])
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

void cpu_visit_control_groups(void (*visit)(void *context, const char *folder), void *context)
{
    char group[PATH_MAX] = "/", folder[PATH_MAX + 32];
    // "0::/user.slice"; without it the root's, which a container sees as its own.
    if (!cpu_read_line("/proc/self/cgroup", "0::", group, sizeof group))
        snprintf(group, sizeof group, "/");
    for (;;) {
        snprintf(folder, sizeof folder, "/sys/fs/cgroup%s", group);
        visit(context, folder);
        char *slash = strrchr(group, '/');
        if (!slash || !*group)
            break;
        *slash = '\0';
    }
}
