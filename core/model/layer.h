// Layers, and the model that they make, from the inside.
//
// A layer kind is one file, core/model/layer_<kind>.c, that defines a struct tuff_layer_kind, and one line of
// layer_list.h. The kind lists the keys that the model file may give; the parser reads them into settings by
// that list.
#ifndef TUFF_CORE_LAYER_H
#define TUFF_CORE_LAYER_H

#include <stdbool.h>

#include "graph/graph.h"
#include "model/source.h"
#include "tuff/model.h"

enum {
    TUFF_LAYER_NAME_BYTES = 48,  // of a name as it is given, and of a model's
    TUFF_LAYER_PATH_BYTES = 112, // with the names of the blocks around it
    TUFF_PARAMETER_NAME_BYTES = 128,
    TUFF_LAYER_MAX_KEYS = 8, // the name not counted
    TUFF_LAYER_MAX_PARAMETERS = 2,
    TUFF_LAYER_MAX_BUFFERS = 2,
    TUFF_LAYER_MAX_INPUTS = 16,
    TUFF_MODEL_MAX_LAYERS = 4096,
    TUFF_MAX_EXTENT = 65535,     // of heights, widths, kernels, strides, dilations and paddings
    TUFF_MAX_FEATURES = 1 << 24, // of channels, features and groups
};
_Static_assert(sizeof((struct tuff_value *)0)->name > TUFF_PARAMETER_NAME_BYTES,
               "a gradient is called d and its parameter");

// What a setting looks like in the file. Each whole number is at least 1, a padding's at least 0.
enum tuff_setting_type {
    TUFF_SETTING_NUMBER,  // n
    TUFF_SETTING_PAIR,    // n or [height, width]
    TUFF_SETTING_PADDING, // n, [height, width], valid or same
    TUFF_SETTING_SWITCH,  // true or false
    TUFF_SETTING_REAL,    // a decimal number within the key's range
    TUFF_SETTING_WORD,    // one of the key's words
    TUFF_SETTING_TEXT,    // anything; of a recipe alone
};

// Which numbers a TUFF_SETTING_REAL may be.
struct tuff_real_range {
    double least, most, fallback;
    const char *text; // "from 0 to 1"
    bool least_excluded, most_excluded;
};

bool tuff_real_in_range(const struct tuff_real_range *range, double real);

struct tuff_layer_key {
    const char *name;
    enum tuff_setting_type type;
    bool required;
    uint32_t maximum;
    uint32_t fallback; // each value of an absent key; 0 where no number may be 0 lets the kind see that it is
                       // absent
    const struct tuff_real_range *range; // of TUFF_SETTING_REAL
    const char *const *words;            // of TUFF_SETTING_WORD, up to NULL
};

// The value of one key.
struct tuff_setting {
    uint32_t value[2]; // height, width; one number is in both; a switch is 0 or 1, a word its number
    bool same;         // padding: same
    double real;       // of TUFF_SETTING_REAL
    struct tuff_mark mark;
};

// Without the batch: C,H,W (rank 3) or features (rank 1); dims from rank on are 1.
struct tuff_layer_shape {
    uint32_t rank;
    uint32_t dims[3];
};

// A parameter, or a buffer: a tensor that belongs to the model and that no optimizer changes.
struct tuff_layer_parameter {
    const char *suffix; // "weight", "running_mean"
    uint32_t rank;
    uint32_t dims[4];
    uint32_t fan_in; // 0: all elements begin as `constant`
    float constant;
};
uint64_t tuff_layer_parameter_elements(const struct tuff_layer_parameter *parameter);

// How the elements of a parameter begin.
enum tuff_init_scheme {
    TUFF_INIT_NOT_GIVEN,
    TUFF_INIT_DEFAULT, // as the kind of layer has it
    TUFF_INIT_KAIMING_UNIFORM,
    TUFF_INIT_KAIMING_NORMAL,
    TUFF_INIT_XAVIER_UNIFORM,
    TUFF_INIT_XAVIER_NORMAL,
    TUFF_INIT_UNIFORM,  // within ±value
    TUFF_INIT_NORMAL,   // with a standard deviation of value
    TUFF_INIT_CONSTANT, // value
};

