#include "deferred.h"

#include <string.h>

enum tuff_status vk_deferred_flush(struct tuff_device *device, struct vk_recording *recording,
                                   struct vk_deferred *deferred)
{
    if (!deferred->present)
        return TUFF_OK;
    deferred->present = false;
    return vk_recording_dispatch(device, recording, &deferred->dispatch, &deferred->served);
}

enum tuff_status vk_deferred_push(struct tuff_device *device, struct vk_recording *recording,
                                  struct vk_deferred *deferred, const struct vk_dispatch *dispatch,
                                  const struct vk_served *served)
{
    enum tuff_status status = vk_deferred_flush(device, recording, deferred);
    if (status != TUFF_OK)
        return status;
    if (!dispatch->kernel->relu_backward || !device->backend->fusion)
        return vk_recording_dispatch(device, recording, dispatch, served);
    deferred->present = true;
    deferred->dispatch = *dispatch;
    memcpy(deferred->push, dispatch->push, dispatch->kernel->push_bytes);
    deferred->dispatch.push = deferred->push;
    deferred->served = *served;
    return TUFF_OK;
}

// Whether the kernel held back can still take a ReLU's gradient on this range.
static bool takes(const struct vk_deferred *deferred, struct vk_range range)
{
    const struct vk_range *output = &deferred->dispatch.storage[0];
    return deferred->present && deferred->dispatch.constants[VK_RELU_CONSTANT] == 0 &&
           output->buffer == range.buffer && output->offset == range.offset && output->bytes == range.bytes;
}

bool vk_deferred_relu_backward(struct vk_deferred *deferred, struct vk_range dx, struct vk_range output,
                               uint32_t call)
{
    if (!takes(deferred, dx))
        return false;
    deferred->dispatch.constants[VK_RELU_CONSTANT] = 1;
    deferred->dispatch.storage[VK_RELU_STORAGE] = output;
    vk_served_add(&deferred->served, call);
    return true;
}
