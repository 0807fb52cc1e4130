// What a layer or a block of a model file says of how its parameters begin and are trained.
#include <float.h>
#include <stdio.h>

#include "layer_file.h"

enum { INIT, INIT_BIAS, FREEZE, LR_FACTOR, WHAT_BYTES = 64 };
const char *const tuff_training_keys[TUFF_TRAINING_KEYS] = {
    [INIT] = "init", [INIT_BIAS] = "init_bias", [FREEZE] = "freeze", [LR_FACTOR] = "lr_factor"};

static const struct tuff_real_range factors = {
    .least = FLT_MIN, .most = FLT_MAX, .text = "above 0 that float32 has"};
static const struct tuff_real_range any_number = {
    .least = -FLT_MAX, .most = FLT_MAX, .text = "that float32 has"};
static const struct tuff_real_range spreads = {.most = FLT_MAX, .text = "of at least 0 that float32 has"};

static const struct scheme {
    const char *name;
    enum tuff_init_scheme scheme;
    double value;                        // of one that is a word
    bool is_word, by_fan;                // may stand alone; looks at inputs or outputs
    const struct tuff_real_range *range; // of the number in {name: number}; NULL: it has none
} schemes[] = {
    {"default", TUFF_INIT_DEFAULT, 0, true, false, NULL},
    {"kaiming_uniform", TUFF_INIT_KAIMING_UNIFORM, 0, true, true, NULL},
    {"kaiming_normal", TUFF_INIT_KAIMING_NORMAL, 0, true, true, NULL},
    {"xavier_uniform", TUFF_INIT_XAVIER_UNIFORM, 0, true, true, NULL},
    {"xavier_normal", TUFF_INIT_XAVIER_NORMAL, 0, true, true, NULL},
    {"zeros", TUFF_INIT_CONSTANT, 0, true, false, NULL},
    {"ones", TUFF_INIT_CONSTANT, 1, true, false, NULL},
    {"constant", TUFF_INIT_CONSTANT, 0, false, false, &any_number},
    {"uniform", TUFF_INIT_UNIFORM, 0, false, false, &spreads},
    {"normal", TUFF_INIT_NORMAL, 0, false, false, &spreads},
};
enum { SCHEME_COUNT = sizeof schemes / sizeof *schemes };

static const struct scheme *find_scheme(const struct tuff_yaml_node *word)
{
    for (size_t i = 0; i < SCHEME_COUNT; i++)
        if (tuff_yaml_is(word, schemes[i].name))
            return &schemes[i];
    return NULL;
}

static enum tuff_status fail_scheme(const struct tuff_source *source, const char *what,
                                    const struct tuff_yaml_node *word)
{
    const char *names[SCHEME_COUNT];
    char prefix[WHAT_BYTES + 8];
    snprintf(prefix, sizeof prefix, "%s: ", what);
    for (size_t i = 0; i < SCHEME_COUNT; i++)
        names[i] = schemes[i].name;
    return tuff_yaml_fail_unknown(source, prefix, "value", word, names, SCHEME_COUNT);
}

// "zeros", {constant: 0.5}, {kaiming_normal: fan_out}
static enum tuff_status read_init(const struct tuff_source *source, const char *what, bool of_bias,
                                  const struct tuff_yaml_node *node, struct tuff_init *init)
{
    bool is_mapping = node->kind == TUFF_YAML_MAPPING && node->count == 2;
    const struct tuff_yaml_node *word = is_mapping ? node->first : node, *of = is_mapping ? word->next : NULL;
    const struct scheme *scheme = word->kind == TUFF_YAML_SCALAR ? find_scheme(word) : NULL;
    char text[TUFF_YAML_DESCRIBE_BYTES];
    init->mark = node->mark;
    if (word->kind != TUFF_YAML_SCALAR)
        return tuff_source_fail(source, TUFF_ERROR_FORMAT, node->mark,
                                "%s must be the name of a scheme or {scheme: number}, found %s", what,
                                tuff_yaml_describe(node, text));
    if (scheme == NULL)
        return fail_scheme(source, what, word);
    if (of_bias && scheme->by_fan)
        return tuff_source_fail(
            source, TUFF_ERROR_INVALID, word->mark,
            "%s: '%s' is for weights; a bias may be zeros, ones, {constant: x}, {uniform: x} "
            "or {normal: x}",
            what, scheme->name);
    init->scheme = scheme->scheme;
    init->value = scheme->value;
    if (of == NULL && !scheme->is_word)
        return tuff_source_fail(source, TUFF_ERROR_FORMAT, word->mark, "%s: '%s' wants a number: {%s: x}",
                                what, scheme->name, scheme->name);
    if (of == NULL)
        return TUFF_OK;
    if (scheme->range != NULL) {
        char owner[2 * WHAT_BYTES];
        snprintf(owner, sizeof owner, "%s: '%s'", what, scheme->name);
        return tuff_real_read(source, owner, scheme->range, of, &init->value);
    }
    bool kaiming = scheme->scheme == TUFF_INIT_KAIMING_UNIFORM || scheme->scheme == TUFF_INIT_KAIMING_NORMAL;
    init->fan_out = tuff_yaml_is(of, "fan_out");
    if (kaiming && (init->fan_out || tuff_yaml_is(of, "fan_in")))
        return TUFF_OK;
    return tuff_source_fail(source, TUFF_ERROR_FORMAT, of->mark, "%s: '%s' takes %s, found %s", what,
                            scheme->name, kaiming ? "fan_in or fan_out" : "no value",
                            tuff_yaml_describe(of, text));
}

enum tuff_status tuff_training_read(const struct tuff_source *source, const char *owner,
                                    struct tuff_mark mark, const struct tuff_yaml_node *const *values,
                                    struct tuff_layer_training *training)
{
    char what[TUFF_TRAINING_KEYS][WHAT_BYTES];
    uint32_t freeze = 0;
    enum tuff_status status = TUFF_OK;
    *training = (struct tuff_layer_training){.mark = mark};
    for (size_t i = 0; i < TUFF_TRAINING_KEYS; i++) {
        snprintf(what[i], WHAT_BYTES, "%s: '%s'", owner, tuff_training_keys[i]);
        if (values[i] != NULL && !training->given)
            training->mark = values[i]->mark;
        training->given = training->given || values[i] != NULL;
    }
    if (values[INIT] != NULL)
        status = read_init(source, what[INIT], false, values[INIT], &training->weight);
    if (status == TUFF_OK && values[INIT_BIAS] != NULL)
        status = read_init(source, what[INIT_BIAS], true, values[INIT_BIAS], &training->bias);
    if (status == TUFF_OK && values[FREEZE] != NULL) {
        status = tuff_switch_read(source, what[FREEZE], values[FREEZE], &freeze);
        training->freeze = freeze ? TUFF_FREEZE_YES : TUFF_FREEZE_NO;
    }
    if (status == TUFF_OK && values[LR_FACTOR] != NULL)
        status = tuff_real_read(source, what[LR_FACTOR], &factors, values[LR_FACTOR], &training->rate_factor);
    return status;
}
