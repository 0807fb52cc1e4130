// CIFAR-10 and CIFAR-100 in their binary form: records of one or two labels and 3 x 32 x 32 bytes of an
// image, channel by channel. https://www.cs.toronto.edu/~kriz/cifar.html
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "names.h"
#include "places.h"
#include "tar.h"

enum { SIDE = 32, CHANNELS = 3, IMAGE_BYTES = CHANNELS * SIDE * SIDE, PARTS = 5, META_BYTES = 1 << 16 };

struct kind {
    const char *name; // as a set is called
    uint32_t classes;
    size_t label_bytes; // of a record; the last one counts: CIFAR-100 has a coarse one before it
    const char *splits[2][PARTS];
    const char *meta;    // names of classes, one a line
    const char *archive; // as it is downloaded
    const char *folder;  // that it unpacks to
};

static const struct kind kinds[] = {
    {"cifar10",
     10,
     1,
     {{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"},
      {"test_batch.bin"}},
     "batches.meta.txt",
     "cifar-10-binary.tar.gz",
     "cifar-10-batches-bin"},
    {"cifar100",
     100,
     2,
     {{"train.bin"}, {"test.bin"}},
     "fine_label_names.txt",
     "cifar-100-binary.tar.gz",
     "cifar-100-binary"},
};

enum { KIND_COUNT = sizeof kinds / sizeof *kinds };

// Where a split is: files in a folder, or an archive.
struct place {
    char path[PATH_MAX];
    bool archive;
};

// What was read of it.
struct content {
    uint8_t *parts[PARTS];
    uint64_t bytes[PARTS];
    uint8_t *meta;
    uint64_t meta_bytes;
};

static void free_content(struct content *content)
{
    for (int i = 0; i < PARTS; i++)
        free(content->parts[i]);
    free(content->meta);
}

// -- Finding

static bool exists(const char *folder, const char *name)
{
    char path[PATH_MAX];
    struct stat info;
    // What is there but cannot be looked at is for the reader to complain of.
    return tuff_path_join(path, folder, name) &&
           (stat(path, &info) == 0 || (errno != ENOENT && errno != ENOTDIR));
}

// Files before the archive: they are read faster.
static bool find_in(const struct kind *kind, const char *folder, enum tuff_split split, struct place *place)
{
    char inner[PATH_MAX];
    const char *first = kind->splits[split][0];
    bool fits = tuff_path_join(inner, folder, kind->folder);
    const char *path = exists(folder, first) ? folder : fits && exists(inner, first) ? inner : NULL;
    *place = (struct place){.archive = path == NULL};
    if (path == NULL && !exists(folder, kind->archive))
        return false;
    if (place->archive)
        return tuff_path_join(place->path, folder, kind->archive);
    snprintf(place->path, sizeof place->path, "%s", path);
    return true;
}

static const struct kind *kind_of(const struct tuff_dataset_source *source)
{
    return strcmp(source->name, kinds[0].name) == 0 ? &kinds[0] : &kinds[1];
}

// folder: the one that the user may know, which holds the files or the archive.
static enum tuff_status find_split(const struct tuff_log *log, const struct tuff_dataset_source *source,
                                   enum tuff_split split, const char *options_folder, struct place *place,
                                   char folder[PATH_MAX])
{
    const struct kind *kind = kind_of(source);
    struct tuff_places places;
    char text[TUFF_PLACES_TEXT_BYTES];
    tuff_places_list(source, options_folder, &places);
    for (uint32_t i = 0; i < places.count; i++)
        if (find_in(kind, places.paths[i], split, place)) {
            memcpy(folder, places.paths[i], PATH_MAX);
            return TUFF_OK;
        }
    tuff_places_text(&places, text);
    return tuff_fail(log, TUFF_ERROR_NOT_FOUND, "%s: neither %s nor %s was found: %s (looked in %s)",
                     source->name, kind->splits[split][0], kind->archive, source->remedy, text);
}

enum tuff_status tuff_cifar_find(const struct tuff_log *log, const struct tuff_dataset_source *source,
                                 enum tuff_split split, const char *folder, char path[PATH_MAX])
{
    struct place place;
    return find_split(log, source, split, folder, &place, path);
}

// -- Reading

static enum tuff_status read_file(const struct tuff_log *log, const char *folder, const char *name,
                                  uint64_t most, uint8_t **bytes, uint64_t *count)
{
    char path[PATH_MAX];
    struct tuff_byte_stream *stream;
    if (!tuff_path_join(path, folder, name))
        return tuff_fail(log, TUFF_ERROR_IO, "%s/%s: the path is too long", folder, name);
    enum tuff_status status = tuff_byte_stream_open(log, path, &stream);
    if (status != TUFF_OK)
        return status;
    status = tuff_byte_stream_take(stream, most + 1, bytes, count);
    tuff_byte_stream_close(&stream);
    if (status == TUFF_OK && *count > most) {
        free(*bytes);
        *bytes = NULL;
        return tuff_fail(log, TUFF_ERROR_FORMAT, "%s: expected at most %" PRIu64 " bytes, found more", path,
                         most);
    }
    return status;
}

// Batches may be fewer than five in a folder of one's own, but not with a gap.
static enum tuff_status read_folder(const struct tuff_log *log, const struct kind *kind, const char *folder,
                                    enum tuff_split split, bool all, struct content *content)
{
    enum tuff_status status = TUFF_OK;
    int last = 0;
    for (int i = 0; i < PARTS && kind->splits[split][i] != NULL; i++)
        if (all || exists(folder, kind->splits[split][i]))
            last = i;
    for (int i = 0; i <= last && status == TUFF_OK; i++)
        status = read_file(log, folder, kind->splits[split][i], TUFF_DATASET_MAX_BYTES / PARTS,
                           &content->parts[i], &content->bytes[i]);
    if (status == TUFF_OK && exists(folder, kind->meta))
        status = read_file(log, folder, kind->meta, META_BYTES, &content->meta, &content->meta_bytes);
    return status;
}

// Where a member goes, and how large it may be; NULL if it is none of ours.
static uint8_t **find_slot(const struct kind *kind, enum tuff_split split, const char *name,
                           struct content *content, uint64_t **bytes, uint64_t *most)
{
    *most = TUFF_DATASET_MAX_BYTES / PARTS;
    for (int i = 0; i < PARTS && kind->splits[split][i] != NULL; i++)
        if (strcmp(kind->splits[split][i], name) == 0) {
            *bytes = &content->bytes[i];
            return &content->parts[i];
        }
    *bytes = &content->meta_bytes;
    *most = META_BYTES;
    return strcmp(kind->meta, name) == 0 ? &content->meta : NULL;
}

static enum tuff_status read_members(const struct tuff_log *log, const struct kind *kind,
                                     enum tuff_split split, struct tuff_tar *tar, struct content *content)
{
    for (;;) {
        char name[101];
        uint64_t bytes, most, *slot_bytes;
        bool more;
        enum tuff_status status = tuff_tar_next(tar, name, &bytes, &more);
        if (status != TUFF_OK || !more)
            return status;
        uint8_t **slot = find_slot(kind, split, name, content, &slot_bytes, &most);
        if (slot == NULL)
            continue;
        if (*slot != NULL)
            return tuff_fail(log, TUFF_ERROR_FORMAT, "%s: %s is in it twice", tar->path, name);
        if (bytes > most)
            return tuff_fail(log, TUFF_ERROR_FORMAT,
                             "%s: %s: expected at most %" PRIu64 " bytes, found %" PRIu64, tar->path, name,
                             most, bytes);
        *slot_bytes = bytes;
        status = tuff_tar_take(tar, slot);
        if (status != TUFF_OK)
            return status;
    }
}

static enum tuff_status read_archive(const struct tuff_log *log, const struct kind *kind, const char *path,
                                     enum tuff_split split, struct content *content)
{
    struct tuff_tar tar;
    enum tuff_status status = tuff_tar_open(log, path, &tar);
    if (status != TUFF_OK)
        return status;
    status = read_members(log, kind, split, &tar, content);
    tuff_tar_close(&tar);
    for (int i = 0; status == TUFF_OK && i < PARTS && kind->splits[split][i] != NULL; i++)
        if (content->parts[i] == NULL)
            status = tuff_fail(log, TUFF_ERROR_FORMAT, "%s: expected %s in the archive, found none", path,
                               kind->splits[split][i]);
    return status;
}

// -- Converting

// Names of the classes, of malloc, from the lines of a file.
static enum tuff_status take_names(const struct tuff_log *log, const struct kind *kind, const char *path,
                                   const struct content *content, struct tuff_dataset *dataset)
{
    enum { NAME_BYTES = 64 };
    char(*names)[NAME_BYTES] = calloc(kind->classes, sizeof *names);
    const char **pointers = calloc(kind->classes, sizeof *pointers);
    const uint8_t *next = content->meta, *end = next + content->meta_bytes;
    uint32_t count = 0;
    while (names != NULL && pointers != NULL && next < end) {
        char line[NAME_BYTES];
        const uint8_t *stop = memchr(next, '\n', (size_t)(end - next));
        size_t length = (size_t)((stop == NULL ? end : stop) - next);
        const uint8_t *text = next;
        next += length + (stop != NULL);
        while (length > 0 && (text[length - 1] == '\r' || text[length - 1] == ' '))
            length--;
        if (length == 0)
            continue;
        snprintf(line, sizeof line, "%.*s", (int)(length < sizeof line ? length : sizeof line),
                 (const char *)text);
        if (count < kind->classes) {
            tuff_name_print(names[count], sizeof names[count], line);
            pointers[count] = names[count];
        }
        count++;
    }
    enum tuff_status status = TUFF_OK;
    if (count == kind->classes)
        dataset->class_names = tuff_names_copy(pointers, count);
    else if (names != NULL && pointers != NULL)
        status =
            tuff_fail(log, TUFF_ERROR_FORMAT, "%s: %s: expected %" PRIu32 " names of classes, found %" PRIu32,
                      path, kind->meta, kind->classes, count);
    free(names);
    free(pointers);
    if (status == TUFF_OK && dataset->class_names == NULL)
        return tuff_fail(log, TUFF_ERROR_MEMORY, "%s: out of memory", path);
    return status;
}

static enum tuff_status take_records(const struct tuff_log *log, const struct kind *kind, const char *path,
                                     enum tuff_split split, struct content *content,
                                     struct tuff_dataset *dataset)
{
    const size_t record = kind->label_bytes + IMAGE_BYTES;
    uint64_t count = 0, done = 0;
    for (int i = 0; i < PARTS; i++) {
        if (content->parts[i] != NULL && (content->bytes[i] % record != 0 || content->bytes[i] == 0))
            return tuff_fail(log, TUFF_ERROR_FORMAT,
                             "%s: %s: truncated: expected records of %zu bytes, found %" PRIu64 " bytes",
                             path, kind->splits[split][i], record, content->bytes[i]);
        count += content->bytes[i] / record;
    }
    uint8_t *images = malloc((size_t)count * IMAGE_BYTES);
    uint32_t *labels = malloc((size_t)count * sizeof *labels);
    dataset->images = images;
    dataset->labels = labels;
    if (images == NULL || labels == NULL)
        return tuff_fail(log, TUFF_ERROR_MEMORY, "%s: no memory for %" PRIu64 " images", path, count);
    for (int i = 0; i < PARTS; i++) {
        const uint8_t *next = content->parts[i];
        for (uint64_t r = 0; r < content->bytes[i] / record; r++, next += record, done++) {
            labels[done] = next[kind->label_bytes - 1];
            if (labels[done] >= kind->classes)
                return tuff_fail(log, TUFF_ERROR_FORMAT,
                                 "%s: %s: expected labels below %" PRIu32 ", found %" PRIu32
                                 " as number %" PRIu64,
                                 path, kind->splits[split][i], kind->classes, labels[done], r);
            memcpy(images + done * IMAGE_BYTES, next + kind->label_bytes, IMAGE_BYTES);
        }
        free(content->parts[i]); // so that at most one of them is there twice
        content->parts[i] = NULL;
    }
    dataset->count = (uint32_t)count;
    dataset->channels = CHANNELS;
    dataset->height = SIDE;
    dataset->width = SIDE;
    dataset->classes = kind->classes;
    return TUFF_OK;
}

static enum tuff_status load_place(const struct tuff_log *log, const struct kind *kind,
                                   const struct place *place, enum tuff_split split, bool all,
                                   struct tuff_dataset *dataset)
{
    struct content content = {.meta = NULL};
    enum tuff_status status = place->archive ? read_archive(log, kind, place->path, split, &content)
                                             : read_folder(log, kind, place->path, split, all, &content);
    if (status == TUFF_OK && content.meta != NULL)
        status = take_names(log, kind, place->path, &content, dataset);
    if (status == TUFF_OK)
        status = take_records(log, kind, place->path, split, &content, dataset);
    free_content(&content);
    if (status == TUFF_OK)
        tuff_log_message(log, TUFF_LOG_INFO, "%s: %" PRIu32 " samples from %s", dataset->name, dataset->count,
                         place->path);
    return status;
}

enum tuff_status tuff_cifar_load(const struct tuff_log *log, const struct tuff_dataset_source *source,
                                 enum tuff_split split, const struct tuff_dataset_options *options,
                                 struct tuff_dataset *dataset)
{
    struct place place;
    char folder[PATH_MAX];
    enum tuff_status status = find_split(log, source, split, options->folder, &place, folder);
    return status == TUFF_OK ? load_place(log, kind_of(source), &place, split, true, dataset) : status;
}

bool tuff_cifar_folder_has(const char *folder, enum tuff_split split)
{
    struct place place;
    return find_in(&kinds[0], folder, split, &place) || find_in(&kinds[1], folder, split, &place);
}

enum tuff_status tuff_cifar_folder_load(const struct tuff_log *log, const char *folder, enum tuff_split split,
                                        struct tuff_dataset *dataset, bool *found)
{
    struct place place;
    for (int i = 0; i < KIND_COUNT; i++) {
        const struct kind *kind = &kinds[i];
        *found = find_in(kind, folder, split, &place);
        if (*found) {
            enum tuff_status status = load_place(log, kind, &place, split, false, dataset);
            const struct tuff_dataset_source *source;
            if (status == TUFF_OK && dataset->class_names == NULL)
                status = tuff_dataset_source_find(log, kind->name, &source);
            if (status == TUFF_OK && dataset->class_names == NULL) {
                dataset->class_names = tuff_names_copy(source->class_names, source->classes);
                if (dataset->class_names == NULL)
                    status = tuff_fail(log, TUFF_ERROR_MEMORY, "%s: out of memory", folder);
            }
            return status;
        }
        *found =
            find_in(kind, folder, split == TUFF_SPLIT_TRAIN ? TUFF_SPLIT_TEST : TUFF_SPLIT_TRAIN, &place);
        if (*found)
            return tuff_fail(log, TUFF_ERROR_NOT_FOUND, "%s: expected %s beside %s, found none", folder,
                             kind->splits[split][0], kind->splits[1 - split][0]);
    }
    return TUFF_OK;
}
