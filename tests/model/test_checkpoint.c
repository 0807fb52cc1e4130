#include "tuff/checkpoint.h"

#include <criterion/criterion.h>
#include <string.h>

#include "../data/scratch.h"
#include "model/safetensors.h"

// Small, and with names that are near each other.
static const char model_text[] = "name: small\n"
                                 "input: [1, 28, 28]\n"
                                 "layers:\n"
                                 "  - conv2d: {name: conv1, channels: 2, kernel: 5, stride: 3}\n"
                                 "  - flatten\n"
                                 "  - linear: {name: fc1, features: 3}\n"
                                 "  - linear: {name: fc2, features: 10}\n";

enum { PARAMETERS = 6, ELEMENTS = 2 * 25 + 2 + 3 * 128 + 3 + 10 * 3 + 10 };

static struct tuff_context *context;
static struct tuff_target *target;
static struct tuff_model *model;
static struct tuff_dataset *set;

// On the reference backend, which every build has.
static void begin(void)
{
    scratch_begin();
    const struct tuff_context_options options = {.size = sizeof options, .log = scratch_log};
    cr_assert_eq(tuff_context_create(&options, &context), TUFF_OK);
    cr_assert_eq(tuff_target_open(context, "reference", NULL, NULL, &target), TUFF_OK, "%s", scratch_error);
    cr_assert_eq(tuff_model_parse(&scratch_log, "small", model_text, sizeof model_text - 1, &model), TUFF_OK,
                 "%s", scratch_error);
    cr_assert_eq(tuff_model_parameter_count(model), PARAMETERS);
    cr_assert_eq(tuff_model_parameter_elements(model), ELEMENTS);
    const struct tuff_dataset_options digits = {.size = sizeof digits, .digits_test = 4};
    cr_assert_eq(tuff_dataset_load(&scratch_log, "digits", TUFF_SPLIT_TEST, &digits, &set), TUFF_OK);
}

static void end(void)
{
    tuff_dataset_destroy(&set);
    tuff_model_destroy(&model);
    tuff_target_close(&target);
    tuff_context_destroy(&context);
    scratch_end();
}

TestSuite(checkpoint, .init = begin, .fini = end);

static struct tuff_trainer *make_trainer(uint64_t seed)
{
    struct tuff_trainer_options options;
    tuff_trainer_options_default(&options);
    options.seed = seed;
    struct tuff_trainer *trainer;
    cr_assert_eq(tuff_trainer_create(target, model, NULL, set, &options, &trainer), TUFF_OK, "%s",
                 scratch_error);
    return trainer;
}

static void read_all(struct tuff_trainer *trainer, float values[ELEMENTS])
{
    size_t at = 0;
    for (size_t i = 0; i < PARAMETERS; i++) {
        struct tuff_parameter_info info;
        tuff_model_parameter(model, i, &info);
        size_t elements = 1;
        for (uint32_t d = 0; d < info.rank; d++)
            elements *= info.dims[d];
        cr_assert_leq(at + elements, ELEMENTS);
        cr_assert_eq(tuff_trainer_read_parameter(trainer, i, values + at), TUFF_OK);
        at += elements;
    }
    cr_assert_eq(at, ELEMENTS);
}

Test(checkpoint, brings_back_every_bit)
{
    static float before[ELEMENTS], other[ELEMENTS], after[ELEMENTS];
    struct tuff_trainer *saved = make_trainer(1), *loaded = make_trainer(2);
    const uint32_t bits[3] = {0x80000000, 0x00000001,
                              0x7fc12345}; // -0, the smallest number, a NaN of its own
    float odd[3];
    memcpy(odd, bits, sizeof odd);
    cr_assert_eq(tuff_trainer_write_parameter(saved, 3, odd), TUFF_OK); // fc1.bias
    read_all(saved, before);
    read_all(loaded, other);
    cr_assert_neq(memcmp(before, other, sizeof before), 0);
    const char *path = scratch_path("a.safetensors");
    cr_assert_eq(tuff_checkpoint_save(&scratch_log, path, saved, NULL, 0), TUFF_OK, "%s", scratch_error);
    cr_assert_eq(tuff_checkpoint_load(&scratch_log, path, loaded), TUFF_OK, "%s", scratch_error);
    read_all(loaded, after);
    cr_assert_eq(memcmp(before, after, sizeof before), 0);
    tuff_trainer_destroy(&saved);
    tuff_trainer_destroy(&loaded);
}

Test(checkpoint, has_the_names_and_shapes_of_a_state_dict)
{
    const struct {
        const char *name;
        uint32_t rank;
        uint64_t dims[4];
    } expected[PARAMETERS] = {{"conv1.weight", 4, {2, 1, 5, 5}}, {"conv1.bias", 1, {2}},
                              {"fc1.weight", 2, {3, 128}},       {"fc1.bias", 1, {3}},
                              {"fc2.weight", 2, {10, 3}},        {"fc2.bias", 1, {10}}};
    struct tuff_trainer *trainer = make_trainer(1);
    const struct tuff_metadata metadata = {"model", "small"};
    const char *path = scratch_path("a.safetensors");
    cr_assert_eq(tuff_checkpoint_save(&scratch_log, path, trainer, &metadata, 1), TUFF_OK, "%s",
                 scratch_error);
    struct tuff_safetensors *file;
    cr_assert_eq(tuff_safetensors_read(&scratch_log, path, &file), TUFF_OK, "%s", scratch_error);
    cr_assert_eq(file->count, PARAMETERS);
    for (size_t i = 0; i < PARAMETERS; i++) {
        cr_assert_str_eq(file->tensors[i].name, expected[i].name);
        cr_assert_str_eq(file->tensors[i].dtype, "F32");
        cr_assert_eq(file->tensors[i].rank, expected[i].rank);
        cr_assert_arr_eq(file->tensors[i].dims, expected[i].dims, sizeof expected[i].dims);
    }
    cr_assert_eq(file->metadata_count, 2);
    cr_assert_str_eq(file->metadata[0].key, "model");
    cr_assert_str_eq(file->metadata[0].value, "small");
    cr_assert_str_eq(file->metadata[1].key, "model.forward");
    cr_assert_eq(strspn(file->metadata[1].value, "0123456789abcdef"), 16);
    tuff_safetensors_destroy(&file);
    scratch_expect(tuff_checkpoint_save(&scratch_log, scratch_path("absent/a"), trainer, NULL, 0),
                   TUFF_ERROR_IO, "cannot write");
    tuff_trainer_destroy(&trainer);
}

