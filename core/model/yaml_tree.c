#include "yaml_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/suggest.h"

static struct tuff_mark mark_of(yaml_mark_t mark)
{
    return (struct tuff_mark){.line = (uint32_t)mark.line + 1, .column = (uint32_t)mark.column + 1};
}

// Where byte `offset` stands: libyaml's reader knows no more when the text is not UTF-8.
static struct tuff_mark mark_of_offset(const char *text, size_t length, size_t offset)
{
    struct tuff_mark mark = {1, 1};
    for (size_t i = 0; i < offset && i < length; i++) {
        if (text[i] == '\n') {
            mark.line++;
            mark.column = 1;
        } else if (((unsigned char)text[i] & 0xC0u) != 0x80u) {
            mark.column++;
        }
    }
    return mark;
}

static enum tuff_status fail_memory(const struct tuff_source *source)
{
    return tuff_source_fail(source, TUFF_ERROR_MEMORY, (struct tuff_mark){0}, "out of memory");
}

static enum tuff_status fail_syntax(const struct tuff_source *source, const yaml_parser_t *parser,
                                    const char *text, size_t length)
{
    if (parser->error == YAML_MEMORY_ERROR)
        return fail_memory(source);
    struct tuff_mark mark = parser->error == YAML_READER_ERROR
                                ? mark_of_offset(text, length, parser->problem_offset)
                                : mark_of(parser->problem_mark);
    return tuff_source_fail(source, TUFF_ERROR_FORMAT, mark, "not YAML: %s%s%s", parser->problem,
                            parser->context != NULL ? " " : "",
                            parser->context != NULL ? parser->context : "");
}

struct builder {
    const struct tuff_source *source;
    struct tuff_yaml *tree;
    struct tuff_yaml_node
        *open[TUFF_YAML_MAX_DEPTH]; // collections that have begun and not ended, outermost first
    size_t depth;
};

// Appends a node to the innermost open collection, or makes it the root. text may be NULL.
static enum tuff_status add_node(struct builder *builder, enum tuff_yaml_kind kind, const yaml_event_t *event,
                                 const char *text, size_t length, struct tuff_yaml_node **added)
{
    struct tuff_yaml_node *node = calloc(1, sizeof *node + length + 1);
    if (node == NULL)
        return fail_memory(builder->source);
    node->kind = kind;
    node->mark = mark_of(event->start_mark);
    node->length = length;
    if (length != 0)
        memcpy(node->text, text, length);
    node->older = builder->tree->newest;
    builder->tree->newest = node;
    *added = node;
    if (builder->depth == 0) {
        builder->tree->root = node;
        return TUFF_OK;
    }
    struct tuff_yaml_node *parent = builder->open[builder->depth - 1];
    if (parent->last != NULL)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
    parent->count++;
    return TUFF_OK;
}

static enum tuff_status fail_tag(const struct builder *builder, const yaml_event_t *event,
                                 const yaml_char_t *tag)
{
    char shown[48];
    tuff_one_line(shown, sizeof shown, (const char *)tag, strlen((const char *)tag));
    return tuff_source_fail(builder->source, TUFF_ERROR_FORMAT, mark_of(event->start_mark),
                            "a model file has no tags, found '%s'", shown);
}

static enum tuff_status begin_collection(struct builder *builder, enum tuff_yaml_kind kind,
                                         const yaml_event_t *event, const yaml_char_t *tag)
{
    if (tag != NULL)
        return fail_tag(builder, event, tag);
    if (builder->depth == TUFF_YAML_MAX_DEPTH)
        return tuff_source_fail(builder->source, TUFF_ERROR_FORMAT, mark_of(event->start_mark),
                                "nested more than %d levels deep", TUFF_YAML_MAX_DEPTH);
    struct tuff_yaml_node *node = NULL;
    enum tuff_status status = add_node(builder, kind, event, NULL, 0, &node);
    if (status == TUFF_OK)
        builder->open[builder->depth++] = node;
    return status;
}

static enum tuff_status add_scalar(struct builder *builder, const yaml_event_t *event)
{
    if (event->data.scalar.tag != NULL)
        return fail_tag(builder, event, event->data.scalar.tag);
    struct tuff_yaml_node *node = NULL;
    enum tuff_status status =
        add_node(builder, TUFF_YAML_SCALAR, event, (const char *)event->data.scalar.value,
                 event->data.scalar.length, &node);
    if (status == TUFF_OK)
        node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    return status;
}

