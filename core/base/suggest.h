// Did you mean …?
#ifndef TUFF_CORE_SUGGEST_H
#define TUFF_CORE_SUGGEST_H

#include <stddef.h>

// The candidate that is nearest to `word` (Damerau-Levenshtein distance, at most a third of the longer word,
// rounded up); NULL if none is near. Ties: the first.
const char *tuff_suggest(const char *word, const char *const *candidates, size_t count);

#endif