// A file of zeros that fits the model, but for what `change` makes of it; count: how many tensors.
static const char *write_changed(void (*change)(struct tuff_safetensor *tensors, size_t *count))
{
    static const float zeros[ELEMENTS];
    struct tuff_safetensor tensors[PARAMETERS + 1] = {{0}};
    size_t count = PARAMETERS;
    for (size_t i = 0; i < PARAMETERS; i++) {
        struct tuff_parameter_info info;
        tuff_model_parameter(model, i, &info);
        tensors[i] =
            (struct tuff_safetensor){.name = info.name, .dtype = "F32", .rank = info.rank, .bytes = 4};
        tensors[i].data = zeros;
        for (uint32_t d = 0; d < info.rank; d++) {
            tensors[i].dims[d] = info.dims[d];
            tensors[i].bytes *= info.dims[d];
        }
    }
    change(tensors, &count);
    const char *path = scratch_path("changed.safetensors");
    cr_assert_eq(tuff_safetensors_write(&scratch_log, path, tensors, count, NULL, 0), TUFF_OK, "%s",
                 scratch_error);
    return path;
}

static void nothing(struct tuff_safetensor *tensors, size_t *count)
{
    (void)tensors, (void)count;
}

static void remove_last(struct tuff_safetensor *tensors, size_t *count)
{
    (void)tensors;
    *count -= 1;
}

static void misspell(struct tuff_safetensor *tensors, size_t *count)
{
    (void)count;
    tensors[2].name = "fc1.wieght";
}

static void add_near(struct tuff_safetensor *tensors, size_t *count)
{
    tensors[PARAMETERS] = tensors[5];
    tensors[PARAMETERS].name = "fc3.bias";
    *count += 1;
}

static void add_far(struct tuff_safetensor *tensors, size_t *count)
{
    tensors[PARAMETERS] = tensors[5];
    tensors[PARAMETERS].name = "optimizer\nmoments";
    *count += 1;
}

static void transpose(struct tuff_safetensor *tensors, size_t *count)
{
    (void)count;
    tensors[4].dims[0] = 3;
    tensors[4].dims[1] = 10;
}

static void flatten(struct tuff_safetensor *tensors, size_t *count)
{
    (void)count;
    tensors[0].rank = 2;
    tensors[0].dims[1] = 25;
}

static void retype(struct tuff_safetensor *tensors, size_t *count)
{
    (void)count;
    tensors[5].dtype = "U32";
}

Test(checkpoint, is_taken_whole_or_not_at_all)
{
    const struct {
        void (*change)(struct tuff_safetensor *tensors, size_t *count);
        const char *words;
    } cases[] = {
        {remove_last, "the model's parameter 'fc2.bias' is missing"},
        {misspell, "the model's parameter 'fc1.weight' is missing; is it 'fc1.wieght' in the file?"},
        {add_near, "tensor 'fc3.bias' is not a parameter of the model 'small'; did you mean 'fc"},
        {add_far, "tensor 'optimizer\\x0Amoments' is not a parameter of the model 'small'"},
        {transpose, "parameter 'fc2.weight': expected the shape (10,3), found (3,10)"},
        {flatten, "parameter 'conv1.weight': expected the shape (2,1,5,5), found (2,25)"},
        {retype, "parameter 'fc2.bias': expected the type F32, found U32"},
    };
    static float before[ELEMENTS], after[ELEMENTS];
    struct tuff_trainer *trainer = make_trainer(1);
    read_all(trainer, before);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        scratch_expect(tuff_checkpoint_load(&scratch_log, write_changed(cases[i].change), trainer),
                       TUFF_ERROR_INVALID, cases[i].words);
    size_t count;
    unsigned char *bytes = scratch_read(write_changed(nothing), &count);
    scratch_expect(tuff_checkpoint_load(&scratch_log, scratch_write("cut", bytes, count - 1), trainer),
                   TUFF_ERROR_FORMAT, "cut: ");
    free(bytes);
    scratch_expect(tuff_checkpoint_load(&scratch_log, scratch_path("absent"), trainer), TUFF_ERROR_NOT_FOUND,
                   "cannot open");
    read_all(trainer, after);
    cr_assert_eq(memcmp(before, after, sizeof before), 0, "a refused file has changed parameters");

    // The file itself is right: without a change it loads.
    cr_assert_eq(tuff_checkpoint_load(&scratch_log, write_changed(nothing), trainer), TUFF_OK, "%s",
                 scratch_error);
    read_all(trainer, after);
    for (size_t i = 0; i < ELEMENTS; i++)
        cr_assert_eq(after[i], 0.0f);
    tuff_trainer_destroy(&trainer);
}
