#include "layer_file.h"

#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "model_build.h"

enum { MAX_KINDS = 64, WHAT_BYTES = 64 };

// Sets *number, or UINT64_MAX for one that is negative or very large. False if the node is no whole number.
static bool parse_number(const struct tuff_yaml_node *node, uint64_t *number)
{
    if (node->kind != TUFF_YAML_SCALAR || !node->plain)
        return false;
    const char *digits = node->text;
    bool negative = *digits == '-';
    if (negative)
        digits++;
    size_t length = node->length - (size_t)(digits - node->text);
    // YAML 1.1 reads 010 as eight, YAML 1.2 as ten.
    if (length == 0 || (digits[0] == '0' && length > 1) || strspn(digits, "0123456789") != length)
        return false;
    *number = UINT64_MAX;
    if (negative || length > 18)
        return true;
    *number = 0;
    for (size_t i = 0; i < length; i++)
        *number = *number * 10 + (uint64_t)(digits[i] - '0');
    return true;
}

enum tuff_status tuff_number_read(const struct tuff_source *source, const char *what, const char *or_else,
                                  const struct tuff_yaml_node *node, uint32_t minimum, uint32_t maximum,
                                  uint32_t *number)
{
    uint64_t found = 0;
    bool is_number = parse_number(node, &found);
    if (is_number && found >= minimum && found <= maximum) {
        *number = (uint32_t)found;
        return TUFF_OK;
    }
    char text[TUFF_YAML_DESCRIBE_BYTES];
    return tuff_source_fail(source, is_number ? TUFF_ERROR_INVALID : TUFF_ERROR_FORMAT, node->mark,
                            "%s must be a whole number from %u to %u%s, found %s", what, minimum, maximum,
                            or_else, tuff_yaml_describe(node, text));
}

// n or [height, width]
static enum tuff_status read_pair(const struct tuff_source *source, const char *what, const char *or_else,
                                  const struct tuff_yaml_node *node, uint32_t minimum, uint32_t maximum,
                                  uint32_t pair[2])
{
    enum tuff_status status;
    if (node->kind != TUFF_YAML_SEQUENCE || node->count != 2) {
        status = tuff_number_read(source, what, or_else, node, minimum, maximum, &pair[0]);
        pair[1] = pair[0];
        return status;
    }
    status = tuff_number_read(source, what, or_else, node->first, minimum, maximum, &pair[0]);
    if (status == TUFF_OK)
        status = tuff_number_read(source, what, or_else, node->last, minimum, maximum, &pair[1]);
    return status;
}

enum tuff_status tuff_switch_read(const struct tuff_source *source, const char *what,
                                  const struct tuff_yaml_node *node, uint32_t *value)
{
    static const char *const words[2][3] = {{"false", "False", "FALSE"}, {"true", "True", "TRUE"}};
    for (uint32_t on = 0; on < 2; on++) {
        for (size_t i = 0; i < 3; i++) {
            if (node->plain && tuff_yaml_is(node, words[on][i])) {
                *value = on;
                return TUFF_OK;
            }
        }
    }
    char text[TUFF_YAML_DESCRIBE_BYTES];
    return tuff_source_fail(source, TUFF_ERROR_FORMAT, node->mark, "%s must be true or false, found %s", what,
                            tuff_yaml_describe(node, text));
}

enum tuff_status tuff_real_read(const struct tuff_source *source, const char *what,
                                const struct tuff_real_range *range, const struct tuff_yaml_node *node,
                                double *real)
{
    bool is_number =
        node->kind == TUFF_YAML_SCALAR && node->plain && tuff_decimal_read(node->text, node->length, real);
    if (is_number && tuff_real_in_range(range, *real))
        return TUFF_OK;
    char text[TUFF_YAML_DESCRIBE_BYTES];
    return tuff_source_fail(source, is_number ? TUFF_ERROR_INVALID : TUFF_ERROR_FORMAT, node->mark,
                            "%s must be a number %s, found %s", what, range->text,
                            tuff_yaml_describe(node, text));
}

