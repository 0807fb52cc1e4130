// One layer as a model file writes it.
#ifndef TUFF_CORE_LAYER_FILE_H
#define TUFF_CORE_LAYER_FILE_H

#include "layer.h"
#include "yaml_tree.h"

// Reads an item of the list of layers: "relu", "relu:" or "conv2d: {channels: 6, kernel: 3}". Sets kind,
// mark, settings, and the name, which is empty if the file gives none; the rest becomes zero.
TUFF_MUST_CHECK enum tuff_status tuff_layer_read(const struct tuff_source *source,
                                                 const struct tuff_yaml_node *item, struct tuff_layer *layer);

// The list of layers, and blocks of layers, to the end of the model (block_file.c). what: begins the message
// if it is no list of at least one, or may be empty.
TUFF_MUST_CHECK enum tuff_status tuff_layers_read(const struct tuff_source *source, const char *what,
                                                  const struct tuff_yaml_node *list, bool may_be_empty,
                                                  struct tuff_model *model);

// The settings of an item that is called `kind`: *settings is the mapping; NULL if it is its name alone.
TUFF_MUST_CHECK enum tuff_status tuff_item_settings(const struct tuff_source *source, const char *kind,
                                                    const struct tuff_yaml_node *item,
                                                    const struct tuff_yaml_node **settings);

// Names as files give them.
TUFF_MUST_CHECK enum tuff_status tuff_name_read(const struct tuff_source *source, const char *kind,
                                                const struct tuff_yaml_node *node,
                                                char name[TUFF_LAYER_NAME_BYTES]);

// The value of a key of what is called `owner` and stands at `mark`; node: NULL if the file does not give it,
// and then it is its default.
TUFF_MUST_CHECK enum tuff_status tuff_setting_read(const struct tuff_source *source, const char *owner,
                                                   struct tuff_mark mark, const struct tuff_layer_key *key,
                                                   const struct tuff_yaml_node *node,
                                                   struct tuff_setting *setting);

// The keys with which layers and blocks say how parameters begin and are trained (training_file.c), and their
// values by number, NULL for those that the file does not give. mark: the owner's.
enum { TUFF_TRAINING_KEYS = 4 };
extern const char *const tuff_training_keys[TUFF_TRAINING_KEYS];
TUFF_MUST_CHECK enum tuff_status tuff_training_read(const struct tuff_source *source, const char *owner,
                                                    struct tuff_mark mark,
                                                    const struct tuff_yaml_node *const *values,
                                                    struct tuff_layer_training *training);

// The mapping of a recipe, into the model (recipe.c).
TUFF_MUST_CHECK enum tuff_status tuff_recipe_read(const struct tuff_source *source,
                                                  const struct tuff_yaml_node *mapping,
                                                  struct tuff_model *model);

// true or false; "what must be true or false, found …".
TUFF_MUST_CHECK enum tuff_status tuff_switch_read(const struct tuff_source *source, const char *what,
                                                  const struct tuff_yaml_node *node, uint32_t *value);
// A decimal number; "what must be a number RANGE, found …".
TUFF_MUST_CHECK enum tuff_status tuff_real_read(const struct tuff_source *source, const char *what,
                                                const struct tuff_real_range *range,
                                                const struct tuff_yaml_node *node, double *real);

// A whole number as files write it: decimal digits, no quotes. Fails unless minimum <= number <= maximum:
// with TUFF_ERROR_INVALID if it is a number, TUFF_ERROR_FORMAT if not; "what must be a whole number from … to
// …, found …". or_else: what else could have stood there (" or [height, width]"), or "".
TUFF_MUST_CHECK enum tuff_status tuff_number_read(const struct tuff_source *source, const char *what,
                                                  const char *or_else, const struct tuff_yaml_node *node,
                                                  uint32_t minimum, uint32_t maximum, uint32_t *number);

#endif