struct tuff_init {
    enum tuff_init_scheme scheme;
    bool fan_out; // of Kaiming's: by the outputs of one input
    double value;
    struct tuff_mark mark;
};

enum tuff_freeze { TUFF_FREEZE_NOT_GIVEN, TUFF_FREEZE_NO, TUFF_FREEZE_YES };

// How the parameters of a layer begin and how they are trained; of a block, those of the layers in it that do
// not say it themselves.
struct tuff_layer_training {
    struct tuff_init weight, bias;
    enum tuff_freeze freeze;
    double rate_factor; // of the learning rate; 0: not given
    bool given;         // something of it, by the layer itself
    struct tuff_mark mark;
};

struct tuff_layer_kind;
struct tuff_onnx_node;

// A layer's input that is the model's.
#define TUFF_MODEL_INPUT UINT32_MAX

struct tuff_layer {
    const struct tuff_layer_kind *kind;
    uint32_t number;                   // among those of its kind; the first is 0
    char name[TUFF_LAYER_PATH_BYTES];  // "layer1.0.conv1"
    char scope[TUFF_LAYER_PATH_BYTES]; // of it what the blocks around it give: "layer1.0"
    struct tuff_mark mark;
    struct tuff_setting settings[TUFF_LAYER_MAX_KEYS];   // by the kind's key numbers
    uint32_t input_count, inputs[TUFF_LAYER_MAX_INPUTS]; // numbers of layers before it, or TUFF_MODEL_INPUT
    struct tuff_layer_shape input, output;               // input: of the first
    uint32_t parameter_count;
    struct tuff_layer_parameter parameters[TUFF_LAYER_MAX_PARAMETERS];
    uint32_t buffer_count;
    struct tuff_layer_parameter buffers[TUFF_LAYER_MAX_BUFFERS];
    uint64_t multiply_adds; // per sample, forward
    struct tuff_layer_training training;
};

// What a layer becomes ops with.
struct tuff_layer_lowering {
    struct tuff_graph *graph;
    tuff_value_id input, inputs[TUFF_LAYER_MAX_INPUTS]; // input: the first
    const tuff_value_id *parameters;                    // the layer's, in its order
    const tuff_value_id *buffers;                       // likewise
    bool training;
    tuff_value_id state; // the step state; of training alone
    uint64_t seed;       // of random numbers in training
};

struct tuff_layer_kind {
    const char *name;      // "conv2d", as files write it
    const char *automatic; // "conv": the n-th layer of the kind is called conv<n> unless the file names it
    size_t key_count;
    const struct tuff_layer_key *keys;
    bool has_parameters; // a file may say how they begin and are trained
    // From settings and input: sets output, parameters and multiply_adds. Logs what does not fit, with its
    // place.
    enum tuff_status (*infer)(const struct tuff_source *source, struct tuff_layer *layer);
    // Appends the forward ops. *output: (N, the layer's output shape).
    enum tuff_status (*lower)(const struct tuff_layer *layer, const struct tuff_layer_lowering *with,
                              tuff_value_id *output);
    // Writes the layer as the ONNX node, or nodes, that take the value `input` and give `output`
    // (model/onnx_node.h). NULL: it has no such form.
    void (*onnx)(struct tuff_onnx_node *node, const char *input, const char *output);
};

// Of buffers too.
struct tuff_model_parameter {
    char name[TUFF_PARAMETER_NAME_BYTES];
    uint32_t layer;    // its number in the model
    uint32_t position; // its number in the layer
};

// Layers that belong together: those of a block come one after the other, and the sum or concatenation that
// ends it is the last of them.
enum tuff_block_kind { TUFF_BLOCK_PLAIN, TUFF_BLOCK_RESIDUAL, TUFF_BLOCK_CONCAT };

