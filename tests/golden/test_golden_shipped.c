// Every backend against PyTorch, with networks of the size that people use: models that ship, with weights
// that follow from a seed. shipped.safetensors, made once by make-golden-shipped, says what PyTorch computes
// with them.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <criterion/criterion.h>
#include <jansson.h>

#include "fixture.h"
#include "model/safetensors.h"
#include "tuff/checkpoint.h"
#include "tuff/random.h"

enum { SEED = 2718, STEPS = 10, LABELS = 4, CLASSES_MOST = 1000 };

// PyTorch's own float32 and float64 runs differ by what the file's metadata say: 2.2e-6 in the logits, of up
// to 6, and 1e-6 in most losses and norms.
static const double LOGIT_TOLERANCE = 1e-4; // absolute
static const double FIRST_LOSS_TOLERANCE = 1e-5;

// How a training goes, and how near the figures of its first and of all steps have to be, relative. A value
// so near to zero that a ReLU lets it through in one of two trainings changes gradients, and the steps after
// it, by more than rounding does; and MobileNet, with its many batch normalizations of little, by much more:
// weights that differ by 1e-7 give PyTorch norms that differ by 7e-3 in the end.
struct training {
    const char *model;
    uint32_t batch, side;
    double first_norm_tolerance, loss_tolerance, norm_tolerance;
};
static const struct training trainings[] = {
    {"resnet9-cifar10", 4, 16, 1e-5, 2e-4, 2e-3},
    {"mobilenet-small", 8, 32, 1e-3, 1e-3, 3e-2},
};

// A Criterion parameter; flat, since tests run in processes of their own.
struct shipped {
    char backend[32], model[32];
};

static struct criterion_test_params each(const char *const models[2])
{
    struct criterion_test_params backends = backends_under_test();
    const struct backend_name *names = backends.params;
    struct shipped *made = cr_calloc(2 * backends.length, sizeof *made);
    for (size_t i = 0; i < 2 * backends.length; i++) {
        snprintf(made[i].backend, sizeof made[i].backend, "%s", names[i / 2].text);
        snprintf(made[i].model, sizeof made[i].model, "%s", models[i % 2]);
    }
    return cr_make_param_array(struct shipped, made, 2 * backends.length);
}

// -- The generator, as make-golden-shipped has it

static uint32_t word(const char *name, uint64_t element)
{
    const uint32_t step = (uint32_t)crc32(0, (const Bytef *)name, (uInt)strlen(name));
    return tuff_random_u32(SEED, TUFF_RANDOM_TEST, step, element);
}

static bool ends_in(const char *name, const char *end)
{
    size_t length = strlen(name), end_length = strlen(end);
    return length >= end_length && strcmp(name + length - end_length, end) == 0;
}

static void fill(const char *name, uint32_t rank, const uint64_t *dims, float *values)
{
    uint64_t elements = 1, inputs = 1;
    for (uint32_t i = 0; i < rank; i++)
        elements *= dims[i];
    for (uint32_t i = 1; i < rank; i++)
        inputs *= dims[i];
    const bool is_weight = ends_in(name, "weight"),
               shifted = ends_in(name, "running_var") || (is_weight && rank == 1);
    const float bound = is_weight                       ? (float)sqrt(3 / (double)inputs)
                        : ends_in(name, "running_mean") ? 0.3f
                                                        : 0.2f;
    for (uint64_t i = 0; i < elements; i++) {
        const float u = (float)(word(name, i) >> 8) * 0x1p-24f;
        values[i] = shifted ? 0.5f + u : (2 * u - 1) * bound;
    }
}

static uint8_t *draw_images(uint32_t count, uint32_t side)
{
    const uint64_t bytes = (uint64_t)count * 3 * side * side;
    uint8_t *images = malloc(bytes);
    cr_assert_not_null(images);
    for (uint64_t i = 0; i < bytes; i++)
        images[i] = (uint8_t)(word("images", i) >> 24);
    return images;
}

// -- PyTorch's state_dict as a file

static const char *metadata_of(const struct tuff_safetensors *golden, const char *kind, const char *model)
{
    char key[64];
    snprintf(key, sizeof key, "%s %s", kind, model);
    for (size_t i = 0; i < golden->metadata_count; i++)
        if (strcmp(golden->metadata[i].key, key) == 0)
            return golden->metadata[i].value;
    cr_assert_fail("no metadata '%s'", key);
    return NULL;
}

static void make_tensor(struct tuff_safetensor *tensor, const char *name, const json_t *shape)
{
    const bool counted = ends_in(name, "num_batches_tracked");
    *tensor = (struct tuff_safetensor){.name = name,
                                       .dtype = counted ? "I64" : "F32",
                                       .rank = (uint32_t)json_array_size(shape),
                                       .bytes = counted ? 8 : 4};
    for (uint32_t i = 0; i < tensor->rank; i++) {
        tensor->dims[i] = (uint64_t)json_integer_value(json_array_get(shape, i));
        tensor->bytes *= tensor->dims[i];
    }
    void *values = calloc(1, tensor->bytes);
    cr_assert_not_null(values);
    if (!counted)
        fill(name, tensor->rank, tensor->dims, values);
    tensor->data = values;
}