// One of the key's words.
static enum tuff_status read_word(const struct tuff_source *source, const char *what,
                                  const char *const *words, const struct tuff_yaml_node *node,
                                  uint32_t *number)
{
    uint32_t count = 0;
    for (; words[count] != NULL; count++) {
        if (tuff_yaml_is(node, words[count])) {
            *number = count;
            return TUFF_OK;
        }
    }
    char prefix[WHAT_BYTES + 8];
    snprintf(prefix, sizeof prefix, "%s: ", what);
    return tuff_yaml_fail_unknown(source, prefix, "value", node, words, count);
}

static enum tuff_status read_text(const struct tuff_source *source, const char *what,
                                  const struct tuff_yaml_node *node)
{
    char text[TUFF_YAML_DESCRIBE_BYTES];
    if (node->kind == TUFF_YAML_SCALAR && node->length > 0 && strlen(node->text) == node->length)
        return TUFF_OK;
    return tuff_source_fail(source, TUFF_ERROR_FORMAT, node->mark, "%s must be a text, found %s", what,
                            tuff_yaml_describe(node, text));
}

enum tuff_status tuff_setting_read(const struct tuff_source *source, const char *owner, struct tuff_mark mark,
                                   const struct tuff_layer_key *key, const struct tuff_yaml_node *node,
                                   struct tuff_setting *setting)
{
    setting->mark = mark;
    setting->value[0] = setting->value[1] = key->fallback;
    setting->real = key->range != NULL ? key->range->fallback : 0;
    if (node == NULL && key->required)
        return tuff_source_fail(source, TUFF_ERROR_FORMAT, mark, "%s: missing key '%s'", owner, key->name);
    if (node == NULL)
        return TUFF_OK;
    setting->mark = node->mark;
    char what[WHAT_BYTES];
    snprintf(what, sizeof what, "%s: '%s'", owner, key->name);
    switch (key->type) {
    case TUFF_SETTING_NUMBER:
        return tuff_number_read(source, what, "", node, 1, key->maximum, &setting->value[0]);
    case TUFF_SETTING_PAIR:
        return read_pair(source, what, " or [height, width]", node, 1, key->maximum, setting->value);
    case TUFF_SETTING_PADDING:
        setting->same = tuff_yaml_is(node, "same");
        if (setting->same || tuff_yaml_is(node, "valid"))
            return TUFF_OK;
        return read_pair(source, what, ", [height, width], valid or same", node, 0, key->maximum,
                         setting->value);
    case TUFF_SETTING_SWITCH:
        return tuff_switch_read(source, what, node, &setting->value[0]);
    case TUFF_SETTING_REAL:
        return tuff_real_read(source, what, key->range, node, &setting->real);
    case TUFF_SETTING_WORD:
        return read_word(source, what, key->words, node, &setting->value[0]);
    case TUFF_SETTING_TEXT:
        return read_text(source, what, node);
    }
    return TUFF_ERROR_INTERNAL;
}

enum tuff_status tuff_name_read(const struct tuff_source *source, const char *kind,
                                const struct tuff_yaml_node *node, char name[TUFF_LAYER_NAME_BYTES])
{
    if (node->kind == TUFF_YAML_SCALAR && !tuff_yaml_is_null(node) &&
        tuff_layer_name_valid(node->text, node->length)) {
        memcpy(name, node->text, node->length + 1);
        return TUFF_OK;
    }
    char text[TUFF_YAML_DESCRIBE_BYTES];
    return tuff_source_fail(source, TUFF_ERROR_FORMAT, node->mark, TUFF_LAYER_NAME_EXPECTED, kind,
                            TUFF_LAYER_NAME_BYTES - 1, tuff_yaml_describe(node, text));
}