static enum tuff_status take_event(struct builder *builder, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (builder->tree->root != NULL)
            return tuff_source_fail(builder->source, TUFF_ERROR_FORMAT, mark_of(event->start_mark),
                                    "a model file is one YAML document, found a second");
        return TUFF_OK;
    case YAML_ALIAS_EVENT:
        return tuff_source_fail(builder->source, TUFF_ERROR_FORMAT, mark_of(event->start_mark),
                                "a model file has no aliases; write the value out");
    case YAML_SCALAR_EVENT:
        return add_scalar(builder, event);
    case YAML_SEQUENCE_START_EVENT:
        return begin_collection(builder, TUFF_YAML_SEQUENCE, event, event->data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
        return begin_collection(builder, TUFF_YAML_MAPPING, event, event->data.mapping_start.tag);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        builder->depth--;
        return TUFF_OK;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return TUFF_OK;
}

static enum tuff_status read_events(struct builder *builder, yaml_parser_t *parser, const char *text,
                                    size_t length)
{
    bool ended = false;
    while (!ended) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event))
            return fail_syntax(builder->source, parser, text, length);
        enum tuff_status status = take_event(builder, &event);
        ended = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
        if (status != TUFF_OK)
            return status;
    }
    if (builder->tree->root == NULL)
        return tuff_source_fail(builder->source, TUFF_ERROR_FORMAT, (struct tuff_mark){1, 1},
                                "expected a model, found an empty file");
    return TUFF_OK;
}

enum tuff_status tuff_yaml_read(const struct tuff_source *source, const char *text, size_t length,
                                struct tuff_yaml *tree)
{
    *tree = (struct tuff_yaml){0};
    if (length > TUFF_YAML_MAX_BYTES)
        return tuff_source_fail(source, TUFF_ERROR_FORMAT, (struct tuff_mark){0},
                                "a model file is at most %d bytes long, this one is longer",
                                TUFF_YAML_MAX_BYTES);
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return fail_memory(source);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    struct builder builder = {.source = source, .tree = tree};
    enum tuff_status status = read_events(&builder, &parser, text, length);
    yaml_parser_delete(&parser);
    if (status != TUFF_OK)
        tuff_yaml_clear(tree);
    return status;
}

void tuff_yaml_clear(struct tuff_yaml *tree)
{
    while (tree->newest != NULL) {
        struct tuff_yaml_node *node = tree->newest;
        tree->newest = node->older;
        free(node);
    }
    tree->root = NULL;
}

enum tuff_status tuff_yaml_read_mapping(const struct tuff_source *source, const char *prefix,
                                        const struct tuff_yaml_node *mapping, const char *const *names,
                                        size_t count, const struct tuff_yaml_node **values)
{
    for (size_t i = 0; i < count; i++)
        values[i] = NULL;
    for (const struct tuff_yaml_node *key = mapping->first; key != NULL; key = key->next->next) {
        size_t i = 0;
        while (i < count && !tuff_yaml_is(key, names[i]))
            i++;
        if (i == count)
            return tuff_yaml_fail_unknown(source, prefix, "key", key, names, count);
        if (values[i] != NULL)
            return tuff_source_fail(source, TUFF_ERROR_FORMAT, key->mark, "%skey '%s' is given twice", prefix,
                                    names[i]);
        values[i] = key->next;
    }
    return TUFF_OK;
}

enum tuff_status tuff_yaml_fail_unknown(const struct tuff_source *source, const char *prefix,
                                        const char *what, const struct tuff_yaml_node *word,
                                        const char *const *names, size_t count)
{
    if (word->kind != TUFF_YAML_SCALAR || tuff_yaml_is_null(word)) {
        char found[TUFF_YAML_DESCRIBE_BYTES];
        return tuff_source_fail(source, TUFF_ERROR_FORMAT, word->mark, "%sexpected a %s, found %s", prefix,
                                what, tuff_yaml_describe(word, found));
    }
    char shown[48], list[512] = "";
    tuff_one_line(shown, sizeof shown, word->text, word->length);
    // A NUL byte within the word would hide its end from the comparison.
    const char *nearest = strlen(word->text) == word->length ? tuff_suggest(word->text, names, count) : NULL;
    if (nearest != NULL)
        return tuff_source_fail(source, TUFF_ERROR_FORMAT, word->mark,
                                "%sunknown %s '%s'; did you mean '%s'?", prefix, what, shown, nearest);
    for (size_t i = 0, used = 0; i < count && used < sizeof list; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i == 0 ? "" : ", ", names[i]);
    return tuff_source_fail(source, TUFF_ERROR_FORMAT, word->mark, "%sunknown %s '%s'; expected one of %s",
                            prefix, what, shown, list);
}

bool tuff_yaml_is_null(const struct tuff_yaml_node *node)
{
    return node->plain && (node->length == 0 || tuff_yaml_is(node, "~") || tuff_yaml_is(node, "null"));
}

bool tuff_yaml_is(const struct tuff_yaml_node *node, const char *text)
{
    return node->kind == TUFF_YAML_SCALAR && node->length == strlen(text) &&
           memcmp(node->text, text, node->length) == 0;
}

const char *tuff_yaml_describe(const struct tuff_yaml_node *node, char out[TUFF_YAML_DESCRIBE_BYTES])
{
    if (node->kind == TUFF_YAML_MAPPING)
        return "a mapping";
    if (tuff_yaml_is_null(node))
        return "nothing";
    if (node->kind == TUFF_YAML_SEQUENCE) {
        snprintf(out, TUFF_YAML_DESCRIBE_BYTES, "a list of %zu", node->count);
        return out;
    }
    char text[48];
    tuff_one_line(text, sizeof text, node->text, node->length);
    snprintf(out, TUFF_YAML_DESCRIBE_BYTES, "%s'%s'", node->plain ? "" : "the text ", text);
    return out;
}
