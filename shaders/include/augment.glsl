// How a sample's picture is changed: see tuff/op/augment.h.
const uint AUGMENT_PURPOSE = 6u; // TUFF_RANDOM_AUGMENT
const uint REFLECT = 1u;         // enum tuff_padding_mode
const uint REPLICATE = 2u;

struct Change {
    bool flip;
    int crop_y, crop_x, translate_y, translate_x;
    int cut_y, cut_x; // of the square that is cut out; may lie outside
};

uint below(uint word, uint m)
{
    uint high, low;
    umulExtended(word, m, high, low);
    return high;
}

int around_zero(uint word, uint reach)
{
    return int(below(word, 2u * reach + 1u)) - int(reach);
}

// position: of the sample in the index.
Change augment_change(vk_gather_augmented_images_push p, uint position, uint step)
{
    Change change = Change(false, 0, 0, 0, 0, 0, 0);
    uvec2 key = uvec2(p.seed_low, p.seed_high);
    if ((p.flip | p.crop_y | p.crop_x) != 0u) {
        uvec4 words = philox(key, uvec4(position, 0u, step, AUGMENT_PURPOSE));
        change.flip = words.x >> 8 < p.flip;
        change.crop_y = around_zero(words.y, p.crop_y);
        change.crop_x = around_zero(words.z, p.crop_x);
    }
    if ((p.translate_y | p.translate_x | p.cutout) != 0u) {
        uvec4 words = philox(key, uvec4(position, 1u, step, AUGMENT_PURPOSE));
        change.translate_y = around_zero(words.x, p.translate_y);
        change.translate_x = around_zero(words.y, p.translate_x);
        change.cut_y = int(below(words.z, p.height)) - int(p.cutout / 2u);
        change.cut_x = int(below(words.w, p.width)) - int(p.cutout / 2u);
    }
    return change;
}

// Along one axis: which row or column of the flipped picture lies at `at` of the result; -1: none, but byte 0.
int augment_source(int at, int translate, int crop, int size, uint mode)
{
    int window = at - translate;
    if (window < 0 || window >= size)
        return -1;
    int from = window + crop;
    if (from >= 0 && from < size)
        return from;
    if (mode == REFLECT)
        return from < 0 ? -from : 2 * (size - 1) - from;
    if (mode == REPLICATE)
        return from < 0 ? 0 : size - 1;
    return -1;
}