static enum tuff_status find_kind(const struct tuff_source *source, const struct tuff_yaml_node *word,
                                  const struct tuff_layer_kind **found)
{
    const char *names[MAX_KINDS];
    size_t count = 0;
    for (; count + 3 < MAX_KINDS && (*found = tuff_layer_kind(count)) != NULL; count++) {
        names[count] = (*found)->name;
        if (tuff_yaml_is(word, names[count]))
            return TUFF_OK;
    }
    for (enum tuff_block_kind kind = TUFF_BLOCK_PLAIN; kind <= TUFF_BLOCK_CONCAT; kind++)
        names[count++] = tuff_block_kind_name(kind);
    return tuff_yaml_fail_unknown(source, "", "layer kind", word, names, count);
}

// mapping: NULL for a layer that is written as its kind alone.
static enum tuff_status read_settings(const struct tuff_source *source, const struct tuff_yaml_node *mapping,
                                      struct tuff_layer *layer)
{
    const struct tuff_layer_kind *kind = layer->kind;
    const char *names[TUFF_LAYER_MAX_KEYS + 1 + TUFF_TRAINING_KEYS] = {"name"};
    const struct tuff_yaml_node *values[TUFF_LAYER_MAX_KEYS + 1 + TUFF_TRAINING_KEYS] = {NULL};
    const size_t own = kind->key_count + 1, further = kind->has_parameters ? TUFF_TRAINING_KEYS : 0;
    for (size_t i = 0; i < kind->key_count; i++)
        names[i + 1] = kind->keys[i].name;
    for (size_t i = 0; i < TUFF_TRAINING_KEYS; i++)
        names[own + i] = tuff_training_keys[i];
    enum tuff_status status = TUFF_OK;
    if (mapping != NULL) {
        char prefix[WHAT_BYTES];
        snprintf(prefix, sizeof prefix, "%s: ", kind->name);
        status = tuff_yaml_read_mapping(source, prefix, mapping, names, own + further, values);
    }
    if (status == TUFF_OK && values[0] != NULL)
        status = tuff_name_read(source, kind->name, values[0], layer->name);
    for (size_t i = 0; status == TUFF_OK && i < kind->key_count; i++)
        status = tuff_setting_read(source, kind->name, layer->mark, &kind->keys[i], values[i + 1],
                                   &layer->settings[i]);
    if (status == TUFF_OK)
        status = tuff_training_read(source, kind->name, layer->mark, values + own, &layer->training);
    return status;
}

enum tuff_status tuff_item_settings(const struct tuff_source *source, const char *kind,
                                    const struct tuff_yaml_node *item, const struct tuff_yaml_node **settings)
{
    *settings = NULL;
    if (item->kind != TUFF_YAML_MAPPING)
        return TUFF_OK;
    // Settings that are not indented deeper than their kind become further keys of the item.
    const struct tuff_yaml_node *found = item->first->next, *second = found->next;
    if (second != NULL)
        return tuff_source_fail(
            source, TUFF_ERROR_FORMAT, second->mark,
            "%s: a list item is one layer, found a second key; are the settings indented deeper "
            "than '%s'?",
            kind, kind);
    if (found->kind == TUFF_YAML_MAPPING)
        *settings = found;
    if (found->kind == TUFF_YAML_MAPPING || tuff_yaml_is_null(found))
        return TUFF_OK;
    char text[TUFF_YAML_DESCRIBE_BYTES];
    return tuff_source_fail(source, TUFF_ERROR_FORMAT, found->mark,
                            "%s: expected settings in braces, found %s", kind,
                            tuff_yaml_describe(found, text));
}

enum tuff_status tuff_layer_read(const struct tuff_source *source, const struct tuff_yaml_node *item,
                                 struct tuff_layer *layer)
{
    *layer = (struct tuff_layer){.mark = item->mark};
    bool is_mapping = item->kind == TUFF_YAML_MAPPING && item->count != 0;
    const struct tuff_yaml_node *settings;
    enum tuff_status status = find_kind(source, is_mapping ? item->first : item, &layer->kind);
    if (status == TUFF_OK)
        status = tuff_item_settings(source, layer->kind->name, item, &settings);
    return status == TUFF_OK ? read_settings(source, settings, layer) : status;
}
