// The printable form of a case, and back.
#include "case.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "device.h"

enum { ALL_DIGITS = 17, SHORT_DIGITS = 7 };

static const char *const layout_names[] = {"row_major", "batch16", NULL};
static const char *const precision_names[] = {"f32", "f16", "f16_f32", NULL}; // enum case_precision

struct text {
    char *at;
    size_t left;
};

TUFF_PRINTF(2, 3) static void append(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int written = vsnprintf(text->at, text->left, format, arguments);
    va_end(arguments);
    size_t used = written < 0 ? 0 : (size_t)written;
    if (used >= text->left)
        used = text->left - 1;
    text->at += used;
    text->left -= used;
}

static void append_list(struct text *text, const uint32_t *values, uint32_t count, char separator)
{
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            append(text, "%c", separator);
        append(text, "%" PRIu32, values[i]);
    }
}

// digits: of a double.
static void append_field(struct text *text, const char *before, const struct case_field *field,
                         const char *shape, int digits)
{
    uint32_t values[TUFF_MAX_RANK];
    struct case_dims dims;
    double number;
    append(text, "%s%s=", before, field->name);
    switch (field->kind) {
    case CASE_U32:
        memcpy(values, shape + field->offset, field->count * sizeof *values);
        append_list(text, values, field->count, field->separator);
        break;
    case CASE_HEX:
        memcpy(values, shape + field->offset, sizeof *values);
        append(text, "0x%08" PRIx32, values[0]);
        break;
    case CASE_F64:
        memcpy(&number, shape + field->offset, sizeof number);
        append(text, "%.*g", digits, number);
        break;
    case CASE_NAME:
        memcpy(values, shape + field->offset, sizeof *values);
        append(text, "%s", field->names[values[0]]);
        break;
    case CASE_DIMS:
        memcpy(&dims, shape + field->offset, sizeof dims);
        append_list(text, dims.sizes, dims.rank, 'x');
        break;
    }
}

void conformance_case_format(const struct conformance_case *c, char line[CONFORMANCE_LINE_BYTES])
{
    struct text text = {line, CONFORMANCE_LINE_BYTES};
    append(&text, "%s(layout=%s", tuff_op_info(c->op->op)->name, layout_names[c->layout]);
    if (c->precision != CASE_PRECISION_F32)
        append(&text, ",precision=%s", precision_names[c->precision]);
    for (uint32_t i = 0; i < c->op->field_count; i++)
        append_field(&text, ",", &c->op->fields[i], c->shape, ALL_DIGITS);
    if (c->seed != 0)
        append(&text, ",seed=%" PRIu64, c->seed);
    append(&text, ")");
}

// Whether a field says nothing that matters to a reader of a table.
static bool is_usual(const struct case_field *field, const char *shape)
{
    uint32_t values[TUFF_MAX_RANK];
    double number;
    if (field->kind == CASE_NAME)
        return strcmp(field->name, "values") == 0;
    if (field->kind == CASE_DIMS)
        return false;
    if (field->kind == CASE_F64) {
        memcpy(&number, shape + field->offset, sizeof number);
        return !(fabs(number) > 0);
    }
    const uint32_t count = field->kind == CASE_U32 ? field->count : 1;
    memcpy(values, shape + field->offset, count * sizeof *values);
    for (uint32_t i = 1; i < count; i++)
        if (values[i] != values[0])
            return false;
    return values[0] == 0 || (count > 1 && field->separator == 'x' && values[0] == 1);
}

void conformance_case_format_short(const struct conformance_case *c, char line[CONFORMANCE_LINE_BYTES])
{
    struct text text = {line, CONFORMANCE_LINE_BYTES};
    line[0] = '\0';
    for (uint32_t i = 0; i < c->op->field_count; i++)
        if (!is_usual(&c->op->fields[i], c->shape))
            append_field(&text, line[0] == '\0' ? "" : " ", &c->op->fields[i], c->shape, SHORT_DIGITS);
}