// The weights as PyTorch names and shapes them, in a safetensors file, and from there into the trainer.
static void import(const struct fixture *fixture, const struct tuff_safetensors *golden, const char *model,
                   struct tuff_trainer *trainer)
{
    char path[64];
    size_t count = 0;
    json_t *state = json_loads(metadata_of(golden, "state", model), 0, NULL);
    cr_assert_not_null(state);
    struct tuff_safetensor *tensors = calloc(json_object_size(state), sizeof *tensors);
    cr_assert_not_null(tensors);
    const char *name;
    json_t *shape;
    json_object_foreach(state, name, shape)
    {
        make_tensor(&tensors[count++], name, shape);
    }
    snprintf(path, sizeof path, "/tmp/tuff-test-shipped-%ld.safetensors", (long)getpid());
    cr_assert_eq(tuff_safetensors_write(fixture->log, path, tensors, count, NULL, 0), TUFF_OK, "%s",
                 last_error());
    for (size_t i = 0; i < count; i++)
        free((void *)tensors[i].data);
    free(tensors);
    json_decref(state);
    enum tuff_status status = tuff_checkpoint_load(fixture->log, path, trainer);
    unlink(path);
    cr_assert_eq(status, TUFF_OK, "%s", last_error());
}

static const void *figures(const struct tuff_safetensors *golden, const char *model, const char *what,
                           uint64_t count)
{
    char name[64];
    snprintf(name, sizeof name, "%s.%s", model, what);
    const struct tuff_safetensor *tensor = tuff_safetensors_find(golden, name);
    cr_assert_not_null(tensor, "no tensor %s", name);
    cr_assert_str_eq(tensor->dtype, "F64");
    cr_assert_eq(tensor->bytes, count * sizeof(double), "%s", name);
    return tensor->data;
}

static struct tuff_dataset dataset_of(uint32_t count, uint32_t side, uint32_t classes, const uint8_t *images,
                                      const uint32_t *labels)
{
    static const char *names[CLASSES_MOST];
    for (uint32_t i = 0; i < classes; i++)
        names[i] = "class";
    return (struct tuff_dataset){.size = sizeof(struct tuff_dataset),
                                 .name = "golden",
                                 .count = count,
                                 .channels = 3,
                                 .height = side,
                                 .width = side,
                                 .classes = classes,
                                 .images = images,
                                 .labels = labels,
                                 .class_names = names};
}

// -- Weights of PyTorch's ResNet-18

ParameterizedTestParameters(golden_shipped, logits)
{
    return each((const char *const[]){"resnet18-cifar10", "resnet18"});
}

ParameterizedTest(const struct shipped *of, golden_shipped, logits, .timeout = 600)
{
    struct fixture fixture;
    struct tuff_safetensors *golden;
    uint32_t input[3], labels[2] = {0, 0};
    fixture_open(&fixture, of->backend, 0);
    load_model(&fixture, of->model);
    cr_assert_eq(tuff_safetensors_read(fixture.log, TUFF_GOLDEN_FILE, &golden), TUFF_OK, "%s", last_error());
    tuff_model_input(fixture.model, input);
    const uint32_t classes = tuff_model_classes(fixture.model), count = input[1] > 100 ? 1 : 2;
    uint8_t *images = draw_images(count, input[1]);
    const struct tuff_dataset set = dataset_of(count, input[1], classes, images, labels);
    struct tuff_trainer_options options;
    tuff_trainer_options_default(&options);
    options.batch_size = count;
    options.keep_outputs = 1;
    struct tuff_trainer *trainer = make_trainer(&fixture, NULL, &set, &options);
    import(&fixture, golden, of->model, trainer);

    struct tuff_metrics metrics;
    static float logits[2 * CLASSES_MOST];
    static double expected[2 * CLASSES_MOST];
    memcpy(expected, figures(golden, of->model, "logits", count * classes),
           count * classes * sizeof *expected);
    cr_assert_eq(tuff_trainer_outputs(trainer, NULL, &metrics, logits), TUFF_OK);
    double worst = 0, greatest = 0;
    for (uint32_t i = 0; i < count * classes; i++) {
        worst = fmax(worst, fabs((double)logits[i] - expected[i]));
        greatest = fmax(greatest, fabs(expected[i]));
        cr_assert(fabs((double)logits[i] - expected[i]) <= LOGIT_TOLERANCE,
                  "logit %u is %.7f, PyTorch has %.7f", i, (double)logits[i], expected[i]);
    }
    fprintf(stderr, "%s: logits of up to %.3g differ by %.1e at most\n", of->model, greatest, worst);
    cr_expect_gt(greatest, 1);
    tuff_trainer_destroy(&trainer);
    tuff_safetensors_destroy(&golden);
    free(images);
    fixture_close(&fixture);
}

