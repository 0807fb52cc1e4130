#include "onnx_reader.h"

#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// -- The wire format

struct span {
    const uint8_t *at, *end;
};

struct field {
    unsigned number, wire; // wire: 0 a number, 2 bytes, 5 a float
    uint64_t value;
    float real;
    struct span bytes;
};

static uint64_t take_varint(struct span *span)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        cr_assert(span->at < span->end, "a number is cut off");
        uint8_t byte = *span->at++;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if ((byte & 0x80) == 0)
            return value;
    }
    cr_assert_fail("a number of more than ten bytes");
    return 0;
}

static float float_at(const uint8_t *b)
{
    uint32_t word = (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0];
    float value;
    memcpy(&value, &word, sizeof value);
    return value;
}

static bool next_field(struct span *span, struct field *field)
{
    if (span->at == span->end)
        return false;
    uint64_t tag = take_varint(span);
    *field = (struct field){.number = (unsigned)(tag >> 3), .wire = (unsigned)(tag & 7)};
    cr_assert(field->number > 0);
    cr_assert(field->wire == 0 || field->wire == 2 || field->wire == 5, "field %u has the wire type %u",
              field->number, field->wire);
    if (field->wire == 5) {
        cr_assert_leq(4, span->end - span->at, "field %u is cut off", field->number);
        field->real = float_at(span->at);
        span->at += 4;
        return true;
    }
    field->value = take_varint(span);
    if (field->wire == 2) {
        cr_assert_leq(field->value, (uint64_t)(span->end - span->at), "field %u is cut off", field->number);
        field->bytes = (struct span){span->at, span->at + field->value};
        span->at += field->value;
    }
    return true;
}

static int64_t number_of(const struct field *field)
{
    cr_assert_eq(field->wire, 0, "field %u is no number", field->number);
    return (int64_t)field->value;
}

static struct span message_of(const struct field *field)
{
    cr_assert_eq(field->wire, 2, "field %u is no message", field->number);
    return field->bytes;
}

static void text_of(const struct field *field, char text[ONNX_NAME_BYTES])
{
    struct span bytes = message_of(field);
    size_t length = (size_t)(bytes.end - bytes.at);
    cr_assert_lt(length, ONNX_NAME_BYTES);
    memcpy(text, bytes.at, length);
    text[length] = '\0';
}

static void unknown(const char *message, const struct field *field)
{
    cr_assert_fail("%s has a field %u", message, field->number);
}

// -- Messages, with the fields that are expected and no others

static void read_attribute(struct span span, struct onnx_attribute *attribute)
{
    for (struct field field; next_field(&span, &field);) {
        switch (field.number) {
        case 1:
            text_of(&field, attribute->name);
            break;
        case 2: // f
            cr_assert_eq(field.wire, 5);
            attribute->real = (double)field.real;
            break;
        case 4: // s
            text_of(&field, attribute->text);
            break;
        case 3: // i
        case 8: // ints
            cr_assert_lt(attribute->count, ONNX_NUMBERS);
            attribute->values[attribute->count++] = number_of(&field);
            break;
        case 20:
            attribute->type = number_of(&field);
            break;
        default:
            unknown("AttributeProto", &field);
        }
    }
    cr_assert(attribute->type == 7 || (attribute->type == 2 && attribute->count == 1) ||
              ((attribute->type == 1 || attribute->type == 3) && attribute->count == 0));
}

static void read_node(struct span span, struct onnx_node *node)
{
    for (struct field field; next_field(&span, &field);) {
        switch (field.number) {
        case 1:
            cr_assert_lt(node->input_count, ONNX_INPUTS);
            text_of(&field, node->inputs[node->input_count++]);
            break;
        case 2:
            cr_assert_eq(node->output_count, 0);
            text_of(&field, node->outputs[node->output_count++]);
            break;
        case 3:
            text_of(&field, node->name);
            break;
        case 4:
            text_of(&field, node->op_type);
            break;
        case 5:
            cr_assert_lt(node->attribute_count, ONNX_ATTRIBUTES);
            read_attribute(message_of(&field), &node->attributes[node->attribute_count++]);
            break;
        default:
            unknown("NodeProto", &field);
        }
    }
}

