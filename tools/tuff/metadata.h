// What a checkpoint says about itself: the texts in a safetensors file's header.
#ifndef TUFF_TOOL_METADATA_H
#define TUFF_TOOL_METADATA_H

// Keys that tuff train writes.
#define METADATA_MODEL        "model" // a shipped model's name, or a model file's path
#define METADATA_DATA         "data"
#define METADATA_DIGITS_TRAIN "digits_train" // of data "digits" only
#define METADATA_DIGITS_TEST  "digits_test"
#define METADATA_FRACTION     "test_fraction" // of a folder that was divided
#define METADATA_EPOCH        "epoch" // whole epochs
#define METADATA_STEP         "step"  // optimizer steps
#define METADATA_SEED         "seed"
#define METADATA_VERSION      "tuff"

#endif