static bool parse_u64(const char *word, const char **end, uint64_t *value)
{
    char *stop;
    if (*word < '0' || *word > '9')
        return false;
    errno = 0;
    *value = strtoull(word, &stop, 0);
    *end = stop;
    return errno == 0;
}

// At most `capacity` numbers with `separator` between them, and nothing else.
static bool parse_list(const char *word, char separator, uint32_t capacity, uint32_t *values, uint32_t *count)
{
    *count = 0;
    for (;;) {
        uint64_t value;
        if (*count == capacity || !parse_u64(word, &word, &value) || value > UINT32_MAX)
            return false;
        values[(*count)++] = (uint32_t)value;
        if (*word == '\0')
            return true;
        if (*word++ != separator)
            return false;
    }
}

static bool parse_name(const char *word, const char *const *names, uint32_t *value)
{
    for (*value = 0; names[*value] != NULL; (*value)++)
        if (strcmp(word, names[*value]) == 0)
            return true;
    return false;
}

static bool parse_value(const char *word, const struct case_field *field, char *shape)
{
    uint32_t values[TUFF_MAX_RANK], count = 1;
    struct case_dims dims = {.sizes = {1, 1, 1, 1}};
    char *end;
    double number;
    switch (field->kind) {
    case CASE_U32:
        if (!parse_list(word, field->separator, TUFF_MAX_RANK, values, &count) || count != field->count)
            return false;
        break;
    case CASE_HEX:
        if (!parse_list(word, '\0', 1, values, &count))
            return false;
        break;
    case CASE_NAME:
        if (!parse_name(word, field->names, &values[0]))
            return false;
        break;
    case CASE_F64:
        number = strtod(word, &end);
        if (end == word || *end != '\0')
            return false;
        memcpy(shape + field->offset, &number, sizeof number);
        return true;
    case CASE_DIMS:
        if (!parse_list(word, 'x', TUFF_MAX_RANK, dims.sizes, &dims.rank))
            return false;
        memcpy(shape + field->offset, &dims, sizeof dims);
        return true;
    }
    memcpy(shape + field->offset, values, count * sizeof *values);
    return true;
}

// Where a reader of "name=value,name=value" stands.
struct reader {
    const struct tuff_log *log;
    const char *op_name;
    struct conformance_case *c;
    uint32_t seen; // bit i: field i has been read; see LAYOUT_BIT
};

enum { PRECISION_BIT = 29, LAYOUT_BIT = 30, SEED_BIT = 31 };

static enum tuff_status read_pair(struct reader *reader, const char *name, const char *value)
{
    const struct conformance_op *op = reader->c->op;
    uint32_t bit = op->field_count, layout, precision;
    const char *end;
    bool good = false;
    if (strcmp(name, "layout") == 0) {
        bit = LAYOUT_BIT;
        good = parse_name(value, layout_names, &layout);
        reader->c->layout = (enum tuff_layout)layout;
    } else if (strcmp(name, "precision") == 0) {
        bit = PRECISION_BIT;
        good = parse_name(value, precision_names, &precision) &&
               conformance_op_has_precision(op, (enum case_precision)precision);
        reader->c->precision = (enum case_precision)precision;
    } else if (strcmp(name, "seed") == 0) {
        bit = SEED_BIT;
        good = parse_u64(value, &end, &reader->c->seed) && *end == '\0';
    } else {
        for (uint32_t i = 0; i < op->field_count; i++)
            if (strcmp(name, op->fields[i].name) == 0) {
                bit = i;
                good = parse_value(value, &op->fields[i], reader->c->shape);
            }
        if (bit == op->field_count)
            return tuff_fail(reader->log, TUFF_ERROR_INVALID, "%s: unknown field '%s'", reader->op_name,
                             name);
    }
    if ((reader->seen >> bit & 1u) != 0)
        return tuff_fail(reader->log, TUFF_ERROR_INVALID, "%s: field '%s' is given twice", reader->op_name,
                         name);
    reader->seen |= 1u << bit;
    if (!good)
        return tuff_fail(reader->log, TUFF_ERROR_INVALID, "%s: '%s' does not fit field '%s'", reader->op_name,
                         value, name);
    return TUFF_OK;
}

