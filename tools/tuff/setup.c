#include "setup.h"

#include "console.h"

enum tuff_status setup_open_context(struct setup *setup, const struct option_list *plugins)
{
    struct tuff_context_options options = {
        .size = sizeof options,
        .log = console_log(),
        .plugin_files = plugins->items,
        .plugin_file_count = plugins->count,
    };
    console_hold_errors();
    enum tuff_status status = tuff_context_create(&options, &setup->context);
    console_release_errors(status == TUFF_OK);
    return status;
}

enum tuff_status setup_open_target(struct setup *setup, const struct target_settings *settings)
{
    struct tuff_device_options options = {.size = sizeof options, .threads = settings->threads};
    // `auto` passes over plugins that fail, which is worth a warning and no error.
    console_hold_errors();
    enum tuff_status status =
        tuff_target_open(setup->context, settings->backend, settings->device, &options, &setup->target);
    console_release_errors(status == TUFF_OK);
    return status;
}

enum tuff_status setup_load_data(const struct data_settings *settings, enum tuff_split split,
                                 struct tuff_dataset **dataset)
{
    struct tuff_log log = console_log();
    struct tuff_dataset_options options = {
        .size = sizeof options,
        .folder = settings->folder,
        .digits_train = settings->digits_train,
        .digits_test = settings->digits_test,
    };
    return tuff_dataset_load(&log, settings->name, split, &options, dataset);
}

void setup_close(struct setup *setup)
{
    tuff_trainer_destroy(&setup->trainer);
    tuff_dataset_destroy(&setup->test);
    tuff_dataset_destroy(&setup->train);
    tuff_model_destroy(&setup->model);
    tuff_target_close(&setup->target);
    tuff_context_destroy(&setup->context);
}

const char *device_kind_name(const struct tuff_device_info *info)
{
    if (info->software_gpu)
        return "software GPU";
    switch ((enum tuff_device_kind)info->kind) {
    case TUFF_DEVICE_DISCRETE_GPU:
        return "discrete GPU";
    case TUFF_DEVICE_INTEGRATED_GPU:
        return "integrated GPU";
    case TUFF_DEVICE_VIRTUAL_GPU:
        return "virtual GPU";
    case TUFF_DEVICE_CPU:
        return "CPU";
    case TUFF_DEVICE_OTHER:
        break;
    }
    return "other";
}
