// Models by name: those that ship, and files.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/suggest.h"
#include "embedded.h"
#include "tuff/model.h"
#include "yaml_tree.h"

enum { MAX_SUGGESTED = 64 };

const char *tuff_model_shipped(size_t index)
{
    return index < tuff_embedded_model_count ? tuff_embedded_models[index].name : NULL;
}

static bool ends_in(const char *text, const char *ending)
{
    size_t length = strlen(text), ending_length = strlen(ending);
    return length >= ending_length && strcmp(text + length - ending_length, ending) == 0;
}

static enum tuff_status fail_file(const struct tuff_source *source, int error)
{
    const struct tuff_mark whole = {0};
    if (error == ENOENT || error == ENOTDIR)
        return tuff_source_fail(source, TUFF_ERROR_NOT_FOUND, whole, "no such file");
    if (error == EISDIR)
        return tuff_source_fail(source, TUFF_ERROR_IO, whole, "expected a model file, found a folder");
    return tuff_source_fail(source, TUFF_ERROR_IO, whole, "cannot be read: %s", strerror(error));
}

// Reads the file, but no more of it than one byte above what a model file may have.
static enum tuff_status read_file(const struct tuff_source *source, const char *path, char **text,
                                  size_t *length)
{
    *text = NULL;
    // A pipe may stand in a file's place, as <(…) of a shell makes it, but one that nobody writes to is not
    // waited for.
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    FILE *file = descriptor < 0 || fcntl(descriptor, F_SETFL, 0) != 0 ? NULL : fdopen(descriptor, "rb");
    if (file == NULL) {
        const int error = errno;
        if (descriptor >= 0)
            close(descriptor);
        return fail_file(source, error);
    }
    enum tuff_status status = TUFF_OK;
    struct stat info;
    char *content = malloc(TUFF_YAML_MAX_BYTES + 1);
    if (content == NULL) {
        status = tuff_source_fail(source, TUFF_ERROR_MEMORY, (struct tuff_mark){0}, "out of memory");
    } else if (fstat(fileno(file), &info) == 0 && S_ISDIR(info.st_mode)) {
        status = fail_file(source, EISDIR);
    } else {
        errno = 0;
        *length = fread(content, 1, TUFF_YAML_MAX_BYTES + 1, file);
        if (ferror(file))
            status = fail_file(source, errno);
    }
    fclose(file);
    if (status == TUFF_OK)
        *text = content;
    else
        free(content);
    return status;
}

static enum tuff_status load_file(const struct tuff_log *log, const char *path, struct tuff_model **model)
{
    struct tuff_source source;
    tuff_source_set(&source, log, path);
    char *text;
    size_t length = 0;
    enum tuff_status status = read_file(&source, path, &text, &length);
    if (status != TUFF_OK)
        return status;
    status = tuff_model_parse(log, path, text, length, model);
    free(text);
    return status;
}

static enum tuff_status fail_name(const struct tuff_log *log, const char *name)
{
    const char *names[MAX_SUGGESTED];
    char shown[80], list[512] = "";
    size_t count = 0;
    for (size_t used = 0; count < MAX_SUGGESTED && (names[count] = tuff_model_shipped(count)) != NULL;
         count++) {
        if (used < sizeof list)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", count == 0 ? "" : ", ",
                                     names[count]);
    }
    tuff_one_line(shown, sizeof shown, name, strlen(name));
    const char *nearest = tuff_suggest(name, names, count);
    if (nearest != NULL)
        return tuff_fail(
            log, TUFF_ERROR_NOT_FOUND,
            "no model '%s' ships; did you mean '%s'? The path of a model file has a '/' or ends in .yaml",
            shown, nearest);
    return tuff_fail(log, TUFF_ERROR_NOT_FOUND,
                     "no model '%s' ships, only %s; the path of a model file has a '/' or ends in .yaml",
                     shown, list);
}

enum tuff_status tuff_model_load(const struct tuff_log *log, const char *name, struct tuff_model **model)
{
    *model = NULL;
    if (strchr(name, '/') != NULL || ends_in(name, ".yaml") || ends_in(name, ".yml"))
        return load_file(log, name, model);
    for (size_t i = 0; i < tuff_embedded_model_count; i++) {
        const struct tuff_embedded_model *embedded = &tuff_embedded_models[i];
        if (strcmp(embedded->name, name) == 0)
            return tuff_model_parse(log, name, (const char *)embedded->text, embedded->length, model);
    }
    return fail_name(log, name);
}
