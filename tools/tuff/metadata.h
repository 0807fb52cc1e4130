// What a checkpoint says about itself: the texts in a safetensors file's header.
#ifndef TUFF_TOOL_METADATA_H
#define TUFF_TOOL_METADATA_H

// Keys that tuff train writes. Those of the library in a saved training have dots.
#define METADATA_MODEL        "model" // a shipped model's name, or a model file's path
#define METADATA_DATA         "data"
#define METADATA_DIGITS_TRAIN "digits_train" // of data "digits" only
#define METADATA_DIGITS_TEST  "digits_test"
#define METADATA_FRACTION     "test_fraction" // of a folder that was divided
#define METADATA_SKIP_BROKEN  "skip_broken"   // there, and 1, if images that could not be read were left out
#define METADATA_CLASSES      "classes"       // their names, one a line
#define METADATA_NORMALIZE    "normalize"     // mean and deviation of the images (normalization.h)
#define METADATA_EPOCH        "epoch"         // whole epochs
#define METADATA_STEP         "step"          // optimizer steps
#define METADATA_SEED         "seed"
#define METADATA_VERSION      "tuff"

// Of a saved training only: how far the run's files and events were.
#define METADATA_SETTLED       "settled_step" // the last step whose evaluation, if it had one, is done
#define METADATA_BEST_EPOCH    "best_epoch"
#define METADATA_BEST_STEP     "best_step"
#define METADATA_BEST_LOSS     "best_loss" // the bits of a double, in hexadecimal digits
#define METADATA_BEST_CORRECT  "best_correct"
#define METADATA_BEST_SAMPLES  "best_samples"
#define METADATA_NOT_BETTER    "evaluations_not_better"
#define METADATA_METRICS_BYTES "metrics_bytes"
#define METADATA_TABLE_BYTES   "table_bytes"
#define METADATA_EVENTS_BYTES  "events_bytes"

#endif
