#include "setup.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "console.h"
#include "format.h"
#include "interrupt.h"
#include "progress.h"

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

static struct tuff_dataset_options data_options(const struct data_settings *settings)
{
    return (struct tuff_dataset_options){
        .size = sizeof(struct tuff_dataset_options),
        .folder = settings->folder,
        .digits_train = settings->digits_train,
        .digits_test = settings->digits_test,
        .channels = settings->input[0],
        .height = settings->input[1],
        .width = settings->input[2],
        .no_cache = settings->no_cache,
        .test_fraction = settings->test_fraction,
        .skip_broken = settings->skip_broken,
    };
}

static enum tuff_status find_data(const struct tuff_log *log, const struct data_settings *settings,
                                  enum tuff_split split)
{
    const struct tuff_dataset_options options = data_options(settings);
    char path[PATH_MAX];
    return tuff_dataset_find(log, settings->name, split, &options, path, sizeof path);
}

enum tuff_status setup_find_data(const struct data_settings *settings, enum tuff_split split)
{
    struct tuff_log log = console_log();
    return find_data(&log, settings, split);
}

bool setup_has_data(const struct data_settings *settings, enum tuff_split split)
{
    const struct tuff_log silent = {.write = NULL};
    return settings->name != NULL && find_data(&silent, settings, split) == TUFF_OK;
}

static int show_images(void *user, const struct tuff_dataset_progress *now)
{
    enum { LINE_BYTES = 96 };
    struct progress *progress = user;
    char part[LINE_BYTES];
    const char *const parts[] = {part};
    snprintf(part, sizeof part, "  %s/%s images", format_count(now->done).s, format_count(now->total).s);
    progress_show(progress, (double)now->done / now->total, parts, 1, part + 2);
    return interrupt_signal() != 0;
}

enum tuff_status setup_load_data(const struct data_settings *settings, enum tuff_split split,
                                 struct tuff_dataset **dataset)
{
    struct tuff_log log = console_log();
    struct progress progress;
    struct tuff_dataset_options options = data_options(settings);
    options.progress = show_images;
    options.user = &progress;
    bool catching = interrupt_catching();
    if (!catching)
        interrupt_catch();
    progress_begin(&progress, split == TUFF_SPLIT_TRAIN ? "reading training images" : "reading test images");
    enum tuff_status status = tuff_dataset_load(&log, settings->name, split, &options, dataset);
    progress_end(&progress);
    if (!catching)
        interrupt_release();
    if (status == TUFF_OK && interrupt_signal() != 0) {
        tuff_dataset_destroy(dataset);
        status = TUFF_ERROR_INTERRUPTED;
    }
    return status;
}

bool setup_data_is_folder(const char *name)
{
    struct tuff_dataset_info info = {.size = sizeof info};
    for (size_t i = 0; tuff_dataset_describe(i, &info); i++)
        if (strcmp(info.name, name) == 0)
            return false;
    return true;
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