struct tuff_model_block {
    enum tuff_block_kind kind;
    char name[TUFF_LAYER_PATH_BYTES];  // whole; empty for one without a name
    char scope[TUFF_LAYER_PATH_BYTES]; // what the names of its layers begin with, without the dot; may be
                                       // empty
    struct tuff_mark mark;
    uint32_t depth;        // blocks around it
    uint32_t first, count; // layers
    struct tuff_layer_training training;
};

// A block that has begun and not ended.
struct tuff_open_block {
    uint32_t block;                                         // its number
    uint32_t input;                                         // what its branches begin with
    uint32_t begun;                                         // branches that tuff_model_begin_branch began
    uint32_t branch_count, branches[TUFF_LAYER_MAX_INPUTS]; // last layers of the branches before it
    struct tuff_mark marks[TUFF_LAYER_MAX_INPUTS];
};

// A setting of the model's recipe.
struct tuff_model_recipe {
    const char *key;
    char *value;
};

struct tuff_model {
    char name[TUFF_LAYER_NAME_BYTES];
    uint32_t input[3];
    uint32_t layer_count, layer_capacity;
    struct tuff_layer *layers;
    uint32_t parameter_count;
    struct tuff_model_parameter *parameters;
    uint32_t buffer_count;
    struct tuff_model_parameter *buffers;
    uint32_t block_count, block_capacity;
    struct tuff_model_block *blocks; // in the order in which they begin
    uint32_t recipe_count;
    struct tuff_model_recipe *recipe;
    // While it is built: what the next layer takes, and the blocks around it.
    uint32_t tail, depth;
    struct tuff_open_block open[TUFF_MODEL_MAX_DEPTH];
};

// All kinds, in the order of layer_list.h; NULL from the count on.
const struct tuff_layer_kind *tuff_layer_kind(size_t index);

// What the name of a layer may be.
#define TUFF_LAYER_NAME_EXPECTED                                                                             \
    "%s: 'name' must be at most %d letters, digits, '_' and '.', not beginning with '.', found %s"
bool tuff_layer_name_valid(const char *name, size_t length);

// Logs "file:line:column: kind: message" and returns TUFF_ERROR_INVALID. key: the setting to point at, or
// TUFF_LAYER_ITSELF.
enum { TUFF_LAYER_ITSELF = -1 };
enum tuff_status tuff_layer_fail(const struct tuff_source *source, const struct tuff_layer *layer, int key,
                                 const char *format, ...) TUFF_PRINTF(4, 5);

// Fails unless the input is C,H,W.
TUFF_MUST_CHECK enum tuff_status tuff_layer_require_image(const struct tuff_source *source,
                                                          const struct tuff_layer *layer);

// Sets the output shape. Fails if a sample would have 2^31 elements or more.
TUFF_MUST_CHECK enum tuff_status tuff_layer_set_output(const struct tuff_source *source,
                                                       struct tuff_layer *layer, uint32_t rank,
                                                       const uint32_t *dims);

// Appends a parameter. Fails if it would have 2^31 elements or more.
TUFF_MUST_CHECK enum tuff_status tuff_layer_add_parameter(const struct tuff_source *source,
                                                          struct tuff_layer *layer, const char *suffix,
                                                          uint32_t rank, const uint32_t *dims,
                                                          uint32_t fan_in);

// Appends a parameter of (C) whose elements all begin as `constant`, or a buffer of that shape.
void tuff_layer_add_channel_parameter(struct tuff_layer *layer, const char *suffix, uint32_t channels,
                                      float constant);
void tuff_layer_add_channel_buffer(struct tuff_layer *layer, const char *suffix, uint32_t channels,
                                   float constant);

// The product of the dimensions (each below 2^32). False if it is 2^31 or more.
bool tuff_layer_elements(uint32_t rank, const uint32_t *dims, uint64_t *elements);

// "16x5x5" or "120 features".
enum { TUFF_SHAPE_TEXT_BYTES = 48 };
const char *tuff_layer_shape_text(const struct tuff_layer_shape *shape, char out[TUFF_SHAPE_TEXT_BYTES]);

#endif
