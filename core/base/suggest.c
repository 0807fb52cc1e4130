#include "suggest.h"

#include <string.h>

enum { LONGEST = 64 };

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

// Optimal string alignment: insert, delete, substitute, swap neighbours, each costs 1.
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][LONGEST + 1]; // the two rows before, and this one
    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t cost = a[i - 1] != b[j - 1];
            row[j] = smaller(smaller(above[j] + 1, row[j - 1] + 1), above[j - 1] + cost);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = smaller(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[a_length % 3][b_length];
}

const char *tuff_suggest(const char *word, const char *const *candidates, size_t count)
{
    size_t length = strlen(word), best = LONGEST;
    const char *nearest = NULL;
    if (length == 0 || length > LONGEST)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t candidate_length = strlen(candidates[i]);
        if (candidate_length > LONGEST)
            continue;
        size_t longer = length > candidate_length ? length : candidate_length;
        size_t found = distance(word, length, candidates[i], candidate_length);
        if (found <= (longer + 2) / 3 && found < best) {
            best = found;
            nearest = candidates[i];
        }
    }
    return nearest;
}
