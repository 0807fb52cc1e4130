// The recipe of a model file: with which settings to train it.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "layer_file.h"
#include "tuff/augmentation.h"

static const struct tuff_real_range above_zero = {
    0, HUGE_VAL, 0, "above 0", .least_excluded = true, .most_excluded = true};
static const struct tuff_real_range not_negative = {0, HUGE_VAL, 0, "of at least 0", .most_excluded = true};
static const struct tuff_real_range below_one = {0, 1, 0, "from 0 to below 1", .most_excluded = true};
static const struct tuff_real_range factor = {0, 1, 0, "above 0 and at most 1", .least_excluded = true};

static const char *const optimizers[] = {"adam", "adamw", "sgd", NULL};
static const char *const schedules[] = {"constant", "step", "cosine", "one-cycle", NULL};

#define COUNT(key)                                                                                           \
    {                                                                                                        \
        .name = (key), .type = TUFF_SETTING_NUMBER, .maximum = UINT32_MAX                                    \
    }
#define REAL(key, of)                                                                                        \
    {                                                                                                        \
        .name = (key), .type = TUFF_SETTING_REAL, .range = &(of)                                             \
    }
#define WORD(key, of)                                                                                        \
    {                                                                                                        \
        .name = (key), .type = TUFF_SETTING_WORD, .words = (of)                                              \
    }

// Options of tuff train, with '_' for '-'.
static const struct tuff_layer_key keys[] = {
    COUNT("epochs"),
    COUNT("batch"),
    WORD("optimizer", optimizers),
    REAL("lr", above_zero),
    REAL("momentum", below_one),
    {.name = "nesterov", .type = TUFF_SETTING_SWITCH},
    REAL("beta1", below_one),
    REAL("beta2", below_one),
    REAL("epsilon", above_zero),
    REAL("weight_decay", below_one),
    WORD("schedule", schedules),
    REAL("warmup", not_negative),
    REAL("lr_min", not_negative),
    REAL("decay_epochs", above_zero),
    REAL("gamma", factor),
    REAL("label_smoothing", below_one),
    REAL("clip_norm", not_negative),
    REAL("ema", below_one),
    {.name = "augment", .type = TUFF_SETTING_TEXT},
    {.name = "normalize", .type = TUFF_SETTING_TEXT},
};
enum { KEY_COUNT = sizeof keys / sizeof *keys, REASON_BYTES = 256 };
static const char OWNER[] = "recipe";

static void keep_reason(void *user, enum tuff_log_level level, const char *message)
{
    (void)level;
    tuff_one_line(user, REASON_BYTES, message, strlen(message));
}

static enum tuff_status check_augmentation(const struct tuff_source *source,
                                           const struct tuff_yaml_node *node)
{
    char reason[REASON_BYTES] = "";
    const struct tuff_log log = {keep_reason, reason, TUFF_LOG_ERROR};
    struct tuff_augmentation augmentation;
    tuff_augmentation_default(&augmentation);
    if (tuff_augmentation_parse(&log, node->text, &augmentation) == TUFF_OK)
        return TUFF_OK;
    return tuff_source_fail(source, TUFF_ERROR_INVALID, node->mark, "%s: %s", OWNER, reason);
}

static enum tuff_status keep(const struct tuff_source *source, const struct tuff_layer_key *key,
                             const struct tuff_yaml_node *node, const struct tuff_setting *setting,
                             struct tuff_model *model)
{
    const char *value = key->type != TUFF_SETTING_SWITCH ? node->text : setting->value[0] ? "true" : "false";
    struct tuff_model_recipe *kept = &model->recipe[model->recipe_count];
    *kept = (struct tuff_model_recipe){.key = key->name, .value = strdup(value)};
    if (kept->value == NULL)
        return tuff_source_fail(source, TUFF_ERROR_MEMORY, (struct tuff_mark){0}, "out of memory");
    model->recipe_count++;
    return TUFF_OK;
}

enum tuff_status tuff_recipe_read(const struct tuff_source *source, const struct tuff_yaml_node *mapping,
                                  struct tuff_model *model)
{
    const char *names[KEY_COUNT];
    const struct tuff_yaml_node *values[KEY_COUNT] = {NULL};
    char text[TUFF_YAML_DESCRIBE_BYTES];
    for (size_t i = 0; i < KEY_COUNT; i++)
        names[i] = keys[i].name;
    if (mapping->kind != TUFF_YAML_MAPPING)
        return tuff_source_fail(source, TUFF_ERROR_FORMAT, mapping->mark,
                                "'recipe' must be settings of tuff train by their names, found %s",
                                tuff_yaml_describe(mapping, text));
    enum tuff_status status = tuff_yaml_read_mapping(source, "recipe: ", mapping, names, KEY_COUNT, values);
    model->recipe = calloc(KEY_COUNT, sizeof *model->recipe);
    if (status == TUFF_OK && model->recipe == NULL)
        status = tuff_source_fail(source, TUFF_ERROR_MEMORY, (struct tuff_mark){0}, "out of memory");
    for (size_t i = 0; status == TUFF_OK && i < KEY_COUNT; i++) {
        struct tuff_setting setting = {.same = false};
        if (values[i] == NULL)
            continue;
        status = tuff_setting_read(source, OWNER, mapping->mark, &keys[i], values[i], &setting);
        if (status == TUFF_OK && strcmp(keys[i].name, "augment") == 0)
            status = check_augmentation(source, values[i]);
        if (status == TUFF_OK)
            status = keep(source, &keys[i], values[i], &setting, model);
    }
    return status;
}

size_t tuff_model_recipe_count(const struct tuff_model *model)
{
    return model->recipe_count;
}

void tuff_model_recipe(const struct tuff_model *model, size_t index, struct tuff_recipe_setting *setting)
{
    *setting =
        (struct tuff_recipe_setting){.key = model->recipe[index].key, .value = model->recipe[index].value};
}
