// Lists of layers in a model file, with blocks among them.
#include <stdio.h>
#include <string.h>

#include "layer_file.h"
#include "model_build.h"

enum { NAME, REPEAT, LAYERS, SHORTCUT, BRANCHES, KEY_COUNT };
static const char *const key_names[KEY_COUNT] = {"name", "repeat", "layers", "shortcut", "branches"};

// The keys that each kind of block has, up to KEY_COUNT; the first is the one that it must have.
static const int keys_of[][KEY_COUNT + 1] = {
    [TUFF_BLOCK_PLAIN] = {LAYERS, NAME, REPEAT, KEY_COUNT},
    [TUFF_BLOCK_RESIDUAL] = {LAYERS, SHORTCUT, NAME, REPEAT, KEY_COUNT},
    [TUFF_BLOCK_CONCAT] = {BRANCHES, NAME, KEY_COUNT},
};

// What a file gives of a block.
struct block_text {
    enum tuff_block_kind kind;
    struct tuff_mark mark;
    char name[TUFF_LAYER_NAME_BYTES];
    const struct tuff_yaml_node *values[KEY_COUNT]; // NULL: not given
    struct tuff_layer_training training;
};

static const struct tuff_yaml_node *word_of(const struct tuff_yaml_node *item)
{
    return item->kind == TUFF_YAML_MAPPING && item->count != 0 ? item->first : item;
}

static bool find_block_kind(const struct tuff_yaml_node *item, enum tuff_block_kind *kind)
{
    for (*kind = TUFF_BLOCK_PLAIN; *kind <= TUFF_BLOCK_CONCAT; (*kind)++)
        if (tuff_yaml_is(word_of(item), tuff_block_kind_name(*kind)))
            return true;
    return false;
}

static enum tuff_status read_keys(const struct tuff_source *source, const struct tuff_yaml_node *item,
                                  struct block_text *text)
{
    const char *kind = tuff_block_kind_name(text->kind), *names[KEY_COUNT + TUFF_TRAINING_KEYS];
    const struct tuff_yaml_node *values[KEY_COUNT + TUFF_TRAINING_KEYS] = {NULL}, *settings;
    const int *keys = keys_of[text->kind];
    char prefix[16];
    size_t count = 0;
    for (; keys[count] != KEY_COUNT; count++)
        names[count] = key_names[keys[count]];
    for (size_t i = 0; i < TUFF_TRAINING_KEYS; i++)
        names[count + i] = tuff_training_keys[i];
    snprintf(prefix, sizeof prefix, "%s: ", kind);
    enum tuff_status status = tuff_item_settings(source, kind, item, &settings);
    if (status == TUFF_OK && settings != NULL)
        status = tuff_yaml_read_mapping(source, prefix, settings, names, count + TUFF_TRAINING_KEYS, values);
    if (status == TUFF_OK && values[0] == NULL)
        status =
            tuff_source_fail(source, TUFF_ERROR_FORMAT, item->mark, "%s: missing key '%s'", kind, names[0]);
    for (size_t i = 0; i < count; i++)
        text->values[keys[i]] = values[i];
    if (status == TUFF_OK && text->values[NAME] != NULL)
        status = tuff_name_read(source, kind, text->values[NAME], text->name);
    if (status == TUFF_OK)
        status = tuff_training_read(source, kind, item->mark, values + count, &text->training);
    return status;
}

static enum tuff_status read_shortcut(const struct tuff_source *source, const struct tuff_yaml_node *list,
                                      struct tuff_model *model)
{
    enum tuff_status status = tuff_model_begin_branch(source, model, list->mark);
    return status == TUFF_OK ? tuff_layers_read(source, "residual: 'shortcut'", list, true, model) : status;
}

static enum tuff_status read_branches(const struct tuff_source *source, const struct tuff_yaml_node *branches,
                                      struct tuff_model *model)
{
    char text[TUFF_YAML_DESCRIBE_BYTES];
    if (branches->kind != TUFF_YAML_SEQUENCE)
        return tuff_source_fail(source, TUFF_ERROR_FORMAT, branches->mark,
                                "concat: 'branches' must be a list of lists of layers, found %s",
                                tuff_yaml_describe(branches, text));
    enum tuff_status status = TUFF_OK;
    for (const struct tuff_yaml_node *list = branches->first; status == TUFF_OK && list != NULL;
         list = list->next) {
        status = tuff_model_begin_branch(source, model, list->mark);
        if (status == TUFF_OK)
            status = tuff_layers_read(source, "concat: a branch", list, true, model);
    }
    return status;
}

