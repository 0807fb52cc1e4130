#include "hazard.h"

bool vk_hazards_conflict(const struct vk_hazards *hazards, const struct vk_access *accesses, uint32_t count)
{
    if (hazards->count + count > VK_HAZARD_CAPACITY)
        return true;
    for (uint32_t i = 0; i < count; i++) {
        const struct vk_access *now = &accesses[i];
        for (uint32_t j = 0; j < hazards->count; j++) {
            const struct vk_access *before = &hazards->accesses[j];
            if (now->buffer == before->buffer && now->begin < before->end && before->begin < now->end &&
                (now->write || before->write))
                return true;
        }
    }
    return false;
}

void vk_hazards_add(struct vk_hazards *hazards, const struct vk_access *accesses, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        hazards->accesses[hazards->count++] = accesses[i];
}

void vk_hazards_clear(struct vk_hazards *hazards)
{
    hazards->count = 0;
}
