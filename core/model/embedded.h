// The model files that are part of the library; cmake/embed-models.cmake generates the definitions.
#ifndef TUFF_CORE_EMBEDDED_H
#define TUFF_CORE_EMBEDDED_H

#include <stddef.h>

struct tuff_embedded_model {
    const char *name; // the file's, without folder and ending
    const unsigned char *text;
    size_t length;
};

// In the order of their names.
extern const struct tuff_embedded_model tuff_embedded_models[];
extern const size_t tuff_embedded_model_count;

#endif
