// Models made in code: see tuff/model_builder.h. The layers become what a model file would have made of them.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model_builder_state.h"

const char *tuff_builder_quoted(char *text, size_t size, const char *name)
{
    char line[64];
    tuff_one_line(line, sizeof line, name, strlen(name));
    snprintf(text, size, "'%s'", line);
    return text;
}

static enum tuff_status set_up(struct tuff_model_builder *builder, const char *name, const uint32_t input[3])
{
    char text[80];
    const struct tuff_mark whole = {0};
    tuff_source_set(&builder->source, &builder->log, name);
    if (!tuff_model_name_valid(name, strlen(name)))
        return tuff_source_fail(&builder->source, TUFF_ERROR_INVALID, whole, TUFF_MODEL_NAME_EXPECTED,
                                TUFF_LAYER_NAME_BYTES - 1, tuff_builder_quoted(text, sizeof text, name));
    snprintf(builder->model->name, sizeof builder->model->name, "%s", name);
    for (int i = 0; i < 3; i++) {
        if (input[i] < 1 || input[i] > TUFF_MAX_EXTENT)
            return tuff_source_fail(&builder->source, TUFF_ERROR_INVALID, whole,
                                    "'input' must be a whole number from 1 to %d, found %u", TUFF_MAX_EXTENT,
                                    input[i]);
        builder->model->input[i] = input[i];
    }
    return tuff_model_check_input(&builder->source, whole, input);
}

enum tuff_status tuff_model_builder_create(const struct tuff_log *log, const char *name,
                                           const uint32_t input[3], struct tuff_model_builder **builder)
{
    *builder = NULL;
    struct tuff_model_builder *made = calloc(1, sizeof *made);
    if (made != NULL)
        made->model = calloc(1, sizeof *made->model);
    if (made == NULL || made->model == NULL) {
        free(made);
        return tuff_fail(log, TUFF_ERROR_MEMORY, "%s: out of memory", name);
    }
    if (log != NULL)
        made->log = *log;
    enum tuff_status status = set_up(made, name, input);
    if (status != TUFF_OK)
        tuff_model_builder_destroy(&made);
    *builder = made;
    return status;
}

void tuff_model_builder_destroy(struct tuff_model_builder **builder)
{
    if (builder == NULL || *builder == NULL)
        return;
    tuff_model_destroy(&(*builder)->model);
    free(*builder);
    *builder = NULL;
}

enum tuff_status tuff_model_builder_finish(struct tuff_model_builder **builder, struct tuff_model **model)
{
    struct tuff_model_builder *built = *builder;
    const struct tuff_mark whole = {0};
    *model = NULL;
    if (built->status == TUFF_OK && built->next.mark.line != 0)
        built->status = tuff_source_fail(&built->source, TUFF_ERROR_INVALID, built->next.mark,
                                         "it was said how to train a layer or block that did not follow");
    if (built->status == TUFF_OK && built->model->layer_count == 0)
        built->status =
            tuff_source_fail(&built->source, TUFF_ERROR_INVALID, whole, "a model has at least one layer");
    if (built->status == TUFF_OK)
        built->status = tuff_model_finish(&built->source, whole, built->model);
    enum tuff_status status = built->status;
    if (status == TUFF_OK) {
        *model = built->model;
        built->model = NULL;
    }
    tuff_model_builder_destroy(builder);
    return status;
}