// The end of the pair that begins at `pair`: the comma before the next name and '=', or the end of the text.
// A comma within a value has no '=' before the next comma.
static char *pair_end(char *pair)
{
    char *end = pair;
    for (;;) {
        end = end + strcspn(end, ",");
        if (*end == '\0')
            return end;
        size_t word = strcspn(end + 1, ",=");
        if (end[1 + word] == '=')
            return end;
        end++;
    }
}

static enum tuff_status read_pairs(struct reader *reader, char *text)
{
    for (char *pair = text; *pair != '\0';) {
        char *end = pair_end(pair);
        char *next = *end == '\0' ? end : end + 1;
        *end = '\0';
        char *equals = strchr(pair, '=');
        if (equals == NULL)
            return tuff_fail(reader->log, TUFF_ERROR_INVALID, "%s: expected name=value, found '%s'",
                             reader->op_name, pair);
        *equals = '\0';
        enum tuff_status status = read_pair(reader, pair, equals + 1);
        if (status != TUFF_OK)
            return status;
        pair = next;
    }
    if ((reader->seen >> LAYOUT_BIT & 1u) == 0)
        return tuff_fail(reader->log, TUFF_ERROR_INVALID, "%s: field 'layout' is missing", reader->op_name);
    for (uint32_t i = 0; i < reader->c->op->field_count; i++)
        if ((reader->seen >> i & 1u) == 0)
            return tuff_fail(reader->log, TUFF_ERROR_INVALID, "%s: field '%s' is missing", reader->op_name,
                             reader->c->op->fields[i].name);
    return TUFF_OK;
}

static enum tuff_status unknown_op(const struct tuff_log *log, const char *name)
{
    const char *names[TUFF_OP_COUNT + DEVICE_ROW_COUNT];
    for (enum tuff_op op = 0; op < TUFF_OP_COUNT; op++)
        names[op] = tuff_op_info(op)->name;
    for (enum device_row row = 0; row < DEVICE_ROW_COUNT; row++)
        names[TUFF_OP_COUNT + row] = device_row_name(row);
    const char *nearest = tuff_suggest(name, names, TUFF_OP_COUNT + DEVICE_ROW_COUNT);
    if (nearest == NULL)
        return tuff_fail(log, TUFF_ERROR_NOT_FOUND, "unknown op '%s'", name);
    return tuff_fail(log, TUFF_ERROR_NOT_FOUND, "unknown op '%s'; did you mean '%s'?", name, nearest);
}

enum tuff_status conformance_op_find(const struct tuff_log *log, const char *name, enum tuff_op *op)
{
    *op = tuff_op_find(name);
    return *op == TUFF_OP_COUNT ? unknown_op(log, name) : TUFF_OK;
}

enum tuff_status conformance_case_parse(const struct tuff_log *log, const char *line,
                                        struct conformance_case *result)
{
    *result = (struct conformance_case){0};
    size_t length = strlen(line);
    const char *open = strchr(line, '(');
    if (open == NULL || line[length - 1] != ')' || length >= CONFORMANCE_LINE_BYTES)
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "expected a case such as 'add(layout=row_major,dims=2x3)', found '%s'", line);
    char text[CONFORMANCE_LINE_BYTES];
    memcpy(text, line, length);
    text[length - 1] = '\0';
    text[open - line] = '\0';
    enum tuff_op op;
    enum tuff_status status = conformance_op_find(log, text, &op);
    if (status != TUFF_OK)
        return status;
    result->op = conformance_op_cases(op);
    result->shape = calloc(1, result->op->shape_size);
    if (result->shape == NULL)
        return tuff_fail(log, TUFF_ERROR_MEMORY, "no memory for a case of %zu bytes", result->op->shape_size);
    struct reader reader = {.log = log, .op_name = text, .c = result};
    status = read_pairs(&reader, text + (open - line) + 1);
    if (status != TUFF_OK)
        conformance_case_clear(result);
    return status;
}
