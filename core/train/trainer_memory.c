// What a training takes on its device, and what is done if a data set is too large for it.
#include <stdio.h>

#include "trainer_parts.h"

// Large enough that a chunk's transfer is worth its while, small enough to leave memory for others.
static const uint64_t MOST_CHUNK_BYTES = UINT64_C(64) << 20;

void tuff_trainer_memory(const struct tuff_trainer *trainer, struct tuff_memory_plan *plan)
{
    const struct tuff_parameters *parameters = trainer->parameters;
    *plan = (struct tuff_memory_plan){
        .parameters = parameters->arena_bytes + parameters->buffer_arena_bytes +
                      (parameters->rounded == NULL ? 0 : parameters->arena_bytes / 2),
        .gradients = (parameters->gradients == NULL ? 0 : parameters->arena_bytes) +
                     (parameters->sums == NULL ? 0 : parameters->trained_bytes),
        .optimizer = parameters->moment_count * parameters->trained_bytes +
                     (parameters->averages == NULL ? 0 : parameters->arena_bytes),
        .activations = trainer->activation_bytes,
    };
    if (trainer->train != NULL) {
        plan->data += tuff_pass_data_bytes(trainer->train);
        plan->activations_unshared = tuff_pass_unshared_bytes(trainer->train);
    }
    if (trainer->test != NULL)
        plan->data += tuff_pass_data_bytes(trainer->test);
}