static void read_tensor(struct span span, struct onnx_tensor *tensor)
{
    struct span raw = {NULL, NULL};
    float numbers[ONNX_NUMBERS];
    size_t number_count = 0;
    tensor->elements = 1;
    for (struct field field; next_field(&span, &field);) {
        switch (field.number) {
        case 1:
            cr_assert_lt(tensor->rank, ONNX_DIMS);
            tensor->dims[tensor->rank] = number_of(&field);
            tensor->elements *= (size_t)tensor->dims[tensor->rank++];
            break;
        case 2:
            tensor->type = number_of(&field);
            cr_assert(tensor->type == 1 || tensor->type == 7, "an element is no float and no number");
            break;
        case 7:
            cr_assert_lt(number_count, ONNX_NUMBERS);
            numbers[number_count++] = (float)number_of(&field);
            break;
        case 8:
            text_of(&field, tensor->name);
            break;
        case 9:
            raw = message_of(&field);
            break;
        default:
            unknown("TensorProto", &field);
        }
    }
    tensor->values = calloc(tensor->elements, sizeof *tensor->values);
    cr_assert_not_null(tensor->values);
    if (tensor->type == 7) {
        cr_assert(raw.at == NULL && number_count == tensor->elements, "%s", tensor->name);
        memcpy(tensor->values, numbers, number_count * sizeof *numbers);
        return;
    }
    cr_assert_eq((size_t)(raw.end - raw.at), 4 * tensor->elements, "%s: bytes and shape differ",
                 tensor->name);
    for (size_t i = 0; i < tensor->elements; i++)
        tensor->values[i] = float_at(raw.at + 4 * i);
}

static void read_dim(struct span span, struct onnx_value *value)
{
    cr_assert_leq(value->rank, ONNX_DIMS);
    int64_t *dim = &value->dims[value->rank++];
    *dim = -1;
    for (struct field field; next_field(&span, &field);) {
        if (field.number == 1)
            *dim = number_of(&field);
        else if (field.number == 2)
            text_of(&field, value->open);
        else
            unknown("Dimension", &field);
    }
}

static void read_shape(struct span span, struct onnx_value *value)
{
    for (struct field field; next_field(&span, &field);) {
        if (field.number == 1)
            read_dim(message_of(&field), value);
        else
            unknown("TensorShapeProto", &field);
    }
}

static void read_tensor_type(struct span span, struct onnx_value *value)
{
    for (struct field field; next_field(&span, &field);) {
        if (field.number == 1)
            value->element_type = number_of(&field);
        else if (field.number == 2)
            read_shape(message_of(&field), value);
        else
            unknown("TypeProto.Tensor", &field);
    }
}

static void read_type(struct span span, struct onnx_value *value)
{
    for (struct field field; next_field(&span, &field);) {
        if (field.number == 1)
            read_tensor_type(message_of(&field), value);
        else
            unknown("TypeProto", &field);
    }
}

static void read_value(struct span span, struct onnx_value *value)
{
    for (struct field field; next_field(&span, &field);) {
        if (field.number == 1)
            text_of(&field, value->name);
        else if (field.number == 2)
            read_type(message_of(&field), value);
        else if (field.number == 3)
            text_of(&field, value->doc);
        else
            unknown("ValueInfoProto", &field);
    }
}

static size_t next_of(size_t *count)
{
    cr_assert_lt(*count, ONNX_LISTED);
    return (*count)++;
}

