// What is checked of a plugin's descriptor and interface before anything of it is called, and what an older
// plugin is not asked. The loader's file is part of this one, since a shared object for each input would take
// too long.
#include "backend/plugin.c"

#include "backend/growth.h"
#include "fuzz.h"
#include "op/op_info.h"

static int nothing(void)
{
    return 0;
}

static void check_numbers(struct fuzz_input *input)
{
    struct tuff_plugin_descriptor descriptor = {
        .magic = TUFF_PLUGIN_MAGIC,
        .abi_major = TUFF_ABI_MAJOR,
        .abi_minor = TUFF_ABI_MINOR,
        .size = sizeof descriptor,
    };
    uint8_t changed = fuzz_byte(input);
    uint32_t value = fuzz_number(input) | fuzz_number(input) << 16;
    if ((changed & 1) != 0)
        descriptor.magic = value;
    if ((changed & 2) != 0)
        descriptor.abi_major = value;
    if ((changed & 4) != 0)
        descriptor.abi_minor = value;
    if ((changed & 8) != 0)
        descriptor.size = value;
    if ((changed & 16) == 0)
        memcpy(&descriptor.open, &(int (*)(void)){nothing}, sizeof descriptor.open);
    descriptor.name = (changed & 32) != 0 ? NULL : fuzz_text(input, '\n', 0);
    if (fuzz_succeeded(check_descriptor(&fuzz_log, "plugin.so", &descriptor)))
        fuzz_demand(descriptor.magic == TUFF_PLUGIN_MAGIC && descriptor.abi_major == TUFF_ABI_MAJOR &&
                        descriptor.size >= sizeof descriptor && descriptor.open != NULL &&
                        descriptor.name[0] != '\0',
                    "a descriptor that passes is whole");
}

static void check_slots(struct fuzz_input *input)
{
    struct tuff_backend_interface interface = {.size = sizeof interface};
    int (*present)(void) = nothing;
    char *slots = (char *)&interface;
    for (size_t at = sizeof interface.size; at + sizeof present <= sizeof interface; at += sizeof present)
        if ((fuzz_byte(input) & 1) == 0)
            memcpy(slots + at, &present, sizeof present);
    const char *missing = missing_slot(&interface);
    fuzz_demand(missing != NULL || interface.close != NULL, "what passes can be closed");
}

static void check_growth(struct fuzz_input *input)
{
    struct tuff_op_args args = {.size = sizeof args};
    union {
        uint64_t aligned;
        uint8_t bytes[128];
    } params;
    size_t count;
    const struct tuff_growth *table = tuff_growths(&count);
    enum tuff_op op = (enum tuff_op)(fuzz_byte(input) % TUFF_OP_COUNT);
    uint32_t minor = fuzz_byte(input) % (TUFF_ABI_MINOR + 1);
    for (size_t i = 0; i < sizeof params.bytes; i++)
        params.bytes[i] = fuzz_byte(input);
    args.params = &params;
    const struct tuff_growth *beyond = tuff_growth_beyond(table, count, minor, op, &args);
    if (beyond != NULL)
        fuzz_demand(tuff_growth_describe(beyond).text[0] != '\0' && beyond->op == op && beyond->minor > minor,
                    "what is beyond is of this op and newer");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    const char *path = fuzz_text(&input, '\n', 1);
    char *name = name_from_path(path);
    fuzz_demand(name != NULL && strchr(name, '/') == NULL, "a plugin's name has no slash");
    free(name);
    check_numbers(&input);
    check_slots(&input);
    check_growth(&input);
    return 0;
}
