// A YAML document as a tree of nodes that know where they stand.
#ifndef TUFF_CORE_YAML_TREE_H
#define TUFF_CORE_YAML_TREE_H

#include <stdbool.h>

#include "source.h"

enum {
    TUFF_YAML_MAX_BYTES = 1 << 20,
    TUFF_YAML_MAX_DEPTH = 40,
    TUFF_YAML_DESCRIBE_BYTES = 80,
};

enum tuff_yaml_kind {
    TUFF_YAML_SCALAR,
    TUFF_YAML_SEQUENCE,
    TUFF_YAML_MAPPING,
};

struct tuff_yaml_node {
    enum tuff_yaml_kind kind;
    bool plain; // a scalar without quotes; only such can be numbers, switches or nothing
    struct tuff_mark mark;
    struct tuff_yaml_node *first, *last; // children; those of a mapping are key, value, key, value, …
    struct tuff_yaml_node *next;         // sibling
    size_t count;                        // children
    struct tuff_yaml_node *older;        // made before this one, whatever its place in the tree
    size_t length;                       // of text, which may hold NUL bytes and ends in another
    char text[];                         // of a scalar
};

struct tuff_yaml {
    struct tuff_yaml_node *root;
    struct tuff_yaml_node *newest;
};

// Reads the one document that text holds. Refuses what is larger than TUFF_YAML_MAX_BYTES, nested deeper than
// TUFF_YAML_MAX_DEPTH, or uses aliases or tags, so that time and memory grow with the length of the text
// alone. Failure: TUFF_ERROR_FORMAT with the place, or TUFF_ERROR_MEMORY; the tree is empty then.
TUFF_MUST_CHECK enum tuff_status tuff_yaml_read(const struct tuff_source *source, const char *text,
                                                size_t length, struct tuff_yaml *tree);
void tuff_yaml_clear(struct tuff_yaml *tree); // an empty tree: no-op

// values[i] = the value of key names[i], NULL if the mapping lacks it. prefix: begins messages ("conv2d: " or
// ""). Failure: TUFF_ERROR_FORMAT for a key that is no scalar, not among names, or given twice.
TUFF_MUST_CHECK enum tuff_status tuff_yaml_read_mapping(const struct tuff_source *source, const char *prefix,
                                                        const struct tuff_yaml_node *mapping,
                                                        const char *const *names, size_t count,
                                                        const struct tuff_yaml_node **values);

// Fails for a word that is none of `names`: "prefix what 'word'; did you mean 'nearest'?", or all names if
// none is near.
enum tuff_status tuff_yaml_fail_unknown(const struct tuff_source *source, const char *prefix,
                                        const char *what, const struct tuff_yaml_node *word,
                                        const char *const *names, size_t count);

// A plain scalar that is empty, ~ or null.
bool tuff_yaml_is_null(const struct tuff_yaml_node *node);
// A scalar, in quotes or not, of this text.
bool tuff_yaml_is(const struct tuff_yaml_node *node, const char *text);

// What a message says was found: "'big'", "the text '3'", "a list of 3", "a mapping", "nothing".
const char *tuff_yaml_describe(const struct tuff_yaml_node *node, char out[TUFF_YAML_DESCRIBE_BYTES]);

#endif