static void read_graph(struct span span, struct onnx_file *file)
{
    for (struct field field; next_field(&span, &field);) {
        switch (field.number) {
        case 1:
            read_node(message_of(&field), &file->nodes[next_of(&file->node_count)]);
            break;
        case 2:
            text_of(&field, file->graph);
            break;
        case 5:
            read_tensor(message_of(&field), &file->tensors[next_of(&file->tensor_count)]);
            break;
        case 11:
            read_value(message_of(&field), &file->inputs[next_of(&file->input_count)]);
            break;
        case 12:
            read_value(message_of(&field), &file->outputs[next_of(&file->output_count)]);
            break;
        case 13:
            read_value(message_of(&field), &file->values[next_of(&file->value_count)]);
            break;
        default:
            unknown("GraphProto", &field);
        }
    }
}

static void read_opset(struct span span, struct onnx_file *file)
{
    for (struct field field; next_field(&span, &field);) {
        if (field.number == 2)
            file->opset = number_of(&field);
        else
            unknown("OperatorSetIdProto", &field);
    }
}

static void read_text(struct span span, struct onnx_text *text)
{
    for (struct field field; next_field(&span, &field);) {
        if (field.number == 1)
            text_of(&field, text->key);
        else if (field.number == 2)
            text_of(&field, text->value);
        else
            unknown("StringStringEntryProto", &field);
    }
}

static void read_model(struct span span, struct onnx_file *file)
{
    for (struct field field; next_field(&span, &field);) {
        switch (field.number) {
        case 1:
            file->ir_version = number_of(&field);
            break;
        case 2:
            text_of(&field, file->producer);
            break;
        case 3:
            text_of(&field, file->producer_version);
            break;
        case 7:
            read_graph(message_of(&field), file);
            break;
        case 8:
            cr_assert_eq(file->opset, 0, "two sets of operators");
            read_opset(message_of(&field), file);
            break;
        case 14:
            read_text(message_of(&field), &file->texts[next_of(&file->text_count)]);
            break;
        default:
            unknown("ModelProto", &field);
        }
    }
}

struct onnx_file *onnx_read(const char *path)
{
    FILE *stream = fopen(path, "rbe");
    cr_assert_not_null(stream, "%s cannot be opened", path);
    cr_assert_eq(fseek(stream, 0, SEEK_END), 0);
    long size = ftell(stream);
    cr_assert_gt(size, 0);
    rewind(stream);
    uint8_t *bytes = malloc((size_t)size);
    struct onnx_file *file = calloc(1, sizeof *file);
    cr_assert(bytes != NULL && file != NULL);
    cr_assert_eq(fread(bytes, 1, (size_t)size, stream), (size_t)size);
    fclose(stream);
    read_model((struct span){bytes, bytes + size}, file);
    free(bytes);
    return file;
}

void onnx_free(struct onnx_file *file)
{
    for (size_t i = 0; i < file->tensor_count; i++)
        free(file->tensors[i].values);
    free(file);
}

// -- Looking things up

const struct onnx_tensor *onnx_tensor(const struct onnx_file *file, const char *name)
{
    for (size_t i = 0; i < file->tensor_count; i++)
        if (strcmp(file->tensors[i].name, name) == 0)
            return &file->tensors[i];
    return NULL;
}

const char *onnx_text(const struct onnx_file *file, const char *key)
{
    for (size_t i = 0; i < file->text_count; i++)
        if (strcmp(file->texts[i].key, key) == 0)
            return file->texts[i].value;
    return NULL;
}

const struct onnx_attribute *onnx_attribute(const struct onnx_node *node, const char *name)
{
    for (size_t i = 0; i < node->attribute_count; i++)
        if (strcmp(node->attributes[i].name, name) == 0)
            return &node->attributes[i];
    return NULL;
}

const char *onnx_attribute_text(const struct onnx_node *node, const char *name)
{
    static char text[128];
    const struct onnx_attribute *attribute = onnx_attribute(node, name);
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; attribute != NULL && i < attribute->count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%lld", i == 0 ? "" : " ",
                                 (long long)attribute->values[i]);
    return text;
}
