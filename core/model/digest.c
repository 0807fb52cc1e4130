#include <stdbool.h>
#include <string.h>

#include "layer.h"
#include "model/model.h"

// FNV-1a with 64 bits (Fowler, Noll & Vo).
static const uint64_t FNV_OFFSET = UINT64_C(0xcbf29ce484222325), FNV_PRIME = UINT64_C(0x100000001b3);

static void add_text(uint64_t *digest, const char *text)
{
    size_t length = strlen(text) + 1; // with its end, so that texts do not run into each other
    for (size_t i = 0; i < length; i++)
        *digest = (*digest ^ (uint8_t)text[i]) * FNV_PRIME;
}

static void add_number(uint64_t *digest, uint32_t number)
{
    for (int byte = 0; byte < 4; byte++)
        *digest = (*digest ^ (uint8_t)(number >> (8 * byte))) * FNV_PRIME;
}

static void add_real(uint64_t *digest, const char *name, double real)
{
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    add_text(digest, name);
    add_number(digest, (uint32_t)bits);
    add_number(digest, (uint32_t)(bits >> 32));
}

// Nothing for a layer that follows the one before it.
static void add_inputs(uint64_t *digest, const struct tuff_layer *layer, uint32_t number)
{
    if (layer->input_count == 1 && layer->inputs[0] == (number == 0 ? TUFF_MODEL_INPUT : number - 1))
        return;
    add_text(digest, "inputs");
    for (uint32_t i = 0; i < layer->input_count; i++)
        add_number(digest, layer->inputs[i]);
}

static uint64_t digest_of(const struct tuff_model *model, bool with_rates)
{
    uint64_t digest = FNV_OFFSET;
    for (int i = 0; i < 3; i++)
        add_number(&digest, model->input[i]);
    for (uint32_t l = 0; l < model->layer_count; l++) {
        const struct tuff_layer *layer = &model->layers[l];
        add_text(&digest, layer->kind->name);
        add_inputs(&digest, layer, l);
        for (size_t k = 0; k < layer->kind->key_count; k++) {
            const struct tuff_layer_key *key = &layer->kind->keys[k];
            const struct tuff_setting *setting = &layer->settings[k];
            if (key->type == TUFF_SETTING_REAL) {
                if (setting->real != key->range->fallback)
                    add_real(&digest, key->name, setting->real);
                continue;
            }
            if (setting->value[0] == key->fallback && setting->value[1] == key->fallback && !setting->same)
                continue;
            add_text(&digest, key->name);
            add_number(&digest, setting->value[0]);
            add_number(&digest, setting->value[1]);
            add_number(&digest, setting->same);
        }
        if (with_rates && layer->training.rate_factor != 0 && layer->training.rate_factor != 1 &&
            layer->parameter_count != 0)
            add_real(&digest, "lr_factor", layer->training.rate_factor);
    }
    return digest;
}

uint64_t tuff_model_digest(const struct tuff_model *model)
{
    return digest_of(model, true);
}

uint64_t tuff_model_forward_digest(const struct tuff_model *model)
{
    return digest_of(model, false);
}
