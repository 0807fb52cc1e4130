// json_value FILE: whether the file is one JSON object and nothing else. json_value FILE PATH: the value at
// keys and indices that are joined by dots, "predictions.0.guess"; fails if there is none.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

int main(int argc, char **argv)
{
    json_error_t error;
    if (argc < 2)
        return 2;
    json_t *root = json_load_file(argv[1], 0, &error);
    if (!json_is_object(root)) {
        fprintf(stderr, "%s:%d: %s\n", argv[1], error.line, error.text);
        return 1;
    }
    const json_t *value = root;
    char *rest = argc > 2 ? argv[2] : NULL;
    for (char *key; (key = strsep(&rest, ".")) != NULL;)
        value = json_is_array(value) ? json_array_get(value, strtoul(key, NULL, 10))
                                     : json_object_get(value, key);
    char *text =
        value == NULL ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(17) | JSON_COMPACT);
    if (text == NULL)
        fprintf(stderr, "%s: nothing at '%s'\n", argv[1], argc > 2 ? argv[2] : "");
    else if (argc > 2)
        printf("%s\n", text);
    free(text);
    json_decref(root);
    return text == NULL;
}
