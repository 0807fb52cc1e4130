#include "report_facts.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console.h"
#include "run.h"

static const char *text_at(const json_t *config, const char *part, const char *key)
{
    return json_string_value(
        json_object_get(key == NULL ? config : json_object_get(config, part), key == NULL ? part : key));
}

// A list of strings as a shell would take it.
static char *join_words(const json_t *words)
{
    size_t size = 1, i;
    json_t *word;
    json_array_foreach(words, i, word) size +=
        4 * strlen(json_string_value(word) == NULL ? "" : json_string_value(word)) + 3;
    char *text = malloc(size), *end = text;
    if (text == NULL)
        return NULL;
    json_array_foreach(words, i, word)
    {
        const char *from = json_string_value(word) == NULL ? "" : json_string_value(word);
        bool plain =
            from[0] != '\0' && from[strspn(from, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                 "0123456789_@%+=:,./-")] == '\0';
        if (i > 0)
            *end++ = ' ';
        if (!plain)
            *end++ = '\'';
        for (; *from != '\0'; from++) {
            if (*from == '\'') {
                memcpy(end, "'\\''", 4);
                end += 4;
            } else {
                *end++ = *from;
            }
        }
        if (!plain)
            *end++ = '\'';
    }
    *end = '\0';
    return text;
}

// -- Values

// A growing text; NULL once memory is exhausted.
struct line {
    char *bytes;
    size_t length;
    bool failed;
};

static void add(struct line *line, const char *text)
{
    size_t length = strlen(text);
    char *bytes = line->failed ? NULL : realloc(line->bytes, line->length + length + 1);
    if (bytes == NULL) {
        line->failed = true;
        return;
    }
    memcpy(bytes + line->length, text, length + 1);
    line->bytes = bytes;
    line->length += length;
}

static void add_value(struct line *line, const json_t *value);

// A key as words: "weight_decay" is "weight decay".
static void add_key(struct line *line, const char *key)
{
    char words[64];
    snprintf(words, sizeof words, "%s", key);
    for (char *c = words; *c != '\0'; c++)
        if (*c == '_')
            *c = ' ';
    add(line, words);
}

static void add_members(struct line *line, const json_t *object)
{
    const char *key;
    json_t *value;
    bool first = true;
    json_object_foreach((json_t *)object, key, value)
    {
        if (json_is_null(value))
            continue;
        add(line, first ? "" : ", ");
        // Names go without saying.
        if (strcmp(key, "name") != 0) {
            add_key(line, key);
            add(line, " ");
        }
        add_value(line, value);
        first = false;
    }
}

static void add_value(struct line *line, const json_t *value)
{
    char text[64];
    size_t i;
    json_t *item;
    switch (json_typeof(value)) {
    case JSON_STRING:
        add(line, json_string_value(value));
        break;
    case JSON_INTEGER:
        snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        add(line, text);
        break;
    case JSON_REAL:
        snprintf(text, sizeof text, "%g", json_real_value(value));
        add(line, text);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        add(line, json_is_true(value) ? "yes" : "no");
        break;
    case JSON_ARRAY:
        json_array_foreach(value, i, item)
        {
            add(line, i == 0 ? "" : json_is_number(item) ? " \xC3\x97 " : ", ");
            add_value(line, item);
        }
        break;
    case JSON_OBJECT:
        add_members(line, value);
        break;
    case JSON_NULL:
        add(line, "none");
        break;
    }
}

static bool add_fact(struct report_facts *facts, const char *key, const json_t *value)
{
    struct line name = {.bytes = NULL}, words = {.bytes = NULL};
    // Which tuff it was: a name that says no more than that.
    add_key(&name, strcmp(key, "tuff") == 0 ? "tuff version" : strcmp(key, "abi") == 0 ? "plugin ABI" : key);
    add_value(&words, value);
    if (!name.failed && !words.failed && words.bytes != NULL) {
        facts->items[facts->count++] = (struct tuff_report_fact){name.bytes, words.bytes};
        return true;
    }
    free(name.bytes);
    free(words.bytes);
    return !name.failed && !words.failed; // an empty value is no fact
}

// -- The file

// `command`: one text, or a list of words.
static bool read_command(struct report_facts *facts)
{
    const json_t *command = json_object_get(facts->config, "command");
    char *text = json_is_array(command)    ? join_words(command)
                 : json_is_string(command) ? strdup(json_string_value(command))
                                           : NULL;
    facts->command = text;
    return text != NULL || !(json_is_array(command) || json_is_string(command));
}

enum tuff_status report_facts_read(const char *folder, struct report_facts *facts)
{
    char path[PATH_MAX];
    const char *key;
    json_t *value;
    int length = snprintf(path, sizeof path, "%s/" RUN_CONFIG, folder);
    *facts = (struct report_facts){.config = NULL};
    if (length < 0 || (size_t)length >= sizeof path) {
        console_error("'%s': the path is too long", folder);
        return TUFF_ERROR_INVALID;
    }
    if (access(path, F_OK) != 0) {
        console_error("'%s' holds no run: %s", folder, strerror(errno));
        return TUFF_ERROR_FORMAT;
    }
    enum tuff_status status = run_read_config(folder, &facts->config);
    if (status != TUFF_OK)
        return status;
    facts->items = calloc(json_object_size(facts->config), sizeof *facts->items);
    bool complete = facts->items != NULL && read_command(facts);
    json_object_foreach(facts->config, key,
                        value) if (complete && !json_is_null(value) && strcmp(key, "command") != 0) complete =
        add_fact(facts, key, value);
    if (complete)
        return TUFF_OK;
    console_error("out of memory");
    return TUFF_ERROR_MEMORY;
}

void report_facts_free(struct report_facts *facts)
{
    for (size_t i = 0; i < facts->count; i++) {
        free((void *)facts->items[i].name);
        free((void *)facts->items[i].value);
    }
    free(facts->items);
    free((void *)facts->command);
    json_decref(facts->config);
    *facts = (struct report_facts){.config = NULL};
}

const char *report_facts_model(const struct report_facts *facts)
{
    return text_at(facts->config, "model", "source");
}

void report_facts_title(const struct report_facts *facts, char *text, size_t size)
{
    const char *model = text_at(facts->config, "model", "name"),
               *data = text_at(facts->config, "data", "name");
    // Of a folder its last part.
    for (const char *slash; data != NULL && (slash = strchr(data, '/')) != NULL && slash[1] != '\0';)
        data = slash + 1;
    snprintf(text, size, "%s%s%s", model == NULL ? "A training" : model, data == NULL ? "" : " on ",
             data == NULL ? "" : data);
}

void report_facts_subtitle(const struct report_facts *facts, char *text, size_t size)
{
    const char *started = text_at(facts->config, "started", NULL),
               *backend = text_at(facts->config, "backend", NULL),
               *device = text_at(facts->config, "device", "name");
    char when[32] = "";
    // 2026-11-27T21:08:42+0000, to the minute.
    if (started != NULL && strlen(started) >= 16)
        snprintf(when, sizeof when, "%.10s %.5s", started, started + 11);
    snprintf(text, size, "Trained%s%s%s%s%s%s", when[0] == '\0' ? "" : " ", when,
             backend == NULL ? "" : " with the ", backend == NULL ? "" : backend,
             backend == NULL ? "" : " backend", device == NULL ? "" : " on ");
    size_t used = strlen(text);
    if (device != NULL && used < size)
        snprintf(text + used, size - used, "%s", device);
}