int tuff_trainer_streams(const struct tuff_trainer *trainer, enum tuff_split split)
{
    const struct tuff_pass *pass = split == TUFF_SPLIT_TRAIN ? trainer->train : trainer->test;
    return pass != NULL && tuff_pass_streams(pass);
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static enum tuff_status ask_memory(const struct tuff_target *target, struct tuff_device_memory *memory)
{
    unsigned errors = tuff_target_errors(target);
    *memory = (struct tuff_device_memory){.size = sizeof *memory};
    enum tuff_status status = target->interface->device_memory(target->device, memory);
    return status == TUFF_OK ? TUFF_OK : tuff_target_fail(target, errors, status, "tell its memory");
}

static uint64_t image_bytes(const struct tuff_pass *pass)
{
    return pass == NULL ? 0 : tuff_pass_image_bytes(pass);
}

// What a set takes more when it is streamed.
static uint64_t slot_bytes(const struct tuff_dataset *data)
{
    return data == NULL ? 0 : (uint64_t)data->count * sizeof(uint32_t);
}

// What is left for images; 0 if there is nothing. memory: as it is with the parameters in it.
static uint64_t room_for_images(const struct tuff_trainer *trainer, const struct tuff_device_memory *memory)
{
    struct tuff_memory_plan plan;
    tuff_trainer_memory(trainer, &plan);
    uint64_t room = trainer->options.data_budget_bytes;
    if (room != 0)
        return room;
    if (memory->budget == 0)
        return UINT64_MAX;
    uint64_t rest = memory->used + plan.activations + plan.data - image_bytes(trainer->train) -
                    image_bytes(trainer->test);
    return memory->budget > rest ? memory->budget - rest : 0;
}

// Of a set that is streamed: a chunk has at least one batch.
static uint64_t batch_bytes(const struct tuff_pass *pass)
{
    return tuff_pass_sample_bytes(pass) * tuff_pass_batch_size(pass);
}

// The least that a set takes: all of it, or two chunks.
static uint64_t least_bytes(const struct tuff_trainer *trainer, const struct tuff_pass *pass)
{
    const uint64_t whole = image_bytes(pass);
    if (pass == NULL || (whole <= trainer->target->info.max_buffer_bytes && whole <= 2 * batch_bytes(pass)))
        return whole;
    return 2 * batch_bytes(pass);
}

static bool both_fit(const struct tuff_trainer *trainer, uint64_t room)
{
    const uint64_t train = image_bytes(trainer->train), test = image_bytes(trainer->test),
                   most = trainer->target->info.max_buffer_bytes;
    return train <= most && test <= most && train <= room && test <= room - train;
}

// What is left for images where not all of both sets is on the device.
static uint64_t room_for_chunks(const struct tuff_trainer *trainer, uint64_t room)
{
    if (trainer->options.data_budget_bytes != 0)
        return room;
    return room - smaller(room, slot_bytes(trainer->train_data) + slot_bytes(trainer->test_data));
}

// Lets a pass stream within `room` bytes, which hold two batches.
static enum tuff_status stream(const struct tuff_trainer *trainer, struct tuff_pass *pass, uint64_t room)
{
    const struct tuff_target *target = trainer->target;
    const uint64_t batch = batch_bytes(pass);
    if (batch > target->info.max_buffer_bytes)
        return tuff_fail(&trainer->shortage.log, TUFF_ERROR_MEMORY,
                         "the images of a batch take %.2f MiB, but %s takes buffers of at most %.2f MiB",
                         (double)batch / 0x1p20, target->info.name,
                         (double)target->info.max_buffer_bytes / 0x1p20);
    const uint64_t most =
        smaller(smaller(room / 2, target->info.max_buffer_bytes), larger(MOST_CHUNK_BYTES, batch));
    return tuff_pass_stream(pass, (uint32_t)(most / batch) * tuff_pass_batch_size(pass));
}

// The test set is the one that stays, as long as it leaves the training set most of the room.
static enum tuff_status choose(struct tuff_trainer *trainer, uint64_t room)
{
    if (both_fit(trainer, room))
        return TUFF_OK;
    const uint64_t train = image_bytes(trainer->train), test = image_bytes(trainer->test),
                   most = trainer->target->info.max_buffer_bytes,
                   least_of_train = least_bytes(trainer, trainer->train),
                   least_of_test = least_bytes(trainer, trainer->test);
    room = room_for_chunks(trainer, room);
    if (least_of_train + least_of_test > room)
        return tuff_fail(&trainer->shortage.log, TUFF_ERROR_MEMORY,
                         "the images of two batches%s take %.2f MiB, but there are %.2f MiB for them on %s",
                         train != 0 && test != 0 ? " of each set" : "",
                         (double)(least_of_train + least_of_test) / 0x1p20, (double)room / 0x1p20,
                         trainer->target->info.name);
    uint64_t test_room = train == 0 ? room : room / 4;
    test_room = smaller(room - least_of_train, larger(test_room, least_of_test));
    enum tuff_status status = TUFF_OK;
    uint64_t taken = test;
    if (test > smaller(test_room, most)) {
        status = stream(trainer, trainer->test, test_room);
        taken = test_room;
    }
    if (status == TUFF_OK && train > smaller(room - taken, most))
        status = stream(trainer, trainer->train, room - taken);
    return status;
}

// "9.3 GiB", "120.5 MiB"
struct size_text {
    char text[32];
};

static struct size_text size_text(uint64_t bytes)
{
    struct size_text size;
    const double mebibytes = (double)bytes / 0x1p20;
    snprintf(size.text, sizeof size.text, mebibytes < 1024 ? "%.1f MiB" : "%.1f GiB",
             mebibytes < 1024 ? mebibytes : mebibytes / 1024);
    return size;
}

// streamed: bytes of the data that need not lie on the device.
static enum tuff_status check_budget(const struct tuff_trainer *trainer,
                                     const struct tuff_device_memory *memory, uint64_t streamed)
{
    const struct tuff_target *target = trainer->target;
    struct tuff_memory_plan plan;
    tuff_trainer_memory(trainer, &plan);
    plan.data -= streamed;
    if (plan.activations > target->info.max_buffer_bytes)
        return tuff_fail(&trainer->shortage.log, TUFF_ERROR_MEMORY,
                         "it needs %s for activations, but %s takes buffers of at most %s",
                         size_text(plan.activations).text, target->info.name,
                         size_text(target->info.max_buffer_bytes).text);
    // Parameters, gradients and what the optimizer keeps are allocated by now, and in memory->used.
    const uint64_t left = memory->budget > memory->used ? memory->budget - memory->used : 0;
    if (memory->budget != 0 && plan.activations + plan.data > left)
        return tuff_fail(&trainer->shortage.log, TUFF_ERROR_MEMORY,
                         "it needs %s for activations and %s for data, but %s has %s left",
                         size_text(plan.activations).text, size_text(plan.data).text, target->info.name,
                         size_text(left).text);
    return TUFF_OK;
}

static void sum_activations(struct tuff_trainer *trainer)
{
    trainer->activation_bytes = 0;
    if (trainer->train != NULL)
        trainer->activation_bytes = tuff_pass_arena_bytes(trainer->train);
    if (trainer->test != NULL)
        trainer->activation_bytes = larger(trainer->activation_bytes, tuff_pass_arena_bytes(trainer->test));
}

enum tuff_status tuff_trainer_holds_batches(struct tuff_trainer *trainer, bool *holds)
{
    struct tuff_device_memory memory;
    enum tuff_status status = ask_memory(trainer->target, &memory);
    if (status != TUFF_OK)
        return status;
    sum_activations(trainer);
    const uint64_t room = room_for_images(trainer, &memory);
    const struct tuff_pass *test = trainer->test;
    const uint64_t left = memory.budget > memory.used ? memory.budget - memory.used : 0;
    // Where the room for images is not what activations leave, but was said.
    const uint64_t data = trainer->imagined || trainer->options.data_budget_bytes == 0
                              ? 0
                              : smaller(room, image_bytes(trainer->train) + image_bytes(test));
    const bool activations = trainer->activation_bytes <= trainer->target->info.max_buffer_bytes &&
                             (memory.budget == 0 || trainer->activation_bytes + data <= left);
    const bool images =
        trainer->imagined || both_fit(trainer, room) ||
        (least_bytes(trainer, trainer->train) + least_bytes(trainer, test) <=
             room_for_chunks(trainer, room) &&
         smaller(image_bytes(test), batch_bytes(test)) <= trainer->target->info.max_buffer_bytes);
    *holds = activations && images;
    return TUFF_OK;
}

enum tuff_status tuff_trainer_fit(struct tuff_trainer *trainer)
{
    struct tuff_device_memory memory;
    enum tuff_status status = ask_memory(trainer->target, &memory);
    if (status != TUFF_OK)
        return status;
    sum_activations(trainer);
    // Without images at first, so that activations that leave no room for any are what is told of.
    status = check_budget(trainer, &memory, image_bytes(trainer->train) + image_bytes(trainer->test));
    if (status != TUFF_OK || trainer->imagined)
        return status;
    status = choose(trainer, room_for_images(trainer, &memory));
    if (status != TUFF_OK)
        return status;
    sum_activations(trainer);
    return check_budget(trainer, &memory, 0);
}