// One time through the block.
static enum tuff_status read_once(const struct tuff_source *source, const struct block_text *text,
                                  const char *name, struct tuff_model *model)
{
    char what[32];
    snprintf(what, sizeof what, "%s: 'layers'", tuff_block_kind_name(text->kind));
    enum tuff_status status = tuff_model_begin_block(source, model, text->kind, name, text->mark);
    if (status == TUFF_OK)
        tuff_model_train_block(model, &text->training);
    if (status == TUFF_OK && text->kind == TUFF_BLOCK_CONCAT)
        status = read_branches(source, text->values[BRANCHES], model);
    else if (status == TUFF_OK)
        status = tuff_layers_read(source, what, text->values[LAYERS], false, model);
    if (status == TUFF_OK && text->values[SHORTCUT] != NULL)
        status = read_shortcut(source, text->values[SHORTCUT], model);
    return status == TUFF_OK ? tuff_model_end_block(source, model) : status;
}

// A block of blocks that are called 0, 1, 2, …, as the members of torch.nn.Sequential.
static enum tuff_status repeat(const struct tuff_source *source, const struct block_text *text,
                               struct tuff_model *model)
{
    const char *kind = tuff_block_kind_name(text->kind);
    char what[32];
    uint32_t times;
    if (text->name[0] == '\0')
        return tuff_source_fail(source, TUFF_ERROR_FORMAT, text->values[REPEAT]->mark,
                                "%s: 'repeat' wants a 'name', with which the names of the layers begin",
                                kind);
    snprintf(what, sizeof what, "%s: 'repeat'", kind);
    enum tuff_status status =
        tuff_number_read(source, what, "", text->values[REPEAT], 1, TUFF_MODEL_MAX_LAYERS, &times);
    if (status == TUFF_OK)
        status = tuff_model_begin_block(source, model, TUFF_BLOCK_PLAIN, text->name, text->mark);
    for (uint32_t i = 0; status == TUFF_OK && i < times; i++) {
        char name[16];
        snprintf(name, sizeof name, "%u", i);
        status = read_once(source, text, name, model);
    }
    return status == TUFF_OK ? tuff_model_end_block(source, model) : status;
}

static enum tuff_status read_block(const struct tuff_source *source, enum tuff_block_kind kind,
                                   const struct tuff_yaml_node *item, struct tuff_model *model)
{
    struct block_text text = {.kind = kind, .mark = item->mark};
    enum tuff_status status = read_keys(source, item, &text);
    if (status != TUFF_OK)
        return status;
    return text.values[REPEAT] != NULL ? repeat(source, &text, model)
                                       : read_once(source, &text, text.name, model);
}

enum tuff_status tuff_layers_read(const struct tuff_source *source, const char *what,
                                  const struct tuff_yaml_node *list, bool may_be_empty,
                                  struct tuff_model *model)
{
    char text[TUFF_YAML_DESCRIBE_BYTES];
    if (list->kind != TUFF_YAML_SEQUENCE || (list->count == 0 && !may_be_empty))
        return tuff_source_fail(source, TUFF_ERROR_FORMAT, list->mark, "%s must be a list of %s, found %s",
                                what, may_be_empty ? "layers" : "at least one layer",
                                tuff_yaml_describe(list, text));
    enum tuff_status status = TUFF_OK;
    for (const struct tuff_yaml_node *item = list->first; status == TUFF_OK && item != NULL;
         item = item->next) {
        enum tuff_block_kind kind;
        struct tuff_layer layer;
        if (find_block_kind(item, &kind)) {
            status = read_block(source, kind, item, model);
            continue;
        }
        status = tuff_layer_read(source, item, &layer);
        if (status == TUFF_OK)
            status = tuff_model_append(source, model, &layer);
    }
    return status;
}
