// Saved trainings. First a byte: 0: what follows is the file; else what follows changes one that was saved:
// an edit is a byte that says what is changed, one that says which, and a text up to a line feed. Bit 1: of a
// mixed precision.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "model/safetensors.h"
#include "tuff/checkpoint.h"
#include "tuff/context.h"

enum { SAMPLES = 12, PRECISIONS = 2, MOST_EDITS = 3, MOST_METADATA = 64, EDIT_KINDS = 6 };

static const char model_text[] = "name: small\ninput: [1, 28, 28]\nlayers:\n"
                                 "  - conv2d: {name: c, channels: 1, kernel: 9, stride: 9}\n"
                                 "  - batch_norm2d: {name: n}\n"
                                 "  - flatten\n"
                                 "  - linear: {name: f, features: 10}\n";

static struct tuff_trainer *trainers[PRECISIONS];
static struct tuff_safetensors *saved[PRECISIONS];

static const char *state_path(void)
{
    return fuzz_path("state.safetensors");
}

// Two trainers that have done a step each, and what they save.
static void prepare(void)
{
    static const char *const plugins[] = {FUZZ_PLUGIN};
    const struct tuff_context_options context_options = {
        .size = sizeof context_options, .plugin_files = plugins, .plugin_file_count = 1};
    const struct tuff_dataset_options data_options = {.size = sizeof data_options, .digits_train = SAMPLES};
    struct tuff_trainer_options options;
    struct tuff_context *context;
    struct tuff_target *target;
    struct tuff_model *model;
    struct tuff_dataset *digits;
    bool ready = tuff_context_create(&context_options, &context) == TUFF_OK &&
                 tuff_target_open(context, "reference", NULL, NULL, &target) == TUFF_OK &&
                 tuff_model_parse(NULL, "small", model_text, sizeof model_text - 1, &model) == TUFF_OK &&
                 tuff_dataset_load(NULL, "digits", TUFF_SPLIT_TRAIN, &data_options, &digits) == TUFF_OK;
    tuff_trainer_options_default(&options);
    options.batch_size = 4;
    options.average_decay = 0.9;
    for (uint32_t p = 0; p < PRECISIONS && ready; p++) {
        const struct tuff_metadata mark = {"tuff", "fuzz"};
        options.precision = p;
        ready = tuff_trainer_create(target, model, digits, NULL, &options, &trainers[p]) == TUFF_OK &&
                tuff_trainer_advance(trainers[p], 0, 1, NULL, NULL, NULL) == TUFF_OK &&
                tuff_training_save(NULL, state_path(), trainers[p], &mark, 1) == TUFF_OK &&
                tuff_safetensors_read(NULL, state_path(), &saved[p]) == TUFF_OK;
    }
    fuzz_demand(ready, "the fuzzer can train a step");
}

static void change(struct fuzz_input *input, int slot, struct tuff_safetensor *tensors, size_t count,
                   struct tuff_metadata *metadata, size_t *metadata_count)
{
    uint8_t what = fuzz_byte(input) % EDIT_KINDS;
    size_t which = fuzz_byte(input);
    const char *text = fuzz_text(input, '\n', slot);
    struct tuff_metadata *entry = &metadata[which % *metadata_count];
    struct tuff_safetensor *tensor = &tensors[which % count];
    switch (what) {
    case 0:
        entry->value = text;
        break;
    case 1:
        entry->key = text;
        break;
    case 2:
        tensor->name = text;
        break;
    case 3: // as many elements in another shape
        tensor->rank = 1;
        tensor->dims[0] = tensor->bytes / 4;
        break;
    case 4:
        tensor->dtype = "I32";
        break;
    default:
        if (*metadata_count > 1)
            *entry = metadata[--*metadata_count];
    }
}

static void write_changed(struct fuzz_input *input, const struct tuff_safetensors *file)
{
    struct tuff_metadata metadata[MOST_METADATA];
    struct tuff_safetensor *tensors = malloc(file->count * sizeof *tensors);
    size_t metadata_count = file->metadata_count;
    fuzz_demand(tensors != NULL && metadata_count <= MOST_METADATA, "there is room for what was saved");
    memcpy(tensors, file->tensors, file->count * sizeof *tensors);
    memcpy(metadata, file->metadata, metadata_count * sizeof *metadata);
    for (int i = 0; i < MOST_EDITS && input->left > 0; i++)
        change(input, i, tensors, file->count, metadata, &metadata_count);
    // Names that come twice are written as they are, and texts that are not UTF-8 not at all.
    if (tuff_safetensors_write(NULL, state_path(), tensors, file->count, metadata, metadata_count) != TUFF_OK)
        fuzz_write("state.safetensors", "", 0);
    free(tensors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    uint8_t how = fuzz_byte(&input);
    int precision = (how & 2) != 0;
    if (trainers[0] == NULL)
        prepare();
    if (how == 0)
        fuzz_write("state.safetensors", input.next, input.left);
    else
        write_changed(&input, saved[precision]);
    struct tuff_trainer *trainer = trainers[precision];
    struct tuff_trainer_position at = {.size = sizeof at};
    struct tuff_metadata_list *texts;
    if (tuff_training_load(NULL, state_path(), trainer) == TUFF_OK) {
        tuff_trainer_position(trainer, &at);
        fuzz_demand(at.step <= SAMPLES / 4, "a position lies within its epoch");
    }
    if (fuzz_succeeded(tuff_metadata_read(&fuzz_log, state_path(), &texts)))
        (void)tuff_metadata_find(texts, "tuff");
    tuff_metadata_destroy(&texts);
    return 0;
}
