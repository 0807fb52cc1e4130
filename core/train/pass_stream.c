// A data set that does not lie on the device: its images come in chunks, in the order in which the steps take
// them.
#include <stdlib.h>
#include <string.h>

#include "device_memory.h"
#include "pass_state.h"

static enum tuff_status write_slots(struct tuff_pass *pass)
{
    uint32_t count = pass->data->count, *slots = malloc(count * sizeof *slots);
    if (slots == NULL)
        return tuff_fail(pass->target->log, TUFF_ERROR_MEMORY, "out of memory");
    for (uint32_t p = 0; p < count; p++)
        slots[p] = p % pass->chunks.samples;
    enum tuff_status status = tuff_device_write(pass->target, pass->records, pass->offsets[EXTERNAL_SLOTS],
                                                slots, (uint64_t)count * sizeof *slots);
    free(slots);
    return status;
}

enum tuff_status tuff_pass_bind_chunks(struct tuff_pass *pass, struct tuff_place *places,
                                       const struct tuff_bindings *bindings)
{
    struct chunks *chunks = &pass->chunks;
    uint64_t bytes = chunks->samples * tuff_pass_sample_bytes(pass);
    enum tuff_status status = write_slots(pass);
    chunks->staging = calloc(1, tuff_whole_words(bytes));
    if (status == TUFF_OK && chunks->staging == NULL)
        status = tuff_fail(pass->target->log, TUFF_ERROR_MEMORY, "no memory for %.1f MiB of images",
                           (double)bytes / 0x1p20);
    for (uint32_t i = 0; status == TUFF_OK && i < 2; i++) {
        status = tuff_device_zeroed(pass->target, "a part of the data set", bytes, &chunks->images[i]);
        places[EXTERNAL_IMAGES].buffer = chunks->images[i];
        if (status == TUFF_OK)
            status = tuff_pass_create_runners(pass, bindings, i);
    }
    tuff_pass_forget_chunks(pass);
    return status;
}

void tuff_pass_release_chunks(struct tuff_pass *pass)
{
    for (int i = 0; i < 2; i++)
        tuff_device_release(pass->target, &pass->chunks.images[i]);
    free(pass->chunks.staging);
    pass->chunks.staging = NULL;
}

void tuff_pass_forget_chunks(struct tuff_pass *pass)
{
    pass->chunks.loaded[0] = pass->chunks.loaded[1] = NO_CHUNK;
}

uint32_t tuff_pass_chunk_of(const struct tuff_pass *pass, uint32_t step)
{
    return step / (pass->chunks.samples / pass->batch_size);
}

uint32_t tuff_pass_steps_in_chunk(const struct tuff_pass *pass, uint32_t step)
{
    uint32_t steps = pass->chunks.samples / pass->batch_size;
    return steps - step % steps;
}

enum tuff_status tuff_pass_load_chunk(struct tuff_pass *pass, const uint32_t *order, uint32_t chunk)
{
    struct chunks *chunks = &pass->chunks;
    uint64_t first = (uint64_t)chunk * chunks->samples, size = tuff_pass_sample_bytes(pass);
    if (first >= pass->data->count || chunks->loaded[chunk % 2] == chunk)
        return TUFF_OK;
    uint64_t count =
        pass->data->count - first < chunks->samples ? pass->data->count - first : chunks->samples;
    for (uint64_t i = 0; i < count; i++)
        memcpy(chunks->staging + i * size, pass->data->images + order[first + i] * size, size);
    enum tuff_status status = tuff_device_write(pass->target, chunks->images[chunk % 2], 0, chunks->staging,
                                                tuff_whole_words(count * size));
    chunks->loaded[chunk % 2] = status == TUFF_OK ? chunk : NO_CHUNK;
    return status;
}