// -- Ten steps of training

// The model that ships; where the training is of images of 16x16, it is for these.
static void open_for_training(struct fixture *fixture, const struct shipped *of,
                              const struct training *training)
{
    static const struct {
        const char *text, *smaller;
    } changes[] = {{"input: [3, 32, 32]", "input: [3, 16, 16]"}, {"kernel: 4}", "kernel: 2}"}};
    char path[512];
    static char text[1 << 16];
    fixture_open(fixture, of->backend, 0);
    tuff_model_destroy(&fixture->model);
    snprintf(path, sizeof path, "%s/%s.yaml", TUFF_MODELS_DIR, of->model);
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "%s", path);
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    for (size_t i = 0; i < sizeof changes / sizeof *changes && training->side == 16; i++) {
        char *at = strstr(text, changes[i].text);
        cr_assert_not_null(at, "%s: no '%s'", path, changes[i].text);
        memcpy(at, changes[i].smaller, strlen(changes[i].smaller));
    }
    cr_assert_eq(tuff_model_parse(fixture->log, path, text, length, &fixture->model), TUFF_OK, "%s",
                 last_error());
}

// What a label is shows in a quarter of the image.
static uint8_t *training_images(uint32_t count, uint32_t side, uint32_t *labels)
{
    uint8_t *images = draw_images(count, side);
    for (uint32_t n = 0; n < count; n++)
        labels[n] = n % LABELS;
    for (uint32_t i = 0; i < count * 3 * side * side; i++) {
        const uint32_t x = i % side, y = i / side % side, label = labels[i / (3 * side * side)];
        const bool bright = y / (side / 2) == label / 2 && x / (side / 2) == label % 2;
        images[i] = (uint8_t)(images[i] / 2 + (bright ? 127 : 0));
    }
    return images;
}

ParameterizedTestParameters(golden_shipped, training)
{
    return each((const char *const[]){trainings[0].model, trainings[1].model});
}

ParameterizedTest(const struct shipped *of, golden_shipped, training, .timeout = 600)
{
    struct fixture fixture;
    struct tuff_safetensors *golden;
    const struct training *training =
        strcmp(of->model, trainings[0].model) == 0 ? &trainings[0] : &trainings[1];
    const uint32_t count = STEPS * training->batch;
    uint32_t *labels = calloc(count, sizeof *labels);
    cr_assert_not_null(labels);
    open_for_training(&fixture, of, training);
    cr_assert_eq(tuff_safetensors_read(fixture.log, TUFF_GOLDEN_FILE, &golden), TUFF_OK, "%s", last_error());
    uint8_t *images = training_images(count, training->side, labels);
    const struct tuff_dataset set =
        dataset_of(count, training->side, tuff_model_classes(fixture.model), images, labels);
    struct tuff_trainer_options options;
    tuff_trainer_options_default(&options);
    options.batch_size = training->batch;
    options.shuffle = 0;
    options.optimizer = TUFF_OPTIMIZER_SGD;
    options.learning_rate = 2e-4;
    options.momentum = 0.9;
    struct tuff_trainer *trainer = make_trainer(&fixture, &set, NULL, &options);
    import(&fixture, golden, of->model, trainer);

    double losses[STEPS], norms[STEPS], worst_loss = 0, worst_norm = 0;
    memcpy(losses, figures(golden, of->model, "losses", STEPS), sizeof losses);
    memcpy(norms, figures(golden, of->model, "norms", STEPS), sizeof norms);
    for (uint32_t i = 0; i < STEPS; i++) {
        float loss = NAN;
        cr_assert_eq(tuff_trainer_advance(trainer, 0, i + 1, NULL, NULL, &loss), TUFF_OK, "%s", last_error());
        const double norm = norm_of_gradient(&fixture, trainer);
        worst_loss = fmax(worst_loss, fabs((double)loss - losses[i]) / losses[i]);
        worst_norm = fmax(worst_norm, fabs(norm - norms[i]) / norms[i]);
        cr_expect(within((double)loss, losses[i], i == 0 ? FIRST_LOSS_TOLERANCE : training->loss_tolerance),
                  "loss of step %u: %.8f, PyTorch has %.8f", i + 1, (double)loss, losses[i]);
        cr_expect(within(norm, norms[i], i == 0 ? training->first_norm_tolerance : training->norm_tolerance),
                  "norm of step %u: %.8f, PyTorch has %.8f", i + 1, norm, norms[i]);
    }
    fprintf(stderr, "%s: losses differ by %.1e at most, norms by %.1e\n", of->model, worst_loss, worst_norm);
    tuff_trainer_destroy(&trainer);
    tuff_safetensors_destroy(&golden);
    free(labels);
    free(images);
    fixture_close(&fixture);
}
