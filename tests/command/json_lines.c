// json_lines FILE KEY…: whether every line of FILE is a JSON object, and each KEY is in one of them. Prints
// their number.
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

static bool read_lines(FILE *file, int key_count, char **keys, bool *found, size_t *lines)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    bool good = true;
    *lines = 0;
    while (good && (length = getline(&line, &size, file)) > 0) {
        json_error_t error;
        json_t *object = line[length - 1] == '\n' ? json_loadb(line, (size_t)length - 1, 0, &error) : NULL;
        good = json_is_object(object);
        ++*lines;
        if (!good)
            fprintf(stderr, "line %zu: not a JSON object on a line: %s\n", *lines, line);
        for (int i = 0; i < key_count; i++)
            found[i] = found[i] || json_object_get(object, keys[i]) != NULL;
        json_decref(object);
    }
    free(line);
    return good;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    FILE *file = fopen(argv[1], "r");
    bool *found = calloc((size_t)argc, sizeof *found);
    if (file == NULL || found == NULL) {
        perror(argv[1]);
        return 1;
    }
    size_t lines;
    bool good = read_lines(file, argc - 2, argv + 2, found, &lines);
    for (int i = 0; i < argc - 2; i++) {
        if (!found[i])
            fprintf(stderr, "no line has '%s'\n", argv[i + 2]);
        good = good && found[i];
    }
    printf("%zu\n", lines);
    fclose(file);
    free(found);
    return good && lines > 0 ? 0 : 1;
}
